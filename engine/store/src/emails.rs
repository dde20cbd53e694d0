//! The addresses of contacts: one row each, one of them primary, which the contact's own column repeats.

use serde::Deserialize;
use switchroom_core::directory::ContactRef;

use crate::{
    StoreError, TenantTx,
    phones::{columns, owner_of},
};

/// An address of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Email {
    pub email: String,
    pub label: Option<String>,
    pub primary: bool,
}

impl Email {
    fn only(email: &str) -> Self {
        Self { email: email.to_owned(), label: None, primary: true }
    }

    fn is(&self, email: &str) -> bool {
        self.email.to_lowercase() == email.to_lowercase()
    }
}

/// One row per address, letter case apart, the first winning, and exactly one of them primary: the one marked, else the
/// first.
pub fn settle(emails: Vec<Email>) -> Vec<Email> {
    let mut settled: Vec<Email> = Vec::with_capacity(emails.len());
    for email in emails {
        match settled.iter_mut().find(|other| other.is(&email.email)) {
            Some(other) => {
                other.primary |= email.primary;
                if other.label.is_none() {
                    other.label = email.label;
                }
            }
            None => settled.push(email),
        }
    }
    let primary = settled.iter().position(|email| email.primary).unwrap_or(0);
    for (index, email) in settled.iter_mut().enumerate() {
        email.primary = index == primary;
    }
    settled
}

/// The addresses of a new contact: all that were given, `email` being the primary one where both were.
pub(crate) fn of_new(email: Option<&str>, emails: &[Email]) -> Vec<Email> {
    let mut all = emails.to_vec();
    if let Some(email) = email {
        all.iter_mut().for_each(|other| other.primary = other.is(email));
        if !all.iter().any(|other| other.primary) {
            all.insert(0, Email::only(email));
        }
    }
    settle(all)
}

pub(crate) fn primary(emails: &[Email]) -> Option<&str> {
    emails.iter().find(|email| email.primary).map(|email| email.email.as_str())
}

/// What `other_emails` holds, once the statement has folded it.
pub(crate) fn others(emails: &[Email]) -> String {
    let others: Vec<&str> =
        emails.iter().filter(|email| !email.primary).map(|email| email.email.as_str()).collect();
    others.join(" ")
}

/// What becomes of the addresses by a patch: the list is replaced; `email` alone replaces the primary one or (null) takes
/// it away, and the next takes its place. `None` = unchanged.
pub(crate) async fn patched(
    tx: &mut TenantTx,
    owner: ContactRef,
    email: Option<&Option<String>>,
    emails: Option<&[Email]>,
) -> Result<Option<Vec<Email>>, StoreError> {
    Ok(match (email, emails) {
        (None, None) => None,
        (None, Some(emails)) => Some(settle(emails.to_vec())),
        (Some(Some(email)), Some(emails)) => Some(of_new(Some(email), emails)),
        (Some(None), Some(emails)) => Some(settle(emails.to_vec())),
        (Some(email), None) => {
            let mut present = of(tx, owner).await?;
            match email {
                None => present.retain(|other| !other.primary),
                Some(email) if present.iter().any(|other| other.is(email)) => {
                    present.retain(|other| !other.primary || other.is(email));
                    for other in &mut present {
                        other.primary = other.is(email);
                        if other.primary {
                            other.email.clone_from(email);
                        }
                    }
                }
                Some(email) => {
                    present.retain(|other| !other.primary);
                    present.insert(0, Email::only(email));
                }
            }
            Some(settle(present))
        }
    })
}

/// The owner has these addresses and no others. The contact's own columns are the caller's to write.
pub(crate) async fn replace(
    tx: &mut TenantTx,
    owner: ContactRef,
    emails: &[Email],
) -> Result<(), StoreError> {
    remove_all(tx, owner).await?;
    if emails.is_empty() {
        return Ok(());
    }
    let of = columns(owner);
    let addresses: Vec<String> = emails.iter().map(|email| email.email.clone()).collect();
    let labels: Vec<Option<String>> = emails.iter().map(|email| email.label.clone()).collect();
    let primary: Vec<bool> = emails.iter().map(|email| email.primary).collect();
    sqlx::query!(
        "INSERT INTO contact_emails (tenant_id, email, label, is_primary, position,
                                     organization_contact_id, organization_id, individual_id, email_contact_id)
         SELECT $1, e.email, e.label, e.is_primary, e.position - 1, $5, $6, $7, $8
           FROM unnest($2::text[], $3::text[], $4::bool[]) WITH ORDINALITY AS e (email, label, is_primary, position)",
        tx.tenant().0,
        &addresses,
        &labels as &[Option<String>],
        &primary,
        of.organization_contact,
        of.organization,
        of.individual,
        of.email_contact,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn remove_all(tx: &mut TenantTx, owner: ContactRef) -> Result<(), StoreError> {
    let of = columns(owner);
    sqlx::query!(
        "DELETE FROM contact_emails
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

/// The owner's addresses, in the order they were given.
pub(crate) async fn of(tx: &mut TenantTx, owner: ContactRef) -> Result<Vec<Email>, StoreError> {
    let of = columns(owner);
    let rows = sqlx::query!(
        "SELECT email, label, is_primary FROM contact_emails
          WHERE organization_contact_id = $1 OR organization_id = $2 OR individual_id = $3 OR email_contact_id = $4
          ORDER BY position, folded",
        of.organization_contact,
        of.organization,
        of.individual,
        of.email_contact,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Email { email: row.email, label: row.label, primary: row.is_primary })
        .collect())
}

/// Contacts that have an address, letter case apart.
pub async fn owners(tx: &mut TenantTx, email: &str) -> Result<Vec<ContactRef>, StoreError> {
    let rows = sqlx::query!(
        "SELECT organization_contact_id, organization_id, individual_id, email_contact_id FROM contact_emails
          WHERE tenant_id = $1 AND folded = lower($2::text)",
        tx.tenant().0,
        email,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            owner_of(
                row.organization_contact_id,
                row.organization_id,
                row.individual_id,
                row.email_contact_id,
            )
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(email: &str, primary: bool) -> Email {
        Email { email: email.to_owned(), label: None, primary }
    }

    #[test]
    fn one_row_per_address_and_one_primary() {
        assert!(settle(Vec::new()).is_empty());
        let all = settle(vec![
            email("a@x.example", false),
            email("B@x.example", false),
            email("b@X.example", true),
        ]);
        assert_eq!(all, [email("a@x.example", false), email("B@x.example", true)]);
        assert_eq!((primary(&all), others(&all).as_str()), (Some("B@x.example"), "a@x.example"));
    }

    #[test]
    fn the_plain_field_names_the_primary_one() {
        assert!(of_new(None, &[]).is_empty());
        assert_eq!(of_new(Some("a@x.example"), &[]), [email("a@x.example", true)]);
        let listed = [email("b@x.example", true), email("A@x.example", false)];
        assert_eq!(
            of_new(Some("a@x.example"), &listed),
            [email("b@x.example", false), email("A@x.example", true)]
        );
        assert_eq!(of_new(Some("c@x.example"), &listed)[0], email("c@x.example", true));
    }
}
