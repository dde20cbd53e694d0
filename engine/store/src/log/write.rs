//! Appending in steps, for batches that hold something that may have been here before.

use std::collections::BTreeSet;

use sqlx::PgConnection;
use switchroom_core::{CallId, EventId, TenantId, agent::PresenceChange};
use uuid::Uuid;

use super::rows::{CallRow, Calls, Claims, Entries, Numbered, Presences};
use crate::db::{StoreError, Timestamp};

/// Claims events; what is missing from the answer was claimed before, so it is a repetition of an older event.
pub async fn claim(
    connection: &mut PgConnection,
    events: &[(TenantId, EventId, CallId)],
) -> Result<BTreeSet<(TenantId, EventId)>, StoreError> {
    let claims = Claims::of(events);
    let rows = sqlx::query!(
        "INSERT INTO event_claims (tenant_id, event_id, call_id)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS c (tenant_id, event_id, call_id)
          ORDER BY 1, 2
         ON CONFLICT DO NOTHING RETURNING tenant_id, event_id",
        &claims.tenants,
        &claims.ids,
        &claims.calls
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

/// Stores the entries.
pub async fn append(
    connection: &mut PgConnection,
    recorded_at: Timestamp,
    entries: &[Numbered<'_>],
) -> Result<(), StoreError> {
    let rows = Entries::of(entries)?;
    sqlx::query!(
        r#"INSERT INTO call_events (tenant_id, seq, event_id, call_id, type, provider_event_id, at, provider_at,
                                    recorded_at, effective, addressees, data)
           SELECT e.tenant_id, e.seq, e.event_id, e.call_id, e.type, e.provider_event_id, e.at, e.provider_at,
                  $12, e.effective, e.addressees::uuid[], e.data::json
             FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::text[],
                         $7::timestamptz[], $8::timestamptz[], $9::boolean[], $10::text[], $11::text[])
               AS e (tenant_id, seq, event_id, call_id, type, provider_event_id, at, provider_at, effective,
                     addressees, data)"#,
        &rows.tenants,
        &rows.seqs,
        &rows.ids,
        &rows.calls as &[Option<Uuid>],
        &rows.types as &[&str],
        &rows.provider_ids as &[Option<&str>],
        &rows.ats,
        &rows.provider_ats as &[Option<Timestamp>],
        &rows.effective,
        &rows.addressees,
        &rows.data,
        recorded_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Brings calls up to date. No call may be in there twice.
pub async fn project_calls(connection: &mut PgConnection, rows: &[CallRow<'_>]) -> Result<(), StoreError> {
    let rows = Calls::of(rows)?;
    sqlx::query!(
        r#"INSERT INTO calls (tenant_id, id, connection_id, provider_call_id, direction, state, end_reason, from_number,
                              to_number, number_id, queue, agent_id, contact_kind, contact_id, started_at, answered_at,
                              ended_at, bot_id, fold, popped)
           SELECT c.tenant_id, c.id, c.connection_id, c.provider_call_id, c.direction, c.state, c.end_reason,
                  c.from_number, c.to_number, c.number_id, c.queue, c.agent_id, c.contact_kind, c.contact_id,
                  c.started_at, c.answered_at, c.ended_at, c.bot_id, c.fold::json, c.popped::uuid[]
             FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::text[], $10::uuid[], $11::text[], $12::uuid[], $13::text[], $14::uuid[],
                         $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::uuid[], $19::text[],
                         $20::text[])
               AS c (tenant_id, id, connection_id, provider_call_id, direction, state, end_reason, from_number,
                     to_number, number_id, queue, agent_id, contact_kind, contact_id, started_at, answered_at,
                     ended_at, bot_id, fold, popped)
           ON CONFLICT (id) DO UPDATE SET
               direction = excluded.direction, state = excluded.state, end_reason = excluded.end_reason,
               from_number = excluded.from_number, to_number = excluded.to_number, number_id = excluded.number_id,
               queue = excluded.queue, agent_id = excluded.agent_id, contact_kind = excluded.contact_kind,
               contact_id = excluded.contact_id, started_at = excluded.started_at,
               answered_at = excluded.answered_at, ended_at = excluded.ended_at, bot_id = excluded.bot_id, fold = excluded.fold,
               popped = excluded.popped,
               version = calls.version + 1, updated_at = now()"#,
        &rows.tenants,
        &rows.ids,
        &rows.connections,
        &rows.provider_ids as &[&str],
        &rows.directions as &[&str],
        &rows.states as &[&str],
        &rows.reasons as &[Option<&str>],
        &rows.froms as &[Option<&str>],
        &rows.tos as &[Option<&str>],
        &rows.numbers as &[Option<Uuid>],
        &rows.queues as &[Option<&str>],
        &rows.agents as &[Option<Uuid>],
        &rows.contact_kinds as &[Option<&str>],
        &rows.contacts as &[Option<Uuid>],
        &rows.started,
        &rows.answered as &[Option<Timestamp>],
        &rows.ended as &[Option<Timestamp>],
        &rows.bots as &[Option<Uuid>],
        &rows.folds,
        &rows.popped
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
    let rows = Presences::of(rows)?;
    sqlx::query!(
        "INSERT INTO agent_presence (tenant_id, user_id, chosen, presence, reason, since, until, calls)
         SELECT p.tenant_id, p.user_id, p.chosen, p.presence, p.reason, p.since, p.until, p.calls::jsonb
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                       $7::timestamptz[], $8::text[])
             AS p (tenant_id, user_id, chosen, presence, reason, since, until, calls)
         ON CONFLICT (tenant_id, user_id) DO UPDATE SET
             chosen = excluded.chosen, presence = excluded.presence, reason = excluded.reason,
             since = excluded.since, until = excluded.until, calls = excluded.calls",
        &rows.tenants,
        &rows.users,
        &rows.chosen as &[&str],
        &rows.shown as &[&str],
        &rows.reasons as &[Option<&str>],
        &rows.since,
        &rows.until as &[Option<Timestamp>],
        &rows.calls
    )
    .execute(connection)
    .await?;
    Ok(())
}
