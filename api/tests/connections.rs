//! The doors: opened, shown, changed and closed by admins; secrets once; other tenants never.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::App;
use switchroom_core::Role;

#[tokio::test]
async fn the_life_of_a_connection() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let agent = app.demo.user(Role::Agent);
    let body =
        json!({"kind": "generic", "name": " Main ", "default_region": "de", "user_map": {"ada": agent.id}});
    let reply = app.post(admin, "/api/v1/connections", body).await;
    let path = reply.header("location").to_owned();
    assert_eq!(reply.header("etag"), "\"1\"");
    let made = reply.expect(201);
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    assert!(made["hook_url"].as_str().unwrap().starts_with("http://127.0.0.1:8080/hooks/"));
    assert_eq!(
        (&made["name"], &made["default_region"], &made["version"]),
        (&json!("Main"), &json!("DE"), &json!(1))
    );
    // Shown once; the address always.
    let shown = app.get(admin, &path).await.expect(200);
    assert!(shown.get("secret").is_none());
    assert_eq!(shown["hook_url"], made["hook_url"]);
    assert_eq!(shown["user_map"], json!({"ada": agent.id}));
    // Nothing of either stands in the database in the clear.
    let mut connection = app.database.superuser().await;
    let row: String = sqlx::query_scalar("SELECT c::text FROM connections c WHERE kind = 'generic'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let key = made["hook_url"].as_str().unwrap().rsplit('/').next().unwrap();
    for secret in [key, made["secret"].as_str().unwrap()] {
        assert!(!row.contains(secret) && !row.contains(&hex(secret)), "{row}");
    }
    // Change, under a version.
    let patch = |tag: &str, body: Value| {
        let call = app.request(Method::PATCH, &path).bearer(&admin.token).header("if-match", tag).json(&body);
        async move { call.send().await }
    };
    patch("\"7\"", json!({"name": "x"})).await.expect_problem(412, "stale-version");
    let changed =
        patch("\"1\"", json!({"name": "New", "default_region": null, "user_map": null})).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["default_region"], &changed["user_map"]),
        (&json!("New"), &Value::Null, &json!({}))
    );
    assert_eq!(changed["hook_url"], made["hook_url"]);
    let rotated = patch("\"2\"", json!({"secret": "whsec_bmV3"})).await.expect(200);
    assert_eq!((&rotated["hook_url"], &rotated["version"]), (&made["hook_url"], &json!(3)));
    patch("*", json!({"auth_token": "x"})).await.expect_problem(422, "validation");
    // Gone.
    app.delete(admin, &path).await.expect(204);
    app.get(admin, &path).await.expect_problem(404, "not-found");
    app.delete(admin, &path).await.expect(404);
    // A body that cannot be read does not hide that nothing is there.
    app.request(Method::PATCH, &path).bearer(&admin.token).raw("{").send().await.expect(404);
    let audit = app.get(admin, &format!("/api/v1/audit?limit=10&actor_id={}", admin.id)).await.expect(200);
    let actions: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|a| a["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["connection.deleted", "connection.changed", "connection.changed", "connection.created"]
    );
    assert!(!audit.to_string().contains("whsec_"));
    // That credentials were replaced is told; what they are is not.
    assert_eq!(
        (&audit["items"][1]["after"]["credentials"], &audit["items"][3]["after"]["name"]),
        (&json!("…"), &made["name"])
    );
    assert_eq!(audit["items"][2]["after"], json!({"name": "New", "default_region": null, "user_map": {}}));
}

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

#[tokio::test]
async fn every_kind_and_what_it_refuses() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for body in [
        json!({"kind": "twilio", "name": "a", "auth_token": "t"}),
        json!({"kind": "plivo", "name": "a", "auth_token": "t"}),
        json!({"kind": "telnyx", "name": "a", "public_key": key}),
        json!({"kind": "vonage", "name": "a", "signature_secret": "s"}),
        json!({"kind": "sipgate", "name": "a"}),
        json!({"kind": "zammad", "name": "a"}),
    ] {
        let made = app.post(admin, "/api/v1/connections", body).await.expect(201);
        assert!(made.get("secret").is_none());
    }
    let stranger = app.rival.user(Role::Agent).id;
    let table = [
        (json!({"kind": "generic", "name": "a", "secret": ""}), "/secret"),
        (json!({"kind": "generic", "name": ""}), "/name"),
        (json!({"kind": "generic"}), ""),
        (json!({"kind": "nokia", "name": "a"}), "/kind"),
        (json!({"kind": "sip", "name": "a"}), "/kind"),
        (json!({"kind": "twilio", "name": "a"}), "/auth_token"),
        (json!({"kind": "telnyx", "name": "a", "public_key": "x"}), "/public_key"),
        (json!({"kind": "generic", "name": "a", "default_region": "XX"}), "/default_region"),
        (json!({"kind": "generic", "name": "a", "default_region": "ZZ"}), "/default_region"),
        (json!({"kind": "generic", "name": "a", "user_map": {"x": stranger}}), "/user_map/x"),
        (json!({"kind": "generic", "name": "a", "user_map": {"a/b": "no id"}}), "/user_map/a~1b"),
        (json!({"kind": "generic", "name": "a\u{0}"}), "/name"),
    ];
    for (body, pointer) in table {
        let problem =
            app.post(admin, "/api/v1/connections", body.clone()).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    let list = app.get(admin, "/api/v1/connections?kind=sip&count=true").await.expect(200);
    assert_eq!(list["count"]["value"], 1);
    assert_eq!(list["items"][0]["hook_url"], Value::Null);
    let sip = format!("/api/v1/connections/{}", list["items"][0]["id"].as_str().unwrap());
    app.delete(admin, &sip).await.expect_problem(409, "built-in");
    app.patch(admin, &sip, json!({"name": "Door"})).await.expect(200);
    // Another tenant's is absent, whatever the method.
    let rival = app.rival.user(Role::OrgOwner);
    app.get(rival, &sip).await.expect(404);
    app.patch(rival, &sip, json!({"name": "x"})).await.expect(404);
    app.delete(rival, &sip).await.expect(404);
    app.get(admin, "/api/v1/connections/nonsense").await.expect(404);
}

#[tokio::test]
async fn an_idempotency_key_makes_one_of_many() {
    let app = App::new().await;
    let (admin, owner) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::OrgOwner));
    let body = json!({"kind": "generic", "name": "once"});
    let send = |token: &str, key: &str, body: &Value| {
        let call = app
            .request(Method::POST, "/api/v1/connections")
            .bearer(token)
            .header("idempotency-key", key)
            .json(body);
        async move { call.send().await }
    };
    let first = send(&admin.token, "k1", &body).await;
    let second = send(&admin.token, "k1", &body).await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.body, second.body, "the secret too");
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!((first.header("idempotency-replayed"), second.header("idempotency-replayed")), ("", "true"));
    send(&admin.token, "k1", &json!({"kind": "generic", "name": "other"}))
        .await
        .expect_problem(422, "idempotency-reused");
    send(&admin.token, "k2", &body).await.expect(201);
    send(&owner.token, "k1", &body).await.expect(201);
    send(&admin.token, "", &body).await.expect(400);
    send(&admin.token, &"k".repeat(256), &body).await.expect(400);
    // A refusal is an answer too, and a permission is asked first.
    send(&admin.token, "k3", &json!({"kind": "generic"})).await.expect(422);
    send(&admin.token, "k3", &json!({"kind": "generic"})).await.expect(422);
    send(&app.demo.user(Role::Agent).token, "k9", &body).await.expect(403);
    // The stored answer holds the secret sealed only.
    let mut connection = app.database.superuser().await;
    let rows: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT body FROM idempotency_keys").fetch_all(&mut connection).await.unwrap();
    assert!(rows.iter().all(|row| !String::from_utf8_lossy(row).contains("whsec_")));
    // While the first still runs, the others are told so; when it died, one takes its place.
    sqlx::query("UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL WHERE key = 'k2'")
        .execute(&mut connection)
        .await
        .unwrap();
    send(&admin.token, "k2", &body).await.expect_problem(409, "idempotency-running");
    sqlx::query("UPDATE idempotency_keys SET created_at = now() - interval '61 seconds' WHERE key = 'k2'")
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(send(&admin.token, "k2", &body).await.header("idempotency-replayed"), "");
    // A process that starts knows that it died.
    sqlx::query("UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL WHERE key = 'k2'")
        .execute(&mut connection)
        .await
        .unwrap();
    switchroom_api::housekeeping::at_start(&app.database.db).await.unwrap();
    let again = send(&admin.token, "k2", &body).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, ""));
    let kept = send(&admin.token, "k1", &body).await;
    assert_eq!(kept.header("idempotency-replayed"), "true", "what was answered stays answered");
    // After a day a key is new.
    sqlx::query("UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'k1'")
        .execute(&mut connection)
        .await
        .unwrap();
    send(&admin.token, "k1", &json!({"kind": "generic", "name": "another day"})).await.expect(201);
}

#[tokio::test]
async fn twenty_at_once_with_one_key_make_one() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let body = json!({"kind": "zammad", "name": "race"});
    let calls = (0..20).map(|_| {
        app.request(Method::POST, "/api/v1/connections")
            .bearer(&admin.token)
            .header("idempotency-key", "r")
            .json(&body)
            .send()
    });
    let replies = futures::future::join_all(calls).await;
    assert!(replies.iter().all(|reply| [201, 409].contains(&reply.status)));
    assert!(replies.iter().any(|reply| reply.status == 201));
    let list = app.get(admin, "/api/v1/connections?kind=zammad&count=true").await.expect(200);
    assert_eq!(list["count"]["value"], 1);
}
