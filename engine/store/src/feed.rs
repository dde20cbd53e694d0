//! The change feed's table: what changed, in whatever program, since a point in time.
//!
//! A row is committed with the change it tells of, but ids and commits come in different orders; so a reader asks for
//! everything at or above the xmin of its previous snapshot and leaves out what it has applied already.

use sqlx::{PgConnection, postgres::PgListener};
use switchroom_core::TenantId;
use uuid::Uuid;

use crate::db::{Database, StoreError};

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub id: i64,
    /// Whether a later read may deliver it again: its transaction is at or above the snapshot's xmin.
    pub repeats: bool,
    /// None where the subject belongs to none (a line in the pool) or to several (a person).
    pub tenant: Option<TenantId>,
    pub subject: Subject,
    pub subject_id: Uuid,
}

/// Some of the changes, and the row to go on after while there are more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub changes: Vec<Change>,
    pub next: Option<i64>,
}

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Organization,
    OrganizationContact,
    Individual,
    EmailContact,
    Number,
    Bot,
    Connection,
    Member,
    Tenant,
    Ticket,
    /// Two contacts made one, or two again.
    Merge,
}

impl Subject {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "organization" => Self::Organization,
            "organization_contact" => Self::OrganizationContact,
            "individual" => Self::Individual,
            "email_contact" => Self::EmailContact,
            "number" => Self::Number,
            "bot" => Self::Bot,
            "connection" => Self::Connection,
            "member" => Self::Member,
            "tenant" => Self::Tenant,
            "ticket" => Self::Ticket,
            "merge" => Self::Merge,
            _ => return None,
        })
    }
}

/// The lowest transaction id still running, as text (xid8 does not fit a signed integer).
pub async fn xmin(connection: &mut PgConnection) -> Result<String, StoreError> {
    Ok(sqlx::query_scalar!(r#"SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS "xmin!""#)
        .fetch_one(connection)
        .await?)
}

/// Changes of transactions at or above `from`, after row `after`, in order of rows; at most `limit`. `xmin` is that of
/// the reading snapshot.
pub async fn changes(
    connection: &mut PgConnection,
    from: &str,
    xmin: &str,
    after: i64,
    limit: i64,
) -> Result<Page, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT id, tenant_id, kind, subject_id, xid >= $2::text::xid8 AS "repeats!"
             FROM outbox WHERE xid >= $1::text::xid8 AND id > $3 ORDER BY id LIMIT $4"#,
        from,
        xmin,
        after,
        limit
    )
    .fetch_all(connection)
    .await?;
    let next = (i64::try_from(rows.len()) == Ok(limit)).then(|| rows.last().map(|row| row.id)).flatten();
    let changes = rows
        .into_iter()
        .filter_map(|row| {
            // A newer schema may report what this program does not keep in memory.
            let subject = Subject::from_name(&row.kind)?;
            Some(Change {
                id: row.id,
                repeats: row.repeats,
                tenant: row.tenant_id.map(TenantId),
                subject,
                subject_id: row.subject_id,
            })
        })
        .collect();
    Ok(Page { changes, next })
}

/// Removes rows that every running reader has long applied: older than an hour and below the reader's own mark.
pub async fn prune(connection: &mut PgConnection, below: &str) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM outbox WHERE id IN (
             SELECT id FROM outbox WHERE created_at < now() - interval '1 hour' AND xid < $1::text::xid8 LIMIT 50000)",
        below
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// A connection of its own that hears the wake-ups.
pub async fn listen(db: &Database) -> Result<PgListener, StoreError> {
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(std::time::Duration::from_secs(5))
        .connect_lazy_with(db.options(crate::db::Role::Directory).application_name("switchroom feed"));
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen("outbox").await?;
    Ok(listener)
}
