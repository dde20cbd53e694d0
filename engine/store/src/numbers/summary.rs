//! The figures above the list of lines: how many are whose, and what they cost, per currency (sums of different
//! currencies are no sum).

use rust_decimal::Decimal;
use sqlx::PgConnection;
use switchroom_core::TenantId;

use super::Scope;
use crate::StoreError;

/// Lines, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Held: by the tenant, or in the platform's scope by any.
    pub assigned: i64,
    /// Of those, the ones that ring somebody.
    pub connected: i64,
    /// Of those, the ones that ring a bot.
    pub connected_to_bots: i64,
    /// In the pool.
    pub available: i64,
    /// Held back: for the tenant; in the platform's scope for any, quarantines included.
    pub reserved: i64,
    pub monthly_cost: Vec<Cost>,
}

/// What the assigned lines of one currency cost a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// ISO 4217.
    pub currency: String,
    pub amount: Decimal,
    pub lines: i64,
}

/// Counts. `connection` must be of the platform role where the scope is.
pub async fn summary(connection: &mut PgConnection, scope: Scope) -> Result<Summary, StoreError> {
    let tenant: Option<TenantId> = match scope {
        Scope::Tenant(tenant) => Some(tenant),
        Scope::Platform => None,
    };
    let rows = sqlx::query!(
        r#"SELECT status, currency, count(*) AS "lines!", count(*) FILTER (WHERE num_nonnulls(user_id, bot_id) > 0) AS "connected!",
                  count(bot_id) AS "bots!",
                  sum(monthly_cost) AS "cost!"
             FROM phone_numbers
            WHERE deleted_at IS NULL AND ($1::uuid IS NULL OR tenant_id = $1 OR status = 'available')
            GROUP BY status, currency ORDER BY currency"#,
        tenant.map(|tenant| tenant.0),
    )
    .fetch_all(connection)
    .await?;
    let mut summary = Summary::default();
    for row in rows {
        match row.status.as_str() {
            "assigned" => {
                summary.assigned += row.lines;
                summary.connected += row.connected;
                summary.connected_to_bots += row.bots;
                summary.monthly_cost.push(Cost {
                    currency: row.currency,
                    amount: row.cost,
                    lines: row.lines,
                });
            }
            "reserved" => summary.reserved += row.lines,
            _ => summary.available += row.lines,
        }
    }
    Ok(summary)
}
