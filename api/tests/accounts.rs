//! What people do with their own account: sessions, history, password; and what admins do with it.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::{
    RateLimits,
    testing::{App, PASSWORD, Reply, TestUser},
};
use switchroom_core::Role;

const NEW: &str = "seven green bicycles";

async fn login(app: &App, email: &str, password: &str) -> Reply {
    app.request(Method::POST, "/api/v1/auth/login")
        .header("user-agent", "Tests/1")
        .json(&json!({"email": email, "password": password}))
        .send()
        .await
}

/// Signs in; gives the access token.
async fn session(app: &App, user: &TestUser) -> String {
    let body = login(app, &user.email, PASSWORD).await.expect(200);
    body["access_token"].as_str().unwrap().to_owned()
}

async fn with(app: &App, method: Method, token: &str, path: &str) -> Reply {
    app.request(method, path).bearer(token).send().await
}

async fn status_of(app: &App, token: &str) -> u16 {
    with(app, Method::GET, token, "/api/v1/me").await.status
}

fn items(body: &Value) -> &Vec<Value> {
    body["items"].as_array().unwrap()
}

async fn actions(app: &App, tenant: &TestUser, of: &TestUser) -> Vec<String> {
    let body = app.get(tenant, &format!("/api/v1/users/{}/history", of.id)).await.expect(200);
    items(&body).iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_token_tells_when_it_was_last_used() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let made = app.post(agent, "/api/v1/api-tokens", json!({"name": "nightly"})).await;
    let location = made.header("location").to_owned();
    let made = made.expect(201);
    assert_eq!(app.get(agent, &location).await.expect(200)["last_used_at"], Value::Null);
    let before = chrono::Utc::now() - chrono::TimeDelta::seconds(1);
    let used = app.request(Method::GET, "/api/v1/me").bearer(made["token"].as_str().unwrap()).send().await;
    used.expect(200);
    let seen = app.get(agent, &location).await.expect(200);
    let at: chrono::DateTime<chrono::Utc> = seen["last_used_at"].as_str().unwrap().parse().unwrap();
    assert!(before < at && at <= chrono::Utc::now() + chrono::TimeDelta::seconds(1), "{at}");
    assert_eq!(seen.get("token"), None, "shown once");
    // It is its owner's, and of those who manage all.
    app.get(&app.demo.agent2, &location).await.expect_problem(404, "not-found");
    app.get(app.rival.user(Role::OrgOwner), &location).await.expect_problem(404, "not-found");
    app.get(app.demo.user(Role::OrgAdmin), &location).await.expect(200);
}

#[tokio::test]
async fn my_sessions_are_listed_by_page_and_end_one_by_one() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let (first, second) = (session(&app, agent).await, session(&app, agent).await);
    session(&app, &app.demo.agent2).await;
    let mine = with(&app, Method::GET, &second, "/api/v1/auth/sessions").await.expect(200);
    assert_eq!(items(&mine).len(), 2, "nobody else's: {mine}");
    let newest = &items(&mine)[0];
    assert_eq!(
        (&newest["current"], &newest["tenant"], &newest["address"], &newest["user_agent"]),
        (&json!(true), &json!("demo"), &json!("192.0.2.1"), &json!("Tests/1"))
    );
    assert!(newest["last_seen_at"].is_string() && newest["created_at"].is_string());
    assert_eq!(items(&mine)[1]["current"], false);
    assert!(!mine.to_string().contains("hash"));
    let page = with(&app, Method::GET, &second, "/api/v1/auth/sessions?limit=1").await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next =
        with(&app, Method::GET, &second, &format!("/api/v1/auth/sessions?limit=1&cursor={cursor}")).await;
    assert_eq!(next.expect(200)["items"], json!([items(&mine)[1]]));
    // With an API token the same sessions are seen, and none of them is current.
    let seen = app.get(agent, "/api/v1/auth/sessions").await.expect(200);
    assert!(items(&seen).iter().all(|session| session["current"] == false));

    let path = format!("/api/v1/auth/sessions/{}", items(&mine)[1]["id"].as_str().unwrap());
    // Somebody else's is not there, and stays.
    app.delete(&app.demo.agent2, &path).await.expect_problem(404, "not-found");
    assert_eq!(status_of(&app, &first).await, 200);
    let reply = with(&app, Method::DELETE, &second, &path).await;
    assert_eq!((reply.status, reply.header("set-cookie")), (204, ""));
    assert_eq!(status_of(&app, &first).await, 401);
    assert_eq!(status_of(&app, &second).await, 200);
    with(&app, Method::DELETE, &second, &path).await.expect(404);
    with(&app, Method::DELETE, &second, "/api/v1/auth/sessions/nonsense").await.expect(404);
    // One's own: the browser forgets its cookies.
    let path = format!("/api/v1/auth/sessions/{}", newest["id"].as_str().unwrap());
    let reply = with(&app, Method::DELETE, &second, &path).await;
    assert!(reply.status == 204 && reply.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(status_of(&app, &second).await, 401);
}

#[tokio::test]
async fn signing_out_everywhere_ends_this_session_too_and_leaves_tokens_and_others() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let mine = [session(&app, agent).await, session(&app, agent).await];
    let other = session(&app, &app.demo.agent2).await;
    let refresh = login(&app, &agent.email, PASSWORD).await.expect(200)["refresh_token"].clone();
    let reply = with(&app, Method::DELETE, &mine[0], "/api/v1/auth/sessions").await;
    assert!(reply.status == 204 && reply.header("set-cookie").contains("Max-Age=0"));
    for token in &mine {
        assert_eq!(status_of(&app, token).await, 401);
    }
    app.request(Method::POST, "/api/v1/auth/refresh")
        .json(&json!({"refresh_token": refresh}))
        .send()
        .await
        .expect(401);
    assert_eq!(status_of(&app, &other).await, 200);
    assert_eq!(status_of(&app, &agent.token).await, 200);
    let mine = app.get(agent, "/api/v1/auth/sessions").await.expect(200);
    assert!(items(&mine).is_empty());
    app.delete(agent, "/api/v1/auth/sessions").await.expect(204);
}

#[tokio::test]
async fn an_admin_signs_members_out_but_no_owner_and_nobody_of_another_tenant() {
    let app = App::new().await;
    let (owner, admin) = (app.demo.user(Role::OrgOwner), app.demo.user(Role::OrgAdmin));
    let agent = app.demo.user(Role::Agent);
    let (of_agent, of_owner) = (session(&app, agent).await, session(&app, owner).await);
    let path = |user: &TestUser| format!("/api/v1/users/{}/sessions", user.id);
    app.delete(app.demo.user(Role::Supervisor), &path(agent)).await.expect_problem(403, "forbidden");
    app.delete(app.rival.user(Role::OrgOwner), &path(agent)).await.expect_problem(404, "not-found");
    app.delete(admin, &path(owner)).await.expect_problem(403, "forbidden");
    assert_eq!((status_of(&app, &of_agent).await, status_of(&app, &of_owner).await), (200, 200));
    app.delete(admin, &path(agent)).await.expect(204);
    assert_eq!(status_of(&app, &of_agent).await, 401);
    app.delete(owner, &path(owner)).await.expect(204);
    assert_eq!(status_of(&app, &of_owner).await, 401);
    let line = app.get(admin, "/api/v1/audit?action=user.signed_out").await.expect(200);
    assert_eq!(items(&line)[1]["subject"], json!(agent.id));
    assert_eq!(items(&line)[1]["actor_id"], json!(admin.id));
    assert_eq!(items(&line)[1]["detail"], json!({"sessions": 1}));
}

#[tokio::test]
async fn when_somebody_was_last_seen_is_for_admins() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let list = format!("/api/v1/users?email={}", agent.email);
    assert_eq!(items(&app.get(admin, &list).await.expect(200))[0]["last_seen_at"], Value::Null);
    session(&app, agent).await;
    assert!(items(&app.get(admin, &list).await.expect(200))[0]["last_seen_at"].is_string());
    assert_eq!(items(&app.get(agent, &list).await.expect(200))[0]["last_seen_at"], Value::Null);
}

#[tokio::test]
async fn the_history_shows_sign_ins_and_failures_to_their_owner_and_to_admins() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    login(&app, &agent.email, "wrong").await.expect(401);
    let token = session(&app, agent).await;
    session(&app, &app.demo.agent2).await;
    with(&app, Method::POST, &token, "/api/v1/auth/logout").await.expect(204);
    let mine = app.get(agent, "/api/v1/auth/history").await.expect(200);
    let expected = ["session.ended", "session.started", "session.refused"];
    let seen: Vec<_> = items(&mine).iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(seen, expected);
    assert_eq!(items(&mine)[0]["session_id"], items(&mine)[1]["session_id"]);
    let refused = &items(&mine)[2];
    assert_eq!((&refused["address"], &refused["user_agent"]), (&json!("192.0.2.1"), &json!("Tests/1")));
    assert_eq!(actions(&app, admin, agent).await, expected);
    let page = app.get(agent, "/api/v1/auth/history?limit=2").await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = app.get(agent, &format!("/api/v1/auth/history?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!(items(&rest).len(), 1);
    // Neither a supervisor nor another tenant's admin.
    let path = format!("/api/v1/users/{}/history", agent.id);
    app.get(app.demo.user(Role::Supervisor), &path).await.expect_problem(403, "forbidden");
    app.get(app.rival.user(Role::OrgAdmin), &path).await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn somebody_in_two_tenants_sees_each_failure_once_and_each_admin_their_own() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let mut connection = app.database.superuser().await;
    sqlx::query(
        "INSERT INTO memberships (id, tenant_id, user_id, role) VALUES (gen_random_uuid(), $1, $2, 'member')",
    )
    .bind(app.rival.id.0)
    .bind(agent.id.0)
    .execute(&mut connection)
    .await
    .unwrap();
    login(&app, &agent.email, "wrong").await.expect(401);
    session(&app, agent).await;
    app.request(Method::POST, "/api/v1/auth/login")
        .json(&json!({"email": agent.email, "password": PASSWORD, "tenant": "rival"}))
        .send()
        .await
        .expect(200);
    let mine = app.get(agent, "/api/v1/auth/history").await.expect(200);
    let seen: Vec<_> = items(&mine).iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(seen, ["session.started", "session.started", "session.refused"]);
    for tenant in [&app.demo, &app.rival] {
        let seen = actions(&app, tenant.user(Role::OrgAdmin), agent).await;
        assert_eq!(seen, ["session.started", "session.refused"], "{}", tenant.slug);
    }
    // An admin ends what is theirs to end.
    let all = app.get(agent, "/api/v1/auth/sessions").await.expect(200);
    assert_eq!(items(&all).len(), 2);
    let path = format!("/api/v1/users/{}/sessions", agent.id);
    app.delete(app.rival.user(Role::OrgAdmin), &path).await.expect(204);
    let left = app.get(agent, "/api/v1/auth/sessions").await.expect(200);
    assert_eq!(items(&left).iter().map(|s| s["tenant"].clone()).collect::<Vec<_>>(), ["demo"]);
}

async fn change(app: &App, token: &str, current: &str, new: &str) -> Reply {
    app.request(Method::POST, "/api/v1/auth/password")
        .bearer(token)
        .json(&json!({"current_password": current, "new_password": new}))
        .send()
        .await
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let (this, other) = (session(&app, agent).await, session(&app, agent).await);
    change(&app, &this, PASSWORD, NEW).await.expect(204);
    assert_eq!((status_of(&app, &this).await, status_of(&app, &other).await), (200, 401));
    login(&app, &agent.email, PASSWORD).await.expect(401);
    login(&app, &agent.email, NEW).await.expect(200);
    let admin = app.demo.user(Role::OrgAdmin);
    assert!(actions(&app, admin, agent).await.contains(&"password.changed".to_owned()));
}

#[tokio::test]
async fn a_password_is_not_changed_without_the_right_one_and_not_to_a_bad_one() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let this = session(&app, agent).await;
    for (current, new, field) in [
        ("wrong", NEW, "/current_password"),
        ("", NEW, "/current_password"),
        (PASSWORD, "short", "/new_password"),
        (PASSWORD, "Password123!", "/new_password"),
        (PASSWORD, agent.email.as_str(), "/new_password"),
        (PASSWORD, PASSWORD, "/new_password"),
    ] {
        let problem = change(&app, &this, current, new).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], field, "{new}: {problem}");
    }
    login(&app, &agent.email, PASSWORD).await.expect(200);
    assert!(
        actions(&app, app.demo.user(Role::OrgAdmin), agent).await.contains(&"password.refused".to_owned())
    );
    // A platform admin, who is in no tenant, as well.
    change(&app, &app.platform.token, PASSWORD, NEW).await.expect(204);
    login(&app, &app.platform.email, NEW).await.expect(200);
}

#[tokio::test]
async fn guessing_the_current_password_rests_the_account() {
    let app = App::with_config(|config| config.rate_limits = Some(RateLimits::default())).await;
    let agent = app.demo.user(Role::Agent);
    for _ in 0..20 {
        change(&app, &agent.token, "wrong", NEW).await.expect(422);
    }
    change(&app, &agent.token, PASSWORD, NEW).await.expect_problem(429, "rate-limited");
}

/// A fingerprint of the body would be a quick hash of a password, kept for a day.
#[tokio::test]
async fn acts_on_an_account_leave_no_idempotency_key() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    app.request(Method::POST, "/api/v1/auth/password")
        .bearer(&agent.token)
        .header("idempotency-key", "k")
        .json(&json!({"current_password": PASSWORD, "new_password": NEW}))
        .send()
        .await
        .expect(204);
    let mut connection = app.database.superuser().await;
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM idempotency_keys").fetch_one(&mut connection).await.unwrap();
    assert_eq!(kept, 0);
}
