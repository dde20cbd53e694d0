//! `GET /roles`: what each role has, from the one table.

use axum::Json;
use serde::Serialize;
use switchroom_core::Role;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{list::Page, state::AppState};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Serialize, ToSchema)]
struct RoleItem {
    #[schema(example = "supervisor")]
    name: &'static str,
    #[schema(example = json!(["wallboard.read", "events.read"]))]
    permissions: Vec<&'static str>,
}

/// Roles and their permissions
///
/// Module flags of a membership may take some away; `GET /api/v1/me` tells what is left.
#[utoipa::path(get, path = "/api/v1/roles", tag = "people", operation_id = "list_roles",
    responses((status = 200, description = "All roles", body = Page<RoleItem>)))]
async fn list() -> Json<Page<RoleItem>> {
    Json(Page::all(
        Role::ALL
            .into_iter()
            .map(|role| RoleItem {
                name: role.name(),
                permissions: role.permissions().map(|permission| permission.name()).collect(),
            })
            .collect(),
    ))
}
