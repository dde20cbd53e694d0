//! The door: `GET /ws`, from an HTTP request to a running session.
//!
//! Refusals, in this order (contract §4): 401 no or wrong credentials, 403 foreign Origin, 400 without the subprotocol
//! or with a handshake that is none. Credentials are a bearer token or a one-use ticket in a subprotocol; never a
//! cookie, so that no foreign page can use a signed-in browser, and never the URL, so that none is logged.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header},
    response::Response,
    routing::any,
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    hub::Hub,
    port::{Authenticate, Identity, Refusal, Switchboard, TicketAccess},
    session::Session,
    settings::{self, SUBPROTOCOL, Settings, TICKET_PREFIX},
    wire::Wire,
};

/// The gateway; clones share one.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub hub: Arc<Hub>,
    pub board: Arc<dyn Switchboard>,
    pub tickets: Arc<dyn TicketAccess>,
    pub settings: Settings,
    /// `switchroom_frames_sent_total`.
    pub frames_sent: metrics::Counter,
    sign_in: Arc<dyn Authenticate>,
    sessions: TaskTracker,
    shutdown: CancellationToken,
}

impl Gateway {
    /// Starts the gateway's own tasks (telling of commits, closing at shutdown); they end with `shutdown`.
    pub fn start(
        hub: Arc<Hub>,
        board: Arc<dyn Switchboard>,
        sign_in: Arc<dyn Authenticate>,
        tickets: Arc<dyn TicketAccess>,
        settings: Settings,
        shutdown: CancellationToken,
    ) -> Self {
        metrics::gauge!("switchroom_sockets").set(0.0);
        tokio::spawn({
            let (hub, shutdown) = (hub.clone(), shutdown.clone());
            async move {
                tokio::select! {
                    () = hub.clone().keep_telling() => {}
                    () = shutdown.cancelled() => {}
                }
                hub.close_all();
            }
        });
        let sessions = TaskTracker::new();
        let frames_sent = metrics::counter!("switchroom_frames_sent_total");
        Self {
            shared: Arc::new(Shared {
                hub,
                board,
                tickets,
                settings,
                frames_sent,
                sign_in,
                sessions,
                shutdown,
            }),
        }
    }

    /// `GET /ws`.
    pub fn router(&self) -> Router {
        Router::new().route("/ws", any(upgrade)).with_state(self.clone())
    }

    /// Ends when every socket has been closed; only after the shutdown token.
    pub async fn drained(&self) {
        self.shared.sessions.close();
        self.shared.sessions.wait().await;
    }
}

async fn upgrade(State(gateway): State<Gateway>, mut request: Request) -> Response {
    let shared = gateway.shared;
    let asked_at = Instant::now();
    let who = match identify(&shared, request.headers(), request.extensions()).await {
        Ok(who) => who,
        Err(Refusal::Unauthorized) => {
            return refuse(
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "a bearer token or a ticket is needed",
            );
        }
        Err(Refusal::Forbidden) => return refuse(StatusCode::FORBIDDEN, "forbidden", "no tenant to act in"),
        Err(Refusal::Suspended) => {
            return refuse(StatusCode::FORBIDDEN, "tenant-suspended", "the tenant is suspended");
        }
        Err(Refusal::Unavailable) => {
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "sign-in is not available");
        }
    };
    if !origin_allowed(request.headers(), &shared.settings.origins) {
        return refuse(StatusCode::FORBIDDEN, "forbidden", "foreign origin");
    }
    let key = match handshake(&request) {
        Ok(key) => key,
        Err(refusal) => return refuse(refusal.0, "bad-request", refusal.1),
    };
    let Some(on_upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return refuse(StatusCode::UPGRADE_REQUIRED, "bad-request", "the connection cannot be upgraded");
    };
    if shared.shutdown.is_cancelled() || shared.hub.sockets() >= shared.settings.max_sockets {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "no more sockets at this time");
    }
    if shared.hub.sockets_of(who.tenant, who.user) >= shared.settings.max_sockets_per_user {
        return refuse(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-sockets",
            "this user has too many open sockets; close one",
        );
    }
    let sessions = shared.sessions.clone();
    sessions.spawn(run(shared, who, asked_at, on_upgrade));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    response
}

async fn run(shared: Arc<Shared>, who: Identity, asked_at: Instant, on_upgrade: OnUpgrade) {
    let Ok(Ok(upgraded)) = timeout(shared.settings.upgrade_wait, on_upgrade).await else { return };
    let wire = Wire::new(TokioIo::new(upgraded));
    let socket = WebSocketStream::from_raw_socket(wire, Role::Server, Some(settings::wire())).await;
    let mut session = Session::open(shared, who, asked_at, socket);
    let end = session.run().await;
    // Boxed, so that an idle socket does not keep room for its farewell.
    Box::pin(session.farewell(end)).await;
}

async fn identify(shared: &Shared, headers: &HeaderMap, from: &Extensions) -> Result<Identity, Refusal> {
    let who = match credentials(headers).ok_or(Refusal::Unauthorized)? {
        Credentials::Bearer(token) => {
            let tenant = headers.get("x-tenant").and_then(|slug| slug.to_str().ok());
            shared.sign_in.bearer(token, tenant, from).await?
        }
        Credentials::Ticket(ticket) => shared.sign_in.ticket(ticket, from).await?,
    };
    match who.expires {
        Some(end) if end <= chrono::Utc::now() => Err(Refusal::Unauthorized),
        _ => Ok(who),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Credentials<'a> {
    Bearer(&'a str),
    Ticket(&'a str),
}

/// What the client shows; `None` for nothing, and for anything ambiguous.
fn credentials(headers: &HeaderMap) -> Option<Credentials<'_>> {
    let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
    if let Some(authorization) = authorizations.next() {
        if authorizations.next().is_some() {
            return None;
        }
        let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
        let token = token.trim();
        return (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
            .then_some(Credentials::Bearer(token));
    }
    let mut tickets = subprotocols(headers).filter_map(|name| name.strip_prefix(TICKET_PREFIX));
    let ticket = tickets.next().filter(|ticket| !ticket.is_empty())?;
    tickets.next().is_none().then_some(Credentials::Ticket(ticket))
}

fn subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// RFC 6455 §4.2.1, and our subprotocol. Answers the value of `Sec-WebSocket-Accept`.
fn handshake(request: &Request) -> Result<HeaderValue, (StatusCode, &'static str)> {
    let headers = request.headers();
    let names = |name: HeaderName, word: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    };
    if request.method() != Method::GET {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "a WebSocket is opened by GET"));
    }
    // HTTP/1.0 has no upgrades, and a request of HTTP/1.1 names one host.
    if request.version() != Version::HTTP_11 || headers.get_all(header::HOST).iter().count() != 1 {
        return Err((StatusCode::BAD_REQUEST, "a WebSocket is opened by HTTP/1.1 with a Host"));
    }
    if !names(header::CONNECTION, "upgrade") || !names(header::UPGRADE, "websocket") {
        return Err((StatusCode::BAD_REQUEST, "this address speaks WebSocket only"));
    }
    let one = |name: HeaderName| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())
    };
    if one(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err((StatusCode::UPGRADE_REQUIRED, "WebSocket version 13 is needed"));
    }
    let key = one(header::SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()));
    let Some(key) = key else {
        return Err((StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing or malformed"));
    };
    if !subprotocols(headers).any(|name| name == SUBPROTOCOL) {
        return Err((StatusCode::BAD_REQUEST, "the subprotocol switchroom.v1 is needed"));
    }
    HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
        .map_err(|_| (StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is malformed"))
}

/// Base64 of 16 octets.
fn is_key(key: &[u8]) -> bool {
    key.len() == 24
        && key.ends_with(b"==")
        && key[..22].iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// Browsers name the page's origin; it must be ours or one that the operator set. Who names none is no browser.
fn origin_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    if origins.next().is_some() {
        return false;
    }
    let Ok(origin) = origin.to_str() else { return false };
    if allowed.iter().any(|ours| ours.eq_ignore_ascii_case(origin)) {
        return true;
    }
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let plain =
        |authority: &str| authority.strip_suffix(default_port).unwrap_or(authority).to_ascii_lowercase();
    !authority.is_empty() && plain(authority) == plain(host)
}

fn refuse(status: StatusCode, type_: &str, detail: &str) -> Response {
    let problem = json!({
        "type": type_,
        "title": status.canonical_reason().unwrap_or("Refused"),
        "status": status.as_u16(),
        "detail": detail,
    });
    let mut response = Response::new(Body::from(problem.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    match status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::UPGRADE_REQUIRED => {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET"));
        }
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn credentials_are_one_bearer_or_one_ticket() {
        let protocol = "sec-websocket-protocol";
        for (pairs, expected) in [
            (vec![("authorization", "Bearer abc")], Some(Credentials::Bearer("abc"))),
            (vec![("authorization", "bearer  abc ")], Some(Credentials::Bearer("abc"))),
            (vec![(protocol, "switchroom.v1, ticket.xyz")], Some(Credentials::Ticket("xyz"))),
            (vec![(protocol, "switchroom.v1"), (protocol, "ticket.xyz")], Some(Credentials::Ticket("xyz"))),
            (
                vec![(protocol, "ticket.x,switchroom.v1"), ("authorization", "Bearer a")],
                Some(Credentials::Bearer("a")),
            ),
            (vec![], None),
            (vec![(protocol, "switchroom.v1")], None),
            (vec![(protocol, "switchroom.v1, ticket.")], None),
            (vec![(protocol, "switchroom.v1, ticket.a, ticket.b")], None),
            (vec![("authorization", "Bearer")], None),
            (vec![("authorization", "Bearer ")], None),
            (vec![("authorization", "Basic abc")], None),
            (vec![("authorization", "Bearer a"), ("authorization", "Bearer b")], None),
            // A wrong header is not made good by a ticket beside it.
            (vec![("authorization", "Basic a"), (protocol, "switchroom.v1, ticket.x")], None),
        ] {
            assert_eq!(credentials(&headers(&pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn origins() {
        let allowed = ["https://phones.example".to_owned()];
        for (host, origin, expected) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080", true),
            ("Phones.example", "https://phones.EXAMPLE", true),
            ("internal:8080", "https://phones.example", true),
            ("internal", "http://internal:80", true),
            ("internal:443", "https://internal", true),
            ("internal:443", "http://internal", false),
            ("internal:8080", "http://internal", false),
            ("internal:8080", "http://internal:8081", false),
            ("internal:8080", "https://phones.example.evil", false),
            ("internal:8080", "https://evil.example", false),
            ("internal:8080", "null", false),
            ("internal:8080", "", false),
            ("internal:8080", "http://", false),
            ("", "http://", false),
            ("internal:8080", "file://internal:8080", false),
        ] {
            assert_eq!(
                origin_allowed(&headers(&[("host", host), ("origin", origin)]), &allowed),
                expected,
                "{origin} at {host}"
            );
        }
        assert!(origin_allowed(&headers(&[("host", "x")]), &allowed), "no browser");
        let twice = [("host", "x"), ("origin", "http://x"), ("origin", "http://x")];
        assert!(!origin_allowed(&headers(&twice), &allowed));
        assert!(!origin_allowed(&headers(&[("origin", "http://x")]), &allowed), "no host to compare with");
    }

    #[test]
    fn keys_are_base64_of_16_octets() {
        assert!(is_key(b"dGhlIHNhbXBsZSBub25jZQ=="));
        for bad in
            ["", "x", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZ!==", "dGhlIHNhbXBsZSBub25jZQ==x"]
        {
            assert!(!is_key(bad.as_bytes()), "{bad}");
        }
    }
}
