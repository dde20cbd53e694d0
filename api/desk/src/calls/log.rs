//! The numbered log: of one call, and of the tenant.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use switchroom_api_base::{
    Json,
    auth::Caller,
    list::{Filter, OneWay, Page},
    problem::Problem,
    reply::Params,
    state::AppState,
};
use switchroom_core::{CallId, log::Cursor};
use switchroom_store::{
    listing::Count,
    log::{self as store, LogRow},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::found;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(of_call)).routes(routes!(of_tenant))
}

/// An event of a call.
#[derive(Serialize, ToSchema)]
struct CallEvent {
    seq: i64,
    /// Opaque; as in `GET /api/v1/events`.
    cursor: String,
    event_id: Uuid,
    /// `ringing`, `answered`, `held`, `resumed`, `transferred`, `ended`.
    #[serde(rename = "type")]
    #[schema(example = "answered")]
    type_: String,
    provider_event_id: Option<String>,
    /// The provider's time, where it sends one.
    provider_at: Option<DateTime<Utc>>,
    recorded_at: DateTime<Utc>,
    /// False where it came too late or went backwards and changed nothing.
    effective: bool,
}

/// Events of a call
///
/// Oldest first. An event that changed nothing is listed with `effective: false`; a repetition is not listed.
#[utoipa::path(get, path = "/api/v1/calls/{id}/events", tag = "calls", operation_id = "list_call_events", params(("id" = Uuid, Path), OneWay),
    responses((status = 200, description = "A page of events", body = Page<CallEvent>), (status = 503, description = "Not durable in time; see Retry-After")))]
async fn of_call(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    list: OneWay,
) -> Result<Json<Page<CallEvent>>, Problem> {
    let after = cursor_of(list.cursor.as_deref())?;
    let (mut tx, _) = found(&state, &caller, CallId(id)).await?;
    let rows = store::page_of_call(&mut tx, CallId(id), after, list.limit + 1).await?;
    let count =
        if list.count { Some(store::count(&mut tx, Some(CallId(id)), Cursor(0)).await?) } else { None };
    tx.commit().await?;
    Ok(Json(page(rows, list.limit, count).map(|row| CallEvent {
        seq: row.seq,
        cursor: row.cursor().to_string(),
        event_id: row.event_id.0,
        type_: row.type_,
        provider_event_id: row.provider_event_id,
        provider_at: row.provider_at,
        recorded_at: row.recorded_at,
        effective: row.effective,
    })))
}

/// An entry of the tenant's log.
#[derive(Serialize, ToSchema)]
struct LogEntry {
    /// Opaque; send it as `after` to go on behind it.
    cursor: String,
    /// Rises by exactly one.
    seq: i64,
    event_id: Uuid,
    #[serde(rename = "type")]
    #[schema(example = "ringing")]
    type_: String,
    call_id: Option<Uuid>,
    /// When it happened, by the provider's clock where it tells.
    at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct After {
    /// A cursor; `0` = from the first.
    #[param(example = "0")]
    after: Option<String>,
}

/// The log
///
/// Everything that happened to calls and agents, oldest first, without a gap. `next_cursor` is null at the end; go on
/// later with the cursor of the last item.
#[utoipa::path(get, path = "/api/v1/events", tag = "calls", operation_id = "list_events", params(After, OneWay),
    responses((status = 200, description = "A page of the log", body = Page<LogEntry>)))]
async fn of_tenant(
    State(state): State<AppState>,
    caller: Caller,
    list: OneWay,
    Filter(query): Filter<After>,
) -> Result<Json<Page<LogEntry>>, Problem> {
    let after = cursor_of(query.after.as_deref().or(list.cursor.as_deref()))?;
    let mut tx = state.db.reading(caller.tenant).await?;
    let rows = store::page(&mut tx, after, list.limit + 1).await?;
    let from = cursor_of(query.after.as_deref())?;
    let count = if list.count { Some(store::count(&mut tx, None, from).await?) } else { None };
    tx.commit().await?;
    Ok(Json(page(rows, list.limit, count).map(|row| LogEntry {
        cursor: row.cursor().to_string(),
        seq: row.seq,
        event_id: row.event_id.0,
        type_: row.type_,
        call_id: row.call_id.map(|id| id.0),
        at: row.at,
        recorded_at: row.recorded_at,
        data: row.data,
    })))
}

fn cursor_of(text: Option<&str>) -> Result<Cursor, Problem> {
    text.map_or(Ok(Cursor(0)), |text| text.parse().map_err(|_| Problem::bad_cursor()))
}

fn page(mut rows: Vec<LogRow>, limit: u32, count: Option<Count>) -> Page<LogRow> {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|row| row.cursor().to_string());
    Page { items: rows, next_cursor, count: count.map(Into::into) }
}
