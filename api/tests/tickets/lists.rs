//! Editing, filtering, searching.

use serde_json::{Value, json};
use switchroom_api::testing::App;
use switchroom_core::Role;
use uuid::Uuid;

use super::{NUMBER, file, path};

#[tokio::test]
async fn editing_filtering_searching() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let agent = app.demo.user(Role::Agent);
    for (n, priority) in ["low", "urgent", "medium", "high"].into_iter().enumerate() {
        file(&app, admin, json!({"title": format!("Ticket {n} über Drucker"), "description": "paper-jam in room 7", "priority": priority})).await;
    }
    let get = |query: &str| {
        let (app, path) = (&app, format!("/api/v1/tickets?{query}"));
        async move { app.get(admin, &path).await }
    };
    let numbers = |body: Value| {
        body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["number"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(get("sort=-priority").await.expect(200)), [1002, 1004, 1003, 1001]);
    let page = get("sort=-priority&limit=2&count=true").await.expect(200);
    assert_eq!(page["count"], json!({"value": 4, "exact": true}));
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(
        numbers(get(&format!("sort=-priority&limit=2&cursor={cursor}")).await.expect(200)),
        [1003, 1001]
    );
    get(&format!("sort=number&cursor={cursor}")).await.expect_problem(400, "bad-cursor");
    for (query, found) in [
        ("q=drucker", 4),
        ("q=druck", 4),
        ("q=jam+ticket", 4),
        ("q=%231002", 1),
        ("q=1002", 1),
        ("q=nothing", 0),
        ("q=%27%3A*+%26+%7C", 0),
        ("q=%5C", 0),
        ("priority=low,high", 2),
        ("status=open", 4),
        ("status=new,closed", 0),
        ("assigned_to=none", 4),
        ("assigned_to=me", 0),
        ("requester=me", 0),
    ] {
        assert_eq!(numbers(get(query).await.expect(200)).len(), found, "{query}");
    }
    for bad in ["status=done", "priority=x", "assigned_to=x", "contact=x", "sort=title"] {
        get(bad).await.expect_problem(400, "bad-parameter");
    }
    let first = get("q=1001").await.expect(200)["items"][0].clone();
    let edited = app.patch(agent, &path(&first), json!({"subject": " New ", "description": null, "priority": "high", "customer_name": "Ada", "phone_number": "06 39 98 12 34"})).await.expect(200);
    assert_eq!(
        (&edited["title"], &edited["description"], &edited["priority"]),
        (&json!("New"), &Value::Null, &json!("high"))
    );
    assert_eq!(
        (&edited["caller"]["customer_name"], &edited["caller"]["phone_number"]),
        (&json!("Ada"), &json!(NUMBER))
    );
    for body in [
        json!({"title": null}),
        json!({"title": ""}),
        json!({"number": 7}),
        json!({"organization_id": Uuid::now_v7()}),
    ] {
        app.patch(agent, &path(&first), body).await.expect_problem(422, "validation");
    }
    let kinds: Vec<_> = app.get(agent, &format!("{}/activities", path(&first))).await.expect(200)["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].clone())
        .collect();
    assert_eq!(kinds, ["created", "priority_change", "edited"]);
}
