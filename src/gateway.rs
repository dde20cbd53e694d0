//! What the WebSocket gateway asks of the rooms it does not know: who signs in, and who may see a ticket.

use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use switchroom_api::auth::{Identity, Sessions, Tickets};
use switchroom_core::{Permission, TicketId, permission};
use switchroom_store::Database;
use switchroom_store::tickets::{self, Sight, Viewer};
use switchroom_ws as ws;

/// The API's sessions and one-use tickets, as the gateway sees them.
pub struct SignIn {
    /// Bearer tokens.
    pub sessions: Arc<Sessions>,
    /// One-use tickets.
    pub tickets: Arc<Tickets>,
}

impl ws::Authenticate for SignIn {
    fn bearer<'a>(
        &'a self,
        token: &'a str,
        tenant: Option<&'a str>,
    ) -> BoxFuture<'a, Result<ws::Identity, ws::Refusal>> {
        async move {
            match self.sessions.bearer_in(token, tenant).await {
                Ok(Some(identity)) => translated(&identity),
                Ok(None) => Err(ws::Refusal::Unauthorized),
                Err(error) => {
                    tracing::warn!(%error, "a sign-in cannot be looked up");
                    Err(ws::Refusal::Unavailable)
                }
            }
        }
        .boxed()
    }

    fn ticket<'a>(&'a self, ticket: &'a str) -> BoxFuture<'a, Result<ws::Identity, ws::Refusal>> {
        let found = self.tickets.redeem(ticket, Instant::now());
        std::future::ready(found.ok_or(ws::Refusal::Unauthorized).and_then(|identity| translated(&identity)))
            .boxed()
    }
}

fn translated(identity: &Identity) -> Result<ws::Identity, ws::Refusal> {
    let place = identity.place.as_ref().ok_or(ws::Refusal::Forbidden)?;
    let permissions = Permission::ALL.iter().copied().filter(|permission| identity.may(*permission));
    Ok(ws::Identity {
        user: identity.user_id,
        email: identity.email.as_str().into(),
        name: identity.name.as_str().into(),
        tenant: place.tenant,
        tenant_slug: place.slug.as_str().into(),
        tenant_name: place.name.as_str().into(),
        sign_in: identity.session,
        expires: identity.ends_at,
        permissions: permissions.collect(),
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
