//! `/contact-summary`: the figures above the lists of contacts.

use axum::extract::State;
use serde::Serialize;
use switchroom_api_base::{Caller, Json, Problem, list::Count, state::AppState};
use switchroom_core::{
    Permission,
    directory::{ContactKind, standing::Standing},
};
use switchroom_store::contact_standings::{self as store, Standings};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::reading;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_contact_summary))
}

/// How many contacts of each kind stand where; null for kinds that the caller may not read.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactSummary {
    individual: Option<StandingCounts>,
    organization: Option<StandingCounts>,
    organization_contact: Option<StandingCounts>,
    email_contact: Option<StandingCounts>,
}

/// How many of a kind stand where. Beyond 10,000 a figure is not exact.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingCounts {
    pending: Count,
    active: Count,
    suspended: Count,
    inactive: Count,
}

impl StandingCounts {
    fn of(kind: ContactKind, counted: &[Standings]) -> Option<Self> {
        let count = |standing: Standing| {
            let found = counted.iter().find(|each| each.kind == kind && each.standing == standing)?;
            Some(Count::from(found.count))
        };
        Some(Self {
            pending: count(Standing::Pending)?,
            active: count(Standing::Active)?,
            suspended: count(Standing::Suspended)?,
            inactive: count(Standing::Inactive)?,
        })
    }
}

/// Count the contacts by where they stand
///
/// Deleted ones are not counted.
#[utoipa::path(get, path = "/api/v1/contact-summary", tag = "directory",
    responses((status = 200, description = "The figures", body = ContactSummary)))]
async fn get_contact_summary(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<ContactSummary>, Problem> {
    let kinds: Vec<ContactKind> =
        ContactKind::ALL.into_iter().filter(|kind| caller.may(Permission::to_read(*kind))).collect();
    let mut tx = reading(&state, caller.tenant).await?;
    let counted = store::count(&mut tx, &kinds).await?;
    tx.commit().await?;
    Ok(Json(ContactSummary {
        individual: StandingCounts::of(ContactKind::Individual, &counted),
        organization: StandingCounts::of(ContactKind::Organization, &counted),
        organization_contact: StandingCounts::of(ContactKind::OrganizationContact, &counted),
        email_contact: StandingCounts::of(ContactKind::EmailContact, &counted),
    }))
}
