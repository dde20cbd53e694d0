//! `/phone-numbers`: our own lines. A tenant sees its lines and the pool; the platform admin sees all of them, or, acting
//! for a tenant, what that one sees.

mod commands;
mod history;

pub(crate) use commands::Nothing;

use std::collections::HashMap;

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use switchroom_api_base::{
    Actor, Body, Created, Errors, Filter, IfMatch, Incoming, Json, ListQuery, Page, Params, Patch, Problem,
    Validate, Versioned, state::AppState,
};
use switchroom_core::{
    BotId, NumberId, TenantId, UserId,
    inventory::{LineRefusal, LineStatus},
    iso::{is_country, is_currency},
    number::E164,
    number_plan::Endpoint,
};
use switchroom_store::{
    StoreError,
    listing::Window,
    numbers::{
        self as store, EndpointKind, NewNumber, NumberError, NumberFilter, NumberPatch, NumberSort,
        PhoneNumber, Scope,
    },
    tenants,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::directory::{
    expected,
    fields::{check_not_null, patched, trimmed, value},
    page, place, position_at, position_text,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_numbers, create_number))
        .routes(routes!(get_number, update_number, delete_number))
        .merge(commands::routes())
        .merge(history::routes())
}

/// One of our lines.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumberView {
    id: Uuid,
    #[schema(example = "+33199000001")]
    number: String,
    /// ISO 3166-1 alpha-2.
    country: String,
    region: Option<String>,
    /// `available`, `assigned`, `reserved`.
    status: LineStatusView,
    /// Who holds it, or for whom it is held.
    tenant_id: Option<Uuid>,
    /// Its name, for the platform admin who acts for no tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Demo")]
    tenant_name: Option<String>,
    /// Assigned, and rings somebody.
    connected: bool,
    endpoint: Option<EndpointView>,
    /// A decimal number as text.
    #[schema(value_type = String, example = "1.50")]
    monthly_cost: Decimal,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: String,
    provider: String,
    #[schema(value_type = Object)]
    capabilities: Value,
    /// Until then a released line is given to nobody.
    quarantined_until: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

/// `available`, `assigned`, `reserved`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineStatusView {
    Available,
    Assigned,
    Reserved,
}

/// `user`, `bot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKindView {
    User,
    Bot,
}

/// What a line rings.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointView {
    /// `user` or `bot`.
    kind: &'static str,
    id: Uuid,
}

impl From<Endpoint> for EndpointView {
    fn from(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::User(user) => Self { kind: "user", id: user.0 },
            Endpoint::Bot(bot) => Self { kind: "bot", id: bot.0 },
        }
    }
}

/// What a line rang at some time.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointThen {
    /// `user` or `bot`.
    #[schema(example = "user")]
    kind: &'static str,
    id: Uuid,
    /// The person's or the bot's name now.
    name: Option<String>,
}

impl EndpointThen {
    pub(crate) fn of(endpoint: Endpoint, name: Option<String>) -> Self {
        let EndpointView { kind, id } = endpoint.into();
        Self { kind, id, name }
    }
}

impl From<PhoneNumber> for NumberView {
    fn from(line: PhoneNumber) -> Self {
        let endpoint = line.endpoint.map(EndpointView::from);
        Self {
            id: line.id.0,
            number: line.number.to_string(),
            country: line.country,
            region: line.region,
            status: match line.status {
                LineStatus::Available => LineStatusView::Available,
                LineStatus::Assigned => LineStatusView::Assigned,
                LineStatus::Reserved => LineStatusView::Reserved,
            },
            tenant_id: line.tenant.map(|tenant| tenant.0),
            tenant_name: None,
            connected: endpoint.is_some(),
            endpoint,
            monthly_cost: two_places(line.monthly_cost),
            currency: line.currency,
            provider: line.provider,
            capabilities: line.capabilities,
            quarantined_until: line.quarantined_until,
            created_at: line.created_at,
            updated_at: line.updated_at,
            version: line.version,
        }
    }
}

/// As the column has it: the database driver drops the places of a zero.
fn two_places(mut cost: Decimal) -> Decimal {
    cost.rescale(2);
    cost
}

fn problem(error: NumberError) -> Problem {
    match error {
        NumberError::Absent | NumberError::Refused(LineRefusal::NotYours) => Problem::not_found(),
        NumberError::Stale => Problem::stale_version(),
        NumberError::Refused(refused) => {
            let kind = match refused {
                LineRefusal::Taken | LineRefusal::NotYours => "number-taken",
                LineRefusal::Connected => "number-connected",
                LineRefusal::NotConnected => "number-not-connected",
                LineRefusal::NotAssigned => "number-not-assigned",
                LineRefusal::NotHeld => "number-not-held",
            };
            Problem::conflict(kind, format!("Refused: {refused}."))
        }
        NumberError::HasLine(Endpoint::User(_)) => {
            Problem::conflict("user-has-number", "That person has a line already.")
        }
        NumberError::HasLine(Endpoint::Bot(_)) => {
            Problem::conflict("bot-has-number", "That bot has a line already.")
        }
        NumberError::NoSuchEndpoint(Endpoint::User(_)) => {
            Problem::invalid("/user_id", "names nobody who takes calls here")
        }
        NumberError::NoSuchEndpoint(Endpoint::Bot(_)) => {
            Problem::invalid("/bot_id", "names no bot that takes calls here")
        }
        NumberError::NoSuchTenant => Problem::not_found(),
        NumberError::Duplicate => {
            Problem::conflict("number-exists", "The number is in the inventory already.")
        }
        NumberError::Store(error) => error.into(),
    }
}

/// Whose view of the inventory the actor has: their tenant's, also of a platform admin who acts for one; without one, the
/// platform admin's.
fn scope(actor: &Actor) -> Result<Scope, Problem> {
    match actor.in_tenant() {
        Some(caller) => Ok(Scope::Tenant(caller.tenant)),
        None if actor.0.platform => Ok(Scope::Platform),
        None => Err(Problem::forbidden()),
    }
}

/// A connection of the platform role.
async fn platform(state: &AppState) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, Problem> {
    Ok(state.db.platform().acquire().await.map_err(StoreError::from)?)
}

/// Lines whose quarantine is over are in the pool before anybody looks at it.
async fn end_quarantines(state: &AppState) -> Result<(), Problem> {
    store::end_quarantines(&state.db).await?;
    Ok(())
}

async fn find(state: &AppState, scope: Scope, id: Uuid) -> Result<PhoneNumber, Problem> {
    let line = match scope {
        Scope::Tenant(tenant) => {
            let mut tx = state.db.reading(tenant).await?;
            let line = store::get(&mut tx, scope, NumberId(id)).await?;
            tx.commit().await?;
            line
        }
        Scope::Platform => store::get(&mut *platform(state).await?, scope, NumberId(id)).await?,
    };
    line.ok_or_else(Problem::not_found)
}

/// Says whose the lines are.
async fn name_tenants(state: &AppState, lines: &mut [NumberView]) -> Result<(), Problem> {
    let mut ids: Vec<Uuid> = lines.iter().filter_map(|line| line.tenant_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let names: HashMap<Uuid, String> =
        tenants::names(&mut *platform(state).await?, &ids).await?.into_iter().collect();
    for line in lines {
        line.tenant_name = line.tenant_id.and_then(|id| names.get(&id).cloned());
    }
    Ok(())
}

/// How a list of lines is narrowed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NumberQuery {
    /// `available` = the pool, `assigned` = one's own, `reserved` = held for one.
    status: Option<LineStatusView>,
    connected: Option<bool>,
    /// ISO 3166-1 alpha-2.
    country: Option<String>,
    region: Option<String>,
    /// Whom it rings.
    user_id: Option<Uuid>,
    /// Which bot it rings.
    bot_id: Option<Uuid>,
    /// What it rings: `user`, `bot`.
    #[param(value_type = Option<String>)]
    endpoint: Option<EndpointKindView>,
    /// Who holds it, or for whom it is held (of use to the platform admin).
    tenant_id: Option<Uuid>,
    /// Digits found anywhere in the number, as one types it: the same as `q`.
    search: Option<String>,
    /// Digits the number begins with, country code first; `+` or `00` before them may be left out.
    prefix: Option<String>,
    /// Digits the number ends with.
    suffix: Option<String>,
}

/// The digits of a text, of which a number is searched by.
fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// What is found anywhere: the digits as typed, and without what people type before a number and what is no part of
/// what is stored (00, or the trunk zero of a national number).
fn anywhere(text: &str) -> Vec<String> {
    let typed = digits(text);
    let bare = typed
        .strip_prefix("00")
        .or(typed.strip_prefix('0'))
        .filter(|bare| bare.len() >= 6)
        .map(str::to_owned);
    let mut all = vec![typed];
    all.extend(bare);
    all
}

const SORTS: &[&str] = &["-created_at", "number"];

/// List one's own lines and the pool; the platform admin who acts for no tenant sees every line.
#[utoipa::path(get, path = "/api/v1/phone-numbers", tag = "numbers", params(ListQuery, NumberQuery),
    responses((status = 200, description = "A page of lines", body = Page<NumberView>)))]
async fn list_numbers(
    State(state): State<AppState>,
    actor: Actor,
    list: ListQuery,
    Filter(query): Filter<NumberQuery>,
) -> Result<Json<Page<NumberView>>, Problem> {
    let scope = scope(&actor)?;
    let (field, descending) = list.sort_by(SORTS)?;
    let order = place(field, descending);
    let (sort, after) = match field {
        "number" => (NumberSort::Number, position_text(&list, &order)?),
        _ => (NumberSort::CreatedAt, position_at(&list, &order)?),
    };
    let search = list.q.clone().or(query.search);
    let prefix = query.prefix.as_deref().map(|text| {
        let digits = digits(text);
        digits.strip_prefix("00").map_or(digits.clone(), str::to_owned)
    });
    let suffix = query.suffix.as_deref().map(digits);
    let sought = search.as_deref().map(anywhere);
    // What names no digits finds nothing.
    let nothing = [&prefix, &suffix].into_iter().flatten().any(String::is_empty)
        || sought.as_ref().is_some_and(|all| all[0].is_empty());
    let filter = NumberFilter {
        status: query.status.map(|status| match status {
            LineStatusView::Available => LineStatus::Available,
            LineStatusView::Assigned => LineStatus::Assigned,
            LineStatusView::Reserved => LineStatus::Reserved,
        }),
        connected: query.connected,
        country: query.country.map(|country| country.to_ascii_uppercase()),
        region: query.region,
        user: query.user_id.map(UserId),
        bot: query.bot_id.map(BotId),
        rings: query.endpoint.map(|kind| match kind {
            EndpointKindView::User => EndpointKind::User,
            EndpointKindView::Bot => EndpointKind::Bot,
        }),
        tenant: query.tenant_id.map(TenantId),
        nothing,
        digits: sought.unwrap_or_default(),
        prefix,
        suffix,
    };
    end_quarantines(&state).await?;
    let window = Window { sort, descending, after, limit: list.limit, count: list.count };
    let slice = match scope {
        Scope::Tenant(tenant) => {
            let mut tx = state.db.reading(tenant).await?;
            let slice = store::list(&mut tx, scope, &filter, &window).await?;
            tx.commit().await?;
            slice
        }
        Scope::Platform => store::list(&mut *platform(&state).await?, scope, &filter, &window).await?,
    };
    let mut page = page(slice, &order, NumberView::from);
    if scope == Scope::Platform {
        name_tenants(&state, &mut page.items).await?;
    }
    Ok(Json(page))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateNumber {
    /// E.164.
    #[schema(example = "+33199000001")]
    number: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "FR")]
    country: String,
    #[serde(default)]
    region: Option<String>,
    /// A decimal number, as text or as a number; at most two places.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "1.50")]
    monthly_cost: Option<Decimal>,
    /// ISO 4217; USD where left out.
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    provider: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    capabilities: Option<Value>,
}

impl Validate for CreateNumber {
    fn validate(&self, errors: &mut Errors) {
        if self.number.parse::<E164>().is_err() {
            errors.push("/number", "must be E.164: +, then 7 to 15 digits");
        }
        check_country(errors, Some(&self.country));
        errors.optional_text("/region", self.region.as_deref(), 0, 100);
        check_cost(errors, self.monthly_cost);
        check_currency(errors, self.currency.as_deref());
        errors.optional_text("/provider", self.provider.as_deref(), 1, 60);
        check_capabilities(errors, self.capabilities.as_ref());
    }
}

fn check_country(errors: &mut Errors, country: Option<&str>) {
    if country.is_some_and(|country| !is_country(country)) {
        errors.push("/country", "must be a code of ISO 3166-1 in capitals, such as FR");
    }
}

fn check_currency(errors: &mut Errors, currency: Option<&str>) {
    if currency.is_some_and(|currency| !is_currency(currency)) {
        errors.push("/currency", "must be a code of ISO 4217 in capitals, such as EUR");
    }
}

fn check_cost(errors: &mut Errors, cost: Option<Decimal>) {
    // As much as the column holds.
    let most = Decimal::new(999_999_999_999, 2);
    if cost.is_some_and(|cost| cost < Decimal::ZERO || cost > most || cost.normalize().scale() > 2) {
        errors.push("/monthly_cost", "must be from 0 to 9999999999.99, with at most two places");
    }
}

fn check_capabilities(errors: &mut Errors, capabilities: Option<&Value>) {
    let fine = |value: &Value| {
        value.as_object().is_some_and(|map| {
            map.len() <= 20
                && map.iter().all(|(name, value)| (1..=40).contains(&name.len()) && value.is_boolean())
        })
    };
    if capabilities.is_some_and(|value| !value.is_null() && !fine(value)) {
        errors.push("/capabilities", "must be an object of names and true or false");
    }
}

/// Enter a line into the pool.
#[utoipa::path(post, path = "/api/v1/phone-numbers", tag = "numbers", request_body = CreateNumber,
    responses((status = 201, description = "The line", body = NumberView),
              (status = 409, description = "The number is there already (`number-exists`)")))]
async fn create_number(
    State(state): State<AppState>,
    _actor: Actor,
    Body(body): Body<CreateNumber>,
) -> Result<Created<NumberView>, Problem> {
    let new = NewNumber {
        number: body.number.parse().map_err(|_| Problem::invalid("/number", "must be E.164"))?,
        country: body.country,
        region: trimmed(body.region),
        monthly_cost: body.monthly_cost.unwrap_or_default(),
        currency: body.currency.unwrap_or_else(|| "USD".to_owned()),
        provider: trimmed(body.provider).unwrap_or_else(|| "twilio".to_owned()),
        capabilities: body.capabilities.filter(|value| !value.is_null()),
    };
    let line = store::create(&mut *platform(&state).await?, &new).await.map_err(problem)?;
    state.refreshed().await;
    Ok(Created {
        location: format!("/api/v1/phone-numbers/{}", line.id),
        version: line.version,
        body: line.into(),
    })
}

/// Read a line.
#[utoipa::path(get, path = "/api/v1/phone-numbers/{id}", tag = "numbers", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The line", body = NumberView)))]
async fn get_number(
    State(state): State<AppState>,
    actor: Actor,
    Params(id): Params<Uuid>,
) -> Result<Versioned<NumberView>, Problem> {
    let scope = scope(&actor)?;
    let line = match find(&state, scope, id).await {
        Ok(line) if line.quarantined_until.is_none() => line,
        Err(problem) if problem.status() != StatusCode::NOT_FOUND => return Err(problem),
        // A line in quarantine, seen by its last owner and unseen by the others, may have come out of it.
        _ => {
            end_quarantines(&state).await?;
            find(&state, scope, id).await?
        }
    };
    let mut view = NumberView::from(line);
    if scope == Scope::Platform {
        name_tenants(&state, std::slice::from_mut(&mut view)).await?;
    }
    Ok(Versioned(view.version, view))
}

/// Plain attributes of a line. Who holds it and what it rings is changed by commands.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateNumber {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    country: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    region: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    monthly_cost: Patch<Decimal>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    currency: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    provider: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    capabilities: Patch<Value>,
}

impl Validate for UpdateNumber {
    fn validate(&self, errors: &mut Errors) {
        check_not_null(errors, "/country", &self.country);
        check_not_null(errors, "/monthly_cost", &self.monthly_cost);
        check_not_null(errors, "/currency", &self.currency);
        check_not_null(errors, "/provider", &self.provider);
        check_not_null(errors, "/capabilities", &self.capabilities);
        check_country(errors, self.country.value().map(String::as_str));
        errors.optional_text("/region", self.region.value().map(String::as_str), 0, 100);
        check_cost(errors, self.monthly_cost.value().copied());
        check_currency(errors, self.currency.value().map(String::as_str));
        errors.optional_text("/provider", self.provider.value().map(String::as_str), 1, 60);
        check_capabilities(errors, self.capabilities.value());
    }
}

/// Change what a line costs, who provides it, where it is (platform admin).
#[utoipa::path(patch, path = "/api/v1/phone-numbers/{id}", tag = "numbers", params(("id" = Uuid, Path), IfMatch),
    request_body = UpdateNumber, responses((status = 200, description = "The line as it is now", body = NumberView)))]
async fn update_number(
    State(state): State<AppState>,
    actor: Actor,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<NumberView>, Problem> {
    let current = find(&state, scope(&actor)?, id).await?;
    let body: UpdateNumber = body.read().await?;
    let patch = NumberPatch {
        country: value(body.country),
        region: patched(body.region),
        monthly_cost: value(body.monthly_cost),
        currency: value(body.currency),
        provider: value(body.provider).map(|provider| provider.trim().to_owned()),
        capabilities: value(body.capabilities),
    };
    let expected = expected(&if_match, current.version)?;
    let line = store::update(&mut *platform(&state).await?, NumberId(id), &patch, expected)
        .await
        .map_err(problem)?;
    state.refreshed().await;
    Ok(Versioned(line.version, line.into()))
}

/// Take a line out of the inventory (platform admin); only one that nobody holds.
#[utoipa::path(delete, path = "/api/v1/phone-numbers/{id}", tag = "numbers", params(("id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "Deleted"), (status = 409, description = "It is assigned (`number-taken`)")))]
async fn delete_number(
    State(state): State<AppState>,
    actor: Actor,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let current = find(&state, scope(&actor)?, id).await?;
    let expected = expected(&if_match, current.version)?;
    store::delete(&mut *platform(&state).await?, NumberId(id), expected).await.map_err(problem)?;
    state.refreshed().await;
    Ok(StatusCode::NO_CONTENT)
}
