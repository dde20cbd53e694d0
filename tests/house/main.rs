//! The whole house: the real program, a real Postgres, real sockets, seen from outside only.

mod calls;
mod commands;
mod demo;
mod doors;
mod lifecycle;
mod support;
mod web;
