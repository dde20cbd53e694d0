//! The wallboard: a fold of the log. Ages are `since` times, never running lengths, so a board that nothing happens
//! to never changes.
//!
//! The fold holds counters and what is open, not the calls themselves: an entry says how its call stood before and
//! how it stands now, so the old contribution is taken out and the new one put in. Days are UTC days.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, TimeDelta, Timelike};
use serde::{Deserialize, Serialize};

use crate::{
    CallId, Timestamp, UserId,
    agent::{AgentView, Presence, PresenceChange},
    call::{CallState, Outline},
    fact::{Direction, EndReason},
    log::{Cursor, EventData, LogEvent},
    planted::{self, Bug},
    roster::Roster,
};

/// Answered within so long counts as served in time.
pub const SERVICE_LEVEL_MS: i64 = 20_000;
/// Length of the series.
const MINUTES: i64 = 60;
/// Names of queues come from outside, and so do times of calls: what they may take up is bounded.
const MOST_IDLE_QUEUES: usize = 500;
const MOST_MINUTES: usize = 1_500;
/// Days whose counters are kept.
const MOST_DAYS: usize = 4;

/// The whole board, as `GET /wallboard` and the first `wallboard` frame give it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Wallboard {
    pub cursor: Cursor,
    pub revision: u64,
    pub at: Timestamp,
    pub queues: Vec<QueueFigure>,
    pub agents: Vec<AgentView>,
    pub calls: CallFigures,
    pub figures: Vec<Figure>,
    pub series: Series,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueFigure {
    pub name: String,
    pub waiting: u64,
    pub oldest_since: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFigures {
    /// Unanswered inbound calls that a queue was named for.
    pub waiting: u64,
    /// Unanswered calls, those of queues included.
    pub ringing: u64,
    pub talking: u64,
    pub held: u64,
    pub transferring: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    pub name: &'static str,
    /// Null where the formula divides by nothing yet.
    pub value: Option<f64>,
    pub formula: &'static str,
    /// Rises when the formula changes.
    pub version: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// The last 60 minutes, oldest first, minutes without a call included.
    pub calls_per_minute: Vec<Minute>,
}

/// Calls that started within this minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minute {
    pub at: Timestamp,
    pub calls: u64,
}

/// What changed since `base`; a part that is absent did not. `agents` holds the changed rows only, and `gone` those
/// who take no calls any more.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WallboardDelta {
    pub base: u64,
    pub revision: u64,
    pub cursor: Cursor,
    pub at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queues: Option<Vec<QueueFigure>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<AgentView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<CallFigures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figures: Option<Vec<Figure>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<Series>,
}

impl Wallboard {
    /// What a screen that shows `base` must be told to show `self`; none where they look the same.
    pub fn delta(&self, base: &Self) -> Option<WallboardDelta> {
        let old: BTreeMap<UserId, &AgentView> = base.agents.iter().map(|row| (row.user_id, row)).collect();
        let new: BTreeSet<UserId> = self.agents.iter().map(|row| row.user_id).collect();
        let delta = WallboardDelta {
            base: base.revision,
            revision: self.revision,
            cursor: self.cursor,
            at: self.at,
            queues: (self.queues != base.queues).then(|| self.queues.clone()),
            agents: self.agents.iter().filter(|row| old.get(&row.user_id) != Some(row)).cloned().collect(),
            gone: old.keys().filter(|user| !new.contains(user)).copied().collect(),
            calls: (self.calls != base.calls).then_some(self.calls),
            figures: (self.figures != base.figures).then(|| self.figures.clone()),
            series: (self.series != base.series).then(|| self.series.clone()),
        };
        let empty = delta.queues.is_none()
            && delta.agents.is_empty()
            && delta.gone.is_empty()
            && delta.calls.is_none()
            && delta.figures.is_none()
            && delta.series.is_none();
        (!empty).then_some(delta)
    }
}

/// Counters of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Day {
    offered: i64,
    answered: i64,
    answered_in_time: i64,
    abandoned: i64,
    abandoned_in_time: i64,
    missed: i64,
    wait_ms: i64,
    outbound: i64,
}

/// The fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WallboardFold {
    cursor: Cursor,
    day: NaiveDate,
    /// Minutes before this one are not shown.
    oldest: Timestamp,
    /// Today's counters, and those of the days beside it: the clock may be set back, and a provider's may be ahead.
    days: BTreeMap<NaiveDate, Day>,
    ringing: i64,
    talking: i64,
    held: i64,
    transferring: i64,
    waiting: BTreeMap<String, BTreeSet<(Timestamp, CallId)>>,
    minutes: BTreeMap<Timestamp, i64>,
    agents: BTreeMap<UserId, PresenceChange>,
}

impl WallboardFold {
    pub fn new(now: Timestamp) -> Self {
        Self {
            cursor: Cursor::default(),
            day: now.date_naive(),
            oldest: minute(now) - TimeDelta::minutes(MINUTES),
            days: BTreeMap::new(),
            ringing: 0,
            talking: 0,
            held: 0,
            transferring: 0,
            waiting: BTreeMap::new(),
            minutes: BTreeMap::new(),
            agents: BTreeMap::new(),
        }
    }

    /// What must be read from before a restart: calls that started since then, and those that live.
    pub fn reaches_back_to(now: Timestamp) -> Timestamp {
        let midnight = now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
        midnight.min(minute(now) - TimeDelta::minutes(MINUTES))
    }

    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The log is durable up to here, and everything up to here was applied.
    pub fn reach(&mut self, cursor: Cursor) {
        self.cursor = self.cursor.max(cursor);
    }

    /// Takes an entry of the log.
    pub fn apply(&mut self, now: Timestamp, event: &LogEvent) {
        self.turn(now);
        match &event.data {
            EventData::Call(data) => {
                if let Some(before) = data.before.as_ref().filter(|_| !planted::is(Bug::BoardCountsTwice)) {
                    self.count(data.call.id, before, -1);
                }
                self.count(data.call.id, &data.call.outline(), 1);
            }
            EventData::Presence(change) => self.restore_presence(change.clone()),
        }
    }

    /// Takes a call as it stands (after a restart).
    pub fn restore_call(&mut self, id: CallId, outline: &Outline) {
        self.count(id, outline, 1);
    }

    pub fn restore_presence(&mut self, change: PresenceChange) {
        self.agents.insert(change.user_id, change);
    }

    /// Moves with the clock, which may also be set back: what is forgotten is a little older than what is shown.
    fn turn(&mut self, now: Timestamp) {
        if now.date_naive() != self.day {
            self.day = now.date_naive();
            self.waiting.retain(|_, calls| !calls.is_empty());
            while self.days.len() > MOST_DAYS {
                let farthest = self.days.keys().max_by_key(|date| (**date - self.day).abs()).copied();
                farthest.and_then(|date| self.days.remove(&date));
            }
        }
        self.oldest = minute(now) - TimeDelta::minutes(MINUTES);
        let forgotten = self.oldest - TimeDelta::minutes(2 * MINUTES);
        while self.minutes.first_key_value().is_some_and(|(at, _)| *at < forgotten) {
            self.minutes.pop_first();
        }
    }

    fn count(&mut self, id: CallId, call: &Outline, sign: i64) {
        match call.state {
            CallState::Ringing => self.ringing += sign,
            CallState::Answered => self.talking += sign,
            CallState::Held => self.held += sign,
            CallState::Transferring => self.transferring += sign,
            CallState::Ended => {}
        }
        if let Some(queue) = call.queue.as_ref().filter(|_| call.direction == Direction::Inbound) {
            let waits = call.state == CallState::Ringing;
            let room = self.waiting.len() < MOST_IDLE_QUEUES;
            match self.waiting.get_mut(queue) {
                Some(calls) if sign < 0 => {
                    calls.remove(&(call.started_at, id));
                }
                Some(calls) if waits => {
                    calls.insert((call.started_at, id));
                }
                None if sign > 0 && (waits || room) => {
                    // A queue of today stays on the board when nobody waits in it.
                    let calls = if waits { BTreeSet::from([(call.started_at, id)]) } else { BTreeSet::new() };
                    self.waiting.insert(queue.clone(), calls);
                }
                Some(_) | None => {}
            }
        }
        let started = minute(call.started_at);
        if started >= self.oldest
            && (self.minutes.len() < MOST_MINUTES || self.minutes.contains_key(&started))
        {
            *self.minutes.entry(started).or_default() += sign;
        }
        let date = call.started_at.date_naive();
        if (date - self.day).abs() <= TimeDelta::days(1) || self.days.contains_key(&date) {
            self.days.entry(date).or_default().count(call, sign);
        }
    }

    /// The board as it looks at this moment.
    pub fn render(&self, now: Timestamp, revision: u64, roster: &Roster) -> Wallboard {
        let mut fold = std::borrow::Cow::Borrowed(self);
        if now.date_naive() != self.day {
            fold.to_mut().turn(now);
        }
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        let waiting = fold.waiting.values().map(|calls| calls.len() as u64).sum();
        let first = minute(now) - TimeDelta::minutes(MINUTES - 1);
        Wallboard {
            cursor: fold.cursor,
            revision,
            at: now,
            queues: fold
                .waiting
                .iter()
                .map(|(name, calls)| QueueFigure {
                    name: name.clone(),
                    waiting: calls.len() as u64,
                    oldest_since: calls.first().map(|(since, _)| *since),
                })
                .collect(),
            agents: roster
                .agents()
                .map(|member| agent_row(member, fold.agents.get(&member.user_id)))
                .collect(),
            calls: CallFigures {
                waiting,
                ringing: count(fold.ringing),
                talking: count(fold.talking),
                held: count(fold.held),
                transferring: count(fold.transferring),
            },
            figures: fold.days.get(&fold.day).copied().unwrap_or_default().figures(),
            series: Series {
                calls_per_minute: (0..MINUTES)
                    .map(|n| first + TimeDelta::minutes(n))
                    .map(|at| Minute { at, calls: count(fold.minutes.get(&at).copied().unwrap_or(0)) })
                    .collect(),
            },
        }
    }
}

/// A row of `GET /agents` and of the board.
pub fn agent_row(member: &crate::roster::Member, change: Option<&PresenceChange>) -> AgentView {
    AgentView {
        user_id: member.user_id,
        email: member.email.clone(),
        name: member.name.clone(),
        extension: member.extension.clone(),
        presence: change.map_or(Presence::Offline, |change| change.presence),
        reason: change.and_then(|change| change.reason.clone()),
        since: change.map(|change| change.since),
        call_ids: change.map(|change| change.calls.keys().copied().collect()).unwrap_or_default(),
    }
}

fn minute(at: Timestamp) -> Timestamp {
    at.with_second(0).and_then(|at| at.with_nanosecond(0)).unwrap_or(at)
}

impl Day {
    fn count(&mut self, call: &Outline, sign: i64) {
        if call.direction == Direction::Outbound {
            self.outbound += sign;
            return;
        }
        self.offered += sign;
        if let Some(answered_at) = call.answered_at {
            let wait = (answered_at - call.started_at).num_milliseconds().max(0);
            self.answered += sign;
            self.wait_ms += sign * wait;
            if wait <= SERVICE_LEVEL_MS {
                self.answered_in_time += sign;
            }
        }
        match call.end_reason {
            Some(EndReason::Abandoned) => {
                self.abandoned += sign;
                let wait = call.ended_at.map_or(0, |ended| (ended - call.started_at).num_milliseconds());
                if wait <= SERVICE_LEVEL_MS {
                    self.abandoned_in_time += sign;
                }
            }
            Some(EndReason::Missed) => self.missed += sign,
            Some(
                EndReason::Completed
                | EndReason::Busy
                | EndReason::Rejected
                | EndReason::Failed
                | EndReason::Voicemail,
            )
            | None => {}
        }
    }

    /// The field disagrees on formulas, so each figure says its own (field.md, "Metrics").
    #[allow(clippy::cast_precision_loss)]
    fn figures(&self) -> Vec<Figure> {
        let number =
            |name, value: i64, formula| Figure { name, value: Some(value as f64), formula, version: 1 };
        let ratio = |name, part: i64, whole: i64, formula| Figure {
            name,
            value: (whole > 0).then(|| part as f64 / whole as f64),
            formula,
            version: 1,
        };
        vec![
            number("offered_today", self.offered, "inbound calls that started this UTC day"),
            number("answered_today", self.answered, "inbound calls of today that were answered"),
            number("missed_today", self.missed, "inbound calls of today with end reason missed"),
            number("abandoned_today", self.abandoned, "inbound calls of today with end reason abandoned"),
            number("outbound_today", self.outbound, "outbound calls that started this UTC day"),
            ratio(
                "service_level_sl",
                self.answered_in_time,
                self.answered,
                "answered within 20 s / answered (Asterisk SL), today",
            ),
            ratio(
                "service_level_sl2",
                self.answered_in_time + self.abandoned_in_time,
                self.answered + self.abandoned,
                "(answered within 20 s + abandoned within 20 s) / (answered + abandoned) (Asterisk SL2), today",
            ),
            ratio(
                "service_level_offered",
                self.answered_in_time,
                self.offered,
                "answered within 20 s / offered, today",
            ),
            ratio(
                "abandon_rate",
                self.abandoned,
                self.answered + self.abandoned,
                "abandoned / (answered + abandoned), today",
            ),
            ratio(
                "asa_ms",
                self.wait_ms,
                self.answered,
                "sum of waits of answered calls / answered, today, in ms",
            ),
        ]
    }
}
