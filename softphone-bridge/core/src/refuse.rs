//! Answers that need no transaction: what is wrong with a request, and the response that says so.

use std::{fmt::Write as _, net::SocketAddr};

use crate::message::Message;

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

    /// The whole response (RFC 3261 §8.2.6, §8.2.7). `tag` must be the same for retransmissions of one request, so
    /// that the sender sees one answer; None for an ACK, which is never answered.
    pub fn response(&self, message: &Message<'_>, source: SocketAddr, tag: &str) -> Option<Vec<u8>> {
        if message.is_ack() {
            return None;
        }
        let mut text = format!("SIP/2.0 {} {}\r\n", self.status(), self.phrase());
        for (index, via) in message.all("via").enumerate() {
            let via = if index == 0 { with_received(via, source) } else { via.to_owned() };
            header(&mut text, "Via", &via);
        }
        for (name, long) in [("from", "From"), ("to", "To"), ("call-id", "Call-ID"), ("cseq", "CSeq")] {
            if let Some(value) = message.header(name) {
                let untagged = name == "to" && crate::message::tag(value).is_none();
                let value = if untagged { format!("{value};tag={tag}") } else { value.to_owned() };
                header(&mut text, long, &value);
            }
        }
        match self {
            Self::Method => header(&mut text, "Allow", ALLOW),
            Self::Extension(tags) => header(&mut text, "Unsupported", tags),
            Self::Overloaded(seconds) => header(&mut text, "Retry-After", &seconds.to_string()),
            _ => {}
        }
        text.push_str("Content-Length: 0\r\n\r\n");
        Some(text.into_bytes())
    }
}

fn header(text: &mut String, name: &str, value: &str) {
    // What came in as a line goes out as one: a control character in it would make two of them.
    let value: String = value.chars().filter(|c| !c.is_control()).collect();
    let _ = write!(text, "{name}: {value}\r\n");
}

/// RFC 3261 §18.2.1 and RFC 3581 §4: where the request really came from.
fn with_received(via: &str, source: SocketAddr) -> String {
    let (first, others) = match via.split_once(',') {
        Some((first, others)) => (first, Some(others)),
        None => (via, None),
    };
    let mut parts = first.split(';');
    let mut text = parts.next().unwrap_or_default().trim_end().to_owned();
    for parameter in parts {
        let name = parameter.split('=').next().unwrap_or_default().trim();
        if !name.eq_ignore_ascii_case("received") && !name.eq_ignore_ascii_case("rport") {
            let _ = write!(text, ";{}", parameter.trim());
        }
    }
    let _ = write!(text, ";received={};rport={}", source.ip(), source.port());
    if let Some(others) = others {
        let _ = write!(text, ",{others}");
    }
    text
}
