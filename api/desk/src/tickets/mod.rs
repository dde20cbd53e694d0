//! `/tickets`: what is shown of them, and to whom. Filing, listing, editing, the commands that move and hand on, and the
//! replies are rooms of their own.
//!
//! Who sees which ticket is one question, asked by every operation ([`viewer`]): a client their own, staff what is
//! theirs or nobody's, `tickets.view_all` everything. Another's ticket does not exist (404).

mod commands;
mod edit;
mod file;
mod list;
mod replies;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use switchroom_api_base::{Caller, Errors, Params, Problem, Versioned, state::AppState};
use switchroom_core::{Permission, Role, TicketId, directory::ContactRef, number::normalise};
use switchroom_store::tickets::{self as store, Sight, Ticket, TicketError, Viewer};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::directory::{fields::trimmed, reading, settle};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_tickets, file::file_ticket))
        .routes(routes!(get_ticket, edit::edit_ticket, edit::delete_ticket))
        .merge(commands::routes())
        .merge(replies::routes())
}

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketView {
    id: Uuid,
    /// For people: #1001 and up.
    #[schema(example = 1001)]
    number: i64,
    title: String,
    description: Option<String>,
    /// `new`, `open`, `answered`, `in_progress`, `waiting_for_response`, `on_hold`, `resolved`, `closed`.
    status: &'static str,
    status_reason: Option<String>,
    /// `low`, `medium`, `high`, `urgent`.
    priority: String,
    call_ids: Vec<Uuid>,
    /// Our line that was dialled.
    phone_number_id: Option<Uuid>,
    #[schema(value_type = Option<Object>)]
    contact: Option<ContactRef>,
    organization_id: Option<Uuid>,
    /// Whether this ticket made its caller known to the directory.
    contact_created: bool,
    caller: CallerView,
    requester_user_id: Option<Uuid>,
    assigned_to: Option<Uuid>,
    first_response_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    reopen_count: i32,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

/// The caller as filed; does not follow the contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallerView {
    phone_number: Option<String>,
    customer_type: Option<String>,
    customer_name: Option<String>,
    customer_gender: Option<String>,
    contact_person: Option<String>,
    customer_email: Option<String>,
}

impl TicketView {
    /// What the caller may see of a ticket they may see: a client learns nothing of the directory (but what the organization
    /// they file for is called), nor of staff's reasons.
    pub(crate) fn of(ticket: Ticket, viewer: Viewer) -> Self {
        let staff = viewer.sight != Sight::Own;
        Self {
            id: ticket.id.0,
            number: ticket.number,
            title: ticket.title,
            description: ticket.description,
            status: ticket.status.name(),
            status_reason: ticket.status_reason.filter(|_| staff),
            priority: ticket.priority,
            call_ids: ticket.calls.into_iter().map(|call| call.0).collect(),
            phone_number_id: ticket.phone_number.map(|line| line.0),
            contact: ticket.contact.filter(|_| staff),
            organization_id: ticket.organization.filter(|_| staff),
            contact_created: ticket.contact_created,
            caller: CallerView {
                phone_number: ticket.caller.phone_number,
                customer_type: ticket.caller.customer_type,
                customer_name: ticket.caller.customer_name,
                customer_gender: ticket.caller.customer_gender,
                contact_person: ticket.caller.contact_person,
                customer_email: ticket.caller.customer_email,
            },
            requester_user_id: ticket.requester.map(|user| user.0),
            assigned_to: ticket.assigned_to.map(|user| user.0),
            first_response_at: ticket.first_response_at,
            resolved_at: ticket.resolved_at,
            closed_at: ticket.closed_at,
            reopen_count: ticket.reopen_count,
            created_by: ticket.created_by.map(|user| user.0),
            created_at: ticket.created_at,
            updated_at: ticket.updated_at,
            version: ticket.version,
        }
    }
}

/// How far the caller sees. Whoever may not write internal notes is a client as far as tickets go.
pub(crate) fn viewer(caller: &Caller) -> Viewer {
    let sight = if caller.may(Permission::TicketsViewAll) {
        Sight::All
    } else if caller.may(Permission::TicketsNote) {
        Sight::Desk
    } else {
        Sight::Own
    };
    Viewer { user: caller.user_id, sight }
}

/// The roles whose people a ticket can be given to.
fn roles_that_take() -> Vec<String> {
    Role::ALL
        .into_iter()
        .filter(|role| role.grants(Permission::TicketsTake))
        .map(|role| role.name().to_owned())
        .collect()
}

fn problem(error: TicketError) -> Problem {
    match error {
        TicketError::Absent => Problem::not_found(),
        TicketError::Stale => Problem::stale_version(),
        TicketError::Move(refused) => {
            let exits =
                refused.from.exits().iter().map(|status| status.name()).collect::<Vec<_>>().join(", ");
            Problem::conflict(
                "ticket-move",
                format!("A ticket that is {} can become: {exits}.", refused.from),
            )
        }
        TicketError::Closed => Problem::conflict("ticket-closed", "The ticket is closed; reopen it first."),
        TicketError::Taken => Problem::conflict("ticket-taken", "Somebody has the ticket already."),
        TicketError::Unassigned => {
            Problem::conflict("ticket-unassigned", "Nobody has the ticket; take or assign it.")
        }
        TicketError::NoSuchPerson => Problem::invalid("/user_id", "names nobody who works on tickets here"),
        TicketError::NoSuchOrganization => Problem::invalid("/organization_id", "names no organization"),
        TicketError::Store(error) => error.into(),
    }
}

/// Commits a change of a ticket, and tells those who look at it.
async fn publish(
    state: &AppState,
    caller: &Caller,
    tx: switchroom_store::TenantTx,
    ticket: TicketId,
) -> Result<(), Problem> {
    settle(state, tx).await?;
    state.sink.ticket_updated(caller.tenant, ticket);
    Ok(())
}

/// The ticket, if the caller may see it.
async fn find(state: &AppState, caller: &Caller, id: Uuid) -> Result<Ticket, Problem> {
    let mut tx = reading(state, caller.tenant).await?;
    let ticket = store::get(&mut tx, viewer(caller), TicketId(id)).await?;
    tx.commit().await?;
    ticket.ok_or_else(Problem::not_found)
}

fn check_priority(errors: &mut Errors, priority: Option<&str>) {
    if priority.is_some_and(|priority| !matches!(priority, "low" | "medium" | "high" | "urgent")) {
        errors.push("/priority", "must be low, medium, high or urgent");
    }
}

fn refuse_commands(errors: &mut Errors, status: bool, assigned_to: bool) {
    if status {
        errors.push("/status", "unknown field: the state is changed by POST …/status");
    }
    if assigned_to {
        errors.push("/assigned_to", "unknown field: the assignee is changed by POST …/assign");
    }
}

/// E.164 where it is a number, else the text as it came.
fn as_filed(text: Option<String>, caller: &Caller) -> Option<String> {
    let text = trimmed(text)?;
    Some(match normalise(&text, caller.region).e164() {
        Some(number) => number.to_string(),
        None => text,
    })
}

/// Read a ticket.
#[utoipa::path(get, path = "/api/v1/tickets/{id}", tag = "tickets", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The ticket", body = TicketView)))]
async fn get_ticket(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<TicketView>, Problem> {
    let ticket = find(&state, &caller, id).await?;
    Ok(Versioned(ticket.version, TicketView::of(ticket, viewer(&caller))))
}
