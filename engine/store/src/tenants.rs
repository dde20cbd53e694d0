//! Tenants: the accounts everything else belongs to. Made, changed, suspended and resumed by the platform role.

use sqlx::{PgConnection, Postgres, QueryBuilder};
use switchroom_core::{ConnectionId, TenantId};
use uuid::Uuid;

use crate::{
    changed::Changed,
    db::{StoreError, Timestamp},
    listing::{self, Order, Slice, Window},
};

#[derive(Clone, Debug)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub region: String,
}

/// What a tenant is born with: its counters, its log, and the SIP door.
pub async fn create(
    connection: &mut PgConnection,
    id: TenantId,
    slug: &str,
    name: &str,
    region: &str,
) -> Result<ConnectionId, StoreError> {
    sqlx::query!(
        "INSERT INTO tenants (id, slug, name, region) VALUES ($1, $2, $3, $4)",
        id.0,
        slug,
        name,
        region
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("INSERT INTO tenant_counters (tenant_id) VALUES ($1)", id.0)
        .execute(&mut *connection)
        .await?;
    sqlx::query!("INSERT INTO tenant_log (tenant_id) VALUES ($1)", id.0).execute(&mut *connection).await?;
    let sip = ConnectionId(Uuid::now_v7());
    sqlx::query!(
        "INSERT INTO connections (id, tenant_id, kind, name) VALUES ($1, $2, 'sip', 'SIP')",
        sip.0,
        id.0
    )
    .execute(connection)
    .await?;
    Ok(sip)
}

/// Runs as the sign-in or platform role.
pub async fn by_slug(connection: &mut PgConnection, slug: &str) -> Result<Option<Tenant>, StoreError> {
    Ok(sqlx::query!("SELECT id, slug, name, region FROM tenants WHERE slug = $1", slug)
        .fetch_optional(connection)
        .await?
        .map(|row| Tenant { id: TenantId(row.id), slug: row.slug, name: row.name, region: row.region }))
}

/// A tenant as the platform admin sees it, with what it has and does.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Overview {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub region: String,
    pub suspended_at: Option<Timestamp>,
    pub suspended_for: Option<String>,
    /// Active members.
    pub people: i64,
    /// Lines it holds.
    pub numbers: i64,
    /// Calls that began in the last 30 days; counted to one above [`listing::COUNT_CAP`].
    pub calls: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

const COLUMNS: &str = "t.id, t.slug, t.name, t.region, t.suspended_at, t.suspended_for, t.created_at, t.updated_at, t.version, \
     (SELECT count(*) FROM memberships m JOIN users u ON u.id = m.user_id \
       WHERE m.tenant_id = t.id AND m.is_active AND u.is_active AND u.deleted_at IS NULL) AS people, \
     (SELECT count(*) FROM phone_numbers n WHERE n.tenant_id = t.id AND n.status = 'assigned' AND n.deleted_at IS NULL) AS numbers";

fn columns() -> String {
    format!(
        "{COLUMNS}, (SELECT count(*) FROM (SELECT FROM calls c WHERE c.tenant_id = t.id \
           AND c.started_at > now() - interval '30 days' LIMIT {}) AS counted) AS calls",
        listing::COUNT_CAP + 1
    )
}

pub const BY_NAME: Order = Order::text("name", "lower(t.name)");

#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of a name or slug, in any case.
    pub q: Option<String>,
    pub suspended: Option<bool>,
}

/// Runs as the platform role.
pub async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    window: &Window<Order>,
) -> Result<Slice<Overview>, StoreError> {
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(" FROM tenants t WHERE true");
        if let Some(q) = &filter.q {
            // strpos, not LIKE: what people type has no wildcards.
            query
                .push(" AND (strpos(lower(t.name), lower(")
                .push_bind(q.clone())
                .push(")) > 0 OR strpos(t.slug, lower(")
                .push_bind(q.clone())
                .push(")) > 0)");
        }
        if let Some(suspended) = filter.suspended {
            query.push(if suspended {
                " AND t.suspended_at IS NOT NULL"
            } else {
                " AND t.suspended_at IS NULL"
            });
        }
    };
    listing::read_page(connection, &columns(), from, window, listing::by_name).await
}

/// Runs as the platform role.
pub async fn get(connection: &mut PgConnection, id: TenantId) -> Result<Option<Overview>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(columns()).push(" FROM tenants t WHERE t.id = ").push_bind(id.0);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// What these tenants are called. Runs as the platform role.
pub async fn names(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>, StoreError> {
    let rows =
        sqlx::query!("SELECT id, name FROM tenants WHERE id = ANY($1)", ids).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Renames or moves a tenant that is still at `version`. Runs as the platform role.
pub async fn update(
    connection: &mut PgConnection,
    id: TenantId,
    version: i64,
    name: &str,
    region: &str,
) -> Result<Changed<i64>, StoreError> {
    let changed = sqlx::query_scalar!(
        "UPDATE tenants SET name = $3, region = $4, version = version + 1 WHERE id = $1 AND version = $2 RETURNING version",
        id.0,
        version,
        name,
        region
    )
    .fetch_optional(&mut *connection)
    .await?;
    match changed {
        Some(version) => Ok(Changed::Done(version)),
        None => Ok(Changed::refused(get(connection, id).await?.is_some())),
    }
}

/// Holds a tenant's row until the transaction ends; its version. Runs as the platform role.
pub async fn hold(connection: &mut PgConnection, id: TenantId) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar!("SELECT version FROM tenants WHERE id = $1 FOR UPDATE", id.0)
        .fetch_optional(connection)
        .await?)
}

/// Suspends a tenant, for a reason or none; false where it is suspended already. Runs as the platform role.
pub async fn suspend(
    connection: &mut PgConnection,
    id: TenantId,
    reason: Option<&str>,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE tenants SET suspended_at = now(), suspended_for = $2, version = version + 1 WHERE id = $1 AND suspended_at IS NULL",
        id.0,
        reason
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a suspension; false where there is none. Runs as the platform role.
pub async fn resume(connection: &mut PgConnection, id: TenantId) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE tenants SET suspended_at = NULL, suspended_for = NULL, version = version + 1 WHERE id = $1 AND suspended_at IS NOT NULL",
        id.0
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a tenant is suspended. Runs as the sign-in or platform role.
pub async fn is_suspended(connection: &mut PgConnection, id: TenantId) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM tenants WHERE id = $1 AND suspended_at IS NOT NULL) AS "suspended!""#,
        id.0
    )
    .fetch_one(connection)
    .await?)
}

/// Ends every live session in a tenant; what they and the tenant's API tokens are known by, for whoever holds sockets
/// under them. The tokens stay. Runs as the platform role.
pub async fn end_sign_ins(connection: &mut PgConnection, id: TenantId) -> Result<Vec<Uuid>, StoreError> {
    let mut sign_ins = sqlx::query_scalar!(
        "UPDATE sessions SET ended_at = now() WHERE tenant_id = $1 AND ended_at IS NULL RETURNING id",
        id.0
    )
    .fetch_all(&mut *connection)
    .await?;
    let tokens =
        sqlx::query_scalar!("SELECT id FROM api_tokens WHERE tenant_id = $1 AND revoked_at IS NULL", id.0)
            .fetch_all(connection)
            .await?;
    sign_ins.extend(tokens);
    Ok(sign_ins)
}

/// What the column takes.
pub fn is_slug(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A slug made of a name: lower-case ASCII letters, digits and single dashes; `tenant` where nothing is left.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if slug.len() >= 60 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "tenant".into() } else { slug.into() }
}

#[cfg(test)]
mod tests {
    use super::{is_slug, slug_of};

    #[test]
    fn slugs() {
        for (name, slug) in [
            ("Demo", "demo"),
            ("  Ärzte & Co. KG ", "rzte-co-kg"),
            ("日本", "tenant"),
            ("", "tenant"),
            ("-a-", "a"),
            ("A  B", "a-b"),
        ] {
            assert_eq!(slug_of(name), slug, "{name}");
            assert!(is_slug(slug), "{slug}");
        }
        for bad in ["", "-a", "A", "a b", "é", &"x".repeat(64)] {
            assert!(!is_slug(bad), "{bad}");
        }
        assert!(slug_of(&"x".repeat(300)).len() <= 63);
    }
}
