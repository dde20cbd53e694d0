//! The one gate in front of every route: 405, 401, 429, 403, in this order, before any handler, body or record is
//! looked at. What it asks is written in one table ([`switchroom_core::permission`]); a route that is not in the
//! table is refused.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;
use switchroom_core::{
    TenantId, UserId,
    permission::{Access, ENDPOINTS, Endpoint, Scope, endpoint},
    reads,
};
use switchroom_store::{
    Database, StoreError, audit,
    origin::{self, Origin},
};

use super::{
    caller::{Actor, Address, tenant_required},
    cookies,
    sessions::{Identity, Sessions},
};
use crate::{idempotency, problem::Problem, read_log::asked as asked_for, state::AppState};

/// Names the tenant a platform admin acts in.
pub const TENANT_HEADER: &str = "x-tenant";

pub async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match admit(&state, request).await {
        Ok((request, actor)) => {
            let key = request
                .headers()
                .get(idempotency::HEADER)
                .filter(|_| request.method() == Method::POST && takes_key(request.uri().path()))
                .cloned();
            match (actor, key) {
                (Some(actor), Some(key)) => idempotency::run(state, actor, key, request, next).await,
                _ => carry_out(&state, request, next).await,
            }
        }
        Err(problem) => problem.into_response(),
    }
}

/// Runs what comes behind the gate, with who asks known to every transaction, and notes what was read of people.
pub(crate) async fn carry_out(state: &AppState, request: Request, next: Next) -> Response {
    let Some(asked) = request.extensions().get::<Asked>().cloned() else { return next.run(request).await };
    let read = reads::of(asked.method, asked.route).map(|read| {
        let path = request.uri().path();
        let subject = reads::subject(asked.route, path).map(|subject| subject.chars().take(100).collect());
        let detail =
            if subject.is_some() { json!({}) } else { asked_for(request.uri().query().unwrap_or_default()) };
        (read.action, subject, detail)
    });
    let response = origin::within(Arc::clone(&asked.origin), next.run(request)).await;
    if let Some((action, subject, detail)) = read
        && response.status().is_success()
    {
        state.reads.take(asked.tenant, action, subject, detail, asked.origin).await;
    }
    response
}

/// What the gate found out about a request.
#[derive(Clone)]
struct Asked {
    method: &'static str,
    route: &'static str,
    tenant: Option<TenantId>,
    origin: Arc<Origin>,
}

impl Asked {
    fn put(request: &mut Request, door: &'static Endpoint, actor: Option<&Identity>) {
        let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let origin = Origin {
            actor: actor.map(|actor| actor.user_id.0),
            address: Address::of(request.extensions()).text(),
            // `observe` has looked at it: a harmless word.
            request: id.map(|id| id.chars().take(64).collect()),
            via: Some(format!("{} {}", door.method, door.path)),
        };
        let tenant = actor.and_then(Identity::tenant);
        let asked = Self { method: door.method, route: door.path, tenant, origin: Arc::new(origin) };
        request.extensions_mut().insert(asked);
    }
}

/// Of the changes that everybody signed in may make, those that a token with scopes may make too: they lead to nothing
/// that its scopes do not give.
fn for_scoped(path: &str) -> bool {
    matches!(path, "/api/v1/ws-tickets" | "/api/v1/auth/logout")
}

/// What everybody signed in does about their own account, wherever they are a member: no word of one tenant's identity
/// provider reaches that far.
fn is_everywhere(door: &Endpoint) -> bool {
    // Sessions are shown and ended as far as it reaches.
    let own = ["/api/v1/auth/logout", "/api/v1/auth/sessions", "/api/v1/auth/sessions/{id}"];
    let accounts = door.path.starts_with("/api/v1/auth/") && !own.contains(&door.path);
    accounts || door.path == "/api/v1/me/tenants" || (door.path == "/api/v1/me" && door.method != "GET")
}

/// Acts on an account take no key: a fingerprint of their body would be a quick hash of a password, kept for a day.
pub fn takes_key(path: &str) -> bool {
    !path.starts_with("/api/v1/auth/")
}

async fn admit(state: &AppState, mut request: Request) -> Result<(Request, Option<Actor>), Problem> {
    let path =
        request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let Some(door) = endpoint(request.method().as_str(), &path) else {
        return Err(not_listed(&path));
    };
    if door.access == Access::Public {
        Asked::put(&mut request, door, None);
        return Ok((request, None));
    }
    let https = state.config.is_https();
    let (mut identity, by_cookie) = authenticate(&state.sessions, request.headers(), https).await?;
    state.limits.request(identity.session, identity.user_id.0, identity.tenant().map(|tenant| tenant.0))?;
    if by_cookie && !is_safe(request.method()) {
        let cookie = cookies::session(request.headers(), https).unwrap_or_default();
        if !cookies::csrf_fits(request.headers(), cookie) {
            return Err(Problem::new(StatusCode::FORBIDDEN, "csrf", "CSRF token missing or wrong")
                .detail("Send the value of the CSRF cookie in the header X-CSRF-Token."));
        }
    }
    if identity.is_suspended() {
        return Err(Problem::tenant_suspended());
    }
    if identity.platform
        && let Some(slug) = request.headers().get(TENANT_HEADER)
    {
        let slug = slug.to_str().unwrap_or_default().to_owned();
        let subject: String =
            format!("{} {}", request.method(), request.uri().path()).chars().take(300).collect();
        let address = Address::of(request.extensions());
        identity = act_in_tenant(state, &identity, &slug, &subject, address).await?;
    }
    if door.access == Access::SignedIn
        && identity.is_scoped
        && !is_safe(request.method())
        && !for_scoped(door.path)
    {
        return Err(Problem::new(StatusCode::FORBIDDEN, "scope", "Not what this token is for")
            .detail("A token with scopes changes nothing about accounts, sessions and tokens."));
    }
    if door.access == Access::SignedIn && identity.provider.is_some() && is_everywhere(door) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "federated-session", "Not with this sign-in")
            .detail(
                "An identity provider of this tenant vouched for it, so it is good for this tenant only.",
            ));
    }
    let permitted = match door.access {
        Access::Public | Access::SignedIn => true,
        Access::Permission(permission) => identity.may(permission),
    };
    if !permitted {
        return Err(Problem::forbidden().detail(format!("This needs the permission {}.", door.access.name())));
    }
    if door.scope == Scope::Tenant && identity.place.is_none() {
        return Err(tenant_required());
    }
    Asked::put(&mut request, door, Some(&identity));
    let actor = Actor(identity);
    request.extensions_mut().insert(actor.clone());
    Ok((request, Some(actor)))
}

/// The path exists with other methods: 405. It is in no row at all: somebody added a route and no row, and until
/// they do nobody gets in.
fn not_listed(path: &str) -> Problem {
    let mut allow: Vec<&str> =
        ENDPOINTS.iter().filter(|row| row.path == path).map(|row| row.method).collect();
    if allow.is_empty() {
        tracing::error!(path, "a route has no row in the permission table and is refused");
        return Problem::forbidden();
    }
    if allow.contains(&"GET") {
        allow.push("HEAD");
    }
    Problem::method_not_allowed(&allow.join(", "))
}

/// The sign-in that comes with a request, and whether a cookie brought it. An Authorization header rules out the
/// cookie, even when it is no good.
pub async fn authenticate(
    sessions: &Sessions,
    headers: &HeaderMap,
    https: bool,
) -> Result<(Arc<Identity>, bool), Problem> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(bearer).ok_or_else(Problem::unauthenticated)?;
        let identity = sessions.bearer(token).await?.ok_or_else(Problem::unauthenticated)?;
        return Ok((identity, false));
    }
    let cookie = cookies::session(headers, https).ok_or_else(Problem::unauthenticated)?;
    let identity = sessions.cookie(cookie).await?.ok_or_else(Problem::unauthenticated)?;
    Ok((identity, true))
}

/// The token of `Bearer TOKEN`; the scheme in any case (RFC 9110 §11.1).
pub fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Every request a platform admin makes inside a tenant leaves a line in that tenant's audit log, before it is done.
async fn act_in_tenant(
    state: &AppState,
    identity: &Identity,
    slug: &str,
    subject: &str,
    address: Address,
) -> Result<Arc<Identity>, Problem> {
    let place = state
        .sessions
        .tenant(slug)
        .await?
        .ok_or_else(|| Problem::not_found().detail("X-Tenant names no tenant."))?;
    note_acting(&state.db, identity.user_id, place.tenant, subject, address).await?;
    Ok(Arc::new(Identity { place: Some(place), ..identity.clone() }))
}

/// The line that a platform admin leaves in the tenant they are about to act in.
pub async fn note_acting(
    db: &Database,
    actor: UserId,
    tenant: TenantId,
    subject: &str,
    address: Address,
) -> Result<(), StoreError> {
    let address = address.text();
    let mut connection = db.platform().acquire().await?;
    let entry = audit::Entry {
        tenant: Some(tenant),
        actor: Some(actor),
        action: "platform.acted",
        subject: Some(subject),
        detail: None,
        address: address.as_deref(),
    };
    audit::record(&mut connection, &entry).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_texts() {
        assert_eq!(bearer("Bearer swt_x"), Some("swt_x"));
        assert_eq!(bearer("bearer  swt_x "), Some("swt_x"));
        for bad in ["", "swt_x", "Basic x", "Bearer"] {
            assert_eq!(bearer(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_path_without_rows_is_refused_and_one_with_others_is_not_allowed() {
        assert_eq!(not_listed("/api/v1/nothing").status().as_u16(), 403);
        assert_eq!(not_listed("/api/v1/calls/{id}").status().as_u16(), 405);
    }
}
