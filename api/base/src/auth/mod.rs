//! What proves a sign-in, and the gate that asks for it: tokens, cookies, tickets, whom they belong to, how often they
//! may come. How somebody gets them (signing in, accounts) is the business of the accounts crate.
//!
//! A session has three tokens: a short-lived access token and a rotating refresh token for API clients, and a cookie
//! token for browsers. It is bound to one tenant; the platform admin's to none.

pub mod caller;
pub mod cookies;
pub mod guard;
pub mod limits;
pub mod oidc;
mod password;
mod remembered;
mod sessions;
mod tickets;
pub mod token;

pub use caller::{Actor, Address, Caller, Proxies};
pub use password::{HashFailed, Passwords, hash_blocking};
pub use sessions::{Identity, Place, Sessions};
pub use tickets::Tickets;

/// How long an access token is good.
pub const ACCESS_SECONDS: i32 = 3600;
/// How long a session can be kept alive without signing in again.
pub const REFRESH_SECONDS: i32 = 30 * 24 * 3600;
