//! After a lost connection: nothing addressed to the user is missing, and nothing is made up.

use std::time::Duration;

use serde_json::{Value, json};
use switchroom_core::log::Cursor;

use crate::support::{ANN, BOB, House, SOON, TENANT, end, ring, withdraw};

/// What must be the same live and resumed: everything but the time of pushing.
fn essence(frame: &Value) -> Value {
    let mut frame = frame.clone();
    if let Some(data) = frame["data"].as_object_mut() {
        data.remove("pushed_at_us");
    }
    frame
}

fn names(frames: &[Value]) -> Vec<String> {
    frames
        .iter()
        .map(|frame| {
            let call = frame["data"]["call"]["provider_call_id"].as_str().unwrap_or_default();
            format!("{} {call}", frame["type"].as_str().unwrap()).trim().to_owned()
        })
        .collect()
}

async fn resume(client: &mut crate::support::Client, cursor: impl ToString) {
    client.say(json!({"type": "resume", "cursor": cursor.to_string()})).await;
}

#[tokio::test]
async fn a_resume_sends_what_was_sent_live_and_what_was_missed() {
    let house = House::new().await;
    let mut live = house.client("ann").await;
    house.board.happen(TENANT, ring(1, &[ANN, BOB]));
    house.board.happen(TENANT, withdraw(1, &[ANN]));
    house.board.happen(TENANT, ring(2, &[BOB]));
    house.board.happen(TENANT, ring(3, &[ANN]));
    let cursor = house.board.happen(TENANT, end(3, &[ANN]));
    let mut frames = Vec::new();
    while frames.len() < 4 {
        let frame = live.next().await.unwrap();
        if frame["type"] != "committed" {
            frames.push(essence(&frame));
        }
    }
    let mut back = house.client("ann").await;
    resume(&mut back, "0").await;
    let resumed = back.until("resynced").await;
    assert_eq!(resumed.last().unwrap()["data"]["cursor"], cursor.to_string());
    let resumed: Vec<Value> = resumed[..resumed.len() - 1].iter().map(essence).collect();
    assert_eq!(resumed, frames);
    // Ended calls too: the pop, and behind it the end.
    assert_eq!(names(&resumed)[2..], ["screen_pop pbx-3", "call_ended pbx-3"]);
    // From the middle.
    resume(&mut back, Cursor(3)).await;
    assert_eq!(names(&back.until("resynced").await), ["screen_pop pbx-3", "call_ended pbx-3", "resynced"]);
    resume(&mut back, cursor).await;
    assert_eq!(names(&back.until("resynced").await), ["resynced"]);
}

#[tokio::test]
async fn long_absences_come_in_order_and_whole() {
    let house = House::new().await;
    for n in 0..1_500 {
        house.board.decide(TENANT, ring(n, if n % 3 == 0 { &[BOB] } else { &[ANN] }));
    }
    house.board.commit(TENANT);
    let mut ann = house.client("ann").await;
    resume(&mut ann, "0").await;
    let frames = names(&ann.until("resynced").await);
    let mut expected: Vec<String> =
        (0..1_500).filter(|n| n % 3 != 0).map(|n| format!("screen_pop pbx-{n}")).collect();
    expected.push("resynced".into());
    assert_eq!(frames, expected);
}

#[tokio::test]
async fn what_is_decided_but_not_written_when_the_socket_opens_is_not_lost() {
    let house = House::new().await;
    let cursor = house.board.happen(TENANT, ring(1, &[ANN]));
    // Nobody is connected, and the database takes its time.
    house.board.decide(TENANT, end(1, &[ANN]));
    let mut ann = house.client("ann").await;
    resume(&mut ann, cursor).await;
    ann.quiet().await;
    let end = house.board.commit(TENANT);
    let frames = ann.until("resynced").await;
    assert_eq!(names(&frames), ["call_ended pbx-1", "resynced"]);
    assert_eq!(frames[1]["data"]["cursor"], end.to_string());
}

#[tokio::test]
async fn a_withdrawal_that_overtakes_its_pop_is_sent_again_behind_it() {
    let house = House::new().await;
    let cursor = house.board.commit(TENANT);
    house.board.decide(TENANT, ring(1, &[ANN]));
    let mut ann = house.client("ann").await;
    resume(&mut ann, cursor).await;
    ann.quiet().await;
    // Still waiting for the commit of the ring, when the call is answered elsewhere.
    house.board.decide(TENANT, withdraw(1, &[ANN]));
    ann.expect("pop_withdrawn").await;
    house.board.commit_some(TENANT, 1);
    ann.expect("screen_pop").await;
    ann.quiet().await;
    house.board.commit(TENANT);
    let frames = ann.until("resynced").await;
    assert_eq!(names(&frames), ["pop_withdrawn", "resynced"]);
}

#[tokio::test]
async fn live_frames_interleave_and_no_cursor_runs_ahead_of_the_resume() {
    let house = House::new().await;
    for n in 0..3_000 {
        house.board.decide(TENANT, ring(n, &[ANN]));
    }
    house.board.commit(TENANT);
    let mut ann = house.client("ann").await;
    resume(&mut ann, "0").await;
    let mut frames = ann.take(1).await;
    let board = house.board.clone();
    let feeding = tokio::spawn(async move {
        for n in 3_000..3_200 {
            board.happen(TENANT, ring(n, &[ANN]));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    frames.extend(ann.until("resynced").await);
    assert!(frames.iter().all(|frame| frame["type"] != "committed"), "before resynced");
    let covered = frames.last().unwrap()["data"]["cursor"].as_str().unwrap().parse::<Cursor>().unwrap();
    let mut seen: std::collections::BTreeSet<String> = names(&frames).into_iter().collect();
    for n in 0..covered.0 {
        assert!(seen.contains(&format!("screen_pop pbx-{n}")), "{n} of {covered}");
    }
    feeding.await.unwrap();
    let last = house.board.cursor_text(TENANT);
    let rest = async {
        loop {
            let frame = ann.next().await.unwrap();
            let done = frame["type"] == "committed" && frame["data"]["cursor"] == last;
            seen.extend(names(&[frame]));
            if done {
                break;
            }
        }
    };
    tokio::time::timeout(SOON, rest).await.unwrap();
    assert!((0..3_200).all(|n| seen.contains(&format!("screen_pop pbx-{n}"))));
}

#[tokio::test]
async fn several_resumes_are_each_answered_in_turn() {
    let house = House::new().await;
    house.board.happen(TENANT, ring(1, &[ANN]));
    let mut ann = house.client("ann").await;
    for cursor in ["0", "v1.1", "v1.0"] {
        resume(&mut ann, cursor).await;
    }
    let frames = names(&ann.take(5).await);
    assert_eq!(frames, ["screen_pop pbx-1", "resynced", "resynced", "screen_pop pbx-1", "resynced"]);
}

#[tokio::test]
async fn cursors_that_are_none_or_too_old() {
    let house = House::new().await;
    for n in 1..=4 {
        house.board.happen(TENANT, ring(n, &[ANN]));
    }
    house.board.open_pop(TENANT, &ring(4, &[ANN]));
    *house.board.oldest.lock().unwrap() = Cursor(2);
    let mut ann = house.silent_client("ann").await;
    assert_eq!(names(&ann.take(3).await), ["hello", "screen_pop pbx-4", "committed"]);
    for bad in ["", "x", "1", "v1.", "v1.-1", "v2.1", "v1.01", "' OR 1=1"] {
        resume(&mut ann, bad).await;
        ann.error("bad_cursor").await;
    }
    for old in ["0", "v1.1", "v1.5"] {
        resume(&mut ann, old).await;
        ann.error("cursor_too_old").await;
        assert_eq!(names(&ann.take(2).await), ["screen_pop pbx-4", "committed"], "a snapshot of open pops");
    }
    resume(&mut ann, "v1.2").await;
    assert_eq!(names(&ann.until("resynced").await), ["screen_pop pbx-3", "screen_pop pbx-4", "resynced"]);
}

#[tokio::test]
async fn a_resume_outlasts_a_database_that_is_away() {
    let house = House::new().await;
    house.board.happen(TENANT, ring(1, &[ANN]));
    *house.board.away.lock().unwrap() = 2;
    let mut ann = house.client("ann").await;
    resume(&mut ann, "0").await;
    ann.error("unavailable").await;
    // Live frames go on.
    house.board.decide(TENANT, ring(2, &[ANN]));
    assert_eq!(ann.expect("screen_pop").await["call"]["provider_call_id"], "pbx-2");
    house.board.commit(TENANT);
    let frames = names(&ann.until("resynced").await);
    assert_eq!(frames.first().unwrap(), "screen_pop pbx-1");
}
