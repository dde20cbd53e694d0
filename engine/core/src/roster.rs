//! The people of a tenant as call events name them: by extension, e-mail, SIP user or name.

use std::collections::BTreeMap;

use crate::{Role, UserId, fact::AgentHint};

/// A person of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub user_id: UserId,
    /// Lower case.
    pub email: Box<str>,
    pub name: Box<str>,
    pub role: Role,
    pub extension: Option<Box<str>>,
    pub sip_uri: Option<Box<str>>,
    pub active: bool,
}

/// An immutable snapshot; a change makes a new one. Only active members are found by name, extension or address.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    members: BTreeMap<UserId, Member>,
    extensions: BTreeMap<Box<str>, UserId>,
    emails: BTreeMap<Box<str>, UserId>,
    sip_users: BTreeMap<Box<str>, UserId>,
    names: BTreeMap<Box<str>, UserId>,
}

impl Roster {
    pub fn new(members: Vec<Member>) -> Self {
        let mut roster = Self::default();
        for member in members {
            roster.members.insert(member.user_id, member);
        }
        // In order of id, and the first wins: the answer does not depend on the order of loading.
        for member in roster.members.values().filter(|member| member.active) {
            let id = member.user_id;
            if let Some(extension) = &member.extension {
                roster.extensions.entry(extension.clone()).or_insert(id);
            }
            roster.emails.entry(member.email.to_lowercase().into()).or_insert(id);
            if let Some(uri) = &member.sip_uri {
                roster.sip_users.entry(sip_user(uri).to_lowercase().into()).or_insert(id);
            }
            roster.names.entry(member.name.trim().into()).or_insert(id);
        }
        roster
    }

    pub fn member(&self, user: UserId) -> Option<&Member> {
        self.members.get(&user)
    }

    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Those who take calls, by id.
    pub fn agents(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| member.active && member.role.takes_calls())
    }

    pub fn by_extension(&self, extension: &str) -> Option<UserId> {
        self.extensions.get(extension).copied()
    }

    /// Whom a call event names: by the connection's own map first, then extension, e-mail, SIP user and exact display
    /// name (contract §3). Nobody where the name is unknown, ambiguous names going to the lowest id.
    pub fn resolve(&self, hint: &AgentHint, user_map: &BTreeMap<String, UserId>) -> Option<UserId> {
        let named = match hint {
            AgentHint::UserId(id) => return self.active(*id),
            AgentHint::Extension(name)
            | AgentHint::Email(name)
            | AgentHint::SipUser(name)
            | AgentHint::Name(name)
            | AgentHint::Any(name) => name.trim(),
        };
        if named.is_empty() {
            return None;
        }
        if let Some(id) = user_map.get(named) {
            return self.active(*id);
        }
        match hint {
            AgentHint::UserId(_) => None,
            AgentHint::Extension(_) => self.by_extension(named),
            AgentHint::Email(_) => self.by_email(named),
            AgentHint::SipUser(_) => self.by_sip_user(named),
            AgentHint::Name(_) => self.by_name(named),
            AgentHint::Any(_) => self
                .by_extension(named)
                .or_else(|| self.by_email(named))
                .or_else(|| self.by_sip_user(named))
                .or_else(|| self.by_name(named)),
        }
    }

    fn active(&self, user: UserId) -> Option<UserId> {
        self.members.get(&user).filter(|member| member.active).map(|member| member.user_id)
    }

    fn by_email(&self, email: &str) -> Option<UserId> {
        self.emails.get(email.to_lowercase().as_str()).copied()
    }

    fn by_sip_user(&self, name: &str) -> Option<UserId> {
        self.sip_users.get(sip_user(name).to_lowercase().as_str()).copied()
    }

    fn by_name(&self, name: &str) -> Option<UserId> {
        self.names.get(name).copied()
    }
}

/// The user part of a SIP address: "sip:201@pbx.example;transport=tcp" → "201"; a bare name is itself.
fn sip_user(uri: &str) -> &str {
    let uri = uri.trim();
    let rest = match uri.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips") => {
            rest
        }
        _ => uri,
    };
    let user = rest.split(['@', ';', '?']).next().unwrap_or(rest);
    user.split(':').next().unwrap_or(user)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn member(id: u128, name: &str, extension: Option<&str>, sip_uri: Option<&str>) -> Member {
        Member {
            user_id: UserId(Uuid::from_u128(id)),
            email: format!("{}@acme.example", name.to_lowercase()).into(),
            name: name.into(),
            role: Role::Agent,
            extension: extension.map(Into::into),
            sip_uri: sip_uri.map(Into::into),
            active: true,
        }
    }

    fn roster() -> Roster {
        Roster::new(vec![
            member(1, "Ann", Some("201"), Some("sip:ann.desk@pbx.example;transport=tcp")),
            member(2, "Ben", Some("202"), None),
            member(3, "202", None, None),
            member(4, "Ann", None, None),
            Member { active: false, ..member(5, "Gone", Some("205"), None) },
            Member { role: Role::Client, ..member(6, "Client", None, None) },
        ])
    }

    fn any(name: &str) -> Option<u128> {
        let map = BTreeMap::from([
            ("boss".to_owned(), UserId(Uuid::from_u128(2))),
            ("201".to_owned(), UserId(Uuid::from_u128(4))),
            ("ghost".to_owned(), UserId(Uuid::from_u128(99))),
            ("gone".to_owned(), UserId(Uuid::from_u128(5))),
        ]);
        roster().resolve(&AgentHint::Any(name.to_owned()), &map).map(|id| id.0.as_u128())
    }

    #[test]
    fn names_resolve_by_map_extension_email_sip_user_and_display_name_in_this_order() {
        for (name, expected) in [
            ("boss", Some(2)),
            ("201", Some(4)),
            ("202", Some(2)),
            ("BEN@acme.example", Some(2)),
            ("ann.desk", Some(1)),
            ("sip:ann.desk@elsewhere", Some(1)),
            ("Ann", Some(1)),
            (" Ben ", Some(2)),
            ("ben", None),
            ("205", None),
            ("Gone", None),
            ("gone", None),
            ("ghost", None),
            ("", None),
            ("nobody", None),
        ] {
            assert_eq!(any(name), expected, "{name}");
        }
    }

    #[test]
    fn a_hint_of_one_sort_is_not_taken_for_another() {
        let (roster, map) = (roster(), BTreeMap::new());
        let id = |hint: AgentHint| roster.resolve(&hint, &map).map(|id| id.0.as_u128());
        assert_eq!(id(AgentHint::Extension("202".into())), Some(2));
        assert_eq!(id(AgentHint::Name("202".into())), Some(3));
        assert_eq!(id(AgentHint::Email("Ann".into())), None);
        assert_eq!(id(AgentHint::SipUser("sip:ann.desk@x".into())), Some(1));
        assert_eq!(id(AgentHint::UserId(UserId(Uuid::from_u128(1)))), Some(1));
        assert_eq!(id(AgentHint::UserId(UserId(Uuid::from_u128(5)))), None, "inactive");
    }

    #[test]
    fn only_active_people_of_calling_roles_are_agents() {
        let agents: Vec<u128> = roster().agents().map(|member| member.user_id.0.as_u128()).collect();
        assert_eq!(agents, [1, 2, 3, 4]);
    }
}
