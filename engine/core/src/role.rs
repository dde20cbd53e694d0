//! Who someone is in a tenant: one role per membership, and the module flags laid over it.
//!
//! A role is only a named bundle of permissions ([`crate::permission`]). Nothing outside that table asks for a role.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The roles of contract §5. The platform admin is not among them: that is a flag of the person, above all tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    OrgOwner,
    OrgAdmin,
    Supervisor,
    Agent,
    Corporate,
    Member,
    Client,
}

impl Role {
    pub const ALL: [Self; 7] = [
        Self::OrgOwner,
        Self::OrgAdmin,
        Self::Supervisor,
        Self::Agent,
        Self::Corporate,
        Self::Member,
        Self::Client,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::OrgOwner => "org_owner",
            Self::OrgAdmin => "org_admin",
            Self::Supervisor => "supervisor",
            Self::Agent => "agent",
            Self::Corporate => "corporate",
            Self::Member => "member",
            Self::Client => "client",
        }
    }

    /// Whether calls are offered to people of this role, and so whether they have a presence.
    pub const fn takes_calls(self) -> bool {
        matches!(self, Self::OrgOwner | Self::OrgAdmin | Self::Supervisor | Self::Agent)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The word is no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such role")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or(UnknownRole)
    }
}

/// A part of the product that can be switched off for one person, whatever their role grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Module {
    Individuals,
    Organizations,
    Tickets,
    Numbers,
}

/// The module flags of one membership. A permission of a module holds only while its flag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modules {
    pub individuals: bool,
    pub organizations: bool,
    pub tickets: bool,
    pub numbers: bool,
}

impl Modules {
    pub const ALL: Self = Self { individuals: true, organizations: true, tickets: true, numbers: true };

    pub const fn allows(self, module: Module) -> bool {
        match module {
            Module::Individuals => self.individuals,
            Module::Organizations => self.organizations,
            Module::Tickets => self.tickets,
            Module::Numbers => self.numbers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_match_the_wire() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{}\"", role.name()));
        }
        assert_eq!("Agent".parse::<Role>(), Err(UnknownRole));
        assert_eq!("platform_admin".parse::<Role>(), Err(UnknownRole));
    }
}
