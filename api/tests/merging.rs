//! Duplicates are found, merged, and made two again; people are erased.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use serde_json::{Value, json};
use switchroom_api::testing::{App, TestUser};
use switchroom_core::Role;
use uuid::Uuid;

async fn made(app: &App, user: &TestUser, path: &str, body: Value) -> (String, Value) {
    let reply = app.post(user, path, body).await;
    let location = reply.header("location").to_owned();
    (location, reply.expect(201))
}

fn id(value: &Value) -> Uuid {
    value["id"].as_str().unwrap().parse().unwrap()
}

/// Without what every change changes.
fn plain(mut contact: Value) -> Value {
    for field in ["version", "updated_at", "updated_by"] {
        contact.as_object_mut().unwrap().remove(field);
    }
    contact
}

async fn call(app: &App, from: &str, contact: Option<Uuid>) -> Uuid {
    let call = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, end_reason, from_number, contact_kind,
                            contact_id, started_at, ended_at, fold)
         VALUES ($1, $2, $1, $1::text, 'inbound', 'ended', 'missed', $3, CASE WHEN $4::uuid IS NOT NULL THEN 'individual' END, $4,
                 now(), now(), jsonb_build_object('from', $3::text))",
    )
    .bind(call)
    .bind(app.demo.id.0)
    .bind(from)
    .bind(contact)
    .execute(&mut app.database.superuser().await)
    .await
    .unwrap();
    call
}

#[tokio::test]
async fn duplicates_are_found() {
    let app = App::new().await;
    let lead = app.demo.user(Role::Supervisor);
    let people = "/api/v1/individuals";
    let (_, ada) = made(
        &app,
        lead,
        people,
        json!({"full_name": "Ada Lovelace", "phones": ["+33639980001"], "email": "ada@x.example"}),
    )
    .await;
    let (_, twin) = made(
        &app,
        lead,
        people,
        json!({"full_name": "A. Lovelace", "phones": ["0639980001"], "email": "ADA@x.example"}),
    )
    .await;
    let (_, alike) = made(&app, lead, people, json!({"full_name": "Ada Lovelase", "phones": []})).await;
    made(&app, lead, people, json!({"full_name": "Bob", "phones": ["+33639980002"]})).await;
    // Another kind, another tenant.
    made(&app, lead, "/api/v1/organizations", json!({"name": "Ada Lovelace", "phones": ["+33639980001"]}))
        .await;
    made(
        &app,
        app.rival.user(Role::Agent),
        people,
        json!({"full_name": "Ada Lovelace", "phones": ["+33639980001"]}),
    )
    .await;
    let path = format!("/api/v1/contact-duplicates/candidates?kind=individual&contact_id={}", id(&ada));
    let found = app.get(lead, &path).await.expect(200);
    let found: Vec<(&str, &Value)> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["contact"]["id"].as_str().unwrap(), &item["reasons"]))
        .collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0].0, id(&twin).to_string());
    assert!(
        found[0].1.as_array().unwrap().contains(&json!("number"))
            && found[0].1.as_array().unwrap().contains(&json!("email"))
    );
    assert_eq!((found[1].0, found[1].1), (&*id(&alike).to_string(), &json!(["name"])));
    let groups = async |query: &str| {
        app.get(lead, &format!("/api/v1/contact-duplicates?kind=individual{query}")).await.expect(200)["items"].clone()
    };
    let mut both = [id(&ada), id(&twin)];
    both.sort();
    let shared = groups("").await;
    assert_eq!(
        (
            &shared[0]["reason"],
            &shared[0]["value"],
            &shared[0]["contact_ids"],
            shared.as_array().unwrap().len()
        ),
        (&json!("number"), &json!("+33639980001"), &json!(both), 1)
    );
    // Told apart without reading each of them.
    assert_eq!(
        shared[0]["contacts"],
        json!(both.map(|one| {
            let record = if one == id(&ada) { &ada } else { &twin };
            json!({"id": one, "name": record["full_name"], "email": record["email"], "numbers": ["+33639980001"],
                   "organization_id": null, "organization_name": null, "created_at": record["created_at"]})
        }))
    );
    let shared = groups("&reason=email").await;
    assert_eq!((&shared[0]["value"], &shared[0]["contact_ids"]), (&json!("ada@x.example"), &json!(both)));
    assert_eq!(groups("&reason=name").await, json!([]));
    made(&app, lead, people, json!({"full_name": " bob  ", "phones": []})).await;
    assert_eq!(groups("&reason=name").await[0]["value"], "bob");
    app.get(app.demo.user(Role::Agent), &path).await.expect_problem(403, "forbidden");
    app.get(lead, "/api/v1/contact-duplicates").await.expect_problem(400, "bad-parameter");
    app.get(lead, "/api/v1/contact-duplicates?kind=individual&cursor=x")
        .await
        .expect_problem(400, "bad-cursor");
}

#[tokio::test]
async fn two_people_are_one_and_two_again() {
    let app = App::with_engine().await;
    let (lead, agent) = (app.demo.user(Role::Supervisor), app.demo.user(Role::Agent));
    let field = json!({"kind": "individual", "key": "no", "label": "No", "type": "text"});
    app.post(app.demo.user(Role::OrgAdmin), "/api/v1/contact-fields", field).await.expect(201);
    let people = "/api/v1/individuals";
    let (kept_path, kept) =
        made(&app, lead, people, json!({"full_name": "Ada", "phones": ["+33639980001"], "address": "Paris"}))
            .await;
    let (merged_path, merged) = made(&app, lead, people, json!({
        "full_name": "Ada L.", "gender": "Female", "dob": "1990-01-02", "address": "Lyon", "email": "ada@x.example",
        "phones": ["+33639980002", {"number": "+33639980001", "label": "home"}], "custom": {"no": "7"},
        "social_media": [{"platform": "LinkedIn", "url": "https://linkedin.com/in/ada"}]})).await;
    let of_merged = call(&app, "+33639980002", Some(id(&merged))).await;
    let ticket = json!({"title": "x", "phone_number": "+33639980002", "customer_type": "individual", "customer_name": "Ada L."});
    let ticket = app.post(agent, "/api/v1/tickets", ticket).await.expect(201);
    assert_eq!(ticket["contact"]["id"], merged["id"]);
    let note = json!({"contact": {"kind": "individual", "id": merged["id"]}, "body": "tea"});
    app.post(agent, "/api/v1/contact-notes", note).await.expect(201);
    let body = json!({"kind": "individual", "keep_id": kept["id"], "merge_id": merged["id"]});
    app.post(agent, "/api/v1/contact-merges", body.clone()).await.expect_problem(403, "forbidden");
    app.post(app.rival.user(Role::Supervisor), "/api/v1/contact-merges", body.clone())
        .await
        .expect_problem(422, "validation");
    let merge = app.post(lead, "/api/v1/contact-merges", body.clone()).await.expect(201);
    assert_eq!((&merge["moved_tickets"], &merge["moved_notes"]), (&json!(1), &json!(1)));

    let one = app.get(lead, &kept_path).await.expect(200);
    for (name, value) in [
        ("full_name", json!("Ada")),
        ("gender", json!("Female")),
        ("dob", json!("1990-01-02")),
        ("address", json!("Paris")),
        ("email", json!("ada@x.example")),
        ("custom", json!({"no": "7"})),
    ] {
        assert_eq!(one[name], value, "{name}");
    }
    let numbers: Vec<&str> =
        one["phones"].as_array().unwrap().iter().map(|phone| phone["e164"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["+33639980001", "+33639980002"]);
    app.get(lead, &merged_path).await.expect_problem(404, "not-found");
    // The index, the tickets, the notes and the calls follow.
    let who = async |number: &str| {
        app.post(agent, "/api/v1/caller-context", json!({"number": number})).await.expect(200)["contact"]["id"].clone()
    };
    assert_eq!(who("+33639980002").await, kept["id"]);
    let listed = async |what: &str, contact: &Value| {
        let path = format!("/api/v1/{what}?contact_id={}&kind=individual", contact["id"].as_str().unwrap());
        let reply = app.get(lead, &path).await;
        if reply.status == 404 { Vec::new() } else { reply.expect(200)["items"].as_array().unwrap().clone() }
    };
    assert_eq!(listed("tickets", &kept).await[0]["id"], ticket["id"]);
    assert_eq!(listed("contact-notes", &kept).await[0]["body"], "tea");
    let calls = listed("calls", &kept).await;
    assert_eq!(
        (&calls[0]["id"], &calls[0]["contact"]["id"], &calls[0]["contact"]["name"]),
        (&json!(of_merged), &kept["id"], &json!("Ada"))
    );
    // Once is enough.
    app.post(lead, "/api/v1/contact-merges", body.clone()).await.expect_problem(409, "contact-merged");
    let back = json!({"kind": "individual", "keep_id": merged["id"], "merge_id": kept["id"]});
    app.post(lead, "/api/v1/contact-merges", back).await.expect_problem(409, "contact-merged");

    let undo = format!("/api/v1/contact-merges/{}/undo", merge["id"].as_str().unwrap());
    app.post(app.rival.user(Role::Supervisor), &undo, json!({})).await.expect_problem(404, "not-found");
    let undone = app.post(lead, &undo, json!({})).await.expect(200);
    assert!(undone["undone_at"].is_string());
    assert_eq!(plain(app.get(lead, &kept_path).await.expect(200)), plain(kept.clone()));
    assert_eq!(plain(app.get(lead, &merged_path).await.expect(200)), plain(merged.clone()));
    assert_eq!(who("+33639980002").await, merged["id"]);
    assert_eq!(listed("tickets", &merged).await[0]["id"], ticket["id"]);
    assert_eq!(listed("contact-notes", &merged).await.len(), 1);
    assert_eq!(listed("calls", &merged).await[0]["id"], json!(of_merged));
    assert_eq!(listed("calls", &kept).await, Vec::<Value>::new());
    assert_eq!(listed("tickets", &kept).await, Vec::<Value>::new());
    app.post(lead, &undo, json!({})).await.expect_problem(409, "merge-undone");

    // What was changed since stays; what the merge added goes.
    let merge = app.post(lead, "/api/v1/contact-merges", body).await.expect(201);
    app.patch(
        lead,
        &kept_path,
        json!({"gender": "Other", "phones": ["+33639980001", "+33639980002", "+33639980003"]}),
    )
    .await
    .expect(200);
    let undo = format!("/api/v1/contact-merges/{}/undo", merge["id"].as_str().unwrap());
    app.post(lead, &undo, json!({})).await.expect(200);
    let now = app.get(lead, &kept_path).await.expect(200);
    assert_eq!(
        (&now["gender"], &now["dob"], &now["email"], &now["custom"]),
        (&json!("Other"), &Value::Null, &Value::Null, &json!({}))
    );
    let numbers: Vec<&str> =
        now["phones"].as_array().unwrap().iter().map(|phone| phone["e164"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["+33639980001", "+33639980003"]);
    // After 30 days it is for good.
    let body = json!({"kind": "individual", "keep_id": kept["id"], "merge_id": merged["id"]});
    let merge = app.post(lead, "/api/v1/contact-merges", body).await.expect(201);
    sqlx::query("UPDATE contact_merges SET undo_until = now() - interval '1 second'")
        .execute(&mut app.database.superuser().await)
        .await
        .unwrap();
    let undo = format!("/api/v1/contact-merges/{}/undo", merge["id"].as_str().unwrap());
    app.post(lead, &undo, json!({})).await.expect_problem(409, "merge-final");
    assert_eq!(
        app.get(lead, "/api/v1/contact-merges").await.expect(200)["items"].as_array().unwrap().len(),
        3
    );
}

#[tokio::test]
async fn two_companies_are_one_and_two_again() {
    let app = App::new().await;
    let lead = app.demo.user(Role::Supervisor);
    let (kept_path, kept) =
        made(&app, lead, "/api/v1/organizations", json!({"name": "Acme", "phones": ["+33639980001"]})).await;
    let (merged_path, merged) = made(
        &app,
        lead,
        "/api/v1/organizations",
        json!({"name": "Acme SA", "phones": ["+33639980002"], "email": "a@acme.example"}),
    )
    .await;
    let contacts = |of: &str| format!("{of}/contacts");
    let (ann_path, ann) =
        made(&app, lead, &contacts(&merged_path), json!({"full_name": "Ann", "phones": []})).await;
    let body = json!({"kind": "organization", "keep_id": kept["id"], "merge_id": merged["id"]});
    let merge = app.post(lead, "/api/v1/contact-merges", body).await.expect(201);
    assert_eq!(merge["moved_contacts"], 1);
    assert_eq!(app.get(lead, &contacts(&kept_path)).await.expect(200)["items"][0]["id"], ann["id"]);
    let ticket = json!({"title": "x", "organization_id": kept["id"], "customer_type": "organization", "contact_person": "Ann"});
    app.post(lead, "/api/v1/tickets", ticket).await.expect(201);
    app.post(lead, &format!("/api/v1/contact-merges/{}/undo", merge["id"].as_str().unwrap()), json!({}))
        .await
        .expect(200);
    assert_eq!(plain(app.get(lead, &kept_path).await.expect(200)), plain(kept));
    assert_eq!(plain(app.get(lead, &merged_path).await.expect(200)), plain(merged));
    assert_eq!(plain(app.get(lead, &ann_path).await.expect(200)), plain(ann));
    // A kind is told by its id: what is of another kind is nobody.
    let other = json!({"kind": "email_contact", "keep_id": id(&app.get(lead, &kept_path).await.expect(200)), "merge_id": Uuid::now_v7()});
    app.post(lead, "/api/v1/contact-merges", other).await.expect_problem(422, "validation");
}

#[tokio::test]
async fn two_people_of_companies_are_one_and_two_again() {
    let app = App::with_engine().await;
    let (lead, agent) = (app.demo.user(Role::Supervisor), app.demo.user(Role::Agent));
    let (acme_path, acme) =
        made(&app, lead, "/api/v1/organizations", json!({"name": "Acme", "phones": []})).await;
    let (other_path, other) =
        made(&app, lead, "/api/v1/organizations", json!({"name": "Acme SA", "phones": []})).await;
    let person = json!({"full_name": "Ann", "phones": ["+33639980001"]});
    let (kept_path, kept) = made(&app, lead, &format!("{acme_path}/contacts"), person).await;
    let person = json!({"full_name": "Ann B.", "gender": "Female", "email": "ann@acme.example",
                        "phones": ["+33639980001", "+33639980002"]});
    let (merged_path, merged) = made(&app, lead, &format!("{other_path}/contacts"), person).await;
    let of_merged = call(&app, "+33639980002", Some(id(&merged))).await;
    let ticket = json!({"title": "x", "phone_number": "+33639980002", "customer_type": "organization"});
    let ticket = app.post(agent, "/api/v1/tickets", ticket).await.expect(201);
    assert_eq!(
        (&ticket["contact"]["id"], &ticket["organization_id"]),
        (&merged["id"], &other["id"]),
        "{ticket}"
    );
    let note = json!({"contact": {"kind": "organization_contact", "id": merged["id"]}, "body": "tea"});
    app.post(agent, "/api/v1/contact-notes", note).await.expect(201);
    let groups = "/api/v1/contact-duplicates?kind=organization_contact";
    let group = app.get(lead, groups).await.expect(200)["items"][0].clone();
    let whose: Vec<&Value> =
        group["contacts"].as_array().unwrap().iter().map(|one| &one["organization_name"]).collect();
    assert_eq!(whose, ["Acme", "Acme SA"]);
    assert_eq!(group["contacts"][1]["organization_id"], other["id"]);

    let candidates =
        format!("/api/v1/contact-duplicates/candidates?kind=organization_contact&contact_id={}", id(&kept));
    let candidate = app.get(lead, &candidates).await.expect(200)["items"][0].clone();
    assert_eq!(
        (&candidate["contact"]["id"], &candidate["organization_name"]),
        (&merged["id"], &json!("Acme SA"))
    );
    let body = json!({"kind": "organization_contact", "keep_id": kept["id"], "merge_id": merged["id"]});
    app.post(app.rival.user(Role::Supervisor), "/api/v1/contact-merges", body.clone())
        .await
        .expect_problem(422, "validation");
    let merge = app.post(lead, "/api/v1/contact-merges", body.clone()).await.expect(201);
    assert_eq!((&merge["moved_tickets"], &merge["moved_notes"]), (&json!(1), &json!(1)));
    let one = app.get(lead, &kept_path).await.expect(200);
    assert_eq!((&one["gender"], &one["email"]), (&json!("Female"), &json!("ann@acme.example")));
    assert_eq!(one["phones"].as_array().unwrap().len(), 2);
    app.get(lead, &merged_path).await.expect_problem(404, "not-found");
    // Who calls is the one that is left, with the calls of both; the ticket stays about the company it was about.
    let context =
        app.post(agent, "/api/v1/caller-context", json!({"number": "+33639980001"})).await.expect(200);
    assert_eq!(context["contact"]["id"], kept["id"], "{context}");
    assert_eq!(context["recent_calls"][0]["id"], json!(of_merged));
    assert_eq!(context["open_tickets"][0]["id"], ticket["id"]);
    let filed =
        app.get(agent, &format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&filed["contact"]["id"], &filed["organization_id"]), (&kept["id"], &other["id"]));
    app.post(lead, "/api/v1/contact-merges", body).await.expect_problem(409, "contact-merged");
    let log = app.get(app.demo.user(Role::OrgAdmin), "/api/v1/audit?action=contact.merged").await.expect(200);
    assert_eq!(log["items"][0]["subject"], json!(format!("organization_contact {}", id(&kept))));

    // Their companies are made one too: who comes back comes back to the one that is left.
    let companies = json!({"kind": "organization", "keep_id": acme["id"], "merge_id": other["id"]});
    app.post(lead, "/api/v1/contact-merges", companies).await.expect(201);
    let undo = format!("/api/v1/contact-merges/{}/undo", merge["id"].as_str().unwrap());
    app.post(lead, &undo, json!({})).await.expect(200);
    assert_eq!(plain(app.get(lead, &kept_path).await.expect(200)), plain(kept));
    let back = app.get(lead, &format!("{acme_path}/contacts/{}", id(&merged))).await.expect(200);
    let mut expected = plain(merged.clone());
    expected["organization_id"] = acme["id"].clone();
    assert_eq!(plain(back), expected);
    let filed =
        app.get(agent, &format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&filed["contact"]["id"], &filed["organization_id"]), (&merged["id"], &acme["id"]));
}

#[tokio::test]
async fn two_who_write_are_one_and_two_again() {
    let app = App::new().await;
    let (lead, agent) = (app.demo.user(Role::Supervisor), app.demo.user(Role::Agent));
    let path = "/api/v1/email-contacts";
    let (kept_path, kept) =
        made(&app, lead, path, json!({"name": "Ada", "email": "ada@x.example", "phones": []})).await;
    let (merged_path, merged) =
        made(&app, lead, path, json!({"name": "A.", "email": "a@y.example", "phones": ["+33639980001"]}))
            .await;
    let body = json!({"kind": "email_contact", "keep_id": kept["id"], "merge_id": merged["id"]});
    app.post(agent, "/api/v1/contact-merges", body.clone()).await.expect_problem(403, "forbidden");
    let merge = app.post(lead, "/api/v1/contact-merges", body.clone()).await.expect(201);
    let one = app.get(lead, &kept_path).await.expect(200);
    assert_eq!((&one["email"], &one["phones"][0]["e164"]), (&json!("ada@x.example"), &json!("+33639980001")));
    assert_eq!(one["emails"].as_array().unwrap().len(), 2);
    let undo = |merge: &Value| format!("/api/v1/contact-merges/{}/undo", merge["id"].as_str().unwrap());
    app.post(lead, &undo(&merge), json!({})).await.expect(200);
    assert_eq!(plain(app.get(lead, &kept_path).await.expect(200)), plain(kept));
    assert_eq!(plain(app.get(lead, &merged_path).await.expect(200)), plain(merged));
    // Its own address was taken away since, and the other's goes: it has its own again, because one it must have.
    let merge = app.post(lead, "/api/v1/contact-merges", body).await.expect(201);
    let patch = json!({"emails": [{"email": "a@y.example", "primary": true}]});
    app.patch(lead, &kept_path, patch).await.expect(200);
    app.post(lead, &undo(&merge), json!({})).await.expect(200);
    let now = app.get(lead, &kept_path).await.expect(200);
    assert_eq!((&now["email"], now["emails"].as_array().unwrap().len()), (&json!("ada@x.example"), 1));
}

#[tokio::test]
async fn of_many_merges_at_once_one_is_done() {
    let app = App::new().await;
    let lead = app.demo.user(Role::Supervisor);
    for _ in 0..5 {
        let mut three = Vec::new();
        for n in 0..3 {
            let body = json!({"full_name": format!("P{n}"), "phones": []});
            three.push(id(&made(&app, lead, "/api/v1/individuals", body).await.1));
        }
        // Each into each other: a ring of three, both ways round.
        let pairs = [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)];
        let statuses = futures::future::join_all(pairs.map(|(keep, merge)| {
            let (app, body) =
                (&app, json!({"kind": "individual", "keep_id": three[keep], "merge_id": three[merge]}));
            async move { app.post(lead, "/api/v1/contact-merges", body).await.status }
        }))
        .await;
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 2, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 201 | 409)), "{statuses:?}");
        let page = app.get(lead, "/api/v1/individuals?q=P&limit=200").await.expect(200);
        let living =
            page["items"].as_array().unwrap().iter().filter(|item| three.contains(&id(item))).count();
        assert_eq!(living, 1);
    }
}

#[tokio::test]
async fn a_person_is_erased_and_the_figures_stay() {
    let app = App::with_engine().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let person = json!({"full_name": "Ada Lovelace", "gender": "Female", "dob": "1990-01-02", "address": "12 Rue X", "email": "ada@secret.example",
                        "city": "Effaceville", "state": "Effaceland", "country": "FR", "phones": ["06 39 98 00 01"], "social_media": [{"platform": "X", "url": "https://x.com/adal"}]});
    let (path, ada) = made(&app, agent, "/api/v1/individuals", person).await;
    let (_, twin) = made(
        &app,
        agent,
        "/api/v1/individuals",
        json!({"full_name": "Countess Ada", "phones": ["+33639980002"]}),
    )
    .await;
    let merge = json!({"kind": "individual", "keep_id": ada["id"], "merge_id": twin["id"]});
    let merge = app.post(admin, "/api/v1/contact-merges", merge).await.expect(201);
    let first = call(&app, "+33639980001", Some(id(&ada))).await;
    call(&app, "+33639980002", None).await;
    let bobs = call(&app, "+33639980001", Some(Uuid::now_v7())).await;
    let mut superuser = app.database.superuser().await;
    for call in [first, bobs] {
        sqlx::query(
            "INSERT INTO call_events (tenant_id, seq, event_id, call_id, type, at, recorded_at, effective, data)
             SELECT $1, (SELECT count(*) + 1 FROM call_events), $2, $2, 'ringing', now(), now(), true,
                    '{\"call\": {\"from\": \"+33639980001\"}, \"caller\": {\"customer_name\": \"Ada Lovelace\", \"others\": [\"ada@secret.example\", 7, null]}}'",
        )
        .bind(app.demo.id.0)
        .bind(call)
        .execute(&mut superuser)
        .await
        .unwrap();
    }
    let ticket = json!({"title": "Call of Ada Lovelace", "description": "ring +33639980001 or ada@secret.example", "call_id": first,
                        "phone_number": "+33639980001", "customer_type": "individual", "customer_name": "Ada Lovelace", "customer_email": "ada@secret.example"});
    let ticket = app.post(agent, "/api/v1/tickets", ticket).await.expect(201);
    assert_eq!(ticket["contact"]["id"], ada["id"], "{ticket}");
    let ticket_path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
    let (_, bob) =
        made(&app, agent, "/api/v1/individuals", json!({"full_name": "Bob", "phones": ["+33639980001"]}))
            .await;
    sqlx::query("UPDATE calls SET contact_id = $2 WHERE id = $1")
        .bind(bobs)
        .bind(id(&bob))
        .execute(&mut superuser)
        .await
        .unwrap();
    app.post(
        agent,
        &format!("{ticket_path}/replies"),
        json!({"body": "Dear Ada Lovelace, …", "format": "text"}),
    )
    .await
    .expect(201);
    app.post(
        agent,
        "/api/v1/contact-notes",
        json!({"contact": {"kind": "individual", "id": ada["id"]}, "body": "secret note"}),
    )
    .await
    .expect(201);

    let body = json!({"contact": {"kind": "individual", "id": ada["id"]}, "reason": "letter 17"});
    app.post(app.demo.user(Role::Supervisor), "/api/v1/contact-erasures", body.clone())
        .await
        .expect_problem(403, "forbidden");
    app.post(app.rival.user(Role::OrgAdmin), "/api/v1/contact-erasures", body.clone())
        .await
        .expect_problem(422, "validation");
    // What was merged into her is her; whoever names it is told so.
    let part = json!({"contact": {"kind": "individual", "id": twin["id"]}});
    let refused =
        app.post(admin, "/api/v1/contact-erasures", part).await.expect_problem(409, "contact-merged");
    assert!(refused["detail"].as_str().unwrap().contains(ada["id"].as_str().unwrap()), "{refused}");
    let erasure = app.post(admin, "/api/v1/contact-erasures", body.clone()).await.expect(201);
    assert_eq!(
        (&erasure["tickets"], &erasure["calls"], &erasure["reason"]),
        (&json!(1), &json!(2), &json!("letter 17"))
    );
    app.get(agent, &path).await.expect_problem(404, "not-found");
    // Nothing of her in any table of the tenant, whatever the column.
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    for needle in [
        "Lovelace",
        "Countess",
        "ada@secret",
        "12 Rue X",
        "ffacevil",
        "ffacelan",
        "adal",
        "secret note",
        "639980002",
        "06 39 98",
    ] {
        for table in &tables {
            let sql = format!("SELECT count(*) FROM {table} t WHERE to_jsonb(t)::text LIKE '%' || $1 || '%'");
            let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                .bind(needle)
                .fetch_one(&mut superuser)
                .await
                .unwrap();
            // The entry of Bob's call is his, and so is what it says.
            let his = if table.starts_with("call_events") && matches!(needle, "Lovelace" | "ada@secret") {
                1
            } else {
                0
            };
            assert!(found <= his, "{needle} in {table}");
        }
    }
    // Bob shares the number and keeps it, with his call.
    let number: Option<String> = sqlx::query_scalar("SELECT from_number FROM calls WHERE id = $1")
        .bind(bobs)
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    assert_eq!(number.as_deref(), Some("+33639980001"));
    let context =
        app.post(agent, "/api/v1/caller-context", json!({"number": "+33639980001"})).await.expect(200);
    assert_eq!(context["contact"]["id"], bob["id"]);
    // Tickets and calls are there to be counted; the caller of two calls is two pseudonyms of no country.
    let ticket = app.get(agent, &ticket_path).await.expect(200);
    assert_eq!(
        (&ticket["title"], &ticket["caller"]["customer_name"]),
        (&json!("Call of [erased]"), &Value::Null)
    );
    let from: String = sqlx::query_scalar("SELECT from_number FROM calls WHERE id = $1")
        .bind(first)
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    assert!(from.starts_with("+999") && from.len() == 16, "{from}");
    let calls = app.get(agent, "/api/v1/calls?count=true").await.expect(200);
    assert_eq!(calls["count"]["value"], 3);
    // For good, and said.
    app.post(admin, "/api/v1/contact-erasures", body).await.expect_problem(409, "contact-erased");
    app.post(admin, &format!("/api/v1/contact-merges/{}/undo", merge["id"].as_str().unwrap()), json!({}))
        .await
        .expect(409);
    let log = app.get(admin, "/api/v1/audit?action=contact.erased").await.expect(200);
    assert_eq!(log["items"][0]["subject"], json!(format!("individual {}", id(&ada))));
    assert_eq!(
        app.get(admin, "/api/v1/contact-erasures").await.expect(200)["items"][0]["contact"]["id"],
        ada["id"]
    );
    for (contact, pointer) in [
        (json!({"kind": "organization", "id": Uuid::now_v7()}), "/contact/kind"),
        (json!({"kind": "individual", "id": Uuid::now_v7()}), "/contact/id"),
    ] {
        let problem = app
            .post(admin, "/api/v1/contact-erasures", json!({"contact": contact}))
            .await
            .expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
}
