//! The lines of ours (DID): which tenant a dialled number belongs to, and whose phone it rings.

use std::collections::BTreeMap;

use crate::{NumberId, TenantId, UserId, number::E164};

/// A line that a tenant holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub id: NumberId,
    pub number: E164,
    pub tenant: TenantId,
    /// The agent connected to it.
    pub user_id: Option<UserId>,
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
        self.lines.values().find(|line| line.user_id == Some(user)).copied()
    }
}

impl Lines for NumberPlan {
    fn line(&self, number: E164) -> Option<Line> {
        self.lines.get(&number).copied()
    }
}
