//! Answers that need no transaction: what is wrong with a request, and the response that says so.

use std::{fmt::Write as _, net::SocketAddr};

use crate::{address, message::Message, via};

/// What the answers of this door say of themselves.
pub const USER_AGENT: &str = "Switchroom";

/// The methods of this door, as `Allow` lists them.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// 400; what is wrong goes into the reason phrase.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    #[error("source is not trusted")]
    Untrusted,
    #[error("method not allowed")]
    Method,
    #[error("unsupported URI scheme")]
    UriScheme,
    /// The option tags that are required and not supported.
    #[error("unsupported extension {0}")]
    Extension(String),
    #[error("no hops left")]
    TooManyHops,
    #[error("version not supported")]
    Version,
    #[error("message too large")]
    TooLarge,
    /// Seconds after which trying again makes sense.
    #[error("overloaded")]
    Overloaded(u32),
}

impl Refused {
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Untrusted => 403,
            Self::Method => 405,
            Self::UriScheme => 416,
            Self::Extension(_) => 420,
            Self::TooManyHops => 483,
            Self::Overloaded(_) => 503,
            Self::Version => 505,
            Self::TooLarge => 513,
        }
    }

    /// One word for the metric.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Untrusted => "untrusted",
            Self::Method => "method",
            Self::UriScheme => "uri_scheme",
            Self::Extension(_) => "extension",
            Self::TooManyHops => "too_many_hops",
            Self::Overloaded(_) => "overloaded",
            Self::Version => "version",
            Self::TooLarge => "too_large",
        }
    }

    fn phrase(&self) -> String {
        match self {
            Self::Malformed(what) => format!("Bad Request ({what})"),
            Self::Untrusted => "Forbidden".to_owned(),
            Self::Method => "Method Not Allowed".to_owned(),
            Self::UriScheme => "Unsupported URI Scheme".to_owned(),
            Self::Extension(_) => "Bad Extension".to_owned(),
            Self::TooManyHops => "Too Many Hops".to_owned(),
            Self::Overloaded(_) => "Service Unavailable".to_owned(),
            Self::Version => "Version Not Supported".to_owned(),
            Self::TooLarge => "Message Too Large".to_owned(),
        }
    }

    /// The whole response; None for an ACK, which is never answered.
    pub fn response(&self, message: &Message<'_>, source: SocketAddr, tag: &str) -> Option<Vec<u8>> {
        if message.is_ack() {
            return None;
        }
        let extra = match self {
            Self::Method => Some(("Allow", ALLOW.to_owned())),
            Self::Extension(tags) => Some(("Unsupported", tags.clone())),
            Self::Overloaded(seconds) => Some(("Retry-After", seconds.to_string())),
            _ => None,
        };
        let extra = extra.as_ref().map(|(name, value)| (*name, value.as_str()));
        Some(stateless(message, source, tag, self.status(), &self.phrase(), extra.as_slice()))
    }
}

/// A response without a transaction (RFC 3261 §8.2.6, §8.2.7). `tag` must be the same for retransmissions of one
/// request, so that the sender sees one answer.
pub fn stateless(
    message: &Message<'_>,
    source: SocketAddr,
    tag: &str,
    status: u16,
    phrase: &str,
    extra: &[(&str, &str)],
) -> Vec<u8> {
    let mut text = String::with_capacity(512);
    let _ = write!(text, "SIP/2.0 {status} {phrase}\r\n");
    for (index, via) in message.all("via").enumerate() {
        match index {
            0 => header(&mut text, "Via", &stamped(via, source)),
            _ => header(&mut text, "Via", via),
        }
    }
    for (name, long) in [("from", "From"), ("to", "To"), ("call-id", "Call-ID"), ("cseq", "CSeq")] {
        let Some(value) = message.header(name) else { continue };
        if name == "to" && address::tag(value).is_none() {
            header(&mut text, long, &format!("{value};tag={tag}"));
        } else {
            header(&mut text, long, value);
        }
    }
    for (name, value) in extra {
        header(&mut text, name, value);
    }
    let _ = write!(text, "User-Agent: {USER_AGENT}\r\nContent-Length: 0\r\n\r\n");
    text.into_bytes()
}

fn header(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str(": ");
    // What came in as a line goes out as one: a break in it would make two of them.
    text.extend(value.chars().filter(|c| !matches!(c, '\r' | '\n')));
    text.push_str("\r\n");
}

/// The topmost Via with where the request really came from. One that cannot be read gets it as well: the answer that
/// says so has to arrive.
pub fn stamped(value: &str, source: SocketAddr) -> String {
    match via::hops(value).as_deref() {
        Some([first, others @ ..]) => {
            let mut text = first.stamped(source);
            for other in others {
                text.push_str(", ");
                text.push_str(&other.to_string());
            }
            text
        }
        _ => format!("{value};received={};rport={}", source.ip(), source.port()),
    }
}
