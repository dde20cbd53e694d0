//! The first answer to a POST that carried an Idempotency-Key, for its repetitions within 24 hours.

use serde_json::Value;
use sqlx::PgConnection;
use switchroom_core::{TenantId, UserId};
use uuid::Uuid;

use crate::db::StoreError;

/// A first request that has not answered after this long died with its process; a repetition takes its place.
pub const ABANDONED_AFTER_SECONDS: i32 = 60;

/// Who used which key; the tenant is None for a platform admin who acts for none.
#[derive(Clone, Debug)]
pub struct Key {
    pub tenant: Option<TenantId>,
    pub user: UserId,
    pub key: String,
}

/// A stored answer; the body is sealed under `key_id`.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Value,
    pub body: Vec<u8>,
    pub key_id: String,
}

#[derive(Clone, Debug)]
pub enum Claim {
    /// The key is ours: run the request, then [`store`] its answer or [`forget`] the key.
    First,
    Answered(Answer),
    /// The first request has made this; only its answer is not (or not yet) stored.
    Made(Uuid),
    StillRunning,
    /// The key was used for another request.
    OtherRequest,
}

pub async fn claim(
    connection: &mut PgConnection,
    key: &Key,
    fingerprint: &[u8; 32],
) -> Result<Claim, StoreError> {
    let claimed = sqlx::query!(
        "INSERT INTO idempotency_keys AS k (tenant_id, user_id, key, fingerprint) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, user_id, key) DO UPDATE
            SET fingerprint = excluded.fingerprint, status = NULL, headers = NULL, body = NULL, key_id = NULL, made = NULL,
                created_at = now()
          WHERE k.created_at < now() - interval '24 hours'
             OR (k.status IS NULL AND k.made IS NULL AND k.created_at < now() - make_interval(secs => $5))",
        key.tenant.map(|id| id.0),
        key.user.0,
        key.key,
        &fingerprint[..],
        f64::from(ABANDONED_AFTER_SECONDS),
    )
    .execute(&mut *connection)
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claim::First);
    }
    let row = sqlx::query!(
        "SELECT fingerprint, status, headers, body, key_id, made FROM idempotency_keys
          WHERE tenant_id IS NOT DISTINCT FROM $1 AND user_id = $2 AND key = $3",
        key.tenant.map(|id| id.0),
        key.user.0,
        key.key,
    )
    .fetch_optional(connection)
    .await?;
    // Gone in between: the first one failed on our side and gave the key back.
    let Some(row) = row else { return Ok(Claim::StillRunning) };
    if row.fingerprint != fingerprint {
        return Ok(Claim::OtherRequest);
    }
    Ok(match (row.status, row.headers, row.body, row.key_id) {
        (Some(status), Some(headers), Some(body), Some(key_id)) => {
            Claim::Answered(Answer { status: u16::try_from(status).unwrap_or(500), headers, body, key_id })
        }
        _ => row.made.map_or(Claim::StillRunning, Claim::Made),
    })
}

/// Notes what the request makes, in the transaction that makes it.
pub async fn made(connection: &mut PgConnection, key: &Key, id: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE idempotency_keys SET made = $4
          WHERE tenant_id IS NOT DISTINCT FROM $1 AND user_id = $2 AND key = $3",
        key.tenant.map(|id| id.0),
        key.user.0,
        key.key,
        id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn store(connection: &mut PgConnection, key: &Key, answer: &Answer) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE idempotency_keys SET status = $4, headers = $5, body = $6, key_id = $7
          WHERE tenant_id IS NOT DISTINCT FROM $1 AND user_id = $2 AND key = $3",
        key.tenant.map(|id| id.0),
        key.user.0,
        key.key,
        i16::try_from(answer.status).unwrap_or(500),
        answer.headers,
        answer.body,
        answer.key_id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives the key back after a failure of ours, so that a repetition may try again; not where the request has made
/// something all the same.
pub async fn forget(connection: &mut PgConnection, key: &Key) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM idempotency_keys
          WHERE tenant_id IS NOT DISTINCT FROM $1 AND user_id = $2 AND key = $3 AND made IS NULL",
        key.tenant.map(|id| id.0),
        key.user.0,
        key.key,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// At a start: requests that had not answered died with the process before, and their repetitions need not wait. Run as
/// the platform role.
pub async fn abandon_all(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE idempotency_keys SET created_at = created_at - make_interval(secs => $1) WHERE status IS NULL AND made IS NULL",
        f64::from(ABANDONED_AFTER_SECONDS),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Removes what is older than 24 hours; run as the platform role.
pub async fn prune(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let done = sqlx::query!("DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'")
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
