//! Which passwords are taken when one is chosen. Passwords chosen earlier are not judged again.
//!
//! Length matters, and not being the first thing a stranger tries; rules about capitals and digits only teach people
//! to write `Password1!`, which is refused here like its bare word.

/// In characters.
pub const SHORTEST: usize = 10;
/// In octets: hashing megabytes is a way to keep a server busy.
pub const LONGEST: usize = 1024;
/// Fewer different characters than this are a pattern, not a password.
const DIFFERENT: usize = 4;

/// The commonest passwords of published leaks and the commonest words of this trade, lower case, sorted.
const COMMON: &str = include_str!("common_passwords.txt");

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("must have {SHORTEST} characters or more")]
    TooShort,
    #[error("must have at most {LONGEST} octets")]
    TooLong,
    #[error("must not be your e-mail address or your name")]
    Own,
    #[error("is one of the passwords that are tried first")]
    Common,
}

/// What is wrong with this password for the person of this e-mail and name; None when nothing is.
pub fn fault_of(password: &str, email: &str, name: &str) -> Option<Fault> {
    if password.chars().count() < SHORTEST {
        return Some(Fault::TooShort);
    }
    if password.len() > LONGEST {
        return Some(Fault::TooLong);
    }
    let lower = password.to_lowercase();
    let word = bare(&lower);
    let (email, name) = (email.to_lowercase(), name.to_lowercase());
    let own = [email.as_str(), email.split('@').next().unwrap_or_default(), name.as_str()];
    let letters = squeezed(word);
    if own.iter().any(|own| lower == *own || (!letters.is_empty() && letters == squeezed(bare(own)))) {
        return Some(Fault::Own);
    }
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    (different.len() < DIFFERENT || is_run(&lower) || is_common(&lower) || is_common(word))
        .then_some(Fault::Common)
}

/// Without the digits and signs that people put behind a word.
fn bare(text: &str) -> &str {
    text.trim_end_matches(|c: char| !c.is_alphabetic())
}

/// `ada lovelace` and `ada.lovelace` are one.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn is_common(text: &str) -> bool {
    // The list is short, and a password is chosen seldom.
    COMMON.lines().any(|line| line == text)
}

/// `abcdefghijkl`, `9876543210`: each character follows the one before, up or down.
fn is_run(text: &str) -> bool {
    let step = |by: i64| {
        text.chars()
            .zip(text.chars().skip(1))
            .all(|(a, b)| i64::from(u32::from(b)) - i64::from(u32::from(a)) == by)
    };
    step(1) || step(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_and_what_is_not() {
        let judge = |password: &str| fault_of(password, "ada.lovelace@demo.example", "Ada Lovelace");
        for (password, fault) in [
            ("", Some(Fault::TooShort)),
            ("nine-char", Some(Fault::TooShort)),
            ("€€€€€€€€€", Some(Fault::TooShort)),
            ("grün€läßt!", None),
            ("ten-chars!", None),
            ("correct horse battery staple", None),
            ("ada.lovelace@demo.example", Some(Fault::Own)),
            ("ADA.LOVELACE@demo.example", Some(Fault::Own)),
            ("Ada Lovelace", Some(Fault::Own)),
            ("adalovelace1815!", Some(Fault::Own)),
            ("ada.lovelace", Some(Fault::Own)),
            ("ada lovelace counts cards", None),
            ("Password1!", Some(Fault::Common)),
            ("passwordpassword", Some(Fault::Common)),
            ("qwerty123456", Some(Fault::Common)),
            ("1q2w3e4r5t", Some(Fault::Common)),
            ("1234567890", Some(Fault::Common)),
            ("abcdefghijklmn", Some(Fault::Common)),
            ("zyxwvutsrq", Some(Fault::Common)),
            ("aaaaaaaaaaaa", Some(Fault::Common)),
            ("abababababab", Some(Fault::Common)),
            ("Switchroom2026", Some(Fault::Common)),
        ] {
            assert_eq!(judge(password), fault, "{password}");
        }
        assert_eq!(judge(&"xyzw".repeat(256)), None);
        assert_eq!(judge(&format!("{}x", "xyzw".repeat(256))), Some(Fault::TooLong));
    }

    #[test]
    fn somebody_without_a_name_is_judged_by_the_rest() {
        assert_eq!(fault_of("a fine password", "", ""), None);
        assert_eq!(fault_of("2718281828", "42@demo.example", "7"), None);
    }

    #[test]
    fn the_list_is_as_it_is_read() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() > 150);
        assert!(lines.is_sorted(), "sorted, so that a word is not there twice");
        assert!(lines.iter().all(|line| !line.is_empty() && *line == line.to_lowercase()));
    }
}
