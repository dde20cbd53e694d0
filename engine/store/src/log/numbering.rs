//! Whose log it is and where it ends: epochs, and the one place where numbers are taken.

use sqlx::PgConnection;
use switchroom_core::{TenantId, log::Cursor};
use uuid::Uuid;

use crate::db::StoreError;

/// The next epoch: greater than any that ever wrote.
pub async fn next_epoch(connection: &mut PgConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(r#"SELECT nextval('log_epochs') AS "epoch!""#).fetch_one(connection).await?)
}

/// Takes over the logs of all tenants from older epochs, and tells where each one ends.
pub async fn adopt_all(
    connection: &mut PgConnection,
    epoch: i64,
) -> Result<Vec<(TenantId, Cursor)>, StoreError> {
    sqlx::query!(
        "INSERT INTO tenant_log (tenant_id) SELECT id FROM tenants ORDER BY id ON CONFLICT (tenant_id) DO NOTHING"
    )
    .execute(&mut *connection)
    .await?;
    let rows = sqlx::query!(
        "UPDATE tenant_log SET epoch = $1 WHERE epoch < $1 RETURNING tenant_id, last_seq",
        epoch
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (TenantId(row.tenant_id), Cursor(row.last_seq))).collect())
}

/// What came of taking over one tenant's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adopted {
    /// It is ours, and ends here.
    Ours(Cursor),
    /// A later epoch has it: this process was overtaken.
    Overtaken,
    /// There is no such tenant (any more).
    Absent,
}

/// Takes over one tenant's log: of a tenant made after the start, or to find out why numbers were refused.
pub async fn adopt(
    connection: &mut PgConnection,
    epoch: i64,
    tenant: TenantId,
) -> Result<Adopted, StoreError> {
    sqlx::query!(
        "INSERT INTO tenant_log (tenant_id) SELECT id FROM tenants WHERE id = $1 ON CONFLICT (tenant_id) DO NOTHING",
        tenant.0
    )
    .execute(&mut *connection)
    .await?;
    let row = sqlx::query!(
        "UPDATE tenant_log SET epoch = greatest(epoch, $2) WHERE tenant_id = $1 RETURNING epoch, last_seq",
        tenant.0,
        epoch
    )
    .fetch_optional(connection)
    .await?;
    Ok(match row {
        Some(row) if row.epoch == epoch => Adopted::Ours(Cursor(row.last_seq)),
        Some(_) => Adopted::Overtaken,
        None => Adopted::Absent,
    })
}

/// Takes so many numbers of each tenant, and answers the last one of each. A tenant that is missing from the answer is
/// not ours: ask [`adopt`] why.
pub async fn take_numbers(
    connection: &mut PgConnection,
    epoch: i64,
    counts: &[(TenantId, i64)],
) -> Result<Vec<(TenantId, i64)>, StoreError> {
    let tenants: Vec<Uuid> = counts.iter().map(|(tenant, _)| tenant.0).collect();
    let numbers: Vec<i64> = counts.iter().map(|(_, count)| *count).collect();
    let rows = sqlx::query!(
        "UPDATE tenant_log SET last_seq = last_seq + n.count
           FROM unnest($2::uuid[], $3::bigint[]) AS n (tenant_id, count)
          WHERE tenant_log.tenant_id = n.tenant_id AND epoch = $1
        RETURNING tenant_log.tenant_id, last_seq",
        epoch,
        &tenants,
        &numbers
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (TenantId(row.tenant_id), row.last_seq)).collect())
}

/// Where a tenant's log ends and whose it is, once no writer is at it any more: after a lost connection it is unknown
/// whether the last transaction came through, and its server process may still be about to commit. The lock waits
/// for that.
pub async fn settled_end(
    connection: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<(Cursor, i64)>, StoreError> {
    let row =
        sqlx::query!("SELECT last_seq, epoch FROM tenant_log WHERE tenant_id = $1 FOR UPDATE", tenant.0)
            .fetch_optional(connection)
            .await?;
    Ok(row.map(|row| (Cursor(row.last_seq), row.epoch)))
}
