//! What a tenant has settled for its directory as a whole. The columns are the tenant's own row's, and so is the version.

use sqlx::PgConnection;
use switchroom_core::TenantId;

use crate::db::StoreError;

/// The settings as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectorySettings {
    /// Organizations are entered with a tax id only.
    pub tax_id_required: bool,
    pub version: i64,
}

/// In the tenant's transaction.
pub async fn get(connection: &mut PgConnection, tenant: TenantId) -> Result<DirectorySettings, StoreError> {
    Ok(sqlx::query_as!(
        DirectorySettings,
        "SELECT tax_id_required, version FROM tenants WHERE id = $1",
        tenant.0
    )
    .fetch_one(connection)
    .await?)
}

/// Changes them where the tenant is still at `version`; None where it is not. In the tenant's transaction.
pub async fn set(
    connection: &mut PgConnection,
    tenant: TenantId,
    version: i64,
    tax_id_required: bool,
) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar!(
        "UPDATE tenants SET tax_id_required = $3, version = version + 1 WHERE id = $1 AND version = $2 RETURNING version",
        tenant.0,
        version,
        tax_id_required
    )
    .fetch_optional(connection)
    .await?)
}
