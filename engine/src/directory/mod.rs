//! Filling the registry from the database and keeping it fresh: the load at start and the change feed after it.
//!
//! The feed reports *what* changed; the present state of it is loaded and replaces what was known. So rows may come
//! twice or in any order, and a lost wake-up only costs time. Nobody else writes to the registry.

mod apply;
mod feed;
mod load;

use std::{sync::Arc, time::Duration};

use switchroom_core::{TenantId, TicketId};
use switchroom_store::{Database, StoreError};

pub use feed::Feed;

use crate::{Registry, Sealer, summaries::SummaryCache};

/// Who is told when a ticket changed (in whatever program).
pub trait TicketListener: Send + Sync {
    fn ticket_changed(&self, tenant: TenantId, ticket: TicketId);
}

impl TicketListener for () {
    fn ticket_changed(&self, _: TenantId, _: TicketId) {}
}

/// Every frame sink hears about tickets.
pub struct ToSink(pub Arc<dyn crate::FrameSink>);

impl TicketListener for ToSink {
    fn ticket_changed(&self, tenant: TenantId, ticket: TicketId) {
        self.0.ticket_updated(tenant, ticket);
    }
}

/// How the feed waits.
#[derive(Clone, Copy, Debug)]
pub struct FeedSettings {
    /// Between reads while no wake-up can arrive.
    pub poll: Duration,
    /// Longest time between attempts to reach the database again.
    pub max_backoff: Duration,
    /// Between removals of rows that are no longer needed.
    pub prune: Duration,
}

impl Default for FeedSettings {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(1),
            max_backoff: Duration::from_secs(5),
            prune: Duration::from_secs(300),
        }
    }
}

/// Loads everything and starts the feed behind it. On return the registry answers for all that was committed before.
pub async fn start(
    db: Database,
    registry: Registry,
    summaries: SummaryCache,
    secrets: Arc<Sealer>,
    tickets: Arc<dyn TicketListener>,
    settings: FeedSettings,
) -> Result<Feed, StoreError> {
    let xmin = load::load(&db, &registry, &secrets).await?;
    let applier = apply::Applier { db: db.clone(), registry, summaries, secrets, tickets };
    Ok(Feed::start(db, applier, xmin, settings))
}
