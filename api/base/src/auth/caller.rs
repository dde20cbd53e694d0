//! Who makes the request, as handlers take it. The guard has put it there after it found the request permitted.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, StatusCode, request::Parts},
};
use switchroom_core::{
    Grants, Permission, Role, TenantId, UserId, number::Region, people::Authority, role::Modules,
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

/// Where the request came from. No header is believed: who is behind a proxy shares its address.
#[derive(Clone, Copy, Debug)]
pub struct Address(pub Option<IpAddr>);

impl Address {
    pub fn of(extensions: &Extensions) -> Self {
        Self(extensions.get::<ConnectInfo<std::net::SocketAddr>>().map(|info| info.0.ip().to_canonical()))
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
