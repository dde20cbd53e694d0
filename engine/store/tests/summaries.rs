//! What a pop shows of a contact is read while the call rings: by indexes alone, however many rows there are, and whatever the
//! contact was before it was merged.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use sqlx::Row as _;
use switchroom_core::{
    TenantId,
    directory::{ContactKind, ContactRef},
};
use switchroom_store::{summaries, testing::TestDatabase};
use uuid::Uuid;

const TENANT: &str = "00000000-0000-7000-8000-000000000001";

/// Twenty thousand calls and as many tickets, of all kinds of contact; number 1 of each kind was merged into number 0.
async fn crowd(database: &TestDatabase) {
    let mut superuser = database.superuser().await;
    let id = |prefix: &str, n: &str| {
        format!("('{prefix}0000-0000-7000-8000-' || lpad(({n})::text, 12, '0'))::uuid")
    };
    let mut sql = format!(
        "INSERT INTO tenants (id, slug, name, region) VALUES ('{TENANT}', 'acme', 'Acme', 'FR');
         INSERT INTO organizations (id, tenant_id, name) SELECT {}, '{TENANT}', 'O' || n FROM generate_series(0, 1999) n;
         INSERT INTO organization_contacts (id, tenant_id, organization_id, full_name) SELECT {}, '{TENANT}', {}, 'P' || n FROM generate_series(0, 1999) n;
         INSERT INTO individuals (id, tenant_id, full_name) SELECT {}, '{TENANT}', 'I' || n FROM generate_series(0, 1999) n;
         INSERT INTO email_contacts (id, tenant_id, name, email) SELECT {}, '{TENANT}', 'E' || n, 'e@x.example' FROM generate_series(0, 1999) n;",
        id("aaaa", "n"),
        id("bbbb", "n"),
        id("aaaa", "n"),
        id("cccc", "n"),
        id("dddd", "n"),
    );
    let kinds = [
        ("organization", "aaaa", "organization_id", String::new()),
        (
            "organization_contact",
            "bbbb",
            "organization_contact_id, organization_id",
            format!(", {}", id("aaaa", "n % 2000")),
        ),
        ("individual", "cccc", "individual_id", String::new()),
        ("email_contact", "dddd", "email_contact_id", String::new()),
    ];
    for (at, (kind, prefix, columns, more)) in kinds.iter().enumerate() {
        let contact = id(prefix, "n % 2000");
        sql += &format!(
            "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, end_reason, contact_kind, contact_id, started_at, ended_at, fold)
             SELECT gen_random_uuid(), '{TENANT}', '{TENANT}', '{kind}' || n, 'inbound', 'ended', 'missed', '{kind}', {contact},
                    now() - make_interval(mins => n), now(), '{{}}' FROM generate_series(0, 4999) n;
             INSERT INTO tickets (id, tenant_id, number, title, status, closed_at, created_at, {columns})
             SELECT gen_random_uuid(), '{TENANT}', 10000 * ({at} + 1) + n, 'T', CASE WHEN n < 4000 THEN 'open' ELSE 'closed' END,
                    CASE WHEN n >= 4000 THEN now() END, now() - make_interval(mins => n), {contact}{more} FROM generate_series(0, 4999) n;
             INSERT INTO contact_merges (id, tenant_id, kind, kept_id, merged_id, before, after)
             SELECT gen_random_uuid(), '{TENANT}', '{kind}', {}, {}, '{{}}', '{{}}' FROM generate_series(0, 1999, 2) n;",
            id(prefix, "n"),
            id(prefix, "n + 1"),
        );
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut superuser).await.unwrap();
    sqlx::raw_sql("ANALYZE").execute(&mut superuser).await.unwrap();
}

#[tokio::test]
async fn a_summary_is_looked_up_by_indexes_alone() {
    let database = TestDatabase::new().await;
    crowd(&database).await;
    let tenant = TenantId(TENANT.parse().unwrap());
    let mut tx = database.db.directory().begin().await.unwrap();
    for (kind, prefix) in [
        (ContactKind::Organization, "aaaa"),
        (ContactKind::OrganizationContact, "bbbb"),
        (ContactKind::Individual, "cccc"),
        (ContactKind::EmailContact, "dddd"),
    ] {
        let id: Uuid = format!("{prefix}0000-0000-7000-8000-000000000000").parse().unwrap();
        // As often as the server needs to settle on one plan for all.
        for _ in 0..8 {
            let summary = summaries::summary(&mut tx, tenant, ContactRef { kind, id }).await.unwrap();
            // Two calls of its own and two of the other's of the newest 4,000 minutes, and the newest five of what is open.
            assert_eq!(summary.recent_calls.len(), 5, "{kind}");
            assert!(summary.open_tickets.len() >= 4, "{kind}: {}", summary.open_tickets.len());
        }
        let scanned =
            sqlx::query("SELECT relname::text AS name FROM pg_stat_xact_user_tables WHERE seq_scan > 0")
                .fetch_all(&mut *tx)
                .await
                .unwrap();
        let scanned: Vec<String> = scanned.iter().map(|row| row.get("name")).collect();
        assert!(scanned.is_empty(), "{kind}: read from end to end: {scanned:?}");
    }
}

#[tokio::test]
async fn who_is_likely_to_call_is_named_as_whom_they_are_and_once() {
    let database = TestDatabase::new().await;
    crowd(&database).await;
    let mut directory = database.db.directory().acquire().await.unwrap();
    let since = chrono::Utc::now() - chrono::TimeDelta::days(30);
    let likely = summaries::likely_callers(&mut directory, since, 100_000).await.unwrap();
    // Half of 2,000 of each kind: the others have become these.
    assert_eq!(likely.len(), 4_000);
    assert!(
        likely.iter().all(|(_, contact)| contact.id.as_bytes()[15] % 2 == 0),
        "none that was merged away"
    );
    let mut once = likely.clone();
    once.sort_by_key(|(_, contact)| contact.id);
    once.dedup();
    assert_eq!(once.len(), likely.len());
}
