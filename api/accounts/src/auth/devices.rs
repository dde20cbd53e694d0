//! `/auth/devices`: browsers that were told to be trusted, and so are not asked for the second factor for a while.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use switchroom_api_base::{
    Json,
    auth::{Actor, Address, cookies, token},
    list::{ListQuery, Page},
    problem::Problem,
    reply::Params,
    state::AppState,
};
use switchroom_core::UserId;
use switchroom_store::{StoreError, listing::CREATED_AT, second_factors as store, users};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::account;

/// How long a browser is trusted.
const DAYS: i32 = 30;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, forget_all)).routes(routes!(forget))
}

/// Trusts the browser of a sign-in that has just shown the second factor: its answer carries the cookie.
pub(super) async fn trust(
    state: &AppState,
    user: UserId,
    address: Address,
    headers: &HeaderMap,
    mut response: Response,
) -> Result<Response, Problem> {
    let text = token::generate(token::DEVICE);
    let (agent, from) = (account::user_agent(headers), address.text());
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    let id =
        store::trust(&mut tx, user, &token::hash(&text), agent.as_deref(), from.as_deref(), DAYS).await?;
    let tenants = users::tenants_of(&mut tx, user).await?;
    account::tell(&mut tx, &tenants, Some(user), "device.trusted", address, &json!({"device": id})).await?;
    tx.commit().await.map_err(StoreError::from)?;
    let cookie = cookies::trust(&text, DAYS, state.config.is_https());
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

#[derive(Serialize, ToSchema)]
struct Device {
    id: Uuid,
    user_agent: Option<String>,
    /// Where it was when it was trusted.
    #[schema(example = "192.0.2.1")]
    address: Option<String>,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// My trusted browsers
#[utoipa::path(get, path = "/api/v1/auth/devices", tag = "auth", operation_id = "list_my_devices", params(ListQuery),
    responses((status = 200, description = "Newest first", body = Page<Device>)))]
async fn list(
    State(state): State<AppState>,
    actor: Actor,
    list: ListQuery,
) -> Result<Json<Page<Device>>, Problem> {
    let window = list.window(&[CREATED_AT], true)?;
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let found = store::devices(&mut connection, actor.0.user_id, &window).await?;
    Ok(Json(Page::of(&window, found).map(|device| Device {
        id: device.id,
        user_agent: device.user_agent,
        address: device.address,
        created_at: device.created_at,
        last_used_at: device.last_used_at,
        expires_at: device.expires_at,
    })))
}

async fn distrust(
    state: &AppState,
    user: UserId,
    device: Option<Uuid>,
    address: Address,
) -> Result<u64, Problem> {
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    let count = store::distrust(&mut tx, user, device).await?;
    if count > 0 {
        let tenants = users::tenants_of(&mut tx, user).await?;
        let detail = device.map_or_else(|| json!({"count": count}), |device| json!({"device": device}));
        account::tell(&mut tx, &tenants, Some(user), "device.distrusted", address, &detail).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    Ok(count)
}

/// Trust a browser no more
#[utoipa::path(delete, path = "/api/v1/auth/devices/{id}", tag = "auth", operation_id = "forget_my_device", params(("id" = Uuid, Path)),
    responses((status = 204, description = "It is asked for the second factor again")))]
async fn forget(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<StatusCode, Problem> {
    match distrust(&state, actor.0.user_id, Some(id), address).await? {
        0 => Err(Problem::not_found()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Trust no browser any more
#[utoipa::path(delete, path = "/api/v1/auth/devices", tag = "auth", operation_id = "forget_my_devices",
    responses((status = 204, description = "All are asked for the second factor again")))]
async fn forget_all(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
) -> Result<StatusCode, Problem> {
    distrust(&state, actor.0.user_id, None, address).await?;
    Ok(StatusCode::NO_CONTENT)
}
