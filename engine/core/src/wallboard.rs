//! The wallboard: a fold of the log. Ages are `since` times, never running lengths, so a board that nothing happens
//! to never changes.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, agent::AgentView, log::Cursor};

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
    /// Unanswered calls that a queue was named for.
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
    pub calls_per_minute: Vec<Minute>,
}

/// Calls that started within this minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minute {
    pub at: Timestamp,
    pub calls: u64,
}

/// What changed since `base`; a part that is absent did not. `agents` holds the changed rows only.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<CallFigures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figures: Option<Vec<Figure>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<Series>,
}
