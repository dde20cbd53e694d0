//! Filing: what a pop becomes, whom that enters into the directory, what a body may not say.

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::App;
use switchroom_core::Role;
use uuid::Uuid;

use super::{NUMBER, call, file, path, pointer};

#[tokio::test]
async fn a_ticket_from_a_pop_links_call_line_and_caller() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let line = Uuid::now_v7();
    let call_id = call(&app, &app.demo, "inbound", Some(NUMBER), "+33199000001", Some(line)).await;
    // The draft as a pop has it: unknown = null.
    let body = json!({"subject": "Printer on fire", "description": null, "priority": null, "call_id": call_id, "phone_number": null,
        "customer_type": "individual", "customer_name": "Ada Lovelace", "customer_gender": null, "contact_person": null,
        "customer_email": "ada@mail.example", "organization_id": null});
    let reply = app.post(agent, "/api/v1/tickets", body).await;
    assert_eq!(reply.header("etag"), "\"1\"");
    let location = reply.header("location").to_owned();
    let ticket = reply.expect(201);
    assert_eq!(location, path(&ticket));
    for (field, value) in [
        ("number", json!(1001)),
        ("title", json!("Printer on fire")),
        ("status", json!("open")),
        ("priority", json!("medium")),
        ("call_ids", json!([call_id])),
        ("phone_number_id", json!(line)),
        ("contact_created", json!(true)),
        (
            "caller",
            json!({"phone_number": NUMBER, "customer_type": "individual", "customer_name": "Ada Lovelace",
            "customer_gender": null, "contact_person": null, "customer_email": "ada@mail.example"}),
        ),
        ("requester_user_id", Value::Null),
        ("assigned_to", Value::Null),
        ("first_response_at", Value::Null),
        ("resolved_at", Value::Null),
        ("closed_at", Value::Null),
        ("reopen_count", json!(0)),
        ("version", json!(1)),
    ] {
        assert_eq!(ticket[field], value, "{field}");
    }
    assert_eq!(ticket["contact"]["kind"], "individual");
    let ada = app
        .get(agent, &format!("/api/v1/individuals/{}", ticket["contact"]["id"].as_str().unwrap()))
        .await
        .expect(200);
    assert_eq!(
        (&ada["full_name"], &ada["gender"], &ada["provenance"]),
        (&json!("Ada Lovelace"), &Value::Null, &json!("auto_ticket"))
    );
    assert_eq!(ada["phones"][0]["e164"], NUMBER);
    assert_eq!(app.get(agent, &location).await.expect(200), ticket);
    // The second ticket finds her, whatever name it brings, and a call may have several tickets.
    let second = file(
        &app,
        agent,
        json!({"call_id": call_id, "customer_type": "individual", "customer_name": "A. Lovelace"}),
    )
    .await;
    assert_eq!(
        (&second["contact"], &second["contact_created"], &second["number"]),
        (&ticket["contact"], &json!(false), &json!(1002))
    );
    let listed = app.get(agent, &format!("/api/v1/tickets?call_id={call_id}&sort=number")).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    // The caller of an outbound call is whom it went to.
    let out = call(&app, &app.demo, "outbound", Some("+33199000001"), "+33639985678", None).await;
    let ticket = file(&app, agent, json!({"call_id": out})).await;
    assert_eq!(ticket["caller"]["phone_number"], "+33639985678");
    assert_eq!((&ticket["contact"], &ticket["contact_created"]), (&Value::Null, &json!(false)));
}

#[tokio::test]
async fn twenty_tickets_for_one_unknown_caller_enter_one_contact() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let forms = ["+33639981234", "06 39 98 12 34", "0033639981234", "tel:+33-639-98-12-34"];
    for (kind, person) in
        [("individual", Value::Null), ("organization", Value::Null), ("organization", json!("Grace"))]
    {
        let number = format!("06399{}", 80000 + kind.len() * 100 + usize::from(person.is_null()));
        let tickets = futures::future::join_all((0..20).map(|n| {
            let form = if kind == "individual" { forms[n % 4].to_owned() } else { number.clone() };
            file(&app, agent, json!({"phone_number": form, "customer_type": kind, "customer_name": format!("{kind} {}", person.is_null()), "contact_person": person}))
        }))
        .await;
        assert_eq!(tickets.iter().filter(|ticket| ticket["contact_created"] == true).count(), 1, "{kind}");
        assert!(tickets.iter().all(|ticket| ticket["contact"] == tickets[0]["contact"]), "{kind}");
    }
    let count = |path: &'static str| {
        let app = &app;
        async move { app.get(agent, path).await.expect(200)["count"]["value"].clone() }
    };
    assert_eq!(count("/api/v1/individuals?count=true").await, 1);
    assert_eq!(count("/api/v1/organizations?count=true").await, 2);
    let numbers: Vec<_> = app.get(agent, "/api/v1/tickets?limit=200").await.expect(200)["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ticket| ticket["number"].as_i64().unwrap())
        .collect();
    let distinct: std::collections::BTreeSet<_> = numbers.iter().copied().collect();
    assert_eq!((distinct.len(), distinct.first(), distinct.last()), (60, Some(&1001), Some(&1060)));
}

#[tokio::test]
async fn two_new_numbers_of_one_new_company_meet() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let tickets = futures::future::join_all((0..10).map(|n| {
        file(&app, agent, json!({"phone_number": format!("+336399800{n:02}"), "customer_type": "organization", "customer_name": if n % 2 == 0 { "Acme  Corp" } else { " acme corp" }}))
    }))
    .await;
    let listed = app.get(agent, "/api/v1/organizations?q=acme&count=true").await.expect(200);
    assert_eq!(listed["count"]["value"], 1);
    assert_eq!(listed["items"][0]["phones"].as_array().unwrap().len(), 10);
    assert_eq!(
        listed["items"][0]["phones"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|phone| phone["primary"] == true)
            .count(),
        1
    );
    // Each of them made its own caller known.
    assert!(tickets.iter().all(|ticket| ticket["contact_created"] == true));
    assert!(
        tickets.iter().all(
            |ticket| ticket["contact"] == json!({"kind": "organization", "id": listed["items"][0]["id"]})
        )
    );
    // A person of it is entered under it, and next time the person answers to the number.
    let body = json!({"phone_number": "+33639980077", "customer_type": "organization", "customer_name": "ACME CORP", "contact_person": "Grace"});
    let ticket = file(&app, agent, body.clone()).await;
    assert_eq!(
        (&ticket["contact"]["kind"], &ticket["organization_id"]),
        (&json!("organization_contact"), &listed["items"][0]["id"])
    );
    assert_eq!(file(&app, agent, body).await["contact"], ticket["contact"]);
}

#[tokio::test]
async fn who_is_entered_and_who_is_not() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let entered = |ticket: &Value| (ticket["contact"]["kind"].clone(), ticket["contact_created"].clone());
    let nobody = (Value::Null, json!(false));
    // No valid number, no name, no type: nobody is entered, the text is kept.
    for (body, kept) in [
        (
            json!({"phone_number": "anonymous", "customer_type": "individual", "customer_name": "Ada"}),
            json!("anonymous"),
        ),
        (json!({"phone_number": "201", "customer_type": "individual", "customer_name": "Ada"}), json!("201")),
        (
            json!({"phone_number": "'; --", "customer_type": "individual", "customer_name": "Ada"}),
            json!("'; --"),
        ),
        (json!({"customer_type": "individual", "customer_name": "Ada"}), Value::Null),
        (json!({"phone_number": NUMBER, "customer_type": "individual"}), json!(NUMBER)),
        (json!({"phone_number": NUMBER, "customer_name": "Ada"}), json!(NUMBER)),
        (
            json!({"phone_number": NUMBER, "customer_type": "individual", "customer_name": "   "}),
            json!(NUMBER),
        ),
    ] {
        let ticket = file(&app, agent, body.clone()).await;
        assert_eq!(entered(&ticket), nobody, "{body}");
        assert_eq!(ticket["caller"]["phone_number"], kept);
    }
    // Known from mail only: promoted, with what was known; the mail contact is retired.
    let mailer = app
        .post(
            agent,
            "/api/v1/email-contacts",
            json!({"name": "ada", "email": "ada@mail.example", "phones": [NUMBER, "+33639980001"]}),
        )
        .await
        .expect(201);
    let linked = file(&app, agent, json!({"phone_number": NUMBER})).await;
    assert_eq!(entered(&linked), (json!("email_contact"), json!(false)));
    let promoted = file(
        &app,
        agent,
        json!({"phone_number": NUMBER, "customer_type": "individual", "customer_name": "Ada Lovelace"}),
    )
    .await;
    assert_eq!(entered(&promoted), (json!("individual"), json!(true)));
    let ada = app
        .get(agent, &format!("/api/v1/individuals/{}", promoted["contact"]["id"].as_str().unwrap()))
        .await
        .expect(200);
    assert_eq!((&ada["email"], ada["phones"].as_array().unwrap().len()), (&json!("ada@mail.example"), 2));
    app.get(agent, &format!("/api/v1/email-contacts/{}", mailer["id"].as_str().unwrap()))
        .await
        .expect_problem(404, "not-found");
    assert_eq!(
        app.get(agent, &path(&linked)).await.expect(200)["contact"],
        promoted["contact"],
        "her earlier ticket follows"
    );
    // Precedence of a shared number: the company's person before the individual.
    let company =
        app.post(agent, "/api/v1/organizations", json!({"name": "Acme", "phones": []})).await.expect(201);
    let acme = company["id"].as_str().unwrap();
    let grace = app
        .post(
            agent,
            &format!("/api/v1/organizations/{acme}/contacts"),
            json!({"full_name": "Grace", "phones": [NUMBER]}),
        )
        .await
        .expect(201);
    let ticket = file(
        &app,
        agent,
        json!({"phone_number": NUMBER, "customer_type": "individual", "customer_name": "X"}),
    )
    .await;
    assert_eq!(
        (&ticket["contact"], &ticket["organization_id"]),
        (&json!({"kind": "organization_contact", "id": grace["id"]}), &company["id"])
    );
    // The organization the agent chose: its person with the number; for an unknown number its person is entered.
    let chosen = file(&app, agent, json!({"phone_number": NUMBER, "organization_id": acme})).await;
    assert_eq!(chosen["contact"]["id"], grace["id"]);
    let new = file(
        &app,
        agent,
        json!({"phone_number": "+33639980002", "organization_id": acme, "contact_person": "Alan"}),
    )
    .await;
    assert_eq!(entered(&new), (json!("organization_contact"), json!(true)));
    let alone = file(&app, agent, json!({"phone_number": "+33639980003", "organization_id": acme})).await;
    assert_eq!(entered(&alone), (json!("organization"), json!(false)));
    // A deleted contact knows nobody.
    app.delete(app.demo.user(Role::Supervisor), &format!("/api/v1/organizations/{acme}")).await.expect(204);
    assert_eq!(entered(&file(&app, agent, json!({"phone_number": "+33639980002"})).await), nobody);
    // The rival's directory is another.
    let theirs = file(
        &app,
        app.rival.user(Role::Agent),
        json!({"phone_number": NUMBER, "customer_type": "individual", "customer_name": "R"}),
    )
    .await;
    assert_eq!((entered(&theirs), &theirs["number"]), ((json!("individual"), json!(true)), &json!(1001)));
}

#[tokio::test]
async fn what_a_body_may_not_say() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let theirs = call(&app, &app.rival, "inbound", Some(NUMBER), "+33199000001", None).await;
    let company = app
        .post(app.rival.user(Role::OrgAdmin), "/api/v1/organizations", json!({"name": "R", "phones": []}))
        .await
        .expect(201);
    let table = [
        (json!({"title": null}), "/title"),
        (json!({"title": ""}), "/title"),
        (json!({"title": "  "}), "/title"),
        (json!({"title": "x".repeat(301)}), "/title"),
        (json!({"title": "a\u{0}"}), "/title"),
        (json!({"subject": "another"}), "/subject"),
        (json!({"priority": "blocker"}), "/priority"),
        (json!({"status": "closed"}), "/status"),
        (json!({"assigned_to": Uuid::now_v7()}), "/assigned_to"),
        (json!({"customer_type": "company"}), "/customer_type"),
        (json!({"customer_gender": "unknown"}), "/customer_gender"),
        (json!({"customer_email": "nobody"}), "/customer_email"),
        (json!({"customer_name": "x".repeat(201)}), "/customer_name"),
        (json!({"phone_number": "1".repeat(101)}), "/phone_number"),
        (json!({"call_id": "x"}), "/call_id"),
        (json!({"call_id": Uuid::now_v7()}), "/call_id"),
        (json!({"call_id": theirs}), "/call_id"),
        (json!({"organization_id": Uuid::now_v7()}), "/organization_id"),
        (json!({"organization_id": company["id"]}), "/organization_id"),
    ];
    for (body, place) in table {
        let mut whole = json!({"title": "t"});
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let problem = app.post(agent, "/api/v1/tickets", whole).await.expect_problem(422, "validation");
        assert_eq!(pointer(&problem), place, "{body}");
    }
    app.post(agent, "/api/v1/tickets", json!({"title": "t", "unheard_of": 1}))
        .await
        .expect_problem(422, "validation");
    app.post(agent, "/api/v1/tickets", json!({"description": "d"})).await.expect_problem(422, "validation");
    app.post(app.demo.user(Role::Member), "/api/v1/tickets", json!({"title": "t"}))
        .await
        .expect_problem(403, "forbidden");
    // Nothing of all that was stored, and no number was used up.
    assert_eq!(file(&app, agent, json!({})).await["number"], 1001);
}

#[tokio::test]
async fn one_key_files_one_ticket() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let body =
        json!({"title": "t", "phone_number": NUMBER, "customer_type": "individual", "customer_name": "Ada"});
    let send = || {
        app.request(Method::POST, "/api/v1/tickets")
            .bearer(&agent.token)
            .header("idempotency-key", "k1")
            .json(&body)
            .send()
    };
    let first = send().await.expect(201);
    assert_eq!(send().await.expect(201), first);
    assert_eq!(app.get(agent, "/api/v1/tickets?count=true").await.expect(200)["count"]["value"], 1);
}

/// The process died between filing the ticket and keeping the answer, or the answer to the commit itself was lost: the
/// agent presses the button again, with the same key.
#[tokio::test]
async fn a_ticket_whose_answer_was_lost_is_not_filed_twice() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let send = || {
        let request = app.request(Method::POST, "/api/v1/tickets").bearer(&agent.token);
        let body = json!({"title": "Once", "phone_number": NUMBER, "customer_name": "Ada Lovelace"});
        let request = request.header("idempotency-key", "once").json(&body);
        async move { request.send().await }
    };
    let first = send().await.expect(201);
    let mut connection = app.database.superuser().await;
    for age in ["0 seconds", "61 seconds"] {
        sqlx::query(
            "UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL, key_id = NULL,
                    created_at = now() - $1::interval WHERE key = 'once'",
        )
        .bind(age)
        .execute(&mut connection)
        .await
        .unwrap();
        let again = send().await;
        assert_eq!(again.header("location"), path(&first), "after {age}");
        assert_eq!(again.expect(201), first);
    }
    assert_eq!(send().await.header("idempotency-replayed"), "true", "and its answer is kept now");
    let tickets: i64 =
        sqlx::query_scalar("SELECT count(*) FROM tickets").fetch_one(&mut connection).await.unwrap();
    assert_eq!(tickets, 1);
    // After a day a key is new.
    sqlx::query("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
        .execute(&mut connection)
        .await
        .unwrap();
    assert_ne!(send().await.expect(201)["id"], first["id"]);
}

#[tokio::test]
async fn a_number_that_a_ticket_brought_is_not_lost_to_an_older_edit() {
    let app = App::new().await;
    let (agent, admin) = (app.demo.user(Role::Agent), app.demo.user(Role::OrgAdmin));
    let seen = json!({"name": "Acme", "phones": ["+33639980001"]});
    let seen = app.post(admin, "/api/v1/organizations", seen).await.expect(201);
    let acme = format!("/api/v1/organizations/{}", seen["id"].as_str().unwrap());
    // Chosen by the agent, and found by its name.
    for (number, chosen) in [("+33639980002", seen["id"].clone()), ("+33639980003", Value::Null)] {
        let body = json!({"phone_number": number, "customer_type": "organization", "customer_name": "ACME", "organization_id": chosen});
        assert_eq!(file(&app, agent, body).await["contact"]["id"], seen["id"]);
    }
    let edit = app
        .request(Method::PATCH, &acme)
        .bearer(&admin.token)
        .header("if-match", &format!("\"{}\"", seen["version"]))
        .json(&json!({"phones": ["+33639980009"]}));
    edit.send().await.expect_problem(412, "stale-version");
    let now = app.get(admin, &acme).await.expect(200);
    assert_eq!(now["phones"].as_array().unwrap().len(), 3, "{now}");
    // Many at once for one chosen company wait for each other, not upon each other.
    let tickets = futures::future::join_all((10..30).map(|n| {
        let body = json!({"phone_number": format!("+336399801{n}"), "customer_type": "organization", "organization_id": seen["id"]});
        file(&app, agent, body)
    }))
    .await;
    assert!(tickets.iter().all(|ticket| ticket["contact_created"] == true));
    assert_eq!(app.get(admin, &acme).await.expect(200)["phones"].as_array().unwrap().len(), 23);
}

#[tokio::test]
async fn a_ticket_that_meets_a_merge_is_about_who_is_left() {
    use switchroom_core::directory::ContactKind;
    use switchroom_store::contact_merges::merge;
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let post = async |path: &str, body: Value| app.post(agent, path, body).await.expect(201)["id"].clone();
    let id = |value: &Value| value.as_str().unwrap().parse::<Uuid>().unwrap();
    let acme = post("/api/v1/organizations", json!({"name": "Acme", "phones": []})).await;
    let other = json!({"name": "Acme SA", "phones": ["+33639980003"]});
    let other = post("/api/v1/organizations", other).await;
    let people = format!("/api/v1/organizations/{}/contacts", other.as_str().unwrap());
    let ann = post(&people, json!({"full_name": "Ann", "phones": ["+33639980004"]})).await;
    let twin = format!("/api/v1/organizations/{}/contacts", acme.as_str().unwrap());
    let twin = post(&twin, json!({"full_name": "Ann B.", "phones": ["+33639980005"]})).await;
    let kept = post("/api/v1/individuals", json!({"full_name": "Ada", "phones": ["+33639980001"]})).await;
    let gone = post("/api/v1/individuals", json!({"full_name": "A.", "phones": ["+33639980002"]})).await;
    for (kind, keep, lose, number, contact, organization) in [
        (ContactKind::Individual, &kept, &gone, "+33639980002", &kept, &Value::Null),
        (ContactKind::Organization, &acme, &other, "+33639980004", &ann, &acme),
        (ContactKind::OrganizationContact, &ann, &twin, "+33639980005", &ann, &acme),
    ] {
        let mut tx = app.database.db.tenant(app.demo.id).await.unwrap();
        merge(&mut tx, kind, id(keep), id(lose), agent.id).await.unwrap();
        // The merge is done and not yet said: the ticket has looked the number up before, and waits.
        let filed = file(&app, agent, json!({"phone_number": number}));
        let said = async {
            waiting(&app).await;
            tx.commit().await.unwrap();
        };
        let (ticket, ()) = tokio::join!(filed, said);
        assert_eq!((&ticket["contact"]["id"], &ticket["organization_id"]), (contact, organization));
    }
}

/// An organization is held before its tickets, by edits as by merges.
#[tokio::test]
async fn an_edit_that_meets_a_merge_waits_with_nothing_in_hand() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let acme = json!({"name": "Acme", "phones": []});
    let acme = app.post(agent, "/api/v1/organizations", acme).await.expect(201)["id"].clone();
    let ticket = file(&app, agent, json!({"organization_id": acme})).await;
    let mut holder = app.database.superuser().await;
    let mut merging = sqlx::Connection::begin(&mut holder).await.unwrap();
    sqlx::query("SELECT id FROM organizations FOR UPDATE").execute(&mut *merging).await.unwrap();
    let path = path(&ticket);
    let edit = app.patch(agent, &path, json!({"title": "y", "organization_id": acme}));
    let merge = async {
        waiting(&app).await;
        let tickets = sqlx::query("SELECT id FROM tickets FOR UPDATE NOWAIT").execute(&mut *merging).await;
        merging.rollback().await.unwrap();
        tickets.expect("the ticket is not locked while its organization is waited for");
    };
    let (edited, ()) = tokio::join!(edit, merge);
    assert_eq!(edited.expect(200)["title"], "y");
}

/// Until a statement of this database waits for a lock.
async fn waiting(app: &App) {
    let mut watcher = app.database.superuser().await;
    let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')";
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut watcher).await.unwrap() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn who_was_known_from_mail_brings_all_that_was_known() {
    let app = App::with_engine().await;
    let (agent, admin) = (app.demo.user(Role::Agent), app.demo.user(Role::OrgAdmin));
    for (kind, key, of) in [
        ("email_contact", "no", "text"),
        ("individual", "no", "text"),
        ("email_contact", "seats", "number"),
        ("individual", "seats", "text"),
    ] {
        let field = json!({"kind": kind, "key": key, "label": key, "type": of});
        app.post(admin, "/api/v1/contact-fields", field).await.expect(201);
    }
    let mailer = json!({"name": "Zoltan Quibble", "email": "zq@mail.example", "emails": ["zq@work.example"], "phones": [NUMBER],
        "is_active": false, "custom": {"no": "CUST-4711", "seats": 3}});
    let mailer = app.post(agent, "/api/v1/email-contacts", mailer).await.expect(201);
    let contact = json!({"kind": "email_contact", "id": mailer["id"]});
    app.post(agent, "/api/v1/contact-notes", json!({"contact": contact, "body": "likes oolong"}))
        .await
        .expect(201);
    let call_id = call(&app, &app.demo, "inbound", Some(NUMBER), "+33199000001", None).await;
    sqlx::query("UPDATE calls SET state = 'ended', end_reason = 'missed', ended_at = now(), contact_kind = 'email_contact', contact_id = $1")
        .bind(mailer["id"].as_str().unwrap().parse::<Uuid>().unwrap())
        .execute(&mut app.database.superuser().await)
        .await
        .unwrap();
    let body = json!({"phone_number": NUMBER, "customer_type": "individual", "customer_name": "Z. Quibble", "customer_email": "z@new.example"});
    let ticket = file(&app, agent, body).await;
    let id = ticket["contact"]["id"].as_str().unwrap();
    let person = app.get(agent, &format!("/api/v1/individuals/{id}")).await.expect(200);
    let emails: Vec<&Value> =
        person["emails"].as_array().unwrap().iter().map(|email| &email["email"]).collect();
    assert_eq!(emails, ["z@new.example", "zq@mail.example", "zq@work.example"]);
    // What is a number there cannot be a text here.
    assert_eq!(
        (&person["email"], &person["custom"], &person["status"]),
        (&json!("z@new.example"), &json!({"no": "CUST-4711"}), &json!("inactive"))
    );
    let notes = format!("/api/v1/contact-notes?kind=individual&contact_id={id}");
    assert_eq!(app.get(agent, &notes).await.expect(200)["items"][0]["body"], "likes oolong");
    let calls = app.get(agent, &format!("/api/v1/calls?contact_id={id}")).await.expect(200);
    assert_eq!(calls["items"][0]["id"], json!(call_id));
    assert_eq!(
        calls["items"][0]["contact"],
        json!({"kind": "individual", "id": id, "name": "Z. Quibble", "organization_id": null})
    );
    // The record of the mail is part of theirs: erased with it, and not without.
    let erase = async |kind: &str, id: &Value| {
        app.post(admin, "/api/v1/contact-erasures", json!({"contact": {"kind": kind, "id": id}})).await
    };
    let refused = erase("email_contact", &mailer["id"]).await.expect_problem(409, "contact-merged");
    assert!(refused["detail"].as_str().unwrap().contains(id), "{refused}");
    assert_eq!(erase("individual", &json!(id)).await.expect(201)["calls"], 1);
    let mut superuser = app.database.superuser().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    for (table, needle) in tables.iter().flat_map(|table| {
        ["Quibble", "zq@", "z@new", "CUST-4711", "oolong", "639981234"].map(|needle| (table, needle))
    }) {
        let sql = format!("SELECT count(*) FROM {table} t WHERE to_jsonb(t)::text LIKE '%' || $1 || '%'");
        let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(needle)
            .fetch_one(&mut superuser)
            .await
            .unwrap();
        assert_eq!(found, 0, "{needle} in {table}");
    }
}

#[tokio::test]
async fn one_who_is_promoted_by_two_numbers_at_once_is_one() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    for n in 0..5 {
        let numbers = [format!("+336399802{n}1"), format!("+336399802{n}2")];
        let mailer = json!({"name": "m", "email": format!("m{n}@mail.example"), "phones": numbers});
        app.post(agent, "/api/v1/email-contacts", mailer).await.expect(201);
        let [one, two] = numbers.map(|number| {
            let body = json!({"phone_number": number, "customer_type": "individual", "customer_name": "M"});
            file(&app, agent, body)
        });
        let (one, two) = tokio::join!(one, two);
        assert_eq!(one["contact"], two["contact"]);
    }
}
