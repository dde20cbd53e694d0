//! Calls: what is known of each one, whatever order it was told in.
//!
//! Providers repeat, reorder and lose events, so a call is not a machine that steps from event to event: it is a
//! *join* of the facts told so far ([`CallFold`]). Each field is the least or the greatest of what the facts say in
//! one total order, so any permutation and any repetition of the same facts gives the same call. The table is what
//! that join looks like from the outside:
//!
//! | standing ↓ · fact → | ringing | answered | held | resumed | transferred | ended |
//! |---|---|---|---|---|---|---|
//! | (nothing yet) | ringing | answered | held | answered | transferring | ended, no pop |
//! | ringing | ringing | answered | held | answered | transferring | ended |
//! | answered | answered ¹ | answered | held ² | answered | transferring ² | ended |
//! | held | held ¹ | answered ² | held | answered ² | transferring ² | ended |
//! | transferring | transferring ¹ | answered ² | held ² | answered ² | transferring | ended |
//! | ended | ended ³ | ended ³ | ended ³ | ended ³ | ended ³ | ended ³ |
//!
//! ¹ never moves the state back; may still pop to agents it names (the next phone of a transfer, a lost first ring).
//! ² where the fact is the latest of its kind by the provider's order, else a regression: recorded, without effect.
//! ³ recorded without effect on the state; an answer told late still makes the end reason `completed`.
//!
//! How a call ended (contract §3):
//!
//! | the provider's cause | answered before | not answered |
//! |---|---|---|
//! | stated reason (generic) | as stated | as stated |
//! | voicemail | voicemail | voicemail |
//! | completed | completed | completed (the provider says that somebody answered) |
//! | caller gave up, or unstated | completed | abandoned if a queue was named, else missed |
//! | no answer, forwarded | completed | missed |
//! | busy / rejected / failed | completed | busy / rejected / failed |
//! | silence for `call_stale_ms` | failed | failed, until a real ending is told |

mod fold;

use serde::{Deserialize, Serialize};

use crate::{
    BotId, CallId, ConnectionId, NumberId, Timestamp, UserId,
    directory::ContactRef,
    fact::{Direction, EndReason, FactKind},
    number::PartyNumber,
};

pub use fold::{CallFold, STALE_KEY};

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
    /// The bot that the line rang when the call came; null where it rang none.
    #[serde(default)]
    pub bot_id: Option<BotId>,
    pub queue: Option<String>,
    /// Who answered.
    pub agent_id: Option<UserId>,
    pub contact: Option<ContactRef>,
    pub started_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

impl CallSnapshot {
    pub fn outline(&self) -> Outline {
        Outline {
            direction: self.direction,
            state: self.state,
            end_reason: self.end_reason,
            queue: self.queue.clone(),
            started_at: self.started_at,
            answered_at: self.answered_at,
            ended_at: self.ended_at,
        }
    }
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
    /// Whether that is the provider's time.
    pub told: bool,
    pub sequence: Option<i64>,
    pub direction: Option<Direction>,
    pub from: Option<PartyNumber>,
    pub to: Option<PartyNumber>,
    pub agents: Vec<UserId>,
    pub queue: Option<String>,
}
