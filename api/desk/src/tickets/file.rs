//! Filing a ticket: the form of the pop, or a client's request.

use axum::{Extension, extract::State};
use serde::Deserialize;
use serde_json::Value;
use switchroom_api_base::{
    Body, Caller, Created, Errors, Problem, Validate, idempotency::Keyed, state::AppState,
};
use switchroom_core::{CallId, directory::CustomerType, ticket::lifecycle::Filer};
use switchroom_store::tickets::{self as store, FileError, NewTicket, Sight, Ticket, Viewer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{TicketView, as_filed, check_priority, find, publish, refuse_commands, viewer};
use crate::directory::{
    begin,
    fields::{self, trimmed},
};

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

/// File a ticket. In the same transaction an unknown caller is entered into the directory.
#[utoipa::path(post, path = "/api/v1/tickets", tag = "tickets", request_body = FileTicket,
    responses((status = 201, description = "The ticket", body = TicketView),
              (status = 503, description = "The call was not durable within 5 s; see Retry-After")))]
pub(super) async fn file_ticket(
    State(state): State<AppState>,
    caller: Caller,
    keyed: Option<Extension<Keyed>>,
    Body(body): Body<FileTicket>,
) -> Result<Created<TicketView>, Problem> {
    let viewer = viewer(&caller);
    if let Some(made) = keyed.as_ref().and_then(|keyed| keyed.made()) {
        return Ok(created(find(&state, &caller, made).await?, viewer));
    }
    let by_client = viewer.sight == Sight::Own;
    // A client sees neither calls nor organizations, so to them any such id names nothing.
    if by_client && body.call_id.is_some() {
        return Err(Problem::invalid("/call_id", "names no call"));
    }
    if by_client && body.organization_id.is_some() {
        return Err(Problem::invalid("/organization_id", "names no organization"));
    }
    let call = body.call_id.map(CallId);
    if let Some(call) = call {
        state.wait_durable(call).await?;
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
    let ticket = filed.ticket;
    if let Some(keyed) = &keyed {
        keyed.made_now(&mut tx, ticket.id.0).await?;
    }
    publish(&state, &caller, tx, ticket.id).await?;
    Ok(created(ticket, viewer))
}

fn created(ticket: Ticket, viewer: Viewer) -> Created<TicketView> {
    Created {
        location: format!("/api/v1/tickets/{}", ticket.id),
        version: ticket.version,
        body: TicketView::of(ticket, viewer),
    }
}
