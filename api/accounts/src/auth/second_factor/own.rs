//! One's own second factor: set up, confirmed, taken away, new backup codes.

use axum::{extract::State, http::StatusCode};
use qrcode::{QrCode, render::svg};
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchroom_api_base::{
    Json,
    auth::{Actor, Address, limits::Guess, token},
    body::{Body, Errors, Validate},
    problem::Problem,
    state::AppState,
};
use switchroom_core::{
    UserId,
    second_factor::{BACKUP_CODES, SharedSecret, Typed, backup_code, read},
};
use switchroom_store::{StoreError, second_factors as store, users};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{SecondFactor, spend, standing, step_of, wrong};
use crate::auth::account;

/// How the app names us.
const ISSUER: &str = "Switchroom";

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(status, offer))
        .routes(routes!(confirm))
        .routes(routes!(disable))
        .routes(routes!(renew_codes))
}

/// My second factor
#[utoipa::path(get, path = "/api/v1/auth/second-factor", tag = "auth", operation_id = "get_second_factor",
    responses((status = 200, description = "How it stands", body = SecondFactor)))]
async fn status(State(state): State<AppState>, actor: Actor) -> Result<Json<SecondFactor>, Problem> {
    Ok(Json(standing(&state, actor.0.user_id).await?))
}

/// 403 unless it is a person at a browser or app: a script's token does not decide how its owner signs in.
fn session_only(actor: &Actor) -> Result<(), Problem> {
    if actor.0.is_api_token {
        return Err(Problem::new(StatusCode::FORBIDDEN, "session-required", "Only a session does this")
            .detail("An API token cannot change how its owner signs in."));
    }
    Ok(())
}

/// 422 unless this is the person's password; a wrong one counts like a failed sign-in. The guess, where it is right, and
/// their e-mail.
async fn check_password(
    state: &AppState,
    user: UserId,
    password: &str,
    address: Address,
) -> Result<(Guess, String), Problem> {
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let secret = users::secret_of(&mut connection, user).await?.ok_or_else(Problem::unauthenticated)?;
    drop(connection);
    if secret.password_hash.is_none() {
        return Err(Problem::conflict("no-password", "This account has no password to stand beside."));
    }
    let guess = account::guess(state, &secret.email, Some(user), address).await?;
    if let Some(right) = account::judged(state, guess, password, secret.password_hash.as_deref()).await? {
        return Ok((right, secret.email));
    }
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let tenants = users::tenants_of(&mut connection, user).await?;
    account::tell(&mut connection, &tenants, Some(user), "password.refused", address, &json!({})).await?;
    Err(Problem::invalid("/password", "is wrong"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Offer {
    password: String,
}

impl Validate for Offer {
    fn validate(&self, errors: &mut Errors) {
        account::check_given_password("/password", &self.password, errors);
    }
}

/// What the authenticator app is to be given.
#[derive(Serialize, ToSchema)]
struct Offered {
    /// For typing in, base32.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    #[schema(example = "otpauth://totp/Switchroom:agent1%40demo.example?secret=…")]
    otpauth_uri: String,
    /// The URI as a QR code: an SVG document.
    #[schema(example = "<svg …>")]
    qr_svg: String,
}

/// Begin with a second factor
///
/// Makes a new secret and shows it this once. Nothing is asked for at sign-in before `…/confirm` has seen a first code.
#[utoipa::path(post, path = "/api/v1/auth/second-factor", tag = "auth", operation_id = "offer_second_factor", request_body = Offer,
    responses((status = 200, description = "For the authenticator app", body = Offered), (status = 409, description = "There is one already, or the account has no password")))]
async fn offer(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    Body(body): Body<Offer>,
) -> Result<Json<Offered>, Problem> {
    session_only(&actor)?;
    let user = actor.0.user_id;
    let (right, email) = check_password(&state, user, &body.password, address).await?;
    state.limits.take_back(right);
    let secret = SharedSecret::new(rand::random());
    let (key_id, sealed) = state.sealer.seal(secret.octets()).map_err(|error| {
        tracing::error!(%error, "the secret of a second factor cannot be sealed");
        Problem::internal()
    })?;
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    if !store::offer(&mut connection, user, &sealed, &key_id).await? {
        return Err(Problem::conflict("second-factor-exists", "There is a second factor; disable it first."));
    }
    let uri = secret.uri(ISSUER, &email);
    let qr = QrCode::new(uri.as_bytes()).map_err(|_| Problem::internal())?;
    let qr_svg = qr.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    Ok(Json(Offered { secret: secret.base32(), otpauth_uri: uri, qr_svg }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Code {
    /// Six digits of the app.
    #[schema(example = "123456")]
    code: String,
}

impl Validate for Code {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/code", &self.code, 1, 64);
    }
}

/// Shown once.
#[derive(Serialize, ToSchema)]
struct BackupCodes {
    /// Each is good once, in the place of a code of the app.
    #[schema(example = json!(["abcd-efgh-ijkl-mnop"]))]
    backup_codes: Vec<String>,
}

fn new_codes() -> Vec<String> {
    (0..BACKUP_CODES).map(|_| backup_code(rand::random())).collect()
}

/// Confirm the second factor
///
/// With a first code of the app. From now on sign-ins ask for one. The answer has ten backup codes, this once.
#[utoipa::path(post, path = "/api/v1/auth/second-factor/confirm", tag = "auth", operation_id = "confirm_second_factor", request_body = Code,
    responses((status = 200, description = "In force; keep the backup codes", body = BackupCodes), (status = 409, description = "There is nothing to confirm")))]
async fn confirm(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    Body(body): Body<Code>,
) -> Result<Json<BackupCodes>, Problem> {
    session_only(&actor)?;
    let nothing = || Problem::conflict("nothing-to-confirm", "No second factor waits for its first code.");
    let user = actor.0.user_id;
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let factor = store::get(&mut connection, user).await?.filter(|factor| factor.confirmed_at.is_none());
    drop(connection);
    let factor = factor.ok_or_else(nothing)?;
    let guess = account::guess(&state, &actor.0.email, Some(user), address).await?;
    let step = match read(&body.code) {
        Typed::Code(code) => step_of(&state, &factor, &code)?,
        Typed::Backup(_) | Typed::Nothing => None,
    };
    let Some(step) = step else {
        return Err(Problem::invalid("/code", "is not the app's code of this moment"));
    };
    state.limits.take_back(guess);
    let codes = new_codes();
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    if !store::confirm(&mut tx, user, &factor.secret, step).await? {
        return Err(nothing());
    }
    let hashes: Vec<_> = codes.iter().map(|code| token::hash(code)).collect();
    store::set_codes(&mut tx, user, &hashes).await?;
    let tenants = users::tenants_of(&mut tx, user).await?;
    account::tell(&mut tx, &tenants, Some(user), "second_factor.enabled", address, &json!({})).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(Json(BackupCodes { backup_codes: codes }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Both {
    password: String,
    /// Six digits of the app, or a backup code.
    #[schema(example = "123456")]
    code: String,
}

impl Validate for Both {
    fn validate(&self, errors: &mut Errors) {
        account::check_given_password("/password", &self.password, errors);
        errors.text("/code", &self.code, 1, 64);
    }
}

/// Password and code of somebody whose second factor is in force; 409 where none is.
async fn prove(state: &AppState, actor: &Actor, both: &Both, address: Address) -> Result<(), Problem> {
    session_only(actor)?;
    let user = actor.0.user_id;
    let (guess, _) = check_password(state, user, &both.password, address).await?;
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let factor = store::get(&mut connection, user).await?.filter(|factor| factor.confirmed_at.is_some());
    drop(connection);
    let Some(factor) = factor else {
        state.limits.take_back(guess);
        return Err(Problem::conflict("no-second-factor", "There is no second factor."));
    };
    if spend(state, user, &factor, &both.code, address).await? {
        state.limits.take_back(guess);
        return Ok(());
    }
    wrong(state, user, address).await?;
    Err(Problem::invalid("/code", "is wrong, too old, or was used before"))
}

/// Disable my second factor
///
/// Backup codes and trusted browsers go with it.
#[utoipa::path(post, path = "/api/v1/auth/second-factor/disable", tag = "auth", operation_id = "disable_second_factor", request_body = Both,
    responses((status = 204, description = "Sign-ins ask for the password only"), (status = 409, description = "There is none")))]
async fn disable(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    Body(body): Body<Both>,
) -> Result<StatusCode, Problem> {
    prove(&state, &actor, &body, address).await?;
    let user = actor.0.user_id;
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    store::remove(&mut tx, user).await?;
    let tenants = users::tenants_of(&mut tx, user).await?;
    account::tell(&mut tx, &tenants, Some(user), "second_factor.disabled", address, &json!({})).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// New backup codes
///
/// The old ones are good no more.
#[utoipa::path(post, path = "/api/v1/auth/second-factor/backup-codes", tag = "auth", operation_id = "renew_backup_codes", request_body = Both,
    responses((status = 200, description = "Shown this once", body = BackupCodes), (status = 409, description = "There is no second factor")))]
async fn renew_codes(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    Body(body): Body<Both>,
) -> Result<Json<BackupCodes>, Problem> {
    prove(&state, &actor, &body, address).await?;
    let (user, codes) = (actor.0.user_id, new_codes());
    let hashes: Vec<_> = codes.iter().map(|code| token::hash(code)).collect();
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    store::set_codes(&mut tx, user, &hashes).await?;
    let tenants = users::tenants_of(&mut tx, user).await?;
    account::tell(&mut tx, &tenants, Some(user), "second_factor.codes_renewed", address, &json!({})).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(Json(BackupCodes { backup_codes: codes }))
}
