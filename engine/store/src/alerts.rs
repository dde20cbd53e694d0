//! What of the audit log somebody responsible should look at: derived from its lines whenever it is asked for, and kept
//! nowhere else.

use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{
    audit::Scope,
    db::{StoreError, Timestamp},
    listing::{self, Order, Slice, Window},
};

/// So many failures from one address within an hour are somebody who guesses.
const MANY: i64 = 10;

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Alert {
    /// The line it was derived from; of several, the latest.
    pub id: Uuid,
    /// `account_locked`, `refresh_reused`, `second_factor_off`, `new_admin` or `many_failures`.
    pub kind: String,
    /// When it happened, or went on.
    pub created_at: Timestamp,
    pub tenant_id: Option<Uuid>,
    pub tenant_name: Option<String>,
    /// Whose account it is about.
    pub user_id: Option<Uuid>,
    pub user_name: Option<String>,
    /// Who did it, where that was somebody else.
    pub by_id: Option<Uuid>,
    pub by_name: Option<String>,
    pub address: Option<String>,
    /// How many lines it stands for.
    pub count: i64,
}

#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub kind: Option<String>,
    pub user: Option<Uuid>,
    pub address: Option<String>,
    pub until: Option<Timestamp>,
}

/// The lines that single alerts are derived from; the index `audit_log_security` knows the same actions.
const SINGLE: &str = "SELECT a.id, a.created_at, a.tenant_id, a.address, 1::bigint AS count, \
       CASE a.action WHEN 'account.locked' THEN 'account_locked' WHEN 'session.refresh_reused' THEN 'refresh_reused' \
            WHEN 'second_factor.disabled' THEN 'second_factor_off' WHEN 'second_factor.reset' THEN 'second_factor_off' \
            ELSE 'new_admin' END AS kind, \
       CASE a.action WHEN 'user.changed' THEN a.object_id WHEN 'platform_admin.created' THEN a.object_id ELSE a.actor_id END AS user_id, \
       CASE a.action WHEN 'user.changed' THEN a.actor_id WHEN 'second_factor.reset' THEN (a.detail ->> 'by')::uuid END AS by_id \
  FROM audit_log a \
 WHERE (a.action IN ('account.locked', 'session.refresh_reused', 'second_factor.disabled', 'second_factor.reset', 'platform_admin.created') \
        OR (a.action = 'user.changed' AND a.after ->> 'role' IN ('org_owner', 'org_admin')) \
        OR (a.action IN ('invitation.accepted', 'user.joined') AND a.detail ->> 'role' IN ('org_owner', 'org_admin')))";

/// Those that only many of make one.
const FAILURES: &str = " UNION ALL SELECT max(a.id::text)::uuid, max(a.created_at), a.tenant_id, a.address, count(*), 'many_failures', NULL, NULL \
  FROM audit_log a \
 WHERE a.action IN ('session.refused', 'password.refused', 'second_factor.refused') AND a.address IS NOT NULL";

/// What is derived from lines after `since`. A tenant's own in its transaction; everybody's in one of the platform role.
pub async fn list(
    connection: &mut PgConnection,
    scope: Scope,
    since: Timestamp,
    filter: &Filter,
    window: &Window<Order>,
) -> Result<Slice<Alert>, StoreError> {
    listing::plan_for_values(connection).await?;
    let bounds = |query: &mut QueryBuilder<Postgres>| {
        if let Scope::Tenant(tenant) = scope {
            query.push(" AND a.tenant_id = ").push_bind(tenant.0);
        }
        query.push(" AND a.created_at > ").push_bind(since);
        if let Some(until) = filter.until {
            query.push(" AND a.created_at < ").push_bind(until);
        }
        if let Some(address) = &filter.address {
            query.push(" AND a.address = ").push_bind(address.clone());
        }
    };
    let from = |query: &mut QueryBuilder<Postgres>| {
        bounds(query.push(" FROM (").push(SINGLE));
        bounds(query.push(FAILURES));
        query
            .push(" GROUP BY a.tenant_id, a.address, date_trunc('hour', a.created_at) HAVING count(*) >= ")
            .push_bind(MANY)
            .push(
                ") t LEFT JOIN tenants n ON n.id = t.tenant_id LEFT JOIN users u ON u.id = t.user_id \
                 LEFT JOIN users b ON b.id = t.by_id WHERE true",
            );
        if let Some(kind) = &filter.kind {
            query.push(" AND t.kind = ").push_bind(kind.clone());
        }
        if let Some(user) = filter.user {
            query.push(" AND t.user_id = ").push_bind(user);
        }
    };
    let columns = "t.id, t.kind, t.created_at, t.tenant_id, n.name AS tenant_name, t.user_id, u.name AS user_name, t.by_id, \
         b.name AS by_name, t.address, t.count";
    listing::read_page(connection, columns, from, window, listing::by_name).await
}
