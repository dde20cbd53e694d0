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
    // What was said of her standing, of a record that is hers now too, and what was searched for who finds her.
    let twin = json!({"full_name": "Zeb Quill", "phones": []});
    let twin = app.post(agent, "/api/v1/individuals", twin).await.expect(201);
    for (whose, reason) in [(id, "Zebedee owes us"), (twin["id"].as_str().unwrap(), "as Zebedee does")] {
        let path = format!("/api/v1/individuals/{whose}/status");
        app.post(admin, &path, json!({"status": "suspended", "reason": reason})).await.expect(200);
    }
    let merge = json!({"kind": "individual", "keep_id": id, "merge_id": twin["id"]});
    app.post(admin, "/api/v1/contact-merges", merge).await.expect(201);
    for query in ["q=ZEBEDEE", "q=quill+zeb", "email=Zebedee%40quill.example", "q=qui&is_active=false"] {
        app.get(agent, &format!("/api/v1/individuals?{query}")).await.expect(200);
    }
    app.get(agent, "/api/v1/contacts?q=zebedee%40quill").await.expect(200);
    // Of somebody else, and of nobody.
    for query in ["q=Zebedee+Smith", "q=bo", "is_active=true"] {
        app.get(agent, &format!("/api/v1/individuals?{query}")).await.expect(200);
    }
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
    let text = text.replace("Zebedee Smith", "").to_lowercase();
    for trace in ["zebedee", "quill", "33639980077"] {
        assert!(!text.contains(trace), "{trace}");
    }
    let searches = lines(&app, "action=individual.listed").await;
    let mut asked: Vec<&Value> = searches.iter().map(|line| &line["detail"]).collect();
    asked.sort_by_key(|detail| detail.to_string());
    assert_eq!(
        asked,
        [
            &json!({"erased": true}),
            &json!({"erased": true}),
            &json!({"erased": true}),
            &json!({"erased": true}),
            &json!({"filter": {"is_active": "true"}}),
            &json!({"filter": {"q": "Zebedee Smith"}}),
            &json!({"filter": {"q": "bo"}}),
        ]
    );
    let actions: Vec<Value> =
        lines(&app, &format!("object_id={id}")).await.iter().map(|line| line["action"].clone()).collect();
    for action in ["individual.created", "contact.status_changed", "contact.merged", "contact.erased"] {
        assert!(actions.contains(&json!(action)), "{action} is about her: {actions:?}");
    }
}

#[tokio::test]
async fn what_belongs_to_no_tenant_is_the_platform_admin_s_to_read() {
    let app = App::new().await;
    let nobody = json!({"email": "nobody@nowhere.example", "password": "wrong wrong wrong"});
    app.request(Method::POST, "/api/v1/auth/login").json(&nobody).send().await.expect(401);
    let somebody = json!({"email": app.demo.user(Role::Agent).email, "password": "wrong wrong wrong"});
    app.request(Method::POST, "/api/v1/auth/login").json(&somebody).send().await.expect(401);
    let entered = json!({"number": "+33199000001", "country": "FR"});
    app.post(&app.platform, "/api/v1/phone-numbers", entered).await.expect(201);
    let here = app.request(Method::GET, "/api/v1/individuals").bearer(&app.platform.token);
    here.header("x-tenant", "rival").send().await.expect(200);
    let suspend = format!("/api/v1/tenants/{}/suspend", app.rival.id);
    app.post(&app.platform, &suspend, json!({})).await.expect(200);

    let log = app.get(&app.platform, "/api/v1/audit?count=true").await.expect(200);
    let of = |action: &str| -> Vec<&Value> {
        log["items"].as_array().unwrap().iter().filter(|line| line["action"] == action).collect()
    };
    let refused = of("session.refused");
    assert_eq!(refused.len(), 1, "the other one is its tenant's: {log:#}");
    assert_eq!((&refused[0]["tenant_id"], &refused[0]["actor_id"]), (&Value::Null, &Value::Null));
    assert_eq!(of("number.created")[0]["actor_name"], "root");
    for action in ["platform.acted", "tenant.suspended"] {
        assert_eq!((&of(action)[0]["tenant_name"], of(action).len()), (&json!("RIVAL"), 1), "{action}");
    }
    assert!(of("individual.listed").is_empty(), "what was read there is that tenant's");
    assert_eq!(log["count"]["value"], log["items"].as_array().unwrap().len());
    // Narrowed and exported like a tenant's.
    let both = "/api/v1/audit?action=session.*,number.created";
    let page = app.get(&app.platform, both).await.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    let csv = app.get(&app.platform, &both.replace("audit?", "audit/export?")).await;
    assert_eq!((csv.status, csv.text.lines().count()), (200, 3));
    // A tenant's own people see none of it.
    let theirs =
        app.get(app.demo.user(Role::OrgOwner), "/api/v1/audit?action=number.*,platform.*,tenant.*").await;
    assert_eq!(theirs.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn everybody_reads_what_they_did_and_admins_what_a_member_did() {
    let app = App::new().await;
    let (agent, admin) = (app.demo.user(Role::Agent), app.demo.user(Role::OrgAdmin));
    let body = json!({"full_name": "Léa Martin", "phones": []});
    let made = app.post(agent, "/api/v1/individuals", body).await.expect(201);
    app.patch(
        admin,
        &format!("/api/v1/individuals/{}", made["id"].as_str().unwrap()),
        json!({"full_name": "Léa M."}),
    )
    .await
    .expect(200);

    let own = app.get(agent, "/api/v1/audit/me?action=individual.created").await.expect(200);
    assert_eq!((own["items"].as_array().unwrap().len(), &own["items"][0]["object_id"]), (1, &made["id"]));
    assert_eq!((&own["items"][0]["before"], &own["items"][0]["after"]), (&Value::Null, &Value::Null));
    let all = app.get(agent, "/api/v1/audit/me").await.expect(200);
    assert!(
        all["items"].as_array().unwrap().iter().all(|line| line["actor_id"] == json!(agent.id)),
        "{all:#}"
    );

    let path = |id: &dyn std::fmt::Display| format!("/api/v1/audit/user/{id}?object_kind=individual");
    let theirs = app.get(admin, &path(&agent.id)).await.expect(200);
    assert_eq!(theirs["items"][0]["after"]["full_name"], "Léa Martin");
    assert_eq!(theirs["items"].as_array().unwrap().len(), 1);
    app.get(agent, &path(&agent.id)).await.expect_problem(403, "forbidden");
    app.get(admin, &path(&app.rival.user(Role::Agent).id)).await.expect_problem(404, "not-found");
    // To the platform admin who acts for nobody: what of it is theirs to see.
    assert_eq!(app.get(&app.platform, &path(&agent.id)).await.expect(200)["items"], json!([]));
    app.get(&app.platform, &path(&uuid::Uuid::now_v7())).await.expect_problem(404, "not-found");
    app.post(&app.platform, "/api/v1/phone-numbers", json!({"number": "+33199000001", "country": "FR"}))
        .await
        .expect(201);
    let root = app.get(&app.platform, "/api/v1/audit/me").await.expect(200);
    assert_eq!(root["items"][0]["action"], "number.created");
}
