//! Each provider's story of a call is events of one call, and no event of it is taken for another.

use switchroom_core::CallFact;
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
