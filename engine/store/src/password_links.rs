//! One-time links by which somebody chooses a password: a new person, or one who forgot theirs.

use sqlx::PgConnection;
use switchroom_core::UserId;

use crate::db::{StoreError, Timestamp};
use crate::sessions::TokenHash;

/// Makes a link. Runs as the platform role, or as the sign-in role for who forgot a password.
pub async fn create(
    connection: &mut PgConnection,
    hash: &TokenHash,
    user: UserId,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO password_links (token_hash, user_id, expires_at) VALUES ($1, $2, $3)",
        &hash[..],
        user.0,
        expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whose link it is.
#[derive(Clone, Debug)]
pub struct Owner {
    pub email: String,
    pub name: String,
}

/// Whose link it is, as long as it is good. Runs as the sign-in role.
pub async fn owner(connection: &mut PgConnection, hash: &TokenHash) -> Result<Option<Owner>, StoreError> {
    Ok(sqlx::query_as!(
        Owner,
        "SELECT u.email, u.name FROM password_links l JOIN users u ON u.id = l.user_id
          WHERE l.token_hash = $1 AND l.used_at IS NULL AND l.expires_at > now() AND u.is_active AND u.deleted_at IS NULL",
        &hash[..]
    )
    .fetch_optional(connection)
    .await?)
}

/// Uses up every link of a person: their password was chosen another way. Runs as the sign-in role.
pub async fn spend_all(connection: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    sqlx::query!("UPDATE password_links SET used_at = now() WHERE user_id = $1 AND used_at IS NULL", user.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes links that were good a month ago and longer; how many. Runs as the sign-in role.
pub async fn prune(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let done = sqlx::query!("DELETE FROM password_links WHERE expires_at < now() - interval '30 days'")
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Uses the link up and sets the password, both or neither; of two that come at once, one wins. Runs as the sign-in
/// role, in the caller's transaction.
pub async fn redeem(
    connection: &mut PgConnection,
    hash: &TokenHash,
    password_hash: &str,
) -> Result<Option<UserId>, StoreError> {
    let user = sqlx::query_scalar!(
        "UPDATE password_links SET used_at = now() WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now()
         RETURNING user_id",
        &hash[..]
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(user) = user else { return Ok(None) };
    let set = sqlx::query!(
        "UPDATE users SET password_hash = $2, version = version + 1 WHERE id = $1 AND is_active AND deleted_at IS NULL",
        user,
        password_hash
    )
    .execute(connection)
    .await?;
    Ok((set.rows_affected() == 1).then_some(UserId(user)))
}
