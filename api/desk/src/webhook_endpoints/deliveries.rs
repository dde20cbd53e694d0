//! What became of each attempt, and of what was given up.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchroom_api_base::{
    Address, Caller, Errors, Filter, Incoming, Json, ListQuery, Page, Params, Problem, Validate,
    state::AppState,
};
use switchroom_core::{
    log::{Cursor, EventType},
    outward::event_name,
};
use switchroom_store::webhooks::{self as store, DeadLetter, Delivery, Outcome};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{find, note};
use crate::directory::begin;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_webhook_deliveries))
        .routes(routes!(list_dead_letters))
        .routes(routes!(replay_dead_letters))
}

/// An attempt to tell an endpoint of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    id: Uuid,
    /// The place in the log; `GET /api/v1/events` has what was sent.
    cursor: String,
    event_id: Uuid,
    #[serde(rename = "type")]
    #[schema(example = "call.ringing")]
    kind: String,
    /// 1 = the first.
    attempt: i32,
    /// `delivered`, `failed` (tried again later), `dead` (given up).
    #[schema(example = "delivered")]
    outcome: String,
    /// What was answered; null where nothing was.
    status: Option<i32>,
    fault: Option<String>,
    duration_ms: i32,
    attempted_at: DateTime<Utc>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            cursor: Cursor(delivery.seq).to_string(),
            event_id: delivery.event,
            kind: delivery.kind,
            attempt: delivery.attempt,
            outcome: delivery.outcome,
            status: delivery.status,
            fault: delivery.fault,
            duration_ms: delivery.duration_ms,
            attempted_at: delivery.attempted_at,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeWord {
    Delivered,
    Failed,
    Dead,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeliveryQuery {
    /// `delivered`, `failed` or `dead`.
    #[param(value_type = Option<String>)]
    outcome: Option<OutcomeWord>,
}

/// The attempts of the last 30 days, newest first.
#[utoipa::path(get, path = "/api/v1/webhook-endpoints/{id}/deliveries", tag = "webhooks",
    params(("id" = Uuid, Path), ListQuery, DeliveryQuery),
    responses((status = 200, description = "A page of attempts", body = Page<DeliveryView>)))]
async fn list_webhook_deliveries(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    list: ListQuery,
    Filter(query): Filter<DeliveryQuery>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    let window = list.window(&[store::BY_ATTEMPTED_AT], true)?;
    let outcome = query.outcome.map(|outcome| match outcome {
        OutcomeWord::Delivered => Outcome::Delivered,
        OutcomeWord::Failed => Outcome::Failed,
        OutcomeWord::Dead => Outcome::Dead,
    });
    let mut tx = begin(&state, caller.tenant).await?;
    find(&mut tx, id).await?;
    let slice = store::deliveries(&mut tx, id, outcome, &window).await?;
    Ok(Json(Page::of(&window, slice).map(DeliveryView::from)))
}

/// An event that was given up after its last attempt.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetterView {
    id: Uuid,
    cursor: String,
    event_id: Uuid,
    #[serde(rename = "type")]
    #[schema(example = "call.ended")]
    kind: String,
    fault: Option<String>,
    died_at: DateTime<Utc>,
    /// It is to be tried once more.
    replaying: bool,
    /// When it was delivered in the end.
    delivered_at: Option<DateTime<Utc>>,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            cursor: Cursor(letter.seq).to_string(),
            event_id: letter.event,
            kind: EventType::parse(&letter.kind).map_or(letter.kind, |kind| event_name(kind).to_owned()),
            fault: letter.fault,
            died_at: letter.died_at,
            replaying: letter.replay_at.is_some() && letter.delivered_at.is_none(),
            delivered_at: letter.delivered_at,
        }
    }
}

/// The events that were given up, newest first.
#[utoipa::path(get, path = "/api/v1/webhook-endpoints/{id}/dead-letters", tag = "webhooks",
    params(("id" = Uuid, Path), ListQuery),
    responses((status = 200, description = "A page of dead letters", body = Page<DeadLetterView>)))]
async fn list_dead_letters(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    list: ListQuery,
) -> Result<Json<Page<DeadLetterView>>, Problem> {
    let window = list.window(&[store::BY_DIED_AT], true)?;
    let mut tx = begin(&state, caller.tenant).await?;
    find(&mut tx, id).await?;
    let slice = store::dead_letters(&mut tx, id, &window).await?;
    Ok(Json(Page::of(&window, slice).map(DeadLetterView::from)))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayDead {
    /// One of them; where left out, all that were not delivered.
    #[serde(default)]
    id: Option<Uuid>,
}

impl Validate for ReplayDead {
    fn validate(&self, _: &mut Errors) {}
}

/// How many are tried once more.
#[derive(Debug, Serialize, ToSchema)]
pub struct Replaying {
    replaying: u64,
}

/// Try dead letters once more. They go out of the order of the log: what came after them was delivered meanwhile.
#[utoipa::path(post, path = "/api/v1/webhook-endpoints/{id}/dead-letters/replay", tag = "webhooks",
    params(("id" = Uuid, Path)), request_body = Option<ReplayDead>,
    responses((status = 200, description = "How many", body = Replaying)))]
async fn replay_dead_letters(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
    body: Incoming,
) -> Result<Json<Replaying>, Problem> {
    find(&mut begin(&state, caller.tenant).await?, id).await?;
    let body: ReplayDead = body.read_or_empty().await?;
    let mut tx = begin(&state, caller.tenant).await?;
    let replaying = store::replay_dead(&mut tx, id, body.id).await?;
    if replaying == 0 && body.id.is_some() {
        return Err(Problem::invalid("/id", "names no dead letter that was not delivered"));
    }
    note(
        &mut tx,
        &caller,
        address,
        "webhook_endpoint.dead_letters_replayed",
        id,
        json!({"count": replaying}),
    )
    .await?;
    tx.commit().await?;
    Ok(Json(Replaying { replaying }))
}
