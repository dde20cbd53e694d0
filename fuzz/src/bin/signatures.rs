//! `fuzz-signatures [COUNT] [SEED]`: so many changed requests (a million), none of which may be taken.

use std::{process::ExitCode, time::Instant};

use switchroom_fuzz::mutations::run;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let (Ok(count), Ok(seed)) = (
        numbers.next().unwrap_or(Ok(1_000_000)),
        numbers.next().unwrap_or(Ok(u64::from(std::process::id()))),
    ) else {
        eprintln!("usage: fuzz-signatures [COUNT] [SEED]");
        return ExitCode::from(2);
    };
    println!("signatures: {count} changed requests from seed {seed}");
    let began = Instant::now();
    match run(count, seed) {
        Ok(tally) => {
            for ((kind, why), times) in &tally.refused {
                println!("  {kind:8} {why:18} {times:>9}");
            }
            println!(
                "{} changed requests refused, none taken, in {:.1} s ({} changes changed nothing)",
                tally.count(),
                began.elapsed().as_secs_f64(),
                tally.harmless
            );
            ExitCode::SUCCESS
        }
        Err(taken) => {
            println!("taken although it was changed: {taken:?}");
            ExitCode::FAILURE
        }
    }
}
