//! Signed events for the generic door, as a PBX would send them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};

/// Signs as Standard Webhooks asks: HMAC-SHA256 over `id.timestamp.body`.
#[derive(Clone)]
pub struct Signer(Hmac<sha2::Sha256>);

impl Signer {
    /// `secret` as in demo.json: `whsec_` and base64.
    pub fn new(secret: &str) -> anyhow::Result<Self> {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret))?;
        Ok(Self(Hmac::new_from_slice(&key)?))
    }

    /// The value of `webhook-signature`. `at` in Unix seconds.
    pub fn sign(&self, id: &str, at: i64, body: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{at}.").as_bytes());
        mac.update(body.as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}
