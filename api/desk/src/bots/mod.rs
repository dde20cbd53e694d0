//! `/bots`: voice agents that take the calls of a line without a person. A line is connected to one by
//! `POST /phone-numbers/{id}/connect {"bot_id"}`; what a bot says is for whoever runs it, here it is only kept.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use switchroom_api_base::{
    Body, Caller, Created, Errors, Filter, IfMatch, Incoming, Json, ListQuery, Page, Params, Patch, Problem,
    Validate, Versioned, state::AppState,
};
use switchroom_core::BotId;
use switchroom_store::{
    Changed, StoreError,
    bots::{self as store, Bot, BotFilter, BotText},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    directory::{
        begin, expected,
        fields::{check_not_null, patched, trimmed},
        reading, settle,
    },
    phone_numbers::Nothing,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_bots, create_bot))
        .routes(routes!(get_bot, update_bot, delete_bot))
        .routes(routes!(activate_bot))
        .routes(routes!(deactivate_bot))
}

/// A voice agent without a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct BotView {
    id: Uuid,
    #[schema(example = "Reception at night")]
    name: String,
    description: Option<String>,
    /// What it is told to say and do. In a list left out; ask for the bot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    prompt: Option<Option<String>>,
    /// Where it answers: a call over SIP is redirected there.
    #[schema(example = "sip:reception@bots.example")]
    sip_uri: Option<String>,
    /// One that is switched off takes no calls and holds no line.
    is_active: bool,
    /// The line that rings it.
    number: Option<BotNumber>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

/// The line that rings a bot.
#[derive(Debug, Serialize, ToSchema)]
pub struct BotNumber {
    id: Uuid,
    #[schema(example = "+33199000001")]
    number: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "FR")]
    country: String,
}

impl BotView {
    /// With the prompt.
    fn whole(bot: Bot) -> Self {
        let prompt = bot.prompt.clone();
        Self { prompt: Some(prompt), ..Self::in_list(bot) }
    }

    fn in_list(bot: Bot) -> Self {
        let number = match (bot.number_id, bot.number, bot.number_country) {
            (Some(id), Some(number), Some(country)) => Some(BotNumber { id, number, country }),
            _ => None,
        };
        Self {
            id: bot.id,
            name: bot.name,
            description: bot.description,
            prompt: None,
            sip_uri: bot.sip_uri,
            is_active: bot.is_active,
            number,
            created_at: bot.created_at,
            updated_at: bot.updated_at,
            version: bot.version,
        }
    }
}

fn answer(bot: Bot) -> Versioned<BotView> {
    Versioned(bot.version, BotView::whole(bot))
}

fn taken(error: StoreError) -> Problem {
    match error {
        StoreError::Conflict { constraint } if constraint == "bots_name" => {
            Problem::conflict("bot-exists", "There is a bot of this name.")
        }
        error => error.into(),
    }
}

async fn find(state: &AppState, caller: &Caller, id: Uuid) -> Result<Bot, Problem> {
    let mut tx = reading(state, caller.tenant).await?;
    let bot = store::get(&mut tx, BotId(id)).await?;
    tx.commit().await?;
    bot.ok_or_else(Problem::not_found)
}

/// How a list of bots is narrowed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BotQuery {
    is_active: Option<bool>,
    /// Whether a line rings it.
    connected: Option<bool>,
}

/// List bots, by name unless `sort` says otherwise (`created_at`, `updated_at`); `q` finds letters of the name.
#[utoipa::path(get, path = "/api/v1/bots", tag = "numbers", params(ListQuery, BotQuery),
    responses((status = 200, description = "A page of bots, each with its line", body = Page<BotView>)))]
async fn list_bots(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(query): Filter<BotQuery>,
) -> Result<Json<Page<BotView>>, Problem> {
    let window = list.window(store::ORDERS, false)?;
    let filter = BotFilter { q: list.q.clone(), is_active: query.is_active, connected: query.connected };
    let mut tx = reading(&state, caller.tenant).await?;
    let slice = store::list(&mut tx, &filter, &window).await?;
    tx.commit().await?;
    Ok(Json(Page::of(&window, slice).map(BotView::in_list)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBot {
    /// Unlike every other bot's, in any case.
    #[schema(example = "Reception at night")]
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    prompt: Option<String>,
    #[serde(default)]
    #[schema(example = "sip:reception@bots.example")]
    sip_uri: Option<String>,
    #[serde(default)]
    is_active: Option<bool>,
}

impl Validate for CreateBot {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/name", &self.name, 1, 100);
        check(errors, self.description.as_deref(), self.prompt.as_deref(), self.sip_uri.as_deref());
    }
}

fn check(errors: &mut Errors, description: Option<&str>, prompt: Option<&str>, sip_uri: Option<&str>) {
    errors.optional_text("/description", description, 0, 500);
    errors.optional_text("/prompt", prompt, 0, 20_000);
    // Blank takes it away, as with other texts.
    errors.optional_sip("/sip_uri", sip_uri.filter(|uri| !uri.trim().is_empty()));
}

/// Make a bot. It takes calls once a line is connected to it.
#[utoipa::path(post, path = "/api/v1/bots", tag = "numbers", request_body = CreateBot,
    responses((status = 201, description = "The bot", body = BotView),
              (status = 409, description = "The name is taken (`bot-exists`)")))]
async fn create_bot(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<CreateBot>,
) -> Result<Created<BotView>, Problem> {
    let text = BotText {
        name: body.name.trim().to_owned(),
        description: trimmed(body.description),
        prompt: trimmed(body.prompt),
        sip_uri: trimmed(body.sip_uri),
    };
    let mut tx = begin(&state, caller.tenant).await?;
    let id =
        store::create(&mut tx, &text, body.is_active.unwrap_or(true), caller.user_id).await.map_err(taken)?;
    let bot = store::get(&mut tx, id).await?.ok_or_else(Problem::internal)?;
    settle(&state, tx).await?;
    Ok(Created { location: format!("/api/v1/bots/{id}"), version: bot.version, body: BotView::whole(bot) })
}

/// Read a bot, with its prompt.
#[utoipa::path(get, path = "/api/v1/bots/{id}", tag = "numbers", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The bot", body = BotView)))]
async fn get_bot(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<BotView>, Problem> {
    find(&state, &caller, id).await.map(answer)
}

/// Absent = unchanged. Switching on and off is a command.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateBot {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    prompt: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    sip_uri: Patch<String>,
}

impl Validate for UpdateBot {
    fn validate(&self, errors: &mut Errors) {
        check_not_null(errors, "/name", &self.name);
        errors.optional_text("/name", self.name.value().map(String::as_str), 1, 100);
        check(
            errors,
            self.description.value().map(String::as_str),
            self.prompt.value().map(String::as_str),
            self.sip_uri.value().map(String::as_str),
        );
    }
}

/// Change what a bot is called, says, and where it answers.
#[utoipa::path(patch, path = "/api/v1/bots/{id}", tag = "numbers", params(("id" = Uuid, Path), IfMatch),
    request_body = UpdateBot,
    responses((status = 200, description = "The bot as it is now", body = BotView),
              (status = 409, description = "The name is taken (`bot-exists`), or changed by somebody else at the same moment")))]
async fn update_bot(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<BotView>, Problem> {
    find(&state, &caller, id).await?;
    let body: UpdateBot = body.read().await?;
    let mut tx = begin(&state, caller.tenant).await?;
    let before = store::get(&mut tx, BotId(id)).await?.ok_or_else(Problem::not_found)?;
    if_match.check(before.version)?;
    let text = BotText {
        name: body.name.value().map_or_else(|| before.name.clone(), |name| name.trim().to_owned()),
        description: patched(body.description).unwrap_or_else(|| before.description.clone()),
        prompt: patched(body.prompt).unwrap_or_else(|| before.prompt.clone()),
        sip_uri: patched(body.sip_uri).unwrap_or_else(|| before.sip_uri.clone()),
    };
    match store::update(&mut tx, BotId(id), before.version, &text).await.map_err(taken)? {
        Changed::Done(bot) => {
            settle(&state, tx).await?;
            Ok(answer(bot))
        }
        Changed::Absent => Err(Problem::not_found()),
        Changed::Stale => Err(Problem::changed_meanwhile()),
    }
}

/// Delete a bot. Its line rings nobody any more; its calls stay.
#[utoipa::path(delete, path = "/api/v1/bots/{id}", tag = "numbers", params(("id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "Deleted")))]
async fn delete_bot(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let current = find(&state, &caller, id).await?;
    let expected = expected(&if_match, current.version)?;
    let mut tx = begin(&state, caller.tenant).await?;
    match store::delete(&mut tx, BotId(id), expected, caller.user_id).await? {
        Changed::Done(()) => {
            settle(&state, tx).await?;
            Ok(StatusCode::NO_CONTENT)
        }
        Changed::Absent => Err(Problem::not_found()),
        Changed::Stale => Err(Problem::stale_version()),
    }
}

/// Switch a bot on again. Its line does not come back by itself.
#[utoipa::path(post, path = "/api/v1/bots/{id}/activate", tag = "numbers", params(("id" = Uuid, Path), IfMatch),
    request_body = Option<Nothing>,
    responses((status = 200, description = "The bot, switched on", body = BotView),
              (status = 409, description = "Changed by somebody else at the same moment")))]
async fn activate_bot(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<BotView>, Problem> {
    switch(&state, &caller, id, &if_match, body, true).await
}

/// Switch a bot off. It takes no calls, and its line rings nobody any more.
#[utoipa::path(post, path = "/api/v1/bots/{id}/deactivate", tag = "numbers", params(("id" = Uuid, Path), IfMatch),
    request_body = Option<Nothing>,
    responses((status = 200, description = "The bot, switched off", body = BotView),
              (status = 409, description = "Changed by somebody else at the same moment")))]
async fn deactivate_bot(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<BotView>, Problem> {
    switch(&state, &caller, id, &if_match, body, false).await
}

async fn switch(
    state: &AppState,
    caller: &Caller,
    id: Uuid,
    if_match: &IfMatch,
    body: Incoming,
    on: bool,
) -> Result<Versioned<BotView>, Problem> {
    find(state, caller, id).await?;
    let Nothing {} = body.read_or_empty().await?;
    let mut tx = begin(state, caller.tenant).await?;
    let before = store::get(&mut tx, BotId(id)).await?.ok_or_else(Problem::not_found)?;
    if_match.check(before.version)?;
    // Doing it twice does it once.
    if before.is_active == on {
        return Ok(answer(before));
    }
    match store::set_active(&mut tx, BotId(id), before.version, on, caller.user_id).await? {
        Changed::Done(bot) => {
            settle(state, tx).await?;
            Ok(answer(bot))
        }
        Changed::Absent => Err(Problem::not_found()),
        Changed::Stale => Err(Problem::changed_meanwhile()),
    }
}
