//! Any permutation and any repetition of a call's events gives the same call (contract §3).
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use proptest::prelude::*;
use support::*;
use switchroom_core::{
    agent::{Chosen, Presence},
    call::CallState,
    fact::{CallFact, EndCause, EndReason, FactKind},
    tenant::{Input, Outcome, TenantLive},
    wallboard::WallboardFold,
};

fn kind() -> impl Strategy<Value = FactKind> {
    let cause = prop_oneof![
        Just(EndCause::Completed),
        Just(EndCause::CallerGaveUp),
        Just(EndCause::NoAnswer),
        Just(EndCause::Busy),
        Just(EndCause::Rejected),
        Just(EndCause::Failed),
        Just(EndCause::Voicemail),
        Just(EndCause::Forwarded),
        Just(EndCause::Stated(EndReason::Abandoned)),
        Just(EndCause::Unstated),
    ];
    prop_oneof![
        3 => Just(FactKind::Ringing),
        3 => Just(FactKind::Answered),
        1 => Just(FactKind::Held),
        1 => Just(FactKind::Resumed),
        1 => Just(FactKind::Transferred),
        1 => cause.prop_map(FactKind::Ended),
    ]
}

prop_compose! {
    /// Times are coarse on purpose: providers stamp whole seconds, so ties are common.
    fn any_fact()(
        kind in kind(), seconds in 0_i64..8, timed in prop::bool::weighted(0.8), agents in proptest::collection::vec(1_u128..=3, 0..3),
        queue in proptest::option::of(prop_oneof![Just("sales"), Just("support")]),
        from in proptest::option::of(prop_oneof![Just("+33612345678"), Just("0687654321"), Just("anonymous")]),
        to in proptest::option::of(prop_oneof![Just(LINE_OF_1), Just(BOT_LINE), Just(OPEN_LINE)]),
        told in proptest::option::of(any::<bool>()), sequence in proptest::option::of(0_i64..4),
    ) -> CallFact {
        let mut fact = fact("call", kind, seconds).naming(&agents);
        if !timed {
            fact.at = None;
        }
        fact.queue = queue.map(str::to_owned);
        fact.from = from.map(str::to_owned);
        fact.to = to.map(str::to_owned);
        fact.sequence = sequence;
        fact.direction = told.map(|inbound| if inbound {
            switchroom_core::fact::Direction::Inbound
        } else {
            switchroom_core::fact::Direction::Outbound
        });
        // Equal content under different keys is two events; equal keys are one (the rule under test elsewhere).
        fact.key = format!("{kind:?} {seconds} {agents:?} {queue:?} {from:?} {to:?} {told:?} {sequence:?} {timed}");
        fact
    }
}

prop_compose! {
    /// Some facts, and an order with repetitions in which each occurs at least once.
    fn story()(facts in proptest::collection::vec(any_fact(), 1..9))(
        order in Just((0..facts.len()).collect::<Vec<_>>()).prop_shuffle(),
        more in proptest::collection::vec(0..facts.len(), 0..6),
        facts in Just(facts),
    ) -> (Vec<CallFact>, Vec<CallFact>) {
        let mut told: Vec<CallFact> = order.iter().map(|at| facts[*at].clone()).collect();
        for (at, n) in more.iter().enumerate() {
            told.insert((at * 3) % (told.len() + 1), facts[*n].clone());
        }
        (facts, told)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn order_and_repetition_do_not_matter((facts, told) in story()) {
        let timed = facts.iter().all(|fact| fact.at.is_some());
        let mut plain = Centre::new();
        let mut mixed = Centre::new();
        for fact in facts {
            plain.handle(Input::Fact(fact));
        }
        for (n, mut fact) in told.into_iter().enumerate() {
            // Arrival times differ; the provider's do not.
            fact.received_at_us += n as i64 * 1_000_000;
            mixed.now = at(n as i64);
            mixed.handle(Input::Fact(fact));
        }
        let (mut plain, mut mixed) = (plain.call("call"), mixed.call("call"));
        if !timed {
            // Times are ours then, and only they may differ.
            for call in [&mut plain, &mut mixed] {
                call.started_at = at(0);
                call.answered_at = call.answered_at.map(|_| at(0));
                call.ended_at = call.ended_at.map(|_| at(0));
            }
        }
        prop_assert_eq!(plain, mixed);
    }

    #[test]
    fn what_holds_of_every_story(told in proptest::collection::vec(any_fact(), 1..40)) {
        let mut centre = Centre::new();
        centre.settings.wrap_up_ms = 1_000;
        centre.choose(1, Chosen::Available);
        let mut seen = std::collections::BTreeSet::new();
        let mut popped = std::collections::BTreeSet::new();
        let mut ended = false;
        for fact in told {
            let new = seen.insert(fact.key.clone());
            let decision = centre.handle(Input::Fact(fact));
            prop_assert_eq!(decision.outcome == Outcome::Accepted, new, "a repetition is known as one");
            for event in &decision.events {
                let switchroom_core::log::EventData::Call(data) = &event.data else { continue };
                prop_assert!(!ended || data.pops.is_empty(), "an ended call never pops");
                if data.call.bot_id.is_some() {
                    let named = data.pops.iter().all(|user| data.report.agents.contains(user));
                    prop_assert!(named, "a bot's call pops to whom the event names");
                }
                for user in &data.pops {
                    prop_assert!(popped.insert(*user), "nobody is popped twice");
                }
                for user in data.withdrawn.iter().chain(&data.told) {
                    prop_assert!(popped.contains(user), "only what was popped is withdrawn or updated");
                }
                for user in data.pops.iter().chain(&data.withdrawn).chain(&data.told) {
                    prop_assert!(event.addressees.contains(user));
                }
                ended |= data.call.state == CallState::Ended;
                prop_assert_eq!(ended, data.call.state == CallState::Ended, "ended wins always");
                prop_assert!(data.call.answered_at.is_none_or(|at| at >= data.call.started_at));
            }
        }
        // Replay decides nothing and arrives at the same state and board.
        let mut replayed = TenantLive::default();
        let mut board = WallboardFold::new(centre.now);
        for event in &centre.log {
            replayed.apply(event);
            board.apply(centre.now, event);
        }
        replayed.check_invariants();
        prop_assert_eq!(replayed.memory(), centre.live.memory());
        // Everything reserved is a lease: left alone, everybody and everything comes free.
        centre.pass(chrono::TimeDelta::hours(5));
        prop_assert_eq!(centre.live.live_calls(), 0);
        for n in 1..=3 {
            let free = matches!(centre.presence(n), Presence::Offline | Presence::Available);
            prop_assert!(free, "agent {} is stuck as {:?}", n, centre.presence(n));
        }
        let mut board = WallboardFold::new(centre.now);
        for event in &centre.log {
            board.apply(centre.now, event);
        }
        let shown = board.render(centre.now, 1, &centre.roster);
        prop_assert_eq!(shown.calls, switchroom_core::wallboard::CallFigures::default());
        prop_assert!(shown.queues.iter().all(|queue| queue.waiting == 0));
    }
}
