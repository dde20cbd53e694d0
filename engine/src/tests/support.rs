//! What these tests start with: a tenant in the database, an engine over it, an ear that remembers, and how calls are told.

use super::*;

/// Remembers what it was told.
#[derive(Default)]
pub(super) struct Ear {
    pub(super) frames: Mutex<Vec<(TenantId, Frame)>>,
    pub(super) committed: Mutex<BTreeMap<TenantId, Cursor>>,
    pub(super) boards: Mutex<Vec<(u64, u64)>>,
}

impl Ear {
    pub(super) fn of(&self, user: UserId) -> Vec<Frame> {
        let frames = self.frames.lock().unwrap();
        frames.iter().filter(|(_, frame)| frame.to == Audience::User(user)).map(|(_, f)| f.clone()).collect()
    }

    pub(super) fn types_of(&self, user: UserId) -> Vec<&'static str> {
        self.of(user).iter().map(|frame| frame.type_).filter(|type_| *type_ != "presence").collect()
    }
}

impl FrameSink for Ear {
    fn deliver(&self, tenant: TenantId, frames: &[Frame]) {
        self.frames.lock().unwrap().extend(frames.iter().map(|frame| (tenant, frame.clone())));
    }
    fn committed(&self, tenant: TenantId, cursor: Cursor, _: std::time::Instant) {
        let before = self.committed.lock().unwrap().insert(tenant, cursor);
        assert!(before.is_none_or(|before| before < cursor), "cursors only rise");
    }
    fn wallboard(&self, _: TenantId, board: &Arc<Wallboard>, delta: &WallboardDelta) {
        assert_eq!(board.revision, delta.revision);
        self.boards.lock().unwrap().push((delta.base, delta.revision));
    }
    fn ticket_updated(&self, _: TenantId, _: TicketId) {}
    fn session_ended(&self, _: Uuid) {}
}

/// A tenant in the database: two agents (201, 202), a generic connection, one line connected to 201 and one to nobody.
pub(super) struct House {
    pub(super) tenant: TenantId,
    pub(super) connection: ConnectionId,
    pub(super) agents: [UserId; 2],
    pub(super) line_of_first: String,
    pub(super) open_line: String,
}

pub(super) async fn house(database: &TestDatabase, n: u32) -> House {
    let mut db = database.superuser().await;
    let id = || Uuid::new_v4();
    let house = House {
        tenant: TenantId(id()),
        connection: ConnectionId(id()),
        agents: [UserId(id()), UserId(id())],
        line_of_first: format!("+331990{n:02}001"),
        open_line: format!("+331990{n:02}002"),
    };
    sqlx::query("INSERT INTO tenants (id, slug, name, region) VALUES ($1, $2, 'A house', 'FR')")
        .bind(house.tenant.0)
        .bind(format!("house-{n}"))
        .execute(&mut db)
        .await
        .unwrap();
    for (at, agent) in house.agents.iter().enumerate() {
        sqlx::query("INSERT INTO users (id, email, name) VALUES ($1, $2, $3)")
            .bind(agent.0)
            .bind(format!("agent{at}@house{n}.example"))
            .bind(format!("Agent {at}"))
            .execute(&mut db)
            .await
            .unwrap();
        sqlx::query(
            "INSERT INTO memberships (id, tenant_id, user_id, role, extension) VALUES ($1, $2, $3, 'agent', $4)",
        )
        .bind(id())
        .bind(house.tenant.0)
        .bind(agent.0)
        .bind(format!("{}", 201 + at))
        .execute(&mut db)
        .await
        .unwrap();
    }
    sqlx::query(
        "INSERT INTO connections (id, tenant_id, kind, name, hook_key_hash) VALUES ($1, $2, 'generic', 'PBX', $3)",
    )
    .bind(house.connection.0)
    .bind(house.tenant.0)
    .bind(Uuid::new_v4().as_bytes().repeat(2))
    .execute(&mut db)
    .await
    .unwrap();
    for (number, agent) in [(&house.line_of_first, Some(house.agents[0].0)), (&house.open_line, None)] {
        sqlx::query(
            "INSERT INTO phone_numbers (id, number, country, tenant_id, status, user_id)
             VALUES ($1, $2, 'FR', $3, 'assigned', $4)",
        )
        .bind(id())
        .bind(number)
        .bind(house.tenant.0)
        .bind(agent)
        .execute(&mut db)
        .await
        .unwrap();
    }
    db.close().await.unwrap();
    house
}

impl House {
    pub(super) fn fact(&self, call: &str, kind: FactKind, seconds: i64) -> CallFact {
        CallFact {
            connection: self.connection,
            provider_call_id: call.to_owned(),
            kind,
            key: format!("{kind:?} {seconds}"),
            provider_event_id: None,
            at: Some(start() + TimeDelta::seconds(seconds)),
            sequence: None,
            direction: Some(Direction::Inbound),
            from: Some("+33612345678".into()),
            to: Some(self.open_line.clone()),
            agents: Vec::new(),
            queue: None,
            received_at_us: Utc::now().timestamp_micros(),
        }
    }

    pub(super) fn naming(&self, agent: usize, fact: CallFact) -> CallFact {
        CallFact { agents: vec![AgentHint::Extension(format!("{}", 201 + agent))], ..fact }
    }
}

/// Today, so that figures of the day count it.
pub(super) fn start() -> Timestamp {
    Utc::now().date_naive().and_time(chrono::NaiveTime::MIN).and_utc()
}

pub(super) fn sealer() -> Arc<Sealer> {
    let keys = BTreeMap::from([("k".to_owned(), vec![7_u8; seal::KEY_LENGTH])]);
    Arc::new(Sealer::from_keys("k", keys).unwrap())
}

pub(super) fn settings() -> EngineSettings {
    EngineSettings {
        // Restarts take every socket for lost; these tests have no sockets to come back.
        live: Settings { socket_grace_ms: 3_600_000, ..Settings::default() },
        durable_wait: Duration::from_secs(30),
        ..EngineSettings::default()
    }
}

pub(super) async fn engine(database: &TestDatabase) -> (Engine, Arc<Ear>) {
    let ear = Arc::new(Ear::default());
    let engine = Engine::start(database.db.clone(), settings(), ear.clone(), sealer()).await.unwrap();
    (engine, ear)
}

pub(super) async fn tell(engine: &Engine, house: &House, fact: CallFact) -> Submitted {
    engine.submit(house.tenant, fact).await.unwrap()
}

pub(super) async fn tell_durably(engine: &Engine, house: &House, fact: CallFact) -> bool {
    let submitted = tell(engine, house, fact).await;
    submitted.durable.await.unwrap();
    submitted.repetition
}

/// Number and id of every entry of the tenant's log, in order; panics where the numbers have a hole.
pub(super) async fn log_of(db: &mut PgConnection, house: &House) -> Vec<(String, Uuid, bool)> {
    let rows = sqlx::query(
        "SELECT seq, type, event_id, effective FROM call_events WHERE tenant_id = $1 ORDER BY seq",
    )
    .bind(house.tenant.0)
    .fetch_all(&mut *db)
    .await
    .unwrap();
    let numbers: Vec<i64> = rows.iter().map(|row| row.get("seq")).collect();
    assert_eq!(numbers, (1..=rows.len() as i64).collect::<Vec<_>>(), "numbers rise by exactly one");
    let last: i64 = sqlx::query_scalar("SELECT last_seq FROM tenant_log WHERE tenant_id = $1")
        .bind(house.tenant.0)
        .fetch_one(db)
        .await
        .unwrap();
    assert_eq!(last, rows.len() as i64);
    rows.iter().map(|row| (row.get("type"), row.get("event_id"), row.get("effective"))).collect()
}

/// What replaying the log from its beginning gives.
pub(super) async fn replay(database: &TestDatabase, house: &House) -> TenantLive {
    let mut connection = database.db.log().acquire().await.unwrap();
    let events = log::replay(&mut connection, house.tenant, Cursor(0), 1_000_000).await.unwrap();
    let mut live = TenantLive::default();
    for (_, event) in events {
        live.apply(&Arc::new(event));
    }
    live
}

pub(super) async fn story(engine: &Engine, house: &House, call: &str) {
    let agent = 1;
    for fact in [
        house.fact(call, FactKind::Ringing, 0),
        house.naming(agent, house.fact(call, FactKind::Ringing, 1)),
        house.naming(agent, house.fact(call, FactKind::Answered, 5)),
        house.fact(call, FactKind::Held, 8),
        house.fact(call, FactKind::Resumed, 9),
        house.fact(call, FactKind::Ended(EndCause::Unstated), 30),
    ] {
        tell(engine, house, fact).await;
    }
    engine.wait_durable(switchroom_core::CallId::derive(house.connection, call)).await.unwrap();
}
