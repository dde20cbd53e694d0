//! Calls: what is known of each one, whatever order it was told in.

use serde::{Deserialize, Serialize};

use crate::{
    CallId, ConnectionId, NumberId, Timestamp, UserId,
    directory::ContactRef,
    fact::{Direction, EndReason, FactKind},
    number::PartyNumber,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    Ringing,
    Answered,
    Held,
    Transferring,
    Ended,
}

impl CallState {
    pub const ALL: [Self; 5] = [Self::Ringing, Self::Answered, Self::Held, Self::Transferring, Self::Ended];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Held => "held",
            Self::Transferring => "transferring",
            Self::Ended => "ended",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// The call as the outside sees it (contract §2), but for what is kept elsewhere (tickets, row version).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSnapshot {
    pub id: CallId,
    pub connection_id: ConnectionId,
    pub provider_call_id: String,
    pub direction: Direction,
    pub state: CallState,
    pub end_reason: Option<EndReason>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub number_id: Option<NumberId>,
    pub queue: Option<String>,
    /// Who answered.
    pub agent_id: Option<UserId>,
    pub contact: Option<ContactRef>,
    pub started_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// As much of a call's standing as figures are made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    pub direction: Direction,
    pub state: CallState,
    pub end_reason: Option<EndReason>,
    pub queue: Option<String>,
    pub started_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// A fact with its names resolved and its numbers read: what the fold takes, and what the log keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub kind: FactKind,
    pub key: String,
    /// The provider's time where it tells one, else when the fact was received.
    pub at: Timestamp,
    pub sequence: Option<i64>,
    pub direction: Option<Direction>,
    pub from: Option<PartyNumber>,
    pub to: Option<PartyNumber>,
    pub agents: Vec<UserId>,
    pub queue: Option<String>,
}
