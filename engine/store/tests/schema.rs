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
