//! Signing in and out, cookies and CSRF, tokens, the platform admin, over a real database.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::{
    RateLimits,
    testing::{App, PASSWORD, Reply},
};
use switchroom_core::Role;

async fn login(app: &App, body: Value) -> Reply {
    app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await
}

async fn me(app: &App, token: &str) -> Reply {
    app.request(Method::GET, "/api/v1/me").bearer(token).send().await
}

fn cookies(reply: &Reply) -> Vec<String> {
    reply.headers.get_all("set-cookie").iter().map(|v| v.to_str().unwrap().to_owned()).collect()
}

async fn audited(app: &App) -> Vec<String> {
    let mut connection = app.database.superuser().await;
    sqlx::query_scalar("SELECT action FROM audit_log WHERE via IS NOT NULL ORDER BY created_at, id")
        .fetch_all(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn signing_in_gives_tokens_that_work_and_are_bound_to_the_tenant() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let body = login(&app, json!({"email": agent.email.to_uppercase(), "password": PASSWORD, "totp": null}))
        .await
        .expect(200);
    assert_eq!(body["expires_in"], 3600);
    let me = me(&app, body["access_token"].as_str().unwrap()).await;
    assert_eq!(me.header("etag"), "\"1\"");
    let me = me.expect(200);
    assert_eq!(me["user"]["email"], agent.email);
    assert_eq!(me["tenant"]["slug"], "demo");
    assert_eq!(me["tenant"]["region"], "FR");
    assert_eq!(me["role"], "agent");
    assert_eq!(me["extension"], "201");
    assert_eq!(me["platform_admin"], false);
    assert!(me["permissions"].as_array().unwrap().contains(&json!("tickets.create")));
    assert_eq!(audited(&app).await, ["session.started"]);
}

#[tokio::test]
async fn a_wrong_sign_in_never_says_why() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let wrong = [
        json!({"email": agent.email, "password": "wrong"}),
        json!({"email": "nobody@demo.example", "password": PASSWORD}),
        json!({"email": agent.email, "password": PASSWORD, "tenant": "rival"}),
        json!({"email": agent.email, "password": PASSWORD, "tenant": "no-such"}),
        json!({"email": "' OR 1=1 --", "password": "x"}),
    ];
    let mut answers = Vec::new();
    for body in wrong {
        answers.push(login(&app, body).await.expect_problem(401, "invalid-credentials"));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(audited(&app).await.iter().all(|action| action == "session.refused"));
    // The right tenant by name works.
    login(&app, json!({"email": agent.email, "password": PASSWORD, "tenant": "demo"})).await.expect(200);
}

#[tokio::test]
async fn bad_sign_in_bodies_are_refused_in_order() {
    let app = App::new().await;
    let send = |content_type: &'static str, body: String| {
        let call =
            app.request(Method::POST, "/api/v1/auth/login").header("content-type", content_type).raw(body);
        async move { call.send().await.status }
    };
    assert_eq!(send("application/json", "x".repeat(1024 * 1024 + 1)).await, 413);
    assert_eq!(send("text/plain", "{}".into()).await, 415);
    assert_eq!(send("application/json", "{".into()).await, 400);
    assert_eq!(send("application/json", "{}".into()).await, 422);
    assert_eq!(send("application/json", r#"{"email":"a@b","password":""}"#.into()).await, 422);
    assert_eq!(send("application/json", r#"{"email":"a\u0000@b","password":"x"}"#.into()).await, 422);
    assert_eq!(send("application/json", r#"{"email":1,"password":"x"}"#.into()).await, 422);
}

#[tokio::test]
async fn inactive_people_and_members_are_out_at_once_or_within_seconds() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let mut connection = app.database.superuser().await;
    sqlx::query("UPDATE memberships SET is_active = false WHERE user_id = $1")
        .bind(agent.id.0)
        .execute(&mut connection)
        .await
        .unwrap();
    me(&app, &agent.token).await.expect_problem(401, "unauthenticated");
    login(&app, json!({"email": agent.email, "password": PASSWORD})).await.expect(401);
    let member = app.demo.user(Role::Member);
    sqlx::query("UPDATE users SET is_active = false WHERE id = $1")
        .bind(member.id.0)
        .execute(&mut connection)
        .await
        .unwrap();
    me(&app, &member.token).await.expect(401);
    login(&app, json!({"email": member.email, "password": PASSWORD})).await.expect(401);
}

#[tokio::test]
async fn refresh_tokens_are_good_once_and_a_second_use_ends_the_session() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let first = login(&app, json!({"email": agent.email, "password": PASSWORD})).await.expect(200);
    let refresh = |token: Value| {
        let call = app.request(Method::POST, "/api/v1/auth/refresh").json(&json!({"refresh_token": token}));
        async move { call.send().await }
    };
    let second = refresh(first["refresh_token"].clone()).await.expect(200);
    assert_ne!(second["access_token"], first["access_token"]);
    me(&app, first["access_token"].as_str().unwrap()).await.expect(401);
    me(&app, second["access_token"].as_str().unwrap()).await.expect(200);
    // A refresh or cookie token is no access token.
    me(&app, second["refresh_token"].as_str().unwrap()).await.expect(401);
    refresh(second["access_token"].clone()).await.expect(401);
    // The used one again: the session ends, and with it what was got with the new one.
    refresh(first["refresh_token"].clone()).await.expect_problem(401, "unauthenticated");
    me(&app, second["access_token"].as_str().unwrap()).await.expect(401);
    refresh(second["refresh_token"].clone()).await.expect(401);
    refresh(json!("swr_nonsense")).await.expect(401);
    assert_eq!(audited(&app).await, ["session.started", "session.refresh_reused"]);
}

/// A session's id is no secret: it stands in lists and in logs.
#[tokio::test]
async fn who_knows_a_session_s_name_only_cannot_end_it() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let tokens = login(&app, json!({"email": agent.email, "password": PASSWORD})).await.expect(200);
    let token = tokens["access_token"].as_str().unwrap();
    let mine = app.request(Method::GET, "/api/v1/auth/sessions").bearer(token).send().await.expect(200);
    let session: uuid::Uuid = mine["items"][0]["id"].as_str().unwrap().parse().unwrap();
    for length in [32, 48] {
        let made_up = [session.as_bytes().as_slice(), &vec![7; length]].concat();
        let body = json!({"refresh_token": format!("swr_{}", URL_SAFE_NO_PAD.encode(made_up))});
        app.request(Method::POST, "/api/v1/auth/refresh").json(&body).send().await.expect(401);
        me(&app, token).await.expect(200);
    }
    assert_eq!(audited(&app).await, ["session.started"]);
    let body = json!({"refresh_token": tokens["refresh_token"]});
    app.request(Method::POST, "/api/v1/auth/refresh").json(&body).send().await.expect(200);
}

#[tokio::test]
async fn refreshing_has_a_limit_per_address() {
    let limits = RateLimits { per_second: 1000, burst: 1000, sign_in_per_minute: 1 };
    let app = App::with_config(|config| config.rate_limits = Some(limits)).await;
    let body = json!({"refresh_token": "swr_nonsense"});
    let mut refused = 0;
    while app.request(Method::POST, "/api/v1/auth/refresh").json(&body).send().await.status == 401 {
        refused += 1;
        assert!(refused <= 7, "asked too often");
    }
    app.request(Method::POST, "/api/v1/auth/refresh").json(&body).send().await.expect(429);
}

/// Guesses are counted when they are made, not when they have turned out wrong: many at once are no way around.
#[tokio::test]
async fn guesses_at_once_are_no_more_than_one_after_another() {
    let limits = RateLimits { per_second: 1000, burst: 1000, sign_in_per_minute: 1000 };
    let app = App::with_config(|config| config.rate_limits = Some(limits)).await;
    let agent = app.demo.user(Role::Agent);
    let body = json!({"email": agent.email, "password": "wrong"});
    let tries = futures::future::join_all((0..50).map(|_| login(&app, body.clone()))).await;
    let with = |status: u16| tries.iter().filter(|reply| reply.status == status).count();
    assert_eq!((with(401), with(429)), (20, 30));
    let right = json!({"email": agent.email, "password": PASSWORD});
    login(&app, right).await.expect_problem(429, "rate-limited");
    // The person and their admins read of it, once.
    for (who, path) in [
        (app.demo.user(Role::OrgAdmin), "/api/v1/audit?action=account.locked".to_owned()),
        (app.demo.user(Role::OrgAdmin), format!("/api/v1/users/{}/history", agent.id)),
        (agent, "/api/v1/auth/history".to_owned()),
    ] {
        let lines = app.get(who, &path).await.expect(200);
        let locked =
            lines["items"].as_array().unwrap().iter().filter(|line| line["action"] == "account.locked");
        assert_eq!(locked.count(), 1, "{path}");
    }
    // Nobody else rests, and who signs in rightly is not counted.
    let other = &app.demo.agent2;
    for _ in 0..25 {
        login(&app, json!({"email": other.email, "password": PASSWORD})).await.expect(200);
    }
}

/// A slip in a name must not make a token of everything out of one for little.
#[tokio::test]
async fn fields_that_nobody_knows_are_refused() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let body = json!({"name": "x", "scope": ["tickets.read"]});
    let problem = app.post(agent, "/api/v1/api-tokens", body).await.expect_problem(422, "validation");
    assert!(problem.to_string().contains("scope"), "{problem}");
    let document = switchroom_api::openapi();
    let mut seen = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let of_accounts = ["auth", "people"].iter().any(|tag| operation["tags"][0] == *tag);
            let Some(name) = body.as_str().filter(|_| of_accounts) else { continue };
            let schema = document.pointer(name.trim_start_matches('#')).unwrap();
            assert_eq!(schema["additionalProperties"], false, "{method} {path}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

#[tokio::test]
async fn the_cookie_signs_in_and_changes_need_the_csrf_token() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let reply = login(&app, json!({"email": agent.email, "password": PASSWORD})).await;
    let set = cookies(&reply);
    let value = |name: &str| {
        let cookie = set.iter().find(|c| c.starts_with(name)).unwrap();
        cookie.split(['=', ';']).nth(1).unwrap().to_owned()
    };
    let session = set.iter().find(|c| c.starts_with("switchroom_session=")).unwrap();
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax") && !session.contains("Secure"));
    let cookie = format!("a=b; switchroom_session={}", value("switchroom_session"));
    let csrf = value("switchroom_csrf");
    let with = |method: Method, path: &str| app.request(method, path).header("cookie", &cookie);
    with(Method::GET, "/api/v1/me").send().await.expect(200);
    with(Method::POST, "/api/v1/ws-tickets").send().await.expect_problem(403, "csrf");
    with(Method::POST, "/api/v1/ws-tickets")
        .header("x-csrf-token", "wrong")
        .send()
        .await
        .expect_problem(403, "csrf");
    with(Method::POST, "/api/v1/ws-tickets").header("x-csrf-token", &csrf).send().await.expect(200);
    // A bad bearer token is not made good by the cookie.
    with(Method::GET, "/api/v1/me").bearer("swt_wrong").send().await.expect(401);
    // The cookie's token is not a bearer token.
    me(&app, &value("switchroom_session")).await.expect(401);
    // Out: both cookies go, the session is over.
    let out = with(Method::POST, "/api/v1/auth/logout").header("x-csrf-token", &csrf).send().await;
    assert_eq!(out.status, 204);
    assert!(cookies(&out).iter().all(|c| c.contains("Max-Age=0")));
    with(Method::GET, "/api/v1/me").send().await.expect(401);
    assert_eq!(audited(&app).await, ["session.started", "session.ended"]);
}

#[tokio::test]
async fn over_https_cookies_are_host_bound() {
    let app = App::with_config(|config| config.public_url = "https://calls.example".into()).await;
    let reply = login(&app, json!({"email": app.demo.user(Role::Agent).email, "password": PASSWORD})).await;
    let set = cookies(&reply);
    assert_eq!(set.len(), 2);
    assert!(
        set.iter()
            .all(|c| c.starts_with("__Host-switchroom_") && c.contains("; Secure") && c.contains("Path=/;"))
    );
}

#[tokio::test]
async fn eleven_sign_ins_a_minute_from_one_address_are_one_too_many() {
    let app = App::with_config(|config| config.rate_limits = Some(RateLimits::default())).await;
    let body = json!({"email": "nobody@demo.example", "password": "x"});
    for _ in 0..10 {
        login(&app, body.clone()).await.expect(401);
    }
    let reply = login(&app, body).await;
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
    reply.expect_problem(429, "rate-limited");
}

#[tokio::test]
async fn a_burst_of_one_token_is_cut_and_others_go_on() {
    let limits = RateLimits { per_second: 1, burst: 5, sign_in_per_minute: 10 };
    let app = App::with_config(|config| config.rate_limits = Some(limits)).await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(app.get(app.demo.user(Role::Agent), "/api/v1/roles").await.status);
    }
    assert_eq!(statuses[..5], [200; 5]);
    assert!(statuses[5..].contains(&429), "{statuses:?}");
    app.get(app.demo.user(Role::Member), "/api/v1/roles").await.expect(200);
}

#[tokio::test]
async fn api_tokens_are_shown_once_and_revoked_at_once() {
    let app = App::new().await;
    let (agent, admin) = (app.demo.user(Role::Agent), app.demo.user(Role::OrgAdmin));
    let reply = app.post(agent, "/api/v1/api-tokens", json!({"name": " export "})).await;
    let path = reply.header("location").to_owned();
    let made = reply.expect(201);
    assert_eq!(made["name"], "export");
    let token = made["token"].as_str().unwrap().to_owned();
    me(&app, &token).await.expect(200);
    let mine = app.get(agent, "/api/v1/api-tokens").await.expect(200);
    assert_eq!(mine["items"].as_array().unwrap().len(), 2);
    assert!(
        mine["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|t| t.get("token").is_none() && t["user_id"] == json!(agent.id))
    );
    // Others neither see nor revoke it; an admin of the tenant does; the rival's does not.
    app.delete(&app.demo.agent2, &path).await.expect_problem(404, "not-found");
    app.delete(app.rival.user(Role::OrgAdmin), &path).await.expect(404);
    let all = app.get(admin, "/api/v1/api-tokens").await.expect(200);
    assert!(all["items"].as_array().unwrap().len() >= 9);
    app.delete(admin, &path).await.expect(204);
    me(&app, &token).await.expect(401);
    app.delete(admin, &path).await.expect(404);
    app.delete(admin, "/api/v1/api-tokens/nonsense").await.expect(404);
    app.post(agent, "/api/v1/api-tokens", json!({"name": ""})).await.expect_problem(422, "validation");
}

#[tokio::test]
async fn the_platform_admin_acts_in_a_tenant_by_name_and_leaves_a_line() {
    let app = App::new().await;
    let root = &app.platform;
    let body = app.get(root, "/api/v1/me").await.expect(200);
    assert_eq!((body["platform_admin"].clone(), body["tenant"].clone()), (json!(true), Value::Null));
    app.get(root, "/api/v1/users").await.expect_problem(403, "tenant-required");
    let users = app
        .request(Method::GET, "/api/v1/users")
        .bearer(&root.token)
        .header("x-tenant", "rival")
        .send()
        .await
        .expect(200);
    assert!(
        users["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|u| u["email"].as_str().unwrap().ends_with("@rival.example"))
    );
    app.request(Method::GET, "/api/v1/users")
        .bearer(&root.token)
        .header("x-tenant", "nobody")
        .send()
        .await
        .expect(404);
    // For everybody else the header means nothing.
    let agent = app.demo.user(Role::Agent);
    let users = app
        .request(Method::GET, "/api/v1/users")
        .bearer(&agent.token)
        .header("x-tenant", "rival")
        .send()
        .await
        .expect(200);
    assert!(
        users["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|u| u["email"].as_str().unwrap().ends_with("@demo.example"))
    );
    // The tenant's admin reads of it.
    let audit =
        app.get(app.rival.user(Role::OrgAdmin), "/api/v1/audit?action=platform.acted").await.expect(200);
    assert_eq!(audit["items"][0]["subject"], "GET /api/v1/users");
    assert_eq!(audit["items"][0]["actor_id"], json!(root.id));
    assert_eq!(audit["items"][0]["address"], "192.0.2.1");
    assert!(app.get(app.demo.user(Role::OrgAdmin), "/api/v1/audit?action=platform.acted").await.expect(200)["items"].as_array().unwrap().is_empty());
    // A session of theirs is bound to no tenant either.
    let session = login(&app, json!({"email": root.email, "password": PASSWORD})).await.expect(200);
    assert_eq!(me(&app, session["access_token"].as_str().unwrap()).await.expect(200)["tenant"], Value::Null);
    let made = app.post(root, "/api/v1/api-tokens", json!({"name": "x"})).await.expect(201);
    assert_eq!(me(&app, made["token"].as_str().unwrap()).await.expect(200)["platform_admin"], true);
}

#[tokio::test]
async fn my_name_changes_under_if_match() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let patch = |tag: &str, body: Value| {
        let call =
            app.request(Method::PATCH, "/api/v1/me").bearer(&agent.token).header("if-match", tag).json(&body);
        async move { call.send().await }
    };
    patch("\"9\"", json!({"name": "Ada"})).await.expect_problem(412, "stale-version");
    // Validation comes before the precondition.
    patch("\"9\"", json!({"name": ""})).await.expect_problem(422, "validation");
    let changed = patch("\"1\"", json!({"name": " Ada "})).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!(changed.expect(200)["user"]["name"], "Ada");
    assert_eq!(app.get(agent, "/api/v1/me").await.expect(200)["user"]["name"], "Ada");
    patch("*", json!({})).await.expect(200);
}

#[tokio::test]
async fn colleagues_are_listed_by_page() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let (mut seen, mut path) = (Vec::new(), "/api/v1/users?limit=3&count=true".to_owned());
    loop {
        let page = app.get(agent, &path).await.expect(200);
        assert_eq!(page["count"], json!({"value": 8, "exact": true}));
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|u| u["email"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/users?limit=3&count=true&cursor={cursor}");
    }
    assert_eq!(seen.len(), 8);
    assert!(seen.is_sorted());
    let found = app.get(agent, "/api/v1/users?q=AGENT2").await.expect(200);
    assert_eq!(found["items"][0]["extension"], "202");
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let none = app.get(agent, "/api/v1/users?q=%25").await.expect(200);
    assert!(none["items"].as_array().unwrap().is_empty(), "no wildcards");
    for bad in [
        "limit=0",
        "limit=x",
        "cursor=x",
        "cursor=0",
        "sort=password_hash",
        "role=king",
        "count=maybe",
        "q=%00",
    ] {
        app.get(agent, &format!("/api/v1/users?{bad}")).await.expect(400);
    }
}
