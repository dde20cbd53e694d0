//! What holds for any octets: nothing panics, nothing changed is authentic, and repetitions have equal keys.

use proptest::prelude::*;
use switchroom_engine::ingest::{Headers, HookRequest, Kind, verify};

use crate::support::{FORM, JSON, NOW, credentials, fixtures, headers, media_type, read, request, sign};

fn kinds() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL.to_vec())
}

/// The kinds that sign their bodies.
fn signing() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![Kind::Generic, Kind::Twilio, Kind::Telnyx, Kind::Vonage, Kind::Plivo])
}

proptest! {
    #[test]
    fn parsers_never_panic(kind in kinds(), json in any::<bool>(), body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(kind, if json { JSON } else { FORM }, &body);
    }

    #[test]
    fn parsers_never_panic_near_the_truth(
        kind in kinds(), pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
        insert in prop::collection::vec(any::<u8>(), 0..4), cut in 0_usize..4,
    ) {
        let all = fixtures(kind);
        let (name, mut body) = all[pick.index(all.len())].clone();
        let start = at.index(body.len());
        let end = (start + cut).min(body.len());
        body.splice(start..end, insert);
        if let Ok(parsed) = read(kind, media_type(&name), &body)
            && let Some(fact) = parsed.fact
        {
            prop_assert!(!fact.provider_call_id.is_empty() && fact.provider_call_id.chars().count() <= 255);
            prop_assert!(!fact.key.is_empty());
            prop_assert!(fact.from.iter().chain(&fact.to).all(|number| !number.contains('\0')));
        }
    }

    #[test]
    fn a_changed_body_is_never_authentic(
        kind in signing(), pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), flip in 1_u8..=255,
    ) {
        let all = fixtures(kind);
        let (name, body) = all[pick.index(all.len())].clone();
        let (url, signed) = sign(kind, media_type(&name), &body, NOW);
        let mut changed = body.clone();
        let index = at.index(body.len());
        changed[index] ^= flip;
        // Two forms may be the same fields in other octets (`%2B` and `%2b`); then it is the same message.
        let same = media_type(&name) == FORM && {
            let sorted = |body: &[u8]| {
                let mut pairs: Vec<_> = form_urlencoded::parse(body).into_owned().collect();
                pairs.sort();
                pairs.into_iter().map(|(name, value)| name + &value).collect::<String>()
            };
            sorted(&body) == sorted(&changed)
        };
        let headers = headers(&signed);
        let verdict = verify(&HookRequest { url: &url, ..request(&headers, &changed) }, &credentials(kind), 300);
        prop_assert!(same || verdict.is_err(), "{kind} {name} at {index}");
    }

    #[test]
    fn a_changed_header_is_never_authentic(kind in signing(), which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let (name, body) = fixtures(kind)[0].clone();
        let (url, signed) = sign(kind, media_type(&name), &body, NOW);
        let mut changed = signed.clone();
        let index = 1 + which.index(changed.len() - 1);
        let mut value = changed[index].1.clone().into_bytes();
        let place = at.index(value.len());
        value[place] = if value[place] == b'7' { b'8' } else { b'7' };
        changed[index].1 = String::from_utf8(value).unwrap();
        let headers = headers(&changed);
        let verdict = verify(&HookRequest { url: &url, ..request(&headers, &body) }, &credentials(kind), 300);
        // The last character of base64 without padding may hold bits that mean nothing, and Plivo's list starts with
        // a signature of nobody.
        let harmless = kind == Kind::Plivo && place < 5 && changed[index].0.ends_with("V3");
        prop_assert!(harmless || verdict.is_err(), "{kind} {:?}", changed[index]);
    }

    #[test]
    fn any_headers_and_any_body_are_judged_without_panic(
        kind in kinds(), values in prop::collection::vec(".{0,40}", 8), body in prop::collection::vec(any::<u8>(), 0..60), now in any::<i64>(),
    ) {
        let names = ["content-type", "authorization", "webhook-id", "webhook-timestamp", "webhook-signature",
            "telnyx-timestamp", "x-twilio-signature", "x-plivo-signature-v3"];
        let headers: Headers = names.into_iter().zip(values.iter().map(String::as_bytes)).collect();
        let url = &values[0];
        let verdict = verify(&HookRequest { url, now_s: now, ..request(&headers, &body) }, &credentials(kind), 300);
        prop_assert!(verdict.is_err() || kind == Kind::Zammad);
    }
}
