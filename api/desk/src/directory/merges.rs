//! `/contact-duplicates` and `/contact-merges`: records of one person or company are found, made one, and made two again.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchroom_api_base::{
    Address, Body, Caller, Errors, Filter, Json, ListQuery, OneWay, Page, Params, Problem, Validate,
    WholeList,
    list::{COUNT_CAP, Count, decode_cursor, encode_cursor},
    state::AppState,
};
use switchroom_core::{
    Permission,
    directory::{ContactKind, ContactRef},
};
use switchroom_store::{
    TenantTx, audit, contact,
    contact_duplicates::{self as duplicates, Alike, Candidate, Reason},
    contact_merges::{self as store, Merge, MergeError},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{begin, notes::ContactName, settle};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_contact_duplicates))
        .routes(routes!(list_contact_candidates))
        .routes(routes!(list_contact_merges, create_contact_merge))
        .routes(routes!(undo_contact_merge))
}

/// What merging a kind of contact needs beside `contacts.merge`: module flags are judged with it.
fn editing(kind: ContactKind) -> Permission {
    match kind {
        ContactKind::Individual => Permission::IndividualsEdit,
        ContactKind::Organization | ContactKind::OrganizationContact => Permission::OrganizationsEdit,
        ContactKind::EmailContact => Permission::EmailContactsEdit,
    }
}

/// Records that have one thing in common.
#[derive(Debug, Serialize, ToSchema)]
pub struct DuplicateGroup {
    /// `number`, `email` or `name`.
    #[schema(example = "number")]
    reason: &'static str,
    /// What they share.
    #[schema(example = "+33639980001")]
    value: String,
    /// At most 50 of them, in the order in which they were made.
    contact_ids: Vec<Uuid>,
    /// The same, as they are told apart.
    contacts: Vec<DuplicateContact>,
}

/// A record among those that may be the same.
#[derive(Debug, Serialize, ToSchema)]
pub struct DuplicateContact {
    id: Uuid,
    name: String,
    email: Option<String>,
    /// The primary one first.
    #[schema(example = json!(["+33639980001"]))]
    numbers: Vec<String>,
    /// Of an organization's contact: whose.
    organization_id: Option<Uuid>,
    organization_name: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<Alike> for DuplicateContact {
    fn from(alike: Alike) -> Self {
        Self {
            id: alike.id,
            name: alike.name,
            email: alike.email,
            numbers: alike.numbers,
            organization_id: alike.organization_id,
            organization_name: alike.organization_name,
            created_at: alike.created_at,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReasonWord {
    Number,
    Email,
    Name,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct GroupQuery {
    /// `individual`, `organization`, `organization_contact`, `email_contact`.
    #[param(value_type = String, required = true)]
    kind: Option<ContactKind>,
    /// `number` (where left out), `email` or `name`.
    #[param(value_type = Option<String>)]
    reason: Option<ReasonWord>,
}

/// Records of the tenant that share a number, an address or a name, in the order of what they share.
#[utoipa::path(get, path = "/api/v1/contact-duplicates", tag = "directory", params(OneWay, GroupQuery),
    responses((status = 200, description = "A page of groups", body = Page<DuplicateGroup>)))]
async fn list_contact_duplicates(
    State(state): State<AppState>,
    caller: Caller,
    list: OneWay,
    Filter(query): Filter<GroupQuery>,
) -> Result<Json<Page<DuplicateGroup>>, Problem> {
    let kind = query.kind.ok_or_else(|| Problem::bad_parameter("kind", "is required"))?;
    caller.require(Permission::to_read(kind))?;
    let reason = match query.reason {
        None | Some(ReasonWord::Number) => Reason::Number,
        Some(ReasonWord::Email) => Reason::Email,
        Some(ReasonWord::Name) => Reason::Name,
    };
    let order = format!("{kind} {}", reason.name());
    let after: Option<(String, Uuid)> =
        list.cursor.as_deref().map(|cursor| decode_cursor(cursor, &order)).transpose()?;
    let mut tx = begin(&state, caller.tenant).await?;
    let after = after.as_ref().map(|(value, _)| value.as_str());
    let mut groups = duplicates::groups(&mut tx, kind, reason, after, i64::from(list.limit) + 1).await?;
    let more = groups.len() > list.limit as usize;
    groups.truncate(list.limit as usize);
    let next_cursor =
        groups.last().filter(|_| more).map(|group| encode_cursor(&order, &group.value, Uuid::nil()));
    let ids: Vec<Uuid> = groups.iter().flat_map(|group| group.ids.iter().copied()).collect();
    let alike = duplicates::alike(&mut tx, kind, &ids).await?;
    let items = groups
        .into_iter()
        .map(|group| DuplicateGroup {
            reason: reason.name(),
            value: group.value,
            contacts: group.ids.iter().filter_map(|id| alike.get(id).cloned()).map(Into::into).collect(),
            contact_ids: group.ids,
        })
        .collect();
    let count = if list.count {
        let all = duplicates::groups(&mut tx, kind, reason, None, COUNT_CAP + 1).await?;
        Some(Count::capped(i64::try_from(all.len()).unwrap_or(i64::MAX)))
    } else {
        None
    };
    Ok(Json(Page { items, next_cursor, count }))
}

/// Another record that may be of the same person or company.
#[derive(Debug, Serialize, ToSchema)]
pub struct CandidateView {
    contact: ContactName,
    name: String,
    email: Option<String>,
    /// Of an organization's contact: whose.
    organization_id: Option<Uuid>,
    organization_name: Option<String>,
    /// `number`, `email`, `name`.
    reasons: Vec<&'static str>,
    /// How alike the names are, 0 to 1.
    likeness: f32,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CandidateQuery {
    /// `individual`, `organization`, `organization_contact`, `email_contact`.
    #[param(value_type = String, required = true)]
    kind: Option<ContactKind>,
    #[param(required = true)]
    contact_id: Option<Uuid>,
}

/// Records that may be of the same person or company as one: a shared number or address, or a name written alike. At most
/// 50, those with most in common first.
#[utoipa::path(get, path = "/api/v1/contact-duplicates/candidates", tag = "directory", params(CandidateQuery, WholeList),
    responses((status = 200, description = "The candidates", body = Page<CandidateView>)))]
async fn list_contact_candidates(
    State(state): State<AppState>,
    caller: Caller,
    Filter(query): Filter<CandidateQuery>,
    list: WholeList,
) -> Result<Json<Page<CandidateView>>, Problem> {
    let kind = query.kind.ok_or_else(|| Problem::bad_parameter("kind", "is required"))?;
    let id = query.contact_id.ok_or_else(|| Problem::bad_parameter("contact_id", "is required"))?;
    caller.require(Permission::to_read(kind))?;
    let contact = ContactRef { kind, id };
    let mut tx = begin(&state, caller.tenant).await?;
    if !contact::exists(&mut tx, contact).await? {
        return Err(Problem::not_found());
    }
    let view = |candidate: Candidate| {
        let (organization_id, organization_name) = candidate.organization.unzip();
        CandidateView {
            contact: ContactName { kind, id: candidate.id },
            name: candidate.name,
            email: candidate.email,
            organization_id,
            organization_name,
            reasons: candidate.reasons.iter().map(|reason| reason.name()).collect(),
            likeness: candidate.likeness,
        }
    };
    let found = duplicates::of(&mut tx, contact).await?;
    Ok(Json(list.at_most(found.into_iter().map(view).collect(), duplicates::MOST)))
}

/// Two records made one.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergeView {
    id: Uuid,
    /// `individual`, `organization`, `organization_contact`, `email_contact`.
    #[schema(value_type = String, example = "individual")]
    kind: ContactKind,
    /// The record that stayed.
    kept_id: Uuid,
    /// The record that became part of it.
    merged_id: Uuid,
    /// Tickets, notes and (of organizations) contacts that went over.
    moved_tickets: i64,
    moved_notes: i64,
    moved_contacts: i64,
    /// Accounts of clients that sign in as the record that stayed since.
    moved_accounts: i64,
    merged_at: DateTime<Utc>,
    merged_by: Option<Uuid>,
    /// Until then it can be undone.
    undo_until: DateTime<Utc>,
    undone_at: Option<DateTime<Utc>>,
    undone_by: Option<Uuid>,
}

impl From<Merge> for MergeView {
    fn from(merge: Merge) -> Self {
        Self {
            id: merge.id,
            kind: merge.kind,
            kept_id: merge.kept,
            merged_id: merge.merged,
            moved_tickets: merge.tickets,
            moved_notes: merge.notes,
            moved_contacts: merge.contacts,
            moved_accounts: merge.accounts,
            merged_at: merge.merged_at,
            merged_by: merge.merged_by.map(|user| user.0),
            undo_until: merge.undo_until,
            undone_at: merge.undone_at,
            undone_by: merge.undone_by.map(|user| user.0),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MergeQuery {
    /// Merges this record had part in.
    contact_id: Option<Uuid>,
}

/// List merges, newest first.
#[utoipa::path(get, path = "/api/v1/contact-merges", tag = "directory", params(ListQuery, MergeQuery),
    responses((status = 200, description = "A page of merges", body = Page<MergeView>)))]
async fn list_contact_merges(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(query): Filter<MergeQuery>,
) -> Result<Json<Page<MergeView>>, Problem> {
    let window = list.window(&[store::BY_MERGED_AT], true)?;
    let mut tx = begin(&state, caller.tenant).await?;
    let slice = store::list(&mut tx, query.contact_id, &window).await?;
    Ok(Json(Page::of(&window, slice).map(MergeView::from)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateMerge {
    /// `individual`, `organization`, `organization_contact`, `email_contact`.
    #[schema(value_type = String, example = "individual")]
    kind: ContactKind,
    /// The record that stays: its name and what it has win.
    keep_id: Uuid,
    /// The record that becomes part of it.
    merge_id: Uuid,
}

impl Validate for CreateMerge {
    fn validate(&self, errors: &mut Errors) {
        if self.keep_id == self.merge_id {
            errors.push("/merge_id", "must be another record than the one to keep");
        }
    }
}

fn problem(error: MergeError) -> Problem {
    match error {
        MergeError::NoKept => Problem::invalid("/keep_id", "names no such contact"),
        MergeError::NoMerged => Problem::invalid("/merge_id", "names no such contact"),
        MergeError::MergedAlready => Problem::conflict("contact-merged", "One of them was merged already."),
        MergeError::Race => Problem::changed_meanwhile(),
        MergeError::Absent => Problem::not_found(),
        MergeError::Undone => Problem::conflict("merge-undone", "It was undone already."),
        MergeError::TooLate => {
            Problem::conflict("merge-final", "It was too long ago, or the person was erased since.")
        }
        MergeError::KeptGone => Problem::conflict(
            "merge-kept-gone",
            "The kept contact was deleted or merged since. Undo the later merge first.",
        ),
        MergeError::Store(error) => error.into(),
    }
}

async fn told(tx: &mut TenantTx, id: Uuid) -> Result<MergeView, Problem> {
    store::get(tx, id).await?.map(MergeView::from).ok_or_else(Problem::internal)
}

async fn note(
    tx: &mut TenantTx,
    caller: &Caller,
    address: Address,
    action: &str,
    merge: &MergeView,
) -> Result<(), Problem> {
    let (address, subject) = (address.text(), format!("{} {}", merge.kind, merge.kept_id));
    let entry = audit::Entry {
        tenant: Some(caller.tenant),
        actor: Some(caller.user_id),
        action,
        subject: Some(&subject),
        detail: Some(json!({"merge_id": merge.id, "merged_id": merge.merged_id})),
        address: address.as_deref(),
    };
    Ok(audit::record(tx, &entry).await?)
}

/// Make two records one. The kept one gets what it lacks: numbers, addresses, profiles, values of fields, and the other's
/// tickets, notes, calls and (of organizations) contacts. For 30 days it can be undone.
#[utoipa::path(post, path = "/api/v1/contact-merges", tag = "directory", request_body = CreateMerge,
    responses((status = 201, description = "The merge", body = MergeView),
              (status = 409, description = "One of them was merged already (`contact-merged`), or changed meanwhile")))]
async fn create_contact_merge(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Body(body): Body<CreateMerge>,
) -> Result<(axum::http::StatusCode, Json<MergeView>), Problem> {
    caller.require(editing(body.kind))?;
    let mut tx = begin(&state, caller.tenant).await?;
    let id = store::merge(&mut tx, body.kind, body.keep_id, body.merge_id, caller.user_id)
        .await
        .map_err(problem)?;
    let merge = told(&mut tx, id).await?;
    note(&mut tx, &caller, address, "contact.merged", &merge).await?;
    settle(&state, tx).await?;
    Ok((axum::http::StatusCode::CREATED, Json(merge)))
}

/// Make two records of one again. What was not changed since is as it was before; what was, stays.
#[utoipa::path(post, path = "/api/v1/contact-merges/{id}/undo", tag = "directory", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The merge, undone", body = MergeView),
              (status = 409, description = "Undone already, too long ago, or the kept record is no more")))]
async fn undo_contact_merge(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<Json<MergeView>, Problem> {
    let mut tx = begin(&state, caller.tenant).await?;
    let merge = store::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    caller.require(editing(merge.kind))?;
    store::undo(&mut tx, id, caller.user_id).await.map_err(problem)?;
    let merge = told(&mut tx, id).await?;
    note(&mut tx, &caller, address, "contact.unmerged", &merge).await?;
    settle(&state, tx).await?;
    Ok(Json(merge))
}
