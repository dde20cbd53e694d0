//! Who may be calling: the contacts of a tenant, found by number in memory.
//!
//! [`TenantDirectory`] answers while the phone has not rung yet, so it is read without locks and never waits.
//! It is fed from the database by the engine; no rule about who may read it lives here.

mod body;
mod change;
mod context;
pub mod custom;
mod entry;
mod ids;
pub mod import;
mod index;
pub mod place;
pub mod standing;
mod table;
pub mod tax_id;

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use body::Owner;
pub use context::{
    CallerContext, CustomerType, OpenTicket, OtherMatch, Quality, RecentCall, Summaries, Summary,
};
pub use index::TenantDirectory;

use crate::{Timestamp, number::E164};

/// Kinds of contact in the order in which they answer to a shared number (CTX-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    OrganizationContact,
    Organization,
    Individual,
    EmailContact,
}

impl ContactKind {
    pub const ALL: [Self; 4] =
        [Self::OrganizationContact, Self::Organization, Self::Individual, Self::EmailContact];

    pub const fn name(self) -> &'static str {
        match self {
            Self::OrganizationContact => "organization_contact",
            Self::Organization => "organization",
            Self::Individual => "individual",
            Self::EmailContact => "email_contact",
        }
    }
}

impl fmt::Display for ContactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One contact of any kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContactRef {
    pub kind: ContactKind,
    pub id: Uuid,
}

/// What a screen-pop shows of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub reference: ContactRef,
    pub name: Arc<str>,
    /// Of an organization's contact: its organization.
    pub organization: Option<(Uuid, Arc<str>)>,
    pub gender: Option<Arc<str>>,
    pub email: Option<Arc<str>>,
    pub active: bool,
    pub last_contacted_at: Option<Timestamp>,
    pub phones: Vec<ContactPhone>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactPhone {
    pub e164: E164,
    pub primary: bool,
}
