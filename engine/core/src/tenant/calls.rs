//! What a fact about a call leads to.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use chrono::{DateTime, SubsecRound};
use serde::{Deserialize, Serialize};

use super::{Decision, Outcome, TenantLive, Timer, World, length};
use crate::{
    CallId, EventId, Timestamp, UserId,
    call::{CallFold, CallSnapshot, CallState, Report, STALE_KEY},
    directory::CallerContext,
    fact::{CallFact, EndCause, EndReason, FactKind},
    log::{CallEvent, EventData, EventType, LogEvent},
    number::{E164, Region, normalise},
    planted::{self, Bug},
    routing::{Audience, audience},
};

/// So many of a call's events are known by heart; a repetition of an older one is found when it is written.
const SEEN: usize = 256;
/// Longest texts that are kept (the schema's limits).
const LONGEST_CALL_ID: usize = 512;
const LONGEST_QUEUE: usize = 200;
/// More agents than this in one event are not looked at.
const MOST_AGENTS: usize = 200;

/// A call in memory.
#[derive(Clone, Debug)]
pub struct CallLive {
    pub fold: CallFold,
    /// Who ever had its pop, and whether it is still open.
    popped: BTreeMap<UserId, bool>,
    /// The entries that popped it, while it lives.
    pops: Vec<Arc<LogEvent>>,
    /// Its last events, and when each was heard.
    seen: VecDeque<(EventId, Timestamp)>,
    /// When the last of those was heard that are not in `seen` any more.
    heard_before: Timestamp,
    /// When something was last heard of it, by our clock.
    pub heard_at: Timestamp,
    armed: Option<Timestamp>,
}

/// What is kept of a call to go on after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallMemory {
    pub fold: CallFold,
    pub popped: BTreeMap<UserId, bool>,
    pub heard_at: Timestamp,
}

impl CallLive {
    pub(super) fn restore(memory: CallMemory, seen: Vec<EventId>, pops: Vec<Arc<LogEvent>>) -> Self {
        let mut call = Self {
            fold: memory.fold,
            popped: memory.popped,
            pops,
            seen: seen.into_iter().map(|event| (event, memory.heard_at)).collect(),
            heard_before: memory.heard_at,
            heard_at: memory.heard_at,
            armed: None,
        };
        while call.seen.len() > SEEN {
            call.seen.pop_front();
        }
        call
    }

    pub fn memory(&self) -> CallMemory {
        CallMemory { fold: self.fold.clone(), popped: self.popped.clone(), heard_at: self.heard_at }
    }

    pub fn is_ended(&self) -> bool {
        self.fold.state() == CallState::Ended
    }

    pub(super) fn open_for(&self) -> impl Iterator<Item = UserId> {
        self.popped.iter().filter(|(_, open)| **open).map(|(user, _)| *user)
    }

    pub(super) fn pop_of(&self, user: UserId) -> Option<Arc<LogEvent>> {
        self.pops
            .iter()
            .find(|event| matches!(&event.data, EventData::Call(data) if data.pops.contains(&user)))
            .cloned()
    }
}

impl TenantLive {
    pub(super) fn take_fact(
        &mut self,
        now: Timestamp,
        mut fact: CallFact,
        world: &World<'_>,
        decision: &mut Decision,
    ) {
        fact.provider_call_id = clip(fact.provider_call_id, LONGEST_CALL_ID);
        let call_id = CallId::derive(fact.connection, &fact.provider_call_id);
        let report = read(&mut fact, world);
        decision.call_id = Some(call_id);
        self.take_report(now, call_id, &fact, report, world, decision);
    }

    fn take_report(
        &mut self,
        now: Timestamp,
        call_id: CallId,
        fact: &CallFact,
        report: Report,
        world: &World<'_>,
        decision: &mut Decision,
    ) {
        let event_id = EventId::of_call(call_id, &report.key);
        let known = self.calls.get(&call_id);
        if known.is_some_and(|call| call.seen.iter().any(|(seen, _)| *seen == event_id)) {
            decision.outcome = Outcome::Repetition;
            return;
        }
        let before: Option<CallSnapshot> = known.map(|call| call.fold.snapshot());
        let regression = known.is_some_and(|call| call.fold.is_regression(&report));
        let mut fold = match known {
            Some(call) => {
                let mut fold = call.fold.clone();
                fold.take(&report);
                fold
            }
            None => CallFold::new(fact.connection, &fact.provider_call_id, &report),
        };
        let nobody = BTreeMap::new();
        let popped = known.map_or(&nobody, |call| &call.popped);

        if known.is_none_or(|call| call.fold.ours() != fold.ours()) {
            let line = ours(&fold).and_then(|number| world.lines.line(number));
            fold.number_id = line.map(|line| line.id);
            fold.bot_id = line.and_then(|line| line.endpoint?.bot());
        }
        let mut caller: Option<CallerContext> = None;
        if known.is_none_or(|call| call.fold.outside() != fold.outside()) {
            let found = fold.outside().map(|number| world.callers.context(number));
            fold.contact = found.as_ref().and_then(|context| context.contact);
            caller = found;
        }

        let heard = self.audience(&fold, &report, world);
        let pops: Vec<UserId> = heard
            .users
            .iter()
            .copied()
            .filter(|user| !popped.contains_key(user) || planted::is(Bug::PopsTwice))
            .collect();
        let answered_by = answered_by(&fold, &report);
        let withdrawn: Vec<UserId> = match answered_by {
            Some(_) if planted::is(Bug::OthersKeepThePop) => Vec::new(),
            Some(agent) => popped
                .iter()
                .filter(|(user, open)| **open && **user != agent)
                .map(|(user, _)| *user)
                .collect(),
            None => Vec::new(),
        };
        let call = fold.snapshot();
        let changed = before.as_ref() != Some(&call);
        let told: Vec<UserId> = match &before {
            Some(_) if changed && call.state == CallState::Ended => popped.keys().copied().collect(),
            Some(_) if changed => popped
                .iter()
                .filter(|(user, open)| **open && !withdrawn.contains(user))
                .map(|(user, _)| *user)
                .collect(),
            _ => Vec::new(),
        };

        if pops.is_empty() {
            caller = None;
        } else {
            let mut context = match caller {
                Some(context) => context,
                None => match fold.outside() {
                    Some(number) => world.callers.context(number),
                    None => world.callers.context(&crate::number::PartyNumber::Anonymous),
                },
            };
            if let Some(contact) = context.contact {
                match world.summaries.summary(contact) {
                    Some(summary) => {
                        context.open_tickets.clone_from(&summary.open_tickets);
                        context.recent_calls.clone_from(&summary.recent_calls);
                    }
                    None => decision.missing_summary = Some(contact),
                }
            }
            caller = Some(context);
        }

        let addressed = if planted::is(Bug::PopNotAddressed) { &[][..] } else { &pops };
        let addressees: BTreeSet<UserId> = addressed.iter().chain(&withdrawn).chain(&told).copied().collect();
        let event = LogEvent {
            event_id,
            type_: event_type(report.kind),
            call_id: Some(call_id),
            provider_event_id: fact.provider_event_id.clone().map(|id| clip(id, LONGEST_CALL_ID)),
            at: report.at,
            provider_at: fact.at.map(|at| at.trunc_subsecs(6)),
            effective: !pops.is_empty() || (changed && !regression),
            addressees: addressees.into_iter().collect(),
            data: EventData::Call(Box::new(CallEvent {
                before: before.as_ref().map(CallSnapshot::outline),
                call,
                report,
                pops,
                withdrawn,
                told,
                caller,
                received_at_us: fact.received_at_us,
                heard_at: now,
            })),
        };
        let rings = if heard.rings { heard.users } else { Vec::new() };
        let kind = event.type_;
        self.record(event, decision);
        self.arm_call(call_id, world.settings);
        self.tie_agents(now, call_id, event_id, kind, regression, &rings, answered_by, world, decision);
    }

    /// Whose screens are to show the call upon this fact (those who have it already included).
    fn audience(&self, fold: &CallFold, report: &Report, world: &World<'_>) -> Audience {
        if fold.state() == CallState::Ended {
            return Audience::default();
        }
        match report.kind {
            FactKind::Ringing => {
                if fold.is_older_than_answer(report) {
                    // Somebody has answered it since: nobody else needs to see it.
                    return Audience::default();
                }
                let connected =
                    ours(fold).and_then(|number| world.lines.line(number)).and_then(|line| line.endpoint);
                let answered = fold.was_answered();
                let connected = connected.filter(|_| fold.current_agent().is_none());
                // Once the call was answered (by a person or a menu), a ring that names nobody asks nobody.
                let available = self.available().filter(|_| !answered);
                audience(fold.direction(), &report.agents, connected, available, world.roster)
            }
            FactKind::Answered => match answered_by(fold, report) {
                // Whoever answers sees the caller, even if the ring never reached us.
                Some(agent) => Audience {
                    rings: false,
                    ..audience(fold.direction(), &[agent], None, std::iter::empty(), world.roster)
                },
                None => Audience::default(),
            },
            FactKind::Held | FactKind::Resumed | FactKind::Transferred | FactKind::Ended(_) => {
                Audience::default()
            }
        }
    }

    pub(super) fn apply_call(&mut self, event: &Arc<LogEvent>, data: &CallEvent) {
        let id = data.call.id;
        let call = match self.calls.entry(id) {
            std::collections::hash_map::Entry::Occupied(entry) => {
                let call = entry.into_mut();
                call.fold.take(&data.report);
                call
            }
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(CallLive {
                fold: CallFold::new(data.call.connection_id, &data.call.provider_call_id, &data.report),
                popped: BTreeMap::new(),
                pops: Vec::new(),
                seen: VecDeque::new(),
                heard_before: data.heard_at,
                heard_at: data.heard_at,
                armed: None,
            }),
        };
        call.fold.number_id = data.call.number_id;
        call.fold.bot_id = data.call.bot_id;
        call.fold.contact = data.call.contact;
        call.heard_at = call.heard_at.max(data.heard_at);
        call.seen.push_back((event.event_id, data.heard_at));
        while call.seen.len() > SEEN
            && let Some((_, heard)) = call.seen.pop_front()
        {
            call.heard_before = call.heard_before.max(heard);
        }
        for user in &data.pops {
            call.popped.insert(*user, true);
            self.open.entry(*user).or_default().insert(id);
        }
        if !data.pops.is_empty() {
            call.pops.push(event.clone());
        }
        for user in &data.withdrawn {
            call.popped.insert(*user, false);
            close(&mut self.open, *user, id);
        }
        if call.fold.state() == CallState::Ended {
            for (user, open) in &mut call.popped {
                if std::mem::replace(open, false) {
                    close(&mut self.open, *user, id);
                }
            }
            call.pops = Vec::new();
            if self.live.remove(&id) || data.before.is_none() {
                self.ended.push_back((data.heard_at, id));
            }
        } else {
            self.live.insert(id);
        }
    }

    /// Takes back what an event did that could not be written because it had been recorded long ago: its pops, and that
    /// something was heard.
    pub fn retract(&mut self, event: &Arc<LogEvent>) {
        let EventData::Call(data) = &event.data else { return };
        if let Some(call) = self.calls.get_mut(&data.call.id) {
            // Nobody is popped twice for a call, so before this event none of them had been.
            for user in &data.pops {
                call.popped.remove(user);
                close(&mut self.open, *user, data.call.id);
            }
            // This one, and not the one that was recorded, which has the same id and may have popped for somebody else.
            call.pops.retain(|pop| !Arc::ptr_eq(pop, event));
            for (_, heard) in call.seen.iter_mut().filter(|(seen, _)| *seen == event.event_id) {
                *heard = call.heard_before;
            }
            call.heard_at = call.seen.iter().map(|(_, heard)| *heard).fold(call.heard_before, Ord::max);
        }
    }

    /// Drops a call that was taken for new and is not: the caller restores the older memory and decides anew. Agents
    /// tied to it are let go; their entries are in the decision.
    pub fn discard_call(&mut self, now: Timestamp, call: CallId, world: &World<'_>, decision: &mut Decision) {
        let now = now.trunc_subsecs(6);
        let cause = EventId::of_call(call, "switchroom:discarded");
        self.untie_all(now, call, cause, world, decision);
        if let Some(dropped) = self.calls.remove(&call) {
            for user in dropped.popped.keys() {
                close(&mut self.open, *user, call);
            }
        }
        self.live.remove(&call);
        self.ended.retain(|(_, ended)| *ended != call);
    }

    pub(super) fn arm_call(&mut self, id: CallId, settings: &super::Settings) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        // One timer per call: where it fires too early, it is set again (call_deadline).
        if call.armed.is_none() && !call.is_ended() {
            let at = call.heard_at + length(settings.call_stale_ms);
            call.armed = Some(at);
            self.timers.insert((at, Timer::Call(id)));
        }
    }

    pub(super) fn call_deadline(
        &mut self,
        now: Timestamp,
        id: CallId,
        world: &World<'_>,
        decision: &mut Decision,
    ) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.armed = None;
        if call.is_ended() {
            return;
        }
        if call.heard_at + length(world.settings.call_stale_ms) > now {
            self.arm_call(id, world.settings);
            return;
        }
        let fact = CallFact {
            connection: call.fold.connection,
            provider_call_id: call.fold.provider_call_id.to_string(),
            kind: FactKind::Ended(EndCause::Stated(EndReason::Failed)),
            key: STALE_KEY.to_owned(),
            provider_event_id: None,
            at: None,
            sequence: None,
            direction: None,
            from: None,
            to: None,
            agents: Vec::new(),
            queue: None,
            received_at_us: now.timestamp_micros(),
        };
        self.take_fact(now, fact, world, decision);
        decision.call_id = None;
    }
}

fn close(open: &mut BTreeMap<UserId, BTreeSet<CallId>>, user: UserId, call: CallId) {
    if let Some(calls) = open.get_mut(&user) {
        calls.remove(&call);
        if calls.is_empty() {
            open.remove(&user);
        }
    }
}

fn ours(fold: &CallFold) -> Option<E164> {
    fold.ours().and_then(crate::number::PartyNumber::e164)
}

/// The agent who has the caller by this answer, where it names one and is the latest.
fn answered_by(fold: &CallFold, report: &Report) -> Option<UserId> {
    let named = report.agents.iter().min().copied()?;
    let rules = report.kind == FactKind::Answered
        && fold.state() != CallState::Ended
        && fold.current_agent() == Some(named);
    rules.then_some(named)
}

fn event_type(kind: FactKind) -> EventType {
    match kind {
        FactKind::Ringing => EventType::Ringing,
        FactKind::Answered => EventType::Answered,
        FactKind::Held => EventType::Held,
        FactKind::Resumed => EventType::Resumed,
        FactKind::Transferred => EventType::Transferred,
        FactKind::Ended(_) => EventType::Ended,
    }
}

/// Resolves names and reads numbers.
fn read(fact: &mut CallFact, world: &World<'_>) -> Report {
    let nobody = BTreeMap::new();
    let (region, user_map) =
        world.connection.as_ref().map_or((Region::UNKNOWN, &nobody), |view| (view.region, view.user_map));
    let received = DateTime::from_timestamp_micros(fact.received_at_us).unwrap_or_default();
    let agents: BTreeSet<UserId> = fact
        .agents
        .iter()
        .take(MOST_AGENTS)
        .filter_map(|hint| world.roster.resolve(hint, user_map))
        .collect();
    Report {
        kind: fact.kind,
        key: clean(std::mem::take(&mut fact.key)),
        at: fact.at.map_or(received, |at| at.trunc_subsecs(6)),
        told: fact.at.is_some(),
        sequence: fact.sequence,
        direction: fact.direction,
        from: fact.from.as_deref().map(|raw| normalise(&raw.replace('\0', ""), region)),
        to: fact.to.as_deref().map(|raw| normalise(&raw.replace('\0', ""), region)),
        agents: agents.into_iter().collect(),
        queue: fact
            .queue
            .take()
            .map(|queue| clip(queue.trim().to_owned(), LONGEST_QUEUE))
            .filter(|queue| !queue.is_empty()),
    }
}

/// Without U+0000, which Postgres cannot keep. The doors refuse it; this is the last line.
fn clean(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

fn clip(text: String, longest: usize) -> String {
    let text = clean(text);
    match text.char_indices().nth(longest) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}
