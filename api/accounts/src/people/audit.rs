//! `/audit`, `/audit/export`, `/audit/me` and `/audit/user/{id}`: who did what in the tenant; to the platform admin who acts
//! for none, what belongs to none, and what platform admins did about tenants and in them.

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::Response,
};
use chrono::{DateTime, SecondsFormat, Utc};
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgConnection;
use switchroom_api_base::{
    Json,
    auth::Actor,
    list::{Filter, ListQuery, Page},
    problem::Problem,
    reply::Params,
    sheet,
    state::AppState,
};
use switchroom_core::UserId;
use switchroom_store::{
    Database, StoreError,
    audit::{self, Scope},
    listing::{CREATED_AT, Order, Position, Slice, Window},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// Rows fetched at once for an export.
const STRIDE: u32 = 1000;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(export_csv))
        .routes(routes!(own))
        .routes(routes!(of_user))
}

#[derive(Serialize, ToSchema)]
struct AuditRecord {
    id: Uuid,
    /// Null where the line belongs to none.
    tenant_id: Option<Uuid>,
    #[schema(example = "Demo")]
    tenant_name: Option<String>,
    /// Null where nobody was signed in, and where the program acts by itself.
    actor_id: Option<Uuid>,
    /// Null for somebody who is no member, such as the platform admin.
    #[schema(example = "Ada Lovelace")]
    actor_name: Option<String>,
    /// `noun.verb`.
    #[schema(example = "individual.changed")]
    action: String,
    /// What it was done to, as a word or an id.
    subject: Option<String>,
    #[schema(example = "individual")]
    object_kind: Option<String>,
    object_id: Option<Uuid>,
    /// The changed fields as they were; null for something new, and where nothing was changed.
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// The changed fields as they are since; null for something deleted, and where nothing was changed.
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
    /// What else there is to say: the filter of a list, why a sign-in ended.
    #[schema(value_type = Object)]
    detail: Value,
    /// Where the request came from.
    #[schema(example = "192.0.2.1")]
    address: Option<String>,
    /// As in the answer's `X-Request-Id`.
    request_id: Option<String>,
    /// Method and route of the request.
    #[schema(example = "PATCH /api/v1/individuals/{id}")]
    via: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<audit::Record> for AuditRecord {
    fn from(record: audit::Record) -> Self {
        Self {
            id: record.id,
            tenant_id: record.tenant_id,
            tenant_name: record.tenant_name,
            actor_id: record.actor_id,
            actor_name: record.actor_name,
            action: record.action,
            subject: record.subject,
            object_kind: record.object_kind,
            object_id: record.object_id,
            before: record.before,
            after: record.after,
            detail: record.detail,
            address: record.address,
            request_id: record.request_id,
            via: record.via,
            created_at: record.created_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditFilter {
    /// Who did it.
    actor_id: Option<Uuid>,
    /// A whole action (`session.refused`), or all of a noun (`session.*`); several with commas between.
    action: Option<String>,
    subject: Option<String>,
    /// `individual`, `ticket`, `user` …
    object_kind: Option<String>,
    object_id: Option<Uuid>,
    /// Where the request came from, exactly.
    address: Option<String>,
    created_after: Option<DateTime<Utc>>,
    created_before: Option<DateTime<Utc>>,
}

impl From<AuditFilter> for audit::Filter {
    fn from(filter: AuditFilter) -> Self {
        Self {
            actor: filter.actor_id,
            action: filter.action,
            subject: filter.subject,
            object_kind: filter.object_kind,
            object_id: filter.object_id,
            address: filter.address,
            created_after: filter.created_after,
            created_before: filter.created_before,
        }
    }
}

/// Whose lines somebody looks at: their tenant's; without one, the platform admin's.
pub(super) fn scope(actor: &Actor) -> Result<Scope, Problem> {
    match actor.in_tenant() {
        Some(caller) => Ok(Scope::Tenant(caller.tenant)),
        None if actor.0.platform => Ok(Scope::Platform),
        None => Err(Problem::forbidden()),
    }
}

/// A page of lines; `of` = only where there is such a person.
async fn page(
    db: &Database,
    scope: Scope,
    of: Option<UserId>,
    filter: &audit::Filter,
    window: &Window<Order>,
) -> Result<Option<Slice<audit::Record>>, StoreError> {
    match scope {
        Scope::Tenant(tenant) => {
            let mut tx = db.tenant(tenant).await?;
            let found = known(&mut tx, scope, of, filter, window).await?;
            tx.commit().await?;
            Ok(found)
        }
        Scope::Platform => {
            let mut tx = db.platform().begin().await?;
            let found = known(&mut tx, scope, of, filter, window).await?;
            tx.commit().await?;
            Ok(found)
        }
    }
}

async fn known(
    connection: &mut PgConnection,
    scope: Scope,
    of: Option<UserId>,
    filter: &audit::Filter,
    window: &Window<Order>,
) -> Result<Option<Slice<audit::Record>>, StoreError> {
    if let Some(user) = of
        && !audit::knows(connection, user).await?
    {
        return Ok(None);
    }
    audit::list(connection, scope, filter, window).await.map(Some)
}

/// The audit log
///
/// Sign-ins and failures, changes with what was before and after, reads and look-ups of personal data, what a platform
/// admin did here. Secrets are never in it. A platform admin who acts for no tenant sees what belongs to none, such as
/// failed sign-ins of nobody known, and what platform admins did about tenants and in them.
#[utoipa::path(get, path = "/api/v1/audit", tag = "people", operation_id = "list_audit", params(ListQuery, AuditFilter),
    responses((status = 200, description = "Newest first unless `sort=created_at`", body = Page<AuditRecord>)))]
async fn list(
    State(state): State<AppState>,
    actor: Actor,
    list: ListQuery,
    Filter(filter): Filter<AuditFilter>,
) -> Result<Json<Page<AuditRecord>>, Problem> {
    let (scope, window) = (scope(&actor)?, list.window(&[CREATED_AT], true)?);
    state.reads.settled().await;
    let found = page(&state.db, scope, None, &filter.into(), &window).await?.ok_or_else(Problem::internal)?;
    Ok(Json(Page::of(&window, found).map(AuditRecord::from)))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PersonFilter {
    /// A whole action (`session.refused`), or all of a noun (`session.*`); several with commas between.
    action: Option<String>,
    /// `individual`, `ticket`, `user` …
    object_kind: Option<String>,
    object_id: Option<Uuid>,
    created_after: Option<DateTime<Utc>>,
    created_before: Option<DateTime<Utc>>,
}

impl PersonFilter {
    fn of(self, user: UserId) -> audit::Filter {
        audit::Filter {
            actor: Some(user.0),
            action: self.action,
            subject: None,
            object_kind: self.object_kind,
            object_id: self.object_id,
            address: None,
            created_after: self.created_after,
            created_before: self.created_before,
        }
    }
}

/// What I did
///
/// One's own lines in this tenant. `before` and `after` are left out: what one changed once one may not read any more.
#[utoipa::path(get, path = "/api/v1/audit/me", tag = "people", operation_id = "list_own_audit", params(ListQuery, PersonFilter),
    responses((status = 200, description = "Newest first unless `sort=created_at`", body = Page<AuditRecord>)))]
async fn own(
    State(state): State<AppState>,
    actor: Actor,
    list: ListQuery,
    Filter(filter): Filter<PersonFilter>,
) -> Result<Json<Page<AuditRecord>>, Problem> {
    let (scope, window) = (scope(&actor)?, list.window(&[CREATED_AT], true)?);
    state.reads.settled().await;
    let filter = filter.of(actor.0.user_id);
    let found = page(&state.db, scope, None, &filter, &window).await?.ok_or_else(Problem::internal)?;
    Ok(Json(Page::of(&window, found).map(|record| AuditRecord {
        before: None,
        after: None,
        ..record.into()
    })))
}

/// What somebody did
///
/// A member's lines in this tenant; to a platform admin who acts for none, anybody's among those they see.
#[utoipa::path(get, path = "/api/v1/audit/user/{id}", tag = "people", operation_id = "list_audit_of_user", params(("id" = Uuid, Path), ListQuery, PersonFilter),
    responses((status = 200, description = "Newest first unless `sort=created_at`", body = Page<AuditRecord>)))]
async fn of_user(
    State(state): State<AppState>,
    actor: Actor,
    Params(id): Params<Uuid>,
    list: ListQuery,
    Filter(filter): Filter<PersonFilter>,
) -> Result<Json<Page<AuditRecord>>, Problem> {
    let (scope, window) = (scope(&actor)?, list.window(&[CREATED_AT], true)?);
    state.reads.settled().await;
    let user = UserId(id);
    let found = page(&state.db, scope, Some(user), &filter.of(user), &window).await?;
    Ok(Json(Page::of(&window, found.ok_or_else(Problem::not_found)?).map(AuditRecord::from)))
}

/// The audit log as CSV
///
/// Everything the filter selects, newest first, as a stream. Cells that a spreadsheet would take for formulas begin with
/// an apostrophe.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "people", operation_id = "export_audit", params(AuditFilter),
    responses((status = 200, description = "One line per record, a header first", content_type = "text/csv", body = String)))]
async fn export_csv(
    State(state): State<AppState>,
    actor: Actor,
    Filter(filter): Filter<AuditFilter>,
) -> Result<Response, Problem> {
    let scope = scope(&actor)?;
    state.reads.settled().await;
    let export = Export { db: state.db.clone(), scope, filter: filter.into(), place: Place::Head };
    let rows = stream::try_unfold(export, Export::next);
    Ok(sheet::attachment("audit.csv", "text/csv; charset=utf-8", Body::from_stream(rows)))
}

struct Export {
    db: Database,
    scope: Scope,
    filter: audit::Filter,
    place: Place,
}

enum Place {
    Head,
    After(Option<Position>),
    End,
}

const HEAD: [&str; 15] = [
    "created_at",
    "action",
    "actor_id",
    "actor_name",
    "object_kind",
    "object_id",
    "subject",
    "address",
    "via",
    "request_id",
    "before",
    "after",
    "detail",
    "tenant",
    "id",
];

impl Export {
    /// A page of rows, in a transaction of its own, so that a slow reader holds none open.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        let after = match self.place {
            Place::Head => {
                self.place = Place::After(None);
                return Ok(Some((sheet::lines([HEAD]), self)));
            }
            Place::After(after) => after,
            Place::End => return Ok(None),
        };
        let window = Window { sort: CREATED_AT, descending: true, after, limit: STRIDE, count: false };
        let Some(records) = page(&self.db, self.scope, None, &self.filter, &window).await? else {
            return Ok(None);
        };
        self.place = match records.next {
            Some(next) => Place::After(Some(next)),
            None => Place::End,
        };
        let cells: Vec<_> = records.items.into_iter().map(cells).collect();
        Ok(Some((sheet::lines(cells.iter().map(|row| row.iter().map(String::as_str))), self)))
    }
}

fn cells(record: audit::Record) -> [String; 15] {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let json = |value: Option<Value>| value.map(|value| value.to_string()).unwrap_or_default();
    [
        record.created_at.to_rfc3339_opts(SecondsFormat::Micros, true),
        record.action,
        id(record.actor_id),
        record.actor_name.unwrap_or_default(),
        record.object_kind.unwrap_or_default(),
        id(record.object_id),
        record.subject.unwrap_or_default(),
        record.address.unwrap_or_default(),
        record.via.unwrap_or_default(),
        record.request_id.unwrap_or_default(),
        json(record.before),
        json(record.after),
        json(Some(record.detail).filter(|detail| *detail != json!({}))),
        record.tenant_name.unwrap_or_default(),
        record.id.to_string(),
    ]
}
