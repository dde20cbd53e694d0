//! URIs and the addresses of From and To: what RFC 3261 §19.1 and §25.1 let them look like, as far as it matters for
//! telling one party from another.

use std::net::Ipv6Addr;

use crate::{list::split, message::is_token, refuse::Refused};

/// The Request-URI (§8.2.2.1, §19.1.1): a scheme we know, a host that is one, no header part, no brackets.
pub(crate) fn request_uri(uri: &str) -> Result<(), Refused> {
    let wrong = Err(Refused::Malformed("Request-URI"));
    let Some((scheme, rest)) = uri.split_once(':') else { return wrong };
    if scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) {
        return wrong;
    }
    if rest.is_empty() || rest.contains(['<', '>', '"']) || rest.bytes().any(|b| b <= b' ' || b == 0x7f) {
        return wrong;
    }
    if scheme.eq_ignore_ascii_case("tel") {
        return Ok(());
    }
    if !scheme.eq_ignore_ascii_case("sip") && !scheme.eq_ignore_ascii_case("sips") {
        return Err(Refused::UriScheme);
    }
    // The user part may hold `;` and `?`; an unescaped `@` may only end it.
    let host = rest.split_once('@').map_or(rest, |(_, host)| host);
    let (host, parameters) = host.split_once(';').unwrap_or((host, ""));
    if host.contains('?') || parameters.contains(['?', '@']) || !host_port_is_sound(host) {
        return wrong;
    }
    Ok(())
}

fn host_port_is_sound(text: &str) -> bool {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            host_is_sound(host) && !port.is_empty() && port.parse::<u16>().is_ok()
        }
        _ => host_is_sound(text),
    }
}

/// A name, an IPv4 address, or an IPv6 reference. Names are taken with underscores, which no grammar allows and many
/// hosts have.
pub(crate) fn host_is_sound(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(inside) => inside.strip_suffix(']').is_some_and(is_ipv6),
        None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
    }
}

/// The grammar of RFC 3261 lets a third colon slip in before an embedded IPv4 address, and RFC 5118 §4.10 asks to
/// tolerate it.
fn is_ipv6(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok()
        || text.split_once(":::").is_some_and(|(head, tail)| {
            tail.parse::<std::net::Ipv4Addr>().is_ok()
                && format!("{head}::{tail}").parse::<Ipv6Addr>().is_ok()
        })
}

/// `name-addr` or `addr-spec` with parameters: quotes and brackets close, and there is a URI without spaces.
pub(crate) fn is_sound(value: &str) -> bool {
    let Some(rest) = after_display_name(value) else { return false };
    let (uri, parameters) = match rest.strip_prefix('<') {
        Some(inside) => match inside.split_once('>') {
            Some((uri, parameters)) => (uri, parameters),
            None => return false,
        },
        None => rest.split_at(rest.find(';').unwrap_or(rest.len())),
    };
    let uri = if rest.starts_with('<') { uri } else { uri.trim_end() };
    let parameters = parameters.trim_start();
    uri.contains(':')
        && !uri.contains(|c: char| c.is_whitespace() || c == '<' || c == '>')
        && (parameters.is_empty() || parameters.starts_with(';'))
}

/// What follows the display name; None if its quote never closes.
pub(crate) fn after_display_name(value: &str) -> Option<&str> {
    let value = value.trim();
    if let Some(quoted) = value.strip_prefix('"') {
        let mut escaped = false;
        for (at, c) in quoted.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return Some(quoted[at + 1..].trim_start()),
                _ => {}
            }
        }
        return None;
    }
    // An unquoted display name is words before the bracket.
    match value.find('<') {
        Some(at) if value[..at].bytes().all(|b| is_token(b) || b == b' ' || b == b'\t' || b >= 0x80) => {
            Some(&value[at..])
        }
        _ => Some(value),
    }
}

/// The `tag` parameter of From or To.
pub fn tag(value: &str) -> Option<&str> {
    let rest = after_display_name(value)?;
    let parameters = match rest.strip_prefix('<') {
        Some(inside) => inside.split_once('>')?.1,
        None => rest.split_once(';')?.1,
    };
    split(parameters, ';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("tag").then_some(value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_uris() {
        for uri in [
            "sip:+33199000001@127.0.0.1:5060;user=phone",
            "sips:example.com",
            "tel:+33-1-99-00-00-01",
            "sip:sips%3Auser%40example.com@example.net",
            "sip:user;par=u%40example.net@example.com",
            "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
            "sip:[2001:db8::10]",
            "sip:[2001:db8::10]:5070",
            "sip:[2001:db8::10:5070]",
            "sip:user@[2001:db8::192.0.2.1]",
            "sip:user@[2001:db8:::192.0.2.1]",
            "sip:a@my_host",
        ] {
            assert_eq!(request_uri(uri), Ok(()), "{uri}");
        }
        for uri in [
            "sip:2001:db8::10",
            "sip:[2001:db8:::10]",
            "sip:user@[2001:db8::::192.0.2.1]",
            "sip:user@example.com?Route=%3Csip:example.com%3E",
            "sip:user@example.com;lr?x=y",
            "sip:a@b@c",
            "sip:a@b:99999",
            "sip:a@b:",
            "sip:a@",
            "sip:",
            "<sip:a@b>",
            "sip",
            ":x",
        ] {
            assert_eq!(request_uri(uri), Err(Refused::Malformed("Request-URI")), "{uri}");
        }
        for uri in
            ["mailto:a@b", "nobodyKnowsThisScheme:totallyopaquecontent", "soap.beep://192.0.2.103:3002"]
        {
            assert_eq!(request_uri(uri), Err(Refused::UriScheme), "{uri}");
        }
    }

    #[test]
    fn addresses() {
        for value in [
            "sip:a@b",
            "sip:a@b ;tag=x",
            "<sip:a@b>;tag=x",
            "caller<sip:caller@example.com>;tag=323",
            "\"Bell, Alexander\" <sip:a@b>",
            "\"\u{7}\\\0 \\\u{7f}\" <sip:a@b>",
            "Zoë Smith <sip:a@b>",
            "isbn:2983792873",
        ] {
            assert!(is_sound(value), "{value}");
        }
        for value in [
            "",
            "nonsense",
            "\"Mr. J. User <sip:j.user@example.com>",
            "<sip:a@b",
            "\"Watson, Thomas\" < sip:t.watson@example.org >",
            "Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
            "<sip:a@b> x",
            "sip:a b@c",
        ] {
            assert!(!is_sound(value), "{value}");
        }
        assert_eq!(tag("a <sip:b@c;tag=no>;x=\";tag=no\" ; Tag = yes"), Some("yes"));
        assert_eq!(tag("sip:b@c;tag=1"), Some("1"));
        assert_eq!(tag("\"a;tag=2\" <sip:b@c>"), None);
    }
}
