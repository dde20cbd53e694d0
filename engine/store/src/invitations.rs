//! Invitations: made and withdrawn in the tenant's transaction, accepted by the platform role.

use sqlx::{PgConnection, Postgres, QueryBuilder};
use switchroom_core::{Role, TenantId, UserId, directory::ContactRef, role::Modules};
use uuid::Uuid;

use crate::{
    db::{StoreError, Timestamp},
    listing::{self, Order, Slice, Window},
    portal_accounts::{self, Party},
    sessions::TokenHash,
};

/// What has become of an invitation, as a word: `open`, `accepted`, `revoked`, `expired`.
const STATUS: &str = "CASE WHEN accepted_at IS NOT NULL THEN 'accepted' WHEN revoked_at IS NOT NULL THEN 'revoked' \
     WHEN expires_at <= now() THEN 'expired' ELSE 'open' END";

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Invitation {
    pub id: Uuid,
    pub email: String,
    pub name: Option<String>,
    pub role: String,
    /// A role of the tenant's own, whose base is `role`.
    pub role_id: Option<Uuid>,
    pub extension: Option<String>,
    pub module_individuals: bool,
    pub module_organizations: bool,
    pub module_tickets: bool,
    pub module_numbers: bool,
    pub invited_by: Uuid,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub status: String,
    individual_id: Option<Uuid>,
    organization_contact_id: Option<Uuid>,
    contact_name: Option<String>,
    organization_id: Option<Uuid>,
    organization_name: Option<String>,
}

impl Invitation {
    /// Which contact a client is invited as.
    pub fn party(&self) -> Option<Party> {
        Some(Party {
            contact: portal_accounts::reference(self.individual_id, self.organization_contact_id)?,
            name: self.contact_name.clone()?,
            organization: self.organization_id.zip(self.organization_name.clone()),
        })
    }
}

const COLUMNS: &str = "t.id, t.email, t.name, t.role, t.role_id, t.extension, t.module_individuals, t.module_organizations, \
     t.module_tickets, t.module_numbers, t.invited_by, t.created_at, t.expires_at, t.accepted_at";
const CONTACT: &str = ", t.individual_id, t.organization_contact_id, coalesce(i.full_name, c.full_name) AS contact_name, \
     o.id AS organization_id, o.name AS organization_name";
const FROM: &str = " FROM invitations t \
     LEFT JOIN individuals i ON i.tenant_id = t.tenant_id AND i.id = t.individual_id \
     LEFT JOIN organization_contacts c ON c.tenant_id = t.tenant_id AND c.id = t.organization_contact_id \
     LEFT JOIN organizations o ON o.tenant_id = c.tenant_id AND o.id = c.organization_id WHERE t.tenant_id = ";

#[derive(Clone, Debug)]
pub struct NewInvitation<'a> {
    pub email: &'a str,
    pub name: Option<&'a str>,
    pub role: Role,
    pub role_id: Option<Uuid>,
    pub extension: Option<&'a str>,
    pub modules: Modules,
    /// Which contact a client will be.
    pub contact: Option<ContactRef>,
    pub token: TokenHash,
    pub invited_by: UserId,
    pub expires_at: Timestamp,
}

/// Makes an invitation. A conflict on `invitations_open` means that there is an open one for this address.
pub async fn create(
    connection: &mut PgConnection,
    tenant: TenantId,
    new: &NewInvitation<'_>,
) -> Result<Uuid, StoreError> {
    sqlx::query!(
        "UPDATE invitations SET revoked_at = now()
          WHERE tenant_id = $1 AND email = lower($2) AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at <= now()",
        tenant.0,
        new.email
    )
    .execute(&mut *connection)
    .await?;
    let (individual, organization_contact) = portal_accounts::columns(new.contact);
    Ok(sqlx::query_scalar!(
        "INSERT INTO invitations (id, tenant_id, email, name, role, extension, module_individuals, module_organizations,
                                  module_tickets, module_numbers, token_hash, invited_by, expires_at, role_id, individual_id,
                                  organization_contact_id)
         VALUES ($1, $2, lower($3), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING id",
        Uuid::now_v7(),
        tenant.0,
        new.email,
        new.name,
        new.role.name(),
        new.extension,
        new.modules.individuals,
        new.modules.organizations,
        new.modules.tickets,
        new.modules.numbers,
        &new.token[..],
        new.invited_by.0,
        new.expires_at,
        new.role_id,
        individual,
        organization_contact,
    )
    .fetch_one(connection)
    .await?)
}

/// In the tenant's transaction.
pub async fn get(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<Invitation>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(CONTACT).push(", ").push(STATUS).push(" AS status").push(FROM);
    query.push_bind(tenant.0).push(" AND t.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// The same without a contact, for the platform role, which sees no directory: of an invitation that has none.
pub async fn get_of_staff(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<Invitation>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(
        ", NULL::uuid AS individual_id, NULL::uuid AS organization_contact_id, NULL::text AS contact_name, \
         NULL::uuid AS organization_id, NULL::text AS organization_name, ",
    );
    query.push(STATUS).push(" AS status FROM invitations t WHERE t.role <> 'client' AND t.tenant_id = ");
    query.push_bind(tenant.0).push(" AND t.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// Of one status, or all.
pub async fn list(
    connection: &mut PgConnection,
    tenant: TenantId,
    status: Option<&str>,
    window: &Window<Order>,
) -> Result<Slice<Invitation>, StoreError> {
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(FROM).push_bind(tenant.0);
        if let Some(status) = status {
            query.push(" AND ").push(STATUS).push(" = ").push_bind(status.to_owned());
        }
    };
    let columns = format!("{COLUMNS}{CONTACT}, {STATUS} AS status");
    listing::read_page(connection, &columns, from, window, listing::by_name).await
}

/// Withdraws an invitation that was not accepted; false when there is none to withdraw.
pub async fn revoke(connection: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE invitations SET revoked_at = now()
          WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL",
        tenant.0,
        id
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An open invitation, as far as it gives something.
#[derive(Clone, Debug)]
pub struct Open {
    pub id: Uuid,
    pub email: String,
    pub role: String,
    /// Of a role of the tenant's own; None = what `role` gives.
    pub permissions: Option<Vec<String>>,
}

/// The open invitations that somebody made.
pub async fn open_of(
    connection: &mut PgConnection,
    tenant: TenantId,
    inviter: UserId,
) -> Result<Vec<Open>, StoreError> {
    Ok(sqlx::query_as!(
        Open,
        r#"SELECT i.id, i.email, i.role, r.permissions AS "permissions?"
             FROM invitations i LEFT JOIN roles r ON r.tenant_id = i.tenant_id AND r.id = i.role_id
            WHERE i.tenant_id = $1 AND i.invited_by = $2 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
            ORDER BY i.id"#,
        tenant.0,
        inviter.0
    )
    .fetch_all(connection)
    .await?)
}

/// Gives an invitation that was neither accepted nor withdrawn a new link; the old one is good no more.
pub async fn renew(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    token: &TokenHash,
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE invitations SET token_hash = $3, expires_at = $4
          WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL",
        tenant.0,
        id,
        &token[..],
        expires_at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether an active member has this e-mail, and whether one has this extension.
pub async fn taken(
    connection: &mut PgConnection,
    tenant: TenantId,
    email: &str,
    extension: Option<&str>,
) -> Result<(bool, bool), StoreError> {
    let row = sqlx::query!(
        r#"SELECT EXISTS (SELECT FROM memberships m JOIN users u ON u.id = m.user_id
                           WHERE m.tenant_id = $1 AND m.is_active AND u.email = lower($2) AND u.deleted_at IS NULL) AS "email!",
                  EXISTS (SELECT FROM memberships WHERE tenant_id = $1 AND is_active AND extension = $3) AS "extension!""#,
        tenant.0,
        email,
        extension
    )
    .fetch_one(connection)
    .await?;
    Ok((row.email, row.extension))
}

/// What the holder of a link is told.
#[derive(Clone, Debug)]
pub struct Offer {
    pub id: Uuid,
    pub tenant: TenantId,
    pub tenant_name: String,
    pub email: String,
    pub name: Option<String>,
    pub role: String,
    /// Whether somebody has this e-mail already, and so accepts with their password.
    pub has_account: bool,
}

/// The open invitation behind a link. Runs as the platform role.
pub async fn offer(connection: &mut PgConnection, token: &TokenHash) -> Result<Option<Offer>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT i.id, i.tenant_id, t.name AS tenant_name, i.email, i.name, i.role,
                  EXISTS (SELECT FROM users u WHERE u.email = i.email AND u.deleted_at IS NULL) AS "has_account!"
             FROM invitations i JOIN tenants t ON t.id = i.tenant_id
            WHERE i.token_hash = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()"#,
        &token[..]
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Offer {
        id: row.id,
        tenant: TenantId(row.tenant_id),
        tenant_name: row.tenant_name,
        email: row.email,
        name: row.name,
        role: row.role,
        has_account: row.has_account,
    }))
}

/// How accepting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    Joined,
    /// The link was used, withdrawn or replaced meanwhile.
    Gone,
    /// They are an active member already.
    Member,
}

/// Uses the link up and makes the person a member, both or neither; of two that come at once, one wins. An extension
/// that somebody else got meanwhile is left out. Runs as the platform role, in the caller's transaction, which must
/// not be committed unless they joined.
pub async fn accept(
    connection: &mut PgConnection,
    token: &TokenHash,
    user: UserId,
) -> Result<Accepted, StoreError> {
    let used = sqlx::query_scalar!(
        "UPDATE invitations SET accepted_at = now(), accepted_by = $2
          WHERE token_hash = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > now() RETURNING id",
        &token[..],
        user.0
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(invitation) = used else { return Ok(Accepted::Gone) };
    let joined = sqlx::query!(
        "INSERT INTO memberships AS mine (id, tenant_id, user_id, role, role_id, extension, module_individuals, module_organizations, module_tickets, module_numbers,
                                          individual_id, organization_contact_id)
         SELECT $1, i.tenant_id, $2, i.role, i.role_id,
                CASE WHEN EXISTS (SELECT FROM memberships m WHERE m.tenant_id = i.tenant_id AND m.is_active
                                     AND m.extension = i.extension AND m.user_id <> $2) THEN NULL ELSE i.extension END,
                i.module_individuals, i.module_organizations, i.module_tickets, i.module_numbers, i.individual_id,
                i.organization_contact_id
           FROM invitations i WHERE i.id = $3
         ON CONFLICT (tenant_id, user_id) DO UPDATE
            SET role = excluded.role, role_id = excluded.role_id, extension = excluded.extension, is_active = true, version = mine.version + 1,
                module_individuals = excluded.module_individuals, module_organizations = excluded.module_organizations,
                module_tickets = excluded.module_tickets, module_numbers = excluded.module_numbers,
                individual_id = excluded.individual_id, organization_contact_id = excluded.organization_contact_id
          WHERE NOT mine.is_active",
        Uuid::now_v7(),
        user.0,
        invitation
    )
    .execute(connection)
    .await?;
    Ok(if joined.rows_affected() == 1 { Accepted::Joined } else { Accepted::Member })
}
