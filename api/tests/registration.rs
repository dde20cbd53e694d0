//! Clients who register themselves: only where a tenant lets them, by a proved address, with an admin's yes where it is
//! asked for; and nobody learns who is there.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod support;

use axum::http::Method;
use serde_json::{Value, json};
use support::MailServer;
use switchroom_api::testing::{App, PASSWORD, Reply};
use switchroom_core::Role;

const NEW: &str = "a passphrase of one's own";

async fn set_mode(app: &App, mode: &str) {
    let admin = app.demo.user(Role::OrgAdmin);
    let path = "/api/v1/settings/accounts";
    let now = app.patch(admin, path, json!({"registration": mode})).await.expect(200);
    assert_eq!(now["registration"], mode);
}

async fn register(app: &App, tenant: &str, email: &str) -> Reply {
    let body = json!({"tenant": tenant, "email": email, "name": "Ada\r\nBcc: x"});
    app.request(Method::POST, "/api/v1/auth/register").json(&body).send().await
}

async fn confirm(app: &App, token: &str, password: Option<&str>) -> Reply {
    let body = json!({"token": token, "password": password});
    app.request(Method::POST, "/api/v1/auth/register/confirm").json(&body).send().await
}

async fn login(app: &App, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await
}

#[tokio::test]
async fn an_open_door_needs_a_proved_address_only() {
    let (app, mut mails) = MailServer::with_app().await;
    set_mode(&app, "open").await;
    let ways = app.request(Method::GET, "/api/v1/auth/ways?tenant=demo").send().await.expect(200);
    assert_eq!(ways, json!({"registration": "open", "providers": []}));
    register(&app, "demo", "Ada@Client.example").await.expect(202);
    let mail = mails.next().await;
    assert_eq!(mail.to, "ada@client.example");
    let token = mail.token();
    // Nothing is there before the address is proved.
    login(&app, "ada@client.example", NEW).await.expect(401);
    let problem = confirm(&app, &token, None).await.expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/password");
    confirm(&app, &token, Some("short")).await.expect(422);
    let in_now = confirm(&app, &token, Some(NEW)).await.expect(200);
    assert_eq!(in_now, json!({"status": "joined", "tenant_name": "DEMO"}));
    confirm(&app, &token, Some(NEW)).await.expect(410);
    let tokens = login(&app, "ada@client.example", NEW).await.expect(200);
    let me = app
        .request(Method::GET, "/api/v1/me")
        .bearer(tokens["access_token"].as_str().unwrap())
        .send()
        .await
        .expect(200);
    assert_eq!((&me["role"], &me["user"]["name"]), (&json!("client"), &json!("Ada  Bcc: x")));
    let line =
        app.get(app.demo.user(Role::OrgAdmin), "/api/v1/audit?action=registration.joined").await.expect(200);
    assert_eq!(line["items"][0]["detail"], json!({"email": "ada@client.example"}));
    // Again: there is an account, and the mail says so to who owns the mailbox, nobody else.
    register(&app, "demo", "ada@client.example").await.expect(202);
    assert!(mails.next().await.text.contains("already"));
}

#[tokio::test]
async fn an_admin_has_to_agree_where_the_tenant_says_so() {
    let (app, mut mails) = MailServer::with_app().await;
    set_mode(&app, "approval").await;
    let admin = app.demo.user(Role::OrgAdmin);
    for email in ["ada@client.example", "eve@client.example"] {
        register(&app, "demo", email).await.expect(202);
        let token = mails.next().await.token();
        assert_eq!(confirm(&app, &token, Some(NEW)).await.expect(200)["status"], "waiting");
    }
    login(&app, "ada@client.example", NEW).await.expect_problem(401, "invalid-credentials");
    let waiting = app.get(admin, "/api/v1/registrations?status=waiting").await.expect(200);
    let items = waiting["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 2);
    let id = |email: &str| -> String {
        items.iter().find(|item| item["email"] == email).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (ada, eve) = (id("ada@client.example"), id("eve@client.example"));
    for (user, status) in [(app.demo.user(Role::Supervisor), 403), (app.rival.user(Role::OrgOwner), 404)] {
        assert_eq!(
            app.post(user, &format!("/api/v1/registrations/{ada}/approve"), json!({})).await.status,
            status
        );
    }
    let yes = app.post(admin, &format!("/api/v1/registrations/{ada}/approve"), json!({})).await.expect(200);
    assert_eq!((&yes["status"], &yes["decided_by"]), (&json!("approved"), &json!(admin.id)));
    assert_eq!(mails.next().await.to, "ada@client.example");
    let no = app.post(admin, &format!("/api/v1/registrations/{eve}/reject"), json!({})).await.expect(200);
    assert_eq!(no["status"], "rejected");
    for (id, word) in [(&ada, "reject"), (&eve, "approve"), (&eve, "reject")] {
        app.post(admin, &format!("/api/v1/registrations/{id}/{word}"), json!({}))
            .await
            .expect_problem(409, "registration-decided");
    }
    login(&app, "ada@client.example", NEW).await.expect(200);
    login(&app, "eve@client.example", NEW).await.expect(401);
}

/// Whoever asks gets the same answer; only a mailbox learns more.
#[tokio::test]
async fn nobody_learns_who_is_there() {
    let (app, mut mails) = MailServer::with_app().await;
    set_mode(&app, "open").await;
    let switched_off = &app.demo.agent2;
    let path = format!("/api/v1/users/{}/deactivate", switched_off.id);
    app.post(app.demo.user(Role::OrgAdmin), &path, json!({})).await.expect(200);
    let mut answers = Vec::new();
    for (tenant, email) in [
        ("demo", "new@client.example"),
        ("demo", app.demo.user(Role::Agent).email.as_str()),
        ("demo", switched_off.email.as_str()),
        ("rival", "new2@client.example"),
        ("no-such-tenant", "new3@client.example"),
    ] {
        let reply = register(&app, tenant, email).await;
        answers.push((reply.status, reply.text));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let mut to = [mails.next().await.to, mails.next().await.to];
    to.sort();
    assert_eq!(to, [app.demo.user(Role::Agent).email.clone(), "new@client.example".into()]);
    let unknown =
        app.request(Method::GET, "/api/v1/auth/ways?tenant=no-such-tenant").send().await.expect(200);
    let closed = app.request(Method::GET, "/api/v1/auth/ways?tenant=rival").send().await.expect(200);
    assert_eq!(unknown, closed);
    assert!(mails.is_empty());
}

#[tokio::test]
async fn somebody_of_another_tenant_keeps_their_password() {
    let (app, mut mails) = MailServer::with_app().await;
    set_mode(&app, "open").await;
    let guest = app.rival.user(Role::Agent);
    register(&app, "demo", &guest.email).await.expect(202);
    let token = mails.next().await.token();
    assert_eq!(confirm(&app, &token, Some(NEW)).await.expect(200)["status"], "joined");
    login(&app, &guest.email, NEW).await.expect(401);
    let tokens = login(&app, &guest.email, PASSWORD).await.expect(200);
    let tenants = app
        .request(Method::GET, "/api/v1/me/tenants")
        .bearer(tokens["access_token"].as_str().unwrap())
        .send()
        .await
        .expect(200);
    let roles: Vec<(&Value, &Value)> = tenants["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tenant| (&tenant["slug"], &tenant["role"]))
        .collect();
    assert_eq!(roles, [(&json!("rival"), &json!("agent")), (&json!("demo"), &json!("client"))]);
}

#[tokio::test]
async fn a_door_that_closed_meanwhile_and_bad_input() {
    let (app, mut mails) = MailServer::with_app().await;
    set_mode(&app, "open").await;
    register(&app, "demo", "ada@client.example").await.expect(202);
    let token = mails.next().await.token();
    set_mode(&app, "off").await;
    confirm(&app, &token, Some(NEW)).await.expect_problem(409, "registration-closed");
    register(&app, "demo", "eve@client.example").await.expect(202);
    confirm(&app, "swg_nonsense", Some(NEW)).await.expect_problem(410, "link-gone");
    set_mode(&app, "open").await;
    // Two use the link at once: one account.
    let both =
        futures::future::join(confirm(&app, &token, Some(NEW)), confirm(&app, &token, Some(NEW))).await;
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert!(statuses[0] == 200 && (statuses[1] == 410 || statuses[1] == 409), "{statuses:?}");
    for bad in [
        json!({}),
        json!({"tenant": "demo", "email": "nobody", "name": "A"}),
        json!({"tenant": "demo", "email": "a@b", "name": ""}),
        json!({"tenant": "", "email": "a@b", "name": "A"}),
        json!({"tenant": "demo", "email": "a@b\u{0}", "name": "A"}),
    ] {
        app.request(Method::POST, "/api/v1/auth/register").json(&bad).send().await.expect(422);
    }
    let admin = app.demo.user(Role::OrgAdmin);
    app.patch(admin, "/api/v1/settings/accounts", json!({"registration": "wide"})).await.expect(422);
    app.get(app.demo.user(Role::Supervisor), "/api/v1/settings/accounts").await.expect(403);
    let line = app.get(admin, "/api/v1/audit?action=tenant.changed").await.expect(200);
    assert_eq!(
        (&line["items"][0]["before"], &line["items"][0]["after"]),
        (&json!({"registration": "off"}), &json!({"registration": "open"}))
    );
}

/// Without mail nobody can prove an address.
#[tokio::test]
async fn without_mail_the_door_stays_shut() {
    let app = App::new().await;
    set_mode(&app, "open").await;
    let ways = app.request(Method::GET, "/api/v1/auth/ways?tenant=demo").send().await.expect(200);
    assert_eq!(ways["registration"], "off");
    register(&app, "demo", "ada@client.example").await.expect(202);
    let mut superuser = app.database.superuser().await;
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM registrations").fetch_one(&mut superuser).await.unwrap();
    assert_eq!(kept, 0);
}
