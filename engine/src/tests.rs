//! The engine against a real Postgres: what the log promises when many write, when processes die, when another one
//! takes over, and when connections break in the middle.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{TimeDelta, Utc};
use sqlx::{Connection, PgConnection, Row};
use switchroom_core::{
    ConnectionId, FrameId, TenantId, TicketId, Timestamp, UserId,
    agent::Presence,
    fact::{AgentHint, Direction, EndCause},
    frame::{Audience, CALL_ENDED, CALL_UPDATED, POP_WITHDRAWN, SCREEN_POP},
    tenant::TenantLive,
    wallboard::WallboardDelta,
};
use switchroom_core::{agent::Chosen, call::CallState, fact::FactKind};
use switchroom_store::testing::TestDatabase;
use uuid::Uuid;

use super::*;

mod support;

use support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tenants_at_once_get_numbers_without_holes_and_each_event_once() {
    let database = TestDatabase::new().await;
    let mut houses = Vec::new();
    for n in 0..4 {
        houses.push(house(&database, n).await);
    }
    let (engine, ear) = engine(&database).await;
    // Made after the start: its log is taken over when it is first written to.
    houses.push(house(&database, 4).await);
    engine.refreshed().await;
    let houses = Arc::new(houses);
    let mut tasks = Vec::new();
    for n in 0..houses.len() {
        // Two callers tell the same stories.
        for _ in 0..2 {
            let (engine, houses) = (engine.clone(), Arc::clone(&houses));
            tasks.push(tokio::spawn(async move {
                for call in 0..25 {
                    story(&engine, &houses[n], &format!("call {call}")).await;
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    let mut db = database.superuser().await;
    for house in houses.iter() {
        let entries = log_of(&mut db, house).await;
        let calls: Vec<&(String, Uuid, bool)> =
            entries.iter().filter(|(type_, _, _)| type_ != "presence").collect();
        assert_eq!(calls.len(), 25 * 6, "each event once");
        let ids: BTreeSet<Uuid> = calls.iter().map(|(_, id, _)| *id).collect();
        assert_eq!(ids.len(), calls.len());
        assert_eq!(engine.cursor(house.tenant), Cursor(entries.len() as i64));
        assert_eq!(ear.committed.lock().unwrap()[&house.tenant], Cursor(entries.len() as i64));
        let board = engine.wallboard(house.tenant);
        assert_eq!(board.cursor, Cursor(entries.len() as i64));
        assert_eq!(board.figures[0].value, Some(25.0), "offered");
        assert_eq!(board.calls, switchroom_core::wallboard::CallFigures::default());
    }
    assert_eq!(engine.live_calls(), 0);
    engine.stop().await;
    let boards = ear.boards.lock().unwrap();
    assert!(!boards.is_empty() && boards.iter().all(|(base, revision)| base + 1 == *revision));
}

#[tokio::test]
async fn a_process_that_dies_comes_back_as_the_log_says() {
    let database = TestDatabase::new().await;
    let house = house(&database, 0).await;
    let (first, ear) = engine(&database).await;
    let (one, two) = (house.agents[0], house.agents[1]);
    first.choose_presence(house.tenant, one, Chosen::Available, None).await.unwrap();
    first.choose_presence(house.tenant, two, Chosen::Break, Some("lunch".into())).await.unwrap();
    story(&first, &house, "over").await;
    tell(&first, &house, house.fact("rings", FactKind::Ringing, 40)).await;
    tell(&first, &house, house.naming(1, house.fact("talks", FactKind::Ringing, 41))).await;
    assert!(
        !tell_durably(&first, &house, house.naming(1, house.fact("talks", FactKind::Answered, 42))).await
    );
    first.wait_durable(switchroom_core::CallId::derive(house.connection, "rings")).await.unwrap();
    let before = first.inner.tenants.get(house.tenant).unwrap();
    let (calls, agents) = before.state().memory();
    let pops: BTreeSet<Option<FrameId>> =
        first.open_pops(house.tenant, one).iter().map(|f| f.event_id).collect();
    let board = first.wallboard(house.tenant);
    // It is not stopped: it is left behind, as a killed process leaves its database behind.
    drop(first);

    let (second, new_ear) = engine(&database).await;
    let after = second.inner.tenants.get(house.tenant).unwrap();
    assert_eq!(after.state().memory(), (calls.clone(), agents.clone()), "restored = what it was");
    let replayed = replay(&database, &house).await;
    assert_eq!(replayed.memory(), (calls, agents), "restored = replayed");
    assert_eq!(second.live_calls(), 2);
    let open: BTreeSet<Option<FrameId>> =
        second.open_pops(house.tenant, one).iter().map(|f| f.event_id).collect();
    assert_eq!(open, pops, "the same pops are open, with the same ids");
    assert!(!open.is_empty());
    let restored = second.wallboard(house.tenant);
    assert_eq!(
        (&restored.queues, &restored.agents, restored.calls, &restored.figures, restored.cursor),
        (&board.queues, &board.agents, board.calls, &board.figures, board.cursor)
    );
    // What was told before the restart is a repetition now, and nobody is popped again.
    assert!(tell_durably(&second, &house, house.fact("rings", FactKind::Ringing, 40)).await);
    assert!(tell_durably(&second, &house, house.fact("over", FactKind::Ended(EndCause::Unstated), 30)).await);
    assert!(new_ear.types_of(one).is_empty());
    // And the calls go on.
    tell_durably(&second, &house, house.naming(0, house.fact("rings", FactKind::Answered, 50))).await;
    assert_eq!(new_ear.types_of(one), ["call_updated"]);
    assert_eq!(ear.types_of(one).iter().filter(|type_| **type_ == SCREEN_POP).count(), 2);
    second.stop().await;
}

#[tokio::test]
async fn the_later_of_two_processes_has_the_log() {
    let database = TestDatabase::new().await;
    let house = house(&database, 0).await;
    let (old, _) = engine(&database).await;
    tell_durably(&old, &house, house.fact("a", FactKind::Ringing, 0)).await;
    let (new, _) = engine(&database).await;
    let late = tell(&old, &house, house.fact("b", FactKind::Ringing, 1)).await;
    assert_eq!(late.durable.await, Err(NotDurable));
    tokio::time::timeout(Duration::from_secs(5), old.overtaken()).await.expect("it is told");
    assert!(old.is_overtaken() && !new.is_overtaken());
    assert!(matches!(
        old.submit(house.tenant, house.fact("c", FactKind::Ringing, 2)).await,
        Err(SubmitError::ShuttingDown)
    ));
    assert!(!tell_durably(&new, &house, house.fact("b", FactKind::Ringing, 1)).await);
    let mut db = database.superuser().await;
    assert_eq!(log_of(&mut db, &house).await.len(), 2, "nothing of the old one after the new one began");
    old.stop().await;
    new.stop().await;
}

/// The second frame: what the pop could not show, because nobody had looked at the caller lately.
#[tokio::test]
async fn a_pop_of_a_caller_who_is_not_in_memory_is_completed_by_a_second_frame() {
    let database = TestDatabase::new().await;
    let house = house(&database, 0).await;
    let caller = Uuid::new_v4();
    let mut db = database.superuser().await;
    for statement in [
        "INSERT INTO individuals (id, tenant_id, full_name) VALUES ($1, $2, 'Claire Fontaine')",
        "INSERT INTO contact_phones (id, tenant_id, individual_id, e164, raw)
         VALUES (gen_random_uuid(), $2, $1, '+33612345678', '+33612345678')",
    ] {
        sqlx::query(statement).bind(caller).bind(house.tenant.0).execute(&mut db).await.unwrap();
    }
    let (first, _) = engine(&database).await;
    // Something to tell: an earlier call.
    tell(&first, &house, house.fact("before", FactKind::Ringing, 0)).await;
    tell_durably(&first, &house, house.fact("before", FactKind::Ended(EndCause::Unstated), 3)).await;
    first.stop().await;
    // Long ago, so that the next process has not got it ready.
    sqlx::query("UPDATE calls SET started_at = started_at - interval '60 days'")
        .execute(&mut db)
        .await
        .unwrap();

    let (engine, ear) = engine(&database).await;
    let agent = house.agents[0];
    tell_durably(&engine, &house, house.naming(0, house.fact("now", FactKind::Ringing, 10))).await;
    let second = loop {
        if let Some(second) = ear.of(agent).into_iter().find(|frame| frame.type_ == CALL_UPDATED) {
            break second;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(ear.types_of(agent), [SCREEN_POP, CALL_UPDATED]);
    let data: serde_json::Value = serde_json::from_str(&second.data).unwrap();
    assert_eq!(data["caller"]["customer_name"], "Claire Fontaine");
    assert_eq!(data["caller"]["recent_calls"].as_array().unwrap().len(), 1);
    assert_eq!(data["call"]["provider_call_id"], "now");
    // A socket that comes back gets it again behind its pop, with the id it had.
    let open = engine.open_pops(house.tenant, agent);
    assert_eq!(open.iter().map(|frame| frame.type_).collect::<Vec<_>>(), [SCREEN_POP, CALL_UPDATED]);
    assert_eq!(open[1].event_id, second.event_id);
    assert_eq!(open[1].data, second.data);
    engine.stop().await;

    // And so does one that comes back to the next process, which has it looked up.
    let (third, ear) = self::engine(&database).await;
    third.open_pops(house.tenant, agent);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let open = third.open_pops(house.tenant, agent).into_iter().chain(ear.of(agent));
        if open.filter(|frame| frame.event_id == second.event_id).count() > 0 {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "the second frame is not sent again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections_lose_and_double_nothing() {
    let database = TestDatabase::new().await;
    let house = Arc::new(house(&database, 0).await);
    let (engine, _) = engine(&database).await;
    let (stop, killed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let killer = tokio::spawn({
        let (stop, killed) = (Arc::clone(&stop), Arc::clone(&killed));
        let mut db = database.superuser().await;
        async move {
            while !stop.load(Ordering::Relaxed) {
                let broken = sqlx::query(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datname = current_database() AND usename = 'switchroom_log'",
                )
                .fetch_all(&mut db)
                .await
                .unwrap()
                .len();
                let all = broken + killed.fetch_add(broken, Ordering::Relaxed);
                // Long enough for a transaction to get through now and then, on a busy machine too.
                tokio::time::sleep(Duration::from_millis(40 + 37 * (all as u64 % 7))).await;
            }
        }
    });
    let mut tasks = Vec::new();
    for n in 0..4 {
        let (engine, house, killed) = (engine.clone(), Arc::clone(&house), Arc::clone(&killed));
        tasks.push(tokio::spawn(async move {
            let mut calls = 0;
            // However fast the machine is: until enough was broken under way to prove something.
            while calls < 15 || killed.load(Ordering::Relaxed) < 8 {
                story(&engine, &house, &format!("call {n}.{calls}")).await;
                calls += 1;
            }
            calls
        }));
    }
    let mut calls = 0;
    for task in tasks {
        calls += task.await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    killer.await.unwrap();
    let mut db = database.superuser().await;
    let entries = log_of(&mut db, &house).await;
    let ids: BTreeSet<Uuid> = entries.iter().map(|(_, id, _)| *id).collect();
    assert_eq!(ids.len(), entries.len(), "nothing twice");
    assert_eq!(entries.iter().filter(|(type_, _, _)| type_ != "presence").count(), calls * 6, "nothing lost");
    let replayed = replay(&database, &house).await;
    let live = engine.inner.tenants.get(house.tenant).unwrap();
    assert_eq!(replayed.memory(), live.state().memory());
    engine.stop().await;
}

#[tokio::test]
async fn what_is_resumed_is_what_was_sent() {
    let database = TestDatabase::new().await;
    let house = house(&database, 0).await;
    let (engine, ear) = engine(&database).await;
    let [one, two] = house.agents;
    engine.choose_presence(house.tenant, one, Chosen::Available, None).await.unwrap();
    engine.choose_presence(house.tenant, two, Chosen::Available, None).await.unwrap();
    for call in ["a", "b"] {
        story(&engine, &house, call).await;
    }
    for user in [one, two] {
        let live = ear.of(user);
        assert!(live.iter().filter(|frame| frame.type_ == SCREEN_POP).count() == 2);
        assert!(live.iter().filter(|frame| frame.type_ == CALL_ENDED).count() == 2);
        let mut resumed = Vec::new();
        let mut cursor = Cursor(0);
        loop {
            // Small pages, to see that nothing is lost between them.
            let page = engine.frames_after(house.tenant, user, cursor, 3).await.unwrap();
            resumed.extend(page.frames);
            assert_eq!(page.end, engine.cursor(house.tenant));
            match page.next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        let ids: BTreeSet<Option<FrameId>> = live.iter().map(|frame| frame.event_id).collect();
        assert_eq!(ids.len(), live.len(), "every frame has an id of its own");
        assert_eq!(resumed, live);
    }
    let end = engine.cursor(house.tenant);
    assert!(engine.frames_after(house.tenant, one, end, 10).await.unwrap().frames.is_empty());
    let beyond = Cursor(end.0 + 1);
    assert!(matches!(engine.frames_after(house.tenant, one, beyond, 10).await, Err(ResumeError::TooOld)));
    // Retention took the beginning away.
    let mut db = database.superuser().await;
    sqlx::query("DELETE FROM call_events WHERE seq <= 3").execute(&mut db).await.unwrap();
    assert!(matches!(engine.frames_after(house.tenant, one, Cursor(2), 10).await, Err(ResumeError::TooOld)));
    assert!(engine.frames_after(house.tenant, one, Cursor(3), 10).await.is_ok());
    engine.stop().await;
}

#[tokio::test]
async fn an_event_older_than_memory_is_a_repetition_found_at_writing() {
    let database = TestDatabase::new().await;
    let house = house(&database, 0).await;
    let (engine, ear) = engine(&database).await;
    tell(&engine, &house, house.naming(0, house.fact("c", FactKind::Ringing, 0))).await;
    for n in 1..400 {
        let kind = if n % 2 == 0 { FactKind::Held } else { FactKind::Resumed };
        tell(&engine, &house, house.fact("c", kind, n)).await;
    }
    let mut db = database.superuser().await;
    assert!(tell_durably(&engine, &house, house.fact("c", FactKind::Held, 398)).await, "known by heart");
    let events =
        |log: Vec<(String, Uuid, bool)>| log.iter().filter(|(type_, _, _)| type_ != "presence").count();
    let before = events(log_of(&mut db, &house).await);
    assert_eq!(before, 400);
    tell_durably(&engine, &house, house.fact("c", FactKind::Resumed, 1)).await;
    tell_durably(&engine, &house, house.naming(0, house.fact("c", FactKind::Ringing, 0))).await;
    assert_eq!(events(log_of(&mut db, &house).await), before, "no second effect");
    assert_eq!(ear.types_of(house.agents[0]).iter().filter(|type_| **type_ == SCREEN_POP).count(), 1);
    engine.stop().await;
}

#[tokio::test]
async fn a_call_older_than_memory_is_found_again_and_its_pop_withdrawn() {
    let database = TestDatabase::new().await;
    let house = house(&database, 0).await;
    let (first, _) = engine(&database).await;
    story(&first, &house, "old").await;
    first.stop().await;
    let mut db = database.superuser().await;
    sqlx::query("UPDATE calls SET updated_at = now() - interval '3 days'").execute(&mut db).await.unwrap();
    let (second, ear) = engine(&database).await;
    let call = switchroom_core::CallId::derive(house.connection, "old");
    assert!(second.inner.tenants.get(house.tenant).unwrap().state().call(call).is_none(), "forgotten");
    let before = log_of(&mut db, &house).await.len();
    // Late events of it, faster than the database is asked about the first.
    let a = tell(&second, &house, house.naming(0, house.fact("old", FactKind::Ringing, 2))).await;
    let b = tell(&second, &house, house.naming(0, house.fact("old", FactKind::Answered, 6))).await;
    let c = tell(&second, &house, house.fact("old", FactKind::Ended(EndCause::Unstated), 30)).await;
    assert_eq!(a.addressees, [house.agents[0]]);
    for durable in [a.durable, b.durable, c.durable] {
        durable.await.unwrap();
    }
    let types = ear.types_of(house.agents[0]);
    assert_eq!(types.first(), Some(&SCREEN_POP));
    assert!(types.contains(&POP_WITHDRAWN), "{types:?}");
    assert!(second.open_pops(house.tenant, house.agents[0]).is_empty());
    assert_eq!(second.live_calls(), 0);
    let presence =
        |n: usize| second.agents(house.tenant).into_iter().find(|a| a.user_id == house.agents[n]).unwrap();
    assert_eq!(presence(0).presence, Presence::Offline);
    let entries = log_of(&mut db, &house).await;
    let late: Vec<&str> = entries[before..]
        .iter()
        .filter(|(type_, _, _)| type_ != "presence")
        .map(|(type_, _, effective)| {
            assert!(!effective, "{type_} changes nothing any more");
            type_.as_str()
        })
        .collect();
    assert_eq!(late, ["ringing", "answered"], "the two new ones are listed, the repetition is not");
    let mut tx = database.db.tenant(house.tenant).await.unwrap();
    let record = switchroom_store::calls::get(&mut tx, call).await.unwrap().unwrap();
    assert_eq!(record.call.state, CallState::Ended);
    assert_eq!(record.call.agent_id, Some(house.agents[1]), "the fold of before, not a new one");
    second.stop().await;
}

#[tokio::test]
async fn what_cannot_be_written_is_not_acknowledged_when_it_comes_again() {
    let database = TestDatabase::new().await;
    let house = house(&database, 0).await;
    let (engine, ear) = engine(&database).await;
    tell_durably(&engine, &house, house.naming(0, house.fact("bad", FactKind::Ringing, 0))).await;
    let mut db = database.superuser().await;
    sqlx::query("ALTER TABLE calls ADD CONSTRAINT refuses CHECK (provider_call_id NOT LIKE 'bad%' OR answered_at IS NULL)")
        .execute(&mut db)
        .await
        .unwrap();
    let answer = || house.naming(0, house.fact("bad", FactKind::Answered, 5));
    let newcomer = || house.naming(0, house.fact("bad too", FactKind::Answered, 5));
    for _ in 0..3 {
        for fact in [answer(), newcomer()] {
            assert_eq!(tell(&engine, &house, fact).await.durable.await, Err(NotDurable));
        }
    }
    // Others are not held up, and neither are other events of the same call.
    tell_durably(&engine, &house, house.fact("good", FactKind::Ringing, 6)).await;
    let call = switchroom_core::CallId::derive(house.connection, "bad");
    let live = engine.inner.tenants.get(house.tenant).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while live.state().snapshot(call).unwrap().state != CallState::Ringing {
        assert!(tokio::time::Instant::now() < deadline, "memory holds what was never stored");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sqlx::query("ALTER TABLE calls DROP CONSTRAINT refuses").execute(&mut db).await.unwrap();
    assert!(!tell_durably(&engine, &house, answer()).await, "it is told for the first time");
    assert!(!tell_durably(&engine, &house, newcomer()).await);
    assert!(tell_durably(&engine, &house, answer()).await);
    let entries = log_of(&mut db, &house).await;
    assert_eq!(entries.iter().filter(|(type_, _, _)| type_ == "answered").count(), 2);
    assert_eq!(replay(&database, &house).await.memory(), live.state().memory());
    assert!(ear.types_of(house.agents[0]).contains(&POP_WITHDRAWN), "the newcomer's pop was taken back");
    engine.stop().await;
}

#[tokio::test]
async fn a_database_that_is_away_fills_the_queue_and_then_refuses() {
    let database = TestDatabase::new().await;
    let house = house(&database, 0).await;
    let ear = Arc::new(Ear::default());
    let small = EngineSettings { append_queue: 8, durable_wait: Duration::from_millis(200), ..settings() };
    let engine = Engine::start(database.db.clone(), small, ear.clone(), sealer()).await.unwrap();
    let mut db = database.superuser().await;
    let mut lock = db.begin().await.unwrap();
    sqlx::query("LOCK TABLE tenant_log IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
    let mut taken = Vec::new();
    let refused = loop {
        let call = format!("c{}", taken.len());
        match engine.submit(house.tenant, house.naming(0, house.fact(&call, FactKind::Ringing, 0))).await {
            Ok(submitted) => taken.push(submitted.call_id),
            Err(refused) => break refused,
        }
        assert!(taken.len() < 2_000, "never refused");
        tokio::task::yield_now().await;
    };
    assert!(matches!(refused, SubmitError::Overloaded { .. }));
    assert!(taken.len() >= 8);
    let pops = ear.types_of(house.agents[0]).len();
    assert_eq!(pops, taken.len(), "what was taken popped at once; what was refused did not happen");
    assert_eq!(engine.wait_durable(taken[0]).await, Err(NotDurable));
    lock.rollback().await.unwrap();
    for call in &taken {
        // Each may be told late; none is lost.
        while engine.wait_durable(*call).await.is_err() {}
    }
    let calls: i64 = sqlx::query_scalar("SELECT count(*) FROM calls").fetch_one(&mut db).await.unwrap();
    assert_eq!(calls, taken.len() as i64);
    log_of(&mut db, &house).await;
    assert!(!tell_durably(&engine, &house, house.fact("after", FactKind::Ringing, 0)).await);
    engine.stop().await;
    assert!(matches!(
        engine.submit(house.tenant, house.fact("late", FactKind::Ringing, 0)).await,
        Err(SubmitError::ShuttingDown)
    ));
}

#[tokio::test]
async fn lists_of_calls_and_pages_of_the_log() {
    use switchroom_store::{
        calls::{self, CallFilter, CallSort},
        listing::Window,
    };
    let database = TestDatabase::new().await;
    let house = house(&database, 0).await;
    let (engine, _) = engine(&database).await;
    for n in 0..7 {
        let call = format!("c{n}");
        tell(&engine, &house, house.naming(0, house.fact(&call, FactKind::Ringing, n))).await;
        if n % 2 == 0 {
            tell(&engine, &house, house.naming(0, house.fact(&call, FactKind::Answered, n + 1))).await;
            tell_durably(&engine, &house, house.fact(&call, FactKind::Ended(EndCause::Unstated), n + 2))
                .await;
        }
    }
    engine.stop().await;
    let mut tx = database.db.tenant(house.tenant).await.unwrap();
    let window =
        |after, limit| Window { sort: CallSort::StartedAt, descending: true, after, limit, count: true };
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = calls::list(&mut tx, &CallFilter::default(), &window(after, 3)).await.unwrap();
        assert_eq!(page.count.unwrap().value, 7);
        all.extend(page.items.into_iter().map(|record| record.call.provider_call_id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(all, ["c6", "c5", "c4", "c3", "c2", "c1", "c0"]);
    let count = async |tx: &mut switchroom_store::TenantTx, filter: CallFilter| {
        calls::list(tx, &filter, &window(None, 50)).await.unwrap().items.len()
    };
    let mine = || CallFilter::default();
    let cases: [(CallFilter, usize); 10] = [
        (CallFilter { state: Some(CallState::Ended), ..mine() }, 4),
        (CallFilter { state: Some(CallState::Ringing), ..mine() }, 3),
        (CallFilter { provider_call_id: Some("c3".into()), ..mine() }, 1),
        (CallFilter { connection_id: Some(ConnectionId(Uuid::nil())), ..mine() }, 0),
        (CallFilter { from: Some("+33612345678".into()), ..mine() }, 7),
        (CallFilter { to: Some(house.line_of_first.clone()), ..mine() }, 0),
        (CallFilter { to: Some(house.open_line.clone()), ..mine() }, 7),
        (CallFilter { agent_id: Some(house.agents[0]), ..mine() }, 4),
        (CallFilter { started_after: Some(start() + TimeDelta::seconds(3)), ..mine() }, 3),
        (CallFilter { started_before: Some(start() + TimeDelta::seconds(3)), ..mine() }, 3),
    ];
    for (filter, expected) in cases {
        let shown = format!("{filter:?}");
        assert_eq!(count(&mut tx, filter).await, expected, "{shown}");
    }
    let call = switchroom_core::CallId::derive(house.connection, "c0");
    let events = log::page_of_call(&mut tx, call, Cursor(0), 50).await.unwrap();
    let types: Vec<&str> = events.iter().map(|event| event.type_.as_str()).collect();
    assert_eq!(types, ["ringing", "answered", "ended"]);
    assert_eq!(events[1].provider_at, Some(start() + TimeDelta::seconds(1)));
    let page = log::page(&mut tx, events[0].cursor(), 2).await.unwrap();
    assert_eq!(page.iter().map(|row| row.seq).collect::<Vec<_>>(), [events[0].seq + 1, events[0].seq + 2]);
    // Another tenant sees none of it.
    let mut other = database.db.tenant(TenantId(Uuid::new_v4())).await.unwrap();
    assert_eq!(count(&mut other, mine()).await, 0);
    assert!(log::page(&mut other, Cursor(0), 50).await.unwrap().is_empty());
    assert!(calls::get(&mut other, call).await.unwrap().is_none());
}
