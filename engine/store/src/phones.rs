//! The telephone numbers of contacts: one row each, normalised before they come here, one of them primary.

use serde::Deserialize;
use switchroom_core::{
    directory::{ContactKind, ContactRef},
    number::E164,
    ticket::caller::Owner,
};
use uuid::Uuid;

use crate::{StoreError, TenantTx};

/// A number of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Phone {
    pub e164: E164,
    /// As it was typed.
    pub raw: String,
    pub label: Option<String>,
    pub primary: bool,
}

/// How a list is searched by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneFilter {
    Exact(E164),
    /// The first digits, country code first; several where the text may be read in several ways.
    Prefix(Vec<String>),
    /// What is no number is nobody's (W-03).
    Nobody,
}

/// One row per number, the first of its kind winning, and exactly one of them primary: the one marked, else the first.
pub fn settle(phones: Vec<Phone>) -> Vec<Phone> {
    let mut settled: Vec<Phone> = Vec::with_capacity(phones.len());
    for phone in phones {
        match settled.iter_mut().find(|other| other.e164 == phone.e164) {
            Some(other) => {
                other.primary |= phone.primary;
                if other.label.is_none() {
                    other.label = phone.label;
                }
            }
            None => settled.push(phone),
        }
    }
    let primary = settled.iter().position(|phone| phone.primary).unwrap_or(0);
    for (index, phone) in settled.iter_mut().enumerate() {
        phone.primary = index == primary;
    }
    settled
}

/// The four owner columns of numbers, addresses and notes, of which one is set.
pub(crate) struct Columns {
    pub organization_contact: Option<Uuid>,
    pub organization: Option<Uuid>,
    pub individual: Option<Uuid>,
    pub email_contact: Option<Uuid>,
}

pub(crate) fn columns(owner: ContactRef) -> Columns {
    let only = |kind: ContactKind| (owner.kind == kind).then_some(owner.id);
    Columns {
        organization_contact: only(ContactKind::OrganizationContact),
        organization: only(ContactKind::Organization),
        individual: only(ContactKind::Individual),
        email_contact: only(ContactKind::EmailContact),
    }
}

/// Whom the four columns name.
pub(crate) fn owner_of(
    organization_contact: Option<Uuid>,
    organization: Option<Uuid>,
    individual: Option<Uuid>,
    email_contact: Option<Uuid>,
) -> Option<ContactRef> {
    let of = |kind: ContactKind| move |id: Uuid| ContactRef { kind, id };
    organization_contact
        .map(of(ContactKind::OrganizationContact))
        .or(organization.map(of(ContactKind::Organization)))
        .or(individual.map(of(ContactKind::Individual)))
        .or(email_contact.map(of(ContactKind::EmailContact)))
}

/// The owner has these numbers and no others.
pub async fn replace(tx: &mut TenantTx, owner: ContactRef, phones: &[Phone]) -> Result<(), StoreError> {
    remove_all(tx, owner).await?;
    insert(tx, owner, phones, 0).await
}

/// The owner has these numbers too. A number it has already stays as it is; it keeps its primary number if it has one.
pub async fn add(tx: &mut TenantTx, owner: ContactRef, phones: &[Phone]) -> Result<(), StoreError> {
    let present = of(tx, owner).await?;
    let known = |e164: E164| present.iter().any(|phone| phone.e164 == e164);
    let mut new: Vec<Phone> = phones.iter().filter(|phone| !known(phone.e164)).cloned().collect();
    if present.is_empty() {
        new = settle(new);
    } else {
        for phone in &mut new {
            phone.primary = false;
        }
    }
    insert(tx, owner, &new, present.len()).await
}

pub(crate) async fn remove_all(tx: &mut TenantTx, owner: ContactRef) -> Result<(), StoreError> {
    let of = columns(owner);
    sqlx::query!(
        "DELETE FROM contact_phones
          WHERE organization_contact_id = $1 OR organization_id = $2 OR individual_id = $3 OR email_contact_id = $4",
        of.organization_contact,
        of.organization,
        of.individual,
        of.email_contact,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert(
    tx: &mut TenantTx,
    owner: ContactRef,
    phones: &[Phone],
    first: usize,
) -> Result<(), StoreError> {
    if phones.is_empty() {
        return Ok(());
    }
    let of = columns(owner);
    let e164: Vec<String> = phones.iter().map(|phone| phone.e164.to_string()).collect();
    let raw: Vec<String> = phones.iter().map(|phone| phone.raw.clone()).collect();
    let label: Vec<Option<String>> = phones.iter().map(|phone| phone.label.clone()).collect();
    let primary: Vec<bool> = phones.iter().map(|phone| phone.primary).collect();
    let position: Vec<i16> =
        (first..first + phones.len()).map(|place| i16::try_from(place).unwrap_or(i16::MAX)).collect();
    sqlx::query!(
        "INSERT INTO contact_phones (tenant_id, e164, raw, label, is_primary, position,
                                     organization_contact_id, organization_id, individual_id, email_contact_id)
         SELECT $1, p.e164, p.raw, p.label, p.is_primary, p.position, $7, $8, $9, $10
           FROM unnest($2::text[], $3::text[], $4::text[], $5::bool[], $6::smallint[])
                AS p (e164, raw, label, is_primary, position)",
        tx.tenant().0,
        &e164,
        &raw,
        &label as &[Option<String>],
        &primary,
        &position,
        of.organization_contact,
        of.organization,
        of.individual,
        of.email_contact,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The owner's numbers, in the order they were given.
pub(crate) async fn of(tx: &mut TenantTx, owner: ContactRef) -> Result<Vec<Phone>, StoreError> {
    let of = columns(owner);
    let rows = sqlx::query!(
        "SELECT e164, raw, label, is_primary FROM contact_phones
          WHERE organization_contact_id = $1 OR organization_id = $2 OR individual_id = $3 OR email_contact_id = $4
          ORDER BY position, e164",
        of.organization_contact,
        of.organization,
        of.individual,
        of.email_contact,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Phone { e164: parse(&row.e164)?, raw: row.raw, label: row.label, primary: row.is_primary })
        })
        .collect()
}

/// Who has the number, in order of precedence: kind; then active, primary, most recently contacted, lowest id first.
/// Deleted contacts have no numbers.
pub async fn owners(tx: &mut TenantTx, e164: E164) -> Result<Vec<Owner>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT o.rank AS "rank!", o.id AS "id!", o.organization_id FROM (
             SELECT 0 AS rank, c.id, c.organization_id, c.is_active, p.is_primary
               FROM contact_phones p JOIN organization_contacts c ON c.id = p.organization_contact_id
              WHERE p.tenant_id = $1 AND p.e164 = $2 AND c.deleted_at IS NULL
             UNION ALL
             SELECT 1, c.id, c.id, c.is_active, p.is_primary
               FROM contact_phones p JOIN organizations c ON c.id = p.organization_id
              WHERE p.tenant_id = $1 AND p.e164 = $2 AND c.deleted_at IS NULL
             UNION ALL
             SELECT 2, c.id, NULL, c.is_active, p.is_primary
               FROM contact_phones p JOIN individuals c ON c.id = p.individual_id
              WHERE p.tenant_id = $1 AND p.e164 = $2 AND c.deleted_at IS NULL
             UNION ALL
             SELECT 3, c.id, NULL, c.is_active, p.is_primary
               FROM contact_phones p JOIN email_contacts c ON c.id = p.email_contact_id
              WHERE p.tenant_id = $1 AND p.e164 = $2 AND c.deleted_at IS NULL
           ) o
           LEFT JOIN LATERAL (SELECT max(started_at) AS at FROM calls
                               WHERE tenant_id = $1 AND contact_id = o.id) last ON true
           ORDER BY o.rank, o.is_active DESC, o.is_primary DESC, last.at DESC NULLS LAST, o.id"#,
        tx.tenant().0,
        e164.to_string(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let kind = match row.rank {
                0 => ContactKind::OrganizationContact,
                1 => ContactKind::Organization,
                2 => ContactKind::Individual,
                _ => ContactKind::EmailContact,
            };
            Owner { reference: ContactRef { kind, id: row.id }, organization: row.organization_id }
        })
        .collect())
}

/// A stored number; the column's check lets nothing else in.
pub(crate) fn parse(e164: &str) -> Result<E164, StoreError> {
    e164.parse()
        .map_err(|_| StoreError::Other(sqlx::Error::Decode("a stored number that is no E.164".into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(e164: &str, primary: bool) -> Phone {
        Phone { e164: e164.parse().unwrap(), raw: e164.to_owned(), label: None, primary }
    }

    #[test]
    fn one_row_per_number_and_exactly_one_primary() {
        assert!(settle(Vec::new()).is_empty());
        let primaries =
            |phones: Vec<Phone>| settle(phones).iter().map(|phone| phone.primary).collect::<Vec<_>>();
        assert_eq!(
            primaries(vec![phone("+33612345678", false), phone("+33612345679", false)]),
            [true, false]
        );
        assert_eq!(primaries(vec![phone("+33612345678", false), phone("+33612345679", true)]), [false, true]);
        assert_eq!(primaries(vec![phone("+33612345678", true), phone("+33612345679", true)]), [true, false]);
        // The second form of a number marks the first.
        let twice =
            vec![phone("+33612345679", false), phone("+33612345678", false), phone("+33612345678", true)];
        assert_eq!(primaries(twice), [false, true]);
    }
}
