//! `/tenants`: the accounts of this server, as its platform admins see, make, change, suspend and resume them. What is
//! inside one they reach by `X-Tenant`, like its own people.

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{Postgres, Transaction};
use switchroom_api_base::{
    Json,
    auth::{Actor, Address, token},
    body::{Body, Errors, Incoming, Validate},
    list::{Count, Filter, ListQuery, Page},
    problem::Problem,
    reply::{Created, IfMatch, Params, Versioned},
    state::AppState,
};
use switchroom_core::{Role, TenantId, iso::is_country, role::Modules};
use switchroom_store::{
    Changed, StoreError, audit, invitations as invited, listing::CREATED_AT, tenants as store,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::people::{
    contacts::Sight,
    invitations::{self, Invitation, LINK_DAYS},
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change))
        .routes(routes!(suspend))
        .routes(routes!(resume))
}

#[derive(Serialize, ToSchema)]
struct Tenant {
    id: Uuid,
    /// What it is called in addresses and `X-Tenant`; never changed.
    #[schema(example = "demo")]
    slug: String,
    #[schema(example = "Demo")]
    name: String,
    /// ISO 3166-1 alpha-2: numbers without a country code are read in this region.
    #[schema(example = "FR")]
    region: String,
    /// `active` or `suspended`.
    #[schema(example = "active")]
    status: &'static str,
    suspended_at: Option<DateTime<Utc>>,
    /// Why, as a platform admin wrote it.
    suspended_for: Option<String>,
    /// Active members.
    #[schema(example = 12)]
    people: i64,
    /// Lines it holds.
    #[schema(example = 3)]
    numbers: i64,
    /// Calls that began in the last 30 days.
    calls_30_days: Count,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
    /// The first owner's; only in the answer that made the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<Invitation>,
}

impl From<store::Overview> for Tenant {
    fn from(tenant: store::Overview) -> Self {
        Self {
            id: tenant.id,
            slug: tenant.slug,
            name: tenant.name,
            region: tenant.region,
            status: if tenant.suspended_at.is_some() { "suspended" } else { "active" },
            suspended_at: tenant.suspended_at,
            suspended_for: tenant.suspended_for,
            people: tenant.people,
            numbers: tenant.numbers,
            calls_30_days: Count::capped(tenant.calls),
            created_at: tenant.created_at,
            updated_at: tenant.updated_at,
            version: tenant.version,
            invitation: None,
        }
    }
}

/// The table of doors lets nobody else in; whatever becomes of that, no tenant's own people go further.
fn platform_only(actor: &Actor) -> Result<(), Problem> {
    if actor.0.platform { Ok(()) } else { Err(Problem::forbidden()) }
}

async fn begin(state: &AppState) -> Result<Transaction<'static, Postgres>, Problem> {
    Ok(state.db.platform().begin().await.map_err(StoreError::from)?)
}

async fn commit(tx: Transaction<'static, Postgres>) -> Result<(), Problem> {
    Ok(tx.commit().await.map_err(StoreError::from)?)
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Status {
    Active,
    Suspended,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TenantFilter {
    /// `active` or `suspended`.
    #[param(value_type = Option<String>)]
    status: Option<Status>,
}

/// Tenants
///
/// `q` finds by part of the name or slug.
#[utoipa::path(get, path = "/api/v1/tenants", tag = "tenants", operation_id = "list_tenants", params(ListQuery, TenantFilter),
    responses((status = 200, description = "By `name`, unless `sort` says otherwise (`created_at`)", body = Page<Tenant>)))]
async fn list(
    State(state): State<AppState>,
    actor: Actor,
    list: ListQuery,
    Filter(filter): Filter<TenantFilter>,
) -> Result<Json<Page<Tenant>>, Problem> {
    platform_only(&actor)?;
    let window = list.window(&[store::BY_NAME, CREATED_AT], false)?;
    let filter =
        store::Filter { q: list.q, suspended: filter.status.map(|status| status == Status::Suspended) };
    let mut connection = state.db.platform().acquire().await.map_err(StoreError::from)?;
    let found = store::list(&mut connection, &filter, &window).await?;
    Ok(Json(Page::of(&window, found).map(Tenant::from)))
}

/// A tenant
#[utoipa::path(get, path = "/api/v1/tenants/{id}", tag = "tenants", operation_id = "get_tenant", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The tenant", body = Tenant)))]
async fn get(
    State(state): State<AppState>,
    actor: Actor,
    Params(id): Params<Uuid>,
) -> Result<Versioned<Tenant>, Problem> {
    platform_only(&actor)?;
    let mut connection = state.db.platform().acquire().await.map_err(StoreError::from)?;
    let tenant = store::get(&mut connection, TenantId(id)).await?.ok_or_else(Problem::not_found)?;
    Ok(Versioned(tenant.version, tenant.into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTenant {
    #[schema(example = "Acme")]
    name: String,
    /// Made of the name where it is left out.
    #[serde(default)]
    #[schema(example = "acme")]
    slug: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "FR")]
    region: String,
    /// Who is invited as its owner.
    #[schema(example = "grace@acme.example")]
    owner_email: String,
    #[serde(default)]
    #[schema(example = "Grace Hopper")]
    owner_name: Option<String>,
}

fn check_region(errors: &mut Errors, region: Option<&str>) {
    if region.is_some_and(|region| !is_country(region)) {
        errors.push("/region", "must be a code of ISO 3166-1 in capitals, such as FR");
    }
}

impl Validate for NewTenant {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/name", &self.name, 1, 200);
        check_region(errors, Some(&self.region));
        if self.slug.as_deref().is_some_and(|slug| !store::is_slug(slug)) {
            errors.push("/slug", "must have 1 to 63 lower-case letters, digits and dashes, no dash first");
        }
        errors.email("/owner_email", self.owner_email.trim());
        errors.optional_text("/owner_name", self.owner_name.as_deref(), 1, 200);
    }
}

/// Make a tenant
///
/// With its counters, its log, its SIP door, and an invitation of its owner, all or nothing. The invitation goes by mail;
/// where this server sends none, or the mail could not be sent, the answer has the link, this once.
#[utoipa::path(post, path = "/api/v1/tenants", tag = "tenants", operation_id = "create_tenant", request_body = NewTenant,
    responses((status = 201, description = "The tenant, and its owner's invitation", body = Tenant), (status = 409, description = "`tenant-exists`: the slug is taken")))]
async fn create(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    Body(body): Body<NewTenant>,
) -> Result<Created<Tenant>, Problem> {
    platform_only(&actor)?;
    let name = body.name.trim();
    let slug = body.slug.unwrap_or_else(|| store::slug_of(name));
    let (id, link) = (TenantId(Uuid::now_v7()), token::generate(token::INVITATION));
    let mut tx = begin(&state).await?;
    match store::create(&mut tx, id, &slug, name, &body.region).await {
        Err(StoreError::Conflict { .. }) => {
            return Err(Problem::conflict(
                "tenant-exists",
                format!("There is a tenant `{slug}`. Choose another slug."),
            ));
        }
        made => made?,
    };
    let new = invited::NewInvitation {
        email: body.owner_email.trim(),
        name: body.owner_name.as_deref().map(str::trim),
        role: Role::OrgOwner,
        role_id: None,
        extension: None,
        modules: Modules::ALL,
        contact: None,
        token: token::hash(&link),
        invited_by: actor.0.user_id,
        expires_at: Utc::now() + TimeDelta::days(LINK_DAYS),
    };
    let invitation = invited::create(&mut tx, id, &new).await?;
    let invitation = invited::get_of_staff(&mut tx, id, invitation).await?.ok_or_else(Problem::internal)?;
    let address = address.text();
    let lines = [
        ("tenant.created", id.to_string(), json!({"slug": slug, "name": name, "region": body.region})),
        (
            "invitation.created",
            invitation.id.to_string(),
            json!({"email": invitation.email, "role": invitation.role}),
        ),
    ];
    for (action, subject, detail) in lines {
        let entry = audit::Entry {
            tenant: Some(id),
            actor: Some(actor.0.user_id),
            action,
            subject: Some(&subject),
            detail: Some(detail),
            address: address.as_deref(),
        };
        audit::record(&mut tx, &entry).await?;
    }
    let tenant = store::get(&mut tx, id).await?.ok_or_else(Problem::internal)?;
    commit(tx).await?;
    state.refreshed().await;
    let invitation = invitations::deliver(&state, &actor.0.name, name, invitation, &link, Sight::NONE).await;
    Ok(Created {
        location: format!("/api/v1/tenants/{id}"),
        version: tenant.version,
        body: Tenant { invitation: Some(invitation), ..tenant.into() },
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TenantChange {
    #[serde(default)]
    #[schema(example = "Acme")]
    name: Option<String>,
    /// ISO 3166-1 alpha-2. Numbers that are stored already stay as they are.
    #[serde(default)]
    #[schema(example = "FR")]
    region: Option<String>,
}

impl Validate for TenantChange {
    fn validate(&self, errors: &mut Errors) {
        errors.optional_text("/name", self.name.as_deref(), 1, 200);
        check_region(errors, self.region.as_deref());
    }
}

/// Change a tenant
#[utoipa::path(patch, path = "/api/v1/tenants/{id}", tag = "tenants", operation_id = "change_tenant", params(("id" = Uuid, Path), IfMatch), request_body = TenantChange,
    responses((status = 200, description = "The tenant, changed", body = Tenant), (status = 409, description = "Changed by somebody else at the same moment")))]
async fn change(
    State(state): State<AppState>,
    actor: Actor,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<Tenant>, Problem> {
    platform_only(&actor)?;
    let id = TenantId(id);
    let mut tx = begin(&state).await?;
    let before = store::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    drop(tx);
    let body: TenantChange = body.read().await?;
    if_match.check(before.version)?;
    let name = body.name.as_deref().map_or(before.name.as_str(), str::trim);
    let region = body.region.as_deref().unwrap_or(&before.region);
    if name == before.name && region == before.region {
        return Ok(Versioned(before.version, before.into()));
    }
    let mut tx = begin(&state).await?;
    match store::update(&mut tx, id, before.version, name, region).await? {
        Changed::Done(_) => {}
        Changed::Absent => return Err(Problem::not_found()),
        Changed::Stale => return Err(Problem::changed_meanwhile()),
    }
    let after = store::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    commit(tx).await?;
    state.sessions.forget_tenant(id);
    state.refreshed().await;
    Ok(Versioned(after.version, after.into()))
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Suspension {
    /// For platform admins to read later; the tenant's people do not.
    #[serde(default)]
    #[schema(example = "Not paid since March")]
    reason: Option<String>,
}

impl Validate for Suspension {
    fn validate(&self, errors: &mut Errors) {
        errors.optional_text("/reason", self.reason.as_deref(), 0, 500);
    }
}

/// Suspend a tenant
///
/// Its sessions end and its sockets close at once. Sign-ins, API tokens, invitations and providers' webhooks are refused
/// (403 `tenant-suspended`), and so are calls to its lines over SIP (403). Calls under way are followed to their end, and
/// everything it has is kept. Doing it twice does it once.
#[utoipa::path(post, path = "/api/v1/tenants/{id}/suspend", tag = "tenants", operation_id = "suspend_tenant", params(("id" = Uuid, Path), IfMatch),
    request_body(content = Option<Suspension>, description = "May be left out"),
    responses((status = 200, description = "The tenant, suspended", body = Tenant)))]
async fn suspend(
    State(state): State<AppState>,
    actor: Actor,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<Tenant>, Problem> {
    platform_only(&actor)?;
    let id = TenantId(id);
    let mut tx = begin(&state).await?;
    store::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    drop(tx);
    let body: Suspension = body.read_or_empty().await?;
    let reason = body.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let mut tx = begin(&state).await?;
    let before = store::hold(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    if_match.check(before)?;
    let over = if store::suspend(&mut tx, id, reason).await? {
        store::end_sign_ins(&mut tx, id).await?
    } else {
        Vec::new()
    };
    let tenant = store::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    commit(tx).await?;
    state.tenant_suspended(id, over);
    state.refreshed().await;
    Ok(Versioned(tenant.version, tenant.into()))
}

/// Resume a tenant
///
/// Its people sign in again, its API tokens and webhooks are good again. Doing it twice does it once.
#[utoipa::path(post, path = "/api/v1/tenants/{id}/resume", tag = "tenants", operation_id = "resume_tenant", params(("id" = Uuid, Path), IfMatch),
    responses((status = 200, description = "The tenant, active", body = Tenant)))]
async fn resume(
    State(state): State<AppState>,
    actor: Actor,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
) -> Result<Versioned<Tenant>, Problem> {
    platform_only(&actor)?;
    let id = TenantId(id);
    let mut tx = begin(&state).await?;
    let before = store::hold(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    if_match.check(before)?;
    store::resume(&mut tx, id).await?;
    let tenant = store::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    commit(tx).await?;
    state.sessions.forget_tenant(id);
    state.refreshed().await;
    Ok(Versioned(tenant.version, tenant.into()))
}
