//! A call centre in a box. One seed gives a whole day: providers that lose, double, delay and reorder what they tell,
//! sockets that break, a database that stalls, and a program that is killed between any two steps. What decides is
//! `switchroom-core` itself; the program around it, the database and the browsers are modelled, and all of them
//! together must keep what was promised:
//!
//! - the log's numbers rise by exactly one, and no event is in it twice;
//! - what replaying the log gives is what is in memory, live and after every restart;
//! - what was acknowledged is in the log; what was not is sent again and is taken in the end;
//! - a call comes to the same whatever order it was told in (a reference works it out from all its events at once);
//! - frames sent again are the frames that were sent, ids and all, and no cursor on a wire is ahead of the log;
//! - one pop per call and addressee, none after the end, withdrawn from all others by an answer;
//! - every pop of the log reaches its browser, and a screen at rest shows what is open and nothing else;
//! - the board is the same counted live, after a restart, and by hand;
//! - in the end nobody rings, nobody is reserved, and who went home is offline.
//!
//! A failing seed fails again: `make sim SEED=n` shows the whole day.

mod centre;
mod checker;
mod client;
mod process;
mod reference;
mod rng;
mod sim;
mod store;
mod story;

use std::{
    any::Any,
    panic::{self, AssertUnwindSafe},
};

use sim::Sim;

/// What went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    pub seed: u64,
    pub step: u64,
    pub what: String,
    /// What happened before, where it was asked for.
    pub trace: String,
}

/// Runs one seed; the answer is how many things happened.
pub fn run(seed: u64, trace: bool) -> Result<u64, Box<Failure>> {
    let mut sim = Sim::new(seed, trace);
    match panic::catch_unwind(AssertUnwindSafe(|| sim.run())) {
        Ok(()) => Ok(sim.steps),
        Err(panic) => Err(Box::new(Failure {
            seed,
            step: sim.steps,
            what: message(panic.as_ref()),
            trace: sim.trace().to_owned(),
        })),
    }
}

/// Failures are answers here, so nothing is to be printed where they happen.
pub fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = work();
    panic::set_hook(hook);
    result
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}
