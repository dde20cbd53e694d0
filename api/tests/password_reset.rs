//! A forgotten password, by mail over a real SMTP connection.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod support;

use axum::http::Method;
use serde_json::{Value, json};
use support::MailServer;
use switchroom_api::{
    RateLimits,
    state::BESIDE,
    testing::{App, PASSWORD, Reply, TestUser},
};
use switchroom_core::Role;

const NEW: &str = "seven green bicycles";

async fn post(app: &App, path: &str, body: Value) -> Reply {
    app.request(Method::POST, &format!("/api/v1/auth/{path}")).json(&body).send().await
}

async fn ask(app: &App, email: &str) -> Reply {
    post(app, "password-reset/request", json!({"email": email})).await
}

async fn confirm(app: &App, token: &str, password: &str) -> Reply {
    post(app, "password-reset/confirm", json!({"token": token, "password": password})).await
}

/// Until nothing goes on beside the answers that were given.
async fn settled(app: &App) {
    while app.state.beside.available_permits() < BESIDE {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_mailed_link_sets_a_password_once_and_ends_every_session() {
    let (app, mut server) = MailServer::with_app().await;
    let agent = app.demo.user(Role::Agent);
    let credentials = json!({"email": agent.email, "password": PASSWORD});
    let old = post(&app, "login", credentials.clone()).await.expect(200);
    ask(&app, &agent.email.to_uppercase()).await.expect(202);
    let mail = server.next().await;
    assert_eq!(mail.to, agent.email, "as it is stored, however it was typed");
    for line in ["From: Switchroom <switchroom@calls.example>", "Auto-Submitted: auto-generated"] {
        assert!(mail.text.contains(line), "{line} in {}", mail.text);
    }
    assert!(mail.text.contains("http://127.0.0.1:8080/reset#swl_"), "{}", mail.text);
    let token = mail.token();
    // A bad password leaves the link good.
    let problem = confirm(&app, &token, "short").await.expect_problem(422, "validation");
    assert_eq!(problem["errors"][0]["pointer"], "/password");
    confirm(&app, &token, &agent.email).await.expect_problem(422, "validation");
    confirm(&app, &token, NEW).await.expect(204);
    confirm(&app, &token, "another fine password").await.expect_problem(410, "link-gone");
    let me =
        app.request(Method::GET, "/api/v1/me").bearer(old["access_token"].as_str().unwrap()).send().await;
    assert_eq!(me.status, 401);
    post(&app, "login", credentials).await.expect(401);
    post(&app, "login", json!({"email": agent.email, "password": NEW})).await.expect(200);
    let path = format!("/api/v1/users/{}/history", agent.id);
    let history = app.get(app.demo.user(Role::OrgAdmin), &path).await.expect(200).to_string();
    assert!(
        history.contains("password.reset_requested") && history.contains("\"password.reset\""),
        "{history}"
    );
    // Only a hash of the token is kept.
    let mut connection = app.database.superuser().await;
    let kept: String = sqlx::query_scalar("SELECT string_agg(l::text, ' ') FROM password_links l")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(!kept.contains(&token) && !kept.contains(&hex(token.as_bytes())));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let (app, mut server) = MailServer::with_app().await;
    let member = app.demo.user(Role::Member);
    let mut connection = app.database.superuser().await;
    sqlx::query("UPDATE users SET is_active = false WHERE id = $1")
        .bind(member.id.0)
        .execute(&mut connection)
        .await
        .unwrap();
    let known = ask(&app, &app.demo.user(Role::Agent).email).await;
    for email in ["nobody@demo.example", member.email.as_str(), "'OR'1'='1'--@x"] {
        let unknown = ask(&app, email).await;
        assert_eq!((unknown.status, &unknown.text), (known.status, &known.text), "{email}");
    }
    settled(&app).await;
    assert_eq!(server.next().await.to, app.demo.user(Role::Agent).email);
    assert!(server.is_empty(), "and no other mail");
}

#[tokio::test]
async fn one_link_used_makes_the_others_useless_and_old_ones_are_too_old() {
    let (app, mut server) = MailServer::with_app().await;
    let agent = app.demo.user(Role::Agent);
    let mut tokens = Vec::new();
    for _ in 0..3 {
        ask(&app, &agent.email).await.expect(202);
        tokens.push(server.next().await.token());
    }
    let mut connection = app.database.superuser().await;
    settled(&app).await;
    let expire =
        "UPDATE password_links SET expires_at = now() WHERE token_hash = sha256(convert_to($1, 'UTF8'))";
    let done = sqlx::query(expire).bind(&tokens[0]).execute(&mut connection).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
    confirm(&app, &tokens[0], NEW).await.expect_problem(410, "link-gone");
    confirm(&app, &tokens[1], NEW).await.expect(204);
    confirm(&app, &tokens[2], "another fine password").await.expect_problem(410, "link-gone");
    confirm(&app, "swl_guess", NEW).await.expect_problem(410, "link-gone");
}

#[tokio::test]
async fn of_two_that_use_one_link_at_once_one_wins() {
    let (app, mut server) = MailServer::with_app().await;
    ask(&app, &app.demo.user(Role::Agent).email).await.expect(202);
    let token = server.next().await.token();
    settled(&app).await;
    let (a, b) = tokio::join!(confirm(&app, &token, NEW), confirm(&app, &token, "another fine password"));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 410]);
}

#[tokio::test]
async fn asking_is_limited_per_address_and_per_account() {
    let limits = RateLimits { sign_in_per_minute: 1000, ..RateLimits::default() };
    let app = App::with_config(|config| config.rate_limits = Some(limits)).await;
    for email in ["nobody@demo.example", app.demo.user(Role::Agent).email.as_str()] {
        for _ in 0..5 {
            ask(&app, email).await.expect(202);
        }
        ask(&app, email).await.expect_problem(429, "rate-limited");
    }
    let app = App::with_config(|config| config.rate_limits = Some(RateLimits::default())).await;
    for n in 0..10 {
        confirm(&app, &format!("swl_{n}"), NEW).await.expect(410);
    }
    confirm(&app, "swl_11", NEW).await.expect_problem(429, "rate-limited");
    ask(&app, "nobody@demo.example").await.expect(429);
}

#[tokio::test]
async fn bad_bodies_are_refused() {
    let app = App::new().await;
    for body in [json!({}), json!({"email": "x"}), json!({"email": 1}), json!({"email": "a\u{0}@b"})] {
        post(&app, "password-reset/request", body).await.expect(422);
    }
    for body in
        [json!({}), json!({"token": "", "password": NEW}), json!({"token": "x".repeat(201), "password": NEW})]
    {
        post(&app, "password-reset/confirm", body).await.expect(422);
    }
    // Without mail nothing is sent, and nobody can tell.
    ask(&app, &app.demo.user(Role::Agent).email).await.expect(202);
}

fn link_path(user: &TestUser) -> String {
    format!("/api/v1/users/{}/password-link", user.id)
}

fn token_of(reply: &Value) -> String {
    reply["link"].as_str().unwrap().strip_prefix("http://127.0.0.1:8080/reset#").unwrap().to_owned()
}

async fn join(app: &App, user: &TestUser) {
    let mut superuser = app.database.superuser().await;
    let join =
        "INSERT INTO memberships (id, tenant_id, user_id, role) VALUES (gen_random_uuid(), $1, $2, 'agent')";
    sqlx::query(join).bind(app.rival.id.0).bind(user.id.0).execute(&mut superuser).await.unwrap();
}

#[tokio::test]
async fn where_no_mail_is_sent_an_admin_hands_a_member_the_link() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let credentials = json!({"email": agent.email, "password": PASSWORD});
    let first = app.post(admin, &link_path(agent), json!({})).await.expect(200);
    assert_eq!(first["delivery"], "link");
    let second = app.post(admin, &link_path(agent), json!({})).await.expect(200);
    confirm(&app, &token_of(&first), NEW).await.expect_problem(410, "link-gone");
    // Nothing has changed for them until it is used.
    let session = post(&app, "login", credentials.clone()).await.expect(200);
    confirm(&app, &token_of(&second), NEW).await.expect(204);
    confirm(&app, &token_of(&second), NEW).await.expect_problem(410, "link-gone");
    let old = app.request(Method::GET, "/api/v1/me").bearer(session["access_token"].as_str().unwrap());
    assert_eq!(old.send().await.status, 401);
    post(&app, "login", credentials).await.expect_problem(401, "invalid-credentials");
    post(&app, "login", json!({"email": agent.email, "password": NEW})).await.expect(200);
    let lines = app.get(admin, "/api/v1/audit?action=password.link_created").await.expect(200);
    assert_eq!(lines["items"].as_array().unwrap().len(), 2);
    assert_eq!(lines["items"][0]["detail"], json!({"by": admin.id}));
    let history = app.get(agent, "/api/v1/auth/history").await.expect(200);
    let told =
        history["items"].as_array().unwrap().iter().any(|line| line["action"] == "password.link_created");
    assert!(told, "the member sees it too: {history}");
}

#[tokio::test]
async fn a_link_is_made_by_who_could_have_given_what_it_opens() {
    let app = App::new().await;
    let (owner, admin) = (app.demo.user(Role::OrgOwner), app.demo.user(Role::OrgAdmin));
    let (agent, client) = (app.demo.user(Role::Agent), app.demo.user(Role::Client));
    app.post(app.demo.user(Role::Supervisor), &link_path(agent), json!({})).await.expect(403);
    app.post(admin, &link_path(owner), json!({})).await.expect(403);
    app.post(admin, &link_path(admin), json!({})).await.expect_problem(409, "own-account");
    app.post(app.rival.user(Role::OrgOwner), &link_path(agent), json!({}))
        .await
        .expect_problem(404, "not-found");
    // Changing people is not enough: the link would make a desk of theirs the account of an admin.
    let role =
        json!({"name": "People desk", "base": "org_admin", "permissions": ["users.read", "users.edit"]});
    let role = app.post(owner, "/api/v1/roles", role).await.expect(201);
    let desk = app.demo.user(Role::Corporate);
    let given = json!({"role_id": role["id"]});
    app.patch(owner, &format!("/api/v1/users/{}", desk.id), given).await.expect(200);
    for somebody in [admin, agent] {
        app.post(desk, &link_path(somebody), json!({})).await.expect_problem(403, "forbidden");
    }
    app.post(owner, &format!("/api/v1/users/{}/deactivate", client.id), json!({})).await.expect(200);
    app.post(owner, &link_path(client), json!({})).await.expect_problem(409, "member-inactive");
    // Of who is in another tenant too it would open that one as well.
    join(&app, agent).await;
    app.post(owner, &link_path(agent), json!({})).await.expect_problem(409, "member-elsewhere");
    let root = app.request(Method::POST, &link_path(agent)).bearer(&app.platform.token);
    root.header("x-tenant", &app.demo.slug).json(&json!({})).send().await.expect(200);
}

#[tokio::test]
async fn where_mail_is_sent_the_link_is_the_members_alone() {
    let (app, mut server) = MailServer::with_app().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let made = app.post(admin, &link_path(agent), json!({})).await.expect(200);
    assert_eq!((&made["delivery"], made.get("link")), (&json!("mailed"), None));
    let mail = server.next().await;
    assert_eq!(mail.to, agent.email);
    server.refuse(true);
    let kept = app.post(admin, &link_path(agent), json!({})).await.expect(200);
    assert_eq!(kept["delivery"], "failed");
    confirm(&app, &mail.token(), NEW).await.expect_problem(410, "link-gone");
    confirm(&app, &token_of(&kept), NEW).await.expect(204);
}
