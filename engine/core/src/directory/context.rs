//! What is known about a caller, in the words of contract §2.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ContactKind, ContactRef, TenantDirectory, body::Owner, index::MAX_OTHERS};
use crate::{
    CallId, Grants, Permission, TicketId, Timestamp, UserId,
    fact::{Direction, EndReason},
    number::{E164, PartyNumber},
    roster::{Member, Roster},
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

/// Whoever has all of these sees a context whole.
const WHOLE: Grants = Grants::of(&[
    Permission::UsersRead,
    Permission::IndividualsRead,
    Permission::OrganizationsRead,
    Permission::EmailContactsRead,
    Permission::TicketsRead,
    Permission::CallsRead,
]);

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

    /// Who is calling: a contact by number, a colleague by extension.
    pub fn look_up(directory: &TenantDirectory, roster: &Roster, number: &PartyNumber) -> Self {
        if let PartyNumber::Extension(digits) = number
            && let Some(colleague) = roster.by_extension(digits).and_then(|user| roster.member(user))
        {
            return Self::of_colleague(digits, colleague);
        }
        directory.context(number)
    }

    /// Whether somebody with these permissions sees every context whole.
    pub const fn is_whole_for(grants: Grants) -> bool {
        grants.covers(WHOLE)
    }

    /// Leaves out what these permissions do not show: that a number is known, and as what, everybody is told who may ask;
    /// who it is, and what was with them, needs what the record itself needs.
    pub fn limit_to(&mut self, grants: Grants) {
        let named = match self.contact {
            Some(contact) => grants.holds(Permission::to_read(contact.kind)),
            // A colleague, or nobody.
            None => grants.holds(Permission::UsersRead),
        };
        if !named {
            self.customer_name = None;
            self.caller_name = None;
            self.organization_name = None;
            self.contact_person = None;
            self.gender = None;
            self.email = None;
        }
        self.other_matches.retain(|other| grants.holds(Permission::to_read(other.kind)));
        if !grants.holds(Permission::TicketsRead) {
            self.open_tickets.clear();
        }
        if !grants.holds(Permission::CallsRead) {
            self.recent_calls.clear();
        }
    }

    /// A call from inside: the name is the colleague's, and no contact is involved.
    pub fn of_colleague(extension: &str, colleague: &Member) -> Self {
        Self {
            found: true,
            caller_name: Some(Arc::from(&*colleague.name)),
            email: Some(Arc::from(&*colleague.email)),
            ..Self::unknown(Quality::Extension, Some(extension.to_owned()), "extension of a colleague")
        }
    }
}

/// The answer where somebody owns the number: `first`, and `others` in order behind.
pub(super) fn known(number: E164, first: &Owner, others: &[Owner]) -> CallerContext {
    let mut context =
        CallerContext::unknown(Quality::Exact, Some(number.text()), reason(number, first, others));
    let body = first.body();
    let name = || Some(Arc::clone(&body.name));
    context.found = true;
    context.contact = Some(first.reference());
    context.inactive = !first.active();
    context.email = body.email.clone();
    match first.reference().kind {
        ContactKind::OrganizationContact => {
            context.customer_type = Some(CustomerType::Organization);
            context.caller_name = name();
            context.contact_person = name();
            context.gender = body.gender.clone();
            if let Some((id, organization)) = &body.organization {
                context.customer_name = Some(Arc::clone(organization));
                context.organization_name = Some(Arc::clone(organization));
                context.organization_id = Some(*id);
            }
        }
        ContactKind::Organization => {
            // Nobody in particular is calling, so there is no caller's name.
            context.customer_type = Some(CustomerType::Organization);
            context.customer_name = name();
            context.organization_name = name();
            context.organization_id = Some(first.reference().id);
        }
        ContactKind::Individual => {
            context.customer_type = Some(CustomerType::Individual);
            context.customer_name = name();
            context.caller_name = name();
            context.gender = body.gender.clone();
        }
        ContactKind::EmailContact => {
            context.customer_name = name();
            context.caller_name = name();
        }
    }
    context.other_matches = others.iter().take(MAX_OTHERS).map(other_match).collect();
    context
}

/// The answer where nobody owns the number, but numbers that end alike are known.
pub(super) fn possible(number: E164, owners: &[(E164, Owner)]) -> CallerContext {
    let mut context = CallerContext::unknown(
        Quality::Possible,
        Some(number.text()),
        "possible match only: no contact has this number, but the last digits are those of a known one",
    );
    context.other_matches = owners.iter().take(MAX_OTHERS).map(|(_, owner)| other_match(owner)).collect();
    context
}

fn other_match(owner: &Owner) -> OtherMatch {
    let ContactRef { kind, id } = owner.reference();
    let body = owner.body();
    OtherMatch {
        kind,
        id,
        name: Arc::clone(&body.name),
        organization_name: match kind {
            ContactKind::OrganizationContact | ContactKind::Organization => {
                body.organization.as_ref().map(|(_, name)| Arc::clone(name))
            }
            ContactKind::Individual | ContactKind::EmailContact => None,
        },
    }
}

/// Which rule put the first owner before the second.
fn reason(number: E164, first: &Owner, others: &[Owner]) -> Cow<'static, str> {
    let Some(second) = others.first() else {
        return Cow::Borrowed(match (first.reference().kind, first.active()) {
            (ContactKind::OrganizationContact, true) => "the only owner: a contact of an organization",
            (ContactKind::Organization, true) => "the only owner: an organization",
            (ContactKind::Individual, true) => "the only owner: an individual",
            (ContactKind::EmailContact, true) => "the only owner: known from e-mail",
            (ContactKind::OrganizationContact, false) => {
                "the only owner: an inactive contact of an organization"
            }
            (ContactKind::Organization, false) => "the only owner: an inactive organization",
            (ContactKind::Individual, false) => "the only owner: an inactive individual",
            (ContactKind::EmailContact, false) => "the only owner: known from e-mail, inactive",
        });
    };
    let rule = if first.reference().kind != second.reference().kind {
        let word = |kind| match kind {
            ContactKind::OrganizationContact => "a contact of an organization",
            ContactKind::Organization => "an organization",
            ContactKind::Individual => "an individual",
            ContactKind::EmailContact => "a contact known from e-mail",
        };
        format!("{} comes before {}", word(first.reference().kind), word(second.reference().kind))
    } else if first.active() != second.active() {
        "active comes before inactive".to_owned()
    } else if first.primary(number) != second.primary(number) {
        "it is this contact's primary number".to_owned()
    } else if first.last_contacted_us() != second.last_contacted_us() {
        "the most recently contacted".to_owned()
    } else {
        "the first on file".to_owned()
    };
    let inactive = if first.active() { "" } else { "; inactive" };
    Cow::Owned(
        format!("{rule} ({} others have the number){inactive}", others.len())
            .replace("(1 others have", "(1 other has"),
    )
}
