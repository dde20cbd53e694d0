//! Everything random about the demo follows from one seed, made at the first start and kept in the data directory: the
//! same passwords, tokens and ids come out at every start, and a lost demo.json is written again as it was.

use std::path::Path;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use crate::data_dir;

const FILE: &str = "demo-seed.json";

/// The seed.
pub struct Seed {
    bytes: [u8; 32],
    made_at_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    seed: String,
    made_at_ms: u64,
}

impl Seed {
    /// Reads the seed of a data directory, or makes it.
    pub fn open(data: &Path) -> anyhow::Result<Self> {
        use anyhow::Context as _;
        let path = data.join(FILE);
        match std::fs::read(&path) {
            Ok(bytes) => {
                let stored: Stored = serde_json::from_slice(&bytes)
                    .with_context(|| format!("{} is damaged", path.display()))?;
                let bytes = STANDARD.decode(&stored.seed).ok().and_then(|bytes| bytes.try_into().ok());
                let bytes = bytes.with_context(|| format!("{} holds no seed", path.display()))?;
                Ok(Self { bytes, made_at_ms: stored.made_at_ms })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let now = SystemTime::now()
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .context("the clock is before 1970")?;
                let seed = Self { bytes: rand::rng().random(), made_at_ms: u64::try_from(now.as_millis())? };
                let stored = Stored { seed: STANDARD.encode(seed.bytes), made_at_ms: seed.made_at_ms };
                data_dir::write_private(&path, &serde_json::to_vec_pretty(&stored)?)?;
                Ok(seed)
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// 32 octets that belong to this name alone.
    pub fn octets(&self, purpose: &str, name: &str) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.bytes) else {
            unreachable!("HMAC takes keys of any length")
        };
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(name.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// An id that belongs to this name alone.
    pub fn id(&self, purpose: &str, name: &str) -> Uuid {
        let mut random = [0; 10];
        random.copy_from_slice(&self.octets(purpose, name)[..10]);
        uuid::Builder::from_unix_timestamp_millis(self.made_at_ms, &random).into_uuid()
    }

    /// A secret in base64url without padding.
    pub fn text(&self, purpose: &str, name: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.octets(purpose, name))
    }

    /// A password that people can type: four groups of four letters and digits without look-alikes, 80 bits.
    pub fn password(&self, name: &str) -> String {
        const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
        let octets = self.octets("password", name);
        let letter = |octet: &u8| char::from(LETTERS[usize::from(octet % 31)]);
        octets[..16]
            .chunks(4)
            .map(|group| group.iter().map(letter).collect::<String>())
            .collect::<Vec<_>>()
            .join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(byte: u8) -> Seed {
        Seed { bytes: [byte; 32], made_at_ms: 1_760_000_000_000 }
    }

    #[test]
    fn what_comes_out_depends_on_seed_purpose_and_name_alone() {
        assert_eq!(seed(1).text("token", "a"), seed(1).text("token", "a"));
        assert_ne!(seed(1).text("token", "a"), seed(2).text("token", "a"));
        assert_ne!(seed(1).text("token", "a"), seed(1).text("token", "b"));
        assert_ne!(seed(1).text("token", "a"), seed(1).text("secret", "a"));
        assert_ne!(seed(1).text("ab", "c"), seed(1).text("a", "bc"));
        let id = seed(1).id("user", "a");
        assert_eq!((id.get_version_num(), id), (7, seed(1).id("user", "a")));
    }

    #[test]
    fn passwords_can_be_typed() {
        let password = seed(3).password("agent1");
        assert_eq!(password.len(), 19);
        assert!(
            password.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
        );
        assert!(!password.contains(['0', '1', 'l', 'o', 'i']), "{password}");
    }

    #[test]
    fn the_seed_is_made_once() {
        let dir = std::env::temp_dir().join(format!("switchroom-seed-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let first = Seed::open(&dir).unwrap();
        assert_eq!(Seed::open(&dir).unwrap().bytes, first.bytes);
        std::fs::write(dir.join(FILE), "{\"seed\":\"\",\"made_at_ms\":1}").unwrap();
        assert!(Seed::open(&dir).is_err());
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
