//! Connections that read for one tenant after the other: whose rows they see, what they refuse, and what becomes of
//! one that was given up or that died.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::time::Duration;

use switchroom_core::TenantId;
use switchroom_store::{
    contact,
    contact_list::{ContactFilter, ContactSort},
    individuals::{self, Individual, NewIndividual},
    listing::Window,
    tenants,
    testing::TestDatabase,
};
use uuid::Uuid;

async fn tenant_with(test: &TestDatabase, name: &str) -> (TenantId, Uuid) {
    let tenant = TenantId(Uuid::now_v7());
    let mut platform = test.db.platform().acquire().await.unwrap();
    tenants::create(&mut platform, tenant, name, name, "FR").await.unwrap();
    let mut tx = test.db.tenant(tenant).await.unwrap();
    let new = NewIndividual {
        full_name: format!("{name} Somebody"),
        is_active: true,
        provenance: "manual",
        ..NewIndividual::default()
    };
    let id = individuals::insert(&mut tx, &new, None).await.unwrap();
    tx.commit().await.unwrap();
    (tenant, id)
}

async fn sees(test: &TestDatabase, tenant: TenantId, id: Uuid) -> bool {
    let mut reader = test.db.reading(tenant).await.unwrap();
    let found = contact::get::<Individual>(&mut reader, id).await.unwrap();
    reader.commit().await.unwrap();
    found.is_some()
}

async fn backend(test: &TestDatabase, tenant: TenantId) -> i32 {
    let mut reader = test.db.reading(tenant).await.unwrap();
    let pid = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *reader).await.unwrap();
    reader.commit().await.unwrap();
    pid
}

#[tokio::test]
async fn one_connection_shows_each_tenant_its_own_rows_only() {
    let test = TestDatabase::new().await;
    let (first, of_first) = tenant_with(&test, "first").await;
    let (second, of_second) = tenant_with(&test, "second").await;
    for _ in 0..3 {
        assert!(sees(&test, first, of_first).await);
        assert!(!sees(&test, first, of_second).await);
        assert!(sees(&test, second, of_second).await);
        assert!(!sees(&test, second, of_first).await);
    }
    assert_eq!(backend(&test, first).await, backend(&test, second).await, "one connection served them all");
    // Two at once are two connections, each with its tenant.
    let mut one = test.db.reading(first).await.unwrap();
    let mut other = test.db.reading(second).await.unwrap();
    assert!(contact::get::<Individual>(&mut one, of_first).await.unwrap().is_some());
    assert!(contact::get::<Individual>(&mut other, of_first).await.unwrap().is_none());
}

#[tokio::test]
async fn a_reader_changes_nothing() {
    let test = TestDatabase::new().await;
    let (tenant, id) = tenant_with(&test, "first").await;
    let mut reader = test.db.reading(tenant).await.unwrap();
    let refused = sqlx::query("UPDATE individuals SET full_name = 'Nobody' WHERE id = $1")
        .bind(id)
        .execute(&mut *reader)
        .await;
    let code =
        refused.unwrap_err().as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
    assert_eq!(code.as_deref(), Some("25006"), "read_only_sql_transaction");
    drop(reader);
    assert!(sees(&test, tenant, id).await, "and reads on after a refusal");
}

#[tokio::test]
async fn a_read_that_is_given_up_does_not_answer_the_next() {
    let test = TestDatabase::new().await;
    let (tenant, id) = tenant_with(&test, "first").await;
    let before = backend(&test, tenant).await;
    for after in [0, 1, 5, 20] {
        let mut reader = test.db.reading(tenant).await.unwrap();
        let slow = async {
            sqlx::query("SELECT n, pg_sleep(0.0005) FROM generate_series(1, 200) n")
                .fetch_all(&mut *reader)
                .await
        };
        assert!(tokio::time::timeout(Duration::from_millis(after), slow).await.is_err());
        drop(reader);
        assert!(sees(&test, tenant, id).await);
        assert!(!sees(&test, tenant, Uuid::now_v7()).await);
    }
    // Those whose statements have ended are used again.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut readers = Vec::new();
    let mut backends = Vec::new();
    for _ in 0..5 {
        let mut reader = test.db.reading(tenant).await.unwrap();
        let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *reader).await.unwrap();
        backends.push(pid);
        readers.push(reader);
    }
    assert!(backends.contains(&before), "{backends:?} without {before}");
}

#[tokio::test]
async fn a_connection_that_died_while_it_lay_idle_is_replaced() {
    let test = TestDatabase::new().await;
    let (tenant, id) = tenant_with(&test, "first").await;
    let killed = backend(&test, tenant).await;
    let mut superuser = test.superuser().await;
    sqlx::query("SELECT pg_terminate_backend($1)").bind(killed).execute(&mut superuser).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(sees(&test, tenant, id).await);
    assert_ne!(backend(&test, tenant).await, killed);
}

#[tokio::test]
async fn what_a_search_sets_ends_with_it() {
    let test = TestDatabase::new().await;
    let (tenant, id) = tenant_with(&test, "first").await;
    let window =
        Window { sort: ContactSort::CreatedAt, descending: true, after: None, limit: 50, count: true };
    let filter = ContactFilter { q: Some("someb".to_owned()), ..ContactFilter::default() };
    for end in [true, false] {
        let mut reader = test.db.reading(tenant).await.unwrap();
        let page = contact::list::<Individual>(&mut reader, &filter, &window).await.unwrap();
        assert_eq!(page.items.iter().map(|person| person.id).collect::<Vec<_>>(), [id]);
        let mode: String = sqlx::query_scalar("SHOW plan_cache_mode").fetch_one(&mut *reader).await.unwrap();
        assert_eq!(mode, "force_custom_plan");
        if end {
            reader.commit().await.unwrap();
        } else {
            drop(reader);
        }
        let mut reader = test.db.reading(tenant).await.unwrap();
        let mode: String = sqlx::query_scalar("SHOW plan_cache_mode").fetch_one(&mut *reader).await.unwrap();
        assert_eq!(mode, "force_generic_plan");
    }
}
