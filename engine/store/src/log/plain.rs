//! Appending in one statement: for a batch in which every event is new and every call that it opens is.
//!
//! Claims, numbers, entries and projections are sub-statements of one statement, which commits by itself; so a batch
//! costs one round trip and one wait for the disk. It takes the numbers conditionally (`last_seq` and `epoch` must be as
//! the writer believes), and it fails as a whole where anything is not as supposed: then the steps of [`super::write`]
//! find out what is.

use sqlx::PgConnection;
use switchroom_core::{CallId, EventId, TenantId, agent::PresenceChange};
use uuid::Uuid;

use super::rows::{CallRow, Calls, Claims, Entries, Numbered, Presences};
use crate::db::{StoreError, Timestamp};

/// A batch that is all new.
#[derive(Debug)]
pub struct Plain<'a> {
    pub epoch: i64,
    /// Of each tenant: the last number before and after.
    pub ends: &'a [(TenantId, i64, i64)],
    pub claims: &'a [(TenantId, EventId, CallId)],
    /// Calls that are taken for new.
    pub opened: &'a [CallId],
    pub entries: &'a [Numbered<'a>],
    pub calls: &'a [CallRow<'a>],
    pub presences: &'a [(TenantId, &'a PresenceChange)],
}

/// Appends the batch and commits. An error other than [`StoreError::Unavailable`] says that nothing was written.
pub async fn append_plain(
    connection: &mut PgConnection,
    recorded_at: Timestamp,
    batch: &Plain<'_>,
) -> Result<(), StoreError> {
    let tenants: Vec<Uuid> = batch.ends.iter().map(|(tenant, _, _)| tenant.0).collect();
    let before: Vec<i64> = batch.ends.iter().map(|(_, before, _)| *before).collect();
    let after: Vec<i64> = batch.ends.iter().map(|(_, _, after)| *after).collect();
    let opened: Vec<Uuid> = batch.opened.iter().map(|call| call.0).collect();
    let claims = Claims::of(batch.claims);
    let entries = Entries::of(batch.entries)?;
    let calls = Calls::of(batch.calls)?;
    let presences = Presences::of(batch.presences)?;
    // A text that is no number is how a statement without a function of its own says no.
    sqlx::query!(
        r#"WITH numbers AS (
               UPDATE tenant_log SET last_seq = n.after
                 FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS n (tenant_id, before, after)
                WHERE tenant_log.tenant_id = n.tenant_id AND epoch = $1 AND last_seq = n.before
               RETURNING 1),
           claims AS (
               INSERT INTO event_claims (tenant_id, event_id, call_id)
               SELECT * FROM unnest($5::uuid[], $6::uuid[], $7::uuid[]) AS c (tenant_id, event_id, call_id)
               ON CONFLICT DO NOTHING RETURNING 1),
           entries AS (
               INSERT INTO call_events (tenant_id, seq, event_id, call_id, type, provider_event_id, at, provider_at,
                                        recorded_at, effective, addressees, data)
               SELECT e.tenant_id, e.seq, e.event_id, e.call_id, e.type, e.provider_event_id, e.at, e.provider_at,
                      $20, e.effective, e.addressees::uuid[], e.data::json
                 FROM unnest($9::uuid[], $10::bigint[], $11::uuid[], $12::uuid[], $13::text[], $14::text[],
                             $15::timestamptz[], $16::timestamptz[], $17::boolean[], $18::text[], $19::text[])
                   AS e (tenant_id, seq, event_id, call_id, type, provider_event_id, at, provider_at, effective,
                         addressees, data)),
           projected AS (
               INSERT INTO calls (tenant_id, id, connection_id, provider_call_id, direction, state, end_reason,
                                  from_number, to_number, number_id, queue, agent_id, contact_kind, contact_id,
                                  started_at, answered_at, ended_at, bot_id, fold, popped)
               SELECT c.tenant_id, c.id, c.connection_id, c.provider_call_id, c.direction, c.state, c.end_reason,
                      c.from_number, c.to_number, c.number_id, c.queue, c.agent_id, c.contact_kind, c.contact_id,
                      c.started_at, c.answered_at, c.ended_at, c.bot_id, c.fold::json, c.popped::uuid[]
                 FROM unnest($21::uuid[], $22::uuid[], $23::uuid[], $24::text[], $25::text[], $26::text[], $27::text[],
                             $28::text[], $29::text[], $30::uuid[], $31::text[], $32::uuid[], $33::text[], $34::uuid[],
                             $35::timestamptz[], $36::timestamptz[], $37::timestamptz[], $38::uuid[], $39::text[],
                             $48::text[])
                   AS c (tenant_id, id, connection_id, provider_call_id, direction, state, end_reason, from_number,
                         to_number, number_id, queue, agent_id, contact_kind, contact_id, started_at, answered_at,
                         ended_at, bot_id, fold, popped)
               ON CONFLICT (id) DO UPDATE SET
                   direction = excluded.direction, state = excluded.state, end_reason = excluded.end_reason,
                   from_number = excluded.from_number, to_number = excluded.to_number,
                   number_id = excluded.number_id, queue = excluded.queue, agent_id = excluded.agent_id,
                   contact_kind = excluded.contact_kind, contact_id = excluded.contact_id,
                   started_at = excluded.started_at, answered_at = excluded.answered_at,
                   ended_at = excluded.ended_at, bot_id = excluded.bot_id, fold = excluded.fold,
                   popped = excluded.popped,
                   version = calls.version + 1, updated_at = now()
               RETURNING id, version),
           presences AS (
               INSERT INTO agent_presence (tenant_id, user_id, chosen, presence, reason, since, until, calls)
               SELECT p.tenant_id, p.user_id, p.chosen, p.presence, p.reason, p.since, p.until, p.calls::jsonb
                 FROM unnest($40::uuid[], $41::uuid[], $42::text[], $43::text[], $44::text[], $45::timestamptz[],
                             $46::timestamptz[], $47::text[])
                   AS p (tenant_id, user_id, chosen, presence, reason, since, until, calls)
               ON CONFLICT (tenant_id, user_id) DO UPDATE SET
                   chosen = excluded.chosen, presence = excluded.presence, reason = excluded.reason,
                   since = excluded.since, until = excluded.until, calls = excluded.calls),
           found AS (
               SELECT (SELECT count(*) FROM numbers) AS numbers, (SELECT count(*) FROM claims) AS claims,
                      (SELECT count(*) FROM projected JOIN unnest($8::uuid[]) AS o (id) USING (id)
                        WHERE version > 1) AS known)
           SELECT CASE WHEN numbers = cardinality($2) AND claims = cardinality($5) AND known = 0 THEN 0
                       ELSE concat('not a plain append: ', numbers, ', ', claims, ', ', known)::int END AS "stands!"
             FROM found"#,
        batch.epoch,
        &tenants,
        &before,
        &after,
        &claims.tenants,
        &claims.ids,
        &claims.calls,
        &opened,
        &entries.tenants,
        &entries.seqs,
        &entries.ids,
        &entries.calls as &[Option<Uuid>],
        &entries.types as &[&str],
        &entries.provider_ids as &[Option<&str>],
        &entries.ats,
        &entries.provider_ats as &[Option<Timestamp>],
        &entries.effective,
        &entries.addressees,
        &entries.data,
        recorded_at,
        &calls.tenants,
        &calls.ids,
        &calls.connections,
        &calls.provider_ids as &[&str],
        &calls.directions as &[&str],
        &calls.states as &[&str],
        &calls.reasons as &[Option<&str>],
        &calls.froms as &[Option<&str>],
        &calls.tos as &[Option<&str>],
        &calls.numbers as &[Option<Uuid>],
        &calls.queues as &[Option<&str>],
        &calls.agents as &[Option<Uuid>],
        &calls.contact_kinds as &[Option<&str>],
        &calls.contacts as &[Option<Uuid>],
        &calls.started,
        &calls.answered as &[Option<Timestamp>],
        &calls.ended as &[Option<Timestamp>],
        &calls.bots as &[Option<Uuid>],
        &calls.folds,
        &presences.tenants,
        &presences.users,
        &presences.chosen as &[&str],
        &presences.shown as &[&str],
        &presences.reasons as &[Option<&str>],
        &presences.since,
        &presences.until as &[Option<Timestamp>],
        &presences.calls,
        &calls.popped
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}
