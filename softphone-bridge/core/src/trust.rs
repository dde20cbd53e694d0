//! Networks whose calls are taken without authentication (`--sip-trust`).

use std::{fmt, net::IpAddr, str::FromStr};

/// An address block in CIDR notation; a bare address is a block of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network such as 192.0.2.0/24 or 2001:db8::/32")]
pub struct NotANetwork(String);

impl FromStr for Network {
    type Err = NotANetwork;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotANetwork(text.to_owned());
        let text = text.trim();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| wrong())?
            }
            Some(_) => return Err(wrong()),
        };
        if prefix > longest { Err(wrong()) } else { Ok(Self { address, prefix }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let shift = 32 - u32::from(self.prefix);
                u32::from(ours).checked_shr(shift).unwrap_or(0)
                    == u32::from(theirs).checked_shr(shift).unwrap_or(0)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let shift = 128 - u32::from(self.prefix);
                u128::from(ours).checked_shr(shift).unwrap_or(0)
                    == u128::from(theirs).checked_shr(shift).unwrap_or(0)
            }
            _ => false,
        }
    }
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust(Vec<Network>);

impl Default for Trust {
    /// This machine.
    fn default() -> Self {
        Self(vec![
            Network { address: IpAddr::from([127, 0, 0, 0]), prefix: 8 },
            Network { address: IpAddr::from(std::net::Ipv6Addr::LOCALHOST), prefix: 128 },
        ])
    }
}

impl FromStr for Trust {
    type Err = NotANetwork;
    /// A comma-separated list; an empty one trusts nobody.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl FromIterator<Network> for Trust {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl Trust {
    pub fn includes(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        for (trust, address, included) in [
            ("127.0.0.0/8,::1/128", "127.3.2.1", true),
            ("127.0.0.0/8,::1/128", "::1", true),
            ("127.0.0.0/8,::1/128", "128.0.0.1", false),
            ("127.0.0.0/8", "::ffff:127.0.0.1", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("192.0.2.128/25", "192.0.2.127", false),
            ("", "127.0.0.1", false),
        ] {
            let trust: Trust = trust.parse().unwrap();
            assert_eq!(trust.includes(address.parse().unwrap()), included, "{trust:?} {address}");
        }
        for wrong in ["x", "127.0.0.0/33", "::1/129", "127.0.0.1/-1", "127.0.0.1/+8", "1.2.3"] {
            assert!(wrong.parse::<Trust>().is_err(), "{wrong}");
        }
    }
}
