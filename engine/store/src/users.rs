//! People who sign in, and their memberships.

use serde_json::{Map, Value};
use sqlx::{PgConnection, Postgres, QueryBuilder, types::Json};
use switchroom_core::{Role, TenantId, UserId};
use uuid::Uuid;

use crate::{
    db::{StoreError, Timestamp},
    listing::{self, Order, Slice, Window},
    portal_accounts::{self, Party},
};

/// What a sign-in needs to know of a person.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub id: UserId,
    pub password_hash: Option<String>,
    pub is_active: bool,
    pub platform_admin: bool,
    /// Active memberships, oldest first.
    pub tenants: Vec<Home>,
}

impl Candidate {
    pub fn tenant_ids(&self) -> Vec<TenantId> {
        self.tenants.iter().map(|home| home.tenant).collect()
    }
}

/// A tenant that somebody may sign in to, unless it is suspended.
#[derive(Clone, Debug)]
pub struct Home {
    pub tenant: TenantId,
    pub slug: String,
    pub suspended: bool,
}

/// Finds a person by e-mail, in any case. Runs as the sign-in role.
pub async fn find_for_sign_in(
    connection: &mut PgConnection,
    email: &str,
) -> Result<Option<Candidate>, StoreError> {
    let row = sqlx::query!(
        "SELECT id, password_hash, is_active, is_platform_admin FROM users WHERE email = lower($1) AND deleted_at IS NULL",
        email
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let tenants = sqlx::query!(
        r#"SELECT m.tenant_id, t.slug, t.suspended_at IS NOT NULL AS "suspended!" FROM memberships m JOIN tenants t ON t.id = m.tenant_id
            WHERE m.user_id = $1 AND m.is_active ORDER BY m.created_at, m.id"#,
        row.id
    )
    .fetch_all(connection)
    .await?;
    Ok(Some(Candidate {
        id: UserId(row.id),
        password_hash: row.password_hash,
        is_active: row.is_active,
        platform_admin: row.is_platform_admin,
        tenants: tenants
            .into_iter()
            .map(|row| Home { tenant: TenantId(row.tenant_id), slug: row.slug, suspended: row.suspended })
            .collect(),
    }))
}

/// A member of a tenant as colleagues see them.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Member {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub role: String,
    /// A role of the tenant's own, whose base is `role`.
    pub role_id: Option<Uuid>,
    pub role_name: Option<String>,
    pub extension: Option<String>,
    pub is_active: bool,
    /// When a session of theirs in this tenant was last in use.
    pub last_seen_at: Option<Timestamp>,
    individual_id: Option<Uuid>,
    organization_contact_id: Option<Uuid>,
    contact_name: Option<String>,
    organization_id: Option<Uuid>,
    organization_name: Option<String>,
}

impl Member {
    /// Which contact a client is.
    pub fn party(&self) -> Option<Party> {
        Some(Party {
            contact: portal_accounts::reference(self.individual_id, self.organization_contact_id)?,
            name: self.contact_name.clone()?,
            organization: self.organization_id.zip(self.organization_name.clone()),
        })
    }
}

#[derive(Clone, Debug, Default)]
pub struct MemberFilter {
    pub q: Option<String>,
    pub role: Option<Role>,
    pub email: Option<String>,
    /// Clients who are this contact: an individual of this id, or an organization's person.
    pub contact: Option<OfContact>,
}

/// A contact by its id, of the kinds that may be looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct OfContact {
    pub individual: Option<Uuid>,
    pub organization_contact: Option<Uuid>,
}

/// Nobody has somebody else's address, so it says who is who.
pub const BY_EMAIL: Order = Order::text("email", "t.email");
pub const BY_NAME: Order = Order::text("name", "lower(t.name)");
/// Those who were never seen are as if it had been very long ago.
pub const BY_LAST_SEEN: Order = Order::at(
    "last_seen_at",
    "coalesce((SELECT max(s.last_seen_at) FROM sessions s WHERE s.user_id = t.id AND s.tenant_id = m.tenant_id), 'epoch')",
);

/// Members, in any of these orders.
pub async fn list(
    connection: &mut PgConnection,
    tenant: TenantId,
    filter: &MemberFilter,
    window: &Window<Order>,
) -> Result<Slice<Member>, StoreError> {
    let columns = "t.id, t.email, t.name, m.role, m.role_id, r.name AS role_name, m.extension, m.is_active AND t.is_active AS is_active,
        (SELECT max(s.last_seen_at) FROM sessions s WHERE s.user_id = t.id AND s.tenant_id = m.tenant_id) AS last_seen_at,
        m.individual_id, m.organization_contact_id, coalesce(i.full_name, c.full_name) AS contact_name,
        o.id AS organization_id, o.name AS organization_name";
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(
            " FROM memberships m JOIN users t ON t.id = m.user_id
              LEFT JOIN roles r ON r.tenant_id = m.tenant_id AND r.id = m.role_id
              LEFT JOIN individuals i ON i.tenant_id = m.tenant_id AND i.id = m.individual_id
              LEFT JOIN organization_contacts c ON c.tenant_id = m.tenant_id AND c.id = m.organization_contact_id
              LEFT JOIN organizations o ON o.tenant_id = c.tenant_id AND o.id = c.organization_id
              WHERE t.deleted_at IS NULL AND m.tenant_id = ",
        );
        query.push_bind(tenant.0);
        push_member_filter(query, filter);
    };
    listing::read_page(connection, columns, from, window, listing::by_name).await
}

fn push_member_filter(query: &mut QueryBuilder<Postgres>, filter: &MemberFilter) {
    if let Some(q) = &filter.q {
        // strpos, not LIKE: what people type has no wildcards.
        query
            .push(" AND (strpos(t.email, lower(")
            .push_bind(q.clone())
            .push(")) > 0 OR strpos(lower(t.name), lower(");
        query.push_bind(q.clone()).push(")) > 0)");
    }
    if let Some(role) = filter.role {
        query.push(" AND m.role = ").push_bind(role.name());
    }
    if let Some(email) = &filter.email {
        query.push(" AND t.email = lower(").push_bind(email.clone()).push(")");
    }
    if let Some(contact) = filter.contact {
        query.push(" AND (m.individual_id = ").push_bind(contact.individual);
        query.push(" OR m.organization_contact_id = ").push_bind(contact.organization_contact).push(")");
    }
}

/// Which of these people are active members.
pub async fn members_among(
    connection: &mut PgConnection,
    tenant: TenantId,
    users: &[Uuid],
) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT user_id FROM memberships WHERE tenant_id = $1 AND is_active AND user_id = ANY($2)",
        tenant.0,
        users
    )
    .fetch_all(connection)
    .await?)
}

#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    pub id: UserId,
    pub email: &'a str,
    pub name: &'a str,
    pub password_hash: Option<&'a str>,
    pub platform_admin: bool,
}

/// Makes a person, or finds the one who has this e-mail already (then only a given password replaces the old one).
/// Runs as the platform role.
pub async fn ensure(connection: &mut PgConnection, new: &NewUser<'_>) -> Result<UserId, StoreError> {
    let id = sqlx::query_scalar!(
        "INSERT INTO users (id, email, name, password_hash, is_platform_admin) VALUES ($1, lower($2), $3, $4, $5)
         ON CONFLICT (email) WHERE deleted_at IS NULL
         DO UPDATE SET password_hash = coalesce(excluded.password_hash, users.password_hash), version = users.version + 1
         RETURNING id",
        new.id.0,
        new.email,
        new.name,
        new.password_hash,
        new.platform_admin,
    )
    .fetch_one(connection)
    .await?;
    Ok(UserId(id))
}

/// Makes a person; None when somebody has this e-mail already. Runs as the platform role.
pub async fn create(connection: &mut PgConnection, new: &NewUser<'_>) -> Result<Option<UserId>, StoreError> {
    let id = sqlx::query_scalar!(
        "INSERT INTO users (id, email, name, password_hash, is_platform_admin) VALUES ($1, lower($2), $3, $4, $5)
         ON CONFLICT (email) WHERE deleted_at IS NULL DO NOTHING RETURNING id",
        new.id.0,
        new.email,
        new.name,
        new.password_hash,
        new.platform_admin,
    )
    .fetch_optional(connection)
    .await?;
    Ok(id.map(UserId))
}

#[derive(Clone, Debug)]
pub struct NewMembership<'a> {
    pub tenant: TenantId,
    pub user: UserId,
    pub role: Role,
    pub extension: Option<&'a str>,
    pub sip_uri: Option<&'a str>,
}

/// Makes or changes a membership. Runs as the platform role or in the tenant's transaction.
pub async fn set_membership(
    connection: &mut PgConnection,
    new: &NewMembership<'_>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO memberships (id, tenant_id, user_id, role, extension, sip_uri) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, user_id) DO UPDATE
            SET role = excluded.role, role_id = NULL, extension = excluded.extension, sip_uri = excluded.sip_uri, is_active = true,
                individual_id = CASE WHEN excluded.role = 'client' THEN memberships.individual_id END,
                organization_contact_id = CASE WHEN excluded.role = 'client' THEN memberships.organization_contact_id END,
                version = memberships.version + 1",
        Uuid::now_v7(),
        new.tenant.0,
        new.user.0,
        new.role.name(),
        new.extension,
        new.sip_uri,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What changing one's own password needs to know. Runs as the sign-in role.
#[derive(Clone, Debug)]
pub struct Secret {
    pub email: String,
    pub name: String,
    pub password_hash: Option<String>,
}

/// The secret of an active person.
pub async fn secret_of(connection: &mut PgConnection, user: UserId) -> Result<Option<Secret>, StoreError> {
    Ok(sqlx::query_as!(
        Secret,
        "SELECT email, name, password_hash FROM users WHERE id = $1 AND is_active AND deleted_at IS NULL",
        user.0
    )
    .fetch_optional(connection)
    .await?)
}

/// Replaces the password that is still `old`; false when it was replaced meanwhile. Runs as the sign-in role.
pub async fn change_password(
    connection: &mut PgConnection,
    user: UserId,
    old: &str,
    new: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE users SET password_hash = $3, version = version + 1 WHERE id = $1 AND password_hash = $2",
        user.0,
        old,
        new
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The tenants a person is an active member of.
pub async fn tenants_of(connection: &mut PgConnection, user: UserId) -> Result<Vec<TenantId>, StoreError> {
    let tenants = sqlx::query_scalar!(
        "SELECT tenant_id FROM memberships WHERE user_id = $1 AND is_active ORDER BY created_at, id",
        user.0
    )
    .fetch_all(connection)
    .await?;
    Ok(tenants.into_iter().map(TenantId).collect())
}

/// Replaces a better hash of the same password (parameters were raised). Runs as the sign-in role.
pub async fn rehash(
    connection: &mut PgConnection,
    user: UserId,
    old: &str,
    new: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
        user.0,
        old,
        new
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A person's own profile, as far as a sign-in does not know it.
#[derive(Clone, Debug)]
pub struct Profile {
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// What the tenant notes down about them; none where they are no member.
    pub metadata: Map<String, Value>,
}

/// Runs as the sign-in role.
pub async fn profile(
    connection: &mut PgConnection,
    user: UserId,
    tenant: Option<TenantId>,
) -> Result<Option<Profile>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT u.version, u.created_at, u.updated_at, m.metadata AS "metadata?: Json<Map<String, Value>>"
             FROM users u LEFT JOIN memberships m ON m.user_id = u.id AND m.tenant_id = $2
            WHERE u.id = $1 AND u.deleted_at IS NULL"#,
        user.0,
        tenant.map(|tenant| tenant.0)
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Profile {
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        metadata: row.metadata.map(|metadata| metadata.0).unwrap_or_default(),
    }))
}

/// Changes a person's own name when they are still at `version`. Runs as the sign-in role.
pub async fn rename(
    connection: &mut PgConnection,
    user: UserId,
    version: i64,
    name: &str,
) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar!(
        "UPDATE users SET name = $3, version = version + 1 WHERE id = $1 AND version = $2 AND deleted_at IS NULL RETURNING version",
        user.0,
        version,
        name
    )
    .fetch_optional(connection)
    .await?)
}

/// The person with this e-mail, if any. Runs as the sign-in or platform role.
pub async fn by_email(
    connection: &mut PgConnection,
    email: &str,
) -> Result<Option<(UserId, bool)>, StoreError> {
    Ok(sqlx::query!(
        "SELECT id, is_platform_admin FROM users WHERE email = lower($1) AND deleted_at IS NULL",
        email
    )
    .fetch_optional(connection)
    .await?
    .map(|row| (UserId(row.id), row.is_platform_admin)))
}

/// The role of a person in a tenant, if they are an active member.
pub async fn role_in(
    connection: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<Role>, StoreError> {
    let role = sqlx::query_scalar!(
        "SELECT role FROM memberships WHERE tenant_id = $1 AND user_id = $2 AND is_active",
        tenant.0,
        user.0
    )
    .fetch_optional(connection)
    .await?;
    Ok(role.and_then(|role| role.parse().ok()))
}

/// The role of a member, active or not. In the tenant's transaction.
pub async fn member_role(
    connection: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<Role>, StoreError> {
    let role = sqlx::query_scalar!(
        "SELECT m.role FROM memberships m JOIN users u ON u.id = m.user_id
          WHERE m.tenant_id = $1 AND m.user_id = $2 AND u.deleted_at IS NULL",
        tenant.0,
        user.0
    )
    .fetch_optional(connection)
    .await?;
    Ok(role.and_then(|role| role.parse().ok()))
}
