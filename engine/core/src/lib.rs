//! The rules of a call centre, as pure code: facts in, decisions out.
//!
//! Nothing in here reads a clock, draws a random number, or touches a socket, a file or a database; the manifest has
//! no tokio, sqlx or axum, and that is what keeps it so. Time, ids and everything the rules look at are arguments.

pub mod ids;
pub mod permission;
pub mod role;

pub use ids::{CallId, ConnectionId, EventId, FrameId, NumberId, TenantId, TicketId, UserId};
pub use permission::Permission;
pub use role::Role;
