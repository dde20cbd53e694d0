//! What a screen-pop shows of a contact beyond the match: open tickets and recent calls. Read by the directory's role.

use sqlx::PgConnection;
use switchroom_core::{
    CallId, Direction, EndReason, TenantId, TicketId, UserId,
    directory::{ContactKind, ContactRef, OpenTicket, RecentCall, Summary},
    ticket::lifecycle::Status,
};
use uuid::Uuid;

use crate::db::{StoreError, Timestamp};

/// How many tickets and calls a summary holds.
const LIMIT: i64 = 5;

/// The newest open tickets (neither resolved nor closed) and the newest calls of a contact. What it was before a merge or a
/// promotion made it this one is its own. An organization's contact also sees tickets of its organization that name no
/// contact.
///
/// It is read while a call rings: each piece is looked up by an index, however many the tenant has.
pub async fn summary(
    connection: &mut PgConnection,
    tenant: TenantId,
    contact: ContactRef,
) -> Result<Summary, StoreError> {
    let unfinished: Vec<String> = Status::ALL
        .into_iter()
        .filter(|status| status.is_unfinished())
        .map(|status| status.name().to_owned())
        .collect();
    let tickets = sqlx::query!(
        r#"SELECT id AS "id!", number AS "number!", title AS "title!", status AS "status!", priority AS "priority!"
             FROM (SELECT theirs.* FROM contact_and_merged($2) AS part (id) CROSS JOIN LATERAL (
                       SELECT t.id, t.number, t.title, t.status, t.priority, t.created_at FROM tickets t
                        WHERE t.tenant_id = $1 AND t.individual_id = part.id AND t.deleted_at IS NULL AND t.status = ANY ($4)
                       UNION ALL
                       SELECT t.id, t.number, t.title, t.status, t.priority, t.created_at FROM tickets t
                        WHERE t.tenant_id = $1 AND t.organization_contact_id = part.id AND t.deleted_at IS NULL AND t.status = ANY ($4)
                       UNION ALL
                       SELECT t.id, t.number, t.title, t.status, t.priority, t.created_at FROM tickets t
                        WHERE t.tenant_id = $1 AND t.organization_id = part.id AND t.deleted_at IS NULL AND t.status = ANY ($4)
                       UNION ALL
                       SELECT t.id, t.number, t.title, t.status, t.priority, t.created_at FROM tickets t
                        WHERE t.tenant_id = $1 AND t.email_contact_id = part.id AND t.deleted_at IS NULL AND t.status = ANY ($4)) theirs
                   UNION
                   SELECT t.id, t.number, t.title, t.status, t.priority, t.created_at
                     FROM organization_contacts c JOIN tickets t ON t.tenant_id = $1 AND t.organization_id = c.organization_id
                    WHERE $3 = 'organization_contact' AND c.id = $2 AND c.tenant_id = $1 AND t.organization_contact_id IS NULL
                      AND t.deleted_at IS NULL AND t.status = ANY ($4)) unfinished
            ORDER BY created_at DESC, id DESC LIMIT $5"#,
        tenant.0,
        contact.id,
        contact.kind.name(),
        &unfinished,
        LIMIT
    )
    .fetch_all(&mut *connection)
    .await?;
    let calls = sqlx::query!(
        "SELECT theirs.id, theirs.direction, theirs.state, theirs.end_reason, theirs.from_number, theirs.to_number,
                theirs.agent_id, theirs.started_at, theirs.answered_at, theirs.ended_at
           FROM contact_and_merged($2) AS part (id) CROSS JOIN LATERAL (
                SELECT c.* FROM calls c WHERE c.tenant_id = $1 AND c.contact_id = part.id
                 ORDER BY c.started_at DESC LIMIT $3) theirs
          ORDER BY theirs.started_at DESC, theirs.id DESC LIMIT $3",
        tenant.0,
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

/// Whom a ticket is about: every contact whose summary it may show in, as whom it has become by now.
pub async fn contacts_of_ticket(
    connection: &mut PgConnection,
    tenant: TenantId,
    ticket: TicketId,
) -> Result<Vec<ContactRef>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT whole.kind AS "kind!", whole.id AS "id!"
             FROM tickets t
            CROSS JOIN LATERAL (VALUES ('organization_contact', t.organization_contact_id), ('organization', t.organization_id),
                                       ('individual', t.individual_id), ('email_contact', t.email_contact_id)) AS about (kind, id)
            CROSS JOIN LATERAL surviving_contact_of(about.kind, about.id) AS whole
            WHERE t.tenant_id = $1 AND t.id = $2 AND about.id IS NOT NULL"#,
        tenant.0,
        ticket.0
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().filter_map(|row| Some(ContactRef { kind: kind(&row.kind)?, id: row.id })).collect())
}

/// The people of organizations: a ticket that names none of them shows in the summaries of all.
pub async fn people_of(
    connection: &mut PgConnection,
    tenant: TenantId,
    organizations: &[Uuid],
) -> Result<Vec<ContactRef>, StoreError> {
    let people = sqlx::query_scalar!(
        "SELECT id FROM organization_contacts WHERE tenant_id = $1 AND organization_id = ANY ($2) AND deleted_at IS NULL",
        tenant.0,
        organizations
    )
    .fetch_all(connection)
    .await?;
    Ok(people.into_iter().map(|id| ContactRef { kind: ContactKind::OrganizationContact, id }).collect())
}

/// Two records that were made one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    pub tenant: TenantId,
    pub kept: ContactRef,
    pub merged: ContactRef,
    /// They are two again.
    pub undone: bool,
}

/// These merges, in the order in which they were made.
pub async fn merges(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Merged>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT tenant_id, kind, kept_id, merged_id, undone_at IS NOT NULL AS "undone!"
             FROM contact_merges WHERE id = ANY ($1) ORDER BY id"#,
        ids
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let kind = kind(&row.kind)?;
            Some(Merged {
                tenant: TenantId(row.tenant_id),
                kept: ContactRef { kind, id: row.kept_id },
                merged: ContactRef { kind, id: row.merged_id },
                undone: row.undone,
            })
        })
        .collect())
}

fn kind(word: &str) -> Option<ContactKind> {
    ContactKind::ALL.into_iter().find(|kind| kind.name() == word)
}

/// Contacts that are likely to call again: with an open ticket, or in a recent call, the latest first, each as whom it has
/// become by now and once.
pub async fn likely_callers(
    connection: &mut PgConnection,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<(TenantId, ContactRef)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT likely.tenant_id AS "tenant_id!", whole.kind AS "kind!", whole.id AS "id!"
             FROM (SELECT tenant_id, kind, id, max(at) AS at FROM (
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
                   ) seen WHERE id IS NOT NULL
                   GROUP BY tenant_id, kind, id ORDER BY max(at) DESC LIMIT $2) likely
            CROSS JOIN LATERAL surviving_contact_of(likely.kind, likely.id) AS whole
            GROUP BY likely.tenant_id, whole.kind, whole.id ORDER BY max(likely.at) DESC"#,
        since,
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((TenantId(row.tenant_id), ContactRef { kind: kind(&row.kind)?, id: row.id })))
        .collect())
}
