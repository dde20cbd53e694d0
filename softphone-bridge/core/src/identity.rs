//! Who is calling, and what was dialled, out of header values and URIs. The results are texts as a person would write
//! them; reading them as telephone numbers is core's `number` room.

use crate::{address::after_display_name, list::split};

/// What a caller is called who does not want to be known.
pub const ANONYMOUS: &str = "anonymous";

/// The caller of an INVITE from a trusted source (RFC 3325): the first asserted identity that names a number, else the
/// first one, else From. Privacy (RFC 3323) makes it anonymous.
pub fn caller<'a>(
    asserted: impl Iterator<Item = &'a str>,
    from: &str,
    privacy: impl Iterator<Item = &'a str>,
) -> String {
    let hidden = privacy
        .flat_map(|value| value.split([';', ',']))
        .map(|word| word.trim().to_ascii_lowercase())
        .any(|word| matches!(word.as_str(), "id" | "user" | "header" | "session" | "history"));
    if hidden {
        return ANONYMOUS.to_owned();
    }
    // A URI may name a host alone, which is nobody.
    let somebody = |value: &str| party(value).filter(|party| !party.is_empty());
    let identities: Vec<String> = asserted.flat_map(|value| split(value, ',')).filter_map(somebody).collect();
    let numeric = identities.iter().find(|identity| looks_like_number(identity));
    numeric.or(identities.first()).cloned().or_else(|| somebody(from)).unwrap_or_else(|| ANONYMOUS.to_owned())
}

/// The dialled number of a Request-URI; None where it names nobody.
pub fn dialled(request_uri: &str) -> Option<String> {
    uri_party(request_uri).filter(|party| !party.is_empty())
}

fn looks_like_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 2 && text.bytes().all(|b| b.is_ascii_digit() || b"+-.()/ *#".contains(&b))
}

/// The party of a `name-addr` or `addr-spec`.
fn party(value: &str) -> Option<String> {
    let rest = after_display_name(value)?;
    let uri = match rest.strip_prefix('<') {
        Some(inside) => inside.split('>').next()?,
        // Without brackets the parameters are the header's (RFC 3261 §20.10).
        None => rest.split(';').next()?,
    };
    uri_party(uri)
}

fn uri_party(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.trim().split_once(':')?;
    let rest = rest.split('?').next()?;
    match scheme.to_ascii_lowercase().as_str() {
        "tel" => Some(global(rest)),
        "sip" | "sips" => {
            // An unescaped `@` belongs to the user part's end; there is at most one.
            let (user, host) = match rest.rsplit_once('@') {
                Some((user, host)) => (user, host),
                None => ("", rest),
            };
            let host = host.split([';', ':']).next().unwrap_or_default().to_ascii_lowercase();
            if host == "anonymous.invalid" || host.ends_with(".anonymous.invalid") {
                return Some(ANONYMOUS.to_owned());
            }
            // `user:password`, which nobody should send and some do.
            let user = user.split(':').next().unwrap_or_default();
            Some(global(&unescape(user)))
        }
        _ => None,
    }
}

/// A telephone-subscriber (RFC 3966): a local number with a global prefix as its context is a global number.
fn global(subscriber: &str) -> String {
    let mut parts = subscriber.split(';');
    let number = parts.next().unwrap_or_default().trim();
    let context = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("phone-context").then_some(value.trim())
    });
    match context {
        Some(prefix) if prefix.starts_with('+') && !number.starts_with('+') => {
            format!("{prefix}{}", number.strip_prefix('0').unwrap_or(number))
        }
        _ => number.to_owned(),
    }
}

/// Percent-decoding; what does not come out as UTF-8 stays as it was, and so does U+0000, which no text here may hold.
fn unescape(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let octet = (first == b'%').then(|| tail.get(..2)).flatten().and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
            u8::from_str_radix(digits, 16).ok().filter(|octet| *octet != 0)
        });
        match octet {
            Some(octet) => {
                decoded.push(octet);
                rest = &tail[2..];
            }
            None => decoded.push(first),
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(asserted: &[&str], from: &str, privacy: &[&str]) -> String {
        caller(asserted.iter().copied(), from, privacy.iter().copied())
    }

    #[test]
    fn the_caller_is_who_the_trusted_source_says() {
        let from = "\"Eve, \\\"x\\\"\" <sip:+33611111111@carrier>;tag=1";
        assert_eq!(who(&[], from, &[]), "+33611111111");
        assert_eq!(who(&["<sip:+33622222222@carrier;user=phone>"], from, &[]), "+33622222222");
        assert_eq!(who(&["\"A, B\" <sip:alice@carrier>, <tel:+33633333333>"], from, &[]), "+33633333333");
        assert_eq!(who(&["<sip:alice@carrier>"], from, &[]), "alice");
        assert_eq!(who(&["<sip:+33622222222@carrier>"], from, &["none"]), "+33622222222");
        assert_eq!(who(&["<sip:+33622222222@carrier>"], from, &["id"]), ANONYMOUS);
        assert_eq!(who(&[], from, &["user;id"]), ANONYMOUS);
        assert_eq!(who(&[], "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1", &[]), ANONYMOUS);
        assert_eq!(who(&[], "sip:0612345678@pbx;tag=1", &[]), "0612345678");
        assert_eq!(who(&[], "nonsense", &[]), ANONYMOUS);
        assert_eq!(who(&[], "<sip:carrier.example;user=phone>", &[]), ANONYMOUS);
        assert_eq!(who(&["<sip:carrier.example>, <sip:alice@carrier>"], from, &[]), "alice");
    }

    #[test]
    fn the_dialled_number_in_all_its_forms() {
        for (uri, number) in [
            ("sip:+33199000001@127.0.0.1:5060;user=phone", Some("+33199000001")),
            ("sip:33199000001@host", Some("33199000001")),
            ("sips:0033199000001@host", Some("0033199000001")),
            ("sip:0199000001;phone-context=+33@host;user=phone", Some("+33199000001")),
            ("tel:+33-1-99-00-00-01", Some("+33-1-99-00-00-01")),
            ("tel:0199000001;phone-context=+33", Some("+33199000001")),
            ("tel:201;phone-context=pbx.example", Some("201")),
            ("sip:%2B33199000001@host", Some("+33199000001")),
            ("sip:user:secret@host", Some("user")),
            ("sip:null-%00-null@host", Some("null-%00-null")),
            ("sip:host", None),
            ("mailto:a@b", None),
        ] {
            assert_eq!(dialled(uri).as_deref(), number, "{uri}");
        }
    }
}
