//! How people, PBXs and SIP write the numbers of the directory.

use anyhow::ensure;
use switchroom_bench::{Seeded, number};
use switchroom_core::{
    directory::TenantDirectory,
    number::{Region, normalise},
};

/// Texts of one measurement.
const TEXTS: usize = if cfg!(test) { 5_000 } else { 300_000 };

/// Texts of that kind for random ones of the directory's first numbers, each of which leads to its contact.
pub fn checked(
    directory: &TenantDirectory,
    numbers: u64,
    write: impl Fn(u64, &mut Seeded) -> String,
    region: Region,
) -> anyhow::Result<Vec<String>> {
    let mut random = Seeded(3);
    let mut texts = Vec::with_capacity(TEXTS);
    for _ in 0..TEXTS {
        let n = random.below(numbers);
        let text = write(n, &mut random);
        let owner = normalise(&text, region).e164().and_then(|number| directory.owner(number));
        let found = owner.map(|owner| owner.id.as_u128());
        ensure!(found == Some(u128::from(n) + 1), "{text:?}, number {n}, leads to {found:?}");
        texts.push(text);
    }
    Ok(texts)
}

/// Calling code and national number.
fn parts(n: u64) -> (String, String) {
    let text = number(n).to_string();
    // All of the five countries have codes of two digits but the last.
    let code = if n % 5 == 4 { 2 } else { 3 };
    (text[..code].to_owned(), text[code..].to_owned())
}

fn grouped(digits: &str, separator: &str) -> String {
    let pairs: Vec<&str> =
        (0..digits.len()).step_by(2).map(|at| &digits[at..digits.len().min(at + 2)]).collect();
    pairs.join(separator)
}

/// International and national, with and without separators.
pub fn common(n: u64, random: &mut Seeded) -> String {
    let (code, national) = parts(n);
    let french = code == "+33";
    match random.below(6) {
        0 | 1 => format!("{code}{national}"),
        2 => format!("{code} {}", grouped(&national, " ")),
        3 => format!("00{}{national}", &code[1..]),
        4 if french => grouped(&format!("0{national}"), "."),
        5 if french => grouped(&format!("0{national}"), " "),
        4 => format!("{code}-{}", grouped(&national, "-")),
        _ => format!("{code} ({}) {}", &national[..3], &national[3..]),
    }
}

/// What only the library knows: the trunk prefix in brackets behind the country code, as on letterheads, and where a
/// country has none letters for digits, which URIs do not know.
pub fn odd(n: u64, random: &mut Seeded) -> String {
    let (code, national) = parts(n);
    if n % 5 >= 3 {
        return format!("{code}{}{}", [" ", "-"][random.below(2) as usize], with_letters(&national));
    }
    match random.below(4) {
        0 => format!("sip:{code}(0){national}@trunk.example;user=phone"),
        1 => format!("tel:{code}-(0){national}"),
        _ => format!("{code} (0){national}"),
    }
}

/// The digits that have letters on a telephone's keypad as one of these. The library wants a beginning of three digits,
/// and three letters; where there are fewer, the number stays as it is.
fn with_letters(digits: &str) -> String {
    let (first, rest) = digits.split_at(2);
    let letter = |digit: char| match digit.to_digit(10) {
        // None that make the mark of an extension, as X does, or D and W.
        Some(digit @ 2..) => char::from(b"ADGJMPTY"[digit as usize - 2]),
        _ => digit,
    };
    let word: String = rest.chars().map(letter).collect();
    let letters = word.chars().filter(char::is_ascii_uppercase).count();
    format!("{first}{}", if letters < 3 { rest } else { &word })
}

/// 18 in a hundred as URIs.
pub fn mixed(n: u64, random: &mut Seeded) -> String {
    let number = number(n);
    match random.below(100) {
        0..=5 => format!("sip:{number}@trunk.example;user=phone"),
        6..=11 => format!("\"Caller {n}\" <sip:{number}@trunk.example>;tag=1f{n:x}"),
        12..=17 => format!("tel:{number}"),
        _ => common(n, random),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_leads_to_its_contact() -> anyhow::Result<()> {
        let directory = switchroom_bench::directory(10_000);
        let region = "FR".parse()?;
        checked(&directory, 10_000, common, region)?;
        checked(&directory, 10_000, odd, region)?;
        checked(&directory, 10_000, mixed, region)?;
        Ok(())
    }
}
