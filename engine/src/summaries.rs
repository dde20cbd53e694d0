//! What a screen-pop shows of a contact beyond the match, in memory for those who called or wrote lately.
//!
//! Nothing here is asked of the database before the first frame: a contact that is not in memory pops without its
//! tickets, and [`SummaryCache::fill`] fetches them for the second frame.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use moka::{future::Cache, ops::compute::Op};
use sqlx::PgConnection;
use switchroom_core::{
    CallId, TenantId, TicketId,
    directory::{ContactRef, RecentCall, Summaries, Summary},
};
use switchroom_store::{Database, StoreError, summaries as store};

/// Contacts kept. A summary is about 2 KiB.
const CAPACITY: u64 = 100_000;
/// Calls kept of one contact.
const CALLS: usize = 5;
/// Contacts warmed at start, and how far back their last call or ticket may lie.
const WARM: i64 = 5_000;
const WARM_SINCE: chrono::TimeDelta = chrono::TimeDelta::days(14);

type Key = (TenantId, ContactRef);

/// Clones share one memory.
#[derive(Clone)]
pub struct SummaryCache {
    known: Cache<Key, Arc<Summary>>,
    /// Where a ticket was last seen, so that it leaves there when it is moved to another contact.
    tickets: Cache<TicketId, Arc<[Key]>>,
}

impl Default for SummaryCache {
    fn default() -> Self {
        Self::new()
    }
}

impl SummaryCache {
    pub fn new() -> Self {
        Self {
            known: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_idle(Duration::from_secs(14 * 86_400))
                .build(),
            tickets: Cache::builder().max_capacity(CAPACITY).build(),
        }
    }

    /// The summaries of one tenant, for the live core.
    pub fn of(&self, tenant: TenantId) -> TenantSummaries {
        TenantSummaries { cache: self.clone(), tenant }
    }

    /// What is in memory. Never waits.
    pub fn get(&self, tenant: TenantId, contact: ContactRef) -> Option<Arc<Summary>> {
        // moka's read of a future cache completes at once; it is async only by its signature.
        futures::FutureExt::now_or_never(self.known.get(&(tenant, contact)))?
    }

    /// What is in memory, else what the database has, which then stays in memory.
    pub async fn fill(
        &self,
        db: &Database,
        tenant: TenantId,
        contact: ContactRef,
    ) -> Result<Arc<Summary>, Arc<StoreError>> {
        self.known
            .try_get_with((tenant, contact), async {
                let mut connection = db.directory().acquire().await?;
                let summary = Arc::new(store::summary(&mut connection, tenant, contact).await?);
                self.note_tickets((tenant, contact), &summary).await;
                Ok::<_, StoreError>(summary)
            })
            .await
    }

    /// Loads the summaries of those who are likely to call again.
    pub async fn warm(&self, db: &Database) -> Result<usize, StoreError> {
        let mut connection = db.directory().acquire().await?;
        let likely = store::likely_callers(&mut connection, Utc::now() - WARM_SINCE, WARM).await?;
        let count = likely.len();
        for key in likely {
            self.reload(&mut connection, key).await?;
        }
        Ok(count)
    }

    /// A ticket changed: those who show it, or should, are loaded again if they are in memory. A contact about whom
    /// a ticket was just written is taken in: they are likely to call.
    pub(crate) async fn ticket_changed(
        &self,
        connection: &mut PgConnection,
        tenant: TenantId,
        ticket: TicketId,
        contacts: &[ContactRef],
    ) -> Result<(), StoreError> {
        let now: Vec<Key> = contacts.iter().map(|contact| (tenant, *contact)).collect();
        let before = self.tickets.get(&ticket).await;
        for key in before.iter().flat_map(|keys| keys.iter()).filter(|key| !now.contains(key)) {
            if self.known.contains_key(key) {
                self.reload(connection, *key).await?;
            }
        }
        for key in &now {
            self.reload(connection, *key).await?;
        }
        self.tickets.insert(ticket, now.into()).await;
        Ok(())
    }

    /// A call with this contact ended (or changed): it leads the contact's recent calls, if they are in memory.
    pub async fn call_changed(&self, tenant: TenantId, contact: ContactRef, call: RecentCall) {
        self.known
            .entry((tenant, contact))
            .and_compute_with(|known| async move {
                let Some(known) = known else { return Op::Nop };
                let mut summary = Summary::clone(known.value());
                summary.recent_calls.retain(|before| before.id != call.id);
                let at = summary.recent_calls.partition_point(|before| before.started_at > call.started_at);
                summary.recent_calls.insert(at, call);
                summary.recent_calls.truncate(CALLS);
                Op::Put(Arc::new(summary))
            })
            .await;
    }

    /// Whether a call is among those shown of the contact: for tests and tools.
    pub fn shows_call(&self, tenant: TenantId, contact: ContactRef, call: CallId) -> bool {
        self.get(tenant, contact)
            .is_some_and(|summary| summary.recent_calls.iter().any(|known| known.id == call))
    }

    async fn reload(&self, connection: &mut PgConnection, key: Key) -> Result<(), StoreError> {
        let summary = Arc::new(store::summary(connection, key.0, key.1).await?);
        self.note_tickets(key, &summary).await;
        self.known.insert(key, summary).await;
        Ok(())
    }

    async fn note_tickets(&self, key: Key, summary: &Summary) {
        for ticket in &summary.open_tickets {
            let known = self.tickets.get(&ticket.id).await;
            if known.as_ref().is_some_and(|known| known.contains(&key)) {
                continue;
            }
            let keys: Arc<[Key]> = known.iter().flat_map(|keys| keys.iter()).copied().chain([key]).collect();
            self.tickets.insert(ticket.id, keys).await;
        }
    }
}

/// One tenant's part.
#[derive(Clone)]
pub struct TenantSummaries {
    cache: SummaryCache,
    tenant: TenantId,
}

impl Summaries for TenantSummaries {
    fn summary(&self, contact: ContactRef) -> Option<Arc<Summary>> {
        self.cache.get(self.tenant, contact)
    }
}
