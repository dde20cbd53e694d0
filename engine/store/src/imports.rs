//! Files of many rows that are read beside the requests: the file in pieces, how far its reading is, what was refused.
//!
//! Every function takes a connection: of a tenant's transaction for files of contacts, of the platform role for files of
//! lines, which are no tenant's. Row security shows each only its own.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, postgres::PgRow};
use switchroom_core::{TenantId, UserId};
use uuid::Uuid;

use crate::{
    StoreError,
    import::Stored,
    listing::{self, Order, Slice, Window},
};

/// Refused rows that are kept of one file; who has more has the wrong file.
pub const MOST_REJECTS: i64 = 100_000;
/// Octets of one piece.
pub const PIECE: usize = 1024 * 1024;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportKind {
    Contacts,
    Numbers,
}

impl ImportKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Numbers => "numbers",
        }
    }
}

/// Where the reading of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportState {
    Uploaded,
    Running,
    Done,
    Failed,
}

impl ImportState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        [Self::Uploaded, Self::Running, Self::Done, Self::Failed]
            .into_iter()
            .find(|state| state.name() == word)
            .ok_or_else(|| {
                StoreError::Other(sqlx::Error::Decode("a stored state of an import that is none".into()))
            })
    }
}

/// A file and how far it is.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportFile {
    pub id: Uuid,
    pub name: String,
    pub state: ImportState,
    pub size: i64,
    pub region: Option<String>,
    /// {"column of the file": "what it holds"}
    pub mapping: Value,
    pub bytes_done: i64,
    pub inserted: i64,
    pub present: i64,
    pub rejected: i64,
    pub fault: Option<String>,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub version: i64,
}

/// A row that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    pub line: i64,
    pub reason: String,
    pub row: String,
}

const COLUMNS: &str = "t.id, t.name, t.state, t.size, t.region, t.mapping, t.bytes_done, t.inserted, t.present, t.rejected, \
                       t.fault, t.created_by, t.created_at, t.started_at, t.finished_at, t.version";

fn read(row: &PgRow) -> Result<ImportFile, StoreError> {
    let state: String = row.try_get("state")?;
    Ok(ImportFile {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        state: ImportState::parse(&state)?,
        size: row.try_get("size")?,
        region: row.try_get("region")?,
        mapping: row.try_get("mapping")?,
        bytes_done: row.try_get("bytes_done")?,
        inserted: row.try_get("inserted")?,
        present: row.try_get("present")?,
        rejected: row.try_get("rejected")?,
        fault: row.try_get("fault")?,
        created_by: row.try_get::<Option<Uuid>, _>("created_by")?.map(UserId),
        created_at: row.try_get("created_at")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
        version: row.try_get("version")?,
    })
}

/// Begins a file: its pieces follow, by [`add_piece`].
pub async fn create(
    connection: &mut PgConnection,
    tenant: Option<TenantId>,
    name: &str,
    region: Option<&str>,
    by: UserId,
) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    let kind = if tenant.is_some() { ImportKind::Contacts } else { ImportKind::Numbers };
    sqlx::query!(
        "INSERT INTO imports (id, tenant_id, kind, name, region, created_by) VALUES ($1, $2, $3, $4, $5, $6)",
        id,
        tenant.map(|tenant| tenant.0),
        kind.name(),
        name,
        region,
        by.0,
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// Takes the next piece of the file, at most [`PIECE`] octets.
pub async fn add_piece(
    connection: &mut PgConnection,
    tenant: Option<TenantId>,
    id: Uuid,
    position: i32,
    data: &[u8],
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH grown AS (UPDATE imports SET size = size + length($4::bytea) WHERE id = $1)
         INSERT INTO import_pieces (import_id, tenant_id, position, data) VALUES ($1, $2, $3, $4)",
        id,
        tenant.map(|tenant| tenant.0),
        position,
        data,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The whole file; empty once it was read to the end.
pub async fn content(connection: &mut PgConnection, id: Uuid) -> Result<Vec<u8>, StoreError> {
    let pieces =
        sqlx::query_scalar!("SELECT data FROM import_pieces WHERE import_id = $1 ORDER BY position", id)
            .fetch_all(connection)
            .await?;
    Ok(pieces.concat())
}

/// The first piece of a file.
pub struct Start {
    pub data: Vec<u8>,
    /// Whether there is no other.
    pub whole: bool,
}

/// What a file begins with; nothing once it was read to the end.
pub async fn start_of(connection: &mut PgConnection, id: Uuid) -> Result<Start, StoreError> {
    let row = sqlx::query!(
        r#"SELECT p.data, p.data IS NOT NULL AND length(p.data) = i.size AS "whole!"
             FROM imports i JOIN import_pieces p ON p.import_id = i.id AND p.position = 0 WHERE i.id = $1"#,
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map_or(Start { data: Vec::new(), whole: true }, |row| Start { data: row.data, whole: row.whole }))
}

pub async fn get(
    connection: &mut PgConnection,
    kind: ImportKind,
    id: Uuid,
) -> Result<Option<ImportFile>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(" FROM imports t WHERE t.id = ").push_bind(id);
    query.push(" AND t.kind = ").push_bind(kind.name());
    query.build().fetch_optional(connection).await?.as_ref().map(read).transpose()
}

pub async fn list(
    connection: &mut PgConnection,
    kind: ImportKind,
    tenant: Option<TenantId>,
    window: &Window<Order>,
) -> Result<Slice<ImportFile>, StoreError> {
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(" FROM imports t WHERE t.kind = ").push_bind(kind.name());
        query.push(" AND t.tenant_id IS NOT DISTINCT FROM ").push_bind(tenant.map(|tenant| tenant.0));
    };
    listing::read_page(connection, COLUMNS, from, window, read).await
}

/// Starts the reading, from the beginning, unless it runs or was done; of several who start it one does. Rows that an
/// earlier run stored are found there again.
pub async fn start(connection: &mut PgConnection, id: Uuid, mapping: &Value) -> Result<bool, StoreError> {
    let started = sqlx::query!(
        "UPDATE imports
            SET state = 'running', mapping = $2, started_at = now(), finished_at = NULL, fault = NULL,
                bytes_done = 0, inserted = 0, present = 0, rejected = 0, version = version + 1
          WHERE id = $1 AND state IN ('uploaded', 'failed')",
        id,
        mapping,
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if started == 0 {
        return Ok(false);
    }
    sqlx::query!("DELETE FROM import_rejects WHERE import_id = $1", id).execute(connection).await?;
    Ok(true)
}

/// How far it is after a batch.
pub async fn progress(
    connection: &mut PgConnection,
    id: Uuid,
    tenant: Option<TenantId>,
    bytes: u64,
    stored: Stored,
    rejects: &[Reject],
) -> Result<(), StoreError> {
    let lines: Vec<i64> = rejects.iter().map(|reject| reject.line).collect();
    let reasons: Vec<String> =
        rejects.iter().map(|reject| reject.reason.chars().take(1000).collect()).collect();
    // What cannot be stored as text is shown without it.
    let rows: Vec<String> = rejects
        .iter()
        .map(|reject| reject.row.replace('\0', "\u{fffd}").chars().take(60_000).collect())
        .collect();
    sqlx::query!(
        "WITH kept AS (
           INSERT INTO import_rejects (import_id, tenant_id, line, reason, row)
           SELECT $1, $2, r.line, r.reason, r.row FROM unnest($7::bigint[], $8::text[], $9::text[]) AS r (line, reason, row)
            WHERE (SELECT rejected FROM imports WHERE id = $1) < $10
           ON CONFLICT DO NOTHING)
         UPDATE imports SET bytes_done = $3, inserted = inserted + $4, present = present + $5, rejected = rejected + $6,
                            version = version + 1
          WHERE id = $1 AND state = 'running'",
        id,
        tenant.map(|tenant| tenant.0),
        bytes as i64,
        stored.inserted as i64,
        stored.present as i64,
        rejects.len() as i64,
        &lines,
        &reasons,
        &rows,
        MOST_REJECTS,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The reading has ended. A file that was read to the end is not kept; one that failed can be run again.
pub async fn finish(connection: &mut PgConnection, id: Uuid, fault: Option<&str>) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE imports SET state = CASE WHEN $2::text IS NULL THEN 'done' ELSE 'failed' END, fault = $2,
                            finished_at = now(), version = version + 1
          WHERE id = $1 AND state = 'running'",
        id,
        fault,
    )
    .execute(&mut *connection)
    .await?;
    if fault.is_none() {
        sqlx::query!("DELETE FROM import_pieces WHERE import_id = $1", id).execute(connection).await?;
    }
    Ok(())
}

/// Takes the file and all that was kept of it away, unless it is being read.
pub async fn delete(connection: &mut PgConnection, id: Uuid) -> Result<bool, StoreError> {
    Ok(sqlx::query!("DELETE FROM imports WHERE id = $1 AND state <> 'running'", id)
        .execute(connection)
        .await?
        .rows_affected()
        > 0)
}

/// Refused rows in the order of the file, behind `after`.
pub async fn rejects(
    connection: &mut PgConnection,
    id: Uuid,
    after: i64,
    limit: i64,
) -> Result<Vec<Reject>, StoreError> {
    Ok(sqlx::query_as!(
        Reject,
        "SELECT line, reason, row FROM import_rejects WHERE import_id = $1 AND line > $2 ORDER BY line LIMIT $3",
        id,
        after,
        limit,
    )
    .fetch_all(connection)
    .await?)
}

/// At start (platform role): whatever runs was run by the process before and does so no more.
pub async fn give_up_running(connection: &mut PgConnection) -> Result<u64, StoreError> {
    Ok(sqlx::query!(
        "UPDATE imports SET state = 'failed', finished_at = now(), version = version + 1,
                            fault = 'the program was stopped meanwhile; run it again for the rest'
          WHERE state = 'running'"
    )
    .execute(connection)
    .await?
    .rows_affected())
}

/// Files older than a month go, whatever became of them (platform role).
pub async fn prune(connection: &mut PgConnection) -> Result<u64, StoreError> {
    Ok(sqlx::query!(
        "DELETE FROM imports WHERE created_at < now() - interval '30 days' AND state <> 'running'"
    )
    .execute(connection)
    .await?
    .rows_affected())
}
