//! Filing a ticket: ticket, caller snapshot, links to call and line, and the caller's entry in the directory, all in
//! the one transaction that the caller of this module commits.

use std::str::FromStr;

use serde_json::{Map, Value, json};
use switchroom_core::{
    CallId, TicketId, UserId,
    directory::{ContactKind, ContactRef, CustomerType, standing::Standing},
    number::E164,
    ticket::{
        caller::{Decision, Filing, Names, Step, decide},
        lifecycle::{Filer, Status, first_status},
    },
};
use uuid::Uuid;

use super::{Ticket, load, replies::record};
use crate::{
    StoreError, TenantTx, contact, contact_fields,
    email_contacts::EmailContact,
    emails::Email,
    individuals::{self, NewIndividual},
    organization_contacts::{self, NewOrganizationContact},
    organizations::{self, Hold, NewOrganization, Organization, OrganizationPatch},
    phones::{self, Phone},
    portal_accounts,
};

/// A ticket to be filed.
#[derive(Clone, Debug)]
pub struct NewTicket {
    pub title: String,
    pub description: Option<String>,
    pub priority: String,
    pub call: Option<CallId>,
    /// The caller's number as given: E.164 where it is one, else the text.
    pub phone_number: Option<String>,
    pub customer_type: Option<CustomerType>,
    pub customer_name: Option<String>,
    pub customer_gender: Option<String>,
    pub contact_person: Option<String>,
    pub customer_email: Option<String>,
    pub organization: Option<Uuid>,
    pub filer: Filer,
    pub by: UserId,
}

/// What filing did.
#[derive(Clone, Debug)]
pub struct Filed {
    pub ticket: Ticket,
    /// Whether the directory was changed, so that the next screen-pop depends on it.
    pub directory_changed: bool,
}

/// Why a ticket was not filed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("no such call")]
    UnknownCall,
    #[error("no such organization")]
    UnknownOrganization,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for FileError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Files it.
pub async fn file(tx: &mut TenantTx, new: &NewTicket) -> Result<Filed, FileError> {
    let by_client = new.filer == Filer::Unattended;
    let call = match new.call {
        Some(id) => Some(call(tx, id).await?.ok_or(FileError::UnknownCall)?),
        None => None,
    };
    let phone_number =
        new.phone_number.clone().or_else(|| call.as_ref().and_then(|call| call.caller.clone()));
    let number = phone_number.as_deref().and_then(|text| E164::from_str(text).ok());

    let requester = if by_client { portal_accounts::requester(tx, new.by).await? } else { None };
    let themselves = requester.as_ref().map(|requester| requester.contact);
    let decision = consider(tx, new, number, by_client, themselves).await?;
    let contact = match decision.step {
        Step::Nothing => None,
        Step::Link(contact) => Some(held(tx, contact).await?),
        _ => Some(enter(tx, new, number, decision).await?),
    };
    let organization = match contact {
        Some(ContactRef { kind: ContactKind::Organization, id }) => Some(id),
        Some(ContactRef { kind: ContactKind::OrganizationContact, id }) => {
            sqlx::query_scalar!("SELECT organization_id FROM organization_contacts WHERE id = $1", id)
                .fetch_optional(&mut **tx)
                .await?
        }
        _ => None,
    };
    let only = |kind: ContactKind| contact.filter(|contact| contact.kind == kind).map(|contact| contact.id);
    let mut names = Names {
        customer_type: new.customer_type,
        customer_name: new.customer_name.clone(),
        contact_person: new.contact_person.clone(),
        customer_email: new.customer_email.clone(),
    };
    if let Some(requester) = &requester {
        names = names.completed(requester);
    }

    let status: Status = first_status(new.filer, false);
    let id = TicketId(Uuid::now_v7());
    // The counter's row is shared by all tickets of the tenant, so it is touched last and held shortly.
    sqlx::query!(
        "WITH counter AS (
           UPDATE tenant_counters SET next_ticket_number = next_ticket_number + 1 WHERE tenant_id = $2
           RETURNING next_ticket_number - 1 AS number)
         INSERT INTO tickets (id, tenant_id, number, title, description, status, priority, organization_id,
                              organization_contact_id, individual_id, email_contact_id, phone_number_id,
                              requester_user_id, caller_phone_number, customer_type, customer_name, customer_gender,
                              contact_person, customer_email, contact_created, created_by, updated_by)
         VALUES ($1, $2, (SELECT number FROM counter), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                 $17, $18, $19, $20, $20)",
        id.0,
        tx.tenant().0,
        new.title,
        new.description.as_deref(),
        status.name(),
        new.priority,
        organization,
        only(ContactKind::OrganizationContact),
        only(ContactKind::Individual),
        only(ContactKind::EmailContact),
        call.as_ref().and_then(|call| call.number_id),
        by_client.then_some(new.by.0),
        phone_number.as_deref(),
        names.customer_type.map(CustomerType::name),
        names.customer_name,
        new.customer_gender.as_deref(),
        names.contact_person,
        names.customer_email,
        decision.makes_known(),
        new.by.0,
    )
    .execute(&mut **tx)
    .await?;
    record(tx, id, Some(new.by), "created", json!({ "status": status })).await?;
    if let Some(call) = new.call {
        link_call(tx, id, call, new.by).await?;
    }
    let ticket = load(tx, &[id.0]).await?.pop().ok_or(StoreError::Other(sqlx::Error::RowNotFound))?;
    Ok(Filed { ticket, directory_changed: decision.makes_known() })
}

/// Ties a ticket and a call together, once. Both must be the tenant's.
pub async fn link_call(
    tx: &mut TenantTx,
    ticket: TicketId,
    call: CallId,
    by: UserId,
) -> Result<(), StoreError> {
    let linked = sqlx::query!(
        "INSERT INTO call_tickets (tenant_id, call_id, ticket_id, linked_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        tx.tenant().0,
        call.0,
        ticket.0,
        by.0,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if linked > 0 {
        record(tx, ticket, Some(by), "call_linked", json!({ "call_id": call })).await?;
    }
    Ok(())
}

struct CallFacts {
    /// Who is at the other end: the one who rang us, or whom we rang.
    caller: Option<String>,
    number_id: Option<Uuid>,
}

async fn call(tx: &mut TenantTx, id: CallId) -> Result<Option<CallFacts>, StoreError> {
    let row =
        sqlx::query!("SELECT direction, from_number, to_number, number_id FROM calls WHERE id = $1", id.0)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(row.map(|row| CallFacts {
        // What a provider sent may be longer than a ticket keeps; a number never is.
        caller: if row.direction == "outbound" { row.to_number } else { row.from_number }
            .map(|text| text.chars().take(100).collect()),
        number_id: row.number_id,
    }))
}

/// Looks the number up, under a lock on (tenant, number) that lasts until the commit: of several tickets for one
/// unknown caller the second finds whom the first has entered (W-08).
///
/// Locks are taken in one order, so that no two filings wait for each other: the number, the e-mail contact to be promoted,
/// the name of a new organization, the organization, which is held as strongly as it will be changed, its person.
async fn consider(
    tx: &mut TenantTx,
    new: &NewTicket,
    number: Option<E164>,
    by_client: bool,
    requester: Option<ContactRef>,
) -> Result<Decision, FileError> {
    let mut filing = Filing {
        has_number: number.is_some(),
        customer_type: new.customer_type,
        has_customer_name: new.customer_name.is_some(),
        has_contact_person: new.contact_person.is_some(),
        organization: new.organization,
        by_client,
        requester,
        ..Filing::default()
    };
    let number = number.filter(|_| !by_client);
    if let Some(number) = number {
        lock(tx, &format!("caller {number}")).await?;
    }
    let (owners, mut decision) = loop {
        let owners = match number {
            Some(number) => phones::owners(tx, number).await?,
            None => Vec::new(),
        };
        let decision = decide(&Filing { owners: &owners, ..filing.clone() });
        match decision.promotes {
            // A call from another number of theirs promoted them meanwhile, and this number went with them.
            Some(mailer) if !hold_mailer(tx, mailer).await? => {}
            _ => break (owners, decision),
        }
    };
    filing.owners = &owners;
    if let Some(chosen) = new.organization
        && !organizations::hold(tx, chosen, hold_of(decision.step)).await?
    {
        return Err(FileError::UnknownOrganization);
    }
    // Only where a new organization would be made does its name matter. The second lock makes two unknown numbers of
    // one new company meet.
    let mut namesakes = Vec::new();
    if let (Step::InsertOrganization { .. }, Some(name)) = (decision.step, &new.customer_name) {
        let spaced = name.split_whitespace().collect::<Vec<_>>().join(" ");
        lock(tx, &format!("organization {spaced}")).await?;
        namesakes = organizations::namesakes(tx, name).await?;
        let with_namesakes = decide(&Filing { namesakes: &namesakes, ..filing.clone() });
        if let [only] = namesakes[..]
            && !organizations::hold(tx, only, hold_of(with_namesakes.step)).await?
        {
            namesakes.clear();
        }
    }
    if !namesakes.is_empty() {
        filing.namesakes = &namesakes;
        decision = decide(&filing);
    }
    Ok(decision)
}

/// Holds an e-mail contact that will be promoted; false when it is no more.
async fn hold_mailer(tx: &mut TenantTx, id: Uuid) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT id FROM email_contacts WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
        id
    )
    .fetch_optional(&mut **tx)
    .await?
    .is_some())
}

/// How the organization of a step is held: whoever will change it may not share it first, or two would wait for each other.
const fn hold_of(step: Step) -> Hold {
    match step {
        Step::AddNumber { .. } => Hold::ToChange,
        Step::Nothing
        | Step::Link(_)
        | Step::InsertIndividual
        | Step::InsertOrganization { .. }
        | Step::AddPerson { .. } => Hold::Shared,
    }
}

/// Whom the ticket will be about, held until the end of the transaction, so that no merge and no promotion passes it by:
/// the contact, or what it has become part of meanwhile. One that was deleted meanwhile stays who it was.
async fn held(tx: &mut TenantTx, mut contact: ContactRef) -> Result<ContactRef, StoreError> {
    loop {
        if contact.kind == ContactKind::OrganizationContact {
            hold_organization_of(tx, contact.id).await?;
        }
        if contact::hold(tx, contact).await? {
            return Ok(contact);
        }
        match contact::successor(tx, contact).await? {
            Some(successor) => contact = successor,
            None => return Ok(contact),
        }
    }
}

/// A person of a company is moved with it, and it is the company that a merge of two holds first.
async fn hold_organization_of(tx: &mut TenantTx, person: Uuid) -> Result<(), StoreError> {
    let mut last = None;
    loop {
        let organization =
            sqlx::query_scalar!("SELECT organization_id FROM organization_contacts WHERE id = $1", person)
                .fetch_optional(&mut **tx)
                .await?;
        if organization == last {
            return Ok(());
        }
        if let Some(organization) = organization {
            organizations::hold(tx, organization, Hold::Shared).await?;
        }
        last = organization;
    }
}

/// Until the end of the transaction; letter case apart, by the rules by which names are compared. Two subjects that share
/// a hash wait for each other now and then; no more harm.
async fn lock(tx: &mut TenantTx, subject: &str) -> Result<(), StoreError> {
    let key = format!("{} {subject}", tx.tenant());
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended(lower($1::text), 0))", key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Enters the caller as decided and answers whom the ticket is about.
async fn enter(
    tx: &mut TenantTx,
    new: &NewTicket,
    number: Option<E164>,
    decision: Decision,
) -> Result<ContactRef, StoreError> {
    let retired = match decision.promotes {
        Some(id) => contact::get::<EmailContact>(tx, id).await?,
        None => None,
    };
    let email = new.customer_email.clone().or_else(|| retired.as_ref().map(|mailer| mailer.email.clone()));
    let kept = match &retired {
        Some(mailer) => Kept::of(tx, mailer, decision.step).await?,
        None => Kept::default(),
    };
    let mut numbers: Vec<Phone> = number
        .map(|e164| Phone {
            e164,
            raw: new.phone_number.clone().unwrap_or_else(|| e164.to_string()),
            label: None,
            primary: true,
        })
        .into_iter()
        .collect();
    if let Some(mailer) = &retired {
        numbers.extend(mailer.phones.iter().cloned().map(|phone| Phone { primary: false, ..phone }));
    }
    let numbers = phones::settle(numbers);
    let by = Some(new.by);
    let name = || new.customer_name.clone().unwrap_or_default();
    let contact = match decision.step {
        Step::InsertIndividual => {
            let individual = NewIndividual {
                full_name: name(),
                gender: new.customer_gender.clone(),
                email,
                emails: kept.emails,
                standing: kept.standing,
                custom: kept.custom,
                phones: numbers,
                is_active: true,
                provenance: "auto_ticket",
                ..NewIndividual::default()
            };
            ContactRef { kind: ContactKind::Individual, id: individuals::insert(tx, &individual, by).await? }
        }
        Step::InsertOrganization { contact_person } => {
            // What was known of somebody from their mail is the person's, where there is one.
            let (of_person, kept) =
                if contact_person { (kept, Kept::default()) } else { (Kept::default(), kept) };
            let organization = NewOrganization {
                name: name(),
                email: email.clone(),
                emails: kept.emails,
                standing: kept.standing,
                custom: kept.custom,
                phones: numbers.clone(),
                is_active: true,
                provenance: "auto_ticket",
                // The tenant may want a tax id of organizations; a caller has none at hand.
                ..NewOrganization::default()
            };
            let id = organizations::insert(tx, &organization, by).await?;
            if contact_person {
                add_person(tx, new, id, email, numbers, of_person).await?
            } else {
                ContactRef { kind: ContactKind::Organization, id }
            }
        }
        Step::AddPerson { organization } => add_person(tx, new, organization, email, numbers, kept).await?,
        Step::AddNumber { organization } => {
            let contact = ContactRef { kind: ContactKind::Organization, id: organization };
            phones::add(tx, contact, &numbers).await?;
            add_to_organization(tx, organization, kept).await?;
            contact
        }
        // `file` calls this for the other steps only.
        Step::Nothing | Step::Link(_) => return Err(StoreError::Other(sqlx::Error::RowNotFound)),
    };
    if let Some(mailer) = retired {
        retire(tx, mailer.id, contact, new.by).await?;
    }
    Ok(contact)
}

async fn add_person(
    tx: &mut TenantTx,
    new: &NewTicket,
    organization: Uuid,
    email: Option<String>,
    phones: Vec<Phone>,
    kept: Kept,
) -> Result<ContactRef, StoreError> {
    let person = NewOrganizationContact {
        full_name: new.contact_person.clone().unwrap_or_default(),
        gender: new.customer_gender.clone(),
        email,
        emails: kept.emails,
        standing: kept.standing,
        custom: kept.custom,
        phones,
        is_active: true,
        provenance: "auto_ticket",
        ..NewOrganizationContact::default()
    };
    // The organization was held by this transaction, or made by it.
    let id = organization_contacts::insert(tx, organization, &person, Some(new.by))
        .await?
        .ok_or(StoreError::Other(sqlx::Error::RowNotFound))?;
    Ok(ContactRef { kind: ContactKind::OrganizationContact, id })
}

/// What an e-mail contact leaves to whom it becomes, beside numbers and the first address.
#[derive(Default)]
struct Kept {
    emails: Vec<Email>,
    standing: Option<Standing>,
    custom: Map<String, Value>,
}

impl Kept {
    /// Values of own fields go over where the new kind has a field of that key that takes them.
    async fn of(tx: &mut TenantTx, mailer: &EmailContact, step: Step) -> Result<Self, StoreError> {
        let kind = match step {
            Step::InsertIndividual => ContactKind::Individual,
            Step::InsertOrganization { contact_person: true } | Step::AddPerson { .. } => {
                ContactKind::OrganizationContact
            }
            Step::InsertOrganization { contact_person: false } | Step::AddNumber { .. } => {
                ContactKind::Organization
            }
            Step::Nothing | Step::Link(_) => return Ok(Self::default()),
        };
        let mut custom = mailer.common.custom.clone();
        if !custom.is_empty() {
            let fields = contact_fields::of(tx, kind).await?;
            custom.retain(|key, value| {
                fields.iter().any(|field| field.key == *key && field.check(value).is_ok())
            });
        }
        Ok(Self { emails: mailer.common.emails.clone(), standing: Some(mailer.common.standing), custom })
    }
}

/// An organization that is there gets the addresses and values it lacks; how we stand with it is not its new caller's to
/// say. Its version rises in any case: whoever has seen it before the number came has not seen it as it is.
async fn add_to_organization(tx: &mut TenantTx, id: Uuid, kept: Kept) -> Result<(), StoreError> {
    let present = contact::get::<Organization>(tx, id).await?.ok_or(sqlx::Error::RowNotFound)?.common;
    let emails = (!kept.emails.is_empty()).then(|| {
        let first = present.emails.is_empty();
        let more = kept.emails.into_iter().map(|email| Email { primary: email.primary && first, ..email });
        present.emails.into_iter().chain(more).collect()
    });
    let mut custom = kept.custom;
    custom.retain(|key, _| !present.custom.contains_key(key));
    let patch = OrganizationPatch { emails, custom, ..OrganizationPatch::default() };
    organizations::update(tx, id, &patch, None).await?;
    Ok(())
}

/// The e-mail contact has become `successor`: its numbers, addresses and values are there already, its tickets and notes
/// follow, its calls are read through the link between the two; it is no more.
async fn retire(
    tx: &mut TenantTx,
    mailer: Uuid,
    successor: ContactRef,
    by: UserId,
) -> Result<(), StoreError> {
    let gone = ContactRef { kind: ContactKind::EmailContact, id: mailer };
    phones::remove_all(tx, gone).await?;
    contact::delete::<EmailContact>(tx, mailer, None, by).await?;
    sqlx::query!(
        "UPDATE email_contacts SET became_kind = $2, became_id = $3 WHERE id = $1",
        mailer,
        successor.kind.name(),
        successor.id,
    )
    .execute(&mut **tx)
    .await?;
    let only = |kind: ContactKind| (successor.kind == kind).then_some(successor.id);
    sqlx::query!(
        "UPDATE contact_notes
            SET email_contact_id = NULL, individual_id = $2, organization_contact_id = $3, organization_id = $4
          WHERE email_contact_id = $1 AND deleted_at IS NULL",
        mailer,
        only(ContactKind::Individual),
        only(ContactKind::OrganizationContact),
        only(ContactKind::Organization),
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "UPDATE tickets
            SET email_contact_id = NULL, individual_id = $2, organization_contact_id = $3,
                organization_id = coalesce($4, (SELECT organization_id FROM organization_contacts WHERE id = $3)),
                version = version + 1
          WHERE email_contact_id = $1",
        mailer,
        only(ContactKind::Individual),
        only(ContactKind::OrganizationContact),
        only(ContactKind::Organization),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
