//! `/teams` with their members and leads, and `/extensions`: the internal telephone book.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use switchroom_api_base::{
    Json,
    auth::Caller,
    body::{Body, Errors, Incoming, Patch, Validate},
    list::{Filter, ListQuery, Page},
    problem::Problem,
    reply::{Created, IfMatch, Params, Versioned},
    state::AppState,
};
use switchroom_core::{TenantId, UserId};
use switchroom_store::{Changed, StoreError, TenantTx, teams as store, users};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, delete))
        .routes(routes!(put_member, remove_member))
        .routes(routes!(extensions))
}

#[derive(Serialize, ToSchema)]
struct Team {
    id: Uuid,
    #[schema(example = "Support")]
    name: String,
    description: Option<String>,
    /// How many are in it.
    #[schema(example = 5)]
    size: i64,
    /// Leads first; only where one team is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<TeamMember>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

#[derive(Serialize, ToSchema)]
struct TeamMember {
    user_id: Uuid,
    #[schema(example = "Ada Lovelace")]
    name: String,
    email: String,
    is_lead: bool,
    is_active: bool,
    joined_at: DateTime<Utc>,
}

impl Team {
    fn of(team: store::Team, members: Option<Vec<store::InTeam>>) -> Self {
        let member = |member: store::InTeam| TeamMember {
            user_id: member.user_id,
            name: member.name,
            email: member.email,
            is_lead: member.is_lead,
            is_active: member.is_active,
            joined_at: member.joined_at,
        };
        Self {
            id: team.id,
            name: team.name,
            description: team.description,
            size: team.size,
            members: members.map(|members| members.into_iter().map(member).collect()),
            created_at: team.created_at,
            updated_at: team.updated_at,
            version: team.version,
        }
    }
}

async fn whole(tx: &mut TenantTx, tenant: TenantId, id: Uuid) -> Result<Team, Problem> {
    let team = store::get(tx, tenant, id).await?.ok_or_else(Problem::not_found)?;
    let members = store::members(tx, tenant, id).await?;
    Ok(Team::of(team, Some(members)))
}

fn taken(error: StoreError) -> Problem {
    match error {
        StoreError::Conflict { constraint } if constraint == "teams_name" => {
            Problem::conflict("team-exists", "There is a team of this name.")
        }
        error => error.into(),
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TeamFilter {
    /// Only teams that this person is in.
    user_id: Option<Uuid>,
}

/// Teams
#[utoipa::path(get, path = "/api/v1/teams", tag = "people", operation_id = "list_teams", params(ListQuery, TeamFilter),
    responses((status = 200, description = "Teams by name", body = Page<Team>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(filter): Filter<TeamFilter>,
) -> Result<Json<Page<Team>>, Problem> {
    let window = list.window(&[store::BY_NAME], false)?;
    let of = filter.user_id.map(UserId);
    let mut tx = state.db.tenant(caller.tenant).await?;
    let found = store::list(&mut tx, caller.tenant, of, list.q.as_deref(), &window).await?;
    tx.commit().await?;
    Ok(Json(Page::of(&window, found).map(|team| Team::of(team, None))))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTeam {
    /// Unlike every other team's, in any case.
    #[schema(example = "Support")]
    name: String,
    #[serde(default)]
    description: Option<String>,
}

impl Validate for NewTeam {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/name", &self.name, 1, 100);
        errors.optional_text("/description", self.description.as_deref(), 0, 500);
    }
}

/// What is blank is not there.
fn written(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Make a team
#[utoipa::path(post, path = "/api/v1/teams", tag = "people", operation_id = "create_team", request_body = NewTeam,
    responses((status = 201, description = "The team, with nobody in it", body = Team), (status = 409, description = "The name is taken")))]
async fn create(
    State(state): State<AppState>,
    caller: Caller,
    Body(body): Body<NewTeam>,
) -> Result<Created<Team>, Problem> {
    let (name, description) = (body.name.trim(), written(body.description.as_deref()));
    let mut tx = state.db.tenant(caller.tenant).await?;
    let id = store::create(&mut tx, caller.tenant, name, description, caller.user_id).await.map_err(taken)?;
    let body = whole(&mut tx, caller.tenant, id).await?;
    tx.commit().await?;
    Ok(Created { location: format!("/api/v1/teams/{id}"), version: body.version, body })
}

/// A team with its members
#[utoipa::path(get, path = "/api/v1/teams/{id}", tag = "people", operation_id = "get_team", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The team", body = Team)))]
async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<Team>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    let team = whole(&mut tx, caller.tenant, id).await?;
    tx.commit().await?;
    Ok(Versioned(team.version, team))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamChange {
    #[serde(default)]
    #[schema(example = "Support")]
    name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Patch<String>,
}

impl Validate for TeamChange {
    fn validate(&self, errors: &mut Errors) {
        errors.optional_text("/name", self.name.as_deref(), 1, 100);
        errors.optional_text("/description", self.description.value().map(String::as_str), 0, 500);
    }
}

/// Change a team
#[utoipa::path(patch, path = "/api/v1/teams/{id}", tag = "people", operation_id = "change_team", params(("id" = Uuid, Path), IfMatch), request_body = TeamChange,
    responses((status = 200, description = "The team, changed", body = Team), (status = 409, description = "The name is taken, or changed by somebody else at the same moment")))]
async fn change(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<Team>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    let body: TeamChange = body.read().await?;
    let mut tx = state.db.tenant(caller.tenant).await?;
    let before = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    if_match.check(before.version)?;
    let name = body.name.as_deref().map_or(before.name.as_str(), str::trim);
    let description = body.description.apply(before.description.clone());
    let description = written(description.as_deref());
    if name != before.name || description != before.description.as_deref() {
        let changed = store::update(&mut tx, caller.tenant, id, before.version, name, description).await;
        match changed.map_err(taken)? {
            Changed::Done(_) => {}
            Changed::Absent => return Err(Problem::not_found()),
            Changed::Stale => return Err(Problem::changed_meanwhile()),
        }
    }
    let team = whole(&mut tx, caller.tenant, id).await?;
    tx.commit().await?;
    Ok(Versioned(team.version, team))
}

/// Delete a team
///
/// Its members stay what they are.
#[utoipa::path(delete, path = "/api/v1/teams/{id}", tag = "people", operation_id = "delete_team", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Deleted")))]
async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<StatusCode, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    if !store::delete(&mut tx, caller.tenant, id, caller.user_id).await? {
        return Err(Problem::not_found());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Place {
    #[serde(default)]
    is_lead: bool,
}

impl Validate for Place {
    fn validate(&self, _: &mut Errors) {}
}

/// Put somebody into a team
///
/// Or make them a lead of it, or one no more. Doing it twice does it once.
#[utoipa::path(put, path = "/api/v1/teams/{id}/members/{user_id}", tag = "people", operation_id = "put_team_member",
    params(("id" = Uuid, Path), ("user_id" = Uuid, Path)), request_body(content = Option<Place>, description = "Left out = no lead"),
    responses((status = 200, description = "The team", body = Team)))]
async fn put_member(
    State(state): State<AppState>,
    caller: Caller,
    Params((id, user)): Params<(Uuid, Uuid)>,
    body: Incoming,
) -> Result<Versioned<Team>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    users::role_in(&mut tx, caller.tenant, UserId(user)).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    let body: Place = body.read_or_empty().await?;
    let mut tx = state.db.tenant(caller.tenant).await?;
    store::put(&mut tx, caller.tenant, id, UserId(user), body.is_lead).await?;
    // Deleted meanwhile: nothing is written.
    let team = whole(&mut tx, caller.tenant, id).await?;
    tx.commit().await?;
    Ok(Versioned(team.version, team))
}

/// Take somebody out of a team
#[utoipa::path(delete, path = "/api/v1/teams/{id}/members/{user_id}", tag = "people", operation_id = "remove_team_member",
    params(("id" = Uuid, Path), ("user_id" = Uuid, Path)), responses((status = 204, description = "Not in it any more")))]
async fn remove_member(
    State(state): State<AppState>,
    caller: Caller,
    Params((id, user)): Params<(Uuid, Uuid)>,
) -> Result<StatusCode, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    if !store::take_out(&mut tx, caller.tenant, id, UserId(user)).await? {
        return Err(Problem::not_found());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An internal number.
#[derive(Serialize, ToSchema)]
struct Extension {
    #[schema(example = "201")]
    extension: String,
    user_id: Uuid,
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// Where their phone is reached.
    #[schema(example = "sip:201@pbx.example")]
    sip_uri: Option<String>,
}

/// Extensions
///
/// The internal numbers and whose they are. They are given with `PATCH /api/v1/users/{id}`.
#[utoipa::path(get, path = "/api/v1/extensions", tag = "people", operation_id = "list_extensions", params(ListQuery),
    responses((status = 200, description = "Short ones first, then by number", body = Page<Extension>)))]
async fn extensions(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
) -> Result<Json<Page<Extension>>, Problem> {
    let window = list.window(&[store::BY_EXTENSION], false)?;
    let mut tx = state.db.tenant(caller.tenant).await?;
    let found = store::extensions(&mut tx, caller.tenant, &window).await?;
    tx.commit().await?;
    Ok(Json(Page::of(&window, found).map(|found| Extension {
        extension: found.extension,
        user_id: found.user_id,
        name: found.name,
        sip_uri: found.sip_uri,
    })))
}
