//! Appending in one statement: all of a batch or nothing of it.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use switchroom_core::{
    CallId, ConnectionId, EventId, TenantId, UserId,
    agent::PresenceChange,
    call::{CallFold, Report},
    fact::FactKind,
    log::{CallEvent, EventData, EventType, LogEvent},
    tenant::CallMemory,
};
use switchroom_store::{
    StoreError,
    log::{self, Adopted, CallRow, Numbered, Plain},
    tenants,
    testing::TestDatabase,
};
use uuid::Uuid;

const CONNECTION: ConnectionId = ConnectionId(Uuid::from_u128(7));
const AGENT: UserId = UserId(Uuid::from_u128(8));

fn moment() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

/// A call that rings at an agent: its entry, the agent's, and what is kept of it.
fn ringing(name: &str, key: &str) -> (LogEvent, LogEvent, CallMemory) {
    let report = Report {
        kind: FactKind::Ringing,
        key: key.to_owned(),
        at: moment(),
        told: true,
        sequence: None,
        direction: None,
        from: None,
        to: None,
        agents: vec![AGENT],
        queue: None,
    };
    let fold = CallFold::new(CONNECTION, name, &report);
    let call = fold.snapshot();
    let event_id = EventId::of_call(call.id, key);
    let entry = |event_id, type_, call_id, data| LogEvent {
        event_id,
        type_,
        call_id,
        provider_event_id: Some(key.to_owned()),
        at: moment(),
        provider_at: None,
        effective: true,
        addressees: vec![AGENT],
        data,
    };
    let told = EventData::Call(Box::new(CallEvent {
        before: None,
        call: call.clone(),
        report,
        pops: vec![AGENT],
        withdrawn: Vec::new(),
        told: Vec::new(),
        caller: None,
        received_at_us: 1,
        heard_at: moment(),
    }));
    let presence = EventData::Presence(PresenceChange::unknown(AGENT, moment()));
    (
        entry(event_id, EventType::Ringing, Some(call.id), told),
        entry(EventId::following(event_id, "presence"), EventType::Presence, None, presence),
        CallMemory { fold, popped: [(AGENT, true)].into(), heard_at: moment() },
    )
}

/// Appends the call as the end of the log is supposed to be.
async fn append(
    connection: &mut PgConnection,
    tenant: TenantId,
    epoch: i64,
    before: i64,
    (ring, presence, memory): &(LogEvent, LogEvent, CallMemory),
) -> Result<(), StoreError> {
    let (EventData::Call(told), EventData::Presence(change)) = (&ring.data, &presence.data) else {
        unreachable!("made so above")
    };
    let call = told.call.id;
    let entries = [
        Numbered { tenant, seq: before + 1, event: ring },
        Numbered { tenant, seq: before + 2, event: presence },
    ];
    let batch = Plain {
        epoch,
        ends: &[(tenant, before, before + 2)],
        claims: &[(tenant, ring.event_id, call)],
        opened: &[call],
        entries: &entries,
        calls: &[CallRow { tenant, call: &told.call, memory }],
        presences: &[(tenant, change)],
    };
    log::append_plain(connection, Utc::now(), &batch).await
}

async fn rows(superuser: &mut PgConnection) -> [i64; 5] {
    let mut counts = [0; 5];
    let tables = ["tenant_log WHERE last_seq > 0", "event_claims", "call_events", "calls", "agent_presence"];
    for (count, table) in counts.iter_mut().zip(tables) {
        *count = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(&mut *superuser)
            .await
            .unwrap();
    }
    counts
}

#[tokio::test]
async fn a_batch_is_appended_whole_or_not_at_all() {
    let test = TestDatabase::new().await;
    let mut superuser = test.superuser().await;
    let tenant = TenantId(Uuid::now_v7());
    let mut platform = test.db.platform().begin().await.unwrap();
    tenants::create(&mut platform, tenant, "one", "One", "FR").await.unwrap();
    platform.commit().await.unwrap();
    let mut writer = test.db.log().acquire().await.unwrap();
    let epoch = log::next_epoch(&mut writer).await.unwrap();
    assert!(matches!(log::adopt(&mut writer, epoch, tenant).await.unwrap(), Adopted::Ours(_)));

    let first = ringing("a", "1");
    append(&mut writer, tenant, epoch, 0, &first).await.unwrap();
    let one = [1, 1, 2, 1, 1];
    assert_eq!(rows(&mut superuser).await, one);
    let told = log::replay(&mut writer, tenant, log_start(), 10).await.unwrap();
    assert_eq!(told, [(1, first.0.clone()), (2, first.1.clone())], "read back as it was written");

    let second = ringing("b", "1");
    let refused = [
        ("the log ends elsewhere", append(&mut writer, tenant, epoch, 0, &second).await),
        ("a later writer has it", append(&mut writer, tenant, epoch - 1, 2, &second).await),
        ("the event was here before", append(&mut writer, tenant, epoch, 2, &first).await),
        ("the call was here before", append(&mut writer, tenant, epoch, 2, &ringing("a", "2")).await),
        ("no such tenant", append(&mut writer, TenantId(Uuid::now_v7()), epoch, 0, &second).await),
    ];
    for (what, refused) in refused {
        let refused = refused.expect_err(what);
        assert!(!matches!(refused, StoreError::Unavailable(_)), "{what}: {refused}");
    }
    assert_eq!(rows(&mut superuser).await, one, "nothing of what was refused is left");

    append(&mut writer, tenant, epoch, 2, &second).await.unwrap();
    assert_eq!(rows(&mut superuser).await, [1, 2, 4, 2, 1]);
}

fn log_start() -> switchroom_core::log::Cursor {
    switchroom_core::log::Cursor(0)
}

#[tokio::test]
async fn what_was_seen_of_a_call_is_read_from_its_entries() {
    let test = TestDatabase::new().await;
    let tenant = TenantId(Uuid::now_v7());
    let mut platform = test.db.platform().begin().await.unwrap();
    tenants::create(&mut platform, tenant, "one", "One", "FR").await.unwrap();
    platform.commit().await.unwrap();
    let mut writer = test.db.log().acquire().await.unwrap();
    let epoch = log::next_epoch(&mut writer).await.unwrap();
    log::adopt(&mut writer, epoch, tenant).await.unwrap();
    let told = ringing("a", "1");
    append(&mut writer, tenant, epoch, 0, &told).await.unwrap();
    let call = CallId::derive(CONNECTION, "a");
    let kept = log::kept_call(&mut writer, tenant, call).await.unwrap().unwrap();
    assert_eq!((kept.seen, kept.pops, kept.memory), (vec![told.0.event_id], vec![told.0], told.2));
}

/// Beside the fold, for who counts: at once, and as the call goes on, whichever way it is written.
#[tokio::test]
async fn whom_a_call_popped_for_stands_in_its_row() {
    let test = TestDatabase::new().await;
    let (mut superuser, mut owner) = (test.superuser().await, test.superuser().await);
    let tenant = TenantId(Uuid::now_v7());
    let mut platform = test.db.platform().begin().await.unwrap();
    tenants::create(&mut platform, tenant, "one", "One", "FR").await.unwrap();
    platform.commit().await.unwrap();
    let mut writer = test.db.log().acquire().await.unwrap();
    let epoch = log::next_epoch(&mut writer).await.unwrap();
    log::adopt(&mut writer, epoch, tenant).await.unwrap();
    let mut told = ringing("a", "1");
    append(&mut writer, tenant, epoch, 0, &told).await.unwrap();
    let mut popped = async || -> Vec<Uuid> {
        sqlx::query_scalar("SELECT popped FROM calls").fetch_one(&mut superuser).await.unwrap()
    };
    assert_eq!(popped().await, [AGENT.0]);
    let other = UserId(Uuid::from_u128(9));
    told.2.popped.insert(other, false);
    let EventData::Call(event) = &told.0.data else { unreachable!("made so above") };
    let row = CallRow { tenant, call: &event.call, memory: &told.2 };
    log::project_calls(&mut writer, &[row]).await.unwrap();
    assert_eq!(popped().await, [AGENT.0, other.0]);
    // Calls of before the column were brought up to it from their folds.
    let migration = include_str!("../../../migrations/0107_whom_a_call_popped_for.sql");
    let backfill = migration.lines().find(|line| line.starts_with("UPDATE calls")).unwrap();
    for statement in ["UPDATE calls SET popped = '{}'", backfill] {
        sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut owner).await.unwrap();
    }
    assert_eq!(popped().await, [AGENT.0, other.0]);
    told.2.popped.clear();
    let row = CallRow { tenant, call: &event.call, memory: &told.2 };
    log::project_calls(&mut writer, &[row]).await.unwrap();
    assert_eq!(popped().await, Vec::<Uuid>::new());
}
