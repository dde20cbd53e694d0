//! Who is connected, who hears what.
//!
//! The engine calls in here from its shards and its appender, so every method is short and never waits: it looks up the
//! sockets concerned and copies a shared text into their queues. A frame's text is written once per user, not once per
//! socket. Nobody connected costs one look-up.

use std::{
    cell::OnceCell,
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use dashmap::DashMap;
use switchroom_core::{
    Grants, TenantId, TicketId, UserId,
    directory::CallerContext,
    frame::{Audience, Frame},
    log::Cursor,
    wallboard::{Wallboard, WallboardDelta},
};
use switchroom_engine::FrameSink;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

use crate::{
    envelope,
    outbox::{Outbox, Pushed},
    protocol::{Close, TicketUpdated, Topic},
    settings::Settings,
};

/// How long an ended sign-in is remembered, for sockets that were being opened meanwhile.
const REMEMBER_ENDED: Duration = Duration::from_secs(60);

/// One socket as the hub sees it.
#[derive(Debug)]
pub struct Peer {
    /// The `session_id` of `hello`.
    pub id: Uuid,
    pub tenant: TenantId,
    pub user: UserId,
    /// The sign-in it lives under.
    pub sign_in: Uuid,
    /// What it may; when that changes the sign-in's sockets are closed.
    grants: Grants,
    /// When it was asked for, which is before its sign-in was looked at.
    asked_at: Instant,
    pub outbox: Outbox,
    /// Whether it is among its tenant's holders of provisional frames.
    holding: AtomicBool,
    /// When it got its last provisional frame, in ns of [`Hub::clock`].
    framed_at: AtomicU64,
    topics: Mutex<Vec<Topic>>,
}

impl Peer {
    pub fn new(
        tenant: TenantId,
        user: UserId,
        sign_in: Uuid,
        grants: Grants,
        asked_at: Instant,
        settings: &Settings,
    ) -> Self {
        Self {
            id: Uuid::new_v4(),
            tenant,
            user,
            sign_in,
            grants,
            asked_at,
            outbox: Outbox::new(settings.queue_frames, settings.queue_bytes),
            holding: AtomicBool::new(false),
            framed_at: AtomicU64::new(0),
            topics: Mutex::default(),
        }
    }
}

/// What the hub keeps of a tenant that has had frames.
#[derive(Debug)]
struct Room {
    cursor: AtomicI64,
    /// The frames delivered before are covered by it, in ns of [`Hub::clock`].
    until: AtomicU64,
    /// The log moved on since holders were last told.
    fresh: AtomicBool,
    told_at: AtomicU64,
    holders: Mutex<Vec<Arc<Peer>>>,
}

/// The registry of sockets.
#[derive(Debug)]
pub struct Hub {
    users: DashMap<(TenantId, UserId), Vec<Arc<Peer>>>,
    listeners: DashMap<(TenantId, Topic), Vec<Arc<Peer>>>,
    rooms: DashMap<TenantId, Arc<Room>>,
    /// Whole boards as they were last written, of tenants whose board somebody watches.
    boards: DashMap<TenantId, (Arc<Wallboard>, Utf8Bytes)>,
    ended: Mutex<VecDeque<(Instant, Uuid)>>,
    sockets: AtomicUsize,
    closing: AtomicBool,
    started: Instant,
    commit_notice: Duration,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// `commit_notice`: how often holders of provisional frames are told what is durable
    /// ([`Settings::commit_notice`]).
    pub fn new(commit_notice: Duration) -> Arc<Self> {
        Arc::new(Self {
            users: DashMap::new(),
            listeners: DashMap::new(),
            rooms: DashMap::new(),
            boards: DashMap::new(),
            ended: Mutex::default(),
            sockets: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
            started: Instant::now(),
            commit_notice,
        })
    }

    pub fn sockets(&self) -> usize {
        self.sockets.load(Ordering::Relaxed)
    }

    pub(crate) fn sockets_of(&self, tenant: TenantId, user: UserId) -> usize {
        self.users.get(&(tenant, user)).map_or(0, |peers| peers.len())
    }

    /// Nanoseconds from when the hub was made to an instant.
    fn clock(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.started).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Milliseconds since the hub was made; never 0.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// The socket hears its user's frames from now on.
    pub(crate) fn join(&self, peer: &Arc<Peer>) {
        let sockets = self.sockets.fetch_add(1, Ordering::Relaxed) + 1;
        metrics::gauge!("switchroom_sockets").set(sockets as f64);
        self.users
            .entry((peer.tenant, peer.user))
            .or_insert_with(|| Vec::with_capacity(1))
            .push(peer.clone());
        // What ended while the socket was being opened did not find it among the others.
        if self.closing.load(Ordering::SeqCst) {
            peer.outbox.close(Close::GoingAway);
        } else if lock(&self.ended).iter().any(|(at, which)| *which == peer.sign_in && *at >= peer.asked_at) {
            peer.outbox.close(Close::SignInEnded);
        }
    }

    /// The socket is gone. Whether it was the user's last.
    pub(crate) fn leave(&self, peer: &Arc<Peer>) -> bool {
        for topic in lock(&peer.topics).drain(..) {
            self.stop_listening(peer, topic);
        }
        let key = (peer.tenant, peer.user);
        if let Some(mut peers) = self.users.get_mut(&key) {
            peers.retain(|other| !Arc::ptr_eq(other, peer));
        }
        let last = self.users.remove_if(&key, |_, peers| peers.is_empty()).is_some();
        if peer.holding.load(Ordering::SeqCst)
            && let Some(room) = self.room(peer.tenant)
        {
            lock(&room.holders).retain(|other| !Arc::ptr_eq(other, peer));
        }
        let sockets = self.sockets.fetch_sub(1, Ordering::Relaxed) - 1;
        metrics::gauge!("switchroom_sockets").set(sockets as f64);
        last
    }

    pub(crate) fn connected(&self, tenant: TenantId, user: UserId) -> bool {
        self.users.contains_key(&(tenant, user))
    }

    /// Adds a topic to what the socket hears; false where it hears `limit` already.
    pub(crate) fn subscribe(&self, peer: &Arc<Peer>, topic: Topic, limit: usize) -> bool {
        let mut topics = lock(&peer.topics);
        if topics.contains(&topic) {
            return true;
        }
        if topics.len() >= limit {
            return false;
        }
        topics.push(topic);
        self.listeners.entry((peer.tenant, topic)).or_default().push(peer.clone());
        true
    }

    pub(crate) fn unsubscribe(&self, peer: &Arc<Peer>, topic: Topic) {
        let mut topics = lock(&peer.topics);
        if let Some(place) = topics.iter().position(|other| *other == topic) {
            topics.swap_remove(place);
            self.stop_listening(peer, topic);
        }
    }

    fn stop_listening(&self, peer: &Arc<Peer>, topic: Topic) {
        let key = (peer.tenant, topic);
        if let Some(mut peers) = self.listeners.get_mut(&key) {
            peers.retain(|other| !Arc::ptr_eq(other, peer));
        }
        let last = self.listeners.remove_if(&key, |_, peers| peers.is_empty()).is_some();
        if last && topic == Topic::Wallboard {
            self.boards.remove(&peer.tenant);
        }
    }

    /// The frame of a whole board. That of a big floor is megabytes: written once, however many sockets want it.
    pub(crate) fn whole_board(&self, tenant: TenantId, board: &Arc<Wallboard>) -> Utf8Bytes {
        let mut last = self.boards.entry(tenant).or_insert_with(|| (board.clone(), written(board)));
        if !Arc::ptr_eq(&last.0, board) {
            *last = (board.clone(), written(board));
        }
        last.1.clone()
    }

    /// Closes every socket with 1001, those still being opened too.
    pub(crate) fn close_all(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.close_where(Close::GoingAway, |_| true);
    }

    fn close_where(&self, reason: Close, which: impl Fn(&Peer) -> bool) {
        for peers in &self.users {
            for peer in peers.iter().filter(|peer| which(peer)) {
                peer.outbox.close(reason);
            }
        }
    }

    fn room(&self, tenant: TenantId) -> Option<Arc<Room>> {
        self.rooms.get(&tenant).map(|room| room.clone())
    }

    fn push(&self, peer: &Arc<Peer>, text: Utf8Bytes) {
        if peer.outbox.push(text) == Pushed::Overflowed {
            overflowed(peer);
        }
    }

    /// The peer gets a frame that is not durable yet.
    fn holds(&self, peer: &Arc<Peer>, delivered: u64) {
        peer.framed_at.fetch_max(delivered, Ordering::SeqCst);
        if peer.holding.swap(true, Ordering::SeqCst) {
            return;
        }
        lock(&self.room_or_new(peer.tenant).holders).push(peer.clone());
    }

    /// The peer is greeted with open pops while the log is at the cursor. Most likely they are durable; then nothing
    /// else may come that says so, and it is told here, with the next telling.
    pub(crate) fn greeted(&self, peer: &Arc<Peer>, cursor: Cursor) {
        self.holds(peer, self.clock(Instant::now()));
        let room = self.room_or_new(peer.tenant);
        room.cursor.fetch_max(cursor.0, Ordering::SeqCst);
        room.fresh.store(true, Ordering::SeqCst);
    }

    fn room_or_new(&self, tenant: TenantId) -> Arc<Room> {
        let room = self.rooms.entry(tenant).or_insert_with(|| {
            Arc::new(Room {
                cursor: AtomicI64::new(0),
                until: AtomicU64::new(0),
                fresh: AtomicBool::new(false),
                told_at: AtomicU64::new(0),
                holders: Mutex::default(),
            })
        });
        Arc::clone(&room)
    }

    /// Tells the tenant's holders where the log is, and lets go of those whose frames are surely durable.
    fn tell(&self, room: &Room) {
        let now = self.now();
        room.told_at.store(now, Ordering::Relaxed);
        if !room.fresh.swap(false, Ordering::SeqCst) {
            return;
        }
        // In this order: what is stored last is read first, so the cursor covers at least what `until` says.
        let until = room.until.load(Ordering::SeqCst);
        let cursor = Cursor(room.cursor.load(Ordering::SeqCst));
        lock(&room.holders).retain(|peer| {
            peer.outbox.committed(cursor);
            let covered = || peer.framed_at.load(Ordering::SeqCst) <= until;
            if !covered() {
                return true;
            }
            peer.holding.store(false, Ordering::SeqCst);
            if !covered() {
                // A frame came in between and may have found the peer still listed: keep it. Should it have been listed
                // anew, it is told twice until it leaves, which the outbox folds into one.
                peer.holding.store(true, Ordering::SeqCst);
                return true;
            }
            false
        });
    }

    /// Tells holders of commits that came too close upon each other to be told at once. Runs until dropped.
    pub(crate) async fn keep_telling(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(self.commit_notice);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            for room in &self.rooms {
                if room.fresh.load(Ordering::Relaxed) {
                    self.tell(room.value());
                }
            }
        }
    }
}

/// Whether the peer gets the frame at `place` from another of the batch: because its user is addressed in person, or
/// because it hears an earlier topic too.
fn got_it(peer: &Peer, frames: &[Frame], place: usize) -> bool {
    let frame = &frames[place];
    frames.iter().enumerate().any(|(other_place, other)| {
        other.source == frame.source
            && other.type_ == frame.type_
            && match other.to {
                Audience::User(user) => user == peer.user,
                Audience::Topic(name) => {
                    other_place < place
                        && Topic::plain(name).is_some_and(|topic| lock(&peer.topics).contains(&topic))
                }
            }
    })
}

fn written(board: &Wallboard) -> Utf8Bytes {
    envelope::of_data("wallboard", board)
}

fn overflowed(peer: &Peer) {
    metrics::counter!("switchroom_socket_overflows_total").increment(1);
    tracing::info!(session = %peer.id, user = %peer.user, "a socket does not keep up and is closed");
}

impl FrameSink for Hub {
    fn deliver(&self, tenant: TenantId, frames: &[Frame]) {
        let pushed_at = envelope::now_us();
        let delivered = self.clock(Instant::now());
        for (place, frame) in frames.iter().enumerate() {
            match frame.to {
                Audience::User(user) => {
                    let Some(peers) = self.users.get(&(tenant, user)) else { continue };
                    let text = OnceCell::new();
                    for peer in peers.iter() {
                        let write = || envelope::of_frame(frame, user, peer.grants, pushed_at);
                        let text = if CallerContext::is_whole_for(peer.grants) {
                            text.get_or_init(write).clone()
                        } else {
                            write()
                        };
                        self.push(peer, text);
                        self.holds(peer, delivered);
                    }
                }
                Audience::Topic(name) => {
                    let Some(topic) = Topic::plain(name) else {
                        tracing::error!(topic = name, "a frame for a topic that nobody can hear");
                        continue;
                    };
                    let Some(peers) = self.listeners.get(&(tenant, topic)) else { continue };
                    for peer in peers.iter() {
                        if !got_it(peer, frames, place) {
                            self.push(peer, envelope::of_frame(frame, peer.user, peer.grants, pushed_at));
                            self.holds(peer, delivered);
                        }
                    }
                }
            }
        }
    }

    fn committed(&self, tenant: TenantId, cursor: Cursor, until: Instant) {
        // A tenant without a room never had a frame that anybody waits for.
        let Some(room) = self.room(tenant) else { return };
        room.cursor.fetch_max(cursor.0, Ordering::SeqCst);
        room.until.fetch_max(self.clock(until), Ordering::SeqCst);
        room.fresh.store(true, Ordering::SeqCst);
        let waited = self.now().saturating_sub(room.told_at.load(Ordering::Relaxed));
        if u128::from(waited) >= self.commit_notice.as_millis() {
            self.tell(&room);
        }
    }

    fn wallboard(&self, tenant: TenantId, board: &Arc<Wallboard>, delta: &WallboardDelta) {
        let Some(peers) = self.listeners.get(&(tenant, Topic::Wallboard)) else { return };
        let delta_text = OnceCell::new();
        for peer in peers.iter() {
            let pushed = peer.outbox.board_changed(
                delta.base,
                delta.revision,
                || delta_text.get_or_init(|| envelope::of_data("wallboard", delta)).clone(),
                || self.whole_board(tenant, board),
            );
            if pushed == Pushed::Overflowed {
                overflowed(peer);
            }
        }
    }

    fn ticket_updated(&self, tenant: TenantId, ticket: TicketId) {
        let Some(peers) = self.listeners.get(&(tenant, Topic::Ticket(ticket))) else { return };
        let text = envelope::of_data("ticket_updated", &TicketUpdated { ticket_id: ticket.0 });
        for peer in peers.iter() {
            self.push(peer, text.clone());
        }
    }

    fn session_ended(&self, session: Uuid) {
        {
            let mut ended = lock(&self.ended);
            while ended.front().is_some_and(|(at, _)| at.elapsed() > REMEMBER_ENDED) {
                ended.pop_front();
            }
            ended.push_back((Instant::now(), session));
        }
        self.close_where(Close::SignInEnded, |peer| peer.sign_in == session);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use switchroom_core::EventId;

    use super::*;
    use crate::outbox::Next;

    const TENANT: TenantId = TenantId(Uuid::from_u128(1));
    const RIVAL: TenantId = TenantId(Uuid::from_u128(2));
    const ANN: UserId = UserId(Uuid::from_u128(11));
    const BOB: UserId = UserId(Uuid::from_u128(12));

    fn join(hub: &Hub, tenant: TenantId, user: UserId) -> Arc<Peer> {
        let peer = Arc::new(Peer::new(
            tenant,
            user,
            Uuid::new_v4(),
            Grants::ALL,
            Instant::now(),
            &Settings::default(),
        ));
        hub.join(&peer);
        peer
    }

    fn frame(to: Audience, source: u128) -> Frame {
        Frame {
            to,
            type_: "call_updated",
            source: EventId(Uuid::from_u128(source)),
            event_id: None,
            at: chrono::DateTime::UNIX_EPOCH,
            data: "{}".into(),
        }
    }

    fn drain(peer: &Peer) -> Vec<Next> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut taken = Vec::new();
        while let Poll::Ready(next) = peer.outbox.poll_next(&mut cx) {
            let end = matches!(next, Next::Close(_));
            taken.push(next);
            if end {
                break;
            }
        }
        taken
    }

    fn frames(peer: &Peer) -> usize {
        drain(peer).iter().filter(|next| matches!(next, Next::Frame(_))).count()
    }

    #[tokio::test]
    async fn every_tab_of_the_addressee_hears_and_nobody_else() {
        let hub = Hub::new(Duration::from_millis(200));
        let tabs = [join(&hub, TENANT, ANN), join(&hub, TENANT, ANN)];
        let others = [join(&hub, TENANT, BOB), join(&hub, RIVAL, ANN)];
        hub.deliver(TENANT, &[frame(Audience::User(ANN), 1)]);
        let texts: Vec<_> = tabs.iter().map(|tab| drain(tab)).collect();
        assert_eq!(texts[0].len(), 1);
        assert_eq!(texts[0], texts[1]);
        for other in &others {
            assert_eq!(drain(other), []);
        }
    }

    #[tokio::test]
    async fn a_topic_is_heard_by_its_subscribers_of_the_tenant_once() {
        let hub = Hub::new(Duration::from_millis(200));
        let (ann, bob, rival) = (join(&hub, TENANT, ANN), join(&hub, TENANT, BOB), join(&hub, RIVAL, BOB));
        for peer in [&ann, &bob, &rival] {
            assert!(hub.subscribe(peer, Topic::Calls, 9));
            assert!(hub.subscribe(peer, Topic::Calls, 9), "twice is once");
        }
        hub.deliver(TENANT, &[frame(Audience::User(ANN), 1), frame(Audience::Topic("calls"), 1)]);
        assert_eq!((frames(&ann), frames(&bob), frames(&rival)), (1, 1, 0));
        hub.unsubscribe(&bob, Topic::Calls);
        hub.deliver(TENANT, &[frame(Audience::Topic("calls"), 2)]);
        assert_eq!((frames(&ann), frames(&bob)), (1, 0));
    }

    #[tokio::test]
    async fn who_hears_two_topics_gets_a_frame_of_both_once() {
        let hub = Hub::new(Duration::from_millis(200));
        let (both, one) = (join(&hub, TENANT, ANN), join(&hub, TENANT, BOB));
        hub.subscribe(&both, Topic::Calls, 9);
        hub.subscribe(&both, Topic::Wallboard, 9);
        hub.subscribe(&one, Topic::Calls, 9);
        hub.deliver(TENANT, &[frame(Audience::Topic("wallboard"), 1), frame(Audience::Topic("calls"), 1)]);
        assert_eq!((frames(&both), frames(&one)), (1, 1));
    }

    #[tokio::test]
    async fn topics_are_bounded() {
        let hub = Hub::new(Duration::from_millis(200));
        let ann = join(&hub, TENANT, ANN);
        assert!(hub.subscribe(&ann, Topic::Ticket(TicketId(Uuid::from_u128(1))), 1));
        assert!(!hub.subscribe(&ann, Topic::Calls, 1));
        hub.unsubscribe(&ann, Topic::Ticket(TicketId(Uuid::from_u128(1))));
        assert!(hub.subscribe(&ann, Topic::Calls, 1));
    }

    #[tokio::test]
    async fn leaving_leaves_nothing_behind() {
        let hub = Hub::new(Duration::from_millis(200));
        let (one, two) = (join(&hub, TENANT, ANN), join(&hub, TENANT, ANN));
        hub.subscribe(&one, Topic::Wallboard, 9);
        hub.subscribe(&one, Topic::Ticket(TicketId(Uuid::from_u128(5))), 9);
        hub.deliver(TENANT, &[frame(Audience::User(ANN), 1)]);
        assert!(!hub.leave(&one));
        assert!(hub.leave(&two), "the last");
        assert_eq!((hub.sockets(), hub.users.len(), hub.listeners.len()), (0, 0, 0));
        assert_eq!(lock(&hub.room(TENANT).unwrap().holders).len(), 0);
        assert_eq!((Arc::strong_count(&one), Arc::strong_count(&two)), (1, 1));
    }

    #[tokio::test]
    async fn holders_are_told_of_commits_and_idle_sockets_are_not() {
        let hub = Hub::new(Duration::ZERO);
        let (ann, idle) = (join(&hub, TENANT, ANN), join(&hub, TENANT, BOB));
        let before = Instant::now();
        hub.committed(TENANT, Cursor(1), before);
        assert_eq!(drain(&ann), []);
        hub.deliver(TENANT, &[frame(Audience::User(ANN), 1)]);
        hub.committed(RIVAL, Cursor(9), Instant::now());
        hub.committed(TENANT, Cursor(2), before);
        let taken = drain(&ann);
        assert!(matches!(taken[..], [Next::Frame(_), Next::Committed(Cursor(2))]), "{taken:?}");
        // That was a batch before its frame's.
        hub.committed(TENANT, Cursor(3), Instant::now());
        assert_eq!(drain(&ann), [Next::Committed(Cursor(3))]);
        // This one is none of its business.
        hub.committed(TENANT, Cursor(4), Instant::now());
        assert_eq!(drain(&ann), []);
        assert_eq!(drain(&idle), []);
    }

    #[tokio::test]
    async fn commits_close_upon_each_other_are_told_together_and_soon() {
        let hub = Hub::new(Duration::from_millis(100));
        let ann = join(&hub, TENANT, ANN);
        let telling = tokio::spawn(hub.clone().keep_telling());
        hub.deliver(TENANT, &[frame(Audience::User(ANN), 1)]);
        let before = hub.started;
        hub.committed(TENANT, Cursor(1), before);
        drain(&ann);
        for seq in 2..=50 {
            hub.committed(TENANT, Cursor(seq), before);
        }
        let told =
            tokio::time::timeout(Duration::from_secs(1), std::future::poll_fn(|cx| ann.outbox.poll_next(cx)));
        assert_eq!(told.await, Ok(Next::Committed(Cursor(50))));
        telling.abort();
    }

    #[tokio::test]
    async fn an_ended_sign_in_closes_its_sockets_even_those_being_opened() {
        let hub = Hub::new(Duration::from_millis(200));
        let (ann, bob) = (join(&hub, TENANT, ANN), join(&hub, TENANT, BOB));
        hub.session_ended(ann.sign_in);
        assert_eq!(drain(&ann), [Next::Close(Close::SignInEnded)]);
        assert_eq!(drain(&bob), []);
        let asking = |asked_at| {
            let peer = Peer::new(TENANT, ANN, ann.sign_in, Grants::ALL, asked_at, &Settings::default());
            Arc::new(peer)
        };
        let late = asking(ann.asked_at);
        hub.join(&late);
        assert_eq!(drain(&late), [Next::Close(Close::SignInEnded)]);
        // An API token may be good again, with other powers: whoever asks after that was looked at anew.
        let anew = asking(Instant::now() + Duration::from_millis(1));
        hub.join(&anew);
        assert_eq!(drain(&anew), []);
    }

    #[tokio::test]
    async fn shutting_down_closes_all_even_the_late() {
        let hub = Hub::new(Duration::from_millis(200));
        let ann = join(&hub, TENANT, ANN);
        hub.close_all();
        let late = join(&hub, RIVAL, BOB);
        for peer in [&ann, &late] {
            assert_eq!(drain(peer), [Next::Close(Close::GoingAway)]);
        }
    }
}
