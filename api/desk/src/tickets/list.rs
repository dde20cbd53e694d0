//! Lists of tickets.

use axum::extract::State;
use serde::Deserialize;
use switchroom_api_base::{Caller, Filter, Json, ListQuery, Page, Problem, state::AppState};
use switchroom_core::{CallId, UserId, ticket::lifecycle::Status};
use switchroom_store::{
    listing::Window,
    tickets::{self as store, Person, TicketFilter, TicketSort},
};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{TicketView, viewer};
use crate::directory::{page, place, position_at, position_number, reading};

/// How a list of tickets is narrowed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketQuery {
    /// One state, or several with commas.
    status: Option<String>,
    /// One priority, or several with commas.
    priority: Option<String>,
    /// A user's id, `me`, or `none`.
    assigned_to: Option<String>,
    /// A user's id, or `me`.
    requester: Option<String>,
    requester_user_id: Option<Uuid>,
    /// Id of a contact of any kind.
    contact: Option<Uuid>,
    /// The same, by the name it has in the list of calls.
    contact_id: Option<Uuid>,
    organization_id: Option<Uuid>,
    call_id: Option<Uuid>,
}

impl TicketQuery {
    fn filter(self, q: Option<String>, caller: &Caller) -> Result<TicketFilter, Problem> {
        let user = |name: &str, text: &str| {
            if text == "me" {
                return Ok(caller.user_id);
            }
            text.parse().map(UserId).map_err(|_| Problem::bad_parameter(name, "is no user's id"))
        };
        let words = |text: &Option<String>| -> Vec<String> {
            text.iter().flat_map(|text| text.split(',')).map(|word| word.trim().to_owned()).collect()
        };
        let status = words(&self.status)
            .iter()
            .map(|word| {
                word.parse::<Status>().map_err(|_| Problem::bad_parameter("status", "is no ticket state"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let priority = words(&self.priority);
        if priority.iter().any(|word| !matches!(word.as_str(), "low" | "medium" | "high" | "urgent")) {
            return Err(Problem::bad_parameter("priority", "must be low, medium, high or urgent"));
        }
        let requester = self.requester.as_deref().map(|text| user("requester", text)).transpose()?;
        Ok(TicketFilter {
            status,
            priority,
            assigned_to: match self.assigned_to.as_deref() {
                None => None,
                Some("none") => Some(Person::Nobody),
                Some(text) => Some(Person::Is(user("assigned_to", text)?)),
            },
            requester: requester.or(self.requester_user_id.map(UserId)),
            contact: self.contact.or(self.contact_id),
            organization: self.organization_id,
            call: self.call_id.map(CallId),
            q,
        })
    }
}

const SORTS: &[&str] = &["-created_at", "updated_at", "number", "priority", "status"];

/// List the tickets you may see, newest first. `q` finds words of title and description, or a number.
#[utoipa::path(get, path = "/api/v1/tickets", tag = "tickets", params(ListQuery, TicketQuery),
    responses((status = 200, description = "A page of tickets", body = Page<TicketView>)))]
pub(super) async fn list_tickets(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(query): Filter<TicketQuery>,
) -> Result<Json<Page<TicketView>>, Problem> {
    let (field, descending) = list.sort_by(SORTS)?;
    let sort = match field {
        "updated_at" => TicketSort::UpdatedAt,
        "number" => TicketSort::Number,
        "priority" => TicketSort::Priority,
        "status" => TicketSort::Status,
        _ => TicketSort::CreatedAt,
    };
    let order = place(field, descending);
    let after = match sort {
        TicketSort::CreatedAt | TicketSort::UpdatedAt => position_at(&list, &order)?,
        TicketSort::Number | TicketSort::Priority | TicketSort::Status => position_number(&list, &order)?,
    };
    let filter = query.filter(list.q.clone(), &caller)?;
    let viewer = viewer(&caller);
    let window = Window { sort, descending, after, limit: list.limit, count: list.count };
    let mut tx = reading(&state, caller.tenant).await?;
    let slice = store::list(&mut tx, viewer, &filter, &window).await?;
    tx.commit().await?;
    Ok(Json(page(slice, &order, |ticket| TicketView::of(ticket, viewer))))
}
