//! Performance is counted over the rows of its period, which indexes find; one agent's is their part of everybody's, and the
//! days of a period add up to it.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::Row as _;
use switchroom_core::{
    TenantId, UserId,
    performance::{CallTally, Period, TicketTally},
};
use switchroom_store::{TenantTx, performance as store, testing::TestDatabase};
use uuid::Uuid;

const TENANT: &str = "00000000-0000-7000-8000-000000000001";
const OTHER: &str = "00000000-0000-7000-8000-000000000002";

fn agent(n: u128) -> UserId {
    UserId(Uuid::from_u128(0xa6e7_0000 + n))
}

/// Half a year of two tenants: a call every ten minutes and a ticket every hour, by fifty agents. Each call rings at two of
/// them; of three calls one is answered by the first, one by the second, and one by nobody.
async fn half_a_year(database: &TestDatabase) {
    let mut superuser = database.superuser().await;
    let mut sql = String::new();
    let one = |n: &str| {
        format!("('00000000-0000-0000-0000-0000' || to_hex({} + ({n}) % 50))::uuid", 0xa6e7_0000_u32)
    };
    for (tenant, slug) in [(TENANT, "one"), (OTHER, "two")] {
        sql += &format!(
            "INSERT INTO tenants (id, slug, name, region) VALUES ('{tenant}', '{slug}', '{slug}', 'FR');
             INSERT INTO users (id, email, name) SELECT {agent}, 'a' || n || '@x.example', 'Agent ' || n FROM generate_series(0, 49) n ON CONFLICT DO NOTHING;
             INSERT INTO memberships (id, tenant_id, user_id, role) SELECT gen_random_uuid(), '{tenant}', {agent}, 'agent' FROM generate_series(0, 49) n;
             INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, end_reason, agent_id, started_at, answered_at,
                                ended_at, popped, fold)
             SELECT gen_random_uuid(), '{tenant}', '{tenant}', 'c' || n, 'inbound', 'ended', CASE n % 3 WHEN 2 THEN 'missed' ELSE 'completed' END,
                    CASE n % 3 WHEN 0 THEN {agent} WHEN 1 THEN {next} END, at, CASE WHEN n % 3 < 2 THEN at + interval '5 s' END,
                    at + interval '65 s', ARRAY[{agent}, {next}], '{{}}'
               FROM generate_series(0, 26207) n, LATERAL (SELECT timestamptz '2026-01-01 00:00Z' + make_interval(mins => n * 10) AS at) moment;
             INSERT INTO tickets (id, tenant_id, number, title, status, resolved_at, created_at, first_response_at)
             SELECT ('{prefix}-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, '{tenant}', 1001 + n, 'T', 'resolved', at, at, at + interval '90 s'
               FROM generate_series(0, 4367) n, LATERAL (SELECT timestamptz '2026-01-01 00:00Z' + make_interval(hours => n) AS at) moment;
             INSERT INTO ticket_replies (id, tenant_id, ticket_id, author_id, body, created_at)
             SELECT gen_random_uuid(), tenant_id, id, {by_number}, 'Here.', first_response_at FROM tickets WHERE tenant_id = '{tenant}';
             INSERT INTO ticket_activities (id, tenant_id, ticket_id, actor_id, type, data, created_at)
             SELECT gen_random_uuid(), tenant_id, id, {by_number}, kind, data, created_at + interval '2 min'
               FROM tickets, LATERAL (VALUES ('agent_assignment', jsonb_build_object('to', {by_number})),
                                             ('status_change', '{{\"to\": \"resolved\"}}'), ('status_change', '{{\"to\": \"resolved\"}}'),
                                             ('comment', '{{}}'), ('edited', '{{}}')) work (kind, data) WHERE tenant_id = '{tenant}';",
            agent = one("n"),
            next = one("n + 1"),
            by_number = one("number - 1001"),
            prefix = if tenant == TENANT { "11111111" } else { "22222222" },
        );
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut superuser).await.unwrap();
    sqlx::raw_sql("ANALYZE").execute(&mut superuser).await.unwrap();
}

fn period(from: &str, to: &str) -> Period {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    Period::asked(Utc::now(), Some(at(from)), Some(at(to))).unwrap()
}

type Tallies = BTreeMap<(UserId, Option<NaiveDate>), (CallTally, TicketTally)>;

async fn tallies(tx: &mut TenantTx, period: Period, user: Option<UserId>, by_day: bool) -> Tallies {
    let mut all = Tallies::new();
    for counted in store::calls(tx, period, user, by_day).await.unwrap() {
        all.entry((counted.user_id, counted.day)).or_default().0.add(&counted.what);
    }
    for counted in store::tickets(tx, period, user, by_day).await.unwrap() {
        all.entry((counted.user_id, counted.day)).or_default().1 += counted.what;
    }
    all
}

#[tokio::test]
async fn a_week_is_counted_by_indexes_and_adds_up() {
    let database = TestDatabase::new().await;
    half_a_year(&database).await;
    let mut tx = database.db.tenant(TenantId(TENANT.parse().unwrap())).await.unwrap();
    // 1,008 calls and 168 tickets, the first of them those of day 63.
    let week = period("2026-03-05T00:00:00Z", "2026-03-12T00:00:00Z");
    // As often as the server needs to settle on one plan for all.
    let mut whole = Tallies::new();
    for _ in 0..8 {
        whole = tallies(&mut tx, week, None, false).await;
    }
    assert_eq!(whole.len(), 50);
    let (mut calls, mut tickets) = (CallTally::default(), TicketTally::default());
    for (calls_of_one, tickets_of_one) in whole.values() {
        calls += *calls_of_one;
        tickets += *tickets_of_one;
    }
    assert_eq!(
        (calls.offered, calls.answered, calls.answered_elsewhere, calls.missed),
        (2016, 672, 672, 672)
    );
    assert_eq!((calls.talk_seconds(), calls.average_answer_seconds()), (672 * 60, Some(5.0)));
    assert_eq!((tickets.taken, tickets.resolved, tickets.first_responses), (168, 168, 168));
    assert_eq!(tickets.average_first_response_seconds(), Some(90.0));

    let user = agent(7);
    let alone = tallies(&mut tx, week, Some(user), false).await;
    assert_eq!(alone.into_iter().collect::<Vec<_>>(), [((user, None), whole[&(user, None)])]);
    let days = tallies(&mut tx, week, Some(user), true).await;
    let mut sum = (CallTally::default(), TicketTally::default());
    for ((_, day), (calls, tickets)) in &days {
        assert!(week.days().any(|touched| Some(touched) == *day), "{day:?}");
        sum.0 += *calls;
        sum.1 += *tickets;
    }
    assert_eq!(sum, whole[&(user, None)]);

    let scanned =
        sqlx::query("SELECT relname::text AS name FROM pg_stat_xact_user_tables WHERE seq_scan > 0")
            .fetch_all(&mut *tx)
            .await
            .unwrap();
    let scanned: Vec<String> = scanned.iter().map(|row| row.get("name")).collect();
    let long = ["calls", "tickets", "ticket_activities"];
    assert!(!scanned.iter().any(|table| long.contains(&table.as_str())), "read from end to end: {scanned:?}");

    // The staff by name: all, one, or those of a team.
    let staff = store::staff(&mut tx, None, None).await.unwrap();
    assert_eq!((staff.len(), staff[0].name.as_str(), staff[49].name.as_str()), (50, "Agent 0", "Agent 9"));
    assert_eq!(store::staff(&mut tx, Some(user), None).await.unwrap()[0].name, "Agent 7");
    assert!(store::staff(&mut tx, None, Some(Uuid::nil())).await.unwrap().is_empty());
}
