//! Table of contents: every room of the API, the one gate before them, and the layers around.

use axum::{Router, middleware, routing::any};
use switchroom_api_accounts::{auth, people, tenants};
use switchroom_api_base::{auth::guard::guard, hooks, http, problem, state::AppState};
use switchroom_api_desk::{
    agents, bots, calls, connections, directory, imports, phone_numbers, tickets, webhook_endpoints,
};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{openapi as document, ops, system};

#[derive(OpenApi)]
#[openapi(
    components(schemas(problem::ProblemBody, problem::FieldError)),
    tags(
        (name = "auth", description = "Signing in and out"),
        (name = "people", description = "Who is signed in, colleagues, roles, tokens, audit"),
        (name = "tenants", description = "The tenants of this server, for its platform admins"),
        (name = "directory", description = "Individuals, organizations and their contacts, e-mail contacts, caller context"),
        (name = "calls", description = "Calls, their events, agents, queues, wallboard"),
        (name = "tickets", description = "Tickets and their replies"),
        (name = "numbers", description = "Our own lines, and the bots that take the calls of some"),
        (name = "connections", description = "The doors through which providers report calls"),
        (name = "webhooks", description = "Events out: who hears of the log, what became of each attempt"),
        (name = "operations", description = "Health, metrics, documents"),
    )
)]
struct Document;

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(auth::routes())
        .merge(people::routes())
        .merge(tenants::routes())
        .merge(connections::routes())
        .merge(hooks::routes())
        .merge(calls::routes())
        .merge(agents::routes())
        .merge(directory::routes())
        .merge(tickets::routes())
        .merge(phone_numbers::routes())
        .merge(bots::routes())
        .merge(imports::routes())
        .merge(webhook_endpoints::routes())
        .merge(ops::routes())
        .merge(system::routes())
}

/// The API document.
pub fn openapi() -> serde_json::Value {
    document::finish(routes().into_openapi())
}

/// The whole HTTP side. `beside` are the routes of other rooms (the WebSocket, the console as fallback); they get the
/// outer layers and none of the gate.
pub fn router(state: AppState, beside: Router) -> Router {
    let https = state.config.is_https();
    let (router, _) = routes().split_for_parts();
    let api = router
        .route_layer(middleware::from_fn_with_state(state.clone(), guard))
        // What is no API path is the console's; what looks like one is a problem, never a page.
        .route("/api", any(unknown))
        .route("/api/", any(unknown))
        .route("/api/{*rest}", any(unknown))
        .route("/hooks", any(unknown))
        .route("/hooks/", any(unknown))
        .route("/hooks/{key}/{*rest}", any(unknown))
        .layer(http::compression())
        .with_state(state);
    http::around(api.merge(beside), https)
}

async fn unknown() -> problem::Problem {
    problem::Problem::not_found()
}
