//! The providers' words, one row each.

use switchroom_core::{AgentHint, CallFact, Direction, EndCause, EndReason, FactKind};
use switchroom_engine::ingest::{Credentials, Headers, Kind, ParseError, Reply, parse};

use crate::support::{FORM, JSON, RECEIVED_AT_US, URL, connection, fixture, media_type, read, request};

fn fact(name: &str) -> Option<CallFact> {
    let kind = Kind::parse(name.split('/').next().unwrap()).unwrap();
    read(kind, media_type(name), &fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}")).fact
}

fn check(call: &str, rows: &[(&str, Option<FactKind>)]) {
    for (name, kind) in rows {
        let fact = fact(name);
        assert_eq!(fact.as_ref().map(|fact| fact.kind), *kind, "{name}");
        if let Some(fact) = fact {
            assert_eq!(fact.provider_call_id, call, "{name}");
            assert_eq!(fact.connection, connection(), "{name}");
            assert_eq!(fact.received_at_us, RECEIVED_AT_US, "{name}");
            assert!(!fact.key.is_empty(), "{name}");
        }
    }
}

fn any(names: &[&str]) -> Vec<AgentHint> {
    names.iter().map(|name| AgentHint::Any((*name).to_owned())).collect()
}

const ENDED: fn(EndCause) -> Option<FactKind> = |cause| Some(FactKind::Ended(cause));

#[test]
fn twilio() {
    check(
        "CA11111111111111111111111111111111",
        &[
            ("twilio/queued.form", Some(FactKind::Ringing)),
            ("twilio/ringing.form", Some(FactKind::Ringing)),
            ("twilio/in-progress.form", Some(FactKind::Answered)),
            ("twilio/completed.form", ENDED(EndCause::Completed)),
            ("twilio/busy.form", ENDED(EndCause::Busy)),
            ("twilio/no-answer.form", ENDED(EndCause::NoAnswer)),
            ("twilio/canceled.form", ENDED(EndCause::CallerGaveUp)),
            ("twilio/failed.form", ENDED(EndCause::Failed)),
            ("twilio/completed-machine.form", ENDED(EndCause::Voicemail)),
            ("twilio/child-initiated.form", Some(FactKind::Ringing)),
            ("twilio/child-ringing.form", Some(FactKind::Ringing)),
            ("twilio/child-in-progress.form", Some(FactKind::Answered)),
            ("twilio/child-completed.form", ENDED(EndCause::Completed)),
            // Another agent may be ringing: the call goes on.
            ("twilio/child-no-answer.form", None),
            ("twilio/recording.form", None),
            ("twilio/taskrouter.form", None),
        ],
    );
    let ringing = fact("twilio/ringing.form").unwrap();
    assert_eq!(
        (ringing.from.as_deref(), ringing.to.as_deref()),
        (Some("+33612345678"), Some("+33199000001"))
    );
    assert_eq!(ringing.direction, Some(Direction::Inbound));
    let answered = fact("twilio/in-progress.form").unwrap();
    assert_eq!(answered.sequence, Some(1));
    assert_eq!(answered.at.unwrap().to_rfc3339(), "2026-11-20T10:00:05+00:00");
    let child = fact("twilio/child-in-progress.form").unwrap();
    assert_eq!((child.direction, child.to), (None, None), "a leg's target is not the line that was dialled");
    assert_eq!(child.agents, any(&["201"]));
    assert_eq!(fact("twilio/queued.form").unwrap().direction, Some(Direction::Outbound));
}

#[test]
fn telnyx() {
    check(
        "428c31b6-abf3-3bc1-b7f4-5013ef9657c1",
        &[
            ("telnyx/initiated.json", Some(FactKind::Ringing)),
            ("telnyx/answered.json", Some(FactKind::Answered)),
            ("telnyx/bridged.json", Some(FactKind::Answered)),
            ("telnyx/hold.json", Some(FactKind::Held)),
            ("telnyx/unhold.json", Some(FactKind::Resumed)),
            ("telnyx/hangup-normal_clearing.json", ENDED(EndCause::Completed)),
            ("telnyx/hangup-originator_cancel.json", ENDED(EndCause::CallerGaveUp)),
            ("telnyx/hangup-timeout.json", ENDED(EndCause::NoAnswer)),
            ("telnyx/hangup-user_busy.json", ENDED(EndCause::Busy)),
            ("telnyx/hangup-call_rejected.json", ENDED(EndCause::Rejected)),
            ("telnyx/hangup-not_found.json", ENDED(EndCause::Failed)),
            ("telnyx/hangup-something_new.json", ENDED(EndCause::Unstated)),
            ("telnyx/agent-leg-initiated.json", Some(FactKind::Ringing)),
            ("telnyx/agent-leg-timeout.json", None),
            ("telnyx/dtmf.json", None),
        ],
    );
    let ringing = fact("telnyx/initiated.json").unwrap();
    assert_eq!(ringing.key, "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0", "data.id names the event");
    assert_eq!(ringing.provider_event_id.as_deref(), Some(ringing.key.as_str()));
    assert_eq!(ringing.at.unwrap().timestamp_micros(), 1_795_168_800_123_456);
    assert_eq!(ringing.direction, Some(Direction::Inbound));
    assert_eq!(fact("telnyx/agent-leg-initiated.json").unwrap().agents, any(&["201"]));
}

#[test]
fn vonage() {
    check(
        "CON-aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
        &[
            ("vonage/started.json", Some(FactKind::Ringing)),
            ("vonage/ringing.json", Some(FactKind::Ringing)),
            ("vonage/answer-url.json", Some(FactKind::Ringing)),
            ("vonage/answered.json", Some(FactKind::Answered)),
            ("vonage/completed.json", ENDED(EndCause::Completed)),
            ("vonage/busy.json", ENDED(EndCause::Busy)),
            ("vonage/cancelled.json", ENDED(EndCause::CallerGaveUp)),
            ("vonage/timeout.json", ENDED(EndCause::NoAnswer)),
            ("vonage/unanswered.json", ENDED(EndCause::NoAnswer)),
            ("vonage/rejected.json", ENDED(EndCause::Rejected)),
            ("vonage/failed.json", ENDED(EndCause::Failed)),
            ("vonage/transfer.json", Some(FactKind::Transferred)),
            ("vonage/machine.json", None),
            ("vonage/agent-answered.json", Some(FactKind::Answered)),
            ("vonage/agent-timeout.json", None),
        ],
    );
    let ringing = fact("vonage/started.json").unwrap();
    assert_eq!(
        (ringing.from.as_deref(), ringing.to.as_deref()),
        (Some("+33612345678"), Some("+33199000001"))
    );
    assert_eq!(fact("vonage/agent-answered.json").unwrap().agents, any(&["alice"]));
}

#[test]
fn plivo() {
    check(
        "0f2c4ef3-1b5b-4b1e-9b7d-6a0f3f1f4a11",
        &[
            ("plivo/ringing.form", Some(FactKind::Ringing)),
            ("plivo/in-progress.form", Some(FactKind::Answered)),
            ("plivo/completed.form", ENDED(EndCause::Completed)),
            ("plivo/caller-gave-up.form", ENDED(EndCause::CallerGaveUp)),
            ("plivo/busy.form", ENDED(EndCause::Busy)),
            ("plivo/no-answer.form", ENDED(EndCause::NoAnswer)),
            ("plivo/timeout.form", ENDED(EndCause::NoAnswer)),
            ("plivo/cancel.form", ENDED(EndCause::CallerGaveUp)),
            ("plivo/rejected.form", ENDED(EndCause::Rejected)),
            ("plivo/failed.form", ENDED(EndCause::Failed)),
            ("plivo/dial-answer.form", Some(FactKind::Answered)),
            ("plivo/dial-hangup.form", None),
            ("plivo/digits.form", None),
        ],
    );
    assert_eq!(fact("plivo/dial-answer.form").unwrap().agents, any(&["agent201"]));
    assert_eq!(fact("plivo/ringing.form").unwrap().from.as_deref(), Some("+33612345678"));
    assert_eq!(fact("plivo/completed.form").unwrap().at.unwrap().to_rfc3339(), "2026-11-20T10:03:00+00:00");
}

#[test]
fn sipgate() {
    check(
        "12345678",
        &[
            ("sipgate/new-call.form", Some(FactKind::Ringing)),
            ("sipgate/answer.form", Some(FactKind::Answered)),
            ("sipgate/hangup-normalClearing.form", ENDED(EndCause::Completed)),
            ("sipgate/hangup-busy.form", ENDED(EndCause::Busy)),
            ("sipgate/hangup-cancel.form", ENDED(EndCause::CallerGaveUp)),
            ("sipgate/hangup-noAnswer.form", ENDED(EndCause::NoAnswer)),
            ("sipgate/hangup-congestion.form", ENDED(EndCause::Failed)),
            ("sipgate/hangup-notFound.form", ENDED(EndCause::Failed)),
            ("sipgate/hangup-forwarded.form", ENDED(EndCause::Forwarded)),
            ("sipgate/forwarded-new-call.form", Some(FactKind::Ringing)),
            ("sipgate/anonymous.form", Some(FactKind::Ringing)),
            ("sipgate/dtmf.form", None),
        ],
    );
    let ringing = fact("sipgate/new-call.form").unwrap();
    assert_eq!(ringing.from.as_deref(), Some("+492111234567"));
    assert_eq!(ringing.agents, any(&["1234567w0", "1234567w1", "Alice", "Bob", "w0", "w1"]));
    assert_eq!(fact("sipgate/anonymous.form").unwrap().from.as_deref(), Some("anonymous"));
    assert_ne!(ringing.key, fact("sipgate/forwarded-new-call.form").unwrap().key);
    let answer = fact("sipgate/answer.form").unwrap();
    assert!(answer.agents.contains(&AgentHint::Any("John Doe".into())));
    assert!(answer.agents.contains(&AgentHint::Any("21199999999".into())));
}

#[test]
fn sipgate_gets_xml_that_asks_for_the_follow_ups() {
    let body = fixture("sipgate/new-call.form");
    let headers: Headers = [("content-type", FORM)].into_iter().collect();
    for (key, expected) in [
        (None, URL.to_owned()),
        (Some("me:se cret"), "https://me:se%20cret@desk.example.com/hooks/KEY".to_owned()),
    ] {
        let credentials = Credentials::from_key(Kind::Sipgate, key).unwrap();
        let Reply::Xml(xml) = parse(&request(&headers, &body), &credentials, connection()).unwrap().reply
        else {
            panic!("no XML")
        };
        assert!(
            xml.contains(&format!("<Response onAnswer=\"{expected}\" onHangup=\"{expected}\"/>")),
            "{xml}"
        );
    }
    assert_eq!(read(Kind::Sipgate, FORM, &fixture("sipgate/answer.form")).unwrap().reply, Reply::Nothing);
}

#[test]
fn zammad() {
    check(
        "4991155921769858278-1",
        &[
            ("zammad/new-call.form", Some(FactKind::Ringing)),
            ("zammad/new-call.json", Some(FactKind::Ringing)),
            ("zammad/answer.form", Some(FactKind::Answered)),
            ("zammad/hangup-cancel.form", ENDED(EndCause::CallerGaveUp)),
            ("zammad/hangup-busy.form", ENDED(EndCause::Busy)),
            ("zammad/hangup-normalClearing.form", ENDED(EndCause::Completed)),
            ("zammad/hangup-noAnswer.form", ENDED(EndCause::NoAnswer)),
            ("zammad/hangup-forwarded.form", ENDED(EndCause::Forwarded)),
            ("zammad/hangup-voicemail.form", ENDED(EndCause::Voicemail)),
            ("zammad/hangup-congestion.form", ENDED(EndCause::Failed)),
            ("zammad/hangup-notFound.form", ENDED(EndCause::Failed)),
            ("zammad/hangup-rejected.form", ENDED(EndCause::Rejected)),
            ("zammad/hangup.json", ENDED(EndCause::Completed)),
            ("zammad/outgoing.form", Some(FactKind::Ringing)),
            ("zammad/unknown-event.json", None),
        ],
    );
    let (form, json) = (fact("zammad/new-call.form").unwrap(), fact("zammad/new-call.json").unwrap());
    assert_eq!(form.agents, json.agents);
    assert_eq!(form.agents, any(&["201", "user+1"]));
    assert_eq!(json.queue.as_deref(), Some("support"));
    assert_eq!(form.from.as_deref(), Some("+4930600000000"));
    assert_eq!(fact("zammad/outgoing.form").unwrap().direction, Some(Direction::Outbound));
    assert_eq!(read(Kind::Zammad, FORM, &fixture("zammad/answer.form")).unwrap().reply, Reply::Json("{}"));
}

#[test]
fn generic() {
    let stated = |reason| ENDED(EndCause::Stated(reason));
    check(
        "pbx-77",
        &[
            ("generic/ringing.json", Some(FactKind::Ringing)),
            ("generic/answered.json", Some(FactKind::Answered)),
            ("generic/held.json", Some(FactKind::Held)),
            ("generic/resumed.json", Some(FactKind::Resumed)),
            ("generic/transferred.json", Some(FactKind::Transferred)),
            ("generic/ended.json", ENDED(EndCause::Unstated)),
            ("generic/ended-completed.json", stated(EndReason::Completed)),
            ("generic/ended-missed.json", stated(EndReason::Missed)),
            ("generic/ended-abandoned.json", stated(EndReason::Abandoned)),
            ("generic/ended-busy.json", stated(EndReason::Busy)),
            ("generic/ended-rejected.json", stated(EndReason::Rejected)),
            ("generic/ended-failed.json", stated(EndReason::Failed)),
            ("generic/ended-voicemail.json", stated(EndReason::Voicemail)),
        ],
    );
    let ringing = fact("generic/ringing.json").unwrap();
    assert_eq!(ringing.key, "msg_1", "webhook-id names the event");
    assert_eq!(ringing.agents, [AgentHint::Extension("201".into())]);
    assert_eq!(ringing.queue.as_deref(), Some("support"));
    let minimal = fact("generic/minimal.json").unwrap();
    assert_eq!((minimal.from.as_deref(), minimal.to.as_deref()), (Some("anonymous"), Some("201")));
    assert_eq!(minimal.at.unwrap().to_rfc3339(), "2026-11-20T10:00:00+00:00");
    assert_eq!(fact("generic/email.json").unwrap().agents, [AgentHint::Email("agent1@demo.example".into())]);
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let good = || -> serde_json::Value { serde_json::from_slice(&fixture("generic/ringing.json")).unwrap() };
    for name in ["call_id", "type", "at", "from", "to"] {
        let mut body = good();
        body.as_object_mut().unwrap().remove(name);
        assert_eq!(read(Kind::Generic, JSON, body.to_string().as_bytes()), Err(ParseError::Missing(name)));
        body[name] = 7.into();
        assert_eq!(read(Kind::Generic, JSON, body.to_string().as_bytes()), Err(ParseError::Invalid(name)));
    }
    for (name, value) in [
        ("type", "exploded".into()),
        ("at", "yesterday".into()),
        ("direction", "sideways".into()),
        ("agent", serde_json::json!("201")),
        ("agent", serde_json::json!({})),
        ("queue", serde_json::json!({})),
    ] {
        let mut body = good();
        body[name] = value;
        assert_eq!(read(Kind::Generic, JSON, body.to_string().as_bytes()), Err(ParseError::Invalid(name)));
    }
    let mut long = good();
    long["call_id"] = "x".repeat(256).into();
    assert_eq!(read(Kind::Generic, JSON, long.to_string().as_bytes()), Err(ParseError::TooLong("call id")));
    long["call_id"] = "a\0b".into();
    assert_eq!(read(Kind::Generic, JSON, long.to_string().as_bytes()), Err(ParseError::Nul("call id")));
    long["call_id"] = " ".into();
    assert_eq!(read(Kind::Generic, JSON, long.to_string().as_bytes()), Err(ParseError::Missing("call id")));

    for (kind, media, body) in [
        (Kind::Generic, JSON, &b"[]"[..]),
        (Kind::Generic, JSON, b"{"),
        (Kind::Generic, JSON, b"{\"call_id\":\"\xff\"}"),
        (Kind::Telnyx, JSON, b"{}"),
        (Kind::Telnyx, JSON, b"{\"data\":{}}"),
        (Kind::Telnyx, JSON, b"{\"data\":{\"event_type\":\"call.answered\",\"id\":\"x\"}}"),
        (Kind::Vonage, JSON, b"7"),
        (Kind::Vonage, JSON, b"{}"),
        (Kind::Twilio, FORM, b"{"),
        (Kind::Twilio, FORM, b"CallSid=CA1"),
        (Kind::Plivo, FORM, b"{\"CallUUID\":1}"),
        (Kind::Vonage, JSON, b"{\"status\":\"ringing\"}"),
        (Kind::Twilio, FORM, b""),
        (Kind::Twilio, FORM, b"CallSid=%ff"),
        (Kind::Plivo, FORM, b""),
        (Kind::Sipgate, FORM, b"callId=1"),
        (Kind::Sipgate, FORM, b"event=newCall&callId=1&to=2"),
        (Kind::Sipgate, FORM, b"event=answer"),
        (Kind::Zammad, JSON, b"\"x\""),
        (Kind::Zammad, FORM, b"event=newCall&from=1&to=2&callId=3&direction=up"),
        (Kind::Zammad, FORM, b"event=hangup&callId=a%00b"),
    ] {
        assert!(read(kind, media, body).is_err(), "{kind} {}", String::from_utf8_lossy(body));
    }
}

#[test]
fn the_same_event_has_the_same_key_and_another_one_another() {
    let read = |body: &[u8]| read(Kind::Zammad, FORM, body).unwrap().fact.unwrap().key;
    let base = read(b"event=newCall&from=1&to=2&callId=3&user=a");
    assert_eq!(base, read(b"user=a&event=newCall&from=1&to=2&callId=3"));
    assert_ne!(base, read(b"event=newCall&from=1&to=2&callId=3&user=b"));
    assert_ne!(base, read(b"event=answer&from=1&to=2&callId=3&user=a"));
    assert_ne!(read(b"event=hangup&callId=3&cause=busy"), read(b"event=hangup&callId=3&cause=cancel"));
}
