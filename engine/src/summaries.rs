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
    directory::{ContactKind, ContactRef, RecentCall, Summaries, Summary},
};
use switchroom_store::{
    Database, StoreError,
    summaries::{self as store, Merged},
};
use uuid::Uuid;

/// Contacts kept. A summary is about 2 KiB.
const CAPACITY: u64 = 100_000;
/// Calls kept of one contact.
const CALLS: usize = 5;
/// Contacts warmed at start, and how far back their last call or ticket may lie.
const WARM: i64 = 5_000;
const WARM_SINCE: chrono::TimeDelta = chrono::TimeDelta::days(14);

/// How long it is remembered that a contact has become another's part: longer than a call lasts.
const MERGED: Duration = Duration::from_secs(2 * 86_400);
/// Merges of merges that are followed.
const DEPTH: usize = 100;

type Key = (TenantId, ContactRef);

/// Clones share one memory.
#[derive(Clone)]
pub struct SummaryCache {
    known: Cache<Key, Arc<Summary>>,
    /// Where a ticket was last seen, so that it leaves there when it is moved to another contact.
    tickets: Cache<TicketId, Arc<[Key]>>,
    /// Whom a contact has become part of lately: a call that began before ends as the other's.
    became: Cache<Key, ContactRef>,
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
            became: Cache::builder().max_capacity(CAPACITY).time_to_live(MERGED).build(),
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

    /// Whom a contact is now, as far as merges of the last days tell.
    pub fn survivor(&self, tenant: TenantId, mut contact: ContactRef) -> ContactRef {
        for _ in 0..DEPTH {
            let became = futures::FutureExt::now_or_never(self.became.get(&(tenant, contact))).flatten();
            let Some(next) = became else { break };
            contact = next;
        }
        contact
    }

    /// What is in memory, else what the database has, which then stays in memory.
    pub async fn fill(
        &self,
        db: &Database,
        tenant: TenantId,
        contact: ContactRef,
    ) -> Result<Arc<Summary>, Arc<StoreError>> {
        // A pop that was decided before a merge still names the other.
        let contact = self.survivor(tenant, contact);
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
        let organizations = now.iter().map(|key| key.1).filter(|one| one.kind == ContactKind::Organization);
        if !now.iter().any(|key| key.1.kind == ContactKind::OrganizationContact) {
            // It names none of its people, and so shows with each of them who is in memory.
            self.reload_people(connection, tenant, &organizations.map(|one| one.id).collect::<Vec<_>>())
                .await?;
        }
        // Who shows it has noted so while being loaded.
        let noted = self.tickets.get(&ticket).await;
        let people = noted.iter().flat_map(|keys| keys.iter()).filter(|key| {
            !now.contains(key)
                && self
                    .get(key.0, key.1)
                    .is_some_and(|summary| summary.open_tickets.iter().any(|shown| shown.id == ticket))
        });
        let keys: Vec<Key> = now.iter().chain(people).copied().collect();
        self.tickets.insert(ticket, keys.into()).await;
        Ok(())
    }

    /// Two records were made one, or two again: whose calls are whose has changed, and of companies whose people see what.
    /// Those in memory are loaded again; the kept one also where the other was, whose callers are its own now.
    pub(crate) async fn merged(
        &self,
        connection: &mut PgConnection,
        merge: &Merged,
    ) -> Result<(), StoreError> {
        let (kept, merged) = ((merge.tenant, merge.kept), (merge.tenant, merge.merged));
        let known = self.known.contains_key(&kept) || self.known.contains_key(&merged);
        if merge.undone {
            self.became.invalidate(&merged).await;
        } else {
            self.became.insert(merged, merge.kept).await;
            self.known.invalidate(&merged).await;
        }
        // The kept one may have become another's part since.
        let survivor = (merge.tenant, self.survivor(merge.tenant, merge.kept));
        if known || self.known.contains_key(&survivor) {
            self.reload(connection, survivor).await?;
            if merge.undone {
                self.reload(connection, merged).await?;
            }
        }
        if merge.kept.kind == ContactKind::Organization {
            let both = [merge.kept.id, merge.merged.id, survivor.1.id];
            self.reload_people(connection, merge.tenant, &both).await?;
        }
        Ok(())
    }

    /// Loads again those of the organizations' people who are in memory.
    async fn reload_people(
        &self,
        connection: &mut PgConnection,
        tenant: TenantId,
        organizations: &[Uuid],
    ) -> Result<(), StoreError> {
        if organizations.is_empty() {
            return Ok(());
        }
        for person in store::people_of(connection, tenant, organizations).await? {
            if self.known.contains_key(&(tenant, person)) {
                self.reload(connection, (tenant, person)).await?;
            }
        }
        Ok(())
    }

    /// A call with this contact ended (or changed): it leads the contact's recent calls, if they are in memory.
    pub async fn call_changed(&self, tenant: TenantId, contact: ContactRef, call: RecentCall) {
        let contact = self.survivor(tenant, contact);
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
