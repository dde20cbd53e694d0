//! The seven kinds of webhook, against payloads as the providers send them (`tests/fixtures/<kind>/`) and against the
//! signature examples that the providers publish.

// Helpers are tests too; clippy's own exception reaches only functions marked as tests.
#![allow(clippy::unwrap_used)]

mod orders;
mod parsing;
mod properties;
mod refusals;
mod signatures;
mod support;
