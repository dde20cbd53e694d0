//! The doors for call events by webhook: one pure module per provider. Each judges a request's authenticity by the
//! provider's own scheme (`verify`) and reads the provider's words into [`CallFact`]s (`parse`). Nothing in them reads
//! a clock, a database or the live state; [`accept`] joins them to the engine.
//!
//! What a provider sends and we do not know (a new event type, a recording notice) is accepted and ignored, so that
//! the provider does not retry for ever; what we cannot read at all is refused.

pub mod accept;
pub mod credentials;
mod fields;
mod generic;
mod headers;
mod plivo;
mod signature;
mod sipgate;
mod telnyx;
mod twilio;
mod vonage;
mod zammad;

use std::fmt;

use switchroom_core::{CallFact, ConnectionId};

pub use accept::HookReply;
pub use credentials::{Credentials, CredentialsError};
pub use headers::Headers;

/// The longest webhook body taken, in octets (contract §3).
pub const BODY_LIMIT: usize = 64 * 1024;

/// How a connection's events arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Generic,
    Twilio,
    Telnyx,
    Vonage,
    Plivo,
    Sipgate,
    Zammad,
}

impl Kind {
    pub const ALL: [Self; 7] =
        [Self::Generic, Self::Twilio, Self::Telnyx, Self::Vonage, Self::Plivo, Self::Sipgate, Self::Zammad];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::Vonage => "vonage",
            Self::Plivo => "plivo",
            Self::Sipgate => "sipgate",
            Self::Zammad => "zammad",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether bodies of this media type are taken.
    pub fn takes(self, media: MediaType) -> bool {
        match self {
            Self::Generic | Self::Telnyx | Self::Vonage => media == MediaType::Json,
            Self::Plivo | Self::Sipgate => media == MediaType::Form,
            Self::Twilio | Self::Zammad => media != MediaType::Other,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    Json,
    Form,
    Other,
}

/// One webhook request as the provider made it.
#[derive(Clone, Debug)]
pub struct HookRequest<'a> {
    pub method: &'a str,
    /// The whole public URL, query included, as the provider sees it: several schemes sign it.
    pub url: &'a str,
    pub headers: &'a Headers,
    /// The raw octets. A caller that stops reading at `BODY_LIMIT + 1` octets hands over those.
    pub body: &'a [u8],
    /// When the request was here, in Unix microseconds.
    pub received_at_us: i64,
    /// The same moment in Unix seconds: what replay windows are measured against.
    pub now_s: i64,
}

impl HookRequest<'_> {
    /// What the `Content-Type` header says, as far as the doors care.
    pub fn media_type(&self) -> MediaType {
        let Some(value) = self.headers.get("content-type") else { return MediaType::Other };
        let mut parts = value.split(';').map(str::trim);
        let media = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/json" => MediaType::Json,
            "application/x-www-form-urlencoded" => MediaType::Form,
            word if word.starts_with("application/") && word.ends_with("+json") => MediaType::Json,
            _ => MediaType::Other,
        };
        // Both formats are UTF-8 by definition; a sender that says otherwise would be misread.
        let foreign_charset = parts.any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                let value = value.trim().trim_matches('"');
                name.trim().eq_ignore_ascii_case("charset")
                    && !["utf-8", "utf8", "us-ascii"].iter().any(|known| value.eq_ignore_ascii_case(known))
            })
        });
        if foreign_charset { MediaType::Other } else { media }
    }
}

/// Why a request is not authentic. Each is a 401; the words are counted and shown by `hook-verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("missing_signature")]
    MissingSignature,
    #[error("bad_signature")]
    BadSignature,
    /// The timestamp that the scheme signs is absent or no number.
    #[error("bad_timestamp")]
    BadTimestamp,
    /// Signed, but outside the replay window, in the past or in the future.
    #[error("stale_timestamp")]
    StaleTimestamp,
    /// The token is past its own expiry.
    #[error("expired")]
    Expired,
    /// The signature is good and covers another body.
    #[error("body_mismatch")]
    BodyMismatch,
    /// Signed for another account than the connection's.
    #[error("wrong_account")]
    WrongAccount,
    /// The connection holds no key that could verify anything.
    #[error("no_key")]
    NoKey,
}

impl Refusal {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingSignature => "missing_signature",
            Self::BadSignature => "bad_signature",
            Self::BadTimestamp => "bad_timestamp",
            Self::StaleTimestamp => "stale_timestamp",
            Self::Expired => "expired",
            Self::BodyMismatch => "body_mismatch",
            Self::WrongAccount => "wrong_account",
            Self::NoKey => "no_key",
        }
    }
}

/// Why an authentic request could not be read: a 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("the body is no {0}")]
    Malformed(&'static str),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} is not understood")]
    Invalid(&'static str),
    #[error("{0} is too long")]
    TooLong(&'static str),
    #[error("U+0000 in {0}")]
    Nul(&'static str),
}

/// What a provider wants to read in the answer, besides a 2xx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing: 204.
    Nothing,
    Json(&'static str),
    Xml(String),
}

/// An authentic request, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// None = an event type that says nothing about a call's course.
    pub fact: Option<CallFact>,
    pub reply: Reply,
}

impl Parsed {
    fn ignored() -> Self {
        Self { fact: None, reply: Reply::Nothing }
    }

    fn fact(fact: CallFact) -> Self {
        Self { fact: Some(fact), reply: Reply::Nothing }
    }
}

/// Judges the request's authenticity by the scheme of the credentials' provider. `tolerance_s` is the replay window,
/// both ways, where a timestamp is signed.
pub fn verify(request: &HookRequest<'_>, credentials: &Credentials, tolerance_s: i64) -> Result<(), Refusal> {
    match credentials {
        Credentials::Generic { secret } => generic::verify(request, secret, tolerance_s),
        Credentials::Twilio { auth_token } => twilio::verify(request, auth_token),
        Credentials::Telnyx { public_key } => telnyx::verify(request, public_key, tolerance_s),
        Credentials::Vonage { signature_secret, api_key } => {
            vonage::verify(request, signature_secret, api_key.as_deref(), tolerance_s)
        }
        Credentials::Plivo { auth_token } => plivo::verify(request, auth_token),
        Credentials::Sipgate { basic } => sipgate::verify(request, basic.as_ref()),
        // The path is the secret; whoever got here knows it.
        Credentials::Zammad => Ok(()),
    }
}

/// Reads an authentic request of a media type that [`Kind::takes`].
pub fn parse(
    request: &HookRequest<'_>,
    credentials: &Credentials,
    connection: ConnectionId,
) -> Result<Parsed, ParseError> {
    match credentials {
        Credentials::Generic { .. } => generic::parse(request, connection),
        Credentials::Twilio { .. } => twilio::parse(request, connection),
        Credentials::Telnyx { .. } => telnyx::parse(request, connection),
        Credentials::Vonage { .. } => vonage::parse(request, connection),
        Credentials::Plivo { .. } => plivo::parse(request, connection),
        Credentials::Sipgate { basic } => sipgate::parse(request, basic.as_ref(), connection),
        Credentials::Zammad => zammad::parse(request, connection),
    }
}
