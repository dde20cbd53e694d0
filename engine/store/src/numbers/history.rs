//! What became of a line over time: who held it, whom it rang. A call of last month shows both as they were then.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use switchroom_core::{NumberId, TenantId, UserId};
use uuid::Uuid;

use crate::{StoreError, TenantTx};

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

/// A time during which a line rang somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub tenant: TenantId,
    pub user: Option<UserId>,
    pub bot: Option<Uuid>,
    pub connected_at: DateTime<Utc>,
    pub connected_by: Option<UserId>,
    pub disconnected_at: Option<DateTime<Utc>>,
    pub disconnected_by: Option<UserId>,
}

/// Whom a line rang when, newest first; the same eyes as [`history`].
pub async fn connections(connection: &mut PgConnection, id: NumberId) -> Result<Vec<Connection>, StoreError> {
    let rows = sqlx::query!(
        "SELECT tenant_id, user_id, bot_id, connected_at, connected_by, disconnected_at, disconnected_by
           FROM number_connections WHERE number_id = $1 ORDER BY connected_at DESC, id DESC LIMIT 200",
        id.0,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Connection {
            tenant: TenantId(row.tenant_id),
            user: row.user_id.map(UserId),
            bot: row.bot_id,
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
    /// Whom it rang.
    pub user: Option<UserId>,
    /// That person's name now.
    pub user_name: Option<String>,
    pub bot: Option<Uuid>,
}

/// How the tenant held the line at that moment; `None` where its history does not say that it did.
pub async fn held_then(
    tx: &mut TenantTx,
    id: NumberId,
    at: DateTime<Utc>,
) -> Result<Option<HeldThen>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT a.assigned_at, a.released_at, c.user_id AS "user_id?", c.bot_id AS "bot_id?", u.name AS "user_name?"
             FROM number_assignments a
             LEFT JOIN number_connections c
               ON c.tenant_id = a.tenant_id AND c.number_id = a.number_id
              AND c.connected_at <= $3 AND (c.disconnected_at IS NULL OR c.disconnected_at > $3)
             LEFT JOIN users u ON u.id = c.user_id
            WHERE a.tenant_id = $1 AND a.number_id = $2
              AND a.assigned_at <= $3 AND (a.released_at IS NULL OR a.released_at > $3)
            ORDER BY a.assigned_at DESC, c.connected_at DESC LIMIT 1"#,
        tx.tenant().0,
        id.0,
        at,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| HeldThen {
        since: row.assigned_at,
        until: row.released_at,
        user: row.user_id.map(UserId),
        user_name: row.user_name,
        bot: row.bot_id,
    }))
}
