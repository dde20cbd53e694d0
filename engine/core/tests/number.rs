//! Numbers: a table of what people and providers write, and the fast reading held equal to the library's.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use proptest::prelude::*;
use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumberFormat};
use switchroom_core::number::{E164, PartyNumber, Region, mask, normalise, normalise_plusless};

fn read(raw: &str, region: &str) -> PartyNumber {
    normalise(raw, region.parse().unwrap())
}

fn e164(text: &str) -> PartyNumber {
    PartyNumber::E164(text.parse().unwrap())
}

fn extension(text: &str) -> PartyNumber {
    PartyNumber::Extension(text.into())
}

#[test]
fn valid_numbers_in_every_dress() {
    for (raw, region, expected) in [
        ("+33612345678", "ZZ", "+33612345678"),
        ("+33 6 12 34 56 78", "ZZ", "+33612345678"),
        ("  +33612345678\t", "US", "+33612345678"),
        ("0612345678", "FR", "+33612345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("06.12.34.56.78", "FR", "+33612345678"),
        ("06/12/34/56/78", "FR", "+33612345678"),
        ("06-12-34-56-78", "FR", "+33612345678"),
        ("06–12—34‑56−78", "FR", "+33612345678"),
        ("(06) 12 34 56 78", "FR", "+33612345678"),
        ("06\u{a0}12\u{202f}34\u{2009}56 78", "FR", "+33612345678"),
        ("\u{202a}+33 6 12 34 56 78\u{202c}", "FR", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "FR", "+33612345678"),
        ("+33 (0) 6 12 34 56 78", "ZZ", "+33612345678"),
        ("0033612345678", "FR", "+33612345678"),
        ("00 33 6 12 34 56 78", "DE", "+33612345678"),
        ("011 33 6 12 34 56 78", "US", "+33612345678"),
        ("٠٦١٢٣٤٥٦٧٨", "FR", "+33612345678"),
        ("＋３３６１２３４５６７８", "FR", "+33612345678"),
        ("०६१२३४५६७८", "FR", "+33612345678"),
        ("++33612345678", "FR", "+33612345678"),
        ("tel:+33-6-12-34-56-78", "ZZ", "+33612345678"),
        ("TEL:+33612345678;ext=12", "ZZ", "+33612345678"),
        ("tel:0612345678;phone-context=+33", "US", "+33612345678"),
        ("tel:612345678;phone-context=+33", "US", "+33612345678"),
        ("tel:0612345678;phone-context=example.com", "FR", "+33612345678"),
        ("sip:+33612345678@pbx.example", "ZZ", "+33612345678"),
        ("sips:+33612345678@pbx.example:5061;transport=tls", "ZZ", "+33612345678"),
        ("sip:0612345678@pbx.example;user=phone", "FR", "+33612345678"),
        ("sip:+33612345678;phone-context=+33@pbx.example", "FR", "+33612345678"),
        ("sip:%2B33612345678@pbx.example", "FR", "+33612345678"),
        ("sip:+33612345678:secret@pbx.example", "FR", "+33612345678"),
        ("<sip:+33612345678@pbx.example>;tag=1", "FR", "+33612345678"),
        ("\"Bob <the> Builder\" <sip:+33612345678@pbx.example;user=phone>;tag=77", "ZZ", "+33612345678"),
        ("Bob <tel:+33612345678>", "ZZ", "+33612345678"),
        ("+33612345678@sip.provider.example", "ZZ", "+33612345678"),
        ("sip:+33612345678", "ZZ", "+33612345678"),
        ("0612345678x12", "FR", "+33612345678"),
        ("0612345678 x 12", "FR", "+33612345678"),
        ("0612345678 ext. 12", "FR", "+33612345678"),
        ("06 12 34 56 78 poste 12", "FR", "+33612345678"),
        ("06 12 34 56 78, Poste: 1234", "FR", "+33612345678"),
        ("0612345678#12", "FR", "+33612345678"),
        ("(202) 555-0173 extension 9", "US", "+12025550173"),
        ("Tél. : 06 12 34 56 78", "FR", "+33612345678"),
        ("4155552671", "US", "+14155552671"),
        ("1-415-555-2671", "US", "+14155552671"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("020 7183 8750", "GB", "+442071838750"),
        ("+44 (0)20 7183 8750", "FR", "+442071838750"),
        ("030 123456", "DE", "+4930123456"),
        ("02 3661 8300", "IT", "+390236618300"),
        ("+39 02 3661 8300", "ZZ", "+390236618300"),
        ("612 345 678", "ES", "+34612345678"),
        ("0550 12 34 56", "DZ", "+213550123456"),
        ("+800 1234 5678", "ZZ", "+80012345678"),
        // Set aside for fiction, and not handed out yet: a caller from there is still a caller.
        ("+33639981234", "ZZ", "+33639981234"),
        ("06 39 98 12 34", "FR", "+33639981234"),
        ("+15551234567", "ZZ", "+15551234567"),
    ] {
        assert_eq!(read(raw, region), e164(expected), "{raw} in {region}");
    }
}

#[test]
fn withheld_callers() {
    for raw in [
        "anonymous",
        "Anonymous",
        "ANONYMOUS",
        " anonymous ",
        "restricted",
        "unavailable",
        "Unknown",
        "withheld",
        "private",
        "Private Number",
        "No Caller ID",
        "blocked",
        "sip:anonymous@anonymous.invalid",
        "\"Anonymous\" <sip:anonymous@anonymous.invalid>",
        "anonymous@anonymous.invalid",
        "sip:restricted@10.0.0.1",
        "sip:unavailable@unknown.invalid",
        "tel:anonymous",
        "+266696687",
        "+7378742833",
        "+2562533",
        "+8656696",
        "+86282452253",
        "+266 696 687",
        "sip:+266696687@carrier.example",
    ] {
        for region in ["ZZ", "FR", "US"] {
            assert_eq!(read(raw, region), PartyNumber::Anonymous, "{raw} in {region}");
        }
    }
    assert_eq!(normalise_plusless("266696687", Region::UNKNOWN), PartyNumber::Anonymous);
}

#[test]
fn extensions() {
    for (raw, digits) in [
        ("201", "201"),
        ("12", "12"),
        ("100001", "100001"),
        ("007", "007"),
        (" 201 ", "201"),
        ("sip:201@pbx.example", "201"),
        ("\"Alice\" <sip:201@pbx.example>", "201"),
        ("tel:201;phone-context=+33", "201"),
        ("٢٠١", "201"),
        ("3912", "3912"),
        ("201;ext=5", "201"),
        ("11-88", "1188"),
    ] {
        for region in ["ZZ", "FR", "US"] {
            assert_eq!(read(raw, region), extension(digits), "{raw} in {region}");
        }
    }
}

#[test]
fn what_is_no_number_is_a_value() {
    let long = "0".repeat(65);
    let payload = "+3361234567".repeat(1_000);
    for raw in [
        "",
        " ",
        "\u{a0}",
        "1",
        "+",
        "+1",
        "+33",
        "+12345",
        "%",
        "_",
        "%25",
        "'; DROP TABLE calls; --",
        "alice",
        "alice0612345678",
        "sip:alice@pbx.example",
        "sip:192.168.1.50",
        "sip:pbx.example",
        "sip:",
        "tel:",
        "<",
        "<>",
        "\"",
        "\"<",
        "+33 6 12 34 56 78 90 12 34",
        "0612345",
        "1234567890123456",
        "06123+45678",
        "client:agent1",
        "bob@example.com",
        "\0",
        "+0",
        "+00000000",
        "☎",
        "NaN",
        "null",
        "0612345678 / 0612345679",
        &long,
        &payload,
    ] {
        let number = read(raw, "FR");
        assert!(matches!(number, PartyNumber::Invalid(_)), "{raw:?} gave {number:?}");
        assert!(number.display().unwrap_or_default().chars().count() <= 64);
    }
    assert_eq!(
        read("0612345678", "ZZ"),
        PartyNumber::Invalid("0612345678".into()),
        "no region to read it in"
    );
    assert_eq!(read(" hello ", "FR").display().as_deref(), Some("hello"));
    assert_eq!(read("", "FR").display(), None);
}

#[test]
fn plusless_numbers_are_international_first() {
    let fr = "FR".parse().unwrap();
    assert_eq!(normalise_plusless("33612345678", fr), e164("+33612345678"));
    assert_eq!(normalise_plusless("14155552671", fr), e164("+14155552671"));
    assert_eq!(normalise_plusless("4930123456", fr), e164("+4930123456"));
    assert_eq!(normalise_plusless("0612345678", fr), e164("+33612345678"), "national, as a PBX may send it");
    assert_eq!(normalise_plusless("201", fr), extension("201"));
    assert_eq!(normalise_plusless("anonymous", fr), PartyNumber::Anonymous);
}

#[test]
fn numbers_are_masked_where_they_are_logged() {
    let number: E164 = "+33612345678".parse().unwrap();
    assert_eq!(number.masked(), "+336******78");
    assert!(!format!("{number:?} {:?}", PartyNumber::E164(number)).contains("612345678"));
    assert_eq!(mask("12345678"), "********", "too short to show any of it");
    assert_eq!(mask(""), "");
}

#[test]
fn e164_text_is_strict() {
    for good in ["+33612345678", "+1234567", "+123456789012345"] {
        assert_eq!(good.parse::<E164>().unwrap().to_string(), good);
    }
    for bad in [
        "",
        "+",
        "33612345678",
        "+0123456789",
        "+123456",
        "+1234567890123456",
        "+33 612345678",
        "+33a12345678",
        "＋33612345678",
    ] {
        assert!(bad.parse::<E164>().is_err(), "{bad}");
    }
    assert_eq!(serde_json::to_string(&"+33612345678".parse::<E164>().unwrap()).unwrap(), "\"+33612345678\"");
    assert!(serde_json::from_str::<E164>("\"0612345678\"").is_err());
}

#[test]
fn regions() {
    assert_eq!("fr".parse::<Region>().unwrap().as_str(), "FR");
    for bad in ["", "F", "FRA", "F1", "é"] {
        assert!(bad.parse::<Region>().is_err(), "{bad}");
    }
    assert!("FR".parse::<Region>().unwrap().is_known() && Region::UNKNOWN.is_known());
    assert!(!"XX".parse::<Region>().unwrap().is_known());
}

/// The library alone, by the rules of the number room: possible in its country and not local only; with a leading 0,
/// valid there; and read again as itself.
fn by_library(text: &str, region: &str) -> Option<String> {
    let number = PHONE_NUMBER_UTIL.parse(text, region.parse().ok().filter(|_| region != "ZZ")).ok()?;
    if PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number) != Ok(NumberLengthType::IsPossible) {
        return None;
    }
    if number.italian_leading_zero() && !PHONE_NUMBER_UTIL.is_valid_number(&number) {
        return None;
    }
    let text = number.format_as(PhoneNumberFormat::E164).to_string();
    let again =
        PHONE_NUMBER_UTIL.parse(text.as_str(), None).ok()?.format_as(PhoneNumberFormat::E164).to_string();
    (again == text && text.parse::<E164>().is_ok()).then_some(text)
}

const KEYPAD: [&str; 5] = ["+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"];

fn same_reading(text: &str, region: &str) {
    let ours = read(text, region);
    let theirs = by_library(text, region);
    match (&ours, &theirs) {
        (PartyNumber::E164(number), Some(library)) => {
            assert_eq!(&number.to_string(), library, "{text} in {region}")
        }
        (PartyNumber::Anonymous, _) => {
            assert!(KEYPAD.iter().any(|word| text.ends_with(&word[1..])), "{text} in {region}")
        }
        (PartyNumber::Extension(_), _) => assert!((2..=6).contains(&text.len()), "{text} in {region}"),
        (PartyNumber::Invalid(_), None) => {}
        _ => panic!("{text} in {region}: we read {:?}, the library {theirs:?}", ours.display()),
    }
}

/// Small deterministic generator: the run must not depend on anything outside.
struct Dice(u64);
impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
    fn digits(&mut self, count: u64) -> String {
        (0..count).map(|_| char::from(b'0' + self.roll(10) as u8)).collect()
    }
}

const REGIONS: [&str; 40] = [
    "FR", "DE", "GB", "BE", "NL", "CH", "AT", "SE", "IE", "RO", "BG", "HR", "SK", "UA", "TR", "ZA", "EG",
    "DZ", "MA", "MC", "GP", "MQ", "RE", "SA", "AE", "IN", "ES", "PT", "DK", "NO", "LV", "TN", "SN", "CM",
    "US", "CA", "IT", "BR", "ZZ", "LU",
];

/// The same digits with separators between them are the same number.
fn same_when_dressed(dice: &mut Dice, text: &str, region: &str) {
    let mut dressed = String::new();
    for character in text.chars() {
        dressed.push(character);
        if dice.roll(3) == 0 {
            dressed.push([' ', '-', '.', '/'][dice.roll(4) as usize]);
        }
    }
    match (read(text, region), read(&dressed, region)) {
        (PartyNumber::Invalid(_), PartyNumber::Invalid(_)) => {}
        (bare, dressed_number) => assert_eq!(bare, dressed_number, "{dressed} in {region}"),
    }
}

/// 150,000 numbers, two and a half million in a release build (`make test-long`): international of every country, and
/// national in the regions the fast path knows.
#[test]
fn the_fast_reading_equals_the_librarys() {
    let mut dice = Dice(0x5eed_0001);
    let mut codes: Vec<i32> = PHONE_NUMBER_UTIL.get_supported_calling_codes().collect();
    codes.sort_unstable();
    codes.dedup();
    // The release build has time for more.
    let rounds = if cfg!(debug_assertions) { 60_000 } else { 1_000_000 };
    for round in 0..rounds {
        let code = codes[round % codes.len()];
        let length = 3 + dice.roll(12);
        let tail = dice.digits(length);
        let text = format!("+{code}{tail}");
        same_reading(&text, "ZZ");
        same_when_dressed(&mut dice, &text, "ZZ");
    }
    // The trunk prefix behind the calling code, as on letterheads.
    for round in 0..rounds / 2 {
        let (code, length) = (codes[round % codes.len()], 4 + dice.roll(10));
        same_reading(&format!("+{code}0{}", dice.digits(length)), "ZZ");
    }
    for round in 0..rounds {
        let region = REGIONS[round % REGIONS.len()];
        let length = 7 + dice.roll(6);
        let tail = dice.digits(length);
        let text = match dice.roll(6) {
            0 => format!("00{tail}"),
            1 => format!("011{tail}"),
            2 => format!("1{tail}"),
            3 | 4 => format!("0{tail}"),
            _ => tail,
        };
        same_reading(&text, region);
        same_when_dressed(&mut dice, &text, region);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_text_panics_and_no_answer_is_long(raw in "\\PC{0,80}", region in "[A-Z]{2}") {
        let number = read(&raw, &region);
        let _ = number.masked();
        let shown = number.display().unwrap_or_default();
        prop_assert!(shown.chars().count() <= 64);
        // Reading what we show gives the same number again.
        if let PartyNumber::E164(_) | PartyNumber::Extension(_) = number {
            prop_assert_eq!(read(&shown, &region), number);
        }
    }

    #[test]
    fn number_like_texts_do_not_panic(raw in "[+0-9 ();/.#x,:@<>\"=%a-f\u{a0}\u{2013}\u{ff0b}\u{0660}-\u{0669}-]{0,40}", region in "[A-Z]{2}") {
        let number = read(&raw, &region);
        let _ = number.masked();
        if let PartyNumber::E164(found) = number {
            prop_assert_eq!(found.to_string().parse::<E164>().unwrap(), found);
        }
    }

    #[test]
    fn dress_does_not_change_a_number(digits in "[1-79][0-9]{8}", separator in "[ ./-]", wrap in 0_usize..6) {
        let bare = read(&format!("+33{digits}"), "FR");
        let spaced: String = digits.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap()).collect::<Vec<_>>().join(&separator);
        let dressed = match wrap {
            0 => format!("+33{separator}{spaced}"),
            1 => format!("0{spaced}"),
            2 => format!("0033{spaced}"),
            3 => format!("tel:+33{digits}"),
            4 => format!("<sip:+33{digits}@host;user=phone>"),
            _ => format!("0{spaced} ext. 4"),
        };
        prop_assert_eq!(read(&dressed, "FR"), bare);
    }
}

#[test]
fn a_number_that_would_lose_a_digit_each_time_it_is_read_is_none() {
    for (raw, region) in [("+375888885778", "ZZ"), ("375 88888 5778", "BY")] {
        assert!(matches!(read(raw, region), PartyNumber::Invalid(_)), "{raw} {region}");
    }
    assert_eq!(read("+375 8 029 123-45-67", "ZZ"), e164("+375291234567"), "a prefix, and a number behind it");
}

#[test]
fn a_number_that_lost_a_digit_is_not_filled_up_with_its_trunk_prefix() {
    for (raw, region) in [("06 12 34 56 7", "FR"), ("061223456", "FR"), ("+33061223456", "ZZ")] {
        assert!(matches!(read(raw, region), PartyNumber::Invalid(_)), "{raw} {region}");
    }
    // Where numbers do begin with 0, they still do.
    assert_eq!(read("06 6982 1234", "IT"), e164("+390669821234"));
}
