//! Bots: voice agents that take the calls of a line, in the tenant's transaction. Which line is on the line's side only
//! (`phone_numbers.bot_id`), so the two cannot disagree (W-24); a bot that is switched off or deleted gives it back.

use sqlx::{Postgres, QueryBuilder};
use switchroom_core::{BotId, UserId};
use uuid::Uuid;

use crate::{
    StoreError, TenantTx, Timestamp,
    changed::Changed,
    listing::{self, CREATED_AT, Order, Slice, Window},
    numbers,
};

/// A bot with its line.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Bot {
    pub id: Uuid,
    pub name: String,
    pub description: Option<String>,
    pub prompt: Option<String>,
    pub sip_uri: Option<String>,
    pub is_active: bool,
    pub number_id: Option<Uuid>,
    pub number: Option<String>,
    pub number_country: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

/// What a bot is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotText {
    pub name: String,
    pub description: Option<String>,
    pub prompt: Option<String>,
    pub sip_uri: Option<String>,
}

/// Which bots are wanted.
#[derive(Clone, Debug, Default)]
pub struct BotFilter {
    /// Letters of the name.
    pub q: Option<String>,
    pub is_active: Option<bool>,
    /// Whether a line rings it.
    pub connected: Option<bool>,
}

pub const BY_NAME: Order = Order::text("name", "lower(t.name)");
pub const ORDERS: &[Order] = &[BY_NAME, CREATED_AT, Order::at("updated_at", "t.updated_at")];

const COLUMNS: &str = "t.id, t.name, t.description, t.prompt, t.sip_uri, t.is_active, t.created_at, t.updated_at, t.version, \
     n.id AS number_id, n.number, n.country AS number_country";
const FROM: &str = " FROM bots t LEFT JOIN phone_numbers n ON n.bot_id = t.id AND n.tenant_id = t.tenant_id \
     WHERE t.deleted_at IS NULL AND t.tenant_id = ";

pub async fn list(
    tx: &mut TenantTx,
    filter: &BotFilter,
    window: &Window<Order>,
) -> Result<Slice<Bot>, StoreError> {
    let tenant = tx.tenant();
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(FROM).push_bind(tenant.0);
        if let Some(q) = &filter.q {
            query.push(" AND strpos(lower(t.name), lower(").push_bind(q.clone()).push(")) > 0");
        }
        if let Some(is_active) = filter.is_active {
            query.push(" AND t.is_active = ").push_bind(is_active);
        }
        if let Some(connected) = filter.connected {
            query.push(if connected { " AND n.id IS NOT NULL" } else { " AND n.id IS NULL" });
        }
    };
    listing::read_page(tx, COLUMNS, from, window, listing::by_name).await
}

pub async fn get(tx: &mut TenantTx, id: BotId) -> Result<Option<Bot>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(FROM).push_bind(tx.tenant().0).push(" AND t.id = ").push_bind(id.0);
    Ok(query.build_query_as().fetch_optional(&mut **tx).await?)
}

/// A conflict on `bots_name` means that there is one of this name.
pub async fn create(
    tx: &mut TenantTx,
    text: &BotText,
    is_active: bool,
    by: UserId,
) -> Result<BotId, StoreError> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO bots (id, tenant_id, name, description, prompt, sip_uri, is_active, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        id,
        tx.tenant().0,
        text.name,
        text.description,
        text.prompt,
        text.sip_uri,
        is_active,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(BotId(id))
}

/// A conflict on `bots_name` means that there is one of this name.
pub async fn update(
    tx: &mut TenantTx,
    id: BotId,
    version: i64,
    text: &BotText,
) -> Result<Changed<Bot>, StoreError> {
    let touched = sqlx::query!(
        "UPDATE bots SET name = $3, description = $4, prompt = $5, sip_uri = $6, version = version + 1
          WHERE id = $1 AND version = $2 AND deleted_at IS NULL",
        id.0,
        version,
        text.name,
        text.description,
        text.prompt,
        text.sip_uri,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    as_now(tx, id, touched).await
}

/// Switches a bot on or off; switched off, its line rings nobody.
pub async fn set_active(
    tx: &mut TenantTx,
    id: BotId,
    version: i64,
    is_active: bool,
    by: UserId,
) -> Result<Changed<Bot>, StoreError> {
    let touched = sqlx::query!(
        "UPDATE bots SET is_active = $3, version = version + 1
          WHERE id = $1 AND version = $2 AND deleted_at IS NULL",
        id.0,
        version,
        is_active,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if touched > 0 && !is_active {
        numbers::disconnect_bot(tx, id, by).await?;
    }
    as_now(tx, id, touched).await
}

/// Marks it deleted; its line rings nobody any more.
pub async fn delete(
    tx: &mut TenantTx,
    id: BotId,
    expected: Option<i64>,
    by: UserId,
) -> Result<Changed<()>, StoreError> {
    let touched = sqlx::query!(
        "UPDATE bots SET deleted_at = now(), deleted_by = $3, is_active = false, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id.0,
        expected,
        by.0,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if touched > 0 {
        numbers::disconnect_bot(tx, id, by).await?;
        return Ok(Changed::Done(()));
    }
    Ok(Changed::refused(get(tx, id).await?.is_some()))
}

async fn as_now(tx: &mut TenantTx, id: BotId, touched: u64) -> Result<Changed<Bot>, StoreError> {
    Ok(match get(tx, id).await? {
        Some(bot) if touched > 0 => Changed::Done(bot),
        present => Changed::refused(present.is_some()),
    })
}
