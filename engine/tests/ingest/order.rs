//! Every kind's fixtures, delivered in any order and any number, through the call machine: the same call comes of them
//! (contract §3).

use std::collections::BTreeMap;

use proptest::prelude::*;
use switchroom_core::{
    CallFact, CallId, ConnectionId, Timestamp, UserId,
    call::CallSnapshot,
    directory::TenantDirectory,
    number_plan::NumberPlan,
    role::Role,
    roster::{Member, Roster},
    tenant::{ConnectionView, Input, Settings, TenantLive, World},
};
use switchroom_engine::ingest::Kind;
use uuid::Uuid;

use crate::support::{RECEIVED_AT_US, fixtures, media_type, read};

/// All facts of a kind's fixtures, as events of one call.
fn facts(kind: Kind) -> Vec<CallFact> {
    let mut facts = Vec::new();
    for (name, body) in fixtures(kind) {
        let Some(mut fact) = read(kind, media_type(&name), &body).unwrap().fact else { continue };
        fact.provider_call_id = "one".into();
        if kind == Kind::Generic {
            // The fixtures share the one id that the support module signs with.
            fact.key = name;
        }
        facts.push(fact);
    }
    // Fixtures that tell the same event under two names are one event; which text is told first must not matter then,
    // and is not what is tested here.
    facts.sort_by(|a, b| a.key.cmp(&b.key));
    facts.dedup_by(|a, b| a.key == b.key);
    assert!(facts.len() > 4, "{kind}");
    facts
}

fn roster() -> Roster {
    Roster::new(
        (1..=5)
            .map(|n: u128| Member {
                user_id: UserId(Uuid::from_u128(n)),
                email: format!("agent{n}@demo.example").into(),
                name: format!("Agent {n}").into(),
                role: Role::Agent,
                extension: Some(format!("{}", 200 + n).into()),
                sip_uri: Some(format!("sip:agent{n}@pbx.example").into()),
                active: true,
            })
            .collect(),
    )
}

/// The call that comes of facts in this order.
fn fold(connection: ConnectionId, facts: impl IntoIterator<Item = CallFact>) -> CallSnapshot {
    let (directory, roster, lines, settings) =
        (TenantDirectory::new(), roster(), NumberPlan::default(), Settings::default());
    let user_map = BTreeMap::new();
    let world = World {
        callers: &directory,
        roster: &roster,
        lines: &lines,
        summaries: &(),
        settings: &settings,
        connection: Some(ConnectionView {
            id: connection,
            region: "FR".parse().unwrap(),
            user_map: &user_map,
        }),
    };
    let mut live = TenantLive::default();
    for (n, mut fact) in facts.into_iter().enumerate() {
        // Arrival has its own order, whatever the provider's times say.
        fact.received_at_us = RECEIVED_AT_US + 1_000_000 * n as i64;
        let now = Timestamp::from_timestamp_micros(fact.received_at_us).unwrap();
        live.handle(now, Input::Fact(fact), &world);
        live.check_invariants();
    }
    live.snapshot(CallId::derive(connection, "one")).unwrap()
}

/// A delivery: some of the facts, in an order in which each occurs at least once.
fn delivery() -> impl Strategy<Value = (Kind, Vec<CallFact>, Vec<CallFact>)> {
    (prop::sample::select(Kind::ALL.to_vec()), any::<u64>()).prop_flat_map(|(kind, chosen)| {
        let all = facts(kind);
        let some: Vec<CallFact> = all
            .into_iter()
            .enumerate()
            .filter(|(n, _)| chosen >> (n % 64) & 1 == 1)
            .map(|(_, fact)| fact)
            .collect();
        let twice: Vec<CallFact> = some.iter().chain(some.iter().step_by(2)).cloned().collect();
        (Just(kind), Just(some), Just(twice).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 700, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_delivery_does_not_matter((kind, facts, delivered) in delivery()) {
        prop_assume!(!facts.is_empty());
        let timed = facts.iter().all(|fact| fact.at.is_some());
        let connection = facts[0].connection;
        let (mut plain, mut shuffled) = (fold(connection, facts), fold(connection, delivered));
        if !timed {
            // The provider sends no times, so they are ours, and only they may differ.
            for call in [&mut plain, &mut shuffled] {
                call.started_at = Timestamp::UNIX_EPOCH;
                call.answered_at = call.answered_at.map(|_| Timestamp::UNIX_EPOCH);
                call.ended_at = call.ended_at.map(|_| Timestamp::UNIX_EPOCH);
            }
        }
        prop_assert_eq!(plain, shuffled, "{}", kind);
    }
}
