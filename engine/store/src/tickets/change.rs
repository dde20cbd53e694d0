//! Changes of a ticket. Each takes the row's lock first, asks `core::ticket::lifecycle` what may be, and writes under the
//! condition that the state is still the one it asked about; so of two who act at once the second acts on what the
//! first has left.

use serde_json::json;
use switchroom_core::{
    TicketId, UserId,
    ticket::lifecycle::{Move, Stamp, Status, after_assignment, move_to},
};
use uuid::Uuid;

use super::{Ticket, TicketError, Viewer, load, replies::record, status};
use crate::{
    StoreError, TenantTx,
    organizations::{self, Hold},
};

/// What to change; an outer `None` leaves the field as it is, an inner one empties it. State and assignee are changed
/// by commands of their own.
#[derive(Clone, Debug, Default)]
pub struct TicketPatch {
    pub title: Option<String>,
    pub description: Option<Option<String>>,
    pub priority: Option<String>,
    pub phone_number: Option<Option<String>>,
    pub customer_type: Option<Option<String>>,
    pub customer_name: Option<Option<String>>,
    pub customer_gender: Option<Option<String>>,
    pub contact_person: Option<Option<String>>,
    pub customer_email: Option<Option<String>>,
    pub organization: Option<Option<Uuid>>,
}

/// A ticket whose row this transaction has locked.
pub(super) struct Held {
    pub id: TicketId,
    pub status: Status,
    pub priority: String,
    pub assigned_to: Option<UserId>,
    pub responded: bool,
    pub version: i64,
}

/// Locks the row. `any` also finds what others have, for commands whose answer is that they have it.
pub(super) async fn hold(
    tx: &mut TenantTx,
    viewer: Viewer,
    id: TicketId,
    expected: Option<i64>,
    any: bool,
) -> Result<Held, TicketError> {
    let row = sqlx::query!(
        r#"SELECT status, priority, assigned_to, first_response_at IS NOT NULL AS "responded!", version FROM tickets
          WHERE id = $1 AND deleted_at IS NULL
            AND ($2 = 'all' OR $4 OR ($2 = 'own' AND requester_user_id = $3)
                 OR ($2 = 'desk' AND (assigned_to = $3 OR assigned_to IS NULL OR created_by = $3)))
            FOR UPDATE"#,
        id.0,
        viewer.sight(),
        viewer.user.0,
        any,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(TicketError::Absent)?;
    if expected.is_some_and(|expected| expected != row.version) {
        return Err(TicketError::Stale);
    }
    Ok(Held {
        id,
        status: status(&row.status)?,
        priority: row.priority,
        assigned_to: row.assigned_to.map(UserId),
        responded: row.responded,
        version: row.version,
    })
}

/// What one statement writes into a held ticket.
#[derive(Default)]
pub(super) struct Write<'a> {
    pub step: Option<Move>,
    pub reason: Option<&'a str>,
    pub assign: Option<Option<UserId>>,
    pub first_response: bool,
}

pub(super) async fn write(
    tx: &mut TenantTx,
    held: &Held,
    by: UserId,
    change: &Write<'_>,
) -> Result<(), TicketError> {
    let stamps = |stamp: fn(&Move) -> Stamp, wanted: Stamp| {
        change.step.as_ref().is_some_and(|step| stamp(step) == wanted)
    };
    let written = sqlx::query!(
        "UPDATE tickets
            SET status = coalesce($4, status),
                status_reason = CASE WHEN $4::text IS NULL THEN status_reason ELSE $5 END,
                resolved_at = CASE WHEN $6 THEN now() WHEN $7 THEN NULL ELSE resolved_at END,
                closed_at = CASE WHEN $8 THEN now() WHEN $9 THEN NULL ELSE closed_at END,
                reopen_count = reopen_count + CASE WHEN $10 THEN 1 ELSE 0 END,
                assigned_to = CASE WHEN $11 THEN $12 ELSE assigned_to END,
                first_response_at = CASE WHEN $13 THEN coalesce(first_response_at, now()) ELSE first_response_at END,
                updated_by = $14, version = version + 1
          WHERE id = $1 AND status = $2 AND version = $3",
        held.id.0,
        held.status.name(),
        held.version,
        change.step.map(|step| step.to.name()),
        change.reason,
        stamps(|step| step.resolved_at, Stamp::SetNow),
        stamps(|step| step.resolved_at, Stamp::Clear),
        stamps(|step| step.closed_at, Stamp::SetNow),
        stamps(|step| step.closed_at, Stamp::Clear),
        change.step.is_some_and(|step| step.reopens),
        change.assign.is_some(),
        change.assign.flatten().map(|user| user.0),
        change.first_response,
        by.0,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if written == 0 {
        return Err(TicketError::Stale);
    }
    if let Some(step) = change.step {
        let data = json!({ "from": step.from, "to": step.to, "reason": change.reason });
        record(tx, held.id, Some(by), "status_change", data).await?;
    }
    if let Some(to) = change.assign {
        let data = json!({ "from": held.assigned_to, "to": to });
        record(tx, held.id, Some(by), "agent_assignment", data).await?;
    }
    Ok(())
}

async fn reread(tx: &mut TenantTx, id: TicketId) -> Result<Ticket, TicketError> {
    Ok(load(tx, &[id.0]).await?.pop().ok_or(StoreError::Other(sqlx::Error::RowNotFound))?)
}

/// Moves the ticket, if the table of moves allows it.
pub async fn set_status(
    tx: &mut TenantTx,
    viewer: Viewer,
    id: TicketId,
    to: Status,
    reason: Option<&str>,
    expected: Option<i64>,
) -> Result<Ticket, TicketError> {
    let held = hold(tx, viewer, id, expected, false).await?;
    let step = move_to(held.status, to)?;
    write(tx, &held, viewer.user, &Write { step: Some(step), reason, ..Write::default() }).await?;
    reread(tx, id).await
}

/// Closes the ticket.
pub async fn close(
    tx: &mut TenantTx,
    viewer: Viewer,
    id: TicketId,
    reason: Option<&str>,
    expected: Option<i64>,
) -> Result<Ticket, TicketError> {
    set_status(tx, viewer, id, Status::Closed, reason, expected).await
}

/// Gives the ticket to somebody, or to nobody. `roles` are those whose people work on tickets.
pub async fn assign(
    tx: &mut TenantTx,
    viewer: Viewer,
    id: TicketId,
    to: Option<UserId>,
    roles: &[String],
    expected: Option<i64>,
) -> Result<Ticket, TicketError> {
    let held = hold(tx, viewer, id, expected, false).await?;
    give(tx, viewer, &held, to, roles).await?;
    reread(tx, id).await
}

/// Takes a ticket that nobody has.
pub async fn take(
    tx: &mut TenantTx,
    viewer: Viewer,
    id: TicketId,
    expected: Option<i64>,
) -> Result<Ticket, TicketError> {
    let held = hold(tx, viewer, id, expected, true).await?;
    if held.assigned_to.is_some() {
        return Err(TicketError::Taken);
    }
    let step = after_assignment(held.status);
    write(tx, &held, viewer.user, &Write { step, assign: Some(Some(viewer.user)), ..Write::default() })
        .await?;
    reread(tx, id).await
}

/// Hands a ticket that somebody has to somebody else.
pub async fn transfer(
    tx: &mut TenantTx,
    viewer: Viewer,
    id: TicketId,
    to: UserId,
    roles: &[String],
    expected: Option<i64>,
) -> Result<Ticket, TicketError> {
    let held = hold(tx, viewer, id, expected, false).await?;
    if held.assigned_to.is_none() {
        return Err(TicketError::Unassigned);
    }
    give(tx, viewer, &held, Some(to), roles).await?;
    reread(tx, id).await
}

async fn give(
    tx: &mut TenantTx,
    viewer: Viewer,
    held: &Held,
    to: Option<UserId>,
    roles: &[String],
) -> Result<(), TicketError> {
    if let Some(user) = to {
        // The membership is held, so that nobody is deactivated between this look and the commit.
        sqlx::query!(
            "SELECT m.id FROM memberships m JOIN users u ON u.id = m.user_id
              WHERE m.tenant_id = $1 AND m.user_id = $2 AND m.is_active AND m.role = ANY($3)
                AND u.is_active AND u.deleted_at IS NULL
                FOR SHARE OF m",
            tx.tenant().0,
            user.0,
            roles,
        )
        .fetch_optional(&mut **tx)
        .await?
        .ok_or(TicketError::NoSuchPerson)?;
    }
    if to == held.assigned_to {
        return Ok(());
    }
    let step = to.and_then(|_| after_assignment(held.status));
    write(tx, held, viewer.user, &Write { step, assign: Some(to), ..Write::default() }).await
}

/// Merges the patch.
pub async fn edit(
    tx: &mut TenantTx,
    viewer: Viewer,
    id: TicketId,
    patch: &TicketPatch,
    expected: Option<i64>,
) -> Result<Ticket, TicketError> {
    // The organization is held before the ticket, as a merge does it, or the two would wait for each other.
    let there = match patch.organization.flatten() {
        Some(organization) => organizations::hold(tx, organization, Hold::Shared).await?,
        None => true,
    };
    let held = hold(tx, viewer, id, expected, false).await?;
    if !there {
        return Err(TicketError::NoSuchOrganization);
    }
    let text = |field: &Option<Option<String>>| field.clone().flatten();
    sqlx::query!(
        "UPDATE tickets
            SET title = coalesce($2, title),
                description = CASE WHEN $3 THEN $4 ELSE description END,
                priority = coalesce($5, priority),
                caller_phone_number = CASE WHEN $6 THEN $7 ELSE caller_phone_number END,
                customer_type = CASE WHEN $8 THEN $9 ELSE customer_type END,
                customer_name = CASE WHEN $10 THEN $11 ELSE customer_name END,
                customer_gender = CASE WHEN $12 THEN $13 ELSE customer_gender END,
                contact_person = CASE WHEN $14 THEN $15 ELSE contact_person END,
                customer_email = CASE WHEN $16 THEN $17 ELSE customer_email END,
                updated_by = $18, version = version + 1
          WHERE id = $1",
        id.0,
        patch.title.as_deref(),
        patch.description.is_some(),
        text(&patch.description),
        patch.priority.as_deref(),
        patch.phone_number.is_some(),
        text(&patch.phone_number),
        patch.customer_type.is_some(),
        text(&patch.customer_type),
        patch.customer_name.is_some(),
        text(&patch.customer_name),
        patch.customer_gender.is_some(),
        text(&patch.customer_gender),
        patch.contact_person.is_some(),
        text(&patch.contact_person),
        patch.customer_email.is_some(),
        text(&patch.customer_email),
        viewer.user.0,
    )
    .execute(&mut **tx)
    .await?;
    if let Some(organization) = patch.organization {
        // The ticket is about that organization now; a person of it stays named, anybody else does not.
        sqlx::query!(
            "UPDATE tickets
                SET organization_id = $2, individual_id = NULL, email_contact_id = NULL,
                    organization_contact_id = CASE WHEN organization_id = $2 THEN organization_contact_id END
              WHERE id = $1",
            id.0,
            organization,
        )
        .execute(&mut **tx)
        .await?;
    }
    if let Some(priority) = patch.priority.as_deref().filter(|priority| *priority != held.priority) {
        let data = json!({ "from": held.priority, "to": priority });
        record(tx, id, Some(viewer.user), "priority_change", data).await?;
    }
    let fields = patch.fields();
    if !fields.is_empty() {
        record(tx, id, Some(viewer.user), "edited", json!({ "fields": fields })).await?;
    }
    reread(tx, id).await
}

impl TicketPatch {
    /// The names of what it changes, the priority apart, which has an activity of its own.
    fn fields(&self) -> Vec<&'static str> {
        let named = [
            (self.title.is_some(), "title"),
            (self.description.is_some(), "description"),
            (self.phone_number.is_some(), "phone_number"),
            (self.customer_type.is_some(), "customer_type"),
            (self.customer_name.is_some(), "customer_name"),
            (self.customer_gender.is_some(), "customer_gender"),
            (self.contact_person.is_some(), "contact_person"),
            (self.customer_email.is_some(), "customer_email"),
            (self.organization.is_some(), "organization_id"),
        ];
        named.into_iter().filter_map(|(changed, name)| changed.then_some(name)).collect()
    }
}

/// Marks the ticket deleted.
pub async fn delete(
    tx: &mut TenantTx,
    viewer: Viewer,
    id: TicketId,
    expected: Option<i64>,
) -> Result<(), TicketError> {
    hold(tx, viewer, id, expected, false).await?;
    sqlx::query!(
        "UPDATE tickets SET deleted_at = now(), deleted_by = $2, updated_by = $2, version = version + 1 WHERE id = $1",
        id.0,
        viewer.user.0,
    )
    .execute(&mut **tx)
    .await?;
    record(tx, id, Some(viewer.user), "deleted", json!({})).await?;
    Ok(())
}
