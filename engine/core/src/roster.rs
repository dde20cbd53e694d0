//! The agents of a tenant as providers name them.

use std::collections::BTreeMap;

use crate::{UserId, fact::AgentHint, role::Role};

#[derive(Clone, Debug)]
pub struct Member {
    pub user_id: UserId,
    pub email: Box<str>,
    pub name: Box<str>,
    pub role: Role,
    pub extension: Option<Box<str>>,
    pub sip_uri: Option<Box<str>>,
    pub active: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Roster {
    members: Vec<Member>,
}

impl Roster {
    pub fn new(members: Vec<Member>) -> Self {
        Self { members }
    }

    pub fn member(&self, user: UserId) -> Option<&Member> {
        self.members.iter().find(|member| member.user_id == user)
    }

    pub fn resolve(&self, name: &AgentHint, user_map: &BTreeMap<String, UserId>) -> Option<UserId> {
        let find = |test: &dyn Fn(&Member) -> bool| self.members.iter().find(|m| test(m)).map(|m| m.user_id);
        match name {
            AgentHint::Extension(extension) => self.by_extension(extension),
            AgentHint::Email(email) => find(&|m| m.email.eq_ignore_ascii_case(email)),
            AgentHint::UserId(user) => self.member(*user).map(|m| m.user_id),
            AgentHint::SipUser(_) => None,
            AgentHint::Name(name) => find(&|m| *m.name == **name),
            AgentHint::Any(word) => user_map.get(word).copied().or_else(|| self.by_extension(word)),
        }
    }

    pub fn agents(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.active && member.role.takes_calls())
    }

    pub fn by_extension(&self, extension: &str) -> Option<UserId> {
        self.members.iter().find(|m| m.extension.as_deref() == Some(extension)).map(|m| m.user_id)
    }
}
