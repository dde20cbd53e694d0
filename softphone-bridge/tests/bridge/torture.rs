//! The torture messages of RFC 4475 and RFC 5118 (files in `tests/torture`) over UDP and TCP: what is malformed is told
//! so where an answer is possible at all, what is odd and valid is handled.

use std::{path::Path, time::Duration};

use switchroom_core::FactKind;

use crate::{
    support::{House, LINE, Phone, Wire, house},
    tcp::Line,
};

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Answered(u16),
    /// A stream on which nobody knows where the next message starts is closed behind the answer.
    AnsweredAndClosed(u16),
    /// Responses to nothing, which are dropped.
    Silence,
}

use Verdict::{Answered, AnsweredAndClosed, Silence};

/// Folder, file, over UDP, over TCP.
///
/// This server knows INVITE, ACK, CANCEL, BYE and OPTIONS, other methods are 405 (RFC 3261 §8.2.1), and the numbers of its
/// inventory: a valid INVITE for anybody else is 404.
const EXPECTED: [(&str, &str, Verdict, Verdict); 61] = [
    // RFC 4475 §3.1.1, valid messages.
    ("rfc4475", "wsinv", Answered(481), Answered(481)), // its To has a tag: a dialog that is not held here
    ("rfc4475", "intmeth", Answered(405), Answered(405)),
    ("rfc4475", "esc01", Answered(404), Answered(404)),
    ("rfc4475", "escnull", Answered(405), Answered(405)),
    ("rfc4475", "esc02", Answered(405), Answered(405)),
    ("rfc4475", "lwsdisp", Answered(200), Answered(200)),
    ("rfc4475", "longreq", Answered(404), Answered(404)),
    ("rfc4475", "dblreq", Answered(405), Answered(405)), // on a stream the second request is answered too: see below
    ("rfc4475", "semiuri", Answered(200), Answered(200)),
    ("rfc4475", "transports", Answered(200), Answered(200)),
    ("rfc4475", "mpart01", Answered(405), Answered(405)),
    ("rfc4475", "unreason", Silence, Silence),
    ("rfc4475", "noreason", Silence, Silence),
    // §3.1.2, invalid messages.
    ("rfc4475", "badinv01", Answered(400), Answered(400)),
    ("rfc4475", "clerr", Answered(400), AnsweredAndClosed(400)), // on a stream once the rest has not come in time
    ("rfc4475", "ncl", Answered(400), AnsweredAndClosed(400)),
    ("rfc4475", "scalar02", Answered(400), Answered(400)),
    ("rfc4475", "scalarlg", Silence, Silence),
    ("rfc4475", "quotbal", Answered(400), Answered(400)),
    ("rfc4475", "ltgtruri", Answered(400), Answered(400)),
    ("rfc4475", "lwsruri", Answered(400), Answered(400)),
    ("rfc4475", "lwsstart", Answered(400), Answered(400)),
    ("rfc4475", "trws", Answered(400), Answered(400)),
    ("rfc4475", "escruri", Answered(400), Answered(400)),
    ("rfc4475", "baddate", Answered(404), Answered(404)), // a Date that nobody reads spoils nothing
    ("rfc4475", "regbadct", Answered(405), Answered(405)),
    ("rfc4475", "badaspec", Answered(400), Answered(400)),
    ("rfc4475", "baddn", Answered(400), Answered(400)),
    ("rfc4475", "badvers", Answered(505), Answered(505)),
    ("rfc4475", "mismatch01", Answered(400), Answered(400)),
    ("rfc4475", "mismatch02", Answered(400), Answered(400)),
    ("rfc4475", "bigcode", Silence, Silence),
    // §3.2, transaction layer.
    ("rfc4475", "badbranch", Answered(200), Answered(200)),
    // §3.3, application layer.
    ("rfc4475", "insuf", Answered(400), Answered(400)),
    ("rfc4475", "unkscm", Answered(416), Answered(416)),
    ("rfc4475", "novelsc", Answered(416), Answered(416)),
    ("rfc4475", "unksm2", Answered(405), Answered(405)),
    ("rfc4475", "bext01", Answered(420), Answered(420)),
    ("rfc4475", "invut", Answered(404), Answered(404)), // 415 for a number that is ours
    ("rfc4475", "regaut01", Answered(405), Answered(405)),
    ("rfc4475", "multi01", Answered(400), Answered(400)),
    ("rfc4475", "mcl01", Answered(400), AnsweredAndClosed(400)),
    ("rfc4475", "bcast", Silence, Silence),
    ("rfc4475", "zeromf", Answered(200), Answered(200)),
    ("rfc4475", "cparam01", Answered(405), Answered(405)),
    ("rfc4475", "cparam02", Answered(405), Answered(405)),
    ("rfc4475", "regescrt", Answered(405), Answered(405)),
    ("rfc4475", "sdp01", Answered(404), Answered(404)),
    // §3.4, backward compatibility: no Content-Length, which a stream cannot do without.
    ("rfc4475", "inv2543", Answered(404), AnsweredAndClosed(400)),
    // RFC 5118.
    ("rfc5118", "ipv6-good", Answered(405), Answered(405)),
    ("rfc5118", "ipv6-bad", Answered(400), Answered(400)),
    ("rfc5118", "port-ambiguous", Answered(405), Answered(405)),
    ("rfc5118", "port-unambiguous", Answered(405), Answered(405)),
    ("rfc5118", "via-received-param-with-delim", Answered(481), Answered(481)),
    ("rfc5118", "via-received-param-no-delim", Answered(200), Answered(200)),
    ("rfc5118", "ipv6-in-sdp", Answered(404), Answered(404)),
    ("rfc5118", "mult-ip-in-header", Answered(481), Answered(481)),
    ("rfc5118", "mult-ip-in-sdp", Answered(404), Answered(404)),
    ("rfc5118", "ipv4-mapped-ipv6", Answered(404), Answered(404)),
    ("rfc5118", "ipv6-bug-abnf-3-colons", Answered(200), Answered(200)), // §4.10 asks to tolerate it
    ("rfc5118", "ipv6-correct-abnf-2-colons", Answered(200), Answered(200)),
];

fn message(folder: &str, name: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/torture/{folder}/{name}.dat"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

async fn impatient() -> House {
    house(|settings| settings.tcp_message = Duration::from_millis(300)).await
}

#[tokio::test]
async fn every_message_of_the_rfcs_is_in_the_table() {
    let mut files = 0;
    for folder in ["rfc4475", "rfc5118"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture").join(folder);
        files += std::fs::read_dir(path).unwrap().count();
    }
    assert_eq!(files, EXPECTED.len());
}

#[tokio::test]
async fn datagrams() {
    let house = impatient().await;
    for (folder, name, expected, _) in EXPECTED {
        let phone = Phone::new(&house).await;
        phone.send_bytes(&message(folder, name)).await;
        // What is to be met with silence is followed by something that is not: the answer to that comes alone.
        if expected == Silence {
            phone.send(&phone.request("OPTIONS", "sip:127.0.0.1")).await;
        }
        let answer = phone.answer().await;
        match expected {
            Silence => {
                assert_eq!(answer.header("Call-ID"), Some(phone.call_id.as_str()), "{name}: {}", answer.text)
            }
            Answered(status) | AnsweredAndClosed(status) => {
                assert_eq!(answer.status, status, "{name}: {}", answer.text)
            }
        }
    }
    assert!(house.fake.facts().is_empty());
}

#[tokio::test]
async fn streams() {
    let house = impatient().await;
    for (folder, name, _, expected) in EXPECTED {
        let mut line = Line::new(&house).await;
        line.send(&message(folder, name)).await;
        if let Answered(status) | AnsweredAndClosed(status) = expected {
            let answer = line.answer().await.unwrap_or_else(|| panic!("{name}: closed"));
            assert_eq!(answer.status, status, "{name}: {}", answer.text);
        }
        if name == "dblreq" {
            assert_eq!(line.answer().await.map(|answer| answer.status), Some(404), "the second request");
            // Its Content-Length is five octets short, and what is left of its body begins no request.
            assert!(line.answer().await.is_none(), "{name}");
            continue;
        }
        if let AnsweredAndClosed(_) = expected {
            assert!(line.answer().await.is_none(), "{name}");
            continue;
        }
        // The frame ended where it should: what follows is understood.
        let options = Wire::request("OPTIONS", "sip:127.0.0.1", &line.via, "after");
        line.send(options.text().as_bytes()).await;
        let answer = line.answer().await.unwrap_or_else(|| panic!("{name}: closed afterwards"));
        assert_eq!(
            (answer.status, answer.header("Call-ID")),
            (200, Some("after")),
            "{name}: {}",
            answer.text
        );
    }
    assert!(house.fake.facts().is_empty());
}

/// The valid INVITEs, dialled to a number that is ours: they ring like any other, and their answers repeat what they
/// said.
#[tokio::test]
async fn odd_and_valid_calls_ring() {
    let house = house(|settings| settings.ring_timeout = Duration::from_millis(10)).await;
    let long = "amazinglylongcallername".repeat(5);
    for (folder, name, from) in [
        ("rfc4475", "wsinv", "jdrosen"),
        ("rfc4475", "esc01", "I have spaces"),
        ("rfc4475", "longreq", long.as_str()),
        ("rfc4475", "baddate", "caller"),
        ("rfc4475", "sdp01", "caller"),
        ("rfc4475", "inv2543", "+13035551111"),
        ("rfc5118", "ipv6-in-sdp", "user"),
        ("rfc5118", "mult-ip-in-sdp", "user"),
        ("rfc5118", "ipv4-mapped-ipv6", "user"),
    ] {
        let text = String::from_utf8(message(folder, name)).unwrap();
        let (_, rest) = text.split_once("\r\n").unwrap();
        // A call, not a request within one.
        let rest = rest.replacen(";   tag    = 1918181833n", "", 1);
        let phone = Phone::new(&house).await;
        eprintln!("{folder}/{name}");
        phone.send_bytes(format!("INVITE sip:{LINE}@127.0.0.1 SIP/2.0\r\n{rest}").as_bytes()).await;
        let ringing = phone.expect(180).await;
        let end = phone.expect(480).await;
        assert_eq!(end.header("To"), ringing.header("To"), "{name}");
        let facts = house.fake.facts();
        assert_eq!(
            facts.iter().filter(|fact| fact.kind == FactKind::Ringing).count() * 2,
            facts.len(),
            "{name}"
        );
        assert_eq!(facts.last().unwrap().from.as_deref(), Some(from), "{name}");
        assert_eq!(end.header("Call-ID"), facts.last().map(|fact| fact.provider_call_id.as_str()), "{name}");
    }
}

#[tokio::test]
async fn a_body_that_nobody_understands_is_415() {
    let house = house(|settings| settings.ring_timeout = Duration::from_millis(10)).await;
    let text = String::from_utf8(message("rfc4475", "invut")).unwrap();
    let text = text.replacen("sip:user@example.com", &format!("sip:{LINE}@127.0.0.1"), 1);
    let phone = Phone::new(&house).await;
    phone.send_bytes(text.as_bytes()).await;
    let answer = phone.answer().await;
    assert_eq!((answer.status, answer.header("Accept")), (415, Some("application/sdp")));
    assert!(house.fake.facts().is_empty());

    let phone = Phone::new(&house).await;
    let optional = text.replacen("\r\n", "\r\nContent-Disposition: x; handling=optional\r\n", 1);
    phone.send_bytes(optional.as_bytes()).await;
    assert_eq!(phone.expect(180).await.status, 180);
}

#[tokio::test]
async fn headers_have_limits() {
    let house = house(|_| {}).await;
    let many = |wire: Wire, n: usize| (0..n).fold(wire, |wire, n| wire.add(&format!("X-{n}"), "x"));
    type Change = Box<dyn Fn(Wire) -> Wire>;
    let cases: [(&str, Option<u16>, Change); 6] = [
        ("192 more headers", None, Box::new(move |wire| many(wire, 192))),
        ("193 more headers", Some(400), Box::new(move |wire| many(wire, 193))),
        ("a long header", None, Box::new(|wire| wire.add("Subject", &"x".repeat(12_000)))),
        ("a head of more than 16 KiB", Some(513), Box::new(|wire| wire.add("Subject", &"x".repeat(17_000)))),
        ("a Call-ID of 255", None, Box::new(|wire| wire.set("Call-ID", &"x".repeat(255)))),
        ("a Call-ID of 256", Some(400), Box::new(|wire| wire.set("Call-ID", &"x".repeat(256)))),
    ];
    for (what, refused, change) in cases {
        let phone = Phone::new(&house).await;
        phone.send(&change(phone.invite(LINE))).await;
        let answer = phone.answer().await;
        assert_eq!(answer.status, refused.unwrap_or(100), "{what}: {}", answer.text);

        let mut line = Line::new(&house).await;
        let invite = change(line.invite(&uuid::Uuid::new_v4().to_string()));
        line.send(invite.text().as_bytes()).await;
        let answer = line.answer().await.unwrap_or_else(|| panic!("{what}: closed"));
        assert_eq!(answer.status, refused.unwrap_or(100), "{what}: {}", answer.text);
    }
}
