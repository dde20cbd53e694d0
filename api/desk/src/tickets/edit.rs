//! Editing what a ticket says, and deleting it.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::Value;
use switchroom_api_base::{
    Caller, Errors, IfMatch, Incoming, Params, Patch, Problem, Validate, Versioned, state::AppState,
};
use switchroom_core::{TicketId, directory::CustomerType};
use switchroom_store::tickets::{self as store, TicketPatch};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{TicketView, as_filed, check_priority, find, problem, publish, refuse_commands, viewer};
use crate::directory::{
    asked, begin,
    fields::{self, patched, value},
};

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

impl EditTicket {
    fn patch(self, caller: &Caller) -> TicketPatch {
        TicketPatch {
            title: value(self.title).or(value(self.subject)).map(|title| title.trim().to_owned()),
            description: patched(self.description),
            priority: value(self.priority),
            phone_number: patched(self.phone_number).map(|number| as_filed(number, caller)),
            customer_type: match self.customer_type {
                Patch::Absent => None,
                Patch::Null => Some(None),
                Patch::Value(kind) => Some(Some(kind.name().to_owned())),
            },
            customer_name: patched(self.customer_name),
            customer_gender: patched(self.customer_gender),
            contact_person: patched(self.contact_person),
            customer_email: patched(self.customer_email),
            organization: match self.organization_id {
                Patch::Absent => None,
                Patch::Null => Some(None),
                Patch::Value(id) => Some(Some(id)),
            },
        }
    }
}

/// Edit a ticket.
#[utoipa::path(patch, path = "/api/v1/tickets/{id}", tag = "tickets", params(("id" = Uuid, Path), IfMatch),
    request_body = EditTicket, responses((status = 200, description = "The ticket as it is now", body = TicketView)))]
pub(super) async fn edit_ticket(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<TicketView>, Problem> {
    let patch = async {
        let body: EditTicket = body.read().await?;
        Ok(body.patch(&caller))
    };
    let current = async { Ok(find(&state, &caller, id).await?.version) };
    let (patch, expected) = asked(&if_match, patch, current).await?;
    let viewer = viewer(&caller);
    let mut tx = begin(&state, caller.tenant).await?;
    let ticket = store::edit(&mut tx, viewer, TicketId(id), &patch, expected).await.map_err(problem)?;
    publish(&state, &caller, tx, ticket.id).await?;
    Ok(Versioned(ticket.version, TicketView::of(ticket, viewer)))
}

/// Delete a ticket. It is kept, and shown to nobody.
#[utoipa::path(delete, path = "/api/v1/tickets/{id}", tag = "tickets", params(("id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "Deleted")))]
pub(super) async fn delete_ticket(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let current = async { Ok(find(&state, &caller, id).await?.version) };
    let ((), expected) = asked(&if_match, async { Ok(()) }, current).await?;
    let mut tx = begin(&state, caller.tenant).await?;
    store::delete(&mut tx, viewer(&caller), TicketId(id), expected).await.map_err(problem)?;
    publish(&state, &caller, tx, TicketId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
