//! `/api-tokens`: everybody makes and revokes their own; those with `api_tokens.manage` see and revoke the tenant's.
//! A platform admin's tokens are bound to no tenant, whatever `X-Tenant` says.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use switchroom_api_base::{
    Json,
    auth::{Actor, Address, token},
    body::{Body, Errors, Validate},
    list::{Filter, ListQuery, Page, WholeList},
    problem::Problem,
    reply::{Created, Params},
    state::AppState,
};
use switchroom_core::{Grants, Permission, TenantId};
use switchroom_store::{StoreError, TenantTx, audit, listing::CREATED_AT, tokens};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::roles::{not_yours, read_permissions};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, revoke))
}

#[derive(Serialize, ToSchema)]
struct ApiToken {
    id: Uuid,
    user_id: Uuid,
    #[schema(example = "nightly export")]
    name: String,
    /// Only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "swt_…")]
    token: Option<String>,
    created_at: DateTime<Utc>,
    /// Null = until revoked.
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    /// Permissions it is for; null = whatever its owner may.
    #[schema(example = json!(["tickets.create", "tickets.read"]))]
    scopes: Option<Vec<String>>,
}

impl ApiToken {
    fn of(record: tokens::ApiToken, token: Option<String>) -> Self {
        Self {
            id: record.id,
            user_id: record.user_id,
            name: record.name,
            token,
            created_at: record.created_at,
            expires_at: record.expires_at,
            last_used_at: record.last_used_at,
            scopes: record.scopes,
        }
    }
}

/// The tokens' tenant, and a transaction that may touch them.
struct Scope {
    tenant: Option<TenantId>,
    tx: Tx,
}

enum Tx {
    Tenant(TenantTx),
    Platform(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Scope {
    async fn begin(state: &AppState, actor: &Actor) -> Result<Self, Problem> {
        let tenant = actor.0.tenant().filter(|_| !actor.0.platform);
        let tx = match tenant {
            Some(tenant) => Tx::Tenant(state.db.tenant(tenant).await?),
            None => Tx::Platform(state.db.platform().begin().await.map_err(StoreError::from)?),
        };
        Ok(Self { tenant, tx })
    }

    fn connection(&mut self) -> &mut PgConnection {
        match &mut self.tx {
            Tx::Tenant(tx) => tx,
            Tx::Platform(tx) => tx,
        }
    }

    async fn commit(self) -> Result<(), Problem> {
        match self.tx {
            Tx::Tenant(tx) => Ok(tx.commit().await?),
            Tx::Platform(tx) => Ok(tx.commit().await.map_err(StoreError::from)?),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TokenFilter {
    /// Somebody else's need `api_tokens.manage`.
    user_id: Option<Uuid>,
}

/// API tokens
///
/// One's own; with `api_tokens.manage` everybody's.
#[utoipa::path(get, path = "/api/v1/api-tokens", tag = "people", operation_id = "list_api_tokens", params(ListQuery, TokenFilter),
    responses((status = 200, description = "Tokens that are not revoked, newest first", body = Page<ApiToken>)))]
async fn list(
    State(state): State<AppState>,
    actor: Actor,
    list: ListQuery,
    Filter(filter): Filter<TokenFilter>,
) -> Result<Json<Page<ApiToken>>, Problem> {
    let window = list.window(&[CREATED_AT], true)?;
    let own = actor.0.user_id;
    let user = if actor.may(Permission::TokensManage) { filter.user_id.map(Into::into) } else { Some(own) };
    if user == Some(own) && filter.user_id.is_some_and(|asked| asked != own.0) {
        return Ok(Json(WholeList { count: list.count }.page(Vec::new())));
    }
    let mut scope = Scope::begin(&state, &actor).await?;
    let tenant = scope.tenant;
    let found = tokens::list(scope.connection(), tenant, user, &window).await?;
    scope.commit().await?;
    Ok(Json(Page::of(&window, found).map(|token| ApiToken::of(token, None))))
}

/// One API token
#[utoipa::path(get, path = "/api/v1/api-tokens/{id}", tag = "people", operation_id = "get_api_token", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The token, without its secret", body = ApiToken)))]
async fn get(
    State(state): State<AppState>,
    actor: Actor,
    Params(id): Params<Uuid>,
) -> Result<Json<ApiToken>, Problem> {
    let mut scope = Scope::begin(&state, &actor).await?;
    let tenant = scope.tenant;
    let token = tokens::get(scope.connection(), tenant, id).await?.ok_or_else(Problem::not_found)?;
    scope.commit().await?;
    // As when it is revoked: without the right to see it, it is absent.
    if token.user_id != actor.0.user_id.0 && !actor.may(Permission::TokensManage) {
        return Err(Problem::not_found());
    }
    Ok(Json(ApiToken::of(token, None)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewApiToken {
    #[schema(example = "nightly export")]
    name: String,
    /// Null = until revoked.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
    /// Permissions it is for, out of those one has; null = whatever one may, now and later.
    #[serde(default)]
    #[schema(example = json!(["tickets.create", "tickets.read"]))]
    scopes: Option<Vec<String>>,
}

impl Validate for NewApiToken {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/name", &self.name, 1, 200);
        if self.expires_at.is_some_and(|at| at <= Utc::now()) {
            errors.push("/expires_at", "must be in the future");
        }
        if self.scopes.as_ref().is_some_and(|scopes| scopes.is_empty() || scopes.len() > 200) {
            errors.push("/scopes", "must have 1 to 200 entries");
        }
    }
}

/// Make an API token
///
/// It acts as the person who makes it, in the tenant of the sign-in, and may only what both its scopes and its owner's
/// role allow. With scopes it changes nothing about accounts, sessions and tokens. It is shown once.
#[utoipa::path(post, path = "/api/v1/api-tokens", tag = "people", operation_id = "create_api_token", request_body = NewApiToken,
    responses((status = 201, description = "The token, shown this once", body = ApiToken)))]
async fn create(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    Body(body): Body<NewApiToken>,
) -> Result<Created<ApiToken>, Problem> {
    let scopes = body
        .scopes
        .as_ref()
        .map(|names| read_permissions("/scopes", names, !actor.0.platform))
        .transpose()?;
    if scopes.is_some_and(|scopes| !actor.0.gives.covers(scopes)) {
        return Err(not_yours());
    }
    let text = token::generate(token::API);
    let mut scope = Scope::begin(&state, &actor).await?;
    let (tenant, user, id) = (scope.tenant, actor.0.user_id, Uuid::now_v7());
    let name = body.name.trim();
    let record = tokens::create_scoped(
        scope.connection(),
        id,
        tenant,
        user,
        name,
        &token::hash(&text),
        body.expires_at,
        scopes,
        actor.0.provider,
    )
    .await?;
    let detail = json!({"name": name, "expires_at": body.expires_at, "scopes": scopes.map(Grants::names)});
    record_act(&mut scope, &actor, "api_token.created", id, address, detail).await?;
    scope.commit().await?;
    Ok(Created {
        location: format!("/api/v1/api-tokens/{id}"),
        version: 1,
        body: ApiToken::of(record, Some(text)),
    })
}

/// Revoke an API token
///
/// It is refused from now on, and its sockets close.
#[utoipa::path(delete, path = "/api/v1/api-tokens/{id}", tag = "people", operation_id = "revoke_api_token", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Revoked")))]
async fn revoke(
    State(state): State<AppState>,
    actor: Actor,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<StatusCode, Problem> {
    let mut scope = Scope::begin(&state, &actor).await?;
    let tenant = scope.tenant;
    let owner = tokens::owner(scope.connection(), tenant, id).await?.ok_or_else(Problem::not_found)?;
    // Whose it is stays unsaid: without the right to see it, it is absent.
    if owner != actor.0.user_id && !actor.may(Permission::TokensManage) {
        return Err(Problem::not_found());
    }
    if !tokens::revoke(scope.connection(), tenant, id).await? {
        return Err(Problem::not_found());
    }
    record_act(&mut scope, &actor, "api_token.revoked", id, address, json!({"owner": owner})).await?;
    scope.commit().await?;
    state.sign_in_ended(id);
    Ok(StatusCode::NO_CONTENT)
}

async fn record_act(
    scope: &mut Scope,
    actor: &Actor,
    action: &str,
    id: Uuid,
    address: Address,
    detail: serde_json::Value,
) -> Result<(), Problem> {
    let (tenant, address, subject) = (scope.tenant, address.text(), id.to_string());
    let entry = audit::Entry {
        tenant,
        actor: Some(actor.0.user_id),
        action,
        subject: Some(&subject),
        detail: Some(detail),
        address: address.as_deref(),
    };
    Ok(audit::record(scope.connection(), &entry).await?)
}
