//! How agents did within a period: all of them for who leads, one's own for everybody who takes calls.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use switchroom_api_base::{
    Json, auth::Caller, list::Filter, problem::Problem, reply::Params, state::AppState,
};
use switchroom_core::{
    Permission, UserId,
    performance::{BadPeriod, CallTally, Period, TicketTally},
};
use switchroom_store::performance::{self as store, Colleague};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// What somebody did within the period. Calls count by when they started, tickets by when something was done with them.
#[derive(Serialize, ToSchema)]
struct AgentPerformance {
    user_id: Uuid,
    name: String,
    /// False where they were switched off since.
    is_active: bool,
    /// Inbound calls that popped on their screen, or that they answered.
    offered: i64,
    /// Of these, calls that they answered first.
    answered: i64,
    /// Of these, calls that somebody else answered first, or nobody whom the provider names.
    answered_elsewhere: i64,
    /// Of these, calls that nobody answered: they ended as missed, abandoned or by voicemail.
    missed: i64,
    /// Of these, calls that nobody answered because they were busy or rejected.
    declined: i64,
    /// Outbound calls that they are named for.
    outbound: i64,
    /// Of these, calls that were answered.
    outbound_answered: i64,
    /// From answer to end of the calls in both directions that they answered first or placed, holds and what came after a
    /// transfer included; calls that have not ended, or whose end was never told, left out.
    talk_seconds: i64,
    /// Of the calls of `talk_seconds`; null where there is none.
    #[schema(example = 184.5)]
    average_talk_seconds: Option<f64>,
    /// From the first event of an inbound call that they answered to the answer; null where no call rang before it was.
    #[schema(example = 7.2)]
    average_answer_seconds: Option<f64>,
    /// Tickets that they took or assigned to themselves, each once. This and what follows is null to who may not see tickets.
    tickets_taken: Option<i64>,
    /// Tickets that they moved to resolved, each once.
    tickets_resolved: Option<i64>,
    /// Tickets whose first public reply of the staff is theirs.
    first_responses: Option<i64>,
    /// From the filing of those tickets to that reply; null where there is none.
    #[schema(example = 1260.0)]
    average_first_response_seconds: Option<f64>,
}

impl AgentPerformance {
    /// `tickets` where they may be seen.
    fn of(who: Colleague, calls: &CallTally, tickets: Option<TicketTally>) -> Self {
        Self {
            user_id: who.user_id.0,
            name: who.name,
            is_active: who.is_active,
            offered: calls.offered,
            answered: calls.answered,
            answered_elsewhere: calls.answered_elsewhere,
            missed: calls.missed,
            declined: calls.declined,
            outbound: calls.outbound,
            outbound_answered: calls.outbound_answered,
            talk_seconds: calls.talk_seconds(),
            average_talk_seconds: calls.average_talk_seconds(),
            average_answer_seconds: calls.average_answer_seconds(),
            tickets_taken: tickets.map(|tickets| tickets.taken),
            tickets_resolved: tickets.map(|tickets| tickets.resolved),
            first_responses: tickets.map(|tickets| tickets.first_responses),
            average_first_response_seconds: tickets
                .and_then(|tickets| tickets.average_first_response_seconds()),
        }
    }
}

/// Everybody's.
#[derive(Serialize, ToSchema)]
struct TeamPerformance {
    from: DateTime<Utc>,
    /// Not included.
    to: DateTime<Utc>,
    items: Vec<AgentPerformance>,
}

/// A UTC day of the period, the first and the last perhaps in part.
#[derive(Serialize, ToSchema)]
struct DayPerformance {
    day: NaiveDate,
    offered: i64,
    answered: i64,
    answered_elsewhere: i64,
    missed: i64,
    declined: i64,
    outbound: i64,
    outbound_answered: i64,
    talk_seconds: i64,
    /// Tickets count once a day here, and once in the whole period above.
    tickets_taken: Option<i64>,
    tickets_resolved: Option<i64>,
    first_responses: Option<i64>,
}

/// Somebody's, with every day of it.
#[derive(Serialize, ToSchema)]
struct OnePerformance {
    from: DateTime<Utc>,
    /// Not included.
    to: DateTime<Utc>,
    #[serde(flatten)]
    total: AgentPerformance,
    days: Vec<DayPerformance>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PeriodQuery {
    /// A week before `to` unless said; at most 92 days before it.
    #[param(example = "2026-11-15T00:00:00Z")]
    from: Option<DateTime<Utc>>,
    /// Now unless said; not included.
    #[param(example = "2026-11-22T00:00:00Z")]
    to: Option<DateTime<Utc>>,
}

impl PeriodQuery {
    fn period(&self) -> Result<Period, Problem> {
        Period::asked(Utc::now(), self.from, self.to).map_err(|bad| {
            let parameter = match bad {
                BadPeriod::ToOutOfReach => "?to",
                BadPeriod::FromOutOfReach | BadPeriod::Backwards | BadPeriod::TooLong => "?from",
            };
            Problem::invalid(parameter, bad.to_string())
        })
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TeamQuery {
    /// Only those who are in this team now.
    team_id: Option<Uuid>,
}

/// How the agents did
///
/// Everybody who takes calls, and whoever else of the staff has a figure above nought, by name.
#[utoipa::path(get, path = "/api/v1/agents/performance", tag = "calls", operation_id = "list_agent_performance",
    params(PeriodQuery, TeamQuery),
    responses((status = 200, description = "The figures", body = TeamPerformance),
              (status = 422, description = "No such period: backwards, too long, or out of reach")))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Filter(query): Filter<PeriodQuery>,
    Filter(narrowed): Filter<TeamQuery>,
) -> Result<Json<TeamPerformance>, Problem> {
    let period = query.period()?;
    let sees_tickets = caller.may(Permission::TicketsViewAll);
    let mut tx = state.db.reading(caller.tenant).await?;
    let staff = store::staff(&mut tx, None, narrowed.team_id).await?;
    let mut calls: BTreeMap<UserId, CallTally> = BTreeMap::new();
    for counted in store::calls(&mut tx, period, None, false).await? {
        calls.entry(counted.user_id).or_default().add(&counted.what);
    }
    let mut tickets: BTreeMap<UserId, TicketTally> = BTreeMap::new();
    if sees_tickets {
        for counted in store::tickets(&mut tx, period, None, false).await? {
            *tickets.entry(counted.user_id).or_default() += counted.what;
        }
    }
    tx.commit().await?;
    let items = staff.into_iter().filter_map(|who| {
        let calls = calls.remove(&who.user_id).unwrap_or_default();
        let tickets = tickets.remove(&who.user_id).unwrap_or_default();
        let answers_calls = who.is_active && who.role.takes_calls();
        (answers_calls || !calls.is_empty() || !tickets.is_empty())
            .then(|| AgentPerformance::of(who, &calls, sees_tickets.then_some(tickets)))
    });
    Ok(Json(TeamPerformance { from: period.from(), to: period.to(), items: items.collect() }))
}

/// How one agent did, day by day
///
/// One's own; somebody else's needs `wallboard.read`.
#[utoipa::path(get, path = "/api/v1/agents/{id}/performance", tag = "calls", operation_id = "get_agent_performance",
    params(("id" = Uuid, Path, description = "User id"), PeriodQuery),
    responses((status = 200, description = "The figures", body = OnePerformance),
              (status = 422, description = "No such period: backwards, too long, or out of reach")))]
async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
    Filter(query): Filter<PeriodQuery>,
) -> Result<Json<OnePerformance>, Problem> {
    let user = UserId(id);
    let own = user == caller.user_id;
    if !own {
        caller.require(Permission::WallboardRead)?;
    }
    // One's own tickets are seen by everybody who sees tickets.
    let needed = if own { Permission::TicketsRead } else { Permission::TicketsViewAll };
    let sees_tickets = caller.may(needed);
    let mut tx = state.db.reading(caller.tenant).await?;
    let who = store::staff(&mut tx, Some(user), None).await?.pop().ok_or_else(Problem::not_found)?;
    let period = query.period()?;
    let (mut total, mut days) = (CallTally::default(), BTreeMap::<NaiveDate, CallTally>::new());
    for counted in store::calls(&mut tx, period, Some(user), true).await? {
        total.add(&counted.what);
        if let Some(day) = counted.day {
            days.entry(day).or_default().add(&counted.what);
        }
    }
    let mut worked = TicketTally::default();
    let mut worked_on: BTreeMap<NaiveDate, TicketTally> = BTreeMap::new();
    if sees_tickets {
        for counted in store::tickets(&mut tx, period, Some(user), false).await? {
            worked += counted.what;
        }
        for counted in store::tickets(&mut tx, period, Some(user), true).await? {
            if let Some(day) = counted.day {
                *worked_on.entry(day).or_default() += counted.what;
            }
        }
    }
    tx.commit().await?;
    let days = period.days().map(|day| {
        let calls = days.remove(&day).unwrap_or_default();
        let tickets = sees_tickets.then(|| worked_on.remove(&day).unwrap_or_default());
        DayPerformance {
            day,
            offered: calls.offered,
            answered: calls.answered,
            answered_elsewhere: calls.answered_elsewhere,
            missed: calls.missed,
            declined: calls.declined,
            outbound: calls.outbound,
            outbound_answered: calls.outbound_answered,
            talk_seconds: calls.talk_seconds(),
            tickets_taken: tickets.map(|tickets| tickets.taken),
            tickets_resolved: tickets.map(|tickets| tickets.resolved),
            first_responses: tickets.map(|tickets| tickets.first_responses),
        }
    });
    let days = days.collect();
    let total = AgentPerformance::of(who, &total, sees_tickets.then_some(worked));
    Ok(Json(OnePerformance { from: period.from(), to: period.to(), total, days }))
}
