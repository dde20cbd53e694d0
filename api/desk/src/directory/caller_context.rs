//! `/caller-context`: who is this number? Answered from the index in memory, as a screen-pop is; tickets and calls are
//! read from the tables. Whoever may ask learns whether a number is known; names, tickets and calls only as far as they
//! may read the records. Each look-up leaves a line in the audit log, with the number masked.

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use switchroom_api_base::{
    Caller, Errors, Json, Problem, Validate, body::Body, list::Filter, state::AppState,
};
use switchroom_core::{
    Permission,
    directory::{CallerContext, Quality},
    number::{PartyNumber, Region, normalise},
};
use switchroom_store::{lookups, tickets};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{begin, context_schema};
use crate::tickets::viewer;

/// How many tickets and calls a context shows.
const SHOWN: i64 = 10;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_caller_context, post_caller_context))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContextQuery {
    /// Region for a number without country code; `ZZ` = none; left out = the tenant's.
    region: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct ContextRequest {
    /// In any form; whatever is no number is answered as one that is none.
    #[serde(default)]
    #[schema(example = "06 12 34 56 78", value_type = Value, required = true)]
    number: Option<Value>,
    /// Region for a number without country code; `ZZ` = none; left out = the tenant's.
    #[serde(default)]
    #[schema(example = "FR")]
    region: Option<String>,
}

impl Validate for ContextRequest {
    fn validate(&self, _: &mut Errors) {}
}

/// Look up a caller by number. A long or odd number is `invalid`, never an error. Names, tickets and calls are there as far
/// as you may read the records; else they are null or empty. Calls of records that were merged into the contact are among its.
#[utoipa::path(get, path = "/api/v1/caller-context", tag = "directory",
    params(("number" = String, Query, description = "In any form"), ContextQuery),
    responses((status = 200, description = "What is known about the caller", body = context_schema::CallerContext)))]
async fn get_caller_context(
    State(state): State<AppState>,
    caller: Caller,
    Filter(query): Filter<ContextQuery>,
    axum::extract::RawQuery(raw): axum::extract::RawQuery,
) -> Result<Json<CallerContext>, Problem> {
    // Read by hand: an empty number is a number that is invalid, not one that is missing.
    let number = form_urlencoded::parse(raw.as_deref().unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "number")
        .map(|(_, value)| value.into_owned())
        .ok_or_else(|| Problem::bad_parameter("number", "is missing"))?;
    look_up(&state, &caller, &number, query.region.as_deref()).await
}

/// Look up a caller by number, with the number in the body, where no access log sees it.
#[utoipa::path(post, path = "/api/v1/caller-context", tag = "directory", request_body = ContextRequest,
    responses((status = 200, description = "What is known about the caller", body = context_schema::CallerContext)))]
async fn post_caller_context(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<ContextRequest>,
) -> Result<Json<CallerContext>, Problem> {
    // Whatever is there gets an answer; what is no text and no digits is simply no number.
    let number = match body.number.ok_or_else(|| Problem::bad_request("The body has no number."))? {
        Value::String(text) => text,
        Value::Number(digits) => digits.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    look_up(&state, &caller, &number, body.region.as_deref()).await
}

/// From memory: contacts by number, colleagues by extension.
fn context(state: &AppState, caller: &Caller, party: &PartyNumber) -> Result<CallerContext, Problem> {
    let tenant = state.engine()?.registry().tenant(caller.tenant).ok_or_else(|| Problem::unavailable(1))?;
    if let PartyNumber::Extension(digits) = party {
        let roster = tenant.roster();
        let colleague = roster.by_extension(digits).and_then(|user| roster.member(user));
        if let Some(colleague) = colleague {
            return Ok(CallerContext::of_colleague(digits, colleague));
        }
    }
    Ok(tenant.directory().context(party))
}

async fn look_up(
    state: &AppState,
    caller: &Caller,
    number: &str,
    region: Option<&str>,
) -> Result<Json<CallerContext>, Problem> {
    // A region nobody knows assumes nothing about the number.
    let region = match region {
        Some(region) => region.parse().unwrap_or(Region::UNKNOWN),
        None => caller.region,
    };
    let party = normalise(number, region);
    let mut context = context(state, caller, &party)?;
    context.limit_to(caller.grants);
    let mut tx = begin(state, caller.tenant).await?;
    if let Some(contact) = context.contact.filter(|_| caller.may(Permission::TicketsRead)) {
        context.open_tickets = tickets::open_of(&mut tx, viewer(caller), contact, SHOWN).await?;
    }
    let number = context.number.clone();
    let is_party = matches!(context.quality, Quality::Exact | Quality::Possible | Quality::Extension);
    if is_party && caller.may(Permission::CallsRead) {
        context.recent_calls =
            lookups::recent_calls(&mut tx, number.as_deref(), context.contact, SHOWN).await?;
    }
    tx.commit().await?;
    let detail = json!({ "found": context.found, "contact": context.contact });
    state.reads.note(Some(caller.tenant), "caller.looked_up", Some(party.masked()), detail).await;
    Ok(Json(context))
}
