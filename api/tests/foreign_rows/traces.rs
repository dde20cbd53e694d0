//! Everything a tenant has, as one fingerprint per table: whether anything of it changed, and where an id turns up.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use switchroom_api::testing::App;
use switchroom_core::TenantId;
use switchroom_store::testing::TestDatabase;
use tokio::sync::Mutex;

/// Work for a task, done and deleted at any time.
const COMES_AND_GOES: &[&str] = &["outbox"];

pub struct Traces {
    connection: Mutex<PgConnection>,
    /// One statement for all tables, with the tenant as its parameter.
    fingerprints: String,
    mentions: String,
}

impl Traces {
    pub async fn of(database: &TestDatabase) -> Self {
        let mut connection = database.superuser().await;
        let tables: Vec<(String, bool)> = sqlx::query_as(
            "SELECT c.relname::text, bool_or(a.attname = 'tenant_id')
               FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
              WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                AND (a.attname IN ('tenant_id', 'user_id') OR c.relname IN ('users', 'tenants') AND a.attname = 'id')
              GROUP BY 1 ORDER BY 1",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        // Accounts are no tenant's; those of its members are looked at with it.
        let rows = |table: &str, of_tenant: bool| match (table, of_tenant) {
            (_, true) => format!("{table} t WHERE t.tenant_id = $1"),
            ("tenants", false) => "tenants t WHERE t.id = $1".to_owned(),
            ("users", false) => {
                "users t WHERE t.id IN (SELECT m.user_id FROM memberships m WHERE m.tenant_id = $1)"
                    .to_owned()
            }
            (_, false) => {
                format!(
                    "{table} t WHERE t.user_id IN (SELECT m.user_id FROM memberships m WHERE m.tenant_id = $1)"
                )
            }
        };
        let each = |select: &dyn Fn(&str, &str) -> String| {
            let tables = tables.iter().filter(|(table, _)| !COMES_AND_GOES.contains(&table.as_str()));
            let parts = tables.map(|(table, of_tenant)| select(table, &rows(table, *of_tenant)));
            parts.collect::<Vec<_>>().join(" UNION ALL ")
        };
        let fingerprints = each(&|table, rows| {
            format!(
                "SELECT '{table}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {rows}"
            )
        });
        let mentions =
            each(&|table, rows| format!("SELECT '{table}' FROM {rows} AND position($2 in t::text) > 0"));
        Self { connection: Mutex::new(connection), fingerprints, mentions }
    }

    /// A fingerprint of the tenant's rows, by table.
    pub async fn read(&self, tenant: TenantId) -> BTreeMap<String, String> {
        let rows: Vec<(String, String)> = sqlx::query_as(sqlx::AssertSqlSafe(self.fingerprints.clone()))
            .bind(tenant.0)
            .fetch_all(&mut *self.connection.lock().await)
            .await
            .unwrap();
        rows.into_iter().collect()
    }

    /// The tables in which a row of the tenant mentions the text.
    pub async fn mentions(&self, tenant: TenantId, text: &str) -> Vec<String> {
        sqlx::query_scalar(sqlx::AssertSqlSafe(self.mentions.clone()))
            .bind(tenant.0)
            .bind(text)
            .fetch_all(&mut *self.connection.lock().await)
            .await
            .unwrap()
    }
}

/// The proof that the fingerprint sees what happens.
#[tokio::test]
async fn a_change_is_seen() {
    let app = App::new().await;
    let traces = Traces::of(&app.database).await;
    let (demo, rival) = (traces.read(app.demo.id).await, traces.read(app.rival.id).await);
    assert!(demo.len() > 30, "{demo:?}");
    let body = serde_json::json!({"full_name": "Ada Lovelace", "phones": []});
    let owner = app.demo.user(switchroom_core::Role::OrgOwner);
    let made = app.post(owner, "/api/v1/individuals", body).await.expect(201);
    let after = traces.read(app.demo.id).await;
    assert_ne!(demo["individuals"], after["individuals"]);
    assert_ne!(demo["audit_log"], after["audit_log"]);
    assert_eq!(rival, traces.read(app.rival.id).await);
    let id = made["id"].as_str().unwrap();
    assert!(traces.mentions(app.demo.id, id).await.contains(&"individuals".to_owned()));
    assert!(traces.mentions(app.rival.id, id).await.is_empty());
}
