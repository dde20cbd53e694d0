//! Endpoints outside that hear of the log, and what became of each attempt to tell them.

mod delivery;

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use switchroom_core::UserId;
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    changed::Changed,
    listing::{self, Order, Slice, Window},
};

pub use delivery::{
    Attempt, BY_ATTEMPTED_AT, BY_DIED_AT, DeadLetter, Delivery, Due, Outcome, Progress, advance, claim,
    dead_letters, deliveries, first_replay, give_back, is_due, note, prune, replay_dead, replay_from,
    settle_replay, switch_off,
};

/// Endpoints of a tenant; each reads the whole log for itself.
pub const MOST: i64 = 20;

/// A secret as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub key_id: String,
    pub secret: Vec<u8>,
}

/// An endpoint as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    pub id: Uuid,
    pub name: String,
    pub url: String,
    pub events: Vec<String>,
    pub secret: Sealed,
    /// The one before, while it still signs.
    pub old_secret: Option<Sealed>,
    pub is_active: bool,
    /// How far it is.
    pub seq: i64,
    pub failed: i32,
    pub next_attempt_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

#[derive(Clone, Debug)]
pub struct NewEndpoint {
    pub name: String,
    pub url: String,
    pub events: Vec<String>,
    pub secret: Sealed,
    pub is_active: bool,
}

/// What to change; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct EndpointPatch {
    pub name: Option<String>,
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    pub is_active: Option<bool>,
}

const COLUMNS: &str = "t.id, t.name, t.url, t.events, t.secret, t.key_id, t.is_active, t.seq, t.failed, t.next_attempt_at, \
                       t.created_at, t.updated_at, t.version, \
                       CASE WHEN t.old_until > now() THEN t.old_secret END AS old_secret, t.old_key_id";

fn read(row: &PgRow) -> Result<Endpoint, StoreError> {
    let old: Option<Vec<u8>> = row.try_get("old_secret")?;
    let old_key: Option<String> = row.try_get("old_key_id")?;
    Ok(Endpoint {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        url: row.try_get("url")?,
        events: row.try_get("events")?,
        secret: Sealed { key_id: row.try_get("key_id")?, secret: row.try_get("secret")? },
        old_secret: old.zip(old_key).map(|(secret, key_id)| Sealed { key_id, secret }),
        is_active: row.try_get("is_active")?,
        seq: row.try_get("seq")?,
        failed: row.try_get("failed")?,
        next_attempt_at: row.try_get("next_attempt_at")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        version: row.try_get("version")?,
    })
}

pub async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Option<Endpoint>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query
        .push(COLUMNS)
        .push(" FROM webhook_endpoints t WHERE t.deleted_at IS NULL AND t.id = ")
        .push_bind(id);
    query.build().fetch_optional(&mut **tx).await?.as_ref().map(read).transpose()
}

pub async fn list(tx: &mut TenantTx, window: &Window<Order>) -> Result<Slice<Endpoint>, StoreError> {
    let tenant = tx.tenant();
    let from = |query: &mut QueryBuilder<Postgres>| {
        query
            .push(" FROM webhook_endpoints t WHERE t.deleted_at IS NULL AND t.tenant_id = ")
            .push_bind(tenant.0);
    };
    listing::read_page(tx, COLUMNS, from, window, read).await
}

/// Makes an endpoint that hears of everything from now on; `None` when the tenant has as many as it may.
pub async fn insert(
    tx: &mut TenantTx,
    new: &NewEndpoint,
    by: UserId,
) -> Result<Option<Endpoint>, StoreError> {
    let id = Uuid::now_v7();
    let made = sqlx::query!(
        "INSERT INTO webhook_endpoints (id, tenant_id, name, url, events, secret, key_id, is_active, seq, created_by)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, coalesce((SELECT last_seq FROM tenant_log WHERE tenant_id = $2), 0), $9
          WHERE (SELECT count(*) FROM webhook_endpoints WHERE tenant_id = $2 AND deleted_at IS NULL) < $10",
        id,
        tx.tenant().0,
        new.name,
        new.url,
        &new.events,
        new.secret.secret,
        new.secret.key_id,
        new.is_active,
        by.0,
        MOST,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if made == 0 {
        return Ok(None);
    }
    get(tx, id).await
}

/// Merges the patch. One that is switched on again, or goes elsewhere, is tried at once.
pub async fn update(
    tx: &mut TenantTx,
    id: Uuid,
    patch: &EndpointPatch,
    expected: Option<i64>,
) -> Result<Changed<Endpoint>, StoreError> {
    let touched = sqlx::query!(
        "UPDATE webhook_endpoints
            SET name = coalesce($3, name), url = coalesce($4, url), events = coalesce($5, events),
                is_active = coalesce($6, is_active), version = version + 1,
                next_attempt_at = CASE WHEN $4 <> url OR $6 THEN now() ELSE next_attempt_at END,
                failed = CASE WHEN $4 <> url OR $6 THEN 0 ELSE failed END
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
        patch.name.as_deref(),
        patch.url.as_deref(),
        patch.events.as_deref(),
        patch.is_active,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(match get(tx, id).await? {
        Some(endpoint) if touched > 0 => Changed::Done(endpoint),
        present => Changed::refused(present.is_some()),
    })
}

/// A new secret; the one before signs beside it for a day.
pub async fn rotate(tx: &mut TenantTx, id: Uuid, secret: &Sealed) -> Result<Option<Endpoint>, StoreError> {
    sqlx::query!(
        "UPDATE webhook_endpoints
            SET old_secret = secret, old_key_id = key_id, old_until = now() + interval '1 day',
                secret = $2, key_id = $3, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL",
        id,
        secret.secret,
        secret.key_id,
    )
    .execute(&mut **tx)
    .await?;
    get(tx, id).await
}

/// Marks it deleted; nothing leaves for it any more.
pub async fn delete(tx: &mut TenantTx, id: Uuid, expected: Option<i64>) -> Result<Changed<()>, StoreError> {
    let touched = sqlx::query!(
        "UPDATE webhook_endpoints SET deleted_at = now(), is_active = false, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if touched > 0 {
        return Ok(Changed::Done(()));
    }
    Ok(Changed::refused(get(tx, id).await?.is_some()))
}
