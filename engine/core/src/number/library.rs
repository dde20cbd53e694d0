//! Reading through the numbering-plan library: the slow, complete way, and the authority the fast one is held to.
//!
//! A number counts as valid when the plan of its country has numbers of that length (libphonenumber's "possible").
//! Its stricter "valid" test compares against the ranges handed out when the metadata was made: it refuses ranges
//! opened since and all ranges set aside for fiction and tests, and a caller from there must still be recognised.
//!
//! A national number that begins with 0 must pass the stricter test. Few countries have such numbers (Italy, Gabon);
//! elsewhere the 0 is the trunk prefix of a number that lost a digit, which the library keeps to fill the length.

use std::sync::LazyLock;

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumber};

use super::{E164, Region, fast};

/// Loads the metadata and what is derived from it, which takes milliseconds; `regions` are read once so that the
/// first call from there is not the slow one.
pub fn warm_up(regions: impl IntoIterator<Item = Region>) {
    let _ = LENGTHS.of(33);
    for region in regions {
        if let Some(region) = ours(region)
            && let Some(code) = PHONE_NUMBER_UTIL.get_country_code_for_region(region)
        {
            let _ = PHONE_NUMBER_UTIL.parse(format!("+{code}234567890").as_str(), Some(region));
        }
    }
}

pub(super) fn knows(region: Region) -> bool {
    ours(region).is_some_and(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region).is_some())
}

fn ours(region: Region) -> Option<rlibphonenumber::Region> {
    if region == Region::UNKNOWN { None } else { region.as_str().parse().ok() }
}

/// What the library makes of a text that holds one number and nothing else.
pub(super) enum Parsed {
    Valid(E164),
    /// The digits after the plus of a number whose length its country does not use.
    Impossible(u64),
    Unreadable,
}

pub(super) fn parse(text: &str, region: Region) -> Parsed {
    let Ok(number) = PHONE_NUMBER_UTIL.parse(text, ours(region)) else { return Parsed::Unreadable };
    let Some((digits, length)) = digits(&number) else { return Parsed::Unreadable };
    match E164::from_digits(digits) {
        Ok(e164) if is_number(&number, length) && is_settled(e164) => Parsed::Valid(e164),
        _ => Parsed::Impossible(digits),
    }
}

/// Whether what was read reads as itself. Where a prefix was taken off the rest may begin with one again ("+375 8 88…"
/// in Belarus): that is no number, but digits that would lose one more each time they are shown and read.
fn is_settled(e164: E164) -> bool {
    fast::reads_as_itself(e164)
        || PHONE_NUMBER_UTIL
            .parse(e164.text().as_str(), None)
            .is_ok_and(|again| digits(&again).is_some_and(|(again, _)| again == e164.digits()))
}

/// Calling code and national number as one integer, as E.164 writes them, and the length of the latter.
fn digits(number: &PhoneNumber) -> Option<(u64, u32)> {
    let zeros = if number.italian_leading_zero() {
        u32::try_from(number.number_of_leading_zeros()).ok()?
    } else {
        0
    };
    let national = number.national_number;
    let length = zeros + national.checked_ilog10().map_or(1, |log| log + 1);
    let code = u64::try_from(number.country_code).ok()?;
    Some((code.checked_mul(10_u64.checked_pow(length)?)?.checked_add(national)?, length))
}

fn is_number(number: &PhoneNumber, length: u32) -> bool {
    let code = usize::try_from(number.country_code).unwrap_or(0);
    let possible = LENGTHS.of(code) & 1_u32.checked_shl(length).unwrap_or(0) != 0;
    possible && (!number.italian_leading_zero() || PHONE_NUMBER_UTIL.is_valid_number(number))
}

/// By calling code, the lengths a national number may have, as bits; asked of the library once, so that the fast path
/// cannot drift from it.
pub(super) struct Lengths {
    by_code: Box<[u32; 1000]>,
    /// By the first three digits of a number: the calling code they begin with and its length, or zeros.
    by_beginning: Box<[(u16, u8); 1000]>,
}

pub(super) static LENGTHS: LazyLock<Lengths> = LazyLock::new(|| {
    let mut by_code = Box::new([0_u32; 1000]);
    for code in PHONE_NUMBER_UTIL.get_supported_calling_codes() {
        let Some(slot) = usize::try_from(code).ok().and_then(|at| by_code.get_mut(at)) else { continue };
        for length in 2..=15_u32 {
            let number = PhoneNumber {
                country_code: code,
                national_number: 10_u64.pow(length - 1) * 2,
                ..PhoneNumber::default()
            };
            if PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number) == Ok(NumberLengthType::IsPossible) {
                *slot |= 1 << length;
            }
        }
    }
    let mut by_beginning = Box::new([(0, 0); 1000]);
    // No calling code begins with 0, and none is the beginning of another.
    for beginning in 100..1000_u16 {
        let code = [(beginning / 100, 1), (beginning / 10, 2), (beginning, 3)]
            .into_iter()
            .find(|(code, _)| by_code[usize::from(*code)] != 0);
        by_beginning[usize::from(beginning)] = code.unwrap_or_default();
    }
    Lengths { by_code, by_beginning }
});

impl Lengths {
    /// Bit n is set where national numbers of n digits exist; 0 where the code is not assigned.
    pub(super) fn of(&self, calling_code: usize) -> u32 {
        self.by_code.get(calling_code).copied().unwrap_or(0)
    }

    /// The calling code that the digits begin with, and how many it is of them; 0 and 0 where none is known.
    pub(super) fn calling_code(&self, digits: &[u8]) -> (u64, usize) {
        let [a, b, c, ..] = digits else { return (0, 0) };
        let digit = |ascii: &u8| usize::from(ascii.wrapping_sub(b'0'));
        let beginning = digit(a) * 100 + digit(b) * 10 + digit(c);
        let (code, length) = self.by_beginning.get(beginning).copied().unwrap_or_default();
        (u64::from(code), usize::from(length))
    }
}
