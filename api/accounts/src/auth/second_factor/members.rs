//! The second factor of members, as far as admins have to do with it.

use axum::{extract::State, http::StatusCode};
use serde_json::json;
use switchroom_api_base::{
    Json,
    auth::{Address, Caller},
    problem::Problem,
    reply::Params,
    state::AppState,
};
use switchroom_core::UserId;
use switchroom_store::{StoreError, people, second_factors as store, users};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{SecondFactor, standing};
use crate::auth::account;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(of_member, reset_member))
}

/// A member's second factor
#[utoipa::path(get, path = "/api/v1/users/{id}/second-factor", tag = "people", operation_id = "get_user_second_factor", params(("id" = Uuid, Path)),
    responses((status = 200, description = "How it stands", body = SecondFactor)))]
async fn of_member(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Json<SecondFactor>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    users::member_role(&mut tx, caller.tenant, UserId(id)).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    Ok(Json(standing(&state, UserId(id)).await?))
}

/// Reset a member's second factor
///
/// For somebody who lost phone and backup codes: make sure that it is them. They sign in with their password and set it
/// up anew. Of somebody who is in other tenants too only the platform admin resets it.
#[utoipa::path(delete, path = "/api/v1/users/{id}/second-factor", tag = "people", operation_id = "reset_user_second_factor", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Sign-ins ask for the password only"), (status = 409, description = "They have none, or are in other tenants too")))]
async fn reset_member(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<StatusCode, Problem> {
    let user = UserId(id);
    let mut tx = state.db.tenant(caller.tenant).await?;
    let role = users::member_role(&mut tx, caller.tenant, user).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    caller.require_reach(role)?;
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    if !caller.platform && people::is_elsewhere(&mut tx, caller.tenant, user).await? {
        return Err(account::elsewhere());
    }
    if !store::remove(&mut tx, user).await? {
        return Err(Problem::conflict("no-second-factor", "They have no second factor."));
    }
    let tenants = users::tenants_of(&mut tx, user).await?;
    let detail = json!({"by": caller.user_id});
    account::tell(&mut tx, &tenants, Some(user), "second_factor.reset", address, &detail).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
