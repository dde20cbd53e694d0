//! One-use tickets for opening a WebSocket, because a browser cannot send an Authorization header with it and a token
//! has no place in a URL. They live in this process only, 30 seconds, and the first use takes them away.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dashmap::DashMap;

use super::{sessions::Identity, token};

pub const LIFETIME: Duration = Duration::from_secs(30);
/// More at once than this and new ones push nothing out: the oldest half that expired goes, else the request waits.
const CAPACITY: usize = 100_000;

/// The tickets that were given out and not used yet.
#[derive(Default)]
pub struct Tickets(DashMap<[u8; 32], (Instant, Arc<Identity>)>);

impl Tickets {
    /// None when far too many are out.
    pub fn issue(&self, identity: Arc<Identity>, now: Instant) -> Option<String> {
        if self.0.len() >= CAPACITY / 2 {
            self.0.retain(|_, (until, _)| *until > now);
            if self.0.len() >= CAPACITY {
                return None;
            }
        }
        // A subprotocol must be an HTTP token (RFC 9110 §5.6.2); base64url is.
        let ticket = token::generate("");
        self.0.insert(token::hash(&ticket), (now + LIFETIME, identity));
        Some(ticket)
    }

    /// Who the ticket was given to; once.
    pub fn redeem(&self, ticket: &str, now: Instant) -> Option<Arc<Identity>> {
        let (_, (until, identity)) = self.0.remove(&token::hash(ticket))?;
        (until > now).then_some(identity)
    }

    /// Takes back what a session that was ended has out.
    pub fn revoke(&self, session: uuid::Uuid) {
        self.0.retain(|_, (_, identity)| identity.session != session);
    }
}

#[cfg(test)]
mod tests {
    use switchroom_core::UserId;
    use uuid::Uuid;

    use super::*;

    fn identity() -> Arc<Identity> {
        Arc::new(Identity {
            session: Uuid::from_u128(1),
            is_api_token: false,
            user_id: UserId(Uuid::from_u128(2)),
            email: "a@b.example".into(),
            name: "A".into(),
            platform: false,
            place: None,
            ends_at: None,
            grants: switchroom_core::Grants::NONE,
            gives: switchroom_core::Grants::NONE,
            is_scoped: false,
            provider: None,
        })
    }

    #[test]
    fn one_use_within_thirty_seconds() {
        let (tickets, now) = (Tickets::default(), Instant::now());
        let ticket = tickets.issue(identity(), now).unwrap();
        assert!(tickets.redeem("nonsense", now).is_none());
        assert!(tickets.redeem(&ticket, now + LIFETIME - Duration::from_millis(1)).is_some());
        assert!(tickets.redeem(&ticket, now).is_none());
        let late = tickets.issue(identity(), now).unwrap();
        assert!(tickets.redeem(&late, now + LIFETIME).is_none());
        let revoked = tickets.issue(identity(), now).unwrap();
        tickets.revoke(Uuid::from_u128(1));
        assert!(tickets.redeem(&revoked, now).is_none());
    }
}
