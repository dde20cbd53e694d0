//! Telling the endpoints: who is due, how far each is, what each attempt came to.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use switchroom_core::TenantId;
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    listing::{self, Order, Slice, Window},
};

/// An endpoint that has something to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub tenant: TenantId,
    pub endpoint: Uuid,
}

/// Takes endpoints that are due, each for `hold_s` (platform role): of a tenant at most so many, those held already
/// included, and every tenant's first before any's second. Of several who ask, one gets each.
pub async fn claim(
    connection: &mut PgConnection,
    limit: i64,
    of_a_tenant: i64,
    hold_s: f64,
) -> Result<Vec<Due>, StoreError> {
    let rows = sqlx::query!(
        "WITH places AS (
           SELECT e.id, row_number() OVER (PARTITION BY e.tenant_id ORDER BY e.next_attempt_at)
                        + (SELECT count(*) FROM webhook_endpoints h
                            WHERE h.tenant_id = e.tenant_id AND h.held_until > now()) AS place
             FROM webhook_endpoints e JOIN tenant_log l ON l.tenant_id = e.tenant_id
            WHERE e.is_active AND e.deleted_at IS NULL AND e.held_until <= now()
              AND ((e.next_attempt_at <= now() AND e.seq < l.last_seq)
                   OR EXISTS (SELECT FROM webhook_dead_letters d
                               WHERE d.endpoint_id = e.id AND d.replay_at <= now() AND d.delivered_at IS NULL))),
         due AS (
           SELECT e.id FROM webhook_endpoints e JOIN places p ON p.id = e.id
            WHERE p.place <= $2 AND e.held_until <= now()
            ORDER BY p.place, e.next_attempt_at LIMIT $1 FOR UPDATE OF e SKIP LOCKED)
         UPDATE webhook_endpoints e SET held_until = now() + make_interval(secs => $3) FROM due WHERE e.id = due.id
         RETURNING e.id, e.tenant_id",
        limit,
        of_a_tenant,
        hold_s,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| Due { tenant: TenantId(row.tenant_id), endpoint: row.id }).collect())
}

/// Whether it may be tried again by now.
pub async fn is_due(tx: &mut TenantTx, endpoint: Uuid) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM webhook_endpoints WHERE id = $1 AND next_attempt_at <= now()) AS "due!""#,
        endpoint
    )
    .fetch_one(&mut **tx)
    .await?)
}

/// Lets an endpoint go before its time.
pub async fn give_back(tx: &mut TenantTx, endpoint: Uuid) -> Result<(), StoreError> {
    sqlx::query!("UPDATE webhook_endpoints SET held_until = now() WHERE id = $1", endpoint)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Sends it nothing more until somebody switches it on; false where it was off already.
pub async fn switch_off(tx: &mut TenantTx, endpoint: Uuid) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE webhook_endpoints SET is_active = false, version = version + 1
          WHERE id = $1 AND is_active AND deleted_at IS NULL",
        endpoint
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    Failed,
    /// Failed for the last time.
    Dead,
}

impl Outcome {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dead => "dead",
        }
    }
}

/// An attempt to tell an endpoint of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    pub seq: i64,
    pub event: Uuid,
    pub kind: String,
    pub number: i32,
    pub outcome: Outcome,
    pub status: Option<i32>,
    pub fault: Option<String>,
    pub duration_ms: i32,
}

/// Writes an attempt down.
pub async fn note(tx: &mut TenantTx, endpoint: Uuid, attempt: &Attempt) -> Result<(), StoreError> {
    let fault: Option<String> = attempt.fault.as_ref().map(|fault| fault.chars().take(300).collect());
    sqlx::query!(
        "INSERT INTO webhook_deliveries (id, tenant_id, endpoint_id, seq, event_id, type, attempt, outcome, status, fault, duration_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        Uuid::now_v7(),
        tx.tenant().0,
        endpoint,
        attempt.seq,
        attempt.event,
        attempt.kind,
        attempt.number,
        attempt.outcome.name(),
        attempt.status,
        fault,
        attempt.duration_ms,
    )
    .execute(&mut **tx)
    .await?;
    if attempt.outcome == Outcome::Dead {
        sqlx::query!(
            "INSERT INTO webhook_dead_letters (id, tenant_id, endpoint_id, seq, event_id, type, fault)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (endpoint_id, seq) DO UPDATE
                SET fault = EXCLUDED.fault, died_at = now(), replay_at = NULL, delivered_at = NULL",
            Uuid::now_v7(),
            tx.tenant().0,
            endpoint,
            attempt.seq,
            attempt.event,
            attempt.kind,
            fault,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// How far an endpoint is after an attempt, or after entries it does not hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Everything up to here is done with.
    UpTo(i64),
    /// The entry behind its place has failed so often, and is tried again in so long.
    Again { failed: i32, after_ms: i64 },
}

/// Moves an endpoint on, if it is where it was thought to be: somebody may have set it back meanwhile. False where not.
pub async fn advance(
    tx: &mut TenantTx,
    endpoint: Uuid,
    from: i64,
    progress: Progress,
) -> Result<bool, StoreError> {
    let moved = match progress {
        Progress::UpTo(seq) => {
            sqlx::query!(
                "UPDATE webhook_endpoints SET seq = $3, failed = 0, next_attempt_at = now()
                  WHERE id = $1 AND seq = $2 AND deleted_at IS NULL",
                endpoint,
                from,
                seq,
            )
            .execute(&mut **tx)
            .await?
        }
        Progress::Again { failed, after_ms } => {
            sqlx::query!(
                "UPDATE webhook_endpoints
                    SET failed = $3, next_attempt_at = now() + make_interval(secs => $4::float8 / 1000)
                  WHERE id = $1 AND seq = $2 AND deleted_at IS NULL",
                endpoint,
                from,
                failed,
                after_ms as f64,
            )
            .execute(&mut **tx)
            .await?
        }
    };
    Ok(moved.rows_affected() > 0)
}

/// Sets an endpoint back (or on) to a place in the log: everything behind it is sent, again where it was sent before.
pub async fn replay_from(tx: &mut TenantTx, endpoint: Uuid, seq: i64) -> Result<bool, StoreError> {
    Ok(sqlx::query!(
        "UPDATE webhook_endpoints SET seq = $2, failed = 0, next_attempt_at = now(), version = version + 1
          WHERE id = $1 AND deleted_at IS NULL",
        endpoint,
        seq,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected()
        > 0)
}

/// An event that was given up.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DeadLetter {
    pub id: Uuid,
    pub seq: i64,
    pub event: Uuid,
    pub kind: String,
    pub fault: Option<String>,
    pub died_at: DateTime<Utc>,
    pub replay_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
}

pub const BY_DIED_AT: Order = Order::at("died_at", "t.died_at");
pub const BY_ATTEMPTED_AT: Order = Order::at("attempted_at", "t.attempted_at");

/// The events that an endpoint was not told of.
pub async fn dead_letters(
    tx: &mut TenantTx,
    endpoint: Uuid,
    window: &Window<Order>,
) -> Result<Slice<DeadLetter>, StoreError> {
    let columns =
        "t.id, t.seq, t.event_id AS event, t.type AS kind, t.fault, t.died_at, t.replay_at, t.delivered_at";
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(" FROM webhook_dead_letters t WHERE t.endpoint_id = ").push_bind(endpoint);
    };
    listing::read_page(tx, columns, from, window, listing::by_name).await
}

/// Asks for dead letters to be tried once more: one of them, or (`None`) all of an endpoint.
pub async fn replay_dead(tx: &mut TenantTx, endpoint: Uuid, letter: Option<Uuid>) -> Result<u64, StoreError> {
    Ok(sqlx::query!(
        "UPDATE webhook_dead_letters SET replay_at = now()
          WHERE endpoint_id = $1 AND ($2::uuid IS NULL OR id = $2) AND delivered_at IS NULL",
        endpoint,
        letter,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected())
}

/// The next dead letter of an endpoint that is to be tried once more.
pub async fn first_replay(tx: &mut TenantTx, endpoint: Uuid) -> Result<Option<(Uuid, i64)>, StoreError> {
    let row = sqlx::query!(
        "SELECT id, seq FROM webhook_dead_letters
          WHERE endpoint_id = $1 AND replay_at <= now() AND delivered_at IS NULL ORDER BY seq LIMIT 1",
        endpoint
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.id, row.seq)))
}

/// What became of a dead letter that was tried once more.
pub async fn settle_replay(tx: &mut TenantTx, letter: Uuid, delivered: bool) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook_dead_letters
            SET replay_at = NULL, delivered_at = CASE WHEN $2 THEN now() ELSE delivered_at END WHERE id = $1",
        letter,
        delivered,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An attempt as it is told.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Delivery {
    pub id: Uuid,
    pub seq: i64,
    pub event: Uuid,
    pub kind: String,
    pub attempt: i32,
    pub outcome: String,
    pub status: Option<i32>,
    pub fault: Option<String>,
    pub duration_ms: i32,
    pub attempted_at: DateTime<Utc>,
}

/// The attempts of an endpoint, or those of one outcome.
pub async fn deliveries(
    tx: &mut TenantTx,
    endpoint: Uuid,
    outcome: Option<Outcome>,
    window: &Window<Order>,
) -> Result<Slice<Delivery>, StoreError> {
    let columns = "t.id, t.seq, t.event_id AS event, t.type AS kind, t.attempt, t.outcome, t.status, t.fault, \
                   t.duration_ms, t.attempted_at";
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(" FROM webhook_deliveries t WHERE t.endpoint_id = ").push_bind(endpoint);
        if let Some(outcome) = outcome {
            query.push(" AND t.outcome = ").push_bind(outcome.name());
        }
    };
    listing::read_page(tx, columns, from, window, listing::by_name).await
}

/// Attempts older than a month go (platform role).
pub async fn prune(connection: &mut PgConnection) -> Result<u64, StoreError> {
    Ok(sqlx::query!(
        "DELETE FROM webhook_deliveries WHERE id IN
           (SELECT id FROM webhook_deliveries WHERE attempted_at < now() - interval '30 days' LIMIT 100000)"
    )
    .execute(connection)
    .await?
    .rows_affected())
}
