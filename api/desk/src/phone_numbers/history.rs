//! What became of a line, and the figures above the list of lines.

use axum::extract::State;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use switchroom_api_base::{Actor, Json, Page, Params, Problem, WholeList, state::AppState};
use switchroom_store::numbers::{self as store, Scope};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{EndpointThen, end_quarantines, find, platform, scope, two_places};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_assignments))
        .routes(routes!(list_number_connections))
        .routes(routes!(get_number_summary))
}

/// A time during which a tenant held a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignmentView {
    tenant_id: Uuid,
    assigned_at: DateTime<Utc>,
    assigned_by: Option<Uuid>,
    released_at: Option<DateTime<Utc>>,
    released_by: Option<Uuid>,
}

/// Who held a line, and when, newest first; a tenant sees its own times.
#[utoipa::path(get, path = "/api/v1/phone-numbers/{id}/assignments", tag = "numbers", params(("id" = Uuid, Path), WholeList),
    responses((status = 200, description = "At most the latest 200", body = Page<AssignmentView>)))]
async fn list_assignments(
    State(state): State<AppState>,
    actor: Actor,
    Params(id): Params<Uuid>,
    list: WholeList,
) -> Result<Json<Page<AssignmentView>>, Problem> {
    let scope = scope(&actor)?;
    let line = find(&state, scope, id).await?;
    let history = match scope {
        Scope::Tenant(tenant) => store::history(&mut *state.db.reading(tenant).await?, line.id).await?,
        Scope::Platform => store::history(&mut *platform(&state).await?, line.id).await?,
    };
    let items = history
        .into_iter()
        .map(|time| AssignmentView {
            tenant_id: time.tenant.0,
            assigned_at: time.assigned_at,
            assigned_by: time.assigned_by.map(|user| user.0),
            released_at: time.released_at,
            released_by: time.released_by.map(|user| user.0),
        })
        .collect();
    Ok(Json(list.at_most(items, store::LATEST)))
}

/// A time during which a line rang a person or a bot.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionTimeView {
    tenant_id: Uuid,
    endpoint: Option<EndpointThen>,
    connected_at: DateTime<Utc>,
    connected_by: Option<Uuid>,
    disconnected_at: Option<DateTime<Utc>>,
    disconnected_by: Option<Uuid>,
}

/// Whom a line rang, and when, newest first; a tenant sees its own times.
#[utoipa::path(get, path = "/api/v1/phone-numbers/{id}/connections", tag = "numbers", params(("id" = Uuid, Path), WholeList),
    responses((status = 200, description = "At most the latest 200", body = Page<ConnectionTimeView>)))]
async fn list_number_connections(
    State(state): State<AppState>,
    actor: Actor,
    Params(id): Params<Uuid>,
    list: WholeList,
) -> Result<Json<Page<ConnectionTimeView>>, Problem> {
    let scope = scope(&actor)?;
    let line = find(&state, scope, id).await?;
    let times = match scope {
        Scope::Tenant(tenant) => store::connections(&mut *state.db.reading(tenant).await?, line.id).await?,
        Scope::Platform => store::connections(&mut *platform(&state).await?, line.id).await?,
    };
    let items = times
        .into_iter()
        .map(|time| ConnectionTimeView {
            tenant_id: time.tenant.0,
            endpoint: time.endpoint.map(|endpoint| EndpointThen::of(endpoint, time.name)),
            connected_at: time.connected_at,
            connected_by: time.connected_by.map(|user| user.0),
            disconnected_at: time.disconnected_at,
            disconnected_by: time.disconnected_by.map(|user| user.0),
        })
        .collect();
    Ok(Json(list.at_most(items, store::LATEST)))
}

/// Lines, counted, and what they cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumberSummary {
    /// One's own lines; for the platform admin who acts for no tenant those of all.
    assigned: i64,
    /// Of those, the ones that ring somebody.
    connected: i64,
    /// Of the connected ones, those that ring a bot.
    connected_to_bots: i64,
    /// Of those, the ones that ring nobody.
    not_connected: i64,
    /// The pool.
    available: i64,
    /// Held for one; for the platform admin who acts for no tenant all that are held or in quarantine.
    reserved: i64,
    /// What the assigned lines cost a month, per currency.
    monthly_cost: Vec<CostView>,
}

/// A sum of one currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct CostView {
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: String,
    /// A decimal number as text.
    #[schema(value_type = String, example = "13.50")]
    amount: Decimal,
    /// How many lines it is for.
    lines: i64,
}

/// The figures above the list of lines: one's own, connected, the pool, the monthly cost per currency.
#[utoipa::path(get, path = "/api/v1/phone-number-summary", tag = "numbers",
    responses((status = 200, description = "The figures", body = NumberSummary)))]
async fn get_number_summary(
    State(state): State<AppState>,
    actor: Actor,
) -> Result<Json<NumberSummary>, Problem> {
    let scope = scope(&actor)?;
    end_quarantines(&state).await?;
    let figures = match scope {
        Scope::Tenant(tenant) => store::summary(&mut *state.db.reading(tenant).await?, scope).await?,
        Scope::Platform => store::summary(&mut *platform(&state).await?, scope).await?,
    };
    Ok(Json(NumberSummary {
        assigned: figures.assigned,
        connected: figures.connected,
        connected_to_bots: figures.connected_to_bots,
        not_connected: figures.assigned - figures.connected,
        available: figures.available,
        reserved: figures.reserved,
        monthly_cost: figures
            .monthly_cost
            .into_iter()
            .map(|cost| CostView {
                currency: cost.currency,
                amount: two_places(cost.amount),
                lines: cost.lines,
            })
            .collect(),
    }))
}
