//! What must hold of the log, entry by entry as it grows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use switchroom_core::{
    CallId, EventId, FrameId, Timestamp, UserId,
    call::{CallState, Report},
    fact::{Direction, FactKind},
    frame::{Audience, SCREEN_POP, frames_of},
    log::{CallEvent, EventData, LogEvent},
    tenant::TenantLive,
    wallboard::CallFigures,
};

use crate::{centre, reference::Outcome};

#[derive(Default)]
pub struct Checker {
    /// The log, replayed.
    pub replayed: TenantLive,
    last_seq: i64,
    events: BTreeSet<EventId>,
    calls: BTreeMap<CallId, Told>,
    /// The pops of the log: number, whose, which.
    pub pops: Vec<(i64, UserId, FrameId)>,
}

#[derive(Default)]
struct Told {
    reports: Vec<Report>,
    popped: BTreeSet<UserId>,
    open: BTreeSet<UserId>,
    ended: bool,
}

impl Checker {
    pub fn take(&mut self, seq: i64, event: &Arc<LogEvent>) {
        assert_eq!(seq, self.last_seq + 1, "the log's numbers rise by exactly one");
        self.last_seq = seq;
        assert!(self.events.insert(event.event_id), "an event is in the log once: {event:?}");
        if let EventData::Call(data) = &event.data {
            self.call(event, data);
        }
        for frame in frames_of(event) {
            let Audience::User(user) = frame.to else { continue };
            assert!(event.addressees.contains(&user), "a resume of {user} finds {}", frame.type_);
            if let (SCREEN_POP, Some(id)) = (frame.type_, frame.event_id) {
                self.pops.push((seq, user, id));
            }
        }
        self.replayed.apply(event);
    }

    fn call(&mut self, event: &LogEvent, data: &CallEvent) {
        let id = data.call.id;
        let told = self.calls.entry(id).or_default();
        told.reports.push(data.report.clone());
        let (expected, timed) = Outcome::expected(id, &told.reports);
        assert_eq!(Outcome::of(&data.call, timed), expected, "what the events of {id} come to");
        assert!(!told.ended || data.call.state == CallState::Ended, "{id} ended and lives again");
        assert!(!told.ended || data.pops.is_empty(), "{id} ended and pops");
        told.ended = data.call.state == CallState::Ended;
        let line_of_a_bot = data.call.number_id == Some(centre::line(3));
        assert!(
            !line_of_a_bot || data.call.bot_id.is_some(),
            "{id} is of a bot's line, and the entry says so"
        );
        if line_of_a_bot && data.report.kind == FactKind::Ringing {
            let named = data.pops.iter().all(|user| data.report.agents.contains(user));
            assert!(named, "{id} is a bot's, and asked who was not named: {event:?}");
        }
        assert!(!told.ended || data.pops.is_empty(), "{id} pops at its end");
        for user in &data.pops {
            assert!(told.popped.insert(*user), "{user} gets the pop of {id} twice");
            told.open.insert(*user);
        }
        for user in data.withdrawn.iter().chain(&data.told) {
            assert!(told.popped.contains(user), "{user} is told of {id}, which never popped there");
        }
        told.open.retain(|user| !data.withdrawn.contains(user));
        if told.ended {
            told.open.clear();
        }
        // Whoever has the caller by this entry is the only one who still sees the pop.
        let answers = told.reports.iter().filter(|r| r.kind == FactKind::Answered && !r.agents.is_empty());
        let latest =
            answers.max_by_key(|r| (r.at, r.told.then_some(r.at), r.sequence, EventId::of_call(id, &r.key)));
        if let Some(latest) = latest.filter(|r| r.key == data.report.key && !told.ended) {
            let taker = latest.agents.iter().min().copied();
            let others: Vec<&UserId> = told.open.iter().filter(|user| Some(**user) != taker).collect();
            assert!(others.is_empty(), "{id} was answered by {taker:?} and stays with {others:?}: {event:?}");
        }
    }

    /// The calls of the board, counted by hand.
    pub fn figures(&self) -> CallFigures {
        let mut figures = CallFigures::default();
        for id in self.calls.keys() {
            let Some(call) = self.replayed.snapshot(*id) else { continue };
            match call.state {
                CallState::Ringing => {
                    figures.ringing += 1;
                    let queued = call.direction == Direction::Inbound && call.queue.is_some();
                    figures.waiting += u64::from(queued);
                }
                CallState::Answered => figures.talking += 1,
                CallState::Held => figures.held += 1,
                CallState::Transferring => figures.transferring += 1,
                CallState::Ended => {}
            }
        }
        figures
    }

    /// What is in memory is what replaying the log gives. Memory forgets ended calls; the log does not.
    pub fn compare(&self, live: &TenantLive, when: Timestamp) {
        let (calls, agents) = live.memory();
        let (mut logged, logged_agents) = self.replayed.memory();
        logged.retain(|id, call| calls.contains_key(id) || !is_over(call));
        assert_eq!(calls, logged, "calls in memory and in the log at {when}");
        // An agent of whom only sockets were heard has no entry.
        for (user, shown) in agents {
            match logged_agents.get(&user) {
                Some(logged) => assert_eq!(&shown, logged, "{user} in memory and in the log at {when}"),
                None => assert!(shown.calls.is_empty(), "{user} is tied to calls and the log does not know"),
            }
        }
    }
}

fn is_over(call: &switchroom_core::tenant::CallMemory) -> bool {
    call.fold.state() == CallState::Ended
}
