//! The figures above the lists of contacts.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use serde_json::{Value, json};
use switchroom_api::testing::App;
use switchroom_core::Role;

fn figures(pending: i64, active: i64, suspended: i64, inactive: i64) -> Value {
    let count = |value: i64| json!({"value": value, "exact": true});
    json!({"pending": count(pending), "active": count(active), "suspended": count(suspended), "inactive": count(inactive)})
}

#[tokio::test]
async fn contacts_are_counted_by_where_they_stand() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let path = "/api/v1/contact-summary";
    let none = figures(0, 0, 0, 0);
    assert_eq!(
        app.get(agent, path).await.expect(200),
        json!({"individual": none, "organization": none, "organization_contact": none, "email_contact": none})
    );
    let made = async |path: &str, body: Value| app.post(admin, path, body).await.expect(201);
    for (name, status) in [("A", "active"), ("B", "active"), ("C", "pending"), ("D", "inactive")] {
        let body = json!({"full_name": name, "phones": [], "status": status});
        made("/api/v1/individuals", body).await;
    }
    let suspended = made("/api/v1/individuals", json!({"full_name": "E", "phones": []})).await;
    let suspended = format!("/api/v1/individuals/{}", suspended["id"].as_str().unwrap());
    app.post(admin, &format!("{suspended}/status"), json!({"status": "suspended"})).await.expect(200);
    let gone = made("/api/v1/individuals", json!({"full_name": "F", "phones": []})).await;
    app.delete(admin, &format!("/api/v1/individuals/{}", gone["id"].as_str().unwrap())).await.expect(204);
    let acme =
        made("/api/v1/organizations", json!({"name": "Acme", "phones": [], "status": "pending"})).await;
    let people = format!("/api/v1/organizations/{}/contacts", acme["id"].as_str().unwrap());
    made(&people, json!({"full_name": "Ann", "phones": []})).await;
    made(
        "/api/v1/email-contacts",
        json!({"name": "Mo", "email": "mo@x.example", "phones": [], "is_active": false}),
    )
    .await;
    let theirs = json!({"full_name": "Theirs", "phones": []});
    app.post(app.rival.user(Role::OrgAdmin), "/api/v1/individuals", theirs).await.expect(201);
    let counted = app.get(agent, path).await.expect(200);
    assert_eq!(
        counted,
        json!({"individual": figures(1, 2, 1, 1), "organization": figures(1, 0, 0, 0),
               "organization_contact": figures(0, 1, 0, 0), "email_contact": figures(0, 0, 0, 1)})
    );
    // As many as the list finds.
    for status in ["pending", "active", "suspended", "inactive"] {
        let list =
            app.get(agent, &format!("/api/v1/individuals?status={status}&count=true")).await.expect(200);
        assert_eq!(list["count"], counted["individual"][status], "{status}");
    }
    let rival = app.get(app.rival.user(Role::Agent), path).await.expect(200);
    assert_eq!(rival["individual"], figures(0, 1, 0, 0));
    // Whoever may not read a kind is told no figure of it; a client none at all.
    sqlx::query("UPDATE memberships SET module_individuals = false WHERE user_id = $1")
        .bind(app.demo.agent2.id.0)
        .execute(&mut app.database.superuser().await)
        .await
        .unwrap();
    let counted = app.get(&app.demo.agent2, path).await.expect(200);
    assert_eq!((&counted["individual"], &counted["organization"]), (&Value::Null, &figures(1, 0, 0, 0)));
    app.get(app.demo.user(Role::Client), path).await.expect_problem(403, "forbidden");
}

/// A figure stops where every count stops, and says so.
#[tokio::test]
async fn figures_are_bounded() {
    let app = App::new().await;
    sqlx::query(
        "INSERT INTO individuals (id, tenant_id, full_name, status, is_active)
         SELECT gen_random_uuid(), $1, 'N' || n, CASE WHEN n > 10001 THEN 'inactive' ELSE 'active' END, n <= 10001
           FROM generate_series(1, 20001) n",
    )
    .bind(app.demo.id.0)
    .execute(&mut app.database.superuser().await)
    .await
    .unwrap();
    let counted = app.get(app.demo.user(Role::Agent), "/api/v1/contact-summary").await.expect(200);
    assert_eq!(counted["individual"]["active"], json!({"value": 10_000, "exact": false}));
    assert_eq!(counted["individual"]["inactive"], json!({"value": 10_000, "exact": true}));
}
