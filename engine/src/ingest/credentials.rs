//! What a connection holds to judge its requests, opened. Never logged: `Debug` shows the kind only.

use std::fmt;

use serde_json::Value;

use super::{Kind, signature::BASE64};
use base64::Engine as _;

#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    Generic { secret: Vec<u8> },
    Twilio { auth_token: String },
    Telnyx { public_key: [u8; 32] },
    Vonage { signature_secret: String, api_key: Option<String> },
    Plivo { auth_token: String },
    Sipgate { basic: Option<Basic> },
    Zammad,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Basic {
    pub user: String,
    pub password: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    #[error("{0} is missing or empty")]
    Missing(&'static str),
    #[error("{0} is malformed")]
    Malformed(&'static str),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.kind())
    }
}

impl Credentials {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Generic { .. } => Kind::Generic,
            Self::Twilio { .. } => Kind::Twilio,
            Self::Telnyx { .. } => Kind::Telnyx,
            Self::Vonage { .. } => Kind::Vonage,
            Self::Plivo { .. } => Kind::Plivo,
            Self::Sipgate { .. } => Kind::Sipgate,
            Self::Zammad => Kind::Zammad,
        }
    }

    /// From the JSON object that a connection keeps sealed; also the check of a new connection's secrets (422).
    pub fn from_json(kind: Kind, value: &Value) -> Result<Self, CredentialsError> {
        Self::from_fields(kind, |name| value.get(name).and_then(Value::as_str))
    }

    /// From named texts, wherever they are kept.
    pub(super) fn from_fields<'a>(
        kind: Kind,
        get: impl Fn(&'static str) -> Option<&'a str>,
    ) -> Result<Self, CredentialsError> {
        let text = |name: &'static str| get(name).filter(|text| !text.is_empty());
        let required = |name: &'static str| text(name).ok_or(CredentialsError::Missing(name));
        Ok(match kind {
            Kind::Generic => Self::Generic { secret: webhook_secret(required("secret")?)? },
            Kind::Twilio => Self::Twilio { auth_token: required("auth_token")?.to_owned() },
            Kind::Telnyx => Self::Telnyx { public_key: ed25519_key(required("public_key")?)? },
            Kind::Vonage => Self::Vonage {
                signature_secret: required("signature_secret")?.to_owned(),
                api_key: text("api_key").map(str::to_owned),
            },
            Kind::Plivo => Self::Plivo { auth_token: required("auth_token")?.to_owned() },
            Kind::Sipgate => Self::Sipgate {
                basic: match (text("basic_user"), text("basic_password")) {
                    (None, None) => None,
                    // A colon would end the user's name on the wire (RFC 7617 §2).
                    (Some(user), Some(_)) if user.contains(':') => {
                        return Err(CredentialsError::Malformed("basic_user"));
                    }
                    (Some(user), Some(password)) => {
                        Some(Basic { user: user.to_owned(), password: password.to_owned() })
                    }
                    (Some(_), None) => return Err(CredentialsError::Missing("basic_password")),
                    (None, Some(_)) => return Err(CredentialsError::Missing("basic_user")),
                },
            },
            Kind::Zammad => Self::Zammad,
        })
    }

    /// From one text, as `hook-verify` takes it: telnyx the public key, sipgate `user:password` or nothing, zammad
    /// nothing, the others their secret.
    pub fn from_key(kind: Kind, key: Option<&str>) -> Result<Self, CredentialsError> {
        let key = key.filter(|key| !key.is_empty());
        let required = || key.ok_or(CredentialsError::Missing("key"));
        Ok(match kind {
            Kind::Generic => Self::Generic { secret: webhook_secret(required()?)? },
            Kind::Twilio => Self::Twilio { auth_token: required()?.to_owned() },
            Kind::Telnyx => Self::Telnyx { public_key: ed25519_key(required()?)? },
            Kind::Vonage => Self::Vonage { signature_secret: required()?.to_owned(), api_key: None },
            Kind::Plivo => Self::Plivo { auth_token: required()?.to_owned() },
            Kind::Sipgate => Self::Sipgate {
                basic: match key {
                    None => None,
                    Some(pair) => {
                        let (user, password) =
                            pair.split_once(':').ok_or(CredentialsError::Malformed("key"))?;
                        Some(Basic { user: user.to_owned(), password: password.to_owned() })
                    }
                },
            },
            Kind::Zammad => Self::Zammad,
        })
    }
}

/// Standard Webhooks: `whsec_` and base64. A secret of another system that is no base64 is taken as its own octets.
fn webhook_secret(text: &str) -> Result<Vec<u8>, CredentialsError> {
    let octets = match text.strip_prefix("whsec_") {
        Some(encoded) => BASE64.decode(encoded).map_err(|_| CredentialsError::Malformed("secret"))?,
        None => BASE64.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec()),
    };
    if octets.is_empty() { Err(CredentialsError::Missing("secret")) } else { Ok(octets) }
}

fn ed25519_key(text: &str) -> Result<[u8; 32], CredentialsError> {
    let octets = BASE64.decode(text.trim()).map_err(|_| CredentialsError::Malformed("public_key"))?;
    octets.try_into().map_err(|_| CredentialsError::Malformed("public_key"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn empty_secrets_are_no_secrets() {
        for (kind, value) in [
            (Kind::Generic, json!({"secret": ""})),
            (Kind::Generic, json!({"secret": "whsec_"})),
            (Kind::Generic, json!({})),
            (Kind::Twilio, json!({"auth_token": ""})),
            (Kind::Telnyx, json!({"public_key": ""})),
            (Kind::Telnyx, json!({"public_key": "c2hvcnQ="})),
            (Kind::Vonage, json!({"signature_secret": ""})),
            (Kind::Plivo, json!({"auth_token": null})),
            (Kind::Sipgate, json!({"basic_user": "a"})),
            (Kind::Sipgate, json!({"basic_user": "a:b", "basic_password": "c"})),
        ] {
            assert!(Credentials::from_json(kind, &value).is_err(), "{kind} {value}");
        }
        assert_eq!(
            Credentials::from_json(Kind::Sipgate, &json!({})),
            Ok(Credentials::Sipgate { basic: None })
        );
        assert_eq!(Credentials::from_json(Kind::Zammad, &Value::Null), Ok(Credentials::Zammad));
    }

    #[test]
    fn debug_never_shows_a_secret() {
        let credentials = Credentials::from_key(Kind::Twilio, Some("very-secret"));
        assert_eq!(format!("{credentials:?}"), "Ok(Credentials(twilio))");
    }
}
