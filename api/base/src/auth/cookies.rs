//! The browser's two cookies: the session (no script sees it) and the CSRF token (the page reads it and sends it back
//! in a header). Over https both carry `__Host-`, which ties them to this very host; over plain http on loopback
//! browsers refuse that prefix, so they go without.

use axum::http::{HeaderMap, HeaderValue, header};

use super::token;

pub const CSRF_HEADER: &str = "x-csrf-token";

/// Seconds a browser keeps the cookie; the server's own limits are shorter or equal.
const MAX_AGE: i64 = super::REFRESH_SECONDS as i64;

fn names(https: bool) -> (&'static str, &'static str) {
    if https {
        ("__Host-switchroom_session", "__Host-switchroom_csrf")
    } else {
        ("switchroom_session", "switchroom_csrf")
    }
}

/// The session cookie's value, if the request has one.
pub fn session(headers: &HeaderMap, https: bool) -> Option<&str> {
    find(headers, names(https).0)
}

/// The cookie of a trusted browser, if the request has one.
pub fn device(headers: &HeaderMap, https: bool) -> Option<&str> {
    find(headers, if https { "__Host-switchroom_device" } else { "switchroom_device" })
}

/// `Set-Cookie` of a trusted browser. Strict: it is only ever needed by our own sign-in page.
pub fn trust(text: &str, days: i32, https: bool) -> String {
    let (name, secure) =
        if https { ("__Host-switchroom_device", "; Secure") } else { ("switchroom_device", "") };
    let seconds = i64::from(days) * 24 * 3600;
    format!("{name}={text}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

/// The cookie of a browser that is on its way back from an identity provider.
pub fn journey(headers: &HeaderMap, https: bool) -> Option<&str> {
    find(headers, if https { "__Host-switchroom_journey" } else { "switchroom_journey" })
}

/// `Set-Cookie` of a browser that is sent to an identity provider; an empty text takes it away. Lax, since the browser
/// comes back from another site.
pub fn set_out(text: &str, seconds: i64, https: bool) -> String {
    let (name, secure) =
        if https { ("__Host-switchroom_journey", "; Secure") } else { ("switchroom_journey", "") };
    let age = if text.is_empty() { 0 } else { seconds };
    format!("{name}={text}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}")
}

fn find<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

/// Whether the request carries the CSRF token that belongs to this session cookie.
pub fn csrf_fits(headers: &HeaderMap, cookie: &str) -> bool {
    use subtle::ConstantTimeEq;
    let sent = headers.get(CSRF_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
    token::csrf_of(cookie).as_bytes().ct_eq(sent).into()
}

/// `Set-Cookie` headers that start a session in a browser.
pub fn start(cookie: &str, https: bool) -> [String; 2] {
    let (session, csrf) = names(https);
    let secure = if https { "; Secure" } else { "" };
    [
        format!("{session}={cookie}; Path=/; HttpOnly; SameSite=Lax; Max-Age={MAX_AGE}{secure}"),
        format!("{csrf}={}; Path=/; SameSite=Lax; Max-Age={MAX_AGE}{secure}", token::csrf_of(cookie)),
    ]
}

/// `Set-Cookie` headers that take both away.
pub fn clear(https: bool) -> [String; 2] {
    let (session, csrf) = names(https);
    let secure = if https { "; Secure" } else { "" };
    [
        format!("{session}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}"),
        format!("{csrf}=; Path=/; SameSite=Lax; Max-Age=0{secure}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_goes_with_https() {
        let [session, csrf] = start("swc_x", true);
        assert!(
            session.starts_with("__Host-switchroom_session=swc_x; Path=/; HttpOnly; SameSite=Lax;")
                && session.ends_with("; Secure")
        );
        assert!(csrf.starts_with("__Host-switchroom_csrf=") && !csrf.contains("HttpOnly"));
        let [session, _] = start("swc_x", false);
        assert!(session.starts_with("switchroom_session=") && !session.contains("Secure"));
    }

    #[test]
    fn cookies_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=b; switchroom_session=swc_1;c=d"));
        assert_eq!(session(&headers, false), Some("swc_1"));
        assert_eq!(session(&headers, true), None);
    }

    #[test]
    fn only_the_token_of_this_cookie_fits() {
        let mut headers = HeaderMap::new();
        assert!(!csrf_fits(&headers, "swc_1"));
        headers.insert(CSRF_HEADER, HeaderValue::from_str(&token::csrf_of("swc_1")).unwrap());
        assert!(csrf_fits(&headers, "swc_1"));
        assert!(!csrf_fits(&headers, "swc_2"));
    }
}
