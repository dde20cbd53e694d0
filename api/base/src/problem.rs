//! The one map from what went wrong to what a client is told: RFC 9457 `application/problem+json`.
//!
//! `type` is a stable short word (a relative reference; `docs/api` explains each), `detail` is safe to show to
//! anybody, and `errors` points into the body (RFC 6901) where validation failed. Nothing of the database, of a
//! secret or of another tenant ever gets in here: internal causes are logged once and answered without detail.

use std::borrow::Cow;

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use switchroom_store::StoreError;
use utoipa::ToSchema;

/// One thing wrong with the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer into the body (`/phones/0/number`; empty = the whole body), or `?name` for a query parameter.
    #[schema(example = "/full_name")]
    pub pointer: String,
    #[schema(example = "must have 1 to 200 characters")]
    pub detail: String,
}

/// The body of every error answer (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Stable short word for this kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "validation")]
    kind: Cow<'static, str>,
    #[schema(example = "The request has errors")]
    title: &'static str,
    #[schema(example = 422)]
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// A refusal. `Err(Problem)` from a handler is the whole error path.
#[derive(Debug)]
pub struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    body: ProblemBody,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub fn new(status: StatusCode, kind: impl Into<Cow<'static, str>>, title: &'static str) -> Self {
        let body = ProblemBody {
            kind: kind.into(),
            title,
            status: status.as_u16(),
            detail: None,
            errors: Vec::new(),
        };
        Self(Box::new(Inner { status, body, headers: Vec::new() }))
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.body.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        if let Ok(value) = value.try_into() {
            self.0.headers.push((name, value));
        }
        self
    }

    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable word, for tests and metrics.
    pub fn kind(&self) -> &str {
        &self.0.body.kind
    }

    /// What is wrong with the body, where that is what was wrong.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.body.errors
    }

    /// 401: no credentials, or none that are good.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Sign in first")
            .detail("No valid session or token came with the request.")
            .header(header::WWW_AUTHENTICATE, "Bearer realm=\"switchroom\"")
    }

    /// 401 of a sign-in: never says which part was wrong.
    pub fn invalid_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid-credentials", "Sign-in failed")
            .detail("E-mail or password is wrong.")
            .header(header::WWW_AUTHENTICATE, "Bearer realm=\"switchroom\"")
    }

    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not permitted")
    }

    /// 403: the operator has suspended the tenant.
    pub fn tenant_suspended() -> Self {
        Self::new(StatusCode::FORBIDDEN, "tenant-suspended", "This tenant is suspended")
            .detail("Whoever runs this server has suspended it. What it holds is kept.")
    }

    /// 404: absent, or another tenant's; the two look the same.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found")
    }

    pub fn method_not_allowed(allow: &str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
            .header(header::ALLOW, allow)
    }

    pub fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Body too large")
            .detail(format!("At most {limit} bytes are taken here."))
    }

    pub fn unsupported_media_type() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unsupported media type")
            .detail("Send application/json.")
            .header(header::ACCEPT, "application/json")
    }

    /// 400: the request cannot be read at all.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "The request cannot be read").detail(detail)
    }

    /// 400: a query parameter cannot be read.
    pub fn bad_parameter(name: &str, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "bad-parameter", "A query parameter is wrong");
        problem.0.body.errors.push(FieldError { pointer: format!("?{name}"), detail: detail.into() });
        problem
    }

    /// 400: a cursor that no page or event of ours gave out.
    pub fn bad_cursor() -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "bad-cursor", "The cursor cannot be read");
        problem.0.body.detail =
            Some("Cursors are opaque: send back what an earlier answer contained.".into());
        problem
    }

    /// 422: the body was read and is wrong.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation", "The request has errors");
        problem.0.body.errors = errors;
        problem
    }

    /// 422 with one error.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::validation(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    /// 412: `If-Match` names a version that is no longer the current one.
    pub fn stale_version() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "stale-version", "Changed by somebody else")
            .detail("If-Match does not name the current version. Read it again, then change it.")
    }

    /// 409: the state does not allow it, or something unique is taken. `kind` is the stable word, e.g. `ticket-move`.
    pub fn conflict(kind: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, "Not possible in the present state").detail(detail)
    }

    /// 409: a compare-and-set lost against somebody else's change.
    pub fn changed_meanwhile() -> Self {
        Self::conflict("changed-meanwhile", "Somebody else changed it at the same moment. Read it again.")
    }

    /// 410: a one-time link of ours that is good no more, or never was.
    pub fn link_gone() -> Self {
        Self::new(StatusCode::GONE, "link-gone", "This link is good no more")
            .detail("It was used already, or is too old. Ask for a new one.")
    }

    pub fn too_many_requests(retry_after_s: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate-limited", "Too many requests")
            .header(header::RETRY_AFTER, retry_after_s.max(1).to_string())
    }

    /// 503: we cannot do it now; the same request may succeed later.
    pub fn unavailable(retry_after_s: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available right now")
            .header(header::RETRY_AFTER, retry_after_s.max(1).to_string())
    }

    /// 500. Log the cause where it is known; nothing of it goes out.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong here")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Inner { status, body, headers } = *self.0;
        let mut response = (status, Json(body)).into_response();
        let map = response.headers_mut();
        map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        map.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in headers {
            map.insert(name, value);
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { constraint } => {
                tracing::debug!(constraint, "unique key taken");
                Self::conflict("conflict", "Something with these values exists already.")
            }
            StoreError::Reference { constraint } => {
                tracing::debug!(constraint, "reference to something absent");
                Self::validation(Vec::new()).detail("The request refers to something that does not exist.")
            }
            StoreError::Check { constraint } => {
                // The schema refused what validation let through: still the client's input, but a gap of ours.
                tracing::warn!(constraint, "a database check refused a request");
                Self::validation(Vec::new()).detail("A value is outside what can be stored.")
            }
            StoreError::Unavailable(cause) => {
                tracing::warn!(error = %cause, "database unavailable");
                Self::unavailable(1)
            }
            StoreError::Migrate(_) | StoreError::Other(_) => {
                tracing::error!(error = ?error, "database error");
                Self::internal()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn rendered(problem: Problem) -> (StatusCode, String, serde_json::Value) {
        let response = problem.into_response();
        let content_type = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, content_type, serde_json::from_slice(&bytes).unwrap())
    }

    /// Every variant of the store's errors, and what the client learns of it.
    #[tokio::test]
    async fn store_errors() {
        let constraint = || "memberships_extension".to_owned();
        let table = [
            (StoreError::Conflict { constraint: constraint() }, 409, "conflict"),
            (StoreError::Reference { constraint: constraint() }, 422, "validation"),
            (StoreError::Check { constraint: constraint() }, 422, "validation"),
            (StoreError::Unavailable(sqlx::Error::PoolTimedOut), 503, "unavailable"),
            (StoreError::Other(sqlx::Error::RowNotFound), 500, "internal"),
            (StoreError::Migrate(sqlx::migrate::MigrateError::VersionMissing(1)), 500, "internal"),
        ];
        for (error, status, kind) in table {
            let problem = Problem::from(error);
            let (got, content_type, body) = rendered(problem).await;
            assert_eq!(got.as_u16(), status);
            assert_eq!(content_type, "application/problem+json");
            assert_eq!(body["type"], kind);
            assert_eq!(body["status"], status);
            assert!(!body.to_string().contains("memberships_extension"), "names of the schema stay inside");
        }
    }

    #[tokio::test]
    async fn shape() {
        let (_, _, body) = rendered(Problem::invalid("/name", "is empty")).await;
        assert_eq!(
            body,
            serde_json::json!({"type": "validation", "title": "The request has errors", "status": 422,
                "errors": [{"pointer": "/name", "detail": "is empty"}]})
        );
        let response = Problem::too_many_requests(0).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        let response = Problem::method_not_allowed("GET, HEAD").into_response();
        assert_eq!(response.headers()[header::ALLOW], "GET, HEAD");
    }
}
