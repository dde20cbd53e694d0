//! Connections for what only reads (ADR 0024). A transaction costs three more exchanges with the server than the one
//! statement in it: its begin, its end, and the question of the pool whether the connection is in order. A reader knows
//! its tenant for as long as it works for that tenant, begins nothing, and can change nothing: its session is read-only.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, Connection as _, PgConnection, postgres::PgConnectOptions};
use switchroom_core::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Readers that work at once; more wait.
const READERS: usize = 16;
/// How long one waits for a reader, and a reader for the end of a statement that was given up.
const PATIENCE: Duration = Duration::from_secs(5);
/// A connection that lay idle for longer is asked whether it lives before it is used.
const TRUSTED: Duration = Duration::from_secs(1);
/// A connection that lay idle for longer is closed.
const IDLE: Duration = Duration::from_secs(600);
/// A connection is closed after this, so that what the server keeps for it does not grow for ever.
const LIFE: Duration = Duration::from_secs(1800);

#[derive(Debug)]
pub(crate) struct Readers {
    options: PgConnectOptions,
    seats: Arc<Semaphore>,
    /// The last used last.
    idle: Mutex<Vec<Told>>,
}

/// A connection that was told its tenant.
#[derive(Debug)]
struct Told {
    connection: PgConnection,
    /// None as long as it was told none.
    tenant: Option<TenantId>,
    opened: Instant,
    used: Instant,
}

impl Told {
    async fn lives(&mut self) -> bool {
        self.used.elapsed() < TRUSTED || self.connection.ping().await.is_ok()
    }
}

impl Readers {
    /// `options` sign in as the role that reads.
    pub fn new(options: PgConnectOptions) -> Arc<Self> {
        let options = options.options([("default_transaction_read_only", "on")]);
        Arc::new(Self { options, seats: Arc::new(Semaphore::new(READERS)), idle: Mutex::default() })
    }

    /// A reader for the tenant, or for none where the role sees what is no tenant's.
    ///
    /// # Errors
    /// What the server says to a new connection; [`sqlx::Error::PoolTimedOut`] when all readers were at work for five
    /// seconds; [`sqlx::Error::PoolClosed`] after [`Readers::close`].
    pub async fn acquire(self: &Arc<Self>, tenant: Option<TenantId>) -> Result<Reader, sqlx::Error> {
        let seat = tokio::time::timeout(PATIENCE, Arc::clone(&self.seats).acquire_owned())
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .map_err(|_| sqlx::Error::PoolClosed)?;
        let mut told = loop {
            let Some(mut told) = self.take(tenant) else { break self.open().await? };
            if told.lives().await {
                break told;
            }
        };
        if told.tenant != tenant {
            let id = tenant.map(|tenant| tenant.0.to_string()).unwrap_or_default();
            sqlx::query("SELECT set_config('app.tenant_id', $1, false)")
                .bind(id)
                .execute(&mut told.connection)
                .await?;
            told.tenant = tenant;
        }
        Ok(Reader { kept: Some((told, seat)), settled: false, begun: false, readers: Arc::clone(self) })
    }

    /// The last one used for this tenant, or the last one used.
    fn take(&self, tenant: Option<TenantId>) -> Option<Told> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let at = idle.iter().rposition(|told| told.tenant == tenant);
        at.map(|at| idle.remove(at)).or_else(|| idle.pop())
    }

    /// One that was told no tenant: row security shows it nothing.
    async fn open(&self) -> Result<Told, sqlx::Error> {
        let connection = self.options.connect().await?;
        let now = Instant::now();
        Ok(Told { connection, tenant: None, opened: now, used: now })
    }

    fn give_back(&self, mut told: Told) {
        if told.opened.elapsed() > LIFE || self.seats.is_closed() {
            return;
        }
        told.used = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|other| other.used.elapsed() < IDLE);
        idle.push(told);
    }

    pub async fn close(&self) {
        self.seats.close();
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for told in idle {
            // Its end is the server's business too.
            let _ = told.connection.close().await;
        }
    }
}

/// A connection that reads for one tenant. Dropped without [`Reader::done`], as by a request that was given up, it is
/// used again once what was asked of it has come to its end.
#[derive(Debug)]
pub(crate) struct Reader {
    /// There until it is given back.
    kept: Option<(Told, OwnedSemaphorePermit)>,
    /// Nothing of a statement is on its way.
    settled: bool,
    begun: bool,
    readers: Arc<Readers>,
}

impl Reader {
    /// Begins a transaction, for settings that end with one.
    pub async fn begin(&mut self) -> Result<(), sqlx::Error> {
        if !self.begun {
            self.begun = true;
            sqlx::raw_sql("BEGIN READ ONLY").execute(&mut **self).await?;
        }
        Ok(())
    }

    /// All that was asked was answered.
    pub async fn done(mut self) -> Result<(), sqlx::Error> {
        if self.begun {
            sqlx::raw_sql("COMMIT").execute(&mut *self).await?;
            self.begun = false;
        }
        self.settled = true;
        Ok(())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some((mut told, seat)) = self.kept.take() else { return };
        if self.settled {
            self.readers.give_back(told);
        } else if !self.begun
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let readers = Arc::clone(&self.readers);
            runtime.spawn(async move {
                if let Ok(Ok(())) = tokio::time::timeout(PATIENCE, told.connection.ping()).await {
                    readers.give_back(told);
                }
                drop(seat);
            });
        }
        // One whose transaction is open is closed.
    }
}

impl Deref for Reader {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        let (told, _) = self.kept.as_ref().expect("only dropping takes it");
        &told.connection
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut PgConnection {
        let (told, _) = self.kept.as_mut().expect("only dropping takes it");
        &mut told.connection
    }
}
