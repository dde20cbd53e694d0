//! What contacts have beyond name and numbers: several addresses, a standing, fields of the tenant's own, notes, and the
//! calls and tickets they had.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::{App, TestUser};
use switchroom_core::Role;
use uuid::Uuid;

async fn made(app: &App, user: &TestUser, path: &str, body: Value) -> (String, Value) {
    let reply = app.post(user, path, body).await;
    let location = reply.header("location").to_owned();
    (location, reply.expect(201))
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn several_addresses_of_which_one_is_the_primary() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let body = json!({"full_name": "Ada", "phones": [], "email": "b@x.example",
                      "emails": ["A@x.example", {"email": "B@X.example", "label": "work"}]});
    let (path, ada) = made(&app, agent, "/api/v1/individuals", body).await;
    let emails = |contact: &Value| {
        let list = contact["emails"].as_array().unwrap();
        list.iter()
            .map(|email| (email["email"].as_str().unwrap().to_owned(), email["primary"].as_bool().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(ada["email"], "B@X.example");
    assert_eq!(ada["emails"][1]["label"], "work");
    assert_eq!(emails(&ada), [("A@x.example".into(), false), ("B@X.example".into(), true)]);
    // Found by any of them, in any case, and by a piece of any of them.
    for query in ["email=a@X.EXAMPLE", "email=b@x.example", "q=a@x.exam"] {
        let found = app.get(agent, &format!("/api/v1/individuals?{query}")).await.expect(200);
        assert_eq!(ids(&found), [ada["id"].as_str().unwrap()], "{query}");
    }
    // The plain field moves the primary one, takes it away, and the next takes its place.
    let changed = app.patch(agent, &path, json!({"email": "c@x.example"})).await.expect(200);
    assert_eq!(emails(&changed), [("c@x.example".into(), true), ("A@x.example".into(), false)]);
    let changed = app.patch(agent, &path, json!({"email": null})).await.expect(200);
    assert_eq!(
        (&changed["email"], emails(&changed)),
        (&json!("A@x.example"), vec![("A@x.example".into(), true)])
    );
    let changed = app.patch(agent, &path, json!({"emails": null})).await.expect(200);
    assert_eq!((&changed["email"], &changed["emails"]), (&Value::Null, &json!([])));
    for (emails, pointer) in [
        (json!(["a"]), "/emails/0"),
        (json!([{"email": "a@b"}]), "/emails/0/email"),
        (json!([{"email": "a@b.example", "label": "x".repeat(61)}]), "/emails/0/label"),
        (
            json!([{"email": "a@b.example", "primary": true}, {"email": "c@b.example", "primary": true}]),
            "/emails/1/primary",
        ),
        (json!((0..21).map(|n| format!("a{n}@b.example")).collect::<Vec<_>>()), "/emails"),
    ] {
        let problem =
            app.patch(agent, &path, json!({"emails": emails})).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    // Of every kind.
    for (path, body) in [
        (
            "/api/v1/organizations",
            json!({"name": "Acme", "phones": [], "emails": ["x@acme.example", "y@acme.example"]}),
        ),
        (
            "/api/v1/email-contacts",
            json!({"name": "Al", "phones": [], "email": "al@x.example", "emails": ["al2@x.example"]}),
        ),
    ] {
        let (_, contact) = made(&app, agent, path, body).await;
        assert_eq!(emails(&contact).len(), 2, "{contact}");
    }
    // What is an e-mail contact keeps an address.
    let bo = json!({"name": "Bo", "phones": [], "email": "bo@x.example", "emails": ["bo2@x.example"]});
    let (path, _) = made(&app, agent, "/api/v1/email-contacts", bo).await;
    for none in [json!([]), Value::Null] {
        let problem =
            app.patch(agent, &path, json!({"emails": none})).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], "/emails");
    }
    let one = app.patch(agent, &path, json!({"email": "b@x.example", "emails": []})).await.expect(200);
    assert_eq!(emails(&one), [("b@x.example".into(), true)]);
}

#[tokio::test]
async fn where_we_stand_with_a_customer() {
    let app = App::with_engine().await;
    let agent = app.demo.user(Role::Agent);
    for (collection, body) in [
        ("individuals", json!({"full_name": "Ada", "phones": ["+33639980001"], "status": "pending"})),
        ("organizations", json!({"name": "Acme", "phones": ["+33639980002"], "status": "pending"})),
    ] {
        let number = body["phones"][0].as_str().unwrap().to_owned();
        let (path, contact) = made(&app, agent, &format!("/api/v1/{collection}"), body).await;
        assert_eq!((&contact["status"], &contact["is_active"]), (&json!("pending"), &json!(true)));
        let lookup = || async {
            let context =
                app.post(agent, "/api/v1/caller-context", json!({"number": number})).await.expect(200);
            assert_eq!(context["found"], true, "{context}");
            context["inactive"].as_bool().unwrap()
        };
        assert!(!lookup().await);
        let status = format!("{path}/status");
        app.post(agent, &status, json!({"status": "suspended"})).await.expect_problem(409, "status-move");
        for (to, active) in [("active", true), ("suspended", false), ("inactive", false), ("active", true)] {
            let moved = app.post(agent, &status, json!({"status": to, "reason": "asked"})).await.expect(200);
            assert_eq!((&moved["status"], &moved["is_active"]), (&json!(to), &json!(active)));
            // Whoever calls is found all the same, and flagged.
            assert_eq!(lookup().await, !active, "{to}");
        }
        app.post(agent, &status, json!({"status": "pending"})).await.expect_problem(409, "status-move");
        app.post(agent, &status, json!({"status": "gone"})).await.expect_problem(422, "validation");
        // The plain flag is a short word for two of them.
        assert_eq!(
            app.patch(agent, &path, json!({"is_active": false})).await.expect(200)["status"],
            "inactive"
        );
        assert_eq!(app.patch(agent, &path, json!({"is_active": true})).await.expect(200)["status"], "active");
        app.patch(agent, &path, json!({"status": "active"})).await.expect_problem(422, "validation");
        for (query, found) in [("status=active", 1), ("status=pending", 0)] {
            let page = app.get(agent, &format!("/api/v1/{collection}?{query}")).await.expect(200);
            assert_eq!(page["items"].as_array().unwrap().len(), found, "{query}");
        }
        app.get(agent, &format!("/api/v1/{collection}?status=gone"))
            .await
            .expect_problem(400, "bad-parameter");
        app.post(app.demo.user(Role::Member), &status, json!({"status": "inactive"}))
            .await
            .expect_problem(403, "forbidden");
        let stale = app.request(Method::POST, &status).bearer(&agent.token).header("if-match", "\"1\"");
        stale.json(&json!({"status": "inactive"})).send().await.expect_problem(412, "stale-version");
    }
    let both = json!({"full_name": "x", "phones": [], "status": "active", "is_active": true});
    app.post(agent, "/api/v1/individuals", both).await.expect_problem(422, "validation");
    let log = app
        .get(app.demo.user(Role::OrgOwner), "/api/v1/audit?action=contact.status_changed")
        .await
        .expect(200);
    assert_eq!(log["items"].as_array().unwrap().len(), 8);
    assert_eq!(log["items"][0]["detail"], json!({"from": "inactive", "to": "active", "reason": "asked"}));
}

#[tokio::test]
async fn fields_of_the_tenants_own() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let field = |key: &str, kind: &str| json!({"kind": "individual", "key": key, "label": key, "type": kind});
    for (key, kind) in [("note", "text"), ("points", "number"), ("since", "date"), ("vip", "boolean")] {
        made(&app, admin, "/api/v1/contact-fields", field(key, kind)).await;
    }
    let mut level = field("level", "choice");
    level["choices"] = json!(["Gold", "Silver"]);
    level["required"] = json!(true);
    let (level_path, _) = made(&app, admin, "/api/v1/contact-fields", level.clone()).await;
    app.post(admin, "/api/v1/contact-fields", level).await.expect_problem(409, "field-exists");
    app.post(agent, "/api/v1/contact-fields", field("x", "text")).await.expect_problem(403, "forbidden");
    for (change, pointer) in [
        (json!({"key": "Bad"}), "/key"),
        (json!({"key": "1x"}), "/key"),
        (json!({"key": "x".repeat(41)}), "/key"),
        (json!({"type": "colour"}), "/type"),
        (json!({"kind": "ticket"}), "/kind"),
        (json!({"type": "choice"}), "/choices"),
        (json!({"choices": ["a"]}), "/choices"),
        (json!({"type": "choice", "choices": ["a", "A"]}), "/choices/1"),
    ] {
        let mut body = field("fine", "text");
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let problem = app.post(admin, "/api/v1/contact-fields", body).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{change}");
    }
    assert_eq!(
        app.get(agent, "/api/v1/contact-fields?kind=individual").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
    assert_eq!(
        app.get(agent, "/api/v1/contact-fields?kind=organization").await.expect(200)["items"],
        json!([])
    );
    assert_eq!(
        app.get(app.rival.user(Role::Agent), "/api/v1/contact-fields").await.expect(200)["items"],
        json!([])
    );

    let person = |custom: Value| json!({"full_name": "Ada", "phones": [], "custom": custom});
    for (custom, pointer) in [
        (json!({}), "/custom/level"),
        (json!({"level": "Bronze"}), "/custom/level"),
        (json!({"level": "Gold", "points": "many"}), "/custom/points"),
        (json!({"level": "Gold", "since": "2026-02-30"}), "/custom/since"),
        (json!({"level": "Gold", "vip": 1}), "/custom/vip"),
        (json!({"level": "Gold", "shoe/size": 1}), "/custom/shoe~1size"),
    ] {
        let problem = app
            .post(agent, "/api/v1/individuals", person(custom.clone()))
            .await
            .expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{custom}");
    }
    let all = json!({"level": "Gold", "points": 2.5, "since": "2026-02-28", "vip": true, "note": "x"});
    let (path, ada) = made(&app, agent, "/api/v1/individuals", person(all.clone())).await;
    assert_eq!(ada["custom"], all);
    let (_, bob) =
        made(&app, agent, "/api/v1/individuals", person(json!({"level": "Silver", "points": 1}))).await;
    for (query, found) in [
        ("custom.level=gold", vec![&ada]),
        ("custom.points=1", vec![&bob]),
        ("custom.vip=yes&custom.level=Gold", vec![&ada]),
        ("custom.vip=yes&custom.level=Silver", vec![]),
        ("custom.since=2026-02-28", vec![&ada]),
    ] {
        let page = app.get(agent, &format!("/api/v1/individuals?{query}")).await.expect(200);
        assert_eq!(
            ids(&page),
            found.iter().map(|who| who["id"].as_str().unwrap()).collect::<Vec<_>>(),
            "{query}"
        );
    }
    for query in ["custom.shoe=1", "custom.points=many", "custom.level=Bronze"] {
        app.get(agent, &format!("/api/v1/individuals?{query}")).await.expect_problem(400, "bad-parameter");
    }
    // Merged, one by one; a required one stays.
    let changed = app.patch(agent, &path, json!({"custom": {"note": null, "points": 3}})).await.expect(200);
    assert_eq!(changed["custom"], json!({"level": "Gold", "points": 3, "since": "2026-02-28", "vip": true}));
    app.patch(agent, &path, json!({"custom": {"level": null}})).await.expect_problem(422, "validation");
    app.patch(agent, &path, json!({"full_name": "Ada L."})).await.expect(200);
    // What may be chosen changes; the type of a key does not, also when it was removed in between.
    let level =
        app.patch(admin, &level_path, json!({"choices": ["Gold"], "label": "Level"})).await.expect(200);
    assert_eq!((&level["choices"], &level["version"]), (&json!(["Gold"]), &json!(2)));
    app.delete(admin, &level_path).await.expect(204);
    assert_eq!(app.get(agent, &path).await.expect(200)["custom"]["level"], "Gold");
    app.post(admin, "/api/v1/contact-fields", field("level", "text")).await.expect_problem(409, "field-type");
    let gone = app.patch(agent, &path, json!({"custom": {"level": null}})).await.expect(200);
    assert_eq!(gone["custom"], json!({"points": 3, "since": "2026-02-28", "vip": true}));
}

#[tokio::test]
async fn notes_are_their_authors() {
    let app = App::new().await;
    let (agent, other) = (app.demo.user(Role::Agent), app.demo.agent2.clone());
    let (_, ada) = made(&app, agent, "/api/v1/individuals", json!({"full_name": "Ada", "phones": []})).await;
    let contact = json!({"kind": "individual", "id": ada["id"]});
    let list = format!("/api/v1/contact-notes?kind=individual&contact_id={}", ada["id"].as_str().unwrap());
    let write = |body: &str, pinned: bool| json!({"contact": contact, "body": body, "pinned": pinned});
    let (first, _) = made(&app, agent, "/api/v1/contact-notes", write("likes tea", true)).await;
    let (second, note) =
        made(&app, &other, "/api/v1/contact-notes", write("<b>rings on Mondays</b>", false)).await;
    assert_eq!(note["author"], json!({"id": other.id, "name": "agent2"}));
    let notes = app.get(app.demo.user(Role::Member), &list).await.expect(200);
    let bodies: Vec<&str> =
        notes["items"].as_array().unwrap().iter().map(|note| note["body"].as_str().unwrap()).collect();
    assert_eq!(bodies, ["likes tea", "<b>rings on Mondays</b>"], "pinned first");
    // Text is its author's, the pin everybody's.
    app.patch(agent, &second, json!({"body": "x"})).await.expect_problem(403, "forbidden");
    assert_eq!(app.patch(agent, &second, json!({"pinned": true})).await.expect(200)["pinned"], true);
    assert_eq!(
        app.patch(&other, &second, json!({"body": " calls on Mondays "})).await.expect(200)["body"],
        "calls on Mondays"
    );
    app.delete(agent, &second).await.expect_problem(403, "forbidden");
    app.delete(app.demo.user(Role::Supervisor), &second).await.expect(204);
    app.get(agent, &second).await.expect_problem(404, "not-found");
    for (body, pointer) in [
        (json!({"contact": contact, "body": " "}), "/body"),
        (json!({"contact": {"kind": "individual", "id": Uuid::now_v7()}, "body": "x"}), "/contact/id"),
        (json!({"contact": {"kind": "dog", "id": Uuid::now_v7()}, "body": "x"}), "/contact/kind"),
    ] {
        let problem = app.post(agent, "/api/v1/contact-notes", body).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    let rival = app.rival.user(Role::Agent);
    app.get(rival, &first).await.expect_problem(404, "not-found");
    app.get(rival, &list).await.expect_problem(404, "not-found");
    app.post(rival, "/api/v1/contact-notes", write("x", false)).await.expect_problem(422, "validation");
    app.get(agent, "/api/v1/contact-notes").await.expect_problem(400, "bad-parameter");
    app.post(app.demo.user(Role::Member), "/api/v1/contact-notes", write("x", false))
        .await
        .expect_problem(403, "forbidden");
    // The module flag that hides the contact hides what was written about it.
    let office = app.demo.user(Role::Corporate);
    sqlx::query("UPDATE memberships SET module_individuals = false WHERE user_id = $1")
        .bind(office.id.0)
        .execute(&mut app.database.superuser().await)
        .await
        .unwrap();
    app.get(office, &list).await.expect(403);
    app.get(office, &first).await.expect(404);
}

#[tokio::test]
async fn the_call_that_made_a_stranger_known_is_theirs() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let call = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, from_number, started_at, fold)
         VALUES ($1, $2, $1, 'c', 'inbound', 'ringing', '+33639980001', now(), '{}')",
    )
    .bind(call)
    .bind(app.demo.id.0)
    .execute(&mut app.database.superuser().await)
    .await
    .unwrap();
    let ticket = json!({"title": "x", "call_id": call, "customer_type": "organization", "customer_name": "Acme", "contact_person": "Ann"});
    let ticket = app.post(agent, "/api/v1/tickets", ticket).await.expect(201);
    assert_eq!(ticket["contact"]["kind"], "organization_contact");
    let contact = ticket["contact"]["id"].as_str().unwrap();
    let organization = ticket["organization_id"].as_str().unwrap();
    for query in [
        format!("contact_id={contact}"),
        format!("organization_id={organization}"),
        format!("contact_id={organization}"),
    ] {
        let calls = app.get(agent, &format!("/api/v1/calls?{query}")).await.expect(200);
        assert_eq!(ids(&calls), [call.to_string()], "{query}");
        assert_eq!(calls["items"][0]["contact"]["name"], "Ann");
        let tickets = app.get(agent, &format!("/api/v1/tickets?{query}")).await.expect(200);
        assert_eq!(ids(&tickets), [ticket["id"].as_str().unwrap()], "{query}");
    }
    let none = app.get(agent, &format!("/api/v1/calls?contact_id={}", Uuid::now_v7())).await.expect(200);
    assert_eq!(none["items"], json!([]));
}
