//! Who makes the request, as handlers take it. The guard has put it there after it found the request permitted.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, StatusCode, request::Parts},
};
use switchroom_core::{
    Grants, Permission, Role, TenantId, UserId,
    number::Region,
    people::{Authority, Giving},
    role::Modules,
};
use uuid::Uuid;

use super::sessions::{Identity, Place};
use crate::problem::Problem;

/// Somebody signed in, in a tenant or (platform admin) in none.
#[derive(Clone, Debug)]
pub struct Actor(pub Arc<Identity>);

/// Somebody signed in and acting in a tenant.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user_id: UserId,
    pub email: String,
    pub name: String,
    pub tenant: TenantId,
    pub tenant_slug: String,
    pub tenant_name: String,
    /// Numbers without a country code are read in this region.
    pub region: Region,
    /// None for a platform admin.
    pub role: Option<Role>,
    pub modules: Modules,
    /// What the sign-in may.
    pub grants: Grants,
    /// What they may give to others.
    pub gives: Grants,
    pub platform: bool,
    /// The session's id, or the API token's.
    pub session: Uuid,
    pub extension: Option<String>,
}

impl Actor {
    pub fn may(&self, permission: Permission) -> bool {
        self.0.may(permission)
    }

    /// The caller, where a tenant is named.
    pub fn in_tenant(&self) -> Option<Caller> {
        self.0.place.as_ref().map(|place| Caller::new(&self.0, place))
    }
}

impl Caller {
    fn new(identity: &Identity, place: &Place) -> Self {
        Self {
            user_id: identity.user_id,
            email: identity.email.clone(),
            name: identity.name.clone(),
            tenant: place.tenant,
            tenant_slug: place.slug.clone(),
            tenant_name: place.name.clone(),
            region: place.region,
            role: place.role,
            modules: place.modules,
            grants: identity.grants,
            gives: identity.gives,
            platform: identity.platform,
            session: identity.session,
            extension: place.extension.clone(),
        }
    }

    /// For what depends on the record or the body; the endpoint's own permission was checked before.
    pub fn may(&self, permission: Permission) -> bool {
        self.grants.holds(permission)
    }

    /// On whose authority this is done; None for somebody who is neither a member nor the platform admin.
    pub fn authority(&self) -> Option<Authority> {
        if self.platform { Some(Authority::Platform) } else { self.role.map(Authority::Member) }
    }

    /// What they may make of others; None as for [`Caller::authority`].
    pub fn giving(&self) -> Option<Giving> {
        self.authority().map(|authority| Giving { authority, grants: self.gives })
    }

    /// 403 unless the caller's authority reaches a person of that role.
    pub fn require_reach(&self, role: Role) -> Result<(), Problem> {
        if self.authority().is_some_and(|authority| authority.reaches(role)) {
            Ok(())
        } else {
            Err(out_of_reach())
        }
    }

    /// 403 unless [`Caller::may`].
    pub fn require(&self, permission: Permission) -> Result<(), Problem> {
        if self.may(permission) { Ok(()) } else { Err(Problem::forbidden()) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthenticated)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Actor::from_request_parts(parts, state).await?.in_tenant().ok_or_else(tenant_required)
    }
}

/// 403: an owner answers to owners only.
pub fn out_of_reach() -> Problem {
    Problem::forbidden().detail("Only an owner of the tenant does this with an owner.")
}

pub(super) fn tenant_required() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "tenant-required", "Name a tenant")
        .detail("This sign-in is bound to no tenant: name one by the header X-Tenant.")
}

/// Where the request came from: who is at the other end of the connection, unless that is a proxy the operator trusts.
#[derive(Clone, Copy, Debug)]
pub struct Address(pub Option<IpAddr>);

/// The proxies that the operator trusts to say whom they speak for. Nobody's header is believed unless it comes from one.
#[derive(Clone)]
pub struct Proxies(Arc<dyn Fn(IpAddr) -> bool + Send + Sync>);

impl Default for Proxies {
    /// None.
    fn default() -> Self {
        Self::trusting(|_| false)
    }
}

impl std::fmt::Debug for Proxies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proxies")
    }
}

impl Proxies {
    pub fn trusting(which: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(which))
    }

    /// Who is behind the connection. Each proxy adds at the end of X-Forwarded-For whom it heard, so it is read from there:
    /// the first that is not a trusted proxy itself is the client, and what stands before, anybody could have written.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        for hop in lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(',')) {
            if !(self.0)(client) {
                break;
            }
            // What cannot be read was not written by a proxy we know: the one before it is as far as we see.
            let Some(next) = hop_address(hop.trim()) else { break };
            client = next;
        }
        client
    }
}

const FORWARDED_FOR: &str = "x-forwarded-for";

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let plain = hop.parse::<IpAddr>().ok();
    let address = plain.or_else(|| hop.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()));
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    address.or_else(bracketed).map(|address| address.to_canonical())
}

impl Address {
    /// What the listener has found out; elsewhere (tests of the router alone) the peer.
    pub fn of(extensions: &Extensions) -> Self {
        let peer =
            || Self(extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical()));
        extensions.get::<Self>().copied().unwrap_or_else(peer)
    }

    pub fn text(self) -> Option<String> {
        self.0.map(|address| address.to_string())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.extensions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_say_whom_they_speak_for() {
        let proxies = Proxies::trusting(|address| match address {
            IpAddr::V4(address) => address.octets()[0] == 10,
            IpAddr::V6(address) => address.is_loopback(),
        });
        for (peer, lines, client) in [
            ("192.0.2.1", vec!["203.0.113.9"], "192.0.2.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.0.0.1", vec!["203.0.113.9"], "203.0.113.9"),
            ("::1", vec!["::ffff:203.0.113.9"], "203.0.113.9"),
            // What the client wrote itself stands before what the proxy added.
            ("10.0.0.1", vec!["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", vec!["127.0.0.1", "203.0.113.9"], "203.0.113.9"),
            // A row of proxies.
            ("10.0.0.1", vec!["1.1.1.1, 203.0.113.9, 10.0.0.3,10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", vec!["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", vec!["203.0.113.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", vec!["203.0.113.9, , 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", vec!["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", vec!["[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.0.0.1", vec!["[2001:db8::1]"], "2001:db8::1"),
            ("10.0.0.1", vec!["2001:db8::1"], "2001:db8::1"),
        ] {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers.append(FORWARDED_FOR, line.parse().unwrap());
            }
            let found = proxies.client(peer.parse().unwrap(), &headers);
            assert_eq!(found.to_string(), client, "{peer} {lines:?}");
            let nobody = Proxies::default().client(peer.parse().unwrap(), &headers);
            assert_eq!(nobody, peer.parse::<IpAddr>().unwrap().to_canonical());
        }
    }
}
