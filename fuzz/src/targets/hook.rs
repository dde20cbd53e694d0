//! A webhook of each kind: unsigned, which must be refused; signed as the provider signs, which must be taken as
//! authentic whatever is in it; and what is read from it decided by the core.

use std::{collections::BTreeMap, sync::Arc};

use switchroom_core::{
    TenantId, Timestamp, UserId,
    directory::TenantDirectory,
    log::EventData,
    number_plan::NumberPlan,
    role::Role,
    roster::{Member, Roster},
    tenant::{ConnectionView, Input, Outcome, Settings, TenantLive, World},
};
use switchroom_engine::ingest::{
    Headers, HookRequest, Kind,
    accept::{HookConnection, Rejected, read},
};
use uuid::Uuid;

use crate::signing::{FORM, JSON, NOW, RECEIVED_AT_US, URL, connection, credentials, headers, sign};

pub fn run(kind: Kind, octets: &[u8]) {
    // JSON looks like JSON; everything else is sent as a form.
    let json =
        octets.iter().find(|octet| !octet.is_ascii_whitespace()).is_some_and(|first| b"{[".contains(first));
    let media = if json { JSON } else { FORM };
    let door = HookConnection {
        id: connection(),
        tenant: TenantId(Uuid::from_u128(9)),
        kind,
        credentials: Some(credentials(kind)),
    };
    let bare: Headers = [("content-type", media)].into_iter().collect();
    let request = HookRequest {
        method: "POST",
        url: URL,
        headers: &bare,
        body: octets,
        received_at_us: RECEIVED_AT_US,
        now_s: NOW,
    };
    let unsigned = read(&door, &request, 300);
    assert!(unsigned.is_err() || kind == Kind::Zammad, "{kind} without a signature");

    let (url, signed) = sign(kind, media, octets, NOW);
    let signed = headers(&signed);
    let parsed = match read(&door, &HookRequest { url: &url, headers: &signed, ..request }, 300) {
        Ok(parsed) => parsed,
        Err(Rejected::Unauthentic(why)) => {
            // Providers that sign the fields of a form cannot have signed what is no form.
            assert!(media == FORM && !is_form(octets), "{kind} signed and refused: {why}");
            return;
        }
        Err(why) => {
            assert!(matches!(why.status(), 400 | 413 | 415), "input costs the sender, not us: {why:?}");
            return;
        }
    };
    let Some(fact) = parsed.fact else { return };
    assert!(!fact.provider_call_id.is_empty() && fact.provider_call_id.chars().count() <= 255);
    assert!(!fact.key.is_empty());
    let mut texts = fact.from.iter().chain(&fact.to).chain(&fact.queue).chain(&fact.provider_event_id);
    assert!(texts.all(|text| !text.contains('\0')), "U+0000 is refused at the door");
    decide(fact);
}

/// Whether the octets are fields, each once, that every reader of forms reads alike.
fn is_form(octets: &[u8]) -> bool {
    let mut fields: Vec<_> = form_urlencoded::parse(octets).collect();
    let sound = fields.iter().all(|(name, value)| !name.contains('\u{fffd}') && !value.contains('\u{fffd}'));
    let count = fields.len();
    fields.sort();
    fields.dedup();
    sound && count == fields.len() && count > 0
}

/// The core takes it twice; the second time is a repetition; the log can keep it.
fn decide(fact: switchroom_core::CallFact) {
    let user_map = BTreeMap::new();
    let roster = Roster::new(vec![Member {
        user_id: UserId(Uuid::from_u128(1)),
        email: "ann@example.com".into(),
        name: "Ann".into(),
        role: Role::Agent,
        extension: Some("201".into()),
        sip_uri: None,
        active: true,
    }]);
    let (callers, lines, settings) = (TenantDirectory::new(), NumberPlan::default(), Settings::default());
    let world = World {
        callers: &callers,
        roster: &roster,
        lines: &lines,
        summaries: &(),
        settings: &settings,
        connection: Some(ConnectionView {
            id: connection(),
            region: "FR".parse().expect("FR is a region"),
            user_map: &user_map,
        }),
    };
    let now = Timestamp::from_timestamp(NOW, 0).expect("a time of our century");
    let mut live = TenantLive::default();
    let decision = live.handle(now, Input::Fact(fact.clone()), &world);
    assert_eq!(decision.outcome, Outcome::Accepted);
    assert_eq!(live.handle(now, Input::Fact(fact), &world).outcome, Outcome::Repetition);
    live.check_invariants();
    let mut replayed = TenantLive::default();
    for event in &decision.events {
        let json = event.data.to_json().expect("an entry can be written");
        assert!(
            !holds_null(&serde_json::from_str(&json).expect("JSON")),
            "the log cannot keep U+0000: {json}"
        );
        let data = EventData::from_json(event.type_, &json).expect("an entry reads back");
        assert_eq!(data, event.data);
        replayed.apply(&Arc::new(switchroom_core::log::LogEvent { data, ..(**event).clone() }));
    }
    assert_eq!(replayed.memory(), live.memory());
}

/// Whether a text anywhere in it has U+0000. Six characters that read like its escape are not it.
fn holds_null(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(holds_null),
        serde_json::Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || holds_null(value))
        }
        _ => false,
    }
}
