//! What happens to agents: choices, sockets, and the calls they are tied to.

use std::collections::BTreeSet;

use super::{Decision, Settings, TenantLive, Timer, World, length};
use crate::{
    CallId, EventId, Timestamp, UserId,
    agent::{Chosen, Link, Presence, PresenceChange},
    call::CallState,
    log::{EventData, EventType, LogEvent},
    planted::{self, Bug},
};

/// A ring that nobody ends is over after this: longer than any provider rings, much shorter than a call may last.
const RING_LEASE_MS: u64 = 120_000;
const LONGEST_REASON: usize = 200;
/// More calls than this do not tie an agent: their pops are shown, and the phone rings already. Every entry about the
/// agent names all their calls, so it must not grow with whatever names them.
const MOST_LINKS: usize = 8;

/// An agent in memory.
#[derive(Clone, Debug)]
pub struct AgentLive {
    /// As last recorded.
    pub shown: PresenceChange,
    connected: bool,
    /// When the lost sockets make them offline; stays past its time while a conversation holds them.
    grace: Option<Timestamp>,
    armed: Option<Timestamp>,
}

impl AgentLive {
    fn new(shown: PresenceChange) -> Self {
        Self { shown, connected: false, grace: None, armed: None }
    }

    pub(super) fn lose_sockets(&mut self, now: Timestamp, settings: &Settings) {
        self.connected = false;
        if self.shown.chosen != Chosen::Offline {
            self.grace = Some(now + length(settings.socket_grace_ms));
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        // A grace that has run out waits for the end of the conversation, not for a clock.
        let grace = self.grace.filter(|_| self.shown.presence != Presence::OnCall);
        self.shown.deadline().into_iter().chain(grace).min()
    }
}

impl TenantLive {
    /// Those whom a call may be offered to, by id.
    pub(super) fn available(&self) -> impl Iterator<Item = UserId> {
        self.agents
            .values()
            .filter(|agent| agent.shown.presence == Presence::Available)
            .map(|a| a.shown.user_id)
    }

    pub(super) fn choose(
        &mut self,
        now: Timestamp,
        user: UserId,
        choice: Chosen,
        reason: Option<String>,
        world: &World<'_>,
        decision: &mut Decision,
    ) {
        if world.roster.member(user).is_none_or(|member| !member.active) {
            return;
        }
        let reason = reason
            .map(|reason| reason.replace('\0', "").trim().chars().take(LONGEST_REASON).collect::<String>())
            .filter(|reason| !reason.is_empty());
        let cause = EventId::following(EventId(user.0), &format!("chosen:{}", now.timestamp_micros()));
        if let Some(agent) = self.agents.get_mut(&user)
            && !agent.connected
            && agent.grace.is_some()
        {
            // They are there after all, by another way than a socket.
            agent.grace = None;
        }
        self.change(now, user, cause, world, decision, |change| {
            change.chosen = choice;
            change.reason = reason;
            // A choice ends the wrap-up.
            change.until = None;
        });
    }

    pub(super) fn socket_opened(&mut self, now: Timestamp, user: UserId) {
        let agent =
            self.agents.entry(user).or_insert_with(|| AgentLive::new(PresenceChange::unknown(user, now)));
        agent.connected = true;
        agent.grace = None;
    }

    pub(super) fn last_socket_lost(&mut self, now: Timestamp, user: UserId, world: &World<'_>) {
        if let Some(agent) = self.agents.get_mut(&user) {
            agent.lose_sockets(now, world.settings);
        }
        self.arm_agent(user);
    }

    pub(super) fn agent_deadline(
        &mut self,
        now: Timestamp,
        user: UserId,
        world: &World<'_>,
        decision: &mut Decision,
    ) {
        if let Some(agent) = self.agents.get_mut(&user) {
            agent.armed = None;
        }
        let cause = EventId::following(EventId(user.0), &format!("deadline:{}", now.timestamp_micros()));
        self.change(now, user, cause, world, decision, |_| {});
    }

    /// Ties agents to a call upon an event of it, and lets go of those it no longer holds.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn tie_agents(
        &mut self,
        now: Timestamp,
        call: CallId,
        cause: EventId,
        kind: EventType,
        regression: bool,
        rings: &[UserId],
        answered_by: Option<UserId>,
        world: &World<'_>,
        decision: &mut Decision,
    ) {
        let Some(state) = self.calls.get(&call).map(|call| call.fold.state()) else { return };
        if state == CallState::Ended && !planted::is(Bug::AgentKeepsTheCall) {
            self.untie_all(now, call, cause, world, decision);
            return;
        }
        match kind {
            EventType::Ringing => {
                let lease = length(world.settings.ring_timeout_ms.max(RING_LEASE_MS));
                for user in rings {
                    self.change(now, *user, cause, world, decision, |change| {
                        if change.calls.len() >= MOST_LINKS && !change.calls.contains_key(&call) {
                            return;
                        }
                        let link = change.calls.entry(call).or_insert(Link::Ringing { until: now + lease });
                        if *link != Link::OnCall {
                            *link = Link::Ringing { until: now + lease };
                        }
                    });
                }
            }
            EventType::Answered => {
                let tied = self.tied(call);
                let taker = match (answered_by, tied.len()) {
                    (Some(agent), _) => Some(agent),
                    // Nobody was named, but only one phone rang.
                    (None, 1) if !regression => tied.first().copied(),
                    (None, _) => None,
                };
                let Some(taker) = taker else { return };
                for user in tied.into_iter().filter(|user| *user != taker) {
                    self.untie(now, user, call, cause, world, decision);
                }
                self.change(now, taker, cause, world, decision, |change| {
                    change.calls.insert(call, Link::OnCall);
                    change.until = None;
                });
            }
            EventType::Held
            | EventType::Resumed
            | EventType::Transferred
            | EventType::Ended
            | EventType::Presence => {}
        }
    }

    pub(super) fn untie_all(
        &mut self,
        now: Timestamp,
        call: CallId,
        cause: EventId,
        world: &World<'_>,
        decision: &mut Decision,
    ) {
        for user in self.tied(call) {
            self.untie(now, user, call, cause, world, decision);
        }
    }

    fn untie(
        &mut self,
        now: Timestamp,
        user: UserId,
        call: CallId,
        cause: EventId,
        world: &World<'_>,
        decision: &mut Decision,
    ) {
        let wrap_up = length(world.settings.wrap_up_ms);
        self.change(now, user, cause, world, decision, |change| {
            if change.calls.remove(&call) == Some(Link::OnCall) && !wrap_up.is_zero() {
                change.until = Some(now + wrap_up);
            }
        });
    }

    fn tied(&self, call: CallId) -> BTreeSet<UserId> {
        self.tied.get(&call).cloned().unwrap_or_default()
    }

    /// Changes an agent, settles what is shown, and records it where anything moved.
    fn change(
        &mut self,
        now: Timestamp,
        user: UserId,
        cause: EventId,
        _world: &World<'_>,
        decision: &mut Decision,
        edit: impl FnOnce(&mut PresenceChange),
    ) {
        let agent = self.agents.get(&user);
        let old = agent.map_or_else(|| PresenceChange::unknown(user, now), |agent| agent.shown.clone());
        let mut new = old.clone();
        edit(&mut new);
        let gone = agent.and_then(|agent| agent.grace).is_some_and(|grace| grace <= now);
        let talking = new.calls.values().any(|link| *link == Link::OnCall);
        if gone && !talking {
            if new.chosen != Chosen::Offline {
                new.chosen = Chosen::Offline;
                new.reason = Some("disconnected".to_owned());
            }
            new.until = None;
            if let Some(agent) = self.agents.get_mut(&user) {
                agent.grace = None;
            }
        }
        new.settle(now);
        if new != old {
            // Another call at a phone that rings already is for the log and the board alone: no screen looks different.
            let seen = new.view() != old.view();
            // With the time: a decision about a forgotten call is made again, and what it then does to the agent is
            // another entry than what it did before.
            let event_id = EventId::following(cause, &format!("presence:{user}:{}", now.timestamp_micros()));
            let event = LogEvent {
                event_id,
                type_: EventType::Presence,
                call_id: None,
                provider_event_id: None,
                at: now,
                provider_at: None,
                effective: seen,
                addressees: if seen { vec![user] } else { Vec::new() },
                data: EventData::Presence(new),
            };
            self.record(event, decision);
        }
        self.arm_agent(user);
    }

    pub(super) fn apply_presence(&mut self, change: &PresenceChange) {
        let user = change.user_id;
        let agent = self
            .agents
            .entry(user)
            .or_insert_with(|| AgentLive::new(PresenceChange::unknown(user, change.since)));
        for call in agent.shown.calls.keys().filter(|call| !change.calls.contains_key(call)) {
            if let Some(users) = self.tied.get_mut(call) {
                users.remove(&user);
                if users.is_empty() {
                    self.tied.remove(call);
                }
            }
        }
        for call in change.calls.keys().filter(|call| !agent.shown.calls.contains_key(call)) {
            self.tied.entry(*call).or_default().insert(user);
        }
        agent.shown = change.clone();
    }

    pub(super) fn arm_agent(&mut self, user: UserId) {
        let Some(agent) = self.agents.get_mut(&user) else { return };
        let Some(at) = agent.deadline() else { return };
        if agent.armed.is_none_or(|armed| armed > at) {
            if let Some(armed) = agent.armed.replace(at) {
                self.timers.remove(&(armed, Timer::Agent(user)));
            }
            self.timers.insert((at, Timer::Agent(user)));
        }
    }
}
