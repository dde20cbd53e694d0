//! Which Postgres a command works with: the one of `--database-url`, the private one of a server that runs on the data
//! directory, or a private one that this process starts and stops.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use sqlx::postgres::PgConnectOptions;
use switchroom_store::db::SignIn;
use switchroom_store::{Database, server};

use crate::commands::Failure;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::postgres::{self, PrivatePostgres, Socket};

/// The database of the private cluster that holds everything.
const NAME: &str = "switchroom";

/// An open database, and what must be kept for as long as it is used.
pub struct Opened {
    /// The pools.
    pub db: Database,
    private: Option<PrivatePostgres>,
    lock: Option<DataDir>,
}

impl Opened {
    /// For `serve`: the data directory is ours alone, whatever database is used.
    pub async fn for_serving(config: &Config) -> Result<Self, Failure> {
        let lock = lock(config, "serve").await?;
        let (db, private) = match &config.database_url {
            Some(url) => (external(url).await?, None),
            None => {
                let postgres = start(&lock).await?;
                (private(postgres.socket()).await?, Some(postgres))
            }
        };
        migrate(&db).await?;
        Ok(Self { db, private, lock: Some(lock) })
    }

    /// For a short command: beside a server that runs, or with a Postgres of its own for as long as it takes.
    pub async fn for_command(config: &Config, purpose: &'static str) -> Result<Self, Failure> {
        if let Some(url) = &config.database_url {
            let db = external(url).await?;
            migrate(&db).await?;
            return Ok(Self { db, private: None, lock: None });
        }
        match lock(config, purpose).await {
            Ok(lock) => {
                let postgres = start(&lock).await?;
                let db = private(postgres.socket()).await?;
                migrate(&db).await?;
                Ok(Self { db, private: Some(postgres), lock: Some(lock) })
            }
            Err(Failure::Usage(in_use)) => {
                // The server that holds the directory has brought, or is just bringing, the schema up to date.
                let socket = running(config).await.ok_or(Failure::Usage(in_use))?;
                Ok(Self { db: private(&socket).await?, private: None, lock: None })
            }
            Err(other) => Err(other),
        }
    }

    /// The locked data directory, where this process has locked it.
    pub fn data(&self) -> Option<&DataDir> {
        self.lock.as_ref()
    }

    /// Closes the pools, then stops the private server.
    pub async fn close(self) {
        // A connection that never comes back must not keep the server from stopping.
        let _ = tokio::time::timeout(Duration::from_millis(500), self.db.close()).await;
        if let Some(postgres) = self.private
            && tokio::task::spawn_blocking(move || postgres.stop()).await.is_err()
        {
            tracing::error!("stopping Postgres panicked");
        }
        drop(self.lock);
    }
}

async fn lock(config: &Config, purpose: &'static str) -> Result<DataDir, Failure> {
    let path = config.data_dir.clone();
    Ok(blocking(move || DataDir::lock(&path, purpose)).await??)
}

async fn start(data: &DataDir) -> Result<PrivatePostgres, Failure> {
    let path = data.path().to_owned();
    Ok(blocking(move || postgres::start(&path)).await??)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::Failed(anyhow::Error::new(error).context("a start-up step panicked")))
}

/// The socket of the server that holds the data directory, once it answers.
async fn running(config: &Config) -> Option<Socket> {
    let path = config.data_dir.canonicalize().ok()?;
    let deadline = Instant::now() + Duration::from_secs(15);
    while Instant::now() < deadline {
        if let Some(socket) = postgres::running(&path)
            && matches!(server::has_schema(&options(&socket)).await, Ok(true))
        {
            return Some(socket);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    None
}

fn options(socket: &Socket) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(&socket.dir.to_string_lossy())
        .port(socket.port)
        .username(socket.superuser)
        .database(NAME)
        .application_name("switchroom")
}

/// Opens the private cluster's database, making it first where it is absent.
async fn private(socket: &Socket) -> Result<Database, Failure> {
    let options = options(socket);
    server::ensure_database(&options).await.context("cannot open the private Postgres")?;
    // The socket lets nobody else in, so each role of the program signs in by its name.
    Ok(Database::with_options(options, SignIn::AsRole))
}

async fn external(url: &str) -> Result<Database, Failure> {
    let options: PgConnectOptions =
        url.parse().map_err(|_| Failure::Usage("database-url: is not a Postgres URL".to_owned()))?;
    let version =
        server::version(&options).await.context("cannot connect to the database of --database-url")?;
    if version < 150_000 {
        return Err(Failure::Usage(format!(
            "database-url: Postgres 15 or later is needed, this one is {version}"
        )));
    }
    Ok(Database::with_options(options, SignIn::TakeRole))
}

async fn migrate(db: &Database) -> Result<(), Failure> {
    let began = Instant::now();
    db.migrate().await.context("cannot bring the schema up to date")?;
    tracing::info!(took_ms = began.elapsed().as_millis(), "the schema is up to date");
    Ok(())
}
