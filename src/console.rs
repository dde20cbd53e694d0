//! The console's files: compiled into a release build, read from `web/dist` by a debug build. Every path that is no
//! file is a page of the single-page application, so it gets `index.html` and the browser routes.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Files;

/// Names of files in here carry a hash of their content, so they never change.
const HASHED: &str = "assets/";
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// Answers a request that no API path took. Security headers come from the layers around everything, in the API.
pub async fn serve(request: Request) -> Response {
    answer(request.method(), request.uri().path(), request.headers())
}

fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let name = path.trim_start_matches('/');
    let (name, file) = match find(name) {
        Some(file) => (name, file),
        // A page that was open during an upgrade asks for files of the old build: better a clear no than a page.
        None if name.starts_with(HASHED) => return StatusCode::NOT_FOUND.into_response(),
        None => match find("index.html") {
            Some(file) => ("index.html", file),
            None => return missing(),
        },
    };
    let tag = tag(&file);
    let mut response = if headers.get(header::IF_NONE_MATCH).is_some_and(|known| matches(known, &tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let length = file.data.len();
        let body = if method == Method::HEAD { Body::empty() } else { Body::from(file.data) };
        let mut response = Response::new(body);
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(name)));
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, if name.starts_with(HASHED) { FOR_EVER } else { ASK_AGAIN });
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// A file of the build. Only plain names: a debug build reads them from disk.
fn find(name: &str) -> Option<EmbeddedFile> {
    if name.is_empty() || name.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return None;
    }
    Files::get(name)
}

/// What a build consists of; a browser is told not to guess.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn tag(file: &EmbeddedFile) -> String {
    let hash: String = file.metadata.sha256_hash()[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hash}\"")
}

fn matches(known: &HeaderValue, tag: &str) -> bool {
    // A compressing layer makes the tag weak; the content is the same.
    known.to_str().is_ok_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag))
}

fn missing() -> Response {
    let text = "The console is not part of this build: run `make run`, or `npm ci && npm run build` in web/ before \
                building the program. The API is there.\n";
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> Response {
        answer(&Method::GET, path, &HeaderMap::new())
    }

    #[test]
    fn pages_are_read_only() {
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let response = answer(&method, "/", &HeaderMap::new());
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        }
    }

    #[test]
    fn an_old_build_s_file_is_not_a_page() {
        assert_eq!(get("/assets/index-0ld.js").status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        for name in ["../Cargo.toml", "assets/../../Cargo.toml", "/etc/passwd", ".git", "", "assets//x"] {
            assert!(find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn tags_match_in_lists_and_weakly() {
        for (known, same) in
            [("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("\"b\"", false), ("a", false)]
        {
            assert_eq!(matches(&HeaderValue::from_static(known), "\"a\""), same, "{known}");
        }
    }
}
