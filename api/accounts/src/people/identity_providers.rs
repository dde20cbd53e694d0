//! `/identity-providers`: whose word the tenant takes for who somebody is (OpenID Connect).

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use switchroom_api_base::{
    Json,
    auth::{Address, Caller},
    body::{Body, Errors, Incoming, Patch, Validate},
    list::{Page, WholeList},
    problem::Problem,
    reply::{Created, IfMatch, Params, Versioned},
    state::AppState,
};
use switchroom_core::{Grants, Role, UserId, people::Giving};
use switchroom_store::{
    Changed, StoreError, audit,
    identity_providers::{self as store, Provider, Wanted},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::roles::not_yours;

/// Providers that a tenant may have.
const MOST: usize = 20;
const SCOPES: &str = "openid email profile";

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change, delete))
}

#[derive(Serialize, ToSchema)]
struct IdentityProvider {
    id: Uuid,
    /// On the button of the sign-in page.
    #[schema(example = "Company sign-in")]
    name: String,
    #[schema(example = "https://id.example.com/realms/main")]
    issuer: String,
    #[schema(example = "switchroom")]
    client_id: String,
    /// Whether there is a client secret; it is never shown.
    has_secret: bool,
    #[schema(example = "openid email profile")]
    scopes: String,
    /// What somebody with a verified address becomes who is no member; null = nobody joins so.
    #[schema(example = "agent")]
    joins_as: Option<String>,
    is_active: bool,
    /// Whether it signs owners in: only one that an owner set up does.
    vouches_for_owners: bool,
    /// To be registered with the provider.
    #[schema(example = "https://calls.example/api/v1/auth/oidc/callback")]
    redirect_uri: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl IdentityProvider {
    fn of(state: &AppState, provider: Provider) -> Self {
        let owner = |vouches: Giving| vouches.covers(Role::OrgOwner, Grants::of_role(Role::OrgOwner));
        Self {
            vouches_for_owners: provider.vouches().is_some_and(owner),
            id: provider.id,
            name: provider.name,
            issuer: provider.issuer,
            client_id: provider.client_id,
            has_secret: provider.client_secret.is_some(),
            scopes: provider.scopes,
            joins_as: provider.joins_as,
            is_active: provider.is_active,
            redirect_uri: crate::auth::redirect_uri(&state.config),
            created_at: provider.created_at,
            updated_at: provider.updated_at,
            version: provider.version,
        }
    }
}

/// Identity providers
#[utoipa::path(get, path = "/api/v1/identity-providers", tag = "people", operation_id = "list_identity_providers", params(WholeList),
    responses((status = 200, description = "All, by name", body = Page<IdentityProvider>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    list: WholeList,
) -> Result<Json<Page<IdentityProvider>>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    let found = store::list(&mut tx, caller.tenant).await?;
    tx.commit().await?;
    Ok(Json(list.page(found.into_iter().map(|provider| IdentityProvider::of(&state, provider)).collect())))
}

/// Read once, where it is written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewIdentityProvider {
    #[schema(example = "Company sign-in")]
    name: String,
    /// As the provider writes itself; its metadata must be at `/.well-known/openid-configuration` beneath.
    #[schema(example = "https://id.example.com/realms/main")]
    issuer: String,
    #[schema(example = "switchroom")]
    client_id: String,
    /// Null for a public client: PKCE is used either way.
    #[serde(default)]
    client_secret: Option<String>,
    /// With `openid` among them.
    #[serde(default)]
    #[schema(example = "openid email profile")]
    scopes: Option<String>,
    /// `agent`, `corporate`, `member` or `client`; null = nobody joins by signing in.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "agent")]
    joins_as: Option<Role>,
    #[serde(default)]
    is_active: Option<bool>,
}

fn check_secret(secret: Option<&str>, errors: &mut Errors) {
    if secret.is_some_and(|secret| secret.is_empty() || secret.len() > 1000) {
        errors.push("/client_secret", "must have 1 to 1000 octets");
    }
}

fn check_scopes(scopes: Option<&str>, errors: &mut Errors) {
    let Some(scopes) = scopes else { return };
    let words = || scopes.split(' ').filter(|word| !word.is_empty());
    let plain =
        |word: &str| word.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    if scopes.len() > 300 || !words().all(plain) || !words().any(|word| word == "openid") {
        errors.push("/scopes", "must be words with blanks between, openid among them");
    }
}

fn check_joins(joins_as: Option<Role>, errors: &mut Errors) {
    let fine = |role| matches!(role, Role::Agent | Role::Corporate | Role::Member | Role::Client);
    if !joins_as.is_none_or(fine) {
        errors.push("/joins_as", "must be agent, corporate, member or client");
    }
}

impl Validate for NewIdentityProvider {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/name", &self.name, 1, 60);
        errors.text("/issuer", &self.issuer, 1, 500);
        errors.text("/client_id", &self.client_id, 1, 300);
        check_secret(self.client_secret.as_deref(), errors);
        check_scopes(self.scopes.as_deref(), errors);
        check_joins(self.joins_as, errors);
    }
}

/// 422 unless the issuer is one that is asked at all. Whether it answers is seen at the first sign-in.
fn check_issuer(state: &AppState, issuer: &str) -> Result<(), Problem> {
    if state.issuers.may_ask(issuer) && !issuer.contains('?') {
        Ok(())
    } else {
        Err(Problem::invalid("/issuer", "must be an https address of a host outside, without a query"))
    }
}

fn taken(error: StoreError) -> Problem {
    match error {
        StoreError::Conflict { constraint } if constraint == "identity_providers_name" => {
            Problem::conflict("identity-provider-exists", "There is an identity provider of this name.")
        }
        error => error.into(),
    }
}

fn seal(state: &AppState, secret: Option<&str>) -> Result<Option<(Vec<u8>, String)>, Problem> {
    let sealed = secret.map(|secret| state.sealer.seal(secret.as_bytes())).transpose();
    let sealed = sealed.map_err(|error| {
        tracing::error!(%error, "a client secret cannot be sealed");
        Problem::internal()
    })?;
    Ok(sealed.map(|(key, secret)| (secret, key)))
}

/// 403 where the caller would let people in with more than they have themselves.
fn may_let_in(caller: &Caller, joins_as: Option<Role>) -> Result<(), Problem> {
    let Some(role) = joins_as else { return Ok(()) };
    caller.require_reach(role)?;
    if caller.gives.covers(switchroom_core::Grants::of_role(role)) { Ok(()) } else { Err(not_yours()) }
}

/// Add an identity provider
///
/// Its word is taken for who somebody is, in this tenant: whoever runs it can sign in as every member whom the person who
/// set it up could have made what they are. So an owner comes in only by a provider that an owner set up. Members are found
/// by the address that it says is verified.
#[utoipa::path(post, path = "/api/v1/identity-providers", tag = "people", operation_id = "create_identity_provider", request_body = NewIdentityProvider,
    responses((status = 201, description = "The provider", body = IdentityProvider), (status = 409, description = "The name is taken, or there are too many")))]
async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<NewIdentityProvider>,
) -> Result<Created<IdentityProvider>, Problem> {
    check_issuer(&state, &body.issuer)?;
    may_let_in(&caller, body.joins_as)?;
    let set_by = caller.giving().ok_or_else(Problem::forbidden)?;
    let secret = seal(&state, body.client_secret.as_deref())?;
    let wanted = Wanted {
        name: body.name.trim(),
        issuer: &body.issuer,
        client_id: &body.client_id,
        client_secret: secret.as_ref().map(|(secret, key)| (secret.as_slice(), key.as_str())),
        scopes: body.scopes.as_deref().unwrap_or(SCOPES),
        joins_as: body.joins_as.map(Role::name),
        is_active: body.is_active.unwrap_or(true),
        set_by,
    };
    let mut tx = state.db.tenant(caller.tenant).await?;
    if store::list(&mut tx, caller.tenant).await?.len() >= MOST {
        return Err(Problem::conflict("too-many-providers", format!("A tenant has at most {MOST}.")));
    }
    let id = store::create(&mut tx, caller.tenant, &wanted, caller.user_id).await.map_err(taken)?;
    let provider = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::internal)?;
    tx.commit().await?;
    Ok(Created {
        location: format!("/api/v1/identity-providers/{id}"),
        version: provider.version,
        body: IdentityProvider::of(&state, provider),
    })
}

/// An identity provider
#[utoipa::path(get, path = "/api/v1/identity-providers/{id}", tag = "people", operation_id = "get_identity_provider", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The provider", body = IdentityProvider)))]
async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<IdentityProvider>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    let provider = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    Ok(Versioned(provider.version, IdentityProvider::of(&state, provider)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IdentityProviderChange {
    #[serde(default)]
    #[schema(example = "Company sign-in")]
    name: Option<String>,
    /// With another issuer everybody is found by their address anew.
    #[serde(default)]
    issuer: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
    /// Null = a public client.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    client_secret: Patch<String>,
    #[serde(default)]
    scopes: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    joins_as: Patch<Role>,
    #[serde(default)]
    is_active: Option<bool>,
}

impl Validate for IdentityProviderChange {
    fn validate(&self, errors: &mut Errors) {
        errors.optional_text("/name", self.name.as_deref(), 1, 60);
        errors.optional_text("/issuer", self.issuer.as_deref(), 1, 500);
        errors.optional_text("/client_id", self.client_id.as_deref(), 1, 300);
        check_secret(self.client_secret.value().map(String::as_str), errors);
        check_scopes(self.scopes.as_deref(), errors);
        check_joins(self.joins_as.value().copied(), errors);
    }
}

/// Change an identity provider
///
/// Switched off, or with another issuer or client, the sessions that it vouched for end, and the API tokens made in them.
/// With another issuer or client, or switched on, it vouches for those within the reach of who changes it; and for more than
/// before, where somebody of more reach sends these again.
#[utoipa::path(patch, path = "/api/v1/identity-providers/{id}", tag = "people", operation_id = "change_identity_provider", params(("id" = Uuid, Path), IfMatch),
    request_body = IdentityProviderChange,
    responses((status = 200, description = "The provider, changed", body = IdentityProvider), (status = 409, description = "The name is taken, or changed by somebody else at the same moment")))]
async fn change(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<IdentityProvider>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    let body: IdentityProviderChange = body.read().await?;
    if let Some(issuer) = &body.issuer {
        check_issuer(&state, issuer)?;
    }
    may_let_in(&caller, body.joins_as.value().copied())?;
    let mut tx = state.db.tenant(caller.tenant).await?;
    let before = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    if_match.check(before.version)?;
    let secret = match &body.client_secret {
        Patch::Absent => before.client_secret.clone().zip(before.key_id.clone()),
        Patch::Null => None,
        Patch::Value(secret) => seal(&state, Some(secret))?,
    };
    let joins_as = match body.joins_as {
        Patch::Absent => before.joins_as.as_deref(),
        Patch::Null => None,
        Patch::Value(role) => Some(role.name()),
    };
    let wanted = Wanted {
        name: body.name.as_deref().map_or(before.name.as_str(), str::trim),
        issuer: body.issuer.as_deref().unwrap_or(&before.issuer),
        client_id: body.client_id.as_deref().unwrap_or(&before.client_id),
        client_secret: secret.as_ref().map(|(secret, key)| (secret.as_slice(), key.as_str())),
        scopes: body.scopes.as_deref().unwrap_or(&before.scopes),
        joins_as,
        is_active: body.is_active.unwrap_or(before.is_active),
        set_by: caller.giving().ok_or_else(Problem::forbidden)?,
    };
    let other = wanted.issuer != before.issuer || wanted.client_id != before.client_id;
    let over = other || (before.is_active && !wanted.is_active);
    // Whose word it is from now on: of who makes it another one, or of who has more to give and says the same again.
    let anew = other || (wanted.is_active && !before.is_active);
    let says = body.issuer.is_some() || body.client_id.is_some() || body.is_active.is_some();
    let set_by = match before.vouches() {
        Some(vouches) if !(anew || says && wanted.set_by.exceeds(vouches)) => vouches,
        _ => wanted.set_by,
    };
    let wanted = Wanted { set_by, ..wanted };
    match store::update(&mut tx, caller.tenant, id, before.version, &wanted).await.map_err(taken)? {
        Changed::Done(_) => {}
        Changed::Absent => return Err(Problem::not_found()),
        Changed::Stale => return Err(Problem::changed_meanwhile()),
    }
    if other {
        store::forget_identities(&mut tx, caller.tenant, id).await?;
    }
    let ended = if over { end_what_it_vouched_for(&mut tx, &caller, id, address).await? } else { Vec::new() };
    let provider = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    for (user, sign_in) in ended {
        state.sign_ins_ended(user, [sign_in]);
    }
    Ok(Versioned(provider.version, IdentityProvider::of(&state, provider)))
}

/// Delete an identity provider
///
/// The sessions that it vouched for end, and the API tokens made in them.
#[utoipa::path(delete, path = "/api/v1/identity-providers/{id}", tag = "people", operation_id = "delete_identity_provider", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Deleted")))]
async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<StatusCode, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    if !store::delete(&mut tx, caller.tenant, id).await? {
        return Err(Problem::not_found());
    }
    let ended = end_what_it_vouched_for(&mut tx, &caller, id, address).await?;
    tx.commit().await?;
    for (user, sign_in) in ended {
        state.sign_ins_ended(user, [sign_in]);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the sessions of a provider and the tokens made in them; whose and which.
async fn end_what_it_vouched_for(
    connection: &mut PgConnection,
    caller: &Caller,
    id: Uuid,
    address: Address,
) -> Result<Vec<(UserId, Uuid)>, Problem> {
    let mut ended = store::end_sessions(connection, caller.tenant, id).await?;
    let tokens = store::revoke_tokens(connection, caller.tenant, id).await?;
    let address = address.text();
    for (owner, token) in &tokens {
        let subject = token.to_string();
        let entry = audit::Entry {
            tenant: Some(caller.tenant),
            actor: Some(caller.user_id),
            action: "api_token.revoked",
            subject: Some(&subject),
            detail: Some(json!({"owner": owner, "provider": id})),
            address: address.as_deref(),
        };
        audit::record(connection, &entry).await?;
    }
    ended.extend(tokens);
    Ok(ended)
}
