//! Who gets in, and what the others are told.

use chrono::{TimeDelta, Utc};
use serde_json::Value;
use switchroom_ws::{Identity, Refusal, Settings};

use crate::support::{ANN, House, agent, settings};

type Headers<'a> = &'a [(&'static str, &'a str)];

async fn status(house: &House, headers: Headers<'_>) -> u16 {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    house.connect(&headers).await.map_or_else(|status| status, |_| 101)
}

const SPOKEN: (&str, &str) = ("sec-websocket-protocol", "switchroom.v1");
const ANN_SIGNED_IN: (&str, &str) = ("authorization", "Bearer ann");

#[tokio::test]
async fn without_good_credentials_401() {
    let house = House::new().await;
    let past = Utc::now() - TimeDelta::seconds(1);
    house.people.token("old", Ok(Identity { expires: Some(past), ..agent(ANN) }));
    for headers in [
        &[SPOKEN] as Headers,
        &[],
        &[SPOKEN, ("authorization", "Bearer nobody")],
        &[SPOKEN, ("authorization", "Bearer old")],
        &[SPOKEN, ("authorization", "Basic YW5uOmFubg==")],
        &[SPOKEN, ("authorization", "Bearer")],
        &[SPOKEN, ("cookie", "switchroom_session=ann")],
        &[("sec-websocket-protocol", "switchroom.v1, ticket.nobody")],
        &[("sec-websocket-protocol", "switchroom.v1, ticket.")],
        // Decided before the origin and the subprotocol.
        &[("origin", "http://evil.example")],
    ] {
        assert_eq!(status(&house, headers).await, 401, "{headers:?}");
    }
}

#[tokio::test]
async fn a_token_in_the_url_counts_for_nothing() {
    let house = House::new().await;
    let head = "GET /ws?token=ann&access_token=ann&ticket=ann HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
                Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                Sec-WebSocket-Protocol: switchroom.v1\r\n\r\n";
    let closing = head.replace("Connection: Upgrade", "Connection: Upgrade, close");
    let (status, head, body) = house.request(&closing).await;
    assert_eq!(status, 401);
    assert!(
        head.contains("content-type: application/problem+json") && head.contains("www-authenticate: bearer"),
        "{head}"
    );
    let problem: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&problem["status"], &problem["type"]), (&401.into(), &"unauthenticated".into()));
}

#[tokio::test]
async fn foreign_origins_403() {
    let house = House::new().await;
    let own = format!("http://{}", house.address);
    for (origin, expected) in [
        (own.as_str(), 101),
        ("https://phones.example", 101),
        ("http://phones.example", 403),
        ("https://phones.example.evil.example", 403),
        ("http://127.0.0.1:1", 403),
        ("null", 403),
        ("", 403),
    ] {
        assert_eq!(status(&house, &[SPOKEN, ANN_SIGNED_IN, ("origin", origin)]).await, expected, "{origin}");
    }
    // Decided before the subprotocol.
    assert_eq!(status(&house, &[ANN_SIGNED_IN, ("origin", "null")]).await, 403);
}

#[tokio::test]
async fn who_has_no_tenant_403_and_when_nobody_can_tell_503() {
    let house = House::new().await;
    house.people.token("root", Err(Refusal::Forbidden));
    house.people.token("away", Err(Refusal::Unavailable));
    assert_eq!(status(&house, &[SPOKEN, ("authorization", "Bearer root")]).await, 403);
    assert_eq!(status(&house, &[SPOKEN, ("authorization", "Bearer away")]).await, 503);
}

#[tokio::test]
async fn without_the_subprotocol_400() {
    let house = House::new().await;
    for headers in [
        &[ANN_SIGNED_IN] as Headers,
        &[ANN_SIGNED_IN, ("sec-websocket-protocol", "chat")],
        &[ANN_SIGNED_IN, ("sec-websocket-protocol", "switchroom.v2, Switchroom.v1")],
    ] {
        assert_eq!(status(&house, headers).await, 400, "{headers:?}");
    }
    assert_eq!(
        status(&house, &[ANN_SIGNED_IN, ("sec-websocket-protocol", "chat, switchroom.v1")]).await,
        101
    );
    house.people.ticket_for("t", agent(ANN));
    assert_eq!(status(&house, &[("sec-websocket-protocol", "ticket.t")]).await, 400);
}

#[tokio::test]
async fn a_ticket_is_good_once() {
    let house = House::new().await;
    house.people.ticket_for("once", agent(ANN));
    let headers = [("sec-websocket-protocol", "switchroom.v1, ticket.once")];
    assert_eq!(status(&house, &headers).await, 101);
    assert_eq!(status(&house, &headers).await, 401);
    // Of many at once, one gets in.
    house.people.ticket_for("race", agent(ANN));
    let race = [("sec-websocket-protocol", "ticket.race,switchroom.v1")];
    let all = futures::future::join_all((0..10).map(|_| status(&house, &race))).await;
    assert_eq!(all.iter().filter(|status| **status == 101).count(), 1, "{all:?}");
    assert_eq!(all.iter().filter(|status| **status == 401).count(), 9, "{all:?}");
}

#[tokio::test]
async fn a_handshake_that_is_none_is_refused() {
    let house = House::new().await;
    let good = [
        "Connection: Upgrade, close",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: switchroom.v1",
        "Authorization: Bearer ann",
    ];
    for (method, changed, to, expected) in [
        ("GET", 0, "Connection: close", 400),
        ("GET", 1, "Upgrade: h2c", 400),
        ("GET", 1, "X: y", 400),
        ("GET", 2, "Sec-WebSocket-Version: 8", 426),
        ("GET", 2, "X: y", 426),
        ("GET", 3, "Sec-WebSocket-Key: short", 400),
        ("GET", 3, "X: y", 400),
        ("GET", 4, "X: y", 400),
        ("GET", 5, "X: y", 401),
        ("POST", 0, "Connection: Upgrade, close", 405),
        ("DELETE", 5, "X: y", 401),
    ] {
        let mut lines = good;
        lines[changed] = to;
        let head = format!("{method} /ws HTTP/1.1\r\nHost: x\r\n{}\r\n\r\n", lines.join("\r\n"));
        let (status, head, _) = house.request(&head).await;
        assert_eq!(status, expected, "{method} with {to}");
        assert_eq!(status == 426, head.contains("sec-websocket-version: 13"), "{head}");
    }
}

#[tokio::test]
async fn sockets_are_bounded() {
    let house = House::with(Settings { max_sockets: 1, ..settings() }).await;
    let first = house.client("ann").await;
    assert_eq!(status(&house, &[SPOKEN, ANN_SIGNED_IN]).await, 503);
    drop(first);
    house.board.heard(&format!("{ANN} lost")).await;
    assert_eq!(status(&house, &[SPOKEN, ANN_SIGNED_IN]).await, 101);
}

#[tokio::test]
async fn sockets_of_one_user_are_bounded() {
    let house = House::with(Settings { max_sockets_per_user: 2, ..settings() }).await;
    let (first, _second) = (house.client("ann").await, house.client("ann").await);
    assert_eq!(status(&house, &[SPOKEN, ANN_SIGNED_IN]).await, 429);
    let _other = house.client("bob").await;
    drop(first);
    // The place is free once the server has seen the end of it.
    while status(&house, &[SPOKEN, ANN_SIGNED_IN]).await != 101 {
        tokio::task::yield_now().await;
    }
}
