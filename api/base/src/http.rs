//! The layers around everything: request ids, logs, the net under panics, security headers, compression.
//!
//! Logs name the route, never the path or the query: a hook's path is its key, and a query may hold a caller's number.

use std::{any::Any, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use uuid::Uuid;

use crate::problem::Problem;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The page may load and connect to nothing but its own origin, and nobody may frame it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; \
    worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

pub fn compression() -> CompressionLayer {
    CompressionLayer::new()
}

pub fn around<S: Clone + Send + Sync + 'static>(router: Router<S>, https: bool) -> Router<S> {
    router
        .layer(CatchPanicLayer::custom(panicked))
        // MatchedPath is known only inside the router, hence a route layer's place for what counts by route.
        .layer(middleware::from_fn(observe))
        .layer(middleware::from_fn(move |request, next| secure(request, next, https)))
}

/// RFC 9457 without a word of what went wrong; the log has it.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let what =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = what.unwrap_or("(no text)"), "a handler panicked");
    Problem::internal().into_response()
}

/// An id from outside helps to follow a request through proxies; it is kept when it is a harmless word.
pub(crate) fn given_request_id(request: &Request) -> Option<HeaderValue> {
    let harmless = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=64).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    };
    request.headers().get(&REQUEST_ID).filter(harmless).cloned()
}

pub(crate) fn name(response: &mut Response, id: HeaderValue) {
    response.headers_mut().insert(&REQUEST_ID, id);
}

pub(crate) fn count(method: &axum::http::Method, route: &str, status: StatusCode) {
    metrics::counter!("switchroom_http_requests_total", "method" => known(method), "route" => route.to_owned(), "status" => status.as_u16().to_string()).increment(1);
}

async fn observe(mut request: Request, next: Next) -> Response {
    let id = given_request_id(&request).or_else(|| HeaderValue::from_str(&Uuid::now_v7().to_string()).ok());
    if let Some(id) = &id {
        request.headers_mut().insert(&REQUEST_ID, id.clone());
    }
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |p| p.as_str().to_owned());
    let start = Instant::now();
    let mut response = next.run(request).await;
    let elapsed = start.elapsed();
    let status = response.status();
    let request_id = id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default();
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(%method, route, status = status.as_u16(), elapsed_us = elapsed.as_micros() as u64, request_id, "request failed");
    } else {
        tracing::debug!(%method, route, status = status.as_u16(), elapsed_us = elapsed.as_micros() as u64, request_id, "request");
    }
    count(&method, &route, status);
    metrics::histogram!("switchroom_http_request_seconds", "route" => route).record(elapsed.as_secs_f64());
    if let Some(id) = id {
        name(&mut response, id);
    }
    response
}

/// Methods a client makes up must not make new time series.
fn known(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

async fn secure(request: Request, next: Next, https: bool) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    guard_page(headers);
    if https {
        // RFC 6797: a browser that was here once never comes by plain http again.
        let strict = HeaderValue::from_static("max-age=31536000");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(strict);
    }
    if is_api {
        // Answers hold people's data; no cache between us and the client may keep them.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// What a browser may do with an answer.
pub(crate) fn guard_page(headers: &mut HeaderMap) {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "microphone=(self), camera=(), geolocation=(), payment=()",
        ),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
