//! `…/status`: where the house stands with a customer. The moves are those of `core::directory::standing`; each leaves an
//! entry in the audit log.

use axum::extract::State;
use serde::Deserialize;
use serde_json::json;
use switchroom_api_base::{
    Address, Caller, Errors, IfMatch, Incoming, Params, Problem, Validate, Versioned, state::AppState,
};
use switchroom_core::directory::standing::Standing;
use switchroom_store::{
    Contact, audit,
    contact::{self, Stood},
    individuals::Individual,
    organizations::Organization,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{begin, expected, found, individuals::IndividualView, organizations::OrganizationView, settle};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(move_individual)).routes(routes!(move_organization))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveContact {
    /// `active`, `suspended`, `inactive`.
    #[schema(value_type = String, example = "suspended")]
    status: Standing,
    /// For the audit log.
    #[serde(default)]
    reason: Option<String>,
}

impl Validate for MoveContact {
    fn validate(&self, errors: &mut Errors) {
        errors.optional_text("/reason", self.reason.as_deref(), 0, 500);
    }
}

async fn moved<C: Contact, V: From<C>>(
    state: &AppState,
    caller: &Caller,
    address: Address,
    id: Uuid,
    if_match: &IfMatch,
    body: Incoming,
) -> Result<Versioned<V>, Problem> {
    let current = found::<C>(state, caller, id).await?;
    let body: MoveContact = body.read().await?;
    let expected = expected(if_match, current.version())?;
    let mut tx = begin(state, caller.tenant).await?;
    match contact::stand::<C>(&mut tx, id, body.status, expected).await? {
        Stood::Done(contact) => {
            let address = address.text();
            let subject = format!("{} {id}", C::KIND);
            let entry = audit::Entry {
                tenant: Some(caller.tenant),
                actor: Some(caller.user_id),
                action: "contact.status_changed",
                subject: Some(&subject),
                detail: Some(
                    json!({"from": current.common().standing, "to": body.status, "reason": body.reason}),
                ),
                address: address.as_deref(),
            };
            audit::record(&mut tx, &entry).await?;
            settle(state, tx).await?;
            Ok(Versioned(contact.version(), contact.into()))
        }
        Stood::Absent => Err(Problem::not_found()),
        Stood::Stale if if_match.is_set() => Err(Problem::stale_version()),
        Stood::Stale => Err(Problem::changed_meanwhile()),
        Stood::Refused(from) => {
            Err(Problem::conflict("status-move", format!("From {from} there is no move to {}.", body.status)))
        }
    }
}

/// Activate, suspend or give up an individual.
#[utoipa::path(post, path = "/api/v1/individuals/{id}/status", tag = "directory", params(("id" = Uuid, Path), IfMatch),
    request_body = MoveContact,
    responses((status = 200, description = "The individual as it is now", body = IndividualView),
              (status = 409, description = "There is no such move (`status-move`)")))]
async fn move_individual(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<IndividualView>, Problem> {
    moved::<Individual, _>(&state, &caller, address, id, &if_match, body).await
}

/// Activate, suspend or give up an organization.
#[utoipa::path(post, path = "/api/v1/organizations/{id}/status", tag = "directory", params(("id" = Uuid, Path), IfMatch),
    request_body = MoveContact,
    responses((status = 200, description = "The organization as it is now", body = OrganizationView),
              (status = 409, description = "There is no such move (`status-move`)")))]
async fn move_organization(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<OrganizationView>, Problem> {
    moved::<Organization, _>(&state, &caller, address, id, &if_match, body).await
}
