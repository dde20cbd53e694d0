//! What is sent, and how it is signed (Standard Webhooks): an entry of the log in the words of the API, under the id of the
//! entry, so that whoever receives it twice knows.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use switchroom_core::{log::EventType, outward::event_name};
use switchroom_store::log::LogRow;
use uuid::Uuid;

/// An entry as it is sent.
pub(super) struct Letter {
    pub id: Uuid,
    /// `call.ringing`, …
    pub kind: String,
    pub body: String,
}

impl Letter {
    pub(super) fn of(row: &LogRow) -> Self {
        let kind = EventType::parse(&row.type_)
            .map_or_else(|| row.type_.clone(), |kind| event_name(kind).to_owned());
        let mut data = json!({
            "cursor": row.cursor().to_string(),
            "seq": row.seq,
            "event_id": row.event_id,
            "call_id": row.call_id,
            "recorded_at": row.recorded_at,
        });
        match row.data.get("call") {
            Some(call) => {
                data["call"] = call.clone();
                // Who it was, where the entry says: the one that popped.
                data["caller"] = row.data.get("caller").cloned().unwrap_or(Value::Null);
            }
            None => data["presence"] = row.data.clone(),
        }
        let body = json!({"type": kind, "timestamp": row.at, "data": data}).to_string();
        Self { id: row.event_id.0, kind, body }
    }
}

/// The octets that sign.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// `whsec_` and base64; a secret of another form is taken as it is.
    pub fn read(text: &[u8]) -> Self {
        let decoded = std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.strip_prefix("whsec_"))
            .and_then(|encoded| STANDARD.decode(encoded).ok());
        Self(decoded.unwrap_or_else(|| text.to_vec()))
    }
}

/// `webhook-signature`: one per secret, the newest first.
pub fn sign(secrets: &[Secret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let signatures: Vec<String> = secrets
        .iter()
        .filter_map(|secret| {
            // HMAC takes keys of any length; the error type exists for other MACs.
            let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).ok()?;
            for part in [id.as_bytes(), b".", timestamp.to_string().as_bytes(), b".", body] {
                mac.update(part);
            }
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        })
        .collect();
    signatures.join(" ")
}

/// The time of the attempt, which is signed.
pub(super) fn unix_now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |elapsed| i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification (standard-webhooks, `spec/standard-webhooks.md`).
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let secret = Secret::read(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let signed = sign(std::slice::from_ref(&secret), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = sign(&[secret, Secret::read(b"other")], "a", 1, body);
        assert_eq!(both.split(' ').count(), 2);
    }
}
