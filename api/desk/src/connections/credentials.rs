//! What proves a provider's events, per kind: which fields there are, which must be there, and what they must be.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value};
use switchroom_api_base::body::Errors;
use utoipa::ToSchema;

/// Kinds that can be opened; `sip` is built in.
const KINDS: [&str; 7] = ["generic", "twilio", "telnyx", "vonage", "plivo", "sipgate", "zammad"];
const FIELDS: [&str; 7] =
    ["secret", "auth_token", "public_key", "signature_secret", "api_key", "basic_user", "basic_password"];

/// The fields a kind has: (name, required).
fn fields_of(kind: &str) -> &'static [(&'static str, bool)] {
    match kind {
        "generic" => &[("secret", false)],
        "twilio" | "plivo" => &[("auth_token", true)],
        "telnyx" => &[("public_key", true)],
        "vonage" => &[("signature_secret", true), ("api_key", false)],
        "sipgate" => &[("basic_user", false), ("basic_password", false)],
        _ => &[],
    }
}

#[derive(Clone, Default, Deserialize, ToSchema)]
pub struct Secrets {
    /// generic: `whsec_` and base64 (Standard Webhooks); made when absent.
    #[serde(default)]
    secret: Option<String>,
    /// twilio, plivo.
    #[serde(default)]
    auth_token: Option<String>,
    /// telnyx: base64 of the 32 octets of the Ed25519 public key.
    #[serde(default)]
    public_key: Option<String>,
    /// vonage.
    #[serde(default)]
    signature_secret: Option<String>,
    /// vonage: checked against the claim of the same name where given.
    #[serde(default)]
    api_key: Option<String>,
    /// sipgate: HTTP basic authentication, together with `basic_password`.
    #[serde(default)]
    basic_user: Option<String>,
    #[serde(default)]
    basic_password: Option<String>,
}

impl Secrets {
    fn get(&self, field: &str) -> Option<&str> {
        match field {
            "secret" => &self.secret,
            "auth_token" => &self.auth_token,
            "public_key" => &self.public_key,
            "signature_secret" => &self.signature_secret,
            "api_key" => &self.api_key,
            "basic_user" => &self.basic_user,
            "basic_password" => &self.basic_password,
            _ => &None,
        }
        .as_deref()
    }

    pub fn is_empty(&self) -> bool {
        FIELDS.iter().all(|field| self.get(field).is_none())
    }

    pub fn validate_new(&self, kind: &str, errors: &mut Errors) {
        if kind == "sip" {
            errors.push("/kind", "the SIP door is built in; every tenant has one");
        } else if !KINDS.contains(&kind) {
            errors.push("/kind", format!("must be one of {}", KINDS.join(", ")));
        } else {
            for (field, required) in fields_of(kind) {
                if *required && self.get(field).is_none() {
                    errors.push(format!("/{field}"), "is required for this kind");
                }
            }
            self.validate_fields(kind, errors);
        }
    }

    /// Given credentials replace all of the kind's.
    pub fn validate_change(&self, kind: &str, errors: &mut Errors) {
        if !self.is_empty() {
            for (field, required) in fields_of(kind) {
                if *required && self.get(field).is_none() {
                    errors.push(format!("/{field}"), "is required together with the others");
                }
            }
        }
        self.validate_fields(kind, errors);
    }

    fn validate_fields(&self, kind: &str, errors: &mut Errors) {
        for field in FIELDS {
            let Some(value) = self.get(field) else { continue };
            let pointer = format!("/{field}");
            if !fields_of(kind).iter().any(|(name, _)| *name == field) {
                // Silence here would leave somebody believing that their door is locked with it.
                errors.push(pointer, format!("is not used by {kind}"));
            } else if value.trim().is_empty() {
                errors.push(pointer, "must not be empty");
            } else if value.len() > 1024 {
                errors.push(pointer, "must have at most 1024 octets");
            } else if field == "public_key" && !STANDARD.decode(value.trim()).is_ok_and(|key| key.len() == 32)
            {
                errors.push(pointer, "must be the base64 of 32 octets");
            } else if field == "secret" && !is_webhook_secret(value) {
                errors.push(pointer, "after whsec_ there must be base64");
            } else if field == "basic_user" && value.contains(':') {
                errors.push(pointer, "must not contain a colon");
            }
        }
        match (self.get("basic_user"), self.get("basic_password")) {
            (Some(_), None) => errors.push("/basic_password", "belongs to basic_user"),
            (None, Some(_)) => errors.push("/basic_user", "belongs to basic_password"),
            _ => {}
        }
    }

    /// Makes what is made when absent; gives the secret that is shown this once.
    pub fn complete(&mut self, kind: &str) -> Option<String> {
        if kind != "generic" {
            return None;
        }
        let secret = self
            .secret
            .get_or_insert_with(|| format!("whsec_{}", STANDARD.encode(rand::random::<[u8; 32]>())));
        Some(secret.clone())
    }

    /// As they are sealed.
    pub fn stored(&self) -> Value {
        let fields =
            FIELDS.iter().filter_map(|field| Some(((*field).to_owned(), Value::from(self.get(field)?))));
        Value::Object(fields.collect::<Map<_, _>>())
    }
}

/// Standard Webhooks: `whsec_` and base64 of something. A secret of another form is taken as it is.
fn is_webhook_secret(text: &str) -> bool {
    text.strip_prefix("whsec_")
        .is_none_or(|encoded| STANDARD.decode(encoded).is_ok_and(|octets| !octets.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(kind: &str, body: Value) -> bool {
        let secrets: Secrets = serde_json::from_value(body).unwrap();
        let mut errors = Errors::default();
        secrets.validate_new(kind, &mut errors);
        !errors.is_empty()
    }

    #[test]
    fn kinds_and_their_fields() {
        let key = STANDARD.encode([7; 32]);
        for (kind, body) in [
            ("generic", json!({})),
            ("generic", json!({"secret": "whsec_c2VjcmV0"})),
            ("generic", json!({"secret": "plain"})),
            ("twilio", json!({"auth_token": "t"})),
            ("plivo", json!({"auth_token": "t", "secret": null})),
            ("telnyx", json!({"public_key": key})),
            ("vonage", json!({"signature_secret": "s"})),
            ("vonage", json!({"signature_secret": "s", "api_key": "k"})),
            ("sipgate", json!({})),
            ("sipgate", json!({"basic_user": "u", "basic_password": "p"})),
            ("zammad", json!({})),
        ] {
            assert!(!refused(kind, body.clone()), "{kind} {body}");
        }
        for (kind, body) in [
            ("generic", json!({"secret": ""})),
            ("generic", json!({"secret": " "})),
            ("generic", json!({"secret": "whsec_"})),
            ("generic", json!({"secret": "whsec_!"})),
            ("generic", json!({"auth_token": "t"})),
            ("twilio", json!({})),
            ("twilio", json!({"auth_token": ""})),
            ("plivo", json!({"secret": "x"})),
            ("telnyx", json!({})),
            ("telnyx", json!({"public_key": "AAAA"})),
            ("telnyx", json!({"public_key": "???"})),
            ("vonage", json!({"api_key": "k"})),
            ("vonage", json!({"signature_secret": ""})),
            ("sipgate", json!({"basic_user": "u"})),
            ("sipgate", json!({"basic_password": "p"})),
            ("sipgate", json!({"basic_user": "u:v", "basic_password": "p"})),
            ("zammad", json!({"secret": "x"})),
            ("sip", json!({})),
            ("asterisk", json!({})),
            ("", json!({})),
        ] {
            assert!(refused(kind, body.clone()), "{kind} {body}");
        }
    }

    #[test]
    fn a_generic_secret_is_made_when_absent_and_kept_when_given() {
        let mut secrets = Secrets::default();
        let made = secrets.complete("generic").unwrap();
        assert!(is_webhook_secret(&made) && made.len() > 40);
        assert_eq!(secrets.stored(), json!({"secret": made}));
        assert_eq!(secrets.clone().complete("generic"), Some(made));
        assert_eq!(Secrets::default().complete("zammad"), None);
    }
}
