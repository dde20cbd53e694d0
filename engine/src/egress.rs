//! Where requests may go that this program makes because a tenant wrote the address down: events to endpoints, questions
//! to identity providers. A tenant's admin must not reach by it what only this machine or its network can (SSRF): the
//! name is resolved once, every address it has must be one of the internet, and the connection goes to what was looked
//! at, not to what a second look-up might say. Whoever asks follows no redirect and no proxy.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    Client, ClientBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use switchroom_core::internet::is_public;

/// Why a URL is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    #[error("is not a URL")]
    NotAUrl,
    #[error("must begin with https://")]
    Scheme,
    #[error("must not hold a user or password")]
    Credentials,
    #[error("must not have a fragment")]
    Fragment,
    #[error("names an address that is not of the internet")]
    Private,
}

/// Decides on addresses. Cheap to clone.
#[derive(Clone)]
pub struct Guard {
    /// Addresses that are fine although they are not of the internet; the operator's word.
    allowed: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    any_allowed: bool,
    /// Plain http: what is said can be read on the way, so it goes to allowed addresses only.
    plain: bool,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("any_allowed", &self.any_allowed).finish_non_exhaustive()
    }
}

impl Default for Guard {
    /// The internet only.
    fn default() -> Self {
        Self { allowed: Arc::new(|_| false), any_allowed: false, plain: false }
    }
}

impl Guard {
    /// The internet by https, and what `allowed` says, by plain http too.
    pub fn allowing(allowed: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self { allowed: Arc::new(allowed), any_allowed: true, plain: false }
    }

    /// Anywhere at all, for operators who vouch for whoever writes the addresses.
    pub fn anywhere() -> Self {
        Self::allowing(|_| true)
    }

    /// The same for plain http.
    fn of_plain(&self) -> Self {
        Self { plain: true, ..self.clone() }
    }

    fn takes(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        (is_public(address) && !self.plain) || (self.allowed)(address)
    }

    /// What carries requests where this guard lets them, made from what `builder` sets.
    pub fn clients(&self, builder: impl Fn() -> ClientBuilder) -> Result<Clients, reqwest::Error> {
        let client = |guard: Self| builder().dns_resolver(Arc::new(guard)).build();
        Ok(Clients { https: client(self.clone())?, plain: client(self.of_plain())? })
    }

    /// The URL, if requests may go there as far as can be told without looking its name up.
    pub fn check(&self, text: &str) -> Result<Url, BadTarget> {
        let url = Url::parse(text).map_err(|_| BadTarget::NotAUrl)?;
        let guard = match url.scheme() {
            "https" => self.clone(),
            "http" if self.any_allowed => self.of_plain(),
            _ => return Err(BadTarget::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadTarget::Credentials);
        }
        if url.fragment().is_some() {
            return Err(BadTarget::Fragment);
        }
        // The parser has read every way to write an address (octal, hexadecimal, one number) into the usual one.
        let host = url.host_str().ok_or(BadTarget::NotAUrl)?;
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(address) if guard.takes(address) => Ok(url),
            // It would do by https.
            Ok(address) if self.takes(address) => Err(BadTarget::Scheme),
            Ok(_) => Err(BadTarget::Private),
            // A name: its addresses are looked at when it is asked.
            Err(_) => Ok(url),
        }
    }
}

/// Two clients, because a name is looked up without saying what for: plain http reaches less.
#[derive(Clone, Debug)]
pub struct Clients {
    https: Client,
    plain: Client,
}

impl Clients {
    /// The one for a URL that the guard has checked.
    pub fn to(&self, url: &Url) -> &Client {
        if url.scheme() == "https" { &self.https } else { &self.plain }
    }
}

/// No address, or one that is refused: of a name that has both kinds nothing is taken, because which one a connection
/// would go to is chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWay {
    #[error("the name has no address")]
    Unknown,
    #[error("the name leads to an address that is not of the internet")]
    Private,
    #[error("plain http goes to allowed networks only")]
    Plain,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(guard.choose(found)?)
        })
    }
}

impl Guard {
    fn choose(&self, found: Vec<SocketAddr>) -> Result<Addrs, NoWay> {
        if found.is_empty() {
            return Err(NoWay::Unknown);
        }
        if found.iter().any(|address| !self.takes(address.ip())) {
            return Err(if self.plain { NoWay::Plain } else { NoWay::Private });
        }
        Ok(Box::new(found.into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let guard = Guard::default();
        for good in ["https://hooks.example/x?y=1", "https://1.1.1.1/", "https://[2606:4700::1111]:8443/"] {
            assert!(guard.check(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("hooks.example", BadTarget::NotAUrl),
            ("", BadTarget::NotAUrl),
            ("https://", BadTarget::NotAUrl),
            ("http://hooks.example/", BadTarget::Scheme),
            ("file:///etc/passwd", BadTarget::Scheme),
            ("gopher://x/", BadTarget::Scheme),
            ("https://u:p@hooks.example/", BadTarget::Credentials),
            ("https://u@hooks.example/", BadTarget::Credentials),
            ("https://hooks.example/#x", BadTarget::Fragment),
            ("https://127.0.0.1/", BadTarget::Private),
            ("https://127.1/", BadTarget::Private),
            ("https://0x7f000001/", BadTarget::Private),
            ("https://2130706433/", BadTarget::Private),
            ("https://0177.0.0.1/", BadTarget::Private),
            ("https://169.254.169.254/latest/meta-data", BadTarget::Private),
            ("https://[::1]/", BadTarget::Private),
            ("https://[::ffff:10.0.0.1]/", BadTarget::Private),
            ("https://[fe80::1]/", BadTarget::Private),
        ] {
            assert_eq!(guard.check(bad).unwrap_err(), why, "{bad}");
        }
        let local = Guard::allowing(|address| address.is_loopback());
        assert!(local.check("http://127.0.0.1:8080/").is_ok() && local.check("http://[::1]/").is_ok());
        assert_eq!(local.check("http://10.0.0.1/").unwrap_err(), BadTarget::Private);
        // One allowed network opens no other to plain http.
        assert_eq!(local.check("http://1.1.1.1/").unwrap_err(), BadTarget::Scheme);
        assert!(local.check("https://1.1.1.1/").is_ok());
        assert!(Guard::anywhere().check("http://1.1.1.1/").is_ok());
    }

    #[test]
    fn a_name_with_one_bad_address_leads_nowhere() {
        let guard = Guard::default();
        let addresses =
            |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        assert_eq!(guard.choose(addresses(&["1.1.1.1:0", "[2606:4700::1]:0"])).unwrap().count(), 2);
        assert_eq!(guard.choose(addresses(&["1.1.1.1:0", "10.0.0.1:0"])).err(), Some(NoWay::Private));
        assert_eq!(guard.choose(addresses(&["[::1]:0"])).err(), Some(NoWay::Private));
        assert_eq!(guard.choose(Vec::new()).err(), Some(NoWay::Unknown));
        let local = Guard::allowing(|address| address.is_loopback()).of_plain();
        assert_eq!(local.choose(addresses(&["[::1]:0"])).unwrap().count(), 1);
        assert_eq!(local.choose(addresses(&["1.1.1.1:0"])).err(), Some(NoWay::Plain));
        assert_eq!(local.choose(addresses(&["127.0.0.1:0", "1.1.1.1:0"])).err(), Some(NoWay::Plain));
    }

    #[tokio::test]
    async fn names_of_this_machine_are_looked_up_and_refused() {
        let refused = Guard::default().resolve("localhost".parse().unwrap()).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("not of the internet")));
        let local = Guard::allowing(|address| address.is_loopback());
        assert!(local.resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
