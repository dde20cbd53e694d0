//! The lines of ours (DID): which tenant a dialled number belongs to, and whose phone it rings.

use std::collections::BTreeMap;

use crate::{BotId, NumberId, TenantId, UserId, number::E164};

/// What a line rings: a person, or a bot (K-05). One line per endpoint, one endpoint per line (NUM-05).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    User(UserId),
    Bot(BotId),
}

impl Endpoint {
    /// From two columns of which at most one is filled.
    pub fn of(user: Option<UserId>, bot: Option<BotId>) -> Option<Self> {
        user.map(Self::User).or(bot.map(Self::Bot))
    }

    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::Bot(_) => None,
        }
    }

    pub const fn bot(self) -> Option<BotId> {
        match self {
            Self::User(_) => None,
            Self::Bot(bot) => Some(bot),
        }
    }
}

/// A line that a tenant holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub id: NumberId,
    pub number: E164,
    pub tenant: TenantId,
    /// What is connected to it.
    pub endpoint: Option<Endpoint>,
}

/// What the live core asks about the lines of one tenant.
pub trait Lines {
    fn line(&self, number: E164) -> Option<Line>;
}

/// An immutable snapshot of one tenant's lines.
#[derive(Clone, Debug, Default)]
pub struct NumberPlan {
    lines: BTreeMap<E164, Line>,
}

impl NumberPlan {
    pub fn new(lines: impl IntoIterator<Item = Line>) -> Self {
        Self { lines: lines.into_iter().map(|line| (line.number, line)).collect() }
    }

    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.values()
    }

    /// The line that rings this agent.
    pub fn of_agent(&self, user: UserId) -> Option<Line> {
        self.lines.values().find(|line| line.endpoint == Some(Endpoint::User(user))).copied()
    }
}

impl Lines for NumberPlan {
    fn line(&self, number: E164) -> Option<Line> {
        self.lines.get(&number).copied()
    }
}
