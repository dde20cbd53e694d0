//! What a provider says about a call, in our words: one fact per event, whatever its source.

use serde::{Deserialize, Serialize};

use crate::{ConnectionId, Timestamp, UserId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Inbound,
    Outbound,
}

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

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    Completed,
    CallerGaveUp,
    NoAnswer,
    Busy,
    Rejected,
    Failed,
    Voicemail,
    Forwarded,
    Stated(EndReason),
    Unstated,
}

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

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentHint {
    Extension(String),
    Email(String),
    UserId(UserId),
    SipUser(String),
    Name(String),
    Any(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFact {
    pub connection: ConnectionId,
    pub provider_call_id: String,
    pub kind: FactKind,
    pub key: String,
    pub provider_event_id: Option<String>,
    pub at: Option<Timestamp>,
    pub sequence: Option<i64>,
    pub direction: Option<Direction>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub agents: Vec<AgentHint>,
    pub queue: Option<String>,
    pub received_at_us: i64,
}
