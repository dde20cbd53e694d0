//! Every table of the schema is behind forced row-level security and carries a tenant key, unless it is listed here
//! with the reason.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use sqlx::Row;
use switchroom_store::testing::TestDatabase;

/// Tables without a `tenant_id` of their own, and why that is right.
const WITHOUT_TENANT_KEY: &[(&str, &str)] = &[
    ("tenants", "is the tenant itself; its policy compares id"),
    ("password_links", "belongs to a person, who may be in several tenants; only sign-in reads it"),
    ("second_factors", "belongs to a person, who may be in several tenants; only sign-in reads it"),
    ("backup_codes", "likewise"),
    ("remembered_devices", "likewise"),
    ("users", "a person may belong to several tenants; the policy goes through memberships"),
    ("_sqlx_migrations", "the schema's own history, readable by the owner only"),
];

/// Tables without forced row-level security, and why that is right.
const WITHOUT_ROW_SECURITY: &[(&str, &str)] =
    &[("_sqlx_migrations", "no role of the program may read it at all")];

#[tokio::test]
async fn every_table_is_tenant_scoped_and_behind_forced_row_security() {
    let database = TestDatabase::new().await;
    let mut connection = database.superuser().await;
    let rows = sqlx::query(
        "SELECT c.relname::text AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced,
                EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') AS has_tenant,
                (SELECT coalesce(bool_or(has_table_privilege(r, c.oid, 'SELECT, INSERT, UPDATE, DELETE')), false)
                   FROM unnest(ARRAY['switchroom_app', 'switchroom_auth', 'switchroom_log', 'switchroom_directory',
                                     'switchroom_platform']) r) AS granted
           FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(rows.len() > 25, "the schema is there: {} tables", rows.len());
    let mut faults = Vec::new();
    for row in &rows {
        let name: String = row.get("name");
        if !row.get::<bool, _>("forced") && !WITHOUT_ROW_SECURITY.iter().any(|(table, _)| *table == name) {
            faults.push(format!("{name}: row-level security is not forced"));
        }
        if !row.get::<bool, _>("has_tenant") && !WITHOUT_TENANT_KEY.iter().any(|(table, _)| *table == name) {
            faults.push(format!("{name}: no tenant_id"));
        }
        if !row.get::<bool, _>("forced") && row.get::<bool, _>("granted") {
            faults.push(format!("{name}: granted to a role of the program without row-level security"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test]
async fn no_role_of_the_program_can_step_around_row_security() {
    let database = TestDatabase::new().await;
    let mut connection = database.superuser().await;
    let weak: Vec<String> = sqlx::query_scalar(
        "SELECT rolname::text FROM pg_roles
          WHERE rolname LIKE 'switchroom\\_%' AND (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole)",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(weak.is_empty(), "{weak:?}");
    let owned: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname LIKE 'switchroom\\_%'",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(owned, 0, "a role that owns a table can switch its row security off");
}

/// Tables whose changes the database does not note in the audit log, and why that is right.
const WITHOUT_AUDIT: &[(&str, &str)] = &[
    ("_sqlx_migrations", "the schema's own history"),
    ("agent_presence", "a projection of the log of events"),
    ("api_tokens", "making and revoking write lines of their own; last use is no change"),
    ("audit_log", "is the log"),
    ("backup_codes", "second_factor.* lines are written by sign-in"),
    ("call_events", "is the log of events"),
    ("call_tickets", "the ticket's timeline tells of it"),
    ("calls", "a projection of the log of events"),
    ("contact_emails", "further addresses are part of the contact's own row"),
    ("contact_erasures", "contact.erased lines are written with them"),
    ("contact_merges", "contact.merged lines are written with them"),
    ("event_claims", "part of the log of events"),
    ("federated_identities", "session.started names the provider"),
    ("federated_journeys", "a browser on its way; lives for minutes"),
    ("idempotency_keys", "answers kept for a day"),
    ("import_pieces", "a file on its way"),
    ("import_rejects", "what an import left out"),
    ("imports", "progress is no change; what came in is noted with the contacts and lines"),
    ("invitations", "invitation.* lines are written with them"),
    (
        "memberships",
        "user.* lines say more: what ended with the change; whose contact somebody is, a trigger of its own notes",
    ),
    ("number_assignments", "is itself the history of lines; the line's own change is noted"),
    ("number_connections", "is itself a history of lines; the line's own change is noted"),
    ("outbox", "the change feed"),
    ("password_links", "password.* lines are written by sign-in"),
    ("registrations", "registration.* lines are written with them"),
    ("remembered_devices", "device.* lines are written by sign-in"),
    ("second_factors", "second_factor.* lines are written by sign-in"),
    ("sessions", "session.* lines are written by sign-in"),
    ("tenant_counters", "numbers given out"),
    ("tenant_log", "numbers given out"),
    ("ticket_activities", "is itself a history"),
    ("webhook_dead_letters", "what became of deliveries"),
    ("webhook_deliveries", "what became of deliveries"),
    ("webhook_endpoints", "their lines are written with them; their place in the log moves with every event"),
    ("users", "a person belongs to no tenant; user.* lines go to each of theirs"),
];

/// A table that is added later calls `audit_table` in its migration, or says here why not.
#[tokio::test]
async fn changes_of_every_table_are_audited_unless_listed() {
    let database = TestDatabase::new().await;
    let mut superuser = database.superuser().await;
    let rows = sqlx::query(
        "SELECT c.relname::text AS name, EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname LIKE 'audit\\_%') AS audited
           FROM pg_class c
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    let mut seen = Vec::new();
    for row in rows {
        let (name, audited): (String, bool) = (row.get("name"), row.get("audited"));
        let listed = WITHOUT_AUDIT.iter().any(|(table, _)| *table == name);
        assert_ne!(audited, listed, "{name}: audited by the database, or listed with a reason, and not both");
        seen.push(name);
    }
    for (table, _) in WITHOUT_AUDIT {
        assert!(seen.iter().any(|name| name == table), "{table} is listed and not there");
    }
}
