//! Small shapes around an answer: path ids, JSON, ETag, If-Match, 201 with Location.

use axum::{
    extract::{FromRequestParts, Path},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::{
    IntoParams,
    openapi::{
        Object, Required, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use crate::problem::Problem;

/// The ids in a path. What is no id names nothing: 404.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::<T>::from_request_parts(parts, state)
            .await
            .map(|Path(ids)| Self(ids))
            .map_err(|_| Problem::not_found())
    }
}

/// A body of JSON, written into a vector: axum's own goes piece by piece into a buffer whose writes the compiler does not
/// see through, which took a quarter of the time of a long list.
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut body = Vec::with_capacity(2048);
        match serde_json::to_writer(&mut body, &self.0) {
            Ok(()) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written as JSON");
                Problem::internal().into_response()
            }
        }
    }
}

/// The entity tag of a version (RFC 9110 §8.8.3).
pub fn etag(version: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"0\""))
}

/// `If-Match` of the request, if any. Check it last, after the body was found good: [`IfMatch::check`].
#[derive(Clone, Debug, Default)]
pub struct IfMatch(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self::of(&parts.headers))
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("ETag the change is based on"))
            .schema(Some(Object::with_type(Type::String)))
            .example(Some("\"3\"".into()));
        vec![parameter.build()]
    }
}

impl IfMatch {
    fn of(headers: &HeaderMap) -> Self {
        let values: Vec<_> =
            headers.get_all(header::IF_MATCH).iter().filter_map(|value| value.to_str().ok()).collect();
        Self(if headers.contains_key(header::IF_MATCH) { Some(values.join(",")) } else { None })
    }

    /// 412 unless the header is absent, `*`, or names this version. A proxy that compresses marks our tags weak
    /// (`W/`); that is forgiven, since the version is the same.
    pub fn check(&self, version: i64) -> Result<(), Problem> {
        let Some(list) = &self.0 else { return Ok(()) };
        let current = format!("\"{version}\"");
        let fits = list
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == current);
        if fits { Ok(()) } else { Err(Problem::stale_version()) }
    }

    /// The version to compare and set where the header names exactly one.
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }
}

/// 200 with the record and its ETag.
pub struct Versioned<T>(pub i64, pub T);

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        ([(header::ETAG, etag(self.0))], Json(self.1)).into_response()
    }
}

/// 201 with the record, its ETag and where it lives from now on.
pub struct Created<T> {
    pub location: String,
    pub version: i64,
    pub body: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let headers = [
            (header::ETAG, etag(self.version)),
            (
                header::LOCATION,
                HeaderValue::from_str(&self.location).unwrap_or_else(|_| HeaderValue::from_static("/")),
            ),
        ];
        (StatusCode::CREATED, headers, Json(self.body)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_MATCH, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            IfMatch::of(&headers).check(3).is_ok()
        };
        assert!(of(&[]));
        for good in ["\"3\"", "*", "W/\"3\"", "\"1\", \"3\""] {
            assert!(of(&[good]), "{good}");
        }
        for bad in ["\"2\"", "3", "", "\"33\"", "x", "\u{e9}"] {
            assert!(!of(&[bad]), "{bad}");
        }
        assert!(of(&["\"1\"", "\"3\""]));
    }
}
