//! What a restart begins with: the calls, presences and figures as the projections keep them.

use sqlx::{PgConnection, types::Json};
use switchroom_core::{
    CallId, EventId, TenantId, UserId,
    agent::{Chosen, Presence, PresenceChange},
    log::LogEvent,
    tenant::CallMemory,
};
use uuid::Uuid;

use super::read::EventRow;
use crate::db::{StoreError, Timestamp};

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
        r#"SELECT call_id AS "call_id!", event_id FROM call_events WHERE call_id = ANY ($1)"#,
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
             FROM call_events WHERE call_id = ANY ($1) AND json_array_length(data -> 'pops') > 0 ORDER BY seq"#,
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
