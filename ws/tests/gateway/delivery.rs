//! Who hears what, in which order, with which ids.

use std::time::Duration;

use serde_json::{Value, json};
use switchroom_core::{
    Grants, Permission, TicketId, UserId,
    directory::{ContactKind, ContactRef, OpenTicket},
    log::EventData,
};
use switchroom_engine::{FrameSink, SubmitError};
use switchroom_ws::{Identity, Settings};
use uuid::Uuid;

use crate::support::{ANN, BOB, House, RIVAL, SAM, TENANT, agent, end, ring, settings, withdraw};

fn id_of(frame: &Value) -> Uuid {
    frame["event_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn hello_comes_first_and_says_who_and_where() {
    let house = House::new().await;
    let cursor = house.board.happen(TENANT, ring(1, &[BOB]));
    let mut client = house.silent_client("ann").await;
    let hello = client.next().await.unwrap();
    assert_eq!((&hello["type"], &hello["event_id"]), (&json!("hello"), &Value::Null));
    let data = &hello["data"];
    assert_eq!(data["user"], json!({"id": ANN.to_string(), "email": "ann@example", "name": "Ann"}));
    assert_eq!(data["tenant"], json!({"id": TENANT.to_string(), "slug": "demo", "name": "Demo"}));
    assert_eq!(data["cursor"], cursor.to_string());
    assert_eq!(data["heartbeat_ms"], 60_000);
    let other = house.silent_client("ann").await.expect("hello").await;
    assert_ne!(other["session_id"], data["session_id"]);
}

#[tokio::test]
async fn a_pop_reaches_every_tab_of_the_addressee_and_nobody_else() {
    let house = House::new().await;
    let mut tabs = [house.client("ann").await, house.client("ann").await];
    let mut others = [house.client("bob").await, house.client("rita").await];
    let before = chrono::Utc::now().timestamp_micros();
    let frames = house.board.decide(TENANT, ring(1, &[ANN]));
    for tab in &mut tabs {
        let pop = tab.next().await.unwrap();
        assert_eq!(pop["type"], "screen_pop");
        assert_eq!(id_of(&pop), frames[0].event_id.unwrap().0);
        assert_eq!(pop["data"]["call"]["provider_call_id"], "pbx-1");
        assert_eq!(pop["data"]["received_at_us"], 1_760_000_000_000_000_i64);
        let pushed = pop["data"]["pushed_at_us"].as_i64().unwrap();
        assert!((before..=chrono::Utc::now().timestamp_micros()).contains(&pushed), "{pushed}");
    }
    house.board.decide(TENANT, withdraw(1, &[ANN]));
    for tab in &mut tabs {
        assert_eq!(tab.expect("pop_withdrawn").await["reason"], "answered");
    }
    for other in &mut others {
        other.quiet().await;
    }
}

#[tokio::test]
async fn several_addressees_have_ids_of_their_own() {
    let house = House::new().await;
    let (mut ann, mut bob) = (house.client("ann").await, house.client("bob").await);
    house.board.decide(TENANT, ring(1, &[ANN, BOB]));
    let (for_ann, for_bob) = (ann.next().await.unwrap(), bob.next().await.unwrap());
    assert_ne!(for_ann["event_id"], for_bob["event_id"]);
    assert_eq!(for_ann["data"], for_bob["data"].clone());
}

#[tokio::test]
async fn another_tenants_frames_never_cross_even_for_the_same_user_id() {
    let house = House::new().await;
    house.people.token("twin", Ok(Identity { tenant: RIVAL, ..agent(ANN) }));
    let (mut ann, mut twin) = (house.client("ann").await, house.client("twin").await);
    for client in [&mut ann, &mut twin] {
        client.say(json!({"type": "subscribe", "topics": ["calls"]})).await;
        client.quiet().await;
    }
    house.board.decide(RIVAL, ring(1, &[ANN]));
    twin.expect("screen_pop").await;
    twin.expect("call_updated").await;
    ann.quiet().await;
}

#[tokio::test]
async fn open_pops_follow_hello_with_the_ids_they_had() {
    let house = House::new().await;
    let mut early = house.client("ann").await;
    for n in 1..=3 {
        let event = ring(n, &[ANN]);
        house.board.open_pop(TENANT, &event);
        house.board.decide(TENANT, event);
    }
    let live: Vec<Uuid> = early.take(3).await.iter().map(id_of).collect();
    let mut late = house.silent_client("ann").await;
    let frames = late.take(4).await;
    assert_eq!(frames[0]["type"], "hello");
    assert_eq!(frames[1..].iter().map(id_of).collect::<Vec<_>>(), live);
    assert!(frames[1..].iter().all(|frame| frame["type"] == "screen_pop"));
    late.quiet().await;
}

/// A page loaded again while it rings: nothing new happens, and yet it is told that what it shows is durable.
#[tokio::test]
async fn open_pops_that_are_durable_are_followed_by_committed() {
    let house = House::new().await;
    let event = ring(1, &[ANN]);
    house.board.open_pop(TENANT, &event);
    let cursor = house.board.happen(TENANT, event);
    let mut late = house.client("ann").await;
    late.expect("screen_pop").await;
    let told = tokio::time::timeout(Duration::from_secs(1), late.expect("committed")).await.unwrap();
    assert_eq!(told["cursor"], cursor.to_string());
    // Who has no open pop learnt it from `hello`.
    let mut other = house.client("bob").await;
    other.quiet().await;
}

#[tokio::test]
async fn committed_follows_within_a_second_for_those_who_hold_frames_only() {
    let house = House::new().await;
    let (mut ann, mut idle) = (house.client("ann").await, house.client("bob").await);
    house.board.decide(TENANT, ring(1, &[ANN]));
    ann.expect("screen_pop").await;
    ann.quiet().await;
    let cursor = house.board.commit(TENANT);
    let told = tokio::time::timeout(Duration::from_secs(1), ann.expect("committed")).await.unwrap();
    assert_eq!(told["cursor"], cursor.to_string());
    // Commits in quick succession: the last one is told within a second too.
    for n in 2..=40 {
        house.board.happen(TENANT, ring(n, &[ANN]));
    }
    let last = house.board.cursor_text(TENANT);
    let all = async { while ann.until("committed").await.last().unwrap()["data"]["cursor"] != last {} };
    tokio::time::timeout(Duration::from_secs(1), all).await.expect("told of the last commit");
    idle.quiet().await;
}

#[tokio::test]
async fn idle_sockets_hear_of_commits_with_the_heartbeat() {
    let house = House::with(Settings { heartbeat: Duration::from_millis(300), ..settings() }).await;
    let mut idle = house.client("bob").await;
    let cursor = house.board.happen(TENANT, ring(1, &[ANN]));
    let frames = idle.until("committed").await;
    assert_eq!(frames[0]["type"], "ping");
    assert_eq!(frames.last().unwrap()["data"]["cursor"], cursor.to_string());
    // Once, and not with every heartbeat.
    idle.say(json!({"type": "pong"})).await;
    idle.expect("ping").await;
    idle.expect("ping").await;
}

/// Live, greeted and resumed alike: who may not read tickets, calls or people does not read them in a pop either, and
/// another socket of the same user with more is told more.
#[tokio::test]
async fn a_pop_shows_what_its_socket_may_read() {
    let house = House::new().await;
    let some = [Permission::CallsRead, Permission::PresenceSet, Permission::OrganizationsRead];
    house.people.token("scoped", Ok(Identity { grants: Grants::of(&some), ..agent(ANN) }));
    let (mut whole, mut scoped) = (house.client("ann").await, house.client("scoped").await);
    let mut event = ring(1, &[ANN]);
    let EventData::Call(data) = &mut event.data else { unreachable!("a call's entry") };
    let caller = data.caller.as_mut().unwrap();
    caller.contact = Some(ContactRef { kind: ContactKind::Individual, id: Uuid::from_u128(5) });
    caller.customer_name = Some("Ada".into());
    caller.email = Some("ada@x.example".into());
    caller.open_tickets = vec![OpenTicket {
        id: TicketId(Uuid::from_u128(6)),
        number: 1001,
        title: "Divorce papers".into(),
        status: "open".into(),
        priority: "medium".into(),
    }];
    house.board.open_pop(TENANT, &event);
    house.board.happen(TENANT, event);
    let pop = whole.expect("screen_pop").await;
    assert_eq!(pop["caller"]["customer_name"], "Ada");
    assert_eq!(pop["ticket_draft"]["customer_email"], "ada@x.example");
    assert_eq!(pop["caller"]["open_tickets"][0]["title"], "Divorce papers");
    let limited = |pop: &Value| {
        assert_eq!(pop["caller"]["contact"]["kind"], "individual", "what is left is there");
        assert_eq!(pop["caller"]["customer_name"], Value::Null);
        assert_eq!(pop["ticket_draft"]["customer_email"], Value::Null);
        assert_eq!(pop["caller"]["open_tickets"], json!([]));
        assert!(pop["pushed_at_us"].is_i64());
        assert!(!pop.to_string().contains("Ada") && !pop.to_string().contains("Divorce"), "{pop}");
    };
    limited(&scoped.expect("screen_pop").await);
    let mut again = house.client("scoped").await;
    limited(&again.expect("screen_pop").await);
    again.say(json!({"type": "resume", "cursor": "0"})).await;
    limited(&again.expect("screen_pop").await);
}

#[tokio::test]
async fn topics_need_their_permission() {
    let house = House::new().await;
    let mut ann = house.client("ann").await;
    ann.say(json!({"type": "subscribe", "topics": ["wallboard"]})).await;
    let data = ann.expect("error").await;
    assert_eq!((&data["code"], &data["topic"]), (&json!("forbidden"), &json!("wallboard")));
    house.people.token("client", Ok(Identity { grants: Grants::NONE, ..agent(BOB) }));
    let mut client = house.client("client").await;
    let ticket = format!("tickets:{}", Uuid::nil());
    client.say(json!({"type": "subscribe", "topics": ["wallboard", "calls", ticket, "nonsense"]})).await;
    for code in ["forbidden", "forbidden", "forbidden", "unknown_topic"] {
        client.error(code).await;
    }
    client.say(json!({"type": "presence", "state": "available"})).await;
    client.error("forbidden").await;
    house.board.decide(TENANT, ring(1, &[ANN]));
    house.board.turn_board(TENANT);
    client.quiet().await;
}

#[tokio::test]
async fn subscribers_of_calls_hear_every_call_until_they_leave() {
    let house = House::new().await;
    let mut sam = house.client("sam").await;
    sam.say(json!({"type": "subscribe", "topics": ["calls", "calls"]})).await;
    sam.quiet().await;
    let frames = house.board.decide(TENANT, ring(1, &[ANN]));
    let heard = sam.next().await.unwrap();
    assert_eq!(heard["type"], "call_updated");
    assert_eq!(id_of(&heard), frames.last().unwrap().id_for(SAM).0);
    // Addressed in person and by topic: once.
    house.board.decide(TENANT, end(1, &[SAM]));
    sam.expect("call_ended").await;
    sam.say(json!({"type": "unsubscribe", "topics": ["calls"]})).await;
    sam.quiet().await;
    house.board.decide(TENANT, ring(2, &[ANN]));
    sam.quiet().await;
}

#[tokio::test]
async fn the_wallboard_comes_whole_and_then_in_steps_that_fit() {
    let house = House::new().await;
    house.board.turn_board(TENANT);
    let mut sam = house.client("sam").await;
    sam.say(json!({"type": "subscribe", "topics": ["wallboard"]})).await;
    let whole = sam.expect("wallboard").await;
    assert_eq!((&whole["revision"], &whole["base"]), (&json!(1), &Value::Null));
    assert_eq!(whole["agents"][0]["presence"], "available");
    for revision in 2..6 {
        house.board.turn_board(TENANT);
        let delta = sam.expect("wallboard").await;
        assert_eq!((&delta["base"], &delta["revision"]), (&json!(revision - 1), &json!(revision)));
        assert_eq!(delta["calls"]["talking"], revision);
        assert_eq!(delta["agents"], Value::Null, "unchanged");
    }
    // Asking again gives it whole again.
    sam.say(json!({"type": "subscribe", "topics": ["wallboard"]})).await;
    assert_eq!(sam.expect("wallboard").await["base"], Value::Null);
    sam.say(json!({"type": "unsubscribe", "topics": ["wallboard"]})).await;
    sam.quiet().await;
    house.board.turn_board(TENANT);
    house.board.turn_board(RIVAL);
    sam.quiet().await;
}

#[tokio::test]
async fn tickets_are_heard_by_those_who_may_see_them() {
    let house = House::new().await;
    let (ours, foreign) = (TicketId(Uuid::from_u128(1)), TicketId(Uuid::from_u128(2)));
    house.people.visible.lock().unwrap().extend([(TENANT, ours), (RIVAL, foreign)]);
    let mut ann = house.client("ann").await;
    ann.say(
        json!({"type": "subscribe", "topics": [format!("tickets:{foreign}"), format!("tickets:{ours}")]}),
    )
    .await;
    let refused = ann.expect("error").await;
    assert_eq!(
        (&refused["code"], &refused["topic"]),
        (&json!("not_found"), &json!(format!("tickets:{foreign}")))
    );
    ann.say(json!({"type": "presence", "state": "available"})).await;
    house.board.heard(&format!("{ANN} chose available because None")).await;
    house.board.hub.ticket_updated(TENANT, foreign);
    house.board.hub.ticket_updated(RIVAL, ours);
    house.board.hub.ticket_updated(TENANT, ours);
    assert_eq!(ann.expect("ticket_updated").await, json!({"ticket_id": ours.to_string()}));
    ann.say(json!({"type": "unsubscribe", "topics": [format!("tickets:{ours}")]})).await;
    ann.quiet().await;
    house.board.hub.ticket_updated(TENANT, ours);
    ann.quiet().await;
}

#[tokio::test]
async fn topics_of_one_socket_are_bounded() {
    let house = House::new().await;
    let mut ann = house.client("ann").await;
    let many: Vec<String> = (0..201).map(|n| format!("tickets:{}", Uuid::from_u128(n))).collect();
    ann.say(json!({"type": "subscribe", "topics": many})).await;
    ann.error("too_many_topics").await;
    house.people.visible.lock().unwrap().extend((0..300).map(|n| (TENANT, TicketId(Uuid::from_u128(n)))));
    ann.say(json!({"type": "subscribe", "topics": &many[..200]})).await;
    ann.say(json!({"type": "subscribe", "topics": ["calls"]})).await;
    // `calls` needs no look-up and may be faster than the tickets, one of which is then too many.
    ann.error("too_many_topics").await;
    ann.quiet().await;
}

#[tokio::test]
async fn presence_is_the_engines_to_grant() {
    let house = House::new().await;
    let mut ann = house.client("ann").await;
    ann.say(json!({"type": "presence", "state": "break", "reason": "  <b>lunch</b> "})).await;
    house.board.heard(&format!("{ANN} chose break because Some(\"<b>lunch</b>\")")).await;
    for (refusal, code) in [
        (SubmitError::Overloaded { retry_after: Duration::from_secs(1) }, "unavailable"),
        (SubmitError::ShuttingDown, "unavailable"),
        (SubmitError::UnknownTenant, "not_found"),
    ] {
        *house.board.presence_refused.lock().unwrap() = Some(refusal);
        ann.say(json!({"type": "presence", "state": "available"})).await;
        ann.error(code).await;
    }
}

#[tokio::test]
async fn the_engine_hears_of_the_first_and_the_last_socket() {
    let house = House::new().await;
    let one = house.client("ann").await;
    let two = house.client("ann").await;
    let other = house.client("bob").await;
    drop(one);
    drop(other);
    house.board.heard(&format!("{BOB} lost")).await;
    let lost = |user: UserId| house.board.heard.lock().unwrap().contains(&format!("{user} lost"));
    let left = async {
        while house.board.hub.sockets() > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(crate::support::SOON, left).await.unwrap();
    assert!(!lost(ANN), "a tab is left");
    drop(two);
    house.board.heard(&format!("{ANN} lost")).await;
    assert_eq!(house.board.heard.lock().unwrap()[..2], [format!("{ANN} opened"), format!("{ANN} opened")]);
}

#[tokio::test]
async fn many_agents_get_theirs_and_only_theirs() {
    let house = House::new().await;
    let mut clients = Vec::new();
    for n in 0..40_u128 {
        let token = format!("agent{n}");
        house.people.token(&token, Ok(agent(UserId(Uuid::from_u128(1_000 + n)))));
        clients.push(house.client(&token).await);
    }
    for n in 0..2_000_u64 {
        house.board.decide(TENANT, ring(n, &[UserId(Uuid::from_u128(1_000 + u128::from(n % 40)))]));
    }
    for (place, client) in clients.iter_mut().enumerate() {
        let calls: Vec<Value> = client
            .take(50)
            .await
            .into_iter()
            .map(|frame| frame["data"]["call"]["provider_call_id"].clone())
            .collect();
        let expected: Vec<String> = (0..50).map(|n| format!("pbx-{}", n * 40 + place)).collect();
        assert_eq!(calls, expected);
        client.quiet().await;
    }
}

/// Of a big floor the whole board alone is more than may wait for a socket: who reads gets it, and every change after.
#[tokio::test]
async fn a_board_larger_than_the_queue_reaches_whoever_keeps_up() {
    let house = House::with(Settings { queue_bytes: 64 * 1024, ..settings() }).await;
    *house.board.crowd.lock().unwrap() = 2_000;
    let mut sam = house.client("sam").await;
    let topics = json!({"type": "subscribe", "topics": ["wallboard"]});
    sam.say(topics.clone()).await;
    let whole = sam.expect("wallboard").await;
    assert_eq!(whole["agents"].as_array().unwrap().len(), 2_000);
    assert!(whole.to_string().len() > 4 * 64 * 1024);
    for revision in 1..=3 {
        house.board.turn_board(TENANT);
        let delta = sam.expect("wallboard").await;
        assert_eq!((&delta["base"], &delta["revision"]), (&json!(revision - 1), &json!(revision)));
    }
    // Asked for again and again, none is lost to it and no socket to the asking.
    for _ in 0..5 {
        sam.say(json!({"type": "unsubscribe", "topics": ["wallboard"]})).await;
        sam.say(topics.clone()).await;
    }
    sam.say(json!({"type": "are you there"})).await;
    let mut boards = 0;
    loop {
        let frame = sam.next().await.unwrap();
        match frame["type"].as_str().unwrap() {
            "wallboard" => boards += 1,
            _ => break,
        }
    }
    // What was asked for while one was on its way comes behind it.
    if boards == 0 {
        sam.expect("wallboard").await;
    }
    house.board.turn_board(TENANT);
    let last = loop {
        let board = sam.expect("wallboard").await;
        if board["revision"] == json!(4) {
            break board;
        }
    };
    assert!(last["base"] == json!(3) || last["agents"].as_array().unwrap().len() == 2_000);
}
