//! `GET /users`: colleagues. Administration of people is a later issue.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use switchroom_core::Role;
use switchroom_store::users;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    auth::Caller,
    list::{COUNT_CAP, Filter, ListQuery, Page},
    problem::Problem,
    state::AppState,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Serialize, ToSchema)]
struct User {
    id: Uuid,
    #[schema(example = "agent1@demo.example")]
    email: String,
    name: String,
    #[schema(example = "agent")]
    role: String,
    /// Internal number.
    #[schema(example = "201")]
    extension: Option<String>,
    /// Null for those who take no calls.
    #[schema(example = "available")]
    presence: Option<String>,
    is_active: bool,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UserFilter {
    #[param(value_type = Option<String>)]
    role: Option<Role>,
    /// Exact, in any case.
    email: Option<String>,
}

/// Members of the tenant
#[utoipa::path(get, path = "/api/v1/users", tag = "people", operation_id = "list_users", params(ListQuery, UserFilter),
    responses((status = 200, description = "Members by e-mail", body = Page<User>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(filter): Filter<UserFilter>,
) -> Result<Json<Page<User>>, Problem> {
    list.sort_by(&["email"])?;
    let after = list.after::<String>("email")?.map(|(email, _)| email);
    let filter = users::MemberFilter { q: list.q.clone(), role: filter.role, email: filter.email };
    let mut tx = state.db.tenant(caller.tenant).await?;
    let members = users::list(&mut tx, caller.tenant, &filter, after.as_deref(), list.fetch()).await?;
    let count =
        if list.count { Some(users::count(&mut tx, caller.tenant, &filter, COUNT_CAP).await?) } else { None };
    tx.commit().await?;
    let presences: BTreeMap<Uuid, String> = state.presences(caller.tenant);
    let page = list.page(members, "email", |member| (member.email.clone(), member.id)).counted(count);
    Ok(Json(page.map(|member| User {
        presence: presences.get(&member.id).cloned(),
        id: member.id,
        email: member.email,
        name: member.name,
        role: member.role,
        extension: member.extension,
        is_active: member.is_active,
    })))
}
