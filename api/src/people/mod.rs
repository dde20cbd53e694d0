//! The person signed in, colleagues, invitations, roles, API tokens, socket tickets, and the audit log.

mod audit;
mod invitations;
mod me;
mod members;
mod roles;
mod tokens;
mod users;
mod ws_tickets;

use utoipa_axum::router::OpenApiRouter;

use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(me::routes())
        .merge(users::routes())
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(roles::routes())
        .merge(tokens::routes())
        .merge(ws_tickets::routes())
        .merge(audit::routes())
}
