//! Numbers: what a party of a call is called by.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A phone number in E.164, kept as its digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E164(u64);

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an E.164 number")]
pub struct NotE164;

impl FromStr for E164 {
    type Err = NotE164;
    fn from_str(text: &str) -> Result<Self, NotE164> {
        let digits = text.strip_prefix('+').ok_or(NotE164)?;
        if !(7..=15).contains(&digits.len())
            || digits.starts_with('0')
            || !digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(NotE164);
        }
        digits.parse().map(Self).map_err(|_| NotE164)
    }
}

impl E164 {
    pub fn masked(&self) -> String {
        let text = self.to_string();
        let shown = 3.min(text.len());
        format!("{}*****{}", &text[..shown], &text[text.len() - 2..])
    }
}

impl Serialize for E164 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for E164 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// ISO 3166-1 alpha-2.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region([u8; 2]);

impl Region {
    pub const UNKNOWN: Self = Self(*b"ZZ");
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or("ZZ"))
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Region {
    type Err = NotE164;
    fn from_str(text: &str) -> Result<Self, NotE164> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([*a, *b])),
            _ => Err(NotE164),
        }
    }
}

/// What a party is called by, once read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyNumber {
    E164(E164),
    Extension(Box<str>),
    Anonymous,
    Invalid(Box<str>),
}

impl PartyNumber {
    pub fn display(&self) -> Option<String> {
        match self {
            Self::E164(number) => Some(number.to_string()),
            Self::Extension(digits) => Some(digits.to_string()),
            Self::Anonymous => None,
            Self::Invalid(raw) => Some(raw.trim().to_owned()),
        }
    }
}

/// Reads a number as told. Never fails, never panics.
pub fn normalise(raw: &str, _region: Region) -> PartyNumber {
    let raw = raw.trim();
    if let Ok(number) = raw.parse() {
        return PartyNumber::E164(number);
    }
    if (2..=6).contains(&raw.len()) && raw.bytes().all(|byte| byte.is_ascii_digit()) {
        return PartyNumber::Extension(raw.into());
    }
    if raw.eq_ignore_ascii_case("anonymous") {
        return PartyNumber::Anonymous;
    }
    PartyNumber::Invalid(raw.into())
}
