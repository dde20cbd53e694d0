//! The call centre that is simulated: its people, lines, contacts and settings.

use std::collections::BTreeMap;

use switchroom_core::{
    BotId, ConnectionId, NumberId, TenantId, UserId,
    directory::{Contact, ContactKind, ContactPhone, ContactRef, TenantDirectory},
    number_plan::{Endpoint, Line, NumberPlan},
    role::Role,
    roster::{Member, Roster},
    tenant::{ConnectionView, Settings, World},
};
use uuid::Uuid;

use crate::rng::Rng;

pub const TENANT: TenantId = TenantId(Uuid::from_u128(0xFF));
pub const AGENTS: u128 = 5;
/// Connected to agents 1 and 2 (others later), to nobody or a bot by turns, and to a bot.
pub const LINES: [&str; 4] = ["+33199000001", "+33199000002", "+33199000003", "+33199000004"];
pub const CALLERS: [&str; 4] = ["+33612345678", "0687654321", "anonymous", "+4915112345678"];
pub const QUEUES: [&str; 2] = ["sales", "support"];

pub fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

/// Of the `at`th of [`LINES`].
pub fn line(at: usize) -> NumberId {
    NumberId(Uuid::from_u128(0x10 + at as u128))
}

pub fn connection(n: u128) -> ConnectionId {
    ConnectionId(Uuid::from_u128(0xC0 + n))
}

pub struct Centre {
    pub settings: Settings,
    pub roster: Roster,
    lines: NumberPlan,
    directory: TenantDirectory,
    user_map: BTreeMap<String, UserId>,
}

impl Centre {
    pub fn new(rng: &mut Rng) -> Self {
        let member = |n: u128| Member {
            user_id: user(n),
            email: format!("agent{n}@example.com").into(),
            name: format!("Agent {n}").into(),
            role: if n == AGENTS { Role::Supervisor } else { Role::Agent },
            extension: Some(format!("{}", 200 + n).into()),
            sip_uri: None,
            active: true,
        };
        let mut centre = Self {
            settings: Settings {
                wrap_up_ms: *rng.pick(&[0, 5_000]),
                socket_grace_ms: *rng.pick(&[500, 10_000]),
                call_stale_ms: *rng.pick(&[90_000, 14_400_000]),
                ..Settings::default()
            },
            roster: Roster::new((1..=AGENTS).map(member).collect()),
            lines: NumberPlan::default(),
            directory: TenantDirectory::new(),
            user_map: BTreeMap::new(),
        };
        centre.connect_lines(1, 2);
        centre.rename_caller("Léa Martin");
        centre
    }

    /// Decisions look at the world as it is; what is recorded must not change when the world does.
    pub fn connect_lines(&mut self, first: u128, second: u128) {
        let person = |n| Some(Endpoint::User(user(n)));
        let bot = |n| Some(Endpoint::Bot(BotId(Uuid::from_u128(n))));
        let owners = [person(first), person(second), bot(0xB1).filter(|_| first > second), bot(0xB2)];
        self.lines =
            NumberPlan::new(LINES.iter().zip(owners).enumerate().map(|(at, (number, endpoint))| Line {
                id: line(at),
                number: number.parse().expect("a line of the simulation is E.164"),
                tenant: TENANT,
                endpoint,
            }));
    }

    pub fn rename_caller(&mut self, name: &str) {
        self.directory.put(Contact {
            reference: ContactRef { kind: ContactKind::Individual, id: Uuid::from_u128(0xAB) },
            name: name.into(),
            organization: None,
            gender: None,
            email: Some("lea@example.com".into()),
            active: true,
            last_contacted_at: None,
            phones: vec![ContactPhone {
                e164: CALLERS[0].parse().expect("the caller's number is E.164"),
                primary: true,
            }],
        });
    }

    pub fn world(&self, connection: Option<ConnectionId>) -> World<'_> {
        World {
            callers: &self.directory,
            roster: &self.roster,
            lines: &self.lines,
            summaries: &(),
            settings: &self.settings,
            connection: connection.map(|id| ConnectionView {
                id,
                region: "FR".parse().expect("FR is a region"),
                user_map: &self.user_map,
            }),
        }
    }
}
