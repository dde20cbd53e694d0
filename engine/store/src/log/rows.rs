//! Batches as Postgres takes them: a column is an array.

use std::fmt::Write as _;

use switchroom_core::{
    CallId, EventId, TenantId, UserId, agent::PresenceChange, call::CallSnapshot, log::LogEvent,
    tenant::CallMemory,
};
use uuid::Uuid;

use crate::db::{StoreError, Timestamp};

/// An entry with its number.
#[derive(Clone, Debug)]
pub struct Numbered<'a> {
    pub tenant: TenantId,
    pub seq: i64,
    pub event: &'a LogEvent,
}

/// A call as its last event of the batch leaves it.
#[derive(Clone, Debug)]
pub struct CallRow<'a> {
    pub tenant: TenantId,
    pub call: &'a CallSnapshot,
    pub memory: &'a CallMemory,
}

fn unwritable(error: serde_json::Error) -> StoreError {
    StoreError::Other(sqlx::Error::Encode(error.into()))
}

/// Claims of events.
pub(super) struct Claims {
    pub tenants: Vec<Uuid>,
    pub ids: Vec<Uuid>,
    pub calls: Vec<Uuid>,
}

impl Claims {
    pub fn of(events: &[(TenantId, EventId, CallId)]) -> Self {
        Self {
            tenants: events.iter().map(|(tenant, _, _)| tenant.0).collect(),
            ids: events.iter().map(|(_, event, _)| event.0).collect(),
            calls: events.iter().map(|(_, _, call)| call.0).collect(),
        }
    }
}

/// Entries.
pub(super) struct Entries<'a> {
    pub tenants: Vec<Uuid>,
    pub seqs: Vec<i64>,
    pub ids: Vec<Uuid>,
    pub calls: Vec<Option<Uuid>>,
    pub types: Vec<&'a str>,
    pub provider_ids: Vec<Option<&'a str>>,
    pub ats: Vec<Timestamp>,
    pub provider_ats: Vec<Option<Timestamp>>,
    pub effective: Vec<bool>,
    pub addressees: Vec<String>,
    pub data: Vec<String>,
}

impl<'a> Entries<'a> {
    pub fn of(entries: &[Numbered<'a>]) -> Result<Self, StoreError> {
        let events = || entries.iter().map(|entry| entry.event);
        Ok(Self {
            tenants: entries.iter().map(|entry| entry.tenant.0).collect(),
            seqs: entries.iter().map(|entry| entry.seq).collect(),
            ids: events().map(|event| event.event_id.0).collect(),
            calls: events().map(|event| event.call_id.map(|call| call.0)).collect(),
            types: events().map(|event| event.type_.as_str()).collect(),
            provider_ids: events().map(|event| event.provider_event_id.as_deref()).collect(),
            ats: events().map(|event| event.at).collect(),
            provider_ats: events().map(|event| event.provider_at).collect(),
            effective: events().map(|event| event.effective).collect(),
            addressees: events().map(|event| array_literal(event.addressees.iter())).collect(),
            data: events().map(|event| event.data.to_json().map_err(unwritable)).collect::<Result<_, _>>()?,
        })
    }
}

/// Arrays of arrays do not unnest row by row, so each one travels as the text of an array.
fn array_literal<'a>(users: impl ExactSizeIterator<Item = &'a UserId>) -> String {
    let mut text = String::with_capacity(2 + users.len() * 37);
    text.push('{');
    for (at, user) in users.enumerate() {
        if at > 0 {
            text.push(',');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{}", user.0.as_hyphenated());
    }
    text.push('}');
    text
}

/// Calls.
pub(super) struct Calls<'a> {
    pub tenants: Vec<Uuid>,
    pub ids: Vec<Uuid>,
    pub connections: Vec<Uuid>,
    pub provider_ids: Vec<&'a str>,
    pub directions: Vec<&'a str>,
    pub states: Vec<&'a str>,
    pub reasons: Vec<Option<&'a str>>,
    pub froms: Vec<Option<&'a str>>,
    pub tos: Vec<Option<&'a str>>,
    pub numbers: Vec<Option<Uuid>>,
    pub queues: Vec<Option<&'a str>>,
    pub agents: Vec<Option<Uuid>>,
    pub contact_kinds: Vec<Option<&'a str>>,
    pub contacts: Vec<Option<Uuid>>,
    pub started: Vec<Timestamp>,
    pub answered: Vec<Option<Timestamp>>,
    pub ended: Vec<Option<Timestamp>>,
    pub bots: Vec<Option<Uuid>>,
    pub folds: Vec<String>,
    pub popped: Vec<String>,
}

impl<'a> Calls<'a> {
    pub fn of(rows: &[CallRow<'a>]) -> Result<Self, StoreError> {
        let calls = || rows.iter().map(|row| row.call);
        Ok(Self {
            tenants: rows.iter().map(|row| row.tenant.0).collect(),
            ids: calls().map(|call| call.id.0).collect(),
            connections: calls().map(|call| call.connection_id.0).collect(),
            provider_ids: calls().map(|call| call.provider_call_id.as_str()).collect(),
            directions: calls().map(|call| call.direction.as_str()).collect(),
            states: calls().map(|call| call.state.as_str()).collect(),
            reasons: calls().map(|call| call.end_reason.map(|reason| reason.as_str())).collect(),
            froms: calls().map(|call| call.from.as_deref()).collect(),
            tos: calls().map(|call| call.to.as_deref()).collect(),
            numbers: calls().map(|call| call.number_id.map(|number| number.0)).collect(),
            queues: calls().map(|call| call.queue.as_deref()).collect(),
            agents: calls().map(|call| call.agent_id.map(|agent| agent.0)).collect(),
            contact_kinds: calls().map(|call| call.contact.map(|contact| contact.kind.name())).collect(),
            contacts: calls().map(|call| call.contact.map(|contact| contact.id)).collect(),
            started: calls().map(|call| call.started_at).collect(),
            answered: calls().map(|call| call.answered_at).collect(),
            ended: calls().map(|call| call.ended_at).collect(),
            bots: calls().map(|call| call.bot_id.map(|bot| bot.0)).collect(),
            folds: rows
                .iter()
                .map(|row| serde_json::to_string(row.memory).map_err(unwritable))
                .collect::<Result<_, _>>()?,
            popped: rows.iter().map(|row| array_literal(row.memory.popped.keys())).collect(),
        })
    }
}

/// Presences.
pub(super) struct Presences<'a> {
    pub tenants: Vec<Uuid>,
    pub users: Vec<Uuid>,
    pub chosen: Vec<&'a str>,
    pub shown: Vec<&'a str>,
    pub reasons: Vec<Option<&'a str>>,
    pub since: Vec<Timestamp>,
    pub until: Vec<Option<Timestamp>>,
    pub calls: Vec<String>,
}

impl<'a> Presences<'a> {
    pub fn of(rows: &[(TenantId, &'a PresenceChange)]) -> Result<Self, StoreError> {
        let changes = || rows.iter().map(|(_, change)| *change);
        Ok(Self {
            tenants: rows.iter().map(|(tenant, _)| tenant.0).collect(),
            users: changes().map(|change| change.user_id.0).collect(),
            chosen: changes().map(|change| change.chosen.as_str()).collect(),
            shown: changes().map(|change| change.presence.as_str()).collect(),
            reasons: changes().map(|change| change.reason.as_deref()).collect(),
            since: changes().map(|change| change.since).collect(),
            until: changes().map(|change| change.until).collect(),
            calls: changes()
                .map(|change| serde_json::to_string(&change.calls).map_err(unwritable))
                .collect::<Result<_, _>>()?,
        })
    }
}
