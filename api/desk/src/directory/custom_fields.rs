//! `/contact-fields`: fields of the tenant's own, of each kind of contact.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use switchroom_api_base::{
    Body, Caller, Created, Errors, Filter, IfMatch, Incoming, Json, Page, Params, Patch, Problem, Validate,
    Versioned, WholeList, state::AppState,
};
use switchroom_core::directory::{
    ContactKind,
    custom::{Field, FieldType},
};
use switchroom_store::{
    Changed,
    contact_fields::{self as store, FieldDefinition, FieldError, FieldPatch, NewField},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    asked, begin,
    fields::{check_not_null, value},
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_contact_fields, create_contact_field)).routes(routes!(
        get_contact_field,
        update_contact_field,
        delete_contact_field
    ))
}

/// A field of the tenant's own.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactFieldView {
    id: Uuid,
    /// Which kind of contact has it: `individual`, `organization`, `organization_contact`, `email_contact`.
    #[schema(value_type = String, example = "individual")]
    kind: ContactKind,
    /// The name in `custom`.
    #[schema(example = "customer_no")]
    key: String,
    #[schema(example = "Customer number")]
    label: String,
    /// `text`, `number`, `date`, `boolean`, `choice`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "text")]
    kind_of_value: FieldType,
    /// Of a choice: what may be chosen.
    choices: Vec<String>,
    required: bool,
    /// Fields are shown in this order.
    position: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl From<FieldDefinition> for ContactFieldView {
    fn from(definition: FieldDefinition) -> Self {
        Self {
            id: definition.id,
            kind: definition.of,
            key: definition.field.key,
            label: definition.label,
            kind_of_value: definition.field.kind,
            choices: definition.field.choices,
            required: definition.field.required,
            position: definition.position,
            created_at: definition.created_at,
            updated_at: definition.updated_at,
            version: definition.version,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateContactField {
    /// `individual`, `organization`, `organization_contact`, `email_contact`.
    #[schema(value_type = String, example = "individual")]
    kind: ContactKind,
    /// A small letter, then small letters, digits and `_`; at most 40.
    #[schema(example = "customer_no")]
    key: String,
    #[schema(example = "Customer number")]
    label: String,
    /// `text`, `number`, `date`, `boolean`, `choice`; it never changes.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "text")]
    kind_of_value: FieldType,
    #[serde(default)]
    choices: Option<Vec<String>>,
    #[serde(default)]
    required: Option<bool>,
    #[serde(default)]
    position: Option<i32>,
}

impl Validate for CreateContactField {
    fn validate(&self, errors: &mut Errors) {
        let mut letters = self.key.bytes();
        let fine = letters.next().is_some_and(|b| b.is_ascii_lowercase())
            && letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !fine || self.key.len() > 40 {
            errors.push(
                "/key",
                "must be a small letter, then small letters, digits and _, at most 40 together",
            );
        }
        errors.text("/label", &self.label, 1, 100);
        let choices = self.choices.as_deref().unwrap_or_default();
        if self.kind_of_value == FieldType::Choice {
            check_choices(errors, choices);
        } else if !choices.is_empty() {
            errors.push("/choices", "only a choice has choices");
        }
    }
}

fn check_choices(errors: &mut Errors, choices: &[String]) {
    if choices.is_empty() || choices.len() > 200 {
        errors.push("/choices", "must have 1 to 200 choices");
    }
    for (index, choice) in choices.iter().enumerate().take(200) {
        errors.text(&format!("/choices/{index}"), choice, 1, 100);
        if choices[..index].iter().any(|other| other.to_lowercase() == choice.to_lowercase()) {
            errors.push(format!("/choices/{index}"), "is there twice");
        }
    }
}

/// Absent = unchanged. Key, kind and type never change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateContactField {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    label: Patch<String>,
    /// Replaces the whole list. What contacts have chosen stays, also when it can be chosen no more.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    choices: Patch<Vec<String>>,
    /// Of contacts that are entered or changed from now on.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    required: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    position: Patch<i32>,
}

impl Validate for UpdateContactField {
    fn validate(&self, errors: &mut Errors) {
        check_not_null(errors, "/label", &self.label);
        check_not_null(errors, "/choices", &self.choices);
        check_not_null(errors, "/required", &self.required);
        check_not_null(errors, "/position", &self.position);
        errors.optional_text("/label", self.label.value().map(String::as_str), 1, 100);
        if let Some(choices) = self.choices.value() {
            check_choices(errors, choices);
        }
    }
}

fn problem(error: FieldError) -> Problem {
    match error {
        FieldError::Taken => {
            Problem::conflict("field-exists", "This kind of contact has a field of that key.")
        }
        FieldError::OtherType => Problem::conflict(
            "field-type",
            "A field of that key was of another type, and contacts may still have its values. Take another key.",
        ),
        FieldError::TooMany => Problem::conflict(
            "too-many-fields",
            format!("A kind of contact has at most {} fields.", store::MOST),
        ),
        FieldError::Store(error) => error.into(),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FieldQuery {
    /// `individual`, `organization`, `organization_contact`, `email_contact`.
    #[param(value_type = Option<String>)]
    kind: Option<ContactKind>,
}

/// List the tenant's own fields of contacts, in the order they are shown.
#[utoipa::path(get, path = "/api/v1/contact-fields", tag = "directory", params(FieldQuery, WholeList),
    responses((status = 200, description = "All of them", body = Page<ContactFieldView>)))]
async fn list_contact_fields(
    State(state): State<AppState>,
    caller: Caller,
    Filter(query): Filter<FieldQuery>,
    list: WholeList,
) -> Result<Json<Page<ContactFieldView>>, Problem> {
    let mut tx = begin(&state, caller.tenant).await?;
    let fields = store::list(&mut tx, query.kind).await?;
    Ok(Json(list.page(fields.into_iter().map(ContactFieldView::from).collect())))
}

/// Make a field. One that was removed comes back with its values.
#[utoipa::path(post, path = "/api/v1/contact-fields", tag = "directory", request_body = CreateContactField,
    responses((status = 201, description = "The field", body = ContactFieldView),
              (status = 409, description = "The key is taken (`field-exists`), or was of another type (`field-type`)")))]
async fn create_contact_field(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<CreateContactField>,
) -> Result<Created<ContactFieldView>, Problem> {
    let new = NewField {
        of: body.kind,
        field: Field {
            key: body.key,
            kind: body.kind_of_value,
            choices: body.choices.unwrap_or_default(),
            required: body.required.unwrap_or(false),
        },
        label: body.label.trim().to_owned(),
        position: body.position.unwrap_or(0),
    };
    let mut tx = begin(&state, caller.tenant).await?;
    let definition = store::insert(&mut tx, &new, caller.user_id).await.map_err(problem)?;
    tx.commit().await?;
    Ok(Created {
        location: format!("/api/v1/contact-fields/{}", definition.id),
        version: definition.version,
        body: definition.into(),
    })
}

async fn find(state: &AppState, caller: &Caller, id: Uuid) -> Result<FieldDefinition, Problem> {
    store::get(&mut begin(state, caller.tenant).await?, id).await?.ok_or_else(Problem::not_found)
}

/// Read a field.
#[utoipa::path(get, path = "/api/v1/contact-fields/{id}", tag = "directory", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The field", body = ContactFieldView)))]
async fn get_contact_field(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<ContactFieldView>, Problem> {
    let definition = find(&state, &caller, id).await?;
    Ok(Versioned(definition.version, definition.into()))
}

/// Change a field.
#[utoipa::path(patch, path = "/api/v1/contact-fields/{id}", tag = "directory", params(("id" = Uuid, Path), IfMatch),
    request_body = UpdateContactField,
    responses((status = 200, description = "The field as it is now", body = ContactFieldView)))]
async fn update_contact_field(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<ContactFieldView>, Problem> {
    let current = find(&state, &caller, id).await?;
    let patch = async {
        let body: UpdateContactField = body.read().await?;
        if current.field.kind != FieldType::Choice && !body.choices.is_absent() {
            return Err(Problem::invalid("/choices", "only a choice has choices"));
        }
        Ok(FieldPatch {
            label: value(body.label).map(|label| label.trim().to_owned()),
            choices: value(body.choices),
            required: value(body.required),
            position: value(body.position),
        })
    };
    let (patch, expected) = asked(&if_match, patch, async { Ok(current.version) }).await?;
    let mut tx = begin(&state, caller.tenant).await?;
    match store::update(&mut tx, id, &patch, expected).await? {
        Changed::Done(definition) => {
            tx.commit().await?;
            Ok(Versioned(definition.version, definition.into()))
        }
        Changed::Absent => Err(Problem::not_found()),
        Changed::Stale => Err(Problem::stale_version()),
    }
}

/// Remove a field. Values that contacts have of it stay in `custom` until they are set to null.
#[utoipa::path(delete, path = "/api/v1/contact-fields/{id}", tag = "directory", params(("id" = Uuid, Path), IfMatch),
    responses((status = 204, description = "Removed")))]
async fn delete_contact_field(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let current = async { Ok(find(&state, &caller, id).await?.version) };
    let ((), expected) = asked(&if_match, async { Ok(()) }, current).await?;
    let mut tx = begin(&state, caller.tenant).await?;
    match store::delete(&mut tx, id, expected).await? {
        Changed::Done(()) => {
            tx.commit().await?;
            Ok(StatusCode::NO_CONTENT)
        }
        Changed::Absent => Err(Problem::not_found()),
        Changed::Stale => Err(Problem::stale_version()),
    }
}
