//! The seven kinds of webhook, against payloads as the providers send them (`tests/fixtures/<kind>/`) and against the
//! signature examples that the providers publish.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod order;
mod parsing;
mod properties;
mod refusals;
mod signatures;
mod stories;
mod support;
