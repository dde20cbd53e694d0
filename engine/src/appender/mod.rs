//! The appender: the one task that writes decisions to the log, many in one transaction.
//!
//! While a commit runs, what is decided meanwhile queues up and goes with the next one, so the batch grows with the
//! load and a commit is shared by whoever waits. Order is kept: nothing overtakes, and a batch that fails is tried
//! again before anything behind it. The queue is bounded; when it is full, shards refuse.
//!
//! A lost connection leaves it unknown whether the last transaction came through. Before it is tried again, the end of
//! the tenant's log is read under its lock, which tells: numbers are taken nowhere else.

mod settle;
mod write;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use metrics::Histogram;
use sqlx::{Postgres, pool::PoolConnection};
use switchroom_core::{
    CallId, TenantId,
    append::{Candidate, Verdict},
    fact::CallFact,
    log::LogEvent,
    tenant::CallMemory,
};
use switchroom_store::{Database, StoreError, log};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::{
    live::Tenants,
    shard::{Notice, give_up},
    summaries::SummaryCache,
    wait::{Ticket, Waits},
};

/// Entries of the log per transaction.
const BATCH: usize = 1_000;
/// A batch is gathered for so long, unless it holds so many entries already: a commit costs the database about the same
/// whatever it holds, and whoever waits for one has had the pop.
const GATHER: Duration = Duration::from_millis(4);
const ENOUGH: usize = 64;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// One decision on its way to the log.
pub(crate) struct Entry {
    pub(crate) tenant: TenantId,
    pub(crate) events: Vec<Arc<LogEvent>>,
    /// The calls of its events as they stand with it.
    pub(crate) memories: BTreeMap<CallId, CallMemory>,
    /// Of a fact from outside: what to decide again if the call turns out to be known, and who waits.
    pub(crate) fact: Option<(CallId, CallFact, Arc<Ticket>)>,
    /// How often the call was found again (see [`Notice::Forgotten`]).
    pub(crate) incarnation: u32,
    /// Who waits for everything up to here (see [`crate::Engine::settled`]).
    pub(crate) mark: Option<Arc<Ticket>>,
    pub(crate) queued_at: Instant,
}

impl Entry {
    fn candidate(&self) -> Candidate<'_> {
        Candidate {
            tenant: self.tenant,
            events: &self.events,
            memories: &self.memories,
            call: self.fact.as_ref().map(|(call, _, _)| *call),
            incarnation: self.incarnation,
        }
    }

    /// It will never be written.
    pub(crate) fn lose(&self, waits: &Waits) {
        if let Some((call, _, ticket)) = &self.fact {
            waits.lost(*call, ticket);
        }
        if let Some(mark) = &self.mark {
            mark.lost();
        }
    }

    /// Nothing to write: a place in the order that somebody waits for.
    pub(crate) fn mark(tenant: TenantId, mark: Arc<Ticket>) -> Self {
        Self {
            tenant,
            events: Vec::new(),
            memories: BTreeMap::new(),
            fact: None,
            incarnation: 0,
            mark: Some(mark),
            queued_at: Instant::now(),
        }
    }
}

enum Failure {
    Store(StoreError),
    /// A later epoch has the log.
    Overtaken,
    /// The tenant is gone.
    Absent(TenantId),
}

impl From<StoreError> for Failure {
    fn from(failure: StoreError) -> Self {
        Self::Store(failure)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(failure: sqlx::Error) -> Self {
        Self::Store(failure.into())
    }
}

/// What a committed batch did.
struct Written {
    verdicts: Vec<Verdict>,
    ends: BTreeMap<TenantId, i64>,
}

pub(crate) struct Appender {
    pub(crate) db: Database,
    pub(crate) epoch: i64,
    pub(crate) tenants: Tenants,
    pub(crate) summaries: SummaryCache,
    pub(crate) waits: Waits,
    /// The shards' ears, by shard.
    pub(crate) shards: Vec<mpsc::UnboundedSender<Notice>>,
    /// Set when a later epoch took over; nothing is written from then on.
    pub(crate) fenced: CancellationToken,
    /// Calls whose entries go back to their shard, up to this incarnation.
    pub(crate) returned: HashMap<CallId, u32>,
    /// Kept between batches; given back after any failure.
    pub(crate) connection: Option<PoolConnection<Postgres>>,
    /// `switchroom_append_seconds`.
    pub(crate) append_seconds: Histogram,
}

impl Appender {
    /// Writes until every sender is gone and the queue is empty.
    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Entry>) {
        let mut batch = Vec::new();
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            if batch.len() < ENOUGH && !queue.is_closed() {
                tokio::time::sleep(GATHER).await;
                while batch.len() < BATCH
                    && let Ok(entry) = queue.try_recv()
                {
                    batch.push(entry);
                }
            }
            let entries = std::mem::take(&mut batch);
            self.write_all(entries).await;
        }
    }

    /// Writes entries in order, in as few transactions as it takes, however long it takes.
    async fn write_all(&mut self, entries: Vec<Entry>) {
        // Work to do, the next piece last.
        let mut pieces = vec![entries];
        while let Some(mut piece) = pieces.pop() {
            if piece.is_empty() {
                continue;
            }
            if self.fenced.is_cancelled() {
                for entry in &piece {
                    entry.lose(&self.waits);
                }
                continue;
            }
            match self.write_patiently(&piece).await {
                Ok(written) => self.settle(piece, &written),
                Err(Failure::Overtaken) => {
                    error!("another process has taken over the log; this one writes no more");
                    self.fenced.cancel();
                    pieces.push(piece);
                }
                Err(Failure::Absent(tenant)) => {
                    let (gone, rest): (Vec<Entry>, Vec<Entry>) =
                        piece.into_iter().partition(|entry| entry.tenant == tenant);
                    for entry in &gone {
                        give_up(entry, &"its tenant is gone");
                        entry.lose(&self.waits);
                    }
                    pieces.push(rest);
                }
                Err(Failure::Store(failure)) => {
                    if piece.len() == 1 {
                        for entry in piece {
                            give_up(&entry, &failure);
                            self.send_back(entry, |entry| Notice::Refused { entry });
                        }
                        continue;
                    }
                    // Something in it can never be written. Tenant by tenant, then by halves, until it stands alone;
                    // order matters within a tenant only.
                    let mut by_tenant: BTreeMap<TenantId, Vec<Entry>> = BTreeMap::new();
                    if piece.iter().any(|entry| entry.tenant != piece[0].tenant) {
                        for entry in piece {
                            by_tenant.entry(entry.tenant).or_default().push(entry);
                        }
                        pieces.extend(by_tenant.into_values());
                    } else {
                        let later = piece.split_off(piece.len() / 2);
                        pieces.push(later);
                        pieces.push(piece);
                    }
                }
            }
        }
    }

    /// Tries until the database takes it or says that it never will.
    async fn write_patiently(&mut self, entries: &[Entry]) -> Result<Written, Failure> {
        let mut pause = FIRST_PAUSE;
        let mut unsure: Option<Attempt> = None;
        loop {
            let mut attempt = Attempt::default();
            let result = match &unsure {
                None => self.write(entries, &mut attempt).await,
                Some(last) => match self.came_through(last).await {
                    Ok(true) => {
                        let last = unsure.take().unwrap_or_default();
                        return Ok(Written { verdicts: last.verdicts, ends: last.ends });
                    }
                    Ok(false) => {
                        unsure = None;
                        continue;
                    }
                    Err(failure) => Err(failure),
                },
            };
            match result {
                Ok(written) => return Ok(written),
                Err(Failure::Store(failure @ StoreError::Unavailable(_))) => {
                    if pause == FIRST_PAUSE {
                        warn!(%failure, waiting = entries.len(), "the log cannot be written now; trying again");
                    }
                    if attempt.committing {
                        unsure = Some(attempt);
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Whether a transaction whose commit was not answered came through.
    async fn came_through(&self, last: &Attempt) -> Result<bool, Failure> {
        // All of it or nothing came through, so one tenant answers for all.
        let Some((tenant, end)) = last.ends.first_key_value() else { return Ok(true) };
        let mut tx = self.db.log().begin().await?;
        let settled = log::settled_end(&mut tx, *tenant).await?;
        tx.rollback().await?;
        match settled {
            None => Err(Failure::Absent(*tenant)),
            Some((_, epoch)) if epoch != self.epoch => Err(Failure::Overtaken),
            Some((cursor, _)) => Ok(cursor.0 >= *end),
        }
    }
}

/// A transaction whose outcome may be unknown.
#[derive(Default)]
struct Attempt {
    committing: bool,
    verdicts: Vec<Verdict>,
    ends: BTreeMap<TenantId, i64>,
}

/// Which shard a tenant belongs to.
pub(crate) fn shard_of(tenant: TenantId, shards: usize) -> usize {
    let bytes = tenant.0.as_u128();
    // Ids of version 7 share their leading bits with the time; the low ones are random.
    usize::try_from(bytes as u64 % shards.max(1) as u64).unwrap_or(0)
}
