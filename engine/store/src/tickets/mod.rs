//! Tickets: what is stored of them and who may see which. Filing, changing and replying are rooms of their own.

mod change;
mod file;
mod replies;

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder, Row};
use switchroom_core::{
    CallId, NumberId, TicketId, UserId,
    directory::{ContactKind, ContactRef, OpenTicket},
    ticket::lifecycle::{NoSuchMove, Status},
};
use uuid::Uuid;

pub use change::{TicketPatch, assign, close, delete, edit, set_status, take, transfer};
pub use file::{FileError, Filed, NewTicket, file, link_call};
pub use replies::{Activity, NewReply, Reply, activities, replies, reply};

use crate::{
    StoreError, TenantTx,
    listing::{COUNT_CAP, Count, Key, Position, Slice, Window, push_order, push_position, slice},
};

/// A ticket as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticket {
    pub id: TicketId,
    pub number: i64,
    pub title: String,
    pub description: Option<String>,
    pub status: Status,
    pub status_reason: Option<String>,
    pub priority: String,
    /// The calls it came from or that were about it, oldest first.
    pub calls: Vec<CallId>,
    /// The line that was dialled.
    pub phone_number: Option<NumberId>,
    pub contact: Option<ContactRef>,
    pub organization: Option<Uuid>,
    pub contact_created: bool,
    pub caller: Caller,
    pub requester: Option<UserId>,
    pub assigned_to: Option<UserId>,
    pub first_response_at: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub reopen_count: i32,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

/// The caller as filed: a snapshot that does not follow the contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    pub phone_number: Option<String>,
    pub customer_type: Option<String>,
    pub customer_name: Option<String>,
    pub customer_gender: Option<String>,
    pub contact_person: Option<String>,
    pub customer_email: Option<String>,
}

/// Whose eyes look, and how far they reach (K-15). Another's ticket is no ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer {
    pub user: UserId,
    pub sight: Sight,
}

/// How far a viewer sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Every ticket of the tenant.
    All,
    /// What is assigned to them, to nobody, or was filed by them.
    Desk,
    /// What they asked for themselves.
    Own,
}

impl Viewer {
    /// As the statements compare it.
    const fn sight(self) -> &'static str {
        match self.sight {
            Sight::All => "all",
            Sight::Desk => "desk",
            Sight::Own => "own",
        }
    }
}

/// Why a ticket was not changed.
#[derive(Debug, thiserror::Error)]
pub enum TicketError {
    #[error("no such ticket")]
    Absent,
    #[error("the ticket has another version")]
    Stale,
    #[error(transparent)]
    Move(#[from] NoSuchMove),
    #[error("the ticket is closed")]
    Closed,
    #[error("somebody has the ticket already")]
    Taken,
    #[error("nobody has the ticket")]
    Unassigned,
    #[error("no such person to give a ticket to")]
    NoSuchPerson,
    #[error("no such organization")]
    NoSuchOrganization,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for TicketError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a list of tickets may be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketSort {
    CreatedAt,
    UpdatedAt,
    Number,
    /// low to urgent.
    Priority,
    /// In the order of a ticket's life.
    Status,
}

impl TicketSort {
    const fn expression(self) -> &'static str {
        match self {
            Self::CreatedAt => "t.created_at",
            Self::UpdatedAt => "t.updated_at",
            Self::Number => "t.number",
            Self::Priority => {
                "(array_position(ARRAY['low', 'medium', 'high', 'urgent'], t.priority)::bigint)"
            }
            Self::Status => {
                "(array_position(ARRAY['new', 'open', 'answered', 'in_progress', 'waiting_for_response', \
                 'on_hold', 'resolved', 'closed'], t.status)::bigint)"
            }
        }
    }
}

/// Which person a filter means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    Nobody,
    Is(UserId),
}

/// Which tickets are wanted.
#[derive(Clone, Debug, Default)]
pub struct TicketFilter {
    pub status: Vec<Status>,
    pub priority: Vec<String>,
    pub assigned_to: Option<Person>,
    pub requester: Option<UserId>,
    pub contact: Option<Uuid>,
    pub organization: Option<Uuid>,
    pub call: Option<CallId>,
    /// Words of title and description, or a ticket number.
    pub q: Option<String>,
}

pub async fn get(tx: &mut TenantTx, viewer: Viewer, id: TicketId) -> Result<Option<Ticket>, StoreError> {
    Ok(load_seen(tx, viewer, &[id.0]).await?.pop())
}

pub async fn list(
    tx: &mut TenantTx,
    viewer: Viewer,
    filter: &TicketFilter,
    window: &Window<TicketSort>,
) -> Result<Slice<Ticket>, StoreError> {
    let expression = window.sort.expression();
    let mut query = QueryBuilder::new("SELECT t.id, ");
    query.push(expression).push(" AS key");
    conditions(&mut query, tx, viewer, filter);
    push_position(&mut query, expression, window.descending, window.after.as_ref());
    push_order(&mut query, expression, window.descending, window.limit);
    let rows = query.build().fetch_all(&mut **tx).await?;
    let positions = rows
        .iter()
        .map(|row| {
            let key = match window.sort {
                TicketSort::CreatedAt | TicketSort::UpdatedAt => Key::At(row.try_get("key")?),
                TicketSort::Number | TicketSort::Priority | TicketSort::Status => {
                    Key::Number(row.try_get("key")?)
                }
            };
            Ok(Position { key, id: row.try_get("id")? })
        })
        .collect::<Result<Vec<_>, sqlx::Error>>()?;
    let mut page = slice(positions, window.limit);
    if window.count {
        let mut query = QueryBuilder::new("SELECT count(*) FROM (SELECT 1");
        conditions(&mut query, tx, viewer, filter);
        query.push(" LIMIT ").push_bind(COUNT_CAP + 1).push(") counted");
        let found: i64 = query.build_query_scalar().fetch_one(&mut **tx).await?;
        page.count = Some(Count::of(found));
    }
    let items = load(tx, &page.items).await?;
    Ok(page.with(items))
}

fn conditions(query: &mut QueryBuilder<Postgres>, tx: &TenantTx, viewer: Viewer, filter: &TicketFilter) {
    query.push(" FROM tickets t WHERE t.deleted_at IS NULL AND t.tenant_id = ").push_bind(tx.tenant().0);
    match viewer.sight {
        Sight::All => {}
        Sight::Desk => {
            query.push(" AND (t.assigned_to IS NULL OR t.assigned_to = ").push_bind(viewer.user.0);
            query.push(" OR t.created_by = ").push_bind(viewer.user.0).push(")");
        }
        Sight::Own => {
            query.push(" AND t.requester_user_id = ").push_bind(viewer.user.0);
        }
    }
    if !filter.status.is_empty() {
        let names: Vec<String> = filter.status.iter().map(|status| status.name().to_owned()).collect();
        query.push(" AND t.status = ANY(").push_bind(names).push(")");
    }
    if !filter.priority.is_empty() {
        query.push(" AND t.priority = ANY(").push_bind(filter.priority.clone()).push(")");
    }
    match filter.assigned_to {
        None => {}
        Some(Person::Nobody) => {
            query.push(" AND t.assigned_to IS NULL");
        }
        Some(Person::Is(user)) => {
            query.push(" AND t.assigned_to = ").push_bind(user.0);
        }
    }
    if let Some(requester) = filter.requester {
        query.push(" AND t.requester_user_id = ").push_bind(requester.0);
    }
    if let Some(contact) = filter.contact {
        // The kinds share no ids, so the id says which kind is meant.
        query.push(" AND (t.organization_contact_id = ").push_bind(contact);
        query.push(" OR t.organization_id = ").push_bind(contact);
        query.push(" OR t.individual_id = ").push_bind(contact);
        query.push(" OR t.email_contact_id = ").push_bind(contact).push(")");
    }
    if let Some(organization) = filter.organization {
        query.push(" AND t.organization_id = ").push_bind(organization);
    }
    if let Some(call) = filter.call {
        query.push(" AND t.id IN (SELECT ticket_id FROM call_tickets WHERE tenant_id = ");
        query.push_bind(tx.tenant().0).push(" AND call_id = ").push_bind(call.0).push(")");
    }
    if let Some(q) = &filter.q {
        query.push(" AND (to_tsvector('simple', t.title || ' ' || coalesce(t.description, '')) @@ (");
        push_text_query(query, q);
        query.push(")");
        if let Ok(number) = q.trim().trim_start_matches('#').parse::<i64>() {
            query.push(" OR t.number = ").push_bind(number);
        }
        query.push(")");
    }
}

/// All the words, each perhaps unfinished: whoever types "print" means the printer too. `quote` keeps what they
/// typed from being read as an operator.
fn push_text_query(query: &mut QueryBuilder<Postgres>, q: &str) {
    let quote = |word: &str| format!("'{}':*", word.replace('\\', "\\\\").replace('\'', "''"));
    let text = q.split_whitespace().take(8).map(quote).collect::<Vec<_>>().join(" & ");
    query.push("to_tsquery('simple', ").push_bind(text).push(")");
}

/// The tickets of a call that the viewer may see, oldest first.
pub async fn of_call(tx: &mut TenantTx, viewer: Viewer, call: CallId) -> Result<Vec<Ticket>, StoreError> {
    let filter = TicketFilter { call: Some(call), ..TicketFilter::default() };
    let window =
        Window { sort: TicketSort::CreatedAt, descending: false, after: None, limit: 200, count: false };
    Ok(list(tx, viewer, &filter, &window).await?.items)
}

/// Whom a call was about as its tickets tell, for calls whose own record knows nobody: the contact of the first ticket
/// that has one.
pub async fn contacts_of_calls(
    tx: &mut TenantTx,
    calls: &[CallId],
) -> Result<Vec<(CallId, ContactRef)>, StoreError> {
    let ids: Vec<Uuid> = calls.iter().map(|call| call.0).collect();
    let rows = sqlx::query!(
        "SELECT DISTINCT ON (l.call_id) l.call_id, t.organization_contact_id, t.organization_id, t.individual_id, t.email_contact_id
           FROM call_tickets l JOIN tickets t ON t.id = l.ticket_id AND t.deleted_at IS NULL
          WHERE l.tenant_id = $1 AND l.call_id = ANY($2)
            AND num_nonnulls(t.organization_contact_id, t.organization_id, t.individual_id, t.email_contact_id) > 0
          ORDER BY l.call_id, t.created_at, t.id",
        tx.tenant().0,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let contact = contact(
                row.organization_contact_id,
                row.organization_id,
                row.individual_id,
                row.email_contact_id,
            )?;
            Some((CallId(row.call_id), contact))
        })
        .collect())
}

/// The unfinished tickets about a contact, newest first; of an organization, those about its people as well.
pub async fn open_of(
    tx: &mut TenantTx,
    viewer: Viewer,
    contact: ContactRef,
    limit: i64,
) -> Result<Vec<OpenTicket>, StoreError> {
    // The kinds share no ids, so the id says which kind is meant, and each column's own index serves.
    let rows = sqlx::query!(
        "SELECT id, number, title, status, priority FROM tickets
          WHERE tenant_id = $1 AND deleted_at IS NULL AND status NOT IN ('resolved', 'closed')
            AND (organization_contact_id = $2 OR organization_id = $2 OR individual_id = $2 OR email_contact_id = $2)
            AND ($4 = 'all' OR ($4 = 'own' AND requester_user_id = $5)
                 OR ($4 = 'desk' AND (assigned_to = $5 OR assigned_to IS NULL OR created_by = $5)))
          ORDER BY created_at DESC, id DESC LIMIT $3",
        tx.tenant().0,
        contact.id,
        limit,
        viewer.sight(),
        viewer.user.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| OpenTicket {
            id: TicketId(row.id),
            number: row.number,
            title: row.title,
            status: row.status,
            priority: row.priority,
        })
        .collect())
}

/// The columns that name a contact, most exact first.
fn contact(
    organization_contact: Option<Uuid>,
    organization: Option<Uuid>,
    individual: Option<Uuid>,
    email_contact: Option<Uuid>,
) -> Option<ContactRef> {
    let of = |kind: ContactKind| move |id: Uuid| ContactRef { kind, id };
    organization_contact
        .map(of(ContactKind::OrganizationContact))
        .or(organization.map(of(ContactKind::Organization)))
        .or(individual.map(of(ContactKind::Individual)))
        .or(email_contact.map(of(ContactKind::EmailContact)))
}

/// The living ones of these ids, in this order.
async fn load(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Ticket>, StoreError> {
    load_seen(tx, Viewer { user: UserId(Uuid::nil()), sight: Sight::All }, ids).await
}

/// The same, without those that the viewer does not see.
async fn load_seen(tx: &mut TenantTx, viewer: Viewer, ids: &[Uuid]) -> Result<Vec<Ticket>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT t.id, number, title, description, status, status_reason, priority, organization_id,
                  organization_contact_id, individual_id, email_contact_id, phone_number_id, requester_user_id,
                  assigned_to, caller_phone_number, customer_type, customer_name, customer_gender, contact_person,
                  customer_email, contact_created, first_response_at, resolved_at, closed_at, reopen_count, created_by,
                  created_at, updated_at, version,
                  ARRAY(SELECT l.call_id FROM call_tickets l
                         WHERE l.tenant_id = t.tenant_id AND l.ticket_id = t.id
                         ORDER BY l.linked_at, l.call_id) AS "calls!: Vec<Uuid>"
             FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place)
             JOIN tickets t ON t.id = wanted.id
            WHERE t.deleted_at IS NULL
              AND ($2 = 'all' OR ($2 = 'own' AND requester_user_id = $3)
                   OR ($2 = 'desk' AND (assigned_to = $3 OR assigned_to IS NULL OR created_by = $3)))
            ORDER BY wanted.place"#,
        ids,
        viewer.sight(),
        viewer.user.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Ticket {
                id: TicketId(row.id),
                number: row.number,
                title: row.title,
                description: row.description,
                status: status(&row.status)?,
                status_reason: row.status_reason,
                priority: row.priority,
                calls: row.calls.into_iter().map(CallId).collect(),
                phone_number: row.phone_number_id.map(NumberId),
                contact: contact(
                    row.organization_contact_id,
                    row.organization_id,
                    row.individual_id,
                    row.email_contact_id,
                ),
                organization: row.organization_id,
                contact_created: row.contact_created,
                caller: Caller {
                    phone_number: row.caller_phone_number,
                    customer_type: row.customer_type,
                    customer_name: row.customer_name,
                    customer_gender: row.customer_gender,
                    contact_person: row.contact_person,
                    customer_email: row.customer_email,
                },
                requester: row.requester_user_id.map(UserId),
                assigned_to: row.assigned_to.map(UserId),
                first_response_at: row.first_response_at,
                resolved_at: row.resolved_at,
                closed_at: row.closed_at,
                reopen_count: row.reopen_count,
                created_by: row.created_by.map(UserId),
                created_at: row.created_at,
                updated_at: row.updated_at,
                version: row.version,
            })
        })
        .collect()
}

/// A stored state; the column's check lets nothing else in.
fn status(name: &str) -> Result<Status, StoreError> {
    name.parse()
        .map_err(|_| StoreError::Other(sqlx::Error::Decode("a stored ticket state that is none".into())))
}
