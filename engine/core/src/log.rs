//! The log of everything live: its entries, and the cursors that point into it.
//!
//! An entry holds what was decided (who got the pop, which contact was matched), so that replaying it decides nothing
//! again. Numbers are given by whoever appends; an entry does not know its own.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    CallId, EventId, Timestamp, UserId,
    agent::PresenceChange,
    call::{CallSnapshot, Outline, Report},
    directory::CallerContext,
};

/// A place in a tenant's log: everything up to and including the entry with this number. `0` is before the first.
/// Outside it is an opaque text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor(pub i64);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1.{}", self.0)
    }
}

/// The text is no cursor of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        if text == "0" {
            return Ok(Self(0));
        }
        let digits = text.strip_prefix("v1.").ok_or(BadCursor)?;
        let canonical = !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        if !canonical {
            return Err(BadCursor);
        }
        digits.parse().map(Self).map_err(|_| BadCursor)
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What kind of entry it is; the words are those of `GET /events` and `GET /calls/{id}/events`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    Ringing,
    Answered,
    Held,
    Resumed,
    Transferred,
    Ended,
    Presence,
}

impl EventType {
    pub const ALL: [Self; 7] = [
        Self::Ringing,
        Self::Answered,
        Self::Held,
        Self::Resumed,
        Self::Transferred,
        Self::Ended,
        Self::Presence,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Held => "held",
            Self::Resumed => "resumed",
            Self::Transferred => "transferred",
            Self::Ended => "ended",
            Self::Presence => "presence",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEvent {
    pub event_id: EventId,
    pub type_: EventType,
    pub call_id: Option<CallId>,
    pub provider_event_id: Option<String>,
    /// The provider's time where it tells one, else when it was received.
    pub at: Timestamp,
    pub provider_at: Option<Timestamp>,
    /// False where it changed nothing any more: a regression, or something already known.
    pub effective: bool,
    /// Users a frame about it is addressed to.
    pub addressees: Vec<UserId>,
    pub data: EventData,
}

/// What an entry holds beyond its head.
#[derive(Clone, Debug, PartialEq)]
pub enum EventData {
    Call(Box<CallEvent>),
    Presence(PresenceChange),
}

/// A fact about a call and what was decided upon it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallEvent {
    /// The call as it stands with this fact.
    pub call: CallSnapshot,
    /// The fact, with names resolved and numbers read: what the fold takes.
    pub report: Report,
    /// The call's standing before this fact; null for the first.
    pub before: Option<Outline>,
    /// Who gets a `screen_pop`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pops: Vec<UserId>,
    /// Who gets a `pop_withdrawn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<UserId>,
    /// Who gets a `call_updated` or `call_ended`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<UserId>,
    /// Whom the pops show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<CallerContext>,
    pub received_at_us: i64,
    /// When it was decided, by our clock.
    pub heard_at: Timestamp,
}

impl EventData {
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Call(event) => serde_json::to_string(event),
            Self::Presence(change) => serde_json::to_string(change),
        }
    }

    /// Reads what [`EventData::to_json`] wrote for an entry of this type.
    pub fn from_json(type_: EventType, json: &str) -> Result<Self, serde_json::Error> {
        match type_ {
            EventType::Presence => serde_json::from_str(json).map(Self::Presence),
            _ => serde_json::from_str(json).map(|event| Self::Call(Box::new(event))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back_and_refuse_everything_else() {
        for seq in [0, 1, 42, i64::MAX] {
            assert_eq!(Cursor(seq).to_string().parse(), Ok(Cursor(seq)));
        }
        assert_eq!("0".parse(), Ok(Cursor(0)));
        for bad in
            ["", "1", "v1.", "v1.-1", "v1.+1", "v1.01", "v2.1", "v1.1 ", "v1.9223372036854775808", "00"]
        {
            assert_eq!(bad.parse::<Cursor>(), Err(BadCursor), "{bad:?}");
        }
    }
}
