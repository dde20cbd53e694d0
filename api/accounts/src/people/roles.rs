//! `/roles`: what each role has, from the one table; and roles of the tenant's own, put together from permissions.
//!
//! Nobody gives what they have not: neither by making a role nor by putting somebody into one.

use std::collections::BTreeSet;

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use switchroom_api_base::{
    Json,
    auth::{Actor, Address, Caller},
    body::{Body, Errors, Incoming, Patch, Validate},
    list::{Page, WholeList},
    problem::{FieldError, Problem},
    reply::{Created, IfMatch, Params, Versioned},
    state::AppState,
};
use switchroom_core::{
    Grants, Permission, Role,
    people::{Authority, Giving},
};
use switchroom_store::{
    Changed, StoreError, numbers,
    roles::{self as store, Deleted, OwnRole, Wanted},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::invitations;

/// Roles of its own that a tenant may have.
const MOST: i64 = 100;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, delete))
        .routes(routes!(permissions))
}

#[derive(Serialize, ToSchema)]
struct RoleItem {
    #[schema(example = "supervisor")]
    name: String,
    #[schema(example = json!(["wallboard.read", "events.read"]))]
    permissions: Vec<String>,
    /// Null for the built-in roles, which nobody changes.
    id: Option<Uuid>,
    description: Option<String>,
    /// The built-in role that says what kind of person it is for; of a built-in role, itself.
    #[schema(example = "supervisor")]
    base: String,
    /// How many members have it; only of the tenant's own.
    members: Option<i64>,
    created_at: Option<DateTime<Utc>>,
    version: Option<i64>,
}

impl RoleItem {
    fn built_in(role: Role) -> Self {
        Self {
            name: role.name().to_owned(),
            permissions: role.permissions().map(|permission| permission.name().to_owned()).collect(),
            id: None,
            description: None,
            base: role.name().to_owned(),
            members: None,
            created_at: None,
            version: None,
        }
    }

    fn own(role: OwnRole) -> Self {
        Self {
            name: role.name,
            permissions: role.permissions,
            id: Some(role.id),
            description: role.description,
            base: role.base,
            members: Some(role.members),
            created_at: Some(role.created_at),
            version: Some(role.version),
        }
    }
}

/// Roles and their permissions
///
/// The built-in ones, then those of the tenant. Module flags of a membership may take some away; `GET /api/v1/me` tells
/// what is left.
#[utoipa::path(get, path = "/api/v1/roles", tag = "people", operation_id = "list_roles", params(WholeList),
    responses((status = 200, description = "All roles", body = Page<RoleItem>)))]
async fn list(
    State(state): State<AppState>,
    actor: Actor,
    list: WholeList,
) -> Result<Json<Page<RoleItem>>, Problem> {
    let mut items: Vec<RoleItem> = Role::ALL.into_iter().map(RoleItem::built_in).collect();
    if let Some(tenant) = actor.0.tenant().filter(|_| actor.may(Permission::UsersRead)) {
        let mut tx = state.db.tenant(tenant).await?;
        items.extend(store::list(&mut tx, tenant).await?.into_iter().map(RoleItem::own));
        tx.commit().await?;
    }
    Ok(Json(list.page(items)))
}

/// A role of the tenant's own
#[utoipa::path(get, path = "/api/v1/roles/{id}", tag = "people", operation_id = "get_role", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The role", body = RoleItem)))]
async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<RoleItem>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    let role = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    Ok(Versioned(role.version, RoleItem::own(role)))
}

/// One permission.
#[derive(Serialize, ToSchema)]
struct PermissionItem {
    #[schema(example = "tickets.assign")]
    name: &'static str,
    /// The noun: permissions are shown in groups.
    #[schema(example = "tickets")]
    family: &'static str,
    /// The module whose flag must hold as well.
    #[schema(example = "tickets")]
    module: Option<&'static str>,
    /// Whether a tenant's own role can have it; a few are the platform admin's alone.
    grantable: bool,
}

/// All permissions
///
/// What roles and API tokens are put together from.
#[utoipa::path(get, path = "/api/v1/permissions", tag = "people", operation_id = "list_permissions", params(WholeList),
    responses((status = 200, description = "In groups", body = Page<PermissionItem>)))]
async fn permissions(list: WholeList) -> Json<Page<PermissionItem>> {
    use switchroom_core::role::Module;
    let item = |permission: &Permission| PermissionItem {
        name: permission.name(),
        family: permission.name().split('.').next().unwrap_or_default(),
        module: permission.module().map(|module| match module {
            Module::Individuals => "individuals",
            Module::Organizations => "organizations",
            Module::Tickets => "tickets",
            Module::Numbers => "numbers",
        }),
        grantable: Role::OrgOwner.grants(*permission),
    };
    Json(list.page(Permission::ALL.iter().map(item).collect()))
}

/// Names of permissions as a set; 422 for each that is none, or none that a tenant has.
pub(super) fn read_permissions(pointer: &str, names: &[String], of_tenant: bool) -> Result<Grants, Problem> {
    let mut faults = Vec::new();
    let mut wanted = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        let detail = match Permission::named(name) {
            None => "is no permission",
            Some(permission) if of_tenant && !Role::OrgOwner.grants(permission) => {
                "is the platform admin's alone"
            }
            Some(permission) => {
                wanted.insert(permission);
                continue;
            }
        };
        faults.push(FieldError { pointer: format!("{pointer}/{index}"), detail: detail.into() });
    }
    if faults.is_empty() { Ok(wanted.into_iter().collect()) } else { Err(Problem::validation(faults)) }
}

fn is_base(role: Role) -> bool {
    role != Role::OrgOwner
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRole {
    /// Unlike every other role's, in any case.
    #[schema(example = "Night shift")]
    name: String,
    #[serde(default)]
    description: Option<String>,
    /// The built-in role that says what kind of person it is for: whether calls are offered, whom they rank below. Any but
    /// `org_owner`.
    #[schema(value_type = String, example = "agent")]
    base: Role,
    #[schema(example = json!(["calls.read", "tickets.read", "tickets.reply"]))]
    permissions: Vec<String>,
}

fn check_name(name: &str, errors: &mut Errors) {
    errors.text("/name", name, 1, 60);
    if name.trim().to_lowercase().parse::<Role>().is_ok()
        || name.trim().eq_ignore_ascii_case("platform_admin")
    {
        errors.push("/name", "is the name of a built-in role");
    }
}

impl Validate for NewRole {
    fn validate(&self, errors: &mut Errors) {
        check_name(&self.name, errors);
        errors.optional_text("/description", self.description.as_deref(), 0, 500);
        if !is_base(self.base) {
            errors.push("/base", "must be another role than org_owner");
        }
        if self.permissions.len() > 200 {
            errors.push("/permissions", "must have at most 200 entries");
        }
    }
}

/// 403 unless the caller has everything they want to give, and a client's role keeps to what clients may.
fn may_give(caller: &Caller, base: Role, added: Grants, all: Grants) -> Result<(), Problem> {
    caller.require_reach(base)?;
    if base == Role::Client && !Grants::of_role(Role::Client).covers(all) {
        return Err(Problem::invalid("/permissions", "goes beyond what a client may"));
    }
    if caller.gives.covers(added) { Ok(()) } else { Err(not_yours()) }
}

pub(super) fn not_yours() -> Problem {
    Problem::forbidden().detail("Nobody gives permissions that they do not have themselves.")
}

fn taken(error: StoreError) -> Problem {
    match error {
        StoreError::Conflict { constraint } if constraint == "roles_name" => {
            Problem::conflict("role-exists", "There is a role of this name.")
        }
        error => error.into(),
    }
}

/// Make a role
///
/// From permissions that the maker has.
#[utoipa::path(post, path = "/api/v1/roles", tag = "people", operation_id = "create_role", request_body = NewRole,
    responses((status = 201, description = "The role", body = RoleItem), (status = 409, description = "The name is taken, or there are too many")))]
async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<NewRole>,
) -> Result<Created<RoleItem>, Problem> {
    let permissions = read_permissions("/permissions", &body.permissions, true)?;
    may_give(&caller, body.base, permissions, permissions)?;
    let wanted = Wanted {
        name: body.name.trim(),
        description: body.description.as_deref().map(str::trim).filter(|text| !text.is_empty()),
        base: body.base,
        permissions,
    };
    let mut tx = state.db.tenant(caller.tenant).await?;
    if store::count(&mut tx, caller.tenant).await? >= MOST {
        return Err(Problem::conflict(
            "too-many-roles",
            format!("A tenant has at most {MOST} roles of its own."),
        ));
    }
    let id = store::create(&mut tx, caller.tenant, &wanted, caller.user_id).await.map_err(taken)?;
    let role = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::internal)?;
    tx.commit().await?;
    let location = format!("/api/v1/roles/{id}");
    Ok(Created { location, version: role.version, body: RoleItem::own(role) })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleChange {
    #[serde(default)]
    #[schema(example = "Night shift")]
    name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "agent")]
    base: Option<Role>,
    /// All of them: what is left out is taken away.
    #[serde(default)]
    permissions: Option<Vec<String>>,
}

impl Validate for RoleChange {
    fn validate(&self, errors: &mut Errors) {
        if let Some(name) = &self.name {
            check_name(name, errors);
        }
        errors.optional_text("/description", self.description.value().map(String::as_str), 0, 500);
        if self.base.is_some_and(|base| !is_base(base)) {
            errors.push("/base", "must be another role than org_owner");
        }
        if self.permissions.as_ref().is_some_and(|permissions| permissions.len() > 200) {
            errors.push("/permissions", "must have at most 200 entries");
        }
    }
}

/// Change a role
///
/// Whoever has it may at once what it gives now: their sockets close and come back, and open invitations that they could not
/// make any more are withdrawn. Nobody adds what they do not have.
#[utoipa::path(patch, path = "/api/v1/roles/{id}", tag = "people", operation_id = "change_role", params(("id" = Uuid, Path), IfMatch), request_body = RoleChange,
    responses((status = 200, description = "The role, changed", body = RoleItem), (status = 409, description = "The name is taken, or changed by somebody else at the same moment")))]
async fn change(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<RoleItem>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    let body: RoleChange = body.read().await?;
    let mut tx = state.db.tenant(caller.tenant).await?;
    let before = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    let old_base: Role = before.base.parse().map_err(|_| Problem::internal())?;
    let had = Grants::of_names(&before.permissions);
    let permissions = match &body.permissions {
        Some(names) => read_permissions("/permissions", names, true)?,
        None => had,
    };
    caller.require_reach(old_base)?;
    let base = body.base.unwrap_or(old_base);
    let added = permissions.iter().filter(|permission| !had.holds(*permission)).collect();
    may_give(&caller, base, added, permissions)?;
    if_match.check(before.version)?;
    let name = body.name.as_deref().map_or(before.name.as_str(), str::trim).to_owned();
    let description = body.description.apply(before.description.clone());
    let description = description.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let wanted = Wanted { name: &name, description, base, permissions };
    match store::update(&mut tx, caller.tenant, id, before.version, &wanted).await.map_err(taken)? {
        Changed::Done(_) => {}
        Changed::Absent => return Err(Problem::not_found()),
        Changed::Stale => return Err(Problem::changed_meanwhile()),
    }
    let role = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    let sign_ins = store::sign_ins(&mut tx, caller.tenant, id).await?;
    let holders = store::holders(&mut tx, caller.tenant, id).await?;
    if !base.takes_calls() {
        numbers::disconnect_users(&mut tx, &holders, caller.user_id).await?;
    }
    if !permissions.covers(had) || base != old_base {
        let gives = Giving { authority: Authority::Member(base), grants: permissions };
        for holder in holders {
            invitations::withdraw_beyond(&mut tx, &caller, holder, Some(gives), address).await?;
        }
    }
    tx.commit().await?;
    if permissions != had || base != old_base {
        for (user, sign_in) in sign_ins {
            state.sessions.forget_user(user);
            state.sign_in_ended(sign_in);
        }
        state.refreshed().await;
    }
    Ok(Versioned(role.version, RoleItem::own(role)))
}

/// Delete a role
///
/// One that nobody has and nobody is invited to.
#[utoipa::path(delete, path = "/api/v1/roles/{id}", tag = "people", operation_id = "delete_role", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Deleted"), (status = 409, description = "Somebody has it, or is invited to it")))]
async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<StatusCode, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    let role = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    caller.require_reach(role.base.parse().map_err(|_| Problem::internal())?)?;
    match store::delete(&mut tx, caller.tenant, id).await? {
        Deleted::Done => {}
        Deleted::Absent => return Err(Problem::not_found()),
        Deleted::InUse => {
            return Err(Problem::conflict("role-in-use", "Somebody has this role, or is invited to it."));
        }
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A role somebody shall have: a built-in one, or one of the tenant's own with its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub role: Role,
    pub id: Option<Uuid>,
}

/// The role that was asked for: `id` wins over `role`, which may only repeat its base. 422 for one that is not there, 403
/// for one that gives more than the caller has.
pub(crate) async fn choose(
    connection: &mut PgConnection,
    caller: &Caller,
    role: Option<Role>,
    id: Option<Uuid>,
) -> Result<Option<Chosen>, Problem> {
    let (chosen, grants) = match (role, id) {
        (None, None) => return Ok(None),
        (Some(role), None) => (Chosen { role, id: None }, Grants::of_role(role)),
        (role, Some(id)) => {
            let own = store::get(connection, caller.tenant, id)
                .await?
                .ok_or_else(|| Problem::invalid("/role_id", "is no role of this tenant"))?;
            let base: Role = own.base.parse().map_err(|_| Problem::internal())?;
            if role.is_some_and(|role| role != base) {
                return Err(Problem::invalid("/role", "is not the base of the role named by role_id"));
            }
            (Chosen { role: base, id: Some(id) }, Grants::of_names(own.permissions))
        }
    };
    caller.require_reach(chosen.role)?;
    if caller.gives.covers(grants) { Ok(Some(chosen)) } else { Err(not_yours()) }
}

/// What a role gives that somebody has.
pub(super) async fn grants_of(
    connection: &mut PgConnection,
    caller: &Caller,
    chosen: Chosen,
) -> Result<Grants, Problem> {
    let Some(id) = chosen.id else { return Ok(Grants::of_role(chosen.role)) };
    let own = store::get(connection, caller.tenant, id).await?.ok_or_else(Problem::internal)?;
    Ok(Grants::of_names(own.permissions))
}
