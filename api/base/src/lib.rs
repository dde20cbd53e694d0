//! What every endpoint is made of, and the doors: the state handlers reach, the gate and what proves a sign-in, bodies,
//! lists and answers, the one error map ([`problem`]), the listener, and the hooks' door, which is the only endpoint here.
//! Whatever the crates of the other endpoints need alike is here or is not shared.
//!
//! The listener and the hooks' door stand between an event and its pop, so this crate is optimised in full where the
//! endpoints' crates are not (ADR 0023).

mod admission;
pub mod auth;
pub mod body;
pub mod document;
pub mod hooks;
pub mod http;
pub mod idempotency;
mod intake;
pub mod list;
pub mod listener;
pub mod mail;
pub mod metrics;
mod outbound;
pub mod problem;
mod read_log;
pub mod reply;
pub mod sheet;
pub mod state;
pub mod tx;
pub mod upload;

pub use auth::{Actor, Address, Caller};
pub use body::{Body, Errors, Incoming, Patch, Validate};
pub use hooks::Door as HookDoor;
pub use list::{Filter, ListQuery, OneWay, Page, WholeList};
pub use mail::Mailer;
pub use problem::Problem;
pub use reply::{Created, IfMatch, Json, Params, Versioned, etag};
pub use state::{ApiConfig, AppState, RateLimits};
