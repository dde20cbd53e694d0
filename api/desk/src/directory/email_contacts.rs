//! `/email-contacts`: people known only from mail. A ticket from a call may promote one.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use switchroom_api_base::{
    Body, Caller, Created, Errors, Filter, IfMatch, Incoming, Json, ListQuery, Page, Params, Patch, Problem,
    Validate, Versioned, state::AppState,
};
use switchroom_core::directory::{ContactKind, standing::Standing};
use switchroom_store::{
    contact,
    email_contacts::{self as store, EmailContact, EmailContactPatch, NewEmailContact},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    ContactQuery, asked, begin, changed, created, deleted,
    fields::{self, EmailInput, EmailView, PhoneInput, PhoneView, check_not_null, value},
    found, listed, shown,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_email_contacts, create_email_contact)).routes(routes!(
        get_email_contact,
        update_email_contact,
        delete_email_contact
    ))
}

/// Somebody known from mail.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmailContactView {
    id: Uuid,
    name: String,
    email: String,
    phones: Vec<PhoneView>,
    /// All addresses; the primary one is `email` too.
    emails: Vec<EmailView>,
    /// Not suspended and not inactive; pops of the others are flagged.
    is_active: bool,
    /// `pending`, `active`, `suspended`, `inactive`.
    #[schema(value_type = String, example = "active")]
    status: Standing,
    /// Values of the tenant's own fields (`/contact-fields`).
    #[schema(value_type = Object)]
    custom: Map<String, Value>,
    /// `manual`, `mail`, `import`.
    provenance: String,
    created_at: DateTime<Utc>,
    /// Null where the program did it by itself.
    created_by: Option<Uuid>,
    updated_at: DateTime<Utc>,
    /// Who of the people changed it last.
    updated_by: Option<Uuid>,
    version: i64,
}

impl From<EmailContact> for EmailContactView {
    fn from(contact: EmailContact) -> Self {
        Self {
            id: contact.id,
            name: contact.name,
            email: contact.email,
            phones: fields::phone_views(contact.phones),
            emails: fields::email_views(contact.common.emails),
            is_active: contact.is_active,
            status: contact.common.standing,
            custom: contact.common.custom,
            provenance: contact.provenance,
            created_at: contact.created_at,
            created_by: contact.created_by.map(|user| user.0),
            updated_at: contact.updated_at,
            updated_by: contact.updated_by.map(|user| user.0),
            version: contact.version,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateEmailContact {
    name: String,
    #[schema(example = "ada@customer.example")]
    email: String,
    /// May be empty.
    phones: Vec<PhoneInput>,
    /// All addresses, or those beside `email`.
    #[serde(default)]
    emails: Option<Vec<EmailInput>>,
    #[serde(default)]
    is_active: Option<bool>,
    /// Where it begins, instead of `is_active`; moved by `POST …/status` later.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "pending")]
    status: Option<Standing>,
    /// Values of the tenant's own fields.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    custom: Option<Map<String, Value>>,
}

impl Validate for CreateEmailContact {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/name", &self.name, 1, 200);
        fields::check_email(errors, "/email", Some(&self.email));
        fields::check_emails(errors, self.emails.as_deref().unwrap_or_default());
        if self.is_active.is_some() && self.status.is_some() {
            errors.push("/is_active", "is said by status already");
        }
    }
}

/// Absent = unchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateEmailContact {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email: Patch<String>,
    /// Replaces the whole list.
    #[serde(default)]
    #[schema(value_type = Option<Vec<PhoneInput>>)]
    phones: Patch<Vec<PhoneInput>>,
    /// Replaces the whole list.
    #[serde(default)]
    #[schema(value_type = Option<Vec<EmailInput>>)]
    emails: Patch<Vec<EmailInput>>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_active: Patch<bool>,
    /// Merged into what is there; null takes a value away.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    custom: Option<Map<String, Value>>,
}

impl Validate for UpdateEmailContact {
    fn validate(&self, errors: &mut Errors) {
        check_not_null(errors, "/name", &self.name);
        check_not_null(errors, "/email", &self.email);
        check_not_null(errors, "/is_active", &self.is_active);
        if let Some(name) = self.name.value() {
            errors.text("/name", name, 1, 200);
        }
        fields::check_email(errors, "/email", self.email.value().map(String::as_str));
        fields::check_emails(errors, self.emails.value().map(Vec::as_slice).unwrap_or_default());
        let none = match &self.emails {
            Patch::Absent => false,
            Patch::Null => true,
            Patch::Value(emails) => emails.is_empty(),
        };
        if none && self.email.value().is_none() {
            errors.push("/emails", "an e-mail contact has at least one address");
        }
    }
}

/// List e-mail contacts, newest first. `q` finds words of name and e-mail.
#[utoipa::path(get, path = "/api/v1/email-contacts", tag = "directory", params(ListQuery, ContactQuery),
    responses((status = 200, description = "A page of e-mail contacts", body = Page<EmailContactView>)))]
async fn list_email_contacts(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(query): Filter<ContactQuery>,
    RawQuery(raw): RawQuery,
) -> Result<Json<Page<EmailContactView>>, Problem> {
    let filter = query
        .filter(
            &state,
            ContactKind::EmailContact,
            list.q.clone(),
            &caller,
            raw.as_deref().unwrap_or_default(),
        )
        .await?;
    listed::<EmailContact, _>(&state, &caller, &list, &filter).await
}

/// Enter an e-mail contact.
#[utoipa::path(post, path = "/api/v1/email-contacts", tag = "directory", request_body = CreateEmailContact,
    responses((status = 201, description = "The e-mail contact", body = EmailContactView)))]
async fn create_email_contact(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<CreateEmailContact>,
) -> Result<Created<EmailContactView>, Problem> {
    let mut tx = begin(&state, caller.tenant).await?;
    let new = NewEmailContact {
        name: body.name.trim().to_owned(),
        email: body.email,
        phones: fields::phones(&body.phones, caller.region)?,
        is_active: body.is_active.unwrap_or(true),
        emails: fields::emails(body.emails.unwrap_or_default()),
        standing: body.status,
        custom: fields::custom_values(&mut tx, ContactKind::EmailContact, body.custom.as_ref(), true).await?,
        provenance: "manual",
    };
    let id = store::insert(&mut tx, &new, Some(caller.user_id)).await?;
    created::<EmailContact, _>(&state, tx, id, "email-contacts").await
}

/// Read an e-mail contact.
#[utoipa::path(get, path = "/api/v1/email-contacts/{id}", tag = "directory", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The e-mail contact", body = EmailContactView)))]
async fn get_email_contact(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<EmailContactView>, Problem> {
    shown::<EmailContact, _>(&state, &caller, id).await
}

/// Change an e-mail contact.
#[utoipa::path(patch, path = "/api/v1/email-contacts/{id}", tag = "directory", params(("id" = Uuid, Path), IfMatch),
    request_body = UpdateEmailContact,
    responses((status = 200, description = "The e-mail contact as it is now", body = EmailContactView)))]
async fn update_email_contact(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<EmailContactView>, Problem> {
    let patch = async {
        let body: UpdateEmailContact = body.read().await?;
        Ok(EmailContactPatch {
            name: value(body.name).map(|name| name.trim().to_owned()),
            email: value(body.email),
            phones: fields::patched_phones(body.phones, caller.region)?,
            is_active: value(body.is_active),
            emails: fields::patched_emails(body.emails),
            custom: {
                let mut tx = begin(&state, caller.tenant).await?;
                fields::custom_values(&mut tx, ContactKind::EmailContact, body.custom.as_ref(), false).await?
            },
        })
    };
    let current = async { Ok(found::<EmailContact>(&state, &caller, id).await?.version) };
    let (patch, expected) = asked(&if_match, patch, current).await?;
    let mut tx = begin(&state, caller.tenant).await?;
    let outcome = store::update(&mut tx, id, &patch, expected).await?;
    changed(&state, tx, outcome).await
}

/// Delete an e-mail contact.
#[utoipa::path(delete, path = "/api/v1/email-contacts/{id}", tag = "directory", params(("id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "Deleted")))]
async fn delete_email_contact(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let current = async { Ok(found::<EmailContact>(&state, &caller, id).await?.version) };
    let ((), expected) = asked(&if_match, async { Ok(()) }, current).await?;
    let mut tx = begin(&state, caller.tenant).await?;
    let outcome = contact::delete::<EmailContact>(&mut tx, id, expected, caller.user_id).await?;
    deleted(&state, tx, outcome).await
}
