//! The log: appending to it, and reading it back.
//!
//! Appending is the appender's alone (role `switchroom_log`): one transaction claims the events, takes the tenants'
//! next numbers under its epoch, stores the entries and moves the projections. Every statement takes a whole batch of
//! all tenants, so a commit costs a handful of round trips however much it holds.

use std::collections::BTreeSet;

use sqlx::{PgConnection, types::Json};
use switchroom_core::{
    CallId, EventId, TenantId, UserId,
    agent::{Chosen, Presence, PresenceChange},
    call::CallSnapshot,
    log::{Cursor, EventData, EventType, LogEvent},
    tenant::CallMemory,
};
use uuid::Uuid;

use crate::{
    TenantTx,
    db::{StoreError, Timestamp},
};

/// An entry with its number.
#[derive(Clone, Debug)]
pub struct Numbered<'a> {
    pub tenant: TenantId,
    pub seq: i64,
    pub event: &'a LogEvent,
}

/// The next epoch: greater than any that ever wrote.
pub async fn next_epoch(connection: &mut PgConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(r#"SELECT nextval('log_epochs') AS "epoch!""#).fetch_one(connection).await?)
}

/// Takes over the logs of all tenants from older epochs, and tells where each one ends.
pub async fn adopt_all(
    connection: &mut PgConnection,
    epoch: i64,
) -> Result<Vec<(TenantId, Cursor)>, StoreError> {
    sqlx::query!(
        "INSERT INTO tenant_log (tenant_id) SELECT id FROM tenants ORDER BY id ON CONFLICT (tenant_id) DO NOTHING"
    )
    .execute(&mut *connection)
    .await?;
    let rows = sqlx::query!(
        "UPDATE tenant_log SET epoch = $1 WHERE epoch < $1 RETURNING tenant_id, last_seq",
        epoch
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (TenantId(row.tenant_id), Cursor(row.last_seq))).collect())
}

/// What came of taking over one tenant's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adopted {
    /// It is ours, and ends here.
    Ours(Cursor),
    /// A later epoch has it: this process was overtaken.
    Overtaken,
    /// There is no such tenant (any more).
    Absent,
}

/// Takes over one tenant's log: of a tenant made after the start, or to find out why numbers were refused.
pub async fn adopt(
    connection: &mut PgConnection,
    epoch: i64,
    tenant: TenantId,
) -> Result<Adopted, StoreError> {
    sqlx::query!(
        "INSERT INTO tenant_log (tenant_id) SELECT id FROM tenants WHERE id = $1 ON CONFLICT (tenant_id) DO NOTHING",
        tenant.0
    )
    .execute(&mut *connection)
    .await?;
    let row = sqlx::query!(
        "UPDATE tenant_log SET epoch = greatest(epoch, $2) WHERE tenant_id = $1 RETURNING epoch, last_seq",
        tenant.0,
        epoch
    )
    .fetch_optional(connection)
    .await?;
    Ok(match row {
        Some(row) if row.epoch == epoch => Adopted::Ours(Cursor(row.last_seq)),
        Some(_) => Adopted::Overtaken,
        None => Adopted::Absent,
    })
}

/// Claims events; what is missing from the answer was claimed before, so it is a repetition of an older event.
pub async fn claim(
    connection: &mut PgConnection,
    events: &[(TenantId, EventId, CallId)],
) -> Result<BTreeSet<(TenantId, EventId)>, StoreError> {
    let tenants: Vec<Uuid> = events.iter().map(|(tenant, _, _)| tenant.0).collect();
    let ids: Vec<Uuid> = events.iter().map(|(_, event, _)| event.0).collect();
    let calls: Vec<Uuid> = events.iter().map(|(_, _, call)| call.0).collect();
    let rows = sqlx::query!(
        "INSERT INTO event_claims (tenant_id, event_id, call_id)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS c (tenant_id, event_id, call_id)
          ORDER BY 1, 2
         ON CONFLICT DO NOTHING RETURNING tenant_id, event_id",
        &tenants,
        &ids,
        &calls
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (TenantId(row.tenant_id), EventId(row.event_id))).collect())
}

/// Which of these calls are recorded already.
pub async fn recorded_calls(
    connection: &mut PgConnection,
    calls: &[CallId],
) -> Result<BTreeSet<CallId>, StoreError> {
    let ids: Vec<Uuid> = calls.iter().map(|call| call.0).collect();
    let rows =
        sqlx::query_scalar!("SELECT id FROM calls WHERE id = ANY ($1)", &ids).fetch_all(connection).await?;
    Ok(rows.into_iter().map(CallId).collect())
}

/// Takes so many numbers of each tenant, and answers the last one of each. A tenant that is missing from the answer is
/// not ours: ask [`adopt`] why.
pub async fn take_numbers(
    connection: &mut PgConnection,
    epoch: i64,
    counts: &[(TenantId, i64)],
) -> Result<Vec<(TenantId, i64)>, StoreError> {
    let tenants: Vec<Uuid> = counts.iter().map(|(tenant, _)| tenant.0).collect();
    let numbers: Vec<i64> = counts.iter().map(|(_, count)| *count).collect();
    let rows = sqlx::query!(
        "UPDATE tenant_log SET last_seq = last_seq + n.count
           FROM unnest($2::uuid[], $3::bigint[]) AS n (tenant_id, count)
          WHERE tenant_log.tenant_id = n.tenant_id AND epoch = $1
        RETURNING tenant_log.tenant_id, last_seq",
        epoch,
        &tenants,
        &numbers
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (TenantId(row.tenant_id), row.last_seq)).collect())
}

/// Stores the entries.
pub async fn append(
    connection: &mut PgConnection,
    recorded_at: Timestamp,
    entries: &[Numbered<'_>],
) -> Result<(), StoreError> {
    let count = entries.len();
    let mut tenants = Vec::with_capacity(count);
    let mut seqs = Vec::with_capacity(count);
    let mut ids = Vec::with_capacity(count);
    let mut calls: Vec<Option<Uuid>> = Vec::with_capacity(count);
    let mut types = Vec::with_capacity(count);
    let mut provider_ids: Vec<Option<String>> = Vec::with_capacity(count);
    let mut ats = Vec::with_capacity(count);
    let mut provider_ats: Vec<Option<Timestamp>> = Vec::with_capacity(count);
    let mut effective = Vec::with_capacity(count);
    let mut addressees = Vec::with_capacity(count);
    let mut data = Vec::with_capacity(count);
    for Numbered { tenant, seq, event } in entries {
        tenants.push(tenant.0);
        seqs.push(*seq);
        ids.push(event.event_id.0);
        calls.push(event.call_id.map(|call| call.0));
        types.push(event.type_.as_str().to_owned());
        provider_ids.push(event.provider_event_id.clone());
        ats.push(event.at);
        provider_ats.push(event.provider_at);
        effective.push(event.effective);
        addressees.push(array_literal(&event.addressees));
        data.push(
            event.data.to_json().map_err(|error| StoreError::Other(sqlx::Error::Encode(error.into())))?,
        );
    }
    sqlx::query!(
        r#"INSERT INTO call_events (tenant_id, seq, event_id, call_id, type, provider_event_id, at, provider_at,
                                    recorded_at, effective, addressees, data)
           SELECT e.tenant_id, e.seq, e.event_id, e.call_id, e.type, e.provider_event_id, e.at, e.provider_at,
                  $12, e.effective, e.addressees::uuid[], e.data::jsonb
             FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::text[],
                         $7::timestamptz[], $8::timestamptz[], $9::boolean[], $10::text[], $11::text[])
               AS e (tenant_id, seq, event_id, call_id, type, provider_event_id, at, provider_at, effective,
                     addressees, data)"#,
        &tenants,
        &seqs,
        &ids,
        &calls as &[Option<Uuid>],
        &types,
        &provider_ids as &[Option<String>],
        &ats,
        &provider_ats as &[Option<Timestamp>],
        &effective,
        &addressees,
        &data,
        recorded_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Arrays of arrays do not unnest row by row, so each one travels as the text of an array.
fn array_literal(users: &[UserId]) -> String {
    let mut text = String::with_capacity(2 + users.len() * 37);
    text.push('{');
    for (at, user) in users.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&user.to_string());
    }
    text.push('}');
    text
}

/// A call as its last event of the batch leaves it.
#[derive(Clone, Debug)]
pub struct CallRow<'a> {
    pub tenant: TenantId,
    pub call: &'a CallSnapshot,
    pub memory: &'a CallMemory,
}

/// Brings calls up to date. No call may be in there twice.
pub async fn project_calls(connection: &mut PgConnection, rows: &[CallRow<'_>]) -> Result<(), StoreError> {
    let mut tenants = Vec::with_capacity(rows.len());
    let mut ids = Vec::with_capacity(rows.len());
    let mut connections = Vec::with_capacity(rows.len());
    let mut provider_ids = Vec::with_capacity(rows.len());
    let mut directions = Vec::with_capacity(rows.len());
    let mut states = Vec::with_capacity(rows.len());
    let mut reasons: Vec<Option<String>> = Vec::with_capacity(rows.len());
    let mut froms: Vec<Option<String>> = Vec::with_capacity(rows.len());
    let mut tos: Vec<Option<String>> = Vec::with_capacity(rows.len());
    let mut numbers: Vec<Option<Uuid>> = Vec::with_capacity(rows.len());
    let mut queues: Vec<Option<String>> = Vec::with_capacity(rows.len());
    let mut agents: Vec<Option<Uuid>> = Vec::with_capacity(rows.len());
    let mut contact_kinds: Vec<Option<String>> = Vec::with_capacity(rows.len());
    let mut contacts: Vec<Option<Uuid>> = Vec::with_capacity(rows.len());
    let mut started = Vec::with_capacity(rows.len());
    let mut answered: Vec<Option<Timestamp>> = Vec::with_capacity(rows.len());
    let mut ended: Vec<Option<Timestamp>> = Vec::with_capacity(rows.len());
    let mut folds = Vec::with_capacity(rows.len());
    for CallRow { tenant, call, memory } in rows {
        tenants.push(tenant.0);
        ids.push(call.id.0);
        connections.push(call.connection_id.0);
        provider_ids.push(call.provider_call_id.clone());
        directions.push(call.direction.as_str().to_owned());
        states.push(call.state.as_str().to_owned());
        reasons.push(call.end_reason.map(|reason| reason.as_str().to_owned()));
        froms.push(call.from.clone());
        tos.push(call.to.clone());
        numbers.push(call.number_id.map(|number| number.0));
        queues.push(call.queue.clone());
        agents.push(call.agent_id.map(|agent| agent.0));
        contact_kinds.push(call.contact.map(|contact| contact.kind.name().to_owned()));
        contacts.push(call.contact.map(|contact| contact.id));
        started.push(call.started_at);
        answered.push(call.answered_at);
        ended.push(call.ended_at);
        folds.push(
            serde_json::to_string(memory)
                .map_err(|error| StoreError::Other(sqlx::Error::Encode(error.into())))?,
        );
    }
    sqlx::query!(
        r#"INSERT INTO calls (tenant_id, id, connection_id, provider_call_id, direction, state, end_reason, from_number,
                              to_number, number_id, queue, agent_id, contact_kind, contact_id, started_at, answered_at,
                              ended_at, fold)
           SELECT c.tenant_id, c.id, c.connection_id, c.provider_call_id, c.direction, c.state, c.end_reason,
                  c.from_number, c.to_number, c.number_id, c.queue, c.agent_id, c.contact_kind, c.contact_id,
                  c.started_at, c.answered_at, c.ended_at, c.fold::jsonb
             FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::text[], $10::uuid[], $11::text[], $12::uuid[], $13::text[], $14::uuid[],
                         $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::text[])
               AS c (tenant_id, id, connection_id, provider_call_id, direction, state, end_reason, from_number,
                     to_number, number_id, queue, agent_id, contact_kind, contact_id, started_at, answered_at,
                     ended_at, fold)
           ON CONFLICT (id) DO UPDATE SET
               direction = excluded.direction, state = excluded.state, end_reason = excluded.end_reason,
               from_number = excluded.from_number, to_number = excluded.to_number, number_id = excluded.number_id,
               queue = excluded.queue, agent_id = excluded.agent_id, contact_kind = excluded.contact_kind,
               contact_id = excluded.contact_id, started_at = excluded.started_at,
               answered_at = excluded.answered_at, ended_at = excluded.ended_at, fold = excluded.fold,
               version = calls.version + 1, updated_at = now()"#,
        &tenants,
        &ids,
        &connections,
        &provider_ids,
        &directions,
        &states,
        &reasons as &[Option<String>],
        &froms as &[Option<String>],
        &tos as &[Option<String>],
        &numbers as &[Option<Uuid>],
        &queues as &[Option<String>],
        &agents as &[Option<Uuid>],
        &contact_kinds as &[Option<String>],
        &contacts as &[Option<Uuid>],
        &started,
        &answered as &[Option<Timestamp>],
        &ended as &[Option<Timestamp>],
        &folds
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Brings presence up to date. No agent may be in there twice.
pub async fn project_presence(
    connection: &mut PgConnection,
    rows: &[(TenantId, &PresenceChange)],
) -> Result<(), StoreError> {
    let tenants: Vec<Uuid> = rows.iter().map(|(tenant, _)| tenant.0).collect();
    let users: Vec<Uuid> = rows.iter().map(|(_, change)| change.user_id.0).collect();
    let chosen: Vec<String> = rows.iter().map(|(_, change)| change.chosen.as_str().to_owned()).collect();
    let shown: Vec<String> = rows.iter().map(|(_, change)| change.presence.as_str().to_owned()).collect();
    let reasons: Vec<Option<String>> = rows.iter().map(|(_, change)| change.reason.clone()).collect();
    let since: Vec<Timestamp> = rows.iter().map(|(_, change)| change.since).collect();
    let until: Vec<Option<Timestamp>> = rows.iter().map(|(_, change)| change.until).collect();
    let calls = rows
        .iter()
        .map(|(_, change)| serde_json::to_string(&change.calls))
        .collect::<Result<Vec<String>, _>>()
        .map_err(|error| StoreError::Other(sqlx::Error::Encode(error.into())))?;
    sqlx::query!(
        "INSERT INTO agent_presence (tenant_id, user_id, chosen, presence, reason, since, until, calls)
         SELECT p.tenant_id, p.user_id, p.chosen, p.presence, p.reason, p.since, p.until, p.calls::jsonb
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                       $7::timestamptz[], $8::text[])
             AS p (tenant_id, user_id, chosen, presence, reason, since, until, calls)
         ON CONFLICT (tenant_id, user_id) DO UPDATE SET
             chosen = excluded.chosen, presence = excluded.presence, reason = excluded.reason,
             since = excluded.since, until = excluded.until, calls = excluded.calls",
        &tenants,
        &users,
        &chosen,
        &shown,
        &reasons as &[Option<String>],
        &since,
        &until as &[Option<Timestamp>],
        &calls
    )
    .execute(connection)
    .await?;
    Ok(())
}

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

struct EventRow {
    seq: i64,
    event_id: Uuid,
    call_id: Option<Uuid>,
    type_: String,
    provider_event_id: Option<String>,
    at: Timestamp,
    provider_at: Option<Timestamp>,
    effective: bool,
    addressees: Vec<Uuid>,
    data: String,
}

impl EventRow {
    fn read(self) -> Result<(i64, LogEvent), StoreError> {
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

/// A call to go on with: its memory, its standing, the events of it that were seen, and the entries that popped it.
#[derive(Clone, Debug)]
pub struct KeptCall {
    pub tenant: TenantId,
    pub memory: CallMemory,
    pub seen: Vec<EventId>,
    pub pops: Vec<LogEvent>,
}

/// The calls that are not ended, and those that ended since: oldest first. `only` picks one call instead.
pub async fn kept_calls(
    connection: &mut PgConnection,
    ended_since: Timestamp,
    most: i64,
) -> Result<Vec<KeptCall>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT tenant_id, id, state, fold AS "fold: Json<CallMemory>" FROM calls WHERE state <> 'ended'
            UNION ALL
           (SELECT tenant_id, id, state, fold AS "fold: Json<CallMemory>" FROM calls
             WHERE state = 'ended' AND updated_at >= $1 ORDER BY updated_at DESC LIMIT $2)"#,
        ended_since,
        most
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut calls: Vec<KeptCall> = Vec::with_capacity(rows.len());
    let mut live = Vec::new();
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        let (Some(tenant), Some(id), Some(state), Some(fold)) = (row.tenant_id, row.id, row.state, row.fold)
        else {
            continue;
        };
        if state != "ended" {
            live.push(id);
        }
        ids.push(id);
        calls.push(KeptCall { tenant: TenantId(tenant), memory: fold.0, seen: Vec::new(), pops: Vec::new() });
    }
    fill(connection, &mut calls, &ids, &live).await?;
    calls.sort_by_key(|call| call.memory.heard_at);
    Ok(calls)
}

/// One call, whenever it was.
pub async fn kept_call(
    connection: &mut PgConnection,
    tenant: TenantId,
    call: CallId,
) -> Result<Option<KeptCall>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT fold AS "fold: Json<CallMemory>" FROM calls WHERE tenant_id = $1 AND id = $2"#,
        tenant.0,
        call.0
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut calls = vec![KeptCall { tenant, memory: row.fold.0, seen: Vec::new(), pops: Vec::new() }];
    fill(connection, &mut calls, &[call.0], &[call.0]).await?;
    Ok(calls.pop())
}

/// Adds the seen events of `ids` and the popping entries of `live`; `calls` are those of `ids`, in the same order.
async fn fill(
    connection: &mut PgConnection,
    calls: &mut [KeptCall],
    ids: &[Uuid],
    live: &[Uuid],
) -> Result<(), StoreError> {
    let places: std::collections::HashMap<Uuid, usize> =
        ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let claims = sqlx::query!(
        r#"SELECT call_id AS "call_id!", event_id FROM event_claims WHERE call_id = ANY ($1)"#,
        ids
    )
    .fetch_all(&mut *connection)
    .await?;
    for claim in claims {
        if let Some(call) = places.get(&claim.call_id).and_then(|at| calls.get_mut(*at)) {
            call.seen.push(EventId(claim.event_id));
        }
    }
    if live.is_empty() {
        return Ok(());
    }
    let pops = sqlx::query_as!(
        EventRow,
        r#"SELECT seq, event_id, call_id, type AS "type_", provider_event_id, at, provider_at, effective, addressees,
                  data::text AS "data!"
             FROM call_events WHERE call_id = ANY ($1) AND jsonb_array_length(data -> 'pops') > 0 ORDER BY seq"#,
        live
    )
    .fetch_all(&mut *connection)
    .await?;
    for pop in pops {
        let (_, event) = pop.read()?;
        let at = event.call_id.and_then(|call| places.get(&call.0));
        if let Some(call) = at.and_then(|at| calls.get_mut(*at)) {
            call.pops.push(event);
        }
    }
    Ok(())
}

type Links = std::collections::BTreeMap<CallId, switchroom_core::agent::Link>;

/// Where every agent stands.
pub async fn kept_presence(
    connection: &mut PgConnection,
) -> Result<Vec<(TenantId, PresenceChange)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT tenant_id, user_id, chosen, presence, reason, since, until,
                  calls AS "calls: Json<Links>"
             FROM agent_presence"#
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let change = PresenceChange {
                user_id: UserId(row.user_id),
                presence: Presence::parse(&row.presence)?,
                chosen: Chosen::parse(&row.chosen)?,
                reason: row.reason,
                since: row.since,
                until: row.until,
                calls: row.calls.0,
            };
            Some((TenantId(row.tenant_id), change))
        })
        .collect())
}

/// The standing of the calls that the board counts: those that started since, and those not ended.
pub async fn board_calls(
    connection: &mut PgConnection,
    started_since: Timestamp,
) -> Result<Vec<(TenantId, CallId, switchroom_core::call::Outline)>, StoreError> {
    use switchroom_core::{
        call::{CallState, Outline},
        fact::{Direction, EndReason},
    };
    let rows = sqlx::query!(
        "SELECT tenant_id, id, direction, state, end_reason, queue, started_at, answered_at, ended_at FROM calls
          WHERE started_at >= $1 OR state <> 'ended'",
        started_since
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let outline = Outline {
                direction: if row.direction == "outbound" { Direction::Outbound } else { Direction::Inbound },
                state: CallState::parse(&row.state)?,
                end_reason: row.end_reason.as_deref().and_then(EndReason::parse),
                queue: row.queue,
                started_at: row.started_at,
                answered_at: row.answered_at,
                ended_at: row.ended_at,
            };
            Some((TenantId(row.tenant_id), CallId(row.id), outline))
        })
        .collect())
}

/// Where a tenant's log ends and whose it is, once no writer is at it any more: after a lost connection it is unknown
/// whether the last transaction came through, and its server process may still be about to commit. The lock waits
/// for that.
pub async fn settled_end(
    connection: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<(Cursor, i64)>, StoreError> {
    let row =
        sqlx::query!("SELECT last_seq, epoch FROM tenant_log WHERE tenant_id = $1 FOR UPDATE", tenant.0)
            .fetch_optional(connection)
            .await?;
    Ok(row.map(|row| (Cursor(row.last_seq), row.epoch)))
}
