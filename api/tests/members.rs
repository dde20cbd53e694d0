//! Administration of people: what they are and may, off and on, and going from one tenant to another.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::{App, PASSWORD, Reply, TestTenant, TestUser};
use switchroom_core::Role;

fn path(user: &TestUser) -> String {
    format!("/api/v1/users/{}", user.id)
}

async fn session(app: &App, user: &TestUser) -> String {
    let body = json!({"email": user.email, "password": PASSWORD});
    let reply = app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await.expect(200);
    reply["access_token"].as_str().unwrap().to_owned()
}

async fn me(app: &App, token: &str) -> Reply {
    app.request(Method::GET, "/api/v1/me").bearer(token).send().await
}

async fn join(app: &App, tenant: &TestTenant, user: &TestUser, role: &str) {
    let mut connection = app.database.superuser().await;
    sqlx::query(
        "INSERT INTO memberships (id, tenant_id, user_id, role) VALUES (gen_random_uuid(), $1, $2, $3)",
    )
    .bind(tenant.id.0)
    .bind(user.id.0)
    .bind(role)
    .execute(&mut connection)
    .await
    .unwrap();
}

#[tokio::test]
async fn an_admin_changes_what_somebody_is_and_may() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let signed_in = session(&app, agent).await;
    let before = app.get(agent, &path(agent)).await;
    assert_eq!(before.header("etag"), "\"1\"");
    let before = before.expect(200);
    assert_eq!(
        (&before["role"], &before["extension"], &before["last_seen_at"]),
        (&json!("agent"), &json!("201"), &Value::Null)
    );
    // What gives no powers leaves the sessions alone.
    let changed =
        app.patch(admin, &path(agent), json!({"extension": "209", "sip_uri": "sip:209@pbx.example"})).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    let changed = changed.expect(200);
    assert_eq!((&changed["extension"], &changed["sip_uri"]), (&json!("209"), &json!("sip:209@pbx.example")));
    assert!(changed["last_seen_at"].is_string());
    assert_eq!(me(&app, &signed_in).await.status, 200);
    // Powers do not.
    let body = json!({"role": "supervisor", "extension": null, "modules": {"numbers": false}});
    let changed = app.patch(admin, &path(agent), body).await.expect(200);
    assert_eq!((&changed["role"], &changed["extension"]), (&json!("supervisor"), &Value::Null));
    assert_eq!(
        changed["modules"],
        json!({"individuals": true, "organizations": true, "tickets": true, "numbers": false})
    );
    assert_eq!(me(&app, &signed_in).await.status, 401);
    let now = app.get(agent, "/api/v1/me").await.expect(200);
    assert_eq!((&now["role"], &now["modules"]["numbers"]), (&json!("supervisor"), &json!(false)));
    let line = app.get(admin, "/api/v1/audit?action=user.changed").await.expect(200);
    assert_eq!(
        line["items"][0]["detail"],
        json!({"role": {"before": "agent", "after": "supervisor"}, "extension": {"before": "209", "after": null},
            "module_numbers": {"before": true, "after": false}})
    );
    // Nothing changes: no line, no version.
    let same = app.patch(admin, &path(agent), json!({"role": "supervisor"})).await;
    assert_eq!(same.header("etag"), "\"3\"");
    assert_eq!(
        app.get(admin, "/api/v1/audit?action=user.changed").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn a_tenants_notes_about_a_member_are_merged_and_shown_to_admins_and_to_themselves() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let before = app.get(admin, &path(agent)).await.expect(200);
    assert_eq!(before["metadata"], json!({}));
    let change = json!({"metadata": {"payroll": "4711", "site": {"floor": 2}, "keys": [1, null]}});
    let changed = app.patch(admin, &path(agent), change).await.expect(200);
    assert!(changed["updated_at"].is_string() && changed["updated_at"] != before["updated_at"], "{changed}");
    assert_eq!(changed["created_at"], before["created_at"]);
    let change = json!({"metadata": {"site": {"room": "b"}, "keys": null, "gone": null}, "extension": "208"});
    let changed = app.patch(admin, &path(agent), change.clone()).await.expect(200);
    let notes = json!({"payroll": "4711", "site": {"room": "b"}});
    assert_eq!((&changed["metadata"], &changed["extension"]), (&notes, &json!("208")));
    // The same once more is no change.
    let same = app.patch(admin, &path(agent), change).await.expect(200);
    assert_eq!(same["version"], changed["version"]);
    let log = app.get(admin, "/api/v1/audit?action=user.changed").await.expect(200);
    let line = &log["items"][0];
    assert_eq!(
        (&line["before"]["metadata"], &line["after"]["metadata"]),
        (&json!({"site": {"floor": 2}, "keys": [1, null]}), &json!({"site": {"room": "b"}}))
    );
    // Oneself reads them and changes none; colleagues see nothing of them, other tenants neither.
    let me = app.get(agent, "/api/v1/me").await.expect(200);
    assert_eq!(me["metadata"], notes);
    assert!(me["user"]["created_at"].is_string() && me["user"]["updated_at"].is_string());
    app.patch(agent, "/api/v1/me", json!({"metadata": {}})).await.expect_problem(422, "validation");
    for reader in [agent, app.demo.user(Role::Supervisor)] {
        assert_eq!(app.get(reader, &path(agent)).await.expect(200)["metadata"], Value::Null);
    }
    assert_eq!(app.get(admin, "/api/v1/me").await.expect(200)["metadata"], json!({}));
    // Renamed, one's own profile has changed.
    let renamed = app.patch(agent, "/api/v1/me", json!({"name": "Anew"})).await.expect(200);
    assert_ne!(renamed["user"]["updated_at"], me["user"]["updated_at"]);
    assert_eq!(renamed["metadata"], notes);
    // What is full is made less key by key.
    let many: serde_json::Map<String, Value> =
        (0..15).map(|n| (format!("k{n}"), json!("x".repeat(1000)))).collect();
    app.patch(admin, &path(agent), json!({"metadata": many})).await.expect(200);
    let more = json!({"metadata": {"more": "x".repeat(1500)}});
    app.patch(admin, &path(agent), more.clone()).await.expect_problem(422, "validation");
    app.patch(admin, &path(agent), json!({"metadata": {"k0": null}})).await.expect(200);
    app.patch(admin, &path(agent), more).await.expect(200);
    // An admin notes nothing about an owner, who is beyond them.
    let owner = path(app.demo.user(Role::OrgOwner));
    app.patch(admin, &owner, json!({"metadata": {"a": 1}})).await.expect(403);
}

#[tokio::test]
async fn refusals_come_in_order_and_name_the_field() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    app.patch(app.demo.user(Role::Supervisor), &path(agent), json!({}))
        .await
        .expect_problem(403, "forbidden");
    app.patch(app.rival.user(Role::OrgOwner), &path(agent), json!({"role": 1}))
        .await
        .expect_problem(404, "not-found");
    app.get(app.rival.user(Role::OrgOwner), &path(agent)).await.expect(404);
    for (body, pointer) in [
        (json!({"role": "king"}), "/role"),
        (json!({"extension": "1"}), "/extension"),
        (json!({"extension": "12a"}), "/extension"),
        (json!({"sip_uri": "tel:201"}), "/sip_uri"),
        (json!({"sip_uri": "sip:a b"}), "/sip_uri"),
        (json!({"modules": {"tickets": "no"}}), "/modules/tickets"),
        (json!({"metadata": []}), "/metadata"),
        (json!({"metadata": {"": 1}}), "/metadata/"),
        (json!({"metadata": {"a/b\n": 1}}), "/metadata/a~1b\n"),
        (json!({"metadata": {"k": "a\u{0}"}}), "/metadata/k"),
        (json!({"metadata": {"k": "x".repeat(16 * 1024)}}), "/metadata"),
    ] {
        let problem = app.patch(admin, &path(agent), body).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    app.request(Method::PATCH, &path(agent))
        .bearer(&admin.token)
        .header("if-match", "\"9\"")
        .json(&json!({"role": "supervisor"}))
        .send()
        .await
        .expect_problem(412, "stale-version");
    app.patch(admin, &path(agent), json!({"extension": "202"})).await.expect_problem(409, "extension-taken");
    assert_eq!(app.get(admin, &path(agent)).await.expect(200)["version"], 1);
}

#[tokio::test]
async fn nobody_lifts_themselves_and_no_admin_touches_an_owner() {
    let app = App::new().await;
    let (owner, admin) = (app.demo.user(Role::OrgOwner), app.demo.user(Role::OrgAdmin));
    for body in [json!({"role": "supervisor"}), json!({"modules": {"tickets": false}})] {
        app.patch(admin, &path(admin), body).await.expect_problem(409, "own-account");
    }
    app.post(admin, &format!("{}/deactivate", path(admin)), json!({}))
        .await
        .expect_problem(409, "own-account");
    app.patch(admin, &path(admin), json!({"role": "org_owner"})).await.expect_problem(403, "forbidden");
    app.patch(admin, &path(app.demo.user(Role::Agent)), json!({"role": "org_owner"})).await.expect(403);
    app.patch(admin, &path(owner), json!({"role": "agent"})).await.expect(403);
    app.patch(admin, &path(owner), json!({"extension": "999"})).await.expect(403);
    app.post(admin, &format!("{}/deactivate", path(owner)), json!({})).await.expect(403);
    // One's own extension is no power.
    app.patch(admin, &path(admin), json!({"extension": "300"})).await.expect(200);
    app.patch(owner, &path(owner), json!({"role": "agent"})).await.expect_problem(409, "own-account");
}

#[tokio::test]
async fn the_last_owner_stays_even_when_two_go_at_once() {
    let app = App::new().await;
    let (owner, admin) = (app.demo.user(Role::OrgOwner), app.demo.user(Role::OrgAdmin));
    let as_root = |method: Method, path: String, body: Value| {
        let call =
            app.request(method, &path).bearer(&app.platform.token).header("x-tenant", "demo").json(&body);
        async move { call.send().await }
    };
    let demote = |user: &TestUser| as_root(Method::PATCH, path(user), json!({"role": "agent"}));
    let off = |user: &TestUser| as_root(Method::POST, format!("{}/deactivate", path(user)), json!({}));
    demote(owner).await.expect_problem(409, "last-owner");
    off(owner).await.expect_problem(409, "last-owner");
    app.patch(owner, &path(admin), json!({"role": "org_owner"})).await.expect(200);
    let (a, b) = tokio::join!(demote(owner), off(admin));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn who_is_switched_off_is_out_at_once_and_comes_back_without_tokens_and_lines() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let signed_in = session(&app, agent).await;
    let mut connection = app.database.superuser().await;
    let line = "INSERT INTO phone_numbers (id, number, country, tenant_id, status, user_id) VALUES (gen_random_uuid(), '+33199000077', 'FR', $1, 'assigned', $2)";
    sqlx::query(line).bind(app.demo.id.0).bind(agent.id.0).execute(&mut connection).await.unwrap();
    let gone = app.post(admin, &format!("{}/deactivate", path(agent)), json!({})).await.expect(200);
    assert_eq!((&gone["is_active"], &gone["version"]), (&json!(false), &json!(2)));
    for token in [&signed_in, &agent.token] {
        assert_eq!(me(&app, token).await.status, 401);
    }
    let body = json!({"email": agent.email, "password": PASSWORD});
    app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await.expect(401);
    let connected: i64 = sqlx::query_scalar("SELECT count(*) FROM phone_numbers WHERE user_id IS NOT NULL")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(connected, 0);
    // Again is no second act.
    let again = app.post(admin, &format!("{}/deactivate", path(agent)), json!({})).await.expect(200);
    assert_eq!(again["version"], 2);
    let line = app.get(admin, "/api/v1/audit?action=user.deactivated").await.expect(200);
    assert_eq!(line["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        line["items"][0]["detail"],
        json!({"sessions": 1, "api_tokens": 1, "invitations": 0, "lines": 1})
    );
    // Their extension went to somebody else meanwhile.
    app.patch(admin, &path(&app.demo.agent2), json!({"extension": "201"})).await.expect(200);
    let on = format!("{}/activate", path(agent));
    app.post(admin, &on, json!({})).await.expect_problem(409, "extension-taken");
    app.patch(admin, &path(agent), json!({"extension": null})).await.expect(200);
    assert_eq!(app.post(admin, &on, json!({})).await.expect(200)["is_active"], true);
    session(&app, agent).await;
    assert_eq!(me(&app, &agent.token).await.status, 401, "the old token stays revoked");
    app.post(app.rival.user(Role::OrgAdmin), &on, json!({})).await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn who_takes_no_calls_any_more_has_no_line() {
    let app = App::new().await;
    let owner = app.demo.user(Role::OrgOwner);
    let (agent, second) = (app.demo.user(Role::Agent), &app.demo.agent2);
    for (n, user) in [agent, second].into_iter().enumerate() {
        let number = json!({"number": format!("+3319900007{n}"), "country": "FR"});
        let line = app.post(&app.platform, "/api/v1/phone-numbers", number).await;
        let line = line.header("location").to_owned();
        app.post(owner, &format!("{line}/assign"), json!({})).await.expect(200);
        app.post(owner, &format!("{line}/connect"), json!({"user_id": user.id})).await.expect(200);
    }
    let rings = async |user: &TestUser| {
        let lines = app.get(owner, &format!("/api/v1/phone-numbers?user_id={}", user.id)).await.expect(200);
        lines["items"].as_array().unwrap().len()
    };
    // A role that takes calls keeps it.
    app.patch(owner, &path(agent), json!({"role": "supervisor"})).await.expect(200);
    assert_eq!(rings(agent).await, 1);
    app.patch(owner, &path(agent), json!({"role": "client"})).await.expect(200);
    assert_eq!(rings(agent).await, 0);
    let line = app.get(owner, "/api/v1/audit?action=user.changed").await.expect(200);
    assert_eq!(line["items"][0]["detail"]["lines"], 1);
    let ended: Option<uuid::Uuid> = sqlx::query_scalar(
        "SELECT disconnected_by FROM number_connections WHERE user_id = $1 AND disconnected_at IS NOT NULL",
    )
    .bind(agent.id.0)
    .fetch_one(&mut app.database.superuser().await)
    .await
    .unwrap();
    assert_eq!(ended, Some(owner.id.0));
    // A role of the tenant's own takes its people with it.
    let role = json!({"name": "Night shift", "base": "agent", "permissions": ["calls.read", "presence.set"]});
    let role = app.post(owner, "/api/v1/roles", role).await.expect(201);
    app.patch(owner, &path(second), json!({"role_id": role["id"]})).await.expect(200);
    assert_eq!(rings(second).await, 1);
    let role = format!("/api/v1/roles/{}", role["id"].as_str().unwrap());
    app.patch(owner, &role, json!({"base": "member", "permissions": ["calls.read"]})).await.expect(200);
    assert_eq!(rings(second).await, 0);
}

#[tokio::test]
async fn somebody_in_two_tenants_goes_from_one_to_the_other() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    join(&app, &app.rival, agent, "supervisor").await;
    let here = session(&app, agent).await;
    let switch = |token: String, tenant: &'static str| {
        let call =
            app.request(Method::POST, "/api/v1/auth/switch").bearer(&token).json(&json!({"tenant": tenant}));
        async move { call.send().await }
    };
    let mine = app.request(Method::GET, "/api/v1/me/tenants").bearer(&here).send().await.expect(200);
    let seen: Vec<_> = mine["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (t["slug"].clone(), t["role"].clone(), t["current"].clone()))
        .collect();
    assert_eq!(
        seen,
        [(json!("demo"), json!("agent"), json!(true)), (json!("rival"), json!("supervisor"), json!(false))]
    );
    for nowhere in ["nowhere", "' OR 1=1 --"] {
        switch(here.clone(), nowhere).await.expect_problem(422, "validation");
    }
    assert_eq!(me(&app, &here).await.status, 200, "a refusal leaves everything as it was");
    let reply = switch(here.clone(), "rival").await;
    assert!(reply.header("set-cookie").starts_with("switchroom_session="));
    let there = reply.expect(200)["access_token"].as_str().unwrap().to_owned();
    let now = me(&app, &there).await.expect(200);
    assert_eq!((&now["tenant"]["slug"], &now["role"]), (&json!("rival"), &json!("supervisor")));
    assert_eq!(me(&app, &here).await.status, 401);
    // The new session lasts no longer than the old one would have.
    let mut connection = app.database.superuser().await;
    sqlx::query("UPDATE sessions SET refresh_expires_at = now() + interval '1 hour' WHERE ended_at IS NULL")
        .execute(&mut connection)
        .await
        .unwrap();
    app.state.sessions.forget_user(agent.id);
    switch(there, "demo").await.expect(200);
    let left: bool = sqlx::query_scalar("SELECT bool_and(refresh_expires_at <= now() + interval '1 hour') FROM sessions WHERE ended_at IS NULL")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(left);
    // Neither a token nor a platform admin switches.
    switch(agent.token.clone(), "rival").await.expect_problem(403, "session-required");
    let root = session(&app, &app.platform).await;
    switch(root, "demo").await.expect_problem(403, "session-required");
    // Somebody of one tenant goes nowhere.
    let other = session(&app, &app.demo.agent2).await;
    switch(other, "rival").await.expect_problem(422, "validation");
}
