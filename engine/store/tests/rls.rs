//! Tenancy, the second wall: as the role of the requests, with tenant A named, every table of the schema shows nothing
//! of tenant B and takes nothing for it. Both tenants have rows in every table first, so that no table passes by
//! being empty.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use sqlx::{AssertSqlSafe, PgConnection, Row};
use switchroom_core::{
    TenantId, UserId,
    directory::{
        ContactKind, ContactRef, CustomerType,
        custom::{Field, FieldType},
    },
    number::E164,
    ticket::lifecycle::{Filer, Status, Visibility},
};
use switchroom_store::{
    Database, audit,
    contact_fields::{self, NewField},
    contact_notes,
    email_contacts::{self, NewEmailContact},
    individuals::{self, NewIndividual},
    organization_contacts::{self, NewOrganizationContact},
    organizations::{self, NewOrganization},
    phones::Phone,
    tenants,
    testing::TestDatabase,
    tickets::{self, NewReply, NewTicket, Sight, Viewer},
};
use uuid::Uuid;

/// Tables without rows of tenants, and why.
const EXEMPT: &[(&str, &str)] = &[("_sqlx_migrations", "the schema's own history, granted to nobody")];

struct Seeded {
    tenant: TenantId,
    user: UserId,
}

/// One row of one tenant in every table, through the store where it has a way.
async fn seed(db: &Database, superuser: &mut PgConnection, slug: &str, number: &str) -> Seeded {
    let tenant = TenantId(Uuid::now_v7());
    let user = UserId(Uuid::now_v7());
    let mut platform = db.platform().begin().await.unwrap();
    tenants::create(&mut platform, tenant, slug, slug, "FR").await.unwrap();
    platform.commit().await.unwrap();
    for sql in [
        "INSERT INTO users (id, email, name) VALUES ($2, $3 || '@people.example', $3)",
        "INSERT INTO memberships (id, tenant_id, user_id, role) VALUES (gen_random_uuid(), $1, $2, 'agent')",
        "INSERT INTO sessions (id, tenant_id, user_id, access_hash, refresh_hash, cookie_hash, access_expires_at, refresh_expires_at)
         VALUES (gen_random_uuid(), $1, $2, sha256(convert_to('a' || $3, 'UTF8')), sha256(convert_to('r' || $3, 'UTF8')), sha256(convert_to('c' || $3, 'UTF8')), now(), now())",
        "INSERT INTO password_links (token_hash, user_id, expires_at) VALUES (sha256(convert_to($3, 'UTF8')), $2, now())",
        "INSERT INTO invitations (id, tenant_id, email, role, token_hash, invited_by, expires_at) VALUES ($2, $1, $3 || '@people.example', 'agent', sha256(convert_to($3, 'UTF8')), $2, now())",
        "INSERT INTO second_factors (user_id, secret, key_id) VALUES ($2, '\\x00', $3)",
        "INSERT INTO backup_codes (user_id, code_hash) VALUES ($2, sha256(convert_to($3, 'UTF8')))",
        "INSERT INTO remembered_devices (id, user_id, token_hash, expires_at) VALUES (gen_random_uuid(), $2, sha256(convert_to($3, 'UTF8')), now())",
        "INSERT INTO roles (id, tenant_id, name, base, permissions) VALUES ($2, $1, $3, 'agent', '{}')",
        "INSERT INTO teams (id, tenant_id, name) VALUES ($2, $1, $3)",
        "INSERT INTO team_members (tenant_id, team_id, user_id) VALUES ($1, $2, $2)",
        "INSERT INTO registrations (id, tenant_id, email, name, token_hash, expires_at) VALUES ($2, $1, $3 || '@people.example', $3, sha256(convert_to($3, 'UTF8')), now())",
        "INSERT INTO identity_providers (id, tenant_id, name, issuer, client_id, set_by_role) VALUES ($2, $1, $3, 'https://id.example', $3, 'org_admin')",
        "INSERT INTO federated_identities (tenant_id, provider_id, subject, user_id) VALUES ($1, $2, $3, $2)",
        "INSERT INTO federated_journeys (state_hash, tenant_id, provider_id, browser_hash, nonce, verifier, key_id, goes_to, expires_at)
         VALUES (sha256(convert_to($3, 'UTF8')), $1, $2, sha256(convert_to($3, 'UTF8')), $3, '\\x00', $3, '/', now())",
        "INSERT INTO api_tokens (id, tenant_id, user_id, name, token_hash) VALUES (gen_random_uuid(), $1, $2, $3, sha256(convert_to($3, 'UTF8')))",
        "INSERT INTO idempotency_keys (tenant_id, user_id, key, fingerprint) VALUES ($1, $2, $3, sha256(convert_to($3, 'UTF8')))",
        "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, started_at, fold)
         VALUES ($2, $1, $2, $3, 'inbound', 'ringing', now(), '{}')",
        "INSERT INTO agent_presence (tenant_id, user_id, chosen, presence, since) VALUES ($1, $2, 'offline', 'offline', now())",
        "INSERT INTO event_claims (tenant_id, event_id) VALUES ($1, $2)",
        "INSERT INTO call_events (tenant_id, seq, event_id, type, at, recorded_at, effective, data)
         SELECT $1, n, gen_random_uuid(), $3, now(), now() + make_interval(months => n - 1), true, '{}' FROM generate_series(1, 4) n",
        "INSERT INTO call_events (tenant_id, seq, event_id, type, at, recorded_at, effective, data)
         VALUES ($1, 9, $2, $3, now(), now() - interval '10 years', true, '{}')",
        "INSERT INTO audit_log (id, tenant_id, action, created_at)
         SELECT gen_random_uuid(), $1, $3, now() + make_interval(months => n) FROM generate_series(0, 3) n",
        "INSERT INTO audit_log (id, tenant_id, action, created_at) VALUES (gen_random_uuid(), $1, $3, now() - interval '10 years')",
        "INSERT INTO phone_numbers (id, number, country, tenant_id, status) VALUES ($2, '+3319900' || lpad((abs(hashtext($3)::bigint) % 100000)::text, 5, '0'), 'FR', $1, 'assigned')",
        "INSERT INTO bots (id, tenant_id, name) VALUES ($2, $1, $3)",
        "INSERT INTO number_assignments (tenant_id, number_id) VALUES ($1, $2)",
        "INSERT INTO number_connections (tenant_id, number_id, user_id) VALUES ($1, $2, $2)",
        "INSERT INTO webhook_endpoints (id, tenant_id, name, url, secret, key_id, seq) VALUES ($2, $1, $3, 'https://x.example', 'x', 'k', 0)",
        "INSERT INTO webhook_deliveries (id, tenant_id, endpoint_id, seq, event_id, type, attempt, outcome, duration_ms) VALUES ($2, $1, $2, 1, $2, $3, 1, 'dead', 1)",
        "INSERT INTO webhook_dead_letters (id, tenant_id, endpoint_id, seq, event_id, type) VALUES ($2, $1, $2, 1, $2, $3)",
        "INSERT INTO contact_merges (id, tenant_id, kind, kept_id, merged_id, before, after) VALUES ($2, $1, 'individual', $2, gen_random_uuid(), '{}', '{}')",
        "INSERT INTO contact_erasures (id, tenant_id, kind, contact_id) VALUES ($2, $1, 'individual', $2)",
        "INSERT INTO imports (id, tenant_id, kind, name) VALUES ($2, $1, 'contacts', $3)",
        "INSERT INTO import_pieces (import_id, tenant_id, position, data) VALUES ($2, $1, 0, 'x')",
        "INSERT INTO import_rejects (import_id, tenant_id, line, reason, row) VALUES ($2, $1, 1, $3, $3)",
    ] {
        // Not every statement needs all three.
        let sql = format!("WITH given AS (SELECT $1::uuid, $2::uuid, $3::text) {sql}");
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(user.0).bind(slug).execute(&mut *superuser).await.unwrap();
    }
    let phone = |e164: &str| {
        vec![Phone { e164: e164.parse::<E164>().unwrap(), raw: e164.into(), label: None, primary: true }]
    };
    let mut tx = db.tenant(tenant).await.unwrap();
    let new = NewIndividual {
        full_name: slug.into(),
        phones: phone(number),
        is_active: true,
        provenance: "manual",
        ..NewIndividual::default()
    };
    let individual = individuals::insert(&mut tx, &new, Some(user)).await.unwrap();
    let new = NewOrganization {
        name: slug.into(),
        is_active: true,
        provenance: "manual",
        ..NewOrganization::default()
    };
    let organization = organizations::insert(&mut tx, &new, Some(user)).await.unwrap();
    let new = NewOrganizationContact {
        full_name: slug.into(),
        is_active: true,
        provenance: "manual",
        ..NewOrganizationContact::default()
    };
    organization_contacts::insert(&mut tx, organization, &new, Some(user)).await.unwrap().unwrap();
    let new = NewEmailContact {
        name: slug.into(),
        email: format!("{slug}@mail.example"),
        is_active: true,
        provenance: "mail",
        ..NewEmailContact::default()
    };
    email_contacts::insert(&mut tx, &new, None).await.unwrap();
    let contact = ContactRef { kind: ContactKind::Individual, id: individual };
    contact_notes::insert(&mut tx, contact, slug, true, user).await.unwrap().unwrap();
    let new = NewField {
        of: ContactKind::Individual,
        field: Field { key: "shoe".into(), kind: FieldType::Text, choices: Vec::new(), required: false },
        label: slug.into(),
        position: 0,
    };
    contact_fields::insert(&mut tx, &new, user).await.unwrap();
    let new = NewTicket {
        title: slug.into(),
        description: None,
        priority: "medium".into(),
        call: Some(switchroom_core::CallId(user.0)),
        phone_number: Some(number.into()),
        customer_type: Some(CustomerType::Individual),
        customer_name: Some(slug.into()),
        customer_gender: None,
        contact_person: None,
        customer_email: None,
        organization: None,
        filer: Filer::Staff,
        by: user,
    };
    let filed = tickets::file(&mut tx, &new).await.unwrap();
    assert_eq!(filed.ticket.contact, Some(ContactRef { kind: ContactKind::Individual, id: individual }));
    assert_eq!(filed.ticket.status, Status::Open);
    let reply = NewReply {
        body: slug.into(),
        format: "text".into(),
        visibility: Visibility::Public,
        is_solution: false,
    };
    tickets::reply(&mut tx, Viewer { user, sight: Sight::All }, filed.ticket.id, &reply, None).await.unwrap();
    audit::record(
        &mut tx,
        &audit::Entry { tenant: Some(tenant), actor: Some(user), action: "test", ..audit::Entry::default() },
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    Seeded { tenant, user }
}

/// Every table, partitions too, with the column that says whose a row is.
async fn tables(superuser: &mut PgConnection) -> Vec<(String, String)> {
    let rows = sqlx::query(
        "SELECT c.relname::text AS name FROM pg_class c
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1",
    )
    .fetch_all(superuser)
    .await
    .unwrap();
    let mut tables = Vec::new();
    for row in rows {
        let name: String = row.get("name");
        if EXEMPT.iter().any(|(table, _)| *table == name) {
            continue;
        }
        let owner = match name.as_str() {
            "tenants" => "id = $1",
            // Of persons, who may be in several tenants.
            "password_links" | "second_factors" | "backup_codes" | "remembered_devices" => {
                "user_id IN (SELECT m.user_id FROM memberships m WHERE m.tenant_id = $1)"
            }
            "users" => "EXISTS (SELECT FROM memberships m WHERE m.user_id = users.id AND m.tenant_id = $1)",
            _ => "tenant_id = $1",
        };
        tables.push((name, owner.to_owned()));
    }
    tables
}

#[tokio::test]
async fn one_tenant_sees_and_touches_nothing_of_another() {
    let database = TestDatabase::new().await;
    let mut superuser = database.superuser().await;
    let a = seed(&database.db, &mut superuser, "alpha", "+33639980001").await;
    let b = seed(&database.db, &mut superuser, "beta", "+33639980001").await;
    let tables = tables(&mut superuser).await;
    assert!(tables.len() > 25, "{} tables", tables.len());
    let mut faults = Vec::new();
    let (mut seen_own, mut denied) = (0, 0);
    for (table, owner) in &tables {
        // As the superuser: there is something to hide.
        let hidden: i64 =
            sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE {owner}")))
                .bind(b.tenant.0)
                .fetch_one(&mut superuser)
                .await
                .unwrap();
        // Partitions of months that no row of the seed falls into hide nothing.
        if hidden == 0 {
            faults.push(format!("{table}: the seed has no row of the other tenant in it"));
        }
        let mut tx = database.db.tenant(a.tenant).await.unwrap();
        let own = sqlx::query_scalar::<_, i64>(AssertSqlSafe(format!(
            "SELECT count(*) FROM {table} WHERE {owner}"
        )))
        .bind(a.tenant.0)
        .fetch_one(&mut *tx)
        .await;
        if own.is_ok_and(|own| own > 0) {
            seen_own += 1;
        }
        drop(tx);
        for (what, sql) in [
            ("shows", format!("SELECT count(*) FROM {table} WHERE {owner}")),
            (
                "changes",
                format!(
                    "WITH u AS (UPDATE {table} SET {} WHERE {owner} RETURNING 1) SELECT count(*) FROM u",
                    assignment(table)
                ),
            ),
            (
                "deletes",
                format!("WITH d AS (DELETE FROM {table} WHERE {owner} RETURNING 1) SELECT count(*) FROM d"),
            ),
        ] {
            let mut tx = database.db.tenant(a.tenant).await.unwrap();
            let touched: Result<i64, sqlx::Error> =
                sqlx::query_scalar(AssertSqlSafe(sql)).bind(b.tenant.0).fetch_one(&mut *tx).await;
            match touched {
                Ok(0) => {}
                Ok(count) => faults.push(format!("{table}: {what} {count} rows of the other tenant")),
                // Not granted at all is as good.
                Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42501") => denied += 1,
                Err(error) => faults.push(format!("{table}: {what}: {error}")),
            }
        }
        // Copying one's own rows over to the other tenant.
        if owner == "tenant_id = $1" {
            let mut tx = database.db.tenant(a.tenant).await.unwrap();
            let moved = sqlx::query(AssertSqlSafe(format!("UPDATE {table} SET tenant_id = $1")))
                .bind(b.tenant.0)
                .execute(&mut *tx)
                .await;
            if !is_refused(&moved) {
                faults.push(format!("{table}: a row given to the other tenant: {moved:?}"));
            }
            let mut tx = database.db.tenant(a.tenant).await.unwrap();
            let columns = insertable(&mut superuser, table).await;
            let sql = format!(
                "INSERT INTO {table} (tenant_id{columns}) SELECT $1{columns} FROM {table} WHERE tenant_id = $2 LIMIT 1"
            );
            let inserted =
                sqlx::query(AssertSqlSafe(sql)).bind(b.tenant.0).bind(a.tenant.0).execute(&mut *tx).await;
            if !is_refused(&inserted) {
                faults.push(format!("{table}: a row inserted for the other tenant: {inserted:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(seen_own > 15, "the role sees its own tenant's rows: {seen_own} tables");
    assert!(denied > 10, "what is not granted is denied: {denied}");
    assert_ne!(a.user, b.user);
}

/// Without a tenant named, nothing at all.
#[tokio::test]
async fn no_tenant_named_no_rows() {
    let database = TestDatabase::new().await;
    let mut superuser = database.superuser().await;
    seed(&database.db, &mut superuser, "alpha", "+33639980001").await;
    let mut connection =
        sqlx::postgres::PgConnectOptions::clone(&database.db.options(switchroom_store::Role::App));
    connection = connection.application_name("rls-test");
    let mut nobody = <PgConnection as sqlx::Connection>::connect_with(&connection).await.unwrap();
    for (table, _) in tables(&mut superuser).await {
        match sqlx::query_scalar::<_, i64>(AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(&mut nobody)
            .await
        {
            Ok(count) => assert_eq!(count, 0, "{table}"),
            Err(sqlx::Error::Database(error)) => {
                assert_eq!(error.code().as_deref(), Some("42501"), "{table}")
            }
            Err(error) => panic!("{table}: {error}"),
        }
    }
}

/// Refused for want of a right or by a policy (both 42501; policies are judged before keys and references), or there
/// was no row to do it to.
fn is_refused(outcome: &Result<sqlx::postgres::PgQueryResult, sqlx::Error>) -> bool {
    match outcome {
        Ok(done) => done.rows_affected() == 0,
        Err(sqlx::Error::Database(error)) => error.code().as_deref() == Some("42501"),
        Err(_) => false,
    }
}

/// A harmless assignment that the role is granted where it is granted any.
fn assignment(table: &str) -> &'static str {
    match table {
        "tenants" => "id = id",
        "users" => "name = name",
        "password_links" => "token_hash = token_hash",
        "second_factors" | "backup_codes" | "remembered_devices" => "user_id = user_id",
        "phone_numbers" => "version = version",
        "ticket_replies" => "is_solution = is_solution",
        _ => "tenant_id = tenant_id",
    }
}

/// The columns an insert may name, the tenant apart.
async fn insertable(superuser: &mut PgConnection, table: &str) -> String {
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT attname::text FROM pg_attribute
          WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = '' AND attname <> 'tenant_id'",
    )
    .bind(table)
    .fetch_all(superuser)
    .await
    .unwrap();
    columns.into_iter().map(|column| format!(", {column}")).collect()
}
