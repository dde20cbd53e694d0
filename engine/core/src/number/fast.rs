//! Common shapes read without the library and without allocation: international form, national form with the trunk
//! prefix 0 or 1 or none, and the international prefixes 00 and 011.
//!
//! Only rules that hold for a whole country are here, and whatever they do not cover is left to the library. What
//! lengths a country has is asked of the library; where its reading changes digits (trunk prefixes, carrier codes,
//! area codes filled in) was found by running every four-digit beginning of every country through it. The tests hold
//! the two readings equal over random numbers of all countries.

use super::{E164, Region, library::LENGTHS, surface::Written};

/// How numbers are dialled inside a country.
#[derive(Clone, Copy)]
struct Plan {
    code: u64,
    trunk: Trunk,
    /// Dialled before a calling code.
    international: &'static [u8],
}

#[derive(Clone, Copy)]
enum Trunk {
    /// "0" before the national number, which does not begin with 0.
    Zero,
    /// Nothing before it.
    None,
    /// "1" or nothing; national numbers do not begin with 0 or 1 (North America).
    One,
}

const fn plan(code: u64, trunk: Trunk) -> Plan {
    Plan { code, trunk, international: b"00" }
}

/// Common and regular; every other region goes through the library.
fn plan_of(region: Region) -> Option<Plan> {
    Some(match &region.0 {
        b"FR" => plan(33, Trunk::Zero),
        b"DE" => plan(49, Trunk::Zero),
        b"GB" => plan(44, Trunk::Zero),
        b"BE" => plan(32, Trunk::Zero),
        b"NL" => plan(31, Trunk::Zero),
        b"CH" => plan(41, Trunk::Zero),
        b"AT" => plan(43, Trunk::Zero),
        b"SE" => plan(46, Trunk::Zero),
        b"IE" => plan(353, Trunk::Zero),
        b"RO" => plan(40, Trunk::Zero),
        b"BG" => plan(359, Trunk::Zero),
        b"HR" => plan(385, Trunk::Zero),
        b"SK" => plan(421, Trunk::Zero),
        b"UA" => plan(380, Trunk::Zero),
        b"TR" => plan(90, Trunk::Zero),
        b"ZA" => plan(27, Trunk::Zero),
        b"EG" => plan(20, Trunk::Zero),
        b"DZ" => plan(213, Trunk::Zero),
        b"MA" => plan(212, Trunk::Zero),
        b"MC" => plan(377, Trunk::Zero),
        b"GP" => plan(590, Trunk::Zero),
        b"MQ" => plan(596, Trunk::Zero),
        b"RE" => plan(262, Trunk::Zero),
        b"SA" => plan(966, Trunk::Zero),
        b"AE" => plan(971, Trunk::Zero),
        b"IN" => plan(91, Trunk::Zero),
        b"ES" => plan(34, Trunk::None),
        b"PT" => plan(351, Trunk::None),
        b"DK" => plan(45, Trunk::None),
        b"NO" => plan(47, Trunk::None),
        b"LV" => plan(371, Trunk::None),
        b"TN" => plan(216, Trunk::None),
        b"SN" => plan(221, Trunk::None),
        b"CM" => plan(237, Trunk::None),
        b"US" | b"CA" => Plan { code: 1, trunk: Trunk::One, international: b"011" },
        _ => return None,
    })
}

/// Of these calling codes [`Trunk::Zero`] holds also behind the code, as in "+33 (0)6 …". A code that several countries
/// share is read as the first of them reads it.
const fn drops_zero(code: u64) -> bool {
    matches!(
        code,
        20 | 27 | 31
            ..=33
                | 40
                | 41
                | 43
                | 44
                | 46
                | 49
                | 90
                | 91
                | 212
                | 213
                | 262
                | 353
                | 359
                | 377
                | 380
                | 385
                | 421
                | 590
                | 596
                | 966
                | 971
    )
}

const POWERS: [u64; 16] = {
    let mut powers = [1; 16];
    let mut at = 1;
    while at < 16 {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// The number, where these rules know it for certain.
pub(super) fn read(written: &Written, region: Region) -> Option<E164> {
    let (digits, value) = (written.digits(), written.value());
    // More than prefix and number together is none of the common shapes, and more than the value holds.
    if written.vanity || digits.is_empty() || digits.len() > 18 {
        return None;
    }
    if written.plus {
        return international(digits, value);
    }
    let plan = plan_of(region)?;
    if let Some(rest) = digits.strip_prefix(plan.international) {
        // Of the two prefixes only 011 adds to the value.
        let prefix = if plan.international == b"011" { 11 * POWERS.get(rest.len())? } else { 0 };
        return international(rest, value - prefix);
    }
    let (national, value) = match (plan.trunk, digits) {
        (Trunk::Zero, [b'0', rest @ ..]) if rest.first() != Some(&b'0') => (rest, value),
        (Trunk::None, [b'1'..=b'9', ..]) => (digits, value),
        (Trunk::One, [b'1', rest @ ..]) if matches!(rest.first(), Some(b'2'..=b'9')) => {
            (rest, value - POWERS.get(rest.len())?)
        }
        (Trunk::One, [b'2'..=b'9', ..]) => (digits, value),
        _ => return None,
    };
    joined(plan.code, national.len(), value)
}

/// Whether these rules know for certain that the number, written out, is read as the same.
pub(super) fn reads_as_itself(number: E164) -> bool {
    let (text, start) = number.ascii();
    international(&text[start + 1..], number.digits()) == Some(number)
}

/// Digits behind a plus.
fn international(digits: &[u8], value: u64) -> Option<E164> {
    // Longer by a trunk prefix in brackets.
    if !(7..=16).contains(&digits.len()) {
        return None;
    }
    let (code, length) = LENGTHS.calling_code(digits);
    let national = digits.get(length..).filter(|_| length > 0)?;
    let unsure = match (code, national.first()?) {
        (code, b'0') if drops_zero(code) && national.get(1) != Some(&b'0') => {
            let value = value - code * POWERS.get(national.len())?;
            return joined(code, national.len() - 1, value);
        }
        // Behind the calling code a leading 0 may be a trunk prefix or part of the number; and in these countries a
        // number may begin with a prefix or carrier code.
        (_, b'0') | (54, b'1'..=b'3') | (55, b'9') | (61 | 86 | 352, b'1') | (375, b'8') => true,
        // Old mobile prefixes, which the library takes out or in.
        (52 | 54, b'1' | b'9') => true,
        _ => false,
    };
    if unsure || !has_length(code, national.len()) {
        return None;
    }
    E164::from_digits(value).ok()
}

/// Calling code and national number, where the country has numbers of that length. One digit more or less may be an
/// area code left out, or a second prefix: the library knows.
fn joined(code: u64, length: usize, national: u64) -> Option<E164> {
    if !has_length(code, length) {
        return None;
    }
    E164::from_digits(code * POWERS.get(length)? + national).ok()
}

fn has_length(code: u64, length: usize) -> bool {
    LENGTHS.of(code as usize) & (1 << length.min(31)) != 0
}
