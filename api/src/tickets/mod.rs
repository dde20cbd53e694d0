//! `/tickets`: filing, reading, editing. Commands (`commands`) move and hand on; `replies` talks and tells what
//! happened.
//!
//! Who sees which ticket is one question, asked by every operation ([`viewer`]): a client their own, staff what is
//! theirs or nobody's, `tickets.view_all` everything. Another's ticket does not exist (404).

mod commands;
mod replies;

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use switchroom_core::{
    CallId, Permission, Role, TicketId, UserId,
    directory::{ContactRef, CustomerType},
    number::normalise,
    ticket::lifecycle::{Filer, Status},
};
use switchroom_store::{
    listing::Window,
    tickets::{
        self as store, FileError, NewTicket, Person, Sight, Ticket, TicketError, TicketFilter, TicketPatch,
        TicketSort, Viewer,
    },
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    Body, Caller, Created, Errors, Filter, IfMatch, Incoming, ListQuery, Page, Params, Patch, Problem,
    Validate, Versioned,
    directory::{
        begin, expected,
        fields::{self, patched, trimmed, value},
        page, place, position_at, position_number, settle,
    },
    state::AppState,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_tickets, file_ticket))
        .routes(routes!(get_ticket, edit_ticket, delete_ticket))
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
    /// What the caller may see of a ticket they may see: a client learns nothing of the directory, nor of staff's
    /// reasons.
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
    let mut tx = begin(state, caller.tenant).await?;
    store::get(&mut tx, viewer(caller), TicketId(id)).await?.ok_or_else(Problem::not_found)
}

/// A new ticket: the pop's draft, filled in. Null is the same as absent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FileTicket {
    /// Required, under this name or as `subject`.
    #[serde(default)]
    #[schema(example = "Printer on fire", value_type = String)]
    title: Option<String>,
    /// The same as `title`.
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    description: Option<String>,
    /// `low`, `medium` (the default), `high`, `urgent`.
    #[serde(default)]
    priority: Option<String>,
    #[serde(default)]
    call_id: Option<Uuid>,
    /// The caller's number; left out, the call's.
    #[serde(default)]
    phone_number: Option<String>,
    /// `individual` or `organization`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    customer_type: Option<CustomerType>,
    #[serde(default)]
    customer_name: Option<String>,
    #[serde(default)]
    customer_gender: Option<String>,
    #[serde(default)]
    contact_person: Option<String>,
    #[serde(default)]
    customer_email: Option<String>,
    #[serde(default)]
    organization_id: Option<Uuid>,
    // Named only to be refused by name: state and assignee have commands of their own.
    #[serde(default)]
    #[schema(ignore)]
    status: Option<Value>,
    #[serde(default)]
    #[schema(ignore)]
    assigned_to: Option<Value>,
}

impl Validate for FileTicket {
    fn validate(&self, errors: &mut Errors) {
        match (&self.title, &self.subject) {
            (Some(title), Some(subject)) if title != subject => {
                errors.push("/subject", "is another name of title; give one of them");
            }
            (Some(title), _) => errors.text("/title", title, 1, 300),
            (None, Some(subject)) => errors.text("/subject", subject, 1, 300),
            (None, None) => errors.push("/title", "is required"),
        }
        errors.optional_text("/description", self.description.as_deref(), 0, 20_000);
        check_priority(errors, self.priority.as_deref());
        errors.optional_text("/phone_number", self.phone_number.as_deref(), 0, 100);
        errors.optional_text("/customer_name", self.customer_name.as_deref(), 0, 200);
        fields::check_gender(errors, "/customer_gender", self.customer_gender.as_deref());
        errors.optional_text("/contact_person", self.contact_person.as_deref(), 0, 200);
        fields::check_email(errors, "/customer_email", self.customer_email.as_deref());
        refuse_commands(errors, self.status.is_some(), self.assigned_to.is_some());
    }
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

/// File a ticket. In the same transaction an unknown caller is entered into the directory.
#[utoipa::path(post, path = "/api/v1/tickets", tag = "tickets", request_body = FileTicket,
    responses((status = 201, description = "The ticket", body = TicketView),
              (status = 503, description = "The call was not durable within 5 s; see Retry-After")))]
async fn file_ticket(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<FileTicket>,
) -> Result<Created<TicketView>, Problem> {
    let viewer = viewer(&caller);
    let by_client = viewer.sight == Sight::Own;
    // A client sees neither calls nor organizations, so to them any such id names nothing.
    if by_client && body.call_id.is_some() {
        return Err(Problem::invalid("/call_id", "names no call"));
    }
    if by_client && body.organization_id.is_some() {
        return Err(Problem::invalid("/organization_id", "names no organization"));
    }
    let call = body.call_id.map(CallId);
    // Without an engine nothing is live, so nothing waits to be written.
    if let (Some(call), Some(engine)) = (call, &state.engine) {
        engine.wait_durable(call).await.map_err(|_| Problem::unavailable(1))?;
    }
    let new = NewTicket {
        title: trimmed(body.title.or(body.subject)).unwrap_or_default(),
        description: body.description,
        priority: body.priority.unwrap_or_else(|| "medium".to_owned()),
        call,
        phone_number: as_filed(body.phone_number, &caller),
        customer_type: body.customer_type,
        customer_name: trimmed(body.customer_name),
        customer_gender: body.customer_gender,
        contact_person: trimmed(body.contact_person),
        customer_email: body.customer_email,
        organization: body.organization_id,
        filer: if by_client { Filer::Unattended } else { Filer::Staff },
        by: caller.user_id,
    };
    let mut tx = begin(&state, caller.tenant).await?;
    let filed = store::file(&mut tx, &new).await.map_err(|error| match error {
        FileError::UnknownCall => Problem::invalid("/call_id", "names no call"),
        FileError::UnknownOrganization => Problem::invalid("/organization_id", "names no organization"),
        FileError::Store(error) => error.into(),
    })?;
    publish(&state, &caller, tx, filed.ticket.id).await?;
    let ticket = filed.ticket;
    Ok(Created {
        location: format!("/api/v1/tickets/{}", ticket.id),
        version: ticket.version,
        body: TicketView::of(ticket, viewer),
    })
}

/// How a list of tickets is narrowed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketQuery {
    /// One state, or several with commas.
    status: Option<String>,
    /// One priority, or several with commas.
    priority: Option<String>,
    /// A user's id, `me`, or `none`.
    assigned_to: Option<String>,
    /// A user's id, or `me`.
    requester: Option<String>,
    requester_user_id: Option<Uuid>,
    /// Id of a contact of any kind.
    contact: Option<Uuid>,
    organization_id: Option<Uuid>,
    call_id: Option<Uuid>,
}

impl TicketQuery {
    fn filter(self, q: Option<String>, caller: &Caller) -> Result<TicketFilter, Problem> {
        let user = |name: &str, text: &str| {
            if text == "me" {
                return Ok(caller.user_id);
            }
            text.parse().map(UserId).map_err(|_| Problem::bad_parameter(name, "is no user's id"))
        };
        let words = |text: &Option<String>| -> Vec<String> {
            text.iter().flat_map(|text| text.split(',')).map(|word| word.trim().to_owned()).collect()
        };
        let status = words(&self.status)
            .iter()
            .map(|word| {
                word.parse::<Status>().map_err(|_| Problem::bad_parameter("status", "is no ticket state"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let priority = words(&self.priority);
        if priority.iter().any(|word| !matches!(word.as_str(), "low" | "medium" | "high" | "urgent")) {
            return Err(Problem::bad_parameter("priority", "must be low, medium, high or urgent"));
        }
        let requester = self.requester.as_deref().map(|text| user("requester", text)).transpose()?;
        Ok(TicketFilter {
            status,
            priority,
            assigned_to: match self.assigned_to.as_deref() {
                None => None,
                Some("none") => Some(Person::Nobody),
                Some(text) => Some(Person::Is(user("assigned_to", text)?)),
            },
            requester: requester.or(self.requester_user_id.map(UserId)),
            contact: self.contact,
            organization: self.organization_id,
            call: self.call_id.map(CallId),
            q,
        })
    }
}

const SORTS: &[&str] = &["-created_at", "updated_at", "number", "priority", "status"];

/// List the tickets you may see, newest first. `q` finds words of title and description, or a number.
#[utoipa::path(get, path = "/api/v1/tickets", tag = "tickets", params(ListQuery, TicketQuery),
    responses((status = 200, description = "A page of tickets", body = Page<TicketView>)))]
async fn list_tickets(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(query): Filter<TicketQuery>,
) -> Result<Json<Page<TicketView>>, Problem> {
    let (field, descending) = list.sort_by(SORTS)?;
    let sort = match field {
        "updated_at" => TicketSort::UpdatedAt,
        "number" => TicketSort::Number,
        "priority" => TicketSort::Priority,
        "status" => TicketSort::Status,
        _ => TicketSort::CreatedAt,
    };
    let order = place(field, descending);
    let after = match sort {
        TicketSort::CreatedAt | TicketSort::UpdatedAt => position_at(&list, &order)?,
        TicketSort::Number | TicketSort::Priority | TicketSort::Status => position_number(&list, &order)?,
    };
    let filter = query.filter(list.q.clone(), &caller)?;
    let viewer = viewer(&caller);
    let window = Window { sort, descending, after, limit: list.limit, count: list.count };
    let mut tx = begin(&state, caller.tenant).await?;
    let slice = store::list(&mut tx, viewer, &filter, &window).await?;
    Ok(Json(page(slice, &order, |ticket| TicketView::of(ticket, viewer))))
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

/// Absent = unchanged, null = emptied. State and assignee have commands of their own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditTicket {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    title: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    subject: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    priority: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    phone_number: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    customer_type: Patch<CustomerType>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    customer_name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    customer_gender: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    contact_person: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    customer_email: Patch<String>,
    /// Whom the ticket is about from now on.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    organization_id: Patch<Uuid>,
    #[serde(default)]
    #[schema(ignore)]
    status: Patch<Value>,
    #[serde(default)]
    #[schema(ignore)]
    assigned_to: Patch<Value>,
}

impl Validate for EditTicket {
    fn validate(&self, errors: &mut Errors) {
        fields::check_not_null(errors, "/title", &self.title);
        fields::check_not_null(errors, "/subject", &self.subject);
        fields::check_not_null(errors, "/priority", &self.priority);
        for (pointer, title) in [("/title", self.title.value()), ("/subject", self.subject.value())] {
            if let Some(title) = title {
                errors.text(pointer, title, 1, 300);
            }
        }
        if let (Some(title), Some(subject)) = (self.title.value(), self.subject.value())
            && title != subject
        {
            errors.push("/subject", "is another name of title; give one of them");
        }
        let text = |field: &Patch<String>| field.value().cloned();
        errors.optional_text("/description", text(&self.description).as_deref(), 0, 20_000);
        check_priority(errors, text(&self.priority).as_deref());
        errors.optional_text("/phone_number", text(&self.phone_number).as_deref(), 0, 100);
        errors.optional_text("/customer_name", text(&self.customer_name).as_deref(), 0, 200);
        fields::check_gender(errors, "/customer_gender", text(&self.customer_gender).as_deref());
        errors.optional_text("/contact_person", text(&self.contact_person).as_deref(), 0, 200);
        fields::check_email(errors, "/customer_email", text(&self.customer_email).as_deref());
        refuse_commands(errors, !self.status.is_absent(), !self.assigned_to.is_absent());
    }
}

/// Edit a ticket.
#[utoipa::path(patch, path = "/api/v1/tickets/{id}", tag = "tickets", params(("id" = Uuid, Path)),
    request_body = EditTicket, responses((status = 200, description = "The ticket as it is now", body = TicketView)))]
async fn edit_ticket(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<TicketView>, Problem> {
    let current = find(&state, &caller, id).await?;
    let body: EditTicket = body.read().await?;
    let patch = TicketPatch {
        title: value(body.title).or(value(body.subject)).map(|title| title.trim().to_owned()),
        description: patched(body.description),
        priority: value(body.priority),
        phone_number: patched(body.phone_number).map(|number| as_filed(number, &caller)),
        customer_type: match body.customer_type {
            Patch::Absent => None,
            Patch::Null => Some(None),
            Patch::Value(kind) => Some(Some(kind.name().to_owned())),
        },
        customer_name: patched(body.customer_name),
        customer_gender: patched(body.customer_gender),
        contact_person: patched(body.contact_person),
        customer_email: patched(body.customer_email),
        organization: match body.organization_id {
            Patch::Absent => None,
            Patch::Null => Some(None),
            Patch::Value(id) => Some(Some(id)),
        },
    };
    let expected = expected(&if_match, current.version)?;
    let viewer = viewer(&caller);
    let mut tx = begin(&state, caller.tenant).await?;
    let ticket = store::edit(&mut tx, viewer, TicketId(id), &patch, expected).await.map_err(problem)?;
    publish(&state, &caller, tx, ticket.id).await?;
    Ok(Versioned(ticket.version, TicketView::of(ticket, viewer)))
}

/// Delete a ticket. It is kept, and shown to nobody.
#[utoipa::path(delete, path = "/api/v1/tickets/{id}", tag = "tickets", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Deleted")))]
async fn delete_ticket(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let current = find(&state, &caller, id).await?;
    let expected = expected(&if_match, current.version)?;
    let mut tx = begin(&state, caller.tenant).await?;
    store::delete(&mut tx, viewer(&caller), TicketId(id), expected).await.map_err(problem)?;
    publish(&state, &caller, tx, TicketId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
