//! The directory over HTTP: individuals, organizations and their contacts, e-mail contacts, and the caller context
//! made of them. Each noun has its file; what they share in form stands here.

mod caller_context;
mod contacts;
mod context_schema;
mod custom_fields;
mod email_contacts;
mod erasures;
mod export;
pub(crate) mod fields;
mod individuals;
mod merges;
mod notes;
mod organization_contacts;
mod organizations;
mod settings;
mod standing;
mod summary;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
pub(crate) use switchroom_api_base::list::place;
use switchroom_api_base::{
    Caller, Created, IfMatch, Json, ListQuery, Page, Problem, Versioned, list::cursor_at, state::AppState,
};
use switchroom_core::{
    TenantId,
    directory::{ContactKind, place::country, standing::Standing},
};
use switchroom_store::{
    Changed, Contact, TenantTx, contact, contact_fields,
    contact_list::{ContactFilter, ContactSort},
    listing::{Key, Position, Slice, Window},
};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(individuals::routes())
        .merge(organizations::routes())
        .merge(organization_contacts::routes())
        .merge(email_contacts::routes())
        .merge(contacts::routes())
        .merge(custom_fields::routes())
        .merge(settings::routes())
        .merge(notes::routes())
        .merge(standing::routes())
        .merge(summary::routes())
        .merge(merges::routes())
        .merge(erasures::routes())
        .merge(export::routes())
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
    /// `pending`, `active`, `suspended`, `inactive`.
    #[param(value_type = Option<String>)]
    status: Option<Standing>,
    /// How the record came to be: `manual`, `auto_ticket`, `mail`, `import`.
    provenance: Option<String>,
}

/// How a list of contacts that are somewhere is narrowed to where they are.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlaceQuery {
    /// The city, letter case and spacing apart.
    city: Option<String>,
    /// ISO 3166-1 alpha-2, in any case.
    country: Option<String>,
}

impl PlaceQuery {
    const fn is_asked(&self) -> bool {
        self.city.is_some() || self.country.is_some()
    }

    fn narrow(self, filter: &mut ContactFilter) -> Result<(), Problem> {
        filter.city = self.city;
        filter.country = match self.country {
            None => None,
            Some(code) => {
                Some(country(&code).ok_or_else(|| Problem::bad_parameter("country", fields::NO_COUNTRY))?)
            }
        };
        Ok(())
    }
}

/// How a list of organizations is narrowed to one.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TaxIdQuery {
    /// The whole tax id, to the letter.
    tax_id: Option<String>,
}

impl TaxIdQuery {
    fn narrow(self, filter: &mut ContactFilter) {
        filter.tax_id = self.tax_id.map(|text| text.trim().to_owned());
    }
}

/// `?custom.KEY=VALUE`: contacts whose own field has that value. Several must all fit.
async fn custom_filter(
    state: &AppState,
    caller: &Caller,
    kind: ContactKind,
    query: &str,
) -> Result<Map<String, Value>, Problem> {
    let asked: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .filter_map(|(name, value)| Some((name.strip_prefix("custom.")?.to_owned(), value.into_owned())))
        .collect();
    let mut values = Map::new();
    if asked.is_empty() {
        return Ok(values);
    }
    let mut tx = reading(state, caller.tenant).await?;
    let fields = contact_fields::of(&mut tx, kind).await?;
    tx.commit().await?;
    for (key, text) in asked {
        let name = format!("custom.{key}");
        let field = fields
            .iter()
            .find(|field| field.key == key)
            .ok_or_else(|| Problem::bad_parameter(&name, "is no field of this kind of contact"))?;
        let value = field.read(&text).map_err(|detail| Problem::bad_parameter(&name, detail))?;
        values.insert(key, value);
    }
    Ok(values)
}

impl ContactQuery {
    /// `asked` tells `?phone=` from no phone at all: the first finds nobody (W-03), the second does not filter.
    async fn filter(
        self,
        state: &AppState,
        kind: ContactKind,
        q: Option<String>,
        caller: &Caller,
        query: &str,
    ) -> Result<ContactFilter, Problem> {
        let custom = custom_filter(state, caller, kind, query).await?;
        let blank =
            form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "phone" && value.is_empty());
        let phone = self.phone.or_else(|| blank.then(String::new));
        Ok(ContactFilter {
            q,
            phone: phone.map(|text| fields::phone_filter(&text, caller.region)),
            email: self.email,
            is_active: self.is_active,
            standing: self.status,
            custom,
            provenance: self.provenance,
            ..ContactFilter::default()
        })
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

pub(crate) fn position_at(list: &ListQuery, sort: &str) -> Result<Option<Position>, Problem> {
    Ok(list.after(sort)?.map(|(at, id)| Position { key: Key::At(at), id }))
}

pub(crate) fn position_text(list: &ListQuery, sort: &str) -> Result<Option<Position>, Problem> {
    Ok(list.after(sort)?.map(|(text, id)| Position { key: Key::Text(text), id }))
}

pub(crate) fn position_number(list: &ListQuery, sort: &str) -> Result<Option<Position>, Problem> {
    Ok(list.after(sort)?.map(|(number, id)| Position { key: Key::Number(number), id }))
}

/// A page as it is sent.
pub(crate) fn page<T, U>(slice: Slice<T>, sort: &str, view: impl Fn(T) -> U) -> Page<U> {
    let next_cursor = slice.next.as_ref().map(|position| cursor_at(position, sort));
    let count = slice.count.map(Into::into);
    Page { items: slice.items.into_iter().map(view).collect(), next_cursor, count }
}

/// The version a conditional change is bound to, after `If-Match` was found to fit the current one.
pub(crate) fn expected(if_match: &IfMatch, version: i64) -> Result<Option<i64>, Problem> {
    if_match.check(version)?;
    Ok(if_match.is_set().then_some(version))
}

/// What is asked of a record, and the version the change is bound to. Refusals come in the order of the contract: no
/// such record (404) before what is wrong with the body (413 to 422), the version (412) behind both. `current` looks
/// the version up; a good body without `If-Match` needs no look, because the change itself finds the record absent.
pub(crate) async fn asked<T>(
    if_match: &IfMatch,
    asked: impl Future<Output = Result<T, Problem>>,
    current: impl Future<Output = Result<i64, Problem>>,
) -> Result<(T, Option<i64>), Problem> {
    match asked.await {
        Ok(change) if !if_match.is_set() => Ok((change, None)),
        asked => {
            let version = current.await?;
            Ok((asked?, expected(if_match, version)?))
        }
    }
}

/// A transaction of the tenant.
pub(crate) async fn begin(state: &AppState, tenant: TenantId) -> Result<TenantTx, Problem> {
    Ok(state.db.tenant(tenant).await?)
}

/// The tenant's rows for what only reads.
pub(crate) async fn reading(state: &AppState, tenant: TenantId) -> Result<TenantTx, Problem> {
    Ok(state.db.reading(tenant).await?)
}

/// A page of a kind of contact.
async fn listed<C: Contact, V: From<C>>(
    state: &AppState,
    caller: &Caller,
    list: &ListQuery,
    filter: &ContactFilter,
) -> Result<Json<Page<V>>, Problem> {
    let (window, field) = window(list)?;
    let mut tx = reading(state, caller.tenant).await?;
    let slice = contact::list::<C>(&mut tx, filter, &window).await?;
    tx.commit().await?;
    Ok(Json(page(slice, &place(field, window.descending), V::from)))
}

/// One contact, or 404.
async fn found<C: Contact>(state: &AppState, caller: &Caller, id: Uuid) -> Result<C, Problem> {
    let mut tx = reading(state, caller.tenant).await?;
    let contact = contact::get(&mut tx, id).await?;
    tx.commit().await?;
    contact.ok_or_else(Problem::not_found)
}

/// One contact as it is sent.
async fn shown<C: Contact, V: From<C>>(
    state: &AppState,
    caller: &Caller,
    id: Uuid,
) -> Result<Versioned<V>, Problem> {
    let contact: C = found(state, caller, id).await?;
    Ok(Versioned(contact.version(), contact.into()))
}

/// The end of an entry.
async fn created<C: Contact, V: From<C>>(
    state: &AppState,
    mut tx: TenantTx,
    id: Uuid,
    collection: &str,
) -> Result<Created<V>, Problem> {
    let contact: C = contact::get(&mut tx, id).await?.ok_or_else(Problem::internal)?;
    settle(state, tx).await?;
    let version = contact.version();
    Ok(Created { location: format!("/api/v1/{collection}/{id}"), version, body: contact.into() })
}

/// The end of a change.
async fn changed<C: Contact, V: From<C>>(
    state: &AppState,
    tx: TenantTx,
    changed: Changed<C>,
) -> Result<Versioned<V>, Problem> {
    match changed {
        Changed::Done(contact) => {
            settle(state, tx).await?;
            Ok(Versioned(contact.version(), contact.into()))
        }
        Changed::Absent => Err(Problem::not_found()),
        Changed::Stale => Err(Problem::stale_version()),
    }
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
