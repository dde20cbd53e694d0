//! The program under senders that are too many, too slow or broken: it stands, its memory stays within bounds, whoever is
//! refused is told when to come again, nothing acknowledged is lost, and a good caller beside them still pops. How
//! fast it pops then is a figure, not a fact: `make overload`.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use std::fs;

use switchroom_bench::{
    overload::{Attack, Connection, Door, GoodCaller, Seen, Tenant, calls_of},
    process,
    program::Program,
};

/// What the attacks of one test may add to the memory of the program. They hold far less; without the program's bounds
/// they would hold more.
const MOST_MORE: u64 = 128 * 1024 * 1024;

struct Scene {
    program: Program,
    good: GoodCaller,
    bad: Door,
    quiet: u64,
}

impl Scene {
    async fn new() -> Self {
        let program = Program::start(&[]).unwrap();
        let good = GoodCaller::new(&program, Door::of(&program, Tenant::Demo).unwrap()).await.unwrap();
        let bad = Door::of(&program, Tenant::Rival).unwrap();
        good.calls("warm", 20, 100.0).await.unwrap();
        let quiet = process::resident(program.pid()).unwrap();
        Self { program, good, bad, quiet }
    }

    /// The good caller is served, and memory has not grown beyond its bound.
    async fn good_calls(&self, name: &str) {
        let report = self.good.calls(name, 20, 20.0).await.unwrap();
        assert_eq!((report.pops_ms.len(), report.refused), (20, 0), "{name}");
        let more = process::resident(self.program.pid()).unwrap().saturating_sub(self.quiet);
        assert!(more < MOST_MORE, "{name}: {more} octets more");
    }

    /// What was refused was told when to come again, and what was acknowledged is there.
    async fn kept_its_word(&self, seen: &Seen, name: &str) {
        assert_eq!(seen.without_retry_after, 0, "{:?}", seen.statuses);
        let odd: Vec<_> = seen
            .statuses
            .keys()
            .filter(|status| !matches!(**status, 0 | 101 | 200..300 | 408 | 429 | 431 | 503))
            .collect();
        assert!(odd.is_empty(), "{:?}", seen.statuses);
        let stored = calls_of(&self.bad, name).await.unwrap();
        let lost: Vec<_> = seen.acknowledged.difference(&stored).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    }

    fn files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.program.pid())).unwrap().count()
    }
}

async fn ended(running: switchroom_bench::overload::Running) -> Seen {
    tokio::task::spawn_blocking(move || running.stop()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_little_or_too_much_is_shown_out_and_disturbs_nobody() {
    let scene = Scene::new().await;
    let attacks =
        [Attack::Silent(500), Attack::SlowHeads(200), Attack::SlowBodies(200), Attack::HugeHeads(10)];
    let running: Vec<_> = attacks.iter().map(|attack| attack.start(&scene.bad, "slow")).collect();
    // Longer than the patience with heads and with hooks' bodies (10 s), so that the first are shown out meanwhile.
    for round in 0..12 {
        scene.good_calls(&format!("good-{round}")).await;
    }
    for (attack, running) in attacks.iter().zip(running) {
        let seen = ended(running).await;
        scene.kept_its_word(&seen, "slow").await;
        let expected = match attack {
            Attack::SlowBodies(_) => seen.of(408),
            Attack::HugeHeads(_) => seen.of(431) + seen.of(0),
            _ => seen.of(0) + seen.of(408),
        };
        assert!(expected > 0, "{attack:?}: {:?}", seen.statuses);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_at_one_door_is_refused_there_and_nothing_acknowledged_is_lost() {
    let scene = Scene::new().await;
    let one = Attack::OneCall(10_000).start(&scene.bad, "long");
    scene.good_calls("beside-one-call").await;
    let seen = tokio::task::spawn_blocking(move || one.wait()).await.unwrap();
    scene.kept_its_word(&seen, "long").await;
    assert_eq!(
        seen.statuses
            .iter()
            .filter(|(status, _)| (200..300).contains(*status))
            .map(|(_, n)| n)
            .sum::<usize>(),
        10_000
    );
    // More senders than one door may have events under way.
    // On a busy machine the senders may be so slow themselves that the door keeps up; then once more.
    let mut refused = 0;
    for round in 0..10 {
        let flood = Attack::Flood(640).start(&scene.bad, "flood");
        scene.good_calls(&format!("beside-flood-{round}")).await;
        let seen = ended(flood).await;
        assert!(!seen.acknowledged.is_empty(), "{:?}", seen.statuses);
        scene.kept_its_word(&seen, "flood").await;
        refused = seen.of(503);
        if refused > 0 {
            break;
        }
    }
    assert!(refused > 0, "more were under way than a door takes, and none was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_end_in_a_reset_leave_nothing_behind() {
    let scene = Scene::new().await;
    let before = scene.files();
    let resets = Attack::Resets(200).start(&scene.bad, "reset");
    for round in 0..3 {
        scene.good_calls(&format!("beside-resets-{round}")).await;
    }
    let seen = ended(resets).await;
    assert!(seen.of(101) > 50, "{:?}", seen.statuses);
    // The good caller's connections and ours close in their own time.
    for _ in 0..500 {
        if scene.files() <= before + 8 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(scene.files() <= before + 8, "{} files open, {before} before", scene.files());
    // Nothing of half a request was taken.
    assert!(calls_of(&scene.bad, "reset").await.unwrap().is_empty());
    let mut connection = Connection::open(&scene.bad.address).await.unwrap();
    let reply = connection.ask(b"GET /readyz HTTP/1.1\r\nhost: bench\r\n\r\n").await.unwrap();
    assert_eq!(reply.status, 200);
}
