//! The front of the HTTP room: REST, webhooks, sign-in, permissions, the API document. A handler extracts, calls one
//! engine or store function, and maps; no SQL, no rule of the business, no clock.
//!
//! [`router`] is the table of contents. The endpoints themselves lie in crates of their own, so that they compile beside
//! one another (ADR 0023): `accounts` and `desk`, both over `base`, which has what every endpoint is made of. Every
//! route has a row in `core/src/permission.rs`, or nobody gets in.

pub mod housekeeping;
mod openapi;
mod ops;
mod router;
mod system;
#[cfg(feature = "testing")]
pub mod testing;

pub use router::{openapi, router};
pub use switchroom_api_accounts::auth::choose_password;
pub use switchroom_api_base::{
    ApiConfig, AppState, HookDoor, Mailer, RateLimits, auth, document::Document, listener, metrics,
    problem::Problem, state,
};
