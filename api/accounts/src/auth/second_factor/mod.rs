//! `/auth/second-factor`: codes of an authenticator app beside the password, and backup codes for the day the phone is
//! lost. What a code is, and when it is good, is in [`switchroom_core::second_factor`].

mod members;
mod own;

use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use switchroom_api_base::{
    auth::{Address, cookies, limits::Guess, token},
    problem::Problem,
    state::AppState,
};
use switchroom_core::{
    UserId,
    second_factor::{SharedSecret, Typed, read},
};
use switchroom_store::{
    StoreError,
    second_factors::{self as store, Factor},
    users,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::account;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().merge(own::routes()).merge(members::routes())
}

/// Seconds since 1970.
fn now() -> u64 {
    u64::try_from(Utc::now().timestamp()).unwrap_or_default()
}

fn secret_of(state: &AppState, factor: &Factor) -> Result<SharedSecret, Problem> {
    let opened = state.sealer.open(&factor.key_id, &factor.secret).map_err(|error| {
        tracing::error!(%error, "the secret of a second factor cannot be opened");
        Problem::internal()
    })?;
    SharedSecret::read(&opened).ok_or_else(Problem::internal)
}

fn step_of(state: &AppState, factor: &Factor, code: &str) -> Result<Option<i64>, Problem> {
    let last = u64::try_from(factor.last_step).unwrap_or_default();
    let step = secret_of(state, factor)?.step_of(code, now(), last);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// How somebody's second proof stands at sign-in.
pub(in crate::auth) enum Proof {
    /// They have no second factor, or this browser is trusted.
    NotNeeded,
    /// Shown just now.
    Shown,
}

/// Asks for the second factor of who has one, after the password was found right. 401 `totp-required` where none came,
/// `totp-invalid` where it is wrong or was used. A wrong one counts like a wrong password: the guess is taken back only
/// where it was none.
pub(in crate::auth) async fn ask(
    state: &AppState,
    user: UserId,
    guess: Guess,
    typed: Option<&str>,
    address: Address,
    headers: &HeaderMap,
) -> Result<Proof, Problem> {
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let Some(factor) =
        store::get(&mut connection, user).await?.filter(|factor| factor.confirmed_at.is_some())
    else {
        state.limits.take_back(guess);
        return Ok(Proof::NotNeeded);
    };
    if let Some(cookie) = cookies::device(headers, state.config.is_https())
        && store::is_trusted(&mut connection, user, &token::hash(cookie)).await?
    {
        state.limits.take_back(guess);
        return Ok(Proof::NotNeeded);
    }
    drop(connection);
    let Some(typed) = typed.filter(|typed| !typed.trim().is_empty()) else {
        state.limits.take_back(guess);
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "totp-required", "A second proof is needed")
            .detail("Send the code of the authenticator app, or a backup code, as totp."));
    };
    if spend(state, user, &factor, typed, address).await? {
        state.limits.take_back(guess);
        return Ok(Proof::Shown);
    }
    wrong(state, user, address).await?;
    Err(Problem::new(StatusCode::UNAUTHORIZED, "totp-invalid", "The code is not good")
        .detail("It is wrong, too old, or was used before."))
}

/// Uses a code up, of the app or a backup code; false when it is no good.
async fn spend(
    state: &AppState,
    user: UserId,
    factor: &Factor,
    typed: &str,
    address: Address,
) -> Result<bool, Problem> {
    match read(typed) {
        Typed::Code(code) => match step_of(state, factor, &code)? {
            Some(step) => {
                let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
                Ok(store::use_step(&mut connection, user, step).await?)
            }
            None => Ok(false),
        },
        Typed::Backup(code) => {
            let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
            if !store::use_code(&mut tx, user, &token::hash(&code)).await? {
                return Ok(false);
            }
            let left = store::codes_left(&mut tx, user).await?;
            let tenants = users::tenants_of(&mut tx, user).await?;
            let detail = json!({"left": left});
            account::tell(&mut tx, &tenants, Some(user), "second_factor.backup_used", address, &detail)
                .await?;
            tx.commit().await.map_err(StoreError::from)?;
            Ok(true)
        }
        Typed::Nothing => Ok(false),
    }
}

async fn wrong(state: &AppState, user: UserId, address: Address) -> Result<(), Problem> {
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let tenants = users::tenants_of(&mut connection, user).await?;
    account::tell(&mut connection, &tenants, Some(user), "second_factor.refused", address, &json!({})).await
}

#[derive(Serialize, ToSchema)]
struct SecondFactor {
    enabled: bool,
    /// Since when.
    confirmed_at: Option<DateTime<Utc>>,
    /// Backup codes that were not used.
    #[schema(example = 10)]
    backup_codes_left: i64,
}

async fn standing(state: &AppState, user: UserId) -> Result<SecondFactor, Problem> {
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let confirmed_at = store::get(&mut connection, user).await?.and_then(|factor| factor.confirmed_at);
    let backup_codes_left =
        if confirmed_at.is_some() { store::codes_left(&mut connection, user).await? } else { 0 };
    Ok(SecondFactor { enabled: confirmed_at.is_some(), confirmed_at, backup_codes_left })
}
