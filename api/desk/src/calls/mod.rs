//! `/calls` and `/events`: calls as the log left them, and the log itself. Nothing here changes a call; events do.

mod log;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use switchroom_api_base::{
    Json,
    auth::Caller,
    list::{Filter, ListQuery, Page},
    problem::Problem,
    reply::{Params, Versioned},
    state::AppState,
};
use switchroom_core::{
    BotId, CallId, ConnectionId, NumberId, Permission, UserId,
    call::CallState,
    number::{Region, normalise},
};
use switchroom_store::{
    TenantTx,
    calls::{self as store, CallFilter, CallRecord, CallSort},
    listing::Window,
    numbers::HeldThen,
    tickets::{self, TicketFilter, TicketSort},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    directory::{page, place, position_at},
    phone_numbers::EndpointThen,
    tickets::{TicketView, viewer},
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(list_tickets))
        .merge(log::routes())
}

/// A call, from the first ring to the last hang-up.
#[derive(Serialize, ToSchema)]
pub struct CallView {
    id: Uuid,
    connection_id: Uuid,
    #[schema(example = "pbx-77")]
    provider_call_id: String,
    #[schema(example = "inbound")]
    direction: &'static str,
    /// `ringing`, `answered`, `held`, `transferring`, `ended`.
    #[schema(example = "ended")]
    state: &'static str,
    /// `completed`, `missed`, `abandoned`, `busy`, `rejected`, `failed`, `voicemail`; null until it ended.
    #[schema(example = "completed")]
    end_reason: Option<&'static str>,
    /// E.164 where it is one, an extension's digits, else as sent; null when withheld.
    #[schema(example = "+33612345678")]
    from: Option<String>,
    #[schema(example = "+33199000001")]
    to: Option<String>,
    /// The line of ours that was dialled.
    number_id: Option<Uuid>,
    /// The bot that line rang when the call came.
    bot_id: Option<Uuid>,
    queue: Option<String>,
    /// Who answered.
    agent_id: Option<Uuid>,
    contact: Option<CallContact>,
    /// How the line that was dialled was held when the call came; only of a single call, null where no history tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<LineThen>,
    ticket_ids: Vec<Uuid>,
    started_at: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    version: i64,
}

/// Whom the caller was found to be.
#[derive(Serialize, ToSchema)]
pub struct CallContact {
    /// `organization_contact`, `organization`, `individual`, `email_contact`.
    #[schema(example = "individual")]
    kind: &'static str,
    id: Uuid,
    /// As the directory has it now; null once deleted.
    name: Option<String>,
    /// Of an organization's contact: whose.
    organization_id: Option<Uuid>,
}

/// A line at the time of a call. It may be another's by now.
#[derive(Serialize, ToSchema)]
pub struct LineThen {
    held_since: DateTime<Utc>,
    /// Null while it still is.
    held_until: Option<DateTime<Utc>>,
    /// What it rang.
    endpoint: Option<EndpointThen>,
}

impl From<HeldThen> for LineThen {
    fn from(held: HeldThen) -> Self {
        let name = held.name;
        Self {
            held_since: held.since,
            held_until: held.until,
            endpoint: held.endpoint.map(|endpoint| EndpointThen::of(endpoint, name)),
        }
    }
}

impl From<CallRecord> for CallView {
    fn from(record: CallRecord) -> Self {
        let call = record.call;
        Self {
            id: call.id.0,
            connection_id: call.connection_id.0,
            provider_call_id: call.provider_call_id,
            direction: call.direction.as_str(),
            state: call.state.as_str(),
            end_reason: call.end_reason.map(|reason| reason.as_str()),
            from: call.from,
            to: call.to,
            number_id: call.number_id.map(|id| id.0),
            bot_id: call.bot_id.map(|id| id.0),
            queue: call.queue,
            agent_id: call.agent_id.map(|id| id.0),
            contact: call.contact.map(|contact| CallContact {
                kind: contact.kind.name(),
                id: contact.id,
                name: record.contact_name,
                organization_id: record.contact_organization,
            }),
            line: record.line.map(LineThen::from),
            ticket_ids: record.tickets.into_iter().map(|id| id.0).collect(),
            started_at: call.started_at,
            answered_at: call.answered_at,
            ended_at: call.ended_at,
            version: record.version,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CallQuery {
    provider_call_id: Option<String>,
    connection_id: Option<Uuid>,
    /// In any form; without a country code it is read in the tenant's region.
    from: Option<String>,
    to: Option<String>,
    /// `ringing`, `answered`, `held`, `transferring`, `ended`.
    #[param(value_type = Option<String>)]
    state: Option<CallState>,
    /// Who answered.
    agent_id: Option<Uuid>,
    number_id: Option<Uuid>,
    /// Calls to lines that rang this bot when they came.
    bot_id: Option<Uuid>,
    /// Id of the individual, organization or contact.
    contact_id: Option<Uuid>,
    /// Calls of the organization and of its contacts.
    organization_id: Option<Uuid>,
    started_after: Option<DateTime<Utc>>,
    started_before: Option<DateTime<Utc>>,
}

impl CallQuery {
    fn filter(self, region: Region) -> CallFilter {
        // As calls are stored: the same normaliser reads what is asked for.
        let number =
            |text: Option<String>| text.map(|text| normalise(&text, region).display().unwrap_or(text));
        CallFilter {
            provider_call_id: self.provider_call_id,
            connection_id: self.connection_id.map(ConnectionId),
            from: number(self.from),
            to: number(self.to),
            state: self.state,
            agent_id: self.agent_id.map(UserId),
            number_id: self.number_id.map(NumberId),
            bot_id: self.bot_id.map(BotId),
            contact: self.contact_id,
            organization: self.organization_id,
            started_after: self.started_after,
            started_before: self.started_before,
        }
    }
}

/// Calls
///
/// Sorted by `started_at`, newest first unless `sort=started_at`.
#[utoipa::path(get, path = "/api/v1/calls", tag = "calls", operation_id = "list_calls", params(ListQuery, CallQuery),
    responses((status = 200, description = "A page of calls", body = Page<CallView>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(query): Filter<CallQuery>,
) -> Result<Json<Page<CallView>>, Problem> {
    let (_, descending) = list.sort_by(&["-started_at"])?;
    let order = place("started_at", descending);
    let after = position_at(&list, &order)?;
    let window =
        Window { sort: CallSort::StartedAt, descending, after, limit: list.limit, count: list.count };
    let mut tx = state.db.reading(caller.tenant).await?;
    let mut slice = store::list(&mut tx, &query.filter(caller.region), &window).await?;
    name_callers(&mut tx, &mut slice.items).await?;
    tx.commit().await?;
    Ok(Json(page(slice, &order, CallView::from)))
}

/// One call
///
/// A call that is not durable yet is waited for, at most 5 seconds.
#[utoipa::path(get, path = "/api/v1/calls/{id}", tag = "calls", operation_id = "get_call", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The call", body = CallView), (status = 503, description = "Not durable in time; see Retry-After")))]
async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<CallView>, Problem> {
    let (mut tx, mut record) = found(&state, &caller, CallId(id)).await?;
    name_callers(&mut tx, std::slice::from_mut(&mut record)).await?;
    tx.commit().await?;
    let view = CallView::from(record);
    Ok(Versioned(view.version, view))
}

/// Calls that rang as a stranger's are shown with the contact of the ticket that made the stranger known; every
/// contact with its name.
async fn name_callers(tx: &mut TenantTx, calls: &mut [CallRecord]) -> Result<(), Problem> {
    let unnamed = calls.iter().filter(|record| record.call.contact.is_none() && !record.tickets.is_empty());
    let ids: Vec<CallId> = unnamed.map(|record| record.call.id).collect();
    if !ids.is_empty() {
        for (id, contact) in tickets::contacts_of_calls(tx, &ids).await? {
            if let Some(record) = calls.iter_mut().find(|record| record.call.id == id) {
                record.call.contact = Some(contact);
            }
        }
    }
    Ok(store::follow_contacts(tx, calls).await?)
}

/// The call, waited for until it is durable; 404 when the tenant has none.
async fn found(state: &AppState, caller: &Caller, id: CallId) -> Result<(TenantTx, CallRecord), Problem> {
    state.wait_durable(id).await?;
    let mut tx = state.db.reading(caller.tenant).await?;
    let record = store::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    Ok((tx, record))
}

/// Tickets of a call
///
/// Those the caller of this endpoint may see.
#[utoipa::path(get, path = "/api/v1/calls/{id}/tickets", tag = "calls", operation_id = "list_call_tickets", params(("id" = Uuid, Path), ListQuery),
    responses((status = 200, description = "A page of tickets", body = Page<TicketView>), (status = 503, description = "Not durable in time; see Retry-After")))]
async fn list_tickets(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    list: ListQuery,
) -> Result<Json<Page<TicketView>>, Problem> {
    // Module flags may take tickets away from somebody who sees calls.
    caller.require(Permission::TicketsRead)?;
    let (_, descending) = list.sort_by(&["-created_at"])?;
    let order = place("created_at", descending);
    let after = position_at(&list, &order)?;
    let window =
        Window { sort: TicketSort::CreatedAt, descending, after, limit: list.limit, count: list.count };
    let (mut tx, _) = found(&state, &caller, CallId(id)).await?;
    let viewer = viewer(&caller);
    let filter = TicketFilter { call: Some(CallId(id)), ..TicketFilter::default() };
    let slice = tickets::list(&mut tx, viewer, &filter, &window).await?;
    tx.commit().await?;
    Ok(Json(page(slice, &order, |ticket| TicketView::of(ticket, viewer))))
}
