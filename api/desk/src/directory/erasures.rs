//! `/contact-erasures`: a person is taken out of everything, and that it was done is written down.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchroom_api_base::{
    Address, Body, Caller, Errors, Json, ListQuery, Page, Problem, Validate, state::AppState,
};
use switchroom_core::{
    Permission,
    directory::{ContactKind, ContactRef},
};
use switchroom_store::{
    audit,
    contact_erasures::{self as store, EraseError, Erasure},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{begin, notes::ContactName, settle};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_contact_erasures, create_contact_erasure))
}

/// That a person was erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasureView {
    id: Uuid,
    contact: ContactName,
    reason: Option<String>,
    erased_at: DateTime<Utc>,
    erased_by: Option<Uuid>,
    /// Tickets that stay without the person.
    tickets: i32,
    /// Calls that stay without the person.
    calls: i32,
}

impl From<Erasure> for ErasureView {
    fn from(erasure: Erasure) -> Self {
        Self {
            id: erasure.id,
            contact: erasure.contact.into(),
            reason: erasure.reason,
            erased_at: erasure.erased_at,
            erased_by: erasure.erased_by.map(|user| user.0),
            tickets: erasure.tickets,
            calls: erasure.calls,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateErasure {
    /// An individual, a contact of an organization, or an e-mail contact.
    contact: ContactName,
    /// Kept for good, so name nobody here: "letter of 2026-11-20", a file number.
    #[serde(default)]
    reason: Option<String>,
}

impl Validate for CreateErasure {
    fn validate(&self, errors: &mut Errors) {
        if self.contact.kind == ContactKind::Organization {
            errors.push("/contact/kind", "an organization is no person; delete it");
        }
        errors.optional_text("/reason", self.reason.as_deref(), 0, 500);
    }
}

fn problem(error: EraseError) -> Problem {
    match error {
        EraseError::Absent => Problem::invalid("/contact/id", "names no such person"),
        EraseError::Erased => Problem::conflict("contact-erased", "The person was erased already."),
        EraseError::Merged(survivor) => Problem::conflict(
            "contact-merged",
            format!("The record is part of {} {} now. Erase that one.", survivor.kind, survivor.id),
        ),
        EraseError::OnCall => Problem::conflict(
            "contact-on-call",
            "A call with the person is going on. Try again when it is over.",
        ),
        EraseError::Store(error) => error.into(),
    }
}

/// A number that nobody has: no country begins with 999 (ITU-T E.164 reserves it). Made anew for each number, so that what
/// was one caller is still one in the figures, and nobody can tell whom.
fn pseudonym() -> String {
    format!("+999{:012}", rand::random::<u64>() % 1_000_000_000_000)
}

/// List erasures, newest first.
#[utoipa::path(get, path = "/api/v1/contact-erasures", tag = "directory", params(ListQuery),
    responses((status = 200, description = "A page of erasures", body = Page<ErasureView>)))]
async fn list_contact_erasures(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
) -> Result<Json<Page<ErasureView>>, Problem> {
    let window = list.window(&[store::BY_ERASED_AT], true)?;
    let mut tx = begin(&state, caller.tenant).await?;
    let slice = store::list(&mut tx, &window).await?;
    Ok(Json(Page::of(&window, slice).map(ErasureView::from)))
}

/// Erase a person, for good. Names, numbers, addresses, notes and values of fields go; tickets and calls stay, with a
/// pseudonym where the person was, so that figures do not change. Records that have become part of this one (merged into it, or
/// an e-mail contact that was promoted) go with it; one that has become part of another is refused, and the other is named.
#[utoipa::path(post, path = "/api/v1/contact-erasures", tag = "directory", request_body = CreateErasure,
    responses((status = 201, description = "The erasure", body = ErasureView),
              (status = 409, description = "Erased already (`contact-erased`), part of another record (`contact-merged`), or on a call (`contact-on-call`)")))]
async fn create_contact_erasure(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Body(body): Body<CreateErasure>,
) -> Result<(StatusCode, Json<ErasureView>), Problem> {
    let contact = ContactRef::from(body.contact);
    caller.require(match contact.kind {
        ContactKind::Individual => Permission::IndividualsDelete,
        ContactKind::EmailContact => Permission::EmailContactsDelete,
        ContactKind::Organization | ContactKind::OrganizationContact => Permission::OrganizationsDelete,
    })?;
    let reason = body.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    // Searches for them that are still on their way into the log are to be found there.
    state.reads.settled().await;
    let mut tx = begin(&state, caller.tenant).await?;
    let id = store::erase(&mut tx, contact, reason, caller.user_id, pseudonym).await.map_err(problem)?;
    let erasure = store::get(&mut tx, id).await?.ok_or_else(Problem::internal)?;
    let (address, subject) = (address.text(), format!("{} {}", contact.kind, contact.id));
    let entry = audit::Entry {
        tenant: Some(caller.tenant),
        actor: Some(caller.user_id),
        action: "contact.erased",
        subject: Some(&subject),
        detail: Some(json!({"erasure_id": id, "tickets": erasure.tickets, "calls": erasure.calls})),
        address: address.as_deref(),
    };
    audit::record(&mut tx, &entry).await?;
    settle(&state, tx).await?;
    Ok((StatusCode::CREATED, Json(erasure.into())))
}
