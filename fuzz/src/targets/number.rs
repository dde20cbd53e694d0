//! A telephone number in any region: no text panics, what we show reads back as the same, and a number that the fast
//! path reads is what the numbering-plan library reads.

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumberFormat};
use switchroom_core::number::{E164, PartyNumber, Region, dialled_digits, normalise, normalise_plusless};

const REGIONS: [&str; 16] =
    ["ZZ", "FR", "DE", "GB", "US", "IT", "BE", "CH", "ES", "GA", "IN", "AU", "BR", "RU", "MC", "LU"];

pub fn run(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    // What is not about the region is a number of its own, so a corpus need not be written for it.
    let region = REGIONS[octets.iter().map(|octet| usize::from(*octet)).sum::<usize>() % REGIONS.len()];
    let region: Region = region.parse().expect("a region");
    let _ = dialled_digits(&text);
    for number in [normalise(&text, region), normalise_plusless(&text, region)] {
        let _ = number.masked();
        let shown = number.display().unwrap_or_default();
        assert!(shown.chars().count() <= 64 && !shown.contains('\0'), "{shown:?}");
        match number {
            PartyNumber::E164(found) => {
                assert_eq!(found.to_string().parse::<E164>(), Ok(found));
                for region in ["ZZ", "FR", "US"] {
                    let region = region.parse().expect("a region");
                    assert_eq!(normalise(&shown, region), PartyNumber::E164(found), "{text:?} → {shown}");
                }
                as_the_library_reads(&shown, found);
            }
            PartyNumber::Extension(_) => {
                assert_eq!(normalise(&shown, region), number, "{text:?} → {shown}");
            }
            PartyNumber::Anonymous | PartyNumber::Invalid(_) => {}
        }
    }
}

fn as_the_library_reads(shown: &str, found: E164) {
    let number = PHONE_NUMBER_UTIL.parse(shown, None).expect("the library reads what we take for a number");
    let possible = PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number);
    assert_eq!(possible, Ok(NumberLengthType::IsPossible), "{shown}");
    assert_eq!(number.format_as(PhoneNumberFormat::E164), found.to_string());
}
