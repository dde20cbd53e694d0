//! Ids as types of their own, so that a call is never taken for a ticket, and the derivations that make ids of live
//! things a function of what the provider said: the same event gives the same id, however often and wherever it arrives.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

id! {
    /// The account that owns everything else.
    TenantId,
    /// A person who signs in.
    UserId,
    /// One way in for call events: a provider's webhook or the SIP door.
    ConnectionId,
    /// The whole conversation, from the first ring to the last hang-up.
    CallId,
    /// One entry of the log.
    EventId,
    /// One frame to one user.
    FrameId,
    /// A line of ours (DID), not a caller's number.
    NumberId,
    /// A voice agent that takes calls without a person.
    BotId,
    /// A helpdesk ticket.
    TicketId,
}

/// UUIDv5 (RFC 9562 §5.5), with the processor's own SHA-1 where it has one: an event derives a dozen ids.
fn name_based(namespace: &Uuid, name: &[u8]) -> Uuid {
    let digest = Sha1::new().chain_update(namespace.as_bytes()).chain_update(name).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_sha1_bytes(bytes).into_uuid()
}

impl CallId {
    /// UUIDv5 of (connection, provider's call id).
    pub fn derive(connection: ConnectionId, provider_call_id: &str) -> Self {
        Self(name_based(&connection.0, provider_call_id.as_bytes()))
    }
}

impl EventId {
    /// UUIDv5 of (call, event key). The key is what makes two events "the same event" (contract §3).
    pub fn of_call(call: CallId, key: &str) -> Self {
        Self(name_based(&call.0, key.as_bytes()))
    }

    /// UUIDv5 of (cause, consequence): an event that follows from another, such as an agent going on a call.
    pub fn following(cause: EventId, consequence: &str) -> Self {
        Self(name_based(&cause.0, consequence.as_bytes()))
    }
}

impl FrameId {
    /// UUIDv5 of (log event, frame type, user), so that a resumed frame has the id it had when it was live.
    pub fn derive(event: EventId, frame_type: &str, user: UserId) -> Self {
        let mut name = [0_u8; 80];
        let (kind, id) = name.split_at_mut(48);
        // Frame types are short words of ours; one longer than 48 bytes would be a bug, not input.
        let length = frame_type.len().min(48);
        kind[..length].copy_from_slice(&frame_type.as_bytes()[..length]);
        id[..16].copy_from_slice(user.0.as_bytes());
        Self(name_based(&event.0, &name[..64]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_by_name_are_uuids_of_version_5() {
        for name in
            ["", "x", "a name that is longer than one block of the digest, which holds sixty-four octets"]
        {
            let ours = name_based(&Uuid::NAMESPACE_URL, name.as_bytes());
            assert_eq!(ours, Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()));
        }
    }

    #[test]
    fn derived_ids_depend_on_every_part() {
        let (a, b) = (ConnectionId(Uuid::from_u128(1)), ConnectionId(Uuid::from_u128(2)));
        assert_eq!(CallId::derive(a, "x"), CallId::derive(a, "x"));
        assert_ne!(CallId::derive(a, "x"), CallId::derive(b, "x"));
        assert_ne!(CallId::derive(a, "x"), CallId::derive(a, "y"));
        let event = EventId::of_call(CallId::derive(a, "x"), "k");
        let (u, v) = (UserId(Uuid::from_u128(3)), UserId(Uuid::from_u128(4)));
        assert_ne!(FrameId::derive(event, "screen_pop", u), FrameId::derive(event, "screen_pop", v));
        assert_ne!(FrameId::derive(event, "screen_pop", u), FrameId::derive(event, "call_ended", u));
    }
}
