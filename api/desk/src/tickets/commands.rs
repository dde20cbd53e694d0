//! What moves a ticket: its state, who has it.

use axum::extract::State;
use serde::Deserialize;
use switchroom_api_base::{
    Caller, Errors, IfMatch, Incoming, Params, Patch, Problem, Validate, Versioned, state::AppState,
};
use switchroom_core::{TicketId, UserId, ticket::lifecycle::Status};
use switchroom_store::tickets as store;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{TicketView, find, problem, publish, roles_that_take, viewer};
use crate::directory::{asked, begin, expected, fields::trimmed};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(move_ticket))
        .routes(routes!(close_ticket))
        .routes(routes!(assign_ticket))
        .routes(routes!(take_ticket))
        .routes(routes!(transfer_ticket))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveTicket {
    /// One of the eight states.
    #[schema(example = "in_progress")]
    status: String,
    #[serde(default)]
    reason: Option<String>,
}

impl Validate for MoveTicket {
    fn validate(&self, errors: &mut Errors) {
        if self.status.parse::<Status>().is_err() {
            let names = Status::ALL.map(Status::name).join(", ");
            errors.push("/status", format!("must be one of {names}"));
        }
        errors.optional_text("/reason", self.reason.as_deref(), 0, 500);
    }
}

/// Move a ticket to another state. A move that is not in the table is 409 `ticket-move`.
#[utoipa::path(post, path = "/api/v1/tickets/{id}/status", tag = "tickets", params(("id" = Uuid, Path), IfMatch),
    request_body = MoveTicket,
    responses((status = 200, description = "The ticket as it is now", body = TicketView),
              (status = 409, description = "No such move (`ticket-move`)")))]
async fn move_ticket(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<TicketView>, Problem> {
    let current = async { Ok(find(&state, &caller, id).await?.version) };
    let (body, expected) = asked(&if_match, body.read::<MoveTicket>(), current).await?;
    let to: Status = body.status.parse().map_err(|_| Problem::invalid("/status", "is no ticket state"))?;
    let mut tx = begin(&state, caller.tenant).await?;
    let reason = trimmed(body.reason);
    let ticket = store::set_status(&mut tx, viewer(&caller), TicketId(id), to, reason.as_deref(), expected)
        .await
        .map_err(problem)?;
    publish(&state, &caller, tx, ticket.id).await?;
    Ok(Versioned(ticket.version, TicketView::of(ticket, viewer(&caller))))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseTicket {
    #[serde(default)]
    reason: Option<String>,
}

impl Validate for CloseTicket {
    fn validate(&self, errors: &mut Errors) {
        errors.optional_text("/reason", self.reason.as_deref(), 0, 500);
    }
}

/// Close a ticket: the same as moving it to `closed`.
#[utoipa::path(post, path = "/api/v1/tickets/{id}/close", tag = "tickets", params(("id" = Uuid, Path), IfMatch),
    request_body = Option<CloseTicket>,
    responses((status = 200, description = "The ticket as it is now", body = TicketView),
              (status = 409, description = "Closed already (`ticket-move`)")))]
async fn close_ticket(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<TicketView>, Problem> {
    let current = async { Ok(find(&state, &caller, id).await?.version) };
    let (body, expected) = asked(&if_match, body.read_or_empty::<CloseTicket>(), current).await?;
    let reason = trimmed(body.reason);
    let mut tx = begin(&state, caller.tenant).await?;
    let ticket = store::close(&mut tx, viewer(&caller), TicketId(id), reason.as_deref(), expected)
        .await
        .map_err(problem)?;
    publish(&state, &caller, tx, ticket.id).await?;
    Ok(Versioned(ticket.version, TicketView::of(ticket, viewer(&caller))))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignTicket {
    /// Who has it from now on; null = nobody.
    #[serde(default, alias = "assigned_to")]
    #[schema(value_type = Option<Uuid>)]
    user_id: Patch<Uuid>,
}

impl Validate for AssignTicket {
    fn validate(&self, errors: &mut Errors) {
        if self.user_id.is_absent() {
            errors.push("/user_id", "is required; null gives the ticket back to nobody");
        }
    }
}

/// Give a ticket to somebody, or back to nobody. A new ticket opens by it.
#[utoipa::path(post, path = "/api/v1/tickets/{id}/assign", tag = "tickets", params(("id" = Uuid, Path), IfMatch),
    request_body = AssignTicket,
    responses((status = 200, description = "The ticket as it is now", body = TicketView)))]
async fn assign_ticket(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<TicketView>, Problem> {
    let current = async { Ok(find(&state, &caller, id).await?.version) };
    let (body, expected) = asked(&if_match, body.read::<AssignTicket>(), current).await?;
    let to = body.user_id.value().copied().map(UserId);
    let mut tx = begin(&state, caller.tenant).await?;
    let ticket = store::assign(&mut tx, viewer(&caller), TicketId(id), to, &roles_that_take(), expected)
        .await
        .map_err(problem)?;
    publish(&state, &caller, tx, ticket.id).await?;
    Ok(Versioned(ticket.version, TicketView::of(ticket, viewer(&caller))))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeTicket {}

impl Validate for TakeTicket {
    fn validate(&self, _: &mut Errors) {}
}

/// Take a ticket that nobody has. Of several who try, one gets it; the others 409.
#[utoipa::path(post, path = "/api/v1/tickets/{id}/take", tag = "tickets", params(("id" = Uuid, Path), IfMatch),
    request_body = Option<TakeTicket>,
    responses((status = 200, description = "The ticket as it is now", body = TicketView),
              (status = 409, description = "Somebody has it (`ticket-taken`)")))]
async fn take_ticket(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<TicketView>, Problem> {
    let viewer = viewer(&caller);
    // The loser of a race cannot see the ticket any more and still learns that it is taken, so this looks at all.
    let all = store::Viewer { sight: store::Sight::All, ..viewer };
    let mut tx = begin(&state, caller.tenant).await?;
    let current = store::get(&mut tx, all, TicketId(id)).await?.ok_or_else(Problem::not_found)?;
    drop(tx);
    let TakeTicket {} = body.read_or_empty().await?;
    let expected = expected(&if_match, current.version)?;
    let mut tx = begin(&state, caller.tenant).await?;
    let ticket = store::take(&mut tx, viewer, TicketId(id), expected).await.map_err(problem)?;
    publish(&state, &caller, tx, ticket.id).await?;
    Ok(Versioned(ticket.version, TicketView::of(ticket, viewer)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferTicket {
    #[serde(alias = "assigned_to")]
    user_id: Uuid,
}

impl Validate for TransferTicket {
    fn validate(&self, _: &mut Errors) {}
}

/// Hand a ticket that somebody has to somebody else.
#[utoipa::path(post, path = "/api/v1/tickets/{id}/transfer", tag = "tickets", params(("id" = Uuid, Path), IfMatch),
    request_body = TransferTicket,
    responses((status = 200, description = "The ticket as it is now", body = TicketView),
              (status = 409, description = "Nobody has it (`ticket-unassigned`)")))]
async fn transfer_ticket(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<TicketView>, Problem> {
    let current = async { Ok(find(&state, &caller, id).await?.version) };
    let (body, expected) = asked(&if_match, body.read::<TransferTicket>(), current).await?;
    let mut tx = begin(&state, caller.tenant).await?;
    let to = UserId(body.user_id);
    let ticket = store::transfer(&mut tx, viewer(&caller), TicketId(id), to, &roles_that_take(), expected)
        .await
        .map_err(problem)?;
    publish(&state, &caller, tx, ticket.id).await?;
    Ok(Versioned(ticket.version, TicketView::of(ticket, viewer(&caller))))
}
