//! The log: appending to it, and reading it back.
//!
//! Appending is the appender's alone (role `switchroom_log`): one transaction claims the events, takes the tenants'
//! next numbers under its epoch, stores the entries and moves the projections. A batch in which nothing was here before
//! is one statement ([`append_plain`]); any other takes the steps one by one. Every statement takes a whole batch of
//! all tenants, so a commit costs a round trip or a handful however much it holds.

mod keep;
mod numbering;
mod plain;
mod read;
mod rows;
mod write;

pub use keep::{KeptCall, board_calls, kept_call, kept_calls, kept_presence};
pub use numbering::{Adopted, adopt, adopt_all, next_epoch, settled_end, take_numbers};
pub use plain::{Plain, append_plain};
pub use read::{LogRow, addressed_to, count, extent, page, page_of_call, replay};
pub use rows::{CallRow, Numbered};
pub use write::{append, claim, project_calls, project_presence, recorded_calls};
