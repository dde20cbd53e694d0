//! What a browser is told, what it cannot be made to do, and how often anybody may ask.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::http::Method;
use futures::future::join_all;
use serde_json::json;
use switchroom_api::{
    RateLimits,
    testing::{App, PASSWORD, Reply},
};
use switchroom_core::Role;
use uuid::Uuid;

/// Many tokens are no way around a person's limit, and many people none around their tenant's.
#[tokio::test]
async fn a_person_and_a_tenant_have_limits_of_their_own() {
    const PEOPLE: i32 = 40;
    let limits = RateLimits { per_second: 1, burst: 1, sign_in_per_minute: 100 };
    let app = App::with_config(|config| config.rate_limits = Some(limits)).await;
    let mut connection = app.database.superuser().await;
    let people = "WITH people AS (
           INSERT INTO users (id, email, name) SELECT gen_random_uuid(), 'p' || n || '@many.example', 'P' FROM generate_series(1, $2) n
           RETURNING id, email),
         members AS (
           INSERT INTO memberships (id, tenant_id, user_id, role) SELECT gen_random_uuid(), $1, id, 'agent' FROM people)
         INSERT INTO api_tokens (id, tenant_id, user_id, name, token_hash)
         SELECT gen_random_uuid(), $1, id, 'token', sha256(convert_to('swt_' || split_part(email, '@', 1) || '_' || n, 'UTF8'))
           FROM people, generate_series(1, 40) n";
    sqlx::query(people).bind(app.demo.id.0).bind(PEOPLE).execute(&mut connection).await.unwrap();
    let ask = async |token: String| {
        app.request(Method::GET, "/api/v1/permissions").bearer(&token).send().await.status
    };
    // Each token once: none of them is over its own limit, the person behind them is.
    let one = join_all((1..=40).map(|n| ask(format!("swt_p1_{n}")))).await;
    assert!(one.iter().filter(|status| **status == 200).count() >= 4, "{one:?}");
    assert!(one.contains(&429), "forty tokens of one person, all at once: {one:?}");
    assert_eq!(ask("swt_p2_1".to_owned()).await, 200, "somebody else has a limit of their own");
    // Their tenant is kept busy by many others: somebody who asks once is refused, and no other tenant suffers.
    let (limits, tenant) = (Arc::clone(&app.state.limits), app.demo.id.0);
    let busy = Arc::new(AtomicBool::new(true));
    let others = std::thread::spawn({
        let busy = Arc::clone(&busy);
        move || {
            while busy.load(Ordering::SeqCst) {
                for _ in 0..200 {
                    let _ = limits.request(Uuid::new_v4(), Uuid::new_v4(), Some(tenant));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });
    let mut many = Vec::new();
    for person in 3..=PEOPLE {
        many.push(ask(format!("swt_p{person}_1")).await);
    }
    let rival = ask(app.rival.user(Role::Agent).token.clone()).await;
    busy.store(false, Ordering::SeqCst);
    others.join().unwrap();
    assert!(many.contains(&429), "{many:?}");
    assert_eq!(rival, 200);
}

#[tokio::test]
async fn every_answer_tells_browsers_what_they_may_do() {
    let app = App::with_config(|config| config.public_url = "https://calls.example".into()).await;
    let token = &app.demo.user(Role::Agent).token;
    for (method, path) in [
        (Method::GET, "/api/v1/me"),
        (Method::GET, "/api/v1/nothing"),
        (Method::POST, "/api/v1/auth/login"),
        (Method::GET, "/docs"),
        (Method::GET, "/openapi.json"),
        (Method::OPTIONS, "/api/v1/me"),
    ] {
        let reply = app.request(method.clone(), path).bearer(token).send().await;
        let policy = reply.header("content-security-policy");
        for part in [
            "default-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "script-src 'self';",
        ] {
            assert!(policy.contains(part), "{method} {path} {part}");
        }
        assert!(!policy.contains("unsafe-eval"));
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert_eq!(reply.header("strict-transport-security"), "max-age=31536000", "{path}");
        if path.starts_with("/api/") {
            assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        }
    }
    // Over plain http nobody is told to come by https only.
    let app = App::new().await;
    assert_eq!(app.request(Method::GET, "/healthz").send().await.header("strict-transport-security"), "");
}

/// No other origin reads an answer, and none is allowed to ask with credentials or headers.
#[tokio::test]
async fn other_origins_get_nothing() {
    let app = App::new().await;
    let token = &app.demo.user(Role::Agent).token;
    for origin in ["https://evil.example", "null", "http://127.0.0.1:8080.evil.example"] {
        let reply =
            app.request(Method::GET, "/api/v1/me").bearer(token).header("origin", origin).send().await;
        let preflight = app
            .request(Method::OPTIONS, "/api/v1/tickets")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,x-csrf-token")
            .send()
            .await;
        assert!(!(200..300).contains(&preflight.status), "{}", preflight.status);
        for reply in [reply, preflight] {
            for name in reply.headers.keys() {
                assert!(!name.as_str().starts_with("access-control-"), "{origin} {name}");
            }
        }
    }
}

async fn login(app: &App) -> Reply {
    let body = json!({"email": app.demo.user(Role::Agent).email, "password": PASSWORD});
    app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await
}

fn cookies(reply: &Reply) -> Vec<String> {
    let all = reply.headers.get_all("set-cookie").iter();
    all.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
}

/// A page elsewhere can send the cookie along; it cannot send what belongs to it.
#[tokio::test]
async fn a_cookie_alone_changes_nothing() {
    let app = App::new().await;
    let (mine, other) = (cookies(&login(&app).await), cookies(&login(&app).await));
    let csrf = |cookies: &[String]| cookies[1].split_once('=').unwrap().1.to_owned();
    let send = |method: Method, path: &'static str, csrf: Option<String>, cookie: String| {
        let mut call = app.request(method, path).header("cookie", &cookie);
        if let Some(csrf) = csrf {
            call = call.header("x-csrf-token", &csrf);
        }
        call.json(&json!({"name": "Ada"})).send()
    };
    let both = mine.join("; ");
    send(Method::GET, "/api/v1/me", None, both.clone()).await.expect(200);
    for (method, path) in [
        (Method::PATCH, "/api/v1/me"),
        (Method::POST, "/api/v1/auth/logout"),
        (Method::DELETE, "/api/v1/auth/sessions"),
        (Method::POST, "/api/v1/api-tokens"),
        (Method::POST, "/api/v1/ws-tickets"),
    ] {
        for wrong in [None, Some(String::new()), Some("x".into()), Some(csrf(&other))] {
            send(method.clone(), path, wrong.clone(), both.clone()).await.expect_problem(403, "csrf");
        }
    }
    // A cookie that somebody planted does not make its own token good.
    let planted = format!("{}; switchroom_csrf={}", mine[0], csrf(&other));
    send(Method::PATCH, "/api/v1/me", Some(csrf(&other)), planted).await.expect_problem(403, "csrf");
    send(Method::PATCH, "/api/v1/me", Some(csrf(&mine)), both).await.expect(200);
    // A form of another page cannot speak JSON, and nothing else is read.
    let form = app
        .request(Method::POST, "/api/v1/auth/login")
        .header("content-type", "text/plain")
        .raw(json!({"email": "a@b", "password": "x"}).to_string())
        .send()
        .await;
    assert_eq!(form.status, 415);
}

/// A session that was there before the sign-in is not the one that is there afterwards.
#[tokio::test]
async fn nobody_fixes_a_session_for_somebody_else() {
    let app = App::new().await;
    let planted = "switchroom_session=swc_planted; switchroom_csrf=x";
    let body = json!({"email": app.demo.user(Role::Agent).email, "password": PASSWORD});
    let reply =
        app.request(Method::POST, "/api/v1/auth/login").header("cookie", planted).json(&body).send().await;
    assert!(!cookies(&reply).iter().any(|cookie| cookie.contains("planted")));
    app.request(Method::GET, "/api/v1/me").header("cookie", planted).send().await.expect(401);
    let (first, second) = (cookies(&login(&app).await), cookies(&login(&app).await));
    assert_ne!(first, second);
}

#[tokio::test]
async fn limits_per_token_person_and_address() {
    let limits = RateLimits { per_second: 1, burst: 5, sign_in_per_minute: 2 };
    let app = App::with_config(|config| config.rate_limits = Some(limits)).await;
    let agent = app.demo.user(Role::Agent);
    let mut refused = None;
    for _ in 0..20 {
        let reply = app.get(agent, "/api/v1/me").await;
        if reply.status == 429 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("a token that asks too much");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    refused.expect_problem(429, "rate-limited");
    app.get(&app.demo.agent2, "/api/v1/me").await.expect(200);
    // Before the password is looked at, and for everything that signs in or makes mail, together.
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(login(&app).await.status);
    }
    assert_eq!(seen, [200, 200, 429]);
    let body = json!({"email": "a@b.example"});
    app.request(Method::POST, "/api/v1/auth/password-reset/request").json(&body).send().await.expect(429);
    let body = json!({"tenant": "demo", "email": "a@b.example", "name": "A"});
    app.request(Method::POST, "/api/v1/auth/register").json(&body).send().await.expect(429);
    let mut looked = 0;
    while app.request(Method::GET, "/api/v1/auth/ways?tenant=demo").send().await.status == 200 {
        looked += 1;
        assert!(looked <= 13, "a page that is asked for too often");
    }
}
