//! The API against Postgres itself: each request beside the same transaction run by pgbench, on the same rows of the same
//! server, as the same role, with `set_config` and the end of the transaction included, with as many clients.
//!
//! Then searches, which have no peer but a limit. `bench-api [--short] [CASE…|search|exports]`. Repeats are interleaved: ours, pgbench, the next case. A wrong answer voids the run.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench tells its rows on standard output")]

mod cases;
mod client;
mod exports;
mod peer;
mod searches;
mod seed;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use cases::Case;
use client::Client;
use peer::Server;
use switchroom_bench::{
    figures::{Figure, Target, against, alone},
    process,
    program::Program,
};

/// Connections of ours, and clients of pgbench.
const CLIENTS: usize = 8;

fn main() -> anyhow::Result<()> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let short = words.iter().any(|word| word == "--short");
    words.retain(|word| word != "--short");
    let (repeats, length) = if short { (5, Duration::from_secs(2)) } else { (5, Duration::from_secs(4)) };

    let program = Program::start(&[])?;
    let demo = program.demo()?;
    let text = |pointer: &str| {
        demo.pointer(pointer).and_then(|value| value.as_str()).map(str::to_owned).context("demo.json")
    };
    let place = cases::Place {
        tenant: text("/tenant/id")?,
        user: text("/users/owner@demo.example/id")?,
        token: text("/users/owner@demo.example/token")?,
    };
    let server = Server::of(&program)?;
    server.run(&seed::sql(&place))?;

    for case in cases::all(&place) {
        if words.is_empty() || words.iter().any(|word| case.name.contains(word.as_str())) {
            measure(&program, &server, &case, &place, repeats, length)?;
        }
    }
    if words.is_empty() || words.iter().any(|word| word == "search") {
        searches::measure(&program, &place, repeats, length)?;
    }
    // Last: it makes a million of what the others have fewer of.
    if words.is_empty() && !short || words.iter().any(|word| word == "exports") {
        exports::measure(&program, &server, &place, if short { 1 } else { 3 })?;
    }
    Ok(())
}

/// What one side did in one repeat.
#[derive(Default)]
struct Side {
    per_second: Figure,
    program_us: Figure,
    postgres_us: Figure,
}

impl Side {
    fn push(&mut self, done: f64, took: Duration, program: Duration, postgres: Duration) {
        self.per_second.push(done / took.as_secs_f64());
        self.program_us.push(program.as_secs_f64() * 1e6 / done);
        self.postgres_us.push(postgres.as_secs_f64() * 1e6 / done);
    }
}

fn measure(
    program: &Program,
    server: &Server,
    case: &Case,
    place: &cases::Place,
    repeats: usize,
    length: Duration,
) -> anyhow::Result<()> {
    let (mut ours, mut theirs) = (Side::default(), Side::default());
    let (us, postgres) = (program.pid(), program.postgres()?);
    // Prepared statements, caches and connections of both sides; not counted.
    requests(program, case, place, Duration::from_millis(500))?;
    server.pgbench(&case.transaction, CLIENTS, 1)?;
    for _ in 0..repeats {
        let (began, p, d) = (Instant::now(), process::cpu(us)?, process::cpu_of_tree(postgres)?);
        let done = requests(program, case, place, length)?;
        ours.push(
            done as f64,
            began.elapsed(),
            process::cpu(us)?.saturating_sub(p),
            process::cpu_of_tree(postgres)?.saturating_sub(d),
        );

        let (p, d) = (process::cpu(us)?, process::cpu_of_tree(postgres)?);
        let per_second = server.pgbench(&case.transaction, CLIENTS, length.as_secs())?;
        theirs.push(
            per_second * length.as_secs_f64(),
            length,
            process::cpu(us)?.saturating_sub(p),
            process::cpu_of_tree(postgres)?.saturating_sub(d),
        );
    }
    let name = case.name;
    println!(
        "{}",
        against(
            &format!("API, {name}, {CLIENTS} clients"),
            "/s",
            &ours.per_second,
            ("the same transaction by pgbench", &theirs.per_second),
            Target::AtLeast(0.6),
        )
    );
    println!("{}", alone(&format!("API, {name}: CPU of the program"), "µs", &ours.program_us, Target::None));
    println!(
        "{}",
        against(
            &format!("API, {name}: CPU of Postgres"),
            "µs",
            &ours.postgres_us,
            ("under pgbench", &theirs.postgres_us),
            Target::None,
        )
    );
    Ok(())
}

/// Asks on every connection, one request after the other, for so long; how many were answered, all of them rightly.
fn requests(program: &Program, case: &Case, place: &cases::Place, length: Duration) -> anyhow::Result<u64> {
    let (next, until) = (AtomicU64::new(switchroom_bench::random() >> 40), Instant::now() + length);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| -> anyhow::Result<u64> {
                    let mut client = Client::new(program.http_address(), &place.token)?;
                    let mut done = 0;
                    while Instant::now() < until {
                        let asked = (case.request)(next.fetch_add(1, Ordering::Relaxed));
                        let answer = client.ask(&asked)?;
                        ensure!(
                            answer.status == 200 && answer.has(&asked.expect),
                            "{} {}: {} {}",
                            asked.method,
                            asked.path,
                            answer.status,
                            String::from_utf8_lossy(answer.body)
                        );
                        done += 1;
                    }
                    Ok(done)
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("no client panics")).sum()
    })
}
