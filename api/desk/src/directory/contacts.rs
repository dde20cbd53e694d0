//! `/contacts`: one search over the whole directory, for whoever knows a piece of a name, an address, a company or a
//! number and not what kind of contact it is.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use switchroom_api_base::{Caller, Filter, Json, Page, Problem, state::AppState};
use switchroom_core::{
    Permission,
    directory::{ContactKind, standing::Standing},
};
use switchroom_store::{
    Contact, TenantTx, contact,
    contact_list::{ContactFilter, ContactSort},
    email_contacts::EmailContact,
    individuals::Individual,
    listing::Window,
    organization_contacts::OrganizationContact,
    organizations::Organization,
    phones::PhoneFilter,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    begin,
    fields::{self, PhoneView},
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(search_contacts))
}

/// Companies by whose name their people are found.
const COMPANIES: usize = 10;

/// A contact of any kind, found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundContact {
    /// `individual`, `organization`, `organization_contact`, `email_contact`.
    #[schema(value_type = String, example = "individual")]
    kind: ContactKind,
    id: Uuid,
    name: String,
    /// Of an organization's contact: whose.
    organization_id: Option<Uuid>,
    email: Option<String>,
    phones: Vec<PhoneView>,
    is_active: bool,
    #[schema(value_type = String, example = "active")]
    status: Standing,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// Words of name, address or organization, or the first digits of a number in any form.
    #[param(required = true)]
    q: Option<String>,
    /// How many of each kind at most.
    #[param(default = 10, minimum = 1, maximum = 50)]
    limit: Option<u32>,
}

trait Find: Contact {
    fn found(self) -> FoundContact;
}

macro_rules! find {
    ($kind:ident, $name:ident, $organization:expr, $email:expr) => {
        impl Find for $kind {
            fn found(self) -> FoundContact {
                FoundContact {
                    kind: <$kind as Contact>::KIND,
                    id: self.id,
                    organization_id: $organization(&self),
                    email: $email(&self),
                    name: self.$name,
                    phones: fields::phone_views(self.phones),
                    is_active: self.is_active,
                    status: self.common.standing,
                }
            }
        }
    };
}
find!(Individual, full_name, |_: &Individual| None, |found: &Individual| found.email.clone());
find!(Organization, name, |_: &Organization| None, |found: &Organization| found.email.clone());
find!(
    OrganizationContact,
    full_name,
    |found: &OrganizationContact| Some(found.organization_id),
    |found: &OrganizationContact| found.email.clone()
);
find!(EmailContact, name, |_: &EmailContact| None, |found: &EmailContact| Some(found.email.clone()));

async fn of<C: Find>(
    tx: &mut TenantTx,
    caller: &Caller,
    filter: &ContactFilter,
    limit: u32,
) -> Result<Vec<FoundContact>, Problem> {
    if !caller.may(Permission::to_read(C::KIND)) {
        return Ok(Vec::new());
    }
    let window = Window { sort: ContactSort::CreatedAt, descending: true, after: None, limit, count: false };
    Ok(contact::list::<C>(tx, filter, &window).await?.items.into_iter().map(C::found).collect())
}

/// Search all kinds of contact at once: words of name, address or organization, or the first digits of a number. The
/// latest of each kind; the lists of the kinds have the rest, page by page. Kinds that the caller may not read are left
/// out.
#[utoipa::path(get, path = "/api/v1/contacts", tag = "directory", params(SearchQuery),
    responses((status = 200, description = "What was found", body = Page<FoundContact>)))]
async fn search_contacts(
    State(state): State<AppState>,
    caller: Caller,
    Filter(query): Filter<SearchQuery>,
) -> Result<Json<Page<FoundContact>>, Problem> {
    let q = query.q.as_deref().map(str::trim).unwrap_or_default();
    if q.is_empty() || q.chars().count() > 200 {
        return Err(Problem::bad_parameter("q", "must have 1 to 200 characters"));
    }
    let limit = query.limit.unwrap_or(10);
    if !(1..=50).contains(&limit) {
        return Err(Problem::bad_parameter("limit", "must be from 1 to 50"));
    }
    let phone = match fields::phone_filter(q, caller.region) {
        PhoneFilter::Nobody => None,
        phone => Some(phone),
    };
    let words = phone.is_none().then(|| q.to_owned());
    let filter = ContactFilter { q: words.clone(), phone, ..ContactFilter::default() };
    let mut tx = begin(&state, caller.tenant).await?;
    let companies = of::<Organization>(&mut tx, &caller, &filter, limit).await?;
    let mut people = of::<OrganizationContact>(&mut tx, &caller, &filter, limit).await?;
    if words.is_some() && !companies.is_empty() {
        // The people of the companies that were found, beside those who are called so themselves.
        let organizations = companies.iter().take(COMPANIES).map(|company| company.id).collect();
        let theirs = ContactFilter { organizations, ..ContactFilter::default() };
        for person in of::<OrganizationContact>(&mut tx, &caller, &theirs, limit).await? {
            if people.len() < limit as usize && !people.iter().any(|known| known.id == person.id) {
                people.push(person);
            }
        }
    }
    let mut items = people;
    items.extend(companies);
    items.extend(of::<Individual>(&mut tx, &caller, &filter, limit).await?);
    items.extend(of::<EmailContact>(&mut tx, &caller, &filter, limit).await?);
    Ok(Json(Page { items, next_cursor: None, count: None }))
}
