//! `/settings/directory`: what a tenant has settled for its directory as a whole.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use switchroom_api_base::{Caller, Errors, IfMatch, Incoming, Problem, Validate, Versioned, state::AppState};
use switchroom_core::TenantId;
use switchroom_store::{
    TenantTx,
    directory_settings::{self as store, DirectorySettings},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{begin, reading};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_directory_settings, change_directory_settings))
}

/// How the directory is kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct DirectorySettingsView {
    /// Whether organizations are entered with a tax id only, by hand and by files. Those that a ticket enters, and those that
    /// a file names as somebody's company and nobody has, come without one all the same.
    tax_id_required: bool,
    version: i64,
}

const fn shown(settings: DirectorySettings) -> Versioned<DirectorySettingsView> {
    let DirectorySettings { tax_id_required, version } = settings;
    Versioned(version, DirectorySettingsView { tax_id_required, version })
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateDirectorySettings {
    #[serde(default)]
    tax_id_required: Option<bool>,
}

impl Validate for UpdateDirectorySettings {
    fn validate(&self, _: &mut Errors) {}
}

/// Refuses what would leave an organization without a tax id, where the tenant wants one.
pub(super) async fn allow_no_tax_id(tx: &mut TenantTx, tenant: TenantId) -> Result<(), Problem> {
    if store::get(tx, tenant).await?.tax_id_required {
        return Err(Problem::invalid("/tax_id", "is required"));
    }
    Ok(())
}

/// How the directory is kept.
#[utoipa::path(get, path = "/api/v1/settings/directory", tag = "directory",
    responses((status = 200, description = "The settings", body = DirectorySettingsView)))]
async fn get_directory_settings(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Versioned<DirectorySettingsView>, Problem> {
    let mut tx = reading(&state, caller.tenant).await?;
    let settings = store::get(&mut tx, caller.tenant).await?;
    tx.commit().await?;
    Ok(shown(settings))
}

/// Change how the directory is kept. What is there stays as it is.
#[utoipa::path(patch, path = "/api/v1/settings/directory", tag = "directory", params(IfMatch),
    request_body = UpdateDirectorySettings,
    responses((status = 200, description = "The settings, changed", body = DirectorySettingsView),
              (status = 409, description = "Changed by somebody else at the same moment")))]
async fn change_directory_settings(
    State(state): State<AppState>,
    caller: Caller,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<DirectorySettingsView>, Problem> {
    let body: UpdateDirectorySettings = body.read().await?;
    let mut tx = begin(&state, caller.tenant).await?;
    let before = store::get(&mut tx, caller.tenant).await?;
    if_match.check(before.version)?;
    if let Some(wanted) = body.tax_id_required.filter(|wanted| *wanted != before.tax_id_required) {
        store::set(&mut tx, caller.tenant, before.version, wanted)
            .await?
            .ok_or_else(Problem::changed_meanwhile)?;
    }
    let now = store::get(&mut tx, caller.tenant).await?;
    tx.commit().await?;
    Ok(shown(now))
}
