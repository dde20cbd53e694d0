//! What a provider or the SIP door told us about a call, in our words. A fact is what remains of a webhook or a SIP
//! message once its authenticity is judged and its vocabulary read; it holds nothing that was looked up or decided.
//!
//! Facts are the only way call events come in, so whatever a provider does, the rules see the same few shapes.

use serde::{Deserialize, Serialize};

use crate::{ConnectionId, Timestamp, UserId};

/// Who called whom, seen from the tenant: `Inbound` = somebody calls one of our lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Inbound,
    Outbound,
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// What happened to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    Ringing,
    Answered,
    Held,
    Resumed,
    Transferred,
    Ended(EndCause),
}

/// How the provider says a call ended. The end *reason* follows from this and from what the call had been through
/// (contract §3: a caller who gave up is `abandoned` where a queue was named, else `missed`), so it is decided by the
/// call machine and not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// Ordinary clearing.
    Completed,
    /// The caller hung up before anybody answered.
    CallerGaveUp,
    /// Nobody answered in time.
    NoAnswer,
    Busy,
    /// Declined, SIP 603.
    Rejected,
    /// Congestion, not found, invalid number.
    Failed,
    Voicemail,
    /// Forwarded, or answered elsewhere.
    Forwarded,
    /// The sender names our end reason itself (generic `reason`).
    Stated(EndReason),
    /// The sender says that it ended and not why.
    Unstated,
}

/// The one table of end reasons (contract §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    Completed,
    Missed,
    Abandoned,
    Busy,
    Rejected,
    Failed,
    Voicemail,
}

impl EndReason {
    pub const ALL: [Self; 7] = [
        Self::Completed,
        Self::Missed,
        Self::Abandoned,
        Self::Busy,
        Self::Rejected,
        Self::Failed,
        Self::Voicemail,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Missed => "missed",
            Self::Abandoned => "abandoned",
            Self::Busy => "busy",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Voicemail => "voicemail",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// How a provider names an agent. Resolved against the tenant's roster when the fact is decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentHint {
    Extension(String),
    Email(String),
    UserId(UserId),
    SipUser(String),
    Name(String),
    /// Try user_map, extension, e-mail, SIP user, exact display name, in this order.
    Any(String),
}

/// One event of one call, as told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFact {
    pub connection: ConnectionId,
    /// What the provider calls the whole conversation; our call id derives from (connection, this).
    pub provider_call_id: String,
    pub kind: FactKind,
    /// Identity of the event within the call (contract §3 "Same event"): two facts with equal keys are one event.
    pub key: String,
    /// The provider's own id of the event, for people who compare logs.
    pub provider_event_id: Option<String>,
    /// The provider's time, where it sends one.
    pub at: Option<Timestamp>,
    /// The provider's order, where it sends one.
    pub sequence: Option<i64>,
    pub direction: Option<Direction>,
    /// Raw, as told; None = this event does not say.
    pub from: Option<String>,
    pub to: Option<String>,
    pub agents: Vec<AgentHint>,
    pub queue: Option<String>,
    /// When the bytes were here, in Unix microseconds.
    pub received_at_us: i64,
}
