//! Teams and who is in them, in the tenant's transaction.

use sqlx::{PgConnection, Postgres, QueryBuilder};
use switchroom_core::{TenantId, UserId};
use uuid::Uuid;

use crate::{
    changed::Changed,
    db::{StoreError, Timestamp},
    listing::{self, Order, Slice, Window},
};

#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Team {
    pub id: Uuid,
    pub name: String,
    pub description: Option<String>,
    /// How many are in it.
    pub size: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

const COLUMNS: &str = "t.id, t.name, t.description, t.created_at, t.updated_at, t.version, \
     (SELECT count(*) FROM team_members m WHERE m.tenant_id = t.tenant_id AND m.team_id = t.id) AS size";
const FROM: &str = " FROM teams t WHERE t.deleted_at IS NULL AND t.tenant_id = ";

pub const BY_NAME: Order = Order::text("name", "lower(t.name)");

/// All, or with `of` only those that somebody is in.
pub async fn list(
    connection: &mut PgConnection,
    tenant: TenantId,
    of: Option<UserId>,
    q: Option<&str>,
    window: &Window<Order>,
) -> Result<Slice<Team>, StoreError> {
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(FROM).push_bind(tenant.0);
        if let Some(user) = of {
            query
                .push(" AND EXISTS (SELECT FROM team_members m WHERE m.tenant_id = t.tenant_id AND m.team_id = t.id AND m.user_id = ")
                .push_bind(user.0)
                .push(")");
        }
        if let Some(q) = q {
            query.push(" AND strpos(lower(t.name), lower(").push_bind(q.to_owned()).push(")) > 0");
        }
    };
    listing::read_page(connection, COLUMNS, from, window, listing::by_name).await
}

pub async fn get(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<Team>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(FROM).push_bind(tenant.0).push(" AND t.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// A conflict on `teams_name` means that there is one of this name.
pub async fn create(
    connection: &mut PgConnection,
    tenant: TenantId,
    name: &str,
    description: Option<&str>,
    by: UserId,
) -> Result<Uuid, StoreError> {
    Ok(sqlx::query_scalar!(
        "INSERT INTO teams (id, tenant_id, name, description, created_by) VALUES ($1, $2, $3, $4, $5) RETURNING id",
        Uuid::now_v7(),
        tenant.0,
        name,
        description,
        by.0
    )
    .fetch_one(connection)
    .await?)
}

pub async fn update(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    version: i64,
    name: &str,
    description: Option<&str>,
) -> Result<Changed<i64>, StoreError> {
    let changed = sqlx::query_scalar!(
        "UPDATE teams SET name = $4, description = $5, version = version + 1
          WHERE tenant_id = $1 AND id = $2 AND version = $3 AND deleted_at IS NULL RETURNING version",
        tenant.0,
        id,
        version,
        name,
        description
    )
    .fetch_optional(&mut *connection)
    .await?;
    match changed {
        Some(version) => Ok(Changed::Done(version)),
        None => Ok(Changed::refused(get(connection, tenant, id).await?.is_some())),
    }
}

/// Deletes a team; its members are in it no more.
pub async fn delete(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    by: UserId,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE teams SET deleted_at = now(), deleted_by = $3, version = version + 1 WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL",
        tenant.0,
        id,
        by.0
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("DELETE FROM team_members WHERE tenant_id = $1 AND team_id = $2", tenant.0, id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Somebody in a team.
#[derive(Clone, Debug)]
pub struct InTeam {
    pub user_id: Uuid,
    pub name: String,
    pub email: String,
    pub is_lead: bool,
    pub is_active: bool,
    pub joined_at: Timestamp,
}

/// Leads first, then by name.
pub async fn members(
    connection: &mut PgConnection,
    tenant: TenantId,
    team: Uuid,
) -> Result<Vec<InTeam>, StoreError> {
    Ok(sqlx::query_as!(
        InTeam,
        r#"SELECT t.user_id, u.name, u.email, t.is_lead, m.is_active AND u.is_active AS "is_active!", t.joined_at
             FROM team_members t JOIN users u ON u.id = t.user_id
             JOIN memberships m ON m.tenant_id = t.tenant_id AND m.user_id = t.user_id
            WHERE t.tenant_id = $1 AND t.team_id = $2 AND u.deleted_at IS NULL
            ORDER BY t.is_lead DESC, lower(u.name), u.id LIMIT 1000"#,
        tenant.0,
        team
    )
    .fetch_all(connection)
    .await?)
}

/// Puts somebody into a team, or makes them a lead of it or not. Nothing is written where it is so already.
pub async fn put(
    connection: &mut PgConnection,
    tenant: TenantId,
    team: Uuid,
    user: UserId,
    is_lead: bool,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO team_members AS mine (tenant_id, team_id, user_id, is_lead) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, team_id, user_id) DO UPDATE SET is_lead = excluded.is_lead WHERE mine.is_lead <> excluded.is_lead",
        tenant.0,
        team,
        user.0,
        is_lead
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn take_out(
    connection: &mut PgConnection,
    tenant: TenantId,
    team: Uuid,
    user: UserId,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM team_members WHERE tenant_id = $1 AND team_id = $2 AND user_id = $3",
        tenant.0,
        team,
        user.0
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An internal number and whose it is.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Extension {
    pub extension: String,
    pub user_id: Uuid,
    pub name: String,
    pub sip_uri: Option<String>,
}

/// As in a telephone book: short ones first. They have 2 to 6 digits.
pub const BY_EXTENSION: Order = Order::text("extension", "(length(m.extension)::text || m.extension)");

/// The internal numbers in force.
pub async fn extensions(
    connection: &mut PgConnection,
    tenant: TenantId,
    window: &Window<Order>,
) -> Result<Slice<Extension>, StoreError> {
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(
            " FROM memberships m JOIN users t ON t.id = m.user_id
              WHERE m.is_active AND t.is_active AND t.deleted_at IS NULL AND m.extension IS NOT NULL AND m.tenant_id = ",
        );
        query.push_bind(tenant.0);
    };
    let columns = "m.extension, m.user_id, t.name, m.sip_uri";
    listing::read_page(connection, columns, from, window, listing::by_name).await
}
