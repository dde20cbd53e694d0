//! API tokens: made once, shown once, kept as a hash.

use sqlx::{PgConnection, Postgres, QueryBuilder};
use switchroom_core::{Grants, TenantId, UserId};
use uuid::Uuid;

use crate::{
    db::{StoreError, Timestamp},
    listing::{self, Order, Slice, Window},
    sessions::TokenHash,
};

/// A token as its owner sees it; the secret part is gone.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ApiToken {
    pub id: Uuid,
    pub user_id: Uuid,
    pub name: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// Names of permissions; None = whatever its owner may.
    pub scopes: Option<Vec<String>>,
}

/// `tenant` is None for a platform admin's token. The connection must be allowed to write there: a tenant
/// transaction, or the platform role.
pub async fn create(
    connection: &mut PgConnection,
    id: Uuid,
    tenant: Option<TenantId>,
    user: UserId,
    name: &str,
    hash: &TokenHash,
    expires_at: Option<Timestamp>,
) -> Result<ApiToken, StoreError> {
    create_scoped(connection, id, tenant, user, name, hash, expires_at, None, None).await
}

/// As [`create`], for these permissions only, made in a session that this identity provider vouched for.
#[allow(clippy::too_many_arguments, reason = "the row's columns, each once")]
pub async fn create_scoped(
    connection: &mut PgConnection,
    id: Uuid,
    tenant: Option<TenantId>,
    user: UserId,
    name: &str,
    hash: &TokenHash,
    expires_at: Option<Timestamp>,
    scopes: Option<Grants>,
    provider: Option<Uuid>,
) -> Result<ApiToken, StoreError> {
    let scopes: Option<Vec<String>> =
        scopes.map(|scopes| scopes.names().into_iter().map(str::to_owned).collect());
    Ok(sqlx::query_as!(
        ApiToken,
        "INSERT INTO api_tokens (id, tenant_id, user_id, name, token_hash, expires_at, scopes, provider_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         RETURNING id, user_id, name, created_at, expires_at, last_used_at, scopes",
        id,
        tenant.map(|id| id.0),
        user.0,
        name,
        &hash[..],
        expires_at,
        scopes.as_deref(),
        provider,
    )
    .fetch_one(connection)
    .await?)
}

const COLUMNS: &str = "t.id, t.user_id, t.name, t.created_at, t.expires_at, t.last_used_at, t.scopes";

/// Tokens that were not revoked, of one user or of the whole tenant. The tenant is None for platform admins' tokens,
/// here and below.
pub async fn list(
    connection: &mut PgConnection,
    tenant: Option<TenantId>,
    user: Option<UserId>,
    window: &Window<Order>,
) -> Result<Slice<ApiToken>, StoreError> {
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(" FROM api_tokens t WHERE t.revoked_at IS NULL AND t.tenant_id IS NOT DISTINCT FROM ");
        query.push_bind(tenant.map(|id| id.0));
        if let Some(user) = user {
            query.push(" AND t.user_id = ").push_bind(user.0);
        }
    };
    listing::read_page(connection, COLUMNS, from, window, listing::by_name).await
}

/// A token that was not revoked.
pub async fn get(
    connection: &mut PgConnection,
    tenant: Option<TenantId>,
    id: Uuid,
) -> Result<Option<ApiToken>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(" FROM api_tokens t WHERE t.revoked_at IS NULL AND t.id = ").push_bind(id);
    query.push(" AND t.tenant_id IS NOT DISTINCT FROM ").push_bind(tenant.map(|id| id.0));
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// Whose token it is, unless it was revoked.
pub async fn owner(
    connection: &mut PgConnection,
    tenant: Option<TenantId>,
    id: Uuid,
) -> Result<Option<UserId>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT user_id FROM api_tokens WHERE tenant_id IS NOT DISTINCT FROM $1 AND id = $2 AND revoked_at IS NULL",
        tenant.map(|id| id.0),
        id
    )
    .fetch_optional(connection)
    .await?
    .map(UserId))
}

/// The ids of a member's tokens that were not revoked.
pub async fn ids_of(
    connection: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT id FROM api_tokens WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL",
        tenant.0,
        user.0
    )
    .fetch_all(connection)
    .await?)
}

/// Revokes all tokens of a member; their ids.
pub async fn revoke_all(
    connection: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "UPDATE api_tokens SET revoked_at = now() WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL RETURNING id",
        tenant.0,
        user.0
    )
    .fetch_all(connection)
    .await?)
}

pub async fn revoke(
    connection: &mut PgConnection,
    tenant: Option<TenantId>,
    id: Uuid,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE api_tokens SET revoked_at = now() WHERE tenant_id IS NOT DISTINCT FROM $1 AND id = $2 AND revoked_at IS NULL",
        tenant.map(|id| id.0),
        id
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
