//! `/individuals`: people who call on their own account.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use switchroom_api_base::{
    Body, Caller, Created, Errors, Filter, IfMatch, Incoming, Json, ListQuery, Page, Params, Patch, Problem,
    Validate, Versioned, state::AppState,
};
use switchroom_core::directory::{ContactKind, standing::Standing};
use switchroom_store::{
    contact,
    individuals::{self as store, Individual, IndividualPatch, NewIndividual},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    ContactQuery, PlaceQuery, asked, begin, changed, created, deleted,
    fields::{
        self, EmailInput, EmailView, PhoneInput, PhoneView, PlaceInput, SocialLink, check_not_null, patched,
        value,
    },
    found, listed, shown,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_individuals, create_individual)).routes(routes!(
        get_individual,
        update_individual,
        delete_individual
    ))
}

/// An individual.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndividualView {
    id: Uuid,
    #[schema(example = "Ada Lovelace")]
    full_name: String,
    /// Male, Female, Other; null = unknown.
    gender: Option<String>,
    dob: Option<NaiveDate>,
    phones: Vec<PhoneView>,
    email: Option<String>,
    address: Option<String>,
    city: Option<String>,
    /// State, province, canton.
    state: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "FR")]
    country: Option<String>,
    social_media: Vec<SocialLink>,
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

impl From<Individual> for IndividualView {
    fn from(individual: Individual) -> Self {
        Self {
            id: individual.id,
            full_name: individual.full_name,
            gender: individual.gender,
            dob: individual.dob,
            phones: fields::phone_views(individual.phones),
            email: individual.email,
            address: individual.place.address,
            city: individual.place.city,
            state: individual.place.state,
            country: individual.place.country,
            social_media: individual
                .social_media
                .into_iter()
                .map(|link| SocialLink { platform: link.platform, url: link.url })
                .collect(),
            emails: fields::email_views(individual.common.emails),
            is_active: individual.is_active,
            status: individual.common.standing,
            custom: individual.common.custom,
            provenance: individual.provenance,
            created_at: individual.created_at,
            created_by: individual.created_by.map(|user| user.0),
            updated_at: individual.updated_at,
            updated_by: individual.updated_by.map(|user| user.0),
            version: individual.version,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateIndividual {
    full_name: String,
    #[serde(default)]
    gender: Option<String>,
    #[serde(default)]
    dob: Option<NaiveDate>,
    /// May be empty.
    phones: Vec<PhoneInput>,
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
    #[serde(default)]
    social_media: Option<Vec<SocialLink>>,
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

impl Validate for CreateIndividual {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/full_name", &self.full_name, 1, 200);
        fields::check_gender(errors, "/gender", self.gender.as_deref());
        fields::check_dob(errors, "/dob", self.dob);
        fields::check_email(errors, "/email", self.email.as_deref());
        let place = PlaceInput {
            address: self.address.as_deref(),
            city: self.city.as_deref(),
            state: self.state.as_deref(),
            country: self.country.as_deref(),
        };
        fields::check_place(errors, &place);
        fields::check_links(errors, self.social_media.as_deref().unwrap_or_default());
        fields::check_emails(errors, self.emails.as_deref().unwrap_or_default());
        if self.is_active.is_some() && self.status.is_some() {
            errors.push("/is_active", "is said by status already");
        }
    }
}

/// Absent = unchanged, null = emptied.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateIndividual {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    full_name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    gender: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<NaiveDate>)]
    dob: Patch<NaiveDate>,
    /// Replaces the whole list.
    #[serde(default)]
    #[schema(value_type = Option<Vec<PhoneInput>>)]
    phones: Patch<Vec<PhoneInput>>,
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
    #[schema(value_type = Option<Vec<SocialLink>>)]
    social_media: Patch<Vec<SocialLink>>,
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

impl Validate for UpdateIndividual {
    fn validate(&self, errors: &mut Errors) {
        check_not_null(errors, "/full_name", &self.full_name);
        check_not_null(errors, "/is_active", &self.is_active);
        if let Some(name) = self.full_name.value() {
            errors.text("/full_name", name, 1, 200);
        }
        fields::check_gender(errors, "/gender", self.gender.value().map(String::as_str));
        fields::check_dob(errors, "/dob", self.dob.value().copied());
        fields::check_email(errors, "/email", self.email.value().map(String::as_str));
        let place = PlaceInput {
            address: self.address.value().map(String::as_str),
            city: self.city.value().map(String::as_str),
            state: self.state.value().map(String::as_str),
            country: self.country.value().map(String::as_str),
        };
        fields::check_place(errors, &place);
        fields::check_links(errors, self.social_media.value().map(Vec::as_slice).unwrap_or_default());
        fields::check_emails(errors, self.emails.value().map(Vec::as_slice).unwrap_or_default());
    }
}

/// List individuals, newest first. `q` finds words of name and e-mail.
#[utoipa::path(get, path = "/api/v1/individuals", tag = "directory", params(ListQuery, ContactQuery, PlaceQuery),
    responses((status = 200, description = "A page of individuals", body = Page<IndividualView>)))]
async fn list_individuals(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(query): Filter<ContactQuery>,
    Filter(at): Filter<PlaceQuery>,
    RawQuery(raw): RawQuery,
) -> Result<Json<Page<IndividualView>>, Problem> {
    let mut filter = query
        .filter(&state, ContactKind::Individual, list.q.clone(), &caller, raw.as_deref().unwrap_or_default())
        .await?;
    at.narrow(&mut filter)?;
    listed::<Individual, _>(&state, &caller, &list, &filter).await
}

/// Enter an individual.
#[utoipa::path(post, path = "/api/v1/individuals", tag = "directory", request_body = CreateIndividual,
    responses((status = 201, description = "The individual", body = IndividualView)))]
async fn create_individual(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<CreateIndividual>,
) -> Result<Created<IndividualView>, Problem> {
    let mut tx = begin(&state, caller.tenant).await?;
    let new = NewIndividual {
        full_name: body.full_name.trim().to_owned(),
        gender: body.gender,
        dob: body.dob,
        place: fields::place_in(body.address, body.city, body.state, body.country.as_deref()),
        email: body.email,
        social_media: fields::links_in(body.social_media.unwrap_or_default()),
        phones: fields::phones(&body.phones, caller.region)?,
        is_active: body.is_active.unwrap_or(true),
        emails: fields::emails(body.emails.unwrap_or_default()),
        standing: body.status,
        custom: fields::custom_values(&mut tx, ContactKind::Individual, body.custom.as_ref(), true).await?,
        provenance: "manual",
    };
    let id = store::insert(&mut tx, &new, Some(caller.user_id)).await?;
    created::<Individual, _>(&state, tx, id, "individuals").await
}

/// Read an individual.
#[utoipa::path(get, path = "/api/v1/individuals/{id}", tag = "directory", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The individual", body = IndividualView)))]
async fn get_individual(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<IndividualView>, Problem> {
    shown::<Individual, _>(&state, &caller, id).await
}

/// Change an individual.
#[utoipa::path(patch, path = "/api/v1/individuals/{id}", tag = "directory", params(("id" = Uuid, Path), IfMatch),
    request_body = UpdateIndividual,
    responses((status = 200, description = "The individual as it is now", body = IndividualView)))]
async fn update_individual(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<IndividualView>, Problem> {
    let patch = async {
        let body: UpdateIndividual = body.read().await?;
        Ok(IndividualPatch {
            full_name: value(body.full_name).map(|name| name.trim().to_owned()),
            gender: patched(body.gender),
            dob: match body.dob {
                Patch::Absent => None,
                Patch::Null => Some(None),
                Patch::Value(dob) => Some(Some(dob)),
            },
            place: fields::patched_place(body.address, body.city, body.state, body.country),
            email: patched(body.email),
            social_media: match body.social_media {
                Patch::Absent => None,
                Patch::Null => Some(Vec::new()),
                Patch::Value(links) => Some(fields::links_in(links)),
            },
            phones: fields::patched_phones(body.phones, caller.region)?,
            is_active: value(body.is_active),
            emails: fields::patched_emails(body.emails),
            custom: {
                let mut tx = begin(&state, caller.tenant).await?;
                fields::custom_values(&mut tx, ContactKind::Individual, body.custom.as_ref(), false).await?
            },
        })
    };
    let current = async { Ok(found::<Individual>(&state, &caller, id).await?.version) };
    let (patch, expected) = asked(&if_match, patch, current).await?;
    let mut tx = begin(&state, caller.tenant).await?;
    let outcome = store::update(&mut tx, id, &patch, expected).await?;
    changed(&state, tx, outcome).await
}

/// Delete an individual: it leaves the directory, its tickets and calls stay.
#[utoipa::path(delete, path = "/api/v1/individuals/{id}", tag = "directory", params(("id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "Deleted")))]
async fn delete_individual(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let current = async { Ok(found::<Individual>(&state, &caller, id).await?.version) };
    let ((), expected) = asked(&if_match, async { Ok(()) }, current).await?;
    let mut tx = begin(&state, caller.tenant).await?;
    let outcome = contact::delete::<Individual>(&mut tx, id, expected, caller.user_id).await?;
    deleted(&state, tx, outcome).await
}
