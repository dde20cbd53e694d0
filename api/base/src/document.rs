//! A document that is the same for as long as the process lives: its octets are made once, and whoever has them is told so.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// JSON, as it is sent.
#[derive(Clone, Debug)]
pub struct Document {
    octets: Bytes,
    tag: HeaderValue,
}

impl From<&Value> for Document {
    fn from(value: &Value) -> Self {
        let octets = Bytes::from(value.to_string());
        let digest: [u8; 32] = Sha256::digest(&octets).into();
        let tag: String = digest[..16].iter().map(|octet| format!("{octet:02x}")).collect();
        // Weak: compressed on the way it is another sequence of octets that says the same.
        let tag = HeaderValue::try_from(format!("W/\"{tag}\""))
            .unwrap_or_else(|_| HeaderValue::from_static("W/\"\""));
        Self { octets, tag }
    }
}

impl Document {
    /// The document, or 304 for who has it (RFC 9110 §13.1.2).
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        let plain = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let ours = plain(self.tag.to_str().unwrap_or_default());
        let known = headers
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|tag| tag.trim() == "*" || plain(tag) == ours);
        let tag = [(header::ETAG, self.tag.clone())];
        if known {
            return (StatusCode::NOT_MODIFIED, tag).into_response();
        }
        (tag, [(header::CONTENT_TYPE, "application/json")], self.octets.clone()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_has_it_is_told_so() {
        let document = Document::from(&json!({"openapi": "3.1.0"}));
        let whole = document.answer(&HeaderMap::new());
        let tag = whole.headers()[header::ETAG].clone();
        assert_eq!(
            (whole.status(), &whole.headers()[header::CONTENT_TYPE]),
            (StatusCode::OK, &HeaderValue::from_static("application/json"))
        );
        for (known, status) in [
            (tag.to_str().unwrap().to_owned(), 304),
            (format!("\"x\", {}", tag.to_str().unwrap().trim_start_matches("W/")), 304),
            ("*".to_owned(), 304),
            ("\"x\"".to_owned(), 200),
        ] {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, known.parse().unwrap())]);
            assert_eq!(document.answer(&headers).status(), status, "{known}");
        }
        assert_ne!(Document::from(&json!({})).answer(&HeaderMap::new()).headers()[header::ETAG], tag);
    }
}
