//! The live tenants of this process: each one's state, board and durable end, and where boards are published.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::Utc;
use dashmap::DashMap;
use switchroom_core::{
    TenantId,
    log::{Cursor, LogEvent},
    roster::Roster,
    tenant::TenantLive,
    wallboard::{Wallboard, WallboardFold},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use crate::{FrameSink, Registry};

/// Boards are published at most this often; what happens within is one delta.
const PUBLISH_EVERY: Duration = Duration::from_millis(250);

/// One tenant. Its shard is the only one that decides; others look, and hold the lock only for that.
pub(crate) struct LiveTenant {
    pub(crate) id: TenantId,
    state: Mutex<TenantLive>,
    board: Mutex<Board>,
    end: AtomicI64,
}

struct Board {
    fold: WallboardFold,
    shown: Arc<Wallboard>,
    /// When, and of whom.
    published: Option<(Instant, Arc<Roster>)>,
    queued: bool,
}

impl LiveTenant {
    pub(crate) fn new(id: TenantId) -> Self {
        let now = Utc::now();
        let fold = WallboardFold::new(now);
        let shown = Arc::new(fold.render(now, 0, &Roster::default()));
        Self {
            id,
            state: Mutex::new(TenantLive::default()),
            board: Mutex::new(Board { fold, shown, published: None, queued: false }),
            end: AtomicI64::new(0),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, TenantLive> {
        // A panic while deciding is a bug; the state is changed by whole entries, so it is still one that was decided.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last durable place.
    pub(crate) fn end(&self) -> Cursor {
        Cursor(self.end.load(Ordering::Acquire))
    }

    pub(crate) fn restore_board(&self, edit: impl FnOnce(&mut WallboardFold)) {
        edit(&mut self.board().fold);
    }

    pub(crate) fn reach(&self, end: Cursor) {
        self.end.fetch_max(end.0, Ordering::AcqRel);
        self.board().fold.reach(end);
    }

    /// Takes entries that have become durable. True where the board is now to be published.
    fn commit(&self, events: &[&Arc<LogEvent>], end: Cursor) -> bool {
        let now = Utc::now();
        let mut board = self.board();
        for event in events {
            board.fold.apply(now, event);
        }
        board.fold.reach(end);
        self.end.fetch_max(end.0, Ordering::AcqRel);
        !std::mem::replace(&mut board.queued, true)
    }

    /// The board as it is now. Where it looks different from what was last shown, it is shown to the subscribers, so
    /// that revisions have no holes.
    fn show(&self, sink: &dyn FrameSink, roster: Arc<Roster>) -> Arc<Wallboard> {
        let mut board = self.board();
        board.queued = false;
        let mut now = board.fold.render(Utc::now(), board.shown.revision + 1, &roster);
        board.published = Some((Instant::now(), roster));
        match now.delta(&board.shown) {
            Some(delta) => {
                board.shown = Arc::new(now);
                sink.wallboard(self.id, &board.shown, &delta);
            }
            None => {
                now.revision = board.shown.revision;
                board.shown = Arc::new(now);
            }
        }
        Arc::clone(&board.shown)
    }

    /// The board as it was last shown, where that is so short ago that what changed since is still to be published.
    fn just_shown(&self, roster: &Arc<Roster>) -> Option<Arc<Wallboard>> {
        let board = self.board();
        let (at, of) = board.published.as_ref()?;
        (at.elapsed() < PUBLISH_EVERY && Arc::ptr_eq(of, roster)).then(|| Arc::clone(&board.shown))
    }
}

/// All live tenants.
#[derive(Clone)]
pub(crate) struct Tenants {
    shared: Arc<Shared>,
}

struct Shared {
    registry: Registry,
    sink: Arc<dyn FrameSink>,
    tenants: DashMap<TenantId, Arc<LiveTenant>>,
    live_calls: AtomicUsize,
    dirty: mpsc::UnboundedSender<Arc<LiveTenant>>,
}

impl Tenants {
    /// The second half is the publisher's: see [`publish`].
    pub(crate) fn new(
        registry: Registry,
        sink: Arc<dyn FrameSink>,
    ) -> (Self, mpsc::UnboundedReceiver<Arc<LiveTenant>>) {
        let (dirty, receiver) = mpsc::unbounded_channel();
        let shared =
            Shared { registry, sink, tenants: DashMap::new(), live_calls: AtomicUsize::new(0), dirty };
        (Self { shared: Arc::new(shared) }, receiver)
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    pub(crate) fn sink(&self) -> &dyn FrameSink {
        &*self.shared.sink
    }

    /// The tenant, if the registry knows it (or if it was restored).
    pub(crate) fn get(&self, id: TenantId) -> Option<Arc<LiveTenant>> {
        if let Some(tenant) = self.shared.tenants.get(&id) {
            return Some(Arc::clone(&tenant));
        }
        self.shared.registry.tenant(id)?;
        Some(self.get_or_make(id))
    }

    pub(crate) fn get_or_make(&self, id: TenantId) -> Arc<LiveTenant> {
        Arc::clone(&self.shared.tenants.entry(id).or_insert_with(|| Arc::new(LiveTenant::new(id))))
    }

    pub(crate) fn all(&self) -> Vec<Arc<LiveTenant>> {
        self.shared.tenants.iter().map(|tenant| Arc::clone(&tenant)).collect()
    }

    pub(crate) fn roster(&self, id: TenantId) -> Arc<Roster> {
        self.shared.registry.tenant(id).map(|tenant| tenant.roster()).unwrap_or_default()
    }

    pub(crate) fn live_calls(&self) -> usize {
        self.shared.live_calls.load(Ordering::Relaxed)
    }

    /// Keeps the count of live calls as a tenant's moves.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn count_calls(&self, before: usize, after: usize) {
        if before == after {
            return;
        }
        let count = if after > before {
            self.shared.live_calls.fetch_add(after - before, Ordering::Relaxed) + (after - before)
        } else {
            self.shared.live_calls.fetch_sub(before - after, Ordering::Relaxed) - (before - after)
        };
        metrics::gauge!("switchroom_live_calls").set(count as f64);
    }

    /// Entries of a tenant have become durable up to the cursor; the last of them was queued at `until`.
    pub(crate) fn commit(&self, id: TenantId, events: &[&Arc<LogEvent>], end: Cursor, until: Instant) {
        let tenant = self.get_or_make(id);
        if tenant.commit(events, end) {
            // Without a publisher the process is stopping, and nobody looks any more.
            let _ = self.shared.dirty.send(tenant);
        }
        self.shared.sink.committed(id, end, until.into_std());
    }

    pub(crate) fn show_board(&self, tenant: &LiveTenant) -> Arc<Wallboard> {
        tenant.show(&*self.shared.sink, self.roster(tenant.id))
    }

    /// The board for somebody who hears of every change from now on. Rendered once for all who come together: a
    /// thousand supervisors whose server was started again do so at once.
    pub(crate) fn board_to_follow(&self, tenant: &LiveTenant) -> Arc<Wallboard> {
        tenant.just_shown(&self.roster(tenant.id)).unwrap_or_else(|| self.show_board(tenant))
    }
}

/// Shows boards that changed, each at most every [`PUBLISH_EVERY`]. Ends with the last [`Tenants`].
pub(crate) async fn publish(tenants: Tenants, mut dirty: mpsc::UnboundedReceiver<Arc<LiveTenant>>) {
    let mut due: BTreeMap<(Instant, TenantId), Arc<LiveTenant>> = BTreeMap::new();
    loop {
        let next = due.first_key_value().map(|((at, _), _)| *at);
        let sleep = async {
            match next {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            tenant = dirty.recv() => {
                let Some(tenant) = tenant else { return };
                let before = tenant.board().published.as_ref().map(|(at, _)| *at);
                let at = before.map_or_else(Instant::now, |before| before + PUBLISH_EVERY);
                due.insert((at, tenant.id), tenant);
            }
            () = sleep => {
                if let Some((_, tenant)) = due.pop_first() {
                    tenants.show_board(&tenant);
                }
            }
        }
    }
}
