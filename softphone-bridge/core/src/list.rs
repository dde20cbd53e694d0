//! Splitting header values where a separator separates: outside quotes and brackets.

/// The parts between separators, trimmed; empty ones included.
pub(crate) fn split(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
        for (at, c) in text.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '<' if !quoted => bracketed = true,
                '>' if !quoted => bracketed = false,
                c if c == separator && !quoted && !bracketed => {
                    rest = Some(&text[at + c.len_utf8()..]);
                    return Some(text[..at].trim());
                }
                _ => {}
            }
        }
        rest = None;
        Some(text.trim())
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn separators_in_quotes_and_brackets_separate_nothing() {
        let parts = |value| super::split(value, ',').collect::<Vec<_>>();
        assert_eq!(parts("\"A, \\\", B\" <sip:a,b@c> , d,"), ["\"A, \\\", B\" <sip:a,b@c>", "d", ""]);
        assert_eq!(parts(""), [""]);
    }
}
