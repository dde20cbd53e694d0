//! SIP over TCP: framing, pipelining, keep-alives, and connections that are up to no good.

use std::time::Duration;

use switchroom_core::{EndCause, FactKind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{Answer, House, LINE, Wire, house};

pub struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
    pub via: String,
}

impl Line {
    pub async fn new(house: &House) -> Self {
        let stream = TcpStream::connect(house.bridge.address()).await.unwrap();
        let via = format!(
            "SIP/2.0/TCP {};branch=z9hG4bK{}",
            stream.local_addr().unwrap(),
            uuid::Uuid::new_v4().simple()
        );
        Self { stream, buffer: Vec::new(), via }
    }

    pub fn invite(&self, call_id: &str) -> Wire {
        Wire::request("INVITE", &format!("sip:{LINE}@127.0.0.1"), &self.via, call_id)
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// None = the connection was closed.
    pub async fn answer(&mut self) -> Option<Answer> {
        tokio::time::timeout(Duration::from_secs(10), async {
            loop {
                if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                    let rest = self.buffer.split_off(end + 4);
                    let message = std::mem::replace(&mut self.buffer, rest);
                    return Some(Answer::parse(&message));
                }
                if self.stream.read_buf(&mut self.buffer).await.ok()? == 0 {
                    return None;
                }
            }
        })
        .await
        .expect("neither an answer nor the end")
    }
}

#[tokio::test]
async fn a_call_over_tcp() {
    let house = house(|_| {}).await;
    let mut line = Line::new(&house).await;
    let invite = line.invite("tcp-1");
    line.send(invite.text().as_bytes()).await;
    let mut statuses = Vec::new();
    let end = loop {
        let answer = line.answer().await.unwrap();
        statuses.push(answer.status);
        if answer.status >= 200 {
            break answer;
        }
    };
    assert_eq!(statuses, [100, 180, 480]);
    let mut ack = invite.set("CSeq", "1 ACK").set("To", end.header("To").unwrap());
    ack.start = ack.start.replacen("INVITE", "ACK", 1);
    line.send(ack.text().as_bytes()).await;
    assert_eq!(house.fake.kinds(), [FactKind::Ringing, FactKind::Ended(EndCause::NoAnswer)]);
}

#[tokio::test]
async fn messages_in_pieces_and_in_one_piece() {
    let house = house(|_| {}).await;
    let mut line = Line::new(&house).await;
    let options = Wire::request("OPTIONS", "sip:127.0.0.1", &line.via, "tcp-2").text();
    for piece in options.as_bytes().chunks(7) {
        line.send(piece).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(line.answer().await.unwrap().status, 200);
    let with_body = |branch: &str| {
        Wire::request("OPTIONS", "sip:127.0.0.1", &format!("{}{branch}", line.via), "tcp-3")
            .set("Content-Length", "3")
            .text()
            + "abc"
    };
    let two = with_body("a") + "\r\n" + &with_body("b");
    line.send(two.as_bytes()).await;
    assert_eq!(line.answer().await.unwrap().status, 200);
    assert_eq!(line.answer().await.unwrap().status, 200);
}

#[tokio::test]
async fn keep_alives_are_answered() {
    let house = house(|_| {}).await;
    let mut line = Line::new(&house).await;
    line.send(b"\r\n\r\n").await;
    let mut pong = [0; 2];
    tokio::time::timeout(Duration::from_secs(5), line.stream.read_exact(&mut pong)).await.unwrap().unwrap();
    assert_eq!(&pong, b"\r\n");
}

#[tokio::test]
async fn a_frame_whose_end_is_unknown_is_400_and_the_end_of_the_connection() {
    let house = house(|_| {}).await;
    for length in ["x", "-1", "99999999999999999999"] {
        let mut line = Line::new(&house).await;
        let invite = line.invite("tcp-4").set("Content-Length", length);
        line.send(invite.text().as_bytes()).await;
        assert_eq!(line.answer().await.unwrap().status, 400, "{length}");
        assert!(line.answer().await.is_none());
    }
    let mut line = Line::new(&house).await;
    let invite = line.invite("tcp-5").without("Content-Length");
    line.send(invite.text().as_bytes()).await;
    assert_eq!(line.answer().await.unwrap().status, 400);
    assert!(line.answer().await.is_none());
    assert!(house.fake.facts().is_empty());
}

#[tokio::test]
async fn slow_and_oversize_senders_are_cut_off() {
    let house = house(|settings| settings.tcp_message = Duration::from_millis(200)).await;
    let mut slow = Line::new(&house).await;
    slow.send(b"INVITE sip:").await;
    assert!(slow.answer().await.is_none());
    let mut huge = Line::new(&house).await;
    let invite = huge.invite("tcp-6").add("Subject", &"x".repeat(70_000));
    let _ = huge.stream.write_all(invite.text().as_bytes()).await;
    if let Some(answer) = huge.answer().await {
        assert_eq!(answer.status, 513);
    }
    assert!(house.fake.facts().is_empty());
}

#[tokio::test]
async fn untrusted_sources_and_too_many_connections() {
    let strict = house(|settings| settings.trust = "192.0.2.1".parse().unwrap()).await;
    let mut line = Line::new(&strict).await;
    let invite = line.invite("tcp-7");
    line.send(invite.text().as_bytes()).await;
    assert_eq!(line.answer().await.unwrap().status, 403);
    assert!(line.answer().await.is_none());

    let small = house(|settings| settings.tcp_limit_per_source = 1).await;
    let mut first = Line::new(&small).await;
    let options = Wire::request("OPTIONS", "sip:127.0.0.1", &first.via, "tcp-8").text();
    first.send(options.as_bytes()).await;
    assert_eq!(first.answer().await.unwrap().status, 200);
    let mut second = Line::new(&small).await;
    let _ = second.stream.write_all(options.as_bytes()).await;
    assert!(second.answer().await.is_none());
}
