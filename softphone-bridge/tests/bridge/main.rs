//! The SIP door over real sockets: raw datagrams and streams for what no telephone would send, SIPp for what they do.
//! The engine behind it is a stand-in that can be slow, full or broken at will; the whole house is tested elsewhere.

// Helpers are tests too; clippy's own exception reaches only functions marked as tests.
#![allow(clippy::unwrap_used)]

mod calls;
mod refusals;
mod sipp;
mod support;
mod tcp;
