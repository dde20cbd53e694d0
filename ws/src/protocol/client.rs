//! What clients say.

use serde::Deserialize;
use switchroom_core::agent::Chosen;
use utoipa::ToSchema;
use uuid::Uuid;

use super::server::{Described, Direction, described};

/// `resume`: send everything of mine behind this cursor.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct Resume {
    /// A cursor of `hello`, `committed`, `resynced`, `GET /events` or the wallboard; `0` is the beginning.
    pub cursor: String,
}

/// `ack`: this frame was shown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct Ack {
    pub event_id: Uuid,
}

/// `subscribe`: hear these topics as well.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct Subscribe {
    /// `wallboard`, `calls`, `tickets:ID`.
    pub topics: Vec<String>,
}

/// `unsubscribe`: hear these topics no more.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct Unsubscribe {
    pub topics: Vec<String>,
}

/// The presence an agent may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChosenPresence {
    Available,
    Break,
    Offline,
}

impl From<ChosenPresence> for Chosen {
    fn from(chosen: ChosenPresence) -> Self {
        match chosen {
            ChosenPresence::Available => Self::Available,
            ChosenPresence::Break => Self::Break,
            ChosenPresence::Offline => Self::Offline,
        }
    }
}

/// `presence`: I am available, on a break, or gone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct SetPresence {
    pub state: ChosenPresence,
    /// At most 200 characters.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub reason: Option<String>,
}

/// `pong`: still here. So does every other message say, and every WebSocket control frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub struct Pong {}

/// A message of a client, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    Resume(Resume),
    Ack(Ack),
    Subscribe(Subscribe),
    Unsubscribe(Unsubscribe),
    Presence(SetPresence),
    Pong,
}

/// Every message a client may send. Its fields stand beside `type`, not in a `data`.
pub const MESSAGES: &[Described] = &[
    described::<Resume>(
        "resume",
        Direction::Receive,
        "Everything addressed to the user behind a cursor is sent again.",
    ),
    described::<Ack>("ack", Direction::Receive, "A frame was shown to the user."),
    described::<Subscribe>("subscribe", Direction::Receive, "Hear topics as well."),
    described::<Unsubscribe>("unsubscribe", Direction::Receive, "Hear topics no more."),
    described::<SetPresence>("presence", Direction::Receive, "Choose one's presence."),
    described::<Pong>("pong", Direction::Receive, "The client is still there."),
];
