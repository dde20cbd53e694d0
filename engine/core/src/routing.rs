//! Who gets the pop (contract §3).

use std::collections::BTreeSet;

use crate::{
    Role, UserId,
    fact::Direction,
    number_plan::Endpoint,
    planted::{self, Bug},
    roster::Roster,
};

/// Whose screens show the call, and whether their phones ring by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    pub users: Vec<UserId>,
    /// Their own phones ring: they are named, or the line is theirs. Not so when everybody is asked.
    pub rings: bool,
}

/// Every agent the event names, whatever their presence; else the agent connected to the dialled number, whatever
/// their presence; else every available agent (those a queue offers it to, where queues have members). A number that
/// is a bot's asks nobody: the bot takes the call, until an event names somebody (ADR 0026). Outbound calls pop to
/// named agents only.
pub fn audience(
    direction: Direction,
    named: &[UserId],
    connected: Option<Endpoint>,
    available: impl Iterator<Item = UserId>,
    roster: &Roster,
) -> Audience {
    let may_see = |user: &UserId| {
        roster.member(*user).is_some_and(|member| member.active && member.role != Role::Client)
    };
    let named: BTreeSet<UserId> = named.iter().copied().filter(may_see).collect();
    if !named.is_empty() {
        return Audience { users: named.into_iter().collect(), rings: true };
    }
    if direction == Direction::Outbound {
        return Audience::default();
    }
    match connected {
        Some(Endpoint::User(user)) if may_see(&user) => return Audience { users: vec![user], rings: true },
        Some(Endpoint::Bot(_)) if !planted::is(Bug::BotsLineAsksAll) => return Audience::default(),
        Some(Endpoint::User(_) | Endpoint::Bot(_)) | None => {}
    }
    let takes_calls =
        |user: &UserId| roster.member(*user).is_some_and(|member| member.active && member.role.takes_calls());
    Audience { users: available.filter(takes_calls).collect(), rings: false }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{BotId, roster::Member};

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    fn roster() -> Roster {
        let member = |n: u128, role, active| Member {
            user_id: user(n),
            email: format!("u{n}@example.com").into(),
            name: format!("U {n}").into(),
            role,
            extension: None,
            sip_uri: None,
            active,
        };
        Roster::new(vec![
            member(1, Role::Agent, true),
            member(2, Role::Agent, true),
            member(3, Role::Supervisor, true),
            member(4, Role::Client, true),
            member(5, Role::Agent, false),
            member(6, Role::Corporate, true),
        ])
    }

    #[test]
    fn the_pop_goes_to_the_named_else_the_connected_else_the_available() {
        // What, direction, named, connected to the line, who gets it, whether it rings them.
        type Case = (&'static str, Direction, &'static [u128], Option<Endpoint>, &'static [u128], bool);
        use Direction::{Inbound, Outbound};
        let available = [1, 3];
        let rings = |n| Some(Endpoint::User(user(n)));
        let bot = Some(Endpoint::Bot(BotId(Uuid::from_u128(2))));
        let cases: [Case; 12] = [
            ("named", Inbound, &[2], rings(1), &[2], true),
            ("several named, once each, in order", Inbound, &[3, 2, 3], rings(1), &[2, 3], true),
            ("connected", Inbound, &[], rings(2), &[2], true),
            ("a bot's, and so nobody's", Inbound, &[], bot, &[], false),
            ("a bot's, handed to somebody", Inbound, &[1], bot, &[1], true),
            ("everybody available", Inbound, &[], None, &[1, 3], false),
            ("a client is never shown a caller", Inbound, &[4], None, &[1, 3], false),
            ("nobody inactive", Inbound, &[5], rings(5), &[1, 3], false),
            ("a stranger", Inbound, &[9], None, &[1, 3], false),
            ("corporate staff may be named", Inbound, &[6], None, &[6], true),
            ("outbound, named", Outbound, &[1], None, &[1], true),
            ("outbound, not named", Outbound, &[], rings(2), &[], false),
        ];
        for (what, direction, named, connected, expected, rings) in cases {
            let named: Vec<UserId> = named.iter().copied().map(user).collect();
            let got = audience(direction, &named, connected, available.into_iter().map(user), &roster());
            let expected: Vec<UserId> = expected.iter().copied().map(user).collect();
            assert_eq!(got, Audience { users: expected, rings }, "{what}");
        }
    }
}
