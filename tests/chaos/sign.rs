//! Requests as each provider signs them, at the moment they are sent. Written apart from the code that checks them.

use std::collections::BTreeMap;

use anyhow::Context as _;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::story::{Body, KINDS, Step};

/// The demo tenant's connections: where they listen and what they sign with.
pub struct Doors {
    client: reqwest::Client,
    doors: BTreeMap<&'static str, Door>,
}

struct Door {
    id: String,
    url: String,
    key: Key,
}

enum Key {
    Hmac(Vec<u8>),
    Ed25519(Ed25519KeyPair),
    /// The path is the secret.
    None,
}

impl Doors {
    pub fn open(demo: &Value, client: reqwest::Client) -> anyhow::Result<Self> {
        let mut doors = BTreeMap::new();
        for kind in KINDS {
            let door = &demo["connections"][kind];
            let text = |name: &str| door[name].as_str().map(str::to_owned);
            let secret = text("secret").unwrap_or_default();
            let key = match kind {
                "generic" => Key::Hmac(STANDARD.decode(secret.strip_prefix("whsec_").context("whsec_")?)?),
                "telnyx" => Key::Ed25519(Ed25519KeyPair::from_seed_unchecked(&STANDARD.decode(secret)?)?),
                "sipgate" | "zammad" => Key::None,
                _ => Key::Hmac(secret.into_bytes()),
            };
            let (id, url) = (text("id").context("id")?, text("hook_url").context("hook_url")?);
            doors.insert(kind, Door { id, url, key });
        }
        Ok(Self { client, doors })
    }

    pub fn connection(&self, kind: &str) -> &str {
        &self.doors[kind].id
    }

    /// The request that reports the step.
    pub fn request(&self, kind: &str, step: &Step) -> reqwest::RequestBuilder {
        let door = &self.doors[kind];
        let (media, body) = match &step.body {
            Body::Json(value) => ("application/json", value.to_string()),
            Body::Form(fields) => {
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                ("application/x-www-form-urlencoded", form)
            }
        };
        let now = chrono::Utc::now().timestamp();
        let mut request = self.client.post(&door.url).header("content-type", media);
        let sorted = match &step.body {
            Body::Json(_) => String::new(),
            Body::Form(fields) => {
                let mut fields = fields.clone();
                fields.sort();
                fields.into_iter().map(|(name, value)| format!("{name}{value}")).collect()
            }
        };
        request = match (&door.key, kind) {
            (Key::Hmac(key), "generic") => request
                .header("webhook-id", &step.id)
                .header("webhook-timestamp", now)
                .header("webhook-signature", {
                    let text = format!("{}.{now}.{body}", step.id);
                    format!("v1,{}", STANDARD.encode(hmac256(key, &text)))
                }),
            (Key::Hmac(key), "twilio") => {
                let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
                mac.update(format!("{}{sorted}", door.url).as_bytes());
                request.header("x-twilio-signature", STANDARD.encode(mac.finalize().into_bytes()))
            }
            (Key::Hmac(key), "plivo") => {
                let text = format!("{}?{sorted}.{now}", door.url);
                request
                    .header("x-plivo-signature-v3-nonce", now)
                    .header("x-plivo-signature-v3", STANDARD.encode(hmac256(key, &text)))
            }
            (Key::Hmac(key), _) => {
                let claims = json!({ "iat": now, "jti": step.id, "payload_hash": hex256(&body) });
                let text = [r#"{"alg":"HS256","typ":"JWT"}"#, &claims.to_string()]
                    .map(|part| URL_SAFE_NO_PAD.encode(part))
                    .join(".");
                let signature = URL_SAFE_NO_PAD.encode(hmac256(key, &text));
                request.bearer_auth(format!("{text}.{signature}"))
            }
            (Key::Ed25519(pair), _) => {
                let signature = pair.sign(format!("{now}|{body}").as_bytes());
                request
                    .header("telnyx-timestamp", now)
                    .header("telnyx-signature-ed25519", STANDARD.encode(signature))
            }
            (Key::None, _) => request,
        };
        request.body(body)
    }
}

fn hmac256(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex256(body: &str) -> String {
    Sha256::digest(body).iter().map(|octet| format!("{octet:02x}")).collect()
}
