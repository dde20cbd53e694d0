//! The order of refusals (contract §3) up to the point where the live state is needed.

use switchroom_core::TenantId;
use switchroom_engine::ingest::{
    BODY_LIMIT, Headers, HookRequest, Kind, MediaType,
    accept::{HookConnection, Rejected, read},
};

use crate::support::{FORM, JSON, NOW, connection, credentials, fixture, headers, media_type, request, sign};

fn door(kind: Kind) -> HookConnection {
    HookConnection {
        id: connection(),
        tenant: TenantId(uuid::Uuid::from_u128(9)),
        kind,
        credentials: Some(credentials(kind)),
    }
}

fn status(kind: Kind, headers: &Headers, body: &[u8]) -> u16 {
    match read(&door(kind), &request(headers, body), 300) {
        Ok(_) => 200,
        Err(why) => why.status(),
    }
}

#[test]
fn each_refusal_comes_before_the_next() {
    let huge = vec![b'x'; BODY_LIMIT + 1];
    let bare = Headers::default();
    assert_eq!(status(Kind::Generic, &bare, &huge), 413, "before its media type");
    assert_eq!(status(Kind::Generic, &bare, b"{"), 415, "before its signature");
    let json: Headers = [("content-type", JSON)].into_iter().collect();
    assert_eq!(status(Kind::Generic, &json, b"{"), 401, "before it is read");
    let (_, signed) = sign(Kind::Generic, JSON, b"{", NOW);
    assert_eq!(status(Kind::Generic, &headers(&signed), b"{"), 400);
    let body = fixture("generic/ringing.json");
    let (_, signed) = sign(Kind::Generic, JSON, &body, NOW);
    assert_eq!(status(Kind::Generic, &headers(&signed), &body), 200);
    let full = vec![b' '; BODY_LIMIT];
    let (_, signed) = sign(Kind::Generic, JSON, &full, NOW);
    assert_eq!(status(Kind::Generic, &headers(&signed), &full), 400, "64 KiB is not over 64 KiB");
}

#[test]
fn media_types() {
    for (value, expected) in [
        ("application/json", MediaType::Json),
        ("Application/JSON; charset=UTF-8", MediaType::Json),
        ("application/cloudevents+json", MediaType::Json),
        ("application/x-www-form-urlencoded; charset=\"utf-8\"", MediaType::Form),
        ("application/x-www-form-urlencoded;charset=iso-8859-1", MediaType::Other),
        ("text/plain", MediaType::Other),
        ("multipart/form-data; boundary=x", MediaType::Other),
        ("", MediaType::Other),
    ] {
        let headers: Headers = [("content-type", value)].into_iter().collect();
        assert_eq!(request(&headers, b"").media_type(), expected, "{value}");
    }
    for (kind, json, form) in [
        (Kind::Generic, true, false),
        (Kind::Twilio, true, true),
        (Kind::Telnyx, true, false),
        (Kind::Vonage, true, false),
        (Kind::Plivo, false, true),
        (Kind::Sipgate, false, true),
        (Kind::Zammad, true, true),
    ] {
        assert_eq!((kind.takes(MediaType::Json), kind.takes(MediaType::Form)), (json, form), "{kind}");
        assert!(!kind.takes(MediaType::Other));
    }
}

#[test]
fn a_connection_whose_secret_cannot_be_opened_takes_nothing() {
    for kind in Kind::ALL {
        let door = HookConnection { credentials: None, ..door(kind) };
        let media = if kind.takes(MediaType::Json) { JSON } else { FORM };
        let headers: Headers = [("content-type", media)].into_iter().collect();
        assert_eq!(read(&door, &request(&headers, b"{}"), 300).unwrap_err().status(), 401);
    }
}

#[test]
fn every_kind_takes_its_own_and_no_other_kind_s_signature() {
    let names = [
        (Kind::Generic, "generic/ringing.json"),
        (Kind::Twilio, "twilio/ringing.form"),
        (Kind::Telnyx, "telnyx/initiated.json"),
        (Kind::Vonage, "vonage/started.json"),
        (Kind::Plivo, "plivo/ringing.form"),
        (Kind::Sipgate, "sipgate/new-call.form"),
    ];
    for (kind, name) in names {
        for (signer, _) in names {
            let body = fixture(name);
            let (url, signed) = sign(signer, media_type(name), &body, NOW);
            let headers = headers(&signed);
            let verdict = read(&door(kind), &HookRequest { url: &url, ..request(&headers, &body) }, 300);
            if signer == kind {
                assert!(verdict.is_ok(), "{kind}");
            } else {
                assert!(matches!(verdict, Err(Rejected::Unauthentic(_))), "{kind} signed as {signer}");
            }
        }
    }
}
