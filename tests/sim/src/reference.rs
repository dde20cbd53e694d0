//! The reference: what a call comes to, worked out from all its events at once instead of one by one, in the words of
//! the contract and apart from the code under test.

use switchroom_core::{
    CallId, EventId, Timestamp, UserId,
    call::{CallSnapshot, CallState, Report, STALE_KEY},
    fact::{Direction, EndCause, EndReason, FactKind},
    number::PartyNumber,
};

/// What must not depend on the order of arrival.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    state: CallState,
    end_reason: Option<EndReason>,
    direction: Direction,
    from: Option<String>,
    to: Option<String>,
    queue: Option<String>,
    agent_id: Option<UserId>,
    /// Only where the provider stamps every event.
    times: Option<[Option<Timestamp>; 3]>,
}

impl Outcome {
    pub fn of(call: &CallSnapshot, timed: bool) -> Self {
        Self {
            state: call.state,
            end_reason: call.end_reason,
            direction: call.direction,
            from: call.from.clone(),
            to: call.to.clone(),
            queue: call.queue.clone(),
            agent_id: call.agent_id,
            times: timed.then_some([Some(call.started_at), call.answered_at, call.ended_at]),
        }
    }

    /// Of all the events of a call, whatever order they are in. Answers also whether every one was stamped.
    pub fn expected(call: CallId, reports: &[Report]) -> (Self, bool) {
        let mut told: Vec<&Report> = reports.iter().collect();
        told.sort_by_key(|report| {
            let place = match report.kind {
                FactKind::Ringing => 0,
                FactKind::Answered => 1,
                FactKind::Held => 2,
                FactKind::Resumed => 3,
                FactKind::Transferred => 4,
                FactKind::Ended(_) => 5,
            };
            (report.told.then_some(report.at), report.sequence, place, EventId::of_call(call, &report.key))
        });
        let ours = |report: &Report| report.key == STALE_KEY;
        let timed = told.iter().all(|report| report.told || ours(report));
        let answers: Vec<&&Report> = told.iter().filter(|r| r.kind == FactKind::Answered).collect();
        let endings: Vec<(&Report, EndCause)> = told
            .iter()
            .filter_map(|report| match report.kind {
                FactKind::Ended(cause) => Some((*report, cause)),
                _ => None,
            })
            .collect();
        let talk = told.iter().rev().find_map(|report| match report.kind {
            FactKind::Answered | FactKind::Resumed => Some(CallState::Answered),
            FactKind::Held => Some(CallState::Held),
            FactKind::Transferred => Some(CallState::Transferring),
            FactKind::Ringing | FactKind::Ended(_) => None,
        });
        let state = if endings.is_empty() { talk.unwrap_or(CallState::Ringing) } else { CallState::Ended };
        let queue = told.iter().rev().find_map(|report| report.queue.clone());
        let taken =
            told.iter().any(|r| matches!(r.kind, FactKind::Answered | FactKind::Held | FactKind::Resumed));
        let real: Vec<&(&Report, EndCause)> = endings.iter().filter(|(r, _)| !ours(r)).collect();
        // What somebody states outright, then what the provider's words say, then silence.
        let deciding = real
            .iter()
            .find(|(_, cause)| matches!(cause, EndCause::Stated(_)))
            .or_else(|| real.iter().find(|(_, cause)| *cause != EndCause::Unstated))
            .or_else(|| real.first());
        let end_reason = match deciding {
            Some((_, cause)) => Some(reason(*cause, taken, queue.is_some())),
            None if endings.is_empty() => None,
            None => Some(EndReason::Failed),
        };
        let first = |get: &dyn Fn(&Report) -> Option<String>| {
            let mut ringing = told.iter().filter(|report| report.kind == FactKind::Ringing);
            ringing.find_map(|report| get(report)).or_else(|| told.iter().find_map(|report| get(report)))
        };
        let text = |number: &Option<PartyNumber>| number.as_ref().map(|n| n.display().unwrap_or_default());
        let said = |number: Option<String>| number.filter(|text| !text.is_empty());
        let direction = first(&|report| report.direction.map(|d| d.as_str().to_owned()));
        let outcome = Self {
            state,
            end_reason,
            direction: if direction.as_deref() == Some("outbound") {
                Direction::Outbound
            } else {
                Direction::Inbound
            },
            from: said(first(&|report| text(&report.from))),
            to: said(first(&|report| text(&report.to))),
            queue,
            agent_id: answers.iter().find_map(|report| report.agents.iter().min().copied()),
            times: timed.then(|| {
                let least = |reports: &mut dyn Iterator<Item = &Report>| reports.map(|r| r.at).min();
                [
                    least(&mut told.iter().copied().filter(|r| !ours(r))),
                    least(&mut answers.iter().map(|r| **r)),
                    least(&mut real.iter().map(|(r, _)| *r)).or(endings.first().map(|(r, _)| r.at)),
                ]
            }),
        };
        (outcome, timed)
    }
}

/// Contract §3, "End reasons".
fn reason(cause: EndCause, answered: bool, queued: bool) -> EndReason {
    match (cause, answered) {
        (EndCause::Stated(reason), _) => reason,
        (EndCause::Voicemail, _) => EndReason::Voicemail,
        (_, true) | (EndCause::Completed, false) => EndReason::Completed,
        (EndCause::CallerGaveUp | EndCause::Unstated, false) if queued => EndReason::Abandoned,
        (EndCause::CallerGaveUp | EndCause::Unstated | EndCause::NoAnswer | EndCause::Forwarded, false) => {
            EndReason::Missed
        }
        (EndCause::Busy, false) => EndReason::Busy,
        (EndCause::Rejected, false) => EndReason::Rejected,
        (EndCause::Failed, false) => EndReason::Failed,
    }
}
