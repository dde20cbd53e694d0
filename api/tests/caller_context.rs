//! "Who is this number?", with the engine running: answered from memory, fresh as soon as a change was answered.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use serde_json::{Value, json};
use switchroom_api::testing::{App, TestUser};
use switchroom_core::Role;
use uuid::Uuid;

const NUMBER: &str = "+33639981234";

async fn ask(app: &App, user: &TestUser, query: &str) -> Value {
    app.get(user, &format!("/api/v1/caller-context?{query}")).await.expect(200)
}

#[tokio::test]
async fn the_next_call_of_a_filed_caller_is_known() {
    let app = App::with_engine().await;
    let agent = app.demo.user(Role::Agent);
    let unknown = ask(&app, agent, "number=0639981234").await;
    assert_eq!(
        (&unknown["found"], &unknown["quality"], &unknown["number"], &unknown["contact"]),
        (&json!(false), &json!("exact"), &json!(NUMBER), &Value::Null)
    );
    let call = Uuid::new_v4();
    let mut connection = app.database.superuser().await;
    sqlx::query(
        "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, from_number, started_at, fold)
         VALUES ($1, $2, $1, 'c', 'inbound', 'ringing', $3, now(), '{}')",
    )
    .bind(call).bind(app.demo.id.0).bind(NUMBER).execute(&mut connection).await.unwrap();
    let body = json!({"title": "Printer", "call_id": call, "customer_type": "organization", "customer_name": "Acme", "contact_person": "Grace",
        "customer_gender": "Female", "customer_email": "grace@acme.example"});
    let ticket = app.post(agent, "/api/v1/tickets", body).await.expect(201);
    let known = ask(&app, agent, "number=06%2039%2098%2012%2034").await;
    for (field, value) in [
        ("found", json!(true)),
        ("customer_type", json!("organization")),
        ("customer_name", json!("Acme")),
        ("caller_name", json!("Grace")),
        ("organization_name", json!("Acme")),
        ("organization_id", ticket["organization_id"].clone()),
        ("contact_person", json!("Grace")),
        ("gender", json!("Female")),
        ("email", json!("grace@acme.example")),
        ("inactive", json!(false)),
        ("contact", ticket["contact"].clone()),
        (
            "open_tickets",
            json!([{"id": ticket["id"], "number": 1001, "title": "Printer", "status": "open", "priority": "medium"}]),
        ),
    ] {
        assert_eq!(known[field], value, "{field}");
    }
    assert_eq!(known["recent_calls"][0]["id"], json!(call));
    assert_eq!(known["other_matches"][0]["kind"], "organization");
    // The same by POST; the other tenant knows nothing; a deleted contact leaves the index at once.
    assert_eq!(
        app.post(agent, "/api/v1/caller-context", json!({"number": "+33 6 39 98 12 34", "region": "ZZ"}))
            .await
            .expect(200),
        known
    );
    assert_eq!(ask(&app, app.rival.user(Role::Agent), "number=0639981234").await["found"], false);
    let supervisor = app.demo.user(Role::Supervisor);
    app.post(supervisor, &format!("/api/v1/tickets/{}/close", ticket["id"].as_str().unwrap()), json!({}))
        .await
        .expect(200);
    assert_eq!(ask(&app, agent, "number=0639981234").await["open_tickets"], json!([]));
    app.delete(supervisor, &format!("/api/v1/organizations/{}", ticket["organization_id"].as_str().unwrap()))
        .await
        .expect(204);
    assert_eq!(ask(&app, agent, "number=0639981234").await["found"], false);
    // Each look-up left a line, the number masked.
    app.state.reads.settled().await;
    let lines: Vec<String> = sqlx::query_scalar(
        "SELECT subject FROM audit_log WHERE action = 'caller.looked_up' AND tenant_id = $1",
    )
    .bind(app.demo.id.0)
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(lines.len(), 5);
    assert!(lines.iter().all(|line| !line.contains("639981234") && line.contains('*')), "{lines:?}");
}

/// Who may ask learns that a number is known; the rest needs what the records themselves need.
#[tokio::test]
async fn a_context_shows_what_the_caller_may_read() {
    let app = App::with_engine().await;
    let (agent, member) = (app.demo.user(Role::Agent), app.demo.user(Role::Member));
    let mut connection = app.database.superuser().await;
    let call = Uuid::new_v4();
    sqlx::query(
        "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, from_number, started_at, fold)
         VALUES ($1, $2, $1, 'c', 'inbound', 'ringing', $3, now(), '{}')",
    )
    .bind(call).bind(app.demo.id.0).bind(NUMBER).execute(&mut connection).await.unwrap();
    let person =
        json!({"full_name": "Ada", "phones": [NUMBER], "email": "ada@x.example", "gender": "Female"});
    app.post(agent, "/api/v1/individuals", person).await.expect(201);
    app.post(agent, "/api/v1/organizations", json!({"name": "Acme", "phones": [NUMBER]})).await.expect(201);
    let ticket = json!({"title": "Divorce papers", "phone_number": NUMBER});
    app.post(agent, "/api/v1/tickets", ticket).await.expect(201);
    let query = "number=%2B33639981234";
    let whole = ask(&app, agent, query).await;
    assert_eq!(whole["customer_name"], "Acme");
    assert_eq!(whole["other_matches"][0]["name"], "Ada");
    assert_eq!(
        (whole["recent_calls"][0]["id"].clone(), whole["open_tickets"].as_array().unwrap().len()),
        (json!(call), 1)
    );
    // A member reads contacts, and neither tickets nor calls.
    let seen = ask(&app, member, query).await;
    assert_eq!(seen["customer_name"], "Acme");
    assert_eq!((&seen["open_tickets"], &seen["recent_calls"]), (&json!([]), &json!([])));
    // Modules that are switched off hide what is in them, of an owner too.
    let owner = app.demo.user(Role::OrgOwner);
    sqlx::query(
        "UPDATE memberships SET module_tickets = false, module_organizations = false WHERE user_id = $1",
    )
    .bind(owner.id.0)
    .execute(&mut connection)
    .await
    .unwrap();
    let seen = ask(&app, owner, query).await;
    for field in ["customer_name", "caller_name", "organization_name", "contact_person", "gender", "email"] {
        assert_eq!(seen[field], Value::Null, "{field}");
    }
    assert_eq!((&seen["found"], &seen["contact"]), (&json!(true), &whole["contact"]));
    assert_eq!((&seen["open_tickets"], seen["recent_calls"][0]["id"].clone()), (&json!([]), json!(call)));
    sqlx::query(
        "UPDATE memberships SET module_organizations = true, module_individuals = false WHERE user_id = $1",
    )
    .bind(owner.id.0)
    .execute(&mut connection)
    .await
    .unwrap();
    app.state.sessions.forget_user(owner.id);
    let seen = ask(&app, owner, query).await;
    assert_eq!((&seen["customer_name"], &seen["other_matches"]), (&json!("Acme"), &json!([])));
}

#[tokio::test]
async fn every_text_gets_an_answer() {
    let app = App::with_engine().await;
    let agent = app.demo.user(Role::Agent);
    for (text, quality) in [
        ("", "invalid"),
        ("%20%20", "invalid"),
        ("%25", "invalid"),
        ("anonymous", "anonymous"),
        ("%2B266696687", "anonymous"),
        ("202", "extension"),
        ("%27%3B%20DROP%20TABLE%20individuals", "invalid"),
        ("%F0%9F%93%9E", "invalid"),
        ("0639981234", "exact"),
    ] {
        let context = ask(&app, agent, &format!("number={text}")).await;
        assert_eq!(context["quality"], quality, "{text}");
        assert_eq!(context["contact"], Value::Null, "{text}");
    }
    assert_eq!(ask(&app, agent, &format!("number={}", "1".repeat(5000))).await["quality"], "invalid");
    assert_eq!(ask(&app, agent, "number=0639981234&region=ZZ").await["quality"], "invalid");
    for body in [
        json!({"number": ""}),
        json!({"number": {"x": 1}}),
        json!({"number": [], "region": "??"}),
        json!({"number": "x".repeat(10_000)}),
    ] {
        assert_eq!(app.post(agent, "/api/v1/caller-context", body).await.expect(200)["quality"], "invalid");
    }
    for reply in [
        app.get(agent, "/api/v1/caller-context").await,
        app.get(agent, "/api/v1/caller-context?region=FR").await,
    ] {
        assert_eq!(reply.status, 400);
    }
    for body in [json!({}), json!({"number": null}), json!({"region": "FR"})] {
        assert_eq!(app.post(agent, "/api/v1/caller-context", body).await.status, 400);
    }
    // Everyone but a client.
    for role in Role::ALL {
        let status = app.get(app.demo.user(role), "/api/v1/caller-context?number=1").await.status;
        assert_eq!(status, if role == Role::Client { 403 } else { 200 }, "{role}");
    }
}

#[tokio::test]
async fn calls_follow_a_merge_and_tickets_are_those_one_may_see() {
    let app = App::with_engine().await;
    let (lead, agent) = (app.demo.user(Role::Supervisor), app.demo.user(Role::Agent));
    let made = async |name: &str, number: &str| {
        let person = json!({"full_name": name, "phones": [number]});
        app.post(lead, "/api/v1/individuals", person).await.expect(201)["id"].clone()
    };
    let (kept, merged) = (made("Ada", NUMBER).await, made("A.", "+33639981235").await);
    let id = |value: &Value| value.as_str().unwrap().parse::<Uuid>().unwrap();
    // From a number that is nobody's today: only the contact leads to it.
    let call = Uuid::new_v4();
    sqlx::query(
        "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, end_reason, from_number, contact_kind,
                            contact_id, started_at, ended_at, fold)
         VALUES ($1, $2, $1, 'c', 'inbound', 'ended', 'missed', '+33639981299', 'individual', $3, now(), now(), '{}')",
    )
    .bind(call)
    .bind(app.demo.id.0)
    .bind(id(&merged))
    .execute(&mut app.database.superuser().await)
    .await
    .unwrap();
    let query = "number=%2B33639981234";
    assert_eq!(ask(&app, agent, query).await["recent_calls"], json!([]));
    let body = json!({"kind": "individual", "keep_id": kept, "merge_id": merged});
    let merge = app.post(lead, "/api/v1/contact-merges", body).await.expect(201);
    assert_eq!(ask(&app, agent, query).await["recent_calls"][0]["id"], json!(call));
    let undo = format!("/api/v1/contact-merges/{}/undo", merge["id"].as_str().unwrap());
    app.post(lead, &undo, json!({})).await.expect(200);
    assert_eq!(ask(&app, agent, query).await["recent_calls"], json!([]));

    // A ticket that a colleague has is the colleague's and the supervisor's.
    let ticket = json!({"title": "Mine", "phone_number": NUMBER});
    let ticket = app.post(lead, "/api/v1/tickets", ticket).await.expect(201);
    let open = async |user: &TestUser| ask(&app, user, query).await["open_tickets"].as_array().unwrap().len();
    assert_eq!((open(agent).await, open(&app.demo.agent2).await, open(lead).await), (1, 1, 1));
    let assign = format!("/api/v1/tickets/{}/assign", ticket["id"].as_str().unwrap());
    app.post(lead, &assign, json!({"user_id": app.demo.agent2.id})).await.expect(200);
    assert_eq!((open(agent).await, open(&app.demo.agent2).await, open(lead).await), (0, 1, 1));
}
