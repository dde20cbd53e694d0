//! Identity providers of tenants, who is who there, and journeys under way. Settings are the tenant's; a sign-in runs as
//! the sign-in role, since the tenant is only known by the provider.

use sqlx::PgConnection;
use switchroom_core::{
    Grants, Role, TenantId, UserId,
    people::{Authority, Giving},
};
use uuid::Uuid;

use crate::{
    changed::Changed,
    db::{StoreError, Timestamp},
    sessions::TokenHash,
};

#[derive(Clone, Debug)]
pub struct Provider {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    /// Sealed.
    pub client_secret: Option<Vec<u8>>,
    pub key_id: Option<String>,
    pub scopes: String,
    /// What strangers with a verified address become; None = they stay strangers.
    pub joins_as: Option<String>,
    pub is_active: bool,
    /// What the person was who set it up last, and what they had; None = what that role has.
    pub set_by_role: String,
    pub set_by_grants: Option<Vec<String>>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

impl Provider {
    /// Whom it may vouch for: those whom the person who set it up could have made what they are.
    pub fn vouches(&self) -> Option<Giving> {
        vouches(&self.set_by_role, self.set_by_grants.as_deref())
    }
}

/// How far the word of a provider goes, read from its columns.
pub(crate) fn vouches(role: &str, grants: Option<&[String]>) -> Option<Giving> {
    let role: Role = role.parse().ok()?;
    let grants = grants.map_or_else(|| Grants::of_role(role), Grants::of_names);
    Some(Giving { authority: Authority::Member(role), grants })
}

/// The columns for somebody's giving. A role's own permissions are not written down: they follow the table as it grows.
fn columns(giving: Giving) -> (&'static str, Option<Vec<String>>) {
    match giving.authority {
        // The platform admin's word is an owner's.
        Authority::Platform => (Role::OrgOwner.name(), None),
        Authority::Member(role) => {
            let others = giving.grants != Grants::of_role(role);
            let names = || giving.grants.names().into_iter().map(str::to_owned).collect();
            (role.name(), others.then(names))
        }
    }
}

/// By name. A tenant has a handful.
pub async fn list(connection: &mut PgConnection, tenant: TenantId) -> Result<Vec<Provider>, StoreError> {
    Ok(sqlx::query_as!(
        Provider,
        "SELECT id, tenant_id, name, issuer, client_id, client_secret, key_id, scopes, joins_as, is_active, set_by_role, set_by_grants, created_at, updated_at, version
           FROM identity_providers WHERE tenant_id = $1 ORDER BY lower(name), id LIMIT 200",
        tenant.0
    )
    .fetch_all(connection)
    .await?)
}

pub async fn get(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<Provider>, StoreError> {
    Ok(find(connection, id).await?.filter(|provider| provider.tenant_id == tenant.0))
}

/// Whosever it is. In a tenant's transaction row security leaves the tenant's own.
pub async fn find(connection: &mut PgConnection, id: Uuid) -> Result<Option<Provider>, StoreError> {
    Ok(sqlx::query_as!(
        Provider,
        "SELECT id, tenant_id, name, issuer, client_id, client_secret, key_id, scopes, joins_as, is_active, set_by_role, set_by_grants, created_at, updated_at, version
           FROM identity_providers WHERE id = $1",
        id
    )
    .fetch_optional(connection)
    .await?)
}

/// What a provider shall be.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub name: &'a str,
    pub issuer: &'a str,
    pub client_id: &'a str,
    /// Sealed, with the name of the key.
    pub client_secret: Option<(&'a [u8], &'a str)>,
    pub scopes: &'a str,
    pub joins_as: Option<&'a str>,
    pub is_active: bool,
    /// On whose word.
    pub set_by: Giving,
}

/// A conflict on `identity_providers_name` means that there is one of this name.
pub async fn create(
    connection: &mut PgConnection,
    tenant: TenantId,
    wanted: &Wanted<'_>,
    by: UserId,
) -> Result<Uuid, StoreError> {
    let (role, grants) = columns(wanted.set_by);
    Ok(sqlx::query_scalar!(
        "INSERT INTO identity_providers (id, tenant_id, name, issuer, client_id, client_secret, key_id, scopes, joins_as, is_active, created_by,
                                         set_by_role, set_by_grants)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id",
        Uuid::now_v7(),
        tenant.0,
        wanted.name,
        wanted.issuer,
        wanted.client_id,
        wanted.client_secret.map(|(secret, _)| secret),
        wanted.client_secret.map(|(_, key)| key),
        wanted.scopes,
        wanted.joins_as,
        wanted.is_active,
        by.0,
        role,
        grants.as_deref(),
    )
    .fetch_one(connection)
    .await?)
}

pub async fn update(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    version: i64,
    wanted: &Wanted<'_>,
) -> Result<Changed<i64>, StoreError> {
    let (role, grants) = columns(wanted.set_by);
    let changed = sqlx::query_scalar!(
        "UPDATE identity_providers SET name = $4, issuer = $5, client_id = $6, client_secret = $7, key_id = $8, scopes = $9,
                joins_as = $10, is_active = $11, set_by_role = $12, set_by_grants = $13, version = version + 1
          WHERE tenant_id = $1 AND id = $2 AND version = $3 RETURNING version",
        tenant.0,
        id,
        version,
        wanted.name,
        wanted.issuer,
        wanted.client_id,
        wanted.client_secret.map(|(secret, _)| secret),
        wanted.client_secret.map(|(_, key)| key),
        wanted.scopes,
        wanted.joins_as,
        wanted.is_active,
        role,
        grants.as_deref(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    match changed {
        Some(version) => Ok(Changed::Done(version)),
        None => Ok(Changed::refused(get(connection, tenant, id).await?.is_some())),
    }
}

/// Forgets who is who there: with another issuer the same name is somebody else.
pub async fn forget_identities(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM federated_identities WHERE tenant_id = $1 AND provider_id = $2", tenant.0, id)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn delete(connection: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<bool, StoreError> {
    let done = sqlx::query!("DELETE FROM identity_providers WHERE tenant_id = $1 AND id = $2", tenant.0, id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Revokes the API tokens that were made in sessions a provider vouched for; whose and which.
pub async fn revoke_tokens(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Vec<(UserId, Uuid)>, StoreError> {
    let rows = sqlx::query!(
        "UPDATE api_tokens SET revoked_at = now() WHERE tenant_id = $1 AND provider_id = $2 AND revoked_at IS NULL RETURNING user_id, id",
        tenant.0,
        id
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (UserId(row.user_id), row.id)).collect())
}

/// Ends the sessions that a provider vouched for; whose and which.
pub async fn end_sessions(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Vec<(UserId, Uuid)>, StoreError> {
    let rows = sqlx::query!(
        "UPDATE sessions SET ended_at = now() WHERE tenant_id = $1 AND provider_id = $2 AND ended_at IS NULL RETURNING user_id, id",
        tenant.0,
        id
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (UserId(row.user_id), row.id)).collect())
}

/// Id and name of the providers that a tenant's sign-in page offers. Runs as the sign-in role.
pub async fn offered(
    connection: &mut PgConnection,
    tenant: TenantId,
) -> Result<Vec<(Uuid, String)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, name FROM identity_providers WHERE tenant_id = $1 AND is_active ORDER BY lower(name), id LIMIT 20",
        tenant.0
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// A browser that is sent out.
#[derive(Clone, Debug)]
pub struct NewJourney<'a> {
    pub state: TokenHash,
    pub browser: TokenHash,
    pub tenant: TenantId,
    pub provider: Uuid,
    pub nonce: &'a str,
    /// Sealed.
    pub verifier: &'a [u8],
    pub key_id: &'a str,
    pub goes_to: &'a str,
    pub seconds: i32,
}

pub async fn set_out(connection: &mut PgConnection, new: &NewJourney<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO federated_journeys (state_hash, browser_hash, tenant_id, provider_id, nonce, verifier, key_id, goes_to, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9))",
        &new.state[..],
        &new.browser[..],
        new.tenant.0,
        new.provider,
        new.nonce,
        new.verifier,
        new.key_id,
        new.goes_to,
        f64::from(new.seconds)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A browser that came back.
#[derive(Clone, Debug)]
pub struct Journey {
    pub provider_id: Uuid,
    pub nonce: String,
    pub verifier: Vec<u8>,
    pub key_id: String,
    pub goes_to: String,
}

/// Ends a journey, once; None where no such browser is under way, or not any more.
pub async fn come_back(
    connection: &mut PgConnection,
    state: &TokenHash,
    browser: &TokenHash,
) -> Result<Option<Journey>, StoreError> {
    Ok(sqlx::query_as!(
        Journey,
        "DELETE FROM federated_journeys WHERE state_hash = $1 AND browser_hash = $2 AND expires_at > now()
         RETURNING provider_id, nonce, verifier, key_id, goes_to",
        &state[..],
        &browser[..]
    )
    .fetch_optional(connection)
    .await?)
}

/// Somebody a provider names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// An active member whom it may vouch for.
    Member(UserId),
    /// An active member whom it may not vouch for: the person who set it up could not have made them what they are.
    Beyond(UserId),
    /// Switched off, here or altogether, or a platform admin: no provider signs them in.
    Barred,
    /// Somebody has the address and is no member here.
    Elsewhere,
    Nobody,
}

/// Who it is by their name there, else by their verified address. Runs as the sign-in role.
pub async fn who(
    connection: &mut PgConnection,
    provider: &Provider,
    subject: &str,
    email: Option<&str>,
) -> Result<Known, StoreError> {
    let named = sqlx::query!(
        r#"SELECT u.id, u.is_active AND NOT u.is_platform_admin AND m.is_active AND u.deleted_at IS NULL AS "on!",
                  m.role, r.permissions AS "permissions?"
             FROM federated_identities f JOIN users u ON u.id = f.user_id
             JOIN memberships m ON m.tenant_id = f.tenant_id AND m.user_id = f.user_id
             LEFT JOIN roles r ON r.tenant_id = m.tenant_id AND r.id = m.role_id
            WHERE f.provider_id = $1 AND f.subject = $2"#,
        provider.id,
        subject
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(row) = named {
        let member = || member(provider, UserId(row.id), &row.role, row.permissions.as_deref());
        return Ok(if row.on { member() } else { Known::Barred });
    }
    let Some(email) = email else { return Ok(Known::Nobody) };
    let addressed = sqlx::query!(
        r#"SELECT u.id, u.is_active AND NOT u.is_platform_admin AND m.is_active IS NOT FALSE AS "on!",
                  m.role AS "role?", r.permissions AS "permissions?"
             FROM users u LEFT JOIN memberships m ON m.user_id = u.id AND m.tenant_id = $1
             LEFT JOIN roles r ON r.tenant_id = m.tenant_id AND r.id = m.role_id
            WHERE u.email = lower($2) AND u.deleted_at IS NULL"#,
        provider.tenant_id,
        email
    )
    .fetch_optional(connection)
    .await?;
    Ok(match addressed {
        None => Known::Nobody,
        Some(row) if !row.on => Known::Barred,
        Some(row) => match row.role {
            Some(role) => member(provider, UserId(row.id), &role, row.permissions.as_deref()),
            None => Known::Elsewhere,
        },
    })
}

fn member(provider: &Provider, user: UserId, role: &str, permissions: Option<&[String]>) -> Known {
    let may = |role: Role| {
        let grants = permissions.map_or_else(|| Grants::of_role(role), Grants::of_names);
        provider.vouches().is_some_and(|vouches| vouches.covers(role, grants))
    };
    if role.parse().is_ok_and(may) { Known::Member(user) } else { Known::Beyond(user) }
}

/// Remembers somebody by their name there. Runs as the sign-in or platform role.
pub async fn remember(
    connection: &mut PgConnection,
    provider: &Provider,
    subject: &str,
    user: UserId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO federated_identities (tenant_id, provider_id, subject, user_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT (provider_id, subject) DO NOTHING",
        provider.tenant_id,
        provider.id,
        subject,
        user.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes journeys that nobody came back from; how many. Runs as the sign-in role.
pub async fn prune(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let done =
        sqlx::query!("DELETE FROM federated_journeys WHERE expires_at < now()").execute(connection).await?;
    Ok(done.rows_affected())
}
