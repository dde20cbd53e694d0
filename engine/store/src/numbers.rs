//! Our own lines: the pool, who holds which, and whom they ring.
//!
//! Every move is one conditional UPDATE that names the state it starts from, so a race has one winner; the loser is
//! told what `core::inventory` says of the state it now meets. A tenant's moves run under its own row security; what
//! spans tenants (creating, holding, ending quarantines) takes a connection of the platform role.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use switchroom_core::{
    NumberId, TenantId, UserId,
    inventory::{LineMove, LineRefusal, LineState, LineStatus},
    number::E164,
};
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
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
    pub user: Option<UserId>,
    pub bot: Option<Uuid>,
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
            user: self.user,
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
    /// The person has a line already.
    #[error("the person has a line already")]
    UserHasLine,
    #[error("no such person to connect")]
    NoSuchPerson,
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
    /// Digits found anywhere in the number.
    pub digits: Option<String>,
    /// The search names no digits, so it finds nothing.
    pub nothing: bool,
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
        user: row.try_get::<Option<Uuid>, _>("user_id")?.map(UserId),
        bot: row.try_get("bot_id")?,
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
    if let Some(digits) = &filter.digits {
        // The inventory is thousands of rows, not millions: a scan of the tenant's view is fine.
        query.push(" AND strpos(t.number, ").push_bind(digits.clone()).push(") > 0");
    }
    if filter.nothing {
        query.push(" AND false");
    }
}

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

/// Takes a line for the tenant: from the pool, or one that is held for it.
pub async fn assign(
    tx: &mut TenantTx,
    id: NumberId,
    by: UserId,
    expected: Option<i64>,
) -> Result<PhoneNumber, NumberError> {
    let tenant = tx.tenant();
    let taken = sqlx::query!(
        "UPDATE phone_numbers SET tenant_id = $2, status = 'assigned', version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($3::bigint IS NULL OR version = $3)
            AND (status = 'available' OR (status = 'reserved' AND tenant_id = $2))",
        id.0,
        tenant.0,
        expected,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if taken == 0 {
        return Err(refusal(tx, id, LineMove::Assign(tenant), expected).await?);
    }
    sqlx::query!(
        "INSERT INTO number_assignments (tenant_id, number_id, assigned_by) VALUES ($1, $2, $3)",
        tenant.0,
        id.0,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    own(tx, id).await
}

/// Whether another tenant has taken the line within the last moment (platform role). Whoever then asks for it from the
/// pool has lost a race, and is told so; later it is simply another's line.
pub async fn just_taken(
    connection: &mut PgConnection,
    id: NumberId,
    by_other_than: TenantId,
    within: Duration,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM number_assignments
                           WHERE number_id = $1 AND tenant_id <> $2 AND released_at IS NULL
                             AND assigned_at > now() - make_interval(secs => $3)) AS "taken!""#,
        id.0,
        by_other_than.0,
        within.as_secs_f64(),
    )
    .fetch_one(connection)
    .await?)
}

/// Gives a line back: it waits in quarantine until anybody may have it.
pub async fn release(
    tx: &mut TenantTx,
    id: NumberId,
    by: UserId,
    quarantine: Duration,
    expected: Option<i64>,
) -> Result<PhoneNumber, NumberError> {
    let tenant = tx.tenant();
    let released = sqlx::query!(
        "UPDATE phone_numbers
            SET tenant_id = NULL, status = 'reserved', quarantined_from = $2,
                quarantined_until = now() + make_interval(secs => $4), version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($3::bigint IS NULL OR version = $3)
            AND status = 'assigned' AND tenant_id = $2 AND user_id IS NULL AND bot_id IS NULL",
        id.0,
        tenant.0,
        expected,
        quarantine.as_secs_f64(),
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if released == 0 {
        return Err(refusal(tx, id, LineMove::Release(tenant), expected).await?);
    }
    sqlx::query!(
        "UPDATE number_assignments SET released_at = greatest(now(), assigned_at), released_by = $2
          WHERE number_id = $1 AND tenant_id = $3 AND released_at IS NULL",
        id.0,
        by.0,
        tenant.0,
    )
    .execute(&mut **tx)
    .await?;
    // Outside the tenant's view from now on, but this answer still is theirs.
    get_released(tx, id).await?.ok_or(NumberError::Absent)
}

async fn get_released(tx: &mut TenantTx, id: NumberId) -> Result<Option<PhoneNumber>, StoreError> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(" FROM phone_numbers t WHERE t.id = ").push_bind(id.0);
    query.push(" AND t.quarantined_from = ").push_bind(tx.tenant().0);
    query.build().fetch_optional(&mut **tx).await?.as_ref().map(read).transpose()
}

/// Lets a line ring a person. `roles` are those whose people take calls.
pub async fn connect(
    tx: &mut TenantTx,
    id: NumberId,
    user: UserId,
    roles: &[String],
    expected: Option<i64>,
) -> Result<PhoneNumber, NumberError> {
    let tenant = tx.tenant();
    // The membership is held, so that nobody is deactivated between this look and the commit.
    sqlx::query!(
        "SELECT m.id FROM memberships m JOIN users u ON u.id = m.user_id
          WHERE m.tenant_id = $1 AND m.user_id = $2 AND m.is_active AND m.role = ANY($3)
            AND u.is_active AND u.deleted_at IS NULL
            FOR SHARE OF m",
        tenant.0,
        user.0,
        roles,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NumberError::NoSuchPerson)?;
    let connected = sqlx::query!(
        "UPDATE phone_numbers SET user_id = $4, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($3::bigint IS NULL OR version = $3)
            AND status = 'assigned' AND tenant_id = $2 AND user_id IS NULL AND bot_id IS NULL",
        id.0,
        tenant.0,
        expected,
        user.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(StoreError::from);
    match connected {
        Ok(done) if done.rows_affected() > 0 => own(tx, id).await,
        Ok(_) => Err(refusal(tx, id, LineMove::Connect(tenant, user), expected).await?),
        Err(StoreError::Conflict { constraint }) if constraint == "phone_numbers_user" => {
            Err(NumberError::UserHasLine)
        }
        Err(error) => Err(error.into()),
    }
}

/// The line rings nobody any more.
pub async fn disconnect(
    tx: &mut TenantTx,
    id: NumberId,
    expected: Option<i64>,
) -> Result<PhoneNumber, NumberError> {
    let tenant = tx.tenant();
    let done = sqlx::query!(
        "UPDATE phone_numbers SET user_id = NULL, bot_id = NULL, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($3::bigint IS NULL OR version = $3)
            AND status = 'assigned' AND tenant_id = $2 AND num_nonnulls(user_id, bot_id) > 0",
        id.0,
        tenant.0,
        expected,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if done == 0 {
        return Err(refusal(tx, id, LineMove::Disconnect(tenant), expected).await?);
    }
    own(tx, id).await
}

/// The lines of somebody who leaves ring nobody any more (W-25).
pub async fn disconnect_user(tx: &mut TenantTx, user: UserId) -> Result<u64, StoreError> {
    Ok(sqlx::query!(
        "UPDATE phone_numbers SET user_id = NULL, version = version + 1 WHERE tenant_id = $1 AND user_id = $2",
        tx.tenant().0,
        user.0,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected())
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

/// Puts lines whose quarantine is over back into the pool (platform role); the number of them. Runs as a job and before
/// the pool is looked at, so that nobody waits for the job.
pub async fn end_quarantines(connection: &mut PgConnection) -> Result<u64, StoreError> {
    // The look comes first: it is an index probe, and nearly always finds nothing to lock.
    let due = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM phone_numbers WHERE quarantined_until <= now()) AS "due!""#
    )
    .fetch_one(&mut *connection)
    .await?;
    if !due {
        return Ok(0);
    }
    Ok(sqlx::query!(
        "UPDATE phone_numbers
            SET status = 'available', quarantined_until = NULL, quarantined_from = NULL, version = version + 1
          WHERE status = 'reserved' AND quarantined_until <= now()"
    )
    .execute(connection)
    .await?
    .rows_affected())
}

/// Who held a line when, newest first (platform role sees all, a tenant its own times).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub tenant: TenantId,
    pub assigned_at: DateTime<Utc>,
    pub assigned_by: Option<UserId>,
    pub released_at: Option<DateTime<Utc>>,
    pub released_by: Option<UserId>,
}

pub async fn history(connection: &mut PgConnection, id: NumberId) -> Result<Vec<Assignment>, StoreError> {
    let rows = sqlx::query!(
        "SELECT tenant_id, assigned_at, assigned_by, released_at, released_by FROM number_assignments
          WHERE number_id = $1 ORDER BY assigned_at DESC, id DESC LIMIT 200",
        id.0,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Assignment {
            tenant: TenantId(row.tenant_id),
            assigned_at: row.assigned_at,
            assigned_by: row.assigned_by.map(UserId),
            released_at: row.released_at,
            released_by: row.released_by.map(UserId),
        })
        .collect())
}

async fn own(tx: &mut TenantTx, id: NumberId) -> Result<PhoneNumber, NumberError> {
    let scope = Scope::Tenant(tx.tenant());
    get(tx, scope, id).await?.ok_or(NumberError::Absent)
}

/// Why a move touched no row, judged on the line as the tenant sees it now.
async fn refusal(
    tx: &mut TenantTx,
    id: NumberId,
    step: LineMove,
    expected: Option<i64>,
) -> Result<NumberError, NumberError> {
    let scope = Scope::Tenant(tx.tenant());
    let Some(line) = get(tx, scope, id).await? else { return Ok(NumberError::Absent) };
    check_version(&line, expected)?;
    Ok(match line.state().after(step) {
        Err(LineRefusal::NotYours) => NumberError::Absent,
        Err(refusal) => NumberError::Refused(refusal),
        // It changed between the two looks; whoever changed it was first.
        Ok(_) => NumberError::Refused(LineRefusal::Taken),
    })
}

fn check_version(line: &PhoneNumber, expected: Option<i64>) -> Result<(), NumberError> {
    match expected {
        Some(expected) if expected != line.version => Err(NumberError::Stale),
        _ => Ok(()),
    }
}
