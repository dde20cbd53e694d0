//! Roles of a tenant's own, in the tenant's transaction.

use sqlx::{AssertSqlSafe, PgConnection};
use switchroom_core::{Grants, Role, TenantId, UserId};
use uuid::Uuid;

use crate::{
    changed::Changed,
    db::{StoreError, Timestamp},
};

#[derive(Clone, Debug, PartialEq)]
pub struct OwnRole {
    pub id: Uuid,
    pub name: String,
    pub description: Option<String>,
    pub base: String,
    pub permissions: Vec<String>,
    /// How many members have it.
    pub members: i64,
    pub created_at: Timestamp,
    pub version: i64,
}

/// What a role shall be.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub name: &'a str,
    pub description: Option<&'a str>,
    pub base: Role,
    pub permissions: Grants,
}

impl Wanted<'_> {
    fn names(&self) -> Vec<String> {
        self.permissions.names().into_iter().map(str::to_owned).collect()
    }
}

/// A conflict on `roles_name` means that there is one of this name.
pub async fn create(
    connection: &mut PgConnection,
    tenant: TenantId,
    wanted: &Wanted<'_>,
    by: UserId,
) -> Result<Uuid, StoreError> {
    Ok(sqlx::query_scalar!(
        "INSERT INTO roles (id, tenant_id, name, description, base, permissions, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        Uuid::now_v7(),
        tenant.0,
        wanted.name,
        wanted.description,
        wanted.base.name(),
        &wanted.names(),
        by.0
    )
    .fetch_one(connection)
    .await?)
}

pub async fn get(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<OwnRole>, StoreError> {
    Ok(sqlx::query_as!(
        OwnRole,
        r#"SELECT id, name, description, base, permissions, created_at, version,
                  (SELECT count(*) FROM memberships m WHERE m.tenant_id = r.tenant_id AND m.role_id = r.id) AS "members!"
             FROM roles r WHERE tenant_id = $1 AND id = $2"#,
        tenant.0,
        id
    )
    .fetch_optional(connection)
    .await?)
}

/// By name. A tenant has a handful.
pub async fn list(connection: &mut PgConnection, tenant: TenantId) -> Result<Vec<OwnRole>, StoreError> {
    Ok(sqlx::query_as!(
        OwnRole,
        r#"SELECT id, name, description, base, permissions, created_at, version,
                  (SELECT count(*) FROM memberships m WHERE m.tenant_id = r.tenant_id AND m.role_id = r.id) AS "members!"
             FROM roles r WHERE tenant_id = $1 ORDER BY lower(name), id"#,
        tenant.0
    )
    .fetch_all(connection)
    .await?)
}

/// How many roles a tenant has.
pub async fn count(connection: &mut PgConnection, tenant: TenantId) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM roles WHERE tenant_id = $1"#, tenant.0)
        .fetch_one(connection)
        .await?)
}

/// Changes the role that still has this version. Who has it follows: their base with it; and who is no client any more is
/// nobody's contact.
pub async fn update(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    version: i64,
    wanted: &Wanted<'_>,
) -> Result<Changed<i64>, StoreError> {
    if wanted.base != Role::Client {
        for table in ["invitations", "memberships"] {
            sqlx::query(AssertSqlSafe(format!(
                "UPDATE {table} SET individual_id = NULL, organization_contact_id = NULL
                  WHERE tenant_id = $1 AND role_id = $2 AND num_nonnulls(individual_id, organization_contact_id) > 0
                    AND EXISTS (SELECT FROM roles r WHERE r.tenant_id = $1 AND r.id = $2 AND r.version = $3)"
            )))
            .bind(tenant.0)
            .bind(id)
            .bind(version)
            .execute(&mut *connection)
            .await?;
        }
    }
    let changed = sqlx::query_scalar!(
        "UPDATE roles SET name = $4, description = $5, base = $6, permissions = $7, version = version + 1
          WHERE tenant_id = $1 AND id = $2 AND version = $3 RETURNING version",
        tenant.0,
        id,
        version,
        wanted.name,
        wanted.description,
        wanted.base.name(),
        &wanted.names()
    )
    .fetch_optional(&mut *connection)
    .await?;
    match changed {
        Some(version) => Ok(Changed::Done(version)),
        None => Ok(Changed::refused(get(connection, tenant, id).await?.is_some())),
    }
}

/// How deleting a role ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    Done,
    Absent,
    /// Somebody has it, or was invited to it.
    InUse,
}

/// Deletes a role that nobody has. Invitations that are over do not hold it.
pub async fn delete(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Deleted, StoreError> {
    sqlx::query!(
        "UPDATE invitations SET role_id = NULL
          WHERE tenant_id = $1 AND role_id = $2 AND (accepted_at IS NOT NULL OR revoked_at IS NOT NULL OR expires_at <= now())",
        tenant.0,
        id
    )
    .execute(&mut *connection)
    .await?;
    match sqlx::query!("DELETE FROM roles WHERE tenant_id = $1 AND id = $2", tenant.0, id)
        .execute(connection)
        .await
        .map_err(StoreError::from)
    {
        Ok(done) if done.rows_affected() == 1 => Ok(Deleted::Done),
        Ok(_) => Ok(Deleted::Absent),
        Err(StoreError::Reference { .. }) => Ok(Deleted::InUse),
        Err(error) => Err(error),
    }
}

/// Who has the role.
pub async fn holders(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Vec<UserId>, StoreError> {
    let holders = sqlx::query_scalar!(
        "SELECT user_id FROM memberships WHERE tenant_id = $1 AND role_id = $2 AND is_active ORDER BY user_id",
        tenant.0,
        id
    )
    .fetch_all(connection)
    .await?;
    Ok(holders.into_iter().map(UserId).collect())
}

/// The live sessions and tokens of everybody who has the role.
pub async fn sign_ins(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Vec<(UserId, Uuid)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT m.user_id AS "user_id!", s.id AS "id!" FROM memberships m
             JOIN (SELECT id, user_id, tenant_id FROM sessions WHERE ended_at IS NULL AND refresh_expires_at > now()
                    UNION ALL
                   SELECT id, user_id, tenant_id FROM api_tokens WHERE revoked_at IS NULL) s
               ON s.tenant_id = m.tenant_id AND s.user_id = m.user_id
            WHERE m.tenant_id = $1 AND m.role_id = $2"#,
        tenant.0,
        id
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (UserId(row.user_id), row.id)).collect())
}
