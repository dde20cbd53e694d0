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
    ContactQuery, asked, begin, changed, created, deleted,
    fields::{self, EmailInput, EmailView, PhoneInput, PhoneView, check_not_null, patched, value},
    found, listed, shown,
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
    }
}

/// List organizations, newest first. `q` finds words of name and e-mail.
#[utoipa::path(get, path = "/api/v1/organizations", tag = "directory", params(ListQuery, ContactQuery),
    responses((status = 200, description = "A page of organizations", body = Page<OrganizationView>)))]
async fn list_organizations(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(query): Filter<ContactQuery>,
    RawQuery(raw): RawQuery,
) -> Result<Json<Page<OrganizationView>>, Problem> {
    let filter = query
        .filter(
            &state,
            ContactKind::Organization,
            list.q.clone(),
            &caller,
            raw.as_deref().unwrap_or_default(),
        )
        .await?;
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
    let new = NewOrganization {
        name: body.name.trim().to_owned(),
        email: body.email,
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
        Ok(OrganizationPatch {
            name: value(body.name).map(|name| name.trim().to_owned()),
            email: patched(body.email),
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
