//! `/contact-notes`: what colleagues write down about a contact. A note's text is its author's; whether it is pinned is
//! anybody's who writes notes. Of a kind of contact that somebody may not read they see no notes.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use switchroom_api_base::{
    Body, Caller, Created, Errors, Filter, IfMatch, Incoming, Json, Page, Params, Patch, Problem, Validate,
    Versioned, WholeList, state::AppState,
};
use switchroom_core::{
    Permission,
    directory::{ContactKind, ContactRef},
};
use switchroom_store::{
    TenantTx, contact,
    contact_notes::{self as store, Note},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    begin, expected,
    fields::{check_not_null, value},
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_contact_notes, create_contact_note)).routes(routes!(
        get_contact_note,
        update_contact_note,
        delete_contact_note
    ))
}

/// A contact of any kind.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactName {
    /// `individual`, `organization`, `organization_contact`, `email_contact`.
    #[schema(value_type = String, example = "individual")]
    pub kind: ContactKind,
    pub id: Uuid,
}

impl From<ContactRef> for ContactName {
    fn from(contact: ContactRef) -> Self {
        Self { kind: contact.kind, id: contact.id }
    }
}

impl From<ContactName> for ContactRef {
    fn from(contact: ContactName) -> Self {
        Self { kind: contact.kind, id: contact.id }
    }
}

/// A note.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoteView {
    id: Uuid,
    contact: ContactName,
    body: String,
    pinned: bool,
    author: AuthorView,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

/// Who wrote it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuthorView {
    id: Uuid,
    /// Null of somebody who is no member any more.
    name: Option<String>,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        Self {
            id: note.id,
            contact: note.contact.into(),
            body: note.body,
            pinned: note.pinned,
            author: AuthorView { id: note.author.0, name: note.author_name },
            created_at: note.created_at,
            updated_at: note.updated_at,
            version: note.version,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateNote {
    contact: ContactName,
    /// Plain text.
    body: String,
    /// Pinned notes come first.
    #[serde(default)]
    pinned: Option<bool>,
}

impl Validate for CreateNote {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/body", &self.body, 1, 10_000);
    }
}

/// Absent = unchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateNote {
    /// The author's to change.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    body: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pinned: Patch<bool>,
}

impl Validate for UpdateNote {
    fn validate(&self, errors: &mut Errors) {
        check_not_null(errors, "/body", &self.body);
        check_not_null(errors, "/pinned", &self.pinned);
        errors.optional_text("/body", self.body.value().map(String::as_str), 1, 10_000);
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NoteQuery {
    /// `individual`, `organization`, `organization_contact`, `email_contact`.
    #[param(value_type = String)]
    kind: Option<ContactKind>,
    #[param(required = true)]
    contact_id: Option<Uuid>,
}

/// The notes of a contact, pinned ones first, then newest first; at most 500.
#[utoipa::path(get, path = "/api/v1/contact-notes", tag = "directory", params(NoteQuery, WholeList),
    responses((status = 200, description = "The notes", body = Page<NoteView>)))]
async fn list_contact_notes(
    State(state): State<AppState>,
    caller: Caller,
    Filter(query): Filter<NoteQuery>,
    list: WholeList,
) -> Result<Json<Page<NoteView>>, Problem> {
    let kind = query.kind.ok_or_else(|| Problem::bad_parameter("kind", "is required"))?;
    let id = query.contact_id.ok_or_else(|| Problem::bad_parameter("contact_id", "is required"))?;
    caller.require(Permission::to_read(kind))?;
    let contact = ContactRef { kind, id };
    let mut tx = begin(&state, caller.tenant).await?;
    if !contact::exists(&mut tx, contact).await? {
        return Err(Problem::not_found());
    }
    let notes = store::list(&mut tx, contact).await?;
    Ok(Json(list.at_most(notes.into_iter().map(NoteView::from).collect(), store::MOST)))
}

/// Write a note about a contact.
#[utoipa::path(post, path = "/api/v1/contact-notes", tag = "directory", request_body = CreateNote,
    responses((status = 201, description = "The note", body = NoteView)))]
async fn create_contact_note(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<CreateNote>,
) -> Result<Created<NoteView>, Problem> {
    let contact = ContactRef::from(body.contact);
    caller.require(Permission::to_read(contact.kind))?;
    let mut tx = begin(&state, caller.tenant).await?;
    if !contact::exists(&mut tx, contact).await? {
        return Err(Problem::invalid("/contact/id", "names no contact"));
    }
    let pinned = body.pinned.unwrap_or(false);
    let note = store::insert(&mut tx, contact, body.body.trim(), pinned, caller.user_id)
        .await?
        .ok_or_else(Problem::internal)?;
    tx.commit().await?;
    Ok(Created {
        location: format!("/api/v1/contact-notes/{}", note.id),
        version: note.version,
        body: note.into(),
    })
}

/// A note of a contact that the caller may read and that is there.
async fn find(tx: &mut TenantTx, caller: &Caller, id: Uuid) -> Result<Note, Problem> {
    let note = store::get(tx, id).await?.ok_or_else(Problem::not_found)?;
    if !caller.may(Permission::to_read(note.contact.kind)) || !contact::exists(tx, note.contact).await? {
        return Err(Problem::not_found());
    }
    Ok(note)
}

/// Read a note.
#[utoipa::path(get, path = "/api/v1/contact-notes/{id}", tag = "directory", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The note", body = NoteView)))]
async fn get_contact_note(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<NoteView>, Problem> {
    let note = find(&mut begin(&state, caller.tenant).await?, &caller, id).await?;
    Ok(Versioned(note.version, note.into()))
}

fn not_the_author() -> Problem {
    Problem::forbidden().detail("A note is its author's to change.")
}

/// Change a note: its text, if it is one's own; whether it is pinned.
#[utoipa::path(patch, path = "/api/v1/contact-notes/{id}", tag = "directory", params(("id" = Uuid, Path), IfMatch),
    request_body = UpdateNote,
    responses((status = 200, description = "The note as it is now", body = NoteView),
              (status = 403, description = "Somebody else's text")))]
async fn update_contact_note(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<NoteView>, Problem> {
    let current = find(&mut begin(&state, caller.tenant).await?, &caller, id).await?;
    let body: UpdateNote = body.read().await?;
    if !body.body.is_absent() && current.author != caller.user_id {
        return Err(not_the_author());
    }
    let expected = expected(&if_match, current.version)?;
    let text = value(body.body).map(|text| text.trim().to_owned());
    let mut tx = begin(&state, caller.tenant).await?;
    if !store::update(&mut tx, id, text.as_deref(), value(body.pinned), expected).await? {
        return Err(Problem::stale_version());
    }
    let note = store::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    Ok(Versioned(note.version, note.into()))
}

/// Delete a note: one's own, or anybody's for who may delete contacts.
#[utoipa::path(delete, path = "/api/v1/contact-notes/{id}", tag = "directory", params(("id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "Deleted"), (status = 403, description = "Somebody else's")))]
async fn delete_contact_note(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let mut tx = begin(&state, caller.tenant).await?;
    let note = find(&mut tx, &caller, id).await?;
    if note.author != caller.user_id && !caller.may(Permission::ContactNotesDelete) {
        return Err(not_the_author());
    }
    let expected = expected(&if_match, note.version)?;
    if !store::delete(&mut tx, id, expected, caller.user_id).await? {
        return Err(Problem::stale_version());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
