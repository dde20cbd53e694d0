//! `/contact-exports`: a list of contacts as a file, CSV or XLSX, read from the database while it is sent. What begins
//! like a formula is text in both.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufWriter, Seek as _, Write as _},
};

use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderValue, header},
    response::Response,
};
use futures::{StreamExt, stream};
use rust_xlsxwriter::{Workbook, XlsxError};
use serde::Deserialize;
use serde_json::json;
use switchroom_api_base::{
    Address, Caller, Filter, ListQuery, Problem,
    sheet::{self, attachment},
    state::AppState,
};
use switchroom_core::{Permission, directory::ContactKind};
use switchroom_store::{
    Contact, StoreError, TenantTx, audit, contact,
    contact_list::{ContactFilter, ContactSort},
    email_contacts::EmailContact,
    individuals::Individual,
    listing::{Position, Window},
    organization_contacts::OrganizationContact,
    organizations::{self, Organization},
    places::Place,
};
use tokio::sync::Semaphore;
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{ContactQuery, PlaceQuery, TaxIdQuery, begin};

/// Rows of a page: few enough that the database is not held long.
const PAGE: u32 = 500;
/// A sheet has 1,048,576 rows, the header among them.
const MOST_IN_SHEET: usize = 1_000_000;
/// Sheets that are made at once: each costs a core and a file on the disk.
static SHEETS: Semaphore = Semaphore::const_new(2);

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(export_contacts))
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Csv,
    Xlsx,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// `individual`, `organization`, `organization_contact`, `email_contact`.
    #[param(value_type = String, required = true)]
    kind: Option<ContactKind>,
    /// `csv` (where left out) or `xlsx`.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
    /// The city, letter case and spacing apart. Not of e-mail contacts.
    city: Option<String>,
    /// ISO 3166-1 alpha-2, in any case. Not of e-mail contacts.
    country: Option<String>,
    /// The whole tax id, to the letter. Of organizations only.
    tax_id: Option<String>,
}

/// The columns. What was added later stands behind what was there, for those who count them.
const COLUMNS: [&str; 20] = [
    "kind",
    "name",
    "organization",
    "gender",
    "email",
    "phones",
    "id",
    "status",
    "dob",
    "address",
    "other_emails",
    "social_media",
    "custom",
    "provenance",
    "created_at",
    "organization_id",
    "tax_id",
    "city",
    "state",
    "country",
];

trait Row: Contact {
    /// Whose contact it is.
    fn organization(&self) -> Option<Uuid> {
        None
    }

    /// `organizations` has the name of its organization.
    fn row(self, organizations: &HashMap<Uuid, String>) -> Vec<String>;
}

/// What only one kind has each; empty elsewhere.
#[derive(Default)]
struct Rest {
    dob: String,
    links: String,
    tax_id: String,
}

/// What all kinds have, in the order of the columns.
#[expect(clippy::too_many_arguments, reason = "one per column")]
fn row(
    kind: ContactKind,
    name: String,
    organization: Option<(Uuid, &str)>,
    gender: Option<String>,
    email: Option<String>,
    phones: &[switchroom_store::phones::Phone],
    id: Uuid,
    common: &contact::Common,
    place: Place,
    rest: Rest,
    provenance: String,
    created_at: chrono::DateTime<chrono::Utc>,
) -> Vec<String> {
    let phones: Vec<String> = phones.iter().map(|phone| phone.e164.to_string()).collect();
    let others: Vec<&str> =
        common.emails.iter().filter(|email| !email.primary).map(|email| email.email.as_str()).collect();
    let custom = if common.custom.is_empty() { String::new() } else { json!(common.custom).to_string() };
    vec![
        kind.name().to_owned(),
        name,
        organization.map(|(_, name)| name.to_owned()).unwrap_or_default(),
        gender.unwrap_or_default(),
        email.unwrap_or_default(),
        phones.join(" | "),
        id.to_string(),
        common.standing.name().to_owned(),
        rest.dob,
        place.address.unwrap_or_default(),
        others.join(" | "),
        rest.links,
        custom,
        provenance,
        created_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        organization.map(|(id, _)| id.to_string()).unwrap_or_default(),
        rest.tax_id,
        place.city.unwrap_or_default(),
        place.state.unwrap_or_default(),
        place.country.unwrap_or_default(),
    ]
}

impl Row for Individual {
    fn row(self, _: &HashMap<Uuid, String>) -> Vec<String> {
        let links: Vec<&str> = self.social_media.iter().map(|link| link.url.as_str()).collect();
        let rest = Rest {
            dob: self.dob.map(|dob| dob.to_string()).unwrap_or_default(),
            links: links.join(" "),
            ..Rest::default()
        };
        row(
            Self::KIND,
            self.full_name,
            None,
            self.gender,
            self.email,
            &self.phones,
            self.id,
            &self.common,
            self.place,
            rest,
            self.provenance,
            self.created_at,
        )
    }
}

impl Row for Organization {
    fn row(self, _: &HashMap<Uuid, String>) -> Vec<String> {
        row(
            Self::KIND,
            self.name,
            None,
            None,
            self.email,
            &self.phones,
            self.id,
            &self.common,
            self.place,
            Rest { tax_id: self.tax_id.unwrap_or_default(), ..Rest::default() },
            self.provenance,
            self.created_at,
        )
    }
}

impl Row for OrganizationContact {
    fn organization(&self) -> Option<Uuid> {
        Some(self.organization_id)
    }

    fn row(self, organizations: &HashMap<Uuid, String>) -> Vec<String> {
        let name = organizations.get(&self.organization_id).map_or("", String::as_str);
        row(
            Self::KIND,
            self.full_name,
            Some((self.organization_id, name)),
            self.gender,
            self.email,
            &self.phones,
            self.id,
            &self.common,
            self.place,
            Rest::default(),
            self.provenance,
            self.created_at,
        )
    }
}

impl Row for EmailContact {
    fn row(self, _: &HashMap<Uuid, String>) -> Vec<String> {
        row(
            Self::KIND,
            self.name,
            None,
            None,
            Some(self.email),
            &self.phones,
            self.id,
            &self.common,
            Place::default(),
            Rest::default(),
            self.provenance,
            self.created_at,
        )
    }
}

async fn of<C: Row>(
    tx: &mut TenantTx,
    filter: &ContactFilter,
    window: &Window<ContactSort>,
) -> Result<(Vec<Vec<String>>, Option<Position>), StoreError> {
    let page = contact::list::<C>(tx, filter, window).await?;
    let organizations: Vec<Uuid> = page.items.iter().filter_map(C::organization).collect();
    let names = if organizations.is_empty() {
        HashMap::new()
    } else {
        organizations::names(tx, &organizations).await?
    };
    Ok((page.items.into_iter().map(|contact| contact.row(&names)).collect(), page.next))
}

/// A page of rows, oldest first, so that what comes in meanwhile is at the end.
async fn rows(
    state: &AppState,
    caller: &Caller,
    kind: ContactKind,
    filter: &ContactFilter,
    after: Option<Position>,
) -> Result<(Vec<Vec<String>>, Option<Position>), StoreError> {
    let window = Window { sort: ContactSort::CreatedAt, descending: false, after, limit: PAGE, count: false };
    let mut tx = state.db.tenant(caller.tenant).await?;
    match kind {
        ContactKind::Individual => of::<Individual>(&mut tx, filter, &window).await,
        ContactKind::Organization => of::<Organization>(&mut tx, filter, &window).await,
        ContactKind::OrganizationContact => of::<OrganizationContact>(&mut tx, filter, &window).await,
        ContactKind::EmailContact => of::<EmailContact>(&mut tx, filter, &window).await,
    }
}

/// Take the contacts of a kind out as a file, narrowed as the list of them is. That it was done is in the audit log.
#[utoipa::path(get, path = "/api/v1/contact-exports", tag = "directory", params(ExportQuery, ContactQuery),
    responses((status = 200, description = "The file", content_type = "text/csv", body = String)))]
async fn export_contacts(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    list: ListQuery,
    Filter(query): Filter<ExportQuery>,
    Filter(narrowed): Filter<ContactQuery>,
    RawQuery(raw): RawQuery,
) -> Result<Response, Problem> {
    let kind = query.kind.ok_or_else(|| Problem::bad_parameter("kind", "is required"))?;
    caller.require(Permission::to_read(kind))?;
    let raw = raw.unwrap_or_default();
    let (at, tax_id) =
        (PlaceQuery { city: query.city, country: query.country }, TaxIdQuery { tax_id: query.tax_id });
    if at.is_asked() && kind == ContactKind::EmailContact {
        return Err(Problem::bad_parameter("kind", "has neither city nor country"));
    }
    if tax_id.tax_id.is_some() && kind != ContactKind::Organization {
        return Err(Problem::bad_parameter("kind", "has no tax_id"));
    }
    let mut filter = narrowed.filter(&state, kind, list.q, &caller, &raw).await?;
    at.narrow(&mut filter)?;
    tax_id.narrow(&mut filter);
    let format = query.format.unwrap_or_default();
    let address = address.text();
    let mut tx = begin(&state, caller.tenant).await?;
    let entry = audit::Entry {
        tenant: Some(caller.tenant),
        actor: Some(caller.user_id),
        action: "contacts.exported",
        subject: Some(kind.name()),
        detail: Some(json!({"format": if format == Format::Csv { "csv" } else { "xlsx" }})),
        address: address.as_deref(),
    };
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    match format {
        Format::Csv => Ok(csv(state, caller, kind, filter)),
        Format::Xlsx => xlsx(state, caller, kind, filter).await,
    }
}

fn csv(state: AppState, caller: Caller, kind: ContactKind, filter: ContactFilter) -> Response {
    let header = sheet::lines([COLUMNS]);
    // None: the last page was sent.
    let rest = stream::try_unfold(Some(None), move |after: Option<Option<Position>>| {
        let (state, caller, filter) = (state.clone(), caller.clone(), filter.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let (page, next) = rows(&state, &caller, kind, &filter, after).await?;
            let lines = sheet::lines(page.iter().map(|row| row.iter().map(String::as_str)));
            Ok::<_, StoreError>(Some((lines, next.map(Some))))
        }
    });
    let body = stream::once(async { Ok(header) }).chain(rest);
    attachment(&format!("{kind}.csv"), "text/csv; charset=utf-8", Body::from_stream(body))
}

/// A sheet is a zipped file with its index at the end: it is made on the disk, row by row, beside the reactor, and then
/// sent from there, so that a million rows take no more memory than a few.
async fn xlsx(
    state: AppState,
    caller: Caller,
    kind: ContactKind,
    filter: ContactFilter,
) -> Result<Response, Problem> {
    let _turn = SHEETS.acquire().await.map_err(|_| Problem::unavailable(1))?;
    let (pages, received) = std::sync::mpsc::sync_channel::<Vec<Vec<String>>>(2);
    let writer = tokio::task::spawn_blocking(move || write_sheet(received));
    let mut after = None;
    let mut written = 0;
    loop {
        let (page, next) = rows(&state, &caller, kind, &filter, after).await?;
        written += page.len();
        if written > MOST_IN_SHEET {
            return Err(Problem::conflict(
                "too-many-rows",
                "A sheet has at most a million rows. Narrow the list, or take CSV.",
            ));
        }
        // The writer has gone where it failed; its own error is told below. Sending may wait for it, so not here.
        let pages = pages.clone();
        if tokio::task::spawn_blocking(move || pages.send(page)).await.is_ok_and(|sent| sent.is_err()) {
            break;
        }
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    drop(pages);
    let sheet = writer.await.map_err(|_| Problem::internal())?.map_err(|error| {
        tracing::error!(%error, "a sheet could not be made");
        Problem::internal()
    })?;
    let media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let (file, length) = sheet;
    // Whoever is slow to take it holds a file that has no name, and neither a turn nor a thread.
    let body = Body::from_stream(ReaderStream::with_capacity(tokio::fs::File::from_std(file), 64 * 1024));
    let mut response = attachment(&format!("{kind}.xlsx"), media_type, body);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Ok(response)
}

/// The sheet as a file without a name, at its beginning, and how long it is.
fn write_sheet(pages: std::sync::mpsc::Receiver<Vec<Vec<String>>>) -> Result<(File, u64), XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    for (column, name) in (0_u16..).zip(COLUMNS) {
        sheet.write_string(0, column, name)?;
    }
    let mut line = 1_u32;
    for page in pages {
        for row in page {
            for (column, value) in (0_u16..).zip(row) {
                // As a string, whatever it begins with: a cell of a string computes nothing. A cell holds 32,767 characters.
                if !value.is_empty() {
                    let value: String = value.chars().take(32_767).collect();
                    sheet.write_string(line, column, value)?;
                }
            }
            line += 1;
        }
    }
    let mut file = BufWriter::new(tempfile::tempfile()?);
    workbook.save_to_writer(&mut file)?;
    file.flush()?;
    let mut file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    let length = file.stream_position()?;
    file.rewind()?;
    Ok((file, length))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_sheet_is_whole_and_as_long_as_it_says() {
        let (pages, received) = std::sync::mpsc::sync_channel(2);
        pages.send(vec![vec!["=1+1".to_owned(), "Ada".to_owned()]; 2]).unwrap();
        drop(pages);
        let (mut file, length) = write_sheet(received).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, length);
        assert!(bytes.starts_with(b"PK\x03\x04"));
        // The index at the end of a zip, without which nothing opens it.
        assert!(bytes.windows(4).rev().take(64).any(|window| window == b"PK\x05\x06"));
    }
}
