//! The program's own secrets: keys made at random at the first start and kept in the data directory, mode 0600.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use crate::data_dir;

const FILE: &str = "secrets.json";
const VERSION: u32 = 1;

/// The keys that seal stored credentials. Several, so that a new one can be introduced while old rows still open.
#[derive(Clone)]
pub struct Secrets {
    /// The key that seals from now on.
    pub current: String,
    /// All keys by their name.
    pub keys: BTreeMap<String, [u8; 32]>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    current: String,
    /// Base64 of 32 octets each.
    keys: BTreeMap<String, String>,
}

/// Why there are no secrets. What they are is never said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is there and cannot be used. It is never replaced: what was sealed with its keys would be lost.
    #[error("{0} is damaged ({1}); restore it from a backup")]
    Damaged(String, &'static str),
    /// The file system said no.
    #[error("cannot read {0}: {1}")]
    Read(String, std::io::Error),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] data_dir::Error),
}

impl Secrets {
    /// Reads the secrets of a data directory, or makes them.
    pub fn open(data: &Path) -> Result<Self, Error> {
        let path = data.join(FILE);
        let name = path.display().to_string();
        match std::fs::read(&path) {
            Ok(bytes) => Self::parse(&bytes).map_err(|why| Error::Damaged(name, why)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secrets = Self::make();
                data_dir::write_private(&path, &secrets.text())?;
                Ok(secrets)
            }
            Err(error) => Err(Error::Read(name, error)),
        }
    }

    fn make() -> Self {
        let current = "k1".to_owned();
        Self { keys: BTreeMap::from([(current.clone(), rand::rng().random())]), current }
    }

    fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let stored: Stored = serde_json::from_slice(bytes).map_err(|_| "not the expected JSON")?;
        if stored.version != VERSION {
            return Err("written by another version");
        }
        let decode =
            |(name, text): (String, String)| Some((name, STANDARD.decode(text).ok()?.try_into().ok()?));
        let keys: BTreeMap<String, [u8; 32]> = stored
            .keys
            .into_iter()
            .map(decode)
            .collect::<Option<_>>()
            .ok_or("a key is not 32 octets of base64")?;
        if !keys.contains_key(&stored.current) {
            return Err("its current key is absent");
        }
        Ok(Self { current: stored.current, keys })
    }

    fn text(&self) -> Vec<u8> {
        let keys = self.keys.iter().map(|(name, key)| (name.clone(), STANDARD.encode(key))).collect();
        let stored = Stored { version: VERSION, current: self.current.clone(), keys };
        serde_json::to_vec_pretty(&stored).unwrap_or_default()
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("current", &self.current).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn secrets_are_made_once_and_private() {
        let dir = std::env::temp_dir().join(format!("switchroom-secrets-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let first = Secrets::open(&dir).unwrap();
        let again = Secrets::open(&dir).unwrap();
        assert_eq!(first.keys, again.keys);
        let mode = dir.join(FILE).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(dir.join(FILE), "{}").unwrap();
        assert!(matches!(Secrets::open(&dir), Err(Error::Damaged(..))));
        assert_eq!(std::fs::read(dir.join(FILE)).unwrap(), b"{}", "a damaged file is never replaced");
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn damage_is_named() {
        let key = STANDARD.encode([7; 32]);
        for (text, ok) in [
            (format!(r#"{{"version":1,"current":"k1","keys":{{"k1":"{key}"}}}}"#), true),
            (format!(r#"{{"version":1,"current":"k2","keys":{{"k1":"{key}"}}}}"#), false),
            (format!(r#"{{"version":2,"current":"k1","keys":{{"k1":"{key}"}}}}"#), false),
            (r#"{"version":1,"current":"k1","keys":{"k1":"c2hvcnQ="}}"#.to_owned(), false),
        ] {
            assert_eq!(Secrets::parse(text.as_bytes()).is_ok(), ok, "{text}");
        }
        assert!(!format!("{:?}", Secrets::make()).contains('['), "keys are not printed");
    }
}
