//! The texts that prove a sign-in. Each kind has its prefix, so that one is never taken for another and a leaked one
//! is recognised by scanners. The database keeps SHA-256 of the whole text: 256 random bits need no slow hash.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use switchroom_store::sessions::TokenHash;
use uuid::Uuid;

pub const API: &str = "swt_";
pub const ACCESS: &str = "sws_";
pub const COOKIE: &str = "swc_";
pub const REFRESH: &str = "swr_";
/// Of a link by which somebody chooses a password.
pub const LINK: &str = "swl_";
/// Of a link by which somebody joins a tenant.
pub const INVITATION: &str = "swi_";

/// Of a browser that is trusted for a while.
pub const DEVICE: &str = "swd_";
/// Of a link by which a client proves an address.
pub const REGISTRATION: &str = "swg_";
/// Of a browser on its way to an identity provider and back.
pub const JOURNEY: &str = "swj_";

/// `prefix` and 32 random octets.
pub fn generate(prefix: &str) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
}

/// What all refresh tokens of a session begin with: its id, so that presenting a used one can end it, and a secret that
/// only who ever had one knows, so that nobody else can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    pub session: Uuid,
    secret: [u8; 16],
}

impl Family {
    pub fn new(session: Uuid) -> Self {
        Self { session, secret: rand::random() }
    }

    /// A new token, of this family.
    pub fn generate(&self) -> String {
        let mut octets = [0; 64];
        octets[..16].copy_from_slice(self.session.as_bytes());
        octets[16..32].copy_from_slice(&self.secret);
        octets[32..].copy_from_slice(&rand::random::<[u8; 32]>());
        format!("{REFRESH}{}", URL_SAFE_NO_PAD.encode(octets))
    }

    /// The family a token claims to be of.
    pub fn of(token: &str) -> Option<Self> {
        let octets = URL_SAFE_NO_PAD.decode(token.strip_prefix(REFRESH)?).ok()?;
        let (session, rest) = octets.split_first_chunk::<16>()?;
        let (secret, rest) = rest.split_first_chunk::<16>()?;
        (rest.len() == 32).then_some(Self { session: Uuid::from_bytes(*session), secret: *secret })
    }

    /// What is kept of its secret.
    pub fn hash(&self) -> TokenHash {
        Sha256::digest(self.secret).into()
    }
}

pub fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// The CSRF token that belongs to a session cookie: derived one way, so the page can read the one and learn nothing
/// of the other, and a planted cookie of either kind does not fit.
pub fn csrf_of(cookie: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(b"switchroom csrf v1\0");
    digest.update(cookie.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refresh_tokens_name_their_session_and_know_their_relatives() {
        let family = Family::new(Uuid::from_u128(9));
        let token = family.generate();
        assert_eq!(Family::of(&token), Some(family));
        assert_eq!(Family::of(&family.generate()), Some(family));
        assert_ne!(token, family.generate());
        assert_ne!(family, Family::new(family.session), "another session of the same name is no relative");
        for bad in ["", "swr_", "swr_AAAA", "sws_AAAA", &token[1..], &token[..70]] {
            assert_eq!(Family::of(bad), None, "{bad}");
        }
    }

    #[test]
    fn tokens_are_long_and_never_repeat() {
        let token = generate(API);
        assert!(token.starts_with(API) && token.len() == 4 + 43);
        assert_ne!(token, generate(API));
        assert_ne!(csrf_of("a"), csrf_of("b"));
    }
}
