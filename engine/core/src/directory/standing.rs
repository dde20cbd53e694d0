//! Where the house stands with a customer (CUS-02), and the moves between.
//!
//! | from \ to | pending | active | suspended | inactive |
//! |-----------|---------|--------|-----------|----------|
//! | pending   |         | yes    |           | yes      |
//! | active    |         |        | yes       | yes      |
//! | suspended |         | yes    |           | yes      |
//! | inactive  |         | yes    |           |          |
//!
//! Nobody becomes pending again: that is how a record begins. Suspended and inactive ones are still found by their
//! number, and flagged; who calls is who they are, whatever we think of them.

use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Pending,
    #[default]
    Active,
    Suspended,
    Inactive,
}

impl Standing {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Active, Self::Suspended, Self::Inactive];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Inactive => "inactive",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.name() == word)
    }

    /// What `is_active` says of it: a pop of the others is flagged.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::Active)
    }

    /// What the plain flag means where no more was said.
    pub const fn of_flag(active: bool) -> Self {
        if active { Self::Active } else { Self::Inactive }
    }

    pub const fn may_become(self, to: Self) -> bool {
        matches!(
            (self, to),
            (Self::Pending | Self::Suspended | Self::Inactive, Self::Active)
                | (Self::Active, Self::Suspended)
                | (Self::Pending | Self::Active | Self::Suspended, Self::Inactive)
        )
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_moves() {
        let moves: Vec<_> = Standing::ALL
            .into_iter()
            .flat_map(|from| Standing::ALL.map(|to| (from, to)))
            .filter(|(from, to)| from.may_become(*to))
            .collect();
        assert_eq!(moves.len(), 7);
        assert!(moves.iter().all(|(from, to)| from != to && *to != Standing::Pending));
        // Whatever it is, it can be made active, and given up.
        for from in Standing::ALL {
            assert!(from == Standing::Active || from.may_become(Standing::Active));
            assert!(from == Standing::Inactive || from.may_become(Standing::Inactive));
            assert_eq!(Standing::parse(from.name()), Some(from));
        }
    }
}
