//! The running engine: one writer per tenant over the pure core, the appender that makes decisions durable, and the
//! handle through which the API, the gateway and the bridge speak to both.
//!
//! No rule lives here (core has them) and no SQL (store has it).

mod appender;
pub mod directory;
pub mod egress;
pub mod ingest;
mod live;
pub mod registry;
mod restore;
pub mod seal;
mod shard;
pub mod sink;
pub mod summaries;
mod wait;
pub mod webhooks;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use switchroom_core::{
    CallId, TenantId, UserId,
    agent::{AgentView, Chosen, PresenceView},
    call::CallSnapshot,
    fact::CallFact,
    frame::{Frame, SCREEN_POP, frames_of},
    log::{Cursor, EventData, LogEvent},
    tenant::Settings,
    wallboard::{Wallboard, agent_row},
};
use switchroom_store::{Database, StoreError, log};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use registry::Registry;
pub use seal::Sealer;
pub use sink::{FrameSink, NoSink};

use appender::{Appender, shard_of};
use directory::{Feed, FeedSettings, ToSink};
use live::{LiveTenant, Tenants};
use shard::{Notice, Order, Shard};
use summaries::SummaryCache;
use wait::Waits;

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
    /// How old, or how far ahead, a signed webhook timestamp may be.
    pub webhook_tolerance: Duration,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            live: Settings::default(),
            shards: 4,
            shard_queue: 4_096,
            append_queue: 65_536,
            durable_wait: Duration::from_secs(5),
            webhook_tolerance: Duration::from_secs(300),
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
    db: Database,
    settings: EngineSettings,
    tenants: Tenants,
    summaries: SummaryCache,
    waits: Waits,
    feed: Option<Feed>,
    shards: Vec<ShardHandle>,
    fenced: CancellationToken,
    tasks: Mutex<Tasks>,
}

struct ShardHandle {
    orders: mpsc::Sender<Order>,
    notices: mpsc::UnboundedSender<Notice>,
}

#[derive(Default)]
struct Tasks {
    shards: Vec<JoinHandle<()>>,
    appender: Option<JoinHandle<()>>,
    publisher: Option<JoinHandle<()>>,
}

/// How long [`Engine::stop`] lets a database that is away come back.
const DRAIN: Duration = Duration::from_secs(8);

impl Engine {
    /// Loads registry and directory, takes over the log, restores the live state, and starts shards and appender.
    pub async fn start(
        db: Database,
        settings: EngineSettings,
        sink: Arc<dyn FrameSink>,
        secrets: Arc<Sealer>,
    ) -> Result<Self, EngineError> {
        let (registry, summaries) = (Registry::default(), SummaryCache::new());
        let feed = directory::start(
            db.clone(),
            registry.clone(),
            summaries.clone(),
            secrets,
            Arc::new(ToSink(Arc::clone(&sink))),
            FeedSettings::default(),
        )
        .await?;
        let engine = Self::run(db.clone(), settings, sink, registry, summaries.clone(), Some(feed)).await?;
        // Nice to have, and not worth waiting for.
        tokio::spawn(async move {
            if let Err(failure) = summaries.warm(&db).await {
                warn!(%failure, "the summaries of recent callers are not warmed");
            }
        });
        Ok(engine)
    }

    async fn run(
        db: Database,
        settings: EngineSettings,
        sink: Arc<dyn FrameSink>,
        registry: Registry,
        summaries: SummaryCache,
        feed: Option<Feed>,
    ) -> Result<Self, EngineError> {
        let (tenants, dirty) = Tenants::new(registry, sink);
        let restored = restore::restore(&db, &tenants, &settings.live).await?;
        info!(epoch = restored.epoch, calls = tenants.live_calls(), "live state restored");

        let waits = Waits::default();
        let fenced = CancellationToken::new();
        let (append, queue) = mpsc::channel(settings.append_queue.max(1));
        let count = settings.shards.max(1);
        let (mut handles, mut ears, mut tasks) = (Vec::new(), Vec::new(), Tasks::default());
        let mut deadlines = restored.deadlines;
        for at in 0..count {
            let (orders, order_queue) = mpsc::channel(settings.shard_queue.max(1));
            let (notices, notice_queue) = mpsc::unbounded_channel();
            let mut shard = Shard {
                db: db.clone(),
                settings: settings.live,
                tenants: tenants.clone(),
                summaries: summaries.clone(),
                waits: waits.clone(),
                appender: append.clone(),
                notices: notices.clone(),
                deadlines: shard::Deadlines::default(),
                redo: std::collections::HashMap::new(),
                timings: shard::Timings::default(),
            };
            deadlines.retain(|(tenant, deadline)| {
                let ours = shard_of(*tenant, count) == at;
                if ours {
                    shard.deadlines.set(*tenant, Some(*deadline));
                }
                !ours
            });
            tasks.shards.push(tokio::spawn(shard.run(order_queue, notice_queue)));
            ears.push(notices.clone());
            handles.push(ShardHandle { orders, notices });
        }
        drop(append);
        let appender = Appender {
            db: db.clone(),
            epoch: restored.epoch,
            tenants: tenants.clone(),
            summaries: summaries.clone(),
            waits: waits.clone(),
            shards: ears,
            fenced: fenced.clone(),
            returned: std::collections::HashMap::new(),
            connection: None,
            append_seconds: metrics::histogram!("switchroom_append_seconds"),
        };
        tasks.appender = Some(tokio::spawn(appender.run(queue)));
        tasks.publisher = Some(tokio::spawn(live::publish(tenants.clone(), dirty)));
        let inner = Inner {
            db,
            settings,
            tenants,
            summaries,
            waits,
            feed,
            shards: handles,
            fenced,
            tasks: Mutex::new(tasks),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Takes no more, finishes what was taken, writes it, and returns. Gives up on a database that stays away.
    pub async fn stop(&self) {
        let tasks = std::mem::take(&mut *self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for shard in &self.inner.shards {
            // A shard that is gone has stopped.
            let _ = shard.notices.send(Notice::Stop);
        }
        for shard in tasks.shards {
            let _ = shard.await;
        }
        if let Some(mut appender) = tasks.appender
            && tokio::time::timeout(DRAIN, &mut appender).await.is_err()
        {
            warn!("the database is away; decisions that wait for it are given up");
            appender.abort();
        }
        if let Some(publisher) = tasks.publisher {
            publisher.abort();
        }
        if let Some(feed) = &self.inner.feed {
            feed.stop().await;
        }
    }

    pub fn registry(&self) -> &Registry {
        self.inner.tenants.registry()
    }

    pub fn settings(&self) -> &EngineSettings {
        &self.inner.settings
    }

    /// What pops show beyond the match; for those who need a summary without a call.
    pub fn summaries(&self) -> &SummaryCache {
        &self.inner.summaries
    }

    /// Returns once everything committed before the call is in the registry and the directory.
    pub async fn refreshed(&self) {
        if let Some(feed) = &self.inner.feed {
            feed.refreshed().await;
        }
    }

    /// Whether a later process has taken over the log. This one then takes nothing more and should end.
    pub fn is_overtaken(&self) -> bool {
        self.inner.fenced.is_cancelled()
    }

    /// Returns when a later process has taken over the log; never, where none does.
    pub async fn overtaken(&self) {
        self.inner.fenced.cancelled().await;
    }

    /// Decides about a fact and pushes what follows; the writing goes on behind [`Submitted::durable`].
    pub async fn submit(&self, tenant: TenantId, fact: CallFact) -> Result<Submitted, SubmitError> {
        let (reply, answer) = oneshot::channel();
        self.order(tenant, Order::Fact { tenant, fact, reply })?;
        let decided = answer.await.map_err(|_| SubmitError::ShuttingDown)??;
        let limit = self.inner.settings.durable_wait;
        let ticket = decided.ticket;
        Ok(Submitted {
            call_id: decided.call,
            repetition: decided.repetition,
            addressees: decided.addressees,
            pushed_at_us: decided.pushed_at_us,
            durable: Box::pin(async move {
                match ticket {
                    Some(ticket) => wait::wait_for(&ticket, limit).await,
                    None => Ok(()),
                }
            }),
        })
    }

    fn order(&self, tenant: TenantId, order: Order) -> Result<(), SubmitError> {
        if self.is_overtaken() {
            return Err(SubmitError::ShuttingDown);
        }
        self.shard(tenant).orders.try_send(order).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => SubmitError::Overloaded { retry_after: shard::RETRY_AFTER },
            mpsc::error::TrySendError::Closed(_) => SubmitError::ShuttingDown,
        })
    }

    fn shard(&self, tenant: TenantId) -> &ShardHandle {
        &self.inner.shards[shard_of(tenant, self.inner.shards.len())]
    }

    /// Waits (at most 5 s) until nothing of the call is waiting to be written; at once where nothing is.
    pub async fn wait_durable(&self, call: CallId) -> Result<(), NotDurable> {
        self.inner.waits.wait(call, self.inner.settings.durable_wait).await
    }

    /// Waits (at most 5 s) until everything decided about the tenant before the call is written. What is read from the
    /// log behind it, and what is delivered meanwhile, leave nothing out between them.
    pub async fn settled(&self, tenant: TenantId) -> Result<(), NotDurable> {
        let mark = Arc::new(wait::Ticket::default());
        // Through the shard, because a decision is delivered before it is on its way to the log.
        let notice = Notice::Mark { tenant, mark: Arc::clone(&mark) };
        self.shard(tenant).notices.send(notice).map_err(|_| NotDurable)?;
        wait::wait_for(&mark, self.inner.settings.durable_wait).await
    }

    /// The last durable place of the tenant's log.
    pub fn cursor(&self, tenant: TenantId) -> Cursor {
        self.inner.tenants.get(tenant).map(|tenant| tenant.end()).unwrap_or_default()
    }

    /// The user's frames behind the cursor, oldest first; `limit` counts entries of the log.
    pub async fn frames_after(
        &self,
        tenant: TenantId,
        user: UserId,
        cursor: Cursor,
        limit: usize,
    ) -> Result<Resumed, ResumeError> {
        let mut tx = self.inner.db.tenant(tenant).await?;
        let (oldest, end) = log::extent(&mut tx).await?;
        if cursor > end || oldest.is_some_and(|oldest| cursor.0 < oldest - 1) {
            return Err(ResumeError::TooOld);
        }
        let wanted = i64::try_from(limit.max(1)).unwrap_or(i64::MAX - 1);
        let mut events = log::addressed_to(&mut tx, user, cursor, wanted + 1).await?;
        tx.commit().await?;
        let more = events.len() as i64 > wanted;
        events.truncate(limit.max(1));
        Ok(Resumed {
            next: if more { events.last().map(|(seq, _)| Cursor(*seq)) } else { None },
            frames: events
                .iter()
                .flat_map(|(_, event)| frames_of(event))
                .filter(|frame| shard::is_for(frame, user))
                .collect(),
            end,
        })
    }

    /// The pops that are open on the user's screen, with the ids they had.
    pub fn open_pops(&self, tenant: TenantId, user: UserId) -> Vec<Frame> {
        let Some(tenant) = self.inner.tenants.get(tenant) else { return Vec::new() };
        let events = tenant.state().open_pops(user);
        let mut frames = Vec::with_capacity(events.len());
        for event in &events {
            let pops = frames_of(event).into_iter().filter(|frame| frame.type_ == SCREEN_POP);
            frames.extend(pops.filter(|frame| shard::is_for(frame, user)));
            frames.extend(self.completion(&tenant, event, user));
        }
        frames
    }

    /// The second frame of an open pop, as far as it is known what it says; else it is looked up and follows by itself.
    /// It is no entry of the log, so this is where a socket that comes back gets it.
    fn completion(&self, tenant: &LiveTenant, event: &Arc<LogEvent>, user: UserId) -> Option<Frame> {
        let EventData::Call(data) = &event.data else { return None };
        let contact = data.caller.as_ref()?.contact?;
        let Some(summary) = self.inner.summaries.get(tenant.id, contact) else {
            let Inner { db, tenants, summaries, .. } = &*self.inner;
            shard::complete_caller(db, tenants, summaries, tenant.id, contact, event, Some(user));
            return None;
        };
        shard::completed(tenant, event, &summary).into_iter().find(|frame| shard::is_for(frame, user))
    }

    /// What the agent chose. Whether they may is the caller's to judge.
    pub async fn choose_presence(
        &self,
        tenant: TenantId,
        user: UserId,
        choice: Chosen,
        reason: Option<String>,
    ) -> Result<PresenceView, SubmitError> {
        let (reply, answer) = oneshot::channel();
        self.order(tenant, Order::Choose { tenant, user, choice, reason, reply })?;
        answer.await.map_err(|_| SubmitError::ShuttingDown)?
    }

    pub fn socket_opened(&self, tenant: TenantId, user: UserId) {
        // A shard that is gone has stopped: every socket is about to close.
        let _ = self.shard(tenant).notices.send(Notice::SocketOpened { tenant, user });
    }

    pub fn last_socket_lost(&self, tenant: TenantId, user: UserId) {
        let _ = self.shard(tenant).notices.send(Notice::LastSocketLost { tenant, user });
    }

    /// Everybody who takes calls, with presence.
    pub fn agents(&self, tenant: TenantId) -> Vec<AgentView> {
        let roster = self.inner.tenants.roster(tenant);
        let Some(live) = self.inner.tenants.get(tenant) else { return Vec::new() };
        let state = live.state();
        roster.agents().map(|member| agent_row(member, state.presence(member.user_id))).collect()
    }

    /// Whether they are among [`Engine::agents`].
    pub fn takes_calls(&self, tenant: TenantId, user: UserId) -> bool {
        let roster = self.inner.tenants.roster(tenant);
        roster.member(user).is_some_and(|member| member.active && member.role.takes_calls())
    }

    pub fn wallboard(&self, tenant: TenantId) -> Arc<Wallboard> {
        let tenant = self.inner.tenants.get_or_make(tenant);
        self.inner.tenants.show_board(&tenant)
    }

    /// The board as it is now or was a moment ago; for who is told of every change since.
    pub fn wallboard_to_follow(&self, tenant: TenantId) -> Arc<Wallboard> {
        let tenant = self.inner.tenants.get_or_make(tenant);
        self.inner.tenants.board_to_follow(&tenant)
    }

    pub fn live_calls(&self) -> usize {
        self.inner.tenants.live_calls()
    }

    /// Whether changes of kept nouns reach the memory as they are made.
    pub fn is_fed(&self) -> bool {
        self.inner.feed.as_ref().is_none_or(Feed::is_listening)
    }

    /// Inputs that wait for a decision, and how many may.
    pub fn waiting(&self) -> (usize, usize) {
        let rooms = self.inner.shards.iter().map(|shard| &shard.orders);
        rooms.fold((0, 0), |(waiting, most), orders| {
            (waiting + orders.max_capacity() - orders.capacity(), most + orders.max_capacity())
        })
    }

    /// Whether the call is under way.
    pub(crate) fn is_live(&self, tenant: TenantId, call: CallId) -> bool {
        let live = self.inner.tenants.get(tenant);
        live.is_some_and(|tenant| tenant.state().call(call).is_some_and(|call| !call.is_ended()))
    }

    /// Whether no new call is taken in for the tenant.
    pub fn is_suspended(&self, tenant: TenantId) -> bool {
        self.registry().tenant(tenant).is_some_and(|tenant| tenant.is_suspended())
    }

    /// Calls of the tenants' SIP doors that have not ended. After a start they are those whose signalling died with the
    /// process before.
    pub fn open_sip_calls(&self) -> Vec<(TenantId, CallSnapshot)> {
        let mut open = Vec::new();
        for tenant in self.inner.tenants.all() {
            let Some(door) = self.registry().sip_connection(tenant.id) else { continue };
            open.extend(tenant.state().open_calls(door.id).into_iter().map(|call| (tenant.id, call)));
        }
        open
    }
}

#[cfg(test)]
mod tests;
