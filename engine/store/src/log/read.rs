//! Reading the log back, for clients and for replay.

use sqlx::{PgConnection, Postgres, QueryBuilder};
use switchroom_core::{
    CallId, EventId, TenantId, UserId,
    log::{Cursor, EventData, EventType, LogEvent},
};
use uuid::Uuid;

use crate::{
    TenantTx,
    db::{StoreError, Timestamp},
    listing::{self, Count},
};

/// An entry as read back.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRow {
    pub seq: i64,
    pub event_id: EventId,
    pub type_: String,
    pub call_id: Option<CallId>,
    pub provider_event_id: Option<String>,
    pub at: Timestamp,
    pub provider_at: Option<Timestamp>,
    pub recorded_at: Timestamp,
    pub effective: bool,
    pub data: serde_json::Value,
}

struct RawRow {
    seq: i64,
    event_id: Uuid,
    type_: String,
    call_id: Option<Uuid>,
    provider_event_id: Option<String>,
    at: Timestamp,
    provider_at: Option<Timestamp>,
    recorded_at: Timestamp,
    effective: bool,
    data: serde_json::Value,
}

impl From<RawRow> for LogRow {
    fn from(row: RawRow) -> Self {
        Self {
            seq: row.seq,
            event_id: EventId(row.event_id),
            type_: row.type_,
            call_id: row.call_id.map(CallId),
            provider_event_id: row.provider_event_id,
            at: row.at,
            provider_at: row.provider_at,
            recorded_at: row.recorded_at,
            effective: row.effective,
            data: row.data,
        }
    }
}

impl LogRow {
    pub fn cursor(&self) -> Cursor {
        Cursor(self.seq)
    }
}

/// A page of the tenant's log behind a cursor, oldest first (`GET /events`).
pub async fn page(tx: &mut TenantTx, after: Cursor, limit: u32) -> Result<Vec<LogRow>, StoreError> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        RawRow,
        r#"SELECT seq, event_id, type AS "type_", call_id, provider_event_id, at, provider_at, recorded_at,
                  effective, data
             FROM call_events WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"#,
        tenant.0,
        after.0,
        i64::from(limit)
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(LogRow::from).collect())
}

/// A page of one call's entries behind a cursor, oldest first (`GET /calls/{id}/events`).
pub async fn page_of_call(
    tx: &mut TenantTx,
    call: CallId,
    after: Cursor,
    limit: u32,
) -> Result<Vec<LogRow>, StoreError> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        RawRow,
        r#"SELECT seq, event_id, type AS "type_", call_id, provider_event_id, at, provider_at, recorded_at,
                  effective, data
             FROM call_events WHERE tenant_id = $1 AND call_id = $2 AND seq > $3 ORDER BY seq LIMIT $4"#,
        tenant.0,
        call.0,
        after.0,
        i64::from(limit)
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(LogRow::from).collect())
}

/// How many entries there are behind a cursor, of one call or of all.
pub async fn count(tx: &mut TenantTx, call: Option<CallId>, after: Cursor) -> Result<Count, StoreError> {
    let tenant = tx.tenant();
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(" FROM call_events WHERE tenant_id = ").push_bind(tenant.0);
        query.push(" AND seq > ").push_bind(after.0);
        if let Some(call) = call {
            query.push(" AND call_id = ").push_bind(call.0);
        }
    };
    listing::count(tx, from).await
}

/// Where the tenant's log begins and ends: the number of the oldest entry that is kept (none while it is empty), and
/// the last cursor.
pub async fn extent(tx: &mut TenantTx) -> Result<(Option<i64>, Cursor), StoreError> {
    let tenant = tx.tenant();
    let row = sqlx::query!(
        "SELECT (SELECT min(seq) FROM call_events WHERE tenant_id = $1) AS oldest,
                coalesce((SELECT last_seq FROM tenant_log WHERE tenant_id = $1), 0) AS \"last!\"",
        tenant.0
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.oldest, Cursor(row.last)))
}

/// The entries behind a cursor that have a frame for this user, oldest first, with their numbers.
pub async fn addressed_to(
    tx: &mut TenantTx,
    user: UserId,
    after: Cursor,
    limit: i64,
) -> Result<Vec<(i64, LogEvent)>, StoreError> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        EventRow,
        r#"SELECT seq, event_id, call_id, type AS "type_", provider_event_id, at, provider_at, effective, addressees,
                  data::text AS "data!"
             FROM call_events
            WHERE tenant_id = $1 AND seq > $2 AND addressees @> ARRAY[$3::uuid] ORDER BY seq LIMIT $4"#,
        tenant.0,
        after.0,
        user.0,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(EventRow::read).collect()
}

pub(super) struct EventRow {
    pub(super) seq: i64,
    pub(super) event_id: Uuid,
    pub(super) call_id: Option<Uuid>,
    pub(super) type_: String,
    pub(super) provider_event_id: Option<String>,
    pub(super) at: Timestamp,
    pub(super) provider_at: Option<Timestamp>,
    pub(super) effective: bool,
    pub(super) addressees: Vec<Uuid>,
    pub(super) data: String,
}

impl EventRow {
    pub(super) fn read(self) -> Result<(i64, LogEvent), StoreError> {
        let type_ = EventType::parse(&self.type_).ok_or_else(|| {
            StoreError::Other(sqlx::Error::Decode(format!("log type {}", self.type_).into()))
        })?;
        let data = EventData::from_json(type_, &self.data)
            .map_err(|error| StoreError::Other(sqlx::Error::Decode(error.into())))?;
        let event = LogEvent {
            event_id: EventId(self.event_id),
            type_,
            call_id: self.call_id.map(CallId),
            provider_event_id: self.provider_event_id,
            at: self.at,
            provider_at: self.provider_at,
            effective: self.effective,
            addressees: self.addressees.into_iter().map(UserId).collect(),
            data,
        };
        Ok((self.seq, event))
    }
}

/// Entries of a tenant's log in order, decoded: for replay.
pub async fn replay(
    connection: &mut PgConnection,
    tenant: TenantId,
    after: Cursor,
    limit: i64,
) -> Result<Vec<(i64, LogEvent)>, StoreError> {
    let rows = sqlx::query_as!(
        EventRow,
        r#"SELECT seq, event_id, call_id, type AS "type_", provider_event_id, at, provider_at, effective, addressees,
                  data::text AS "data!"
             FROM call_events WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"#,
        tenant.0,
        after.0,
        limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(EventRow::read).collect()
}
