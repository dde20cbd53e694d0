//! Reading through the numbering-plan library.

use super::{E164, MAX_SHOWN, PartyNumber, Region};

pub(super) fn knows(region: Region) -> bool {
    region.as_str().parse::<rlibphonenumber::Region>().is_ok_and(|region| {
        rlibphonenumber::PHONE_NUMBER_UTIL.get_supported_regions().any(|known| known == region)
    })
}

pub(super) fn read(raw: &str, region: Region) -> PartyNumber {
    let text = raw.trim();
    if (2..=6).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        return PartyNumber::Extension(text.into());
    }
    parse(text, region)
        .map_or_else(|| PartyNumber::Invalid(text.chars().take(MAX_SHOWN).collect()), PartyNumber::E164)
}

pub(super) fn parse(text: &str, region: Region) -> Option<E164> {
    let region = region.as_str().parse::<rlibphonenumber::Region>().ok();
    let number = rlibphonenumber::PHONE_NUMBER_UTIL.parse(text, region).ok()?;
    if !number.is_valid() {
        return None;
    }
    number.format_as(rlibphonenumber::PhoneNumberFormat::E164).parse().ok()
}
