//! How the database is, and what waits in it: for whoever looks after the server. Runs as the platform role.

use sqlx::PgConnection;

use crate::db::StoreError;

#[derive(Clone, Debug)]
pub struct Health {
    /// Of the server: `15.8`.
    pub version: String,
    /// Of this database, in octets.
    pub size: i64,
    /// Open to this database, of all that may be.
    pub connections: i64,
    pub max_connections: i64,
    pub tenants: i64,
    pub suspended_tenants: i64,
    /// Events that webhook endpoints in use have not been told of.
    pub webhooks_waiting: i64,
    /// Events that no attempt brought to an endpoint.
    pub webhooks_dead: i64,
    pub imports_running: i64,
}

pub async fn look(connection: &mut PgConnection) -> Result<Health, StoreError> {
    Ok(sqlx::query_as!(
        Health,
        r#"SELECT current_setting('server_version') AS "version!",
                  pg_database_size(current_database()) AS "size!",
                  (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS "connections!",
                  current_setting('max_connections')::bigint AS "max_connections!",
                  (SELECT count(*) FROM tenants) AS "tenants!",
                  (SELECT count(*) FROM tenants WHERE suspended_at IS NOT NULL) AS "suspended_tenants!",
                  (SELECT coalesce(sum(greatest(l.last_seq - e.seq, 0)), 0)::bigint
                     FROM webhook_endpoints e JOIN tenant_log l ON l.tenant_id = e.tenant_id
                    WHERE e.is_active AND e.deleted_at IS NULL) AS "webhooks_waiting!",
                  (SELECT count(*) FROM webhook_dead_letters) AS "webhooks_dead!",
                  (SELECT count(*) FROM imports WHERE state = 'running') AS "imports_running!""#
    )
    .fetch_one(connection)
    .await?)
}
