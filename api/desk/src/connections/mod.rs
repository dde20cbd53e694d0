//! `/connections`: the doors through which providers report calls.
//!
//! A door's address (`hook_url`) can be read again; its secrets are shown once, when it is made. A deleted door is
//! shut at once: its key answers 404 before the answer to the DELETE is out.

mod credentials;

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use switchroom_api_base::{
    Json,
    auth::{Caller, token},
    body::{Body, Errors, Incoming, Patch, Validate},
    list::{Filter, ListQuery, Page},
    problem::{FieldError, Problem},
    reply::{Created, IfMatch, Params, Versioned},
    state::AppState,
};
use switchroom_core::{ConnectionId, TenantId, number::Region};
use switchroom_store::{connections as store, listing::CREATED_AT, users};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use self::credentials::Secrets;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change, delete))
}

/// A way in for call events.
#[derive(Debug, Serialize, ToSchema)]
struct Connection {
    id: Uuid,
    #[schema(example = "generic")]
    kind: String,
    #[schema(example = "Main PBX")]
    name: String,
    /// Numbers in its events without a country code are read here; null = the tenant's.
    #[schema(example = "FR")]
    default_region: Option<String>,
    /// Names the provider uses for people → user ids.
    #[schema(value_type = BTreeMap<String, Uuid>)]
    user_map: serde_json::Value,
    /// Where the provider sends its events; null for the built-in SIP door.
    hook_url: Option<String>,
    /// Only in the answer that made or replaced it (kind `generic`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_…")]
    secret: Option<String>,
    is_active: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl Connection {
    fn of(state: &AppState, record: store::Connection, secret: Option<String>) -> Result<Self, Problem> {
        let hook_url = match (&record.hook_key, &record.key_id) {
            (Some(sealed), Some(key_id)) => {
                let key = state.sealer.open(key_id, sealed).map_err(sealing_failed)?;
                Some(format!("{}/hooks/{}", state.config.public_url, String::from_utf8_lossy(&key)))
            }
            _ => None,
        };
        Ok(Self {
            id: record.id,
            kind: record.kind,
            name: record.name,
            default_region: record.default_region,
            user_map: record.user_map,
            hook_url,
            secret,
            is_active: record.is_active,
            created_at: record.created_at,
            updated_at: record.updated_at,
            version: record.version,
        })
    }
}

fn sealing_failed(error: switchroom_engine::seal::SealError) -> Problem {
    tracing::error!(error = %error, "a stored secret cannot be sealed or opened");
    Problem::internal()
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ConnectionFilter {
    kind: Option<String>,
}

/// Connections
#[utoipa::path(get, path = "/api/v1/connections", tag = "connections", operation_id = "list_connections", params(ListQuery, ConnectionFilter),
    responses((status = 200, description = "Newest first", body = Page<Connection>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(filter): Filter<ConnectionFilter>,
) -> Result<Json<Page<Connection>>, Problem> {
    let window = list.window(&[CREATED_AT], true)?;
    let filter = store::Filter { kind: filter.kind, q: list.q.clone() };
    let mut tx = state.db.tenant(caller.tenant).await?;
    let found = store::list(&mut tx, caller.tenant, &filter, &window).await?;
    tx.commit().await?;
    Ok(Json(Page::of(&window, found).try_map(|record| Connection::of(&state, record, None))?))
}

#[derive(Deserialize, ToSchema)]
struct NewConnection {
    /// `generic`, `twilio`, `telnyx`, `vonage`, `plivo`, `sipgate` or `zammad`.
    #[schema(example = "generic")]
    kind: String,
    #[schema(example = "Main PBX")]
    name: String,
    #[serde(default)]
    #[schema(example = "FR")]
    default_region: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, Uuid>>)]
    user_map: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    secrets: Secrets,
}

impl Validate for NewConnection {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/name", &self.name, 1, 200);
        validate_region(errors, self.default_region.as_deref());
        validate_user_map(errors, self.user_map.as_ref());
        self.secrets.validate_new(&self.kind, errors);
    }
}

fn validate_region(errors: &mut Errors, region: Option<&str>) {
    if let Some(text) = region
        && !text.parse::<Region>().is_ok_and(|region| region != Region::UNKNOWN && region.is_known())
    {
        errors.push("/default_region", "is no ISO 3166-1 alpha-2 country code");
    }
}

fn validate_user_map(errors: &mut Errors, map: Option<&BTreeMap<String, String>>) {
    let Some(map) = map else { return };
    if map.len() > 1000 {
        errors.push("/user_map", "must have at most 1000 entries");
    }
    for (name, user) in map {
        let pointer = pointer_of(name);
        if name.trim().is_empty() || name.chars().count() > 200 {
            errors.push(pointer, "the name must have 1 to 200 characters");
        } else if Uuid::parse_str(user).is_err() {
            errors.push(pointer, "is no user id");
        }
    }
}

fn pointer_of(name: &str) -> String {
    format!("/user_map/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The map with every user found to be a member; 422 names those who are not.
async fn members_only(
    connection: &mut PgConnection,
    tenant: TenantId,
    map: BTreeMap<String, String>,
) -> Result<serde_json::Value, Problem> {
    let map: BTreeMap<String, Uuid> =
        map.into_iter().filter_map(|(name, user)| Some((name, Uuid::parse_str(&user).ok()?))).collect();
    let asked: Vec<Uuid> = map.values().copied().collect();
    let members = users::members_among(connection, tenant, &asked).await?;
    let strangers: Vec<FieldError> = map
        .iter()
        .filter(|(_, user)| !members.contains(user))
        .map(|(name, _)| FieldError {
            pointer: pointer_of(name),
            detail: "is no member of this tenant".into(),
        })
        .collect();
    if strangers.is_empty() { Ok(json!(map)) } else { Err(Problem::validation(strangers)) }
}

/// Open a connection
///
/// Per kind: `generic` `secret` (made when absent), `twilio` and `plivo` `auth_token`, `telnyx` `public_key` (base64
/// of 32 octets), `vonage` `signature_secret` and optional `api_key`, `sipgate` optional `basic_user` with
/// `basic_password`, `zammad` nothing. Secrets are shown once.
#[utoipa::path(post, path = "/api/v1/connections", tag = "connections", operation_id = "create_connection", request_body = NewConnection,
    responses((status = 201, description = "The connection; the secret is shown this once", body = Connection)))]
async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<NewConnection>,
) -> Result<Created<Connection>, Problem> {
    let NewConnection { kind, name, default_region, user_map, mut secrets } = body;
    let shown = secrets.complete(&kind);
    let key = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let (key_id, hook_key) = state.sealer.seal(key.as_bytes()).map_err(sealing_failed)?;
    let (_, sealed) = state.sealer.seal(secrets.stored().to_string().as_bytes()).map_err(sealing_failed)?;
    let id = ConnectionId(Uuid::now_v7());
    let region = default_region.map(|text| text.to_ascii_uppercase());
    let mut tx = state.db.tenant(caller.tenant).await?;
    let user_map = members_only(&mut tx, caller.tenant, user_map.unwrap_or_default()).await?;
    let new = store::NewConnection {
        id,
        kind: &kind,
        name: name.trim(),
        default_region: region.as_deref(),
        user_map,
        hook_key_hash: &token::hash(&key),
        hook_key: &hook_key,
        credentials: Some(&sealed),
        key_id: &key_id,
        created_by: Some(caller.user_id),
    };
    let record = store::create(&mut tx, caller.tenant, &new).await?;
    tx.commit().await?;
    state.refreshed().await;
    let version = record.version;
    Ok(Created {
        location: format!("/api/v1/connections/{id}"),
        version,
        body: Connection::of(&state, record, shown)?,
    })
}

/// One connection
#[utoipa::path(get, path = "/api/v1/connections/{id}", tag = "connections", operation_id = "get_connection", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The connection", body = Connection)))]
async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<Connection>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    let record =
        store::get(&mut tx, caller.tenant, ConnectionId(id)).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    Ok(Versioned(record.version, Connection::of(&state, record, None)?))
}

#[derive(Deserialize, ToSchema)]
struct ConnectionChange {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    default_region: Patch<String>,
    /// Replaces the whole map.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, Uuid>>)]
    user_map: Patch<BTreeMap<String, String>>,
    /// New credentials replace the old ones at once.
    #[serde(flatten)]
    secrets: Secrets,
}

impl Validate for ConnectionChange {
    fn validate(&self, errors: &mut Errors) {
        errors.optional_text("/name", self.name.as_deref(), 1, 200);
        validate_region(errors, self.default_region.value().map(String::as_str));
        validate_user_map(errors, self.user_map.value());
    }
}

/// Change a connection
///
/// Name, default region, user map; credentials of its kind where they are given.
#[utoipa::path(patch, path = "/api/v1/connections/{id}", tag = "connections", operation_id = "change_connection",
    params(("id" = Uuid, Path), IfMatch), request_body = ConnectionChange,
    responses((status = 200, description = "The connection, changed", body = Connection), (status = 409, description = "Changed by somebody else at the same moment")))]
async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<Connection>, Problem> {
    let id = ConnectionId(id);
    let mut tx = state.db.tenant(caller.tenant).await?;
    let before = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    let body: ConnectionChange = body.read().await?;
    let mut errors = Errors::default();
    body.secrets.validate_change(&before.kind, &mut errors);
    errors.into_result()?;
    let user_map = match body.user_map {
        Patch::Absent => before.user_map.clone(),
        Patch::Null => json!({}),
        Patch::Value(map) => members_only(&mut tx, caller.tenant, map).await?,
    };
    if_match.check(before.version)?;
    let name = body.name.as_deref().map_or(before.name.as_str(), str::trim);
    let region =
        body.default_region.apply(before.default_region.clone()).map(|text| text.to_ascii_uppercase());
    // The address stays; it is sealed anew because one row names one key for both.
    let replaced = match (body.secrets.is_empty(), &before.hook_key, &before.key_id) {
        (false, Some(hook_key), Some(key_id)) => {
            let key = state.sealer.open(key_id, hook_key).map_err(sealing_failed)?;
            let (key_id, credentials) =
                state.sealer.seal(body.secrets.stored().to_string().as_bytes()).map_err(sealing_failed)?;
            let (_, hook_key) = state.sealer.seal(&key).map_err(sealing_failed)?;
            Some((key_id, credentials, hook_key))
        }
        _ => None,
    };
    let change = store::Change {
        name,
        default_region: region.as_deref(),
        user_map,
        credentials: replaced
            .as_ref()
            .map(|(key_id, credentials, _)| (credentials.as_slice(), key_id.as_str())),
        hook_key: replaced.as_ref().map(|(_, _, hook_key)| hook_key.as_slice()),
    };
    let record = store::update(&mut tx, caller.tenant, id, before.version, &change)
        .await?
        .ok_or_else(Problem::changed_meanwhile)?;
    tx.commit().await?;
    state.refreshed().await;
    Ok(Versioned(record.version, Connection::of(&state, record, None)?))
}

/// Close a connection
///
/// Its address answers 404 from now on; its calls stay.
#[utoipa::path(delete, path = "/api/v1/connections/{id}", tag = "connections", operation_id = "delete_connection", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Closed"), (status = 409, description = "The built-in SIP door cannot be closed")))]
async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<StatusCode, Problem> {
    let id = ConnectionId(id);
    let mut tx = state.db.tenant(caller.tenant).await?;
    let record = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    if record.kind == "sip" {
        return Err(Problem::conflict("built-in", "The SIP door of a tenant cannot be closed."));
    }
    if !store::delete(&mut tx, caller.tenant, id).await? {
        return Err(Problem::not_found());
    }
    tx.commit().await?;
    state.refreshed().await;
    Ok(StatusCode::NO_CONTENT)
}
