//! The second factor: one-time codes of an authenticator app (RFC 6238: SHA-1, 30 seconds, 6 digits) and backup codes.
//!
//! A code is good for its own step and the one before and behind it, since clocks differ; which steps were used is
//! remembered by who asks here, and a step is good once.

use totp_rs::{Algorithm, Builder, Secret, Totp};

/// Octets of a secret: as many as SHA-1 has (RFC 4226 §4, R6).
pub const SECRET_LENGTH: usize = 20;
/// Seconds of a step.
pub const STEP_SECONDS: u64 = 30;
/// How many backup codes somebody gets.
pub const BACKUP_CODES: usize = 10;
/// Octets of randomness in a backup code.
pub const BACKUP_LENGTH: usize = 10;

/// The secret an authenticator app shares with us.
#[derive(Clone)]
pub struct SharedSecret([u8; SECRET_LENGTH]);

impl SharedSecret {
    pub const fn new(octets: [u8; SECRET_LENGTH]) -> Self {
        Self(octets)
    }

    /// From what was stored.
    pub fn read(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self)
    }

    pub const fn octets(&self) -> &[u8; SECRET_LENGTH] {
        &self.0
    }

    /// For typing into an app: base32 without padding (RFC 4648 §6).
    pub fn base32(&self) -> String {
        Secret::new_stack(self.0).to_base32()
    }

    /// What the QR code says, in the key URI format that authenticator apps share.
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (escaped(issuer), escaped(account));
        format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_SECONDS}",
            self.base32()
        )
    }

    /// The step a code belongs to, where it is good at this moment (seconds since 1970) and its step is behind the last
    /// one used. Where several fit, which two steps in a million do, it is the newest.
    pub fn step_of(&self, code: &str, now: u64, last_used: u64) -> Option<u64> {
        let totp = self.totp()?;
        let current = now / STEP_SECONDS;
        (current.saturating_sub(1)..=current + 1)
            .rev()
            .filter(|step| *step > last_used)
            .find(|step| totp.check(code, step * STEP_SECONDS).is_some())
    }

    /// The code of a moment: for tests, and for nothing else.
    pub fn code_at(&self, now: u64) -> Option<String> {
        Some(self.totp()?.generate(now).to_string())
    }

    fn totp(&self) -> Option<Totp> {
        let secret = Secret::new_stack(self.0);
        Builder::new().with_algorithm(Algorithm::SHA1).with_skew(0).with_secret(secret).build().ok()
    }
}

/// RFC 3986 §2.3: everything but unreserved characters is escaped.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(byte.into());
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// A backup code as it is shown: 16 characters in groups of four.
pub fn backup_code(octets: [u8; BACKUP_LENGTH]) -> String {
    let text = Secret::from(octets.to_vec()).to_base32().to_lowercase();
    let groups: Vec<&str> =
        text.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join("-")
}

/// What somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Six digits: of the app.
    Code(String),
    /// A backup code as it was shown, groups and all.
    Backup(String),
    /// Neither.
    Nothing,
}

/// Reads a code, forgiving blanks, dashes and capitals.
pub fn read(text: &str) -> Typed {
    let bare: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_lowercase())
        .take(64)
        .collect();
    if bare.len() == 6 && bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return Typed::Code(bare);
    }
    let fits = bare.len() == 16 && bare.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    if !fits {
        return Typed::Nothing;
    }
    let groups: Vec<&str> =
        bare.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    Typed::Backup(groups.join("-"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6238 appendix B, the last six digits of the eight given there.
    #[test]
    fn the_vectors_of_the_standard() {
        let secret = SharedSecret::new(*b"12345678901234567890");
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code_at(time).unwrap(), code);
            assert_eq!(secret.step_of(code, time, 0), Some(time / 30));
        }
        assert_eq!(secret.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_step_before_and_behind_and_each_once() {
        let secret = SharedSecret::new([7; 20]);
        let now = 1_700_000_010;
        let step = now / 30;
        let code = |step: u64| secret.code_at(step * 30).unwrap();
        for near in [step - 1, step, step + 1] {
            assert_eq!(secret.step_of(&code(near), now, 0), Some(near));
            assert_eq!(secret.step_of(&code(near), now, near), None, "used");
            assert_eq!(secret.step_of(&code(near), now, step + 1), None, "older than one that was used");
        }
        for far in [step - 2, step + 2] {
            assert_eq!(secret.step_of(&code(far), now, 0), None);
        }
        for bad in ["", "12345", "1234567", "abcdef", "+12345", "１２３４５６"] {
            assert_eq!(secret.step_of(bad, now, 0), None, "{bad}");
        }
    }

    #[test]
    fn the_uri_is_what_apps_read() {
        let uri = SharedSecret::new([0; 20]).uri("Switchroom Demo", "a+b@demo.example");
        assert_eq!(
            uri,
            "otpauth://totp/Switchroom%20Demo:a%2Bb%40demo.example?secret=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
             &issuer=Switchroom%20Demo&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn what_is_typed() {
        assert_eq!(read(" 123 456 "), Typed::Code("123456".into()));
        assert_eq!(read("ABCD-efgh ijkl2345"), Typed::Backup("abcd-efgh-ijkl-2345".into()));
        for nothing in ["", "12345", "1234567", "abcd-efgh-ijkl-2341", "abcd-efgh-ijkl", "١٢٣٤٥٦"] {
            assert_eq!(read(nothing), Typed::Nothing, "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn a_backup_code_reads_back(octets: [u8; BACKUP_LENGTH]) {
            let code = backup_code(octets);
            prop_assert_eq!(code.len(), 19);
            prop_assert_eq!(read(&code.to_uppercase()), Typed::Backup(code));
        }

        #[test]
        fn anything_may_be_typed(text in ".{0,80}") {
            let _ = read(&text);
            let _ = SharedSecret::new([1; 20]).step_of(&text, 0, 0);
        }
    }
}
