//! Pools, roles and tenant-scoped transactions.
//!
//! Each room of the program has a database role of its own (migration 0001); a connection takes its role when it is
//! opened and keeps it. A tenant's request works through a [`TenantTx`], which names the tenant to row-level security.

use std::{
    ops::{Deref, DerefMut},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use sqlx::{
    AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use switchroom_core::TenantId;

use crate::{
    origin,
    readers::{Reader, Readers},
};

/// A moment, always UTC.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// What a caller of the store can do about a failure.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key or exclusion was violated: the state already has what was asked for. `constraint` names it.
    #[error("already exists ({constraint})")]
    Conflict { constraint: String },
    /// A reference to a row that is absent or of another tenant. `constraint` names it.
    #[error("refers to something absent ({constraint})")]
    Reference { constraint: String },
    /// A value the schema refuses. Handlers validate first, so this is a gap in their validation.
    #[error("refused by a check ({constraint})")]
    Check { constraint: String },
    /// The database cannot be reached or is overloaded; the same call may succeed later.
    #[error("database unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The schema cannot be brought up to date.
    #[error("migration failed: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Anything else: a bug of ours.
    #[error("database error: {0}")]
    Other(#[source] sqlx::Error),
}

/// Beginnings of the codes of what passes by itself: lost connections, roles that may not sign in now, serialization and
/// deadlock, out of connections, memory or disk, a lock or statement that took too long, shutdown and crash recovery,
/// a standby that is not promoted yet, errors of the machine's files.
const PASSING: [&str; 9] = ["08", "28", "40", "53", "55P03", "57014", "57P", "25006", "58"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(db) => {
                let constraint = db.constraint().unwrap_or("unnamed").to_owned();
                match db.code().as_deref() {
                    Some("23505" | "23P01") => Self::Conflict { constraint },
                    Some("23503") => Self::Reference { constraint },
                    Some("23514" | "23502") => Self::Check { constraint },
                    // Data exceptions (out of range, bad encoding): a value came through that cannot be stored.
                    Some(code) if code.starts_with("22") => Self::Check { constraint },
                    Some(code) if PASSING.iter().any(|class| code.starts_with(class)) => {
                        Self::Unavailable(error)
                    }
                    _ => Self::Other(error),
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Other(error),
        }
    }
}

/// The database roles of migration 0001.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    App,
    Auth,
    Log,
    Directory,
    Platform,
}

impl Role {
    pub const fn name(self) -> &'static str {
        match self {
            Self::App => "switchroom_app",
            Self::Auth => "switchroom_auth",
            Self::Log => "switchroom_log",
            Self::Directory => "switchroom_directory",
            Self::Platform => "switchroom_platform",
        }
    }
}

/// Transactions of tenants that run at once; more wait for a connection.
const APP_CONNECTIONS: u32 = 24;

/// How the roles are taken.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// The server lets each role sign in by name (the private cluster, whose socket only we can reach).
    AsRole,
    /// Sign in as the given user and take the role at session start (`SET ROLE`; a server run by others).
    TakeRole,
}

/// The pools, one per role. A handle: every request clones it several times.
#[derive(Clone, Debug)]
pub struct Database {
    pools: Arc<Pools>,
}

#[derive(Debug)]
struct Pools {
    app: PgPool,
    readers: Arc<Readers>,
    platform_readers: Arc<Readers>,
    auth: PgPool,
    log: PgPool,
    directory: PgPool,
    platform: PgPool,
    owner: PgConnectOptions,
    sign_in: SignIn,
}

impl Database {
    /// Opens lazily: no connection is made before the first use. `url` signs in as the owner of the schema.
    pub fn new(url: &str, sign_in: SignIn) -> Result<Self, StoreError> {
        Ok(Self::with_options(PgConnectOptions::from_str(url)?, sign_in))
    }

    /// The same from options, which can name a socket in any folder.
    pub fn with_options(owner: PgConnectOptions, sign_in: SignIn) -> Self {
        let owner = owner.application_name("switchroom");
        let pool =
            |max: u32| PgPoolOptions::new().max_connections(max).acquire_timeout(Duration::from_secs(5));
        let lazy = |role: Role, max: u32| pool(max).connect_lazy_with(role_options(&owner, &sign_in, role));
        let pools = Pools {
            // Not tested before each use: that is a round trip, and the first statement tells as well (see `tenant`).
            app: pool(APP_CONNECTIONS).test_before_acquire(false).connect_lazy_with(one_plan(role_options(
                &owner,
                &sign_in,
                Role::App,
            ))),
            readers: Readers::new(one_plan(role_options(&owner, &sign_in, Role::App))),
            platform_readers: Readers::new(one_plan(role_options(&owner, &sign_in, Role::Platform))),
            auth: pool(8).connect_lazy_with(one_plan(role_options(&owner, &sign_in, Role::Auth))),
            log: pool(4).connect_lazy_with(one_plan(role_options(&owner, &sign_in, Role::Log))),
            directory: lazy(Role::Directory, 6),
            // Each time the connection is told on whose behalf it works, which also tells whether it lives.
            platform: pool(4)
                .test_before_acquire(false)
                .before_acquire(|connection, _| {
                    Box::pin(async move {
                        let tell = format!("SELECT set_config('app.origin', {}, false)", origin::literal());
                        sqlx::raw_sql(AssertSqlSafe(tell)).execute(&mut *connection).await?;
                        Ok(true)
                    })
                })
                .after_connect(|connection, _| {
                    Box::pin(async move {
                        let tell = format!("SELECT set_config('app.origin', {}, false)", origin::literal());
                        sqlx::raw_sql(AssertSqlSafe(tell)).execute(&mut *connection).await?;
                        Ok(())
                    })
                })
                .connect_lazy_with(role_options(&owner, &sign_in, Role::Platform)),
            owner,
            sign_in,
        };
        Self { pools: Arc::new(pools) }
    }

    /// Runs the migrations that are missing, as the owner, and makes the log's partitions of the coming months.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        use sqlx::{ConnectOptions, Connection};
        let mut owner = self.pools.owner.connect().await?;
        crate::MIGRATIONS.run(&mut owner).await?;
        owner.close().await?;
        self.ensure_partitions().await
    }

    /// Makes the partitions of this month and the next three where they are missing, as the owner.
    pub async fn ensure_partitions(&self) -> Result<(), StoreError> {
        use sqlx::{ConnectOptions, Connection};
        let mut owner = self.pools.owner.connect().await?;
        sqlx::raw_sql(
            "SELECT ensure_month_partitions('call_events', 3), ensure_month_partitions('audit_log', 3)",
        )
        .execute(&mut owner)
        .await?;
        owner.close().await?;
        Ok(())
    }

    /// Drops the audit log's months that are older than so many whole ones before this, as the owner; how many went. It
    /// needs the log to itself for a moment, and gives up where somebody holds it: the next hour is as good.
    pub async fn drop_audit_before(&self, keep: u32) -> Result<i32, StoreError> {
        use sqlx::{ConnectOptions, Connection};
        let mut owner = self.pools.owner.connect().await?;
        sqlx::raw_sql("SET lock_timeout = '3s'").execute(&mut owner).await?;
        let months = i32::try_from(keep).unwrap_or(i32::MAX);
        let dropped =
            sqlx::query_scalar("SELECT audit_drop_before($1)").bind(months).fetch_one(&mut owner).await?;
        owner.close().await?;
        Ok(dropped)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pools.auth).await?;
        Ok(())
    }

    /// A transaction for one tenant under row-level security.
    pub async fn tenant(&self, tenant: TenantId) -> Result<TenantTx, StoreError> {
        // One message begins, names the tenant and says who acts; the id is ours to write, being a UUID.
        let begin = format!(
            "BEGIN; SELECT set_config('app.tenant_id', '{}', true), set_config('app.origin', {}, true)",
            tenant.0,
            origin::literal()
        );
        let mut attempt = 0;
        loop {
            match self.pools.app.begin_with(AssertSqlSafe(begin.clone())).await.map_err(StoreError::from) {
                Ok(tx) => return Ok(TenantTx { work: Work::Transaction(tx), tenant }),
                // A connection may have died while it lay idle; the pool drops it, and the next may be alive. When
                // the server is gone, making a new one fails, and that ends the search.
                Err(StoreError::Unavailable(error)) if attempt < APP_CONNECTIONS && has_died(&error) => {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The same view of one tenant's rows for what only reads, without a transaction: each statement sees what is
    /// committed when it begins, as in a transaction of ours, and a change is refused by the server.
    pub async fn reading(&self, tenant: TenantId) -> Result<TenantTx, StoreError> {
        let reader = self.pools.readers.acquire(Some(tenant)).await?;
        Ok(TenantTx { work: Work::Reading(reader), tenant })
    }

    /// For what only reads and is no tenant's.
    pub(crate) async fn platform_reading(&self) -> Result<Reader, StoreError> {
        Ok(self.pools.platform_readers.acquire(None).await?)
    }

    pub fn auth(&self) -> &PgPool {
        &self.pools.auth
    }

    pub fn log(&self) -> &PgPool {
        &self.pools.log
    }

    pub fn directory(&self) -> &PgPool {
        &self.pools.directory
    }

    pub fn platform(&self) -> &PgPool {
        &self.pools.platform
    }

    /// Options for a connection of its own outside the pools (the change feed's listener, an import).
    pub fn options(&self, role: Role) -> PgConnectOptions {
        role_options(&self.pools.owner, &self.pools.sign_in, role)
    }

    /// Closes every pool; pending work finishes first.
    pub async fn close(&self) {
        let Pools { app, auth, log, directory, platform, .. } = &*self.pools;
        self.pools.readers.close().await;
        self.pools.platform_readers.close().await;
        for pool in [app, auth, log, directory, platform] {
            pool.close().await;
        }
    }
}

/// Whether the error is that of a connection whose other end went away, and not that of a server that refuses.
fn has_died(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => {
            !matches!(error.kind(), std::io::ErrorKind::ConnectionRefused | std::io::ErrorKind::NotFound)
        }
        // admin_shutdown, crash_shutdown: said to the connection before it was closed.
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P01" | "57P02")),
        _ => false,
    }
}

fn role_options(owner: &PgConnectOptions, sign_in: &SignIn, role: Role) -> PgConnectOptions {
    match sign_in {
        SignIn::AsRole => owner.clone().username(role.name()),
        SignIn::TakeRole => owner.clone().options([("role", role.name())]),
    }
}

/// For pools whose statements are the same plan whatever the values: left alone, the server weighs it anew at every
/// execution of most of them, which cost more than the execution. What is not so asks for a plan of its own
/// (`listing::plan_for_values`).
fn one_plan(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("plan_cache_mode", "force_generic_plan")])
}

/// Acts for one tenant: a transaction, or a connection that reads ([`Database::reading`]). Dropped without
/// [`TenantTx::commit`], a transaction rolls back.
pub struct TenantTx {
    work: Work,
    tenant: TenantId,
}

enum Work {
    Transaction(Transaction<'static, Postgres>),
    Reading(Reader),
}

impl TenantTx {
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// What is set from here on may end with the transaction: one that only reads begins one.
    pub(crate) async fn ensure_transaction(&mut self) -> Result<(), StoreError> {
        match &mut self.work {
            Work::Transaction(_) => Ok(()),
            Work::Reading(reader) => Ok(reader.begin().await?),
        }
    }

    pub async fn commit(self) -> Result<(), StoreError> {
        match self.work {
            Work::Transaction(tx) => tx.commit().await?,
            Work::Reading(reader) => reader.done().await?,
        }
        Ok(())
    }
}

impl Deref for TenantTx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        match &self.work {
            Work::Transaction(tx) => tx,
            Work::Reading(reader) => reader,
        }
    }
}

impl DerefMut for TenantTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match &mut self.work {
            Work::Transaction(tx) => tx,
            Work::Reading(reader) => reader,
        }
    }
}
