//! How agents did: calls that came in at a door and work that was done on tickets, and every figure that is made of them,
//! held against what one counts by hand.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

#[path = "support/door.rs"]
mod door;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use switchroom_api::testing::{App, TestUser};
use switchroom_core::Role;
use uuid::Uuid;

use door::{Door, door, send};

const LIST: &str = "/api/v1/agents/performance";
/// The two days of the calls below; the last of them starts a moment too late.
const PERIOD: &str = "from=2026-11-20T00:00:00Z&to=2026-11-22T00:00:00Z";

/// Day and time of an event, what it is, whose extension it names, and why where it is an end.
type Told = (&'static str, &'static str, Option<&'static str>, Option<&'static str>);

/// A call as its PBX tells it.
async fn call(app: &App, door: &Door, name: &str, direction: &str, events: &[Told]) {
    for (n, (at, kind, extension, reason)) in events.iter().enumerate() {
        let (from, to) = if direction == "inbound" {
            ("+33612345678", "+33199000001")
        } else {
            ("+33199000001", "+33612345678")
        };
        let agent = extension.map(|extension| json!({"extension": extension}));
        let event = json!({"call_id": name, "type": kind, "at": format!("2026-11-{at}Z"), "direction": direction,
            "from": from, "to": to, "agent": agent, "reason": reason});
        let reply = send(app, door, &format!("{name}-{n}"), &event).await;
        assert!((200..300).contains(&reply.status), "{name} {kind}: {}", reply.text);
    }
}

async fn a_few_days(app: &App, door: &Door) {
    let (one, two) = (Some("201"), Some("202"));
    let done = Some("completed");
    let inbound = async |name: &str, events: &[Told]| call(app, door, name, "inbound", events).await;
    // Answered after 5 s, 30 s long.
    inbound(
        "a",
        &[
            ("20T10:00:00", "ringing", one, None),
            ("20T10:00:05", "answered", one, None),
            ("20T10:00:35", "ended", None, done),
        ],
    )
    .await;
    inbound(
        "missed",
        &[("20T11:00:00", "ringing", one, None), ("20T11:00:20", "ended", None, Some("missed"))],
    )
    .await;
    // It rang at both, and the other one answered, 12 s after it began; 60 s long.
    inbound(
        "other",
        &[
            ("20T12:00:00", "ringing", one, None),
            ("20T12:00:10", "ringing", two, None),
            ("20T12:00:12", "answered", two, None),
            ("20T12:01:12", "ended", None, done),
        ],
    )
    .await;
    inbound(
        "declined",
        &[("20T13:00:00", "ringing", one, None), ("20T13:00:02", "ended", None, Some("rejected"))],
    )
    .await;
    // The day after: answered after 3 s, 90 s long, the last moments of it on the next day.
    inbound(
        "b",
        &[
            ("21T23:58:27", "ringing", one, None),
            ("21T23:58:30", "answered", one, None),
            ("22T00:00:00", "ended", None, done),
        ],
    )
    .await;
    // Nobody told that it rang: it was answered, 20 s long, and says nothing of how long anybody waited.
    inbound("c", &[("21T09:00:00", "answered", one, None), ("21T09:00:20", "ended", None, done)]).await;
    // Still ringing; still talking; of no known end; and nobody's fault.
    inbound("ringing", &[("21T10:00:00", "ringing", one, None)]).await;
    inbound("talking", &[("21T10:10:00", "ringing", two, None), ("21T10:10:04", "answered", two, None)])
        .await;
    inbound(
        "lost",
        &[
            ("21T10:20:00", "ringing", two, None),
            ("21T10:20:02", "answered", two, None),
            ("21T14:20:02", "ended", None, Some("failed")),
        ],
    )
    .await;
    inbound(
        "broken",
        &[("21T10:30:00", "ringing", two, None), ("21T10:30:09", "ended", None, Some("failed"))],
    )
    .await;
    // The provider says that it was answered, and not by whom.
    inbound(
        "whoever",
        &[
            ("21T10:40:00", "ringing", one, None),
            ("21T10:40:05", "answered", None, None),
            ("21T10:40:10", "ended", None, done),
        ],
    )
    .await;
    inbound(
        "voicemail",
        &[("21T10:50:00", "ringing", one, None), ("21T10:50:30", "ended", None, Some("voicemail"))],
    )
    .await;
    // Two calls out, one of them answered after 10 s and 60 s long.
    let outbound = async |name: &str, events: &[Told]| call(app, door, name, "outbound", events).await;
    outbound(
        "out",
        &[
            ("21T09:30:00", "ringing", one, None),
            ("21T09:30:10", "answered", one, None),
            ("21T09:31:10", "ended", None, done),
        ],
    )
    .await;
    outbound(
        "nobody",
        &[("21T09:40:00", "ringing", one, None), ("21T09:40:30", "ended", None, Some("busy"))],
    )
    .await;
    // On the edges: the first moment belongs to the period, the last does not.
    inbound(
        "first",
        &[("20T00:00:00", "ringing", two, None), ("20T00:00:01", "ended", None, Some("missed"))],
    )
    .await;
    inbound(
        "before",
        &[("19T23:59:59", "ringing", two, None), ("20T00:00:09", "ended", None, Some("missed"))],
    )
    .await;
    inbound(
        "after",
        &[("22T00:00:00", "ringing", two, None), ("22T00:00:09", "ended", None, Some("missed"))],
    )
    .await;
}

fn of<'a>(list: &'a Value, user: &TestUser) -> &'a Value {
    list["items"].as_array().unwrap().iter().find(|item| item["user_id"] == json!(user.id)).unwrap()
}

#[tokio::test]
async fn calls_are_counted_for_those_who_were_asked_and_who_answered() {
    let app = App::with_engine().await;
    let door = door(&app).await;
    a_few_days(&app, &door).await;
    let (lead, one, two) = (app.demo.user(Role::Supervisor), app.demo.user(Role::Agent), &app.demo.agent2);
    let list = app.get(lead, &format!("{LIST}?{PERIOD}")).await.expect(200);
    assert_eq!(
        (&list["from"], &list["to"]),
        (&json!("2026-11-20T00:00:00Z"), &json!("2026-11-22T00:00:00Z"))
    );
    // a, missed, other, declined, b, c, ringing, whoever, voicemail. Talk: 30 + 90 + 20 + 60. Waits: 5 and 3.
    let figures = json!({
        "user_id": one.id, "name": "agent", "is_active": true, "offered": 9, "answered": 3, "answered_elsewhere": 2, "missed": 2,
        "declined": 1, "outbound": 2, "outbound_answered": 1, "talk_seconds": 200, "average_talk_seconds": 50.0,
        "average_answer_seconds": 4.0, "tickets_taken": 0, "tickets_resolved": 0, "first_responses": 0,
        "average_first_response_seconds": null,
    });
    assert_eq!(*of(&list, one), figures);
    // other, talking, lost, broken, first. Talk: 60, as the others have no end or none that was told. Waits: 12, 4 and 2.
    let second = json!({
        "user_id": two.id, "name": "agent2", "is_active": true, "offered": 5, "answered": 3, "answered_elsewhere": 0, "missed": 1,
        "declined": 0, "outbound": 0, "outbound_answered": 0, "talk_seconds": 60, "average_talk_seconds": 60.0,
        "average_answer_seconds": 6.0, "tickets_taken": 0, "tickets_resolved": 0, "first_responses": 0,
        "average_first_response_seconds": null,
    });
    assert_eq!(*of(&list, two), second);
    // Everybody else who takes calls, with nothing to average; by name; members and clients are not among them.
    let names: Vec<&str> =
        list["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["agent", "agent2", "org_admin", "org_owner", "supervisor"]);
    let idle = of(&list, lead);
    assert_eq!((&idle["offered"], &idle["average_talk_seconds"]), (&json!(0), &Value::Null));
    assert_eq!((&idle["average_answer_seconds"], &idle["talk_seconds"]), (&Value::Null, &json!(0)));

    // One agent: the same figures, and the days that they come from.
    let mine = app.get(lead, &format!("/api/v1/agents/{}/performance?{PERIOD}", one.id)).await.expect(200);
    let mut total = mine.clone();
    let days = total.as_object_mut().unwrap().remove("days").unwrap();
    for name in ["from", "to"] {
        assert_eq!(total.as_object_mut().unwrap().remove(name), Some(list[name].clone()));
    }
    assert_eq!(total, figures);
    assert_eq!(
        days,
        json!([
            {"day": "2026-11-20", "offered": 4, "answered": 1, "answered_elsewhere": 1, "missed": 1, "declined": 1, "outbound": 0,
             "outbound_answered": 0, "talk_seconds": 30, "tickets_taken": 0, "tickets_resolved": 0, "first_responses": 0},
            {"day": "2026-11-21", "offered": 5, "answered": 2, "answered_elsewhere": 1, "missed": 1, "declined": 0, "outbound": 2,
             "outbound_answered": 1, "talk_seconds": 170, "tickets_taken": 0, "tickets_resolved": 0, "first_responses": 0},
        ])
    );
    // An hour of it.
    let hour = "from=2026-11-20T12:00:00Z&to=2026-11-20T13:00:00Z";
    let list = app.get(lead, &format!("{LIST}?{hour}")).await.expect(200);
    assert_eq!((&of(&list, one)["offered"], &of(&list, two)["offered"]), (&json!(1), &json!(1)));

    // Who was switched off is still there for what they did, and only for that.
    let path = format!("/api/v1/users/{}/deactivate", two.id);
    app.post(app.demo.user(Role::OrgAdmin), &path, json!({})).await.expect(200);
    let list = app.get(lead, &format!("{LIST}?{PERIOD}")).await.expect(200);
    assert_eq!((&of(&list, two)["offered"], &of(&list, two)["is_active"]), (&json!(5), &json!(false)));
    let quiet =
        app.get(lead, &format!("{LIST}?from=2026-10-01T00:00:00Z&to=2026-10-02T00:00:00Z")).await.expect(200);
    assert!(!quiet.to_string().contains(&two.id.to_string()), "{quiet}");
    // Nothing of it is the rival's.
    let theirs = app.get(app.rival.user(Role::Supervisor), &format!("{LIST}?{PERIOD}")).await.expect(200);
    assert!(theirs["items"].as_array().unwrap().iter().all(|item| item["offered"] == 0), "{theirs}");
    app.state.engine.as_ref().unwrap().stop().await;
}

fn seconds_between(from: &Value, to: &Value) -> f64 {
    let at = |value: &Value| value.as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    (at(to) - at(from)).num_microseconds().unwrap() as f64 / 1e6
}

#[tokio::test]
async fn work_on_tickets_is_counted_for_who_did_it() {
    let app = App::new().await;
    let (lead, one, two) = (app.demo.user(Role::Supervisor), app.demo.user(Role::Agent), &app.demo.agent2);
    let client = app.demo.user(Role::Client);
    let filed = async || {
        let made = app.post(client, "/api/v1/tickets", json!({"title": "Printer on fire"})).await.expect(201);
        format!("/api/v1/tickets/{}", made["id"].as_str().unwrap())
    };
    let (first, second, third) = (filed().await, filed().await, filed().await);
    let command = async |who: &TestUser, path: &str, name: &str, body: Value| {
        let reply = app.post(who, &format!("{path}/{name}"), body).await;
        assert!((200..300).contains(&reply.status), "{name}: {}", reply.text);
    };
    let moved = async |who: &TestUser, path: &str, to: &str| {
        command(who, path, "status", json!({"status": to})).await;
    };
    // One takes two tickets and resolves the first of them twice; the note is no response, nor is the client's own word.
    command(one, &first, "take", json!({})).await;
    command(one, &second, "take", json!({})).await;
    command(client, &first, "replies", json!({"body": "Hurry."})).await;
    command(one, &first, "replies", json!({"body": "Odd.", "visibility": "internal"})).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    command(one, &first, "replies", json!({"body": "On my way."})).await;
    for to in ["in_progress", "resolved", "open", "in_progress", "resolved", "closed"] {
        moved(one, &first, to).await;
    }
    // The other is given one, answers it first and closes it, which is no resolution; and takes none.
    command(lead, &third, "assign", json!({"user_id": two.id})).await;
    command(two, &third, "replies", json!({"body": "Here."})).await;
    command(lead, &third, "replies", json!({"body": "And I."})).await;
    moved(two, &third, "closed").await;

    let list = app.get(lead, LIST).await.expect(200);
    let figures = |who: &TestUser| {
        let item = of(&list, who);
        ["tickets_taken", "tickets_resolved", "first_responses"].map(|name| item[name].as_i64().unwrap())
    };
    assert_eq!((figures(one), figures(two), figures(lead)), ([2, 1, 1], [0, 0, 1], [0, 0, 0]));
    let ticket = app.get(lead, &first).await.expect(200);
    let waited = seconds_between(&ticket["created_at"], &ticket["first_response_at"]);
    let said = of(&list, one)["average_first_response_seconds"].as_f64().unwrap();
    assert!(waited >= 0.3 && (said - waited).abs() < 0.0511, "{said} of {waited}");
    assert_eq!(of(&list, lead)["average_first_response_seconds"], Value::Null);
    // The last week up to now, and nothing of what is later or was before.
    let week = seconds_between(&list["from"], &list["to"]) / 86_400.0;
    assert!((week - 7.0).abs() < 1e-9, "{week}");
    let then = app.get(lead, &format!("{LIST}?to=2026-01-01T00:00:00Z")).await.expect(200);
    assert_eq!(of(&then, one)["tickets_taken"], 0);
    let mine = app.get(one, &format!("/api/v1/agents/{}/performance", one.id)).await.expect(200);
    let days = mine["days"].as_array().unwrap();
    assert_eq!(days.len(), 8, "a week up to now touches eight days: {mine}");
    let sum = |name: &str| days.iter().map(|day| day[name].as_i64().unwrap()).sum::<i64>();
    assert_eq!([sum("tickets_taken"), sum("tickets_resolved"), sum("first_responses")], [2, 1, 1]);

    // Without the module one is told no figure of it; calls are counted all the same.
    for who in [lead, one] {
        let off = json!({"modules": {"tickets": false}});
        let path = format!("/api/v1/users/{}", who.id);
        app.patch(app.demo.user(Role::OrgOwner), &path, off).await.expect(200);
    }
    let list = app.get(lead, LIST).await.expect(200);
    for name in ["tickets_taken", "tickets_resolved", "first_responses", "average_first_response_seconds"] {
        assert_eq!(of(&list, one)[name], Value::Null, "{name}");
    }
    assert_eq!(of(&list, one)["offered"], 0);
    let mine = app.get(one, &format!("/api/v1/agents/{}/performance", one.id)).await.expect(200);
    assert_eq!((&mine["tickets_taken"], &mine["days"][0]["tickets_taken"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn who_leads_sees_everybody_and_everybody_their_own() {
    let app = App::new().await;
    let (lead, agent, other) =
        (app.demo.user(Role::Supervisor), app.demo.user(Role::Agent), &app.demo.agent2);
    let of_one = |id: &dyn std::fmt::Display| format!("/api/v1/agents/{id}/performance");
    for role in [Role::OrgOwner, Role::OrgAdmin, Role::Supervisor] {
        app.get(app.demo.user(role), LIST).await.expect(200);
        app.get(app.demo.user(role), &of_one(&agent.id)).await.expect(200);
    }
    for role in [Role::Agent, Role::Corporate, Role::Member, Role::Client] {
        app.get(app.demo.user(role), LIST).await.expect_problem(403, "forbidden");
        app.get(app.demo.user(role), &of_one(&other.id)).await.expect_problem(403, "forbidden");
    }
    app.get(agent, &of_one(&agent.id)).await.expect(200);
    // Clients have no performance; nobody's and the rival's are absent alike.
    for id in [app.demo.user(Role::Client).id.0, app.rival.user(Role::Agent).id.0, Uuid::nil()] {
        app.get(lead, &of_one(&id)).await.expect_problem(404, "not-found");
    }
    app.get(lead, &of_one(&"x")).await.expect_problem(404, "not-found");

    // Of a team, those who are in it now; of the rival's, or of none, nobody.
    let owner = app.demo.user(Role::OrgOwner);
    let team = app.post(owner, "/api/v1/teams", json!({"name": "Support"})).await.expect(201);
    let member = format!("/api/v1/teams/{}/members/{}", team["id"].as_str().unwrap(), other.id);
    let put = app.request(axum::http::Method::PUT, &member).bearer(&owner.token).json(&json!({}));
    put.send().await.expect(200);
    let of_team =
        async |id: &str| app.get(lead, &format!("{LIST}?team_id={id}")).await.expect(200)["items"].clone();
    let items = of_team(team["id"].as_str().unwrap()).await;
    assert_eq!((items.as_array().unwrap().len(), &items[0]["user_id"]), (1, &json!(other.id)));
    let theirs = app.post(app.rival.user(Role::OrgOwner), "/api/v1/teams", json!({"name": "Theirs"})).await;
    for nobody in [theirs.expect(201)["id"].as_str().unwrap().to_owned(), Uuid::nil().to_string()] {
        assert_eq!(of_team(&nobody).await, json!([]));
    }
}

#[tokio::test]
async fn a_period_that_is_none_is_refused_by_its_parameter() {
    let app = App::new().await;
    let lead = app.demo.user(Role::Supervisor);
    for path in [LIST.to_owned(), format!("/api/v1/agents/{}/performance", lead.id)] {
        for (query, parameter) in [
            ("from=2026-11-22T00:00:00Z&to=2026-11-22T00:00:00Z", "?from"),
            ("from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z", "?from"),
            ("from=2026-08-01T00:00:00Z&to=2026-11-02T00:00:00Z", "?from"),
            ("from=2999-01-01T00:00:00Z", "?from"),
            ("from=1999-12-31T00:00:00Z", "?from"),
            ("to=1999-12-31T00:00:00Z", "?to"),
            ("to=9999-12-31T00:00:00Z", "?to"),
        ] {
            let problem = app.get(lead, &format!("{path}?{query}")).await.expect_problem(422, "validation");
            assert_eq!(problem["errors"][0]["pointer"], parameter, "{query}");
        }
        for query in ["from=yesterday", "to=1", "from=2026-13-01T00:00:00Z"] {
            app.get(lead, &format!("{path}?{query}")).await.expect_problem(400, "bad-parameter");
        }
        // Exactly 92 days, and other zones than UTC.
        let longest = "from=2026-08-02T02:00:00%2B02:00&to=2026-11-02T00:00:00Z";
        assert_eq!(
            app.get(lead, &format!("{path}?{longest}")).await.expect(200)["from"],
            "2026-08-02T00:00:00Z"
        );
    }
}
