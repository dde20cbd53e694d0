//! `/registrations`: clients whose address is proved, and who wait for an admin or did; `/settings/accounts`: whether they
//! may come at all.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchroom_api_base::{
    Json,
    auth::{Address, Caller},
    body::{Errors, Incoming, Validate},
    list::{Filter, ListQuery, Page},
    mail::{self, one_line},
    problem::Problem,
    reply::{IfMatch, Params, Versioned},
    state::AppState,
};
use switchroom_core::UserId;
use switchroom_store::{audit, listing::CREATED_AT, portal_accounts, registrations as store};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(approve))
        .routes(routes!(reject))
        .routes(routes!(settings, change_settings))
}

#[derive(Serialize, ToSchema)]
struct Registration {
    id: Uuid,
    #[schema(example = "ada@client.example")]
    email: String,
    /// As they wrote it.
    name: String,
    /// `waiting`, `approved` or `rejected`.
    #[schema(example = "waiting")]
    status: &'static str,
    user_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    verified_at: Option<DateTime<Utc>>,
    decided_at: Option<DateTime<Utc>>,
    /// Null where nobody had to agree.
    decided_by: Option<Uuid>,
}

impl From<store::Registration> for Registration {
    fn from(record: store::Registration) -> Self {
        Self {
            id: record.id,
            email: record.email,
            name: record.name,
            status: match record.approved {
                None => "waiting",
                Some(true) => "approved",
                Some(false) => "rejected",
            },
            user_id: record.user_id,
            created_at: record.created_at,
            verified_at: record.verified_at,
            decided_at: record.decided_at,
            decided_by: record.decided_by,
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Waiting,
    Approved,
    Rejected,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RegistrationFilter {
    /// `waiting`, `approved` or `rejected`.
    #[param(value_type = Option<String>)]
    status: Option<Status>,
}

/// Registrations
///
/// Of clients whose address is proved.
#[utoipa::path(get, path = "/api/v1/registrations", tag = "people", operation_id = "list_registrations", params(ListQuery, RegistrationFilter),
    responses((status = 200, description = "Newest first", body = Page<Registration>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(filter): Filter<RegistrationFilter>,
) -> Result<Json<Page<Registration>>, Problem> {
    let window = list.window(&[CREATED_AT], true)?;
    let status = filter.status.map(|status| match status {
        Status::Waiting => "waiting",
        Status::Approved => "approved",
        Status::Rejected => "rejected",
    });
    let mut tx = state.db.tenant(caller.tenant).await?;
    let found = store::list(&mut tx, caller.tenant, status, &window).await?;
    tx.commit().await?;
    Ok(Json(Page::of(&window, found).map(Registration::from)))
}

/// Let a client in
///
/// They become a member with the role `client`, and get a mail. Where exactly one active contact has their address, an individual
/// or a person of an organization, they sign in as that contact.
#[utoipa::path(post, path = "/api/v1/registrations/{id}/approve", tag = "people", operation_id = "approve_registration", params(("id" = Uuid, Path)),
    responses((status = 200, description = "They are in", body = Registration), (status = 409, description = "It was decided already, or they are a member")))]
async fn approve(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<Json<Registration>, Problem> {
    decide(&state, &caller, address, id, true).await
}

/// Do not let a client in
#[utoipa::path(post, path = "/api/v1/registrations/{id}/reject", tag = "people", operation_id = "reject_registration", params(("id" = Uuid, Path)),
    responses((status = 200, description = "They are not", body = Registration), (status = 409, description = "It was decided already")))]
async fn reject(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<Json<Registration>, Problem> {
    decide(&state, &caller, address, id, false).await
}

async fn decide(
    state: &AppState,
    caller: &Caller,
    address: Address,
    id: Uuid,
    approved: bool,
) -> Result<Json<Registration>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    let found = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    if !store::decide(&mut tx, caller.tenant, id, caller.user_id, approved).await? {
        return Err(Problem::conflict("registration-decided", "It was decided already."));
    }
    if approved {
        let user = UserId(found.user_id.ok_or_else(Problem::internal)?);
        if !store::join(&mut tx, caller.tenant, user).await? {
            return Err(Problem::conflict("already-member", "They are or were a member of this tenant."));
        }
        portal_accounts::link_by_address(&mut tx, user, &found.email).await?;
    }
    let (subject, from) = (id.to_string(), address.text());
    let entry = audit::Entry {
        tenant: Some(caller.tenant),
        actor: Some(caller.user_id),
        action: if approved { "registration.approved" } else { "registration.rejected" },
        subject: Some(&subject),
        detail: Some(json!({"email": found.email})),
        address: from.as_deref(),
    };
    audit::record(&mut tx, &entry).await?;
    let now = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    if approved {
        state.refreshed().await;
        tell(state, caller, &found.email);
    }
    Ok(Json(now.into()))
}

/// Tells them by mail, beside the answer. A mail that cannot be sent changes nothing: they are in.
fn tell(state: &AppState, caller: &Caller, email: &str) {
    let (tenant, email) = (one_line(&caller.tenant_name), email.to_owned());
    let text = format!("You are in: sign in to {tenant} here.\n\n{}/sign-in\n", state.config.public_url);
    let told = mail::beside(state, async move |_, mailer| {
        Ok(mailer.send(&email, &format!("Welcome to {tenant}"), &text).await?)
    });
    if told.is_err() {
        tracing::warn!("somebody let in is not told by mail: too much goes on");
    }
}

#[derive(Serialize, ToSchema)]
struct AccountSettings {
    /// Whether clients may register themselves: `off`, `open`, or `approval` (an admin has to agree).
    #[schema(example = "approval")]
    registration: &'static str,
    /// Whether this server sends mail: without it nobody can prove an address, and registration stays closed.
    sends_mail: bool,
    version: i64,
}

/// How people come in
#[utoipa::path(get, path = "/api/v1/settings/accounts", tag = "people", operation_id = "get_account_settings",
    responses((status = 200, description = "The settings", body = AccountSettings)))]
async fn settings(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Versioned<AccountSettings>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    let entrance = store::own_entrance(&mut tx, caller.tenant).await?;
    tx.commit().await?;
    Ok(shown(&state, entrance))
}

fn shown(state: &AppState, entrance: store::Entrance) -> Versioned<AccountSettings> {
    let settings = AccountSettings {
        registration: entrance.mode.name(),
        sends_mail: state.config.mailer.is_some(),
        version: entrance.version,
    };
    Versioned(entrance.version, settings)
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Registrations {
    Off,
    Open,
    Approval,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccountSettingsChange {
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "approval")]
    registration: Option<Registrations>,
}

impl Validate for AccountSettingsChange {
    fn validate(&self, _: &mut Errors) {}
}

/// Change how people come in
#[utoipa::path(patch, path = "/api/v1/settings/accounts", tag = "people", operation_id = "change_account_settings", request_body = AccountSettingsChange,
    params(IfMatch),
    responses((status = 200, description = "The settings, changed", body = AccountSettings), (status = 409, description = "Changed by somebody else at the same moment")))]
async fn change_settings(
    State(state): State<AppState>,
    caller: Caller,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<AccountSettings>, Problem> {
    let body: AccountSettingsChange = body.read().await?;
    let mut tx = state.db.tenant(caller.tenant).await?;
    let before = store::own_entrance(&mut tx, caller.tenant).await?;
    if_match.check(before.version)?;
    let wanted = body.registration.map(|wanted| match wanted {
        Registrations::Off => store::Mode::Off,
        Registrations::Open => store::Mode::Open,
        Registrations::Approval => store::Mode::Approval,
    });
    if let Some(mode) = wanted.filter(|mode| *mode != before.mode) {
        let changed = store::set_mode(&mut tx, caller.tenant, before.version, mode).await?;
        changed.ok_or_else(Problem::changed_meanwhile)?;
    }
    let now = store::own_entrance(&mut tx, caller.tenant).await?;
    tx.commit().await?;
    Ok(shown(&state, now))
}
