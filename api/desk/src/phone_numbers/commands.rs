//! What moves a line: assign, release, connect, disconnect, reserve.

use std::time::Duration;

use axum::extract::State;
use serde::Deserialize;
use switchroom_api_base::{
    Actor, Caller, Errors, IfMatch, Incoming, Params, Problem, Validate, Versioned, state::AppState,
};
use switchroom_core::{BotId, NumberId, Role, UserId, inventory::LineStatus, number_plan::Endpoint};
use switchroom_store::{
    TenantTx,
    numbers::{self as store, NumberError, PhoneNumber, Scope},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{NumberView, end_quarantines, find, platform, problem, scope};
use crate::directory::{begin, expected, settle};

/// Whoever asks for a line within this time after another tenant took it has lost a race (409); later the line is
/// simply another's (404). Long enough for two requests that saw the same pool, too short to probe with.
const RACE: Duration = Duration::from_secs(1);

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(assign_number))
        .routes(routes!(release_number))
        .routes(routes!(connect_number))
        .routes(routes!(disconnect_number))
        .routes(routes!(reserve_number))
        .routes(routes!(unreserve_number))
}

/// A command without particulars.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl Validate for Nothing {
    fn validate(&self, _: &mut Errors) {}
}

async fn done(state: &AppState, tx: TenantTx, line: PhoneNumber) -> Result<Versioned<NumberView>, Problem> {
    settle(state, tx).await?;
    Ok(Versioned(line.version, line.into()))
}

/// Take a line for the tenant: from the pool, or one that is held for it. Of several who try, one gets it.
#[utoipa::path(post, path = "/api/v1/phone-numbers/{id}/assign", tag = "numbers", params(("id" = Uuid, Path), IfMatch),
    request_body = Option<Nothing>,
    responses((status = 200, description = "The line as it is now", body = NumberView),
              (status = 409, description = "Taken (`number-taken`)")))]
async fn assign_number(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<NumberView>, Problem> {
    end_quarantines(&state).await?;
    let scope = Scope::Tenant(caller.tenant);
    let current = match find(&state, scope, id).await {
        Ok(line) => line,
        Err(absent) => return Err(lost_or(&state, &caller, id, absent).await?),
    };
    let Nothing {} = body.read_or_empty().await?;
    let expected = expected(&if_match, current.version)?;
    let mut tx = begin(&state, caller.tenant).await?;
    match store::assign(&mut tx, NumberId(id), caller.user_id, expected).await {
        Ok(line) => done(&state, tx, line).await,
        // It was in the pool a moment ago, so somebody else was faster.
        Err(NumberError::Absent) => Err(taken()),
        Err(error) => Err(problem(error)),
    }
}

fn taken() -> Problem {
    Problem::conflict("number-taken", "Somebody else has just taken the line.")
}

async fn lost_or(state: &AppState, caller: &Caller, id: Uuid, absent: Problem) -> Result<Problem, Problem> {
    let mut connection = platform(state).await?;
    let lost = store::just_taken(&mut connection, NumberId(id), caller.tenant, RACE).await?;
    Ok(if lost { taken() } else { absent })
}

/// Give a line back. It stays `reserved` until its quarantine is over, so that no stranger inherits its callers. The
/// platform admin also frees a line that is held or in quarantine.
#[utoipa::path(post, path = "/api/v1/phone-numbers/{id}/release", tag = "numbers", params(("id" = Uuid, Path), IfMatch),
    request_body = Option<Nothing>,
    responses((status = 200, description = "The line as it is now", body = NumberView),
              (status = 409, description = "Still connected (`number-connected`), or not assigned")))]
async fn release_number(
    State(state): State<AppState>,
    actor: Actor,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<NumberView>, Problem> {
    let scope = scope(&actor)?;
    let current = find(&state, scope, id).await?;
    let Nothing {} = body.read_or_empty().await?;
    let expected = expected(&if_match, current.version)?;
    if actor.0.platform && current.status == LineStatus::Reserved {
        let line =
            store::free(&mut *platform(&state).await?, NumberId(id), expected).await.map_err(problem)?;
        state.refreshed().await;
        return Ok(Versioned(line.version, line.into()));
    }
    let tenant = match scope {
        Scope::Tenant(tenant) => tenant,
        // The holder's row security applies to the platform admin as well.
        Scope::Platform => current
            .tenant
            .ok_or_else(|| Problem::conflict("number-not-assigned", "Nobody holds the line."))?,
    };
    let mut tx = begin(&state, tenant).await?;
    let line = store::release(&mut tx, NumberId(id), actor.0.user_id, state.config.quarantine, expected)
        .await
        .map_err(problem)?;
    done(&state, tx, line).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectNumber {
    /// Somebody who takes calls.
    #[serde(default)]
    user_id: Option<Uuid>,
    /// A bot that is switched on. Exactly one of the two.
    #[serde(default)]
    bot_id: Option<Uuid>,
}

impl Validate for ConnectNumber {
    fn validate(&self, errors: &mut Errors) {
        match (self.user_id, self.bot_id) {
            (Some(_), Some(_)) => errors.push("/bot_id", "a line rings one endpoint: a user or a bot"),
            (None, None) => errors.push("/user_id", "is required, or bot_id"),
            (Some(_), None) | (None, Some(_)) => {}
        }
    }
}

/// Let a line ring a person or a bot that has none.
#[utoipa::path(post, path = "/api/v1/phone-numbers/{id}/connect", tag = "numbers", params(("id" = Uuid, Path), IfMatch),
    request_body = ConnectNumber,
    responses((status = 200, description = "The line as it is now", body = NumberView),
              (status = 409, description = "Connected already, not assigned, or that endpoint has a line (`user-has-number`, `bot-has-number`)")))]
async fn connect_number(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<NumberView>, Problem> {
    let current = find(&state, Scope::Tenant(caller.tenant), id).await?;
    let body: ConnectNumber = body.read().await?;
    let endpoint = Endpoint::of(body.user_id.map(UserId), body.bot_id.map(BotId))
        .ok_or_else(|| Problem::invalid("/user_id", "is required, or bot_id"))?;
    let expected = expected(&if_match, current.version)?;
    let roles: Vec<String> =
        Role::ALL.into_iter().filter(|role| role.takes_calls()).map(|role| role.name().to_owned()).collect();
    let mut tx = begin(&state, caller.tenant).await?;
    let line = store::connect(&mut tx, NumberId(id), endpoint, &roles, caller.user_id, expected)
        .await
        .map_err(problem)?;
    done(&state, tx, line).await
}

/// The line rings nobody any more.
#[utoipa::path(post, path = "/api/v1/phone-numbers/{id}/disconnect", tag = "numbers", params(("id" = Uuid, Path), IfMatch),
    request_body = Option<Nothing>,
    responses((status = 200, description = "The line as it is now", body = NumberView),
              (status = 409, description = "Not connected (`number-not-connected`)")))]
async fn disconnect_number(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<NumberView>, Problem> {
    let current = find(&state, Scope::Tenant(caller.tenant), id).await?;
    let Nothing {} = body.read_or_empty().await?;
    let expected = expected(&if_match, current.version)?;
    let mut tx = begin(&state, caller.tenant).await?;
    let line = store::disconnect(&mut tx, NumberId(id), caller.user_id, expected).await.map_err(problem)?;
    done(&state, tx, line).await
}

/// Hold a line of the pool for the tenant that X-Tenant names (platform admin).
#[utoipa::path(post, path = "/api/v1/phone-numbers/{id}/reserve", tag = "numbers", params(("id" = Uuid, Path), IfMatch),
    request_body = Option<Nothing>,
    responses((status = 200, description = "The line as it is now", body = NumberView),
              (status = 409, description = "Not in the pool (`number-taken`)")))]
async fn reserve_number(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<NumberView>, Problem> {
    end_quarantines(&state).await?;
    let current = find(&state, Scope::Platform, id).await?;
    let Nothing {} = body.read_or_empty().await?;
    let expected = expected(&if_match, current.version)?;
    let line = store::reserve(&mut *platform(&state).await?, NumberId(id), caller.tenant, expected)
        .await
        .map_err(problem)?;
    state.refreshed().await;
    Ok(Versioned(line.version, line.into()))
}

/// Put a line that is held or in quarantine back into the pool before its time (platform admin).
#[utoipa::path(post, path = "/api/v1/phone-numbers/{id}/unreserve", tag = "numbers", params(("id" = Uuid, Path), IfMatch),
    request_body = Option<Nothing>,
    responses((status = 200, description = "The line as it is now", body = NumberView),
              (status = 409, description = "Not held (`number-not-held`)")))]
async fn unreserve_number(
    State(state): State<AppState>,
    _actor: Actor,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<NumberView>, Problem> {
    let current = find(&state, Scope::Platform, id).await?;
    let Nothing {} = body.read_or_empty().await?;
    let expected = expected(&if_match, current.version)?;
    let line = store::free(&mut *platform(&state).await?, NumberId(id), expected).await.map_err(problem)?;
    state.refreshed().await;
    Ok(Versioned(line.version, line.into()))
}
