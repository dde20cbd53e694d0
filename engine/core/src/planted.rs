//! Bugs on purpose, to prove that the simulation (`tests/sim`) finds what it is there for. Without the feature
//! `planted` every question is answered `false` at compile time, and the program refuses to be built with it (see
//! `src/main.rs`).

/// Whether this build can hold planted bugs at all.
pub const POSSIBLE: bool = cfg!(feature = "planted");

/// What can be planted: mistakes that somebody could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Of answered, held, resumed and transferred, the one heard last counts, not the one that happened last.
    LastHeardCounts,
    /// An answer told after the end brings the call back to life.
    AnswerAfterTheEnd,
    /// Every ring pops, whoever has the pop already.
    PopsTwice,
    /// Answered by one, the pop stays on the others' screens.
    OthersKeepThePop,
    /// A ring that nobody ends has no deadline.
    RingsForEver,
    /// An event that was recorded before is written again.
    WrittenTwice,
    /// What is decided is finer than what the log can keep.
    NanosecondsDecided,
    /// The end of a call lets nobody go.
    AgentKeepsTheCall,
    /// Who got a pop is missing from the entry's addressees, so a resume does not find it.
    PopNotAddressed,
    /// A bot's line asks whoever is available, as if it were nobody's.
    BotsLineAsksAll,
    /// The board adds how a call stands without taking out how it stood.
    BoardCountsTwice,
}

impl Bug {
    pub const ALL: [Self; 11] = [
        Self::LastHeardCounts,
        Self::AnswerAfterTheEnd,
        Self::PopsTwice,
        Self::OthersKeepThePop,
        Self::RingsForEver,
        Self::WrittenTwice,
        Self::NanosecondsDecided,
        Self::AgentKeepsTheCall,
        Self::PopNotAddressed,
        Self::BotsLineAsksAll,
        Self::BoardCountsTwice,
    ];
}

#[cfg(not(feature = "planted"))]
pub(crate) const fn is(_: Bug) -> bool {
    false
}

#[cfg(feature = "planted")]
mod on {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Plants a bug in what this thread runs from here on, or none.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    pub(crate) fn is(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "planted")]
pub(crate) use on::is;
#[cfg(feature = "planted")]
pub use on::plant;
