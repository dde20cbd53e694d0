//! What is known about a caller, in the words of contract §2.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ContactKind, ContactRef};
use crate::{
    CallId, TicketId, Timestamp, UserId,
    fact::{Direction, EndReason},
};

/// What is known about the number (not about the person).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// A valid E.164 number, owned or not.
    Exact,
    /// Valid, owned by nobody, but its national ending is that of a known number.
    Possible,
    Anonymous,
    Invalid,
    /// 2 to 6 digits.
    Extension,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerType {
    Organization,
    Individual,
}

/// The answer to "who is this?". Texts are shared with the index, so that making one copies no name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerContext {
    /// Whether we know who it is: a contact owns the number, or a colleague has the extension.
    pub found: bool,
    /// E.164, or the digits of an extension; null otherwise.
    pub number: Option<String>,
    pub quality: Quality,
    pub customer_type: Option<CustomerType>,
    pub customer_name: Option<Arc<str>>,
    pub caller_name: Option<Arc<str>>,
    pub organization_name: Option<Arc<str>>,
    pub organization_id: Option<Uuid>,
    pub contact_person: Option<Arc<str>>,
    pub gender: Option<Arc<str>>,
    pub email: Option<Arc<str>>,
    pub inactive: bool,
    pub contact: Option<ContactRef>,
    pub other_matches: Vec<OtherMatch>,
    pub reason: Cow<'static, str>,
    pub open_tickets: Vec<OpenTicket>,
    pub recent_calls: Vec<RecentCall>,
}

/// Another owner of the number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherMatch {
    pub kind: ContactKind,
    pub id: Uuid,
    pub name: Arc<str>,
    pub organization_name: Option<Arc<str>>,
}

/// A ticket of the caller that is not closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTicket {
    pub id: TicketId,
    /// The number people say, from 1001.
    pub number: i64,
    pub title: String,
    pub status: String,
    pub priority: String,
}

/// An earlier call of the caller.
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

/// What a pop shows of a contact beyond the match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub open_tickets: Vec<OpenTicket>,
    pub recent_calls: Vec<RecentCall>,
}

/// The summaries of one tenant that are in memory; none where the contact's is not (it may be filled in later).
pub trait Summaries {
    fn summary(&self, contact: ContactRef) -> Option<Arc<Summary>>;
}

impl Summaries for () {
    fn summary(&self, _: ContactRef) -> Option<Arc<Summary>> {
        None
    }
}

impl CallerContext {
    /// Nobody is known behind the number.
    pub fn unknown(quality: Quality, number: Option<String>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            found: false,
            number,
            quality,
            customer_type: None,
            customer_name: None,
            caller_name: None,
            organization_name: None,
            organization_id: None,
            contact_person: None,
            gender: None,
            email: None,
            inactive: false,
            contact: None,
            other_matches: Vec::new(),
            reason: reason.into(),
            open_tickets: Vec::new(),
            recent_calls: Vec::new(),
        }
    }
}
