//! Calls through the running engine: a signed event comes in at a door, and everything the API says of it afterwards.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

#[path = "support/door.rs"]
mod door;

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use switchroom_api::testing::App;
use switchroom_core::Role;
use uuid::Uuid;

use door::{call_id, door, now, send, signature};

fn event(call: &str, kind: &str, second: u32) -> Value {
    json!({"call_id": call, "type": kind, "at": format!("2026-11-20T10:00:{second:02}Z"), "direction": "inbound",
        "from": "+33 6 12 34 56 78", "to": "+33199000001", "agent": {"extension": "201"}, "queue": "support"})
}

#[tokio::test]
async fn a_call_from_the_door_to_the_lists() {
    let app = App::with_engine().await;
    let door = door(&app).await;
    let (agent, lead) = (app.demo.user(Role::Agent), app.demo.user(Role::Supervisor));
    for (id, kind, second) in [("e1", "ringing", 0), ("e2", "answered", 5), ("e3", "ended", 30)] {
        let reply = send(&app, &door, id, &event("pbx-1", kind, second)).await;
        assert!((200..300).contains(&reply.status), "{}", reply.text);
    }
    // The same event again has no second effect.
    assert_eq!(send(&app, &door, "e2", &event("pbx-1", "answered", 5)).await.status, 200);

    let path = format!("/api/v1/calls/{}", call_id(&door, "pbx-1"));
    let reply = app.get(agent, &path).await;
    let version = reply.header("etag").to_owned();
    let call = reply.expect(200);
    assert_eq!(version, format!("\"{}\"", call["version"]));
    assert_eq!(call["provider_call_id"], "pbx-1");
    assert_eq!(
        (&call["state"], &call["end_reason"], &call["direction"]),
        (&json!("ended"), &json!("completed"), &json!("inbound"))
    );
    assert_eq!(
        (&call["from"], &call["to"], &call["queue"]),
        (&json!("+33612345678"), &json!("+33199000001"), &json!("support"))
    );
    assert_eq!((&call["agent_id"], &call["connection_id"]), (&json!(agent.id), &json!(door.id)));
    assert_eq!(
        call["answered_at"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap(),
        "2026-11-20T10:00:05Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    );

    let events = app.get(agent, &format!("{path}/events")).await.expect(200);
    let items = events["items"].as_array().unwrap();
    let types: Vec<_> = items.iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["ringing", "answered", "ended"]);
    assert!(items.iter().all(|item| item["effective"] == true));
    assert_eq!(items[0]["provider_event_id"], "e1");
    let first = app.get(agent, &format!("{path}/events?limit=1")).await.expect(200);
    let next = first["next_cursor"].as_str().unwrap();
    let second = app.get(agent, &format!("{path}/events?limit=1&cursor={next}")).await.expect(200);
    assert_eq!(second["items"][0]["type"], "answered");

    // The log: from the first, without a gap; a page goes on where the last ended.
    let (mut seen, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let page = app.get(lead, &format!("/api/v1/events?after={after}&limit=2")).await.expect(200);
        let items = page["items"].as_array().unwrap().clone();
        let Some(last) = items.last() else { break };
        after = last["cursor"].as_str().unwrap().to_owned();
        seen.extend(items);
    }
    let numbers: Vec<i64> = seen.iter().map(|item| item["seq"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=i64::try_from(seen.len()).unwrap()).collect::<Vec<_>>());
    assert_eq!(seen.iter().filter(|item| !item["call_id"].is_null()).count(), 3);
    for bad in ["x", "1", "v1.-1", "v1.99999999999999999999", "%00"] {
        app.get(lead, &format!("/api/v1/events?after={bad}")).await.expect(400);
    }

    // Lists and their filters.
    let found = async |query: &str| {
        let page = app.get(agent, &format!("/api/v1/calls?{query}")).await.expect(200);
        page["items"].as_array().unwrap().len()
    };
    for query in [
        "",
        "provider_call_id=pbx-1",
        "from=0612345678",
        "from=%2B33612345678",
        "to=%2B33199000001",
        "state=ended",
        &format!("agent_id={}", agent.id),
        &format!("connection_id={}", door.id),
        "started_after=2026-11-20T09:00:00Z&started_before=2026-11-20T11:00:00Z",
    ] {
        assert_eq!(found(query).await, 1, "{query}");
    }
    for query in [
        "provider_call_id=x",
        "from=0612345679",
        "state=ringing",
        "started_after=2026-11-20T11:00:00Z",
        "agent_id=00000000-0000-0000-0000-000000000000",
    ] {
        assert_eq!(found(query).await, 0, "{query}");
    }
    for bad in ["state=lost", "agent_id=x", "started_after=yesterday", "sort=from", "cursor=x"] {
        app.get(agent, &format!("/api/v1/calls?{bad}")).await.expect(400);
    }

    // Nobody else's.
    let rival = app.rival.user(Role::OrgOwner);
    for suffix in ["", "/events", "/tickets"] {
        app.get(rival, &format!("{path}{suffix}")).await.expect_problem(404, "not-found");
    }
    assert!(app.get(rival, "/api/v1/calls").await.expect(200)["items"].as_array().unwrap().is_empty());
    assert!(app.get(rival, "/api/v1/events").await.expect(200)["items"].as_array().unwrap().is_empty());
    assert!(
        app.get(agent, &format!("{path}/tickets")).await.expect(200)["items"].as_array().unwrap().is_empty()
    );
    app.state.engine.as_ref().unwrap().stop().await;
}

#[tokio::test]
async fn a_door_refuses_in_the_order_of_the_contract() {
    let app = App::with_engine().await;
    let door = door(&app).await;
    let post = |path: &str| app.request(Method::POST, path);
    let big = "x".repeat(64 * 1024 + 1);
    post("/hooks/unknown").raw(big.clone()).send().await.expect(404);
    post("/hooks/%00").send().await.expect(404);
    post("/hooks/%ff").send().await.expect(404);
    post(&door.path).header("content-type", "text/plain").raw(big).send().await.expect(413);
    post(&door.path).header("content-type", "text/plain").raw("x").send().await.expect(415);
    let body = event("pbx-9", "ringing", 0).to_string();
    let json = |text: &str| post(&door.path).header("content-type", "application/json").raw(text.to_owned());
    json(&body).send().await.expect(401);
    json("{").send().await.expect(401);
    let old = now() - 3600;
    let sign = |id: &str, at: i64, text: &str| {
        json(text)
            .header("webhook-id", id)
            .header("webhook-timestamp", &at.to_string())
            .header("webhook-signature", &signature(&door, id, at, text))
    };
    let replayed = sign("m1", old, &body).send().await;
    assert_eq!(replayed.header("content-type"), "application/problem+json");
    assert!(replayed.header("www-authenticate").starts_with("Basic"));
    replayed.expect(401);
    sign("m2", now(), &body).header("webhook-signature", "v1,AAAA").send().await.expect(401);
    sign("m3", now(), "{").send().await.expect(400);
    sign("m4", now(), "[]").send().await.expect(400);
    sign("m5", now(), "{\"call_id\":\"a\\u0000\",\"type\":\"ringing\",\"at\":\"2026-11-20T10:00:00Z\",\"from\":\"1\",\"to\":\"2\"}").send().await.expect(400);
    app.request(Method::GET, &door.path).send().await.expect(405);
    assert!(
        app.get(app.demo.user(Role::Agent), "/api/v1/calls").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    // A door that was closed is gone before the answer is out.
    app.delete(app.demo.user(Role::OrgAdmin), &format!("/api/v1/connections/{}", door.id)).await.expect(204);
    send(&app, &door, "m6", &event("pbx-9", "ringing", 0)).await.expect(404);
}

#[tokio::test]
async fn new_credentials_lock_the_door_for_the_old_ones_at_once() {
    let app = App::with_engine().await;
    let mut door = door(&app).await;
    let admin = app.demo.user(Role::OrgAdmin);
    let secret = STANDARD.encode(b"another secret");
    app.patch(
        admin,
        &format!("/api/v1/connections/{}", door.id),
        json!({"secret": format!("whsec_{secret}")}),
    )
    .await
    .expect(200);
    send(&app, &door, "e1", &event("pbx-1", "ringing", 0)).await.expect(401);
    door.secret = b"another secret".to_vec();
    let reply = send(&app, &door, "e1", &event("pbx-1", "ringing", 0)).await;
    assert!((200..300).contains(&reply.status), "{}", reply.text);
}

#[tokio::test]
async fn presence_queues_and_the_board() {
    let app = App::with_engine().await;
    let door = door(&app).await;
    let (agent, lead, member) =
        (app.demo.user(Role::Agent), app.demo.user(Role::Supervisor), app.demo.user(Role::Member));
    let path = |id: &dyn std::fmt::Display| format!("/api/v1/agents/{id}/presence");
    let own = path(&agent.id);
    let view = app.post(agent, &own, json!({"state": "available"})).await.expect(200);
    assert_eq!((&view["presence"], &view["user_id"]), (&json!("available"), &json!(agent.id)));
    let view = app.post(agent, &own, json!({"state": "break", "reason": " lunch "})).await.expect(200);
    assert_eq!((&view["presence"], &view["reason"]), (&json!("break"), &json!("lunch")));
    app.post(agent, &own, json!({"state": "on_call"})).await.expect_problem(422, "validation");
    app.post(agent, &own, json!({})).await.expect_problem(422, "validation");
    app.post(agent, &own, json!({"state": "break", "reason": "x".repeat(201)})).await.expect(422);
    // Somebody else's needs more; nobody's is absent, and so is another tenant's.
    app.post(&app.demo.agent2, &own, json!({"state": "offline"})).await.expect_problem(403, "forbidden");
    app.post(lead, &own, json!({"state": "available"})).await.expect(200);
    app.post(lead, &path(&member.id), json!({"state": "available"})).await.expect(404);
    app.post(lead, &path(&app.rival.user(Role::Agent).id), json!({"state": "available"})).await.expect(404);
    app.post(lead, &path(&Uuid::nil()), json!({"state": "available"})).await.expect(404);

    let agents = app.get(agent, "/api/v1/agents").await.expect(200);
    let mine = agents["items"].as_array().unwrap().iter().find(|a| a["user_id"] == json!(agent.id)).unwrap();
    assert_eq!(
        (&mine["presence"], &mine["extension"], &mine["call_ids"]),
        (&json!("available"), &json!("201"), &json!([]))
    );
    let users = app.get(agent, "/api/v1/users?q=agent@").await.expect(200);
    assert_eq!(users["items"][0]["presence"], "available");

    send(&app, &door, "e1", &event("pbx-1", "ringing", 0)).await;
    let board = app.get(lead, "/api/v1/wallboard").await.expect(200);
    assert_eq!((&board["calls"]["ringing"], &board["calls"]["waiting"]), (&json!(1), &json!(1)));
    assert!(board["cursor"].as_str().unwrap().starts_with("v1."));
    assert!(
        board["figures"]
            .as_array()
            .unwrap()
            .iter()
            .all(|f| f["formula"].is_string() && f["version"].is_number())
    );
    let queues = app.get(agent, "/api/v1/queues").await.expect(200);
    assert_eq!((&queues["items"][0]["name"], &queues["items"][0]["waiting"]), (&json!("support"), &json!(1)));
    let mine = app.get(agent, "/api/v1/agents").await.expect(200);
    let mine =
        mine["items"].as_array().unwrap().iter().find(|a| a["user_id"] == json!(agent.id)).unwrap().clone();
    assert_eq!(mine["call_ids"], json!([call_id(&door, "pbx-1")]));
    // The rival's board is empty.
    let board = app.get(app.rival.user(Role::Supervisor), "/api/v1/wallboard").await.expect(200);
    assert_eq!(board["calls"]["ringing"], 0);
}

#[tokio::test]
async fn calls_of_an_organization_are_those_of_its_people_too() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let made = async |path: &str, body: Value| {
        app.post(admin, path, body).await.expect(201)["id"].as_str().unwrap().parse::<Uuid>().unwrap()
    };
    let company = made("/api/v1/organizations", json!({"name": "Acme", "phones": []})).await;
    let contacts = format!("/api/v1/organizations/{company}/contacts");
    let grace = made(&contacts, json!({"full_name": "Grace Hopper", "phones": []})).await;
    let ada = made("/api/v1/individuals", json!({"full_name": "Ada Lovelace", "phones": []})).await;
    let mut connection = app.database.superuser().await;
    for (kind, contact) in [("organization", company), ("organization_contact", grace), ("individual", ada)] {
        sqlx::query(
            "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, from_number,
                                contact_kind, contact_id, started_at, fold)
             VALUES (gen_random_uuid(), $1, $1, $2, 'inbound', 'ringing', '+33612345678', $2, $3, now(), '{}')",
        )
        .bind(app.demo.id.0)
        .bind(kind)
        .bind(contact)
        .execute(&mut connection)
        .await
        .unwrap();
    }
    let found = async |query: String| {
        let page = app.get(agent, &format!("/api/v1/calls?{query}")).await.expect(200);
        let mut contacts: Vec<_> =
            page["items"].as_array().unwrap().iter().map(|call| call["contact"].clone()).collect();
        contacts.sort_by_key(|contact| contact["kind"].to_string());
        contacts
    };
    let acme = json!({"kind": "organization", "id": company, "name": "Acme", "organization_id": null});
    let hopper = json!({"kind": "organization_contact", "id": grace, "name": "Grace Hopper", "organization_id": company});
    assert_eq!(found(format!("organization_id={company}")).await, [acme.clone(), hopper.clone()]);
    assert_eq!(found(format!("contact_id={company}")).await, [acme]);
    assert_eq!(found(format!("contact_id={grace}")).await, [hopper]);
    assert!(found(format!("organization_id={ada}")).await.is_empty(), "an id that is no organization's");
    assert_eq!(found(format!("contact_id={ada}")).await[0]["name"], "Ada Lovelace");
    // The name is the directory's: a deleted contact has none.
    app.delete(admin, &format!("/api/v1/individuals/{ada}")).await.expect(204);
    assert_eq!(found(format!("contact_id={ada}")).await[0]["name"], Value::Null);
    app.get(agent, "/api/v1/calls?organization_id=x").await.expect(400);
}
