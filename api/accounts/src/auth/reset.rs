//! `/auth/password-reset/request` and `/confirm`: a new password for who can read the mail of their address.
//!
//! The first answers before anybody is looked for, so that neither its words nor its time tell whether there is such
//! a person. The link is good for an hour, once, and only its hash is kept.

use std::time::Instant;

use axum::{extract::State, http::StatusCode};
use chrono::{TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;
use switchroom_api_base::{
    auth::{Address, token},
    body::{Errors, Incoming, Validate},
    mail::{self, Mailer, NotMailed},
    problem::Problem,
    state::AppState,
};
use switchroom_store::{StoreError, password_links, second_factors, sessions, users};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::account;

/// How long a link is good.
const LINK_MINUTES: i64 = 60;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(request)).routes(routes!(confirm))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResetRequest {
    #[schema(example = "agent1@demo.example")]
    email: String,
}

impl Validate for ResetRequest {
    fn validate(&self, errors: &mut Errors) {
        errors.email("/email", self.email.trim());
    }
}

/// Ask for a password link
///
/// The answer is the same whether there is such a person or not. A server without mail sends nothing: then an
/// operator of the server makes a link.
#[utoipa::path(post, path = "/api/v1/auth/password-reset/request", tag = "auth", operation_id = "request_password_reset", request_body = ResetRequest,
    responses((status = 202, description = "If there is such a person, a link is on its way"),
        (status = 429, description = "Too many from this address or for this e-mail"), (status = 503, description = "Too many at once")))]
async fn request(
    State(state): State<AppState>,
    address: Address,
    body: Incoming,
) -> Result<StatusCode, Problem> {
    state.limits.sign_in(address)?;
    let body: ResetRequest = body.read().await?;
    let email = body.email.trim().to_owned();
    state.limits.mail_to(&email, Instant::now())?;
    mail::beside(&state, async move |state, mailer| send_link(&state, &mailer, &email, address).await)?;
    Ok(StatusCode::ACCEPTED)
}

async fn send_link(
    state: &AppState,
    mailer: &Mailer,
    email: &str,
    address: Address,
) -> Result<(), NotMailed> {
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    let Some(user) = users::find_for_sign_in(&mut tx, email).await?.filter(|user| user.is_active) else {
        return Ok(());
    };
    // To the address that is stored: another spelling that the database takes for the same may be another mailbox.
    let Some(owner) = users::secret_of(&mut tx, user.id).await? else { return Ok(()) };
    let token = token::generate(token::LINK);
    let until = Utc::now() + TimeDelta::minutes(LINK_MINUTES);
    password_links::create(&mut tx, &token::hash(&token), user.id, until).await?;
    account::tell(
        &mut tx,
        &user.tenant_ids(),
        Some(user.id),
        "password.reset_requested",
        address,
        &json!({}),
    )
    .await
    .map_err(|_| NotMailed::Audit)?;
    tx.commit().await.map_err(StoreError::from)?;
    let text = format!(
        "Somebody, you most likely, asked for a new password for this address.\n\n\
         Choose one here, within {LINK_MINUTES} minutes:\n\n{}/reset#{token}\n\n\
         If it was not you, there is nothing to do: your password stays as it is.\n",
        state.config.public_url
    );
    Ok(mailer.send(&owner.email, "Your new password", &text).await?)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResetConfirm {
    /// What follows the `#` of the link.
    token: String,
    /// 10 characters or more, not your e-mail or name, none of the commonest.
    password: String,
}

impl Validate for ResetConfirm {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/token", &self.token, 1, 200);
    }
}

/// Choose a new password by a link
///
/// The link is good once. All sessions of the person end, in all tenants.
#[utoipa::path(post, path = "/api/v1/auth/password-reset/confirm", tag = "auth", operation_id = "confirm_password_reset", request_body = ResetConfirm,
    responses((status = 204, description = "The password is set; sign in with it"), (status = 410, description = "The link was used already, or is too old"),
        (status = 429, description = "Too many from this address")))]
async fn confirm(
    State(state): State<AppState>,
    address: Address,
    body: Incoming,
) -> Result<StatusCode, Problem> {
    state.limits.sign_in(address)?;
    let body: ResetConfirm = body.read().await?;
    choose_password(&state, &body.token, &body.password, "password.reset", address).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Uses a link up: the password is set, and who held the account until now is signed out everywhere. 410 for a link that is
/// good no more, 422 for a password that is none.
pub async fn choose_password(
    state: &AppState,
    link: &str,
    chosen: &str,
    action: &str,
    address: Address,
) -> Result<(), Problem> {
    let hash = token::hash(link);
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let owner = password_links::owner(&mut connection, &hash).await?.ok_or_else(Problem::link_gone)?;
    drop(connection);
    account::check_new_password("/password", chosen, &owner.email, &owner.name)?;
    let password = state.passwords.hash(chosen).await.map_err(account::hash_failed)?;
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    let user = password_links::redeem(&mut tx, &hash, &password).await?.ok_or_else(Problem::link_gone)?;
    password_links::spend_all(&mut tx, user).await?;
    second_factors::distrust(&mut tx, user, None).await?;
    let ended = sessions::end_all(&mut tx, user, None).await?;
    let tenants = users::tenants_of(&mut tx, user).await?;
    account::tell(&mut tx, &tenants, Some(user), action, address, &json!({})).await?;
    account::record_ended(&mut tx, user, &ended, address).await?;
    tx.commit().await.map_err(StoreError::from)?;
    state.sign_ins_ended(user, ended.iter().map(|ended| ended.session));
    // Who can read the mail is not the one who guessed.
    state.limits.forgive(&owner.email);
    Ok(())
}
