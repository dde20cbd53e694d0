//! The HTTP room: REST, webhooks, sign-in, permissions, the API document. It extracts, calls one engine or store
//! function, and maps; no SQL, no rule of the business, no clock in a handler.
//!
//! [`router`] is the table of contents. Every route has a row in `core/src/permission.rs`, or nobody gets in.

mod admission;
mod agents;
pub mod auth;
pub mod body;
mod calls;
mod connections;
mod directory;
mod hooks;
pub mod housekeeping;
mod http;
mod idempotency;
mod imports;
mod intake;
pub mod list;
pub mod listener;
pub mod mail;
pub mod metrics;
mod openapi;
mod ops;
pub mod outbound;
mod people;
mod phone_numbers;
pub mod problem;
mod read_log;
pub mod reply;
mod router;
mod sheet;
pub mod state;
#[cfg(feature = "testing")]
pub mod testing;
mod tickets;
mod tx;
mod webhook_endpoints;

pub use auth::{Actor, Address, Caller};
pub use body::{Body, Errors, Incoming, Patch, Validate};
pub use hooks::Door as HookDoor;
pub use list::{Filter, ListQuery, Page};
pub use mail::Mailer;
pub use problem::{FieldError, Problem};
pub use read_log::ReadLog;
pub use reply::{Created, IfMatch, Params, Versioned, etag};
pub use router::{openapi, router};
pub use state::{ApiConfig, AppState, CannotStart, RateLimits};
