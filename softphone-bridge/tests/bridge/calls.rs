//! Calls as telephones make them.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use switchroom_core::{Direction, EndCause, FactKind};

use crate::support::{AGENT_PHONE, LINE, Phone, REDIRECTED, house};

#[tokio::test]
async fn a_call_rings_and_ends_480_when_nobody_answers() {
    let house = house(|_| {}).await;
    let phone = Phone::new(&house).await;
    let invite = phone.invite(LINE);
    phone.send(&invite).await;
    assert_eq!(phone.answer().await.status, 100);
    let ringing = phone.answer().await;
    assert_eq!(ringing.status, 180);
    assert!(ringing.header("To").unwrap().contains(";tag="), "{}", ringing.text);
    assert!(ringing.header("Contact").is_some());
    assert!(!ringing.text.contains("X-Switchroom"), "{}", ringing.text);
    assert_eq!(house.fake.kinds(), [FactKind::Ringing], "the pop precedes the 180");
    let end = phone.answer().await;
    assert_eq!(end.status, 480);
    assert_eq!(end.header("To"), ringing.header("To"), "one dialog, one tag");
    phone.ack(&invite, &end).await;
    assert_eq!(house.fake.kinds(), [FactKind::Ringing, FactKind::Ended(EndCause::NoAnswer)]);

    let facts = house.fake.facts();
    assert_eq!(facts[0].provider_call_id, phone.call_id);
    assert_eq!(facts[0].direction, Some(Direction::Inbound));
    assert_eq!(facts[0].from.as_deref(), Some("+33612345678"));
    assert_eq!(facts[0].to.as_deref(), Some(LINE));
    assert!(facts[0].received_at_us > 0 && facts[1].received_at_us > facts[0].received_at_us);
    // The ACK stopped the retransmissions.
    assert!(phone.answer_within(Duration::from_millis(1_200)).await.is_none());
}

#[tokio::test]
async fn cancel_is_answered_200_and_the_call_487() {
    let house = house(|settings| settings.ring_timeout = Duration::from_secs(30)).await;
    let phone = Phone::new(&house).await;
    let invite = phone.invite(LINE);
    phone.send(&invite).await;
    phone.expect(180).await;
    let mut cancel = invite.clone().set("CSeq", "1 CANCEL");
    cancel.start = invite.start.replacen("INVITE", "CANCEL", 1);
    phone.send(&cancel).await;
    let (first, second) = (phone.answer().await, phone.answer().await);
    let (ok, end) = if first.status == 200 { (first, second) } else { (second, first) };
    assert_eq!((ok.status, end.status), (200, 487));
    assert_eq!(ok.header("CSeq"), Some("1 CANCEL"));
    assert_eq!(end.header("CSeq"), Some("1 INVITE"));
    phone.ack(&invite, &end).await;
    assert_eq!(house.fake.kinds(), [FactKind::Ringing, FactKind::Ended(EndCause::CallerGaveUp)]);
}

#[tokio::test]
async fn a_cancel_may_say_that_another_phone_took_the_call() {
    let house = house(|settings| settings.ring_timeout = Duration::from_secs(30)).await;
    let phone = Phone::new(&house).await;
    let invite = phone.invite(LINE);
    phone.send(&invite).await;
    phone.expect(180).await;
    let mut cancel = invite
        .clone()
        .set("CSeq", "1 CANCEL")
        .add("Reason", "SIP;cause=200;text=\"Call completed elsewhere\"");
    cancel.start = invite.start.replacen("INVITE", "CANCEL", 1);
    phone.send(&cancel).await;
    phone.expect(487).await;
    assert_eq!(house.fake.kinds(), [FactKind::Ringing, FactKind::Ended(EndCause::Forwarded)]);
}

#[tokio::test]
async fn an_agent_with_a_phone_of_its_own_gets_the_call_by_302() {
    let house = house(|_| {}).await;
    let phone = Phone::new(&house).await;
    let invite = phone.invite(REDIRECTED);
    phone.send(&invite).await;
    phone.expect(180).await;
    let end = phone.answer().await;
    assert_eq!(end.status, 302);
    assert_eq!(end.header("Contact"), Some(format!("<{AGENT_PHONE}>").as_str()));
    phone.ack(&invite, &end).await;
    assert_eq!(house.fake.kinds(), [FactKind::Ringing, FactKind::Ended(EndCause::Forwarded)]);
}

#[tokio::test]
async fn a_retransmission_makes_no_second_call() {
    let house = house(|settings| settings.ring_timeout = Duration::from_secs(1)).await;
    let phone = Phone::new(&house).await;
    let invite = phone.invite(LINE);
    for _ in 0..3 {
        phone.send(&invite).await;
    }
    phone.expect(180).await;
    phone.send(&invite).await;
    assert_eq!(phone.answer().await.status, 180, "the last answer again");
    let end = phone.expect(480).await;
    phone.send(&invite).await;
    assert_eq!(phone.expect(480).await.header("To"), end.header("To"));
    phone.ack(&invite, &end).await;
    assert_eq!(house.fake.kinds(), [FactKind::Ringing, FactKind::Ended(EndCause::NoAnswer)]);
}

#[tokio::test]
async fn an_unacknowledged_end_is_sent_again() {
    let house = house(|settings| settings.ring_timeout = Duration::from_millis(50)).await;
    let phone = Phone::new(&house).await;
    phone.send(&phone.invite(LINE)).await;
    phone.expect(480).await;
    assert_eq!(phone.expect(480).await.status, 480, "timer G");
}

#[tokio::test]
async fn the_dialled_number_may_be_written_in_several_ways() {
    let house = house(|settings| settings.ring_timeout = Duration::from_millis(10)).await;
    for uri in [
        "sip:+33199000001@127.0.0.1",
        "sip:33199000001@127.0.0.1:5060;user=phone",
        "sip:0033199000001@127.0.0.1",
        "sip:0199000001@127.0.0.1",
        "tel:+33199000001",
        "sip:%2B33199000001@127.0.0.1",
    ] {
        let phone = Phone::new(&house).await;
        let invite = phone.request("INVITE", uri);
        phone.send(&invite).await;
        let end = phone.expect(480).await;
        phone.ack(&invite, &end).await;
    }
    assert!(house.fake.facts().iter().all(|fact| fact.to.as_deref() == Some(LINE)));
}

#[tokio::test]
async fn callers_by_asserted_identity_and_privacy() {
    let house = house(|settings| settings.ring_timeout = Duration::from_millis(10)).await;
    for (headers, expected) in [
        (vec![("P-Asserted-Identity", "\"A\" <sip:+33655555555@carrier.example>")], "+33655555555"),
        (vec![("P-Asserted-Identity", "<tel:+33655555555>"), ("Privacy", "id")], "anonymous"),
        (vec![("From", "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=x")], "anonymous"),
        (vec![("f", "<sip:0612345678@pbx>;tag=x")], "0612345678"),
    ] {
        let phone = Phone::new(&house).await;
        let mut invite = phone.invite(LINE);
        for (name, value) in headers {
            if name == "From" || name == "f" {
                invite = invite.without("From");
            }
            invite = invite.add(name, value);
        }
        phone.send(&invite).await;
        let end = phone.expect(480).await;
        phone.ack(&invite, &end).await;
        let fact =
            house.fake.facts().into_iter().rfind(|fact| fact.provider_call_id == phone.call_id).unwrap();
        assert_eq!(fact.from.as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn provisional_answers_wait_for_no_commit_and_the_final_one_does() {
    let house = house(|settings| settings.ring_timeout = Duration::from_millis(50)).await;
    house.fake.commit_ms.store(300, Ordering::SeqCst);
    let phone = Phone::new(&house).await;
    let begun = Instant::now();
    phone.send(&phone.invite(LINE)).await;
    phone.expect(180).await;
    assert!(begun.elapsed() < Duration::from_millis(250), "{:?}", begun.elapsed());
    phone.expect(480).await;
    assert!(begun.elapsed() >= Duration::from_millis(350), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn without_the_commit_the_answer_is_503() {
    let house = house(|settings| settings.ring_timeout = Duration::from_millis(50)).await;
    house.fake.never_durable.store(true, Ordering::SeqCst);
    let phone = Phone::new(&house).await;
    phone.send(&phone.invite(LINE)).await;
    phone.expect(180).await;
    assert!(phone.answer().await.header("Retry-After").is_some());
    house.fake.never_durable.store(false, Ordering::SeqCst);

    let slow = Phone::new(&house).await;
    house.fake.commit_ms.store(60_000, Ordering::SeqCst);
    slow.send(&slow.invite(LINE)).await;
    slow.expect(180).await;
    let begun = Instant::now();
    assert_eq!(slow.answer().await.status, 503);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_full_engine_is_503_with_retry_after_and_an_end_is_told_until_it_is_taken() {
    let house = house(|_| {}).await;
    house.fake.overloaded.store(true, Ordering::SeqCst);
    let phone = Phone::new(&house).await;
    let invite = phone.invite(LINE);
    phone.send(&invite).await;
    let end = phone.expect(503).await;
    assert_eq!(end.header("Retry-After"), Some("3"));
    phone.ack(&invite, &end).await;
    assert!(house.fake.facts().is_empty());

    house.fake.overloaded.store(false, Ordering::SeqCst);
    let phone = Phone::new(&house).await;
    phone.send(&phone.invite(LINE)).await;
    phone.expect(180).await;
    house.fake.overloaded.store(true, Ordering::SeqCst);
    phone.expect(503).await;
    house.fake.overloaded.store(false, Ordering::SeqCst);
    for _ in 0..50 {
        if house.fake.kinds().contains(&FactKind::Ended(EndCause::NoAnswer)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the end was forgotten: {:?}", house.fake.kinds());
}

#[tokio::test]
async fn more_ringing_calls_than_allowed_are_503() {
    let house = house(|settings| {
        settings.ringing_limit = 1;
        settings.ring_timeout = Duration::from_secs(30);
    })
    .await;
    let first = Phone::new(&house).await;
    let invite = first.invite(LINE);
    first.send(&invite).await;
    first.expect(180).await;
    let second = Phone::new(&house).await;
    second.send(&second.invite(LINE)).await;
    assert!(second.expect(503).await.header("Retry-After").is_some());
    // The one that rings goes on ringing, and hears its own retransmission answered.
    first.send(&invite).await;
    assert_eq!(first.answer().await.status, 180);
    assert_eq!(house.fake.facts().len(), 1);
}

#[tokio::test]
async fn a_stop_ends_ringing_calls() {
    let house = house(|settings| settings.ring_timeout = Duration::from_secs(30)).await;
    let phone = Phone::new(&house).await;
    phone.send(&phone.invite(LINE)).await;
    phone.expect(180).await;
    let begun = Instant::now();
    house.bridge.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(phone.answer().await.status, 503);
    assert_eq!(house.fake.kinds(), [FactKind::Ringing, FactKind::Ended(EndCause::NoAnswer)]);
}

#[tokio::test]
async fn options_is_answered_here() {
    let house = house(|_| {}).await;
    let phone = Phone::new(&house).await;
    phone.send(&phone.request("OPTIONS", "sip:127.0.0.1").set("Max-Forwards", "0")).await;
    let answer = phone.answer().await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("Allow").unwrap().contains("INVITE"));
    assert!(house.fake.facts().is_empty());
}

#[tokio::test]
async fn bye_and_cancel_of_nothing_are_481() {
    let house = house(|_| {}).await;
    for method in ["BYE", "CANCEL"] {
        let phone = Phone::new(&house).await;
        phone.send(&phone.request(method, "sip:+33199000001@127.0.0.1")).await;
        assert_eq!(phone.answer().await.status, 481, "{method}");
    }
    let phone = Phone::new(&house).await;
    phone.send(&phone.invite(LINE).set("To", "<sip:+33199000001@127.0.0.1>;tag=known")).await;
    assert_eq!(phone.expect(481).await.status, 481);
    assert!(house.fake.facts().is_empty());
}
