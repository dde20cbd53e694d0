//! Faults on purpose: the real program under load from every door, killed and starved at random instants, and a ledger
//! of everything it acknowledged, compared with what it has afterwards.
//!
//! Without arguments of its own this is a test target like any other (it speaks nextest's protocol) with the short forms
//! of both scenarios. `cargo test --test chaos -- whole --seed 7` is the long tool; `make chaos` calls it.

#![allow(clippy::unwrap_used, reason = "the tool fails by panicking, as tests do")]

mod agent;
mod crash;
mod deliver;
mod fault;
mod ledger;
mod log;
mod options;
mod report;
mod resume;
mod sign;
mod sip;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod verify;
mod world;

use std::process::ExitCode;

use clap::Parser as _;

use options::{Options, Scenario};
use report::Report;

/// The short forms: name, and what is played.
const TESTS: [(&str, &[&str]); 2] = [
    (
        "acknowledged_events_survive_kills",
        &["crash", "--rate", "12", "--server", "3", "--postgres", "1", "--both", "1", "--quick"],
    ),
    ("pops_survive_restarts", &["resume", "--agents", "100", "--restarts", "3", "--pops", "20", "--quick"]),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|given| given == word);
    if has("--list") {
        if !has("--ignored") {
            TESTS.iter().for_each(|(name, _)| println!("{name}: test"));
        }
        return ExitCode::SUCCESS;
    }
    if words.first().is_some_and(|word| Scenario::parse(word).is_some()) {
        return play(std::iter::once("chaos".to_owned()).chain(words));
    }
    // As a test: those named, else all.
    let named: Vec<_> = TESTS.iter().filter(|(name, _)| has(name)).collect();
    let chosen = if named.is_empty() { TESTS.iter().collect() } else { named };
    for (_, words) in chosen {
        let words = std::iter::once("chaos").chain(words.iter().copied()).map(str::to_owned);
        let code = play(words);
        if code != ExitCode::SUCCESS {
            return code;
        }
    }
    ExitCode::SUCCESS
}

fn play(words: impl Iterator<Item = String>) -> ExitCode {
    let options = match Options::try_parse_from(words) {
        Ok(options) => options,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(2);
        }
    };
    println!("seed {} (again with --seed {})", options.seed, options.seed);
    open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut report = Report::new(&options);
    let played = runtime.block_on(async {
        match options.scenario {
            Scenario::Crash => crash::play(&options, &mut report).await,
            Scenario::Starve => crash::starve(&options, &mut report).await,
            Scenario::Resume => resume::play(&options, &mut report).await,
            Scenario::Whole => {
                crash::play(&options, &mut report).await?;
                crash::starve(&options, &mut report).await?;
                resume::play(&options, &mut report).await
            }
        }
    });
    // Providers that wait for their next try must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    report.print();
    match played {
        Ok(()) if report.is_clean() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure:#}");
            ExitCode::FAILURE
        }
    }
}

/// Thousands of sockets, here and in the server, which inherits the limit.
fn open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        eprintln!("the limit of open files stays as it is: {error}");
    }
}
