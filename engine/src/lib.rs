//! The running engine: one writer per tenant over the pure core, the appender that makes decisions durable, and the
//! handle through which the API, the gateway and the bridge speak to both.
//!
//! No rule lives here (core has them) and no SQL (store has it).

pub mod directory;
pub mod ingest;
pub mod registry;
pub mod seal;
pub mod sink;
pub mod summaries;

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use switchroom_core::{
    CallId, TenantId, UserId,
    agent::{AgentView, Chosen, PresenceView},
    fact::CallFact,
    frame::Frame,
    log::Cursor,
    tenant::Settings,
    wallboard::Wallboard,
};
use switchroom_store::{Database, StoreError};

pub use registry::Registry;
pub use seal::Sealer;
pub use sink::{FrameSink, NoSink};

/// What the operator sets.
#[derive(Clone, Copy, Debug)]
pub struct EngineSettings {
    pub live: Settings,
    /// Shards, each a task; tenants are spread over them.
    pub shards: usize,
    /// Inputs a shard may have waiting before it refuses more.
    pub shard_queue: usize,
    /// Decisions that may wait for the database before shards refuse more.
    pub append_queue: usize,
    /// How long a request may wait for its call to become durable.
    pub durable_wait: Duration,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            live: Settings::default(),
            shards: 4,
            shard_queue: 4_096,
            append_queue: 65_536,
            durable_wait: Duration::from_secs(5),
        }
    }
}

/// The engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An input was not taken; nothing of it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Queues are full (the database is away or too slow). Try again later.
    #[error("overloaded")]
    Overloaded { retry_after: Duration },
    #[error("shutting down")]
    ShuttingDown,
    /// The tenant (or the connection, or the member) is not known here.
    #[error("unknown tenant")]
    UnknownTenant,
}

/// It is not known to be durable. It may become so later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not durable in time")]
pub struct NotDurable;

/// What came of a fact. Frames are already with the sink.
pub struct Submitted {
    pub call_id: CallId,
    pub repetition: bool,
    /// Who got a screen pop.
    pub addressees: Vec<UserId>,
    /// When the frames were handed over, Unix microseconds.
    pub pushed_at_us: i64,
    /// Ends when the fact (of a repetition: the first of it) is durable.
    pub durable: BoxFuture<'static, Result<(), NotDurable>>,
}

/// Frames after a cursor.
#[derive(Clone, Debug)]
pub struct Resumed {
    pub frames: Vec<Frame>,
    /// Where to go on, while there is more.
    pub next: Option<Cursor>,
    /// The durable end at the time of reading.
    pub end: Cursor,
}

#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// Before retention, or beyond the end of this log.
    #[error("the cursor is too old")]
    TooOld,
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

/// The handle; clones share one engine.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
}

#[allow(unused_variables, clippy::unimplemented, clippy::unused_async)]
impl Engine {
    /// Loads registry and directory, takes the log's epoch, restores live state, and starts shards and appender.
    pub async fn start(
        db: Database,
        settings: EngineSettings,
        sink: Arc<dyn FrameSink>,
        secrets: Arc<Sealer>,
    ) -> Result<Self, EngineError> {
        unimplemented!()
    }

    /// Takes no more, finishes what was taken, writes it, and returns.
    pub async fn stop(&self) {
        unimplemented!()
    }

    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// Decides about a fact and pushes what follows; the writing goes on behind [`Submitted::durable`].
    pub async fn submit(&self, tenant: TenantId, fact: CallFact) -> Result<Submitted, SubmitError> {
        unimplemented!()
    }

    /// Waits (at most 5 s) until nothing of the call is waiting to be written; at once where nothing is.
    pub async fn wait_durable(&self, call: CallId) -> Result<(), NotDurable> {
        unimplemented!()
    }

    /// The last durable place of the tenant's log.
    pub fn cursor(&self, tenant: TenantId) -> Cursor {
        unimplemented!()
    }

    /// The user's frames behind the cursor, oldest first.
    pub async fn frames_after(
        &self,
        tenant: TenantId,
        user: UserId,
        cursor: Cursor,
        limit: usize,
    ) -> Result<Resumed, ResumeError> {
        unimplemented!()
    }

    /// The pops that are open on the user's screen, with the ids they had.
    pub fn open_pops(&self, tenant: TenantId, user: UserId) -> Vec<Frame> {
        unimplemented!()
    }

    pub async fn choose_presence(
        &self,
        tenant: TenantId,
        user: UserId,
        choice: Chosen,
        reason: Option<String>,
    ) -> Result<PresenceView, SubmitError> {
        unimplemented!()
    }

    pub fn socket_opened(&self, tenant: TenantId, user: UserId) {
        unimplemented!()
    }

    pub fn last_socket_lost(&self, tenant: TenantId, user: UserId) {
        unimplemented!()
    }

    /// Everybody who takes calls, with presence.
    pub fn agents(&self, tenant: TenantId) -> Vec<AgentView> {
        unimplemented!()
    }

    pub fn wallboard(&self, tenant: TenantId) -> Arc<Wallboard> {
        unimplemented!()
    }

    pub fn live_calls(&self) -> usize {
        unimplemented!()
    }
}
