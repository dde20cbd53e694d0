//! What a client may put on the wire, and what it is told where it may not.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use futures::SinkExt;

use crate::support::{House, SOON};

const TEXT: u8 = 0x81;

#[tokio::test]
async fn what_is_no_json_object_closes_4400() {
    let house = House::new().await;
    for text in ["", "hello", "[]", "7", "null", "\"pong\"", "{\"type\":\"pong\"", "{}{}", "\0"] {
        let mut client = house.client("ann").await;
        client.text(text).await;
        assert_eq!(client.closed().await, 4400, "{text:?}");
    }
    let mut client = house.client("ann").await;
    client.text(&format!(r#"{{"a":{}{}}}"#, "[".repeat(64), "]".repeat(64))).await;
    assert_eq!(client.closed().await, 4400, "65 levels");
}

#[tokio::test]
async fn what_is_an_object_gets_an_error_and_the_socket_stays() {
    let house = House::new().await;
    let mut client = house.client("ann").await;
    client.text(&format!(r#"{{"type":"pong","a":{}{}}}"#, "[".repeat(63), "]".repeat(63))).await;
    for (message, code) in [
        (json!({}), "unknown_type"),
        (json!({"type": 7}), "unknown_type"),
        (json!({"type": "<script>alert(1)</script>"}), "unknown_type"),
        (json!({"type": "hello"}), "unknown_type"),
        (json!({"type": "'; DROP TABLE calls; --"}), "unknown_type"),
        (json!({"type": "ack"}), "bad_message"),
        (json!({"type": "ack", "event_id": "\u{0}"}), "bad_message"),
        (json!({"type": "subscribe", "topics": "calls"}), "bad_message"),
        (json!({"type": "subscribe", "topics": ["nonsense"]}), "unknown_topic"),
        (json!({"type": "subscribe", "topics": ["tickets:7"]}), "unknown_topic"),
        (json!({"type": "presence", "state": "asleep"}), "bad_message"),
        (json!({"type": "resume", "cursor": "v1.x"}), "bad_cursor"),
        (json!({"type": "resume", "cursor": 5}), "bad_cursor"),
        (json!({"type": "resume", "cursor": "v1.99999999999999999999999"}), "bad_cursor"),
    ] {
        client.say(message).await;
        client.error(code).await;
    }
    client.say(json!({"type": "pong"})).await;
    client.say(json!({"type": "ack", "event_id": uuid::Uuid::nil()})).await;
    client.quiet().await;
}

#[tokio::test]
async fn binary_closes_1003() {
    let house = House::new().await;
    let mut client = house.client("ann").await;
    client.socket.send(Message::binary(&b"{}"[..])).await.unwrap();
    assert_eq!(client.closed().await, 1003);
}

#[tokio::test]
async fn messages_may_be_64_kib_and_no_more() {
    let house = House::new().await;
    let mut client = house.client("ann").await;
    let padded = |bytes: usize| format!(r#"{{"type":"pong","x":"{}"}}"#, "x".repeat(bytes - 22));
    let largest = padded(64 * 1024);
    assert_eq!(largest.len(), 64 * 1024);
    client.text(&largest).await;
    client.quiet().await;
    client.text(&padded(64 * 1024 + 1)).await;
    assert_eq!(client.closed().await, 1009);
    let mut client = house.client("ann").await;
    client.text(&padded(4 * 1024 * 1024)).await;
    assert_eq!(client.closed().await, 1009, "far more than is read");

    let mut raw = house.raw().await;
    raw.send(0x01, &[b'x'; 40 * 1024]).await;
    raw.send(0x80, &[b'x'; 40 * 1024]).await;
    assert_eq!(raw.closed().await, 1009, "in fragments");
    let mut raw = house.raw().await;
    tokio::io::AsyncWriteExt::write_all(
        &mut raw.stream,
        &[TEXT, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
    )
    .await
    .unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut raw.stream, &[1, 2, 3, 4]).await.unwrap();
    assert_eq!(raw.closed().await, 1009, "announced only");
}

#[tokio::test]
async fn text_that_is_not_utf8_closes_1007() {
    let house = House::new().await;
    let mut raw = house.raw().await;
    raw.send(TEXT, b"{\"type\":\"\xff\"}").await;
    assert_eq!(raw.closed().await, 1007);
    let mut raw = house.raw().await;
    raw.send(0x01, b"{\"type\":\"\xc3").await;
    raw.send(0x80, b"\"}").await;
    assert_eq!(raw.closed().await, 1007, "a character cut off between fragments");
    let mut raw = house.raw().await;
    raw.send(TEXT, b"{\"type\":\"\xed\xa0\x80\"}").await;
    assert_eq!(raw.closed().await, 1007, "a surrogate");
}

#[tokio::test]
async fn broken_framing_closes_1002() {
    let house = House::new().await;
    let long = [b'x'; 126];
    type Frames<'a> = &'a [(u8, &'a [u8])];
    let cases: &[(Frames<'_>, &str)] = &[
        (&[(0xC1, b"{}")], "reserved bit 1"),
        (&[(0xA1, b"{}")], "reserved bit 2"),
        (&[(0x91, b"{}")], "reserved bit 3"),
        (&[(0x83, b"{}")], "reserved data opcode"),
        (&[(0x8B, b"")], "reserved control opcode"),
        (&[(0x80, b"{}")], "continuation of nothing"),
        (&[(0x01, b"{"), (TEXT, b"{}")], "a message within a message"),
        (&[(0x09, b"")], "fragmented ping"),
        (&[(0x89, &long)], "ping of 126 bytes"),
        (&[(0x88, b"\x03")], "close of one byte"),
        (&[(0x88, b"\x03\xed")], "close with 1005"),
        (&[(0x88, b"\x00\x00")], "close with 0"),
    ];
    for (frames, what) in cases {
        let mut raw = house.raw().await;
        for (first, payload) in *frames {
            raw.send(*first, payload).await;
        }
        assert_eq!(raw.closed().await, 1002, "{what}");
    }
    let mut raw = house.raw().await;
    tokio::io::AsyncWriteExt::write_all(&mut raw.stream, b"\x81\x02{}").await.unwrap();
    assert_eq!(raw.closed().await, 1002, "not masked");
    let mut raw = house.raw().await;
    tokio::io::AsyncWriteExt::write_all(&mut raw.stream, b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!((1002..=1009).contains(&raw.closed().await), "HTTP");
}

#[tokio::test]
async fn fragments_and_control_frames_between_them_are_understood() {
    let house = House::new().await;
    let mut raw = house.raw().await;
    raw.send(0x01, b"{\"type\":\"caf\xc3").await;
    raw.send(0x89, b"anybody").await;
    raw.send(0x00, b"").await;
    raw.send(0x8A, b"unasked").await;
    raw.send(0x80, b"\xa9\"}").await;
    let (first, payload) = raw.frame().await.unwrap();
    assert_eq!((first, &payload[..]), (0x8A, &b"anybody"[..]));
    let (first, payload) = raw.frame().await.unwrap();
    assert_eq!(first, TEXT);
    let text = String::from_utf8(payload).unwrap();
    assert!(text.contains("unknown_type") && text.contains("café"), "{text}");
}

#[tokio::test]
async fn a_close_is_answered_and_the_connection_ended() {
    let house = House::new().await;
    for (payload, answer) in [(&b"\x03\xe8bye"[..], 1000), (b"\x0f\xa0", 4000)] {
        let mut raw = house.raw().await;
        raw.send(0x88, payload).await;
        assert_eq!(raw.closed().await, answer);
        assert_eq!(raw.frame().await, None);
    }
    let mut raw = house.raw().await;
    raw.send(0x88, b"").await;
    assert_eq!(raw.frame().await, Some((0x88, vec![])));
    assert_eq!(raw.frame().await, None);
}

#[tokio::test]
async fn a_client_that_vanishes_or_stops_in_the_middle_harms_nobody() {
    let house = House::new().await;
    let mut bystander = house.client("ann").await;
    for _ in 0..20 {
        let mut raw = house.raw().await;
        tokio::io::AsyncWriteExt::write_all(&mut raw.stream, &[TEXT, 0xFE, 0x40]).await.unwrap();
        drop(raw);
    }
    let empty = async {
        while house.board.hub.sockets() > 1 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, empty).await.expect("the dead are noticed");
    bystander.quiet().await;
}
