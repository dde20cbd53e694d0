//! The live state of one tenant: the only place where something is decided.

use std::collections::BTreeMap;

use crate::{
    ConnectionId, Timestamp, UserId,
    agent::Chosen,
    directory::{Summaries, TenantDirectory},
    fact::CallFact,
    log::LogEvent,
    number::Region,
    number_plan::Lines,
    roster::Roster,
};

/// Lengths that the operator sets, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub ring_timeout_ms: u64,
    pub offer_timeout_ms: u64,
    pub wrap_up_ms: u64,
    pub socket_grace_ms: u64,
    pub call_stale_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ring_timeout_ms: 30_000,
            offer_timeout_ms: 20_000,
            wrap_up_ms: 0,
            socket_grace_ms: 10_000,
            call_stale_ms: 14_400_000,
        }
    }
}

/// The connection a fact came by.
#[derive(Clone, Copy)]
pub struct ConnectionView<'a> {
    pub id: ConnectionId,
    pub region: Region,
    pub user_map: &'a BTreeMap<String, UserId>,
}

/// Everything a decision looks at.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub directory: &'a TenantDirectory,
    pub roster: &'a Roster,
    pub lines: &'a dyn Lines,
    pub summaries: &'a dyn Summaries,
    pub settings: &'a Settings,
    pub connection: Option<ConnectionView<'a>>,
}

/// What may happen.
#[derive(Clone, Debug)]
pub enum Input {
    Fact(CallFact),
    ChoosePresence { user: UserId, choice: Chosen, reason: Option<String> },
    SocketOpened { user: UserId },
    LastSocketLost { user: UserId },
    DeadlinePassed,
}

/// Whether an input had an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    /// The same event was here before; nothing is recorded.
    Repetition,
}

/// What follows from an input.
#[derive(Clone, Debug)]
pub struct Decision {
    pub events: Vec<LogEvent>,
    pub outcome: Outcome,
    pub next_deadline: Option<Timestamp>,
}
