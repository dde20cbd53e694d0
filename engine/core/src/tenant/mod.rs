//! The live state of one tenant: the only place where something about calls and agents is decided.
//!
//! [`TenantLive::handle`] decides: it turns an input into log entries. [`TenantLive::apply`] is the only way the state
//! changes, from those entries alone; so replaying the log rebuilds the state without deciding anything again.

mod agents;
mod calls;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use chrono::{SubsecRound, TimeDelta};

use crate::{
    CallId, ConnectionId, EventId, Timestamp, UserId,
    agent::{Chosen, Link, PresenceChange},
    call::CallSnapshot,
    directory::{CallerContext, ContactRef, Summaries, TenantDirectory},
    fact::CallFact,
    log::{EventData, LogEvent},
    number::{PartyNumber, Region},
    number_plan::Lines,
    planted::{self, Bug},
    roster::Roster,
};

pub use agents::AgentLive;
pub use calls::{CallLive, CallMemory};

/// How long an ended call is remembered, to know its late and repeated events.
pub const REMEMBER_ENDED: TimeDelta = TimeDelta::hours(48);
/// At most so many ended calls are remembered; older ones are found in the database when something of them comes.
pub const REMEMBER_AT_MOST: usize = 50_000;

/// Lengths that the operator sets, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub ring_timeout_ms: u64,
    pub offer_timeout_ms: u64,
    pub wrap_up_ms: u64,
    pub socket_grace_ms: u64,
    pub call_stale_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ring_timeout_ms: 30_000,
            offer_timeout_ms: 20_000,
            wrap_up_ms: 0,
            socket_grace_ms: 10_000,
            call_stale_ms: 14_400_000,
        }
    }
}

/// A length of the settings as a time delta; absurd values saturate.
fn length(ms: u64) -> TimeDelta {
    TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX).min(100 * 365 * 86_400_000))
}

/// Who is behind a number.
pub trait Callers {
    fn context(&self, number: &PartyNumber) -> CallerContext;
}

impl Callers for TenantDirectory {
    fn context(&self, number: &PartyNumber) -> CallerContext {
        TenantDirectory::context(self, number)
    }
}

/// The connection a fact came by.
#[derive(Clone, Copy)]
pub struct ConnectionView<'a> {
    pub id: ConnectionId,
    pub region: Region,
    pub user_map: &'a BTreeMap<String, UserId>,
}

/// Everything a decision looks at.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub callers: &'a dyn Callers,
    pub roster: &'a Roster,
    pub lines: &'a dyn Lines,
    pub summaries: &'a dyn Summaries,
    pub settings: &'a Settings,
    pub connection: Option<ConnectionView<'a>>,
}

/// What may happen.
#[derive(Clone, Debug)]
pub enum Input {
    Fact(CallFact),
    ChoosePresence { user: UserId, choice: Chosen, reason: Option<String> },
    SocketOpened { user: UserId },
    LastSocketLost { user: UserId },
    DeadlinePassed,
}

/// Whether an input had an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    /// The same event was here before; nothing is recorded.
    Repetition,
}

/// What follows from an input.
#[derive(Clone, Debug)]
pub struct Decision {
    /// In order; the first is the one the others follow from.
    pub events: Vec<Arc<LogEvent>>,
    pub outcome: Outcome,
    /// Of a fact: its call.
    pub call_id: Option<CallId>,
    /// The contact of a pop whose tickets and calls were not in memory: to be told by a later frame.
    pub missing_summary: Option<ContactRef>,
    /// When to come back with [`Input::DeadlinePassed`].
    pub next_deadline: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Agent(UserId),
    Call(CallId),
}

/// See the module's head.
#[derive(Debug, Default)]
pub struct TenantLive {
    calls: HashMap<CallId, CallLive>,
    /// Calls that are not ended.
    live: BTreeSet<CallId>,
    agents: BTreeMap<UserId, AgentLive>,
    /// Whose screen shows which calls.
    open: BTreeMap<UserId, BTreeSet<CallId>>,
    /// Which agents are tied to which calls (see `agent::Link`).
    tied: BTreeMap<CallId, BTreeSet<UserId>>,
    /// Ended calls in the order of their ending, for forgetting.
    ended: VecDeque<(Timestamp, CallId)>,
    timers: BTreeSet<(Timestamp, Timer)>,
}

impl TenantLive {
    /// Decides about an input and applies what was decided.
    pub fn handle(&mut self, now: Timestamp, input: Input, world: &World<'_>) -> Decision {
        // The log keeps microseconds; what is decided live must be what is read back.
        let now = if planted::is(Bug::NanosecondsDecided) { now } else { now.trunc_subsecs(6) };
        let mut decision = Decision {
            events: Vec::new(),
            outcome: Outcome::Accepted,
            call_id: None,
            missing_summary: None,
            next_deadline: None,
        };
        match input {
            Input::Fact(fact) => self.take_fact(now, fact, world, &mut decision),
            Input::ChoosePresence { user, choice, reason } => {
                self.choose(now, user, choice, reason, world, &mut decision);
            }
            Input::SocketOpened { user } => self.socket_opened(now, user),
            Input::LastSocketLost { user } => self.last_socket_lost(now, user, world),
            Input::DeadlinePassed => self.deadlines(now, world, &mut decision),
        }
        self.forget(now);
        decision.next_deadline = self.next_deadline();
        decision
    }

    /// Takes an entry as recorded.
    pub fn apply(&mut self, event: &Arc<LogEvent>) {
        match &event.data {
            EventData::Call(data) => self.apply_call(event, data),
            EventData::Presence(change) => self.apply_presence(change),
        }
    }

    /// Sets the timers of everything that was restored, and takes every socket for lost: those that still live
    /// connect again within the grace.
    pub fn resume(&mut self, now: Timestamp, settings: &Settings) -> Option<Timestamp> {
        let now = now.trunc_subsecs(6);
        let live: Vec<CallId> = self.live.iter().copied().collect();
        for call in live {
            self.arm_call(call, settings);
        }
        let users: Vec<UserId> = self.agents.keys().copied().collect();
        for user in users {
            if let Some(agent) = self.agents.get_mut(&user) {
                agent.lose_sockets(now, settings);
                // A call that was taken for new and is over holds nobody; the deadline, which is now, records it.
                for (_, link) in agent.shown.calls.iter_mut().filter(|(call, _)| !self.live.contains(*call)) {
                    *link = Link::Ringing { until: now };
                }
            }
            self.arm_agent(user);
        }
        self.forget(now);
        self.next_deadline()
    }

    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    fn deadlines(&mut self, now: Timestamp, world: &World<'_>, decision: &mut Decision) {
        while let Some(&(at, timer)) = self.timers.first() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            match timer {
                Timer::Agent(user) => self.agent_deadline(now, user, world, decision),
                Timer::Call(call) => self.call_deadline(now, call, world, decision),
            }
        }
    }

    fn record(&mut self, event: LogEvent, decision: &mut Decision) {
        let event = Arc::new(event);
        self.apply(&event);
        decision.events.push(event);
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some(&(at, call)) = self.ended.front() {
            if self.ended.len() <= REMEMBER_AT_MOST && now - at < REMEMBER_ENDED {
                break;
            }
            self.ended.pop_front();
            match self.calls.get(&call).map(|call| call.heard_at) {
                // Something was heard of it since: what it came to is still to be written, and more may come.
                Some(heard_at) if heard_at > at => self.ended.push_back((heard_at, call)),
                _ => {
                    self.calls.remove(&call);
                }
            }
        }
    }

    pub fn live_calls(&self) -> usize {
        self.live.len()
    }

    /// The calls of a connection that have not ended, by id.
    pub fn open_calls(&self, connection: ConnectionId) -> Vec<CallSnapshot> {
        let open = self.live.iter().filter_map(|call| self.snapshot(*call));
        open.filter(|call| call.connection_id == connection).collect()
    }

    pub fn call(&self, call: CallId) -> Option<&CallLive> {
        self.calls.get(&call)
    }

    pub fn snapshot(&self, call: CallId) -> Option<CallSnapshot> {
        self.calls.get(&call).map(|call| call.fold.snapshot())
    }

    /// The log entries that put the user's open pops on the screen, oldest first.
    pub fn open_pops(&self, user: UserId) -> Vec<Arc<LogEvent>> {
        let mut events: Vec<Arc<LogEvent>> = self
            .open
            .get(&user)
            .into_iter()
            .flatten()
            .filter_map(|call| self.calls.get(call))
            .filter_map(|call| call.pop_of(user))
            .collect();
        events.sort_by_key(|event| match &event.data {
            EventData::Call(data) => data.received_at_us,
            EventData::Presence(_) => 0,
        });
        events
    }

    pub fn presence(&self, user: UserId) -> Option<&PresenceChange> {
        self.agents.get(&user).map(|agent| &agent.shown)
    }

    pub fn presences(&self) -> impl Iterator<Item = &PresenceChange> {
        self.agents.values().map(|agent| &agent.shown)
    }

    /// Everything that a restart must bring back, for comparing: calls and presence, ordered.
    pub fn memory(&self) -> (BTreeMap<CallId, CallMemory>, BTreeMap<UserId, PresenceChange>) {
        (
            self.calls.iter().map(|(id, call)| (*id, call.memory())).collect(),
            self.agents.iter().map(|(id, agent)| (*id, agent.shown.clone())).collect(),
        )
    }

    /// Puts a call back as it was kept; it must not be in memory (see `discard_call`). `pops` are the entries that showed it, of a live call.
    pub fn restore_call(&mut self, memory: CallMemory, seen: Vec<EventId>, pops: Vec<Arc<LogEvent>>) {
        let call = CallLive::restore(memory, seen, pops);
        let id = call.fold.id();
        self.index_call(id, &call);
        self.calls.insert(id, call);
    }

    /// Sets the timer of one restored call.
    pub fn arm(&mut self, call: CallId, settings: &Settings) {
        self.arm_call(call, settings);
    }

    pub fn restore_presence(&mut self, change: &PresenceChange) {
        self.apply_presence(change);
    }

    fn index_call(&mut self, id: CallId, call: &CallLive) {
        if call.is_ended() {
            self.ended.push_back((call.heard_at, id));
        } else {
            self.live.insert(id);
            for user in call.open_for() {
                self.open.entry(user).or_default().insert(id);
            }
        }
    }

    /// For tests: panics where the indexes disagree with what they index.
    pub fn check_invariants(&self) {
        for (id, call) in &self.calls {
            assert_eq!(*id, call.fold.id());
            assert_eq!(call.is_ended(), !self.live.contains(id), "live index of {id}");
            for user in call.open_for() {
                assert!(!call.is_ended(), "an ended call has no open pop");
                assert!(self.open.get(&user).is_some_and(|calls| calls.contains(id)), "open pops of {user}");
                assert!(call.pop_of(user).is_some(), "an open pop has its entry");
            }
        }
        for (user, calls) in &self.open {
            for call in calls {
                assert!(self.calls.get(call).is_some_and(|call| call.open_for().any(|u| u == *user)));
            }
        }
        for (user, agent) in &self.agents {
            for (call, link) in &agent.shown.calls {
                let lease = link.until().is_some();
                assert!(lease || self.live.contains(call), "{user} is on a call that is over");
            }
        }
    }
}
