//! Our own lines over HTTP: the pool, races for it, quarantine, what a line rings.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::{App, TestUser};
use switchroom_core::Role;
use uuid::Uuid;

async fn create(app: &App, number: &str) -> String {
    let body = json!({"number": number, "country": "FR", "region": "Paris", "monthly_cost": "1.50", "currency": "EUR", "provider": "telnyx"});
    let reply = app.post(&app.platform, "/api/v1/phone-numbers", body).await;
    let path = reply.header("location").to_owned();
    reply.expect(201);
    path
}

async fn command(app: &App, user: &TestUser, path: &str, name: &str) -> switchroom_api::testing::Reply {
    app.post(user, &format!("{path}/{name}"), json!({})).await
}

#[tokio::test]
async fn the_life_of_a_line() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let rival = app.rival.user(Role::OrgOwner);
    let path = create(&app, "+33199000001").await;
    let line = app.get(agent, &path).await.expect(200);
    for (field, value) in [
        ("number", json!("+33199000001")),
        ("country", json!("FR")),
        ("region", json!("Paris")),
        ("status", json!("available")),
        ("connected", json!(false)),
        ("endpoint", Value::Null),
        ("monthly_cost", json!("1.50")),
        ("currency", json!("EUR")),
        ("provider", json!("telnyx")),
        ("capabilities", json!({"voice": true, "sms": false})),
        ("quarantined_until", Value::Null),
        ("version", json!(1)),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    // The pool is everybody's to see, and rings for nobody.
    app.get(rival, &path).await.expect(200);
    app.post(admin, &format!("{path}/connect"), json!({"user_id": agent.id}))
        .await
        .expect_problem(409, "number-not-assigned");
    command(&app, admin, &path, "release").await.expect_problem(409, "number-not-assigned");
    command(&app, agent, &path, "assign").await.expect_problem(403, "forbidden");
    let mine = command(&app, admin, &path, "assign").await.expect(200);
    assert_eq!(
        (&mine["status"], &mine["connected"], &mine["version"]),
        (&json!("assigned"), &json!(false), &json!(2))
    );
    command(&app, admin, &path, "assign").await.expect_problem(409, "number-taken");
    // Another tenant's line is no line; that it was lost a moment ago is a lost race.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    for name in ["assign", "release", "disconnect", "connect"] {
        command(&app, rival, &path, name).await.expect_problem(404, "not-found");
    }
    app.get(rival, &path).await.expect_problem(404, "not-found");
    // Connect.
    for (body, place) in [
        (json!({}), "/user_id"),
        (json!({"bot_id": Uuid::now_v7()}), "/bot_id"),
        (json!({"user_id": agent.id, "bot_id": Uuid::now_v7()}), "/bot_id"),
        (json!({"user_id": "x"}), "/user_id"),
        (json!({"user_id": Uuid::now_v7()}), "/user_id"),
        (json!({"user_id": rival.id}), "/user_id"),
        (json!({"user_id": app.demo.user(Role::Client).id}), "/user_id"),
    ] {
        let problem =
            app.post(admin, &format!("{path}/connect"), body.clone()).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], place, "{body}");
    }
    let connected =
        app.post(admin, &format!("{path}/connect"), json!({"user_id": agent.id})).await.expect(200);
    assert_eq!(
        (&connected["connected"], &connected["endpoint"]),
        (&json!(true), &json!({"kind": "user", "id": agent.id}))
    );
    app.post(admin, &format!("{path}/connect"), json!({"user_id": app.demo.agent2.id}))
        .await
        .expect_problem(409, "number-connected");
    let second = create(&app, "+33199000002").await;
    command(&app, admin, &second, "assign").await.expect(200);
    app.post(admin, &format!("{second}/connect"), json!({"user_id": agent.id}))
        .await
        .expect_problem(409, "user-has-number");
    command(&app, admin, &path, "release").await.expect_problem(409, "number-connected");
    let stale = app
        .request(Method::POST, &format!("{path}/disconnect"))
        .bearer(&admin.token)
        .header("if-match", "\"1\"");
    stale.json(&json!({})).send().await.expect_problem(412, "stale-version");
    assert_eq!(command(&app, admin, &path, "disconnect").await.expect(200)["endpoint"], Value::Null);
    command(&app, admin, &path, "disconnect").await.expect_problem(409, "number-not-connected");
    // Released: nobody's for a while, visible to the platform admin only.
    let released = command(&app, admin, &path, "release").await.expect(200);
    assert_eq!(released["status"], "reserved");
    assert!(released["quarantined_until"].is_string());
    for user in [admin, rival] {
        app.get(user, &path).await.expect_problem(404, "not-found");
        command(&app, user, &path, "assign").await.expect_problem(404, "not-found");
        assert!(
            !app.get(user, "/api/v1/phone-numbers").await.expect(200).to_string().contains("+33199000001")
        );
    }
    assert_eq!(app.get(&app.platform, &path).await.expect(200)["status"], "reserved");
    let history = app.get(&app.platform, &format!("{path}/assignments")).await.expect(200);
    assert_eq!(history["items"][0]["tenant_id"], json!(app.demo.id));
    assert!(history["items"][0]["released_at"].is_string());
    // Over: the pool again, for everybody.
    let mut connection = app.database.superuser().await;
    sqlx::query("UPDATE phone_numbers SET quarantined_until = now() - interval '1 second' WHERE quarantined_until IS NOT NULL").execute(&mut connection).await.unwrap();
    assert_eq!(command(&app, rival, &path, "assign").await.expect(200)["status"], "assigned");
    assert_eq!(
        app.get(&app.platform, &format!("{path}/assignments")).await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        app.get(rival, &format!("{path}/assignments")).await.expect(200)["items"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn of_two_tenants_that_want_one_line_one_gets_it() {
    let app = App::new().await;
    let (ours, theirs) = (app.demo.user(Role::OrgAdmin), app.rival.user(Role::OrgAdmin));
    for n in 0..20 {
        let path = create(&app, &format!("+331990001{n:02}")).await;
        let both = futures::future::join_all((0..4).map(|k| {
            let (app, path) = (&app, &path);
            let user = if k % 2 == 0 { ours } else { theirs };
            async move { command(app, user, path, "assign").await.status }
        }))
        .await;
        let mut sorted = both.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [200, 409, 409, 409], "{both:?}");
    }
    let count = |user: &TestUser| {
        let (app, user) = (&app, user.clone());
        async move {
            app.get(&user, "/api/v1/phone-numbers?status=assigned&count=true").await.expect(200)["count"]["value"].as_i64().unwrap()
        }
    };
    assert_eq!(count(ours).await + count(theirs).await, 20);
    // One person, two lines at once: one connects.
    let agent = app.demo.user(Role::Agent);
    let lines = [create(&app, "+33199000201").await, create(&app, "+33199000202").await];
    for line in &lines {
        command(&app, ours, line, "assign").await.expect(200);
    }
    let statuses =
        futures::future::join_all(
            lines.iter().map(|line| {
                let app = &app;
                async move {
                    app.post(ours, &format!("{line}/connect"), json!({"user_id": agent.id})).await.status
                }
            }),
        )
        .await;
    let mut sorted = statuses.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [200, 409]);
}

#[tokio::test]
async fn the_platform_admin_keeps_the_inventory() {
    let app = App::new().await;
    let owner = app.demo.user(Role::OrgOwner);
    let good = json!({"number": "+33199000001", "country": "FR"});
    app.post(owner, "/api/v1/phone-numbers", good.clone()).await.expect_problem(403, "forbidden");
    let made = app.post(&app.platform, "/api/v1/phone-numbers", good.clone()).await.expect(201);
    assert_eq!(
        (&made["monthly_cost"], &made["currency"], &made["provider"]),
        (&json!("0.00"), &json!("USD"), &json!("twilio"))
    );
    app.post(&app.platform, "/api/v1/phone-numbers", good.clone()).await.expect_problem(409, "number-exists");
    for (field, value) in [
        ("number", json!("0199000001")),
        ("number", json!("+3319900000a")),
        ("number", json!("+0199000001")),
        ("number", json!("+1234567890123456")),
        ("number", json!("")),
        ("country", json!("fr")),
        ("country", json!("FRA")),
        ("country", json!("XX")),
        ("monthly_cost", json!("-1")),
        ("monthly_cost", json!("1.234")),
        ("monthly_cost", json!("many")),
        ("monthly_cost", json!("99999999999")),
        ("currency", json!("euro")),
        ("currency", json!("ABC")),
        ("provider", json!("")),
        ("region", json!("x".repeat(101))),
        ("capabilities", json!(["voice"])),
        ("status", json!("assigned")),
        ("tenant_id", json!(app.demo.id)),
    ] {
        let mut body = good.clone();
        body["number"] = json!("+33199000077");
        body[field] = value.clone();
        app.post(&app.platform, "/api/v1/phone-numbers", body).await.expect_problem(422, "validation");
    }
    let path = format!("/api/v1/phone-numbers/{}", made["id"].as_str().unwrap());
    // A tenant changes nothing of what a line is or costs.
    app.patch(owner, &path, json!({"monthly_cost": "0"})).await.expect_problem(403, "forbidden");
    app.delete(owner, &path).await.expect_problem(403, "forbidden");
    command(&app, owner, &path, "reserve").await.expect_problem(403, "forbidden");
    let changed =
        app.patch(&app.platform, &path, json!({"monthly_cost": 2.5, "region": "Lyon"})).await.expect(200);
    assert_eq!((&changed["monthly_cost"], &changed["region"]), (&json!("2.50"), &json!("Lyon")));
    // Held for a tenant: that one takes it, the other does not see it.
    command(&app, &app.platform, &path, "reserve").await.expect_problem(403, "tenant-required");
    let in_demo = |name: &str| {
        app.request(Method::POST, &format!("{path}/{name}"))
            .bearer(&app.platform.token)
            .header("x-tenant", "demo")
            .json(&json!({}))
            .send()
    };
    assert_eq!(in_demo("reserve").await.expect(200)["status"], "reserved");
    in_demo("reserve").await.expect_problem(409, "number-taken");
    app.get(app.rival.user(Role::OrgOwner), &path).await.expect_problem(404, "not-found");
    assert_eq!(app.get(owner, &path).await.expect(200)["status"], "reserved");
    assert_eq!(command(&app, owner, &path, "assign").await.expect(200)["status"], "assigned");
    app.delete(&app.platform, &path).await.expect_problem(409, "number-taken");
    command(&app, owner, &path, "release").await.expect(200);
    assert_eq!(command(&app, &app.platform, &path, "release").await.expect(200)["status"], "available");
    app.delete(&app.platform, &path).await.expect(204);
    app.get(owner, &path).await.expect_problem(404, "not-found");
    app.post(&app.platform, "/api/v1/phone-numbers", good).await.expect(201);
}

#[tokio::test]
async fn lines_are_listed_filtered_and_searched() {
    let app = App::with_config(|config| config.quarantine = Duration::ZERO).await;
    let admin = app.demo.user(Role::OrgAdmin);
    let mut paths = Vec::new();
    for n in 1..=5 {
        paths.push(create(&app, &format!("+3319900000{n}")).await);
    }
    let other = json!({"number": "+14155550100", "country": "US", "region": "California"});
    app.post(&app.platform, "/api/v1/phone-numbers", other).await.expect(201);
    command(&app, admin, &paths[0], "assign").await.expect(200);
    command(&app, admin, &paths[1], "assign").await.expect(200);
    command(&app, app.rival.user(Role::OrgAdmin), &paths[2], "assign").await.expect(200);
    app.post(admin, &format!("{}/connect", paths[0]), json!({"user_id": app.demo.agent2.id}))
        .await
        .expect(200);
    let found = |user: &TestUser, query: &str| {
        let (app, user, path) = (&app, user.clone(), format!("/api/v1/phone-numbers?{query}"));
        async move {
            let page = app.get(&user, &path).await.expect(200);
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|line| line["number"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(
        found(admin, "sort=number").await,
        ["+14155550100", "+33199000001", "+33199000002", "+33199000004", "+33199000005"]
    );
    assert_eq!(found(admin, "status=assigned&sort=-number").await, ["+33199000002", "+33199000001"]);
    assert_eq!(found(admin, "status=available&country=fr").await.len(), 2);
    assert_eq!(found(admin, "region=california").await, ["+14155550100"]);
    assert_eq!(found(admin, "connected=true").await, ["+33199000001"]);
    assert_eq!(found(admin, "q=01%2099%2000%2000%2004").await, ["+33199000004"]);
    assert_eq!(found(admin, "search=415").await, ["+14155550100"]);
    assert!(found(admin, "q=nobody").await.is_empty());
    assert_eq!(found(&app.platform, "").await.len(), 6);
    app.get(admin, "/api/v1/phone-numbers?status=lost").await.expect_problem(400, "bad-parameter");
    app.get(app.demo.user(Role::Client), "/api/v1/phone-numbers").await.expect_problem(403, "forbidden");
    // No quarantine: released is in the pool at the next look.
    command(&app, admin, &paths[1], "release").await.expect(200);
    assert_eq!(found(admin, "status=available&country=FR").await.len(), 3);
}

#[tokio::test]
async fn who_loses_a_line_to_a_hold_has_lost_a_race() {
    let app = App::new().await;
    let path = create(&app, "+33199000001").await;
    let hold = app
        .request(Method::POST, &format!("{path}/reserve"))
        .bearer(&app.platform.token)
        .header("x-tenant", "demo")
        .json(&json!({}));
    hold.send().await.expect(200);
    let rival = app.rival.user(Role::OrgOwner);
    command(&app, rival, &path, "assign").await.expect_problem(409, "number-taken");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    command(&app, rival, &path, "assign").await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn who_acts_for_a_tenant_sees_what_it_sees() {
    let app = App::new().await;
    let (ours, theirs, pool) = (
        create(&app, "+33199000001").await,
        create(&app, "+33199000002").await,
        create(&app, "+33199000003").await,
    );
    command(&app, app.demo.user(Role::OrgAdmin), &ours, "assign").await.expect(200);
    command(&app, app.rival.user(Role::OrgAdmin), &theirs, "assign").await.expect(200);
    let acting = async |method: Method, path: &str| {
        let request = app.request(method, path).bearer(&app.platform.token).header("x-tenant", "demo");
        request.send().await
    };
    let listed = acting(Method::GET, "/api/v1/phone-numbers?sort=number").await.expect(200);
    let numbers: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|line| line["number"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["+33199000001", "+33199000003"]);
    let figures = acting(Method::GET, "/api/v1/phone-number-summary").await.expect(200);
    assert_eq!((&figures["assigned"], &figures["available"]), (&json!(1), &json!(1)));
    acting(Method::GET, &pool).await.expect(200);
    acting(Method::GET, &theirs).await.expect_problem(404, "not-found");
    acting(Method::GET, &format!("{theirs}/assignments")).await.expect_problem(404, "not-found");
    acting(Method::POST, &format!("{theirs}/release")).await.expect_problem(404, "not-found");
    assert_eq!(acting(Method::POST, &format!("{ours}/release")).await.expect(200)["status"], "reserved");
    // For no tenant: all of it, as ever.
    let all = app.get(&app.platform, "/api/v1/phone-number-summary").await.expect(200);
    assert_eq!((&all["assigned"], &all["reserved"], &all["available"]), (&json!(1), &json!(1), &json!(1)));
}

/// A line is locked before its history, by every move: here while somebody else has the line.
#[tokio::test]
async fn every_move_locks_the_line_first() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let path = create(&app, "+33199000001").await;
    command(&app, admin, &path, "assign").await.expect(200);
    app.post(admin, &format!("{path}/connect"), json!({"user_id": agent.id})).await.expect(200);
    let mut holder = app.database.superuser().await;
    let mut held = sqlx::Connection::begin(&mut holder).await.unwrap();
    sqlx::query("SELECT id FROM phone_numbers FOR UPDATE").execute(&mut *held).await.unwrap();
    let deactivate = format!("/api/v1/users/{}/deactivate", agent.id);
    let moves = async { app.post(admin, &deactivate, json!({})).await.expect(200) };
    let look = async {
        let mut watcher = app.database.superuser().await;
        let waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock')";
        while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(&mut watcher).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let history =
            sqlx::query("SELECT id FROM number_connections FOR UPDATE NOWAIT").execute(&mut watcher).await;
        held.commit().await.unwrap();
        history.expect("the history is not locked while the line is waited for");
    };
    tokio::join!(moves, look);
}
