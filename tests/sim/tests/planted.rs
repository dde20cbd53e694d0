//! Each planted bug is found, and soon. Run by `make sim-planted`, in a build of its own.
#![cfg(feature = "planted")]

use switchroom_core::planted::{Bug, plant};
use switchroom_sim::{quietly, run};

/// Seeds that must be enough for any of them.
const ENOUGH: u64 = 60;

#[test]
fn every_planted_bug_is_found() {
    let found: Vec<(Bug, Option<(u64, String)>)> = quietly(|| {
        let first = |bug: &Bug| {
            plant(Some(*bug));
            let found = (0..ENOUGH).find_map(|seed| run(seed, false).err());
            plant(None);
            (*bug, found.map(|failure| (failure.seed + 1, failure.what.clone())))
        };
        Bug::ALL.iter().map(first).collect()
    });
    for (bug, found) in &found {
        match found {
            Some((seeds, what)) => {
                println!("{bug:?}: found by seed {seeds}: {}", what.lines().next().unwrap_or_default());
            }
            None => println!("{bug:?}: not found in {ENOUGH} seeds"),
        }
    }
    assert!(found.iter().all(|(_, found)| found.is_some()), "each is found within {ENOUGH} seeds");
}

/// Or the failures above would prove nothing.
#[test]
fn without_a_bug_the_same_seeds_hold() {
    for seed in 0..ENOUGH {
        if let Err(failure) = quietly(|| run(seed, false)) {
            panic!("seed {seed}: {}", failure.what);
        }
    }
}
