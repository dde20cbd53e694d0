//! `GET /auth/ways`: what the sign-in page of a tenant offers besides e-mail and password.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use switchroom_api_base::{Json, auth::Address, list::Filter, problem::Problem, state::AppState};
use switchroom_store::{StoreError, identity_providers, registrations};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(ways))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Where {
    /// Slug of the tenant.
    tenant: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Ways {
    /// Whether clients may register themselves: `off`, `open`, or `approval` (an admin has to agree).
    #[schema(example = "approval")]
    registration: &'static str,
    /// Sign-in elsewhere: send the browser to `GET /api/v1/auth/oidc/{id}/start`.
    providers: Vec<Way>,
}

#[derive(Serialize, ToSchema)]
struct Way {
    id: Uuid,
    #[schema(example = "Company sign-in")]
    name: String,
}

/// Ways to come in
///
/// A tenant that there is not looks like one that offers nothing.
#[utoipa::path(get, path = "/api/v1/auth/ways", tag = "auth", operation_id = "list_ways", params(Where),
    responses((status = 200, description = "What the sign-in page offers", body = Ways), (status = 400, description = "A query parameter cannot be read"),
        (status = 429, description = "Too many from this address")))]
async fn ways(
    State(state): State<AppState>,
    address: Address,
    Filter(asked): Filter<Where>,
) -> Result<Json<Ways>, Problem> {
    state.limits.look(address)?;
    let slug = asked.tenant.unwrap_or_default();
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let mut ways = Ways { registration: registrations::Mode::Off.name(), providers: Vec::new() };
    if let Some(entrance) = registrations::entrance(&mut connection, &slug).await? {
        // Without mail nobody can prove an address.
        if state.config.mailer.is_some() {
            ways.registration = entrance.mode.name();
        }
        let offered = identity_providers::offered(&mut connection, entrance.tenant).await?;
        ways.providers = offered.into_iter().map(|(id, name)| Way { id, name }).collect();
    }
    Ok(Json(ways))
}
