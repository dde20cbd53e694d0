//! Replies and internal notes.

use serde_json::{Value, json};
use switchroom_api::testing::App;
use switchroom_core::Role;

use super::{file, path, pointer};

#[tokio::test]
async fn replies_answer_notes_stay_inside() {
    let app = App::new().await;
    let (agent, client) = (app.demo.user(Role::Agent), app.demo.user(Role::Client));
    let ticket = file(&app, client, json!({})).await;
    let replies = format!("{}/replies", path(&ticket));
    let status = || async { app.get(agent, &path(&ticket)).await.expect(200) };
    app.post(client, &replies, json!({"body": "hello?"})).await.expect(201);
    app.post(agent, &replies, json!({"body": "a drunk again", "visibility": "internal"})).await.expect(201);
    let now = status().await;
    assert_eq!((&now["status"], &now["first_response_at"]), (&json!("new"), &Value::Null));
    app.post(client, &replies, json!({"body": "x", "visibility": "internal"}))
        .await
        .expect_problem(403, "forbidden");
    let html = "<p>Hi</p><script>alert(1)</script>";
    let first = app.post(agent, &replies, json!({"body": html, "format": "html"})).await.expect(201);
    assert_eq!(
        (&first["body"], &first["format"], &first["visibility"], &first["is_solution"]),
        (&json!(html), &json!("html"), &json!("public"), &json!(false))
    );
    let now = status().await;
    assert_eq!(now["status"], "answered");
    let stamped = now["first_response_at"].clone();
    assert!(stamped.is_string());
    app.post(agent, &replies, json!({"body": "try this", "is_solution": true})).await.expect(201);
    app.post(agent, &replies, json!({"body": "or that", "is_solution": true})).await.expect(201);
    assert_eq!(status().await["first_response_at"], stamped);
    // The customer's answer wakes a waiting ticket that somebody has.
    app.post(agent, &format!("{}/take", path(&ticket)), json!({})).await.expect(200);
    app.post(agent, &format!("{}/status", path(&ticket)), json!({"status": "waiting_for_response"}))
        .await
        .expect(200);
    app.post(client, &replies, json!({"body": "works"})).await.expect(201);
    assert_eq!(status().await["status"], "in_progress");
    // Who reads what.
    let all = app.get(agent, &replies).await.expect(200);
    let all = all["items"].as_array().unwrap();
    assert_eq!(all.len(), 6);
    assert_eq!(
        all.iter()
            .filter(|reply| reply["is_solution"] == true)
            .map(|reply| reply["body"].clone())
            .collect::<Vec<_>>(),
        ["or that"]
    );
    assert_eq!(
        app.get(agent, &format!("{replies}?visibility=internal")).await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for query in ["", "?visibility=internal", "?visibility=public"] {
        let seen = app.get(client, &format!("{replies}{query}")).await.expect(200);
        assert_eq!(seen["items"].as_array().unwrap().len(), 5, "{query}");
        assert!(!seen.to_string().contains("drunk"));
    }
    let page = app.get(agent, &format!("{replies}?limit=4")).await.expect(200);
    let rest = app
        .get(agent, &format!("{replies}?limit=4&cursor={}", page["next_cursor"].as_str().unwrap()))
        .await
        .expect(200);
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (2, &Value::Null));
    let timeline = format!("{}/activities", path(&ticket));
    let kinds = |body: Value| {
        body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["type"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let staff = kinds(app.get(agent, &timeline).await.expect(200));
    assert_eq!(staff.iter().filter(|kind| *kind == "comment").count(), 6);
    assert_eq!(staff[0], "created");
    for kind in ["status_change", "agent_assignment"] {
        assert!(staff.iter().any(|found| found == kind), "{kind}");
    }
    assert_eq!(kinds(app.get(client, &timeline).await.expect(200)).len(), staff.len() - 1);
    // A closed ticket takes no more; wrong bodies are told.
    for (body, place) in [
        (json!({"body": ""}), "/body"),
        (json!({"body": "x".repeat(50_001)}), "/body"),
        (json!({"body": "x", "format": "pdf"}), "/format"),
        (json!({"body": "x", "visibility": "secret"}), "/visibility"),
        (json!({"body": "x", "visibility": "internal", "is_solution": true}), "/is_solution"),
    ] {
        assert_eq!(pointer(&app.post(agent, &replies, body).await.expect_problem(422, "validation")), place);
    }
    app.post(client, &replies, json!({"body": "x", "is_solution": true}))
        .await
        .expect_problem(403, "forbidden");
    app.post(agent, &format!("{}/close", path(&ticket)), json!({"reason": "done"})).await.expect(200);
    for user in [agent, client] {
        app.post(user, &replies, json!({"body": "one more thing"}))
            .await
            .expect_problem(409, "ticket-closed");
    }
}
