//! Who did what, from where. Append-only.

use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use switchroom_core::{TenantId, UserId};
use uuid::Uuid;

use crate::db::{StoreError, Timestamp};

/// One act. `detail` must hold no secret and no caller's number.
#[derive(Clone, Debug, Default)]
pub struct Entry<'a> {
    pub tenant: Option<TenantId>,
    pub actor: Option<UserId>,
    /// `noun.verb` in the past tense: `session.started`, `connection.created`.
    pub action: &'a str,
    pub subject: Option<&'a str>,
    pub detail: Option<Value>,
    pub address: Option<&'a str>,
}

/// Works in a tenant's transaction and with the sign-in and platform roles.
pub async fn record(connection: &mut PgConnection, entry: &Entry<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO audit_log (id, tenant_id, actor_id, action, subject, detail, address) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        Uuid::now_v7(),
        entry.tenant.map(|id| id.0),
        entry.actor.map(|id| id.0),
        entry.action,
        entry.subject,
        entry.detail.clone().unwrap_or_else(|| Value::Object(serde_json::Map::new())),
        entry.address,
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Record {
    pub id: Uuid,
    pub actor_id: Option<Uuid>,
    pub action: String,
    pub subject: Option<String>,
    pub detail: Value,
    pub address: Option<String>,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub actor: Option<Uuid>,
    pub action: Option<String>,
    pub subject: Option<String>,
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
}

/// Newest first.
pub async fn list(
    connection: &mut PgConnection,
    tenant: TenantId,
    filter: &Filter,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new(
        "SELECT id, actor_id, action, subject, detail, address, created_at FROM audit_log WHERE tenant_id = ",
    );
    query.push_bind(tenant.0);
    if let Some(actor) = filter.actor {
        query.push(" AND actor_id = ").push_bind(actor);
    }
    if let Some(action) = &filter.action {
        query.push(" AND action = ").push_bind(action);
    }
    if let Some(subject) = &filter.subject {
        query.push(" AND subject = ").push_bind(subject);
    }
    if let Some(at) = filter.created_after {
        query.push(" AND created_at > ").push_bind(at);
    }
    if let Some(at) = filter.created_before {
        query.push(" AND created_at < ").push_bind(at);
    }
    if let Some((at, id)) = after {
        query.push(" AND (created_at, id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(connection).await?)
}

/// Whose view of a person's account history it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// The person's own: sign-ins wherever they were; what is told to every tenant of theirs (failures, changed
    /// passwords) once, as this tenant was told. Runs as the sign-in role.
    Own(Option<TenantId>),
    /// What a tenant may know of its member, in the tenant's transaction.
    Tenant(TenantId),
}

/// Sign-ins, failures, ended sessions and changed passwords of one person, newest first.
pub async fn history(
    connection: &mut PgConnection,
    user: UserId,
    view: History,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new(
        "SELECT id, actor_id, action, subject, detail, address, created_at FROM audit_log
          WHERE (action LIKE 'session.%' OR action LIKE 'password.%') AND actor_id = ",
    );
    query.push_bind(user.0);
    match view {
        History::Own(tenant) => {
            query
                .push(" AND (action IN ('session.started', 'session.ended', 'session.refresh_reused') OR tenant_id IS NULL OR tenant_id = ")
                .push_bind(tenant.map(|tenant| tenant.0))
                .push(")");
        }
        History::Tenant(tenant) => {
            query.push(" AND tenant_id = ").push_bind(tenant.0);
        }
    }
    if let Some((at, id)) = after {
        query.push(" AND (created_at, id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(connection).await?)
}
