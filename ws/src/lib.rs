//! The WebSocket gateway: `GET /ws`, who is connected, who hears what.
//!
//! The engine pushes into [`Hub`] (its [`switchroom_engine::FrameSink`]); the hub copies a frame's text into the bounded
//! queue of every socket concerned and returns at once; each socket has one task ([`session`]) that empties its queue.
//! Hub and socket meet only in that queue. A socket that does not keep up is closed (4409) and resumes from the log;
//! a call never waits for one.
//!
//! No rule of a call centre lives here, no SQL, and nothing of how people sign in: that comes in through the traits of
//! [`port`]. The protocol is contract §4; [`protocol`] holds its types and [`asyncapi`] the document made from them.

mod asyncapi;
mod envelope;
mod hub;
pub mod incoming;
mod outbox;
pub mod port;
pub mod protocol;
mod session;
pub mod settings;
mod upgrade;
mod wire;

pub use asyncapi::asyncapi;
pub use hub::Hub;
pub use port::{Authenticate, Identity, Refusal, Switchboard, TicketAccess};
pub use settings::Settings;
pub use upgrade::Gateway;
