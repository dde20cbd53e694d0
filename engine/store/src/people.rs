//! Members of a tenant as their administrators see and change them, in the tenant's transaction.

use serde_json::{Map, Value};
use sqlx::{PgConnection, types::Json};
use switchroom_core::{Role, TenantId, UserId, directory::ContactRef};
use uuid::Uuid;

use crate::{
    db::{StoreError, Timestamp},
    portal_accounts::{self, Party},
};

#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub role: String,
    /// A role of the tenant's own, whose base is `role`.
    pub role_id: Option<Uuid>,
    pub role_name: Option<String>,
    pub extension: Option<String>,
    pub sip_uri: Option<String>,
    pub module_individuals: bool,
    pub module_organizations: bool,
    pub module_tickets: bool,
    pub module_numbers: bool,
    pub is_active: bool,
    /// What the tenant notes down about them for its own programs.
    pub metadata: Json<Map<String, Value>>,
    pub version: i64,
    /// When they became a member.
    pub created_at: Timestamp,
    /// When what they are here was changed last.
    pub updated_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
    /// Which contact a client is: one of the two, or neither.
    pub individual_id: Option<Uuid>,
    pub organization_contact_id: Option<Uuid>,
    pub contact_name: Option<String>,
    pub organization_id: Option<Uuid>,
    pub organization_name: Option<String>,
}

impl Person {
    pub fn contact(&self) -> Option<ContactRef> {
        portal_accounts::reference(self.individual_id, self.organization_contact_id)
    }

    /// What [`store`] writes; the names beside it are those of the contact that was read.
    pub fn set_contact(&mut self, contact: Option<ContactRef>) {
        (self.individual_id, self.organization_contact_id) = portal_accounts::columns(contact);
    }

    /// The contact as it is shown.
    pub fn party(&self) -> Option<Party> {
        Some(Party {
            contact: self.contact()?,
            name: self.contact_name.clone()?,
            organization: self.organization_id.zip(self.organization_name.clone()),
        })
    }
}

pub async fn get(
    connection: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<Person>, StoreError> {
    Ok(sqlx::query_as!(
        Person,
        r#"SELECT u.id, u.email, u.name, m.role, m.role_id, r.name AS "role_name?", m.extension, m.sip_uri, m.module_individuals, m.module_organizations,
                  m.module_tickets, m.module_numbers, m.is_active, m.metadata AS "metadata: Json<Map<String, Value>>", m.version,
                  m.created_at, m.updated_at,
                  (SELECT max(s.last_seen_at) FROM sessions s WHERE s.user_id = u.id AND s.tenant_id = m.tenant_id) AS last_seen_at,
                  m.individual_id, m.organization_contact_id, coalesce(i.full_name, c.full_name) AS contact_name,
                  o.id AS "organization_id?", o.name AS "organization_name?"
             FROM memberships m JOIN users u ON u.id = m.user_id
             LEFT JOIN roles r ON r.tenant_id = m.tenant_id AND r.id = m.role_id
             LEFT JOIN individuals i ON i.tenant_id = m.tenant_id AND i.id = m.individual_id
             LEFT JOIN organization_contacts c ON c.tenant_id = m.tenant_id AND c.id = m.organization_contact_id
             LEFT JOIN organizations o ON o.tenant_id = c.tenant_id AND o.id = c.organization_id
            WHERE m.tenant_id = $1 AND m.user_id = $2 AND u.deleted_at IS NULL"#,
        tenant.0,
        user.0
    )
    .fetch_optional(connection)
    .await?)
}

/// Holds the member and all owners until the transaction ends, so that two who remove the last two owners at once do
/// not both find another one; tells whether there is another active owner.
pub async fn hold_with_owners(
    connection: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<bool, StoreError> {
    sqlx::query!(
        "SELECT id FROM memberships WHERE tenant_id = $1 AND (user_id = $2 OR role = 'org_owner') ORDER BY id FOR UPDATE",
        tenant.0,
        user.0
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM memberships m JOIN users u ON u.id = m.user_id
                           WHERE m.tenant_id = $1 AND m.user_id <> $2 AND m.role = 'org_owner' AND m.is_active
                             AND u.is_active AND u.deleted_at IS NULL) AS "other!""#,
        tenant.0,
        user.0
    )
    .fetch_one(connection)
    .await?)
}

/// Stores a member that was read in this transaction, with the role given; the new version. A conflict on
/// `memberships_extension` means that an active member has the extension.
pub async fn store(
    connection: &mut PgConnection,
    tenant: TenantId,
    person: &Person,
    role: Role,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        "UPDATE memberships SET role = $3, extension = $4, sip_uri = $5, module_individuals = $6, module_organizations = $7,
                module_tickets = $8, module_numbers = $9, is_active = $10, role_id = $11, individual_id = $12,
                organization_contact_id = $13, metadata = $14, version = version + 1
          WHERE tenant_id = $1 AND user_id = $2 RETURNING version",
        tenant.0,
        person.id,
        role.name(),
        person.extension,
        person.sip_uri,
        person.module_individuals,
        person.module_organizations,
        person.module_tickets,
        person.module_numbers,
        person.is_active,
        person.role_id,
        person.individual_id,
        person.organization_contact_id,
        &person.metadata as _,
    )
    .fetch_one(connection)
    .await?)
}

/// A tenant that somebody is an active member of.
#[derive(Clone, Debug)]
pub struct Seat {
    pub tenant: Uuid,
    pub slug: String,
    pub name: String,
    pub role: String,
    pub suspended: bool,
}

/// Where a person is an active member, oldest first. Runs as the sign-in role.
pub async fn seats(connection: &mut PgConnection, user: UserId) -> Result<Vec<Seat>, StoreError> {
    Ok(sqlx::query_as!(
        Seat,
        r#"SELECT t.id AS tenant, t.slug, t.name, m.role, t.suspended_at IS NOT NULL AS "suspended!"
             FROM memberships m JOIN tenants t ON t.id = m.tenant_id
            WHERE m.user_id = $1 AND m.is_active ORDER BY m.created_at, m.id"#,
        user.0
    )
    .fetch_all(connection)
    .await?)
}

/// Whether somebody is an active member anywhere else. Runs as the sign-in role.
pub async fn is_elsewhere(
    connection: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM memberships WHERE user_id = $2 AND tenant_id <> $1 AND is_active)
               OR EXISTS (SELECT FROM users WHERE id = $2 AND is_platform_admin) AS "elsewhere!""#,
        tenant.0,
        user.0
    )
    .fetch_one(connection)
    .await?)
}
