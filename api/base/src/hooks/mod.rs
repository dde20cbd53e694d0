//! `POST /hooks/{key}`: where providers report calls. The path is the address, the signature the sign-in; who judges
//! both is the engine's ingest. Here only octets are taken in and the answer is put into HTTP.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::FutureExt as _;
use switchroom_engine::ingest::{BODY_LIMIT, Headers, HookReply, HookRequest};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{http, intake, problem::Problem, reply::Params, state::AppState};

const ROUTE: &str = "/hooks/{key}";

/// How long a provider may take to send a body of at most 64 KiB.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(accept))
}

/// A provider reports an event
///
/// One path per connection. 2xx only once the event is stored durably; the same event again has no second effect.
/// Refusals in this order: unknown key 404, over 64 KiB 413, media type 415, signature 401, unparsable 400.
#[utoipa::path(post, path = "/hooks/{key}", tag = "connections", operation_id = "accept_hook", params(("key" = String, Path)),
    request_body(content = Object, content_type = "application/json", description = "As the provider documents it; forms too"),
    responses(
        (status = 200, description = "Stored; a repetition, or what the provider wants to read"),
        (status = 204, description = "Stored"),
        (status = 400, description = "Unparsable"), (status = 401, description = "Signature missing or wrong, or too old"),
        (status = 404, description = "Unknown key"), (status = 413, description = "Over 64 KiB"),
        (status = 415, description = "Not what this provider sends"),
        (status = 503, description = "Not durable in time; send it again")))]
async fn accept(
    State(state): State<AppState>,
    Params(key): Params<String>,
    request: Request,
) -> Result<Response, Problem> {
    take_event(&state, &key, request).await
}

/// The same door without the way through the router, for the listener: events are by far the most requests, nobody
/// signs in for them, and the router's layers cost as much as the rest of taking one.
#[derive(Clone)]
pub struct Door {
    inner: Arc<Inner>,
}

struct Inner {
    state: AppState,
    taken: metrics::Counter,
    seconds: metrics::Histogram,
}

impl Door {
    /// Wants the recorder of metrics to be there already.
    pub fn new(state: AppState) -> Self {
        let status = StatusCode::NO_CONTENT.as_str();
        let inner = Inner {
            state,
            taken: metrics::counter!("switchroom_http_requests_total", "method" => "POST", "route" => ROUTE, "status" => status),
            seconds: metrics::histogram!("switchroom_http_request_seconds", "route" => ROUTE),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The key of a request that is for this door; any other is the router's, the odd ones among them too.
    pub fn key<B>(request: &axum::http::Request<B>) -> Option<String> {
        let key = request.uri().path().strip_prefix("/hooks/")?;
        let plain =
            !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        (plain && request.method() == Method::POST).then(|| key.to_owned())
    }

    /// Takes an event in and answers it.
    pub async fn answer(&self, key: String, request: Request) -> Response {
        let Inner { state, taken, seconds } = &*self.inner;
        let began = Instant::now();
        let request_id = http::given_request_id(&request);
        let answered = AssertUnwindSafe(take_event(state, &key, request)).catch_unwind().await;
        let mut response = match answered {
            Ok(answer) => answer.unwrap_or_else(IntoResponse::into_response),
            Err(panic) => http::panicked(panic),
        };
        seconds.record(began.elapsed().as_secs_f64());
        if response.status() == StatusCode::NO_CONTENT {
            taken.increment(1);
        } else {
            http::count(&Method::POST, ROUTE, response.status());
            http::guard_page(response.headers_mut());
        }
        if let Some(id) = request_id {
            http::name(&mut response, id);
        }
        response
    }
}

async fn take_event(state: &AppState, key: &str, request: Request) -> Result<Response, Problem> {
    let received_at_us = now_us();
    let engine = state.engine()?;
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let url = format!("{}{target}", state.config.public_url);
    let headers: Headers =
        parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    // One octet more than is allowed shows the door that it is too much, in its own order.
    let body = intake::read(body, BODY_LIMIT, PATIENCE).await?;
    let _place = state.admission.enter(key).await?;
    let reply = engine
        .accept_hook(
            key,
            HookRequest {
                method: parts.method.as_str(),
                url: &url,
                headers: &headers,
                body: &body,
                received_at_us,
                now_s: received_at_us / 1_000_000,
            },
        )
        .await;
    Ok(answer(reply))
}

fn answer(reply: HookReply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_success() {
        let mut response = (status, reply.body).into_response();
        match reply.content_type {
            Some(media_type) => {
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
            }
            None => {
                response.headers_mut().remove(header::CONTENT_TYPE);
            }
        }
        return response;
    }
    let mut problem = Problem::new(status, reply.reason.replace('_', "-"), "The event was not taken");
    if let Some(detail) = reply.detail {
        problem = problem.detail(detail);
    }
    if status == StatusCode::UNAUTHORIZED {
        // The one scheme among the providers' that is HTTP's own.
        problem = problem.header(header::WWW_AUTHENTICATE, "Basic realm=\"switchroom\"");
    }
    if let Some(wait) = reply.retry_after {
        problem = problem.header(header::RETRY_AFTER, wait.as_secs().max(1).to_string());
    }
    problem.into_response()
}

fn now_us() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
