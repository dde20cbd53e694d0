//! The board of the tenant as of now. Subscribe to the topic `wallboard` of the socket for what changes.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use switchroom_api_base::{Caller, Json, Page, Problem, WholeList, state::AppState};
use switchroom_core::wallboard as core;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Agent;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(queues)).routes(routes!(wallboard))
}

/// A queue as of now.
#[derive(Serialize, ToSchema)]
struct Queue {
    #[schema(example = "support")]
    name: String,
    /// Unanswered calls.
    waiting: u64,
    /// Since when the one that waits longest does.
    oldest_since: Option<DateTime<Utc>>,
}

impl From<core::QueueFigure> for Queue {
    fn from(queue: core::QueueFigure) -> Self {
        Self { name: queue.name, waiting: queue.waiting, oldest_since: queue.oldest_since }
    }
}

/// Calls by state.
#[derive(Serialize, ToSchema)]
struct CallFigures {
    /// Unanswered calls that a queue was named for.
    waiting: u64,
    /// Unanswered calls, those of queues included.
    ringing: u64,
    talking: u64,
    held: u64,
    transferring: u64,
}

/// A number with the formula it comes from.
#[derive(Serialize, ToSchema)]
struct Figure {
    name: &'static str,
    /// Null where there is nothing to count yet.
    value: Option<f64>,
    formula: &'static str,
    /// Rises when the formula changes.
    version: u32,
}

/// Calls that started within this minute.
#[derive(Serialize, ToSchema)]
struct Minute {
    at: DateTime<Utc>,
    calls: u64,
}

#[derive(Serialize, ToSchema)]
struct Series {
    calls_per_minute: Vec<Minute>,
}

/// The whole board. Ages are `since` times, never running lengths.
#[derive(Serialize, ToSchema)]
struct Wallboard {
    /// Everything up to here is counted.
    cursor: String,
    revision: u64,
    at: DateTime<Utc>,
    queues: Vec<Queue>,
    agents: Vec<Agent>,
    calls: CallFigures,
    figures: Vec<Figure>,
    series: Series,
}

impl From<core::Wallboard> for Wallboard {
    fn from(board: core::Wallboard) -> Self {
        let calls = board.calls;
        Self {
            cursor: board.cursor.to_string(),
            revision: board.revision,
            at: board.at,
            queues: board.queues.into_iter().map(Queue::from).collect(),
            agents: board.agents.into_iter().map(Agent::from).collect(),
            calls: CallFigures {
                waiting: calls.waiting,
                ringing: calls.ringing,
                talking: calls.talking,
                held: calls.held,
                transferring: calls.transferring,
            },
            figures: board
                .figures
                .into_iter()
                .map(|f| Figure { name: f.name, value: f.value, formula: f.formula, version: f.version })
                .collect(),
            series: Series {
                calls_per_minute: board
                    .series
                    .calls_per_minute
                    .into_iter()
                    .map(|minute| Minute { at: minute.at, calls: minute.calls })
                    .collect(),
            },
        }
    }
}

/// Queues
#[utoipa::path(get, path = "/api/v1/queues", tag = "calls", operation_id = "list_queues", params(WholeList),
    responses((status = 200, description = "Queues that calls were named for", body = Page<Queue>)))]
async fn queues(
    State(state): State<AppState>,
    caller: Caller,
    list: WholeList,
) -> Result<Json<Page<Queue>>, Problem> {
    let board = state.engine()?.wallboard(caller.tenant);
    Ok(Json(list.page(board.queues.iter().cloned().map(Queue::from).collect())))
}

/// The wallboard
#[utoipa::path(get, path = "/api/v1/wallboard", tag = "calls", operation_id = "get_wallboard",
    responses((status = 200, description = "The board as of now", body = Wallboard)))]
async fn wallboard(State(state): State<AppState>, caller: Caller) -> Result<Json<Wallboard>, Problem> {
    let board = state.engine()?.wallboard(caller.tenant);
    Ok(Json(core::Wallboard::clone(&board).into()))
}
