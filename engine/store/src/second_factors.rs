//! Second factors: the sealed secret of an authenticator app, backup codes, and browsers that are trusted for a while.
//! Everything runs as the sign-in role.

use sqlx::{PgConnection, Postgres, QueryBuilder};
use switchroom_core::UserId;
use uuid::Uuid;

use crate::{
    db::{StoreError, Timestamp},
    listing::{self, Order, Slice, Window},
    sessions::TokenHash,
};

/// A second factor as stored.
#[derive(Clone, Debug)]
pub struct Factor {
    /// Sealed.
    pub secret: Vec<u8>,
    pub key_id: String,
    /// None until a first code was shown.
    pub confirmed_at: Option<Timestamp>,
    /// The newest step used.
    pub last_step: i64,
}

pub async fn get(connection: &mut PgConnection, user: UserId) -> Result<Option<Factor>, StoreError> {
    Ok(sqlx::query_as!(
        Factor,
        "SELECT secret, key_id, confirmed_at, last_step FROM second_factors WHERE user_id = $1",
        user.0
    )
    .fetch_optional(connection)
    .await?)
}

/// Keeps a new secret that waits for its first code; false where a confirmed one is in force.
pub async fn offer(
    connection: &mut PgConnection,
    user: UserId,
    secret: &[u8],
    key_id: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO second_factors AS mine (user_id, secret, key_id) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, key_id = excluded.key_id, last_step = 0, created_at = now()
          WHERE mine.confirmed_at IS NULL",
        user.0,
        secret,
        key_id
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts the secret that waits into force, by the step of its first code; false where it was meanwhile, or was replaced.
pub async fn confirm(
    connection: &mut PgConnection,
    user: UserId,
    secret: &[u8],
    step: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE second_factors SET confirmed_at = now(), last_step = $3 WHERE user_id = $1 AND secret = $2 AND confirmed_at IS NULL",
        user.0,
        secret,
        step
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Uses a step up; false when it or a newer one was used. Of two that bring the same code at once, one comes in.
pub async fn use_step(connection: &mut PgConnection, user: UserId, step: i64) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE second_factors SET last_step = $2 WHERE user_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2",
        user.0,
        step
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes the second factor away with all that belongs to it; false where there was none in force.
pub async fn remove(connection: &mut PgConnection, user: UserId) -> Result<bool, StoreError> {
    sqlx::query!("DELETE FROM backup_codes WHERE user_id = $1", user.0).execute(&mut *connection).await?;
    sqlx::query!("DELETE FROM remembered_devices WHERE user_id = $1", user.0)
        .execute(&mut *connection)
        .await?;
    let confirmed = sqlx::query_scalar!(
        r#"DELETE FROM second_factors WHERE user_id = $1 RETURNING confirmed_at IS NOT NULL AS "confirmed!""#,
        user.0
    )
    .fetch_optional(connection)
    .await?;
    Ok(confirmed.unwrap_or(false))
}

/// Puts new backup codes in the place of the old ones.
pub async fn set_codes(
    connection: &mut PgConnection,
    user: UserId,
    hashes: &[TokenHash],
) -> Result<(), StoreError> {
    let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.to_vec()).collect();
    sqlx::query!("DELETE FROM backup_codes WHERE user_id = $1", user.0).execute(&mut *connection).await?;
    sqlx::query!(
        "INSERT INTO backup_codes (user_id, code_hash) SELECT $1, hash FROM unnest($2::bytea[]) AS codes(hash)",
        user.0,
        &hashes
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Uses a backup code up; false when it is none of theirs or was used.
pub async fn use_code(
    connection: &mut PgConnection,
    user: UserId,
    hash: &TokenHash,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE backup_codes SET used_at = now() WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL",
        user.0,
        &hash[..]
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many backup codes are left.
pub async fn codes_left(connection: &mut PgConnection, user: UserId) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "left!" FROM backup_codes WHERE user_id = $1 AND used_at IS NULL"#,
        user.0
    )
    .fetch_one(connection)
    .await?)
}

/// A browser that is trusted for a while.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Device {
    pub id: Uuid,
    pub user_agent: Option<String>,
    pub address: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Trusts a browser so many days.
pub async fn trust(
    connection: &mut PgConnection,
    user: UserId,
    hash: &TokenHash,
    user_agent: Option<&str>,
    address: Option<&str>,
    days: i32,
) -> Result<Uuid, StoreError> {
    Ok(sqlx::query_scalar!(
        "INSERT INTO remembered_devices (id, user_id, token_hash, user_agent, address, expires_at)
         VALUES ($1, $2, $3, $4, $5, now() + make_interval(days => $6)) RETURNING id",
        Uuid::now_v7(),
        user.0,
        &hash[..],
        user_agent,
        address,
        days
    )
    .fetch_one(connection)
    .await?)
}

/// Whether this browser is trusted with this person; notes that it was used.
pub async fn is_trusted(
    connection: &mut PgConnection,
    user: UserId,
    hash: &TokenHash,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE remembered_devices SET last_used_at = now()
          WHERE user_id = $1 AND token_hash = $2 AND revoked_at IS NULL AND expires_at > now()",
        user.0,
        &hash[..]
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The browsers that are trusted.
pub async fn devices(
    connection: &mut PgConnection,
    user: UserId,
    window: &Window<Order>,
) -> Result<Slice<Device>, StoreError> {
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(
            " FROM remembered_devices t WHERE t.revoked_at IS NULL AND t.expires_at > now() AND t.user_id = ",
        );
        query.push_bind(user.0);
    };
    let columns = "t.id, t.user_agent, t.address, t.created_at, t.last_used_at, t.expires_at";
    listing::read_page(connection, columns, from, window, listing::by_name).await
}

/// Trusts one browser (or all) no more; how many.
pub async fn distrust(
    connection: &mut PgConnection,
    user: UserId,
    device: Option<Uuid>,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE remembered_devices SET revoked_at = now()
          WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > now() AND ($2::uuid IS NULL OR id = $2)",
        user.0,
        device
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes what is over: secrets that nobody confirmed within a day, devices a month after they ended; how many.
pub async fn prune(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let offers = sqlx::query!(
        "DELETE FROM second_factors WHERE confirmed_at IS NULL AND created_at < now() - interval '1 day'"
    )
    .execute(&mut *connection)
    .await?;
    let devices =
        sqlx::query!("DELETE FROM remembered_devices WHERE expires_at < now() - interval '30 days'")
            .execute(connection)
            .await?;
    Ok(offers.rows_affected() + devices.rows_affected())
}
