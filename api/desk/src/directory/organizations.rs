//! `/organizations`: companies that call. Their people are `/organizations/{id}/contacts`.

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
use switchroom_store::organizations::{self as store, NewOrganization, Organization, OrganizationPatch};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    ContactQuery, PlaceQuery, TaxIdQuery, asked, begin, changed, created, deleted,
    fields::{
        self, EmailInput, EmailView, PhoneInput, PhoneView, PlaceInput, check_not_null, patched, value,
    },
    found, listed, reading, settings, shown,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_organizations, create_organization)).routes(routes!(
        get_organization,
        update_organization,
        delete_organization
    ))
}

/// A customer company.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationView {
    id: Uuid,
    name: String,
    email: Option<String>,
    /// The number by which the tax office knows it, as they write it.
    #[schema(example = "FR12345678901")]
    tax_id: Option<String>,
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

impl From<Organization> for OrganizationView {
    fn from(organization: Organization) -> Self {
        Self {
            id: organization.id,
            name: organization.name,
            email: organization.email,
            tax_id: organization.tax_id,
            address: organization.place.address,
            city: organization.place.city,
            state: organization.place.state,
            country: organization.place.country,
            phones: fields::phone_views(organization.phones),
            emails: fields::email_views(organization.common.emails),
            is_active: organization.is_active,
            status: organization.common.standing,
            custom: organization.common.custom,
            provenance: organization.provenance,
            created_at: organization.created_at,
            created_by: organization.created_by.map(|user| user.0),
            updated_at: organization.updated_at,
            updated_by: organization.updated_by.map(|user| user.0),
            version: organization.version,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateOrganization {
    name: String,
    #[serde(default)]
    #[schema(example = "office@customer.example")]
    email: Option<String>,
    /// 1 to 64 characters; a tenant may want it of every organization (`/settings/directory`).
    #[serde(default)]
    #[schema(example = "FR12345678901")]
    tax_id: Option<String>,
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

impl Validate for CreateOrganization {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/name", &self.name, 1, 200);
        fields::check_email(errors, "/email", self.email.as_deref());
        fields::check_emails(errors, self.emails.as_deref().unwrap_or_default());
        fields::check_tax_id(errors, self.tax_id.as_deref());
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
pub struct UpdateOrganization {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    tax_id: Patch<String>,
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

impl Validate for UpdateOrganization {
    fn validate(&self, errors: &mut Errors) {
        check_not_null(errors, "/name", &self.name);
        check_not_null(errors, "/is_active", &self.is_active);
        if let Some(name) = self.name.value() {
            errors.text("/name", name, 1, 200);
        }
        fields::check_email(errors, "/email", self.email.value().map(String::as_str));
        fields::check_emails(errors, self.emails.value().map(Vec::as_slice).unwrap_or_default());
        fields::check_tax_id(errors, self.tax_id.value().map(String::as_str));
        let place = PlaceInput {
            address: self.address.value().map(String::as_str),
            city: self.city.value().map(String::as_str),
            state: self.state.value().map(String::as_str),
            country: self.country.value().map(String::as_str),
        };
        fields::check_place(errors, &place);
    }
}

/// List organizations, newest first. `q` finds words of name and e-mail.
#[utoipa::path(get, path = "/api/v1/organizations", tag = "directory", params(ListQuery, ContactQuery, PlaceQuery, TaxIdQuery),
    responses((status = 200, description = "A page of organizations", body = Page<OrganizationView>)))]
async fn list_organizations(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(query): Filter<ContactQuery>,
    Filter(at): Filter<PlaceQuery>,
    Filter(tax_id): Filter<TaxIdQuery>,
    RawQuery(raw): RawQuery,
) -> Result<Json<Page<OrganizationView>>, Problem> {
    let mut filter = query
        .filter(
            &state,
            ContactKind::Organization,
            list.q.clone(),
            &caller,
            raw.as_deref().unwrap_or_default(),
        )
        .await?;
    at.narrow(&mut filter)?;
    tax_id.narrow(&mut filter);
    listed::<Organization, _>(&state, &caller, &list, &filter).await
}

/// Enter an organization.
#[utoipa::path(post, path = "/api/v1/organizations", tag = "directory", request_body = CreateOrganization,
    responses((status = 201, description = "The organization", body = OrganizationView)))]
async fn create_organization(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<CreateOrganization>,
) -> Result<Created<OrganizationView>, Problem> {
    let mut tx = begin(&state, caller.tenant).await?;
    if body.tax_id.is_none() {
        settings::allow_no_tax_id(&mut tx, caller.tenant).await?;
    }
    let new = NewOrganization {
        name: body.name.trim().to_owned(),
        email: body.email,
        tax_id: fields::trimmed(body.tax_id),
        place: fields::place_in(body.address, body.city, body.state, body.country.as_deref()),
        phones: fields::phones(&body.phones, caller.region)?,
        is_active: body.is_active.unwrap_or(true),
        emails: fields::emails(body.emails.unwrap_or_default()),
        standing: body.status,
        custom: fields::custom_values(&mut tx, ContactKind::Organization, body.custom.as_ref(), true).await?,
        provenance: "manual",
    };
    let id = store::insert(&mut tx, &new, Some(caller.user_id)).await?;
    created::<Organization, _>(&state, tx, id, "organizations").await
}

/// Read an organization.
#[utoipa::path(get, path = "/api/v1/organizations/{id}", tag = "directory", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The organization", body = OrganizationView)))]
async fn get_organization(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<OrganizationView>, Problem> {
    shown::<Organization, _>(&state, &caller, id).await
}

/// Change an organization.
#[utoipa::path(patch, path = "/api/v1/organizations/{id}", tag = "directory", params(("id" = Uuid, Path), IfMatch),
    request_body = UpdateOrganization,
    responses((status = 200, description = "The organization as it is now", body = OrganizationView)))]
async fn update_organization(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<OrganizationView>, Problem> {
    let patch = async {
        let body: UpdateOrganization = body.read().await?;
        // What is not there is not taken away: one that came without can still be changed in other ways.
        if matches!(body.tax_id, Patch::Null)
            && found::<Organization>(&state, &caller, id).await?.tax_id.is_some()
        {
            let mut tx = reading(&state, caller.tenant).await?;
            settings::allow_no_tax_id(&mut tx, caller.tenant).await?;
            tx.commit().await?;
        }
        Ok(OrganizationPatch {
            name: value(body.name).map(|name| name.trim().to_owned()),
            email: patched(body.email),
            tax_id: patched(body.tax_id),
            place: fields::patched_place(body.address, body.city, body.state, body.country),
            phones: fields::patched_phones(body.phones, caller.region)?,
            is_active: value(body.is_active),
            emails: fields::patched_emails(body.emails),
            custom: {
                let mut tx = begin(&state, caller.tenant).await?;
                fields::custom_values(&mut tx, ContactKind::Organization, body.custom.as_ref(), false).await?
            },
        })
    };
    let current = async { Ok(found::<Organization>(&state, &caller, id).await?.version) };
    let (patch, expected) = asked(&if_match, patch, current).await?;
    let mut tx = begin(&state, caller.tenant).await?;
    let outcome = store::update(&mut tx, id, &patch, expected).await?;
    changed(&state, tx, outcome).await
}

/// Delete an organization and, with it, its contacts. Tickets and calls stay.
#[utoipa::path(delete, path = "/api/v1/organizations/{id}", tag = "directory", params(("id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "Deleted")))]
async fn delete_organization(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let current = async { Ok(found::<Organization>(&state, &caller, id).await?.version) };
    let ((), expected) = asked(&if_match, async { Ok(()) }, current).await?;
    let mut tx = begin(&state, caller.tenant).await?;
    let outcome = store::delete(&mut tx, id, expected, caller.user_id).await?;
    deleted(&state, tx, outcome).await
}
