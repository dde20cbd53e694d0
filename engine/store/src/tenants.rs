//! Tenants: the accounts everything else belongs to. Made by the platform role.

use sqlx::PgConnection;
use switchroom_core::{ConnectionId, TenantId};
use uuid::Uuid;

use crate::db::StoreError;

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
    use super::slug_of;

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
        }
        assert!(slug_of(&"x".repeat(300)).len() <= 63);
    }
}
