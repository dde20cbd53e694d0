//! Telephone numbers: the one reading of them for lookup, insert, import and provider events.
//!
//! What a provider, a person or a SIP header writes comes in as text; a [`PartyNumber`] comes out. Nothing here fails:
//! a text that is no number is a value of its own, because a call from it must still be shown. Numbers travel as
//! [`E164`] from here on, eight bytes without allocation. No contact and no tenant is known in this room, only the
//! region in which a number without country code is read.

mod fast;
mod library;
mod surface;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use library::Parsed;
pub use library::warm_up;
use surface::Surface;

/// A telephone number in international form (ITU-T E.164): up to 15 digits, the first not 0, held as an integer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E164(u64);

/// The text is not `+` and 7 to 15 digits, the first of them not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an E.164 number")]
pub struct NotE164;

impl E164 {
    /// From the digits after the plus, read as one integer.
    pub const fn from_digits(digits: u64) -> Result<Self, NotE164> {
        // Seven digits is the schema's lower bound; 15 the standard's upper one (ITU-T E.164 §6.1).
        if digits >= 1_000_000 && digits <= 999_999_999_999_999 { Ok(Self(digits)) } else { Err(NotE164) }
    }

    /// The digits after the plus, as one integer.
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// Plus and digits, at the end of the array from the index on.
    fn ascii(self) -> ([u8; 16], usize) {
        let mut text = [b'+'; 16];
        let (mut rest, mut at) = (self.0, 16);
        while rest > 0 && at > 1 {
            at -= 1;
            // A remainder of ten fits an octet.
            text[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        text[at - 1] = b'+';
        (text, at - 1)
    }

    /// As [`fmt::Display`], in one allocation and without the formatter's machinery.
    pub fn text(self) -> String {
        let (text, start) = self.ascii();
        std::str::from_utf8(&text[start..]).unwrap_or_default().to_owned()
    }

    /// For logs: enough to recognise a number one knows, not enough to call it.
    pub fn masked(self) -> String {
        mask(&self.to_string())
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, start) = self.ascii();
        f.pad(std::str::from_utf8(&text[start..]).unwrap_or_default())
    }
}

/// Masked, so that a debug print of anything that holds a number stays out of the logs' way.
impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E164({})", self.masked())
    }
}

impl FromStr for E164 {
    type Err = NotE164;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('+').ok_or(NotE164)?.as_bytes();
        if !(7..=15).contains(&digits.len()) || digits[0] == b'0' {
            return Err(NotE164);
        }
        let mut value = 0_u64;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return Err(NotE164);
            }
            value = value * 10 + u64::from(digit - b'0');
        }
        Self::from_digits(value)
    }
}

impl Serialize for E164 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for E164 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// ISO 3166-1 alpha-2 in capitals; [`Region::UNKNOWN`] where no country is assumed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region([u8; 2]);

/// The text is not two letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a two-letter region")]
pub struct NotARegion;

impl Region {
    /// No default region: only numbers written with their country code can be read.
    pub const UNKNOWN: Self = Self(*b"ZZ");

    pub fn as_str(&self) -> &str {
        // Two ASCII letters by construction.
        std::str::from_utf8(&self.0).unwrap_or("ZZ")
    }

    /// Whether numbers of this region are known at all (`ZZ` is allowed: it says that none is assumed).
    pub fn is_known(self) -> bool {
        self == Self::UNKNOWN || library::knows(self)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({self})")
    }
}

impl FromStr for Region {
    type Err = NotARegion;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(NotARegion),
        }
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Who is at one end of a call, as far as a number tells.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyNumber {
    /// A valid number.
    E164(E164),
    /// 2 to 6 digits: an internal address, or a short code of the network.
    Extension(Box<str>),
    /// Withheld by the caller.
    Anonymous,
    /// Anything else, as it came (trimmed, at most [`MAX_SHOWN`] characters).
    Invalid(Box<str>),
}

/// How much of a text that is no number is kept.
pub const MAX_SHOWN: usize = 64;

impl PartyNumber {
    /// As it is shown and stored: E.164, the digits of an extension, the text that is no number; none if withheld.
    pub fn display(&self) -> Option<String> {
        match self {
            Self::E164(number) => Some(number.text()),
            Self::Extension(digits) => Some(digits.to_string()),
            Self::Anonymous => None,
            Self::Invalid(raw) => (!raw.is_empty()).then(|| raw.to_string()),
        }
    }

    pub fn e164(&self) -> Option<E164> {
        match self {
            Self::E164(number) => Some(*number),
            Self::Extension(_) | Self::Anonymous | Self::Invalid(_) => None,
        }
    }

    /// For logs.
    pub fn masked(&self) -> String {
        match self {
            Self::E164(number) => number.masked(),
            Self::Extension(digits) => digits.to_string(),
            Self::Anonymous => "anonymous".to_owned(),
            Self::Invalid(raw) => mask(raw),
        }
    }
}

impl fmt::Debug for PartyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::E164(_) => "E164",
            Self::Extension(_) => "Extension",
            Self::Anonymous => "Anonymous",
            Self::Invalid(_) => "Invalid",
        };
        write!(f, "{kind}({})", self.masked())
    }
}

/// Leaves the first four and the last two characters of a number; of anything short, nothing.
pub fn mask(text: &str) -> String {
    let length = text.chars().count();
    let shown = |at: usize| length >= 9 && (at < 4 || at + 2 >= length);
    text.chars().take(MAX_SHOWN).enumerate().map(|(at, c)| if shown(at) { c } else { '*' }).collect()
}

/// Reads what a person, a provider or a SIP header wrote. `region` is where a number without country code belongs.
///
/// Accepted: international and national forms with any usual separators, international prefixes of the region (00,
/// 011 …), digits of any script, `tel:`, `sip:` and `sips:` URIs with display name and parameters, extensions behind
/// the number (dropped: the number is who calls), vanity letters. Words and keypad numbers for a withheld caller are
/// [`PartyNumber::Anonymous`]; 2 to 6 digits are an [`PartyNumber::Extension`].
pub fn normalise(raw: &str, region: Region) -> PartyNumber {
    if let Some(written) = surface::plain(raw) {
        return meant(&written, raw, region);
    }
    match surface::read(raw) {
        Surface::Anonymous => PartyNumber::Anonymous,
        Surface::NoNumber => invalid(raw),
        Surface::Number(written) => meant(&written, raw, region),
    }
}

fn meant(written: &surface::Written, raw: &str, region: Region) -> PartyNumber {
    if !written.plus && !written.vanity && (2..=6).contains(&written.digits().len()) {
        return PartyNumber::Extension(written.as_str().into());
    }
    match fast::read(written, region) {
        Some(number) => known(number),
        None => complete(written, region).unwrap_or_else(|| invalid(raw)),
    }
}

fn known(number: E164) -> PartyNumber {
    if surface::KEYPAD_WORDS.contains(&number.digits()) {
        PartyNumber::Anonymous
    } else {
        PartyNumber::E164(number)
    }
}

fn complete(written: &surface::Written, region: Region) -> Option<PartyNumber> {
    let mut text = String::with_capacity(32);
    if written.plus {
        text.push('+');
    }
    text.push_str(written.as_str());
    match library::parse(&text, region) {
        Parsed::Valid(number) => Some(known(number)),
        Parsed::Impossible(digits) if surface::KEYPAD_WORDS.contains(&digits) => Some(PartyNumber::Anonymous),
        Parsed::Impossible(_) | Parsed::Unreadable => None,
    }
}

/// What was dialled, without URI, separators and extension: digits, with a plus where there was one. For looking a
/// line up whose number the plan of its country may not know.
pub fn dialled_digits(raw: &str) -> Option<String> {
    match surface::read(raw) {
        Surface::Number(written) if !written.vanity => {
            Some(if written.plus { format!("+{}", written.as_str()) } else { written.as_str().to_owned() })
        }
        Surface::Number(_) | Surface::Anonymous | Surface::NoNumber => None,
    }
}

/// How many digits of the number are its calling code; 0 where no country has it.
pub(crate) fn calling_code_length(number: E164) -> usize {
    let mut digits = [0_u8; 15];
    let mut rest = number.digits();
    let mut length = 0;
    while rest > 0 && length < digits.len() {
        digits[length] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        length += 1;
    }
    digits[..length].reverse();
    library::LENGTHS.calling_code(&digits[..length]).1
}

fn invalid(raw: &str) -> PartyNumber {
    PartyNumber::Invalid(raw.trim().chars().filter(|c| *c != '\0').take(MAX_SHOWN).collect())
}

/// The same for providers that send E.164 without the plus ("33612345678"): such digits are read as international
/// first, and by [`normalise`] where that gives no valid number.
pub fn normalise_plusless(raw: &str, region: Region) -> PartyNumber {
    let text = raw.trim();
    if (7..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0') {
        let international = normalise(&format!("+{text}"), Region::UNKNOWN);
        if !matches!(international, PartyNumber::Invalid(_)) {
            return international;
        }
    }
    normalise(raw, region)
}
