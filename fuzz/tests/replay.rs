//! Seeds, past failures, and a few thousand mutations of them, through every target.

use switchroom_fuzz::{
    Target,
    mutate::{Dice, mutated},
    mutations,
};

fn replay(target: Target) {
    let inputs = target.inputs();
    assert!(inputs.len() >= 3, "{} has seeds", target.name());
    for (name, octets) in &inputs {
        println!("{name}");
        target.run(octets);
    }
    let seeds: Vec<Vec<u8>> = inputs.into_iter().map(|(_, octets)| octets).collect();
    let mut dice = Dice(7);
    for _ in 0..1_500 {
        let octets = mutated(&seeds, &mut dice);
        // A failure is to be seen: keep it in fuzz/failures/.
        println!("{:?}", String::from_utf8_lossy(&octets[..octets.len().min(400)]));
        target.run(&octets);
    }
}

macro_rules! targets {
    ($($test:ident = $name:literal),+ $(,)?) => {
        $(
            #[test]
            fn $test() {
                replay(Target::named($name).expect("a target"));
            }
        )+

        #[test]
        fn every_target_is_replayed() {
            let names = [$($name),+];
            assert!(Target::all().all(|target| names.contains(&target.name().as_str())));
        }
    };
}

targets! {
    sip = "sip", generic = "hook-generic", twilio = "hook-twilio", telnyx = "hook-telnyx", vonage = "hook-vonage",
    plivo = "hook-plivo", sipgate = "hook-sipgate", zammad = "hook-zammad", number = "number", socket = "socket", csv = "csv",
}

/// `make fuzz` does a million.
#[test]
fn no_changed_request_is_authentic() {
    let tally = mutations::run(6_000, 7).unwrap_or_else(|taken| panic!("taken: {taken:?}"));
    for kind in mutations::SIGNING {
        let refused: u64 = tally
            .refused
            .iter()
            .filter(|((name, _), _)| *name == kind.as_str())
            .map(|(_, times)| times)
            .sum();
        assert!(refused > 500, "{kind} was tried {refused} times");
    }
}
