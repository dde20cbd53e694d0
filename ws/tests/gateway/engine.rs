//! The real engine over a real Postgres behind the gateway.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use switchroom_core::{AgentHint, CallFact, ConnectionId, Direction, EndCause, FactKind, Grants, Role};
use switchroom_engine::{Engine, EngineSettings, Sealer};
use switchroom_store::{
    tenants,
    testing::TestDatabase,
    users::{self, NewMembership, NewUser},
};
use switchroom_ws::{Hub, Identity};

use crate::support::{ANN, BOB, Client, Door, SAM, SOON, TENANT, agent, settings};

struct RealHouse {
    door: Door,
    engine: Engine,
    connection: ConnectionId,
}

impl RealHouse {
    async fn new() -> Self {
        let database = TestDatabase::new().await;
        let mut superuser = database.superuser().await;
        let connection = tenants::create(&mut superuser, TENANT, "demo", "Demo", "FR").await.unwrap();
        for (user, email, name, role, extension) in [
            (ANN, "ann@demo.example", "Ann", Role::Agent, "201"),
            (BOB, "bob@demo.example", "Bob", Role::Agent, "202"),
            (SAM, "sam@demo.example", "Sam", Role::Supervisor, "203"),
        ] {
            let new = NewUser { id: user, email, name, password_hash: None, platform_admin: false };
            users::ensure(&mut superuser, &new).await.unwrap();
            let membership =
                NewMembership { tenant: TENANT, user, role, extension: Some(extension), sip_uri: None };
            users::set_membership(&mut superuser, &membership).await.unwrap();
        }
        let settings = settings();
        let hub = Hub::new(settings.commit_notice);
        let sealer = Arc::new(Sealer::from_keys("k", [("k".to_owned(), vec![7; 32])]).unwrap());
        let engine =
            Engine::start(database.db.clone(), EngineSettings::default(), hub.clone(), sealer).await.unwrap();
        let door = Door::open(hub, Arc::new(engine.clone()), settings).await;
        for (token, user) in [("ann", ANN), ("bob", BOB), ("sam", SAM)] {
            let grants = Grants::of_role(Role::Supervisor);
            door.people.token(token, Ok(Identity { grants, ..agent(user) }));
        }
        Self { door, engine, connection }
    }

    fn fact(&self, call: u64, kind: FactKind, agents: &[&str]) -> CallFact {
        CallFact {
            connection: self.connection,
            provider_call_id: format!("pbx-{call}"),
            kind,
            key: format!("{kind:?}"),
            provider_event_id: None,
            at: None,
            sequence: None,
            direction: Some(Direction::Inbound),
            from: Some("+33612345678".into()),
            to: Some("+33199000001".into()),
            agents: agents.iter().map(|extension| AgentHint::Extension((*extension).into())).collect(),
            queue: None,
            received_at_us: chrono::Utc::now().timestamp_micros(),
        }
    }

    async fn submit(&self, call: u64, kind: FactKind, agents: &[&str]) {
        let submitted = self.engine.submit(TENANT, self.fact(call, kind, agents)).await.unwrap();
        submitted.durable.await.unwrap();
    }
}

/// What must be the same live and resumed.
fn essence(mut frame: Value) -> Value {
    if let Some(data) = frame["data"].as_object_mut() {
        data.remove("pushed_at_us");
    }
    frame
}

/// Frames of the log up to a cursor that covers everything so far.
async fn collect(client: &mut Client, end: &str) -> Vec<Value> {
    let mut frames = Vec::new();
    let all = async {
        loop {
            let frame = client.next().await.unwrap();
            match frame["type"].as_str().unwrap() {
                "committed" | "resynced" if frame["data"]["cursor"] == end => return,
                "committed" | "resynced" | "ping" => {}
                _ => frames.push(essence(frame)),
            }
        }
    };
    tokio::time::timeout(SOON, all).await.expect("a cursor that covers all");
    frames
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_live_comes_again_on_resume() {
    let house = RealHouse::new().await;
    let mut ann = house.door.client("ann").await;
    house.submit(1, FactKind::Ringing, &["201", "202"]).await;
    house.submit(1, FactKind::Answered, &["202"]).await;
    house.submit(2, FactKind::Ringing, &["201"]).await;
    house.submit(3, FactKind::Ringing, &["202"]).await;
    house.submit(2, FactKind::Answered, &["201"]).await;
    // The last one has a frame for her, so its commit is told to her.
    house.submit(2, FactKind::Ended(EndCause::Completed), &[]).await;
    house.engine.settled(TENANT).await.unwrap();
    let end = house.engine.cursor(TENANT).to_string();
    let live = collect(&mut ann, &end).await;
    let types: Vec<&str> = live.iter().map(|frame| frame["type"].as_str().unwrap()).collect();
    for type_ in ["screen_pop", "pop_withdrawn", "call_updated", "call_ended", "presence"] {
        assert!(types.contains(&type_), "{type_} in {types:?}");
    }
    let mut back = house.door.client("ann").await;
    back.say(json!({"type": "resume", "cursor": "0"})).await;
    let again = collect(&mut back, &end).await;
    assert_eq!(again, live);
    let ids: BTreeSet<&str> = again.iter().map(|frame| frame["event_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), again.len(), "every frame has an id of its own");
    house.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_pop_follows_hello_until_the_call_is_over() {
    let house = RealHouse::new().await;
    let mut early = house.door.client("ann").await;
    house.submit(1, FactKind::Ringing, &["201"]).await;
    let live = early.until("screen_pop").await.pop().unwrap();
    let mut late = house.door.client("ann").await;
    let open = late.next().await.unwrap();
    assert_eq!((&open["type"], &open["event_id"]), (&json!("screen_pop"), &live["event_id"]));
    house.submit(1, FactKind::Ended(EndCause::CallerGaveUp), &[]).await;
    late.until("call_ended").await;
    let mut later = house.door.client("ann").await;
    later.quiet().await;
    house.engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_and_the_board_go_through_the_engine() {
    let house = RealHouse::new().await;
    let mut sam = house.door.client("sam").await;
    sam.say(json!({"type": "subscribe", "topics": ["wallboard"]})).await;
    let whole = sam.until("wallboard").await.pop().unwrap();
    assert_eq!(whole["data"]["agents"].as_array().unwrap().len(), 3, "{whole}");
    let mut ann = house.door.client("ann").await;
    ann.say(json!({"type": "presence", "state": "break", "reason": "lunch"})).await;
    let mut presence = ann.expect("presence").await;
    if presence["presence"] == "offline" {
        presence = ann.until("presence").await.pop().unwrap()["data"].take();
    }
    assert_eq!((&presence["presence"], &presence["reason"]), (&json!("break"), &json!("lunch")));
    let mut revision = whole["data"]["revision"].clone();
    let shown = async {
        loop {
            let delta = sam.until("wallboard").await.pop().unwrap()["data"].take();
            assert_eq!(delta["base"], revision, "steps fit on each other");
            revision = delta["revision"].clone();
            let rows = delta["agents"].as_array().cloned().unwrap_or_default();
            if rows.iter().any(|row| row["user_id"] == ANN.to_string() && row["presence"] == "break") {
                break;
            }
        }
    };
    tokio::time::timeout(SOON, shown).await.unwrap();
    house.engine.stop().await;
}

/// A client that loses its connection again and again under load, and does what the contract says: it keeps the last
/// cursor that covers what it has, and resumes from there. In the end it has every frame of the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missed_however_often_the_connection_is_lost() {
    let house = Arc::new(RealHouse::new().await);
    let feeding = tokio::spawn({
        let house = house.clone();
        async move {
            for call in 0..150 {
                for (kind, agents) in [
                    (FactKind::Ringing, &["201", "202"][..]),
                    (FactKind::Answered, &["202"]),
                    (FactKind::Ended(EndCause::Completed), &[]),
                ] {
                    house.engine.submit(TENANT, house.fact(call, kind, agents)).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
        }
    });
    let mut has: BTreeMap<String, Value> = BTreeMap::new();
    let mut cursor = "0".to_owned();
    let mut connections = 0;
    let mut last_round = false;
    loop {
        if !last_round && feeding.is_finished() {
            house.engine.settled(TENANT).await.unwrap();
            last_round = true;
        }
        connections += 1;
        let mut client = house.door.client("ann").await;
        client.say(json!({"type": "resume", "cursor": cursor})).await;
        let (mut resynced, mut after) = (false, 0);
        // Lost at ever other places: in the middle of a resume, right after it, some frames later.
        let patience = connections % 7 * 5;
        loop {
            let frame = client.next().await.unwrap();
            match frame["type"].as_str().unwrap() {
                "resynced" => {
                    resynced = true;
                    frame["data"]["cursor"].as_str().unwrap().clone_into(&mut cursor);
                }
                "committed" if resynced => frame["data"]["cursor"].as_str().unwrap().clone_into(&mut cursor),
                "committed" => {}
                _ => {
                    let id = frame["event_id"].as_str().unwrap().to_owned();
                    let frame = essence(frame);
                    if let Some(before) = has.insert(id, frame.clone()) {
                        assert_eq!(before, frame, "the same id is the same frame");
                    }
                }
            }
            after += 1;
            if if last_round { resynced } else { after > patience } {
                break;
            }
        }
        if last_round {
            break;
        }
    }
    feeding.await.unwrap();
    assert!(connections > 10, "{connections} connections");
    let mut whole = house.door.client("ann").await;
    whole.say(json!({"type": "resume", "cursor": "0"})).await;
    let log = whole.until("resynced").await;
    for frame in &log[..log.len() - 1] {
        let id = frame["event_id"].as_str().unwrap();
        assert_eq!(has.remove(id).as_ref(), Some(&essence(frame.clone())), "missed");
    }
    // What is left was shown and never written: there is no such thing.
    assert_eq!(has.keys().collect::<Vec<_>>(), Vec::<&String>::new());
    house.engine.stop().await;
}
