//! The number by which a tax office knows an organization: a VAT number, a tax number, a SIREN. Each country has forms of its
//! own and a company may have several, so it is kept as it is written, and only what can be none is refused.

/// Characters of a tax id.
pub const MAX_TAX_ID: usize = 64;

/// Why a text is no tax id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTaxId {
    #[error("must have 1 to {MAX_TAX_ID} characters")]
    Length,
    #[error("must not have control characters")]
    Control,
}

/// The tax id as it is stored: without the blanks around it.
pub fn read(text: &str) -> Result<&str, NoTaxId> {
    let text = text.trim();
    if !(1..=MAX_TAX_ID).contains(&text.chars().count()) {
        return Err(NoTaxId::Length);
    }
    if text.contains(char::is_control) { Err(NoTaxId::Control) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_writing_of_one_line_is_a_tax_id() {
        for good in [" DE 123 456 789 ", "1", "СССР-1", &"9".repeat(64)] {
            assert_eq!(read(good), Ok(good.trim()));
        }
        for (bad, fault) in [
            ("", NoTaxId::Length),
            (" \n ", NoTaxId::Length),
            (&*"9".repeat(65), NoTaxId::Length),
            ("DE1\n2", NoTaxId::Control),
            ("DE\u{0}1", NoTaxId::Control),
        ] {
            assert_eq!(read(bad), Err(fault), "{bad:?}");
        }
    }
}
