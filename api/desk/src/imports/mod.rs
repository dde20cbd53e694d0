//! Files of many rows: taken in pieces, read beside the requests, watched by whoever sent them. Contacts go into a
//! tenant, lines into the pool; what both share in form stands here.

mod contacts;
mod job;
mod numbers;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use switchroom_api_base::{
    ListQuery, Page, Problem,
    sheet::{self, attachment},
    state::AppState,
    tx::Tx,
    upload::{FILE_LIMIT, next_piece},
};
use switchroom_core::{TenantId, UserId, number::Region};
use switchroom_store::{
    imports::{self as store, ImportFile, ImportKind, PIECE},
    listing::CREATED_AT,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().merge(contacts::routes()).merge(numbers::routes())
}

/// How far the reading of a file is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportView {
    id: Uuid,
    #[schema(example = "customers.csv")]
    name: String,
    /// `uploaded`, `running`, `done`, `failed`.
    #[schema(example = "running")]
    state: &'static str,
    /// Octets of the file.
    size: i64,
    /// Octets read so far.
    bytes_done: i64,
    /// Country in which numbers without a country code are read.
    region: Option<String>,
    /// What the columns were said to hold, where the file's own names were not taken.
    #[schema(value_type = Object)]
    mapping: Value,
    /// Rows that are new.
    inserted: i64,
    /// Rows that were there already.
    present: i64,
    /// Rows that were refused; `/rejects` tells why.
    rejected: i64,
    /// Why it failed.
    fault: Option<String>,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    version: i64,
}

impl From<ImportFile> for ImportView {
    fn from(file: ImportFile) -> Self {
        Self {
            id: file.id,
            name: file.name,
            state: file.state.name(),
            size: file.size,
            bytes_done: file.bytes_done,
            region: file.region,
            mapping: file.mapping,
            inserted: file.inserted,
            present: file.present,
            rejected: file.rejected,
            fault: file.fault,
            created_by: file.created_by.map(|user| user.0),
            created_at: file.created_at,
            started_at: file.started_at,
            finished_at: file.finished_at,
            version: file.version,
        }
    }
}

/// How a file is sent.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// The file's name, as it is shown.
    name: Option<String>,
    /// Country in which numbers without a country code are read (ISO 3166-1 alpha-2).
    region: Option<String>,
}

impl UploadQuery {
    fn region(&self) -> Result<Option<Region>, Problem> {
        let Some(text) = &self.region else { return Ok(None) };
        match text.parse::<Region>() {
            Ok(region) if region.is_known() && region != Region::UNKNOWN => Ok(Some(region)),
            _ => Err(Problem::bad_parameter("region", "is not a country code such as FR")),
        }
    }

    fn name(&self) -> Result<String, Problem> {
        let name = self.name.as_deref().map(str::trim).unwrap_or_default();
        match name.chars().count() {
            0 => Ok("import.csv".to_owned()),
            1..=200 => Ok(name.to_owned()),
            _ => Err(Problem::bad_parameter("name", "must have at most 200 characters")),
        }
    }
}

/// What holds an import: a tenant, or (lines) none.
#[derive(Clone, Copy, Debug)]
struct Holder(Option<TenantId>);

impl Holder {
    const fn kind(self) -> ImportKind {
        if self.0.is_some() { ImportKind::Contacts } else { ImportKind::Numbers }
    }

    async fn begin(self, state: &AppState) -> Result<Tx, Problem> {
        Ok(Tx::begin(&state.db, self.0).await?)
    }

    async fn get(self, state: &AppState, id: Uuid) -> Result<ImportFile, Problem> {
        let mut tx = self.begin(state).await?;
        store::get(tx.connection(), self.kind(), id).await?.ok_or_else(Problem::not_found)
    }

    async fn list(self, state: &AppState, list: &ListQuery) -> Result<Page<ImportView>, Problem> {
        let window = list.window(&[CREATED_AT], true)?;
        let mut tx = self.begin(state).await?;
        let slice = store::list(tx.connection(), self.kind(), self.0, &window).await?;
        Ok(Page::of(&window, slice).map(ImportView::from))
    }

    async fn delete(self, state: &AppState, id: Uuid) -> Result<StatusCode, Problem> {
        self.get(state, id).await?;
        let mut tx = self.begin(state).await?;
        if !store::delete(tx.connection(), id).await? {
            return Err(running());
        }
        tx.commit().await?;
        Ok(StatusCode::NO_CONTENT)
    }

    /// The refused rows as a file, read from the database while it is sent.
    async fn rejects(self, state: &AppState, id: Uuid) -> Result<Response, Problem> {
        let file = self.get(state, id).await?;
        let header = sheet::lines([["line", "reason", "row"]]);
        let state = state.clone();
        let rest = stream::try_unfold(0_i64, move |after| {
            let state = state.clone();
            async move {
                let mut tx = Tx::begin(&state.db, self.0).await?;
                let rows = store::rejects(tx.connection(), id, after, 1_000).await?;
                let Some(last) = rows.last() else { return Ok(None) };
                let next = last.line;
                let texts: Vec<[String; 3]> =
                    rows.into_iter().map(|row| [row.line.to_string(), row.reason, row.row]).collect();
                let lines = sheet::lines(texts.iter().map(|row| row.iter().map(String::as_str)));
                Ok::<_, switchroom_store::StoreError>(Some((lines, next)))
            }
        });
        let body = stream::once(async { Ok(header) }).chain(rest);
        Ok(attachment(
            &format!("{}.rejected.csv", file.name),
            "text/csv; charset=utf-8",
            Body::from_stream(body),
        ))
    }

    /// Takes a file, piece by piece, so that memory holds one of them.
    async fn upload(
        self,
        state: &AppState,
        by: UserId,
        query: &UploadQuery,
        region: Option<Region>,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Uuid, Problem> {
        let announced =
            headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > FILE_LIMIT as u64) {
            return Err(Problem::too_large(FILE_LIMIT));
        }
        require_csv(headers)?;
        let (name, region) = (query.name()?, region.map(|region| region.to_string()));
        if name.contains('\0') {
            return Err(Problem::bad_parameter("name", "must not contain U+0000"));
        }
        let mut tx = self.begin(state).await?;
        let id = store::create(tx.connection(), self.0, &name, region.as_deref(), by).await?;
        tx.commit().await?;
        match self.take_pieces(state, id, body).await {
            Ok(()) => Ok(id),
            Err(problem) => {
                // Half a file is of no use to anybody.
                let mut tx = self.begin(state).await?;
                store::delete(tx.connection(), id).await?;
                tx.commit().await?;
                Err(problem)
            }
        }
    }

    async fn take_pieces(self, state: &AppState, id: Uuid, body: Body) -> Result<(), Problem> {
        let mut stream = body.into_data_stream();
        let (mut piece, mut position, mut size): (Vec<u8>, i32, usize) = (Vec::new(), 0, 0);
        loop {
            let next = next_piece(&mut stream).await?;
            size += next.as_ref().map_or(0, Bytes::len);
            if size > FILE_LIMIT {
                return Err(Problem::too_large(FILE_LIMIT));
            }
            let ended = next.is_none();
            piece.extend_from_slice(&next.unwrap_or_default());
            while piece.len() >= PIECE || (ended && !piece.is_empty()) {
                let rest = piece.split_off(piece.len().min(PIECE));
                let mut tx = self.begin(state).await?;
                store::add_piece(tx.connection(), self.0, id, position, &piece).await?;
                tx.commit().await?;
                piece = rest;
                position += 1;
            }
            if ended {
                return if size == 0 { Err(Problem::bad_request("The file is empty.")) } else { Ok(()) };
            }
        }
    }
}

fn running() -> Problem {
    Problem::conflict("import-running", "The file is being read, or was read to the end.")
}

fn require_csv(headers: &HeaderMap) -> Result<(), Problem> {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "text/csv" | "application/csv" | "text/plain" | "text/tab-separated-values" | "application/octet-stream"
        // What Windows calls a .csv file when a spreadsheet is installed.
        | "application/vnd.ms-excel" => Ok(()),
        _ => Err(Problem::unsupported_media_type().detail("Send the file itself, as text/csv.")),
    }
}
