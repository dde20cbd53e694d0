//! The history of an account: sign-ins, failures, sessions that ended, passwords that changed. One's own for
//! everybody, a member's for who may read the audit log.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use switchroom_api_base::{
    Json,
    auth::{Actor, Caller},
    list::{ListQuery, Page},
    problem::Problem,
    reply::Params,
    state::AppState,
};
use switchroom_core::UserId;
use switchroom_store::{
    StoreError,
    audit::{self, History, Record},
    listing::CREATED_AT,
    users,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(own)).routes(routes!(of_member))
}

/// One line of an account's history.
#[derive(Serialize, ToSchema)]
struct AccountEvent {
    id: Uuid,
    /// `session.started`, `session.refused`, `session.ended`, `session.refresh_reused`, `password.changed`,
    /// `password.refused`, `password.reset_requested`, `password.link_created`, `password.reset`, `password.chosen`,
    /// `second_factor.enabled`, `.disabled`, `.refused`, `.reset`, `.backup_used`, `.codes_renewed`, `device.trusted`, `.distrusted`; more may come.
    #[schema(example = "session.refused")]
    action: String,
    /// The session it was about, where it was one.
    session_id: Option<Uuid>,
    #[schema(example = "192.0.2.1")]
    address: Option<String>,
    user_agent: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<Record> for AccountEvent {
    fn from(record: Record) -> Self {
        let text = |name: &str| record.detail.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        Self {
            session_id: text("session").and_then(|id| id.parse().ok()),
            user_agent: text("user_agent"),
            id: record.id,
            action: record.action,
            address: record.address,
            created_at: record.created_at,
        }
    }
}

/// My account's history
///
/// Sign-ins and what else happened to the account, failures included: an unknown address here is worth a new password.
#[utoipa::path(get, path = "/api/v1/auth/history", tag = "auth", operation_id = "list_my_history", params(ListQuery),
    responses((status = 200, description = "Newest first", body = Page<AccountEvent>)))]
async fn own(
    State(state): State<AppState>,
    actor: Actor,
    list: ListQuery,
) -> Result<Json<Page<AccountEvent>>, Problem> {
    let window = list.window(&[CREATED_AT], true)?;
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let view = History::Own(actor.0.tenant());
    let found = audit::history(&mut connection, actor.0.user_id, view, &window).await?;
    Ok(Json(Page::of(&window, found).map(AccountEvent::from)))
}

/// A member's account history
///
/// As far as it concerns this tenant.
#[utoipa::path(get, path = "/api/v1/users/{id}/history", tag = "people", operation_id = "list_user_history",
    params(("id" = Uuid, Path), ListQuery), responses((status = 200, description = "Newest first", body = Page<AccountEvent>)))]
async fn of_member(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    list: ListQuery,
) -> Result<Json<Page<AccountEvent>>, Problem> {
    let window = list.window(&[CREATED_AT], true)?;
    let (tenant, user) = (caller.tenant, UserId(id));
    let mut tx = state.db.tenant(tenant).await?;
    users::member_role(&mut tx, tenant, user).await?.ok_or_else(Problem::not_found)?;
    let found = audit::history(&mut tx, user, History::Tenant(tenant), &window).await?;
    tx.commit().await?;
    Ok(Json(Page::of(&window, found).map(AccountEvent::from)))
}
