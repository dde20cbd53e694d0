//! What is asked of a database server before the schema is: its version, and a database of our own on it.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::db::StoreError;

/// The server's version as Postgres counts it: 150018 is 15.18.
pub async fn version(options: &PgConnectOptions) -> Result<u32, StoreError> {
    let mut connection = options.connect().await?;
    let version: String = sqlx::query_scalar("SHOW server_version_num").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(version.parse().unwrap_or_default())
}

/// Makes the database that `options` name, where it is absent; needs the right to, and a database `postgres` to ask from.
pub async fn ensure_database(options: &PgConnectOptions) -> Result<(), StoreError> {
    let name = options.get_database().unwrap_or("postgres");
    let mut connection = options.clone().database("postgres").connect().await?;
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(&mut connection)
        .await?;
    if !there {
        let quoted = name.replace('"', "\"\"");
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE \"{quoted}\"")))
            .execute(&mut connection)
            .await?;
    }
    connection.close().await?;
    Ok(())
}

/// Whether the schema is there (of whatever version).
pub async fn has_schema(options: &PgConnectOptions) -> Result<bool, StoreError> {
    let mut connection = options.connect().await?;
    let there: bool = sqlx::query_scalar("SELECT to_regclass('public.tenants') IS NOT NULL")
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(there)
}
