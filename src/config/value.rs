//! How single values are read: from a text (flag, environment), or from TOML's own numbers and booleans. Each says what
//! was expected where it cannot be read, and none repeats a secret.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use switchroom_bridge::rules::Trust;

/// A value may be written as text (flag, environment) or as TOML's own number or boolean.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<String>),
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Text(value) => value.trim().to_owned(),
            Self::List(values) => values.join(","),
        }
    }
}

fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Scalar::deserialize(deserializer)
        .map(Scalar::text)
        .map_err(|_| serde::de::Error::custom("must be a text, a whole number or true/false"))
}

/// A value that reads itself from text.
pub(super) trait Value: Sized {
    fn read(text: &str) -> Result<Self, String>;
}

impl Value for bool {
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "true or false".to_owned())
    }
}

pub(super) fn typed<'de, D: Deserializer<'de>, V: Value>(deserializer: D) -> Result<V, D::Error> {
    let text = scalar(deserializer)?;
    V::read(&text).map_err(|expected| serde::de::Error::custom(format!("`{text}` is not {expected}")))
}

pub(super) fn optional<'de, D: Deserializer<'de>, V: Value>(deserializer: D) -> Result<Option<V>, D::Error> {
    typed(deserializer).map(Some)
}

pub(super) fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let text = scalar(deserializer)?;
    if text.is_empty() { Err(serde::de::Error::custom("is empty")) } else { Ok(text.into()) }
}

pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Some(scalar(deserializer)?).filter(|text| !text.is_empty()))
}

pub(super) fn secret_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = scalar(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    // May hold a password: the message does not repeat it.
    if !text.contains("://") {
        return Err(serde::de::Error::custom("is not a URL"));
    }
    Ok(Some(text))
}

pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    // A century in milliseconds: longer is a slip, and would overflow sums of times.
    const MOST: u64 = 100 * 366 * 24 * 3_600_000;
    let text = scalar(deserializer)?;
    text.parse()
        .ok()
        .filter(|value| *value <= MOST)
        .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a whole number of 0 to {MOST}")))
}

pub(super) fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    whole(deserializer).map(Duration::from_millis)
}

pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    whole(deserializer).map(Duration::from_secs)
}

impl Value for u32 {
    fn read(text: &str) -> Result<Self, String> {
        // Extensions of load agents are 10000+I; 20,000 agents are far beyond one node.
        text.parse()
            .ok()
            .filter(|value| *value <= 20_000)
            .ok_or_else(|| "a whole number of 0 to 20000".to_owned())
    }
}

/// How many whole months of the audit log are kept before the present one; None = all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditMonths(pub Option<u32>);

impl Value for AuditMonths {
    fn read(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        // A century.
        let months = text.parse().ok().filter(|months| (1..=1200).contains(months));
        months
            .map(|months| Self(Some(months)))
            .ok_or_else(|| "a whole number of 1 to 1200, or off".to_owned())
    }
}

impl Value for SocketAddr {
    fn read(text: &str) -> Result<Self, String> {
        let named = text.replacen("localhost:", "127.0.0.1:", 1);
        // `:8080` is what many people type.
        let full = if named.starts_with(':') { format!("0.0.0.0{named}") } else { named };
        full.parse().map_err(|_| {
            "an address of the form HOST:PORT (an IP address and a port; IPv6 as [::1]:8080)".to_owned()
        })
    }
}

/// Where SIP listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SipAddress {
    /// Nowhere.
    Off,
    /// UDP and TCP here.
    At(SocketAddr),
}

impl Value for SipAddress {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "off" | "false" => Ok(Self::Off),
            _ => SocketAddr::read(text).map(Self::At).map_err(|expected| format!("{expected}, or off")),
        }
    }
}

/// What `--demo` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demo {
    /// Nothing.
    Off,
    /// Makes the tenants.
    Quiet,
    /// Makes the tenants and plays calls.
    Play,
}

impl Value for Demo {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "off" | "false" | "0" => Ok(Self::Off),
            "quiet" => Ok(Self::Quiet),
            "play" | "on" | "true" | "1" | "" => Ok(Self::Play),
            _ => Err("play, quiet or off".to_owned()),
        }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object per line.
    Json,
}

impl Value for LogFormat {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("text or json".to_owned()),
        }
    }
}

/// Limits on requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimit {
    /// None at all, sign-in included.
    Off,
    /// Per token; the sign-in has its own, fixed limit.
    PerToken {
        /// Requests per second.
        per_second: u32,
        /// How many may come at once.
        burst: u32,
    },
}

impl Value for RateLimit {
    fn read(text: &str) -> Result<Self, String> {
        const DEFAULT_BURST_SECONDS: u32 = 5;
        match text {
            "off" | "false" => return Ok(Self::Off),
            "on" | "true" => return Self::read("200/s,1000"),
            _ => {}
        }
        let parse = || {
            let (rate, burst) =
                text.split_once(',').map_or((text, None), |(rate, burst)| (rate, Some(burst)));
            let per_second: u32 = rate.trim().strip_suffix("/s").unwrap_or(rate.trim()).parse().ok()?;
            let burst = match burst {
                Some(burst) => burst.trim().parse().ok()?,
                None => per_second.saturating_mul(DEFAULT_BURST_SECONDS),
            };
            (per_second > 0 && burst > 0).then_some(Self::PerToken { per_second, burst })
        };
        parse().ok_or_else(|| "RATE/s or RATE/s,BURST, or off".to_owned())
    }
}

/// The URL of this server as seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(pub(super) String);

impl Value for PublicUrl {
    fn read(text: &str) -> Result<Self, String> {
        let url = text.trim_end_matches('/');
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '?' || c == '#' || c == '@') {
            return Err("a URL of the form https://HOST[:PORT][/PATH]".to_owned());
        }
        Ok(Self(url.to_owned()))
    }
}

impl Value for Trust {
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "a list of networks such as 127.0.0.0/8,10.1.2.3,::1/128".to_owned())
    }
}
