//! Our own lines: the pool, who holds which, and whom they ring.
//!
//! Every move is one conditional UPDATE that names the state it starts from, so a race has one winner; the loser is
//! told what `core::inventory` says of the state it now meets. A tenant's moves run under its own row security; what
//! spans tenants (creating, holding, ending quarantines) takes a connection of the platform role.

mod history;
mod import;
mod moves;
mod pool;
mod summary;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use switchroom_core::{
    BotId, NumberId, TenantId, UserId,
    inventory::{LineRefusal, LineState, LineStatus},
    number::E164,
    number_plan::Endpoint,
};
use uuid::Uuid;

pub use history::{Assignment, Connection, HeldThen, LATEST, connections, history};
pub(crate) use history::{HELD_THEN, held_then};
pub use import::LineImport;
pub use moves::{assign, connect, disconnect, disconnect_bot, disconnect_users, release};
pub use pool::{create, delete, end_quarantines, free, just_taken, reserve, update};
pub use summary::{Cost, Summary, summary};

use crate::{
    StoreError,
    listing::{COUNT_CAP, Count, Key, Position, Slice, Window, push_order, push_position, slice},
    phones::parse,
};

/// A line as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct PhoneNumber {
    pub id: NumberId,
    pub number: E164,
    pub country: String,
    pub region: Option<String>,
    pub tenant: Option<TenantId>,
    pub status: LineStatus,
    /// What it rings.
    pub endpoint: Option<Endpoint>,
    pub monthly_cost: Decimal,
    pub currency: String,
    pub provider: String,
    pub capabilities: Value,
    pub quarantined_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

impl PhoneNumber {
    fn state(&self) -> LineState {
        LineState {
            status: self.status,
            tenant: self.tenant,
            endpoint: self.endpoint,
            in_quarantine: self.quarantined_until.is_some(),
        }
    }
}

/// A line to be entered into the pool.
#[derive(Clone, Debug)]
pub struct NewNumber {
    pub number: E164,
    pub country: String,
    pub region: Option<String>,
    pub monthly_cost: Decimal,
    pub currency: String,
    pub provider: String,
    pub capabilities: Option<Value>,
}

/// Which of the plain attributes to change; only the platform admin does.
#[derive(Clone, Debug, Default)]
pub struct NumberPatch {
    pub country: Option<String>,
    pub region: Option<Option<String>>,
    pub monthly_cost: Option<Decimal>,
    pub currency: Option<String>,
    pub provider: Option<String>,
    pub capabilities: Option<Value>,
}

/// Why a line was not moved.
#[derive(Debug, thiserror::Error)]
pub enum NumberError {
    #[error("no such line")]
    Absent,
    #[error("the line has another version")]
    Stale,
    #[error(transparent)]
    Refused(LineRefusal),
    /// The person or the bot has a line already.
    #[error("the endpoint has a line already")]
    HasLine(Endpoint),
    /// Nobody, or no bot, that takes calls.
    #[error("no such endpoint to connect")]
    NoSuchEndpoint(Endpoint),
    #[error("no such tenant")]
    NoSuchTenant,
    #[error("the number is in the inventory already")]
    Duplicate,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for NumberError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a list of lines may be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberSort {
    CreatedAt,
    Number,
}

impl NumberSort {
    const fn expression(self) -> &'static str {
        match self {
            Self::CreatedAt => "t.created_at",
            Self::Number => "t.number",
        }
    }
}

/// Which lines are wanted.
#[derive(Clone, Debug, Default)]
pub struct NumberFilter {
    pub status: Option<LineStatus>,
    pub connected: Option<bool>,
    pub country: Option<String>,
    pub region: Option<String>,
    /// Whom it rings.
    pub user: Option<UserId>,
    /// Which bot it rings.
    pub bot: Option<BotId>,
    /// What kind of endpoint it rings.
    pub rings: Option<EndpointKind>,
    /// Who holds it; of use in the platform's scope.
    pub tenant: Option<TenantId>,
    /// Digits of which one is found anywhere in the number.
    pub digits: Vec<String>,
    /// Digits the number begins with, its country code first.
    pub prefix: Option<String>,
    /// Digits the number ends with.
    pub suffix: Option<String>,
    /// The search names no digits, so it finds nothing.
    pub nothing: bool,
}

/// People, or bots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointKind {
    User,
    Bot,
}

/// Whose view of the inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A tenant's own lines, those held for it, and the pool. What is in quarantine is nobody's.
    Tenant(TenantId),
    /// Everything: the platform admin.
    Platform,
}

const COLUMNS: &str = "t.id, t.number, t.country, t.region, t.tenant_id, t.status, t.user_id, t.bot_id, t.monthly_cost, \
                       t.currency, t.provider, t.capabilities, t.quarantined_until, t.created_at, t.updated_at, t.version";

fn push_scope(query: &mut QueryBuilder<Postgres>, scope: Scope) {
    query.push(" FROM phone_numbers t WHERE t.deleted_at IS NULL");
    if let Scope::Tenant(tenant) = scope {
        query.push(" AND (t.tenant_id = ").push_bind(tenant.0).push(" OR t.status = 'available')");
    }
}

fn read(row: &sqlx::postgres::PgRow) -> Result<PhoneNumber, StoreError> {
    let number: String = row.try_get("number")?;
    let status: String = row.try_get("status")?;
    Ok(PhoneNumber {
        id: NumberId(row.try_get("id")?),
        number: parse(&number)?,
        country: row.try_get("country")?,
        region: row.try_get("region")?,
        tenant: row.try_get::<Option<Uuid>, _>("tenant_id")?.map(TenantId),
        status: status
            .parse()
            .map_err(|_| StoreError::Other(sqlx::Error::Decode("a stored line state that is none".into())))?,
        endpoint: Endpoint::of(
            row.try_get::<Option<Uuid>, _>("user_id")?.map(UserId),
            row.try_get::<Option<Uuid>, _>("bot_id")?.map(BotId),
        ),
        monthly_cost: row.try_get("monthly_cost")?,
        currency: row.try_get("currency")?,
        provider: row.try_get("provider")?,
        capabilities: row.try_get("capabilities")?,
        quarantined_until: row.try_get("quarantined_until")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        version: row.try_get("version")?,
    })
}

/// One line. `connection` must be of the platform role where the scope is.
pub async fn get(
    connection: &mut PgConnection,
    scope: Scope,
    id: NumberId,
) -> Result<Option<PhoneNumber>, StoreError> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS);
    push_scope(&mut query, scope);
    query.push(" AND t.id = ").push_bind(id.0);
    query.build().fetch_optional(connection).await?.as_ref().map(read).transpose()
}

pub async fn list(
    connection: &mut PgConnection,
    scope: Scope,
    filter: &NumberFilter,
    window: &Window<NumberSort>,
) -> Result<Slice<PhoneNumber>, StoreError> {
    let expression = window.sort.expression();
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS);
    conditions(&mut query, scope, filter);
    push_position(&mut query, expression, window.descending, window.after.as_ref());
    push_order(&mut query, expression, window.descending, window.limit);
    let rows = query.build().fetch_all(&mut *connection).await?;
    let items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let positions = items
        .iter()
        .map(|line| Position {
            key: match window.sort {
                NumberSort::CreatedAt => Key::At(line.created_at),
                NumberSort::Number => Key::Text(line.number.to_string()),
            },
            id: line.id.0,
        })
        .collect();
    let mut page = slice(positions, window.limit);
    if window.count {
        let mut query = QueryBuilder::new("SELECT count(*) FROM (SELECT 1");
        conditions(&mut query, scope, filter);
        query.push(" LIMIT ").push_bind(COUNT_CAP + 1).push(") counted");
        let found: i64 = query.build_query_scalar().fetch_one(connection).await?;
        page.count = Some(Count::of(found));
    }
    let mut items = items;
    items.truncate(page.items.len());
    Ok(page.with(items))
}

fn conditions(query: &mut QueryBuilder<Postgres>, scope: Scope, filter: &NumberFilter) {
    push_scope(query, scope);
    if let Some(status) = filter.status {
        query.push(" AND t.status = ").push_bind(status.name());
    }
    if let Some(connected) = filter.connected {
        query.push(if connected { " AND " } else { " AND NOT " });
        query.push("(t.status = 'assigned' AND num_nonnulls(t.user_id, t.bot_id) > 0)");
    }
    if let Some(country) = &filter.country {
        query.push(" AND t.country = ").push_bind(country.clone());
    }
    if let Some(region) = &filter.region {
        query.push(" AND lower(t.region) = lower(").push_bind(region.clone()).push(")");
    }
    if let Some(user) = filter.user {
        query.push(" AND t.user_id = ").push_bind(user.0);
    }
    if let Some(bot) = filter.bot {
        query.push(" AND t.bot_id = ").push_bind(bot.0);
    }
    if let Some(kind) = filter.rings {
        query.push(match kind {
            EndpointKind::User => " AND t.user_id IS NOT NULL",
            EndpointKind::Bot => " AND t.bot_id IS NOT NULL",
        });
    }
    if let Some(tenant) = filter.tenant {
        query.push(" AND t.tenant_id = ").push_bind(tenant.0);
    }
    // The inventory is thousands of rows, not millions, and a page of it is soon full: a scan of the view is fine.
    if !filter.digits.is_empty() {
        let patterns: Vec<String> = filter.digits.iter().map(|digits| format!("%{digits}%")).collect();
        query.push(" AND t.number LIKE ANY (").push_bind(patterns).push(")");
    }
    if let Some(prefix) = &filter.prefix {
        query.push(" AND starts_with(t.number, ").push_bind(format!("+{prefix}")).push(")");
    }
    if let Some(suffix) = &filter.suffix {
        query.push(" AND t.number LIKE ").push_bind(format!("%{suffix}"));
    }
    if filter.nothing {
        query.push(" AND false");
    }
}

fn check_version(line: &PhoneNumber, expected: Option<i64>) -> Result<(), NumberError> {
    match expected {
        Some(expected) if expected != line.version => Err(NumberError::Stale),
        _ => Ok(()),
    }
}
