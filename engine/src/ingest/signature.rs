//! The few primitives that the signature schemes share. Every comparison of secret-derived text is in constant time.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Refusal;

/// Reads base64 with or without padding; writes it with.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of any length; the error type exists for other MACs.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

pub(super) fn hmac_sha1(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

pub(super) fn sha256_hex(data: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(data).iter().fold(String::with_capacity(64), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// Equal, in time that depends on the lengths only. An empty expectation never matches.
pub(super) fn equal(expected: &[u8], given: &[u8]) -> bool {
    !expected.is_empty() && bool::from(expected.ct_eq(given))
}

/// Whether a base64 text is this digest.
pub(super) fn is_base64_of(expected: &[u8], given: &str) -> bool {
    BASE64.decode(given.trim()).is_ok_and(|given| equal(expected, &given))
}

/// A signed timestamp in Unix seconds must lie within the window, both ways.
pub(super) fn within_window(timestamp_s: i64, now_s: i64, tolerance_s: i64) -> Result<(), Refusal> {
    let age = i128::from(now_s) - i128::from(timestamp_s);
    if age.abs() <= i128::from(tolerance_s) { Ok(()) } else { Err(Refusal::StaleTimestamp) }
}

/// Decimal digits only: `+5`, ` 5` or `5e3` were not what was signed.
pub(super) fn unix_seconds(text: &str) -> Result<i64, Refusal> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::BadTimestamp);
    }
    text.parse().map_err(|_| Refusal::BadTimestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_is_two_sided_and_cannot_overflow() {
        assert_eq!(within_window(1_000, 1_300, 300), Ok(()));
        assert_eq!(within_window(1_300, 1_000, 300), Ok(()));
        assert_eq!(within_window(1_000, 1_301, 300), Err(Refusal::StaleTimestamp));
        assert_eq!(within_window(1_301, 1_000, 300), Err(Refusal::StaleTimestamp));
        assert_eq!(within_window(i64::MAX, i64::MIN, 300), Err(Refusal::StaleTimestamp));
    }

    #[test]
    fn nothing_matches_an_empty_expectation() {
        assert!(!equal(b"", b""));
        assert!(equal(b"a", b"a"));
        assert!(!equal(b"a", b"ab"));
    }
}
