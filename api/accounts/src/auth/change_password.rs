//! `POST /auth/password`: a new password for who knows the present one.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::json;
use switchroom_api_base::{
    auth::{Actor, Address},
    body::{Body, Errors, Validate},
    problem::Problem,
    state::AppState,
};
use switchroom_store::{StoreError, password_links, second_factors, sessions, users};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::account;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(change))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    current_password: String,
    /// 10 characters or more, not your e-mail or name, none of the commonest.
    new_password: String,
}

impl Validate for ChangePassword {
    fn validate(&self, errors: &mut Errors) {
        account::check_given_password("/current_password", &self.current_password, errors);
    }
}

/// Change my password
///
/// All other sessions end, in all tenants; this one goes on. API tokens stay. A wrong current password counts like a
/// failed sign-in.
#[utoipa::path(post, path = "/api/v1/auth/password", tag = "auth", operation_id = "change_my_password", request_body = ChangePassword,
    responses((status = 204, description = "Changed"), (status = 409, description = "Changed by somebody else at the same moment")))]
async fn change(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    Body(body): Body<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let user = actor.0.user_id;
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let secret = users::secret_of(&mut connection, user).await?.ok_or_else(Problem::unauthenticated)?;
    drop(connection);
    account::check_new_password("/new_password", &body.new_password, &secret.email, &secret.name)?;
    let guess = account::guess(&state, &secret.email, Some(user), address).await?;
    let stored = secret.password_hash.as_deref();
    let fits = account::judged(&state, guess, &body.current_password, stored).await?;
    let Some((guess, stored)) = fits.zip(stored) else {
        let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
        let tenants = users::tenants_of(&mut connection, user).await?;
        account::tell(&mut connection, &tenants, Some(user), "password.refused", address, &json!({})).await?;
        return Err(Problem::invalid("/current_password", "is wrong"));
    };
    state.limits.take_back(guess);
    if body.new_password == body.current_password {
        return Err(Problem::invalid("/new_password", "must differ from the current one"));
    }
    let hash = state.passwords.hash(&body.new_password).await.map_err(account::hash_failed)?;
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    if !users::change_password(&mut tx, user, stored, &hash).await? {
        return Err(Problem::changed_meanwhile());
    }
    password_links::spend_all(&mut tx, user).await?;
    second_factors::distrust(&mut tx, user, None).await?;
    let stays = (!actor.0.is_api_token).then_some(actor.0.session);
    let ended = sessions::end_all(&mut tx, user, stays).await?;
    let tenants = users::tenants_of(&mut tx, user).await?;
    account::tell(&mut tx, &tenants, Some(user), "password.changed", address, &json!({})).await?;
    account::record_ended(&mut tx, user, &ended, address).await?;
    tx.commit().await.map_err(StoreError::from)?;
    state.sign_ins_ended(user, ended.iter().map(|ended| ended.session));
    Ok(StatusCode::NO_CONTENT)
}
