//! Agents: where each one stands, and until when.

use serde::{Deserialize, Serialize};

use crate::{CallId, Timestamp, UserId};

/// What is shown of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    Offline,
    Available,
    Reserved,
    Ringing,
    OnCall,
    WrapUp,
    Break,
}

/// What an agent may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chosen {
    Offline,
    Available,
    Break,
}

/// A `presence` entry of the log, and (without what is internal) the data of its frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceChange {
    pub user_id: UserId,
    pub presence: Presence,
    pub chosen: Chosen,
    pub reason: Option<String>,
    pub since: Timestamp,
    /// End of the wrap-up where presence is wrap_up.
    pub until: Option<Timestamp>,
    pub call_ids: Vec<CallId>,
}

/// What `PUT …/presence` answers and the `presence` frame carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceView {
    pub user_id: UserId,
    pub presence: Presence,
    pub reason: Option<String>,
    pub since: Timestamp,
}

/// One row of `GET /agents`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    pub user_id: UserId,
    pub email: Box<str>,
    pub name: Box<str>,
    pub extension: Option<Box<str>>,
    pub presence: Presence,
    pub reason: Option<String>,
    pub since: Timestamp,
    pub call_ids: Vec<CallId>,
}

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words!(Presence {
    Offline = "offline",
    Available = "available",
    Reserved = "reserved",
    Ringing = "ringing",
    OnCall = "on_call",
    WrapUp = "wrap_up",
    Break = "break",
});
words!(Chosen { Offline = "offline", Available = "available", Break = "break" });

impl From<Chosen> for Presence {
    fn from(chosen: Chosen) -> Self {
        match chosen {
            Chosen::Offline => Self::Offline,
            Chosen::Available => Self::Available,
            Chosen::Break => Self::Break,
        }
    }
}
