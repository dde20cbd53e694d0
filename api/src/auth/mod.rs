//! Sign-in: `POST /auth/login`, `/auth/refresh`, `/auth/logout`, and what proves a sign-in afterwards.
//!
//! A session has three tokens: a short-lived access token and a rotating refresh token for API clients, and a cookie
//! token for browsers. It is bound to one tenant; the platform admin's to none.

pub mod caller;
mod cookies;
pub mod guard;
pub mod limits;
mod password;
mod sessions;
mod tickets;
pub mod token;

use std::time::Instant;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchroom_core::{TenantId, UserId};
use switchroom_store::{
    StoreError, audit,
    sessions::{self as store, NewSession, Rotation, SessionTokens},
    users,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub use caller::{Actor, Address, Caller};
pub use password::{HashFailed, Passwords, hash_blocking};
pub use sessions::{Identity, Place, Sessions};
pub use tickets::Tickets;

use crate::{
    body::{Body, Errors, Incoming, Validate},
    problem::Problem,
    state::AppState,
};

/// How long an access token is good.
pub const ACCESS_SECONDS: i32 = 3600;
/// How long a session can be kept alive without signing in again.
pub const REFRESH_SECONDS: i32 = 30 * 24 * 3600;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(login)).routes(routes!(refresh)).routes(routes!(logout))
}

#[derive(Deserialize, ToSchema)]
pub struct Login {
    #[schema(example = "agent1@demo.example")]
    email: String,
    password: String,
    /// One-time code, for accounts with a second factor.
    #[serde(default)]
    #[allow(
        dead_code,
        reason = "part of the contract; no account has a second factor before the issue that brings it"
    )]
    totp: Option<String>,
    /// Slug of the tenant, for people who belong to several; the oldest membership otherwise.
    #[serde(default)]
    #[schema(example = "demo")]
    tenant: Option<String>,
}

impl Validate for Login {
    fn validate(&self, errors: &mut Errors) {
        if self.email.is_empty() || self.email.len() > 320 {
            errors.push("/email", "must have 1 to 320 characters");
        }
        if self.password.is_empty() || self.password.len() > password::MAX_LENGTH {
            errors.push("/password", "must have 1 to 1024 octets");
        }
        errors.optional_text("/tenant", self.tenant.as_deref(), 0, 63);
    }
}

/// What proves the sign-in from now on.
#[derive(Serialize, ToSchema)]
pub struct TokenPair {
    /// Send it as `Authorization: Bearer …`.
    #[schema(example = "sws_Zm9v…")]
    access_token: String,
    /// Good once, for new tokens.
    #[schema(example = "swr_YmFy…")]
    refresh_token: String,
    /// Seconds until the access token expires.
    #[schema(example = 3600)]
    expires_in: i32,
}

/// Sign in
///
/// The answer carries tokens for API clients and sets a session cookie for browsers. Changes made with the cookie
/// need the header `X-CSRF-Token` with the value of the readable CSRF cookie. Unknown e-mail and wrong password get
/// the same answer in the same time.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "auth", request_body = Login,
    responses((status = 200, description = "Signed in", body = TokenPair)))]
async fn login(
    State(state): State<AppState>,
    address: Address,
    headers: HeaderMap,
    body: Incoming,
) -> Result<Response, Problem> {
    // The limit stands before the body is read: a flood shall cost nothing.
    if let Some(ip) = address.0 {
        state.limits.sign_in(ip)?;
    }
    let body: Login = body.read().await?;
    state.limits.account(&body.email, Instant::now())?;
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let found = users::find_for_sign_in(&mut connection, body.email.trim()).await?;
    drop(connection);
    let stored = found.as_ref().filter(|user| user.is_active).and_then(|user| user.password_hash.as_deref());
    let fits = state.passwords.verify(&body.password, stored).await.map_err(hash_failed)?;
    let seat = found.as_ref().filter(|_| fits).and_then(|user| choose_seat(user, body.tenant.as_deref()));
    let Some((user, tenant)) = seat else {
        state.limits.sign_in_failed(&body.email, Instant::now());
        // A failure belongs to the tenants of the person it was tried on, so that their admins see it.
        let tenants = found
            .as_ref()
            .map(|user| user.tenants.iter().map(|(id, _)| Some(*id)).collect())
            .unwrap_or_else(|| vec![None]);
        for tenant in tenants {
            record(&state, tenant, found.as_ref().map(|user| user.id), "session.refused", address, json!({}))
                .await?;
        }
        return Err(Problem::invalid_credentials());
    };
    let (session, cookie) = (Uuid::now_v7(), token::generate(token::COOKIE));
    let pair = new_pair(session);
    let user_agent = headers
        .get(header::USER_AGENT)
        .and_then(|v| v.to_str().ok())
        .map(|text| text.chars().filter(|c| !c.is_control()).take(300).collect::<String>());
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    store::create(
        &mut connection,
        &NewSession {
            id: session,
            tenant,
            user,
            tokens: SessionTokens {
                access: token::hash(&pair.access_token),
                refresh: token::hash(&pair.refresh_token),
                cookie: token::hash(&cookie),
            },
            access_seconds: ACCESS_SECONDS,
            refresh_seconds: REFRESH_SECONDS,
            user_agent: user_agent.as_deref(),
            address: address.text().as_deref(),
        },
    )
    .await?;
    drop(connection);
    record(&state, tenant, Some(user), "session.started", address, json!({"session": session})).await?;
    Ok(with_cookies(StatusCode::OK, &cookies::start(&cookie, state.config.is_https()), Json(pair)))
}

/// Which tenant the session is bound to: the one asked for, else the oldest membership; none for a platform admin.
/// None at all when there is no such place.
fn choose_seat(user: &users::Candidate, asked: Option<&str>) -> Option<(UserId, Option<TenantId>)> {
    if user.platform_admin {
        return Some((user.id, None));
    }
    let tenant = match asked.filter(|slug| !slug.is_empty()) {
        Some(slug) => user.tenants.iter().find(|(_, s)| s == slug),
        None => user.tenants.first(),
    };
    tenant.map(|(id, _)| (user.id, Some(*id)))
}

fn new_pair(session: Uuid) -> TokenPair {
    TokenPair {
        access_token: token::generate(token::ACCESS),
        refresh_token: token::generate_refresh(session),
        expires_in: ACCESS_SECONDS,
    }
}

#[derive(Deserialize, ToSchema)]
pub struct Refresh {
    refresh_token: String,
}

impl Validate for Refresh {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/refresh_token", &self.refresh_token, 1, 200);
    }
}

/// Exchange the refresh token for new tokens
///
/// Each refresh token is good once. Presenting a used one means that a copy is about: the session ends.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "auth", request_body = Refresh,
    responses((status = 200, description = "New tokens", body = TokenPair)))]
async fn refresh(
    State(state): State<AppState>,
    address: Address,
    Body(body): Body<Refresh>,
) -> Result<Json<TokenPair>, Problem> {
    let session = token::session_of_refresh(&body.refresh_token).ok_or_else(Problem::unauthenticated)?;
    let pair = new_pair(session);
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let rotation = store::rotate(
        &mut connection,
        session,
        &token::hash(&body.refresh_token),
        &token::hash(&pair.access_token),
        &token::hash(&pair.refresh_token),
        ACCESS_SECONDS,
    )
    .await?;
    drop(connection);
    state.sessions.forget(session);
    match rotation {
        Rotation::Rotated { .. } => Ok(Json(pair)),
        Rotation::Reused { user, tenant } => {
            ended(&state, session);
            record(
                &state,
                tenant,
                Some(user),
                "session.refresh_reused",
                address,
                json!({"session": session}),
            )
            .await?;
            Err(Problem::unauthenticated())
        }
        Rotation::Unknown => Err(Problem::unauthenticated()),
    }
}

/// Sign out
///
/// Ends this session and closes its sockets. With an API token nothing ends; revoke the token instead.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth",
    responses((status = 204, description = "Signed out")))]
async fn logout(State(state): State<AppState>, actor: Actor, address: Address) -> Result<Response, Problem> {
    if !actor.0.is_api_token {
        let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
        let was_live = store::end(&mut connection, actor.0.session).await?;
        drop(connection);
        ended(&state, actor.0.session);
        if was_live {
            let detail = json!({"session": actor.0.session});
            record(&state, actor.0.tenant(), Some(actor.0.user_id), "session.ended", address, detail).await?;
        }
    }
    Ok(with_cookies(StatusCode::NO_CONTENT, &cookies::clear(state.config.is_https()), ()))
}

/// A session or token is over: nobody believes it any more, and its sockets close (4401).
pub(crate) fn ended(state: &AppState, session: Uuid) {
    state.sessions.forget(session);
    state.tickets.revoke(session);
    state.sink.session_ended(session);
}

fn hash_failed(error: HashFailed) -> Problem {
    tracing::error!(error = %error, "a password could not be checked");
    Problem::internal()
}

fn with_cookies(status: StatusCode, cookies: &[String], body: impl IntoResponse) -> Response {
    let mut response = (status, body).into_response();
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn record(
    state: &AppState,
    tenant: Option<TenantId>,
    actor: Option<UserId>,
    action: &str,
    address: Address,
    detail: serde_json::Value,
) -> Result<(), Problem> {
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let address = address.text();
    let entry = audit::Entry {
        tenant,
        actor,
        action,
        subject: None,
        detail: Some(detail),
        address: address.as_deref(),
    };
    Ok(audit::record(&mut connection, &entry).await?)
}
