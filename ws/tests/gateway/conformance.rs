//! RFC 6455, octet for octet: the cases of the Autobahn test suite, as far as a server without extensions meets them.
//!
//! The gateway echoes nothing, but it says back the type of a message it does not know, which serves as an echo. Each
//! case is sent in one piece, and once more octet by octet, which must make no difference.

use std::time::Duration;

use serde_json::Value;
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::support::{House, Raw, SOON};

const CONTINUED: u8 = 0x00;
const TEXT: u8 = 0x01;
const BINARY: u8 = 0x02;
const CLOSE: u8 = 0x08;
const PING: u8 = 0x09;
const PONG: u8 = 0x0A;
const FIN: u8 = 0x80;

/// What the gateway sends in answer, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    /// A message of a type that does not exist arrived whole.
    Echo(String),
    Pong(Vec<u8>),
    /// None = a close without a code.
    Close(Option<u16>),
    End,
}

use Heard::{Close, Echo, End, Pong};

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn frames(frames: &[(u8, &[u8])]) -> Vec<u8> {
    frames.iter().flat_map(|(first, payload)| frame(*first, payload)).collect()
}

/// A message that is said back.
fn word(word: &[u8]) -> Vec<u8> {
    [br#"{"type":""#, word, br#""}"#].concat()
}

fn echo(word: &str) -> Heard {
    Echo(word.to_owned())
}

fn broken(code: u16) -> Vec<Heard> {
    vec![Close(Some(code)), End]
}

/// Sends the octets and holds what comes against what should; both ways of sending.
async fn check(house: &House, what: &str, octets: &[u8], expected: &[Heard]) {
    for piece in [octets.len().max(1), 1] {
        if piece == 1 && octets.len() > 2_000 {
            continue;
        }
        let mut raw = house.raw().await;
        raw.stream.set_nodelay(true).unwrap();
        for part in octets.chunks(piece) {
            // The gateway may have hung up before the last octet; what it said tells.
            if raw.stream.write_all(part).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        for want in expected {
            let heard = hear(&mut raw).await;
            assert_eq!(&heard, want, "{what}, {piece} octets at a time");
        }
        if expected.last() != Some(&End) {
            // And the socket is still good.
            raw.send(FIN | PING, b"still there").await;
            assert_eq!(hear(&mut raw).await, Pong(b"still there".to_vec()), "{what}, afterwards");
        }
    }
}

async fn hear(raw: &mut Raw) -> Heard {
    let Some((first, payload)) = raw.frame().await else { return End };
    match first {
        0x81 => {
            let value: Value = serde_json::from_slice(&payload).unwrap();
            let detail = value["data"]["detail"].as_str().unwrap_or_default();
            Echo(detail.strip_prefix("no such type: ").unwrap_or(detail).to_owned())
        }
        0x8A => Pong(payload),
        0x88 => Close(payload.get(..2).map(|code| u16::from_be_bytes([code[0], code[1]]))),
        other => panic!("a frame that nobody sends: {other:#x}"),
    }
}

/// Autobahn 1 and 2: lengths, and control frames beside them.
#[tokio::test]
async fn lengths_pings_and_pongs() {
    let house = House::new().await;
    let long = "x".repeat(79);
    check(&house, "a word", &frame(FIN | TEXT, &word(b"hello")), &[echo("hello")]).await;
    check(&house, "79 octets", &frame(FIN | TEXT, &word(long.as_bytes())), &[echo(&long)]).await;
    for length in [125, 126, 127, 128, 65_535, 65_536] {
        let text = format!(r#"{{"type":"pong","x":"{}"}}"#, "x".repeat(length - 22));
        assert_eq!(text.len(), length);
        let octets = [frame(FIN | TEXT, text.as_bytes()), frame(FIN | PING, b"")].concat();
        check(&house, &format!("{length} octets"), &octets, &[Pong(Vec::new())]).await;
    }
    // A length need not be written in its shortest form to be understood or refused, but not to do harm.
    for length in [0_usize, 125] {
        let payload = vec![0xFE; length];
        check(&house, "ping", &frame(FIN | PING, &payload), &[Pong(payload.clone())]).await;
    }
    check(&house, "ping of 126", &frame(FIN | PING, &[0xFE; 126]), &broken(1002)).await;
    check(&house, "pong of 126", &frame(FIN | PONG, &[0xFE; 126]), &broken(1002)).await;
    check(&house, "unasked pong", &frames(&[(FIN | PONG, b"x"), (FIN | PING, b"y")]), &[Pong(b"y".to_vec())])
        .await;
    let ten: Vec<Heard> = (0..10).map(|n| Pong(vec![n])).collect();
    let octets: Vec<u8> = (0..10).flat_map(|n| frame(FIN | PING, &[n])).collect();
    check(&house, "ten pings", &octets, &ten).await;
    // An echo behind pings comes behind their pongs.
    let octets = frames(&[(FIN | PING, b"1"), (FIN | TEXT, &word(b"between")), (FIN | PING, b"2")]);
    let mut raw = house.raw().await;
    raw.stream.write_all(&octets).await.unwrap();
    let mut heard = [hear(&mut raw).await, hear(&mut raw).await, hear(&mut raw).await];
    heard.sort_by_key(|heard| matches!(heard, Echo(_)));
    assert_eq!(heard, [Pong(b"1".to_vec()), Pong(b"2".to_vec()), echo("between")]);
}

/// Autobahn 3 and 4: bits and opcodes that mean nothing.
#[tokio::test]
async fn reserved_bits_and_opcodes() {
    let house = House::new().await;
    for bits in 1..8_u8 {
        for opcode in [TEXT, BINARY, PING, PONG, CLOSE] {
            let octets = frame(FIN | (bits << 4) | opcode, b"");
            check(&house, &format!("reserved bits {bits:03b} on {opcode:x}"), &octets, &broken(1002)).await;
        }
    }
    for opcode in (3..8).chain(11..16_u8) {
        for payload in [&b""[..], b"payload"] {
            let octets = frame(FIN | opcode, payload);
            check(&house, &format!("opcode {opcode}"), &octets, &broken(1002)).await;
        }
        // What was said before is heard.
        let octets = frames(&[(FIN | PING, b"first"), (FIN | opcode, b"")]);
        let expected = [vec![Pong(b"first".to_vec())], broken(1002)].concat();
        check(&house, &format!("opcode {opcode} after a ping"), &octets, &expected).await;
    }
}

/// Autobahn 5: fragments.
#[tokio::test]
async fn fragmentation() {
    let house = House::new().await;
    let (head, tail) = (&br#"{"type":"#[..], &br#""frag"}"#[..]);
    let (echo, pong) = (echo("frag"), Pong(b"p".to_vec()));
    type Case<'a> = (&'a str, &'a [(u8, &'a [u8])], Vec<Heard>);
    let cases: [Case<'_>; 17] = [
        ("two fragments", &[(TEXT, head), (FIN, tail)], vec![echo.clone()]),
        (
            "empty ones",
            &[(TEXT, b""), (CONTINUED, head), (CONTINUED, b""), (CONTINUED, tail), (FIN, b"")],
            vec![echo.clone()],
        ),
        (
            "a ping between",
            &[(TEXT, head), (FIN | PING, b"p"), (FIN, tail)],
            vec![pong.clone(), echo.clone()],
        ),
        ("a pong between", &[(TEXT, head), (FIN | PONG, b"p"), (FIN, tail)], vec![echo.clone()]),
        (
            "a ping after each",
            &[(TEXT, head), (FIN | PING, b"p"), (CONTINUED, b""), (FIN | PING, b"p"), (FIN, tail)],
            vec![pong.clone(), pong.clone(), echo.clone()],
        ),
        ("a close between", &[(TEXT, head), (FIN | CLOSE, b"\x03\xe8")], broken(1000)),
        ("fragmented ping", &[(PING, b"p"), (FIN, b"q")], broken(1002)),
        ("fragmented pong", &[(PONG, b"p"), (FIN, b"q")], broken(1002)),
        ("fragmented close", &[(CLOSE, b"\x03"), (FIN, b"\xe8")], broken(1002)),
        ("continuation of nothing", &[(FIN, tail)], broken(1002)),
        ("continuation of nothing, not the last", &[(CONTINUED, tail)], broken(1002)),
        (
            "continuation after the last",
            &[(TEXT, head), (FIN, tail), (FIN, b"x")],
            [vec![echo.clone()], broken(1002)].concat(),
        ),
        ("text within text", &[(TEXT, head), (TEXT, tail)], broken(1002)),
        ("last text within text", &[(TEXT, head), (FIN | TEXT, tail)], broken(1002)),
        ("binary within text", &[(TEXT, head), (FIN | BINARY, tail)], broken(1002)),
        ("text within binary", &[(BINARY, head), (FIN | TEXT, tail)], broken(1002)),
        ("fragmented binary", &[(BINARY, head), (FIN, tail)], broken(1003)),
    ];
    for (what, sent, expected) in cases {
        check(&house, what, &frames(sent), &expected).await;
    }
    check(&house, "binary", &frame(FIN | BINARY, b"{}"), &broken(1003)).await;
    let many: Vec<u8> = std::iter::once(frame(TEXT, br#"{"type":"x"#))
        .chain((0..1_000).map(|_| frame(CONTINUED, b"")))
        .chain([frame(FIN, br#""}"#)])
        .flatten()
        .collect();
    check(&house, "a thousand fragments", &many, &[Echo("x".to_owned())]).await;
    let over: Vec<u8> = std::iter::once(frame(TEXT, b""))
        .chain((0..65).map(|_| frame(CONTINUED, &[b'x'; 1024])))
        .flatten()
        .collect();
    check(&house, "fragments of more than 64 KiB together, without a last", &over, &broken(1009)).await;
}

/// Autobahn 6: UTF-8.
#[tokio::test]
async fn text_is_utf_8() {
    let house = House::new().await;
    for valid in [
        "κόσμε",
        "\u{80}",
        "\u{7ff}",
        "\u{800}",
        "\u{ffff}",
        "\u{10000}",
        "\u{10ffff}",
        "\u{d7ff}",
        "\u{e000}",
        "\u{fffd}",
        "\u{fffe}",
        "\u{1fffe}",
        "\u{10fffe}",
        "\u{feff}",
    ] {
        let octets = word(valid.as_bytes());
        check(&house, valid, &frame(FIN | TEXT, &octets), &[echo(valid)]).await;
        // Cut within a character.
        let cut = octets.len() - 3;
        let sent = frames(&[(TEXT, &octets[..cut]), (FIN, &octets[cut..])]);
        check(&house, valid, &sent, &[echo(valid)]).await;
        let single: Vec<u8> = octets
            .iter()
            .enumerate()
            .flat_map(|(at, octet)| frame(if at == 0 { TEXT } else { CONTINUED }, &[*octet]))
            .chain(frame(FIN, b""))
            .collect();
        check(&house, valid, &single, &[echo(valid)]).await;
    }
    let invalid: [&[u8]; 22] = [
        b"\x80",
        b"\xbf",
        b"\x80\xbf\x80",
        b"\xc0 ",
        b"\xe0 ",
        b"\xf0 ",
        b"\xf8 ",
        b"\xfc ",
        b"\xfe",
        b"\xff",
        b"\xc3",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xf0\x80\x80\xaf",
        b"\xc1\xbf",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
    ];
    for bad in invalid {
        let octets = word(bad);
        check(&house, &format!("{bad:x?}"), &frame(FIN | TEXT, &octets), &broken(1007)).await;
        for cut in 9..=9 + bad.len() {
            let sent = frames(&[(TEXT, &octets[..cut]), (FIN | PING, b""), (FIN, &octets[cut..])]);
            let mut raw = house.raw().await;
            raw.stream.write_all(&sent).await.unwrap();
            assert_eq!(raw.closed().await, 1007, "{bad:x?} cut at {cut}");
        }
    }
    // A message that ends within a character.
    check(&house, "an unfinished end", &frame(FIN | TEXT, b"{\"type\":\"\xe2\x82"), &broken(1007)).await;
}

/// Autobahn 7: closing.
#[tokio::test]
async fn closing() {
    let house = House::new().await;
    let code = |code: u16, reason: &[u8]| frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat());
    check(&house, "no code", &frame(FIN | CLOSE, b""), &[Close(None), End]).await;
    check(&house, "one octet", &frame(FIN | CLOSE, b"\x03"), &broken(1002)).await;
    for good in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999] {
        check(&house, &format!("code {good}"), &code(good, b""), &broken(good)).await;
        check(&house, &format!("code {good} and why"), &code(good, b"because"), &broken(good)).await;
    }
    for bad in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        check(&house, &format!("code {bad}"), &code(bad, b""), &broken(1002)).await;
        check(&house, &format!("code {bad} and why"), &code(bad, b"because"), &broken(1002)).await;
    }
    check(&house, "the longest reason", &code(1000, &[b'x'; 123]), &broken(1000)).await;
    check(&house, "a longer one", &code(1000, &[b'x'; 124]), &broken(1002)).await;
    check(&house, "a reason that is no UTF-8", &code(1000, b"\xce\xba\xed\xa0\x80"), &broken(1007)).await;
    // What comes behind a close is not looked at.
    for behind in
        [frame(FIN | PING, b"p"), frame(FIN | TEXT, &word(b"late")), code(1001, b""), vec![0xFF; 40]]
    {
        let octets = [code(1000, b""), behind].concat();
        check(&house, "behind a close", &octets, &broken(1000)).await;
    }
    let before = [frame(FIN | TEXT, &word(b"before")), code(1000, b"")].concat();
    let mut raw = house.raw().await;
    raw.stream.write_all(&before).await.unwrap();
    assert_eq!(raw.closed().await, 1000);
    assert_eq!(hear(&mut raw).await, End);
}

#[tokio::test]
async fn clients_mask() {
    let house = House::new().await;
    for (what, octets) in [
        ("text", b"\x81\x02{}".to_vec()),
        ("text of 16 bits", [&b"\x81\x7e\x00\x80"[..], &[b' '; 128]].concat()),
        ("ping", b"\x89\x00".to_vec()),
        ("close", b"\x88\x02\x03\xe8".to_vec()),
    ] {
        let mut raw = house.raw().await;
        raw.stream.write_all(&octets).await.unwrap();
        assert_eq!(raw.closed().await, 1002, "{what} without a mask");
    }
    // Any mask is a mask, all zeros too.
    let mut raw = house.raw().await;
    raw.stream.write_all(b"\x89\x81\x00\x00\x00\x00x").await.unwrap();
    assert_eq!(hear(&mut raw).await, Pong(b"x".to_vec()));
    raw.stream.write_all(b"\x89\x81\xff\xff\xff\xff\x87").await.unwrap();
    assert_eq!(hear(&mut raw).await, Pong(b"x".to_vec()));
}

/// RFC 6455 §4.2.1 and §4.4.
#[tokio::test]
async fn handshakes() {
    let house = House::new().await;
    let good = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: switchroom.v1\r\nAuthorization: Bearer ann\r\n\r\n";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let version = "Sec-WebSocket-Version: 13\r\n";
    let cases = [
        ("as it should be", "", "", 101),
        ("words in any case", "Upgrade: websocket", "UPGRADE: WebSocket", 101),
        ("other upgrades beside", "Upgrade: websocket", "Upgrade: h2c, websocket", 101),
        ("other options beside", "Connection: Upgrade", "Connection: keep-alive, Upgrade", 101),
        ("POST", "GET ", "POST ", 405),
        ("HEAD", "GET ", "HEAD ", 405),
        ("HTTP/1.0", "HTTP/1.1", "HTTP/1.0", 400),
        ("no host", "Host: x\r\n", "", 400),
        ("no upgrade", "Upgrade: websocket\r\n", "", 400),
        ("another upgrade", "Upgrade: websocket", "Upgrade: websockets", 400),
        ("no connection option", "Connection: Upgrade", "Connection: keep-alive", 400),
        ("no version", version, "", 426),
        ("an older version", "Version: 13", "Version: 8", 426),
        ("a newer version", "Version: 13", "Version: 14", 426),
        ("no number", "Version: 13", "Version: thirteen", 426),
        ("two versions", version, "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 8\r\n", 426),
        ("no key", key, "", 400),
        ("an empty key", key, "Sec-WebSocket-Key:\r\n", 400),
        ("a key of 15 octets", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j", 400),
        ("a key of 17 octets", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZXh4", 400),
        ("a key that is no base64", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j!Q==", 400),
        (
            "two keys",
            key,
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            400,
        ),
        (
            "extensions, which are not taken up",
            key,
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
            101,
        ),
    ];
    for (what, from, to, expected) in cases {
        let head = if from.is_empty() { good.to_owned() } else { good.replacen(from, to, 1) };
        assert!(from.is_empty() || head != good, "{what}");
        let (status, answer) = answer_to(&house, &head).await;
        assert_eq!(status, expected, "{what}: {answer}");
        match expected {
            101 => assert!(!answer.contains("sec-websocket-extensions"), "{what}: {answer}"),
            426 => assert!(answer.contains("sec-websocket-version: 13"), "{what}: {answer}"),
            _ => {}
        }
    }
}

/// Status and head of the answer.
async fn answer_to(house: &House, request: &str) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(house.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let octet = timeout(SOON, tokio::io::AsyncReadExt::read_u8(&mut stream)).await;
        head.push(
            octet
                .expect("an answer")
                .unwrap_or_else(|_| panic!("ends within {:?}", String::from_utf8_lossy(&head))),
        );
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    (head[9..12].parse().unwrap(), head)
}

/// Frames of a client that talks and listens at once are not mixed up by its own slowness.
#[tokio::test]
async fn a_ping_in_the_middle_of_the_largest_message() {
    let house = House::new().await;
    let text = format!(r#"{{"type":"pong","x":"{}"}}"#, "x".repeat(65_536 - 22));
    let half = text.len() / 2;
    let mut raw = house.raw().await;
    raw.send(TEXT, &text.as_bytes()[..half]).await;
    raw.send(FIN | PING, b"half").await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    raw.send(FIN, &text.as_bytes()[half..]).await;
    raw.send(FIN | PING, b"whole").await;
    assert_eq!(hear(&mut raw).await, Pong(b"half".to_vec()));
    assert_eq!(hear(&mut raw).await, Pong(b"whole".to_vec()));
}
