//! SIPp plays a carrier. Its scenarios check the messages themselves; a call that went another way is its exit code.

use std::{path::Path, process::Stdio, time::Duration};

use switchroom_core::{EndCause, FactKind};
use tokio::process::Command;

use crate::support::{House, LINE, REDIRECTED, house};

async fn sipp(house: &House, scenario: &str, number: &str, calls: u32, rate: u32, tcp: bool) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sipp").join(scenario);
    let scratch = std::env::temp_dir().join(format!("switchroom-sipp-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir_all(&scratch).unwrap();
    let mut command = Command::new("sipp");
    command
        .current_dir(&scratch)
        .arg(house.bridge.address().to_string())
        .args(["-i", "127.0.0.1", "-s", number, "-m", &calls.to_string(), "-r", &rate.to_string()])
        .args([
            "-timeout",
            "40s",
            "-timeout_error",
            "-nostdin",
            "-trace_err",
            "-recv_timeout",
            "15000",
            "-sf",
        ])
        .arg(file)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if tcp {
        command.args(["-t", "t1"]);
    }
    let output = tokio::time::timeout(Duration::from_secs(60), command.output())
        .await
        .expect("SIPp did not end")
        .expect("SIPp runs (Debian package sip-tester)");
    let errors: String = std::fs::read_dir(&scratch)
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path()).ok())
        .collect();
    std::fs::remove_dir_all(&scratch).ok();
    assert!(output.status.success(), "{scenario}: {}\n{errors}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn callers_who_wait_are_480() {
    let house = house(|_| {}).await;
    sipp(&house, "no-answer.xml", LINE, 20, 20, false).await;
    assert_eq!(house.fake.kinds().iter().filter(|kind| **kind == FactKind::Ringing).count(), 20);
    assert_eq!(
        house.fake.kinds().iter().filter(|kind| **kind == FactKind::Ended(EndCause::NoAnswer)).count(),
        20
    );
}

#[tokio::test]
async fn callers_who_give_up_are_487() {
    let house = house(|settings| settings.ring_timeout = Duration::from_secs(30)).await;
    sipp(&house, "gives-up.xml", LINE, 20, 20, false).await;
    assert_eq!(
        house.fake.kinds().iter().filter(|kind| **kind == FactKind::Ended(EndCause::CallerGaveUp)).count(),
        20
    );
}

#[tokio::test]
async fn the_same_over_tcp() {
    let house = house(|settings| settings.ring_timeout = Duration::from_secs(30)).await;
    sipp(&house, "gives-up.xml", LINE, 5, 5, true).await;
    assert_eq!(
        house.fake.kinds().iter().filter(|kind| **kind == FactKind::Ended(EndCause::CallerGaveUp)).count(),
        5
    );
}

#[tokio::test]
async fn redirected_calls() {
    let house = house(|_| {}).await;
    sipp(&house, "redirected.xml", REDIRECTED, 5, 10, false).await;
}

#[tokio::test]
async fn unknown_numbers() {
    let house = house(|_| {}).await;
    sipp(&house, "unknown.xml", "+33199777777", 5, 10, false).await;
    assert!(house.fake.facts().is_empty());
}

#[tokio::test]
async fn options_pings() {
    let house = house(|_| {}).await;
    sipp(&house, "options.xml", "ping", 5, 10, false).await;
}
