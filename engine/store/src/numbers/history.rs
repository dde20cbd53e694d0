//! What became of a line over time: who held it, whom it rang. A call of last month shows both as they were then.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row, postgres::PgRow};
use switchroom_core::{BotId, NumberId, TenantId, UserId, number_plan::Endpoint};
use uuid::Uuid;

use crate::StoreError;

/// So many times [`history`] and [`connections`] give at most.
pub const LATEST: usize = 200;

/// A time during which a tenant held a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub tenant: TenantId,
    pub assigned_at: DateTime<Utc>,
    pub assigned_by: Option<UserId>,
    pub released_at: Option<DateTime<Utc>>,
    pub released_by: Option<UserId>,
}

/// Who held a line when, newest first (platform role sees all, a tenant its own times).
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

/// A time during which a line rang a person or a bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub tenant: TenantId,
    pub endpoint: Option<Endpoint>,
    /// Its name now.
    pub name: Option<String>,
    pub connected_at: DateTime<Utc>,
    pub connected_by: Option<UserId>,
    pub disconnected_at: Option<DateTime<Utc>>,
    pub disconnected_by: Option<UserId>,
}

/// Whom a line rang when, newest first; the same eyes as [`history`].
pub async fn connections(connection: &mut PgConnection, id: NumberId) -> Result<Vec<Connection>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT c.tenant_id, c.user_id, c.bot_id, coalesce(u.name, b.name) AS "name?", c.connected_at, c.connected_by,
                  c.disconnected_at, c.disconnected_by
             FROM number_connections c LEFT JOIN users u ON u.id = c.user_id LEFT JOIN bots b ON b.id = c.bot_id
            WHERE c.number_id = $1 ORDER BY c.connected_at DESC, c.id DESC LIMIT 200"#,
        id.0,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Connection {
            tenant: TenantId(row.tenant_id),
            endpoint: Endpoint::of(row.user_id.map(UserId), row.bot_id.map(BotId)),
            name: row.name,
            connected_at: row.connected_at,
            connected_by: row.connected_by.map(UserId),
            disconnected_at: row.disconnected_at,
            disconnected_by: row.disconnected_by.map(UserId),
        })
        .collect())
}

/// How a tenant held a line at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldThen {
    /// Where the histories began later than the line was held, the beginning is not known.
    pub since: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
    /// What it rang.
    pub endpoint: Option<Endpoint>,
    /// Its name now.
    pub name: Option<String>,
}

/// How a tenant held a line at a moment, as a part of a statement about a row `t` with `tenant_id`, `number_id` and
/// `started_at`; gives at most one row, read by [`held_then`].
pub(crate) const HELD_THEN: &str = "SELECT a.assigned_at AS held_since, a.released_at AS held_until, c.user_id AS held_for, \
        coalesce(u.name, b.name) AS held_for_name, c.bot_id AS held_for_bot \
   FROM number_assignments a \
   LEFT JOIN number_connections c \
     ON c.tenant_id = a.tenant_id AND c.number_id = a.number_id AND c.connected_at <= t.started_at \
    AND (c.disconnected_at IS NULL OR c.disconnected_at > t.started_at) \
   LEFT JOIN users u ON u.id = c.user_id LEFT JOIN bots b ON b.id = c.bot_id \
  WHERE a.tenant_id = t.tenant_id AND a.number_id = t.number_id AND a.assigned_at <= t.started_at \
    AND (a.released_at IS NULL OR a.released_at > t.started_at) \
  ORDER BY a.assigned_at DESC, c.connected_at DESC LIMIT 1";

/// Reads the columns of [`HELD_THEN`]; `None` where the history does not say that the tenant held the line.
pub(crate) fn held_then(row: &PgRow) -> Result<Option<HeldThen>, sqlx::Error> {
    let Some(since) = row.try_get("held_since")? else { return Ok(None) };
    Ok(Some(HeldThen {
        since,
        until: row.try_get("held_until")?,
        endpoint: Endpoint::of(
            row.try_get::<Option<Uuid>, _>("held_for")?.map(UserId),
            row.try_get::<Option<Uuid>, _>("held_for_bot")?.map(BotId),
        ),
        name: row.try_get("held_for_name")?,
    }))
}
