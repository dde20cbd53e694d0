//! What the gateway needs of its neighbours, as narrow traits: the live engine, sign-in, and sight of tickets.

use axum::http::Extensions;
use chrono::{DateTime, Utc};
use futures::{FutureExt, future::BoxFuture};
use std::sync::Arc;
use switchroom_core::{
    Grants, TenantId, TicketId, UserId,
    agent::{Chosen, PresenceView},
    frame::Frame,
    log::Cursor,
    permission::Access,
    wallboard::Wallboard,
};
use switchroom_engine::{Engine, NotDurable, ResumeError, Resumed, SubmitError};
use uuid::Uuid;

/// Who stands behind a socket.
#[derive(Clone, Debug)]
pub struct Identity {
    pub user: UserId,
    pub email: Box<str>,
    pub name: Box<str>,
    pub tenant: TenantId,
    pub tenant_slug: Box<str>,
    pub tenant_name: Box<str>,
    /// The sign-in (or API token) the socket lives under: when it ends, the socket is closed with 4401.
    pub sign_in: Uuid,
    /// When the sign-in ends by itself; `None` = when it is ended.
    pub expires: Option<DateTime<Utc>>,
    pub grants: Grants,
}

impl Identity {
    pub fn may(&self, access: Access) -> bool {
        match access {
            Access::Public | Access::SignedIn => true,
            Access::Permission(permission) => self.grants.holds(permission),
        }
    }
}

/// Why there is no identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Unknown, expired, used up: 401.
    #[error("not signed in")]
    Unauthorized,
    /// Known, but without a tenant to act in: 403.
    #[error("no tenant")]
    Forbidden,
    /// The tenant is suspended: 403.
    #[error("the tenant is suspended")]
    Suspended,
    /// It could not be found out: 503.
    #[error("sign-in is not available")]
    Unavailable,
}

/// Turns credentials into an identity. `from` is what the listener knows of the request: where it came from.
pub trait Authenticate: Send + Sync {
    /// `Authorization: Bearer token`. `tenant` is the `X-Tenant` header, which counts for platform admins only.
    fn bearer<'a>(
        &'a self,
        token: &'a str,
        tenant: Option<&'a str>,
        from: &'a Extensions,
    ) -> BoxFuture<'a, Result<Identity, Refusal>>;
    /// A one-use ticket; asking uses it up.
    fn ticket<'a>(
        &'a self,
        ticket: &'a str,
        from: &'a Extensions,
    ) -> BoxFuture<'a, Result<Identity, Refusal>>;
}

/// Whether a user may see a ticket; asked when a socket subscribes to it.
pub trait TicketAccess: Send + Sync {
    fn may_see<'a>(&'a self, who: &'a Identity, ticket: TicketId) -> BoxFuture<'a, Result<bool, Refusal>>;
}

/// The live engine, as far as sockets are concerned.
pub trait Switchboard: Send + Sync {
    /// The last durable place of the tenant's log.
    fn cursor(&self, tenant: TenantId) -> Cursor;
    /// Ends once everything decided before the call is durable. A resume reads the log behind it, so that nothing falls
    /// between the log and the live frames.
    fn settled(&self, tenant: TenantId) -> BoxFuture<'_, Result<(), NotDurable>>;
    fn frames_after(
        &self,
        tenant: TenantId,
        user: UserId,
        cursor: Cursor,
        limit: usize,
    ) -> BoxFuture<'_, Result<Resumed, ResumeError>>;
    fn open_pops(&self, tenant: TenantId, user: UserId) -> Vec<Frame>;
    /// For a socket that hears of every change from now on.
    fn wallboard(&self, tenant: TenantId) -> Arc<Wallboard>;
    fn choose_presence(
        &self,
        tenant: TenantId,
        user: UserId,
        choice: Chosen,
        reason: Option<String>,
    ) -> BoxFuture<'_, Result<PresenceView, SubmitError>>;
    fn socket_opened(&self, tenant: TenantId, user: UserId);
    fn last_socket_lost(&self, tenant: TenantId, user: UserId);
}

impl Switchboard for Engine {
    fn cursor(&self, tenant: TenantId) -> Cursor {
        self.cursor(tenant)
    }

    fn settled(&self, tenant: TenantId) -> BoxFuture<'_, Result<(), NotDurable>> {
        self.settled(tenant).boxed()
    }

    fn frames_after(
        &self,
        tenant: TenantId,
        user: UserId,
        cursor: Cursor,
        limit: usize,
    ) -> BoxFuture<'_, Result<Resumed, ResumeError>> {
        self.frames_after(tenant, user, cursor, limit).boxed()
    }

    fn open_pops(&self, tenant: TenantId, user: UserId) -> Vec<Frame> {
        self.open_pops(tenant, user)
    }

    fn wallboard(&self, tenant: TenantId) -> Arc<Wallboard> {
        self.wallboard_to_follow(tenant)
    }

    fn choose_presence(
        &self,
        tenant: TenantId,
        user: UserId,
        choice: Chosen,
        reason: Option<String>,
    ) -> BoxFuture<'_, Result<PresenceView, SubmitError>> {
        // Somebody who takes no calls, or is no member here, has no presence; nobody would be told of it.
        if !self.takes_calls(tenant, user) {
            return std::future::ready(Err(SubmitError::UnknownTenant)).boxed();
        }
        self.choose_presence(tenant, user, choice, reason).boxed()
    }

    fn socket_opened(&self, tenant: TenantId, user: UserId) {
        self.socket_opened(tenant, user);
    }

    fn last_socket_lost(&self, tenant: TenantId, user: UserId) {
        self.last_socket_lost(tenant, user);
    }
}
