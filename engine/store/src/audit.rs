//! Who did what, from where. Append-only.

use std::sync::Arc;

use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use switchroom_core::{TenantId, UserId};
use uuid::Uuid;

use crate::{
    db::{StoreError, Timestamp},
    listing::{self, Order, Slice, Window},
    origin::{self, Origin},
};

/// One act. `detail` must hold no secret and no caller's number.
#[derive(Clone, Debug, Default)]
pub struct Entry<'a> {
    pub tenant: Option<TenantId>,
    pub actor: Option<UserId>,
    /// `noun.verb` in the past tense: `session.started`, `connection.created`.
    pub action: &'a str,
    /// What it is about. An id at its end ("individual 0199…") makes the line one about that object.
    pub subject: Option<&'a str>,
    pub detail: Option<Value>,
    pub address: Option<&'a str>,
}

fn object(subject: &str) -> Option<Uuid> {
    Uuid::parse_str(subject.rsplit(' ').next()?).ok()
}

/// Works in a tenant's transaction and with the sign-in and platform roles.
pub async fn record(connection: &mut PgConnection, entry: &Entry<'_>) -> Result<(), StoreError> {
    record_change(connection, entry, None, None).await
}

/// As [`record`], with the changed fields as they were and as they are.
///
/// Most changes are noted by the database itself (migration 0030); this is for those that have more to say.
pub async fn record_change(
    connection: &mut PgConnection,
    entry: &Entry<'_>,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<(), StoreError> {
    let origin = origin::current().unwrap_or_default();
    sqlx::query!(
        "INSERT INTO audit_log (id, tenant_id, actor_id, action, subject, object_kind, object_id, before, after, detail, address, request_id, via)
         VALUES ($1, $2, $3, $4, $5, split_part($4, '.', 1), $6, $7, $8, $9, $10, $11, $12)",
        Uuid::now_v7(),
        entry.tenant.map(|id| id.0),
        entry.actor.map(|id| id.0),
        entry.action,
        entry.subject,
        entry.subject.and_then(object),
        before,
        after,
        entry.detail.clone().unwrap_or_else(|| Value::Object(serde_json::Map::new())),
        entry.address,
        origin.request,
        origin.via,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A read or look-up of personal data, kept aside until it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    pub id: Uuid,
    pub at: Timestamp,
    pub tenant: Option<TenantId>,
    pub action: String,
    pub subject: Option<String>,
    pub detail: Value,
    pub origin: Arc<Origin>,
}

/// Writes several at once; those that are there already are left as they are, so that a batch may be tried again. Runs
/// as the platform role, since a batch spans tenants.
pub async fn record_reads(connection: &mut PgConnection, reads: &[Read]) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = reads.iter().map(|read| read.id).collect();
    let at: Vec<Timestamp> = reads.iter().map(|read| read.at).collect();
    let tenants: Vec<Option<Uuid>> = reads.iter().map(|read| read.tenant.map(|id| id.0)).collect();
    let actors: Vec<Option<Uuid>> = reads.iter().map(|read| read.origin.actor).collect();
    let actions: Vec<String> = reads.iter().map(|read| read.action.clone()).collect();
    let subjects: Vec<Option<String>> = reads.iter().map(|read| read.subject.clone()).collect();
    let objects: Vec<Option<Uuid>> =
        reads.iter().map(|read| read.subject.as_deref().and_then(object)).collect();
    let details: Vec<Value> = reads.iter().map(|read| read.detail.clone()).collect();
    let addresses: Vec<Option<String>> = reads.iter().map(|read| read.origin.address.clone()).collect();
    let requests: Vec<Option<String>> = reads.iter().map(|read| read.origin.request.clone()).collect();
    let via: Vec<Option<String>> = reads.iter().map(|read| read.origin.via.clone()).collect();
    sqlx::query!(
        "INSERT INTO audit_log (id, created_at, tenant_id, actor_id, action, subject, object_kind, object_id, detail, address, request_id, via)
         SELECT id, at, tenant, actor, action, subject, split_part(action, '.', 1), object, detail, address, request, via
           FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::uuid[], $8::jsonb[],
                       $9::text[], $10::text[], $11::text[])
             AS r(id, at, tenant, actor, action, subject, object, detail, address, request, via)
         ON CONFLICT DO NOTHING",
        &ids,
        &at,
        &tenants as &[Option<Uuid>],
        &actors as &[Option<Uuid>],
        &actions,
        &subjects as &[Option<String>],
        &objects as &[Option<Uuid>],
        &details,
        &addresses as &[Option<String>],
        &requests as &[Option<String>],
        &via as &[Option<String>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Record {
    pub id: Uuid,
    /// Null where the line belongs to none.
    pub tenant_id: Option<Uuid>,
    pub tenant_name: Option<String>,
    pub actor_id: Option<Uuid>,
    /// Null for somebody who is no member (the platform admin).
    pub actor_name: Option<String>,
    pub action: String,
    pub subject: Option<String>,
    pub object_kind: Option<String>,
    pub object_id: Option<Uuid>,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub detail: Value,
    pub address: Option<String>,
    pub request_id: Option<String>,
    pub via: Option<String>,
    pub created_at: Timestamp,
}

const COLUMNS: &str = "t.id, t.tenant_id, n.name AS tenant_name, t.actor_id, u.name AS actor_name, t.action, t.subject, t.object_kind, t.object_id, t.before, \
     t.after, t.detail, t.address, t.request_id, t.via, t.created_at";
const FROM: &str = " FROM audit_log t LEFT JOIN users u ON u.id = t.actor_id LEFT JOIN tenants n ON n.id = t.tenant_id WHERE ";

#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub actor: Option<Uuid>,
    /// A whole action, or a noun with `.*` behind it; several of them with commas between.
    pub action: Option<String>,
    pub subject: Option<String>,
    pub object_kind: Option<String>,
    pub object_id: Option<Uuid>,
    pub address: Option<String>,
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
}

/// Whose lines are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A tenant's, in its transaction.
    Tenant(TenantId),
    /// Those of no tenant, and what platform admins did about tenants and in them; in a transaction of the platform role.
    Platform,
}

pub(crate) fn push_scope(query: &mut QueryBuilder<Postgres>, scope: Scope) {
    match scope {
        Scope::Tenant(tenant) => query.push("t.tenant_id = ").push_bind(tenant.0),
        // As the index `audit_log_platform` has it.
        Scope::Platform => query.push("(t.tenant_id IS NULL OR t.object_kind IN ('tenant', 'platform'))"),
    };
}

/// In a transaction, whose later statements are planned for their values too.
pub async fn list(
    connection: &mut PgConnection,
    scope: Scope,
    filter: &Filter,
    window: &Window<Order>,
) -> Result<Slice<Record>, StoreError> {
    listing::plan_for_values(connection).await?;
    let from = |query: &mut QueryBuilder<Postgres>| {
        push_scope(query.push(FROM), scope);
        push_filter(query, filter);
    };
    listing::read_page(connection, COLUMNS, from, window, listing::by_name).await
}

/// Whether there is such a person: for a tenant's transaction, among its members.
pub async fn knows(connection: &mut PgConnection, user: UserId) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM users WHERE id = $1) AS "knows!""#, user.0)
        .fetch_one(connection)
        .await?)
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    if let Some(actor) = filter.actor {
        query.push(" AND t.actor_id = ").push_bind(actor);
    }
    if let Some(actions) = &filter.action {
        let (mut nouns, mut whole) = (Vec::new(), Vec::new());
        for action in actions.split(',').map(str::trim) {
            match action.strip_suffix(".*") {
                Some(noun) => nouns.push(noun.to_owned()),
                None => whole.push(action.to_owned()),
            }
        }
        query
            .push(" AND (t.action = ANY (")
            .push_bind(whole)
            .push(") OR split_part(t.action, '.', 1) = ANY (")
            .push_bind(nouns)
            .push("))");
    }
    if let Some(subject) = &filter.subject {
        query.push(" AND t.subject = ").push_bind(subject.clone());
    }
    if let Some(kind) = &filter.object_kind {
        query.push(" AND t.object_kind = ").push_bind(kind.clone());
    }
    if let Some(id) = filter.object_id {
        query.push(" AND t.object_id = ").push_bind(id);
    }
    if let Some(address) = &filter.address {
        query.push(" AND t.address = ").push_bind(address.clone());
    }
    if let Some(at) = filter.created_after {
        query.push(" AND t.created_at > ").push_bind(at);
    }
    if let Some(at) = filter.created_before {
        query.push(" AND t.created_at < ").push_bind(at);
    }
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

/// Sign-ins, failures, ended sessions and changed passwords of one person.
pub async fn history(
    connection: &mut PgConnection,
    user: UserId,
    view: History,
    window: &Window<Order>,
) -> Result<Slice<Record>, StoreError> {
    let from = |query: &mut QueryBuilder<Postgres>| {
        query
            .push(FROM)
            .push("(t.action LIKE 'session.%' OR t.action LIKE 'password.%' OR t.action LIKE 'second_factor.%' OR t.action LIKE 'device.%' OR t.action LIKE 'account.%')")
            .push(" AND t.actor_id = ")
            .push_bind(user.0);
        match view {
            History::Own(tenant) => {
                query
                    .push(" AND (t.action IN ('session.started', 'session.ended', 'session.refresh_reused') OR t.tenant_id IS NULL OR t.tenant_id = ")
                    .push_bind(tenant.map(|tenant| tenant.0))
                    .push(")");
            }
            History::Tenant(tenant) => {
                query.push(" AND t.tenant_id = ").push_bind(tenant.0);
            }
        }
    };
    listing::read_page(connection, COLUMNS, from, window, listing::by_name).await
}
