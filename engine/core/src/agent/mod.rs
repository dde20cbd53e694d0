//! Agents: where each one stands, and until when.
//!
//! What is shown of an agent is what they chose (offline, available, break), overlaid by what happens to them:
//!
//! | shown | comes from | ends by |
//! |---|---|---|
//! | offline, available, break | the agent's choice; offline also `socket_grace_ms` after the last socket was lost, once no call holds them | the next choice |
//! | reserved | an offer that holds them free | answer, withdrawal, or its deadline |
//! | ringing | a ringing event names them, or the dialled line is connected to them | answer by anybody, end of the call, or its deadline |
//! | on_call | an answer that names them (or theirs was the only phone that rang) | end of the call, or an answer by another |
//! | wrap_up | the end of a conversation, where a wrap-up time is set | its deadline, or a choice |
//!
//! A pop that goes to every available agent takes nobody's availability away: their phones do not ring by it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    CallId, Timestamp, UserId,
    planted::{self, Bug},
};

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

/// What ties an agent to a call. Everything but a conversation is a lease: it ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// Held free for an offer.
    Reserved { until: Timestamp },
    /// Their phone rings.
    Ringing { until: Timestamp },
    /// They have the caller. Ends with the call, which itself ends when nothing is heard of it for too long.
    OnCall,
}

impl Link {
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Ringing { .. } if planted::is(Bug::RingsForEver) => None,
            Self::Reserved { until } | Self::Ringing { until } => Some(until),
            Self::OnCall => None,
        }
    }
}

/// A `presence` entry of the log: the agent as they stand with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceChange {
    pub user_id: UserId,
    pub presence: Presence,
    pub chosen: Chosen,
    pub reason: Option<String>,
    pub since: Timestamp,
    /// End of the wrap-up where there is one.
    pub until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub calls: BTreeMap<CallId, Link>,
}

impl PresenceChange {
    /// Somebody of whom nothing was heard yet.
    pub fn unknown(user_id: UserId, since: Timestamp) -> Self {
        Self {
            user_id,
            presence: Presence::Offline,
            chosen: Chosen::Offline,
            reason: None,
            since,
            until: None,
            calls: BTreeMap::new(),
        }
    }

    pub fn view(&self) -> PresenceView {
        PresenceView {
            user_id: self.user_id,
            presence: self.presence,
            reason: self.reason.clone(),
            since: self.since,
        }
    }

    /// What is to be shown: the conversation over the ring over the wrap-up over the choice.
    fn shown(&self, now: Timestamp) -> Presence {
        let any = |test: fn(&Link) -> bool| self.calls.values().any(test);
        if any(|link| matches!(link, Link::OnCall)) {
            Presence::OnCall
        } else if any(|link| matches!(link, Link::Ringing { .. })) {
            Presence::Ringing
        } else if any(|link| matches!(link, Link::Reserved { .. })) {
            Presence::Reserved
        } else if self.until.is_some_and(|until| until > now) {
            Presence::WrapUp
        } else {
            self.chosen.into()
        }
    }

    /// Lets go of what has run out and settles what is shown; `since` moves only where that changes.
    pub fn settle(&mut self, now: Timestamp) {
        self.calls.retain(|_, link| link.until().is_none_or(|until| until > now));
        if self.until.is_some_and(|until| until <= now) {
            self.until = None;
        }
        let shown = self.shown(now);
        if shown != self.presence {
            self.presence = shown;
            self.since = now;
        }
    }

    /// When [`PresenceChange::settle`] next has something to do by itself.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.calls.values().filter_map(|link| link.until()).chain(self.until).min()
    }
}

/// What a change of presence answers, and what the `presence` frame carries.
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
    /// Null while nothing was ever heard of them.
    pub since: Option<Timestamp>,
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
