//! The Via header field (RFC 3261 §20.42, RFC 3581): one hop of the way that answers take back.

use std::{
    fmt::{self, Write as _},
    net::{IpAddr, SocketAddr},
};

use crate::{address::host_is_sound, list::split};

/// One `via-parm`, with spaces around its separators undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    pub transport: &'a str,
    /// As written: a name, an IPv4 address, or an IPv6 address in brackets.
    pub host: &'a str,
    pub port: Option<u16>,
    /// What follows the first semicolon.
    parameters: &'a str,
}

/// The hops of one header field; None where one of them is no hop.
pub fn hops(value: &str) -> Option<Vec<Via<'_>>> {
    split(value, ',').map(Via::read).collect()
}

impl<'a> Via<'a> {
    fn read(one: &'a str) -> Option<Self> {
        let mut parts = one.splitn(3, '/');
        let (name, version, rest) = (parts.next()?, parts.next()?, parts.next()?);
        if !name.trim().eq_ignore_ascii_case("SIP") || version.trim() != "2.0" {
            return None;
        }
        let (transport, rest) = rest.trim_start().split_once([' ', '\t'])?;
        let (sent_by, parameters) = rest.split_once(';').unwrap_or((rest, ""));
        let sent_by = sent_by.trim();
        let (host, port) = match sent_by.rsplit_once(':') {
            // The colons inside brackets are the address's.
            Some((host, port)) if !port.contains(']') => (host.trim_end(), Some(port.trim_start())),
            _ => (sent_by, None),
        };
        let port = match port {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
            Some(_) => return None,
            None => None,
        };
        let via = Self { transport, host, port, parameters };
        // A semicolon announces a parameter.
        let sound = host_is_sound(host)
            && (!rest.contains(';') || split(parameters, ';').all(|one| parameter_is_sound(one.trim())));
        sound.then_some(via)
    }

    pub fn parameters(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        split(self.parameters, ';').filter(|one| !one.trim().is_empty()).map(|one| {
            match one.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim())),
                None => (one.trim(), None),
            }
        })
    }

    /// Whether the sender wants its answer where the request came from (RFC 3581 §3).
    fn wants_source(&self) -> bool {
        self.parameters().any(|(name, _)| name.eq_ignore_ascii_case("rport"))
    }

    fn names(&self, address: IpAddr) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host.parse() == Ok(address)
    }

    /// Where an answer goes that finds no connection to go back on (RFC 3261 §18.2.2, RFC 3581 §4). A sender that names
    /// another address than its own sits behind a translator or says a name: the source is the only place it can be
    /// reached at.
    pub fn reply_to(&self, source: SocketAddr) -> SocketAddr {
        if self.wants_source() || !self.names(source.ip()) {
            return source;
        }
        SocketAddr::new(source.ip(), self.port.unwrap_or(5060))
    }

    fn write(&self, text: &mut impl fmt::Write, all: bool) -> fmt::Result {
        write!(text, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(text, ":{port}")?;
        }
        for (name, value) in self.parameters() {
            if !all && (name.eq_ignore_ascii_case("received") || name.eq_ignore_ascii_case("rport")) {
                continue;
            }
            write!(text, ";{name}")?;
            if let Some(value) = value {
                write!(text, "={value}")?;
            }
        }
        Ok(())
    }

    /// The hop as answers bear it: with the address it really came from (RFC 3261 §18.2.1, RFC 3581 §4).
    pub fn stamped(&self, source: SocketAddr) -> String {
        let mut text = String::with_capacity(96);
        // Writing to a String cannot fail.
        let _ = self.write(&mut text, false);
        if self.wants_source() || !self.names(source.ip()) {
            let _ = write!(text, ";received={};rport={}", source.ip(), source.port());
        }
        text
    }
}

impl fmt::Display for Via<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, true)
    }
}

fn parameter_is_sound(one: &str) -> bool {
    let (name, value) = match one.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (one, None),
    };
    let name_is_sound = !name.is_empty() && name.bytes().all(crate::message::is_token);
    name_is_sound
        && value
            .is_none_or(|value| value.starts_with('"') || (!value.is_empty() && !value.contains([' ', '\t'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: &str) -> Option<String> {
        let hops = hops(value)?;
        Some(hops[0].stamped("192.0.2.9:40000".parse().unwrap()))
    }

    #[test]
    fn hops_in_all_their_forms() {
        for (value, stamped) in [
            ("SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx"),
            ("SIP/2.0/UDP a;rport", "SIP/2.0/UDP a;received=192.0.2.9;rport=40000"),
            (
                "SIP/2.0/UDP 192.0.2.9:5062 ; rport = 1 ;branch = b",
                "SIP/2.0/UDP 192.0.2.9:5062;branch=b;received=192.0.2.9;rport=40000",
            ),
            (
                "SIP  /   2.0  /UDP     192.0.2.2;branch=390skdjuw",
                "SIP/2.0/UDP 192.0.2.2;branch=390skdjuw;received=192.0.2.9;rport=40000",
            ),
            (
                "SIP/2.0/UDP [2001:db8::9:1]:6050;received=[2001:db8::9:255];x=\"a;b\"",
                "SIP/2.0/UDP [2001:db8::9:1]:6050;x=\"a;b\";received=192.0.2.9;rport=40000",
            ),
        ] {
            assert_eq!(one(value).as_deref(), Some(stamped), "{value}");
        }
        for wrong in [
            "",
            "SIP/2.0/UDP",
            "SIP/3.0/UDP a",
            "HTTP/2.0/UDP a",
            "SIP/2.0/UDP a b",
            "SIP/2.0/UDP a:x",
            "SIP/2.0/UDP a:70000",
            "SIP/2.0/UDP 2001:db8::1",
            "SIP/2.0/UDP a;;,;,,",
            "SIP/2.0/UDP a;",
            "SIP/2.0/UDP a;=b",
            "SIP/2.0/UDP a,",
        ] {
            assert_eq!(one(wrong), None, "{wrong}");
        }
        assert_eq!(hops("SIP/2.0/UDP a, SIP/2.0/TCP b").map(|hops| hops.len()), Some(2));
    }

    #[test]
    fn answers_find_their_way() {
        let source: SocketAddr = "192.0.2.9:40000".parse().unwrap();
        for (value, to) in [
            ("SIP/2.0/UDP 192.0.2.9:5062", "192.0.2.9:5062"),
            ("SIP/2.0/UDP 192.0.2.9", "192.0.2.9:5060"),
            ("SIP/2.0/UDP 192.0.2.9:5062;rport", "192.0.2.9:40000"),
            // Behind a translator, or by name: the source is the only place known to work.
            ("SIP/2.0/UDP 10.0.0.1:5062", "192.0.2.9:40000"),
            ("SIP/2.0/UDP pbx.example", "192.0.2.9:40000"),
        ] {
            assert_eq!(hops(value).unwrap()[0].reply_to(source), to.parse().unwrap(), "{value}");
        }
    }
}
