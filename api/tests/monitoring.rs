//! Security alerts and the health of the server: derived from what happened, and shown to whom they concern.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::{App, PASSWORD, TestUser};
use switchroom_core::Role;

const ALERTS: &str = "/api/v1/security-alerts";

async fn fail(app: &App, email: &str) {
    let body = json!({"email": email, "password": "wrong wrong wrong"});
    app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await.expect(401);
}

/// Puts the failures so far into the middle of the hour before: a test that runs as the clock strikes is no other test.
async fn an_hour_ago(app: &App) {
    let mut superuser = app.database.superuser().await;
    sqlx::query("UPDATE audit_log SET created_at = date_trunc('hour', now()) - interval '30 minutes' WHERE action = 'session.refused'")
        .execute(&mut superuser)
        .await
        .unwrap();
}

async fn alerts(app: &App, user: &TestUser, query: &str) -> Vec<Value> {
    app.get(user, &format!("{ALERTS}?{query}")).await.expect(200)["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn alerts_follow_from_what_happened() {
    let app = App::new().await;
    let (owner, admin, agent) =
        (app.demo.user(Role::OrgOwner), app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    assert_eq!(alerts(&app, admin, "").await, Vec::<Value>::new());
    // Nine failures from one address are clumsiness, the tenth is not; another tenant's are none of ours.
    for _ in 0..9 {
        fail(&app, &agent.email).await;
    }
    fail(&app, &app.rival.user(Role::Agent).email).await;
    an_hour_ago(&app).await;
    assert_eq!(alerts(&app, admin, "").await, Vec::<Value>::new());
    fail(&app, &owner.email).await;
    an_hour_ago(&app).await;
    let found = alerts(&app, admin, "").await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(
        (&found[0]["kind"], &found[0]["severity"], &found[0]["count"], &found[0]["address"]),
        (&json!("many_failures"), &json!("medium"), &json!(10), &json!("192.0.2.1"))
    );

    // A token used twice.
    let body = json!({"email": agent.email, "password": PASSWORD});
    let tokens = app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await.expect(200);
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    app.request(Method::POST, "/api/v1/auth/refresh").json(&refresh).send().await.expect(200);
    app.request(Method::POST, "/api/v1/auth/refresh").json(&refresh).send().await.expect(401);
    // Somebody rises, somebody else only moves; and what another part of the program wrote.
    let path = |user: &TestUser| format!("/api/v1/users/{}", user.id);
    app.patch(owner, &path(agent), json!({"role": "org_admin"})).await.expect(200);
    app.patch(owner, &path(&app.demo.agent2), json!({"role": "supervisor"})).await.expect(200);
    let mut superuser = app.database.superuser().await;
    for (action, detail) in [("account.locked", json!({})), ("second_factor.reset", json!({"by": admin.id}))]
    {
        sqlx::query("INSERT INTO audit_log (id, tenant_id, actor_id, action, detail) VALUES (gen_random_uuid(), $1, $2, $3, $4)")
            .bind(app.demo.id.0)
            .bind(app.demo.agent2.id.0)
            .bind(action)
            .bind(detail)
            .execute(&mut superuser)
            .await
            .unwrap();
    }
    let found = alerts(&app, admin, "count=true").await;
    let kinds: Vec<&str> = found.iter().map(|alert| alert["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["second_factor_off", "account_locked", "new_admin", "refresh_reused", "many_failures"]
    );
    let risen = &found[2];
    assert_eq!(
        (&risen["severity"], &risen["user_id"], &risen["by_id"]),
        (&json!("high"), &json!(agent.id), &json!(owner.id))
    );
    assert_eq!((&found[0]["user_id"], &found[0]["by_id"]), (&json!(app.demo.agent2.id), &json!(admin.id)));
    assert_eq!((&found[3]["severity"], &found[3]["user_name"]), (&json!("high"), &json!("agent")));

    // Narrowed, and page by page.
    assert_eq!(alerts(&app, admin, "kind=new_admin").await.len(), 1);
    assert_eq!(alerts(&app, admin, &format!("user_id={}", app.demo.agent2.id)).await.len(), 2);
    assert_eq!(alerts(&app, admin, "address=198.51.100.7").await.len(), 0);
    assert_eq!(alerts(&app, admin, "created_after=2999-01-01T00:00:00Z").await.len(), 0);
    app.get(admin, &format!("{ALERTS}?kind=nonsense")).await.expect_problem(400, "bad-parameter");
    let first = app.get(admin, &format!("{ALERTS}?limit=4&count=true")).await.expect(200);
    assert_eq!(first["count"]["value"], 5);
    let next = first["next_cursor"].as_str().unwrap();
    let rest = alerts(&app, admin, &format!("limit=4&cursor={next}")).await;
    assert_eq!((rest.len(), &rest[0]["kind"]), (1, &json!("many_failures")));

    // Theirs alone; the platform admin's are everybody's.
    assert_eq!(alerts(&app, app.rival.user(Role::OrgAdmin), "").await, Vec::<Value>::new());
    app.get(app.demo.user(Role::Supervisor), ALERTS).await.expect_problem(403, "forbidden");
    let all = alerts(&app, &app.platform, "").await;
    assert_eq!((all.len(), &all[0]["tenant_name"]), (5, &json!("DEMO")));
}

#[tokio::test]
async fn a_new_owner_by_invitation_is_an_alert() {
    let app = App::new().await;
    let owner = app.demo.user(Role::OrgOwner);
    for (email, role) in [("boss@new.example", "org_owner"), ("hand@new.example", "agent")] {
        let made =
            app.post(owner, "/api/v1/invitations", json!({"email": email, "role": role})).await.expect(201);
        let token = made["link"].as_str().unwrap().split_once('#').unwrap().1;
        let accept = json!({"token": token, "name": "New", "password": "a long enough pass phrase"});
        app.request(Method::POST, "/api/v1/auth/invitations/accept").json(&accept).send().await.expect(200);
    }
    let found = alerts(&app, owner, "").await;
    assert_eq!(
        (found.len(), &found[0]["kind"], &found[0]["user_name"]),
        (1, &json!("new_admin"), &json!("New"))
    );
}

#[tokio::test]
async fn the_server_says_how_it_is() {
    let app = App::with_engine().await;
    let health = app.get(&app.platform, "/api/v1/system-health").await.expect(200);
    assert_eq!(health["status"], "ok", "{health:#}");
    let check = |name: &str| {
        health["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap()["status"]
            .clone()
    };
    assert_eq!(
        (check("database"), check("engine"), check("change_feed")),
        (json!("ok"), json!("ok"), json!("ok"))
    );
    assert_eq!(check("mail"), "off");
    assert!(health["database"]["size"].as_i64().unwrap() > 1_000_000);
    assert!(health["database"]["connections"].as_i64().unwrap() >= 1);
    assert_eq!((&health["tenants"], &health["suspended_tenants"]), (&json!(2), &json!(0)));
    let queues: Vec<&str> =
        health["queues"].as_array().unwrap().iter().map(|queue| queue["name"].as_str().unwrap()).collect();
    assert_eq!(queues, ["decisions", "webhooks", "dead_letters", "imports"]);
    app.get(app.demo.user(Role::OrgOwner), "/api/v1/system-health").await.expect_problem(403, "forbidden");
    // Without an engine that part is off, which is no failure.
    let bare = App::new().await;
    let health = bare.get(&bare.platform, "/api/v1/system-health").await.expect(200);
    assert_eq!((&health["status"], &health["queues"][0]["name"]), (&json!("ok"), &json!("webhooks")));
}
