//! `GET /audit` and `/audit/export`: who did what in the tenant.

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::Response,
};
use chrono::{DateTime, SecondsFormat, Utc};
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use switchroom_api_base::{
    Json,
    auth::Caller,
    list::{Filter, ListQuery, Page},
    problem::Problem,
    sheet,
    state::AppState,
};
use switchroom_core::TenantId;
use switchroom_store::{Database, StoreError, Timestamp, audit};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// Rows fetched at once for an export.
const STRIDE: i64 = 1000;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(export_csv))
}

#[derive(Serialize, ToSchema)]
struct AuditRecord {
    id: Uuid,
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
    /// A whole action (`session.refused`), or all of a noun (`session.*`).
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

/// The audit log
///
/// Sign-ins and failures, changes with what was before and after, reads and look-ups of personal data, what a platform
/// admin did here. Secrets are never in it.
#[utoipa::path(get, path = "/api/v1/audit", tag = "people", operation_id = "list_audit", params(ListQuery, AuditFilter),
    responses((status = 200, description = "Newest first", body = Page<AuditRecord>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(filter): Filter<AuditFilter>,
) -> Result<Json<Page<AuditRecord>>, Problem> {
    list.sort_by(&["-created_at"])?;
    let after = list.after::<Timestamp>("-created_at")?;
    state.reads.settled().await;
    let mut tx = state.db.tenant(caller.tenant).await?;
    let found = audit::list(&mut tx, caller.tenant, &filter.into(), after, list.fetch()).await?;
    tx.commit().await?;
    let page = list.page(found, "-created_at", |record| (record.created_at, record.id));
    Ok(Json(page.map(AuditRecord::from)))
}

/// The audit log as CSV
///
/// Everything the filter selects, newest first, as a stream. Cells that a spreadsheet would take for formulas begin with
/// an apostrophe.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "people", operation_id = "export_audit", params(AuditFilter),
    responses((status = 200, description = "One line per record, a header first", content_type = "text/csv", body = String)))]
async fn export_csv(
    State(state): State<AppState>,
    caller: Caller,
    Filter(filter): Filter<AuditFilter>,
) -> Response {
    state.reads.settled().await;
    let export =
        Export { db: state.db.clone(), tenant: caller.tenant, filter: filter.into(), place: Place::Head };
    let rows = stream::try_unfold(export, Export::next);
    sheet::attachment("audit.csv", "text/csv; charset=utf-8", Body::from_stream(rows))
}

struct Export {
    db: Database,
    tenant: TenantId,
    filter: audit::Filter,
    place: Place,
}

enum Place {
    Head,
    After(Option<(Timestamp, Uuid)>),
    End,
}

const HEAD: [&str; 14] = [
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
        let mut tx = self.db.tenant(self.tenant).await?;
        let records = audit::list(&mut tx, self.tenant, &self.filter, after, STRIDE).await?;
        tx.commit().await?;
        let whole = i64::try_from(records.len()).is_ok_and(|rows| rows == STRIDE);
        self.place = match records.last() {
            Some(last) if whole => Place::After(Some((last.created_at, last.id))),
            _ => Place::End,
        };
        let cells: Vec<_> = records.into_iter().map(cells).collect();
        Ok(Some((sheet::lines(cells.iter().map(|row| row.iter().map(String::as_str))), self)))
    }
}

fn cells(record: audit::Record) -> [String; 14] {
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
        record.id.to_string(),
    ]
}
