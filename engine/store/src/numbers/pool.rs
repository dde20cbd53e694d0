//! What spans tenants: entering lines, changing and removing them, holding them for a tenant, ending quarantines. All of
//! it is done by the platform role.

use std::time::Duration;

use sqlx::PgConnection;
use switchroom_core::{
    NumberId, TenantId,
    inventory::{LineMove, LineRefusal},
};
use uuid::Uuid;

use super::{NewNumber, NumberError, NumberPatch, PhoneNumber, Scope, check_version, get};
use crate::{Database, StoreError};

/// Enters a line into the pool (platform role). A line that was deleted comes back with what it is now.
pub async fn create(connection: &mut PgConnection, new: &NewNumber) -> Result<PhoneNumber, NumberError> {
    let id = sqlx::query_scalar!(
        "INSERT INTO phone_numbers (id, number, country, region, monthly_cost, currency, provider, capabilities)
         VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, '{\"voice\": true, \"sms\": false}'::jsonb))
         ON CONFLICT (number) DO UPDATE
            SET country = EXCLUDED.country, region = EXCLUDED.region, monthly_cost = EXCLUDED.monthly_cost,
                currency = EXCLUDED.currency, provider = EXCLUDED.provider, capabilities = EXCLUDED.capabilities,
                deleted_at = NULL, version = phone_numbers.version + 1
          WHERE phone_numbers.deleted_at IS NOT NULL
         RETURNING id",
        Uuid::now_v7(),
        new.number.to_string(),
        new.country,
        new.region.as_deref(),
        new.monthly_cost,
        new.currency,
        new.provider,
        new.capabilities,
    )
    .fetch_optional(&mut *connection)
    .await?
    .ok_or(NumberError::Duplicate)?;
    get(connection, Scope::Platform, NumberId(id)).await?.ok_or(NumberError::Absent)
}

/// Changes plain attributes (platform role).
pub async fn update(
    connection: &mut PgConnection,
    id: NumberId,
    patch: &NumberPatch,
    expected: Option<i64>,
) -> Result<PhoneNumber, NumberError> {
    let changed = sqlx::query!(
        "UPDATE phone_numbers
            SET country = coalesce($3, country), region = CASE WHEN $4 THEN $5 ELSE region END,
                monthly_cost = coalesce($6, monthly_cost), currency = coalesce($7, currency),
                provider = coalesce($8, provider), capabilities = coalesce($9, capabilities), version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id.0,
        expected,
        patch.country.as_deref(),
        patch.region.is_some(),
        patch.region.as_ref().and_then(Option::as_deref),
        patch.monthly_cost,
        patch.currency.as_deref(),
        patch.provider.as_deref(),
        patch.capabilities,
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    let line = get(connection, Scope::Platform, id).await?.ok_or(NumberError::Absent)?;
    if changed == 0 { Err(NumberError::Stale) } else { Ok(line) }
}

/// Takes a line out of the inventory (platform role); only one that nobody holds.
pub async fn delete(
    connection: &mut PgConnection,
    id: NumberId,
    expected: Option<i64>,
) -> Result<(), NumberError> {
    let deleted = sqlx::query!(
        "UPDATE phone_numbers
            SET deleted_at = now(), status = 'available', tenant_id = NULL, quarantined_until = NULL,
                quarantined_from = NULL, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND status <> 'assigned' AND ($2::bigint IS NULL OR version = $2)",
        id.0,
        expected,
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if deleted > 0 {
        return Ok(());
    }
    let line = get(connection, Scope::Platform, id).await?.ok_or(NumberError::Absent)?;
    check_version(&line, expected)?;
    Err(NumberError::Refused(LineRefusal::Taken))
}

/// Whether another tenant has taken the line, or had it held, within the last moment (platform role). Whoever then asks for
/// it from the pool has lost a race, and is told so; later it is simply another's line.
pub async fn just_taken(
    connection: &mut PgConnection,
    id: NumberId,
    by_other_than: TenantId,
    within: Duration,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM number_assignments
                           WHERE number_id = $1 AND tenant_id <> $2 AND released_at IS NULL
                             AND assigned_at > now() - make_interval(secs => $3))
               OR EXISTS (SELECT FROM phone_numbers
                           WHERE id = $1 AND tenant_id <> $2 AND status = 'reserved' AND deleted_at IS NULL
                             AND updated_at > now() - make_interval(secs => $3)) AS "taken!""#,
        id.0,
        by_other_than.0,
        within.as_secs_f64(),
    )
    .fetch_one(connection)
    .await?)
}

/// Holds a line of the pool for a tenant (platform role).
pub async fn reserve(
    connection: &mut PgConnection,
    id: NumberId,
    tenant: TenantId,
    expected: Option<i64>,
) -> Result<PhoneNumber, NumberError> {
    let held = sqlx::query!(
        "UPDATE phone_numbers SET tenant_id = $2, status = 'reserved', version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($3::bigint IS NULL OR version = $3) AND status = 'available'",
        id.0,
        tenant.0,
        expected,
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from);
    match held {
        Ok(done) if done.rows_affected() > 0 => {}
        Ok(_) => {
            let line = get(connection, Scope::Platform, id).await?.ok_or(NumberError::Absent)?;
            check_version(&line, expected)?;
            return Err(NumberError::Refused(LineRefusal::Taken));
        }
        Err(StoreError::Reference { .. }) => return Err(NumberError::NoSuchTenant),
        Err(error) => return Err(error.into()),
    }
    get(connection, Scope::Platform, id).await?.ok_or(NumberError::Absent)
}

/// Ends a hold or a quarantine before its time (platform role).
pub async fn free(
    connection: &mut PgConnection,
    id: NumberId,
    expected: Option<i64>,
) -> Result<PhoneNumber, NumberError> {
    let freed = sqlx::query!(
        "UPDATE phone_numbers
            SET tenant_id = NULL, status = 'available', quarantined_until = NULL, quarantined_from = NULL,
                version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2) AND status = 'reserved'",
        id.0,
        expected,
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    let line = get(connection, Scope::Platform, id).await?.ok_or(NumberError::Absent)?;
    if freed > 0 {
        return Ok(line);
    }
    check_version(&line, expected)?;
    Err(NumberError::Refused(line.state().after(LineMove::Free).err().unwrap_or(LineRefusal::NotHeld)))
}

/// Puts lines whose quarantine is over back into the pool; the number of them. Runs as a job and before the pool is
/// looked at, so that nobody waits for the job.
pub async fn end_quarantines(db: &Database) -> Result<u64, StoreError> {
    // The look comes first: it is an index probe, and nearly always finds nothing to lock.
    let mut reader = db.platform_reading().await?;
    let due = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM phone_numbers WHERE quarantined_until <= now()) AS "due!""#
    )
    .fetch_one(&mut *reader)
    .await?;
    reader.done().await?;
    if !due {
        return Ok(0);
    }
    Ok(sqlx::query!(
        "UPDATE phone_numbers
            SET status = 'available', quarantined_until = NULL, quarantined_from = NULL, version = version + 1
          WHERE status = 'reserved' AND quarantined_until <= now()"
    )
    .execute(db.platform())
    .await?
    .rows_affected())
}
