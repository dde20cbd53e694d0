//! Requests that this server makes to addresses tenants wrote down: only to the world outside, so that nobody makes us
//! knock at doors of our own network (SSRF), whatever a name resolves to and however often it changes its mind.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};

/// One request, from the first packet to the last.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const LONGEST: usize = 1024 * 1024;

/// Why a request did not lead anywhere. None of it is for clients' eyes.
#[derive(Debug, thiserror::Error)]
pub enum Outbound {
    #[error("the address is not one that is asked")]
    Forbidden,
    #[error("the answer is longer than {LONGEST} octets")]
    TooLong,
    #[error("status {0}")]
    Status(u16),
    #[error("the answer is not what was expected: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

/// Asks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Asker {
    client: Client,
    private: bool,
}

impl Asker {
    /// `private` lifts the limits, for operators whose identity provider stands in their own network.
    pub fn new(private: bool) -> Result<Self, Outbound> {
        let mut builder = Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(Duration::from_secs(5))
            // An answer that sends us elsewhere is not followed: elsewhere was not looked at.
            .redirect(Policy::none())
            .no_proxy();
        if !private {
            builder = builder.dns_resolver(Arc::new(Outside));
        }
        Ok(Self { client: builder.build()?, private })
    }

    /// The address, where it may be asked: https to a host outside. The host's addresses are looked at when it is asked.
    pub fn check(&self, url: &str) -> Result<Url, Outbound> {
        let url = Url::parse(url).map_err(|_| Outbound::Forbidden)?;
        let fine = match url.scheme() {
            "https" => true,
            "http" => self.private,
            _ => false,
        };
        if !fine || !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(Outbound::Forbidden);
        }
        let host = url.host_str().ok_or(Outbound::Forbidden)?;
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(address) if !self.private && !is_outside(address) => Err(Outbound::Forbidden),
            _ => Ok(url),
        }
    }

    /// The JSON at an address.
    pub async fn get(&self, url: &str) -> Result<serde_json::Value, Outbound> {
        let url = self.check(url)?;
        read(self.client.get(url).header("accept", "application/json").send().await?).await
    }

    /// The JSON that a form is answered with.
    pub async fn post_form(
        &self,
        url: &str,
        form: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<serde_json::Value, Outbound> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = self
            .client
            .post(self.check(url)?)
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        if let Some((user, password)) = basic {
            request = request.basic_auth(user, Some(password));
        }
        read(request.send().await?).await
    }
}

async fn read(mut response: reqwest::Response) -> Result<serde_json::Value, Outbound> {
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LONGEST {
            return Err(Outbound::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    if status.is_success() {
        Ok(serde_json::from_slice(&body)?)
    } else {
        Err(Outbound::Status(status.as_u16()))
    }
}

/// Resolves names, and leaves out every address that is not outside.
struct Outside;

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let outside: Vec<SocketAddr> = found.filter(|address| is_outside(address.ip())).collect();
            if outside.is_empty() {
                return Err(Outbound::Forbidden.into());
            }
            Ok(Box::new(outside.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is of the world outside: not of this machine, this network, or a range set aside (RFC 6890).
pub fn is_outside(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => v4_is_outside(address),
        IpAddr::V6(address) => v6_is_outside(address),
    }
}

fn v4_is_outside(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 224)
}

fn v6_is_outside(address: Ipv6Addr) -> bool {
    let s = address.segments();
    // 64:ff9b::/96 and 2002::/16 carry an IPv4 address within.
    if s[0] == 0x64 && s[1] == 0xff9b {
        return s[2..6] == [0; 4] && v4_is_outside(Ipv4Addr::from((u32::from(s[6]) << 16) | u32::from(s[7])));
    }
    if s[0] == 0x2002 {
        return v4_is_outside(Ipv4Addr::from((u32::from(s[1]) << 16) | u32::from(s[2])));
    }
    // Only 2000::/3 is global; of it, not Teredo, ORCHID or documentation.
    (s[0] & 0xe000) == 0x2000
        && !(s[0] == 0x2001 && s[1] < 0x200)
        && !(s[0] == 0x2001 && s[1] == 0xdb8)
        && s[0] != 0x3fff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_is_not_outside() {
        for inside in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_outside(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"] {
            assert!(is_outside(outside.parse().unwrap()), "{outside}");
        }
    }

    #[tokio::test]
    async fn addresses_that_are_not_asked() {
        let asker = Asker::new(false).unwrap();
        for bad in [
            "http://id.example",
            "https://127.0.0.1",
            "https://[::1]:8443/",
            "https://u:p@id.example",
            "file:///etc/passwd",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://id.example/#x",
            "",
            "id.example",
            "gopher://id.example",
        ] {
            assert!(asker.check(bad).is_err(), "{bad}");
        }
        assert!(asker.check("https://id.example/realm?x=1").is_ok());
        let refused = asker.get("https://localhost:1/").await;
        assert!(refused.is_err(), "a name that leads inside");
        let private = Asker::new(true).unwrap();
        assert!(private.check("http://127.0.0.1:8080").is_ok() && private.check("ftp://127.0.0.1").is_err());
    }
}
