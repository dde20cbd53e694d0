//! `make sim`: many seeds on every core. A failing one is told with the line that shows it again.

use std::{
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    sync::{Mutex, PoisonError},
};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use switchroom_sim::{Failure, quietly, run};

#[derive(Parser)]
struct Line {
    /// So many seeds.
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// From this one on.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this one, with everything that happened.
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let line = Line::parse();
    if let Some(seed) = line.seed {
        return match quietly(|| run(seed, true)) {
            Ok(steps) => {
                println!("seed {seed}: {steps} things happened, everything held");
                ExitCode::SUCCESS
            }
            Err(failure) => {
                print!("{}", failure.trace);
                tell(&failure);
                ExitCode::FAILURE
            }
        };
    }
    let bar = ProgressBar::new(line.seeds);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} seeds, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    let (next, steps) = (AtomicU64::new(0), AtomicU64::new(0));
    let failures: Mutex<Vec<Box<Failure>>> = Mutex::default();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    quietly(|| {
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= line.seeds {
                            return;
                        }
                        match run(line.from + at, false) {
                            Ok(happened) => {
                                steps.fetch_add(happened, Ordering::Relaxed);
                            }
                            Err(failure) => {
                                bar.suspend(|| tell(&failure));
                                let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                                failures.push(failure);
                                if failures.len() >= 20 {
                                    // Enough to work with.
                                    next.store(line.seeds, Ordering::Relaxed);
                                }
                            }
                        }
                        bar.inc(1);
                    }
                });
            }
        });
    });
    bar.finish();
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!(
        "{} seeds from {}: {} things happened, {} failures",
        bar.position(),
        line.from,
        steps.into_inner(),
        failures.len()
    );
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(failure: &Failure) {
    println!("seed {} at step {}: {}", failure.seed, failure.step, failure.what);
    println!("  again: make sim SEED={}", failure.seed);
}
