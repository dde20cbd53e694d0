//! Fixtures, and a signer for every kind, written apart from the code under test.

use std::{fs, path::PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use switchroom_core::ConnectionId;
use switchroom_engine::ingest::{Credentials, Headers, HookRequest, Kind, ParseError, Parsed, parse};
use uuid::Uuid;

pub const URL: &str = "https://desk.example.com/hooks/KEY";
pub const NOW: i64 = 1_763_632_800;
pub const FORM: &str = "application/x-www-form-urlencoded";
pub const JSON: &str = "application/json";
pub const RECEIVED_AT_US: i64 = NOW * 1_000_000 + 7;

pub fn connection() -> ConnectionId {
    ConnectionId(Uuid::from_u128(7))
}

/// Found from the fuzz targets too, which take this file as it is.
fn fixture_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/fixtures")
}

pub fn fixture(name: &str) -> Vec<u8> {
    let path = fixture_folder().join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every fixture of a kind, by name.
pub fn fixtures(kind: Kind) -> Vec<(String, Vec<u8>)> {
    let folder = fixture_folder().join(kind.as_str());
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())
        })
        .collect();
    all.sort();
    assert!(!all.is_empty());
    all
}

pub fn media_type(name: &str) -> &'static str {
    if name.ends_with(".json") { JSON } else { FORM }
}

pub fn seed() -> [u8; 32] {
    std::array::from_fn(|index| index as u8)
}

pub fn credentials(kind: Kind) -> Credentials {
    let public = Ed25519KeyPair::from_seed_unchecked(&seed()).unwrap().public_key().as_ref().to_vec();
    let key = match kind {
        Kind::Generic => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
        Kind::Telnyx => BASE64_STANDARD.encode(public),
        Kind::Sipgate => "me:secret".to_owned(),
        Kind::Twilio | Kind::Vonage | Kind::Plivo | Kind::Zammad => "a provider's secret".to_owned(),
    };
    Credentials::from_key(kind, Some(&key)).unwrap()
}

pub fn request<'a>(headers: &'a Headers, body: &'a [u8]) -> HookRequest<'a> {
    HookRequest { method: "POST", url: URL, headers, body, received_at_us: RECEIVED_AT_US, now_s: NOW }
}

pub fn read(kind: Kind, media: &str, body: &[u8]) -> Result<Parsed, ParseError> {
    let headers: Headers = [("Content-Type", media), ("webhook-id", "msg_1")].into_iter().collect();
    parse(&request(&headers, body), &credentials(kind), connection())
}

pub fn hmac256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

pub fn hmac1(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

pub fn hex256(body: &[u8]) -> String {
    Sha256::digest(body).iter().map(|octet| format!("{octet:02x}")).collect()
}

pub fn jwt(secret: &[u8], header: &str, claims: &serde_json::Value) -> String {
    let encode = |bytes: &[u8]| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(claims.to_string().as_bytes()));
    format!("{signed}.{}", encode(&hmac256(secret, signed.as_bytes())))
}

/// A request as the provider would sign it: the URL it went to and its headers.
pub fn sign(kind: Kind, media: &str, body: &[u8], now: i64) -> (String, Vec<(String, String)>) {
    let secret = b"a provider's secret";
    let pairs = || {
        let mut pairs: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        pairs.sort();
        pairs
    };
    let joined = |pairs: Vec<(String, String)>| {
        pairs.into_iter().map(|(name, value)| name + &value).collect::<String>()
    };
    let mut url = URL.to_owned();
    let mut headers = vec![("Content-Type".to_owned(), media.to_owned())];
    let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
    match kind {
        Kind::Generic => {
            let key = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
            let text = [format!("msg_1.{now}.").as_bytes(), body].concat();
            add("Webhook-Id", "msg_1".into());
            add("Webhook-Timestamp", now.to_string());
            add("Webhook-Signature", format!("v1,{}", BASE64_STANDARD.encode(hmac256(&key, &text))));
        }
        Kind::Twilio if media == JSON => {
            url = format!("{URL}?bodySHA256={}", hex256(body));
            add("X-Twilio-Signature", BASE64_STANDARD.encode(hmac1(secret, url.as_bytes())));
        }
        Kind::Twilio => {
            let text = format!("{URL}{}", joined(pairs()));
            add("X-Twilio-Signature", BASE64_STANDARD.encode(hmac1(secret, text.as_bytes())));
        }
        Kind::Telnyx => {
            let key = Ed25519KeyPair::from_seed_unchecked(&seed()).unwrap();
            let text = [format!("{now}|").as_bytes(), body].concat();
            add("Telnyx-Timestamp", now.to_string());
            add("Telnyx-Signature-Ed25519", BASE64_STANDARD.encode(key.sign(&text)));
        }
        Kind::Vonage => {
            let claims = serde_json::json!({"iat": now, "jti": "c5ba8f24", "iss": "Vonage",
                "payload_hash": hex256(body), "api_key": "a1b2c3d", "application_id": "aaaa"});
            add(
                "Authorization",
                format!("Bearer {}", jwt(secret, r#"{"alg":"HS256","typ":"JWT"}"#, &claims)),
            );
        }
        Kind::Plivo => {
            let text = format!("{URL}?{}.{}", joined(pairs()), "34756534");
            add("X-Plivo-Signature-V3-Nonce", "34756534".into());
            add(
                "X-Plivo-Signature-V3",
                format!("AAAA,{}", BASE64_STANDARD.encode(hmac256(secret, text.as_bytes()))),
            );
        }
        Kind::Sipgate => add("Authorization", format!("Basic {}", BASE64_STANDARD.encode("me:secret"))),
        Kind::Zammad => {}
    }
    (url, headers)
}

pub fn headers(pairs: &[(String, String)]) -> Headers {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}
