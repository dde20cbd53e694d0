//! What is said in a ticket, and its timeline. Both only grow.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{Postgres, QueryBuilder, Row as _, postgres::PgRow};
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
use crate::{
    StoreError, TenantTx,
    listing::{self, Order, Slice, Window},
};

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

/// The replies of a ticket. `only` narrows to public or internal ones; the requester gets public ones whatever they ask
/// for. The ticket must have been found visible before.
pub async fn replies(
    tx: &mut TenantTx,
    viewer: Viewer,
    ticket: TicketId,
    only: Option<Visibility>,
    window: &Window<Order>,
) -> Result<Slice<Reply>, StoreError> {
    let tenant = tx.tenant();
    let only = if viewer.sight == Sight::Own { Some(Visibility::Public) } else { only };
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(" FROM ticket_replies t WHERE t.tenant_id = ").push_bind(tenant.0);
        query.push(" AND t.ticket_id = ").push_bind(ticket.0);
        if let Some(only) = only {
            query.push(" AND t.visibility = ").push_bind(only.name());
        }
    };
    let read = |row: &PgRow| {
        let visibility: String = row.try_get("visibility")?;
        Ok(Reply {
            id: row.try_get("id")?,
            ticket,
            author: UserId(row.try_get("author_id")?),
            body: row.try_get("body")?,
            format: row.try_get("format")?,
            visibility: if visibility == "internal" { Visibility::Internal } else { Visibility::Public },
            is_solution: row.try_get("is_solution")?,
            created_at: row.try_get("created_at")?,
        })
    };
    let columns = "t.id, t.author_id, t.body, t.format, t.visibility, t.is_solution, t.created_at";
    listing::read_page(tx, columns, from, window, read).await
}

/// The timeline of a ticket. The requester sees nothing of internal notes, nor why staff moved it.
pub async fn activities(
    tx: &mut TenantTx,
    viewer: Viewer,
    ticket: TicketId,
    window: &Window<Order>,
) -> Result<Slice<Activity>, StoreError> {
    let tenant = tx.tenant();
    let is_requester = viewer.sight == Sight::Own;
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(" FROM ticket_activities t WHERE t.tenant_id = ").push_bind(tenant.0);
        query.push(" AND t.ticket_id = ").push_bind(ticket.0);
        if is_requester {
            query.push(" AND NOT (t.type = 'comment' AND t.data ->> 'visibility' IS DISTINCT FROM 'public')");
        }
    };
    let read = |row: &PgRow| {
        let actor: Option<Uuid> = row.try_get("actor_id")?;
        Ok(Activity {
            id: row.try_get("id")?,
            actor: actor.map(UserId),
            kind: row.try_get("kind")?,
            data: row.try_get("data")?,
            created_at: row.try_get("created_at")?,
        })
    };
    let columns = if is_requester {
        "t.id, t.actor_id, t.type AS kind, t.data - 'reason' AS data, t.created_at"
    } else {
        "t.id, t.actor_id, t.type AS kind, t.data, t.created_at"
    };
    listing::read_page(tx, columns, from, window, read).await
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
