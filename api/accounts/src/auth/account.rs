//! What every act on an account shares: judging a password, starting and ending sessions, and the lines it leaves in
//! the audit log.

use std::time::Instant;

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use switchroom_api_base::{
    Json,
    auth::{ACCESS_SECONDS, Address, HashFailed, cookies, limits::Guess, token},
    body::Errors,
    problem::Problem,
    state::AppState,
};
use switchroom_core::{TenantId, UserId, password};
use switchroom_store::{
    StoreError, audit,
    sessions::{self as store, Ended, NewSession, SessionTokens},
    tenants,
    users::{self, Candidate},
};
use uuid::Uuid;

use super::{new_pair, with_cookies};

/// A password that somebody gives to prove who they are. What was taken once is not judged again; only its length is,
/// because hashing megabytes is a way to keep us busy.
pub(super) fn check_given_password(pointer: &str, password: &str, errors: &mut Errors) {
    if password.is_empty() || password.len() > password::LONGEST {
        errors.push(pointer, format!("must have 1 to {} octets", password::LONGEST));
    }
}

/// 422 unless a password may be chosen by the person of this e-mail and name.
pub(super) fn check_new_password(
    pointer: &str,
    password: &str,
    email: &str,
    name: &str,
) -> Result<(), Problem> {
    match password::fault_of(password, email, name) {
        Some(fault) => Err(Problem::invalid(pointer, fault.to_string())),
        None => Ok(()),
    }
}

/// Counts a guess at an account's password or code, before it is judged. 429 while the account rests after too many wrong
/// ones; the first try of each rest leaves a line.
pub(super) async fn guess(
    state: &AppState,
    email: &str,
    user: Option<UserId>,
    address: Address,
) -> Result<Guess, Problem> {
    let locked = match state.limits.guess(email, Instant::now()) {
        Ok(guess) => return Ok(guess),
        Err(locked) => locked,
    };
    if locked.first {
        let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
        let tenants = match user {
            Some(user) => users::tenants_of(&mut connection, user).await?,
            None => Vec::new(),
        };
        tell(&mut connection, &tenants, user, "account.locked", address, &json!({})).await?;
    }
    Err(locked.problem)
}

/// The guess, where the password fits; where it does not, it stays counted.
pub(super) async fn judged(
    state: &AppState,
    guess: Guess,
    password: &str,
    stored: Option<&str>,
) -> Result<Option<Guess>, Problem> {
    match state.passwords.verify(password, stored).await {
        Ok(fits) => Ok(fits.then_some(guess)),
        Err(error) => {
            state.limits.take_back(guess);
            Err(hash_failed(error))
        }
    }
}

/// [`guess`] and [`judged`] of the password of the person who was found for the e-mail; takes as long where nobody was.
pub(super) async fn password_fits(
    state: &AppState,
    email: &str,
    password: &str,
    found: Option<&Candidate>,
    address: Address,
) -> Result<Option<Guess>, Problem> {
    let guess = guess(state, email, found.map(|user| user.id), address).await?;
    let stored = found.filter(|user| user.is_active).and_then(|user| user.password_hash.as_deref());
    judged(state, guess, password, stored).await
}

/// Tells the tenants of the person that a failed sign-in was tried on, so that their admins see it, and gives the answer,
/// which never says what was wrong.
pub(super) async fn refused(
    state: &AppState,
    found: Option<&Candidate>,
    address: Address,
    headers: &HeaderMap,
) -> Result<Problem, Problem> {
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let detail = json!({"user_agent": user_agent(headers)});
    let user = found.map(|user| user.id);
    let tenants = found.map(Candidate::tenant_ids).unwrap_or_default();
    tell(&mut connection, &tenants, user, "session.refused", address, &detail).await?;
    Ok(Problem::invalid_credentials())
}

/// Starts a session that can be kept alive so many seconds, and answers with what proves it: tokens for API clients,
/// cookies for browsers.
pub(super) async fn start_session(
    state: &AppState,
    user: UserId,
    tenant: Option<TenantId>,
    seconds: i32,
    address: Address,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    start_session_by(state, None, user, tenant, seconds, address, headers).await
}

/// As [`start_session`], where an identity provider of the tenant vouches for the person.
pub(super) async fn start_session_by(
    state: &AppState,
    provider: Option<Uuid>,
    user: UserId,
    tenant: Option<TenantId>,
    seconds: i32,
    address: Address,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let (session, cookie) = (Uuid::now_v7(), token::generate(token::COOKIE));
    let family = token::Family::new(session);
    let pair = new_pair(&family);
    let (user_agent, from) = (user_agent(headers), address.text());
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    if let Some(tenant) = tenant
        && tenants::is_suspended(&mut tx, tenant).await?
    {
        return Err(Problem::tenant_suspended());
    }
    let new = NewSession {
        id: session,
        tenant,
        user,
        tokens: SessionTokens {
            access: token::hash(&pair.access_token),
            refresh: token::hash(&pair.refresh_token),
            family: family.hash(),
            cookie: token::hash(&cookie),
        },
        access_seconds: ACCESS_SECONDS,
        refresh_seconds: seconds,
        user_agent: user_agent.as_deref(),
        address: from.as_deref(),
        provider,
    };
    store::create(&mut tx, &new).await?;
    let mut detail = json!({"session": session, "user_agent": user_agent});
    if let Some(provider) = provider {
        detail["provider"] = json!(provider);
    }
    record(&mut tx, tenant, user, "session.started", address, detail).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(with_cookies(StatusCode::OK, &cookies::start(&cookie, state.config.is_https()), Json(pair)))
}

/// One line per tenant in which somebody ended sessions of their own.
pub(super) async fn record_ended(
    connection: &mut PgConnection,
    user: UserId,
    ended: &[Ended],
    address: Address,
) -> Result<(), Problem> {
    let mut tenants: Vec<Option<TenantId>> = ended.iter().map(|ended| ended.tenant).collect();
    tenants.sort_unstable();
    tenants.dedup();
    for tenant in tenants {
        let mut of_tenant = ended.iter().filter(|ended| ended.tenant == tenant);
        let detail = match (of_tenant.next(), of_tenant.count()) {
            (Some(only), 0) => json!({"session": only.session}),
            (_, more) => json!({"count": more + 1}),
        };
        record(connection, tenant, user, "session.ended", address, detail).await?;
    }
    Ok(())
}

/// One line in the log of a tenant, or of the platform.
pub(super) async fn record(
    connection: &mut PgConnection,
    tenant: Option<TenantId>,
    user: UserId,
    action: &str,
    address: Address,
    detail: Value,
) -> Result<(), Problem> {
    let address = address.text();
    let entry = audit::Entry {
        tenant,
        actor: Some(user),
        action,
        subject: None,
        detail: Some(detail),
        address: address.as_deref(),
    };
    Ok(audit::record(connection, &entry).await?)
}

/// What concerns a person wherever they are is told to every tenant of theirs; of somebody in none, to the platform.
pub(super) async fn tell(
    connection: &mut PgConnection,
    tenants: &[TenantId],
    user: Option<UserId>,
    action: &str,
    address: Address,
    detail: &Value,
) -> Result<(), Problem> {
    let address = address.text();
    let nowhere = tenants.is_empty().then_some(None);
    for tenant in tenants.iter().copied().map(Some).chain(nowhere) {
        let entry = audit::Entry {
            tenant,
            actor: user,
            action,
            subject: None,
            detail: Some(detail.clone()),
            address: address.as_deref(),
        };
        audit::record(connection, &entry).await?;
    }
    Ok(())
}

/// 409 for what would reach beyond the tenant that asks for it.
pub(super) fn elsewhere() -> Problem {
    Problem::conflict("member-elsewhere", "They are in other tenants too: ask the platform admin.")
}

pub(super) fn hash_failed(error: HashFailed) -> Problem {
    match error {
        HashFailed::Full => Problem::unavailable(2).detail("Too many sign-ins at once."),
        HashFailed::Failed => {
            tracing::error!(error = %error, "a password could not be checked");
            Problem::internal()
        }
    }
}

/// What the client calls itself, cut to what is worth keeping.
pub(super) fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().filter(|c| !c.is_control()).take(300).collect())
}
