//! Teams with members and leads, and the internal telephone book.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::App;
use switchroom_core::Role;

#[tokio::test]
async fn a_team_from_first_to_last() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let made = app.post(admin, "/api/v1/teams", json!({"name": " Support ", "description": ""})).await;
    let location = made.header("location").to_owned();
    let made = made.expect(201);
    assert_eq!(
        (&made["name"], &made["description"], &made["size"]),
        (&json!("Support"), &Value::Null, &json!(0))
    );
    app.post(admin, "/api/v1/teams", json!({"name": "SUPPORT"})).await.expect_problem(409, "team-exists");
    let place = format!("{location}/members/{}", agent.id);
    let put = |body: Value| app.request(Method::PUT, &place).bearer(&admin.token).json(&body).send();
    put(json!({})).await.expect(200);
    put(json!({"is_lead": true})).await.expect(200);
    let team = put(json!({"is_lead": true})).await.expect(200);
    assert_eq!(team["size"], 1);
    assert_eq!(
        (&team["members"][0]["user_id"], &team["members"][0]["is_lead"]),
        (&json!(agent.id), &json!(true))
    );
    let second = format!("{location}/members/{}", app.demo.agent2.id);
    app.request(Method::PUT, &second).bearer(&admin.token).send().await.expect(200);
    let mine = app.get(agent, &format!("/api/v1/teams?user_id={}", agent.id)).await.expect(200);
    assert_eq!(mine["items"][0]["size"], 2);
    let none = app.get(agent, &format!("/api/v1/teams?user_id={}", admin.id)).await.expect(200);
    assert_eq!(none["items"], json!([]));
    // Another tenant's people and teams are absent.
    let stranger = format!("{location}/members/{}", app.rival.user(Role::Agent).id);
    app.request(Method::PUT, &stranger).bearer(&admin.token).json(&json!({})).send().await.expect(404);
    for (method, path) in [
        (Method::GET, location.clone()),
        (Method::PATCH, location.clone()),
        (Method::DELETE, location.clone()),
        (Method::PUT, place.clone()),
    ] {
        let rival = &app.rival.user(Role::OrgOwner).token;
        app.request(method, &path).bearer(rival).json(&json!({})).send().await.expect(404);
    }
    for user in [agent, app.demo.user(Role::Supervisor)] {
        app.patch(user, &location, json!({"name": "Mine"})).await.expect(403);
    }
    app.get(app.demo.user(Role::Client), "/api/v1/teams").await.expect(403);
    let changed = app.patch(admin, &location, json!({"name": "Help desk"})).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    app.delete(admin, &place).await.expect(204);
    app.delete(admin, &place).await.expect(404);
    let lines = app.get(admin, "/api/v1/audit?action=team_member.*").await.expect(200);
    let actions: Vec<&str> =
        lines["items"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["team_member.deleted", "team_member.created", "team_member.changed", "team_member.created"]
    );
    app.delete(admin, &location).await.expect(204);
    app.get(admin, &location).await.expect(404);
    app.post(admin, "/api/v1/teams", json!({"name": "Help desk"})).await.expect(201);
}

#[tokio::test]
async fn teams_are_listed_by_name_page_by_page() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    for name in ["b", "A", "c", "É", "a b"] {
        app.post(admin, "/api/v1/teams", json!({"name": name})).await.expect(201);
    }
    let (mut seen, mut path) = (Vec::new(), "/api/v1/teams?limit=2".to_owned());
    loop {
        let page = app.get(admin, &path).await.expect(200);
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|team| team["name"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/teams?limit=2&cursor={cursor}");
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
    assert_eq!(seen[..3], ["A", "a b", "b"]);
    assert_eq!(app.get(admin, "/api/v1/teams?q=B").await.expect(200)["items"].as_array().unwrap().len(), 2);
    for bad in [
        json!({}),
        json!({"name": " "}),
        json!({"name": "x".repeat(101)}),
        json!({"name": "a", "description": "x".repeat(501)}),
    ] {
        app.post(admin, "/api/v1/teams", bad).await.expect(422);
    }
}

#[tokio::test]
async fn extensions_are_the_telephone_book() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let path = format!("/api/v1/users/{}", admin.id);
    app.patch(admin, &path, json!({"extension": "9999"})).await.expect(200);
    app.patch(admin, &path, json!({"extension": "201"})).await.expect_problem(409, "extension-taken");
    let (mut seen, mut path) = (Vec::new(), "/api/v1/extensions?limit=1".to_owned());
    loop {
        let page = app.get(agent, &path).await.expect(200);
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["extension"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/extensions?limit=1&cursor={cursor}");
    }
    assert_eq!(seen, ["201", "202", "9999"]);
    app.get(app.demo.user(Role::Client), "/api/v1/extensions").await.expect(403);
}
