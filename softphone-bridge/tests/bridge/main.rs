//! The SIP door over real sockets: raw datagrams and streams for what no telephone would send, SIPp for what they do.
//! The engine behind it is a stand-in that can be slow, full or broken at will; the whole house is tested elsewhere.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod calls;
mod flood;
mod refusals;
mod sipp;
mod support;
mod tcp;
mod torture;
