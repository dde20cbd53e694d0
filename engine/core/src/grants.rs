//! What a sign-in may: a set of permissions, worked out once when it is found and then only asked.
//!
//! It is made of what the person's role gives (a built-in one or a tenant's own), less the modules that are switched
//! off for them, less what an API token was not made for.

use crate::{
    permission::Permission,
    role::{Modules, Role},
};

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grants(u128);

// A bit each; the table may grow to this and the compiler says when it has.
const _: () = assert!(Permission::ALL.len() <= 128);

impl Grants {
    pub const NONE: Self = Self(0);
    /// Everything: the platform admin.
    pub const ALL: Self = Self(u128::MAX);

    const fn bit(permission: Permission) -> u128 {
        1 << permission as u32
    }

    /// These.
    pub const fn of(permissions: &[Permission]) -> Self {
        let (mut bits, mut at) = (0, 0);
        // A loop that a constant can be made by.
        while at < permissions.len() {
            bits |= Self::bit(permissions[at]);
            at += 1;
        }
        Self(bits)
    }

    pub const fn holds(self, permission: Permission) -> bool {
        self.0 & Self::bit(permission) != 0
    }

    /// Whether everything in `other` is in here too.
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// In the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.holds(*permission))
    }

    /// What a built-in role gives.
    pub fn of_role(role: Role) -> Self {
        role.permissions().collect()
    }

    /// What of it is left with these modules.
    #[must_use]
    pub fn within(self, modules: Modules) -> Self {
        self.iter()
            .filter(|permission| permission.module().is_none_or(|module| modules.allows(module)))
            .collect()
    }

    /// From stored names. One that is not known any more grants nothing.
    pub fn of_names<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Self {
        names.into_iter().filter_map(|name| Permission::named(name.as_ref())).collect()
    }

    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Permission::name).collect()
    }
}

impl FromIterator<Permission> for Grants {
    fn from_iter<T: IntoIterator<Item = Permission>>(permissions: T) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | Self::bit(permission)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_and_the_set_agree() {
        for role in Role::ALL {
            let grants = Grants::of_role(role);
            for permission in Permission::ALL {
                assert_eq!(grants.holds(*permission), role.grants(*permission), "{role} {permission}");
                let none =
                    Modules { individuals: false, organizations: false, tickets: false, numbers: false };
                assert_eq!(grants.within(none).holds(*permission), role.may(*permission, none));
                assert_eq!(grants.within(Modules::ALL).holds(*permission), role.grants(*permission));
            }
        }
        assert!(Permission::ALL.iter().all(|permission| Grants::ALL.holds(*permission)));
        assert_eq!(Grants::ALL.iter().count(), Permission::ALL.len());
    }

    fn set() -> impl Strategy<Value = Grants> {
        prop::collection::vec(prop::sample::select(Permission::ALL), 0..20)
            .prop_map(|all| all.into_iter().collect())
    }

    proptest! {
        #[test]
        fn narrowing_never_adds(a in set(), b in set()) {
            let both = a.and(b);
            prop_assert!(a.covers(both) && b.covers(both));
            prop_assert_eq!(a.covers(b), b.iter().all(|permission| a.holds(permission)));
            prop_assert_eq!(Grants::of_names(a.names()), a);
            prop_assert_eq!(Grants::of(&a.iter().collect::<Vec<_>>()), a);
        }
    }

    #[test]
    fn unknown_names_grant_nothing() {
        assert_eq!(Grants::of_names(["calls.read", "calls.own", ""]).names(), vec!["calls.read"]);
    }
}
