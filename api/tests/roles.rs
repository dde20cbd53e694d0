//! Roles of a tenant's own and scopes of API tokens: nobody gets more than they were given, nobody gives more than they
//! have.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::{App, PASSWORD, TestUser};
use switchroom_core::Role;

async fn session(app: &App, user: &TestUser) -> TestUser {
    let body = json!({"email": user.email, "password": PASSWORD});
    let reply = app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await.expect(200);
    TestUser { token: reply["access_token"].as_str().unwrap().to_owned(), ..user.clone() }
}

async fn make(app: &App, by: &TestUser, name: &str, base: &str, permissions: &[&str]) -> Value {
    let body = json!({"name": name, "base": base, "permissions": permissions});
    app.post(by, "/api/v1/roles", body).await.expect(201)
}

async fn give(app: &App, by: &TestUser, to: &TestUser, role: &Value) {
    app.patch(by, &format!("/api/v1/users/{}", to.id), json!({"role_id": role["id"]})).await.expect(200);
}

async fn permissions(app: &App, user: &TestUser) -> Vec<String> {
    let me = app.get(user, "/api/v1/me").await.expect(200);
    me["permissions"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_role_gives_what_it_says_and_nothing_else() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let role =
        make(&app, admin, "Night shift", "agent", &["tickets.read", "calls.read", "wallboard.read"]).await;
    let signed_in = session(&app, agent).await;
    give(&app, admin, agent, &role).await;
    app.get(&signed_in, "/api/v1/me").await.expect(401);
    assert_eq!(permissions(&app, agent).await, ["calls.read", "wallboard.read", "tickets.read"]);
    let me = app.get(agent, "/api/v1/me").await.expect(200);
    assert_eq!(
        (&me["role"], &me["role_id"], &me["role_name"]),
        (&json!("agent"), &role["id"], &json!("Night shift"))
    );
    app.get(agent, "/api/v1/individuals").await.expect(403);
    app.get(agent, "/api/v1/tickets").await.expect(200);
    // Modules lie on top.
    let path = format!("/api/v1/users/{}", agent.id);
    app.patch(admin, &path, json!({"modules": {"tickets": false}})).await.expect(200);
    assert_eq!(permissions(&app, agent).await, ["calls.read", "wallboard.read"]);
    app.patch(admin, &path, json!({"modules": {"tickets": true}})).await.expect(200);
    // A change holds at once.
    let role_path = format!("/api/v1/roles/{}", role["id"].as_str().unwrap());
    let changed =
        app.patch(admin, &role_path, json!({"permissions": ["individuals.read"]})).await.expect(200);
    assert_eq!((&changed["version"], &changed["members"]), (&json!(2), &json!(1)));
    app.get(agent, "/api/v1/tickets").await.expect(403);
    app.get(agent, "/api/v1/individuals").await.expect(200);
    // A new base reaches who has it.
    app.patch(admin, &role_path, json!({"base": "member"})).await.expect(200);
    assert_eq!(app.get(agent, "/api/v1/me").await.expect(200)["role"], "member");
    app.delete(admin, &role_path).await.expect_problem(409, "role-in-use");
    let back = app.patch(admin, &path, json!({"role_id": null})).await.expect(200);
    assert_eq!((&back["role"], &back["role_id"]), (&json!("member"), &Value::Null));
    app.delete(admin, &role_path).await.expect(204);
    app.delete(admin, &role_path).await.expect(404);
    let lines = app.get(admin, "/api/v1/audit?action=role.*").await.expect(200);
    let actions: Vec<&str> =
        lines["items"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["role.deleted", "role.changed", "role.changed", "role.created"]);
}

#[tokio::test]
async fn nobody_gives_what_they_have_not() {
    let app = App::new().await;
    let (owner, admin) = (app.demo.user(Role::OrgOwner), app.demo.user(Role::OrgAdmin));
    let (agent, agent2) = (app.demo.user(Role::Agent), &app.demo.agent2);
    let all = ["users.read", "users.edit", "roles.edit", "calls.read", "users.create"];
    let desk = make(&app, admin, "Desk lead", "supervisor", &all).await;
    give(&app, admin, agent, &desk).await;
    // Within what they have.
    let inside = make(&app, agent, "Listener", "agent", &["calls.read"]).await;
    give(&app, agent, agent2, &inside).await;
    // Beyond it.
    let body = json!({"name": "More", "base": "agent", "permissions": ["calls.read", "audit.read"]});
    app.post(agent, "/api/v1/roles", body).await.expect_problem(403, "forbidden");
    let path = format!("/api/v1/roles/{}", inside["id"].as_str().unwrap());
    app.patch(agent, &path, json!({"permissions": ["tickets.read"]})).await.expect(403);
    // To those above, and to their own.
    let own = format!("/api/v1/roles/{}", desk["id"].as_str().unwrap());
    app.patch(agent, &own, json!({"name": "x"})).await.expect(403);
    app.patch(agent, &path, json!({"base": "supervisor"})).await.expect(403);
    let body = json!({"role": "org_admin"});
    app.patch(agent, &format!("/api/v1/users/{}", agent2.id), body.clone()).await.expect(403);
    // A built-in role that gives more than they have.
    app.patch(agent, &format!("/api/v1/users/{}", agent2.id), json!({"role": "agent"})).await.expect(403);
    app.patch(agent, &format!("/api/v1/users/{}", admin.id), json!({"role": "client"})).await.expect(403);
    let body = json!({"email": "new@demo.example", "role": "agent"});
    app.post(agent, "/api/v1/invitations", body).await.expect(403);
    let body = json!({"email": "new@demo.example", "role_id": inside["id"]});
    let invited = app.post(agent, "/api/v1/invitations", body).await.expect(201);
    assert_eq!((&invited["role"], &invited["role_id"]), (&json!("agent"), &inside["id"]));
    // An admin's own role reaches no owner.
    let mighty = make(&app, owner, "Mighty", "org_admin", &["users.edit", "users.read"]).await;
    give(&app, owner, agent, &mighty).await;
    app.patch(agent, &format!("/api/v1/users/{}", owner.id), json!({"extension": "999"})).await.expect(403);
}

#[tokio::test]
async fn what_a_role_may_be() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    make(&app, admin, "Desk", "agent", &[]).await;
    let good = json!({"name": "X", "base": "agent", "permissions": []});
    for (field, value, pointer) in [
        ("name", json!(""), "/name"),
        ("name", json!("x".repeat(61)), "/name"),
        ("name", json!("Org_Owner"), "/name"),
        ("name", json!(7), "/name"),
        ("base", json!("org_owner"), "/base"),
        ("base", json!("boss"), "/base"),
        ("permissions", json!(["calls.own"]), "/permissions/0"),
        ("permissions", json!(["calls.read", "numbers.create"]), "/permissions/1"),
        ("permissions", json!("calls.read"), "/permissions"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let problem = app.post(admin, "/api/v1/roles", body.clone()).await.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    let body = json!({"name": "dESK", "base": "agent", "permissions": []});
    app.post(admin, "/api/v1/roles", body).await.expect_problem(409, "role-exists");
    let body = json!({"name": "C", "base": "client", "permissions": ["calls.read"]});
    app.post(admin, "/api/v1/roles", body).await.expect(422);
    for user in [app.demo.user(Role::Supervisor), app.demo.user(Role::Agent), app.demo.user(Role::Client)] {
        app.post(user, "/api/v1/roles", good.clone()).await.expect(403);
    }
    // Seen by colleagues, not by clients or other tenants.
    let names = |page: &Value| -> Vec<String> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|role| role["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(
        names(&app.get(app.demo.user(Role::Agent), "/api/v1/roles").await.expect(200))
            .contains(&"Desk".into())
    );
    for other in [app.demo.user(Role::Client), app.rival.user(Role::OrgOwner), &app.platform] {
        assert_eq!(names(&app.get(other, "/api/v1/roles").await.expect(200)).len(), 7);
    }
    let role = make(&app, admin, "Mine", "agent", &["calls.read"]).await;
    let path = format!("/api/v1/roles/{}", role["id"].as_str().unwrap());
    app.patch(app.rival.user(Role::OrgOwner), &path, json!({"name": "Theirs"})).await.expect(404);
    app.delete(app.rival.user(Role::OrgOwner), &path).await.expect(404);
    let user = app.rival.user(Role::Agent);
    let body = json!({"role_id": role["id"]});
    let problem = app
        .patch(app.rival.user(Role::OrgOwner), &format!("/api/v1/users/{}", user.id), body)
        .await
        .expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/role_id");
    app.request(Method::PATCH, &path)
        .bearer(&admin.token)
        .header("if-match", "\"9\"")
        .json(&json!({"name": "y"}))
        .send()
        .await
        .expect(412);
    let all = app.get(admin, "/api/v1/permissions").await.expect(200);
    assert!(
        all["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|item| item["name"] == "numbers.create" && item["grantable"] == false)
    );
}

#[tokio::test]
async fn a_token_may_what_both_its_scopes_and_its_owner_may() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let body = json!({"name": "reader", "scopes": ["tickets.read", "individuals.read"], "expires_at": "2999-01-01T00:00:00Z"});
    let made = app.post(agent, "/api/v1/api-tokens", body).await.expect(201);
    assert_eq!(made["scopes"], json!(["individuals.read", "tickets.read"]));
    let token = TestUser { token: made["token"].as_str().unwrap().to_owned(), ..agent.clone() };
    assert_eq!(permissions(&app, &token).await, ["individuals.read", "tickets.read"]);
    app.get(&token, "/api/v1/tickets").await.expect(200);
    let body = json!({"full_name": "L", "phones": []});
    app.post(&token, "/api/v1/individuals", body).await.expect_problem(403, "forbidden");
    app.get(&token, "/api/v1/calls").await.expect(403);
    // Nothing about accounts, whoever owns it.
    app.post(&token, "/api/v1/api-tokens", json!({"name": "more"})).await.expect_problem(403, "scope");
    app.delete(&token, "/api/v1/auth/sessions").await.expect_problem(403, "scope");
    app.patch(&token, "/api/v1/me", json!({"name": "x"})).await.expect_problem(403, "scope");
    let body = json!({"current_password": PASSWORD, "new_password": "another good passphrase"});
    app.post(&token, "/api/v1/auth/password", body).await.expect_problem(403, "scope");
    app.post(&token, "/api/v1/ws-tickets", json!({})).await.expect(200);
    // The owner's role goes: so does what the token may.
    app.patch(admin, &format!("/api/v1/users/{}", agent.id), json!({"role": "client"})).await.expect(200);
    assert_eq!(permissions(&app, &token).await, ["tickets.read"]);

    for (body, status) in [
        (json!({"name": "x", "scopes": []}), 422),
        (json!({"name": "x", "scopes": ["nonsense"]}), 422),
        (json!({"name": "x", "scopes": ["numbers.create"]}), 422),
        (json!({"name": "x", "expires_at": "2001-01-01T00:00:00Z"}), 422),
        (json!({"name": "x", "scopes": ["audit.read"]}), 403),
    ] {
        assert_eq!(
            app.post(&app.demo.agent2, "/api/v1/api-tokens", body.clone()).await.status,
            status,
            "{body}"
        );
    }
    // People management through a token gives no more than the token has.
    let body = json!({"name": "hr", "scopes": ["users.edit", "users.read"]});
    let made = app.post(admin, "/api/v1/api-tokens", body).await.expect(201);
    let hr = TestUser { token: made["token"].as_str().unwrap().to_owned(), ..admin.clone() };
    let path = format!("/api/v1/users/{}", app.demo.agent2.id);
    app.patch(&hr, &path, json!({"extension": "299"})).await.expect(200);
    app.patch(&hr, &path, json!({"role": "org_admin"})).await.expect(403);
    let body = json!({"name": "root reader", "scopes": ["numbers.create"]});
    app.post(&app.platform, "/api/v1/api-tokens", body).await.expect(201);
}
