//! What operators and integrators look at: health, metrics, the API documents, the documentation page.

use std::{sync::LazyLock, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::Serialize;
use switchroom_api_base::{document::Document, problem::Problem, reply::Params, state::AppState};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
        .routes(routes!(openapi_json))
        .routes(routes!(asyncapi_json))
        .routes(routes!(docs))
        .routes(routes!(docs_file))
}

#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

/// The process lives
#[utoipa::path(get, path = "/healthz", tag = "operations",
    responses((status = 200, description = "It does", body = Health)))]
async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The program can take calls
///
/// The database answers, the directory is loaded and the doors are open.
#[utoipa::path(get, path = "/readyz", tag = "operations",
    responses((status = 200, description = "It can", body = Health), (status = 503, description = "Not now")))]
async fn readyz(State(state): State<AppState>) -> Result<Json<Health>, Problem> {
    // A process whose log was taken over by another must get no more traffic.
    if state.engine.as_ref().is_some_and(switchroom_engine::Engine::is_overtaken) {
        return Err(Problem::unavailable(5));
    }
    match tokio::time::timeout(Duration::from_secs(2), state.db.ping()).await {
        Ok(Ok(())) => Ok(Json(Health { status: "ready" })),
        _ => Err(Problem::unavailable(1)),
    }
}

/// Prometheus metrics
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "Prometheus text format", body = String, content_type = "text/plain")))]
async fn metrics(State(state): State<AppState>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.metrics.render())
        .into_response()
}

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "operations",
    responses((status = 200, description = "OpenAPI", body = Object), (status = 304, description = "As `If-None-Match` has it")))]
async fn openapi_json(headers: HeaderMap) -> Response {
    static OPENAPI: LazyLock<Document> = LazyLock::new(|| Document::from(&crate::router::openapi()));
    OPENAPI.answer(&headers)
}

/// The socket protocol
#[utoipa::path(get, path = "/asyncapi.json", tag = "operations",
    responses((status = 200, description = "AsyncAPI", body = Object), (status = 304, description = "As `If-None-Match` has it")))]
async fn asyncapi_json(State(state): State<AppState>, headers: HeaderMap) -> Response {
    state.config.asyncapi.answer(&headers)
}

const DOCS_PAGE: &str = include_str!("docs/index.html");
const DOCS_SCRIPT: &str = include_str!("docs/docs.js");
const DOCS_STYLE: &str = include_str!("docs/docs.css");

/// Documentation page
#[utoipa::path(get, path = "/docs", tag = "operations",
    responses((status = 200, description = "A page that shows the API document", body = String, content_type = "text/html")))]
async fn docs() -> Html<&'static str> {
    Html(DOCS_PAGE)
}

/// Files of the documentation page
#[utoipa::path(get, path = "/docs/{file}", tag = "operations", params(("file" = String, Path, description = "docs.js or docs.css")),
    responses((status = 200, description = "The file", content((String = "text/javascript"), (String = "text/css"))),
        (status = 404, description = "No such file")))]
async fn docs_file(Params(file): Params<String>) -> Result<Response, Problem> {
    let (media_type, text) = match file.as_str() {
        "docs.js" => ("text/javascript; charset=utf-8", DOCS_SCRIPT),
        "docs.css" => ("text/css; charset=utf-8", DOCS_STYLE),
        _ => return Err(Problem::not_found()),
    };
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, HeaderValue::from_static(media_type))], text).into_response())
}
