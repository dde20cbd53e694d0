//! `/contact-imports`: files of contacts. A file is sent, looked at (which columns hold what, how the first rows are read),
//! and run with the mapping that was found good.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use switchroom_api_base::{
    Address, Caller, Created, Errors, Filter, Incoming, Json, ListQuery, Page, Params, Problem, Validate,
    Versioned, state::AppState,
};
use switchroom_core::{
    Grants, Permission, TenantId, UserId,
    csv_rows::Rows,
    directory::{
        ContactKind,
        import::{Columns, OwnFields, RowError},
        standing::Standing,
    },
    number::Region,
};
use switchroom_store::{
    StoreError, audit, contact_fields, directory_settings,
    import::{Import, Numbered},
    imports::{self as store, ImportState},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Holder, ImportView, UploadQuery,
    job::{self, Reading, Refused},
    running,
};

/// Rows that a preview shows, and rows it looks at for what would be refused.
const SHOWN: usize = 20;
const LOOKED_AT: usize = 1_000;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_contact_imports, create_contact_import))
        .routes(routes!(get_contact_import, delete_contact_import))
        .routes(routes!(preview_contact_import))
        .routes(routes!(run_contact_import))
        .routes(routes!(list_contact_rejects))
}

fn holder(caller: &Caller) -> Holder {
    Holder(Some(caller.tenant))
}

/// What making a contact of a kind needs, from a file as elsewhere. An organization's contact is a change of the
/// organization, and one that nobody has is made with it.
const fn making(kind: ContactKind) -> Grants {
    use Permission as P;
    match kind {
        ContactKind::Individual => Grants::of(&[P::IndividualsCreate]),
        ContactKind::Organization => Grants::of(&[P::OrganizationsCreate]),
        ContactKind::OrganizationContact => Grants::of(&[P::OrganizationsEdit, P::OrganizationsCreate]),
        ContactKind::EmailContact => Grants::of(&[P::EmailContactsCreate]),
    }
}

struct Contacts {
    tenant: TenantId,
    /// What whoever sent it may, when it was started.
    grants: Grants,
    mapping: BTreeMap<String, String>,
    columns: Option<Columns>,
    /// The columns by their names and what each holds, of a header that does not do as well.
    named: Vec<(String, Option<String>)>,
    region: Region,
    own: OwnFields,
    tax_id_required: bool,
    actor: UserId,
    address: Option<String>,
}

impl Reading for Contacts {
    type Store = Import;

    fn header(&mut self, fields: &[&[u8]]) -> Result<(), String> {
        self.named = Columns::guessed(fields.iter().copied(), &self.mapping);
        let columns =
            Columns::mapped(fields.iter().copied(), &self.mapping).map_err(|error| error.to_string())?;
        self.columns = Some(columns.knowing(self.own.clone()).requiring_tax_id(self.tax_id_required));
        Ok(())
    }

    fn row(&self, line: u64, fields: &[&[u8]]) -> Result<Numbered, Refused> {
        let Some(columns) = &self.columns else { return Err(Refused::Row("there is no header".to_owned())) };
        match columns.row(fields.iter().copied(), self.region) {
            Ok(row) if !self.grants.covers(making(row.kind)) => {
                Err(Refused::Row("you may not make contacts of this kind".to_owned()))
            }
            Ok(row) => Ok(Numbered { line, row }),
            Err(error @ RowError::FieldCount { .. }) => Err(Refused::Fields(error.to_string())),
            Err(error) => Err(Refused::Row(error.to_string())),
        }
    }

    async fn end(&self, state: &AppState, id: Uuid) -> Result<(), StoreError> {
        let mut tx = state.db.tenant(self.tenant).await?;
        let Some(file) = store::get(&mut tx, Holder(Some(self.tenant)).kind(), id).await? else {
            return Ok(());
        };
        let detail = json!({"name": file.name, "inserted": file.inserted, "present": file.present, "rejected": file.rejected});
        let entry = audit::Entry {
            tenant: Some(self.tenant),
            actor: Some(self.actor),
            action: "contacts.imported",
            subject: Some(&id.to_string()),
            detail: Some(detail),
            address: self.address.as_deref(),
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await
    }
}

/// What the columns of a file hold, by their names in the file.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportMapping {
    /// `name`, `kind`, `organization`, `gender`, `email`, `other_emails`, `phone`, `phone2` … `phone20`, `label`, `label2` …,
    /// `phones`, `dob`, `tax_id`, `address`, `city`, `state`, `country`, `status`, `custom.KEY` for a field of the tenant's own, or
    /// `ignore`. Columns that are not named here hold what their own names say.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"Nom": "name", "Portable": "phone"}))]
    mapping: BTreeMap<String, String>,
}

impl Validate for ImportMapping {
    fn validate(&self, errors: &mut Errors) {
        if self.mapping.len() > 200 {
            errors.push("/mapping", "must name at most 200 columns");
        }
        for (column, meaning) in self.mapping.iter().take(200) {
            if column.chars().count() > 200 || meaning.chars().count() > 40 {
                errors.push("/mapping", "has a name that is too long");
            }
        }
    }
}

async fn reading(
    state: &AppState,
    caller: &Caller,
    address: Address,
    id: Uuid,
    mapping: BTreeMap<String, String>,
) -> Result<(Contacts, ImportState), Problem> {
    let file = holder(caller).get(state, id).await?;
    let (own, tax_id_required) = {
        let mut tx = state.db.tenant(caller.tenant).await?;
        let own = contact_fields::by_kind(&mut tx).await?;
        let settings = directory_settings::get(&mut tx, caller.tenant).await?;
        tx.commit().await?;
        (own, settings.tax_id_required)
    };
    let region = file.region.as_deref().and_then(|region| region.parse().ok()).unwrap_or(caller.region);
    let contacts = Contacts {
        tenant: caller.tenant,
        grants: caller.grants,
        mapping,
        columns: None,
        named: Vec::new(),
        region,
        own,
        tax_id_required,
        actor: caller.user_id,
        address: address.text(),
    };
    Ok((contacts, file.state))
}

/// List files of contacts, newest first.
#[utoipa::path(get, path = "/api/v1/contact-imports", tag = "directory", params(ListQuery),
    responses((status = 200, description = "A page of imports", body = Page<ImportView>)))]
async fn list_contact_imports(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
) -> Result<Json<Page<ImportView>>, Problem> {
    Ok(Json(holder(&caller).list(&state, &list).await?))
}

/// Send a file of contacts: CSV with a header, at most 64 MiB. It waits until it is run.
#[utoipa::path(post, path = "/api/v1/contact-imports", tag = "directory", params(UploadQuery),
    request_body(content = String, content_type = "text/csv", description = "The file; docs/import.md describes it"),
    responses((status = 201, description = "The import, uploaded", body = ImportView)))]
async fn create_contact_import(
    State(state): State<AppState>,
    caller: Caller,
    Filter(query): Filter<UploadQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Created<ImportView>, Problem> {
    let region = query.region()?;
    let id = holder(&caller).upload(&state, caller.user_id, &query, region, &headers, body).await?;
    let file = holder(&caller).get(&state, id).await?;
    Ok(Created {
        location: format!("/api/v1/contact-imports/{id}"),
        version: file.version,
        body: file.into(),
    })
}

/// How far the reading of a file is.
#[utoipa::path(get, path = "/api/v1/contact-imports/{id}", tag = "directory", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The import", body = ImportView)))]
async fn get_contact_import(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<ImportView>, Problem> {
    let file = holder(&caller).get(&state, id).await?;
    Ok(Versioned(file.version, file.into()))
}

/// A column of a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewColumn {
    /// As the file names it.
    #[schema(example = "Portable")]
    name: String,
    /// What it holds; null where it is not imported.
    #[schema(example = "phone")]
    holds: Option<String>,
}

/// A row as it would be stored, or why not.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewRow {
    /// The line of the file.
    line: u64,
    contact: Option<PreviewContact>,
    /// Why the row is refused.
    error: Option<String>,
}

/// A contact that a row is read as.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewContact {
    #[schema(value_type = String, example = "individual")]
    kind: ContactKind,
    name: String,
    organization: Option<String>,
    gender: Option<&'static str>,
    email: Option<String>,
    /// Beside `email`.
    other_emails: Vec<String>,
    /// E.164.
    phones: Vec<String>,
    dob: Option<NaiveDate>,
    tax_id: Option<String>,
    address: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    #[schema(value_type = String, example = "active")]
    status: Standing,
    /// Values of the tenant's own fields.
    #[schema(value_type = Object)]
    custom: Map<String, Value>,
}

/// How a file would be read.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportPreview {
    columns: Vec<PreviewColumn>,
    /// The first rows, good and bad.
    rows: Vec<PreviewRow>,
    /// Of the first thousand rows, how many are good and how many are not.
    good: usize,
    bad: usize,
    /// Why the file cannot be read at all with this mapping.
    fault: Option<String>,
}

/// See how a file would be read, with a mapping or by the names of its columns. Nothing is stored.
#[utoipa::path(post, path = "/api/v1/contact-imports/{id}/preview", tag = "directory", params(("id" = Uuid, Path)),
    request_body = Option<ImportMapping>,
    responses((status = 200, description = "Columns, first rows, what would be refused", body = ImportPreview),
              (status = 409, description = "The file was read to the end and is not kept (`import-running`)")))]
async fn preview_contact_import(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
    body: Incoming,
) -> Result<Json<ImportPreview>, Problem> {
    holder(&caller).get(&state, id).await?;
    let body: ImportMapping = body.read_or_empty().await?;
    let (mut reading, import) = reading(&state, &caller, address, id, body.mapping).await?;
    if import == ImportState::Done {
        return Err(running());
    }
    let start = {
        let mut tx = holder(&caller).begin(&state).await?;
        store::start_of(tx.connection(), id).await?
    };
    let mut preview = ImportPreview { columns: Vec::new(), rows: Vec::new(), good: 0, bad: 0, fault: None };
    let mut rows = Rows::new(&start.data[..]);
    let header = job::take_header(&mut rows, &mut reading);
    let named = std::mem::take(&mut reading.named);
    preview.columns = named.into_iter().map(|(name, holds)| PreviewColumn { name, holds }).collect();
    if let Err(fault) = header {
        preview.fault = Some(fault);
        return Ok(Json(preview));
    }
    let mut batch = job::batch(&mut rows, &reading);
    if batch.ended && !start.whole {
        // The last row was cut by the end of the piece, not by who wrote it.
        let last_row = batch.texts.last().map(|(line, _)| *line as i64);
        let last_reject = batch.rejects.last().map(|reject| reject.line);
        if last_row > last_reject {
            batch.rows.pop();
            batch.texts.pop();
        } else {
            batch.rejects.pop();
        }
    }
    let mut all: Vec<PreviewRow> = batch
        .rows
        .into_iter()
        .map(|Numbered { line, row }| PreviewRow {
            line,
            contact: Some(PreviewContact {
                kind: row.kind,
                name: row.name,
                organization: row.organization,
                gender: row.gender,
                email: row.email,
                other_emails: row.other_emails,
                phones: row.phones.iter().map(|phone| phone.e164.to_string()).collect(),
                dob: row.dob,
                tax_id: row.tax_id,
                address: row.place.address,
                city: row.place.city,
                state: row.place.state,
                country: row.place.country,
                status: row.standing,
                custom: row.custom,
            }),
            error: None,
        })
        .collect();
    all.extend(batch.rejects.into_iter().map(|reject| PreviewRow {
        line: u64::try_from(reject.line).unwrap_or_default(),
        contact: None,
        error: Some(reject.reason),
    }));
    all.sort_by_key(|row| row.line);
    all.truncate(LOOKED_AT);
    preview.bad = all.iter().filter(|row| row.error.is_some()).count();
    preview.good = all.len() - preview.bad;
    all.truncate(SHOWN);
    preview.rows = all;
    Ok(Json(preview))
}

/// Read a file into the directory. It goes on after this answer; read the import to see how far it is. Rows that are
/// there already are left as they are, so a file that broke off is run again.
#[utoipa::path(post, path = "/api/v1/contact-imports/{id}/run", tag = "directory", params(("id" = Uuid, Path)),
    request_body = Option<ImportMapping>,
    responses((status = 200, description = "The import, running", body = ImportView),
              (status = 409, description = "It runs, or is done (`import-running`)")))]
async fn run_contact_import(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
    body: Incoming,
) -> Result<Versioned<ImportView>, Problem> {
    holder(&caller).get(&state, id).await?;
    let body: ImportMapping = body.read_or_empty().await?;
    let mapping = json!(body.mapping);
    let (mut reading, _) = reading(&state, &caller, address, id, body.mapping).await?;
    let holder = holder(&caller);
    let mut tx = holder.begin(&state).await?;
    let start = store::start_of(tx.connection(), id).await?;
    if !start.data.is_empty() {
        // A mapping that fits nothing is the sender's to mend, now and not in the import.
        job::take_header(&mut Rows::new(&start.data[..]), &mut reading)
            .map_err(|fault| Problem::invalid("/mapping", fault))?;
    }
    if !store::start(tx.connection(), id, &mapping).await? {
        return Err(running());
    }
    let file = store::get(tx.connection(), holder.kind(), id).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    let (db, tenant) = (state.db.clone(), caller.tenant);
    let begin = async move { Import::begin(&db, tenant).await };
    tokio::spawn(job::run(state.clone(), holder, id, reading, begin));
    Ok(Versioned(file.version, file.into()))
}

/// Forget a file; the contacts stay.
#[utoipa::path(delete, path = "/api/v1/contact-imports/{id}", tag = "directory", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Forgotten"), (status = 409, description = "It runs (`import-running`)")))]
async fn delete_contact_import(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<StatusCode, Problem> {
    holder(&caller).delete(&state, id).await
}

/// The refused rows, with line and reason, as CSV.
#[utoipa::path(get, path = "/api/v1/contact-imports/{id}/rejects", tag = "directory", params(("id" = Uuid, Path)),
    responses((status = 200, description = "`line`, `reason`, `row`", content_type = "text/csv", body = String)))]
async fn list_contact_rejects(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Response, Problem> {
    holder(&caller).rejects(&state, id).await
}
