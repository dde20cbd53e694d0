//! Calls as lists and single records show them. Written by the appender only ([`crate::log`]).

use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use switchroom_core::{
    BotId, CallId, ConnectionId, NumberId, TicketId, UserId,
    call::{CallSnapshot, CallState},
    directory::{ContactKind, ContactRef},
    fact::{Direction, EndReason},
};
use uuid::Uuid;

use crate::{
    TenantTx,
    db::{StoreError, Timestamp},
    listing::{COUNT_CAP, Count, Key, Position, Slice, Window, push_order, push_position},
    numbers::{HELD_THEN, HeldThen, held_then},
};

/// A call with what other tables know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRecord {
    pub call: CallSnapshot,
    pub tickets: Vec<TicketId>,
    pub version: i64,
    /// The contact's name as it is now, and whose contact it is; no name once it is deleted or merged into another, which
    /// [`follow_contacts`] tells apart.
    pub contact_name: Option<String>,
    pub contact_organization: Option<Uuid>,
    /// How the line was held when the call came; only of a single call.
    pub line: Option<HeldThen>,
}

/// What a list of calls may be narrowed to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFilter {
    pub provider_call_id: Option<String>,
    pub connection_id: Option<ConnectionId>,
    /// As stored: E.164 where the number is one.
    pub from: Option<String>,
    pub to: Option<String>,
    pub state: Option<CallState>,
    pub agent_id: Option<UserId>,
    pub number_id: Option<NumberId>,
    /// The bot whose line was dialled.
    pub bot_id: Option<BotId>,
    pub contact: Option<Uuid>,
    /// Calls of the organization itself and of its contacts.
    pub organization: Option<Uuid>,
    pub started_after: Option<Timestamp>,
    pub started_before: Option<Timestamp>,
}

/// What a list of calls may be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallSort {
    StartedAt,
}

impl CallSort {
    const fn expression(self) -> &'static str {
        match self {
            Self::StartedAt => "t.started_at",
        }
    }
}

const COLUMNS: &str = "t.id, t.connection_id, t.provider_call_id, t.direction, t.state, t.end_reason, t.from_number, \
     t.to_number, t.number_id, t.queue, t.agent_id, t.contact_kind, t.contact_id, t.started_at, t.answered_at, \
     t.ended_at, t.bot_id, t.version, \
     ARRAY(SELECT l.ticket_id FROM call_tickets l WHERE l.tenant_id = t.tenant_id AND l.call_id = t.id \
            ORDER BY l.linked_at, l.ticket_id) AS tickets, \
     CASE t.contact_kind \
      WHEN 'individual' THEN (SELECT c.full_name FROM individuals c \
        WHERE c.tenant_id = t.tenant_id AND c.id = t.contact_id AND c.deleted_at IS NULL) \
      WHEN 'organization' THEN (SELECT c.name FROM organizations c \
        WHERE c.tenant_id = t.tenant_id AND c.id = t.contact_id AND c.deleted_at IS NULL) \
      WHEN 'organization_contact' THEN (SELECT c.full_name FROM organization_contacts c \
        WHERE c.tenant_id = t.tenant_id AND c.id = t.contact_id AND c.deleted_at IS NULL) \
      WHEN 'email_contact' THEN (SELECT c.name FROM email_contacts c \
        WHERE c.tenant_id = t.tenant_id AND c.id = t.contact_id AND c.deleted_at IS NULL) \
     END AS contact_name, \
     CASE t.contact_kind \
      WHEN 'organization_contact' THEN (SELECT c.organization_id FROM organization_contacts c \
        WHERE c.tenant_id = t.tenant_id AND c.id = t.contact_id AND c.deleted_at IS NULL) \
     END AS contact_organization";

/// One call of the tenant, with how its line was held then.
pub async fn get(tx: &mut TenantTx, id: CallId) -> Result<Option<CallRecord>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT h.*, ");
    query.push(COLUMNS).push(" FROM calls t LEFT JOIN LATERAL (").push(HELD_THEN).push(") h ON true");
    query.push(" WHERE t.tenant_id = ").push_bind(tx.tenant().0).push(" AND t.id = ").push_bind(id.0);
    let Some(row) = query.build().fetch_optional(&mut **tx).await? else { return Ok(None) };
    Ok(Some(CallRecord { line: held_then(&row)?, ..read(&row)? }))
}

/// A page of the tenant's calls.
pub async fn list(
    tx: &mut TenantTx,
    filter: &CallFilter,
    window: &Window<CallSort>,
) -> Result<Slice<CallRecord>, StoreError> {
    let expression = window.sort.expression();
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS);
    push_conditions(&mut query, tx.tenant().0, filter);
    push_position(&mut query, expression, window.descending, window.after.as_ref());
    push_order(&mut query, expression, window.descending, window.limit);
    let rows = query.build().fetch_all(&mut **tx).await?;
    let mut items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let more = items.len() > window.limit as usize;
    items.truncate(window.limit as usize);
    let next = items.last().filter(|_| more).map(|record| Position {
        key: match window.sort {
            CallSort::StartedAt => Key::At(record.call.started_at),
        },
        id: record.call.id.0,
    });
    let count = if window.count {
        let mut query = QueryBuilder::<Postgres>::new("SELECT count(*) FROM (SELECT 1");
        push_conditions(&mut query, tx.tenant().0, filter);
        query.push(" LIMIT ").push_bind(COUNT_CAP + 1).push(") found");
        Some(Count::of(query.build_query_scalar::<i64>().fetch_one(&mut **tx).await?))
    } else {
        None
    };
    Ok(Slice { items, next, count })
}

/// Names contacts that their calls could not: one that was merged into another, or promoted from an e-mail contact, is that
/// other now, and one that became a call's after it was read has its own name. A deleted contact stays without.
pub async fn follow_contacts(tx: &mut TenantTx, calls: &mut [CallRecord]) -> Result<(), StoreError> {
    let mut ids: Vec<Uuid> = calls
        .iter()
        .filter(|record| record.contact_name.is_none())
        .filter_map(|record| record.call.contact.as_ref().map(|contact| contact.id))
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let merged = sqlx::query!(
        r#"SELECT merged_id AS "merged_id!", surviving_contact(merged_id) AS "kept!"
             FROM (SELECT merged_id FROM contact_merges WHERE merged_id = ANY($1) AND undone_at IS NULL
                   UNION ALL
                   SELECT id FROM email_contacts WHERE id = ANY($1) AND became_id IS NOT NULL) gone"#,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in merged {
        ids.push(row.kept);
        for contact in calls.iter_mut().filter_map(|record| record.call.contact.as_mut()) {
            if contact.id == row.merged_id {
                contact.id = row.kept;
            }
        }
    }
    // The kinds share no ids, so the id says which kind is meant.
    let names: Vec<(String, Uuid, String, Option<Uuid>)> = sqlx::query_as(
        "SELECT 'individual', id, full_name, NULL::uuid FROM individuals
          WHERE tenant_id = $1 AND id = ANY ($2) AND deleted_at IS NULL
         UNION ALL
         SELECT 'organization', id, name, NULL::uuid FROM organizations
          WHERE tenant_id = $1 AND id = ANY ($2) AND deleted_at IS NULL
         UNION ALL
         SELECT 'organization_contact', id, full_name, organization_id FROM organization_contacts
          WHERE tenant_id = $1 AND id = ANY ($2) AND deleted_at IS NULL
         UNION ALL
         SELECT 'email_contact', id, name, NULL::uuid FROM email_contacts
          WHERE tenant_id = $1 AND id = ANY ($2) AND deleted_at IS NULL",
    )
    .bind(tx.tenant().0)
    .bind(&ids)
    .fetch_all(&mut **tx)
    .await?;
    for (kind, id, name, organization) in names {
        let Some(kind) = ContactKind::ALL.into_iter().find(|known| known.name() == kind) else { continue };
        for record in calls.iter_mut() {
            if let Some(contact) = record.call.contact.as_mut().filter(|contact| contact.id == id) {
                contact.kind = kind;
                record.contact_name = Some(name.clone());
                record.contact_organization = organization;
            }
        }
    }
    Ok(())
}

fn push_conditions(query: &mut QueryBuilder<Postgres>, tenant: Uuid, filter: &CallFilter) {
    query.push(" FROM calls t WHERE t.tenant_id = ").push_bind(tenant);
    if let Some(id) = &filter.provider_call_id {
        query.push(" AND t.provider_call_id = ").push_bind(id.clone());
    }
    if let Some(connection) = filter.connection_id {
        query.push(" AND t.connection_id = ").push_bind(connection.0);
    }
    if let Some(from) = &filter.from {
        query.push(" AND t.from_number = ").push_bind(from.clone());
    }
    if let Some(to) = &filter.to {
        query.push(" AND t.to_number = ").push_bind(to.clone());
    }
    if let Some(state) = filter.state {
        query.push(" AND t.state = ").push_bind(state.as_str());
    }
    if let Some(agent) = filter.agent_id {
        query.push(" AND t.agent_id = ").push_bind(agent.0);
    }
    if let Some(number) = filter.number_id {
        query.push(" AND t.number_id = ").push_bind(number.0);
    }
    if let Some(bot) = filter.bot_id {
        query.push(" AND t.bot_id = ").push_bind(bot.0);
    }
    if let Some(contact) = filter.contact {
        query.push(" AND t.id IN (SELECT s.id FROM calls s WHERE s.tenant_id = ").push_bind(tenant);
        query.push(" AND s.contact_id IN (SELECT contact_and_merged(").push_bind(contact).push("))");
        // A call that rang as a stranger's is that of whom its ticket made known.
        query.push(" UNION ALL SELECT l.call_id FROM tickets k JOIN call_tickets l ON l.tenant_id = k.tenant_id AND l.ticket_id = k.id ");
        query
            .push("JOIN calls s ON s.id = l.call_id AND s.contact_id IS NULL WHERE k.tenant_id = ")
            .push_bind(tenant);
        query.push(" AND k.deleted_at IS NULL AND (k.individual_id = ").push_bind(contact);
        query.push(" OR k.organization_id = ").push_bind(contact);
        query.push(" OR k.organization_contact_id = ").push_bind(contact);
        query.push(" OR k.email_contact_id = ").push_bind(contact).push("))");
    }
    if let Some(organization) = filter.organization {
        query.push(" AND t.id IN (SELECT s.id FROM calls s WHERE s.tenant_id = ").push_bind(tenant);
        query.push(" AND s.contact_kind IN ('organization', 'organization_contact', 'email_contact')");
        query.push(" AND s.contact_id IN (SELECT c.id FROM organization_contacts c WHERE c.tenant_id = ");
        query.push_bind(tenant).push(" AND c.organization_id = ").push_bind(organization);
        // People of it who were known from their mail first.
        query.push(" UNION ALL SELECT e.id FROM organization_contacts c JOIN email_contacts e ON e.became_id = c.id WHERE c.tenant_id = ");
        query.push_bind(tenant).push(" AND c.organization_id = ").push_bind(organization);
        query.push(" UNION ALL SELECT contact_and_merged(").push_bind(organization);
        query.push(")) UNION ALL SELECT l.call_id FROM tickets k JOIN call_tickets l ON l.tenant_id = k.tenant_id AND l.ticket_id = k.id ");
        query
            .push("JOIN calls s ON s.id = l.call_id AND s.contact_id IS NULL WHERE k.tenant_id = ")
            .push_bind(tenant);
        query.push(" AND k.deleted_at IS NULL AND k.organization_id = ").push_bind(organization).push(")");
    }
    if let Some(after) = filter.started_after {
        query.push(" AND t.started_at > ").push_bind(after);
    }
    if let Some(before) = filter.started_before {
        query.push(" AND t.started_at < ").push_bind(before);
    }
}

fn read(row: &PgRow) -> Result<CallRecord, StoreError> {
    let odd = |what: &str, text: &str| {
        StoreError::Other(sqlx::Error::Decode(format!("a stored {what} that is none: {text}").into()))
    };
    let direction: String = row.try_get("direction")?;
    let state: String = row.try_get("state")?;
    let end_reason: Option<String> = row.try_get("end_reason")?;
    let kind: Option<String> = row.try_get("contact_kind")?;
    let contact: Option<Uuid> = row.try_get("contact_id")?;
    let contact = match (kind, contact) {
        (Some(kind), Some(id)) => {
            let found = ContactKind::ALL.into_iter().find(|known| known.name() == kind);
            Some(ContactRef { kind: found.ok_or_else(|| odd("kind of contact", &kind))?, id })
        }
        _ => None,
    };
    let tickets: Vec<Uuid> = row.try_get("tickets")?;
    Ok(CallRecord {
        call: CallSnapshot {
            id: CallId(row.try_get("id")?),
            connection_id: ConnectionId(row.try_get("connection_id")?),
            provider_call_id: row.try_get("provider_call_id")?,
            direction: [Direction::Inbound, Direction::Outbound]
                .into_iter()
                .find(|known| known.as_str() == direction)
                .ok_or_else(|| odd("direction", &direction))?,
            state: CallState::parse(&state).ok_or_else(|| odd("state", &state))?,
            end_reason: end_reason
                .map(|reason| EndReason::parse(&reason).ok_or_else(|| odd("end reason", &reason)))
                .transpose()?,
            from: row.try_get("from_number")?,
            to: row.try_get("to_number")?,
            number_id: row.try_get::<Option<Uuid>, _>("number_id")?.map(NumberId),
            bot_id: row.try_get::<Option<Uuid>, _>("bot_id")?.map(BotId),
            queue: row.try_get("queue")?,
            agent_id: row.try_get::<Option<Uuid>, _>("agent_id")?.map(UserId),
            contact,
            started_at: row.try_get("started_at")?,
            answered_at: row.try_get("answered_at")?,
            ended_at: row.try_get("ended_at")?,
        },
        tickets: tickets.into_iter().map(TicketId).collect(),
        version: row.try_get("version")?,
        contact_name: row.try_get("contact_name")?,
        contact_organization: row.try_get("contact_organization")?,
        line: None,
    })
}
