//! Frames: what a user's screen is told about an entry of the log.
//!
//! A frame is a function of the log entry and of nothing else, so a frame sent again after a lost connection is the
//! frame that was sent live, id and all.

use std::sync::Arc;

use crate::{EventId, FrameId, Timestamp, UserId};

/// Who a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// One user, on whatever sockets they have.
    User(UserId),
    /// Whoever subscribed to the topic (`calls`, `wallboard`). A user may get the same frame as `User` and as
    /// `Topic`; both carry the same id for the same user (see [`Frame::id_for`]).
    Topic(&'static str),
}

/// One frame. The envelope `{"type","event_id","at","data"}` is written by the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub to: Audience,
    /// `screen_pop`, `pop_withdrawn`, `call_updated`, `call_ended`, `presence`.
    pub type_: &'static str,
    /// The log entry it follows from.
    pub source: EventId,
    /// UUIDv5(source, type, user); null for topics, where it differs per user: [`Frame::id_for`].
    pub event_id: Option<FrameId>,
    pub at: Timestamp,
    /// `data` as JSON text, an object. Of a `screen_pop` the last field, `pushed_at_us`, is missing: the gateway adds
    /// it when it hands the frame to the socket ([`Frame::data_pushed_at`]).
    pub data: Arc<str>,
}

impl Frame {
    /// The id this frame has for a user, however they come to get it.
    pub fn id_for(&self, user: UserId) -> FrameId {
        FrameId::derive(self.source, self.type_, user)
    }

    /// Whether `pushed_at_us` is still to be added.
    pub fn wants_push_time(&self) -> bool {
        self.type_ == "screen_pop"
    }

    /// `data` with `pushed_at_us` (Unix microseconds) as its last field.
    pub fn data_pushed_at(&self, pushed_at_us: i64) -> String {
        let body = self.data.strip_suffix('}').unwrap_or(&self.data);
        format!("{body},\"pushed_at_us\":{pushed_at_us}}}")
    }
}
