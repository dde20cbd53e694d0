//! The caller context as the API document shows it. The core, which makes it, knows no documents; that the two agree is
//! what `make fuzz-api` checks at every answer.
#![expect(dead_code, reason = "only their schemas are used")]

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(ToSchema)]
#[schema(as = CallerContext)]
pub struct CallerContext {
    /// Whether we know who it is: a contact owns the number, or a colleague has the extension.
    found: bool,
    /// E.164, or the digits of an extension; null otherwise.
    #[schema(example = "+33612345678")]
    number: Option<String>,
    /// About the number: `exact`, `possible`, `anonymous`, `invalid` or `extension`.
    #[schema(example = "exact")]
    quality: String,
    /// `organization` or `individual`.
    #[schema(example = "individual")]
    customer_type: Option<String>,
    customer_name: Option<String>,
    caller_name: Option<String>,
    organization_name: Option<String>,
    organization_id: Option<Uuid>,
    contact_person: Option<String>,
    gender: Option<String>,
    email: Option<String>,
    inactive: bool,
    contact: Option<ContextContact>,
    other_matches: Vec<OtherMatch>,
    /// Why this one came first.
    reason: String,
    open_tickets: Vec<ContextTicket>,
    recent_calls: Vec<ContextCall>,
}

#[derive(ToSchema)]
pub struct ContextContact {
    /// `organization_contact`, `organization`, `individual` or `email_contact`.
    #[schema(example = "individual")]
    kind: String,
    id: Uuid,
}

/// Another owner of the number.
#[derive(ToSchema)]
pub struct OtherMatch {
    #[schema(example = "organization")]
    kind: String,
    id: Uuid,
    name: String,
    organization_name: Option<String>,
}

/// A ticket of the caller that is not closed.
#[derive(ToSchema)]
pub struct ContextTicket {
    id: Uuid,
    /// The number people say, from 1001.
    number: i64,
    title: String,
    status: String,
    priority: String,
}

/// An earlier call of the caller.
#[derive(ToSchema)]
pub struct ContextCall {
    id: Uuid,
    direction: String,
    state: String,
    end_reason: Option<String>,
    from: Option<String>,
    to: Option<String>,
    agent_id: Option<Uuid>,
    started_at: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}
