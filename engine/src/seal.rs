//! Sealing of secrets at rest: AES-256-GCM under a key that has a name, so that keys can be changed.
//!
//! New secrets are sealed under the current key; older ones stay readable while their key is still in the set. The
//! keys themselves live in the data dir's secrets file or the environment, never in the database.

use std::{collections::BTreeMap, fmt};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

/// Length of a key in octets.
pub const KEY_LENGTH: usize = 32;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealError {
    /// The secret was sealed under a key that is not in the set any more.
    #[error("no key is named {0}")]
    UnknownKey(String),
    /// The sealed text was changed or cut, or was sealed under another key of the same name.
    #[error("the sealed secret is damaged")]
    Damaged,
    #[error("a key must have {KEY_LENGTH} octets")]
    BadKey,
    /// The system's randomness failed.
    #[error("sealing failed")]
    Failed,
}

/// Seals and opens.
pub struct Sealer {
    current: String,
    keys: BTreeMap<String, RandomizedNonceKey>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("current", &self.current).field("keys", &self.keys.keys()).finish()
    }
}

impl Sealer {
    /// `keys` are (name, 32 octets); `current` must be among them.
    pub fn from_keys(
        current: impl Into<String>,
        keys: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, SealError> {
        let current = current.into();
        let keys = keys
            .into_iter()
            .map(|(name, key)| {
                let key = RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| SealError::BadKey)?;
                Ok((name, key))
            })
            .collect::<Result<BTreeMap<_, _>, SealError>>()?;
        if keys.contains_key(&current) {
            Ok(Self { current, keys })
        } else {
            Err(SealError::UnknownKey(current))
        }
    }

    /// The name of the key used, and nonce ‖ ciphertext ‖ tag. The name is bound in, so that a secret cannot be
    /// passed off as sealed under another key.
    pub fn seal(&self, secret: &[u8]) -> Result<(String, Vec<u8>), SealError> {
        let key = self.keys.get(&self.current).ok_or_else(|| SealError::UnknownKey(self.current.clone()))?;
        let mut text = secret.to_vec();
        let nonce = key
            .seal_in_place_append_tag(Aad::from(self.current.as_bytes()), &mut text)
            .map_err(|_| SealError::Failed)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut text);
        Ok((self.current.clone(), sealed))
    }

    pub fn open(&self, key_id: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = self.keys.get(key_id).ok_or_else(|| SealError::UnknownKey(key_id.to_owned()))?;
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(SealError::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Damaged)?;
        let mut text = text.to_vec();
        let secret = key
            .open_in_place(nonce, Aad::from(key_id.as_bytes()), &mut text)
            .map_err(|_| SealError::Damaged)?;
        Ok(secret.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(current: &str, names: &[&str]) -> Sealer {
        let keys = names.iter().map(|name| ((*name).to_owned(), vec![name.as_bytes()[0]; KEY_LENGTH]));
        Sealer::from_keys(current, keys).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_again_and_never_looks_the_same() {
        let sealer = sealer("a", &["a"]);
        let (id, one) = sealer.seal(b"whsec_x").unwrap();
        let (_, two) = sealer.seal(b"whsec_x").unwrap();
        assert_ne!(one, two);
        assert!(!one.windows(7).any(|w| w == b"whsec_x"));
        assert_eq!(sealer.open(&id, &one).unwrap(), b"whsec_x");
        assert_eq!(sealer.open(&id, &sealer.seal(b"").unwrap().1).unwrap(), b"");
    }

    #[test]
    fn keys_rotate() {
        let (id, sealed) = sealer("a", &["a"]).seal(b"x").unwrap();
        let rotated = sealer("b", &["a", "b"]);
        assert_eq!(rotated.open(&id, &sealed).unwrap(), b"x");
        assert_eq!(rotated.seal(b"x").unwrap().0, "b");
        assert_eq!(sealer("b", &["b"]).open(&id, &sealed), Err(SealError::UnknownKey("a".into())));
    }

    #[test]
    fn damage_is_noticed() {
        let sealer = sealer("a", &["a", "b"]);
        let (_, sealed) = sealer.seal(b"x").unwrap();
        for position in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[position] ^= 1;
            assert_eq!(sealer.open("a", &bad), Err(SealError::Damaged), "octet {position}");
        }
        for length in 0..sealed.len() {
            assert_eq!(sealer.open("a", &sealed[..length]), Err(SealError::Damaged));
        }
        assert_eq!(sealer.open("b", &sealed), Err(SealError::Damaged));
        assert_eq!(Sealer::from_keys("a", [("a".to_owned(), vec![1; 31])]).unwrap_err(), SealError::BadKey);
        assert!(Sealer::from_keys("c", [("a".to_owned(), vec![1; 32])]).is_err());
    }
}
