//! What is told about a caller beyond who they are: their unfinished tickets and latest calls, read from the tables.
//! The pop has its own summaries in memory; this is for whoever asks later.

use switchroom_core::{
    CallId, UserId,
    directory::{ContactRef, RecentCall},
    fact::{Direction, EndReason},
};

use crate::{StoreError, TenantTx};

/// The latest calls with this number (as calls store it) or this contact, newest first. Calls of what has become part of
/// the contact, by a merge or by being promoted, are its own.
pub async fn recent_calls(
    tx: &mut TenantTx,
    number: Option<&str>,
    contact: Option<ContactRef>,
    limit: i64,
) -> Result<Vec<RecentCall>, StoreError> {
    // Three probes, each down its own index, rather than one scan with OR.
    let rows = sqlx::query!(
        "SELECT id, direction, state, end_reason, from_number, to_number, agent_id, started_at, answered_at, ended_at
           FROM calls
          WHERE id IN ((SELECT id FROM calls WHERE tenant_id = $1 AND from_number = $2 ORDER BY started_at DESC LIMIT $4)
                       UNION
                       (SELECT id FROM calls WHERE tenant_id = $1 AND to_number = $2 ORDER BY started_at DESC LIMIT $4)
                       UNION
                       (SELECT theirs.id FROM contact_and_merged($3) AS part (id) CROSS JOIN LATERAL
                          (SELECT id FROM calls WHERE tenant_id = $1 AND contact_id = part.id ORDER BY started_at DESC LIMIT $4) theirs))
          ORDER BY started_at DESC, id DESC LIMIT $4",
        tx.tenant().0,
        number,
        contact.map(|contact| contact.id),
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| RecentCall {
            id: CallId(row.id),
            direction: if row.direction == "outbound" { Direction::Outbound } else { Direction::Inbound },
            state: row.state,
            end_reason: row.end_reason.as_deref().and_then(end_reason),
            from: row.from_number,
            to: row.to_number,
            agent_id: row.agent_id.map(UserId),
            started_at: row.started_at,
            answered_at: row.answered_at,
            ended_at: row.ended_at,
        })
        .collect())
}

/// The stored word; the column's check lets nothing else in.
fn end_reason(word: &str) -> Option<EndReason> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}
