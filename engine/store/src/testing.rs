//! A database of its own for each test, copied from a template that is migrated once per server.
//!
//! A database bears its process's id, and whoever makes the next one drops those whose process has ended: a run
//! needs room for the tests that are under way, not for all it has.
//!
//! Needs a throw-away server: `SWITCHROOM_TEST_DATABASE_URL` is a superuser's URL to it (`dev/with-postgres` starts one).

use std::str::FromStr;

use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};
use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

use crate::db::{Database, SignIn, StoreError};

/// A migrated, empty database. It outlives this value, but not for long its process.
pub struct TestDatabase {
    pub url: String,
    pub db: Database,
    options: PgConnectOptions,
}

impl TestDatabase {
    /// # Panics
    /// Without the environment variable, or when the server cannot be reached: the test cannot run then.
    pub async fn new() -> Self {
        let base = std::env::var("SWITCHROOM_TEST_DATABASE_URL").expect(
            "SWITCHROOM_TEST_DATABASE_URL is not set; run tests as `dev/with-postgres cargo nextest run`",
        );
        let options =
            PgConnectOptions::from_str(&base).expect("SWITCHROOM_TEST_DATABASE_URL is a Postgres URL");
        Self::create(&options).await.expect("test database")
    }

    async fn create(server: &PgConnectOptions) -> Result<Self, StoreError> {
        let template = format!("switchroom_template_{:08x}", migrations_fingerprint());
        let name = format!("test_{}_{}", std::process::id(), Uuid::new_v4().simple());
        let mut admin = server.connect().await?;
        // One test of all processes makes the template; the others wait on the lock and find it.
        sqlx::query("SELECT pg_advisory_lock(4217)").execute(&mut admin).await?;
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(&template)
            .fetch_one(&mut admin)
            .await?;
        if !exists {
            let draft = format!("{template}_draft");
            execute(&mut admin, format!("DROP DATABASE IF EXISTS {draft}")).await?;
            execute(&mut admin, format!("CREATE DATABASE {draft}")).await?;
            let mut connection = server.clone().database(&draft).connect().await?;
            crate::MIGRATIONS.run(&mut connection).await?;
            connection.close().await?;
            execute(&mut admin, format!("ALTER DATABASE {draft} RENAME TO {template}")).await?;
        }
        drop_abandoned(&mut admin).await?;
        execute(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
        sqlx::query("SELECT pg_advisory_unlock(4217)").execute(&mut admin).await?;
        admin.close().await?;
        let options = server.clone().database(&name);
        let url = options.to_url_lossy().to_string();
        let db = Database::new(&url, SignIn::AsRole)?;
        Ok(Self { url, db, options })
    }

    /// A connection as the superuser: for arranging what the roles may not, and for reading what they may not see.
    pub async fn superuser(&self) -> PgConnection {
        self.options.connect().await.expect("superuser connection")
    }
}

/// Drops the databases whose processes are gone. Called under the lock, so that no two drop the same one.
async fn drop_abandoned(admin: &mut PgConnection) -> Result<(), StoreError> {
    let databases: Vec<String> =
        sqlx::query_scalar("SELECT datname::text FROM pg_database WHERE datname LIKE 'test\\_%'")
            .fetch_all(&mut *admin)
            .await?;
    for database in databases {
        let owner = database.split('_').nth(1).and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
        // Another user's process answers EPERM: only "no such process" says that it is gone.
        let gone = owner.is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH));
        if gone {
            execute(admin, format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await?;
        }
    }
    Ok(())
}

async fn execute(connection: &mut PgConnection, sql: String) -> Result<(), StoreError> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

fn migrations_fingerprint() -> u32 {
    crate::MIGRATIONS
        .iter()
        .flat_map(|migration| migration.checksum.iter())
        .fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
