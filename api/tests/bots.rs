//! Bots over HTTP: what they are, and the lines that ring them.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::{App, Reply, TestUser};
use switchroom_core::Role;
use uuid::Uuid;

async fn bot(app: &App, name: &str) -> (String, Value) {
    let reply = app.post(app.demo.user(Role::OrgAdmin), "/api/v1/bots", json!({"name": name})).await;
    let path = reply.header("location").to_owned();
    let made = reply.expect(201);
    (path, made["id"].clone())
}

/// A line of the demo tenant.
async fn line(app: &App, number: &str) -> String {
    let body = json!({"number": number, "country": "FR"});
    let reply = app.post(&app.platform, "/api/v1/phone-numbers", body).await;
    let path = reply.header("location").to_owned();
    reply.expect(201);
    command(app, &path, "assign", json!({})).await.expect(200);
    path
}

async fn command(app: &App, path: &str, name: &str, body: Value) -> Reply {
    app.post(app.demo.user(Role::OrgAdmin), &format!("{path}/{name}"), body).await
}

#[tokio::test]
async fn the_life_of_a_bot() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    for (body, place) in [
        (json!({}), ""),
        (json!({"name": " "}), "/name"),
        (json!({"name": "x".repeat(101)}), "/name"),
        (json!({"name": "Night", "description": "x".repeat(501)}), "/description"),
        (json!({"name": "Night", "prompt": "x".repeat(20_001)}), "/prompt"),
        (json!({"name": "Night", "sip_uri": "tel:+33199000001"}), "/sip_uri"),
        (json!({"name": "Night", "sip_uri": "sip:a b@x.example"}), "/sip_uri"),
        (json!({"name": "Night", "number": "+33199000001"}), "/number"),
    ] {
        let problem = app.post(admin, "/api/v1/bots", body.clone()).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], place, "{body}");
    }
    let body = json!({"name": " Night ", "description": "", "prompt": "Be brief.", "sip_uri": "sip:night@bots.example"});
    let reply = app.post(admin, "/api/v1/bots", body).await;
    let path = reply.header("location").to_owned();
    let made = reply.expect(201);
    for (field, value) in [
        ("name", json!("Night")),
        ("description", Value::Null),
        ("prompt", json!("Be brief.")),
        ("sip_uri", json!("sip:night@bots.example")),
        ("is_active", json!(true)),
        ("number", Value::Null),
        ("version", json!(1)),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    app.post(admin, "/api/v1/bots", json!({"name": "NIGHT"})).await.expect_problem(409, "bot-exists");
    // Staff see it, with its prompt where one is asked for; nobody else's does, and clients see none.
    let listed = app.get(agent, "/api/v1/bots?q=nig").await.expect(200);
    assert_eq!(listed["items"][0]["id"], made["id"]);
    assert!(listed["items"][0].get("prompt").is_none(), "{listed}");
    assert_eq!(app.get(agent, &path).await.expect(200)["prompt"], "Be brief.");
    app.get(app.rival.user(Role::OrgOwner), &path).await.expect_problem(404, "not-found");
    app.get(app.demo.user(Role::Client), "/api/v1/bots").await.expect_problem(403, "forbidden");
    app.post(agent, "/api/v1/bots", json!({"name": "Mine"})).await.expect_problem(403, "forbidden");

    let conditional =
        |version: &str| app.request(Method::PATCH, &path).bearer(&admin.token).header("if-match", version);
    let change = json!({"prompt": "Be kind.", "sip_uri": null});
    let changed = conditional("\"1\"").json(&change).send().await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["prompt"], &changed["sip_uri"], &changed["version"]),
        (&json!("Night"), &json!("Be kind."), &Value::Null, &json!(2))
    );
    conditional("\"1\"").json(&change).send().await.expect_problem(412, "stale-version");
    app.patch(admin, &path, json!({"name": null})).await.expect_problem(422, "validation");
    app.patch(admin, &path, json!({"is_active": false})).await.expect_problem(422, "validation");
    let (_, other) = bot(&app, "Day").await;
    app.patch(admin, &path, json!({"name": "day"})).await.expect_problem(409, "bot-exists");

    // Off and on again; twice is once.
    let off = command(&app, &path, "deactivate", json!({})).await.expect(200);
    assert_eq!((&off["is_active"], &off["version"]), (&json!(false), &json!(3)));
    assert_eq!(command(&app, &path, "deactivate", json!({})).await.expect(200)["version"], 3);
    let active = app.get(agent, "/api/v1/bots?is_active=true").await.expect(200);
    assert_eq!(active["items"].as_array().unwrap().len(), 1);
    assert_eq!(active["items"][0]["id"], other);
    assert_eq!(command(&app, &path, "activate", json!({})).await.expect(200)["is_active"], true);

    let stale = app.request(Method::DELETE, &path).bearer(&admin.token).header("if-match", "\"3\"");
    stale.send().await.expect_problem(412, "stale-version");
    app.delete(admin, &path).await.expect(204);
    app.delete(admin, &path).await.expect_problem(404, "not-found");
    app.get(admin, &path).await.expect_problem(404, "not-found");
    // Its name is free again, and the log has its whole life.
    bot(&app, "Night").await;
    let log = app
        .get(admin, &format!("/api/v1/audit?object_id={}", made["id"].as_str().unwrap()))
        .await
        .expect(200);
    let actions: Vec<&str> =
        log["items"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["bot.deleted", "bot.changed", "bot.changed", "bot.changed", "bot.created"]);
}

#[tokio::test]
async fn a_line_rings_a_bot_or_a_person() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let (path, id) = bot(&app, "Night").await;
    let (first, second) = (line(&app, "+33199000001").await, line(&app, "+33199000002").await);
    let rivals = app.post(app.rival.user(Role::OrgOwner), "/api/v1/bots", json!({"name": "Theirs"})).await;
    let rivals = rivals.expect(201)["id"].clone();
    for (body, place) in [
        (json!({}), "/user_id"),
        (json!({"bot_id": Uuid::now_v7()}), "/bot_id"),
        (json!({"bot_id": rivals}), "/bot_id"),
        (json!({"bot_id": agent.id}), "/bot_id"),
        (json!({"user_id": id}), "/user_id"),
        (json!({"user_id": agent.id, "bot_id": id}), "/bot_id"),
    ] {
        let problem = command(&app, &first, "connect", body.clone()).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], place, "{body}");
    }
    let connected = command(&app, &first, "connect", json!({"bot_id": id})).await.expect(200);
    assert_eq!(connected["endpoint"], json!({"kind": "bot", "id": id}));
    assert_eq!(connected["connected"], true);
    command(&app, &second, "connect", json!({"bot_id": id})).await.expect_problem(409, "bot-has-number");
    command(&app, &first, "connect", json!({"user_id": agent.id}))
        .await
        .expect_problem(409, "number-connected");
    command(&app, &first, "release", json!({})).await.expect_problem(409, "number-connected");
    command(&app, &second, "connect", json!({"user_id": agent.id})).await.expect(200);

    // Wherever lines are counted, found and shown.
    let summary = app.get(agent, "/api/v1/phone-number-summary").await.expect(200);
    assert_eq!((&summary["connected"], &summary["connected_to_bots"]), (&json!(2), &json!(1)));
    for (query, number) in [
        ("endpoint=bot".to_owned(), "+33199000001"),
        ("endpoint=user".to_owned(), "+33199000002"),
        (format!("bot_id={}", id.as_str().unwrap()), "+33199000001"),
        (format!("user_id={}", agent.id), "+33199000002"),
    ] {
        let found = app.get(agent, &format!("/api/v1/phone-numbers?{query}")).await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{query}");
        assert_eq!(found["items"][0]["number"], number, "{query}");
    }
    app.get(agent, "/api/v1/phone-numbers?endpoint=cat").await.expect_problem(400, "bad-parameter");
    let shown = app.get(agent, "/api/v1/bots?connected=true").await.expect(200);
    assert_eq!(
        shown["items"][0]["number"],
        json!({"id": connected["id"], "number": "+33199000001", "country": "FR"})
    );
    assert_eq!(app.get(agent, "/api/v1/bots?connected=false").await.expect(200)["items"], json!([]));

    // Whoever is switched off gives the line back, and takes none.
    let off = command(&app, &path, "deactivate", json!({})).await.expect(200);
    assert_eq!(off["number"], Value::Null);
    assert_eq!(app.get(admin, &first).await.expect(200)["endpoint"], Value::Null);
    command(&app, &first, "connect", json!({"bot_id": id})).await.expect_problem(422, "validation");
    command(&app, &path, "activate", json!({})).await.expect(200);
    assert_eq!(app.get(admin, &first).await.expect(200)["endpoint"], Value::Null, "not by itself");
    command(&app, &first, "connect", json!({"bot_id": id})).await.expect(200);
    app.delete(admin, &path).await.expect(204);
    assert_eq!(app.get(admin, &first).await.expect(200)["connected"], false);
    command(&app, &first, "release", json!({})).await.expect(200);

    // Whom it rang is told by name, also of a bot that is gone.
    let times = app.get(&app.platform, &format!("{first}/connections")).await.expect(200);
    let times = times["items"].as_array().unwrap();
    assert_eq!(times.len(), 2);
    for time in times {
        assert_eq!(time["endpoint"], json!({"kind": "bot", "id": id, "name": "Night"}));
        assert_eq!(time["disconnected_by"], json!(admin.id));
    }
}

fn sorted(mut statuses: Vec<u16>) -> Vec<u16> {
    statuses.sort_unstable();
    statuses
}

#[tokio::test]
async fn of_all_who_want_a_line_or_a_bot_one_gets_it() {
    let app = App::new().await;
    let people: [&TestUser; 2] = [app.demo.user(Role::Agent), &app.demo.agent2];
    let mut bots = Vec::new();
    for n in 0..2 {
        bots.push(bot(&app, &format!("Bot {n}")).await);
    }
    let mut lines = Vec::new();
    for n in 0..3 {
        lines.push(line(&app, &format!("+3319900010{n}")).await);
    }
    // People and bots for one line.
    let wishes = people.iter().map(|user| json!({"user_id": user.id}));
    let wishes: Vec<Value> = wishes.chain(bots.iter().map(|(_, id)| json!({"bot_id": id}))).collect();
    for _ in 0..8 {
        let tries = wishes.iter().map(|wish| command(&app, &lines[0], "connect", wish.clone()));
        let statuses = futures::future::join_all(tries).await.into_iter().map(|reply| reply.status).collect();
        assert_eq!(sorted(statuses), [200, 409, 409, 409]);
        command(&app, &lines[0], "disconnect", json!({})).await.expect(200);
    }
    // Lines for one bot.
    let wish = json!({"bot_id": bots[0].1});
    for _ in 0..8 {
        let tries = lines.iter().map(|line| command(&app, line, "connect", wish.clone()));
        let statuses: Vec<u16> =
            futures::future::join_all(tries).await.into_iter().map(|reply| reply.status).collect();
        assert_eq!(sorted(statuses.clone()), [200, 409, 409]);
        let won = statuses.iter().position(|status| *status == 200).unwrap();
        // Switched off while somebody connects it: it has no line when both are done.
        command(&app, &lines[won], "disconnect", json!({})).await.expect(200);
        let (connected, off) = tokio::join!(
            command(&app, &lines[won], "connect", wish.clone()),
            command(&app, &bots[0].0, "deactivate", json!({}))
        );
        off.expect(200);
        assert!(matches!(connected.status, 200 | 422), "{}", connected.text);
        let line = app.get(people[0], &lines[won]).await.expect(200);
        assert_eq!(line["endpoint"], Value::Null, "a bot that is off holds no line");
        command(&app, &bots[0].0, "activate", json!({})).await.expect(200);
    }
}
