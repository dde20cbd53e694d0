//! The whole house: the real program, a real Postgres, real sockets, seen from outside only.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod calls;
mod commands;
mod demo;
mod doors;
mod lifecycle;
mod people;
mod permissions;
mod stall;
#[path = "../support/mod.rs"]
mod support;
mod web;
