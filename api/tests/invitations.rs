//! Invitations: made by admins, carried by mail or by hand, accepted by new people and by those who have an account.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod support;

use axum::http::Method;
use serde_json::{Value, json};
use support::MailServer;
use switchroom_api::testing::{App, PASSWORD, Reply, TestUser};
use switchroom_core::Role;

const NEW: &str = "seven green bicycles";

async fn invite(app: &App, by: &TestUser, body: Value) -> Reply {
    app.post(by, "/api/v1/invitations", body).await
}

/// What follows the `#` of the link in an answer.
fn token_of(made: &Value) -> String {
    let link = made["link"].as_str().unwrap();
    link.strip_prefix("http://127.0.0.1:8080/invitation#").unwrap().to_owned()
}

async fn post(app: &App, path: &str, body: Value) -> Reply {
    app.request(Method::POST, &format!("/api/v1/auth/invitations/{path}")).json(&body).send().await
}

async fn accept(app: &App, token: &str, name: &str, password: &str) -> Reply {
    post(app, "accept", json!({"token": token, "name": name, "password": password})).await
}

async fn me(app: &App, signed_in: &Value) -> Value {
    let token = signed_in["access_token"].as_str().unwrap();
    app.request(Method::GET, "/api/v1/me").bearer(token).send().await.expect(200)
}

#[tokio::test]
async fn a_new_person_comes_in_by_the_link_of_the_inviter() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let body = json!({"email": " Grace@New.example ", "name": "Grace", "role": "supervisor", "extension": "303",
        "modules": {"numbers": false}});
    let reply = invite(&app, admin, body).await;
    assert!(reply.header("location").starts_with("/api/v1/invitations/"));
    let made = reply.expect(201);
    assert_eq!(
        (&made["email"], &made["status"], &made["delivery"], &made["invited_by"]),
        (&json!("grace@new.example"), &json!("open"), &json!("link"), &json!(admin.id))
    );
    assert_eq!(
        made["modules"],
        json!({"individuals": true, "organizations": true, "tickets": true, "numbers": false})
    );
    let token = token_of(&made);
    // The link is in that one answer only, and only its hash is kept.
    let listed = app.get(admin, "/api/v1/invitations").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert!(!listed.to_string().contains("swi_") && listed["items"][0].get("link").is_none());

    let offer = post(&app, "look", json!({"token": token})).await.expect(200);
    assert_eq!(
        offer,
        json!({"tenant_name": "DEMO", "email": "grace@new.example", "name": "Grace", "role": "supervisor", "has_account": false})
    );
    for password in ["short", "grace@new.example", "Password123"] {
        let problem = accept(&app, &token, "Grace Hopper", password).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], "/password", "{password}");
    }
    let reply = accept(&app, &token, " Grace Hopper ", NEW).await;
    assert!(reply.header("set-cookie").starts_with("switchroom_session="));
    let me = me(&app, &reply.expect(200)).await;
    assert_eq!(
        (
            &me["user"]["name"],
            &me["role"],
            &me["tenant"]["slug"],
            &me["extension"],
            &me["modules"]["numbers"]
        ),
        (&json!("Grace Hopper"), &json!("supervisor"), &json!("demo"), &json!("303"), &json!(false))
    );
    accept(&app, &token, "Eve", "another fine password").await.expect_problem(410, "link-gone");
    let login = json!({"email": "grace@new.example", "password": NEW});
    app.request(Method::POST, "/api/v1/auth/login").json(&login).send().await.expect(200);
    let path = "/api/v1/invitations?status=accepted";
    assert_eq!(app.get(admin, path).await.expect(200)["items"][0]["id"], made["id"]);
    for action in ["invitation.created", "invitation.accepted"] {
        let line = app.get(admin, &format!("/api/v1/audit?action={action}")).await.expect(200);
        assert_eq!(line["items"][0]["subject"], made["id"], "{action}");
        assert!(!line.to_string().contains(&token));
    }
}

#[tokio::test]
async fn who_has_an_account_joins_with_their_password_and_keeps_it() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let body = json!({"email": agent.email, "role": "member"});
    let made = invite(&app, app.rival.user(Role::OrgAdmin), body).await.expect(201);
    let token = token_of(&made);
    assert_eq!(post(&app, "look", json!({"token": token})).await.expect(200)["has_account"], true);
    accept(&app, &token, "Somebody else", NEW).await.expect_problem(401, "invalid-credentials");
    let signed_in = post(&app, "accept", json!({"token": token, "password": PASSWORD})).await.expect(200);
    let there = me(&app, &signed_in).await;
    assert_eq!((&there["tenant"]["slug"], &there["role"]), (&json!("rival"), &json!("member")));
    assert_eq!(there["user"]["name"], "agent", "their name is theirs");
    // Still where they were, as what they were.
    let here = app.get(agent, "/api/v1/me").await.expect(200);
    assert_eq!((&here["tenant"]["slug"], &here["role"]), (&json!("demo"), &json!("agent")));
    // A failure on the way was told to the tenant they were in.
    let line =
        app.get(app.demo.user(Role::OrgAdmin), "/api/v1/audit?action=session.refused").await.expect(200);
    assert_eq!(line["items"][0]["actor_id"], json!(agent.id));
}

#[tokio::test]
async fn only_an_owner_invites_an_owner_and_nobody_below_an_admin_invites() {
    let app = App::new().await;
    let (owner, admin) = (app.demo.user(Role::OrgOwner), app.demo.user(Role::OrgAdmin));
    let body = json!({"email": "boss@new.example", "role": "org_owner"});
    invite(&app, admin, body.clone()).await.expect_problem(403, "forbidden");
    for role in [Role::Supervisor, Role::Agent, Role::Corporate, Role::Member, Role::Client] {
        invite(&app, app.demo.user(role), json!({"email": "x@new.example", "role": "agent"}))
            .await
            .expect(403);
    }
    let made = invite(&app, owner, body).await.expect(201);
    // Whoever sees the link could be the owner: an admin gets no new one, and does not withdraw it.
    let path = format!("/api/v1/invitations/{}", made["id"].as_str().unwrap());
    app.post(admin, &format!("{path}/resend"), json!({})).await.expect_problem(403, "forbidden");
    app.delete(admin, &path).await.expect_problem(403, "forbidden");
    // Another tenant's is not there.
    app.delete(app.rival.user(Role::OrgOwner), &path).await.expect_problem(404, "not-found");
    app.post(app.rival.user(Role::OrgOwner), &format!("{path}/resend"), json!({})).await.expect(404);
    assert_eq!(
        app.get(app.rival.user(Role::OrgOwner), "/api/v1/invitations").await.expect(200)["items"],
        json!([])
    );
    let root = app
        .request(Method::POST, "/api/v1/invitations")
        .bearer(&app.platform.token)
        .header("x-tenant", "demo");
    root.json(&json!({"email": "chief@new.example", "role": "org_owner"})).send().await.expect(201);
}

#[tokio::test]
async fn links_end_by_withdrawal_renewal_and_time() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let made = invite(&app, admin, json!({"email": "a@new.example", "role": "agent"})).await.expect(201);
    let path = format!("/api/v1/invitations/{}", made["id"].as_str().unwrap());
    let again = app.post(admin, &format!("{path}/resend"), json!({})).await.expect(200);
    assert_eq!(again["id"], made["id"]);
    accept(&app, &token_of(&made), "A", NEW).await.expect_problem(410, "link-gone");
    post(&app, "look", json!({"token": token_of(&made)})).await.expect(410);
    assert_eq!(post(&app, "look", json!({"token": token_of(&again)})).await.status, 200);
    let mut connection = app.database.superuser().await;
    sqlx::query("UPDATE invitations SET expires_at = now()").execute(&mut connection).await.unwrap();
    accept(&app, &token_of(&again), "A", NEW).await.expect_problem(410, "link-gone");
    assert_eq!(
        app.get(admin, "/api/v1/invitations?status=expired").await.expect(200)["items"][0]["id"],
        made["id"]
    );
    // One that is over is no obstacle to the next.
    let next = invite(&app, admin, json!({"email": "a@new.example", "role": "agent"})).await.expect(201);
    let path = format!("/api/v1/invitations/{}", next["id"].as_str().unwrap());
    app.delete(admin, &path).await.expect(204);
    accept(&app, &token_of(&next), "A", NEW).await.expect_problem(410, "link-gone");
    app.delete(admin, &path).await.expect_problem(409, "invitation-closed");
    app.post(admin, &format!("{path}/resend"), json!({})).await.expect_problem(409, "invitation-closed");
    app.delete(admin, "/api/v1/invitations/nonsense").await.expect(404);
}

#[tokio::test]
async fn what_is_taken_is_a_conflict_and_what_is_wrong_is_named() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let agent = app.demo.user(Role::Agent);
    let of = |email: &str, extension: &str| json!({"email": email, "role": "agent", "extension": extension});
    invite(&app, admin, of(&agent.email.to_uppercase(), "404")).await.expect_problem(409, "already-member");
    invite(&app, admin, of("a@new.example", "201")).await.expect_problem(409, "extension-taken");
    invite(&app, admin, of("a@new.example", "404")).await.expect(201);
    invite(&app, admin, of("A@new.example", "405")).await.expect_problem(409, "already-invited");
    // The rival's are not in the way.
    invite(&app, app.rival.user(Role::OrgAdmin), of("a@new.example", "404")).await.expect(201);
    for (body, pointer) in [
        (json!({"email": "x", "role": "agent"}), "/email"),
        (json!({"email": "b@new.example", "role": "king"}), "/role"),
        (json!({"email": "b@new.example", "role": "agent", "name": ""}), "/name"),
        (json!({"email": "b@new.example", "role": "agent", "extension": "1"}), "/extension"),
        (
            json!({"email": "b@new.example", "role": "agent", "modules": {"numbers": "no"}}),
            "/modules/numbers",
        ),
    ] {
        let problem = invite(&app, admin, body).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    app.get(admin, "/api/v1/invitations?status=lost").await.expect(400);
}

#[tokio::test]
async fn an_extension_that_was_given_away_meanwhile_is_left_out() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let mut tokens = Vec::new();
    for email in ["a@new.example", "b@new.example"] {
        let made = invite(&app, admin, json!({"email": email, "role": "agent", "extension": "404"}))
            .await
            .expect(201);
        tokens.push(token_of(&made));
    }
    let first = accept(&app, &tokens[0], "A", NEW).await.expect(200);
    let second = accept(&app, &tokens[1], "B", NEW).await.expect(200);
    assert_eq!(me(&app, &first).await["extension"], "404");
    assert_eq!(me(&app, &second).await["extension"], Value::Null);
}

#[tokio::test]
async fn of_two_that_accept_at_once_one_comes_in() {
    let app = App::new().await;
    let body = json!({"email": "a@new.example", "role": "agent"});
    let token = token_of(&invite(&app, app.demo.user(Role::OrgAdmin), body).await.expect(201));
    let (a, b) = tokio::join!(accept(&app, &token, "A", NEW), accept(&app, &token, "B", NEW));
    let statuses = [a.status, b.status];
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 401, 409, 410].contains(status)), "{statuses:?}");
    let found = app.get(app.demo.user(Role::OrgAdmin), "/api/v1/users?email=a@new.example").await.expect(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_member_who_was_switched_off_comes_back_and_an_active_one_is_there_already() {
    let app = App::new().await;
    let (admin, member) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Member));
    let mut connection = app.database.superuser().await;
    let mut switch = async |on: bool| {
        sqlx::query("UPDATE memberships SET is_active = $2 WHERE user_id = $1")
            .bind(member.id.0)
            .bind(on)
            .execute(&mut connection)
            .await
            .unwrap();
    };
    switch(false).await;
    let made = invite(&app, admin, json!({"email": member.email, "role": "agent"})).await.expect(201);
    switch(true).await;
    accept(&app, &token_of(&made), "", PASSWORD).await.expect(422);
    let body = json!({"token": token_of(&made), "password": PASSWORD});
    post(&app, "accept", body.clone()).await.expect_problem(409, "already-member");
    switch(false).await;
    let signed_in = post(&app, "accept", body).await.expect(200);
    assert_eq!(me(&app, &signed_in).await["role"], "agent");
}

#[tokio::test]
async fn with_mail_the_link_goes_to_the_person_and_to_nobody_else() {
    let (app, mut server) = MailServer::with_app().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let made = invite(&app, admin, json!({"email": "grace@new.example", "role": "agent"})).await.expect(201);
    assert_eq!((&made["delivery"], made.get("link")), (&json!("mailed"), None));
    let mail = server.next().await;
    assert_eq!(mail.to, "grace@new.example");
    assert!(mail.text.contains("Subject: Your invitation to DEMO"), "{}", mail.text);
    let path = format!("/api/v1/invitations/{}/resend", made["id"].as_str().unwrap());
    let again = app.post(admin, &path, json!({})).await.expect(200);
    assert_eq!((&again["delivery"], again.get("link")), (&json!("mailed"), None));
    let second = server.next().await;
    accept(&app, &mail.token(), "Grace", NEW).await.expect(410);
    accept(&app, &second.token(), "Grace", NEW).await.expect(200);
    // A mail that cannot be sent does not lose the invitation: its inviter hands the link over.
    server.refuse(true);
    let made = invite(&app, admin, json!({"email": "ada@new.example", "role": "agent"})).await.expect(201);
    assert_eq!(made["delivery"], "failed");
    server.refuse(false);
    accept(&app, &token_of(&made), "Ada", NEW).await.expect(200);
    assert!(server.is_empty());
}

/// What becomes of a member's invitations when they may less.
#[tokio::test]
async fn invitations_do_not_outlive_the_power_to_make_them() {
    let app = App::new().await;
    let (owner, admin) = (app.demo.user(Role::OrgOwner), app.demo.user(Role::OrgAdmin));
    let member = format!("/api/v1/users/{}", admin.id);
    let body = json!({"name": "Desk lead", "base": "org_admin", "permissions": ["users.create", "users.read", "tickets.read"]});
    let lead = app.post(owner, "/api/v1/roles", body).await.expect(201)["id"].as_str().unwrap().to_owned();
    let body = json!({"name": "Reader", "base": "client", "permissions": ["tickets.read"]});
    let reader = app.post(owner, "/api/v1/roles", body).await.expect(201)["id"].clone();
    let agent =
        token_of(&invite(&app, admin, json!({"email": "a@new.example", "role": "agent"})).await.expect(201));
    let body = json!({"email": "r@new.example", "role_id": reader});
    let little = token_of(&invite(&app, admin, body).await.expect(201));
    let owners =
        token_of(&invite(&app, owner, json!({"email": "o@new.example", "role": "agent"})).await.expect(201));
    let look = async |token: &str| post(&app, "look", json!({"token": token})).await.status;
    // A role that still invites, to less: what is beyond it goes, what is within it stays; other people's do not notice.
    app.patch(owner, &member, json!({"role_id": lead})).await.expect(200);
    assert_eq!((look(&agent).await, look(&little).await, look(&owners).await), (410, 200, 200));
    let line = app.get(owner, "/api/v1/audit?action=invitation.revoked").await.expect(200);
    assert_eq!(line["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&line["items"][0]["detail"]["email"], &line["items"][0]["detail"]["inviter"]),
        (&json!("a@new.example"), &json!(admin.id))
    );
    // Nor do they send again what they could not make.
    let open = app.get(owner, "/api/v1/invitations?status=open").await.expect(200);
    let id = |email: &str| {
        let mut items = open["items"].as_array().unwrap().iter();
        items.find(|item| item["email"] == email).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let resend = async |who, email| {
        app.post(who, &format!("/api/v1/invitations/{}/resend", id(email)), json!({})).await.status
    };
    assert_eq!(resend(admin, "o@new.example").await, 403);
    assert_eq!(resend(admin, "r@new.example").await, 200);
    assert_eq!(resend(owner, "o@new.example").await, 200);
    // The role itself gives less: so do those who have it.
    let again = invite(&app, admin, json!({"email": "s@new.example", "role_id": reader})).await.expect(201);
    assert_eq!(look(&token_of(&again)).await, 200);
    let path = format!("/api/v1/roles/{lead}");
    app.patch(owner, &path, json!({"permissions": ["users.read", "tickets.read"]})).await.expect(200);
    assert_eq!(look(&token_of(&again)).await, 410);
    // Switched off: all of them.
    app.patch(owner, &member, json!({"role": "org_admin"})).await.expect(200);
    let last =
        token_of(&invite(&app, admin, json!({"email": "z@new.example", "role": "client"})).await.expect(201));
    app.post(owner, &format!("{member}/deactivate"), json!({})).await.expect(200);
    assert_eq!(look(&last).await, 410);
    accept(&app, &last, "Z", NEW).await.expect_problem(410, "link-gone");
    let line = app.get(owner, "/api/v1/audit?action=user.deactivated").await.expect(200);
    assert_eq!(line["items"][0]["detail"]["invitations"], 1);
}
