//! `/auth/oidc`: a browser is sent to a tenant's identity provider, and comes back signed in.
//!
//! A tenant chooses its provider, so the provider's word is good for that tenant and nothing else: the session cannot go
//! to another tenant, and not touch what belongs to the person everywhere (password, other sessions). Nor is it good for
//! somebody whom the person who set the provider up could not have made what they are: no admin makes themselves an owner by
//! a provider of their own. Nobody finishes a journey that another browser began: the state belongs to a cookie.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use switchroom_api_base::{
    auth::{
        Address, cookies,
        oidc::{Claims, Client, Travel},
        token,
    },
    list::Filter,
    problem::Problem,
    reply::Params,
    state::{ApiConfig, AppState},
};
use switchroom_core::{Grants, Role, TenantId, UserId};
use switchroom_store::{
    StoreError, audit,
    identity_providers::{self as store, Known, NewJourney, Provider},
    tenants, users,
};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::account;

/// How long a browser may be away.
const JOURNEY_SECONDS: i32 = 600;
/// How long a session is kept alive that a provider vouched for: a working day, then the provider is asked again, who may
/// have something else to say.
const SESSION_SECONDS: i32 = 12 * 3600;
/// Where a browser goes that was not signed in; the word says why.
const SIGN_IN: &str = "/sign-in?problem=";

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(start)).routes(routes!(callback))
}

/// Where providers send browsers back to.
pub(crate) fn redirect_uri(config: &ApiConfig) -> String {
    format!("{}/api/v1/auth/oidc/callback", config.public_url)
}

fn sealing_failed(error: switchroom_engine::seal::SealError) -> Problem {
    tracing::error!(%error, "a secret of a sign-in elsewhere cannot be sealed or opened");
    Problem::internal()
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Start {
    /// A path of the console to go to in the end.
    #[param(example = "/calls")]
    goes_to: Option<String>,
}

/// A path of our own and nothing else: not `//elsewhere`, nor what a browser makes it of.
fn own_path(path: Option<&str>) -> &str {
    let fine = |path: &&str| {
        path.len() <= 500
            && path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    path.filter(fine).unwrap_or("/")
}

/// Sign in elsewhere
///
/// For browsers: leads to the provider's sign-in page.
#[utoipa::path(get, path = "/api/v1/auth/oidc/{provider}/start", tag = "auth", operation_id = "start_oidc", params(("provider" = Uuid, Path), Start),
    responses((status = 303, description = "To the provider"), (status = 403, description = "`tenant-suspended`"), (status = 404, description = "No such provider, or it is switched off"),
        (status = 400, description = "A query parameter cannot be read"), (status = 429, description = "Too many from this address"), (status = 503, description = "The provider cannot be asked")))]
async fn start(
    State(state): State<AppState>,
    address: Address,
    Params(id): Params<Uuid>,
    Filter(query): Filter<Start>,
) -> Result<Response, Problem> {
    state.limits.sign_in(address)?;
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let found = store::find(&mut connection, id).await?.filter(|provider| provider.is_active);
    let provider = found.ok_or_else(Problem::not_found)?;
    if tenants::is_suspended(&mut connection, TenantId(provider.tenant_id)).await? {
        return Err(Problem::tenant_suspended());
    }
    drop(connection);
    let metadata = state.issuers.metadata(&provider.issuer).await.map_err(|error| {
        tracing::warn!(%error, provider = %provider.id, "an identity provider cannot be asked");
        Problem::unavailable(10).detail("The identity provider cannot be asked now.")
    })?;
    let travel = Travel::new(token::generate(token::JOURNEY));
    let browser = token::generate(token::JOURNEY);
    let redirect_uri = redirect_uri(&state.config);
    let client = client_of(&provider, None, &redirect_uri);
    let to = travel.address(&metadata, &client, &provider.scopes).map_err(|_| Problem::unavailable(10))?;
    let (key_id, verifier) = state.sealer.seal(travel.verifier.as_bytes()).map_err(sealing_failed)?;
    let journey = NewJourney {
        state: token::hash(&travel.state),
        browser: token::hash(&browser),
        tenant: TenantId(provider.tenant_id),
        provider: provider.id,
        nonce: &travel.nonce,
        verifier: &verifier,
        key_id: &key_id,
        goes_to: own_path(query.goes_to.as_deref()),
        seconds: JOURNEY_SECONDS,
    };
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    store::set_out(&mut connection, &journey).await?;
    let cookie = cookies::set_out(&browser, JOURNEY_SECONDS.into(), state.config.is_https());
    Ok(sent(&to, &[cookie]))
}

fn client_of<'a>(provider: &'a Provider, secret: Option<&'a str>, redirect_uri: &'a str) -> Client<'a> {
    Client { issuer: &provider.issuer, client_id: &provider.client_id, client_secret: secret, redirect_uri }
}

/// 303 to an address, with cookies.
fn sent(to: &str, cookies: &[String]) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::LOCATION,
        HeaderValue::from_str(to).unwrap_or_else(|_| HeaderValue::from_static("/")),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    response
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Back {
    code: Option<String>,
    state: Option<String>,
    /// Why the provider signed nobody in.
    error: Option<String>,
}

/// Back from elsewhere
///
/// Where providers send browsers. Signed in they go on to where they wanted; else to the sign-in page, whose address says
/// why (`?problem=`): `oidc-expired`, `oidc-refused`, `oidc-failed`, `oidc-no-account`,
/// `tenant-suspended`.
#[utoipa::path(get, path = "/api/v1/auth/oidc/callback", tag = "auth", operation_id = "finish_oidc", params(Back),
    responses((status = 303, description = "Into the console, or back to its sign-in page"), (status = 400, description = "A query parameter cannot be read")))]
async fn callback(
    State(state): State<AppState>,
    address: Address,
    headers: HeaderMap,
    Filter(back): Filter<Back>,
) -> Result<Response, Problem> {
    let https = state.config.is_https();
    let forget = cookies::set_out("", 0, https);
    let outcome = finish(&state, address, &headers, &back).await;
    match outcome {
        Ok((signed_in, goes_to)) => {
            let mut cookies: Vec<String> = signed_in
                .headers()
                .get_all(header::SET_COOKIE)
                .iter()
                .filter_map(|value| value.to_str().ok().map(str::to_owned))
                .collect();
            cookies.push(forget);
            Ok(sent(&goes_to, &cookies))
        }
        Err(problem)
            if problem.status().is_server_error() && problem.status() != StatusCode::SERVICE_UNAVAILABLE =>
        {
            Err(problem)
        }
        Err(problem) => Ok(sent(&format!("{SIGN_IN}{}", problem.kind()), &[forget])),
    }
}

fn refused(kind: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, kind, "Sign-in failed")
}

async fn finish(
    state: &AppState,
    address: Address,
    headers: &HeaderMap,
    back: &Back,
) -> Result<(Response, String), Problem> {
    let (Some(given), Some(browser)) = (&back.state, cookies::journey(headers, state.config.is_https()))
    else {
        return Err(refused("oidc-expired"));
    };
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let journey = store::come_back(&mut connection, &token::hash(given), &token::hash(browser)).await?;
    let journey = journey.ok_or_else(|| refused("oidc-expired"))?;
    let found = store::find(&mut connection, journey.provider_id).await?;
    let provider = found.filter(|provider| provider.is_active).ok_or_else(|| refused("oidc-expired"))?;
    // Before anybody joins.
    if tenants::is_suspended(&mut connection, TenantId(provider.tenant_id)).await? {
        return Err(Problem::tenant_suspended());
    }
    drop(connection);
    let Some(code) = back.code.as_deref().filter(|_| back.error.is_none()) else {
        return Err(refused("oidc-refused"));
    };
    let verifier = state.sealer.open(&journey.key_id, &journey.verifier).map_err(sealing_failed)?;
    let secret = match (&provider.client_secret, &provider.key_id) {
        (Some(sealed), Some(key_id)) => Some(state.sealer.open(key_id, sealed).map_err(sealing_failed)?),
        _ => None,
    };
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let (verifier, secret) = (text(&verifier), secret.as_deref().map(text));
    let redirect_uri = redirect_uri(&state.config);
    let client = client_of(&provider, secret.as_deref(), &redirect_uri);
    let claims = match state.issuers.redeem(&client, code, &verifier, &journey.nonce).await {
        Ok(claims) => claims,
        Err(error) => {
            tracing::warn!(%error, provider = %provider.id, "a sign-in elsewhere failed");
            note_failure(state, &provider, None, "oidc-failed", address).await?;
            return Err(refused("oidc-failed"));
        }
    };
    let user = match admit(state, &provider, &claims, address).await? {
        Ok(user) => user,
        Err((known, why)) => {
            note_failure(state, &provider, known, why, address).await?;
            return Err(refused("oidc-no-account"));
        }
    };
    let tenant = Some(TenantId(provider.tenant_id));
    let by = Some(provider.id);
    let signed_in =
        account::start_session_by(state, by, user, tenant, SESSION_SECONDS, address, headers).await?;
    Ok((signed_in, journey.goes_to))
}

/// A failed sign-in is a failed sign-in, wherever it was tried.
async fn note_failure(
    state: &AppState,
    provider: &Provider,
    user: Option<UserId>,
    why: &str,
    address: Address,
) -> Result<(), Problem> {
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let detail = json!({"provider": provider.id, "why": why});
    let tenants = [TenantId(provider.tenant_id)];
    account::tell(&mut connection, &tenants, user, "session.refused", address, &detail).await
}

/// Who was not let in, where that is known, and why.
type NotIn = (Option<UserId>, &'static str);

/// Whose account it is: known by name there, else by a verified address; a stranger joins where the tenant lets them. Who
/// has an account elsewhere and is no member here comes by an invitation, which asks for their own password.
async fn admit(
    state: &AppState,
    provider: &Provider,
    claims: &Claims,
    address: Address,
) -> Result<Result<UserId, NotIn>, Problem> {
    const STRANGER: NotIn = (None, "oidc-no-account");
    let email = claims.verified_email.as_deref();
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    match store::who(&mut tx, provider, &claims.subject, email).await? {
        Known::Member(user) => {
            store::remember(&mut tx, provider, &claims.subject, user).await?;
            tx.commit().await.map_err(StoreError::from)?;
            return Ok(Ok(user));
        }
        Known::Beyond(user) => return Ok(Err((Some(user), "oidc-beyond-reach"))),
        Known::Barred | Known::Elsewhere => return Ok(Err(STRANGER)),
        Known::Nobody => drop(tx),
    }
    let may =
        |role: &Role| provider.vouches().is_some_and(|vouches| vouches.covers(*role, Grants::of_role(*role)));
    let role: Option<Role> = provider.joins_as.as_deref().and_then(|role| role.parse().ok()).filter(may);
    let (Some(role), Some(email)) = (role, email) else { return Ok(Err(STRANGER)) };
    let name = claims.name.as_deref().unwrap_or(email);
    let mut tx = state.db.platform().begin().await.map_err(StoreError::from)?;
    let new = users::NewUser {
        id: UserId(Uuid::now_v7()),
        email,
        name,
        password_hash: None,
        platform_admin: false,
    };
    // Made by somebody else at this very moment: the next attempt finds them.
    let Some(user) = users::create(&mut tx, &new).await? else { return Ok(Err(STRANGER)) };
    let tenant = TenantId(provider.tenant_id);
    let membership = users::NewMembership { tenant, user, role, extension: None, sip_uri: None };
    users::set_membership(&mut tx, &membership).await?;
    store::remember(&mut tx, provider, &claims.subject, user).await?;
    let (subject, from) = (user.to_string(), address.text());
    let entry = audit::Entry {
        tenant: Some(tenant),
        actor: Some(user),
        action: "user.joined",
        subject: Some(&subject),
        detail: Some(json!({"provider": provider.id, "email": email, "role": role})),
        address: from.as_deref(),
    };
    audit::record(&mut tx, &entry).await?;
    tx.commit().await.map_err(StoreError::from)?;
    state.refreshed().await;
    Ok(Ok(user))
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nobody_is_sent_elsewhere_in_the_end() {
        for (given, path) in [
            (Some("/calls?x=1#y"), "/calls?x=1#y"),
            (None, "/"),
            (Some(""), "/"),
            (Some("//evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("https://evil.example"), "/"),
            (Some("/a\r\nset-cookie: x"), "/"),
            (Some("/\t/evil.example"), "/"),
        ] {
            assert_eq!(own_path(given), path, "{given:?}");
        }
    }
}
