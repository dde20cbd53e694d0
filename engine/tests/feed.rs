//! The load at start and the change feed, against a real Postgres.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use sqlx::{Connection, PgConnection};
use switchroom_core::{
    BotId, ConnectionId, NumberId, TenantId, TicketId, UserId,
    directory::{ContactKind, ContactRef},
    number::{Region, normalise},
    number_plan::Endpoint,
};
use switchroom_engine::{
    Registry, Sealer,
    directory::{self, Feed, FeedSettings, TicketListener},
    registry::hash_hook_key,
    summaries::SummaryCache,
};
use switchroom_store::testing::TestDatabase;
use uuid::Uuid;

struct House {
    database: TestDatabase,
    registry: Registry,
    summaries: SummaryCache,
    feed: Feed,
    tickets: Arc<Tickets>,
    /// Another program: it writes without telling anybody.
    other: PgConnection,
    tenant: TenantId,
}

#[derive(Default)]
struct Tickets(Mutex<Vec<TicketId>>);

impl TicketListener for Tickets {
    fn ticket_changed(&self, _: TenantId, ticket: TicketId) {
        self.0.lock().unwrap().push(ticket);
    }
}

fn sealer() -> Arc<Sealer> {
    Arc::new(Sealer::from_keys("k1", [("k1".to_owned(), vec![7; 32])]).unwrap())
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

const TENANT: &str = "00000000-0000-7000-8000-000000000001";

async fn house(arrange: &str) -> House {
    let database = TestDatabase::new().await;
    let mut other = database.superuser().await;
    run(
        &mut other,
        &format!(
            "INSERT INTO tenants (id, slug, name, region) VALUES ('{TENANT}', 'acme', 'Acme', 'FR');
             INSERT INTO tenant_counters (tenant_id) VALUES ('{TENANT}'); {arrange}"
        ),
    )
    .await;
    let (registry, summaries, tickets) =
        (Registry::default(), SummaryCache::new(), Arc::new(Tickets::default()));
    let feed = directory::start(
        database.db.clone(),
        registry.clone(),
        summaries.clone(),
        sealer(),
        Arc::clone(&tickets) as Arc<dyn TicketListener>,
        FeedSettings { poll: Duration::from_millis(50), ..FeedSettings::default() },
    )
    .await
    .unwrap();
    House { database, registry, summaries, feed, tickets, other, tenant: TenantId(TENANT.parse().unwrap()) }
}

impl House {
    fn caller(&self, number: &str) -> Option<String> {
        let tenant = self.registry.tenant(self.tenant)?;
        let context = tenant.directory().context(&normalise(number, Region::UNKNOWN));
        context.found.then(|| context.customer_name.unwrap_or_default().to_string())
    }

    async fn write(&mut self, sql: &str) {
        run(&mut self.other, sql).await;
    }

    /// Waits for what the feed must bring by itself; nobody asks it to read.
    async fn until(&self, what: &str, arrived: impl Fn(&Self) -> bool) -> Duration {
        let began = Instant::now();
        while !arrived(self) {
            assert!(began.elapsed() < Duration::from_secs(20), "{what} did not arrive");
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        began.elapsed()
    }
}

fn individual(id: u128, name: &str, number: &str) -> String {
    let id = Uuid::from_u128(id);
    format!(
        "INSERT INTO individuals (id, tenant_id, full_name) VALUES ('{id}', '{TENANT}', '{name}');
         INSERT INTO contact_phones (tenant_id, e164, raw, individual_id, is_primary) VALUES ('{TENANT}', '{number}', '{number}', '{id}', true);"
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn everything_is_loaded_at_start() {
    let (credentials_key, credentials) = sealer().seal(br#"{"secret":"whsec_1"}"#).unwrap();
    let (hash, sealed) = (hex(&hash_hook_key("the-key")), hex(&credentials));
    let user = Uuid::from_u128(50);
    let arrange = format!(
        "{one}
         INSERT INTO organizations (id, tenant_id, name) VALUES ('{org}', '{TENANT}', E'Tab\\there\\\\ & Co');
         INSERT INTO organization_contacts (id, tenant_id, organization_id, full_name, gender) VALUES ('{person}', '{TENANT}', '{org}', 'Ann', 'Female');
         INSERT INTO contact_phones (tenant_id, e164, raw, organization_id) VALUES ('{TENANT}', '+33199000010', 'x', '{org}');
         INSERT INTO contact_phones (tenant_id, e164, raw, organization_contact_id) VALUES ('{TENANT}', '+33199000010', 'x', '{person}'), ('{TENANT}', '+33199000011', 'x', '{person}');
         INSERT INTO email_contacts (id, tenant_id, name, email) VALUES ('{mail}', '{TENANT}', 'Mail', 'm@example.com');
         INSERT INTO contact_phones (tenant_id, e164, raw, email_contact_id) VALUES ('{TENANT}', '+33199000012', 'x', '{mail}');
         INSERT INTO individuals (id, tenant_id, full_name, deleted_at) VALUES ('{gone}', '{TENANT}', 'Gone', now());
         INSERT INTO contact_phones (tenant_id, e164, raw, individual_id) VALUES ('{TENANT}', '+33199000013', 'x', '{gone}');
         INSERT INTO users (id, email, name) VALUES ('{user}', 'a@acme.example', 'Agent');
         INSERT INTO memberships (id, tenant_id, user_id, role, extension) VALUES ('{user}', '{TENANT}', '{user}', 'agent', '201');
         INSERT INTO bots (id, tenant_id, name, sip_uri, is_active) VALUES
             ('{on}', '{TENANT}', 'On', 'sip:night@bots.example', true), ('{off}', '{TENANT}', 'Off', 'sip:x@bots.example', false);
         INSERT INTO phone_numbers (id, number, country, status, tenant_id, user_id) VALUES ('{line}', '+33199000001', 'FR', 'assigned', '{TENANT}', '{user}');
         INSERT INTO connections (id, tenant_id, kind, name, user_map, hook_key_hash, credentials, key_id)
         VALUES ('{door}', '{TENANT}', 'generic', 'G', '{{\"bob\":\"{user}\"}}', '\\x{hash}', '\\x{sealed}', '{credentials_key}');",
        one = individual(1, "One", "+33612345678"),
        org = Uuid::from_u128(10),
        person = Uuid::from_u128(11),
        mail = Uuid::from_u128(12),
        gone = Uuid::from_u128(13),
        line = Uuid::from_u128(60),
        on = Uuid::from_u128(80),
        off = Uuid::from_u128(81),
        door = Uuid::from_u128(70),
    );
    let house = house(&arrange).await;
    assert_eq!(house.caller("+33612345678").as_deref(), Some("One"));
    assert_eq!(house.caller("+33199000011").as_deref(), Some("Tab\there\\ & Co"));
    assert_eq!(house.caller("+33199000012").as_deref(), Some("Mail"));
    assert_eq!(house.caller("+33199000013"), None, "deleted");
    let tenant = house.registry.tenant(house.tenant).unwrap();
    let shared = tenant.directory().context(&normalise("+33199000010", Region::UNKNOWN));
    assert_eq!(
        shared.contact,
        Some(ContactRef { kind: ContactKind::OrganizationContact, id: Uuid::from_u128(11) })
    );
    assert_eq!(shared.other_matches.len(), 1);
    assert_eq!(tenant.roster().by_extension("201"), Some(UserId(user)));
    let line = house.registry.line("+33199000001".parse().unwrap()).unwrap();
    assert_eq!((line.id, line.endpoint), (NumberId(Uuid::from_u128(60)), Some(Endpoint::User(UserId(user)))));
    assert_eq!(
        house.registry.bot_address(BotId(Uuid::from_u128(80))).as_deref(),
        Some("sip:night@bots.example")
    );
    assert_eq!(house.registry.bot_address(BotId(Uuid::from_u128(81))), None, "switched off");
    for dialled in [
        "+33199000001",
        "33199000001",
        "0033199000001",
        "0199000001",
        "01 99 00 00 01",
        "sip:0199000001@host",
    ] {
        assert_eq!(house.registry.line_for_dialled(dialled), Some(line), "{dialled}");
    }
    for dialled in ["+33199000002", "0199000002", "", "anonymous", "201", "alice"] {
        assert_eq!(house.registry.line_for_dialled(dialled), None, "{dialled}");
    }
    let door = house.registry.connection_by_hook_key("the-key").unwrap();
    assert_eq!(door.id, ConnectionId(Uuid::from_u128(70)));
    assert_eq!(door.credentials.as_ref().unwrap().secret.as_deref(), Some("whsec_1"));
    assert!(!format!("{door:?}").contains("whsec_1"), "secrets are not printed");
    assert_eq!(door.region, "FR".parse().unwrap(), "the tenant's");
    assert_eq!(door.user_map, BTreeMap::from([("bob".to_owned(), UserId(user))]));
    assert!(house.registry.connection_by_hook_key("another").is_none());
    house.feed.stop().await;
}

#[tokio::test]
async fn changes_of_another_program_arrive_by_themselves() {
    let mut house = house("").await;
    house.until("the listener", |house| house.feed.is_listening()).await;
    let mut lags = Vec::new();
    for round in 0..20_u128 {
        let number = format!("+336000000{round:02}");
        house.write(&individual(100 + round, &format!("N{round}"), &number)).await;
        lags.push(house.until("a new contact", |house| house.caller(&number).is_some()).await);
    }
    lags.sort();
    println!("commit to index: median {:?}, longest {:?}", lags[lags.len() / 2], lags[lags.len() - 1]);

    // Renamed, moved, deleted.
    let id = Uuid::from_u128(100);
    house.write(&format!("UPDATE individuals SET full_name = 'Renamed' WHERE id = '{id}'")).await;
    house.until("the new name", |house| house.caller("+33600000000").as_deref() == Some("Renamed")).await;
    house
        .write(&format!("UPDATE contact_phones SET e164 = '+33611111111' WHERE individual_id = '{id}'"))
        .await;
    house.until("the new number", |house| house.caller("+33611111111").is_some()).await;
    assert_eq!(house.caller("+33600000000"), None);
    house.write(&format!("UPDATE individuals SET deleted_at = now() WHERE id = '{id}'")).await;
    house.until("the deletion", |house| house.caller("+33611111111").is_none()).await;
    let second = Uuid::from_u128(101);
    house.write(&format!("DELETE FROM contact_phones WHERE individual_id = '{second}'")).await;
    house.until("the removal of a number", |house| house.caller("+33600000001").is_none()).await;

    // An organization's new name reaches its contacts' pops.
    let (org, person) = (Uuid::from_u128(10), Uuid::from_u128(11));
    house
        .write(&format!(
            "INSERT INTO organizations (id, tenant_id, name) VALUES ('{org}', '{TENANT}', 'Old');
             INSERT INTO organization_contacts (id, tenant_id, organization_id, full_name) VALUES ('{person}', '{TENANT}', '{org}', 'Ann');
             INSERT INTO contact_phones (tenant_id, e164, raw, organization_contact_id) VALUES ('{TENANT}', '+33199000010', 'x', '{person}');"
        ))
        .await;
    house.until("the contact", |house| house.caller("+33199000010").as_deref() == Some("Old")).await;
    house.write(&format!("UPDATE organizations SET name = 'New' WHERE id = '{org}'")).await;
    house
        .until("the organization's name", |house| house.caller("+33199000010").as_deref() == Some("New"))
        .await;
    house.feed.stop().await;
}

#[tokio::test]
async fn people_lines_and_connections_follow() {
    let mut house = house("").await;
    house.until("the listener", |house| house.feed.is_listening()).await;
    let (user, line, door) = (Uuid::from_u128(50), Uuid::from_u128(60), Uuid::from_u128(70));
    let registry = house.registry.clone();
    let tenant = registry.tenant(house.tenant).unwrap();
    house
        .write(&format!(
            "INSERT INTO users (id, email, name) VALUES ('{user}', 'a@acme.example', 'Agent');
             INSERT INTO memberships (id, tenant_id, user_id, role, extension) VALUES ('{user}', '{TENANT}', '{user}', 'agent', '201');"
        ))
        .await;
    house.until("the agent", |_| tenant.roster().by_extension("201").is_some()).await;
    house.write(&format!("UPDATE users SET name = 'Renamed' WHERE id = '{user}'")).await;
    house.until("the name", |_| &*tenant.roster().member(UserId(user)).unwrap().name == "Renamed").await;
    house.write("UPDATE memberships SET is_active = false").await;
    house.until("the agent's leaving", |_| tenant.roster().by_extension("201").is_none()).await;

    let number = "+33199000001".parse().unwrap();
    house
        .write(&format!(
            "INSERT INTO phone_numbers (id, number, country, status, tenant_id)
             VALUES ('{line}', '+33199000001', 'FR', 'assigned', '{TENANT}')"
        ))
        .await;
    house.until("the line", |_| registry.line(number).is_some()).await;
    house.write(&format!("UPDATE phone_numbers SET user_id = '{user}'")).await;
    let rings = |endpoint| registry.line(number).is_some_and(|line| line.endpoint == endpoint);
    house.until("its agent", |_| rings(Some(Endpoint::User(UserId(user))))).await;
    let bot = Uuid::from_u128(80);
    let address = || registry.bot_address(BotId(bot));
    house
        .write(&format!(
            "INSERT INTO bots (id, tenant_id, name, sip_uri) VALUES ('{bot}', '{TENANT}', 'Night', 'sip:night@bots.example');
             UPDATE phone_numbers SET user_id = NULL, bot_id = '{bot}'"
        ))
        .await;
    house.until("its bot", |_| rings(Some(Endpoint::Bot(BotId(bot)))) && address().is_some()).await;
    house.write("UPDATE bots SET sip_uri = 'sip:day@bots.example'").await;
    house.until("another address", |_| address().as_deref() == Some("sip:day@bots.example")).await;
    house.write("UPDATE bots SET is_active = false").await;
    house.until("the bot's end", |_| address().is_none()).await;
    house
        .write(&format!(
            "UPDATE phone_numbers SET bot_id = NULL, tenant_id = NULL, status = 'reserved',
                    quarantined_until = now() + interval '1 day', quarantined_from = '{TENANT}'"
        ))
        .await;
    house.until("its release", |_| registry.line(number).is_none()).await;

    let hash = hex(&hash_hook_key("k"));
    house
        .write(&format!(
            "INSERT INTO connections (id, tenant_id, kind, name, hook_key_hash)
             VALUES ('{door}', '{TENANT}', 'zammad', 'Z', '\\x{hash}')"
        ))
        .await;
    house.until("the connection", |_| registry.connection_by_hook_key("k").is_some()).await;
    house.write("UPDATE tenants SET region = 'DE'").await;
    house
        .until("the region", |_| {
            registry.connection_by_hook_key("k").is_some_and(|door| door.region == "DE".parse().unwrap())
        })
        .await;
    house.write("UPDATE connections SET deleted_at = now()").await;
    house.until("its end", |_| registry.connection_by_hook_key("k").is_none()).await;
    house.feed.stop().await;
}

#[tokio::test]
async fn losing_the_listener_loses_no_change() {
    let mut house = house("").await;
    house.until("the listener", |house| house.feed.is_listening()).await;
    for round in 0..3_u128 {
        let killed: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name = 'switchroom feed') AS killed",
        )
        .fetch_one(&mut house.other)
        .await
        .unwrap();
        assert!(killed >= 1, "there is a listener to kill");
        let number = format!("+336000000{round:02}");
        house.write(&individual(100 + round, "Meanwhile", &number)).await;
        house.until("what was committed meanwhile", |house| house.caller(&number).is_some()).await;
        // The flag of the killed one may still be up; its successor is in the list of backends.
        let began = Instant::now();
        loop {
            let listeners: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                    AND application_name = 'switchroom feed'",
            )
            .fetch_one(&mut house.other)
            .await
            .unwrap();
            if listeners > 0 && house.feed.is_listening() {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "nobody listens any more");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    house.feed.stop().await;
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_not_missed() {
    let mut house = house("").await;
    house.until("the listener", |house| house.feed.is_listening()).await;
    // Takes its row ids first and commits last.
    let mut slow = house.database.superuser().await;
    let mut open = slow.begin().await.unwrap();
    run(&mut open, &individual(200, "Slow", "+33600000099")).await;
    for round in 0..5_u128 {
        let number = format!("+336000000{round:02}");
        house.write(&individual(100 + round, "Quick", &number)).await;
        house.until("a quick one", |house| house.caller(&number).is_some()).await;
    }
    assert_eq!(house.caller("+33600000099"), None, "not committed");
    open.commit().await.unwrap();
    house.until("the slow one", |house| house.caller("+33600000099").is_some()).await;

    // A rollback changes nothing.
    let mut open = slow.begin().await.unwrap();
    run(&mut open, &individual(201, "Never", "+33600000098")).await;
    open.rollback().await.unwrap();
    house.feed.refreshed().await;
    assert_eq!(house.caller("+33600000098"), None);
    house.feed.stop().await;
}

#[tokio::test]
async fn refreshed_means_that_what_was_committed_is_there() {
    let mut house = house("").await;
    for round in 0..50_u128 {
        let number = format!("+336000000{round:02}");
        house.write(&individual(100 + round, "Mine", &number)).await;
        house.feed.refreshed().await;
        assert!(house.caller(&number).is_some(), "round {round}");
    }
    house.feed.stop().await;
}

#[tokio::test]
async fn nothing_falls_between_the_load_and_the_feed() {
    // Open while the load takes its snapshot, committed after it.
    let database = TestDatabase::new().await;
    let mut other = database.superuser().await;
    run(
        &mut other,
        &format!("INSERT INTO tenants (id, slug, name, region) VALUES ('{TENANT}', 'acme', 'Acme', 'FR')"),
    )
    .await;
    let mut open = other.begin().await.unwrap();
    run(&mut open, &individual(1, "Between", "+33612345678")).await;
    let registry = Registry::default();
    let feed = directory::start(
        database.db.clone(),
        registry.clone(),
        SummaryCache::new(),
        sealer(),
        Arc::new(()),
        FeedSettings::default(),
    )
    .await
    .unwrap();
    open.commit().await.unwrap();
    feed.refreshed().await;
    let tenant = registry.tenant(TenantId(TENANT.parse().unwrap())).unwrap();
    assert!(tenant.directory().context(&normalise("+33612345678", Region::UNKNOWN)).found);
    feed.stop().await;
}

#[tokio::test]
async fn many_changes_in_one_transaction_arrive_together() {
    let mut house = house("").await;
    house.until("the listener", |house| house.feed.is_listening()).await;
    house
        .write("CREATE TEMPORARY TABLE bulk AS SELECT gen_random_uuid() AS id, n FROM generate_series(0, 11999) n")
        .await;
    house
        .write(&format!(
            "BEGIN;
             INSERT INTO individuals (id, tenant_id, full_name) SELECT id, '{TENANT}', 'Bulk ' || n FROM bulk;
             INSERT INTO contact_phones (tenant_id, e164, raw, individual_id)
             SELECT '{TENANT}', '+336' || lpad(n::text, 8, '0'), 'x', id FROM bulk;
             COMMIT"
        ))
        .await;
    house.feed.refreshed().await;
    house.until("the last of them", |house| house.caller("+33600011999").is_some()).await;
    house
        .until("all of them", |house| {
            house.registry.tenant(house.tenant).is_some_and(|tenant| tenant.directory().len() == 12_000)
        })
        .await;
    house.feed.stop().await;
}

#[tokio::test]
async fn tickets_reach_the_summaries_and_their_listeners() {
    let mut house = house(&individual(1, "One", "+33612345678")).await;
    house.until("the listener", |house| house.feed.is_listening()).await;
    let contact = ContactRef { kind: ContactKind::Individual, id: Uuid::from_u128(1) };
    assert!(house.summaries.get(house.tenant, contact).is_none(), "nothing was asked or written yet");
    let filled = house.summaries.fill(&house.database.db, house.tenant, contact).await.unwrap();
    assert!(filled.open_tickets.is_empty());
    let ticket = Uuid::from_u128(900);
    house
        .write(&format!(
            "INSERT INTO tickets (id, tenant_id, number, title, status, individual_id)
             VALUES ('{ticket}', '{TENANT}', 1001, 'Broken', 'open', '{}')",
            contact.id
        ))
        .await;
    let open = |house: &House| {
        house.summaries.get(house.tenant, contact).map_or(0, |summary| summary.open_tickets.len())
    };
    house.until("the ticket", |house| open(house) == 1).await;
    assert_eq!(house.summaries.get(house.tenant, contact).unwrap().open_tickets[0].title, "Broken");
    house
        .until("the listeners' word", |house| house.tickets.0.lock().unwrap().contains(&TicketId(ticket)))
        .await;
    house.write("UPDATE tickets SET status = 'closed', closed_at = now()").await;
    house.until("its end", |house| open(house) == 0).await;
    house.write("UPDATE tickets SET status = 'open', closed_at = NULL").await;
    house.until("its return", |house| open(house) == 1).await;
    // About somebody else now: it leaves here.
    house.write(&individual(2, "Two", "+33612345679")).await;
    house.write(&format!("UPDATE tickets SET individual_id = '{}'", Uuid::from_u128(2))).await;
    house.until("its moving", |house| open(house) == 0).await;
    // At start, those with recent tickets are in memory.
    let fresh = SummaryCache::new();
    assert_eq!(fresh.warm(&house.database.db).await.unwrap(), 1);
    let other = ContactRef { kind: ContactKind::Individual, id: Uuid::from_u128(2) };
    assert_eq!(fresh.get(house.tenant, other).unwrap().open_tickets.len(), 1);
    house.feed.stop().await;
}

/// Calls and tickets stay with the record they were of; the summaries in memory, filled and warmed, are those of whom it has
/// become.
#[tokio::test]
async fn summaries_follow_merges_of_every_kind() {
    let id = |n: u128| Uuid::from_u128(n);
    let mut arrange = String::new();
    for (n, name) in [(10, "Acme"), (11, "Acme SA")] {
        arrange += &format!(
            "INSERT INTO organizations (id, tenant_id, name) VALUES ('{}', '{TENANT}', '{name}');",
            id(n)
        );
    }
    for n in [20, 21] {
        arrange += &format!(
            "INSERT INTO organization_contacts (id, tenant_id, organization_id, full_name) VALUES ('{}', '{TENANT}', '{}', 'Ann');
             INSERT INTO individuals (id, tenant_id, full_name) VALUES ('{}', '{TENANT}', 'Ada');
             INSERT INTO email_contacts (id, tenant_id, name, email) VALUES ('{}', '{TENANT}', 'Bob', 'b@x.example');",
            id(n),
            id(10),
            id(n + 10),
            id(n + 20)
        );
    }
    let kinds = [
        (ContactKind::Organization, 10),
        (ContactKind::OrganizationContact, 20),
        (ContactKind::Individual, 30),
        (ContactKind::EmailContact, 40),
    ];
    for (kind, n) in kinds {
        arrange += &format!(
            "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, end_reason, contact_kind, contact_id, started_at, ended_at, fold)
             VALUES ('{0}', '{TENANT}', '{0}', '{n}', 'inbound', 'ended', 'missed', '{kind}', '{1}', now(), now(), '{{}}');",
            id(500 + n),
            id(n + 1)
        );
    }
    let mut house = house(&arrange).await;
    house.until("the listener", |house| house.feed.is_listening()).await;
    for (kind, n) in kinds {
        let [kept, merged] = [n, n + 1].map(|n| ContactRef { kind, id: id(n) });
        let shows = |house: &House, contact, call| {
            house.summaries.shows_call(house.tenant, contact, switchroom_core::CallId(id(call)))
        };
        let filled = house.summaries.fill(&house.database.db, house.tenant, kept).await.unwrap();
        assert!(filled.recent_calls.is_empty(), "{kind}");
        house
            .write(&format!(
                "INSERT INTO contact_merges (id, tenant_id, kind, kept_id, merged_id, before, after)
                 VALUES ('{}', '{TENANT}', '{kind}', '{}', '{}', '{{}}', '{{}}')",
                id(700 + n),
                kept.id,
                merged.id
            ))
            .await;
        house.until("the merge", |house| shows(house, kept, 500 + n)).await;
        assert_eq!(house.summaries.survivor(house.tenant, merged), kept);
        assert!(house.summaries.get(house.tenant, merged).is_none(), "{kind}");
        // A call that began before ends as the kept one's.
        let mut call = house.summaries.get(house.tenant, kept).unwrap().recent_calls[0].clone();
        call.id = switchroom_core::CallId(id(600 + n));
        house.summaries.call_changed(house.tenant, merged, call).await;
        assert!(shows(&house, kept, 600 + n), "{kind}");
        // Whoever asks for the first time finds the same.
        let cold = SummaryCache::new();
        let filled = cold.fill(&house.database.db, house.tenant, kept).await.unwrap();
        assert_eq!(filled.recent_calls.len(), 1, "{kind}");
        // A ticket that still names the other is the kept one's, for memory and for the database.
        let column = format!("{kind}_id");
        let organization =
            if kind == ContactKind::OrganizationContact { format!(", '{}'", id(10)) } else { String::new() };
        let more = if organization.is_empty() { "" } else { ", organization_id" };
        house
            .write(&format!(
                "INSERT INTO tickets (id, tenant_id, number, title, status, {column}{more})
                 VALUES ('{}', '{TENANT}', {}, 'Broken', 'open', '{}'{organization})",
                id(900 + n),
                2000 + n,
                merged.id
            ))
            .await;
        let tickets = |house: &House, contact| {
            house.summaries.get(house.tenant, contact).map_or(0, |summary| summary.open_tickets.len())
        };
        house.until("its ticket", |house| tickets(house, kept) == 1).await;
        let mut directory = house.database.db.directory().acquire().await.unwrap();
        let about = switchroom_store::summaries::contacts_of_ticket(
            &mut directory,
            house.tenant,
            TicketId(id(900 + n)),
        )
        .await
        .unwrap();
        assert!(about.contains(&kept) && !about.contains(&merged), "{kind}: {about:?}");
        let cold = SummaryCache::new();
        cold.warm(&house.database.db).await.unwrap();
        assert!(cold.get(house.tenant, merged).is_none(), "{kind}: warmed as whom it is");
        let warm = cold.get(house.tenant, kept).unwrap();
        assert_eq!((warm.open_tickets.len(), warm.recent_calls.len()), (1, 1), "{kind}");
        drop(directory);
        // Two again.
        house.write("UPDATE contact_merges SET undone_at = now() WHERE undone_at IS NULL").await;
        house.until("the undo", |house| shows(house, merged, 500 + n)).await;
        assert!(!shows(&house, kept, 500 + n) && tickets(&house, kept) == 0, "{kind}");
        assert_eq!(house.summaries.survivor(house.tenant, merged), merged);
        house.write("UPDATE tickets SET status = 'closed', closed_at = now()").await;
        house.until("the end of its ticket", |house| tickets(house, merged) == 0).await;
    }
    house.feed.stop().await;
}

/// A ticket of a company that names nobody shows with each of its people.
#[tokio::test]
async fn a_companys_ticket_reaches_its_people_in_memory() {
    let [acme, ann] = [10, 20].map(Uuid::from_u128);
    let mut house = house(&format!(
        "INSERT INTO organizations (id, tenant_id, name) VALUES ('{acme}', '{TENANT}', 'Acme');
         INSERT INTO organization_contacts (id, tenant_id, organization_id, full_name) VALUES ('{ann}', '{TENANT}', '{acme}', 'Ann');"
    ))
    .await;
    house.until("the listener", |house| house.feed.is_listening()).await;
    let ann = ContactRef { kind: ContactKind::OrganizationContact, id: ann };
    house.summaries.fill(&house.database.db, house.tenant, ann).await.unwrap();
    let open = |house: &House| {
        house.summaries.get(house.tenant, ann).map_or(0, |summary| summary.open_tickets.len())
    };
    house
        .write(&format!(
            "INSERT INTO tickets (id, tenant_id, number, title, status, organization_id)
             VALUES ('{}', '{TENANT}', 1001, 'Broken', 'open', '{acme}')",
            Uuid::from_u128(900)
        ))
        .await;
    house.until("the ticket", |house| open(house) == 1).await;
    house.write("UPDATE tickets SET status = 'closed', closed_at = now()").await;
    house.until("its end", |house| open(house) == 0).await;
    house.feed.stop().await;
}
