//! `/webhook-endpoints`: URLs outside that hear of the log, signed after Standard Webhooks. A secret is shown once, when
//! it is made.

mod deliveries;

use axum::{extract::State, http::StatusCode};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchroom_api_base::{
    Address, Body, Caller, Created, Errors, IfMatch, Incoming, Json, ListQuery, Page, Params, Patch, Problem,
    Validate, Versioned, state::AppState,
};
use switchroom_core::{log::Cursor, outward::is_known};
use switchroom_store::{
    Changed, TenantTx, audit,
    listing::CREATED_AT,
    log,
    webhooks::{self as store, Endpoint, EndpointPatch, NewEndpoint, Sealed},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::directory::{
    begin, expected,
    fields::{check_not_null, value},
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_webhook_endpoints, create_webhook_endpoint))
        .routes(routes!(get_webhook_endpoint, update_webhook_endpoint, delete_webhook_endpoint))
        .routes(routes!(rotate_webhook_secret))
        .routes(routes!(replay_webhook_events))
        .merge(deliveries::routes())
}

/// A URL that hears of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookEndpointView {
    id: Uuid,
    #[schema(example = "CRM")]
    name: String,
    #[schema(example = "https://crm.example/hooks/switchroom")]
    url: String,
    /// What it asked for; empty = everything.
    #[schema(example = json!(["call.ringing", "call.ended"]))]
    events: Vec<String>,
    is_active: bool,
    /// `whsec_…`; only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Two secrets sign: the one before does for a day after a change.
    rotating: bool,
    /// Everything up to this place of the log is delivered, was not asked for, or is a dead letter.
    cursor: String,
    /// How often the event behind it has failed so far.
    failed: i32,
    /// When that is tried again; null where nothing has failed.
    next_attempt_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl WebhookEndpointView {
    fn of(endpoint: Endpoint, secret: Option<String>) -> Self {
        Self {
            id: endpoint.id,
            name: endpoint.name,
            url: endpoint.url,
            events: endpoint.events,
            is_active: endpoint.is_active,
            secret,
            rotating: endpoint.old_secret.is_some(),
            cursor: Cursor(endpoint.seq).to_string(),
            failed: endpoint.failed,
            next_attempt_at: (endpoint.failed > 0).then_some(endpoint.next_attempt_at),
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
            version: endpoint.version,
        }
    }
}

fn check_events(errors: &mut Errors, events: &[String]) {
    if events.len() > 20 {
        errors.push("/events", "must have at most 20 words");
    }
    for (index, event) in events.iter().enumerate().take(20) {
        if !is_known(event) {
            errors.push(
                format!("/events/{index}"),
                "must be call.ringing, call.answered, call.held, call.resumed, call.transferred, call.ended, agent.presence, call.* or *",
            );
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhookEndpoint {
    #[schema(example = "CRM")]
    name: String,
    /// https, at a host of the internet.
    #[schema(example = "https://crm.example/hooks/switchroom")]
    url: String,
    #[serde(default)]
    events: Option<Vec<String>>,
    #[serde(default)]
    is_active: Option<bool>,
}

impl Validate for CreateWebhookEndpoint {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/name", &self.name, 1, 200);
        errors.text("/url", &self.url, 1, 2000);
        check_events(errors, self.events.as_deref().unwrap_or_default());
    }
}

/// Absent = unchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWebhookEndpoint {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    url: Patch<String>,
    /// Replaces the whole list.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    events: Patch<Vec<String>>,
    /// One that is switched off keeps its place in the log.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_active: Patch<bool>,
}

impl Validate for UpdateWebhookEndpoint {
    fn validate(&self, errors: &mut Errors) {
        check_not_null(errors, "/name", &self.name);
        check_not_null(errors, "/url", &self.url);
        check_not_null(errors, "/is_active", &self.is_active);
        errors.optional_text("/name", self.name.value().map(String::as_str), 1, 200);
        errors.optional_text("/url", self.url.value().map(String::as_str), 1, 2000);
        check_events(errors, self.events.value().map(Vec::as_slice).unwrap_or_default());
    }
}

fn check_url(state: &AppState, url: &str) -> Result<(), Problem> {
    state.config.webhooks.check(url).map(|_| ()).map_err(|bad| Problem::invalid("/url", bad.to_string()))
}

/// A new secret, as it is shown and as it is kept.
fn make_secret(state: &AppState) -> Result<(String, Sealed), Problem> {
    let text = format!("whsec_{}", STANDARD.encode(rand::random::<[u8; 32]>()));
    let (key_id, secret) = state.sealer.seal(text.as_bytes()).map_err(|error| {
        tracing::error!(%error, "a secret cannot be sealed");
        Problem::internal()
    })?;
    Ok((text, Sealed { key_id, secret }))
}

async fn note(
    tx: &mut TenantTx,
    caller: &Caller,
    address: Address,
    action: &str,
    id: Uuid,
    detail: serde_json::Value,
) -> Result<(), Problem> {
    let (address, subject) = (address.text(), id.to_string());
    let entry = audit::Entry {
        tenant: Some(caller.tenant),
        actor: Some(caller.user_id),
        action,
        subject: Some(&subject),
        detail: Some(detail),
        address: address.as_deref(),
    };
    Ok(audit::record(tx, &entry).await?)
}

async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Endpoint, Problem> {
    store::get(tx, id).await?.ok_or_else(Problem::not_found)
}

/// List endpoints, newest first.
#[utoipa::path(get, path = "/api/v1/webhook-endpoints", tag = "webhooks", params(ListQuery),
    responses((status = 200, description = "A page of endpoints", body = Page<WebhookEndpointView>)))]
async fn list_webhook_endpoints(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
) -> Result<Json<Page<WebhookEndpointView>>, Problem> {
    let window = list.window(&[CREATED_AT], true)?;
    let mut tx = begin(&state, caller.tenant).await?;
    let slice = store::list(&mut tx, &window).await?;
    Ok(Json(Page::of(&window, slice).map(|endpoint| WebhookEndpointView::of(endpoint, None))))
}

/// Let a URL hear of the log from now on. The answer has the secret that signs, this once.
#[utoipa::path(post, path = "/api/v1/webhook-endpoints", tag = "webhooks", request_body = CreateWebhookEndpoint,
    responses((status = 201, description = "The endpoint, with its secret", body = WebhookEndpointView),
              (status = 409, description = "The tenant has as many as it may (`too-many-endpoints`)")))]
async fn create_webhook_endpoint(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Body(body): Body<CreateWebhookEndpoint>,
) -> Result<Created<WebhookEndpointView>, Problem> {
    let url = body.url.trim().to_owned();
    check_url(&state, &url)?;
    let (text, secret) = make_secret(&state)?;
    let new = NewEndpoint {
        name: body.name.trim().to_owned(),
        url,
        events: body.events.unwrap_or_default(),
        secret,
        is_active: body.is_active.unwrap_or(true),
    };
    let mut tx = begin(&state, caller.tenant).await?;
    let endpoint = store::insert(&mut tx, &new, caller.user_id).await?.ok_or_else(|| {
        Problem::conflict("too-many-endpoints", format!("A tenant has at most {} endpoints.", store::MOST))
    })?;
    note(&mut tx, &caller, address, "webhook_endpoint.created", endpoint.id, json!({"name": endpoint.name}))
        .await?;
    tx.commit().await?;
    Ok(Created {
        location: format!("/api/v1/webhook-endpoints/{}", endpoint.id),
        version: endpoint.version,
        body: WebhookEndpointView::of(endpoint, Some(text)),
    })
}

/// Read an endpoint.
#[utoipa::path(get, path = "/api/v1/webhook-endpoints/{id}", tag = "webhooks", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The endpoint", body = WebhookEndpointView)))]
async fn get_webhook_endpoint(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<WebhookEndpointView>, Problem> {
    let endpoint = find(&mut begin(&state, caller.tenant).await?, id).await?;
    Ok(Versioned(endpoint.version, WebhookEndpointView::of(endpoint, None)))
}

/// Change an endpoint. One that is switched on again goes on where it was.
#[utoipa::path(patch, path = "/api/v1/webhook-endpoints/{id}", tag = "webhooks", params(("id" = Uuid, Path), IfMatch),
    request_body = UpdateWebhookEndpoint,
    responses((status = 200, description = "The endpoint as it is now", body = WebhookEndpointView)))]
async fn update_webhook_endpoint(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<WebhookEndpointView>, Problem> {
    let current = find(&mut begin(&state, caller.tenant).await?, id).await?;
    let body: UpdateWebhookEndpoint = body.read().await?;
    if let Some(url) = body.url.value() {
        check_url(&state, url.trim())?;
    }
    let expected = expected(&if_match, current.version)?;
    let patch = EndpointPatch {
        name: value(body.name).map(|name| name.trim().to_owned()),
        url: value(body.url).map(|url| url.trim().to_owned()),
        events: match body.events {
            Patch::Absent => None,
            Patch::Null => Some(Vec::new()),
            Patch::Value(events) => Some(events),
        },
        is_active: value(body.is_active),
    };
    let mut tx = begin(&state, caller.tenant).await?;
    match store::update(&mut tx, id, &patch, expected).await? {
        Changed::Done(endpoint) => {
            note(
                &mut tx,
                &caller,
                address,
                "webhook_endpoint.changed",
                id,
                json!({"is_active": endpoint.is_active}),
            )
            .await?;
            tx.commit().await?;
            Ok(Versioned(endpoint.version, WebhookEndpointView::of(endpoint, None)))
        }
        Changed::Absent => Err(Problem::not_found()),
        Changed::Stale => Err(Problem::stale_version()),
    }
}

/// Delete an endpoint. Nothing leaves for it any more.
#[utoipa::path(delete, path = "/api/v1/webhook-endpoints/{id}", tag = "webhooks", params(("id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "Deleted")))]
async fn delete_webhook_endpoint(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let mut tx = begin(&state, caller.tenant).await?;
    let current = find(&mut tx, id).await?;
    let expected = expected(&if_match, current.version)?;
    match store::delete(&mut tx, id, expected).await? {
        Changed::Done(()) => {
            note(&mut tx, &caller, address, "webhook_endpoint.deleted", id, json!({"name": current.name}))
                .await?;
            tx.commit().await?;
            Ok(StatusCode::NO_CONTENT)
        }
        Changed::Absent => Err(Problem::not_found()),
        Changed::Stale => Err(Problem::stale_version()),
    }
}

/// A new secret. For a day the one before signs beside it, so that a receiver can change over without losing an event.
#[utoipa::path(post, path = "/api/v1/webhook-endpoints/{id}/rotate-secret", tag = "webhooks", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The endpoint, with its new secret", body = WebhookEndpointView)))]
async fn rotate_webhook_secret(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<Versioned<WebhookEndpointView>, Problem> {
    let mut tx = begin(&state, caller.tenant).await?;
    find(&mut tx, id).await?;
    let (text, secret) = make_secret(&state)?;
    let endpoint = store::rotate(&mut tx, id, &secret).await?.ok_or_else(Problem::not_found)?;
    note(&mut tx, &caller, address, "webhook_endpoint.secret_rotated", id, json!({})).await?;
    tx.commit().await?;
    Ok(Versioned(endpoint.version, WebhookEndpointView::of(endpoint, Some(text))))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayFrom {
    /// A cursor of the log; `0` = from the first entry that is kept. Everything behind it is sent, again where it was sent
    /// before, under the same ids.
    #[schema(example = "v1.0")]
    after: String,
}

impl Validate for ReplayFrom {
    fn validate(&self, errors: &mut Errors) {
        if self.after.parse::<Cursor>().is_err() {
            errors.push("/after", "is no cursor of the log");
        }
    }
}

/// Send everything behind a place of the log once more.
#[utoipa::path(post, path = "/api/v1/webhook-endpoints/{id}/replay", tag = "webhooks", params(("id" = Uuid, Path)),
    request_body = ReplayFrom,
    responses((status = 200, description = "The endpoint as it is now", body = WebhookEndpointView)))]
async fn replay_webhook_events(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
    body: Incoming,
) -> Result<Versioned<WebhookEndpointView>, Problem> {
    find(&mut begin(&state, caller.tenant).await?, id).await?;
    let body: ReplayFrom = body.read().await?;
    let after: Cursor =
        body.after.parse().map_err(|_| Problem::invalid("/after", "is no cursor of the log"))?;
    let mut tx = begin(&state, caller.tenant).await?;
    let (_, end) = log::extent(&mut tx).await?;
    if after > end {
        return Err(Problem::invalid("/after", "is behind the end of the log"));
    }
    if !store::replay_from(&mut tx, id, after.0).await? {
        return Err(Problem::not_found());
    }
    note(&mut tx, &caller, address, "webhook_endpoint.replayed", id, json!({"after": after.to_string()}))
        .await?;
    let endpoint = find(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Versioned(endpoint.version, WebhookEndpointView::of(endpoint, None)))
}
