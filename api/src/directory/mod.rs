//! The directory over HTTP: individuals, organizations and their contacts, e-mail contacts, and the caller context
//! made of them. Each noun has its file; what they share in form stands here.

mod caller_context;
mod email_contacts;
pub(crate) mod fields;
mod individuals;
mod organization_contacts;
mod organizations;

use axum::http::StatusCode;
use serde::Deserialize;
use switchroom_core::TenantId;
use switchroom_store::{
    Changed, TenantTx,
    contact_list::{ContactFilter, ContactSort},
    listing::{Key, Position, Slice, Window},
};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    Caller, IfMatch, ListQuery, Page, Problem,
    list::{Count, encode_cursor},
    state::AppState,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(individuals::routes())
        .merge(organizations::routes())
        .merge(organization_contacts::routes())
        .merge(email_contacts::routes())
        .merge(caller_context::routes())
}

/// How a list of contacts is narrowed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContactQuery {
    /// A telephone number in any form, or its first digits.
    phone: Option<String>,
    /// The e-mail address, letter case apart.
    email: Option<String>,
    is_active: Option<bool>,
    /// How the record came to be: `manual`, `auto_ticket`, `mail`, `import`.
    provenance: Option<String>,
}

impl ContactQuery {
    /// `asked` tells `?phone=` from no phone at all: the first finds nobody (W-03), the second does not filter.
    fn filter(self, q: Option<String>, caller: &Caller, query: &str) -> ContactFilter {
        let blank =
            form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "phone" && value.is_empty());
        let phone = self.phone.or_else(|| blank.then(String::new));
        ContactFilter {
            q,
            phone: phone.map(|text| fields::phone_filter(&text, caller.region)),
            email: self.email,
            is_active: self.is_active,
            provenance: self.provenance,
            organization: None,
        }
    }
}

/// What lists of contacts can be sorted by.
const SORTS: &[&str] = &["-created_at", "updated_at", "name"];

/// The window a list request describes.
fn window(list: &ListQuery) -> Result<(Window<ContactSort>, &'static str), Problem> {
    let (field, descending) = list.sort_by(SORTS)?;
    let (sort, field) = match field {
        "name" => (ContactSort::Name, "name"),
        "updated_at" => (ContactSort::UpdatedAt, "updated_at"),
        _ => (ContactSort::CreatedAt, "created_at"),
    };
    let after = match sort {
        ContactSort::Name => position_text(list, &place(field, descending))?,
        ContactSort::CreatedAt | ContactSort::UpdatedAt => position_at(list, &place(field, descending))?,
    };
    Ok((Window { sort, descending, after, limit: list.limit, count: list.count }, field))
}

/// The order as a cursor remembers it, direction included.
pub(crate) fn place(field: &str, descending: bool) -> String {
    if descending { format!("-{field}") } else { field.to_owned() }
}

pub(crate) fn position_at(list: &ListQuery, sort: &str) -> Result<Option<Position>, Problem> {
    Ok(list.after(sort)?.map(|(at, id)| Position { key: Key::At(at), id }))
}

pub(crate) fn position_text(list: &ListQuery, sort: &str) -> Result<Option<Position>, Problem> {
    Ok(list.after(sort)?.map(|(text, id)| Position { key: Key::Text(text), id }))
}

pub(crate) fn position_number(list: &ListQuery, sort: &str) -> Result<Option<Position>, Problem> {
    Ok(list.after(sort)?.map(|(number, id)| Position { key: Key::Number(number), id }))
}

/// The cursor of a place in a list.
pub(crate) fn cursor(position: &Position, sort: &str) -> String {
    match &position.key {
        Key::At(at) => encode_cursor(sort, at, position.id),
        Key::Text(text) => encode_cursor(sort, text, position.id),
        Key::Number(number) => encode_cursor(sort, number, position.id),
    }
}

/// A page as it is sent.
pub(crate) fn page<T, U>(slice: Slice<T>, sort: &str, view: impl Fn(T) -> U) -> Page<U> {
    let next_cursor = slice.next.as_ref().map(|position| cursor(position, sort));
    let count = slice.count.map(|count| Count { value: count.value, exact: count.exact });
    Page { items: slice.items.into_iter().map(view).collect(), next_cursor, count }
}

/// The version a conditional change is bound to, after `If-Match` was found to fit the current one.
pub(crate) fn expected(if_match: &IfMatch, version: i64) -> Result<Option<i64>, Problem> {
    if_match.check(version)?;
    Ok(if_match.is_set().then_some(version))
}

/// A transaction of the tenant.
pub(crate) async fn begin(state: &AppState, tenant: TenantId) -> Result<TenantTx, Problem> {
    Ok(state.db.tenant(tenant).await?)
}

/// The end of a deletion.
async fn deleted(state: &AppState, tx: TenantTx, changed: Changed<()>) -> Result<StatusCode, Problem> {
    match changed {
        Changed::Done(()) => {
            settle(state, tx).await?;
            Ok(StatusCode::NO_CONTENT)
        }
        Changed::Absent => Err(Problem::not_found()),
        Changed::Stale => Err(Problem::stale_version()),
    }
}

/// Commits, and returns when the running engine has seen the change: whoever gets our answer finds the index fresh.
pub(crate) async fn settle(state: &AppState, tx: TenantTx) -> Result<(), Problem> {
    tx.commit().await?;
    state.refreshed().await;
    Ok(())
}
