//! The protocol `switchroom.v1` (contract §4): messages of both directions, topics, error and close codes.
//!
//! [`server::MESSAGES`] and [`client::MESSAGES`] list every message with the type of its payload; the document
//! ([`crate::asyncapi`]) and the tests are made from these lists.

pub mod client;
pub mod server;

use std::fmt;

use serde::Serialize;
use switchroom_core::TicketId;
use utoipa::ToSchema;

pub use client::ClientMessage;
pub use server::{ErrorData, TicketUpdated};

/// What a socket can subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Live totals: the whole board first, then what changes.
    Wallboard,
    /// Every call of the tenant.
    Calls,
    /// One ticket, `tickets:ID`.
    Ticket(TicketId),
}

impl Topic {
    /// A topic without a subject, by its name.
    pub fn plain(name: &str) -> Option<Self> {
        match name {
            "wallboard" => Some(Self::Wallboard),
            "calls" => Some(Self::Calls),
            _ => None,
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None => Self::plain(text),
            Some(("tickets", id)) => id.parse().ok().map(Self::Ticket),
            Some(_) => None,
        }
    }

    /// The name in the table of permissions.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Wallboard => "wallboard",
            Self::Calls => "calls",
            Self::Ticket(_) => "tickets",
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ticket(id) => write!(f, "tickets:{id}"),
            plain => f.write_str(plain.kind()),
        }
    }
}

/// The `code` of an `error` frame. The socket stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The message has no `type`, or one that does not exist.
    UnknownType,
    /// The fields of the message are not what its type asks for.
    BadMessage,
    UnknownTopic,
    /// The topic's subject does not exist, or not for this user.
    NotFound,
    Forbidden,
    /// No cursor of ours.
    BadCursor,
    /// Before retention: load everything anew. The open pops follow.
    CursorTooOld,
    TooManyTopics,
    /// Too many messages in too short a time; this one was not looked at.
    RateLimited,
    /// Not now; a resume goes on by itself.
    Unavailable,
}

/// Why the server closes a socket: the codes of contract §4, and those of RFC 6455 §7.4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Close {
    GoingAway,
    /// The peer broke RFC 6455.
    BrokenFraming,
    /// Binary.
    Unsupported,
    NotUtf8,
    TooBig,
    /// Text that is no JSON object, nested too deep, or far too many messages.
    Protocol,
    SignInEnded,
    Silent,
    TooSlow,
}

impl Close {
    pub const ALL: [Self; 9] = [
        Self::GoingAway,
        Self::BrokenFraming,
        Self::Unsupported,
        Self::NotUtf8,
        Self::TooBig,
        Self::Protocol,
        Self::SignInEnded,
        Self::Silent,
        Self::TooSlow,
    ];

    pub const fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::BrokenFraming => 1002,
            Self::Unsupported => 1003,
            Self::NotUtf8 => 1007,
            Self::TooBig => 1009,
            Self::Protocol => 4400,
            Self::SignInEnded => 4401,
            Self::Silent => 4408,
            Self::TooSlow => 4409,
        }
    }

    pub const fn reason(self) -> &'static str {
        match self {
            Self::GoingAway => "shutting down",
            Self::BrokenFraming => "broken framing",
            Self::Unsupported => "text frames only",
            Self::NotUtf8 => "not UTF-8",
            Self::TooBig => "message too big",
            Self::Protocol => "protocol error",
            Self::SignInEnded => "sign-in ended",
            Self::Silent => "heartbeat lost",
            Self::TooSlow => "too slow, connect again and resume",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_read_back_and_nothing_else_is_one() {
        for text in ["wallboard", "calls", "tickets:018f3b5e-7c3a-7000-8000-000000000001"] {
            assert_eq!(Topic::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "Wallboard", "tickets", "tickets:", "tickets:7", "calls:1", "wallboard:", "users"] {
            assert_eq!(Topic::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn every_topic_is_in_the_table_of_permissions() {
        for topic in [Topic::Wallboard, Topic::Calls, Topic::Ticket(TicketId(uuid::Uuid::nil()))] {
            assert!(
                switchroom_core::permission::message("subscribe", Some(topic.kind())).is_some(),
                "{topic}"
            );
        }
    }

    #[test]
    fn close_reasons_fit_a_control_frame() {
        for close in Close::ALL {
            assert!(close.reason().len() <= 123);
        }
    }
}
