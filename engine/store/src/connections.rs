//! The doors through which providers report calls. Keys and credentials are stored sealed; sealing is the engine's.

use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use switchroom_core::{ConnectionId, TenantId, UserId};
use uuid::Uuid;

use crate::{
    db::{StoreError, Timestamp},
    listing::{self, Order, Slice, Window},
};

/// A connection as stored; the sealed parts stay sealed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Connection {
    pub id: Uuid,
    pub kind: String,
    pub name: String,
    pub default_region: Option<String>,
    pub user_map: Value,
    pub hook_key: Option<Vec<u8>>,
    pub key_id: Option<String>,
    pub is_active: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

#[derive(Clone, Debug)]
pub struct NewConnection<'a> {
    pub id: ConnectionId,
    pub kind: &'a str,
    pub name: &'a str,
    pub default_region: Option<&'a str>,
    pub user_map: Value,
    pub hook_key_hash: &'a [u8; 32],
    /// Sealed.
    pub hook_key: &'a [u8],
    /// Sealed JSON.
    pub credentials: Option<&'a [u8]>,
    /// The key both were sealed under.
    pub key_id: &'a str,
    pub created_by: Option<UserId>,
}

pub async fn create(
    connection: &mut PgConnection,
    tenant: TenantId,
    new: &NewConnection<'_>,
) -> Result<Connection, StoreError> {
    Ok(sqlx::query_as!(
        Connection,
        "INSERT INTO connections (id, tenant_id, kind, name, default_region, user_map, hook_key_hash, hook_key, credentials, key_id, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         RETURNING id, kind, name, default_region, user_map, hook_key, key_id, is_active, created_at, updated_at, version",
        new.id.0,
        tenant.0,
        new.kind,
        new.name,
        new.default_region,
        new.user_map,
        &new.hook_key_hash[..],
        new.hook_key,
        new.credentials,
        new.key_id,
        new.created_by.map(|id| id.0),
    )
    .fetch_one(connection)
    .await?)
}

pub async fn get(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: ConnectionId,
) -> Result<Option<Connection>, StoreError> {
    Ok(sqlx::query_as!(
        Connection,
        "SELECT id, kind, name, default_region, user_map, hook_key, key_id, is_active, created_at, updated_at, version
           FROM connections WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL",
        tenant.0,
        id.0
    )
    .fetch_optional(connection)
    .await?)
}

#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub kind: Option<String>,
    pub q: Option<String>,
}

pub async fn list(
    connection: &mut PgConnection,
    tenant: TenantId,
    filter: &Filter,
    window: &Window<Order>,
) -> Result<Slice<Connection>, StoreError> {
    let columns = "t.id, t.kind, t.name, t.default_region, t.user_map, t.hook_key, t.key_id, t.is_active, t.created_at, \
                   t.updated_at, t.version";
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(" FROM connections t WHERE t.deleted_at IS NULL AND t.tenant_id = ").push_bind(tenant.0);
        push_filter(query, filter);
    };
    listing::read_page(connection, columns, from, window, listing::by_name).await
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    if let Some(kind) = &filter.kind {
        query.push(" AND t.kind = ").push_bind(kind.clone());
    }
    if let Some(q) = &filter.q {
        query.push(" AND strpos(lower(t.name), lower(").push_bind(q.clone()).push(")) > 0");
    }
}

#[derive(Clone, Debug)]
pub struct Change<'a> {
    pub name: &'a str,
    pub default_region: Option<&'a str>,
    pub user_map: Value,
    /// Sealed; None leaves the credentials as they are.
    pub credentials: Option<(&'a [u8], &'a str)>,
    /// The hook key sealed anew under the same key, wherever credentials are.
    pub hook_key: Option<&'a [u8]>,
}

/// Compare and set on `version`; None when it is no longer the current one.
pub async fn update(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: ConnectionId,
    version: i64,
    change: &Change<'_>,
) -> Result<Option<Connection>, StoreError> {
    Ok(sqlx::query_as!(
        Connection,
        "UPDATE connections SET name = $4, default_region = $5, user_map = $6,
                credentials = coalesce($7, credentials), key_id = coalesce($8, key_id), hook_key = coalesce($9, hook_key),
                version = version + 1
          WHERE tenant_id = $1 AND id = $2 AND version = $3 AND deleted_at IS NULL
         RETURNING id, kind, name, default_region, user_map, hook_key, key_id, is_active, created_at, updated_at, version",
        tenant.0,
        id.0,
        version,
        change.name,
        change.default_region,
        change.user_map,
        change.credentials.map(|(sealed, _)| sealed),
        change.credentials.map(|(_, key_id)| key_id),
        change.hook_key,
    )
    .fetch_optional(connection)
    .await?)
}

/// Closes the door; false when there was none.
pub async fn delete(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: ConnectionId,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE connections SET deleted_at = now(), is_active = false, version = version + 1
          WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL",
        tenant.0,
        id.0
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
