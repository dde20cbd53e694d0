//! What is said in a ticket, and its timeline. Both only grow.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use switchroom_core::{
    TicketId, UserId,
    ticket::lifecycle::{Author, Visibility, after_reply},
};
use uuid::Uuid;

use super::{
    Sight, Ticket, TicketError, Viewer,
    change::{Write, hold, write},
    load,
};
use crate::{StoreError, TenantTx, listing::Key, listing::Position};

/// A reply to be written.
#[derive(Clone, Debug)]
pub struct NewReply {
    pub body: String,
    /// `text` or `html`. HTML is kept as it came: whoever shows it as HTML cleans it first.
    pub format: String,
    pub visibility: Visibility,
    pub is_solution: bool,
}

/// A reply as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub id: Uuid,
    pub ticket: TicketId,
    pub author: UserId,
    pub body: String,
    pub format: String,
    pub visibility: Visibility,
    pub is_solution: bool,
    pub created_at: DateTime<Utc>,
}

/// An entry of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    pub id: Uuid,
    pub actor: Option<UserId>,
    /// `created`, `comment`, `status_change`, `priority_change`, `agent_assignment`, `edited`, `call_linked`, `deleted`.
    pub kind: String,
    pub data: Value,
    pub created_at: DateTime<Utc>,
}

/// One page of a ticket's replies or activities.
#[derive(Clone, Debug)]
pub struct ActivityPage<T> {
    pub items: Vec<T>,
    pub next: Option<Position>,
}

/// Writes a reply, and what follows from it: the first response, the ticket's next state, the one solution.
pub async fn reply(
    tx: &mut TenantTx,
    viewer: Viewer,
    ticket: TicketId,
    new: &NewReply,
    expected: Option<i64>,
) -> Result<(Reply, Ticket), TicketError> {
    let held = hold(tx, viewer, ticket, expected, false).await?;
    let author = if viewer.sight == Sight::Own { Author::Requester } else { Author::Staff };
    let effect = after_reply(held.status, author, new.visibility, held.assigned_to.is_some(), held.responded)
        .map_err(|_| TicketError::Closed)?;
    if new.is_solution {
        // At most one: the newest.
        sqlx::query!(
            "UPDATE ticket_replies SET is_solution = false WHERE ticket_id = $1 AND is_solution",
            ticket.0
        )
        .execute(&mut **tx)
        .await?;
    }
    let id = Uuid::now_v7();
    let created_at = sqlx::query_scalar!(
        "INSERT INTO ticket_replies (id, tenant_id, ticket_id, author_id, body, format, visibility, is_solution)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING created_at",
        id,
        tx.tenant().0,
        ticket.0,
        viewer.user.0,
        new.body,
        new.format,
        new.visibility.name(),
        new.is_solution,
    )
    .fetch_one(&mut **tx)
    .await?;
    let data = json!({ "reply_id": id, "visibility": new.visibility });
    record(tx, ticket, Some(viewer.user), "comment", data).await?;
    let change = Write { step: effect.status, first_response: effect.first_response, ..Write::default() };
    write(tx, &held, viewer.user, &change).await?;
    let after = load(tx, &[ticket.0]).await?.pop().ok_or(StoreError::Other(sqlx::Error::RowNotFound))?;
    let reply = Reply {
        id,
        ticket,
        author: viewer.user,
        body: new.body.clone(),
        format: new.format.clone(),
        visibility: new.visibility,
        is_solution: new.is_solution,
        created_at,
    };
    Ok((reply, after))
}

fn place(after: Option<&Position>) -> (Option<DateTime<Utc>>, Option<Uuid>) {
    match after {
        Some(Position { key: Key::At(at), id }) => (Some(*at), Some(*id)),
        _ => (None, None),
    }
}

/// The replies of a ticket, oldest first. `only` narrows to public or internal ones; the requester gets public ones
/// whatever they ask for. The ticket must have been found visible before.
pub async fn replies(
    tx: &mut TenantTx,
    viewer: Viewer,
    ticket: TicketId,
    only: Option<Visibility>,
    after: Option<&Position>,
    limit: u32,
) -> Result<ActivityPage<Reply>, StoreError> {
    let only = if viewer.sight == Sight::Own { Some(Visibility::Public) } else { only };
    let (at, id) = place(after);
    let rows = sqlx::query!(
        "SELECT id, author_id, body, format, visibility, is_solution, created_at FROM ticket_replies
          WHERE tenant_id = $1 AND ticket_id = $2 AND ($3::text IS NULL OR visibility = $3)
            AND ($4::timestamptz IS NULL OR (created_at, id) > ($4, $5))
          ORDER BY created_at, id LIMIT $6",
        tx.tenant().0,
        ticket.0,
        only.map(Visibility::name),
        at,
        id,
        i64::from(limit) + 1,
    )
    .fetch_all(&mut **tx)
    .await?;
    let items = rows
        .into_iter()
        .map(|row| Reply {
            id: row.id,
            ticket,
            author: UserId(row.author_id),
            body: row.body,
            format: row.format,
            visibility: if row.visibility == "internal" { Visibility::Internal } else { Visibility::Public },
            is_solution: row.is_solution,
            created_at: row.created_at,
        })
        .collect();
    Ok(page(items, limit, |reply: &Reply| (reply.created_at, reply.id)))
}

/// The timeline of a ticket, oldest first. The requester sees nothing of internal notes, nor why staff moved it.
pub async fn activities(
    tx: &mut TenantTx,
    viewer: Viewer,
    ticket: TicketId,
    after: Option<&Position>,
    limit: u32,
) -> Result<ActivityPage<Activity>, StoreError> {
    let (at, id) = place(after);
    let rows = sqlx::query!(
        "SELECT id, actor_id, type AS kind, CASE WHEN $3 THEN data - 'reason' ELSE data END AS \"data!\", created_at
           FROM ticket_activities
          WHERE tenant_id = $1 AND ticket_id = $2
            AND NOT ($3 AND type = 'comment' AND data ->> 'visibility' IS DISTINCT FROM 'public')
            AND ($4::timestamptz IS NULL OR (created_at, id) > ($4, $5))
          ORDER BY created_at, id LIMIT $6",
        tx.tenant().0,
        ticket.0,
        viewer.sight == Sight::Own,
        at,
        id,
        i64::from(limit) + 1,
    )
    .fetch_all(&mut **tx)
    .await?;
    let items = rows
        .into_iter()
        .map(|row| Activity {
            id: row.id,
            actor: row.actor_id.map(UserId),
            kind: row.kind,
            data: row.data,
            created_at: row.created_at,
        })
        .collect();
    Ok(page(items, limit, |activity: &Activity| (activity.created_at, activity.id)))
}

fn page<T>(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> (DateTime<Utc>, Uuid)) -> ActivityPage<T> {
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|item| {
        let (at, id) = key(item);
        Position { key: Key::At(at), id }
    });
    ActivityPage { items, next }
}

/// Adds to the timeline, in the transaction of what it tells.
pub(super) async fn record(
    tx: &mut TenantTx,
    ticket: TicketId,
    actor: Option<UserId>,
    kind: &str,
    data: Value,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO ticket_activities (id, tenant_id, ticket_id, actor_id, type, data) VALUES ($1, $2, $3, $4, $5, $6)",
        Uuid::now_v7(),
        tx.tenant().0,
        ticket.0,
        actor.map(|user| user.0),
        kind,
        data,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
