//! The audit log: every change with both values, reads of personal data, who, from where, by which request; nothing of
//! it can be changed or seen by the wrong people.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::{App, PASSWORD};
use switchroom_core::Role;

async fn lines(app: &App, query: &str) -> Vec<Value> {
    let admin = app.demo.user(Role::OrgAdmin);
    let page = app.get(admin, &format!("/api/v1/audit?{query}")).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_change_is_noted_with_both_values_by_the_transaction_that_makes_it() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let body = json!({"full_name": "Léa Martin", "phones": ["+33639980001"], "email": "lea@example.com"});
    let made = app
        .request(Method::POST, "/api/v1/individuals")
        .bearer(&agent.token)
        .header("x-request-id", "made-1")
        .json(&body)
        .send()
        .await
        .expect(201);
    let path = format!("/api/v1/individuals/{}", made["id"].as_str().unwrap());
    app.patch(agent, &path, json!({"full_name": "Léa Moreau", "phones": ["+33639980002"]})).await.expect(200);
    // Nothing changes: no line.
    app.patch(agent, &path, json!({"full_name": "Léa Moreau"})).await.expect(200);
    app.delete(app.demo.user(Role::Supervisor), &path).await.expect(204);

    let about = lines(&app, &format!("object_id={}", made["id"].as_str().unwrap())).await;
    let actions: Vec<&str> = about.iter().rev().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "individual.created",
            "individual.phones_set",
            "individual.changed",
            "individual.phones_removed",
            "individual.phones_set",
            "individual.deleted"
        ]
        .map(str::to_owned)
        .to_vec()
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>(),
        "{about:#?}"
    );
    let created = about.last().unwrap();
    assert_eq!(created["actor_id"], json!(agent.id));
    assert_eq!((&created["actor_name"], &created["address"]), (&json!("agent"), &json!("192.0.2.1")));
    assert_eq!(
        (&created["request_id"], &created["via"]),
        (&json!("made-1"), &json!("POST /api/v1/individuals"))
    );
    assert_eq!((&created["before"], &created["after"]["email"]), (&Value::Null, &json!("lea@example.com")));
    let changed = about.iter().find(|line| line["action"] == "individual.changed").unwrap();
    assert_eq!(changed["before"], json!({"full_name": "Léa Martin"}));
    assert_eq!(changed["after"], json!({"full_name": "Léa Moreau"}));
    assert_eq!(changed["via"], "PATCH /api/v1/individuals/{id}");
}

#[tokio::test]
async fn who_sends_a_key_is_noted_too() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    app.request(Method::POST, "/api/v1/organizations")
        .bearer(&agent.token)
        .header("idempotency-key", "k1")
        .json(&json!({"name": "Acme", "phones": []}))
        .send()
        .await
        .expect(201);
    let line = &lines(&app, "action=organization.created").await[0];
    assert_eq!((&line["actor_id"], &line["via"]), (&json!(agent.id), &json!("POST /api/v1/organizations")));
}

#[tokio::test]
async fn reads_of_people_are_noted_lists_with_what_was_asked_for() {
    let app = App::with_engine().await;
    let agent = app.demo.user(Role::Agent);
    let body = json!({"full_name": "Léa", "phones": ["+33639980001"]});
    let made = app.post(agent, "/api/v1/individuals", body).await.expect(201);
    let id = made["id"].as_str().unwrap();
    app.get(agent, &format!("/api/v1/individuals/{id}")).await.expect(200);
    app.get(agent, "/api/v1/individuals?q=L%C3%A9a&phone=%2B33639980001&limit=5").await.expect(200);
    app.get(agent, "/api/v1/caller-context?number=%2B33639980001").await.expect(200);
    app.post(agent, "/api/v1/caller-context", json!({"number": "+33639980001"})).await.expect(200);
    // What was not given is not noted.
    app.get(app.rival.user(Role::Agent), &format!("/api/v1/individuals/{id}")).await.expect(404);
    app.get(app.demo.user(Role::Client), &format!("/api/v1/individuals/{id}")).await.expect(403);

    let read = lines(&app, &format!("action=individual.read&object_id={id}")).await;
    assert_eq!(read.len(), 1);
    assert_eq!((&read[0]["actor_id"], &read[0]["address"]), (&json!(agent.id), &json!("192.0.2.1")));
    let listed = lines(&app, "action=individual.listed").await;
    assert_eq!(listed[0]["detail"], json!({"filter": {"q": "Léa", "phone": "+336******01"}}));
    let looked = lines(&app, "action=caller.looked_up").await;
    assert_eq!(looked.len(), 2);
    assert_eq!(looked[0]["detail"]["contact"]["id"], json!(id));
    assert!(!looked.iter().any(|line| line.to_string().contains("+33639980001")), "numbers are masked");
    // Reading the log is a read.
    assert_eq!(lines(&app, "action=audit.read").await[0]["detail"]["filter"]["action"], "caller.looked_up");
    let rival =
        app.get(app.rival.user(Role::OrgAdmin), "/api/v1/audit?action=individual.read").await.expect(200);
    assert_eq!(rival["items"], json!([]));
}

/// A clean stop writes what waits; nothing is written twice.
#[tokio::test]
async fn no_read_is_lost_at_the_end() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    for n in 0..700 {
        app.state.reads.note(Some(app.demo.id), "individual.read", Some(format!("{n}")), json!({})).await;
    }
    app.get(agent, "/api/v1/individuals").await.expect(200);
    app.state.reads.close().await;
    let mut superuser = app.database.superuser().await;
    let (all, distinct): (i64, i64) = sqlx::query_as(
        "SELECT count(*), count(DISTINCT subject) FROM audit_log WHERE action = 'individual.read'",
    )
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    assert_eq!((all, distinct), (700, 700));
    let listed: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'individual.listed'")
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    assert_eq!(listed, 1);
}

#[tokio::test]
async fn filters_pages_and_export_agree() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    for n in 0..5 {
        let body = json!({"name": format!("=cmd|{n}"), "phones": []});
        app.post(agent, "/api/v1/organizations", body).await.expect(201);
    }
    app.post(admin, "/api/v1/organizations", json!({"name": "Other", "phones": []})).await.expect(201);
    let body = json!({"email": agent.email, "password": "wrong"});
    app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await.expect(401);

    let query = format!("actor_id={}&action=organization.*&address=192.0.2.1", agent.id);
    let mut path = format!("/api/v1/audit?{query}&limit=2");
    let mut seen = Vec::new();
    loop {
        let page = app.get(admin, &path).await.expect(200);
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/audit?{query}&limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert_eq!(lines(&app, "action=session.*").await[0]["action"], "session.refused");
    assert!(lines(&app, "action=organization.created&created_before=2020-01-01T00:00:00Z").await.is_empty());
    assert_eq!(lines(&app, "object_kind=organization&created_after=2020-01-01T00:00:00Z").await.len(), 6);

    let csv = app.get(admin, &format!("/api/v1/audit/export?{query}")).await;
    assert_eq!(csv.status, 200);
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert!(csv.header("content-disposition").contains("audit.csv"));
    let rows: Vec<&str> = csv.text.trim_end().split("\r\n").collect();
    assert_eq!(rows.len(), 6, "{}", csv.text);
    assert!(rows[0].starts_with("created_at,action,"));
    for id in &seen {
        assert!(rows.iter().any(|row| row.ends_with(id.as_str())), "{id}");
    }
    for bad in ["actor_id=x", "created_after=yesterday", "object_id=1"] {
        app.get(admin, &format!("/api/v1/audit?{bad}")).await.expect(400);
        app.get(admin, &format!("/api/v1/audit/export?{bad}")).await.expect(400);
    }
    app.get(agent, "/api/v1/audit/export").await.expect(403);
}

#[tokio::test]
async fn the_log_can_only_grow() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let body = json!({"full_name": "Léa", "phones": ["+33639980001"]});
    let made = app.post(agent, "/api/v1/individuals", body).await.expect(201);
    let id: uuid::Uuid = made["id"].as_str().unwrap().parse().unwrap();
    for sql in ["UPDATE audit_log SET action = 'x.y'", "DELETE FROM audit_log", "TRUNCATE audit_log"] {
        let mut tx = app.state.db.tenant(app.demo.id).await.unwrap();
        assert!(sqlx::query(sql).execute(&mut *tx).await.is_err(), "{sql}");
        for pool in [app.state.db.auth(), app.state.db.platform()] {
            let mut connection = pool.acquire().await.unwrap();
            assert!(sqlx::query(sql).execute(&mut *connection).await.is_err(), "{sql}");
        }
    }
    // Erasing a person reaches what the log says of them, in their tenant only, and leaves who did what and when.
    let mut tx = app.state.db.tenant(app.rival.id).await.unwrap();
    let touched: i64 = sqlx::query_scalar("SELECT audit_forget('individual', $1)")
        .bind(id)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(touched, 0);
    drop(tx);
    let mut tx = app.state.db.tenant(app.demo.id).await.unwrap();
    let touched: i64 = sqlx::query_scalar("SELECT audit_forget('individual', $1)")
        .bind(id)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(touched, 2);
    let about = lines(&app, &format!("object_id={id}")).await;
    assert_eq!(about.len(), 3);
    assert_eq!(about[0]["action"], "individual.erased");
    for line in &about[1..] {
        assert_eq!(
            (&line["before"], &line["after"], &line["actor_id"]),
            (&Value::Null, &Value::Null, &json!(agent.id))
        );
    }
}

/// A whole import leaves one line, not a million.
#[tokio::test]
async fn many_rows_at_once_are_counted() {
    let app = App::new().await;
    let mut tx = app.state.db.tenant(app.demo.id).await.unwrap();
    sqlx::query(
        "INSERT INTO individuals (id, tenant_id, full_name) SELECT gen_random_uuid(), current_tenant(), 'n' || n FROM generate_series(1, 500) n",
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let created = lines(&app, "action=individual.created").await;
    assert_eq!(created.len(), 1);
    assert_eq!((&created[0]["detail"], &created[0]["actor_id"]), (&json!({"count": 500}), &Value::Null));
}

/// Nothing that would let somebody in is ever in the log.
#[tokio::test]
async fn no_secret_is_in_the_log() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let body = json!({"kind": "twilio", "name": "T", "auth_token": "hunter2hunter2"});
    app.post(admin, "/api/v1/connections", body).await.expect(201);
    let token = app.post(admin, "/api/v1/api-tokens", json!({"name": "script"})).await.expect(201);
    let body = json!({"email": admin.email, "password": PASSWORD});
    let login = app.request(Method::POST, "/api/v1/auth/login").json(&body).send().await.expect(200);
    app.state.reads.settled().await;
    let mut superuser = app.database.superuser().await;
    let all: Vec<String> =
        sqlx::query_scalar("SELECT audit_log::text FROM audit_log").fetch_all(&mut superuser).await.unwrap();
    let all = all.join("\n");
    let secrets = [
        "hunter2hunter2",
        PASSWORD,
        token["token"].as_str().unwrap(),
        login["access_token"].as_str().unwrap(),
        login["refresh_token"].as_str().unwrap(),
        "argon2",
    ];
    for secret in secrets {
        assert!(!all.contains(secret), "{secret}");
    }
}

/// Who was erased is in the log no more, what happened is.
#[tokio::test]
async fn an_erasure_reaches_the_log() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let body =
        json!({"full_name": "Zebedee Quill", "phones": ["+33639980077"], "email": "zebedee@quill.example"});
    let made = app.post(agent, "/api/v1/individuals", body).await.expect(201);
    let id = made["id"].as_str().unwrap();
    let body = json!({"title": "About a bill", "phone_number": "+33639980077", "customer_type": "individual",
        "customer_name": "Zebedee Quill", "customer_email": "zebedee@quill.example"});
    app.post(agent, "/api/v1/tickets", body).await.expect(201);
    let text = async || -> String {
        let mut superuser = app.database.superuser().await;
        let all: Vec<String> = sqlx::query_scalar("SELECT audit_log::text FROM audit_log")
            .fetch_all(&mut superuser)
            .await
            .unwrap();
        all.join("\n")
    };
    assert!(text().await.contains("Zebedee Quill"));
    let body = json!({"contact": {"kind": "individual", "id": id}});
    let erased = app.post(admin, "/api/v1/contact-erasures", body).await;
    assert_eq!(erased.status, 201, "{}", erased.text);
    let text = text().await;
    for trace in ["Zebedee", "quill.example", "33639980077"] {
        assert!(!text.contains(trace), "{trace}");
    }
    let actions: Vec<Value> =
        lines(&app, &format!("object_id={id}")).await.iter().map(|line| line["action"].clone()).collect();
    assert!(actions.contains(&json!("individual.created")), "{actions:?}");
}
