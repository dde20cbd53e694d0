//! Who takes calls and what they are doing: `/agents`, `/queues`, `/wallboard`. All of it from memory, as of now; but for how
//! they did, which is counted from what is kept.

mod performance;
mod wallboard;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use switchroom_api_base::{
    Json,
    auth::Caller,
    body::{Errors, Incoming, Validate},
    list::{Page, WholeList},
    problem::Problem,
    reply::Params,
    state::AppState,
};
use switchroom_core::{
    Permission, UserId,
    agent::{AgentView, Chosen, PresenceView},
};
use switchroom_engine::SubmitError;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(set_presence))
        .merge(performance::routes())
        .merge(wallboard::routes())
}

/// Somebody who takes calls.
#[derive(Serialize, ToSchema)]
struct Agent {
    user_id: Uuid,
    #[schema(example = "agent1@demo.example")]
    email: String,
    name: String,
    #[schema(example = "201")]
    extension: Option<String>,
    /// `offline`, `available`, `reserved`, `ringing`, `on_call`, `wrap_up`, `break`.
    #[schema(example = "available")]
    presence: &'static str,
    reason: Option<String>,
    /// When this presence began; null for those who never chose one.
    since: Option<DateTime<Utc>>,
    call_ids: Vec<Uuid>,
}

impl From<AgentView> for Agent {
    fn from(agent: AgentView) -> Self {
        Self {
            user_id: agent.user_id.0,
            email: agent.email.into(),
            name: agent.name.into(),
            extension: agent.extension.map(Into::into),
            presence: agent.presence.as_str(),
            reason: agent.reason,
            since: agent.since,
            call_ids: agent.call_ids.into_iter().map(|id| id.0).collect(),
        }
    }
}

/// Agents and their presence
#[utoipa::path(get, path = "/api/v1/agents", tag = "calls", operation_id = "list_agents", params(WholeList),
    responses((status = 200, description = "Everybody who takes calls", body = Page<Agent>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    list: WholeList,
) -> Result<Json<Page<Agent>>, Problem> {
    Ok(Json(list.page(state.engine()?.agents(caller.tenant).into_iter().map(Agent::from).collect())))
}

#[derive(Deserialize, ToSchema)]
struct PresenceChoice {
    /// `available`, `break` or `offline`; what is shown also depends on calls.
    #[serde(alias = "presence")]
    #[schema(value_type = String, example = "break")]
    state: Chosen,
    #[serde(default)]
    #[schema(example = "lunch")]
    reason: Option<String>,
}

impl Validate for PresenceChoice {
    fn validate(&self, errors: &mut Errors) {
        errors.optional_text("/reason", self.reason.as_deref(), 0, 200);
    }
}

/// What an agent is doing.
#[derive(Serialize, ToSchema)]
struct Presence {
    user_id: Uuid,
    #[schema(example = "break")]
    presence: &'static str,
    reason: Option<String>,
    since: DateTime<Utc>,
}

impl From<PresenceView> for Presence {
    fn from(view: PresenceView) -> Self {
        Self {
            user_id: view.user_id.0,
            presence: view.presence.as_str(),
            reason: view.reason,
            since: view.since,
        }
    }
}

/// Choose a presence
///
/// One's own; somebody else's needs `presence.set_others`.
#[utoipa::path(post, path = "/api/v1/agents/{id}/presence", tag = "calls", operation_id = "set_presence",
    params(("id" = Uuid, Path, description = "User id")), request_body = PresenceChoice,
    responses((status = 200, description = "What is shown now", body = Presence), (status = 503, description = "Overloaded; see Retry-After")))]
async fn set_presence(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    body: Incoming,
) -> Result<Json<Presence>, Problem> {
    let user = UserId(id);
    if user != caller.user_id {
        caller.require(Permission::PresenceSetOthers)?;
    }
    let engine = state.engine()?;
    // Somebody who takes no calls, or is no member here, has no presence.
    if !engine.takes_calls(caller.tenant, user) {
        return Err(Problem::not_found());
    }
    let body: PresenceChoice = body.read().await?;
    let reason = body.reason.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let view = engine.choose_presence(caller.tenant, user, body.state, reason).await.map_err(not_taken)?;
    Ok(Json(view.into()))
}

fn not_taken(error: SubmitError) -> Problem {
    match error {
        SubmitError::Overloaded { retry_after } => Problem::unavailable(retry_after.as_secs()),
        SubmitError::ShuttingDown => Problem::unavailable(2),
        SubmitError::UnknownTenant => Problem::not_found(),
    }
}
