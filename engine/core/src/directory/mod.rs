//! Who is calling: the index from numbers to contacts.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    CallId, TicketId, Timestamp, UserId,
    fact::{Direction, EndReason},
    number::PartyNumber,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    OrganizationContact,
    Organization,
    Individual,
    EmailContact,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContactRef {
    pub kind: ContactKind,
    pub id: Uuid,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTicket {
    pub id: TicketId,
    pub number: i64,
    pub title: String,
    pub status: String,
    pub priority: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentCall {
    pub id: CallId,
    pub direction: Direction,
    pub state: String,
    pub end_reason: Option<EndReason>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub agent_id: Option<UserId>,
    pub started_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerContext {
    pub found: bool,
    pub number: Option<String>,
    pub quality: String,
    pub customer_type: Option<String>,
    pub customer_name: Option<String>,
    pub caller_name: Option<String>,
    pub organization_name: Option<String>,
    pub organization_id: Option<Uuid>,
    pub contact_person: Option<String>,
    pub gender: Option<String>,
    pub email: Option<String>,
    pub inactive: bool,
    pub contact: Option<ContactRef>,
    pub other_matches: Vec<serde_json::Value>,
    pub reason: String,
    pub open_tickets: Vec<OpenTicket>,
    pub recent_calls: Vec<RecentCall>,
}

#[derive(Default)]
pub struct TenantDirectory {}

impl TenantDirectory {
    pub fn context(&self, number: &PartyNumber) -> CallerContext {
        CallerContext { number: number.display(), quality: "exact".into(), ..CallerContext::default() }
    }
}
