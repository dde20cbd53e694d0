//! What is said in a ticket, and its timeline.
//!
//! A reply of format `html` is kept and sent as it came, as data: whoever puts it on a page cleans it first. Nothing
//! here renders it.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use switchroom_api_base::{
    Caller, Errors, Filter, IfMatch, Incoming, Json, ListQuery, Page, Params, Problem, Validate, etag,
    state::AppState,
};
use switchroom_core::{Permission, TicketId, ticket::lifecycle::Visibility};
use switchroom_store::{
    listing::CREATED_AT,
    tickets::{self as store, Activity, NewReply, Reply},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{find, problem, publish, viewer};
use crate::directory::{begin, expected, reading};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_replies, reply_to_ticket)).routes(routes!(list_activities))
}

/// A reply.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplyView {
    id: Uuid,
    ticket_id: Uuid,
    author_id: Uuid,
    body: String,
    /// `text` or `html`; html is not cleaned.
    format: String,
    /// `public` or `internal`.
    visibility: &'static str,
    is_solution: bool,
    created_at: DateTime<Utc>,
}

impl From<Reply> for ReplyView {
    fn from(reply: Reply) -> Self {
        Self {
            id: reply.id,
            ticket_id: reply.ticket.0,
            author_id: reply.author.0,
            body: reply.body,
            format: reply.format,
            visibility: reply.visibility.name(),
            is_solution: reply.is_solution,
            created_at: reply.created_at,
        }
    }
}

/// An entry of the timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActivityView {
    id: Uuid,
    /// Who did it.
    user_id: Option<Uuid>,
    /// `created`, `comment`, `status_change`, `priority_change`, `agent_assignment`, `edited`, `call_linked`.
    #[serde(rename = "type")]
    kind: String,
    #[schema(value_type = Object)]
    data: Value,
    created_at: DateTime<Utc>,
}

impl From<Activity> for ActivityView {
    fn from(activity: Activity) -> Self {
        Self {
            id: activity.id,
            user_id: activity.actor.map(|user| user.0),
            kind: activity.kind,
            data: activity.data,
            created_at: activity.created_at,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteReply {
    body: String,
    /// `text` (the default) or `html`.
    #[serde(default)]
    format: Option<String>,
    /// `public` (the default) or `internal`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    visibility: Option<Visibility>,
    /// This reply solves it; at most one does, the newest so marked.
    #[serde(default)]
    is_solution: Option<bool>,
}

impl Validate for WriteReply {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/body", &self.body, 1, 50_000);
        if self.format.as_deref().is_some_and(|format| !matches!(format, "text" | "html")) {
            errors.push("/format", "must be text or html");
        }
        if self.is_solution == Some(true) && self.visibility == Some(Visibility::Internal) {
            errors.push("/is_solution", "a solution is public");
        }
    }
}

/// Reply to a ticket, or note something in it. The first public reply of staff answers it.
#[utoipa::path(post, path = "/api/v1/tickets/{id}/replies", tag = "tickets", params(("id" = Uuid, Path), IfMatch),
    request_body = WriteReply,
    responses((status = 201, description = "The reply", body = ReplyView),
              (status = 409, description = "The ticket is closed (`ticket-closed`)")))]
async fn reply_to_ticket(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Response, Problem> {
    let current = find(&state, &caller, id).await?;
    let body: WriteReply = body.read().await?;
    let visibility = body.visibility.unwrap_or(Visibility::Public);
    let is_solution = body.is_solution.unwrap_or(false);
    if visibility == Visibility::Internal || is_solution {
        caller.require(Permission::TicketsNote)?;
    }
    let expected = expected(&if_match, current.version)?;
    let new = NewReply {
        body: body.body,
        format: body.format.unwrap_or_else(|| "text".to_owned()),
        visibility,
        is_solution,
    };
    let mut tx = begin(&state, caller.tenant).await?;
    let (reply, ticket) =
        store::reply(&mut tx, viewer(&caller), TicketId(id), &new, expected).await.map_err(problem)?;
    publish(&state, &caller, tx, ticket.id).await?;
    let location = format!("/api/v1/tickets/{id}/replies");
    let headers = [
        // The version is the ticket's: a reply itself does not change.
        (header::ETAG, etag(ticket.version)),
        (
            header::LOCATION,
            HeaderValue::from_str(&location).unwrap_or_else(|_| HeaderValue::from_static("/")),
        ),
    ];
    Ok((StatusCode::CREATED, headers, Json(ReplyView::from(reply))).into_response())
}

#[derive(Debug, Deserialize)]
pub struct ReplyQuery {
    /// `public` or `internal`. A client gets public ones whatever they ask for.
    visibility: Option<Visibility>,
}

/// List the replies of a ticket, oldest first unless `sort=-created_at`.
#[utoipa::path(get, path = "/api/v1/tickets/{id}/replies", tag = "tickets",
    params(("id" = Uuid, Path), ListQuery, ("visibility" = Option<String>, Query, description = "`public` or `internal`")),
    responses((status = 200, description = "A page of replies", body = Page<ReplyView>)))]
async fn list_replies(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    list: ListQuery,
    Filter(query): Filter<ReplyQuery>,
) -> Result<Json<Page<ReplyView>>, Problem> {
    let ticket = find(&state, &caller, id).await?;
    let window = list.window(&[CREATED_AT], false)?;
    let mut tx = reading(&state, caller.tenant).await?;
    let found = store::replies(&mut tx, viewer(&caller), ticket.id, query.visibility, &window).await?;
    tx.commit().await?;
    Ok(Json(Page::of(&window, found).map(ReplyView::from)))
}

/// The timeline of a ticket, oldest first unless `sort=-created_at`.
#[utoipa::path(get, path = "/api/v1/tickets/{id}/activities", tag = "tickets", params(("id" = Uuid, Path), ListQuery),
    responses((status = 200, description = "A page of the timeline", body = Page<ActivityView>)))]
async fn list_activities(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    list: ListQuery,
) -> Result<Json<Page<ActivityView>>, Problem> {
    let ticket = find(&state, &caller, id).await?;
    let window = list.window(&[CREATED_AT], false)?;
    let mut tx = reading(&state, caller.tenant).await?;
    let found = store::activities(&mut tx, viewer(&caller), ticket.id, &window).await?;
    tx.commit().await?;
    Ok(Json(Page::of(&window, found).map(ActivityView::from)))
}
