//! From the text as it was written to the digits that were meant: URIs, display names, separators, other scripts'
//! digits, extensions and the words for a withheld number.

use std::borrow::Cow;

/// Longest text that is looked at, in bytes: a SIP name-addr with display name and parameters fits, a payload does not.
const MAX_RAW: usize = 512;
/// Longest number with its separators, after URI and display name are gone.
const MAX_TEXT: usize = 64;
/// Longest run of digits that is read: E.164 allows 15, prefixes such as 011 and carrier codes come on top.
const MAX_DIGITS: usize = 24;

/// What a text holds.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub(super) enum Surface {
    Number(Written),
    Anonymous,
    NoNumber,
}

/// A number as dialled: maybe a plus, then characters 0–9 (and A–Z in a vanity number).
#[derive(Debug)]
pub(super) struct Written {
    pub plus: bool,
    characters: [u8; MAX_DIGITS],
    length: usize,
    /// The digits as one integer, added up as they come; of more than 19, and of letters, nothing to go by.
    value: u64,
    /// Letters that stand for digits, as in 1-800-FLOWERS.
    pub vanity: bool,
}

impl Written {
    fn empty() -> Self {
        Self { plus: false, characters: [0; MAX_DIGITS], length: 0, value: 0, vanity: false }
    }

    /// ASCII digits (and capital letters where `vanity`).
    pub fn digits(&self) -> &[u8] {
        &self.characters[..self.length]
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.digits()).unwrap_or_default()
    }

    /// What the digits are as one integer: of at most 19 digits and no letter.
    pub fn value(&self) -> u64 {
        self.value
    }

    fn push(&mut self, character: u8) -> Option<()> {
        *self.characters.get_mut(self.length)? = character;
        self.length += 1;
        self.value = self.value.wrapping_mul(10).wrapping_add(u64::from(character.wrapping_sub(b'0')));
        Some(())
    }
}

/// Words that providers and SIP elements put in place of a withheld number. Compared without case, separators
/// dropped.
const WITHHELD: [&str; 22] = [
    "anonymous",
    "anonyme",
    "anonym",
    "restricted",
    "unavailable",
    "withheld",
    "private",
    "privatenumber",
    "privatecaller",
    "unknown",
    "unknowncaller",
    "unknownnumber",
    "blocked",
    "hidden",
    "nocallerid",
    "callerunknown",
    "numberwithheld",
    "masked",
    "masque",
    "masqué",
    "unbekannt",
    "unterdrückt",
];

/// The same words typed on a telephone keypad, which carriers send as if they were numbers: ANONYMOUS, RESTRICTED,
/// BLOCKED, UNKNOWN, UNAVAILABLE.
pub(super) const KEYPAD_WORDS: [u64; 5] = [266_696_687, 7_378_742_833, 2_562_533, 8_656_696, 86_282_452_253];

/// What an octet is in a text that [`plain`] reads, as bits.
const DIGIT: u8 = 1;
const SEPARATOR: u8 = 2;
const PLUS: u8 = 4;
const OTHER: u8 = 8;

const CLASSES: [u8; 256] = {
    let mut classes = [OTHER; 256];
    let mut at = 0;
    while at < 256 {
        classes[at] = match at as u8 {
            b'0'..=b'9' => DIGIT,
            b' ' | b'-' | b'.' | b'/' | b'(' | b')' => SEPARATOR,
            b'+' => PLUS,
            _ => OTHER,
        };
        at += 1;
    }
    classes
};

/// A text of digits and the usual ASCII separators alone, which [`read`] would read the same: most of what comes in.
///
/// Nothing here branches on whether a character is a digit or a separator: how people group digits cannot be foreseen,
/// and a wrong guess costs the processor more than reading the whole text.
#[inline]
pub(super) fn plain(raw: &str) -> Option<Written> {
    let bytes = raw.as_bytes();
    if bytes.len() > 2 * MAX_DIGITS || CLASSES[usize::from(*bytes.first()?)] == OTHER {
        return None;
    }
    // Held apart until the end, so that they stay in registers.
    let (mut characters, mut length, mut value) = ([0; MAX_DIGITS], 0_usize, 0_u64);
    let (mut seen, mut late_plus) = (0, false);
    for byte in bytes {
        let class = CLASSES[usize::from(*byte)];
        // A separator lies here until the next digit takes its place.
        *characters.get_mut(length)? = *byte;
        let digit = class & DIGIT;
        let next = value.wrapping_mul(10).wrapping_add(u64::from(byte.wrapping_sub(b'0')));
        value = if digit != 0 { next } else { value };
        late_plus |= (class == PLUS) & (length > 0);
        length += usize::from(digit);
        seen |= class;
    }
    let whole = seen & DIGIT != 0 && seen & OTHER == 0 && !late_plus;
    whole.then_some(Written { plus: seen & PLUS != 0, characters, length, value, vanity: false })
}

pub(super) fn read(raw: &str) -> Surface {
    if raw.len() > MAX_RAW {
        return Surface::NoNumber;
    }
    let Some(address) = address(raw.trim()) else { return Surface::NoNumber };
    let text = address.number.trim();
    if text.is_empty() || text.chars().count() > MAX_TEXT {
        return Surface::NoNumber;
    }
    if is_withheld(text) {
        return Surface::Anonymous;
    }
    match written(text, address.context.as_deref()) {
        Some(number) => Surface::Number(number),
        None => Surface::NoNumber,
    }
}

/// The part of a URI or header that carries the number.
struct Address<'a> {
    number: Cow<'a, str>,
    /// `phone-context` of RFC 3966 where it is a global number prefix.
    context: Option<Cow<'a, str>>,
}

fn address(raw: &str) -> Option<Address<'_>> {
    // "Bob" <sip:+33…@host;user=phone>;tag=…  The display name may itself hold '<', so it is cut first.
    let uri = match raw.strip_prefix('"') {
        Some(quoted) => match quoted.rfind('"') {
            Some(end) if quoted[end + 1..].contains('<') => &quoted[end + 1..],
            _ => raw,
        },
        None => raw,
    };
    let uri = match uri.find('<') {
        Some(start) => {
            let inner = &uri[start + 1..];
            &inner[..inner.find('>')?]
        }
        None => uri,
    };
    let (scheme, rest) = scheme(uri.trim());
    match scheme {
        Scheme::Tel => Some(with_parameters(rest)),
        Scheme::Sip => {
            // Without user part it is a host, unless somebody left the host out.
            let user = match rest.split_once('@') {
                Some((user, _)) => user,
                None => {
                    let user = rest.split([';', '?']).next().unwrap_or(rest);
                    let number = user.strip_prefix('+').unwrap_or(user);
                    let is_number =
                        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'-');
                    if !is_number && !is_withheld(user) {
                        return None;
                    }
                    user
                }
            };
            Some(user_part(user))
        }
        Scheme::None => match rest.split_once('@') {
            Some((user, _)) => Some(user_part(user)),
            None => Some(with_parameters(rest)),
        },
    }
}

enum Scheme {
    Tel,
    Sip,
    None,
}

fn scheme(uri: &str) -> (Scheme, &str) {
    let Some((name, rest)) = uri.split_once(':') else { return (Scheme::None, uri) };
    if name.eq_ignore_ascii_case("tel") || name.eq_ignore_ascii_case("callto") {
        (Scheme::Tel, rest.trim_start_matches('/'))
    } else if name.eq_ignore_ascii_case("sip") || name.eq_ignore_ascii_case("sips") {
        (Scheme::Sip, rest.trim_start_matches('/'))
    } else {
        (Scheme::None, uri)
    }
}

/// The user part of a SIP URI: escapes undone, password and telephone-subscriber parameters (RFC 3261 §19.1.6) apart.
fn user_part(user: &str) -> Address<'_> {
    let decoded = percent_decoded(user);
    let without_password = |text: &str| text.find(':').map_or(text.len(), |end| end);
    match decoded {
        Cow::Borrowed(text) => with_parameters(&text[..without_password(text)]),
        Cow::Owned(text) => {
            let found = with_parameters(&text[..without_password(&text)]);
            Address {
                number: Cow::Owned(found.number.into_owned()),
                context: found.context.map(|context| Cow::Owned(context.into_owned())),
            }
        }
    }
}

fn with_parameters(text: &str) -> Address<'_> {
    let (number, parameters) = match text.split_once(';') {
        Some((number, parameters)) => (number, parameters),
        None => (text, ""),
    };
    let context = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("phone-context") && value.starts_with('+'))
            .then_some(Cow::Borrowed(value))
    });
    Address { number: Cow::Borrowed(number), context }
}

fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn is_withheld(text: &str) -> bool {
    // The longest word is 14 letters; anything much longer is not one of them.
    if text.len() > 32 || text.bytes().next().is_some_and(|b| b.is_ascii_digit() || b == b'+') {
        return false;
    }
    let word: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    WITHHELD.contains(&word.as_str())
}

/// The digits of a text that is one number, with separators, perhaps a label before and an extension behind.
fn written(text: &str, context: Option<&str>) -> Option<Written> {
    let mut number = Written::empty();
    let text = without_label(text);
    if let Some(context) = context
        && !text.trim_start().starts_with(['+', '＋'])
        && text.chars().filter(|c| digit(*c).is_some()).count() > 6
    {
        // RFC 3966 §5.1.5: a local number together with its global context is globally unique.
        number.plus = true;
        for character in context.chars() {
            if let Some(digit) = digit(character) {
                number.push(digit)?;
            }
        }
    }
    let in_context = number.plus;
    for (at, character) in text.char_indices() {
        if let Some(digit) = digit(character) {
            number.push(digit)?;
        } else if matches!(character, '+' | '＋') {
            // "++33…" and "+0033…" are slips of address books; a plus among digits is not.
            if number.length > 0 || in_context {
                return None;
            }
            number.plus = true;
        } else if is_separator(character) {
            continue;
        } else if number.length >= 7 && is_extension(&text[at..]) {
            break;
        } else if character.is_ascii_alphabetic() && number.length > 0 {
            number.vanity = true;
            number.push(character.to_ascii_uppercase() as u8)?;
        } else {
            return None;
        }
    }
    (number.length > 0).then_some(number)
}

/// "Tel.: 01 …" is a number, "alice01…" is not.
fn without_label(text: &str) -> &str {
    const LABELS: [&str; 14] = [
        "telephone",
        "téléphone",
        "telefon",
        "phone",
        "mobile",
        "portable",
        "tel",
        "tél",
        "mob",
        "cell",
        "fax",
        "gsm",
        "ph",
        "t",
    ];
    let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if end == 0 || !rest.starts_with(['.', ':', ' ', '\u{a0}']) {
        return text;
    }
    let word = word.to_lowercase();
    if LABELS.contains(&word.as_str()) { rest.trim_start_matches(['.', ':', ' ', '\u{a0}']) } else { text }
}

/// Whether what follows a number is an extension to dial after the answer ("x12", "ext. 12", "poste 12", "#12").
fn is_extension(text: &str) -> bool {
    const MARKS: [&str; 12] =
        ["extension", "extn", "ext", "poste", "durchwahl", "dw", "anexo", "interno", "int", "доб", "x", "#"];
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '-' | '('));
    let lower;
    let text = if text.is_ascii() {
        text
    } else {
        lower = text.to_lowercase();
        lower.as_str()
    };
    MARKS.iter().any(|mark| {
        text.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark)) && {
            let number = text[mark.len()..]
                .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ':' | '='));
            let number = number.trim_end_matches([')', '#', ' ']);
            (1..=11).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
        }
    })
}

fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '-' | '.' | '/' | '(' | ')' | '[' | ']' | '~'
                | '\u{ad}' // soft hyphen
                | '\u{200b}'..='\u{200f}' // zero width, direction marks
                | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
                | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' // hyphens, dashes, minus, prolonged sound mark
                | '－' | '．' | '／' | '（' | '）' | '［' | '］' | '～' | '•' | '·' | '∙' | '⁄'
        )
}

/// Any script's decimal digit, as ASCII.
fn digit(character: char) -> Option<u8> {
    if character.is_ascii() {
        return character.is_ascii_digit().then_some(character as u8);
    }
    // First code point of each run of ten in Unicode's category Nd.
    const ZEROS: [u32; 43] = [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
        0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
        0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x11066, 0x1d7ce,
        0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
    ];
    let point = u32::from(character);
    ZEROS
        .iter()
        .find(|zero| (**zero..**zero + 10).contains(&point))
        .and_then(|zero| u8::try_from(point - zero).ok())
        .map(|value| b'0' + value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl PartialEq for Written {
        fn eq(&self, other: &Self) -> bool {
            let all = |it: &Self| (it.plus, it.vanity, it.value);
            all(self) == all(other) && self.digits() == other.digits()
        }
    }

    impl Eq for Written {}

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn plain_texts_are_read_as_all_others(raw in "[+]{0,2}[0-9 ()./+-]{0,52}") {
            if let Some(written) = plain(&raw) {
                prop_assert_eq!(read(&raw), Surface::Number(written), "{}", raw);
            }
        }
    }

    #[test]
    fn plain_texts_are_taken() {
        for raw in ["06 12 34 56 78", "+33 (0)6-12.34/56 78", " 0612345678 "] {
            assert!(plain(raw).is_some(), "{raw}");
        }
        for raw in ["", "+", "sip:0612345678@pbx.example", "0612345678x1", "06+12345678", "\u{a0}0612345678"]
        {
            assert!(plain(raw).is_none(), "{raw}");
        }
    }
}
