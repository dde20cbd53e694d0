//! Tickets over HTTP: filing (and who that enters into the directory), the moves, replies, who sees which.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use axum::http::Method;
use serde_json::{Value, json};
use sqlx::Connection;
use switchroom_api::testing::{App, TestTenant, TestUser};
use switchroom_core::Role;
use uuid::Uuid;

const NUMBER: &str = "+33639981234";

/// A call as the appender writes it.
async fn call(
    app: &App,
    tenant: &TestTenant,
    direction: &str,
    from: Option<&str>,
    to: &str,
    line: Option<Uuid>,
) -> Uuid {
    let mut connection = app.database.superuser().await;
    let id = Uuid::new_v4();
    sqlx::query(
        "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, from_number, to_number, number_id, started_at, fold)
         VALUES ($1, $2, $1, $3, $4, 'ringing', $5, $6, $7, now(), '{}')",
    )
    .bind(id)
    .bind(tenant.id.0)
    .bind(id.to_string())
    .bind(direction)
    .bind(from)
    .bind(to)
    .bind(line)
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    id
}

async fn file(app: &App, user: &TestUser, body: Value) -> Value {
    let mut whole = json!({"title": "Printer on fire"});
    whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    app.post(user, "/api/v1/tickets", whole).await.expect(201)
}

fn path(ticket: &Value) -> String {
    format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap())
}

fn pointer(problem: &Value) -> &str {
    problem["errors"][0]["pointer"].as_str().unwrap()
}

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
async fn the_twenty_six_moves() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let states =
        ["new", "open", "answered", "in_progress", "waiting_for_response", "on_hold", "resolved", "closed"];
    let way = |to: &str| -> &'static [&'static str] {
        match to {
            "answered" => &["answered"],
            "in_progress" => &["in_progress"],
            "waiting_for_response" => &["in_progress", "waiting_for_response"],
            "on_hold" => &["on_hold"],
            "resolved" => &["in_progress", "resolved"],
            "closed" => &["closed"],
            _ => &[],
        }
    };
    let table = "new>open,answered,in_progress,on_hold,closed open>answered,in_progress,on_hold,closed \
        answered>in_progress,on_hold,waiting_for_response,closed waiting_for_response>answered,in_progress,closed \
        on_hold>in_progress,answered,closed in_progress>resolved,on_hold,waiting_for_response,closed \
        resolved>closed,open closed>open";
    let mut allowed = 0;
    for from in states {
        let row = table.split(' ').find_map(|row| row.strip_prefix(&format!("{from}>"))).unwrap();
        for to in states {
            let filer = if from == "new" { app.demo.user(Role::Client) } else { admin };
            let ticket = file(&app, filer, json!({})).await;
            assert_eq!(ticket["status"], if from == "new" { "new" } else { "open" });
            let path = path(&ticket);
            for step in way(from) {
                app.post(admin, &format!("{path}/status"), json!({"status": step})).await.expect(200);
            }
            let reply = app
                .post(admin, &format!("{path}/status"), json!({"status": to, "reason": " because "}))
                .await;
            if row.split(',').any(|exit| exit == to) {
                allowed += 1;
                let moved = reply.expect(200);
                assert_eq!((&moved["status"], &moved["status_reason"]), (&json!(to), &json!("because")));
                assert_eq!(
                    moved["resolved_at"].is_string(),
                    to == "resolved" || (to == "closed" && from == "resolved"),
                    "{from} {to}"
                );
                assert_eq!(moved["closed_at"].is_string(), to == "closed", "{from} {to}");
                assert_eq!(moved["reopen_count"], i32::from(to == "open" && from != "new"), "{from} {to}");
            } else {
                reply.expect_problem(409, "ticket-move");
                assert_eq!(app.get(admin, &path).await.expect(200)["status"], from);
            }
        }
    }
    assert_eq!(allowed, 26);
    let ticket = path(&file(&app, admin, json!({})).await);
    let problem = app
        .post(admin, &format!("{ticket}/status"), json!({"status": "done"}))
        .await
        .expect_problem(422, "validation");
    assert_eq!(pointer(&problem), "/status");
    let stale = app
        .request(Method::POST, &format!("{ticket}/status"))
        .bearer(&admin.token)
        .header("if-match", "\"5\"");
    stale.json(&json!({"status": "open"})).send().await.expect_problem(412, "stale-version");
    // PATCH never moves.
    for body in [json!({"status": "closed"}), json!({"assigned_to": admin.id})] {
        app.patch(admin, &ticket, body).await.expect_problem(422, "validation");
    }
    app.request(Method::POST, &format!("{ticket}/close")).bearer(&admin.token).send().await.expect(200);
    app.post(admin, &format!("{ticket}/close"), json!({})).await.expect_problem(409, "ticket-move");
}

#[tokio::test]
async fn of_many_who_move_at_once_one_does() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let (agent, agent2) = (app.demo.user(Role::Agent), &app.demo.agent2);
    for _ in 0..5 {
        let ticket = path(&file(&app, admin, json!({})).await);
        let moved = futures::future::join_all((0..8).map(|_| {
            let (app, ticket) = (&app, &ticket);
            async move {
                app.post(admin, &format!("{ticket}/status"), json!({"status": "in_progress"})).await.status
            }
        }))
        .await;
        assert_eq!(moved.iter().filter(|status| **status == 200).count(), 1, "{moved:?}");
        assert_eq!(moved.iter().filter(|status| **status == 409).count(), 7, "{moved:?}");
        let taken = futures::future::join_all((0..8).map(|n| {
            let (app, ticket) = (&app, &ticket);
            let user = if n % 2 == 0 { agent } else { agent2 };
            async move { app.post(user, &format!("{ticket}/take"), json!({})).await.status }
        }))
        .await;
        assert_eq!(taken.iter().filter(|status| **status == 200).count(), 1, "{taken:?}");
        assert_eq!(taken.iter().filter(|status| **status == 409).count(), 7, "{taken:?}");
    }
}

#[tokio::test]
async fn who_sees_which_ticket() {
    let app = App::new().await;
    let (agent, agent2) = (app.demo.user(Role::Agent), &app.demo.agent2);
    let (client, supervisor) = (app.demo.user(Role::Client), app.demo.user(Role::Supervisor));
    let mine = file(&app, client, json!({"title": "from the portal", "phone_number": NUMBER, "customer_type": "individual", "customer_name": "C"})).await;
    assert_eq!(
        (&mine["status"], &mine["requester_user_id"], &mine["contact_created"]),
        (&json!("new"), &json!(client.id), &json!(false))
    );
    let staff = file(&app, supervisor, json!({})).await;
    for reference in [
        json!({"title": "t", "call_id": Uuid::now_v7()}),
        json!({"title": "t", "organization_id": Uuid::now_v7()}),
    ] {
        app.post(client, "/api/v1/tickets", reference).await.expect_problem(422, "validation");
    }
    let sees = |user: &TestUser, ticket: &Value| {
        let (app, user, path) = (&app, user.clone(), path(ticket));
        async move { app.get(&user, &path).await.status == 200 }
    };
    let lists = |user: &TestUser| {
        let (app, user) = (&app, user.clone());
        async move { app.get(&user, "/api/v1/tickets").await.expect(200)["items"].as_array().unwrap().len() }
    };
    // Unassigned: all staff; the client only their own.
    assert!(sees(client, &mine).await && !sees(client, &staff).await);
    assert!(sees(agent, &mine).await && sees(agent2, &staff).await);
    assert_eq!((lists(client).await, lists(agent).await, lists(supervisor).await), (1, 2, 2));
    // Assigned: who has it, who sees all, the requester.
    let assigned = app
        .post(supervisor, &format!("{}/assign", path(&mine)), json!({"user_id": agent.id}))
        .await
        .expect(200);
    assert_eq!((&assigned["assigned_to"], &assigned["status"]), (&json!(agent.id), &json!("open")));
    assert!(
        sees(agent, &mine).await
            && !sees(agent2, &mine).await
            && sees(supervisor, &mine).await
            && sees(client, &mine).await
    );
    assert_eq!((lists(agent2).await, lists(agent).await), (1, 2));
    for (method, command, body) in [
        (Method::PATCH, "", json!({"title": "x"})),
        (Method::POST, "/status", json!({"status": "closed"})),
        (Method::POST, "/replies", json!({"body": "x"})),
        (Method::GET, "/replies", Value::Null),
        (Method::GET, "/activities", Value::Null),
        (Method::POST, "/transfer", json!({"user_id": agent2.id})),
        (Method::POST, "/close", json!({})),
    ] {
        let reply = app
            .request(method, &format!("{}{command}", path(&mine)))
            .bearer(&agent2.token)
            .json(&body)
            .send()
            .await;
        reply.expect_problem(404, "not-found");
    }
    app.post(agent2, &format!("{}/take", path(&mine)), json!({})).await.expect_problem(409, "ticket-taken");
    // Another tenant's: nothing, not even to its owner.
    let owner = app.rival.user(Role::OrgOwner);
    assert!(!sees(owner, &mine).await && lists(owner).await == 0);
    for command in ["status", "assign", "take", "transfer", "close", "replies"] {
        app.post(owner, &format!("{}/{command}", path(&mine)), json!({}))
            .await
            .expect_problem(404, "not-found");
    }
    // Hand on; back to nobody.
    let moved = app
        .post(agent, &format!("{}/transfer", path(&mine)), json!({"user_id": agent2.id}))
        .await
        .expect(200);
    assert_eq!(moved["assigned_to"], json!(agent2.id));
    assert!(!sees(agent, &mine).await);
    for nobody in [client.id.0, app.rival.user(Role::Agent).id.0, Uuid::now_v7()] {
        let problem = app
            .post(supervisor, &format!("{}/assign", path(&mine)), json!({"user_id": nobody}))
            .await
            .expect_problem(422, "validation");
        assert_eq!(pointer(&problem), "/user_id");
    }
    let back =
        app.post(supervisor, &format!("{}/assign", path(&mine)), json!({"user_id": null})).await.expect(200);
    assert_eq!((&back["assigned_to"], &back["status"]), (&Value::Null, &json!("open")));
    app.post(supervisor, &format!("{}/transfer", path(&mine)), json!({"user_id": agent.id}))
        .await
        .expect_problem(409, "ticket-unassigned");
    app.post(agent, &format!("{}/assign", path(&mine)), json!({"user_id": agent.id}))
        .await
        .expect_problem(403, "forbidden");
    // What a client may not do at all.
    app.patch(client, &path(&mine), json!({"title": "x"})).await.expect_problem(403, "forbidden");
    app.post(client, &format!("{}/status", path(&mine)), json!({"status": "closed"}))
        .await
        .expect_problem(403, "forbidden");
    app.delete(agent, &path(&mine)).await.expect_problem(403, "forbidden");
    app.delete(app.demo.user(Role::OrgAdmin), &path(&mine)).await.expect(204);
    assert!(!sees(supervisor, &mine).await && !sees(client, &mine).await);
}

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
