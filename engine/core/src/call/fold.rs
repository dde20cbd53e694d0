//! The join itself: registers that only ever move one way.

use serde::{Deserialize, Serialize};

use super::{CallSnapshot, CallState, Report};
use crate::{
    BotId, CallId, ConnectionId, EventId, NumberId, Timestamp, UserId,
    directory::ContactRef,
    fact::{Direction, EndCause, EndReason, FactKind},
    number::PartyNumber,
    planted::{self, Bug},
};

/// The key of the ending that we make ourselves when nothing was heard of a call for too long.
pub const STALE_KEY: &str = "switchroom:stale";

/// The total order of facts: by the provider's time, then by its own numbering, then by how far a call is along, then
/// by identity, so that no two different facts are equal. When a fact arrived plays no part: where a provider sends no
/// times, the outcome must not hang on the order of arrival either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Stamp {
    at: Option<Timestamp>,
    sequence: Option<i64>,
    rank: u8,
    id: EventId,
}

/// How strong an ending is; a stronger one rules, whatever came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Weight {
    Stated,
    Named,
    Unstated,
    Stale,
}

/// Answers remembered by their ids.
const ANSWERS: usize = 64;

/// Everything remembered of one call. Its size does not grow with the number of facts, but for a bounded list of answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFold {
    pub connection: ConnectionId,
    pub provider_call_id: Box<str>,
    /// The earliest time of all facts: when the call started.
    first: Timestamp,
    /// The earliest answer.
    answered: Option<Timestamp>,
    /// The greatest of answered, held, resumed, transferred, and the state it means.
    talk: Option<(Stamp, CallState)>,
    /// Whether a fact was told that only an answered call can have.
    established: bool,
    /// The earliest ending, our own (stale) last.
    ended: Option<(bool, Timestamp)>,
    /// Why: the strongest, then least ending.
    cause: Option<(Weight, Stamp, EndCause)>,
    /// Of what ringing said first, else of what anything else said first.
    direction: Option<(bool, Stamp, Direction)>,
    from: Option<(bool, Stamp, PartyNumber)>,
    to: Option<(bool, Stamp, PartyNumber)>,
    /// The last queue named.
    queue: Option<(Stamp, Box<str>)>,
    /// Who answered first.
    agent: Option<(Stamp, UserId)>,
    /// Who answered last, and so has the caller now. Only presence and pops hang on it, which are about now, so it goes
    /// by the time of arrival where none is told.
    current: Option<(Timestamp, Stamp, UserId)>,
    /// The answers without a time that moved `current`: one of them that comes again, when the call is too long for the
    /// event to be known by heart, is no newer for coming later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    answers: Vec<EventId>,
    /// The line of ours, the bot it rang, and the contact matched; looked up when the number was first told, and recorded.
    pub number_id: Option<NumberId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot_id: Option<BotId>,
    pub contact: Option<ContactRef>,
}

impl CallFold {
    /// The fold of one fact.
    pub fn new(connection: ConnectionId, provider_call_id: &str, report: &Report) -> Self {
        let mut fold = Self {
            connection,
            provider_call_id: provider_call_id.into(),
            first: report.at,
            answered: None,
            talk: None,
            established: false,
            ended: None,
            cause: None,
            direction: None,
            from: None,
            to: None,
            queue: None,
            agent: None,
            current: None,
            answers: Vec::new(),
            number_id: None,
            bot_id: None,
            contact: None,
        };
        fold.take(report);
        fold
    }

    pub fn id(&self) -> CallId {
        CallId::derive(self.connection, &self.provider_call_id)
    }

    /// Joins one fact.
    pub fn take(&mut self, report: &Report) {
        let stamp = stamp(report, EventId::of_call(self.id(), &report.key));
        let stale = report.key == STALE_KEY;
        // An ending of our own making says nothing about when the call began.
        if !stale {
            self.first = self.first.min(report.at);
        }
        let not_ringing = report.kind != FactKind::Ringing;
        if let Some(direction) = report.direction {
            least(&mut self.direction, (not_ringing, stamp, direction), |a, b| (a.0, a.1) < (b.0, b.1));
        }
        if let Some(from) = &report.from {
            least(&mut self.from, (not_ringing, stamp, from.clone()), |a, b| (a.0, a.1) < (b.0, b.1));
        }
        if let Some(to) = &report.to {
            least(&mut self.to, (not_ringing, stamp, to.clone()), |a, b| (a.0, a.1) < (b.0, b.1));
        }
        if let Some(queue) = &report.queue {
            least(&mut self.queue, (stamp, queue.as_str().into()), |a, b| a.0 > b.0);
        }
        match report.kind {
            FactKind::Ringing => {}
            FactKind::Answered => {
                if planted::is(Bug::AnswerAfterTheEnd) {
                    self.ended = None;
                }
                least(&mut self.answered, report.at, |a, b| a < b);
                self.talk(stamp, CallState::Answered);
                // One event may name several agents; it does not say which of them it was, so the least is taken.
                if let Some(agent) = report.agents.iter().min().copied() {
                    least(&mut self.agent, (stamp, agent), |a, b| a.0 < b.0);
                    if !self.answers.contains(&stamp.id) {
                        least(&mut self.current, (report.at, stamp, agent), |a, b| (a.0, a.1) > (b.0, b.1));
                        if !report.told {
                            self.remember_answer(stamp.id);
                        }
                    }
                }
            }
            FactKind::Held => {
                self.established = true;
                self.talk(stamp, CallState::Held);
            }
            FactKind::Resumed => {
                self.established = true;
                self.talk(stamp, CallState::Answered);
            }
            FactKind::Transferred => self.talk(stamp, CallState::Transferring),
            FactKind::Ended(cause) => {
                let weight = match cause {
                    _ if stale => Weight::Stale,
                    EndCause::Stated(_) => Weight::Stated,
                    EndCause::Unstated => Weight::Unstated,
                    EndCause::Completed
                    | EndCause::CallerGaveUp
                    | EndCause::NoAnswer
                    | EndCause::Busy
                    | EndCause::Rejected
                    | EndCause::Failed
                    | EndCause::Voicemail
                    | EndCause::Forwarded => Weight::Named,
                };
                least(&mut self.ended, (stale, report.at), |a, b| a < b);
                least(&mut self.cause, (weight, stamp, cause), |a, b| (a.0, a.1) < (b.0, b.1));
            }
        }
    }

    fn remember_answer(&mut self, id: EventId) {
        if self.answers.len() == ANSWERS {
            self.answers.remove(0);
        }
        self.answers.push(id);
    }

    fn talk(&mut self, stamp: Stamp, state: CallState) {
        least(&mut self.talk, (stamp, state), |a, b| a.0 > b.0 || planted::is(Bug::LastHeardCounts));
    }

    pub fn state(&self) -> CallState {
        match (&self.ended, &self.talk) {
            (Some(_), _) => CallState::Ended,
            (None, Some((_, state))) => *state,
            (None, None) => CallState::Ringing,
        }
    }

    /// Whether somebody (or something) took the call.
    pub fn was_answered(&self) -> bool {
        self.answered.is_some() || self.established
    }

    pub fn end_reason(&self) -> Option<EndReason> {
        let (weight, _, cause) = self.cause.as_ref()?;
        Some(match cause {
            EndCause::Stated(reason) => *reason,
            EndCause::Voicemail => EndReason::Voicemail,
            EndCause::Failed if *weight == Weight::Stale => EndReason::Failed,
            _ if self.was_answered() => EndReason::Completed,
            EndCause::Completed => EndReason::Completed,
            EndCause::CallerGaveUp | EndCause::Unstated if self.queue.is_some() => EndReason::Abandoned,
            EndCause::CallerGaveUp | EndCause::Unstated | EndCause::NoAnswer | EndCause::Forwarded => {
                EndReason::Missed
            }
            EndCause::Busy => EndReason::Busy,
            EndCause::Rejected => EndReason::Rejected,
            EndCause::Failed => EndReason::Failed,
        })
    }

    pub fn direction(&self) -> Direction {
        self.direction.as_ref().map_or(Direction::Inbound, |(_, _, direction)| *direction)
    }

    pub fn from(&self) -> Option<&PartyNumber> {
        self.from.as_ref().map(|(_, _, number)| number)
    }

    pub fn to(&self) -> Option<&PartyNumber> {
        self.to.as_ref().map(|(_, _, number)| number)
    }

    /// The party outside: who calls us, or whom we call.
    pub fn outside(&self) -> Option<&PartyNumber> {
        match self.direction() {
            Direction::Inbound => self.from(),
            Direction::Outbound => self.to(),
        }
    }

    /// The number of ours.
    pub fn ours(&self) -> Option<&PartyNumber> {
        match self.direction() {
            Direction::Inbound => self.to(),
            Direction::Outbound => self.from(),
        }
    }

    pub fn queue(&self) -> Option<&str> {
        self.queue.as_ref().map(|(_, queue)| &**queue)
    }

    pub fn started_at(&self) -> Timestamp {
        self.first
    }

    /// Who answered.
    pub fn agent(&self) -> Option<UserId> {
        self.agent.map(|(_, agent)| agent)
    }

    /// Who has the caller now: the last who answered.
    pub fn current_agent(&self) -> Option<UserId> {
        self.current.map(|(_, _, agent)| agent)
    }

    /// Whether the fact is older than what the state comes from (see the notes of the table).
    pub fn is_regression(&self, report: &Report) -> bool {
        if self.ended.is_some() {
            return true;
        }
        match (&self.talk, report.kind) {
            (None, _) | (_, FactKind::Ended(_)) => false,
            (Some(_), FactKind::Ringing) => true,
            (Some((latest, _)), _) => stamp(report, EventId::of_call(self.id(), &report.key)) < *latest,
        }
    }

    /// Whether the call had been answered when the fact happened.
    pub fn is_older_than_answer(&self, report: &Report) -> bool {
        let stamp = stamp(report, EventId::of_call(self.id(), &report.key));
        self.current.is_some_and(|(at, latest, _)| (report.at, stamp) < (at, latest))
    }

    pub fn snapshot(&self) -> CallSnapshot {
        CallSnapshot {
            id: self.id(),
            connection_id: self.connection,
            provider_call_id: self.provider_call_id.to_string(),
            direction: self.direction(),
            state: self.state(),
            end_reason: self.end_reason(),
            from: self.from().and_then(PartyNumber::display),
            to: self.to().and_then(PartyNumber::display),
            number_id: self.number_id,
            bot_id: self.bot_id,
            queue: self.queue().map(str::to_owned),
            agent_id: self.agent(),
            contact: self.contact,
            started_at: self.first,
            answered_at: self.answered,
            ended_at: self.ended.map(|(_, at)| at),
        }
    }
}

fn stamp(report: &Report, id: EventId) -> Stamp {
    let rank = match report.kind {
        FactKind::Ringing => 0,
        FactKind::Answered => 1,
        FactKind::Held => 2,
        FactKind::Resumed => 3,
        FactKind::Transferred => 4,
        FactKind::Ended(_) => 5,
    };
    Stamp { at: report.told.then_some(report.at), sequence: report.sequence, rank, id }
}

/// Keeps the one that goes before.
fn least<T>(register: &mut Option<T>, candidate: T, before: impl Fn(&T, &T) -> bool) {
    match register {
        Some(held) if !before(&candidate, held) => {}
        _ => *register = Some(candidate),
    }
}
