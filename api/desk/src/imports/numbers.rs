//! `/phone-number-imports`: files of lines, into the pool (platform admin).

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::json;
use switchroom_api_base::{
    Actor, Address, Created, Filter, Json, ListQuery, Page, Params, Problem, Versioned, state::AppState,
};
use switchroom_core::{
    inventory::import::{LineColumns, LineRow, LineRowError},
    number::Region,
};
use switchroom_store::{StoreError, audit, imports as store, numbers::LineImport};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Holder, ImportView, UploadQuery,
    job::{self, Reading, Refused},
    running,
};

const POOL: Holder = Holder(None);

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_number_imports, create_number_import))
        .routes(routes!(get_number_import, delete_number_import))
        .routes(routes!(run_number_import))
        .routes(routes!(list_number_rejects))
}

struct Lines {
    columns: Option<LineColumns>,
    region: Region,
    entry: Entry,
}

/// For the audit log.
struct Entry {
    actor: switchroom_core::UserId,
    address: Option<String>,
}

impl Reading for Lines {
    type Store = LineImport;

    fn header(&mut self, fields: &[&[u8]]) -> Result<(), String> {
        let columns = LineColumns::from_header(fields.iter().copied()).map_err(|error| error.to_string())?;
        self.columns = Some(columns);
        Ok(())
    }

    fn row(&self, _: u64, fields: &[&[u8]]) -> Result<LineRow, Refused> {
        let Some(columns) = &self.columns else { return Err(Refused::Row("there is no header".to_owned())) };
        columns.row(fields.iter().copied(), self.region).map_err(|error| match error {
            LineRowError::FieldCount { .. } => Refused::Fields(error.to_string()),
            error => Refused::Row(error.to_string()),
        })
    }

    async fn end(&self, state: &AppState, id: Uuid) -> Result<(), StoreError> {
        let mut connection = state.db.platform().acquire().await?;
        let Some(file) = store::get(&mut connection, POOL.kind(), id).await? else { return Ok(()) };
        let detail = json!({"name": file.name, "inserted": file.inserted, "present": file.present, "rejected": file.rejected});
        let entry = audit::Entry {
            actor: Some(self.entry.actor),
            action: "numbers.imported",
            subject: Some(&id.to_string()),
            detail: Some(detail),
            address: self.entry.address.as_deref(),
            ..audit::Entry::default()
        };
        audit::record(&mut connection, &entry).await
    }
}

async fn start(state: &AppState, actor: &Actor, address: Address, id: Uuid) -> Result<(), Problem> {
    let file = POOL.get(state, id).await?;
    let mut tx = POOL.begin(state).await?;
    if !store::start(tx.connection(), id, &json!({})).await? {
        return Err(running());
    }
    tx.commit().await?;
    let region = file.region.as_deref().and_then(|region| region.parse().ok()).unwrap_or(Region::UNKNOWN);
    let entry = Entry { actor: actor.0.user_id, address: address.text() };
    let lines = Lines { columns: None, region, entry };
    let db = state.db.clone();
    let begin = async move { Ok(LineImport(db.platform().acquire().await?)) };
    tokio::spawn(job::run(state.clone(), POOL, id, lines, begin));
    Ok(())
}

/// List files of lines, newest first (platform admin).
#[utoipa::path(get, path = "/api/v1/phone-number-imports", tag = "numbers", params(ListQuery),
    responses((status = 200, description = "A page of imports", body = Page<ImportView>)))]
async fn list_number_imports(
    State(state): State<AppState>,
    _actor: Actor,
    list: ListQuery,
) -> Result<Json<Page<ImportView>>, Problem> {
    Ok(Json(POOL.list(&state, &list).await?))
}

/// Send a file of lines into the pool (platform admin): CSV with a header, at most 64 MiB. Its reading begins at once
/// and goes on after this answer; read the import to see how far it is. Lines that are there already stay as they are.
#[utoipa::path(post, path = "/api/v1/phone-number-imports", tag = "numbers", params(UploadQuery),
    request_body(content = String, content_type = "text/csv",
        description = "Columns `number`, `country`, `region`, `monthly_cost`, `currency`, `provider`, `voice`, `sms`"),
    responses((status = 201, description = "The import, running", body = ImportView)))]
async fn create_number_import(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    Filter(query): Filter<UploadQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Created<ImportView>, Problem> {
    let region = query.region()?;
    let id = POOL.upload(&state, actor.0.user_id, &query, region, &headers, body).await?;
    start(&state, &actor, address, id).await?;
    let file = POOL.get(&state, id).await?;
    Ok(Created {
        location: format!("/api/v1/phone-number-imports/{id}"),
        version: file.version,
        body: file.into(),
    })
}

/// How far the reading of a file of lines is.
#[utoipa::path(get, path = "/api/v1/phone-number-imports/{id}", tag = "numbers", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The import", body = ImportView)))]
async fn get_number_import(
    State(state): State<AppState>,
    _actor: Actor,
    Params(id): Params<Uuid>,
) -> Result<Versioned<ImportView>, Problem> {
    let file = POOL.get(&state, id).await?;
    Ok(Versioned(file.version, file.into()))
}

/// Read a file of lines again that broke off.
#[utoipa::path(post, path = "/api/v1/phone-number-imports/{id}/run", tag = "numbers", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The import, running", body = ImportView),
              (status = 409, description = "It runs, or is done (`import-running`)")))]
async fn run_number_import(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<Versioned<ImportView>, Problem> {
    start(&state, &actor, address, id).await?;
    let file = POOL.get(&state, id).await?;
    Ok(Versioned(file.version, file.into()))
}

/// Forget a file of lines; the lines stay.
#[utoipa::path(delete, path = "/api/v1/phone-number-imports/{id}", tag = "numbers", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Forgotten"), (status = 409, description = "It runs (`import-running`)")))]
async fn delete_number_import(
    State(state): State<AppState>,
    _actor: Actor,
    Params(id): Params<Uuid>,
) -> Result<StatusCode, Problem> {
    POOL.delete(&state, id).await
}

/// The refused rows, with line and reason, as CSV.
#[utoipa::path(get, path = "/api/v1/phone-number-imports/{id}/rejects", tag = "numbers", params(("id" = Uuid, Path)),
    responses((status = 200, description = "`line`, `reason`, `row`", content_type = "text/csv", body = String)))]
async fn list_number_rejects(
    State(state): State<AppState>,
    _actor: Actor,
    Params(id): Params<Uuid>,
) -> Result<Response, Problem> {
    POOL.rejects(&state, id).await
}
