//! `/auth/sessions`: where somebody is signed in, and signing out there.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use switchroom_api_base::{
    Json,
    auth::{Actor, Address},
    list::{ListQuery, Page},
    problem::Problem,
    reply::Params,
    state::AppState,
};
use switchroom_core::TenantId;
use switchroom_store::{StoreError, listing::CREATED_AT, sessions as store};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{account, signed_out};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, end_all)).routes(routes!(end))
}

#[derive(Serialize, ToSchema)]
struct Session {
    id: Uuid,
    /// Slug of the tenant it is bound to; null for a platform admin's.
    #[schema(example = "demo")]
    tenant: Option<String>,
    created_at: DateTime<Utc>,
    /// To the minute.
    last_seen_at: DateTime<Utc>,
    /// Where it was started.
    #[schema(example = "192.0.2.1")]
    address: Option<String>,
    user_agent: Option<String>,
    /// Whether this request came with it.
    current: bool,
}

/// Where somebody's word about their sessions reaches: everywhere, unless an identity provider vouched for them, whose own
/// word is good in its tenant only.
fn reach(actor: &Actor) -> Option<TenantId> {
    actor.0.provider.and_then(|_| actor.0.tenant())
}

/// My sessions
///
/// Where I am signed in, in all tenants.
#[utoipa::path(get, path = "/api/v1/auth/sessions", tag = "auth", operation_id = "list_my_sessions", params(ListQuery),
    responses((status = 200, description = "Live sessions, newest first", body = Page<Session>)))]
async fn list(
    State(state): State<AppState>,
    actor: Actor,
    list: ListQuery,
) -> Result<Json<Page<Session>>, Problem> {
    let window = list.window(&[CREATED_AT], true)?;
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let found = store::list_of(&mut connection, actor.0.user_id, reach(&actor), &window).await?;
    Ok(Json(Page::of(&window, found).map(|session| Session {
        current: session.id == actor.0.session,
        id: session.id,
        tenant: session.tenant,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        address: session.address,
        user_agent: session.user_agent,
    })))
}

/// End one of my sessions
///
/// Its tokens are refused from now on, and its sockets close.
#[utoipa::path(delete, path = "/api/v1/auth/sessions/{id}", tag = "auth", operation_id = "end_my_session", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Ended")))]
async fn end(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<Response, Problem> {
    let user = actor.0.user_id;
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    let ended = store::end_own(&mut tx, user, id, reach(&actor)).await?.ok_or_else(Problem::not_found)?;
    account::record_ended(&mut tx, user, &[ended], address).await?;
    tx.commit().await.map_err(StoreError::from)?;
    state.sign_ins_ended(user, [id]);
    Ok(left(&state, &actor, id == actor.0.session))
}

/// Sign out everywhere
///
/// Ends all my sessions in all tenants, this one too. API tokens stay; they are revoked one by one.
#[utoipa::path(delete, path = "/api/v1/auth/sessions", tag = "auth", operation_id = "end_my_sessions",
    responses((status = 204, description = "All ended")))]
async fn end_all(State(state): State<AppState>, actor: Actor, address: Address) -> Result<Response, Problem> {
    let user = actor.0.user_id;
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    let ended = match reach(&actor) {
        None => store::end_all(&mut tx, user, None).await?,
        Some(tenant) => {
            let ended = store::end_in_tenant(&mut tx, tenant, user).await?;
            ended.into_iter().map(|session| store::Ended { session, tenant: Some(tenant) }).collect()
        }
    };
    account::record_ended(&mut tx, user, &ended, address).await?;
    tx.commit().await.map_err(StoreError::from)?;
    state.sign_ins_ended(user, ended.iter().map(|ended| ended.session));
    Ok(left(&state, &actor, true))
}

/// 204; the browser forgets its cookies where it was its own session that ended.
fn left(state: &AppState, actor: &Actor, own: bool) -> Response {
    if own && !actor.0.is_api_token { signed_out(state) } else { StatusCode::NO_CONTENT.into_response() }
}
