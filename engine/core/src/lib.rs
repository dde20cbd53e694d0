//! The rules of a call centre, as pure code: facts in, decisions out.
//!
//! Nothing in here reads a clock, draws a random number, or touches a socket, a file or a database; the manifest has
//! no tokio, sqlx or axum, and that is what keeps it so. Time, ids and everything the rules look at are arguments.

pub mod agent;
pub mod append;
pub mod call;
pub mod csv_rows;
pub mod directory;
pub mod fact;
pub mod frame;
pub mod grants;
pub mod ids;
pub mod internet;
pub mod inventory;
pub mod iso;
pub mod log;
pub mod metadata;
pub mod number;
pub mod number_plan;
pub mod outward;
pub mod password;
pub mod people;
pub mod performance;
pub mod permission;
pub mod planted;
pub mod reads;
pub mod role;
pub mod roster;
pub mod routing;
pub mod second_factor;
pub mod tenant;
pub mod ticket;
pub mod wallboard;

pub use fact::{AgentHint, CallFact, Direction, EndCause, EndReason, FactKind};
pub use grants::Grants;
pub use ids::{BotId, CallId, ConnectionId, EventId, FrameId, NumberId, TenantId, TicketId, UserId};
pub use permission::Permission;
pub use role::Role;

/// A point in time, UTC.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
