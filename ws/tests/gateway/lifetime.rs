//! How sockets end, other than by what the client writes.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use serde_json::json;
use switchroom_engine::FrameSink;
use switchroom_ws::{Identity, Settings};
use tokio::io::AsyncReadExt as _;

use crate::support::{ANN, House, SOON, TENANT, agent, ring, settings, supervisor};

#[tokio::test]
async fn the_silent_are_closed_4408_after_three_heartbeats() {
    let heartbeat = Duration::from_millis(200);
    let house = House::with(Settings { heartbeat, ..settings() }).await;
    let start = Instant::now();
    let mut ann = house.client("ann").await;
    let mut pings = 0;
    let code = loop {
        match ann.next().await {
            Ok(frame) if frame["type"] == "ping" => pings += 1,
            Ok(_) => {}
            Err(code) => break code,
        }
    };
    assert_eq!(code, 4408);
    assert!((2..=3).contains(&pings), "{pings} pings");
    assert!(start.elapsed() >= heartbeat * 3, "{:?}", start.elapsed());
}

#[tokio::test]
async fn any_sign_of_life_keeps_a_socket() {
    let heartbeat = Duration::from_millis(200);
    let house = House::with(Settings { heartbeat, ..settings() }).await;
    let mut answers = house.client("ann").await;
    let mut pongs = house.raw().await;
    let mut pings = house.raw().await;
    let start = Instant::now();
    while start.elapsed() < heartbeat * 8 {
        answers.say(json!({"type": "pong"})).await;
        pongs.send(0x8A, b"").await;
        pings.send(0x89, b"").await;
        tokio::time::sleep(heartbeat).await;
    }
    assert_eq!(house.board.hub.sockets(), 3);
    assert_eq!(answers.closed().await, 4408, "until it falls silent");
    assert_eq!(pongs.closed().await, 4408);
    assert_eq!(pings.closed().await, 4408);
}

#[tokio::test]
async fn who_does_not_read_is_closed_4409_and_the_others_are_served() {
    let house = House::with(Settings { queue_frames: 200, ..settings() }).await;
    let mut slow = house.client("ann").await;
    let mut quick = house.client("ann").await;
    let reading = tokio::spawn(async move {
        let frames = quick.take(400).await;
        (frames, quick)
    });
    let overflowing = async {
        for n in 0..400 {
            house.board.decide(TENANT, ring(n, &[ANN]));
            if n % 20 == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    };
    overflowing.await;
    let (frames, _quick) = tokio::time::timeout(SOON, reading).await.unwrap().unwrap();
    assert_eq!(frames.last().unwrap()["data"]["call"]["provider_call_id"], "pbx-399");
    // It finds out when it reads on, and may resume.
    assert_eq!(slow.closed().await, 4409);
}

#[tokio::test]
async fn a_queue_is_bounded_in_bytes_too() {
    let house = House::with(Settings { queue_bytes: 64 * 1024, ..settings() }).await;
    let mut slow = house.client("ann").await;
    for n in 0..400 {
        house.board.decide(TENANT, ring(n, &[ANN]));
    }
    assert_eq!(slow.closed().await, 4409);
}

#[tokio::test]
async fn who_takes_nothing_for_too_long_is_closed_though_the_queue_has_room() {
    let house = House::with(Settings { write_stall: Duration::from_millis(300), ..settings() }).await;
    let slow = house.client("ann").await;
    for n in 0..150 {
        house.board.decide(TENANT, ring(n, &[ANN]));
    }
    house.board.heard(&format!("{ANN} lost")).await;
    drop(slow);
}

/// The board of a big floor takes longer than a stall over a slow line; whoever goes on taking it gets the whole of it.
#[tokio::test]
async fn who_takes_a_large_frame_slowly_is_not_closed() {
    let house = House::with(Settings { write_stall: Duration::from_secs(1), ..settings() }).await;
    *house.board.crowd.lock().unwrap() = 6_000;
    house.people.token("ann", Ok(supervisor()));
    let mut slow = house.raw().await;
    slow.send(0x81, br#"{"type":"subscribe","topics":["wallboard"]}"#).await;
    assert_eq!((slow.stream.read_u8().await.unwrap(), slow.stream.read_u8().await.unwrap()), (0x81, 127));
    let length = usize::try_from(slow.stream.read_u64().await.unwrap()).unwrap();
    assert!(length > 1_000_000, "{length}");
    let mut board = vec![0; length];
    let began = Instant::now();
    for piece in board.chunks_mut(32 * 1024) {
        slow.stream.read_exact(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(80)).await;
    }
    assert!(began.elapsed() > Duration::from_secs(2), "longer than a stall");
    let board: serde_json::Value = serde_json::from_slice(&board).unwrap();
    assert_eq!(board["data"]["agents"].as_array().unwrap().len(), 6_000);
}

#[tokio::test]
async fn a_sign_in_that_ends_takes_its_sockets_with_it() {
    let house = House::new().await;
    let (one, other) = (agent(ANN), agent(ANN));
    house.people.token("one", Ok(one.clone()));
    house.people.token("other", Ok(other));
    let (mut tab, mut same) = (house.client("one").await, house.client("one").await);
    let mut stays = house.client("other").await;
    house.board.hub.session_ended(one.sign_in);
    assert_eq!(tab.closed().await, 4401);
    assert_eq!(same.closed().await, 4401);
    stays.quiet().await;
    // Whoever asks after that was looked at anew: an API token may be good again, with other powers.
    house.client("one").await.quiet().await;
}

#[tokio::test]
async fn a_sign_in_that_expires_closes_4401() {
    let house = House::new().await;
    let soon = Utc::now() + TimeDelta::milliseconds(500);
    let far = Utc::now() + TimeDelta::days(400_000);
    house.people.token("short", Ok(Identity { expires: Some(soon), ..agent(ANN) }));
    house.people.token("long", Ok(Identity { expires: Some(far), ..agent(ANN) }));
    let mut long = house.client("long").await;
    let mut short = house.client("short").await;
    assert_eq!(short.closed().await, 4401);
    assert!(Utc::now() >= soon);
    long.quiet().await;
}

#[tokio::test]
async fn shutting_down_closes_1001_and_waits_for_it() {
    let house = House::new().await;
    let mut clients = vec![house.client("ann").await, house.client("bob").await, house.client("sam").await];
    let deaf = house.client("ann").await;
    house.shutdown.cancel();
    for client in &mut clients {
        assert_eq!(client.closed().await, 1001);
    }
    tokio::time::timeout(Duration::from_secs(5), house.gateway.drained())
        .await
        .expect("even with a deaf client");
    drop(deaf);
    assert_eq!(house.board.hub.sockets(), 0);
    let headers =
        [("sec-websocket-protocol", "switchroom.v1".into()), ("authorization", "Bearer ann".into())];
    assert_eq!(house.connect(&headers).await.err(), Some(503));
}

#[tokio::test]
async fn a_flood_is_refused_and_then_ends_4400() {
    let house = House::with(Settings { messages_per_second: 1, message_burst: 20, ..settings() }).await;
    let mut ann = house.client("ann").await;
    for _ in 0..20 {
        ann.say(json!({"type": "pong"})).await;
    }
    ann.say(json!({"type": "pong"})).await;
    ann.error("rate_limited").await;
    for _ in 0..30 {
        ann.text(r#"{"type":"pong"}"#).await;
    }
    assert_eq!(ann.closed().await, 4400);
    let mut raw = house.raw().await;
    for _ in 0..60 {
        raw.send(0x89, b"flood").await;
    }
    assert_eq!(raw.closed().await, 4400, "pings count");
}
