//! `/organizations/{id}/contacts`: the people of a customer company.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use switchroom_api_base::{
    Caller, Created, Errors, Filter, IfMatch, Incoming, Json, ListQuery, Page, Params, Patch, Problem,
    Validate, Versioned, state::AppState,
};
use switchroom_core::directory::{ContactKind, standing::Standing};
use switchroom_store::{
    contact,
    organization_contacts::{
        self as store, NewOrganizationContact, OrganizationContact, OrganizationContactPatch,
    },
    organizations,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    ContactQuery, PlaceQuery, asked, begin, changed, created, deleted,
    fields::{
        self, EmailInput, EmailView, PhoneInput, PhoneView, PlaceInput, check_not_null, patched, value,
    },
    page, place, reading, window,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_organization_contacts, create_organization_contact))
        .routes(routes!(get_organization_contact, update_organization_contact, delete_organization_contact))
}

/// A person of a customer company.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationContactView {
    id: Uuid,
    organization_id: Uuid,
    #[schema(example = "Grace Hopper")]
    full_name: String,
    /// Male, Female, Other; null = unknown.
    gender: Option<String>,
    email: Option<String>,
    address: Option<String>,
    city: Option<String>,
    /// State, province, canton.
    state: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "FR")]
    country: Option<String>,
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
    /// `manual`, `auto_ticket` (entered by a ticket, to be reviewed), `mail`, `import`.
    provenance: String,
    created_at: DateTime<Utc>,
    /// Null where the program did it by itself.
    created_by: Option<Uuid>,
    updated_at: DateTime<Utc>,
    /// Who of the people changed it last.
    updated_by: Option<Uuid>,
    version: i64,
}

impl From<OrganizationContact> for OrganizationContactView {
    fn from(contact: OrganizationContact) -> Self {
        Self {
            id: contact.id,
            organization_id: contact.organization_id,
            full_name: contact.full_name,
            gender: contact.gender,
            email: contact.email,
            address: contact.place.address,
            city: contact.place.city,
            state: contact.place.state,
            country: contact.place.country,
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
pub struct CreateOrganizationContact {
    full_name: String,
    #[serde(default)]
    gender: Option<String>,
    #[serde(default)]
    email: Option<String>,
    /// At most 1,000 characters, of several lines.
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    #[schema(example = "Lyon")]
    city: Option<String>,
    /// State, province, canton.
    #[serde(default)]
    state: Option<String>,
    /// ISO 3166-1 alpha-2, in any case.
    #[serde(default)]
    #[schema(example = "FR")]
    country: Option<String>,
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

impl Validate for CreateOrganizationContact {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/full_name", &self.full_name, 1, 200);
        fields::check_gender(errors, "/gender", self.gender.as_deref());
        fields::check_email(errors, "/email", self.email.as_deref());
        fields::check_emails(errors, self.emails.as_deref().unwrap_or_default());
        let place = PlaceInput {
            address: self.address.as_deref(),
            city: self.city.as_deref(),
            state: self.state.as_deref(),
            country: self.country.as_deref(),
        };
        fields::check_place(errors, &place);
        if self.is_active.is_some() && self.status.is_some() {
            errors.push("/is_active", "is said by status already");
        }
    }
}

/// Absent = unchanged, null = emptied.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateOrganizationContact {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    full_name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    gender: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    address: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    city: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    state: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    country: Patch<String>,
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

impl Validate for UpdateOrganizationContact {
    fn validate(&self, errors: &mut Errors) {
        check_not_null(errors, "/full_name", &self.full_name);
        check_not_null(errors, "/is_active", &self.is_active);
        if let Some(name) = self.full_name.value() {
            errors.text("/full_name", name, 1, 200);
        }
        fields::check_gender(errors, "/gender", self.gender.value().map(String::as_str));
        fields::check_email(errors, "/email", self.email.value().map(String::as_str));
        fields::check_emails(errors, self.emails.value().map(Vec::as_slice).unwrap_or_default());
        let place = PlaceInput {
            address: self.address.value().map(String::as_str),
            city: self.city.value().map(String::as_str),
            state: self.state.value().map(String::as_str),
            country: self.country.value().map(String::as_str),
        };
        fields::check_place(errors, &place);
    }
}

/// List the contacts of an organization, newest first.
#[utoipa::path(get, path = "/api/v1/organizations/{id}/contacts", tag = "directory",
    params(("id" = Uuid, Path), ListQuery, ContactQuery, PlaceQuery),
    responses((status = 200, description = "A page of contacts", body = Page<OrganizationContactView>)))]
async fn list_organization_contacts(
    State(state): State<AppState>,
    caller: Caller,
    Params(organization): Params<Uuid>,
    list: ListQuery,
    Filter(query): Filter<ContactQuery>,
    Filter(at): Filter<PlaceQuery>,
    RawQuery(raw): RawQuery,
) -> Result<Json<Page<OrganizationContactView>>, Problem> {
    let (window, field) = window(&list)?;
    let mut filter = query
        .filter(
            &state,
            ContactKind::OrganizationContact,
            list.q.clone(),
            &caller,
            raw.as_deref().unwrap_or_default(),
        )
        .await?;
    at.narrow(&mut filter)?;
    filter.organizations = vec![organization];
    let mut tx = reading(&state, caller.tenant).await?;
    let slice = contact::list::<OrganizationContact>(&mut tx, &filter, &window).await?;
    // A deleted organization took its contacts along, so who has some is there.
    if slice.items.is_empty() && !organizations::exists(&mut tx, organization).await? {
        return Err(Problem::not_found());
    }
    tx.commit().await?;
    Ok(Json(page(slice, &place(field, window.descending), OrganizationContactView::from)))
}

/// Enter a contact of an organization.
#[utoipa::path(post, path = "/api/v1/organizations/{id}/contacts", tag = "directory", params(("id" = Uuid, Path)),
    request_body = CreateOrganizationContact,
    responses((status = 201, description = "The contact", body = OrganizationContactView)))]
async fn create_organization_contact(
    State(state): State<AppState>,
    caller: Caller,
    Params(organization): Params<Uuid>,
    body: Incoming,
) -> Result<Created<OrganizationContactView>, Problem> {
    let mut tx = begin(&state, caller.tenant).await?;
    let exists = organizations::exists(&mut tx, organization).await?;
    // No transaction stays open while a client takes its time to send a body.
    drop(tx);
    if !exists {
        return Err(Problem::not_found());
    }
    let body: CreateOrganizationContact = body.read().await?;
    let mut tx = begin(&state, caller.tenant).await?;
    let new = NewOrganizationContact {
        full_name: body.full_name.trim().to_owned(),
        gender: body.gender,
        email: body.email,
        place: fields::place_in(body.address, body.city, body.state, body.country.as_deref()),
        phones: fields::phones(&body.phones, caller.region)?,
        is_active: body.is_active.unwrap_or(true),
        emails: fields::emails(body.emails.unwrap_or_default()),
        standing: body.status,
        custom: fields::custom_values(&mut tx, ContactKind::OrganizationContact, body.custom.as_ref(), true)
            .await?,
        provenance: "manual",
    };
    let id = store::insert(&mut tx, organization, &new, Some(caller.user_id))
        .await?
        .ok_or_else(Problem::not_found)?;
    created::<OrganizationContact, _>(&state, tx, id, &format!("organizations/{organization}/contacts")).await
}

async fn find(
    state: &AppState,
    caller: &Caller,
    (organization, id): (Uuid, Uuid),
) -> Result<OrganizationContact, Problem> {
    let mut tx = reading(state, caller.tenant).await?;
    let contact = store::get(&mut tx, organization, id).await?;
    tx.commit().await?;
    contact.ok_or_else(Problem::not_found)
}

/// Read a contact of an organization.
#[utoipa::path(get, path = "/api/v1/organizations/{id}/contacts/{contact_id}", tag = "directory",
    params(("id" = Uuid, Path), ("contact_id" = Uuid, Path)),
    responses((status = 200, description = "The contact", body = OrganizationContactView)))]
async fn get_organization_contact(
    State(state): State<AppState>,
    caller: Caller,
    Params(ids): Params<(Uuid, Uuid)>,
) -> Result<Versioned<OrganizationContactView>, Problem> {
    let contact = find(&state, &caller, ids).await?;
    Ok(Versioned(contact.version, contact.into()))
}

/// Change a contact of an organization.
#[utoipa::path(patch, path = "/api/v1/organizations/{id}/contacts/{contact_id}", tag = "directory",
    params(("id" = Uuid, Path), ("contact_id" = Uuid, Path), IfMatch), request_body = UpdateOrganizationContact,
    responses((status = 200, description = "The contact as it is now", body = OrganizationContactView)))]
async fn update_organization_contact(
    State(state): State<AppState>,
    caller: Caller,
    Params(ids): Params<(Uuid, Uuid)>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<OrganizationContactView>, Problem> {
    let patch = async {
        let body: UpdateOrganizationContact = body.read().await?;
        Ok(OrganizationContactPatch {
            full_name: value(body.full_name).map(|name| name.trim().to_owned()),
            gender: patched(body.gender),
            email: patched(body.email),
            place: fields::patched_place(body.address, body.city, body.state, body.country),
            phones: fields::patched_phones(body.phones, caller.region)?,
            is_active: value(body.is_active),
            emails: fields::patched_emails(body.emails),
            custom: {
                let mut tx = begin(&state, caller.tenant).await?;
                fields::custom_values(&mut tx, ContactKind::OrganizationContact, body.custom.as_ref(), false)
                    .await?
            },
        })
    };
    let current = async { Ok(find(&state, &caller, ids).await?.version) };
    let (patch, expected) = asked(&if_match, patch, current).await?;
    let mut tx = begin(&state, caller.tenant).await?;
    let outcome = store::update(&mut tx, ids.0, ids.1, &patch, expected).await?;
    changed(&state, tx, outcome).await
}

/// Delete a contact of an organization.
#[utoipa::path(delete, path = "/api/v1/organizations/{id}/contacts/{contact_id}", tag = "directory",
    params(("id" = Uuid, Path), ("contact_id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "Deleted")))]
async fn delete_organization_contact(
    State(state): State<AppState>,
    caller: Caller,
    Params(ids): Params<(Uuid, Uuid)>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let current = async { Ok(find(&state, &caller, ids).await?.version) };
    let ((), expected) = asked(&if_match, async { Ok(()) }, current).await?;
    let mut tx = begin(&state, caller.tenant).await?;
    let outcome = store::delete(&mut tx, ids.0, ids.1, expected, caller.user_id).await?;
    deleted(&state, tx, outcome).await
}
