//! How long the index takes to fill from Postgres at start, what an import costs beside a plain COPY, and what it costs
//! the calls that come in meanwhile. `bench-start [--short] [start|import]`.

mod calls;
mod import;
mod rows;

use std::fs;

use anyhow::{Context as _, ensure};
use switchroom_bench::{
    figures::{Figure, Target, alone},
    postgres::Socket,
    program::Program,
};

const REPEATS: usize = 5;
const MILLION: u64 = 1_000_000;
const FLAGS: [&str; 2] = ["--sip", "off"];

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let said = |word: &str| words.iter().any(|said| said == word);
    let short = said("--short");
    if !said("import") {
        starts(short)?;
    }
    if !said("start") {
        import::measure(if short { 50_000 } else { MILLION }, REPEATS)?;
    }
    Ok(())
}

/// The program is killed and started again on the same rows.
fn starts(short: bool) -> anyhow::Result<()> {
    let mut program = Program::start(&FLAGS)?;
    rows::make_readable_only(&Socket::of(&program)?)?;
    let mut there = 0;
    for (count, target) in [(MILLION, 2.0), (10 * MILLION, 20.0)] {
        if short && count > MILLION {
            continue;
        }
        let millions = count / MILLION;
        eprintln!("{millions} M numbers into Postgres");
        rows::generate(&Socket::of(&program)?, there, count)?;
        there = count;
        let (mut load, mut ready) = (Figure::default(), Figure::default());
        for repeat in 1..=REPEATS {
            program = program.kill_and_start(&FLAGS)?;
            let (seconds, numbers) = last_load(&program)?;
            ensure!(numbers >= count, "{numbers} numbers of {count} were loaded");
            eprintln!("start {repeat} of {REPEATS}: {seconds:.2} s, ready after {:?}", program.ready_after);
            load.push(seconds);
            ready.push(program.ready_after.as_secs_f64());
        }
        let what = format!("start: index of {millions} M numbers from Postgres");
        println!("{}", alone(&what, "s", &load, Target::AtMost(target)));
        let what =
            format!("start: ready line after kill -9, {millions} M numbers, Postgres' recovery included");
        let target = if count == MILLION { Target::AtMost(15.0) } else { Target::None };
        println!("{}", alone(&what, "s", &ready, target));
    }
    Ok(())
}

/// Seconds and numbers of the last load that the program tells of.
fn last_load(program: &Program) -> anyhow::Result<(f64, u64)> {
    let log = fs::read_to_string(program.folder().join("server.log"))?;
    let line = log.lines().rfind(|line| line.contains("directory loaded")).context("no load in the log")?;
    let field = |name: &str| {
        let text = line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        text.and_then(|text| text.parse::<u64>().ok()).with_context(|| format!("no {name} in {line}"))
    };
    Ok((field("elapsed_ms")? as f64 / 1_000.0, field("numbers")?))
}
