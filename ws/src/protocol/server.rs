//! What the server says: the `data` of every frame.
//!
//! What follows from the log (`screen_pop` … `presence`) is written by the engine's core as JSON text; its types stand
//! here for the document, and for tests that hold that text against them.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};
use uuid::Uuid;

use super::ErrorCode;

/// A message of the protocol, as the document shows it.
#[derive(Clone, Copy)]
pub struct Described {
    /// The `type`.
    pub type_: &'static str,
    pub direction: Direction,
    pub summary: &'static str,
    pub name: fn() -> Cow<'static, str>,
    pub schema: fn() -> RefOr<Schema>,
    /// The schemas the payload refers to.
    pub parts: fn(&mut Vec<(String, RefOr<Schema>)>),
}

/// Seen from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Send,
    Receive,
}

pub(super) const fn described<T: ToSchema>(
    type_: &'static str,
    direction: Direction,
    summary: &'static str,
) -> Described {
    Described { type_, direction, summary, name: T::name, schema: T::schema, parts: T::schemas }
}

/// Every frame the server may send.
pub const MESSAGES: &[Described] = &[
    described::<Hello>("hello", Direction::Send, "The first frame of every socket."),
    described::<ScreenPop>(
        "screen_pop",
        Direction::Send,
        "A call rings for this user: who it is, before the phone rings.",
    ),
    described::<PopWithdrawn>("pop_withdrawn", Direction::Send, "The pop is over for this user."),
    described::<CallUpdated>("call_updated", Direction::Send, "A call changed."),
    described::<CallEnded>("call_ended", Direction::Send, "A call ended."),
    described::<PresenceData>("presence", Direction::Send, "Somebody's presence changed."),
    described::<QueueData>("queue", Direction::Send, "A queue changed."),
    described::<TicketUpdated>(
        "ticket_updated",
        Direction::Send,
        "A ticket one subscribed to changed; load it anew.",
    ),
    described::<Notification>("notification", Direction::Send, "Something to tell the user."),
    described::<WallboardData>(
        "wallboard",
        Direction::Send,
        "Live totals: the whole board upon subscribing, then what changed from revision `base` to `revision`.",
    ),
    described::<CursorData>("committed", Direction::Send, "Everything up to the cursor is durable."),
    described::<CursorData>("resynced", Direction::Send, "A resume is complete up to the cursor."),
    described::<ErrorData>("error", Direction::Send, "A message was refused; the socket stays."),
    described::<Ping>("ping", Direction::Send, "The heartbeat; answer with `pong`."),
];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hello {
    pub session_id: Uuid,
    pub user: HelloUser,
    pub tenant: HelloTenant,
    /// The last durable place of the log.
    pub cursor: String,
    pub heartbeat_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HelloUser {
    pub id: Uuid,
    pub email: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HelloTenant {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    Inbound,
    Outbound,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallStateWord {
    Ringing,
    Answered,
    Held,
    Transferring,
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndReasonWord {
    Completed,
    Missed,
    Abandoned,
    Busy,
    Rejected,
    Failed,
    Voicemail,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScreenPop {
    pub call: PopCall,
    pub caller: CallerContext,
    pub ticket_draft: TicketDraft,
    /// When the event came in, Unix microseconds.
    pub received_at_us: i64,
    /// When the frame was handed to the socket, Unix microseconds.
    pub pushed_at_us: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PopCall {
    pub id: Uuid,
    pub connection_id: Uuid,
    pub provider_call_id: String,
    pub direction: CallDirection,
    pub state: CallStateWord,
    pub from: Option<String>,
    pub to: Option<String>,
    pub number_id: Option<Uuid>,
    pub queue: Option<String>,
    pub started_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NumberQuality {
    Exact,
    Possible,
    Anonymous,
    Invalid,
    Extension,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactKindWord {
    OrganizationContact,
    Organization,
    Individual,
    EmailContact,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CustomerTypeWord {
    Organization,
    Individual,
}

/// The caller context, as `GET /api/v1/caller-context` answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallerContext {
    pub found: bool,
    pub number: Option<String>,
    pub quality: NumberQuality,
    pub customer_type: Option<CustomerTypeWord>,
    pub customer_name: Option<String>,
    pub caller_name: Option<String>,
    pub organization_name: Option<String>,
    pub organization_id: Option<Uuid>,
    pub contact_person: Option<String>,
    pub gender: Option<String>,
    pub email: Option<String>,
    pub inactive: bool,
    pub contact: Option<ContactReference>,
    pub other_matches: Vec<OtherMatch>,
    /// Why this one came first.
    pub reason: String,
    pub open_tickets: Vec<OpenTicket>,
    pub recent_calls: Vec<RecentCall>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContactReference {
    pub kind: ContactKindWord,
    pub id: Uuid,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OtherMatch {
    pub kind: ContactKindWord,
    pub id: Uuid,
    pub name: String,
    pub organization_name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenTicket {
    pub id: Uuid,
    pub number: i64,
    pub title: String,
    pub status: String,
    pub priority: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecentCall {
    pub id: Uuid,
    pub direction: CallDirection,
    pub state: CallStateWord,
    pub end_reason: Option<EndReasonWord>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub agent_id: Option<Uuid>,
    pub started_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// The body of `POST /api/v1/tickets` with what is known; null = unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketDraft {
    pub title: Option<String>,
    pub description: Option<String>,
    pub priority: Option<String>,
    pub call_id: Option<Uuid>,
    pub phone_number: Option<String>,
    pub customer_type: Option<CustomerTypeWord>,
    pub customer_name: Option<String>,
    pub customer_gender: Option<String>,
    pub contact_person: Option<String>,
    pub customer_email: Option<String>,
    pub organization_id: Option<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PopWithdrawn {
    pub call_id: Uuid,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallUpdated {
    pub call: CallData,
    /// More about the caller than the pop could show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub caller: Option<CallerContext>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallEnded {
    pub call_id: Uuid,
    pub end_reason: Option<EndReasonWord>,
    pub call: CallData,
}

/// A call, as `GET /api/v1/calls/{id}` shows it, but for tickets and version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallData {
    pub id: Uuid,
    pub connection_id: Uuid,
    pub provider_call_id: String,
    pub direction: CallDirection,
    pub state: CallStateWord,
    pub end_reason: Option<EndReasonWord>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub number_id: Option<Uuid>,
    /// The bot whose line was dialled.
    pub bot_id: Option<Uuid>,
    pub queue: Option<String>,
    /// Who answered.
    pub agent_id: Option<Uuid>,
    pub contact: Option<ContactReference>,
    pub started_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceWord {
    Offline,
    Available,
    Reserved,
    Ringing,
    OnCall,
    WrapUp,
    Break,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PresenceData {
    pub user_id: Uuid,
    pub presence: PresenceWord,
    pub reason: Option<String>,
    pub since: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueData {
    pub name: String,
    pub waiting: u64,
    pub oldest_since: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketUpdated {
    pub ticket_id: Uuid,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notification {
    pub title: String,
    pub detail: Option<String>,
}

/// The whole board has every field but `base`; a delta has `base`, and of the rest what changed. `agents` of a delta
/// holds the changed rows only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WallboardData {
    /// The revision the delta fits on; absent on a whole board.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub base: Option<u64>,
    pub revision: u64,
    pub cursor: String,
    pub at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub queues: Option<Vec<QueueData>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub agents: Option<Vec<BoardAgent>>,
    /// Agents that are on the board no more; in deltas only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub gone: Option<Vec<Uuid>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub calls: Option<BoardCalls>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub figures: Option<Vec<BoardFigure>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub series: Option<BoardSeries>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BoardAgent {
    pub user_id: Uuid,
    pub email: String,
    pub name: String,
    pub extension: Option<String>,
    pub presence: PresenceWord,
    pub reason: Option<String>,
    pub since: Option<DateTime<Utc>>,
    pub call_ids: Vec<Uuid>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BoardCalls {
    /// Unanswered calls that a queue was named for.
    pub waiting: u64,
    /// Unanswered calls, those of queues included.
    pub ringing: u64,
    pub talking: u64,
    pub held: u64,
    pub transferring: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BoardFigure {
    pub name: String,
    /// Null where the formula divides by nothing yet.
    pub value: Option<f64>,
    pub formula: String,
    /// Rises when the formula changes.
    pub version: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BoardSeries {
    pub calls_per_minute: Vec<BoardMinute>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BoardMinute {
    pub at: DateTime<Utc>,
    pub calls: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CursorData {
    pub cursor: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErrorData {
    pub code: ErrorCode,
    pub detail: Cow<'static, str>,
    /// The topic concerned, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub topic: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ping {}
