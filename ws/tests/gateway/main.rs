//! The gateway behind a real port, spoken to by a real WebSocket client, or by hand where a client would not do what
//! the test needs. The engine is a log in memory, whose commits the test makes; in [`engine`] it is the real one.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod conformance;
mod delivery;
mod door;
mod engine;
mod framing;
mod lifetime;
mod resume;
mod schema;
mod support;
