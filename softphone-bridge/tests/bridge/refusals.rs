//! What is refused, and that nothing of it reaches the engine.

use std::{sync::atomic::Ordering, time::Duration};

use switchroom_bridge::rules::Trust;
use switchroom_core::{EndCause, FactKind};

use crate::support::{LINE, Phone, Wire, house};

#[tokio::test]
async fn unknown_numbers_are_404() {
    let house = house(|_| {}).await;
    for uri in ["sip:+33199999999@127.0.0.1", "sip:127.0.0.1", "sip:nobody@127.0.0.1", "tel:112"] {
        let phone = Phone::new(&house).await;
        let invite = phone.request("INVITE", uri);
        phone.send(&invite).await;
        let end = phone.expect(404).await;
        phone.ack(&invite, &end).await;
    }
    assert!(house.fake.facts().is_empty());
}

#[tokio::test]
async fn a_source_outside_the_trusted_networks_is_403() {
    let house = house(|settings| settings.trust = "192.0.2.0/24".parse::<Trust>().unwrap()).await;
    let phone = Phone::new(&house).await;
    phone.send(&phone.invite(LINE)).await;
    assert_eq!(phone.answer().await.status, 403);
    phone.send(&phone.invite(LINE).without("From")).await;
    assert_eq!(phone.answer().await.status, 403, "and learns nothing else");
    phone.send(&phone.request("ACK", "sip:+33199000001@127.0.0.1")).await;
    assert!(phone.answer_within(Duration::from_millis(200)).await.is_none());
    assert!(house.fake.facts().is_empty());
}

#[tokio::test]
async fn malformed_requests_are_refused_with_the_status_that_fits() {
    // What is wrong, the status that fits, and how the request is spoilt.
    type Case = (&'static str, u16, Box<dyn Fn(Wire) -> Wire>);
    let house = house(|_| {}).await;
    let cases: Vec<Case> = vec![
        ("no Call-ID", 400, Box::new(|wire| wire.without("Call-ID"))),
        ("no From", 400, Box::new(|wire| wire.without("From"))),
        ("no To", 400, Box::new(|wire| wire.without("To"))),
        ("no CSeq", 400, Box::new(|wire| wire.without("CSeq"))),
        ("two Call-IDs", 400, Box::new(|wire| wire.add("Call-ID", "other"))),
        ("two Call-IDs, one compact", 400, Box::new(|wire| wire.add("i", "other"))),
        ("two Froms", 400, Box::new(|wire| wire.add("From", "<sip:eve@x>;tag=2"))),
        ("two CSeqs", 400, Box::new(|wire| wire.add("CSeq", "2 INVITE"))),
        ("CSeq of another method", 400, Box::new(|wire| wire.set("CSeq", "1 BYE"))),
        ("CSeq too large", 400, Box::new(|wire| wire.set("CSeq", "2147483648 INVITE"))),
        ("CSeq negative", 400, Box::new(|wire| wire.set("CSeq", "-1 INVITE"))),
        ("From with an empty tag", 400, Box::new(|wire| wire.set("From", "<sip:a@b>;tag="))),
        ("Via without a host", 400, Box::new(|wire| wire.add("Via", "SIP/2.0/UDP ;branch=x"))),
        ("spaces in an address", 400, Box::new(|wire| wire.set("To", "< sip:a@b >"))),
        ("U+0000 outside of quotes", 400, Box::new(|wire| wire.add("Subject", "a\0b"))),
        ("quote not closed", 400, Box::new(|wire| wire.set("To", "\"Mr. J. User <sip:j@example.com>"))),
        ("bracket not closed", 400, Box::new(|wire| wire.set("To", "<sip:j@example.com"))),
        ("Content-Length beyond", 400, Box::new(|wire| wire.set("Content-Length", "9999"))),
        ("Content-Length negative", 400, Box::new(|wire| wire.set("Content-Length", "-1"))),
        ("Content-Length no number", 400, Box::new(|wire| wire.set("Content-Length", "x"))),
        ("Content-Length twice", 400, Box::new(|wire| wire.add("l", "0"))),
        ("Max-Forwards no number", 400, Box::new(|wire| wire.set("Max-Forwards", "x"))),
        ("no hops left", 483, Box::new(|wire| wire.set("Max-Forwards", "0"))),
        ("extension", 420, Box::new(|wire| wire.add("Require", "100rel, foo"))),
        (
            "version",
            505,
            Box::new(|mut wire| {
                wire.start = wire.start.replace("SIP/2.0", "SIP/7.0");
                wire
            }),
        ),
        (
            "version garbage",
            400,
            Box::new(|mut wire| {
                wire.start = wire.start.replace("SIP/2.0", "HTTP/1.1");
                wire
            }),
        ),
        (
            "two spaces",
            400,
            Box::new(|mut wire| {
                wire.start = wire.start.replacen(' ', "  ", 1);
                wire
            }),
        ),
        (
            "brackets around the URI",
            400,
            Box::new(|mut wire| {
                wire.start = "INVITE <sip:+33199000001@127.0.0.1> SIP/2.0".into();
                wire
            }),
        ),
        (
            "headers in the URI",
            400,
            Box::new(|mut wire| {
                wire.start = "INVITE sip:+33199000001@127.0.0.1?Route=%3Csip:x%3E SIP/2.0".into();
                wire
            }),
        ),
        (
            "URI scheme",
            416,
            Box::new(|mut wire| {
                wire.start = "INVITE mailto:a@b SIP/2.0".into();
                wire
            }),
        ),
        ("a line without a colon", 400, Box::new(|wire| wire.add("Subject", "x\r\nnonsense"))),
    ];
    for (what, status, change) in cases {
        let phone = Phone::new(&house).await;
        phone.send(&change(phone.invite(LINE))).await;
        let answer = phone.answer().await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert!(answer.header("Via").unwrap().contains("received=127.0.0.1"), "{what}: {}", answer.text);
        if status == 420 {
            assert_eq!(answer.header("Unsupported"), Some("100rel, foo"));
        }
    }
    for method in ["REGISTER", "SUBSCRIBE", "MESSAGE", "NOTIFY", "INFO", "REFER", "UPDATE", "FROBNICATE"] {
        let phone = Phone::new(&house).await;
        phone.send(&phone.request(method, "sip:+33199000001@127.0.0.1")).await;
        let answer = phone.answer().await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("Allow"), Some("INVITE, ACK, CANCEL, BYE, OPTIONS"));
    }
    assert!(house.fake.facts().is_empty());
}

#[tokio::test]
async fn octets_that_are_no_request_harm_nobody() {
    let house = house(|_| {}).await;
    let phone = Phone::new(&house).await;
    for garbage in [
        &b""[..],
        b"\r\n\r\n",
        b"\0\0\0\0",
        b"\xff\xfe\xfd",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x\r\n\r\n",
        b"INVITE sip:x SIP/2.0",
        b"INVITE\r\n\r\n",
        b" \t\r\n",
        &[b'A'; 60_000],
    ] {
        phone.send_bytes(garbage).await;
    }
    assert!(phone.answer_within(Duration::from_millis(200)).await.is_none());
    // Not UTF-8 in a header, and a message cut short: answered, since they say whom to.
    let mut bytes = phone.invite(LINE).text().into_bytes();
    let at = bytes.windows(4).position(|window| window == b"Anne").unwrap();
    bytes[at] = 0xff;
    phone.send_bytes(&bytes).await;
    assert_eq!(phone.answer().await.status, 400);
    let whole = phone.invite(LINE).text();
    phone.send_bytes(&whole.as_bytes()[..whole.len() - 2]).await;
    assert_eq!(phone.answer().await.status, 400);
    // And it still takes calls.
    let caller = Phone::new(&house).await;
    caller.send(&caller.invite(LINE)).await;
    caller.expect(180).await;
}

#[tokio::test]
async fn an_oversize_datagram_is_513() {
    let house = house(|_| {}).await;
    let phone = Phone::new(&house).await;
    phone.send(&phone.invite(LINE).add("Subject", &"x".repeat(20_000))).await;
    assert_eq!(phone.answer().await.status, 513);
}

#[tokio::test]
async fn a_suspended_tenant_gets_no_new_call_and_the_one_that_rings_rings_on() {
    let house = house(|settings| settings.ring_timeout = Duration::from_secs(1)).await;
    let phone = Phone::new(&house).await;
    let invite = phone.invite(LINE);
    phone.send(&invite).await;
    phone.expect(180).await;
    house.fake.suspended.store(true, Ordering::SeqCst);
    phone.send(&invite).await;
    assert_eq!(phone.answer().await.status, 180, "a repetition of what is being answered");
    let other = Phone::new(&house).await;
    let refused = other.invite(LINE);
    other.send(&refused).await;
    let end = other.expect(403).await;
    other.ack(&refused, &end).await;
    let end = phone.expect(480).await;
    phone.ack(&invite, &end).await;
    assert_eq!(house.fake.kinds(), [FactKind::Ringing, FactKind::Ended(EndCause::NoAnswer)]);
}
