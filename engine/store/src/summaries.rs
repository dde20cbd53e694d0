//! What a screen-pop shows of a contact beyond the match: open tickets and recent calls. Read by the directory's role.

use sqlx::PgConnection;
use switchroom_core::{
    CallId, Direction, EndReason, TenantId, TicketId, UserId,
    directory::{ContactKind, ContactRef, OpenTicket, RecentCall, Summary},
};

use crate::db::{StoreError, Timestamp};

/// How many tickets and calls a summary holds.
const LIMIT: i64 = 5;

/// The newest open tickets (neither resolved nor closed) and the newest calls of a contact. An organization's contact
/// also sees tickets of its organization that name no contact.
pub async fn summary(
    connection: &mut PgConnection,
    tenant: TenantId,
    contact: ContactRef,
) -> Result<Summary, StoreError> {
    let kind = contact.kind.name();
    let tickets = sqlx::query!(
        "SELECT id, number, title, status, priority FROM tickets t
          WHERE tenant_id = $1 AND deleted_at IS NULL AND status NOT IN ('resolved', 'closed')
            AND CASE $2
                WHEN 'organization_contact' THEN organization_contact_id = $3
                     OR (organization_contact_id IS NULL
                         AND organization_id = (SELECT organization_id FROM organization_contacts WHERE id = $3))
                WHEN 'organization' THEN organization_id = $3
                WHEN 'individual' THEN individual_id = $3
                ELSE email_contact_id = $3 END
          ORDER BY created_at DESC, id DESC LIMIT $4",
        tenant.0,
        kind,
        contact.id,
        LIMIT
    )
    .fetch_all(&mut *connection)
    .await?;
    let calls = sqlx::query!(
        "SELECT id, direction, state, end_reason, from_number, to_number, agent_id, started_at, answered_at, ended_at
           FROM calls WHERE tenant_id = $1 AND contact_kind = $2 AND contact_id = $3
          ORDER BY started_at DESC LIMIT $4",
        tenant.0,
        kind,
        contact.id,
        LIMIT
    )
    .fetch_all(connection)
    .await?;
    Ok(Summary {
        open_tickets: tickets
            .into_iter()
            .map(|row| OpenTicket {
                id: TicketId(row.id),
                number: row.number,
                title: row.title,
                status: row.status,
                priority: row.priority,
            })
            .collect(),
        recent_calls: calls
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
            .collect(),
    })
}

fn end_reason(word: &str) -> Option<EndReason> {
    Some(match word {
        "completed" => EndReason::Completed,
        "missed" => EndReason::Missed,
        "abandoned" => EndReason::Abandoned,
        "busy" => EndReason::Busy,
        "rejected" => EndReason::Rejected,
        "failed" => EndReason::Failed,
        "voicemail" => EndReason::Voicemail,
        _ => return None,
    })
}

/// Whom a ticket is about: every contact whose summary it may show in.
pub async fn contacts_of_ticket(
    connection: &mut PgConnection,
    tenant: TenantId,
    ticket: TicketId,
) -> Result<Vec<ContactRef>, StoreError> {
    let row = sqlx::query!(
        "SELECT organization_id, organization_contact_id, individual_id, email_contact_id FROM tickets
          WHERE tenant_id = $1 AND id = $2",
        tenant.0,
        ticket.0
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(Vec::new()) };
    Ok([
        (ContactKind::OrganizationContact, row.organization_contact_id),
        (ContactKind::Organization, row.organization_id),
        (ContactKind::Individual, row.individual_id),
        (ContactKind::EmailContact, row.email_contact_id),
    ]
    .into_iter()
    .filter_map(|(kind, id)| Some(ContactRef { kind, id: id? }))
    .collect())
}

/// Contacts that are likely to call again: with an open ticket, or in a recent call, the latest first.
pub async fn likely_callers(
    connection: &mut PgConnection,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<(TenantId, ContactRef)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT tenant_id AS "tenant_id!", kind AS "kind!", id AS "id!" FROM (
               SELECT tenant_id, contact_kind AS kind, contact_id AS id, started_at AS at
                 FROM calls WHERE contact_id IS NOT NULL AND started_at >= $1
               UNION ALL
               SELECT tenant_id,
                      CASE WHEN organization_contact_id IS NOT NULL THEN 'organization_contact'
                           WHEN organization_id IS NOT NULL THEN 'organization'
                           WHEN individual_id IS NOT NULL THEN 'individual'
                           ELSE 'email_contact' END,
                      coalesce(organization_contact_id, organization_id, individual_id, email_contact_id), updated_at
                 FROM tickets WHERE deleted_at IS NULL AND status NOT IN ('resolved', 'closed') AND updated_at >= $1
           ) likely WHERE id IS NOT NULL
           GROUP BY tenant_id, kind, id ORDER BY max(at) DESC LIMIT $2"#,
        since,
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let kind = ContactKind::ALL.into_iter().find(|kind| kind.name() == row.kind)?;
            Some((TenantId(row.tenant_id), ContactRef { kind, id: row.id }))
        })
        .collect())
}
