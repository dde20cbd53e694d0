//! The reader of the change feed.
//!
//! ```text
//! wake-up (NOTIFY), refreshed(), 1 s while nobody can wake us
//!   → one snapshot: rows at or above the previous snapshot's xmin that were not applied yet
//!   → load what they name → registry → those who waited for it
//! ```
//! Losing the listening connection loses no change: after it is back (and every second until then) the table is read.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use switchroom_store::{Database, StoreError, feed};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{FeedSettings, apply::Applier};

/// Rows of one page. A batch of an import fits one, so that its contacts, each named twice, are loaded once.
const PAGE: i64 = 20_000;
/// Applied rows that are remembered because a later read may deliver them again. Beyond it (a writer that stays open
/// through very many changes) some are applied twice, which costs time and changes nothing.
const MAX_SEEN: usize = 500_000;
/// How long [`Feed::refreshed`] waits: a slow database must not hold up those who already committed.
const REFRESH_WAIT: Duration = Duration::from_secs(5);

/// The running feed.
pub struct Feed {
    shared: Arc<Shared>,
    stop: CancellationToken,
    tasks: std::sync::Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    wake: Notify,
    listening: AtomicBool,
    /// Reads asked for so far; a read that begins later covers them.
    asked: AtomicU64,
    done: watch::Sender<u64>,
}

impl Feed {
    pub(super) fn start(db: Database, applier: Applier, xmin: String, settings: FeedSettings) -> Self {
        let shared = Arc::new(Shared {
            wake: Notify::new(),
            listening: AtomicBool::new(false),
            asked: AtomicU64::new(0),
            done: watch::Sender::new(0),
        });
        let stop = CancellationToken::new();
        let reader =
            Reader { shared: Arc::clone(&shared), applier, mark: xmin, seen: HashSet::new(), settings };
        let tasks = vec![
            tokio::spawn({
                let (stop, shared) = (stop.clone(), Arc::clone(&shared));
                async move {
                    // None: cancelled.
                    let _ = stop.run_until_cancelled(listen(db, shared, settings)).await;
                }
            }),
            tokio::spawn(reader.run(stop.clone())),
        ];
        Self { shared, stop, tasks: std::sync::Mutex::new(tasks) }
    }

    /// Returns once everything that was committed before the call is applied, or after five seconds.
    pub async fn refreshed(&self) {
        let wanted = self.shared.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut done = self.shared.done.subscribe();
        self.shared.wake.notify_one();
        let waited = timeout(REFRESH_WAIT, done.wait_for(|done| *done >= wanted)).await;
        if !matches!(waited, Ok(Ok(_))) {
            tracing::warn!("the change feed is behind; what was just written may not be visible yet");
        }
    }

    /// Whether wake-ups arrive.
    pub fn is_listening(&self) -> bool {
        self.shared.listening.load(Ordering::Acquire)
    }

    /// Stops reading; what is committed from now on is read at the next start.
    pub async fn stop(&self) {
        self.stop.cancel();
        let tasks =
            std::mem::take(&mut *self.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        for task in tasks {
            if task.await.is_err() {
                tracing::error!("a task of the change feed panicked");
            }
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Hears the wake-ups, on a connection of its own, and opens it again for as long as it takes.
async fn listen(db: Database, shared: Arc<Shared>, settings: FeedSettings) {
    let mut backoff = Duration::from_millis(50);
    loop {
        match feed::listen(&db).await {
            Ok(mut listener) => {
                backoff = Duration::from_millis(50);
                shared.listening.store(true, Ordering::Release);
                // Whatever was committed while nobody listened.
                shared.wake.notify_one();
                // None: the connection was lost.
                while let Ok(Some(_)) = listener.try_recv().await {
                    shared.wake.notify_one();
                }
                shared.listening.store(false, Ordering::Release);
                shared.wake.notify_one();
                tracing::warn!("the change feed's listener lost its connection");
            }
            Err(error) => {
                tracing::warn!(%error, "the change feed cannot listen");
            }
        }
        tokio::time::sleep(backoff).await;
        backoff = (backoff * 2).min(settings.max_backoff);
    }
}

struct Reader {
    shared: Arc<Shared>,
    applier: Applier,
    /// xmin of the last snapshot that was read completely.
    mark: String,
    /// Rows at or above the mark that are applied.
    seen: HashSet<i64>,
    settings: FeedSettings,
}

impl Reader {
    async fn run(mut self, stop: CancellationToken) {
        let mut backoff = Duration::from_millis(50);
        let mut prune_at = Instant::now() + self.settings.prune;
        loop {
            let listening = self.shared.listening.load(Ordering::Acquire);
            let pause = if listening { self.settings.prune } else { self.settings.poll };
            tokio::select! {
                () = stop.cancelled() => return,
                // Elapsed or notified: either way there may be something.
                _ = timeout(pause, self.shared.wake.notified()) => {}
            }
            // Asked before the snapshot is taken, so covered by it.
            let asked = self.shared.asked.load(Ordering::Acquire);
            let read = tokio::select! {
                () = stop.cancelled() => return,
                read = self.read() => read,
            };
            match read {
                Ok(()) => {
                    backoff = Duration::from_millis(50);
                    self.shared.done.send_replace(asked);
                }
                Err(error) => {
                    tracing::warn!(%error, "the change feed cannot be read; trying again");
                    self.shared.wake.notify_one();
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(backoff) => {}
                    }
                    backoff = (backoff * 2).min(self.settings.max_backoff);
                }
            }
            if Instant::now() >= prune_at {
                prune_at = Instant::now() + self.settings.prune;
                self.prune().await;
            }
        }
    }

    /// Applies everything committed so far. Where it fails half-way, the mark stays and the rest is read again.
    async fn read(&mut self) -> Result<(), StoreError> {
        let mut snapshot = switchroom_store::directory_load::Snapshot::begin(&self.applier.db).await?;
        let xmin = snapshot.xmin.clone();
        let mut repeating = HashSet::new();
        let mut after = 0;
        loop {
            let page = feed::changes(snapshot.connection(), &self.mark, &xmin, after, PAGE).await?;
            let fresh: Vec<feed::Change> =
                page.changes.iter().filter(|change| !self.seen.contains(&change.id)).copied().collect();
            if !fresh.is_empty() {
                self.applier.apply(snapshot.connection(), &fresh).await?;
                metrics::counter!("switchroom_feed_changes_total").increment(fresh.len() as u64);
            }
            for change in page.changes.iter().filter(|change| change.repeats) {
                self.seen.insert(change.id);
                repeating.insert(change.id);
            }
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
        snapshot.end().await?;
        self.mark = xmin;
        if repeating.len() > MAX_SEEN {
            tracing::warn!(rows = repeating.len(), "a transaction has been open through very many changes");
            repeating.clear();
        }
        self.seen = repeating;
        Ok(())
    }

    async fn prune(&self) {
        let pruned = async {
            let mut connection = self.applier.db.directory().acquire().await?;
            feed::prune(&mut connection, &self.mark).await
        };
        if let Err(error) = pruned.await {
            tracing::warn!(%error, "old rows of the change feed cannot be removed");
        }
    }
}
