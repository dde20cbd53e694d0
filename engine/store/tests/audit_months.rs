//! The audit log's months go after their time, whole and no sooner, and leave a line.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use sqlx::PgConnection;
use switchroom_store::testing::TestDatabase;

/// A month of its own, so many months ago, with a line in it.
async fn month(superuser: &mut PgConnection, ago: i32) {
    let sql = format!(
        "DO $$ DECLARE first date := (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '{ago} months')::date; BEGIN
             EXECUTE format('CREATE TABLE %I PARTITION OF audit_log FOR VALUES FROM (%L) TO (%L)', 'audit_log_' || to_char(first, 'YYYY_MM'),
                            first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month')::timestamp AT TIME ZONE 'UTC');
             INSERT INTO audit_log (id, action, subject, created_at) VALUES (gen_random_uuid(), 'test.made', '{ago}', first::timestamp AT TIME ZONE 'UTC' + interval '10 days');
         END $$"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(superuser).await.unwrap();
}

async fn kept(superuser: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar("SELECT subject FROM audit_log WHERE action = 'test.made' ORDER BY created_at DESC")
        .fetch_all(superuser)
        .await
        .unwrap()
}

#[tokio::test]
async fn months_that_are_past_their_time_go_and_leave_a_line() {
    let database = TestDatabase::new().await;
    let mut superuser = database.superuser().await;
    for ago in [1, 2, 3, 4] {
        month(&mut superuser, ago).await;
    }
    // Of a time when nobody had made the month.
    sqlx::query("INSERT INTO audit_log (id, action, subject, created_at) VALUES (gen_random_uuid(), 'test.made', 'stray', now() - interval '3 years')")
        .execute(&mut superuser)
        .await
        .unwrap();
    assert_eq!(database.db.drop_audit_before(2).await.unwrap(), 2);
    assert_eq!(kept(&mut superuser).await, ["1", "2"]);
    let months: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = 'audit_log'::regclass AND c.relname ~ '[0-9]$'",
    )
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    assert_eq!(months, 6, "the two that are kept, this one and the next three");
    let lines: Vec<serde_json::Value> =
        sqlx::query_scalar("SELECT detail FROM audit_log WHERE action = 'audit.dropped'")
            .fetch_all(&mut superuser)
            .await
            .unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (lines[0]["months"].as_array().unwrap().len(), &lines[0]["strays"]),
        (2, &serde_json::json!(1))
    );
    // Again: nothing goes, nothing is said.
    assert_eq!(database.db.drop_audit_before(2).await.unwrap(), 0);
    assert_eq!(kept(&mut superuser).await, ["1", "2"]);
    let said: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'audit.dropped'")
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    assert_eq!(said, 1);
}

#[tokio::test]
async fn no_role_of_the_program_drops_months() {
    let database = TestDatabase::new().await;
    for role in
        ["switchroom_app", "switchroom_auth", "switchroom_platform", "switchroom_log", "switchroom_directory"]
    {
        let mut superuser = database.superuser().await;
        let may: bool =
            sqlx::query_scalar("SELECT has_function_privilege($1, 'audit_drop_before(int)', 'EXECUTE')")
                .bind(role)
                .fetch_one(&mut superuser)
                .await
                .unwrap();
        assert!(!may, "{role}");
    }
}
