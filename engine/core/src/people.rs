//! Who may do what to whom. Permissions open the door; what lies behind depends on the other person's role.

use crate::{grants::Grants, role::Role};

/// On whose authority somebody acts in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The platform admin, who is no member.
    Platform,
    Member(Role),
}

impl Authority {
    /// Whether this authority reaches a person of that role: to invite them to it, to change them, to sign them out.
    /// An owner answers to owners only, so that no admin can make themselves one or lock the owner out. Who is neither
    /// and may manage people (a tenant's own role gives it) reaches those below.
    pub fn reaches(self, role: Role) -> bool {
        match self {
            Self::Platform | Self::Member(Role::OrgOwner) => true,
            Self::Member(Role::OrgAdmin) => role != Role::OrgOwner,
            Self::Member(own) => own < role,
        }
    }
}

/// What somebody may make of others or let in as: no role beyond their authority, nothing that they do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Giving {
    pub authority: Authority,
    pub grants: Grants,
}

impl Giving {
    /// Whether somebody of that role and with these permissions is within it.
    pub fn covers(self, role: Role, grants: Grants) -> bool {
        self.authority.reaches(role) && self.grants.covers(grants)
    }

    /// Whether everybody within the other is within this too.
    pub fn exceeds(self, other: Self) -> bool {
        let reaches = |role| self.authority.reaches(role) || !other.authority.reaches(role);
        Role::ALL.into_iter().all(reaches) && self.grants.covers(other.grants)
    }
}

/// A membership before and after, and who wants it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub by: Authority,
    /// Whether somebody changes themselves.
    pub own: bool,
    pub role: (Role, Role),
    pub active: (bool, bool),
    /// Whether module flags change: they are powers, like the role.
    pub modules: bool,
    /// Whether the tenant has another active owner.
    pub other_owner: bool,
}

/// Why a membership stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody changes their own role or modules, or switches themselves off.
    Own,
    /// The authority does not reach the role that somebody has or shall have.
    OutOfReach,
    /// A tenant without an active owner could never get one again.
    LastOwner,
}

impl Change {
    /// Whether it may be so.
    pub fn judge(&self) -> Result<(), Refusal> {
        if !self.by.reaches(self.role.0) || !self.by.reaches(self.role.1) {
            return Err(Refusal::OutOfReach);
        }
        if self.own && (self.role.0 != self.role.1 || self.active.0 != self.active.1 || self.modules) {
            return Err(Refusal::Own);
        }
        let is_owner = |role: Role, active: bool| role == Role::OrgOwner && active;
        let leaves = is_owner(self.role.0, self.active.0) && !is_owner(self.role.1, self.active.1);
        if leaves && !self.other_owner { Err(Refusal::LastOwner) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_become_of_a_member() {
        use Role::{Agent, OrgAdmin, OrgOwner};
        let (owner, admin) = (Authority::Member(OrgOwner), Authority::Member(OrgAdmin));
        let (on, off) = ((true, true), (true, false));
        for (by, own, role, active, other_owner, expected) in [
            (admin, false, (Agent, OrgAdmin), on, true, Ok(())),
            (admin, false, (Agent, OrgOwner), on, true, Err(Refusal::OutOfReach)),
            (admin, false, (OrgOwner, OrgOwner), on, true, Err(Refusal::OutOfReach)),
            (admin, false, (OrgOwner, Agent), on, true, Err(Refusal::OutOfReach)),
            (admin, false, (OrgOwner, OrgOwner), off, true, Err(Refusal::OutOfReach)),
            (admin, true, (OrgAdmin, OrgAdmin), on, true, Ok(())),
            (admin, true, (OrgAdmin, Agent), on, true, Err(Refusal::Own)),
            (admin, true, (OrgAdmin, OrgAdmin), off, true, Err(Refusal::Own)),
            (owner, true, (OrgOwner, Agent), on, true, Err(Refusal::Own)),
            (owner, false, (OrgOwner, Agent), on, true, Ok(())),
            (owner, false, (OrgOwner, Agent), on, false, Err(Refusal::LastOwner)),
            (Authority::Platform, false, (OrgOwner, OrgOwner), off, false, Err(Refusal::LastOwner)),
            (Authority::Platform, false, (OrgOwner, OrgOwner), off, true, Ok(())),
            (Authority::Platform, false, (OrgOwner, OrgOwner), (false, true), false, Ok(())),
            (Authority::Platform, false, (OrgOwner, Agent), (false, false), false, Ok(())),
            (Authority::Member(Agent), false, (Agent, Agent), off, true, Err(Refusal::OutOfReach)),
            (Authority::Member(Agent), false, (Role::Client, Role::Member), on, true, Ok(())),
            (Authority::Member(Agent), false, (Role::Client, Agent), on, true, Err(Refusal::OutOfReach)),
        ] {
            let change = Change { by, own, role, active, modules: false, other_owner };
            assert_eq!(change.judge(), expected, "{change:?}");
            let more = Change { modules: true, ..change };
            let refused = if own && expected.is_ok() { Err(Refusal::Own) } else { expected };
            assert_eq!(more.judge(), refused, "{more:?}");
        }
    }

    #[test]
    fn nobody_gives_beyond_their_authority_or_what_they_have() {
        let of = |role| Giving { authority: Authority::Member(role), grants: Grants::of_role(role) };
        let has = Grants::of_role;
        for (giving, role, grants, expected) in [
            (of(Role::OrgOwner), Role::OrgOwner, has(Role::OrgOwner), true),
            (of(Role::OrgAdmin), Role::OrgAdmin, has(Role::OrgAdmin), true),
            (of(Role::OrgAdmin), Role::OrgOwner, Grants::NONE, false),
            (of(Role::OrgAdmin), Role::Agent, Grants::ALL, false),
            (of(Role::Agent), Role::Agent, Grants::NONE, false),
            (of(Role::Agent), Role::Client, has(Role::OrgAdmin), false),
            (Giving { grants: Grants::NONE, ..of(Role::OrgOwner) }, Role::Agent, has(Role::Agent), false),
        ] {
            assert_eq!(giving.covers(role, grants), expected, "{giving:?} {role}");
        }
    }

    #[test]
    fn owners_answer_to_owners_only() {
        for role in Role::ALL {
            assert!(Authority::Platform.reaches(role));
            assert!(Authority::Member(Role::OrgOwner).reaches(role));
            assert_eq!(Authority::Member(Role::OrgAdmin).reaches(role), role != Role::OrgOwner);
            for other in [Role::Supervisor, Role::Agent, Role::Corporate, Role::Member, Role::Client] {
                assert!(!Authority::Member(other).reaches(other), "not their like");
                assert_eq!(
                    Authority::Member(other).reaches(role),
                    other < role,
                    "roles are listed from the top"
                );
            }
        }
    }
}
