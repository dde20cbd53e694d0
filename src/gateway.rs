//! What the WebSocket gateway asks of the rooms it does not know: who signs in, and who may see a ticket.

use std::sync::Arc;
use std::time::Instant;

use axum::http::Extensions;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use switchroom_api::auth::guard::note_acting;
use switchroom_api::auth::{Address, Identity, Sessions, Tickets};
use switchroom_core::{Permission, TicketId, permission};
use switchroom_store::tickets::{self, Sight, Viewer};
use switchroom_store::{Database, StoreError};
use switchroom_ws as ws;

/// The API's sessions and one-use tickets, as the gateway sees them.
pub struct SignIn {
    /// For the line that a platform admin leaves.
    pub db: Database,
    /// Bearer tokens.
    pub sessions: Arc<Sessions>,
    /// One-use tickets.
    pub tickets: Arc<Tickets>,
}

impl SignIn {
    /// Lets somebody in. A platform admin inside a tenant leaves a line there first, as with every request.
    async fn admit(&self, identity: &Identity, from: &Extensions) -> Result<ws::Identity, ws::Refusal> {
        if identity.is_suspended() {
            return Err(ws::Refusal::Suspended);
        }
        let who = translated(identity)?;
        if identity.platform {
            note_acting(&self.db, who.user, who.tenant, "GET /ws", Address::of(from))
                .await
                .map_err(|error| unavailable(&error))?;
        }
        Ok(who)
    }
}

fn unavailable(error: &StoreError) -> ws::Refusal {
    tracing::warn!(%error, "a sign-in cannot be looked up");
    ws::Refusal::Unavailable
}

impl ws::Authenticate for SignIn {
    fn bearer<'a>(
        &'a self,
        token: &'a str,
        tenant: Option<&'a str>,
        from: &'a Extensions,
    ) -> BoxFuture<'a, Result<ws::Identity, ws::Refusal>> {
        async move {
            let found = self.sessions.bearer_in(token, tenant).await.map_err(|error| unavailable(&error))?;
            let identity = found.ok_or(ws::Refusal::Unauthorized)?;
            self.admit(&identity, from).await
        }
        .boxed()
    }

    fn ticket<'a>(
        &'a self,
        ticket: &'a str,
        from: &'a Extensions,
    ) -> BoxFuture<'a, Result<ws::Identity, ws::Refusal>> {
        let found = self.tickets.redeem(ticket, Instant::now());
        async move {
            let identity = found.ok_or(ws::Refusal::Unauthorized)?;
            self.admit(&identity, from).await
        }
        .boxed()
    }
}

fn translated(identity: &Identity) -> Result<ws::Identity, ws::Refusal> {
    let place = identity.place.as_ref().ok_or(ws::Refusal::Forbidden)?;
    Ok(ws::Identity {
        user: identity.user_id,
        email: identity.email.as_str().into(),
        name: identity.name.as_str().into(),
        tenant: place.tenant,
        tenant_slug: place.slug.as_str().into(),
        tenant_name: place.name.as_str().into(),
        sign_in: identity.session,
        expires: identity.ends_at,
        grants: identity.grants,
    })
}

/// Sight of tickets, by the same statement as the API's.
pub struct TicketSight(pub Database);

impl ws::TicketAccess for TicketSight {
    fn may_see<'a>(
        &'a self,
        who: &'a ws::Identity,
        ticket: TicketId,
    ) -> BoxFuture<'a, Result<bool, ws::Refusal>> {
        async move {
            let may = |wanted| who.may(permission::Access::Permission(wanted));
            if !may(Permission::TicketsRead) {
                return Ok(false);
            }
            let sight = if may(Permission::TicketsViewAll) {
                Sight::All
            } else if may(Permission::TicketsNote) {
                Sight::Desk
            } else {
                Sight::Own
            };
            let viewer = Viewer { user: who.user, sight };
            let look = async {
                let mut tx = self.0.tenant(who.tenant).await?;
                tickets::get(&mut tx, viewer, ticket).await
            };
            match look.await {
                Ok(found) => Ok(found.is_some()),
                Err(error) => {
                    tracing::warn!(%error, "a ticket cannot be looked up");
                    Err(ws::Refusal::Unavailable)
                }
            }
        }
        .boxed()
    }
}
