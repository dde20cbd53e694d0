//! `GET /me/tenants` and `POST /auth/switch`: somebody who is a member of several tenants goes from one to another.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use switchroom_api_base::{
    Json,
    auth::{Actor, Address, REFRESH_SECONDS},
    body::{Body, Errors, Validate},
    list::{Page, WholeList},
    problem::Problem,
    state::AppState,
};
use switchroom_core::TenantId;
use switchroom_store::{StoreError, people, sessions};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{TokenPair, account};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(tenants)).routes(routes!(switch))
}

/// A tenant that I am a member of.
#[derive(Serialize, ToSchema)]
struct MyTenant {
    id: Uuid,
    #[schema(example = "demo")]
    slug: String,
    #[schema(example = "Demo")]
    name: String,
    #[schema(example = "agent")]
    role: String,
    /// Whether this sign-in is bound to it.
    current: bool,
    /// Nobody signs in there for now.
    suspended: bool,
}

/// My tenants
#[utoipa::path(get, path = "/api/v1/me/tenants", tag = "people", operation_id = "list_my_tenants", params(WholeList),
    responses((status = 200, description = "Oldest membership first", body = Page<MyTenant>)))]
async fn tenants(
    State(state): State<AppState>,
    actor: Actor,
    list: WholeList,
) -> Result<Json<Page<MyTenant>>, Problem> {
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let seats = people::seats(&mut connection, actor.0.user_id).await?;
    let current = actor.0.tenant();
    let mine = |seat: people::Seat| MyTenant {
        current: current == Some(TenantId(seat.tenant)),
        id: seat.tenant,
        slug: seat.slug,
        name: seat.name,
        role: seat.role,
        suspended: seat.suspended,
    };
    Ok(Json(list.page(seats.into_iter().map(mine).collect())))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Switch {
    /// Slug of the tenant.
    #[schema(example = "demo")]
    tenant: String,
}

impl Validate for Switch {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/tenant", &self.tenant, 1, 63);
    }
}

/// Go to another tenant of mine
///
/// Answers like a sign-in: a new session, bound to that tenant, which lasts no longer than this one would have. This
/// one ends, and its sockets close. API tokens stay where they are and cannot switch.
#[utoipa::path(post, path = "/api/v1/auth/switch", tag = "auth", operation_id = "switch_tenant", request_body = Switch,
    responses((status = 200, description = "Signed in there", body = TokenPair), (status = 403, description = "`tenant-suspended`")))]
async fn switch(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    headers: HeaderMap,
    Body(body): Body<Switch>,
) -> Result<Response, Problem> {
    let identity = &actor.0;
    if identity.is_api_token || identity.platform {
        return Err(Problem::new(StatusCode::FORBIDDEN, "session-required", "Only a session switches")
            .detail("An API token is bound to its tenant, and a platform admin names one by X-Tenant."));
    }
    let (user, session) = (identity.user_id, identity.session);
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    let seats = people::seats(&mut tx, user).await?;
    let seat = seats.iter().find(|seat| seat.slug == body.tenant);
    let seat = seat.ok_or_else(|| Problem::invalid("/tenant", "is no tenant of yours"))?;
    if seat.suspended {
        return Err(Problem::tenant_suspended());
    }
    let tenant = TenantId(seat.tenant);
    // Of two that switch with one session, one goes on.
    let left = sessions::end_own(&mut tx, user, session, None).await?.ok_or_else(Problem::unauthenticated)?;
    account::record_ended(&mut tx, user, &[left], address).await?;
    tx.commit().await.map_err(StoreError::from)?;
    state.sign_in_ended(session);
    let left = identity.ends_at.map_or(i64::from(REFRESH_SECONDS), |end| (end - Utc::now()).num_seconds());
    let seconds = i32::try_from(left).unwrap_or(REFRESH_SECONDS).clamp(1, REFRESH_SECONDS);
    account::start_session(&state, user, Some(tenant), seconds, address, &headers).await
}
