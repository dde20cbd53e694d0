//! The person signed in, colleagues, invitations, roles, API tokens, socket tickets, and the audit log.

mod alerts;
mod audit;
pub(crate) mod contacts;
mod identity_providers;
pub(crate) mod invitations;
mod me;
mod members;
mod registrations;
pub(crate) mod roles;
mod teams;
mod tokens;
mod users;
mod ws_tickets;

use switchroom_api_base::state::AppState;
use utoipa_axum::router::OpenApiRouter;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(me::routes())
        .merge(users::routes())
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(roles::routes())
        .merge(teams::routes())
        .merge(registrations::routes())
        .merge(identity_providers::routes())
        .merge(tokens::routes())
        .merge(ws_tickets::routes())
        .merge(audit::routes())
        .merge(alerts::routes())
}
