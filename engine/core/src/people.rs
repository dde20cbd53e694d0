//! Who may do what to whom. Permissions open the door; what lies behind depends on the other person's role.

use crate::role::Role;

/// On whose authority somebody acts in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The platform admin, who is no member.
    Platform,
    Member(Role),
}

impl Authority {
    /// Whether this authority reaches a person of that role: to invite them to it, to change them, to sign them out.
    /// An owner answers to owners only, so that no admin can make themselves one or lock the owner out.
    pub fn reaches(self, role: Role) -> bool {
        match self {
            Self::Platform | Self::Member(Role::OrgOwner) => true,
            Self::Member(Role::OrgAdmin) => role != Role::OrgOwner,
            Self::Member(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_answer_to_owners_only() {
        for role in Role::ALL {
            assert!(Authority::Platform.reaches(role));
            assert!(Authority::Member(Role::OrgOwner).reaches(role));
            assert_eq!(Authority::Member(Role::OrgAdmin).reaches(role), role != Role::OrgOwner);
            for other in [Role::Supervisor, Role::Agent, Role::Corporate, Role::Member, Role::Client] {
                assert!(!Authority::Member(other).reaches(role));
            }
        }
    }
}
