//! A small call centre with a clock that is moved by hand.
#![allow(dead_code)]

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, TimeDelta};
use switchroom_core::{
    BotId, CallId, ConnectionId, NumberId, TenantId, Timestamp, UserId,
    agent::{Chosen, Presence},
    call::CallSnapshot,
    directory::{Contact, ContactKind, ContactPhone, ContactRef, TenantDirectory},
    fact::{AgentHint, CallFact, Direction, FactKind},
    frame::{Audience, Frame, frames_of},
    log::{EventData, LogEvent},
    number_plan::{Endpoint, Line, NumberPlan},
    role::Role,
    roster::{Member, Roster},
    tenant::{ConnectionView, Decision, Input, Settings, TenantLive, World},
};
use uuid::Uuid;

pub const CALLER: &str = "+33612345678";
/// Connected to agent 1.
pub const LINE_OF_1: &str = "+33199000001";
/// A bot's.
pub const BOT_LINE: &str = "+33199000002";
/// Connected to nobody.
pub const OPEN_LINE: &str = "+33199000003";

pub fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

pub fn bot() -> BotId {
    BotId(Uuid::from_u128(0xB0))
}

pub fn connection() -> ConnectionId {
    ConnectionId(Uuid::from_u128(0xC0))
}

pub fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_780_000_000 + seconds, 0).unwrap()
}

pub fn contact() -> ContactRef {
    ContactRef { kind: ContactKind::Individual, id: Uuid::from_u128(0xAB) }
}

pub struct Centre {
    pub live: TenantLive,
    pub log: Vec<Arc<LogEvent>>,
    pub now: Timestamp,
    pub settings: Settings,
    pub roster: Roster,
    pub lines: NumberPlan,
    pub directory: TenantDirectory,
    user_map: BTreeMap<String, UserId>,
}

impl Centre {
    /// Five agents, extensions 201 to 205, and a supervisor.
    pub fn new() -> Self {
        let member = |n: u128, role| Member {
            user_id: user(n),
            email: format!("agent{n}@example.com").into(),
            name: format!("Agent {n}").into(),
            role,
            extension: Some(format!("{}", 200 + n).into()),
            sip_uri: None,
            active: true,
        };
        let mut members: Vec<Member> = (1..=5).map(|n| member(n, Role::Agent)).collect();
        members.push(member(6, Role::Supervisor));
        let line = |n: u128, number: &str, endpoint| Line {
            id: NumberId(Uuid::from_u128(n)),
            number: number.parse().unwrap(),
            tenant: TenantId(Uuid::from_u128(0xFF)),
            endpoint,
        };
        let directory = TenantDirectory::new();
        directory.put(Contact {
            reference: contact(),
            name: "Léa Martin".into(),
            organization: None,
            gender: None,
            email: Some("lea@example.com".into()),
            active: true,
            last_contacted_at: None,
            phones: vec![ContactPhone { e164: CALLER.parse().unwrap(), primary: true }],
        });
        Self {
            live: TenantLive::default(),
            log: Vec::new(),
            now: at(0),
            settings: Settings::default(),
            roster: Roster::new(members),
            lines: NumberPlan::new([
                line(0x11, LINE_OF_1, Some(Endpoint::User(user(1)))),
                line(0x12, BOT_LINE, Some(Endpoint::Bot(bot()))),
                line(0x13, OPEN_LINE, None),
            ]),
            directory,
            user_map: BTreeMap::new(),
        }
    }

    pub fn handle(&mut self, input: Input) -> Decision {
        let world = World {
            callers: &self.directory,
            roster: &self.roster,
            lines: &self.lines,
            summaries: &(),
            settings: &self.settings,
            connection: Some(ConnectionView {
                id: connection(),
                region: "FR".parse().unwrap(),
                user_map: &self.user_map,
            }),
        };
        let decision = self.live.handle(self.now, input, &world);
        self.live.check_invariants();
        self.log.extend(decision.events.iter().cloned());
        decision
    }

    pub fn tell(&mut self, fact: CallFact) -> Told {
        Told::of(self.handle(Input::Fact(fact)))
    }

    pub fn choose(&mut self, n: u128, choice: Chosen) -> Told {
        Told::of(self.handle(Input::ChoosePresence { user: user(n), choice, reason: None }))
    }

    /// Moves the clock, stopping at every deadline on the way.
    pub fn pass(&mut self, length: TimeDelta) {
        let end = self.now + length;
        while let Some(next) = self.live.next_deadline().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.handle(Input::DeadlinePassed);
        }
        self.now = end;
    }

    pub fn presence(&self, n: u128) -> Presence {
        self.live.presence(user(n)).map_or(Presence::Offline, |change| change.presence)
    }

    pub fn call(&self, provider_call_id: &str) -> CallSnapshot {
        self.live.snapshot(CallId::derive(connection(), provider_call_id)).expect("the call is in memory")
    }
}

/// What a decision told whom, in short words: `"1 screen_pop"`.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub words: Vec<String>,
    pub decision: Vec<Arc<LogEvent>>,
}

impl Told {
    fn of(decision: Decision) -> Self {
        let words = decision
            .events
            .iter()
            .flat_map(|event| frames_of(event))
            .filter_map(|frame| match frame.to {
                Audience::User(user) if frame.type_ != "presence" => {
                    Some(format!("{} {}", user.0.as_u128(), frame.type_))
                }
                _ => None,
            })
            .collect();
        Self { words, decision: decision.events }
    }

    pub fn call_event(&self) -> &LogEvent {
        self.decision.iter().find(|event| event.call_id.is_some()).expect("an entry about a call")
    }

    pub fn frames(&self) -> Vec<Frame> {
        self.decision.iter().flat_map(|event| frames_of(event)).collect()
    }

    pub fn pops(&self) -> Vec<u128> {
        let EventData::Call(data) = &self.call_event().data else { unreachable!("a call's entry") };
        data.pops.iter().map(|user| user.0.as_u128()).collect()
    }
}

pub fn fact(call: &str, kind: FactKind, seconds: i64) -> CallFact {
    CallFact {
        connection: connection(),
        provider_call_id: call.to_owned(),
        kind,
        key: format!("{kind:?}@{seconds}"),
        provider_event_id: None,
        at: Some(at(seconds)),
        sequence: None,
        direction: Some(Direction::Inbound),
        from: Some(CALLER.to_owned()),
        to: Some(OPEN_LINE.to_owned()),
        agents: Vec::new(),
        queue: None,
        received_at_us: at(seconds).timestamp_micros() + 1,
    }
}

pub trait Shape {
    fn naming(self, agents: &[u128]) -> Self;
    fn to(self, number: &str) -> Self;
    fn queued(self, queue: &str) -> Self;
    fn outbound(self, to: &str) -> Self;
}

impl Shape for CallFact {
    fn naming(mut self, agents: &[u128]) -> Self {
        self.agents = agents.iter().map(|n| AgentHint::Extension(format!("{}", 200 + n))).collect();
        self.key += &format!("{agents:?}");
        self
    }

    fn to(mut self, number: &str) -> Self {
        self.to = Some(number.to_owned());
        self
    }

    fn queued(mut self, queue: &str) -> Self {
        self.queue = Some(queue.to_owned());
        self
    }

    fn outbound(mut self, to: &str) -> Self {
        self.direction = Some(Direction::Outbound);
        self.from = Some(LINE_OF_1.to_owned());
        self.to = Some(to.to_owned());
        self
    }
}
