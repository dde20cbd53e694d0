//! `GET` and `PATCH /me`.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sqlx::{Connection as _, PgConnection};
use switchroom_api_base::{
    auth::{Actor, Address},
    body::{Errors, Incoming, Validate},
    problem::Problem,
    reply::{IfMatch, Versioned},
    state::AppState,
};
use switchroom_core::{Role, role::Modules};
use switchroom_store::{StoreError, audit, users};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get, change))
}

/// Who is signed in, where, and what they may do.
#[derive(Serialize, ToSchema)]
struct Me {
    user: MeUser,
    /// Null for a platform admin who acts for no tenant.
    tenant: Option<MeTenant>,
    /// Null for a platform admin.
    #[schema(value_type = Option<String>, example = "agent")]
    role: Option<Role>,
    /// A role of the tenant's own, whose base is `role`.
    role_id: Option<Uuid>,
    #[schema(example = "Night shift")]
    role_name: Option<String>,
    platform_admin: bool,
    /// What this sign-in may, module flags included.
    #[schema(example = json!(["calls.read", "tickets.create"]))]
    permissions: Vec<&'static str>,
    #[schema(example = "201")]
    extension: Option<String>,
    modules: MeModules,
    /// What the tenant notes down about me for its own programs; its administrators change it.
    #[schema(value_type = Object, example = json!({"payroll": "4711"}))]
    metadata: Map<String, Value>,
    version: i64,
}

#[derive(Serialize, ToSchema)]
struct MeUser {
    id: Uuid,
    email: String,
    name: String,
    created_at: DateTime<Utc>,
    /// When my name or my password changed last.
    updated_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
struct MeTenant {
    id: Uuid,
    slug: String,
    name: String,
    /// ISO 3166-1 alpha-2: numbers without a country code are read here.
    #[schema(example = "FR")]
    region: String,
}

#[derive(Serialize, ToSchema)]
struct MeModules {
    individuals: bool,
    organizations: bool,
    tickets: bool,
    numbers: bool,
}

impl Me {
    fn of(actor: &Actor, profile: users::Profile, name: Option<String>) -> Self {
        let identity = &actor.0;
        let place = identity.place.as_ref();
        let modules = place.map_or(Modules::ALL, |place| place.modules);
        Self {
            user: MeUser {
                id: identity.user_id.0,
                email: identity.email.clone(),
                name: name.unwrap_or_else(|| identity.name.clone()),
                created_at: profile.created_at,
                updated_at: profile.updated_at,
            },
            tenant: place.map(|place| MeTenant {
                id: place.tenant.0,
                slug: place.slug.clone(),
                name: place.name.clone(),
                region: place.region.to_string(),
            }),
            role: place.and_then(|place| place.role),
            role_id: place.and_then(|place| place.own_role.as_ref().map(|(id, _)| *id)),
            role_name: place.and_then(|place| place.own_role.as_ref().map(|(_, name)| name.clone())),
            platform_admin: identity.platform,
            permissions: identity.permissions().into_iter().map(|permission| permission.name()).collect(),
            extension: place.and_then(|place| place.extension.clone()),
            modules: MeModules {
                individuals: modules.individuals,
                organizations: modules.organizations,
                tickets: modules.tickets,
                numbers: modules.numbers,
            },
            metadata: profile.metadata,
            version: profile.version,
        }
    }
}

async fn profile(connection: &mut PgConnection, actor: &Actor) -> Result<users::Profile, Problem> {
    let tenant = actor.0.place.as_ref().map(|place| place.tenant);
    users::profile(connection, actor.0.user_id, tenant).await?.ok_or_else(Problem::unauthenticated)
}

/// Who I am
#[utoipa::path(get, path = "/api/v1/me", tag = "people", operation_id = "get_me",
    responses((status = 200, description = "The sign-in", body = Me)))]
async fn get(State(state): State<AppState>, actor: Actor) -> Result<Versioned<Me>, Problem> {
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let profile = profile(&mut connection, &actor).await?;
    Ok(Versioned(profile.version, Me::of(&actor, profile, None)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MeChange {
    #[serde(default)]
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
}

impl Validate for MeChange {
    fn validate(&self, errors: &mut Errors) {
        errors.optional_text("/name", self.name.as_deref(), 1, 200);
    }
}

/// Change my profile
#[utoipa::path(patch, path = "/api/v1/me", tag = "people", operation_id = "change_me", request_body = MeChange,
    params(IfMatch),
    responses((status = 200, description = "The sign-in, changed", body = Me), (status = 409, description = "Changed by somebody else at the same moment")))]
async fn change(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<Me>, Problem> {
    let body: MeChange = body.read().await?;
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let user = actor.0.user_id;
    let current = profile(&mut connection, &actor).await?;
    if_match.check(current.version)?;
    let Some(name) = body.name else {
        return Ok(Versioned(current.version, Me::of(&actor, current, None)));
    };
    let name = name.trim();
    let before = actor.0.name.clone();
    let mut tx = connection.begin().await.map_err(StoreError::from)?;
    users::rename(&mut tx, user, current.version, name).await?.ok_or_else(Problem::changed_meanwhile)?;
    let (subject, from) = (user.to_string(), address.text());
    let tenants = users::tenants_of(&mut tx, user).await?;
    for tenant in tenants.iter().copied().map(Some).chain(tenants.is_empty().then_some(None)) {
        let entry = audit::Entry {
            tenant,
            actor: Some(user),
            action: "user.renamed",
            subject: Some(&subject),
            detail: None,
            address: from.as_deref(),
        };
        audit::record_change(&mut tx, &entry, Some(json!({"name": before})), Some(json!({"name": name})))
            .await?;
    }
    let changed = profile(&mut tx, &actor).await?;
    tx.commit().await.map_err(StoreError::from)?;
    state.sessions.forget_user(user);
    Ok(Versioned(changed.version, Me::of(&actor, changed, Some(name.to_owned()))))
}
