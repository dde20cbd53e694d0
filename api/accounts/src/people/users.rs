//! `GET /users`: colleagues; `DELETE /users/{id}/sessions`: signing somebody out.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchroom_api_base::{
    Json,
    auth::{Address, Caller},
    list::{Filter, ListQuery, Page},
    problem::Problem,
    reply::Params,
    state::AppState,
};
use switchroom_core::{Permission, Role, UserId};
use switchroom_store::{audit, sessions, users};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::contacts::{MemberContact, Sight};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(sign_out))
}

#[derive(Serialize, ToSchema)]
struct User {
    id: Uuid,
    #[schema(example = "agent1@demo.example")]
    email: String,
    name: String,
    /// Built in; with a role of the tenant's own, that one's base.
    #[schema(example = "agent")]
    role: String,
    /// A role of the tenant's own.
    role_id: Option<Uuid>,
    #[schema(example = "Night shift")]
    role_name: Option<String>,
    /// Internal number.
    #[schema(example = "201")]
    extension: Option<String>,
    /// Null for those who take no calls.
    #[schema(example = "available")]
    presence: Option<String>,
    is_active: bool,
    /// When a session of theirs was last in use, to the minute. Only for those who may sign others out.
    last_seen_at: Option<DateTime<Utc>>,
    /// The contact that a client signs in as. Null for those who may not read contacts of its kind.
    contact: Option<MemberContact>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UserFilter {
    #[param(value_type = Option<String>)]
    role: Option<Role>,
    /// Exact, in any case.
    email: Option<String>,
    /// Clients who sign in as this individual, or this person of an organization.
    contact_id: Option<Uuid>,
}

/// Members of the tenant
///
/// Sorted by `email`, `name`, or, for those who may sign others out, `last_seen_at`.
#[utoipa::path(get, path = "/api/v1/users", tag = "people", operation_id = "list_users", params(ListQuery, UserFilter),
    responses((status = 200, description = "Members by e-mail", body = Page<User>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(filter): Filter<UserFilter>,
) -> Result<Json<Page<User>>, Problem> {
    let sees_when = caller.may(Permission::UsersSignOut);
    let orders = [users::BY_EMAIL, users::BY_NAME, users::BY_LAST_SEEN];
    let window = list.window(if sees_when { &orders } else { &orders[..2] }, false)?;
    let sight = Sight::of(&caller);
    let filter = users::MemberFilter {
        q: list.q.clone(),
        role: filter.role,
        email: filter.email,
        contact: filter.contact_id.map(|id| sight.find(id)),
    };
    let mut tx = state.db.tenant(caller.tenant).await?;
    let members = users::list(&mut tx, caller.tenant, &filter, &window).await?;
    tx.commit().await?;
    let presences: BTreeMap<Uuid, String> = state.presences(caller.tenant);
    Ok(Json(Page::of(&window, members).map(|member| User {
        contact: sight.show(member.party()),
        presence: presences.get(&member.id).cloned(),
        id: member.id,
        email: member.email,
        name: member.name,
        role: member.role,
        role_id: member.role_id,
        role_name: member.role_name,
        extension: member.extension,
        is_active: member.is_active,
        last_seen_at: member.last_seen_at.filter(|_| sees_when),
    })))
}

/// Sign somebody out
///
/// Ends all sessions that this member has in the tenant; their sockets close. Their API tokens stay. Only an owner
/// signs an owner out.
#[utoipa::path(delete, path = "/api/v1/users/{id}/sessions", tag = "people", operation_id = "end_user_sessions", params(("id" = Uuid, Path)),
    responses((status = 204, description = "All ended")))]
async fn sign_out(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<StatusCode, Problem> {
    let (tenant, user) = (caller.tenant, UserId(id));
    let mut tx = state.db.tenant(tenant).await?;
    let role = users::member_role(&mut tx, tenant, user).await?.ok_or_else(Problem::not_found)?;
    caller.require_reach(role)?;
    let ended = sessions::end_in_tenant(&mut tx, tenant, user).await?;
    let (subject, address) = (id.to_string(), address.text());
    let entry = audit::Entry {
        tenant: Some(tenant),
        actor: Some(caller.user_id),
        action: "user.signed_out",
        subject: Some(&subject),
        detail: Some(json!({"sessions": ended.len()})),
        address: address.as_deref(),
    };
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    state.sign_ins_ended(user, ended);
    Ok(StatusCode::NO_CONTENT)
}
