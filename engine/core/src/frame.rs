//! Frames: what a user's screen is told about an entry of the log.
//!
//! A frame is a function of the log entry and of nothing else, so a frame sent again after a lost connection is the
//! frame that was sent live, id and all.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    CallId, ConnectionId, EventId, FrameId, Grants, NumberId, Timestamp, UserId,
    call::{CallSnapshot, CallState},
    directory::{CallerContext, CustomerType},
    fact::{Direction, EndReason},
    log::{CallEvent, EventData, LogEvent},
};

/// Subscribers of every call's changes.
pub const TOPIC_CALLS: &str = "calls";
/// Subscribers of the board.
pub const TOPIC_WALLBOARD: &str = "wallboard";

pub const SCREEN_POP: &str = "screen_pop";
pub const POP_WITHDRAWN: &str = "pop_withdrawn";
pub const CALL_UPDATED: &str = "call_updated";
pub const CALL_ENDED: &str = "call_ended";
pub const PRESENCE: &str = "presence";

/// Who a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// One user, on whatever sockets they have.
    User(UserId),
    /// Whoever subscribed to the topic (`calls`, `wallboard`). A user may get the same frame as `User` and as
    /// `Topic`; both carry the same id for the same user (see [`Frame::id_for`]).
    Topic(&'static str),
}

/// One frame. The envelope `{"type","event_id","at","data"}` is written by the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub to: Audience,
    /// `screen_pop`, `pop_withdrawn`, `call_updated`, `call_ended`, `presence`.
    pub type_: &'static str,
    /// The log entry it follows from.
    pub source: EventId,
    /// UUIDv5(source, type, user); null for topics, where it differs per user: [`Frame::id_for`].
    pub event_id: Option<FrameId>,
    pub at: Timestamp,
    /// `data` as JSON text, an object. Of a `screen_pop` the last field, `pushed_at_us`, is missing: the gateway adds
    /// it when it hands the frame to the socket ([`Frame::data_pushed_at`]).
    pub data: Arc<str>,
}

impl Frame {
    /// The id this frame has for a user, however they come to get it.
    pub fn id_for(&self, user: UserId) -> FrameId {
        FrameId::derive(self.source, self.type_, user)
    }

    /// Whether `pushed_at_us` is still to be added.
    pub fn wants_push_time(&self) -> bool {
        self.type_ == SCREEN_POP
    }

    /// `data` as somebody with these permissions gets it; none where that is `data` itself, as it is for nearly everybody.
    /// What cannot be read as what it is, which would be a bug, is left out rather than shown.
    pub fn data_limited_to(&self, grants: Grants) -> Option<String> {
        if CallerContext::is_whole_for(grants) || !matches!(self.type_, SCREEN_POP | CALL_UPDATED) {
            return None;
        }
        let mut data: Map<String, Value> = serde_json::from_str(&self.data).unwrap_or_default();
        let caller = data.get("caller").filter(|caller| !caller.is_null());
        if caller.is_none() && !data.is_empty() {
            return None;
        }
        let mut caller: Option<CallerContext> =
            caller.cloned().and_then(|all| serde_json::from_value(all).ok());
        if let Some(caller) = &mut caller {
            caller.limit_to(grants);
        }
        if let Some(draft) = data.get_mut("ticket_draft") {
            let caller = caller.as_ref();
            draft["customer_name"] = json!(caller.and_then(|caller| caller.customer_name.as_deref()));
            draft["customer_gender"] = json!(caller.and_then(|caller| caller.gender.as_deref()));
            draft["contact_person"] = json!(caller.and_then(|caller| caller.contact_person.as_deref()));
            draft["customer_email"] = json!(caller.and_then(|caller| caller.email.as_deref()));
        }
        data.insert("caller".to_owned(), json!(caller));
        Some(Value::Object(data).to_string())
    }

    /// `data` with `pushed_at_us` (Unix microseconds) as its last field.
    pub fn data_pushed_at(&self, pushed_at_us: i64) -> String {
        let body = self.data.strip_suffix('}').unwrap_or(&self.data);
        format!("{body},\"pushed_at_us\":{pushed_at_us}}}")
    }
}

#[derive(Serialize)]
struct PopData<'a> {
    call: PopCall<'a>,
    caller: &'a CallerContext,
    ticket_draft: TicketDraft<'a>,
    received_at_us: i64,
}

/// The call as a pop shows it (contract §4).
#[derive(Serialize)]
struct PopCall<'a> {
    id: CallId,
    connection_id: ConnectionId,
    provider_call_id: &'a str,
    direction: Direction,
    state: CallState,
    from: Option<&'a str>,
    to: Option<&'a str>,
    number_id: Option<NumberId>,
    queue: Option<&'a str>,
    started_at: Timestamp,
}

/// The body of `POST /tickets` as far as the call tells it; what is not known is null.
#[derive(Serialize)]
struct TicketDraft<'a> {
    title: Option<&'a str>,
    description: Option<&'a str>,
    priority: Option<&'a str>,
    call_id: CallId,
    phone_number: Option<&'a str>,
    customer_type: Option<CustomerType>,
    customer_name: Option<&'a str>,
    customer_gender: Option<&'a str>,
    contact_person: Option<&'a str>,
    customer_email: Option<&'a str>,
    organization_id: Option<uuid::Uuid>,
}

#[derive(Serialize)]
struct Withdrawn {
    call_id: CallId,
    reason: &'static str,
}

#[derive(Serialize)]
struct Updated<'a> {
    call: &'a CallSnapshot,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<&'a CallerContext>,
}

#[derive(Serialize)]
struct Ended<'a> {
    call_id: CallId,
    end_reason: Option<EndReason>,
    call: &'a CallSnapshot,
}

/// The frames that follow from an entry; the same live and on resume.
pub fn frames_of(event: &LogEvent) -> Vec<Frame> {
    match &event.data {
        EventData::Call(data) => frames_of_call(event, data),
        EventData::Presence(_) if !event.effective => Vec::new(),
        EventData::Presence(change) => {
            let data = text(&change.view());
            [Audience::User(change.user_id), Audience::Topic(TOPIC_WALLBOARD), Audience::Topic(TOPIC_CALLS)]
                .into_iter()
                .map(|to| frame(event, to, PRESENCE, &data))
                .collect()
        }
    }
}

fn frames_of_call(event: &LogEvent, data: &CallEvent) -> Vec<Frame> {
    let mut frames = Vec::with_capacity(data.pops.len() + data.withdrawn.len() + data.told.len() + 1);
    if let Some(caller) = data.caller.as_ref().filter(|_| !data.pops.is_empty()) {
        let body = text(&pop_data(data, caller));
        frames.extend(data.pops.iter().map(|user| frame(event, Audience::User(*user), SCREEN_POP, &body)));
    }
    if !data.withdrawn.is_empty() {
        frames.extend(withdrawals(event, &data.withdrawn, "answered"));
    }
    let ended = data.call.state == CallState::Ended;
    let was_ended = data.before.as_ref().is_some_and(|before| before.state == CallState::Ended);
    // Only the first ending is one; what is learnt afterwards corrects it.
    let (type_, body) = if ended && !was_ended {
        let call = &data.call;
        (CALL_ENDED, text(&Ended { call_id: call.id, end_reason: call.end_reason, call }))
    } else {
        (CALL_UPDATED, text(&Updated { call: &data.call, caller: None }))
    };
    frames.extend(data.told.iter().map(|user| frame(event, Audience::User(*user), type_, &body)));
    if event.effective || !data.told.is_empty() {
        frames.push(frame(event, Audience::Topic(TOPIC_CALLS), type_, &body));
    }
    frames
}

/// Takes a pop off these users' screens.
pub fn withdrawals(event: &LogEvent, users: &[UserId], reason: &'static str) -> Vec<Frame> {
    let Some(call_id) = event.call_id else { return Vec::new() };
    let body = text(&Withdrawn { call_id, reason });
    users.iter().map(|user| frame(event, Audience::User(*user), POP_WITHDRAWN, &body)).collect()
}

/// A `call_updated` with more about the caller than the pop could show. It is no entry of the log: a lost one is made
/// good by the next look at the caller, so it has no place to be resumed from. `call` is the call as it stands by now.
pub fn enriched(event: &LogEvent, call: &CallSnapshot, caller: &CallerContext) -> Vec<Frame> {
    let EventData::Call(data) = &event.data else { return Vec::new() };
    let source = EventId::following(event.event_id, "summary");
    let body = text(&Updated { call, caller: Some(caller) });
    data.pops
        .iter()
        .map(|user| Frame { source, ..frame(event, Audience::User(*user), CALL_UPDATED, &body) })
        .map(|frame| match frame.to {
            Audience::User(user) => Frame { event_id: Some(frame.id_for(user)), ..frame },
            Audience::Topic(_) => frame,
        })
        .collect()
}

fn frame(event: &LogEvent, to: Audience, type_: &'static str, data: &Arc<str>) -> Frame {
    let event_id = match to {
        Audience::User(user) => Some(FrameId::derive(event.event_id, type_, user)),
        Audience::Topic(_) => None,
    };
    Frame { to, type_, source: event.event_id, event_id, at: event.at, data: data.clone() }
}

fn pop_data<'a>(data: &'a CallEvent, caller: &'a CallerContext) -> PopData<'a> {
    let call = &data.call;
    PopData {
        call: PopCall {
            id: call.id,
            connection_id: call.connection_id,
            provider_call_id: &call.provider_call_id,
            direction: call.direction,
            state: call.state,
            from: call.from.as_deref(),
            to: call.to.as_deref(),
            number_id: call.number_id,
            queue: call.queue.as_deref(),
            started_at: call.started_at,
        },
        caller,
        ticket_draft: TicketDraft {
            title: None,
            description: None,
            priority: None,
            call_id: call.id,
            phone_number: caller.number.as_deref(),
            customer_type: caller.customer_type,
            customer_name: caller.customer_name.as_deref(),
            customer_gender: caller.gender.as_deref(),
            contact_person: caller.contact_person.as_deref(),
            customer_email: caller.email.as_deref(),
            organization_id: caller.organization_id,
        },
        received_at_us: data.received_at_us,
    }
}

/// None of our frame types can fail to serialise: they are structs of plain values.
fn text<T: Serialize>(value: &T) -> Arc<str> {
    serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned()).into()
}
