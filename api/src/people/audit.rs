//! `GET /audit`: who did what in the tenant.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use switchroom_store::{Timestamp, audit};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    auth::Caller,
    list::{Filter, ListQuery, Page},
    problem::Problem,
    state::AppState,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Serialize, ToSchema)]
struct AuditRecord {
    id: Uuid,
    /// Null where nobody was signed in.
    actor_id: Option<Uuid>,
    #[schema(example = "connection.created")]
    action: String,
    /// What it was done to.
    subject: Option<String>,
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// Where the request came from.
    address: Option<String>,
    created_at: DateTime<Utc>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditFilter {
    actor_id: Option<Uuid>,
    action: Option<String>,
    subject: Option<String>,
    created_after: Option<DateTime<Utc>>,
    created_before: Option<DateTime<Utc>>,
}

/// The audit log
#[utoipa::path(get, path = "/api/v1/audit", tag = "people", operation_id = "list_audit", params(ListQuery, AuditFilter),
    responses((status = 200, description = "Newest first", body = Page<AuditRecord>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(filter): Filter<AuditFilter>,
) -> Result<Json<Page<AuditRecord>>, Problem> {
    list.sort_by(&["-created_at"])?;
    let after = list.after::<Timestamp>("-created_at")?;
    let filter = audit::Filter {
        actor: filter.actor_id,
        action: filter.action,
        subject: filter.subject,
        created_after: filter.created_after,
        created_before: filter.created_before,
    };
    let mut tx = state.db.tenant(caller.tenant).await?;
    let found = audit::list(&mut tx, caller.tenant, &filter, after, list.fetch()).await?;
    tx.commit().await?;
    let page = list.page(found, "-created_at", |record| (record.created_at, record.id));
    Ok(Json(page.map(|record| AuditRecord {
        id: record.id,
        actor_id: record.actor_id,
        action: record.action,
        subject: record.subject,
        detail: record.detail,
        address: record.address,
        created_at: record.created_at,
    })))
}
