//! Every endpoint × every role × own and other tenant × signed out, against the reviewed snapshot; and what the gate
//! and the outer layers do to everything alike.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::fmt::Write as _;

use axum::{Router, http::Method, routing::get};
use serde_json::json;
use switchroom_api::testing::App;
use switchroom_core::{
    Role,
    permission::{Access, ENDPOINTS},
};
use uuid::Uuid;

/// A path with an id that names nothing, so that nothing happens beyond the gate.
fn path_of(pattern: &str) -> String {
    let absent = Uuid::from_u128(0xdead).to_string();
    pattern
        .replace("{id}", &absent)
        .replace("{contact_id}", &absent)
        .replace("{user_id}", &absent)
        .replace("{provider}", &absent)
        .replace("{key}", "no-such-key")
        .replace("{file}", "docs.js")
}

/// Statuses that the gate decides are shown; what the room behind it answers is its own affair.
fn shown(status: u16) -> String {
    match status {
        401 | 403 => status.to_string(),
        _ if status < 500 || status == 503 => "in".into(),
        _ => format!("{status}!"),
    }
}

#[tokio::test]
async fn the_table_of_doors() {
    let app = App::new().await;
    let mut table = String::from("method path permission | out");
    for role in Role::ALL {
        let _ = write!(table, " {role}");
    }
    table.push_str(" platform platform@demo\n");
    for row in ENDPOINTS {
        let method: Method = row.method.parse().unwrap();
        let path = path_of(row.path);
        let send = |token: Option<&str>, tenant: Option<&str>| {
            let mut call = app.request(method.clone(), &path);
            if let Some(token) = token {
                call = call.bearer(token);
            }
            if let Some(tenant) = tenant {
                call = call.header("x-tenant", tenant);
            }
            async move { call.send().await }
        };
        let _ = write!(table, "{} {} {} |", row.method, row.path, row.access.name());
        let out = send(None, None).await;
        // Signed out, every door that is not public says 401, before it looks at anything else.
        if row.access != Access::Public {
            assert_eq!(out.status, 401, "{} {}", row.method, row.path);
        }
        let _ = write!(table, " {}", shown(out.status));
        for role in Role::ALL {
            let own = send(Some(&app.demo.user(role).token), None).await;
            let other = send(Some(&app.rival.user(role).token), Some("demo")).await;
            assert_eq!(
                shown(own.status),
                shown(other.status),
                "{} {}: a role is the same in every tenant",
                row.method,
                row.path
            );
            if let Access::Permission(permission) = row.access {
                // A room may refuse more than the gate (somebody else's presence); then it names no permission.
                let by_the_gate = own.status == 403 && own.text.contains("This needs the permission");
                assert_eq!(
                    by_the_gate,
                    !role.grants(permission),
                    "{} {} {role}: {}",
                    row.method,
                    row.path,
                    own.text
                );
            }
            let _ = write!(table, " {}", shown(own.status));
        }
        let _ = write!(table, " {}", shown(send(Some(&app.platform.token), None).await.status));
        let _ = writeln!(table, " {}", shown(send(Some(&app.platform.token), Some("demo")).await.status));
    }
    insta::assert_snapshot!("doors", table);
}

#[tokio::test]
async fn refusal_comes_before_body_and_existence() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let absent = format!("/api/v1/connections/{}", Uuid::from_u128(1));
    for body in ["{", "", "{\"name\":1}"] {
        app.request(Method::PATCH, &absent).raw(body).send().await.expect(401);
        app.request(Method::PATCH, &absent)
            .bearer(&agent.token)
            .raw(body)
            .send()
            .await
            .expect_problem(403, "forbidden");
    }
    let big = "x".repeat(2 * 1024 * 1024);
    app.request(Method::POST, "/api/v1/connections").bearer(&agent.token).raw(big).send().await.expect(403);
}

#[tokio::test]
async fn module_flags_close_what_the_role_opens() {
    let app = App::new().await;
    let owner = app.demo.user(Role::OrgOwner);
    let mut connection = app.database.superuser().await;
    sqlx::query("UPDATE memberships SET module_numbers = false WHERE user_id = $1")
        .bind(owner.id.0)
        .execute(&mut connection)
        .await
        .unwrap();
    let me = app.get(owner, "/api/v1/me").await.expect(200);
    let has = |name: &str| me["permissions"].as_array().unwrap().contains(&json!(name));
    assert!(!has("numbers.read") && !has("numbers.assign") && has("individuals.read"));
    assert_eq!(me["modules"]["numbers"], false);
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_allowed_are_problems() {
    let app = App::new().await;
    for path in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v1/users/",
        "/api/v2/users",
        "/hooks",
        "/hooks/a/b",
    ] {
        app.request(Method::GET, path).send().await.expect_problem(404, "not-found");
        app.request(Method::POST, path).send().await.expect_problem(404, "not-found");
    }
    let reply = app.request(Method::DELETE, "/api/v1/users").send().await;
    assert_eq!(reply.header("allow"), "GET, HEAD");
    reply.expect_problem(405, "method-not-allowed");
    let reply = app.request(Method::PUT, "/api/v1/connections/x").send().await;
    assert_eq!(reply.header("allow"), "GET, PATCH, DELETE, HEAD");
    app.request(Method::OPTIONS, "/api/v1/users").send().await.expect(405);
    app.request(Method::from_bytes(b"BREW").unwrap(), "/api/v1/users").send().await.expect(405);
    let head =
        app.request(Method::HEAD, "/api/v1/users").bearer(&app.demo.user(Role::Agent).token).send().await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn every_answer_is_dressed() {
    let app = App::new().await;
    for path in [
        "/healthz",
        "/docs",
        "/docs/docs.js",
        "/openapi.json",
        "/asyncapi.json",
        "/metrics",
        "/api/v1/me",
        "/nothing",
    ] {
        let reply = app.request(Method::GET, path).header("x-request-id", "trace-1").send().await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert!(reply.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(reply.header("x-request-id"), "trace-1", "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "", "{path}");
    }
    let reply = app.request(Method::GET, "/healthz").header("x-request-id", "a b<script>").send().await;
    assert!(Uuid::parse_str(reply.header("x-request-id")).is_ok());
    assert_eq!(app.request(Method::GET, "/api/v1/me").send().await.header("cache-control"), "no-store");
    assert!(app.request(Method::GET, "/docs").send().await.text.contains("/docs/docs.js"));
    app.request(Method::GET, "/docs/secret.txt").send().await.expect(404);
    for path in ["/openapi.json", "/asyncapi.json"] {
        let whole = app.request(Method::GET, path).send().await;
        let tag = whole.header("etag").to_owned();
        let again = app.request(Method::GET, path).header("if-none-match", &tag).send().await;
        assert_eq!((again.status, again.text.as_str(), tag.is_empty()), (304, "", false), "{path}");
        assert!(whole.expect(200).is_object());
    }
    let zipped = app.request(Method::GET, "/openapi.json").header("accept-encoding", "gzip").send().await;
    assert_eq!(zipped.header("content-encoding"), "gzip");
}

#[tokio::test]
async fn a_panic_is_a_problem_without_detail() {
    let app = App::new().await;
    let beside = Router::new().route("/boom", get(async || -> &'static str { panic!("the secret is 42") }));
    let app = App { router: switchroom_api::router(app.state.clone(), beside), ..app };
    let reply = app.request(Method::GET, "/boom").send().await;
    assert!(!reply.text.contains("42"));
    reply.expect_problem(500, "internal");
}

#[tokio::test]
async fn credentials_of_every_wrong_form_are_401() {
    let app = App::new().await;
    let token = &app.demo.user(Role::Agent).token;
    for value in [
        String::new(),
        token.clone(),
        format!("Basic {token}"),
        "Bearer".into(),
        "Bearer ".into(),
        "Bearer swt_".into(),
        format!("Bearer {token}x"),
        format!("Bearer {}", "x".repeat(10_000)),
        "Bearer \u{e9}".into(),
    ] {
        app.request(Method::GET, "/api/v1/me")
            .header("authorization", &value)
            .send()
            .await
            .expect_problem(401, "unauthenticated");
    }
    app.request(Method::GET, "/api/v1/me")
        .header("authorization", &format!("bearer {token}"))
        .send()
        .await
        .expect(200);
    app.request(Method::GET, &format!("/api/v1/me?token={token}&access_token={token}"))
        .send()
        .await
        .expect(401);
}
