//! Where frames go: the one seam between the engine and the WebSocket gateway.

use std::{sync::Arc, time::Instant};

use switchroom_core::{
    TenantId, TicketId,
    frame::Frame,
    log::Cursor,
    wallboard::{Wallboard, WallboardDelta},
};
use uuid::Uuid;

/// Implemented by the gateway's hub. Every method returns at once: it queues or drops, and never waits for a socket.
pub trait FrameSink: Send + Sync {
    /// Frames that follow from one decision, in order. They are provisional until [`FrameSink::committed`].
    fn deliver(&self, tenant: TenantId, frames: &[Frame]);
    /// Everything up to the cursor is durable; so are the decisions of all frames that were delivered before `until`.
    fn committed(&self, tenant: TenantId, cursor: Cursor, until: Instant);
    /// The board changed.
    fn wallboard(&self, tenant: TenantId, board: &Arc<Wallboard>, delta: &WallboardDelta);
    /// A ticket changed; subscribers of its topic load it anew.
    fn ticket_updated(&self, tenant: TenantId, ticket: TicketId);
    /// A sign-in ended; its sockets are closed.
    fn session_ended(&self, session: Uuid);
}

/// A sink for programs without a gateway (imports, tests of other rooms).
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSink;

impl FrameSink for NoSink {
    fn deliver(&self, _: TenantId, _: &[Frame]) {}
    fn committed(&self, _: TenantId, _: Cursor, _: Instant) {}
    fn wallboard(&self, _: TenantId, _: &Arc<Wallboard>, _: &WallboardDelta) {}
    fn ticket_updated(&self, _: TenantId, _: TicketId) {}
    fn session_ended(&self, _: Uuid) {}
}
