//! Clients who register themselves. Asking and proving an address run as the platform role, since a tenant's role does
//! not see people who are in no tenant; deciding runs in the tenant's transaction.

use sqlx::{PgConnection, Postgres, QueryBuilder};
use switchroom_core::{TenantId, UserId};
use uuid::Uuid;

use crate::{
    db::{StoreError, Timestamp},
    listing::{self, Order, Slice, Window},
    sessions::TokenHash,
};

/// Whether clients may register themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Off,
    /// Whoever proves an address is in.
    Open,
    /// An admin has to agree.
    Approval,
}

impl Mode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Open => "open",
            Self::Approval => "approval",
        }
    }

    pub fn named(name: &str) -> Self {
        match name {
            "open" => Self::Open,
            "approval" => Self::Approval,
            _ => Self::Off,
        }
    }
}

/// A tenant as far as coming in goes.
#[derive(Clone, Debug)]
pub struct Entrance {
    pub tenant: TenantId,
    pub name: String,
    pub mode: Mode,
    pub version: i64,
}

/// Runs as the sign-in or platform role.
pub async fn entrance(connection: &mut PgConnection, slug: &str) -> Result<Option<Entrance>, StoreError> {
    let row = sqlx::query!(
        "SELECT id, name, registration, version FROM tenants WHERE slug = $1 AND suspended_at IS NULL",
        slug
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Entrance {
        tenant: TenantId(row.id),
        name: row.name,
        mode: Mode::named(&row.registration),
        version: row.version,
    }))
}

/// The tenant's own, in its transaction.
pub async fn own_entrance(connection: &mut PgConnection, tenant: TenantId) -> Result<Entrance, StoreError> {
    let row = sqlx::query!("SELECT name, registration, version FROM tenants WHERE id = $1", tenant.0)
        .fetch_one(connection)
        .await?;
    Ok(Entrance { tenant, name: row.name, mode: Mode::named(&row.registration), version: row.version })
}

/// Opens or closes the door; None when the tenant has another version.
pub async fn set_mode(
    connection: &mut PgConnection,
    tenant: TenantId,
    version: i64,
    mode: Mode,
) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar!(
        "UPDATE tenants SET registration = $3, version = version + 1 WHERE id = $1 AND version = $2 RETURNING version",
        tenant.0,
        version,
        mode.name()
    )
    .fetch_optional(connection)
    .await?)
}

/// What a person of this address is to the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has the address.
    Unknown,
    /// Somebody has it and is no member here.
    Elsewhere,
    Member,
    /// A member who was switched off: that is not undone by registering.
    SwitchedOff,
}

pub async fn standing(
    connection: &mut PgConnection,
    tenant: TenantId,
    email: &str,
) -> Result<Standing, StoreError> {
    let row = sqlx::query!(
        r#"SELECT u.is_active AND m.is_active IS NOT FALSE AS "on!", m.id AS "member?"
             FROM users u LEFT JOIN memberships m ON m.user_id = u.id AND m.tenant_id = $1
            WHERE u.email = lower($2) AND u.deleted_at IS NULL"#,
        tenant.0,
        email
    )
    .fetch_optional(connection)
    .await?;
    Ok(match row {
        None => Standing::Unknown,
        Some(row) if !row.on => Standing::SwitchedOff,
        Some(row) if row.member.is_some() => Standing::Member,
        Some(_) => Standing::Elsewhere,
    })
}

/// Keeps a wish to register, until the link that was sent is used.
pub async fn ask(
    connection: &mut PgConnection,
    tenant: TenantId,
    email: &str,
    name: &str,
    token: &TokenHash,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO registrations (id, tenant_id, email, name, token_hash, expires_at) VALUES ($1, $2, lower($3), $4, $5, $6)",
        Uuid::now_v7(),
        tenant.0,
        email,
        name,
        &token[..],
        expires_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// An address that a link proves.
#[derive(Clone, Debug)]
pub struct Asked {
    pub id: Uuid,
    pub tenant: TenantId,
    pub tenant_name: String,
    pub email: String,
    pub name: String,
    pub mode: Mode,
}

/// The wish behind a link, as long as it is good. Held until the transaction ends.
pub async fn asked(connection: &mut PgConnection, token: &TokenHash) -> Result<Option<Asked>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT r.id, r.tenant_id, t.name AS tenant_name, r.email, r.name,
                  CASE WHEN t.suspended_at IS NULL THEN t.registration ELSE 'off' END AS "registration!"
             FROM registrations r JOIN tenants t ON t.id = r.tenant_id
            WHERE r.token_hash = $1 AND r.verified_at IS NULL AND r.expires_at > now() FOR UPDATE OF r"#,
        &token[..]
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Asked {
        id: row.id,
        tenant: TenantId(row.tenant_id),
        tenant_name: row.tenant_name,
        email: row.email,
        name: row.name,
        mode: Mode::named(&row.registration),
    }))
}

/// The address is proved. Where nobody has to agree that decides; else it waits, unless it waits already (a conflict on
/// `registrations_waiting`).
pub async fn prove(
    connection: &mut PgConnection,
    id: Uuid,
    user: UserId,
    decided: bool,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE registrations SET verified_at = now(), user_id = $2, decided_at = CASE WHEN $3 THEN now() END,
                approved = CASE WHEN $3 THEN true END
          WHERE id = $1",
        id,
        user.0,
        decided
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes somebody a client of the tenant; false where they are or were something in it.
pub async fn join(connection: &mut PgConnection, tenant: TenantId, user: UserId) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO memberships (id, tenant_id, user_id, role) VALUES ($1, $2, $3, 'client') ON CONFLICT (tenant_id, user_id) DO NOTHING",
        Uuid::now_v7(),
        tenant.0,
        user.0
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Registration {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub user_id: Option<Uuid>,
    pub created_at: Timestamp,
    pub verified_at: Option<Timestamp>,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<Uuid>,
    pub approved: Option<bool>,
}

const COLUMNS: &str =
    "t.id, t.email, t.name, t.user_id, t.created_at, t.verified_at, t.decided_at, t.decided_by, t.approved";
const FROM: &str = " FROM registrations t WHERE t.verified_at IS NOT NULL AND t.tenant_id = ";

/// Proved addresses: `waiting`, `approved` or `rejected` ones, or all.
pub async fn list(
    connection: &mut PgConnection,
    tenant: TenantId,
    status: Option<&str>,
    window: &Window<Order>,
) -> Result<Slice<Registration>, StoreError> {
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(FROM).push_bind(tenant.0);
        query.push(match status {
            Some("waiting") => " AND t.approved IS NULL",
            Some("approved") => " AND t.approved",
            Some("rejected") => " AND NOT t.approved",
            _ => "",
        });
    };
    listing::read_page(connection, COLUMNS, from, window, listing::by_name).await
}

pub async fn get(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<Registration>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(FROM).push_bind(tenant.0).push(" AND t.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// Decides one that waits; false where it was decided meanwhile.
pub async fn decide(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    by: UserId,
    approved: bool,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE registrations SET decided_at = now(), decided_by = $3, approved = $4
          WHERE tenant_id = $1 AND id = $2 AND verified_at IS NOT NULL AND decided_at IS NULL",
        tenant.0,
        id,
        by.0,
        approved
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes wishes whose link was never used, a week after; how many. Runs as the platform role.
pub async fn prune(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM registrations WHERE verified_at IS NULL AND expires_at < now() - interval '7 days'"
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
