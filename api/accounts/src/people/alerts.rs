//! `GET /security-alerts`: what of the audit log somebody responsible should look at.

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use switchroom_api_base::{
    Json,
    auth::Actor,
    list::{Filter, ListQuery, Page},
    problem::Problem,
    state::AppState,
};
use switchroom_store::{StoreError, alerts as store, audit::Scope, listing::CREATED_AT};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::audit::scope;

/// How far back alerts are derived where nobody says otherwise.
const DAYS: i64 = 90;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Serialize, ToSchema)]
struct SecurityAlert {
    /// Of the line of the audit log it was derived from; of several, of the latest.
    id: Uuid,
    /// `account_locked`, `refresh_reused`, `second_factor_off`, `new_admin` or `many_failures`.
    #[schema(example = "account_locked")]
    kind: String,
    /// `high`: somebody may have got in, or gained power. `medium`: somebody tried, or a guard is down.
    #[schema(example = "medium")]
    severity: &'static str,
    /// When it happened; of several, when last.
    created_at: DateTime<Utc>,
    /// Null where it belongs to none.
    tenant_id: Option<Uuid>,
    tenant_name: Option<String>,
    /// Whose account it is about, where that is known.
    user_id: Option<Uuid>,
    user_name: Option<String>,
    /// Who did it, where that was somebody else.
    by_id: Option<Uuid>,
    by_name: Option<String>,
    #[schema(example = "192.0.2.1")]
    address: Option<String>,
    /// How many lines it stands for: of `many_failures` those from one address within one hour of the clock.
    #[schema(example = 1)]
    count: i64,
}

impl From<store::Alert> for SecurityAlert {
    fn from(alert: store::Alert) -> Self {
        Self {
            severity: match alert.kind.as_str() {
                "refresh_reused" | "new_admin" => "high",
                _ => "medium",
            },
            id: alert.id,
            kind: alert.kind,
            created_at: alert.created_at,
            tenant_id: alert.tenant_id,
            tenant_name: alert.tenant_name,
            user_id: alert.user_id,
            user_name: alert.user_name,
            by_id: alert.by_id,
            by_name: alert.by_name,
            address: alert.address,
            count: alert.count,
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    AccountLocked,
    RefreshReused,
    SecondFactorOff,
    NewAdmin,
    ManyFailures,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::AccountLocked => "account_locked",
            Self::RefreshReused => "refresh_reused",
            Self::SecondFactorOff => "second_factor_off",
            Self::NewAdmin => "new_admin",
            Self::ManyFailures => "many_failures",
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AlertFilter {
    /// `account_locked`, `refresh_reused`, `second_factor_off`, `new_admin` or `many_failures`.
    #[param(value_type = Option<String>)]
    kind: Option<Kind>,
    /// Whose account it is about.
    user_id: Option<Uuid>,
    /// Where it came from, exactly.
    address: Option<String>,
    /// 90 days ago, where it is left out.
    created_after: Option<DateTime<Utc>>,
    created_before: Option<DateTime<Utc>>,
}

/// Security alerts
///
/// Accounts that rested after too many failures, refresh tokens used twice, second factors turned off, new admins and
/// owners, ten failures and more from one address within an hour: derived from the audit log, and gone with it. A platform
/// admin who acts for no tenant sees those of all.
#[utoipa::path(get, path = "/api/v1/security-alerts", tag = "people", operation_id = "list_security_alerts", params(ListQuery, AlertFilter),
    responses((status = 200, description = "Newest first unless `sort=created_at`", body = Page<SecurityAlert>)))]
async fn list(
    State(state): State<AppState>,
    actor: Actor,
    list: ListQuery,
    Filter(filter): Filter<AlertFilter>,
) -> Result<Json<Page<SecurityAlert>>, Problem> {
    let (scope, window) = (scope(&actor)?, list.window(&[CREATED_AT], true)?);
    let since = filter.created_after.unwrap_or_else(|| Utc::now() - TimeDelta::days(DAYS));
    let filter = store::Filter {
        kind: filter.kind.map(|kind| kind.name().to_owned()),
        user: filter.user_id,
        address: filter.address,
        until: filter.created_before,
    };
    let found = match scope {
        Scope::Tenant(tenant) => {
            let mut tx = state.db.tenant(tenant).await?;
            let found = store::list(&mut tx, scope, since, &filter, &window).await?;
            tx.commit().await?;
            found
        }
        Scope::Platform => {
            let mut tx = state.db.platform().begin().await.map_err(StoreError::from)?;
            let found = store::list(&mut tx, scope, since, &filter, &window).await?;
            tx.commit().await.map_err(StoreError::from)?;
            found
        }
    };
    Ok(Json(Page::of(&window, found).map(SecurityAlert::from)))
}
