//! How agents did within a period: which periods may be asked for, how a call counts for whom it popped, and what counts
//! come to. Counting itself is the store's, which has the rows.
//!
//! | the call, when one looks | counts for an agent it popped for, or who answered it |
//! |---|---|
//! | any inbound one | offered |
//! | first answered by them | answered |
//! | first answered by somebody else, or by nobody the provider names | answered elsewhere |
//! | ended unanswered: missed, abandoned, voicemail | missed |
//! | ended unanswered: busy, rejected | declined |
//! | ended unanswered: failed; or not ended yet | offered, nothing else |
//! | any outbound one | outbound, and outbound answered where they are its agent |
//!
//! Days are UTC days, as on the wallboard.

use std::ops::AddAssign;

use chrono::{Datelike, NaiveDate, TimeDelta};

use crate::{Direction, EndReason, Timestamp};

/// The longest period that is counted at once: a quarter.
pub const LONGEST_DAYS: i64 = 92;
/// The period of who asks for none.
pub const USUAL_DAYS: i64 = 7;
/// Years that are counted in; calls of others have a broken clock.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=9998;

/// From an instant to another, the second not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    from: Timestamp,
    to: Timestamp,
}

/// Why there is no such period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPeriod {
    #[error("must be in the years 2000 to 9998")]
    FromOutOfReach,
    #[error("must be in the years 2000 to 9998")]
    ToOutOfReach,
    #[error("must be before `to`")]
    Backwards,
    #[error("must be at most {} days before `to`", LONGEST_DAYS)]
    TooLong,
}

impl Period {
    /// The period that is asked for: up to now unless said otherwise, and a week unless said otherwise.
    pub fn asked(now: Timestamp, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Self, BadPeriod> {
        let to = to.unwrap_or(now);
        if !YEARS.contains(&to.year()) {
            return Err(BadPeriod::ToOutOfReach);
        }
        let from = from.unwrap_or(to - TimeDelta::days(USUAL_DAYS));
        if !YEARS.contains(&from.year()) {
            return Err(BadPeriod::FromOutOfReach);
        }
        if from >= to {
            return Err(BadPeriod::Backwards);
        }
        if to - from > TimeDelta::days(LONGEST_DAYS) {
            return Err(BadPeriod::TooLong);
        }
        Ok(Self { from, to })
    }

    pub const fn from(self) -> Timestamp {
        self.from
    }

    pub const fn to(self) -> Timestamp {
        self.to
    }

    /// The days it touches, the first and the last of them perhaps in part.
    pub fn days(self) -> impl Iterator<Item = NaiveDate> {
        // Its end is no instant of it: midnight belongs to the day before.
        let last = (self.to - TimeDelta::nanoseconds(1)).date_naive();
        self.from.date_naive().iter_days().take_while(move |day| *day <= last)
    }
}

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Answered,
    Missed,
    Declined,
    /// It failed, or has not ended.
    Open,
}

/// What an inbound call came to, whoever it popped for.
pub const fn outcome(answered: bool, end_reason: Option<EndReason>) -> Outcome {
    match end_reason {
        _ if answered => Outcome::Answered,
        // The provider says that somebody answered, and told no answer.
        Some(EndReason::Completed) => Outcome::Answered,
        Some(EndReason::Missed | EndReason::Abandoned | EndReason::Voicemail) => Outcome::Missed,
        Some(EndReason::Busy | EndReason::Rejected) => Outcome::Declined,
        Some(EndReason::Failed) | None => Outcome::Open,
    }
}

/// Calls of one kind for one agent, as they are grouped: how many, and how long they took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallGroup {
    pub direction: Direction,
    pub answered: bool,
    /// They are the call's agent: who answered first.
    pub theirs: bool,
    pub end_reason: Option<EndReason>,
    pub calls: i64,
    /// Of theirs: how many have an answer and an end, and how long it was between the two.
    pub talks: i64,
    pub talk_ms: i64,
    /// Of theirs: how many rang before the answer, and for how long.
    pub waits: i64,
    pub wait_ms: i64,
}

/// An agent's calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTally {
    pub offered: i64,
    pub answered: i64,
    pub answered_elsewhere: i64,
    pub missed: i64,
    pub declined: i64,
    pub outbound: i64,
    pub outbound_answered: i64,
    talks: i64,
    talk_ms: i64,
    waits: i64,
    wait_ms: i64,
}

impl CallTally {
    pub fn add(&mut self, group: &CallGroup) {
        let calls = group.calls;
        match group.direction {
            Direction::Inbound => {
                self.offered += calls;
                match outcome(group.answered, group.end_reason) {
                    Outcome::Answered if group.theirs => self.answered += calls,
                    Outcome::Answered => self.answered_elsewhere += calls,
                    Outcome::Missed => self.missed += calls,
                    Outcome::Declined => self.declined += calls,
                    Outcome::Open => {}
                }
                if group.theirs {
                    self.waits += group.waits;
                    self.wait_ms += group.wait_ms;
                }
            }
            Direction::Outbound => {
                self.outbound += calls;
                if group.theirs {
                    self.outbound_answered += calls;
                }
            }
        }
        // An answered call that failed is one whose end nobody told: how long they talked is not known.
        if group.theirs && group.end_reason != Some(EndReason::Failed) {
            self.talks += group.talks;
            self.talk_ms += group.talk_ms;
        }
    }

    /// Of calls in both directions, in whole seconds.
    pub const fn talk_seconds(&self) -> i64 {
        self.talk_ms / 1000
    }

    pub fn average_talk_seconds(&self) -> Option<f64> {
        average_seconds(self.talk_ms, self.talks)
    }

    /// From the first event of an inbound call to the answer.
    pub fn average_answer_seconds(&self) -> Option<f64> {
        average_seconds(self.wait_ms, self.waits)
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for CallTally {
    fn add_assign(&mut self, other: Self) {
        let Self {
            offered,
            answered,
            answered_elsewhere,
            missed,
            declined,
            outbound,
            outbound_answered,
            talks,
            talk_ms,
            waits,
            wait_ms,
        } = other;
        self.offered += offered;
        self.answered += answered;
        self.answered_elsewhere += answered_elsewhere;
        self.missed += missed;
        self.declined += declined;
        self.outbound += outbound;
        self.outbound_answered += outbound_answered;
        self.talks += talks;
        self.talk_ms += talk_ms;
        self.waits += waits;
        self.wait_ms += wait_ms;
    }
}

/// An agent's work on tickets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TicketTally {
    /// Tickets they made theirs, each once.
    pub taken: i64,
    /// Tickets they moved to resolved, each once.
    pub resolved: i64,
    /// Tickets whose first public answer by staff is theirs.
    pub first_responses: i64,
    /// How long those had waited for it.
    pub first_response_ms: i64,
}

impl AddAssign for TicketTally {
    fn add_assign(&mut self, other: Self) {
        self.taken += other.taken;
        self.resolved += other.resolved;
        self.first_responses += other.first_responses;
        self.first_response_ms += other.first_response_ms;
    }
}

impl TicketTally {
    pub fn average_first_response_seconds(&self) -> Option<f64> {
        average_seconds(self.first_response_ms, self.first_responses)
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// To a tenth of a second; none where there is nothing to divide by.
fn average_seconds(total_ms: i64, of: i64) -> Option<f64> {
    (of > 0).then(|| (total_ms as f64 / of as f64 / 100.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_is_a_week_up_to_now_unless_said_otherwise() {
        let now = at("2026-11-22T12:00:00Z");
        let asked = |from: Option<&str>, to: Option<&str>| {
            Period::asked(now, from.map(at), to.map(at)).map(|period| (period.from(), period.to()))
        };
        assert_eq!(asked(None, None), Ok((at("2026-11-15T12:00:00Z"), now)));
        let to = "2026-10-08T00:00:00Z";
        assert_eq!(asked(None, Some(to)), Ok((at("2026-10-01T00:00:00Z"), at(to))));
        let from = "2026-09-01T00:00:00Z";
        assert_eq!(asked(Some(from), None), Ok((at(from), now)));
        // 92 days and not a moment more.
        let day = "2026-12-02T00:00:00Z";
        assert!(asked(Some(from), Some(day)).is_ok());
        assert_eq!(asked(Some(from), Some("2026-12-02T00:00:00.000001Z")), Err(BadPeriod::TooLong));
        assert_eq!(asked(Some(from), Some(from)), Err(BadPeriod::Backwards));
        assert_eq!(asked(Some("2026-11-22T12:00:01Z"), None), Err(BadPeriod::Backwards));
        assert_eq!(asked(None, Some("1999-12-31T23:59:59Z")), Err(BadPeriod::ToOutOfReach));
        assert_eq!(asked(None, Some("2000-01-01T00:00:00Z")), Err(BadPeriod::FromOutOfReach));
        assert_eq!(asked(Some("1970-01-01T00:00:00Z"), None), Err(BadPeriod::FromOutOfReach));
        for extreme in [Timestamp::MIN_UTC, Timestamp::MAX_UTC] {
            assert_eq!(Period::asked(now, None, Some(extreme)), Err(BadPeriod::ToOutOfReach));
            assert_eq!(Period::asked(now, Some(extreme), None), Err(BadPeriod::FromOutOfReach));
        }
    }

    #[test]
    fn the_days_of_a_period_are_those_it_touches() {
        let days = |from: &str, to: &str| {
            let period = Period::asked(at(to), Some(at(from)), None).unwrap();
            period.days().map(|day| day.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(days("2026-02-27T23:59:59Z", "2026-03-01T00:00:00Z"), ["2026-02-27", "2026-02-28"]);
        assert_eq!(days("2026-02-28T00:00:00Z", "2026-03-01T00:00:01Z"), ["2026-02-28", "2026-03-01"]);
        assert_eq!(days("2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z"), ["2026-03-01"]);
        assert_eq!(days("2026-09-01T12:00:00Z", "2026-12-02T12:00:00Z").len(), 93);
    }

    const GROUP: CallGroup = CallGroup {
        direction: Direction::Inbound,
        answered: false,
        theirs: false,
        end_reason: None,
        calls: 1,
        talks: 0,
        talk_ms: 0,
        waits: 0,
        wait_ms: 0,
    };

    #[test]
    fn every_inbound_call_is_offered_and_counts_once_more_at_most() {
        // Answered, theirs, why it ended; then: answered, elsewhere, missed, declined.
        type Case = (bool, bool, Option<EndReason>, [i64; 4]);
        let mut cases: Vec<Case> = vec![
            (false, false, None, [0, 0, 0, 0]),
            (true, true, None, [1, 0, 0, 0]),
            (true, false, None, [0, 1, 0, 0]),
            (false, false, Some(EndReason::Missed), [0, 0, 1, 0]),
            (false, false, Some(EndReason::Abandoned), [0, 0, 1, 0]),
            (false, false, Some(EndReason::Voicemail), [0, 0, 1, 0]),
            (false, false, Some(EndReason::Busy), [0, 0, 0, 1]),
            (false, false, Some(EndReason::Rejected), [0, 0, 0, 1]),
            (false, false, Some(EndReason::Failed), [0, 0, 0, 0]),
            (false, false, Some(EndReason::Completed), [0, 1, 0, 0]),
        ];
        // However an answered call ended, it was answered.
        for reason in [EndReason::Completed, EndReason::Missed, EndReason::Failed, EndReason::Rejected] {
            cases.push((true, true, Some(reason), [1, 0, 0, 0]));
            cases.push((true, false, Some(reason), [0, 1, 0, 0]));
        }
        for (answered, theirs, end_reason, expected) in cases {
            let mut tally = CallTally::default();
            tally.add(&CallGroup { answered, theirs, end_reason, calls: 3, ..GROUP });
            let CallTally { offered, answered, answered_elsewhere, missed, declined, .. } = tally;
            assert_eq!(offered, 3);
            let got = [answered, answered_elsewhere, missed, declined];
            assert_eq!(got, expected.map(|n| n * 3), "{theirs} {end_reason:?}");
            assert_eq!((tally.outbound, tally.outbound_answered), (0, 0));
        }
    }

    #[test]
    fn times_are_those_of_ones_own_calls() {
        let mut tally = CallTally::default();
        assert!(tally.is_empty());
        assert_eq!((tally.average_talk_seconds(), tally.average_answer_seconds()), (None, None));
        let times = CallGroup {
            answered: true,
            calls: 2,
            talks: 2,
            talk_ms: 61_999,
            waits: 1,
            wait_ms: 4_250,
            ..GROUP
        };
        tally.add(&CallGroup { theirs: true, ..times });
        // Somebody else's talk is not theirs.
        tally.add(&times);
        let outbound = Direction::Outbound;
        tally.add(&CallGroup {
            direction: outbound,
            theirs: true,
            talks: 1,
            talk_ms: 60_000,
            calls: 1,
            ..times
        });
        tally.add(&CallGroup { direction: outbound, end_reason: Some(EndReason::Busy), ..GROUP });
        // Whose end was never told says nothing of how long it was.
        tally.add(&CallGroup {
            theirs: true,
            end_reason: Some(EndReason::Failed),
            waits: 0,
            wait_ms: 0,
            ..times
        });
        assert_eq!((tally.offered, tally.answered, tally.answered_elsewhere), (6, 4, 2));
        assert_eq!((tally.outbound, tally.outbound_answered, tally.declined), (2, 1, 0));
        assert_eq!(tally.talk_seconds(), 121);
        // 121.999 s in three talks; the outbound call's ring is no wait of a caller's.
        assert_eq!(tally.average_talk_seconds(), Some(40.7));
        assert_eq!(tally.average_answer_seconds(), Some(4.3));
        let mut twice = tally;
        twice += tally;
        assert_eq!((twice.offered, twice.talk_seconds()), (12, 243));
        assert_eq!(twice.average_talk_seconds(), tally.average_talk_seconds());
        assert_eq!(twice.average_answer_seconds(), tally.average_answer_seconds());
    }

    #[test]
    fn first_responses_are_averaged_where_there_are_any() {
        assert_eq!(TicketTally::default().average_first_response_seconds(), None);
        let tally = TicketTally { first_responses: 4, first_response_ms: 10_200, ..TicketTally::default() };
        assert_eq!(tally.average_first_response_seconds(), Some(2.6));
        assert!(!tally.is_empty());
    }
}
