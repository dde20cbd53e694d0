//! What is printed at the end: markdown tables, one line per scenario and one per kind of fault.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::options::Options;

/// A start after a kill has this long (contract §1).
pub const RECOVERY_LIMIT: Duration = Duration::from_secs(15);

pub struct Report {
    seed: u64,
    recoveries: BTreeMap<String, Vec<Duration>>,
    skipped: Vec<String>,
    scenarios: Vec<Row>,
}

/// What a scenario came to.
#[derive(Debug, Default)]
pub struct Row {
    pub name: String,
    pub took: Duration,
    /// What was done, in words: `1,200 calls, 3,400 events acknowledged`.
    pub load: String,
    /// Everything that is wrong. Empty is what the house promises.
    pub wrong: Vec<String>,
}

impl Report {
    pub fn new(options: &Options) -> Self {
        Self { seed: options.seed, recoveries: BTreeMap::new(), skipped: Vec::new(), scenarios: Vec::new() }
    }

    /// From a fault to being ready again.
    pub fn recovered(&mut self, fault: &str, took: Duration) {
        self.recoveries.entry(fault.to_owned()).or_default().push(took);
    }

    pub fn skipped(&mut self, what: &str, why: &str) {
        eprintln!("skipped: {what}: {why}");
        self.skipped.push(format!("{what}: {why}"));
    }

    pub fn scenario(&mut self, row: Row) {
        for wrong in &row.wrong {
            eprintln!("wrong: {}: {wrong}", row.name);
        }
        self.scenarios.push(row);
    }

    pub fn is_clean(&self) -> bool {
        self.scenarios.iter().all(|row| row.wrong.is_empty())
            && self.recoveries.values().flatten().all(|took| *took <= RECOVERY_LIMIT)
    }

    pub fn print(&self) {
        println!(
            "\n| Scenario (seed {}) | Load | Took | Lost, doubled, wrong |\n|---|---|---|---|",
            self.seed
        );
        for row in &self.scenarios {
            println!(
                "| {} | {} | {:.0} s | {} |",
                row.name,
                row.load,
                row.took.as_secs_f64(),
                row.wrong.len()
            );
        }
        println!("\n| Fault | Times | Ready again after, median (worst) |\n|---|---|---|");
        for (fault, times) in &self.recoveries {
            let mut times = times.clone();
            times.sort_unstable();
            let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
            let late = if worst > RECOVERY_LIMIT { ", over the limit" } else { "" };
            println!(
                "| {fault} | {} | {:.2} s ({:.2} s{late}) |",
                times.len(),
                median.as_secs_f64(),
                worst.as_secs_f64()
            );
        }
        for skipped in &self.skipped {
            println!("| {skipped} | skipped | |");
        }
        for row in &self.scenarios {
            for wrong in &row.wrong {
                println!("- {}: {wrong}", row.name);
            }
        }
    }
}

/// A bar on a terminal, nothing elsewhere.
pub fn bar(what: &str, steps: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{prefix} {bar:40} {pos}/{len} {msg}").unwrap();
    ProgressBar::with_draw_target(Some(steps), target).with_style(style).with_prefix(what.to_owned())
}
