//! Files of lines into the pool, the figures above the list, who held and whom rang a line when a call came.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use axum::http::Method;
use chrono::Utc;
use serde_json::{Value, json};
use switchroom_api::testing::{App, Reply, TestUser};
use switchroom_core::Role;
use uuid::Uuid;

async fn send(app: &App, user: &TestUser, query: &str, body: impl Into<axum::body::Body>) -> Reply {
    app.request(Method::POST, &format!("/api/v1/phone-number-imports{query}"))
        .bearer(&user.token)
        .header("content-type", "text/csv")
        .raw(body)
        .send()
        .await
}

async fn ended(app: &App, path: &str) -> Value {
    for _ in 0..600 {
        let import = app.get(&app.platform, path).await.expect(200);
        if import["finished_at"].is_string() {
            return import;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("an import that does not end");
}

#[tokio::test]
async fn a_file_of_lines_fills_the_pool() {
    let app = App::new().await;
    let mut file = String::from("number;country;region;monthly cost;currency;provider;sms;note\r\n");
    file.push_str("+33199000001;FR;Paris;1.50;EUR;telnyx;yes;first\r\n");
    file.push_str("01 99 00 00 02;;;;;;;\r\n");
    file.push_str("=HYPERLINK(1);FR;;;;;;\r\n");
    file.push_str("+33199000003;FR;;1.234;;;;\r\n");
    file.push_str("+33199000001;FR;;;;;;twice\r\n");
    for n in 0..5_000 {
        file.push_str(&format!("+3398765{n:04};FR;;0.10;EUR;telnyx;;\r\n"));
    }
    let reply = send(&app, &app.platform, "?name=lines.csv&region=FR", file.clone()).await;
    let path = reply.header("location").to_owned();
    let begun = reply.expect(201);
    assert_eq!((&begun["name"], &begun["size"]), (&json!("lines.csv"), &json!(file.len())));
    let done = ended(&app, &path).await;
    for (field, value) in [
        ("state", json!("done")),
        ("inserted", json!(5_002)),
        ("present", json!(1)),
        ("rejected", json!(2)),
        ("bytes_done", json!(file.len())),
        ("fault", Value::Null),
    ] {
        assert_eq!(done[field], value, "{field}");
    }
    let owner = app.demo.user(Role::OrgOwner);
    let first = app.get(owner, "/api/v1/phone-numbers?q=0199000001").await.expect(200)["items"][0].clone();
    for (field, value) in [
        ("region", json!("Paris")),
        ("monthly_cost", json!("1.50")),
        ("currency", json!("EUR")),
        ("provider", json!("telnyx")),
        ("capabilities", json!({"voice": true, "sms": true})),
        ("status", json!("available")),
    ] {
        assert_eq!(first[field], value, "{field}");
    }
    let rejects = app.get(&app.platform, &format!("{path}/rejects")).await;
    assert!(rejects.header("content-disposition").starts_with("attachment"));
    let lines: Vec<&str> = rejects.text.lines().collect();
    assert_eq!(lines[0], "line,reason,row");
    assert!(lines[1].starts_with("4,`=HYPERLINK(1)` is not a telephone number"), "{}", lines[1]);
    assert!(lines[1].ends_with(",'=HYPERLINK(1);FR;;;;;;"), "what could compute is text: {}", lines[1]);
    assert!(lines[2].starts_with("5,monthly_cost `1.234`"), "{}", lines[2]);
    assert_eq!(lines.len(), 3);
    // The same file again changes nothing.
    let again = send(&app, &app.platform, "?region=FR", file).await;
    let again = ended(&app, again.header("location")).await;
    assert_eq!(
        (&again["inserted"], &again["present"], &again["rejected"]),
        (&json!(0), &json!(5_003), &json!(2))
    );
    // Done is done.
    app.post(&app.platform, &format!("{path}/run"), json!({})).await.expect_problem(409, "import-running");
    assert_eq!(
        app.get(&app.platform, "/api/v1/phone-number-imports").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    app.delete(&app.platform, &path).await.expect(204);
    app.get(&app.platform, &path).await.expect_problem(404, "not-found");
    let log: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'numbers.imported'")
        .fetch_one(&mut app.database.superuser().await)
        .await
        .unwrap();
    assert_eq!(log, 2);
}

#[tokio::test]
async fn files_that_are_none_are_refused() {
    let app = App::new().await;
    let owner = app.demo.user(Role::OrgOwner);
    send(&app, owner, "", "number\n+33199000001\n").await.expect_problem(403, "forbidden");
    send(&app, &app.platform, "", "").await.expect_problem(400, "bad-request");
    send(&app, &app.platform, "?region=Paris", "number\n").await.expect_problem(400, "bad-parameter");
    let json = app.request(Method::POST, "/api/v1/phone-number-imports").bearer(&app.platform.token);
    json.json(&json!({})).send().await.expect_problem(415, "unsupported-media-type");
    let long = app
        .request(Method::POST, "/api/v1/phone-number-imports")
        .bearer(&app.platform.token)
        .header("content-type", "text/csv")
        .header("content-length", "99999999999");
    long.send().await.expect_problem(413, "too-large");
    assert_eq!(app.get(&app.platform, "/api/v1/phone-number-imports").await.expect(200)["items"], json!([]));
    // What cannot be read is said in the import, and it can be run again.
    let reply = send(&app, &app.platform, "", "country,region\nFR,Paris\n").await;
    let path = reply.header("location").to_owned();
    let failed = ended(&app, &path).await;
    assert_eq!(failed["state"], "failed");
    assert!(failed["fault"].as_str().unwrap().contains("`number`"));
    app.post(&app.platform, &format!("{path}/run"), json!({})).await.expect(200);
    assert_eq!(ended(&app, &path).await["state"], "failed");
    app.get(&app.platform, &format!("/api/v1/phone-number-imports/{}", Uuid::now_v7()))
        .await
        .expect_problem(404, "not-found");
}

#[tokio::test]
async fn the_four_cards() {
    let app = App::with_config(|config| config.quarantine = Duration::from_secs(3600)).await;
    let (owner, agent) = (app.demo.user(Role::OrgOwner), app.demo.user(Role::Agent));
    let mut paths = Vec::new();
    for (n, (cost, currency)) in
        [("1.50", "EUR"), ("2.25", "EUR"), ("3", "USD"), ("9", "GBP"), ("1", "EUR")].into_iter().enumerate()
    {
        let body = json!({"number": format!("+3319900000{n}"), "country": "FR", "monthly_cost": cost, "currency": currency});
        let reply = app.post(&app.platform, "/api/v1/phone-numbers", body).await;
        paths.push(reply.header("location").to_owned());
    }
    for path in &paths[..3] {
        app.post(owner, &format!("{path}/assign"), json!({})).await.expect(200);
    }
    app.post(app.rival.user(Role::OrgOwner), &format!("{}/assign", paths[3]), json!({})).await.expect(200);
    app.post(owner, &format!("{}/connect", paths[0]), json!({"user_id": agent.id})).await.expect(200);
    let cards = app.get(agent, "/api/v1/phone-number-summary").await.expect(200);
    assert_eq!(
        cards,
        json!({"assigned": 3, "connected": 1, "connected_to_bots": 0, "not_connected": 2, "available": 1, "reserved": 0,
               "monthly_cost": [{"currency": "EUR", "amount": "3.75", "lines": 2}, {"currency": "USD", "amount": "3.00", "lines": 1}]})
    );
    let all = app.get(&app.platform, "/api/v1/phone-number-summary").await.expect(200);
    assert_eq!((&all["assigned"], &all["available"]), (&json!(4), &json!(1)));
    app.get(app.demo.user(Role::Client), "/api/v1/phone-number-summary")
        .await
        .expect_problem(403, "forbidden");
    // Found by whom it rings, by its beginning and its end.
    for (query, found) in [
        (format!("user_id={}", agent.id), 1),
        ("prefix=%2B33199".to_owned(), 4),
        ("prefix=0033199".to_owned(), 4),
        ("prefix=99".to_owned(), 0),
        ("prefix=x".to_owned(), 0),
        ("suffix=02".to_owned(), 1),
        ("suffix=%25".to_owned(), 0),
    ] {
        let page = app.get(owner, &format!("/api/v1/phone-numbers?{query}")).await.expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), found, "{query}");
    }
    let theirs = app.get(&app.platform, &format!("/api/v1/phone-numbers?tenant_id={}", app.rival.id)).await;
    assert_eq!(theirs.expect(200)["items"][0]["tenant_id"], json!(app.rival.id));
    // Held back, and given free again before its time.
    app.post(owner, &format!("{}/release", paths[1]), json!({})).await.expect(200);
    let unreserve = format!("{}/unreserve", paths[1]);
    app.post(owner, &unreserve, json!({})).await.expect_problem(403, "forbidden");
    assert_eq!(app.post(&app.platform, &unreserve, json!({})).await.expect(200)["status"], "available");
    app.post(&app.platform, &unreserve, json!({})).await.expect_problem(409, "number-not-held");
}

#[tokio::test]
async fn a_past_call_shows_who_held_the_line_and_whom_it_rang() {
    let app = App::with_config(|config| config.quarantine = Duration::ZERO).await;
    let (owner, rival) = (app.demo.user(Role::OrgOwner), app.rival.user(Role::OrgOwner));
    let (agent, other) = (app.demo.user(Role::Agent), app.demo.agent2.clone());
    let reply = app
        .post(&app.platform, "/api/v1/phone-numbers", json!({"number": "+33199000001", "country": "FR"}))
        .await;
    let line = reply.header("location").to_owned();
    let number: Uuid = line.rsplit('/').next().unwrap().parse().unwrap();
    let mut superuser = app.database.superuser().await;
    let mut call = async |tenant: Uuid| {
        let id = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, number_id, started_at, fold)
             VALUES ($1, $2, $1, $1::text, 'inbound', 'ringing', $3, $4, '{}')",
        )
        .bind(id)
        .bind(tenant)
        .bind(number)
        .bind(Utc::now())
        .execute(&mut superuser)
        .await
        .unwrap();
        format!("/api/v1/calls/{id}")
    };
    let command = async |user: &TestUser, name: &str, body: Value| {
        app.post(user, &format!("{line}/{name}"), body).await.expect(200);
    };
    command(owner, "assign", json!({})).await;
    let unconnected = call(app.demo.id.0).await;
    command(owner, "connect", json!({"user_id": agent.id})).await;
    let first = call(app.demo.id.0).await;
    command(owner, "disconnect", json!({})).await;
    command(owner, "connect", json!({"user_id": other.id})).await;
    let second = call(app.demo.id.0).await;
    command(owner, "disconnect", json!({})).await;
    command(owner, "release", json!({})).await;
    command(rival, "assign", json!({})).await;
    let theirs = call(app.rival.id.0).await;
    assert_eq!(app.get(owner, &unconnected).await.expect(200)["line"]["endpoint"], Value::Null);
    for (path, user) in [(&first, &agent.id), (&second, &other.id)] {
        let then = app.get(owner, path).await.expect(200)["line"].clone();
        assert_eq!(then["endpoint"]["id"], json!(user), "{then}");
        assert_eq!(then["endpoint"]["kind"], "user");
        assert!(then["endpoint"]["name"].is_string() && then["held_until"].is_string(), "{then}");
    }
    let then = app.get(rival, &theirs).await.expect(200)["line"].clone();
    assert_eq!((&then["held_until"], &then["endpoint"]), (&Value::Null, &Value::Null));
    let times = app.get(&app.platform, &format!("{line}/connections")).await.expect(200);
    assert_eq!(times["items"].as_array().unwrap().len(), 2);
    assert_eq!(times["items"][0]["disconnected_by"], json!(owner.id));
    assert_eq!(app.get(rival, &format!("{line}/connections")).await.expect(200)["items"], json!([]));
    app.get(owner, &format!("{line}/connections")).await.expect_problem(404, "not-found");
}
