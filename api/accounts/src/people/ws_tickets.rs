//! `POST /ws-tickets`: how a browser opens its socket without a token in a URL.

use std::{sync::Arc, time::Instant};

use axum::extract::State;
use serde::Serialize;
use switchroom_api_base::{Json, auth::Actor, problem::Problem, state::AppState};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create))
}

#[derive(Serialize, ToSchema)]
struct WsTicket {
    /// Offer it as the second subprotocol, `ticket.TICKET`.
    ticket: String,
    /// Seconds.
    #[schema(example = 30)]
    expires_in: u64,
}

/// A ticket to open a WebSocket with
///
/// Good once, for 30 seconds: `new WebSocket(url, ["switchroom.v1", "ticket." + ticket])`.
#[utoipa::path(post, path = "/api/v1/ws-tickets", tag = "auth", operation_id = "create_ws_ticket",
    responses((status = 200, description = "The ticket", body = WsTicket), (status = 503, description = "Too many are out")))]
async fn create(State(state): State<AppState>, actor: Actor) -> Result<Json<WsTicket>, Problem> {
    let ticket =
        state.tickets.issue(Arc::clone(&actor.0), Instant::now()).ok_or_else(|| Problem::unavailable(1))?;
    Ok(Json(WsTicket { ticket, expires_in: 30 }))
}
