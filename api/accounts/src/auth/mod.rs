//! Sign-in: `POST /auth/login`, `/auth/refresh`, `/auth/logout`. Beside it what people do with their own account:
//! sessions, history, password, invitations they accept. What proves a sign-in afterwards is the base's `auth`.

mod accept;
mod account;
mod change_password;
mod devices;
mod federated;
mod history;
mod own_sessions;
mod password_link;
mod register;
mod reset;
mod second_factor;
mod switch;
mod ways;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchroom_api_base::{
    Json,
    auth::{ACCESS_SECONDS, Actor, Address, REFRESH_SECONDS, cookies, token},
    body::{Errors, Incoming, Validate},
    problem::Problem,
    state::AppState,
};
use switchroom_core::TenantId;
use switchroom_store::{
    StoreError,
    sessions::{self as store, Rotation},
    users,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use federated::redirect_uri;
pub use reset::choose_password;
use second_factor::Proof;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .merge(own_sessions::routes())
        .merge(history::routes())
        .merge(change_password::routes())
        .merge(reset::routes())
        .merge(password_link::routes())
        .merge(accept::routes())
        .merge(switch::routes())
        .merge(second_factor::routes())
        .merge(devices::routes())
        .merge(ways::routes())
        .merge(register::routes())
        .merge(federated::routes())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    #[schema(example = "agent1@demo.example")]
    email: String,
    password: String,
    /// Code of the authenticator app or a backup code, for accounts with a second factor. Without one those answer 401
    /// `totp-required`.
    #[serde(default)]
    #[schema(example = "123456")]
    totp: Option<String>,
    /// With `totp`: this browser is not asked for a second factor again for 30 days.
    #[serde(default)]
    remember_device: bool,
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
        account::check_given_password("/password", &self.password, errors);
        errors.optional_text("/tenant", self.tenant.as_deref(), 0, 63);
        errors.optional_text("/totp", self.totp.as_deref(), 0, 64);
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
/// the same answer in the same time. Who has a second factor is asked for it only once the password was right:
/// `totp-required`, then `totp-invalid` where the code is wrong or was used.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "auth", request_body = Login,
    responses((status = 200, description = "Signed in", body = TokenPair),
        (status = 401, description = "`invalid-credentials`, `totp-required` or `totp-invalid`"),
        (status = 403, description = "`tenant-suspended`"), (status = 429, description = "Too many from this address or for this account")))]
async fn login(
    State(state): State<AppState>,
    address: Address,
    headers: HeaderMap,
    body: Incoming,
) -> Result<Response, Problem> {
    // The limit stands before the body is read: a flood shall cost nothing.
    state.limits.sign_in(address)?;
    let body: Login = body.read().await?;
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let found = users::find_for_sign_in(&mut connection, body.email.trim()).await?;
    drop(connection);
    let fits = account::password_fits(&state, &body.email, &body.password, found.as_ref(), address).await?;
    let seat = found.as_ref().and_then(|user| Some((user.id, choose_seat(user, body.tenant.as_deref())?)));
    match fits.zip(seat) {
        // Said to those only who know the password.
        Some((guess, (_, Seat::Suspended))) => {
            state.limits.take_back(guess);
            Err(Problem::tenant_suspended())
        }
        Some((guess, (user, Seat::At(tenant)))) => {
            let proof =
                second_factor::ask(&state, user, guess, body.totp.as_deref(), address, &headers).await?;
            let answer =
                account::start_session(&state, user, tenant, REFRESH_SECONDS, address, &headers).await?;
            match proof {
                Proof::Shown if body.remember_device => {
                    devices::trust(&state, user, address, &headers, answer).await
                }
                Proof::Shown | Proof::NotNeeded => Ok(answer),
            }
        }
        None => Err(account::refused(&state, found.as_ref(), address, &headers).await?),
    }
}

/// Where a sign-in leads.
enum Seat {
    /// Into a tenant; into none, for a platform admin.
    At(Option<TenantId>),
    Suspended,
}

/// Which tenant the session is bound to: the one asked for, else the oldest membership whose tenant is not suspended; none
/// for a platform admin. None at all when there is no such place.
fn choose_seat(user: &users::Candidate, asked: Option<&str>) -> Option<Seat> {
    if user.platform_admin {
        return Some(Seat::At(None));
    }
    let mut homes = user.tenants.iter();
    let home = match asked.filter(|slug| !slug.is_empty()) {
        Some(slug) => homes.find(|home| home.slug == slug),
        None => homes.find(|home| !home.suspended).or(user.tenants.first()),
    };
    home.map(|home| if home.suspended { Seat::Suspended } else { Seat::At(Some(home.tenant)) })
}

fn new_pair(family: &token::Family) -> TokenPair {
    TokenPair {
        access_token: token::generate(token::ACCESS),
        refresh_token: family.generate(),
        expires_in: ACCESS_SECONDS,
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
    responses((status = 200, description = "New tokens", body = TokenPair),
        (status = 401, description = "Not a refresh token, or used before: then its session ends"), (status = 429, description = "Too many from this address")))]
async fn refresh(
    State(state): State<AppState>,
    address: Address,
    body: Incoming,
) -> Result<Json<TokenPair>, Problem> {
    state.limits.look(address)?;
    let body: Refresh = body.read().await?;
    let family = token::Family::of(&body.refresh_token).ok_or_else(Problem::unauthenticated)?;
    let (session, pair) = (family.session, new_pair(&family));
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let rotation = store::rotate(
        &mut connection,
        session,
        &family.hash(),
        &token::hash(&body.refresh_token),
        &token::hash(&pair.access_token),
        &token::hash(&pair.refresh_token),
        ACCESS_SECONDS,
    )
    .await?;
    drop(connection);
    match rotation {
        Rotation::Rotated { .. } => {
            state.sessions.forget(session);
            Ok(Json(pair))
        }
        Rotation::Reused { user, tenant } => {
            state.sign_in_ended(session);
            let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
            let detail = json!({"session": session});
            account::record(&mut connection, tenant, user, "session.refresh_reused", address, detail).await?;
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
        let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
        if store::end(&mut tx, actor.0.session).await? {
            let detail = json!({"session": actor.0.session});
            let (tenant, user) = (actor.0.tenant(), actor.0.user_id);
            account::record(&mut tx, tenant, user, "session.ended", address, detail).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        state.sign_in_ended(actor.0.session);
    }
    Ok(signed_out(&state))
}

/// 204, and the browser forgets its cookies.
fn signed_out(state: &AppState) -> Response {
    with_cookies(StatusCode::NO_CONTENT, &cookies::clear(state.config.is_https()), ())
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
