//! Reading the kept nouns into memory, of all tenants: everything once at start, and again one by one as they change.
//!
//! Runs as the directory's role, which may read and nothing else. The whole load is one snapshot
//! ([`Snapshot::begin`]), whose xmin is where the change feed goes on: nothing falls between the two.

use std::collections::HashMap;

use sqlx::{PgConnection, Postgres, Transaction};
use switchroom_core::{
    BotId, ConnectionId, NumberId, Role, TenantId, UserId,
    directory::{Contact, ContactKind, ContactPhone, ContactRef},
    number_plan::{Endpoint, Line},
    roster::Member,
};
use uuid::Uuid;

use crate::db::{Database, StoreError};

/// A tenant as the engine knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRow {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub region: String,
    pub suspended: bool,
}

/// A connection as stored, with its credentials sealed.
#[derive(Clone, Debug)]
pub struct ConnectionRow {
    pub id: ConnectionId,
    pub tenant: TenantId,
    pub kind: String,
    pub default_region: Option<String>,
    pub user_map: serde_json::Value,
    pub hook_key_hash: Option<Vec<u8>>,
    pub credentials: Option<Vec<u8>>,
    pub key_id: Option<String>,
}

/// One consistent view of the database, for as long as the load takes.
pub struct Snapshot {
    tx: Transaction<'static, Postgres>,
    /// The lowest transaction id that was still running: whatever it and later ones commit is the feed's to report.
    pub xmin: String,
}

impl Snapshot {
    pub async fn begin(db: &Database) -> Result<Self, StoreError> {
        let mut tx = db.directory().begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
        // The joins of a whole load fit one pass in this; the reads of the feed do not need it and do not take it.
        sqlx::query("SET LOCAL work_mem = '64MB'").execute(&mut *tx).await?;
        let xmin = crate::feed::xmin(&mut tx).await?;
        Ok(Self { tx, xmin })
    }

    /// The same view by a connection more, to read two things at once.
    pub async fn beside(&mut self, db: &Database) -> Result<Self, StoreError> {
        let id: String = sqlx::query_scalar("SELECT pg_export_snapshot()").fetch_one(&mut *self.tx).await?;
        let mut tx = db.directory().begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
        // The server's own words: hexadecimal digits and dashes.
        let name = id.replace(|c: char| !c.is_ascii_hexdigit() && c != '-', "");
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
            "SET TRANSACTION SNAPSHOT '{name}'; SET LOCAL work_mem = '64MB'"
        )))
        .execute(&mut *tx)
        .await?;
        Ok(Self { tx, xmin: self.xmin.clone() })
    }

    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    pub async fn end(self) -> Result<(), StoreError> {
        Ok(self.tx.commit().await?)
    }
}

/// The tenants, all or those named.
pub async fn tenants(
    connection: &mut PgConnection,
    only: Option<&[Uuid]>,
) -> Result<Vec<TenantRow>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT id, slug, name, region, suspended_at IS NOT NULL AS "suspended!" FROM tenants WHERE ($1::uuid[] IS NULL OR id = ANY($1))"#,
        only as Option<&[Uuid]>
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| TenantRow {
            id: TenantId(row.id),
            slug: row.slug,
            name: row.name,
            region: row.region,
            suspended: row.suspended,
        })
        .collect())
}

/// The people of tenants, by tenant: all, or those of the tenants named.
pub async fn members(
    connection: &mut PgConnection,
    only: Option<&[Uuid]>,
) -> Result<HashMap<TenantId, Vec<Member>>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT m.tenant_id, m.user_id, m.role, m.extension, m.sip_uri, u.email, u.name,
                  (m.is_active AND u.is_active AND u.deleted_at IS NULL) AS "active!"
             FROM memberships m JOIN users u ON u.id = m.user_id
            WHERE ($1::uuid[] IS NULL OR m.tenant_id = ANY($1))"#,
        only as Option<&[Uuid]>
    )
    .fetch_all(connection)
    .await?;
    let mut members: HashMap<TenantId, Vec<Member>> = HashMap::new();
    for row in rows {
        let Ok(role) = row.role.parse::<Role>() else {
            // The schema knows the same words; a newer schema than this program may know more.
            tracing::warn!(role = row.role, "a membership with an unknown role is left out");
            continue;
        };
        members.entry(TenantId(row.tenant_id)).or_default().push(Member {
            user_id: UserId(row.user_id),
            email: row.email.into(),
            name: row.name.into(),
            role,
            extension: row.extension.map(Into::into),
            sip_uri: row.sip_uri.map(Into::into),
            active: row.active,
        });
    }
    Ok(members)
}

/// The tenants in which a person is a member.
pub async fn tenants_of_users(
    connection: &mut PgConnection,
    users: &[Uuid],
) -> Result<Vec<TenantId>, StoreError> {
    let tenants =
        sqlx::query_scalar!("SELECT DISTINCT tenant_id FROM memberships WHERE user_id = ANY($1)", users)
            .fetch_all(connection)
            .await?;
    Ok(tenants.into_iter().map(TenantId).collect())
}

/// The lines that tenants hold: all, or those named.
pub async fn lines(connection: &mut PgConnection, only: Option<&[Uuid]>) -> Result<Vec<Line>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT id, number, tenant_id AS "tenant_id!", user_id, bot_id FROM phone_numbers
            WHERE tenant_id IS NOT NULL AND deleted_at IS NULL AND ($1::uuid[] IS NULL OR id = ANY($1))"#,
        only as Option<&[Uuid]>
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            // The schema holds numbers to the same form.
            let number = row.number.parse().ok()?;
            Some(Line {
                id: NumberId(row.id),
                number,
                tenant: TenantId(row.tenant_id),
                endpoint: Endpoint::of(row.user_id.map(UserId), row.bot_id.map(BotId)),
            })
        })
        .collect())
}

/// The SIP addresses of bots that take calls: all, or those named.
pub async fn bots(
    connection: &mut PgConnection,
    only: Option<&[Uuid]>,
) -> Result<Vec<(BotId, Box<str>)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT id, sip_uri AS "sip_uri!" FROM bots
            WHERE is_active AND deleted_at IS NULL AND sip_uri IS NOT NULL AND ($1::uuid[] IS NULL OR id = ANY($1))"#,
        only as Option<&[Uuid]>
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (BotId(row.id), row.sip_uri.into())).collect())
}

/// The connections in use: all, or those named.
pub async fn connections(
    connection: &mut PgConnection,
    only: Option<&[Uuid]>,
) -> Result<Vec<ConnectionRow>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, tenant_id, kind, default_region, user_map, hook_key_hash, credentials, key_id FROM connections
          WHERE is_active AND deleted_at IS NULL AND ($1::uuid[] IS NULL OR id = ANY($1))",
        only as Option<&[Uuid]>
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ConnectionRow {
            id: ConnectionId(row.id),
            tenant: TenantId(row.tenant_id),
            kind: row.kind,
            default_region: row.default_region,
            user_map: row.user_map,
            hook_key_hash: row.hook_key_hash,
            credentials: row.credentials,
            key_id: row.key_id,
        })
        .collect())
}

/// The built-in SIP connection of a tenant, made where it is absent. Runs in a transaction of the tenant.
pub async fn ensure_sip_connection(
    connection: &mut PgConnection,
    tenant: TenantId,
    fresh: ConnectionId,
) -> Result<ConnectionId, StoreError> {
    sqlx::query!(
        "INSERT INTO connections (id, tenant_id, kind, name) VALUES ($1, $2, 'sip', 'SIP')
         ON CONFLICT (tenant_id) WHERE kind = 'sip' AND deleted_at IS NULL DO NOTHING",
        fresh.0,
        tenant.0
    )
    .execute(&mut *connection)
    .await?;
    let id = sqlx::query_scalar!(
        "SELECT id FROM connections WHERE tenant_id = $1 AND kind = 'sip' AND deleted_at IS NULL",
        tenant.0
    )
    .fetch_one(connection)
    .await?;
    Ok(ConnectionId(id))
}

/// Ids of the contacts of these organizations, whose answers carry the organization's name.
pub async fn contacts_of_organizations(
    connection: &mut PgConnection,
    organizations: &[Uuid],
) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT c.id FROM organizations o JOIN organization_contacts c ON (c.tenant_id, c.organization_id) = (o.tenant_id, o.id)
          WHERE o.id = ANY($1)",
        organizations
    )
    .fetch_all(connection)
    .await?)
}

struct ContactRow {
    tenant_id: Uuid,
    id: Uuid,
    name: String,
    gender: Option<String>,
    email: Option<String>,
    is_active: bool,
    organization_id: Option<Uuid>,
    organization_name: Option<String>,
    e164s: Vec<String>,
    primaries: Vec<bool>,
    last_contacted_at: Option<crate::db::Timestamp>,
}

/// The named contacts as they are now. Those that are deleted or have no number are not in the answer.
pub async fn contacts(
    connection: &mut PgConnection,
    kind: ContactKind,
    ids: &[Uuid],
) -> Result<Vec<(TenantId, Contact)>, StoreError> {
    let rows = match kind {
        ContactKind::OrganizationContact => {
            sqlx::query_as!(
                ContactRow,
                r#"SELECT c.tenant_id, c.id, c.full_name AS name, c.gender, c.email, c.is_active,
                          o.id AS "organization_id?", o.name AS "organization_name?",
                          array_agg(p.e164) AS "e164s!", array_agg(p.is_primary) AS "primaries!",
                          (SELECT max(k.started_at) FROM calls k WHERE k.tenant_id = c.tenant_id AND k.contact_id = c.id) AS last_contacted_at
                     FROM organization_contacts c
                     JOIN contact_phones p ON p.organization_contact_id = c.id
                     LEFT JOIN organizations o ON o.id = c.organization_id AND o.deleted_at IS NULL
                    WHERE c.id = ANY($1) AND c.deleted_at IS NULL
                    GROUP BY c.id, o.id"#,
                ids
            )
            .fetch_all(connection)
            .await?
        }
        ContactKind::Organization => {
            sqlx::query_as!(
                ContactRow,
                r#"SELECT c.tenant_id, c.id, c.name, NULL AS gender, c.email, c.is_active,
                          c.id AS "organization_id?", c.name AS "organization_name?",
                          array_agg(p.e164) AS "e164s!", array_agg(p.is_primary) AS "primaries!",
                          (SELECT max(k.started_at) FROM calls k WHERE k.tenant_id = c.tenant_id AND k.contact_id = c.id) AS last_contacted_at
                     FROM organizations c JOIN contact_phones p ON p.organization_id = c.id
                    WHERE c.id = ANY($1) AND c.deleted_at IS NULL
                    GROUP BY c.id"#,
                ids
            )
            .fetch_all(connection)
            .await?
        }
        ContactKind::Individual => {
            sqlx::query_as!(
                ContactRow,
                r#"SELECT c.tenant_id, c.id, c.full_name AS name, c.gender, c.email, c.is_active,
                          NULL::uuid AS organization_id, NULL AS organization_name,
                          array_agg(p.e164) AS "e164s!", array_agg(p.is_primary) AS "primaries!",
                          (SELECT max(k.started_at) FROM calls k WHERE k.tenant_id = c.tenant_id AND k.contact_id = c.id) AS last_contacted_at
                     FROM individuals c JOIN contact_phones p ON p.individual_id = c.id
                    WHERE c.id = ANY($1) AND c.deleted_at IS NULL
                    GROUP BY c.id"#,
                ids
            )
            .fetch_all(connection)
            .await?
        }
        ContactKind::EmailContact => {
            sqlx::query_as!(
                ContactRow,
                r#"SELECT c.tenant_id, c.id, c.name, NULL AS gender, c.email AS "email?", c.is_active,
                          NULL::uuid AS organization_id, NULL AS organization_name,
                          array_agg(p.e164) AS "e164s!", array_agg(p.is_primary) AS "primaries!",
                          (SELECT max(k.started_at) FROM calls k WHERE k.tenant_id = c.tenant_id AND k.contact_id = c.id) AS last_contacted_at
                     FROM email_contacts c JOIN contact_phones p ON p.email_contact_id = c.id
                    WHERE c.id = ANY($1) AND c.deleted_at IS NULL
                    GROUP BY c.id"#,
                ids
            )
            .fetch_all(connection)
            .await?
        }
    };
    Ok(rows
        .into_iter()
        .map(|row| {
            let phones = row
                .e164s
                .iter()
                .zip(&row.primaries)
                .filter_map(|(e164, primary)| {
                    Some(ContactPhone { e164: e164.parse().ok()?, primary: *primary })
                })
                .collect();
            let contact = Contact {
                reference: ContactRef { kind, id: row.id },
                name: row.name.into(),
                organization: row.organization_id.zip(row.organization_name.map(Into::into)),
                gender: row.gender.map(Into::into),
                email: row.email.map(Into::into),
                active: row.is_active,
                last_contacted_at: row.last_contacted_at,
                phones,
            };
            (TenantId(row.tenant_id), contact)
        })
        .collect())
}

/// When the named contacts last called or were called.
pub async fn last_contacted(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, crate::db::Timestamp)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT wanted.id AS "id!", latest.started_at AS "started_at!"
             FROM unnest($1::uuid[]) AS wanted (id)
             JOIN LATERAL (SELECT max(started_at) AS started_at FROM calls WHERE contact_id = wanted.id) latest
               ON latest.started_at IS NOT NULL"#,
        ids
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.started_at)).collect())
}

/// How many numbers of contacts there are, roughly (the planner's estimate): for the progress of the load.
pub async fn estimated_phones(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let estimate = sqlx::query_scalar!(
        r#"SELECT greatest(reltuples, 0)::bigint AS "estimate!" FROM pg_class WHERE oid = 'contact_phones'::regclass"#
    )
    .fetch_one(connection)
    .await?;
    Ok(u64::try_from(estimate).unwrap_or(0))
}
