//! What a good caller notices of overload: the time from an event to its pop, quiet and under each kind of attack in turn.
//!
//! `bench-overload [--short] [ATTACK…]`. Quiet and attack are interleaved. A pop that is missing, an acknowledged call
//! that is not stored, or a refusal without Retry-After voids the run.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench tells its rows on standard output")]

use std::time::{Duration, Instant};

use anyhow::ensure;
use switchroom_bench::{
    figures::{Figure, Target, against, alone, percentile},
    overload::{Attack, Connection, Door, GoodCaller, Report, Tenant, calls_of},
    process,
    program::Program,
};

/// Calls of the good caller a second.
const RATE: f64 = 100.0;

/// What the attacks may add to the memory of the program, over all of them. The bounds that make it so: 20,000
/// connections with heads of 32 KiB, 64 MiB of bodies under way, 256 events of one door, the queues of the engine.
const MOST_MORE: u64 = 256 * 1024 * 1024;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let short = words.iter().any(|word| word == "--short");
    words.retain(|word| word != "--short");
    let (repeats, calls) = if short { (5, 150) } else { (5, 400) };

    let program = Program::start(&[])?;
    let good = GoodCaller::new(&program, Door::of(&program, Tenant::Demo)?).await?;
    let bad = Door::of(&program, Tenant::Rival)?;
    good.calls("warm", 200, RATE).await?;
    let sustainable = sustainable(&bad).await?;
    eprintln!("32 senders have {sustainable:.0} events/s acknowledged");
    let quiet_memory = process::resident(program.pid())?;
    let mut most_memory = quiet_memory;

    let attacks = [
        ("500 silent connections", Attack::Silent(500)),
        ("500 slow heads", Attack::SlowHeads(500)),
        ("200 slow bodies", Attack::SlowBodies(200)),
        ("20 senders of heads of 1 MB", Attack::HugeHeads(20)),
        ("10,000 events of one call", Attack::OneCall(10_000)),
        ("20 × the senders of the sustainable rate, without a pause", Attack::Flood(640)),
        ("200 resets a second", Attack::Resets(200)),
    ];
    for (name, attack) in attacks {
        if !words.is_empty() && !words.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        let (mut quiet, mut under) = (Figure::default(), Figure::default());
        let (mut refused, mut taken) = (0, 0);
        for repeat in 0..repeats {
            let id = format!("{:08x}", switchroom_bench::random() >> 32);
            quiet.push(p99(&good.calls(&format!("quiet-{id}"), calls, RATE).await?)?);
            let running = attack.start(&bad, &format!("bad-{id}"));
            tokio::time::sleep(Duration::from_millis(300)).await;
            let report = good.calls(&format!("good-{id}"), calls, RATE).await?;
            most_memory = most_memory.max(process::resident(program.pid())?);
            let seen = tokio::task::spawn_blocking(move || running.stop()).await?;
            eprintln!("{name}, {repeat}: {:?}", seen.statuses);
            under.push(p99(&report)?);
            ensure!(seen.without_retry_after == 0, "a refusal without Retry-After");
            refused += seen.of(503) + seen.of(429);
            taken += seen.acknowledged.len();
            let stored = calls_of(&bad, &format!("bad-{id}")).await?;
            let lost = seen.acknowledged.difference(&stored).count();
            ensure!(lost == 0, "{lost} acknowledged calls are not stored");
        }
        eprintln!("{name}: {taken} calls taken, {refused} requests refused");
        println!(
            "{}",
            against(
                &format!("Overload, {name}: pop p99 of the good caller"),
                "ms",
                &under,
                ("quiet", &quiet),
                Target::AtMost(2.0),
            )
        );
    }
    let more = Figure::new(vec![most_memory.saturating_sub(quiet_memory) as f64 / 1048576.0]);
    println!(
        "{}",
        alone(
            "Overload: memory over quiet, at the most",
            "MiB",
            &more,
            Target::AtMost((MOST_MORE >> 20) as f64)
        )
    );
    Ok(())
}

fn p99(report: &Report) -> anyhow::Result<f64> {
    ensure!(report.refused == 0, "the good caller was refused {} times", report.refused);
    Ok(percentile(&report.pops_ms, 99.0))
}

/// What 32 connections get acknowledged when each sends its next event upon the answer to the last.
async fn sustainable(door: &Door) -> anyhow::Result<f64> {
    let (began, length) = (Instant::now(), Duration::from_secs(2));
    let senders: Vec<_> = (0..32)
        .map(|sender| {
            let door = door.clone();
            tokio::spawn(async move {
                let mut connection = Connection::open(&door.address).await?;
                let mut done = 0;
                while began.elapsed() < length {
                    let request = door.request(&format!("pace-{sender}-{done}"), "ringing", 0, None);
                    ensure!((200..300).contains(&connection.ask(&request).await?.status), "refused");
                    done += 1;
                }
                anyhow::Ok(done)
            })
        })
        .collect();
    let mut done = 0;
    for sender in senders {
        done += sender.await??;
    }
    Ok(f64::from(done) / began.elapsed().as_secs_f64())
}
