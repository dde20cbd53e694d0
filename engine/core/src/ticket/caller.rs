//! What filing a ticket does to the directory: the caller is linked where the directory knows them, and entered where
//! it does not, so that the next call from that number pops with a name (AIN-01 to AIN-06, W-08 to W-14).
//!
//! Pure decision only. The store looks the number up under a lock on (tenant, number), asks here, and carries it out
//! in the same transaction; so of many tickets for one new caller exactly one enters them and the others link.

use uuid::Uuid;

use crate::directory::{ContactKind, ContactRef, CustomerType};

impl CustomerType {
    /// As the ticket stores it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::Organization => "organization",
        }
    }
}

/// An owner of the caller's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub reference: ContactRef,
    /// The organization of an organization contact.
    pub organization: Option<Uuid>,
}

/// What the decision looks at.
#[derive(Clone, Debug, Default)]
pub struct Filing<'a> {
    /// Whether the caller's number is a valid one. Withheld and invalid numbers make nobody known.
    pub has_number: bool,
    /// Who has the number, in order of precedence (contract: kind, active, primary, recently contacted, id).
    pub owners: &'a [Owner],
    pub customer_type: Option<CustomerType>,
    pub has_customer_name: bool,
    pub has_contact_person: bool,
    /// The organization the agent chose.
    pub organization: Option<Uuid>,
    /// Organizations whose name is the one given (W-12).
    pub namesakes: &'a [Uuid],
    /// A client files for themselves: they see nothing of the directory and change nothing in it.
    pub by_client: bool,
    /// The contact that this client is, where their account says so.
    pub requester: Option<ContactRef>,
}

/// A client as their ticket shows them to the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requester {
    pub contact: ContactRef,
    /// What their account is called: several accounts may be one contact's, and it is one of them who writes.
    pub name: String,
    pub email: String,
    /// The name of the organization whose person they are.
    pub organization: Option<String>,
}

/// The words of the caller snapshot that say who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub customer_type: Option<CustomerType>,
    pub customer_name: Option<String>,
    pub contact_person: Option<String>,
    pub customer_email: Option<String>,
}

impl Names {
    /// What a client said of themselves, completed by what their account says: the names only where they gave none at all,
    /// lest two people be mixed in one.
    #[must_use]
    pub fn completed(self, requester: &Requester) -> Self {
        let customer_email = self.customer_email.or_else(|| Some(requester.email.clone()));
        if self.customer_type.is_some() || self.customer_name.is_some() || self.contact_person.is_some() {
            return Self { customer_email, ..self };
        }
        let name = Some(requester.name.clone());
        match &requester.organization {
            Some(organization) => Self {
                customer_type: Some(CustomerType::Organization),
                customer_name: Some(organization.clone()),
                contact_person: name,
                customer_email,
            },
            None => Self {
                customer_type: Some(CustomerType::Individual),
                customer_name: name,
                contact_person: None,
                customer_email,
            },
        }
    }
}

/// What to do about the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nobody to link.
    Nothing,
    /// The ticket is about this contact; the directory stays as it is.
    Link(ContactRef),
    /// A new individual with this number.
    InsertIndividual,
    /// A new organization with this number, and its contact when one was named.
    InsertOrganization { contact_person: bool },
    /// A new contact under an organization that is there already.
    AddPerson { organization: Uuid },
    /// The number belongs to an organization that is there already.
    AddNumber { organization: Uuid },
}

/// The step, and the e-mail contact that becomes the new one instead of standing beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub step: Step,
    pub promotes: Option<Uuid>,
}

impl Decision {
    /// Whether this ticket is the one that makes the caller known: `contact_created`.
    pub const fn makes_known(self) -> bool {
        !matches!(self.step, Step::Nothing | Step::Link(_))
    }

    const fn only(step: Step) -> Self {
        Self { step, promotes: None }
    }
}

/// Decides.
///
/// - A client's ticket is about the contact that their account is, whatever they wrote; else about nobody.
/// - A number that an organization contact, an organization or an individual has is known: link the first of them.
/// - One that only an e-mail contact has is not (AIN-02): that contact is promoted when the agent named the caller,
///   else linked.
/// - An organization the agent chose always leads. A contact of it that has the number is linked with it; for an
///   unknown number the named person is entered under it, or the number becomes the organization's own when the agent
///   said that the organization itself is calling.
/// - An unknown caller of an organization whose name exactly one organization has already is entered there rather
///   than under a second organization of that name (W-12). Two of that name are a question we cannot answer for the
///   agent, so a new one is entered, marked for review like all that a ticket enters.
pub fn decide(filing: &Filing<'_>) -> Decision {
    if filing.by_client {
        return Decision::only(filing.requester.map_or(Step::Nothing, Step::Link));
    }
    let known = filing.owners.iter().find(|owner| owner.reference.kind != ContactKind::EmailContact);
    let mailer = filing.owners.iter().find(|owner| owner.reference.kind == ContactKind::EmailContact);
    let promotes = mailer.map(|owner| owner.reference.id);

    if let Some(organization) = filing.organization {
        let chosen = ContactRef { kind: ContactKind::Organization, id: organization };
        let member = filing.owners.iter().find(|owner| owner.organization == Some(organization));
        return match (member, known) {
            (Some(member), _) => Decision::only(Step::Link(member.reference)),
            (None, Some(_)) => Decision::only(Step::Link(chosen)),
            (None, None) if filing.has_number && filing.has_contact_person => {
                Decision { step: Step::AddPerson { organization }, promotes }
            }
            (None, None) if filing.has_number && filing.customer_type == Some(CustomerType::Organization) => {
                Decision { step: Step::AddNumber { organization }, promotes }
            }
            (None, None) => Decision::only(Step::Link(chosen)),
        };
    }
    if let Some(known) = known {
        return Decision::only(Step::Link(known.reference));
    }
    let step = match filing.customer_type.filter(|_| filing.has_number && filing.has_customer_name) {
        Some(CustomerType::Individual) => Step::InsertIndividual,
        Some(CustomerType::Organization) => match filing.namesakes {
            [organization] if filing.has_contact_person => Step::AddPerson { organization: *organization },
            [organization] => Step::AddNumber { organization: *organization },
            _ => Step::InsertOrganization { contact_person: filing.has_contact_person },
        },
        None => {
            let step = mailer.map_or(Step::Nothing, |mailer| Step::Link(mailer.reference));
            return Decision::only(step);
        }
    };
    Decision { step, promotes }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn owner(kind: ContactKind, id: u128, organization: Option<Uuid>) -> Owner {
        Owner { reference: ContactRef { kind, id: Uuid::from_u128(id) }, organization }
    }

    fn named(customer_type: CustomerType) -> Filing<'static> {
        Filing {
            has_number: true,
            customer_type: Some(customer_type),
            has_customer_name: true,
            ..Filing::default()
        }
    }

    #[test]
    fn an_unknown_caller_is_entered_only_with_a_name_a_type_and_a_number() {
        for has_number in [false, true] {
            for has_customer_name in [false, true] {
                for customer_type in [None, Some(CustomerType::Individual), Some(CustomerType::Organization)]
                {
                    for has_contact_person in [false, true] {
                        let decision = decide(&Filing {
                            has_number,
                            has_customer_name,
                            customer_type,
                            has_contact_person,
                            ..Filing::default()
                        });
                        let expected = match customer_type {
                            _ if !has_number || !has_customer_name => Step::Nothing,
                            None => Step::Nothing,
                            Some(CustomerType::Individual) => Step::InsertIndividual,
                            Some(CustomerType::Organization) => {
                                Step::InsertOrganization { contact_person: has_contact_person }
                            }
                        };
                        assert_eq!(decision, Decision::only(expected));
                        assert_eq!(decision.makes_known(), expected != Step::Nothing);
                    }
                }
            }
        }
    }

    #[test]
    fn a_known_caller_is_linked_and_nothing_is_entered() {
        for kind in [ContactKind::OrganizationContact, ContactKind::Organization, ContactKind::Individual] {
            let first = owner(kind, 7, None);
            let owners = [first, owner(ContactKind::EmailContact, 8, None)];
            for customer_type in [CustomerType::Individual, CustomerType::Organization] {
                let decision =
                    decide(&Filing { owners: &owners, has_contact_person: true, ..named(customer_type) });
                assert_eq!(decision, Decision::only(Step::Link(first.reference)));
                assert!(!decision.makes_known());
            }
        }
    }

    #[test]
    fn who_is_known_from_mail_only_is_promoted_when_named_and_linked_when_not() {
        let mailer = owner(ContactKind::EmailContact, 8, None);
        let owners = [mailer];
        let decision = decide(&Filing { owners: &owners, ..named(CustomerType::Individual) });
        assert_eq!(decision, Decision { step: Step::InsertIndividual, promotes: Some(mailer.reference.id) });
        assert!(decision.makes_known());
        let decision = decide(&Filing { owners: &owners, has_number: true, ..Filing::default() });
        assert_eq!(decision, Decision::only(Step::Link(mailer.reference)));
    }

    #[test]
    fn the_organization_the_agent_chose_leads() {
        let acme = ContactRef { kind: ContactKind::Organization, id: ACME };
        let chosen = Filing { organization: Some(ACME), ..named(CustomerType::Organization) };
        // Unknown number: the named person, else the organization itself.
        let decision = decide(&Filing { has_contact_person: true, ..chosen.clone() });
        assert_eq!(decision.step, Step::AddPerson { organization: ACME });
        assert_eq!(decide(&chosen).step, Step::AddNumber { organization: ACME });
        assert_eq!(decide(&Filing { customer_type: None, ..chosen.clone() }).step, Step::Link(acme));
        let decision = decide(&Filing { has_number: false, has_contact_person: true, ..chosen.clone() });
        assert_eq!(decision.step, Step::Link(acme));
        // Known as one of its people, though not first in order; known as somebody else's.
        let stranger = owner(ContactKind::OrganizationContact, 5, Some(OTHER));
        let colleague = owner(ContactKind::OrganizationContact, 6, Some(ACME));
        let decision = decide(&Filing { owners: &[stranger, colleague], ..chosen.clone() });
        assert_eq!(decision, Decision::only(Step::Link(colleague.reference)));
        let decision = decide(&Filing { owners: &[stranger], has_contact_person: true, ..chosen.clone() });
        assert_eq!(decision, Decision::only(Step::Link(acme)));
        let person = owner(ContactKind::Individual, 5, None);
        let decision = decide(&Filing { owners: &[person], has_contact_person: true, ..chosen });
        assert_eq!(decision, Decision::only(Step::Link(acme)));
    }

    #[test]
    fn no_second_organization_of_one_name() {
        let one = Filing { namesakes: &[ACME], ..named(CustomerType::Organization) };
        assert_eq!(decide(&one).step, Step::AddNumber { organization: ACME });
        let with_person = Filing { has_contact_person: true, ..one.clone() };
        assert_eq!(decide(&with_person).step, Step::AddPerson { organization: ACME });
        let two = Filing { namesakes: &[ACME, OTHER], ..one.clone() };
        assert_eq!(decide(&two).step, Step::InsertOrganization { contact_person: false });
        let individual = Filing { customer_type: Some(CustomerType::Individual), ..one };
        assert_eq!(decide(&individual).step, Step::InsertIndividual);
    }

    #[test]
    fn a_client_changes_nothing_in_the_directory() {
        let owners = [owner(ContactKind::Individual, 5, None)];
        for owners in [&owners[..], &[]] {
            let filing = Filing {
                by_client: true,
                owners,
                organization: Some(ACME),
                has_contact_person: true,
                ..named(CustomerType::Organization)
            };
            assert_eq!(decide(&filing), Decision::only(Step::Nothing));
            // Whom their account is, not whom they named.
            let themselves = owner(ContactKind::OrganizationContact, 9, Some(OTHER)).reference;
            let filing = Filing { requester: Some(themselves), ..filing };
            assert_eq!(decide(&filing), Decision::only(Step::Link(themselves)));
            assert!(!decide(&filing).makes_known());
        }
    }

    #[test]
    fn what_a_client_leaves_out_their_account_says() {
        let person = Requester {
            contact: owner(ContactKind::Individual, 5, None).reference,
            name: "Ada".into(),
            email: "ada@client.example".into(),
            organization: None,
        };
        let completed = Names::default().completed(&person);
        assert_eq!(
            completed,
            Names {
                customer_type: Some(CustomerType::Individual),
                customer_name: Some("Ada".into()),
                contact_person: None,
                customer_email: Some("ada@client.example".into()),
            }
        );
        let colleague = Requester { organization: Some("Acme".into()), ..person.clone() };
        let completed = Names::default().completed(&colleague);
        assert_eq!(completed.customer_type, Some(CustomerType::Organization));
        assert_eq!(
            (completed.customer_name.as_deref(), completed.contact_person.as_deref()),
            (Some("Acme"), Some("Ada"))
        );
        // Said is said, and nobody else's name is put beside it.
        for said in [
            Names { customer_name: Some("Bob".into()), ..Names::default() },
            Names { contact_person: Some("Bob".into()), ..Names::default() },
            Names { customer_type: Some(CustomerType::Individual), ..Names::default() },
        ] {
            let completed = said.clone().completed(&colleague);
            assert_eq!(completed, Names { customer_email: Some("ada@client.example".into()), ..said });
        }
        let said = Names { customer_email: Some("other@client.example".into()), ..Names::default() };
        assert_eq!(said.completed(&person).customer_email.as_deref(), Some("other@client.example"));
    }
}
