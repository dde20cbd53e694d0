//! Each provider's sequence of events, in any order and with repetitions, makes the same call (contract §3).

use proptest::prelude::*;
use switchroom_core::{
    CallFact, UserId,
    call::{CallFold, Report},
    number::{Region, normalise},
};
use switchroom_engine::ingest::Kind;

use crate::support::{fixture, media_type, read};

const STORIES: [&[&str]; 9] = [
    &[
        "generic/ringing.json",
        "generic/answered.json",
        "generic/held.json",
        "generic/resumed.json",
        "generic/ended-completed.json",
    ],
    &[
        "twilio/ringing.form",
        "twilio/child-ringing.form",
        "twilio/child-in-progress.form",
        "twilio/in-progress.form",
        "twilio/child-completed.form",
        "twilio/completed.form",
    ],
    &["twilio/ringing.form", "twilio/canceled.form"],
    &[
        "telnyx/initiated.json",
        "telnyx/agent-leg-initiated.json",
        "telnyx/answered.json",
        "telnyx/bridged.json",
        "telnyx/hold.json",
        "telnyx/unhold.json",
        "telnyx/hangup-normal_clearing.json",
    ],
    &[
        "vonage/started.json",
        "vonage/ringing.json",
        "vonage/answered.json",
        "vonage/agent-answered.json",
        "vonage/completed.json",
    ],
    &["plivo/ringing.form", "plivo/in-progress.form", "plivo/dial-answer.form", "plivo/completed.form"],
    &["sipgate/new-call.form", "sipgate/answer.form", "sipgate/hangup-normalClearing.form"],
    &["sipgate/new-call.form", "sipgate/hangup-forwarded.form", "sipgate/forwarded-new-call.form"],
    &["zammad/new-call.form", "zammad/answer.form", "zammad/hangup-busy.form", "zammad/hangup-cancel.form"],
];

fn facts(story: &[&str]) -> Vec<CallFact> {
    story
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let kind = Kind::parse(name.split('/').next().unwrap()).unwrap();
            let mut fact = read(kind, media_type(name), &fixture(name)).unwrap().fact.unwrap();
            if kind == Kind::Generic {
                // The sender gives every message its own id; the fixtures share one.
                fact.key = format!("msg_{index}");
            }
            fact
        })
        .collect()
}

/// What the live core makes of a fact, with everybody unknown. The time of arrival is the same for all, since it is
/// not what this is about.
fn report(fact: &CallFact) -> Report {
    let region: Region = "FR".parse().unwrap();
    let number = |raw: &Option<String>| raw.as_deref().map(|raw| normalise(raw, region));
    let name = |index: usize| UserId(uuid::Uuid::from_u128(index as u128 + 1));
    Report {
        kind: fact.kind,
        key: fact.key.clone(),
        at: fact.at.unwrap_or_default(),
        sequence: fact.sequence,
        direction: fact.direction,
        from: number(&fact.from),
        to: number(&fact.to),
        agents: (0..fact.agents.len()).map(name).collect(),
        queue: fact.queue.clone(),
    }
}

fn fold(facts: &[CallFact]) -> CallFold {
    let first = &facts[0];
    let mut fold = CallFold::new(first.connection, &first.provider_call_id, &report(first));
    let mut seen = vec![first.key.as_str()];
    for fact in &facts[1..] {
        // The claim table's part: an event whose key is known is no event.
        if !seen.contains(&fact.key.as_str()) {
            seen.push(&fact.key);
            fold.take(&report(fact));
        }
    }
    fold
}

#[test]
fn every_story_is_one_call_with_distinct_events() {
    for story in STORIES {
        let facts = facts(story);
        assert!(facts.iter().all(|fact| fact.provider_call_id == facts[0].provider_call_id), "{story:?}");
        for (index, fact) in facts.iter().enumerate() {
            assert_eq!(facts.iter().filter(|other| other.key == fact.key).count(), 1, "{}", story[index]);
        }
    }
}

proptest! {
    #[test]
    fn order_and_repetition_do_not_matter(
        story in prop::sample::select(STORIES.to_vec()),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        shuffle in any::<u64>(),
    ) {
        let told = facts(story);
        let expected = fold(&told).snapshot();
        let mut shuffled = told.clone();
        // A small generator of its own, so that a failure can be played again.
        let mut state = shuffle | 1;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(index, (state >> 33) as usize % (index + 1));
        }
        for place in order {
            let again = told[place.index(told.len())].clone();
            shuffled.insert(place.index(shuffled.len() + 1), again);
        }
        prop_assert_eq!(fold(&shuffled).snapshot(), expected);
    }
}
