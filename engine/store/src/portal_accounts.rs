//! Which contact a client is: the individual, or the person of an organization, that a membership points to. Several
//! accounts may be one contact's.
//!
//! What becomes of the contact is followed here: merged into another, its accounts are that one's, and its own again when
//! the merge is undone; deleted or erased, they are nobody's.
//!
//! Accounts and invitations are held before the contact, here as by whoever changes them, so that no two wait for each
//! other.

use sqlx::AssertSqlSafe;
use switchroom_core::{
    UserId,
    directory::{ContactKind, ContactRef},
    ticket::caller::Requester,
};
use uuid::Uuid;

use crate::{StoreError, TenantTx, contact, contact_list::owner_column};

/// A contact that somebody signs in as, as members and invitations show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    pub contact: ContactRef,
    pub name: String,
    /// Of an organization's person: whose, and what it is called.
    pub organization: Option<(Uuid, String)>,
}

/// As two columns hold it; no constraint lets both be there.
pub(crate) fn reference(individual: Option<Uuid>, organization_contact: Option<Uuid>) -> Option<ContactRef> {
    individual
        .map(|id| ContactRef { kind: ContactKind::Individual, id })
        .or_else(|| organization_contact.map(|id| ContactRef { kind: ContactKind::OrganizationContact, id }))
}

/// The two columns of it.
pub(crate) fn columns(contact: Option<ContactRef>) -> (Option<Uuid>, Option<Uuid>) {
    let only = |kind| contact.filter(|contact| contact.kind == kind).map(|contact| contact.id);
    (only(ContactKind::Individual), only(ContactKind::OrganizationContact))
}

/// Whether somebody can sign in as a contact of this kind: a company does not, and of who is known from their mail too
/// little is.
pub const fn may_sign_in(kind: ContactKind) -> bool {
    matches!(kind, ContactKind::Individual | ContactKind::OrganizationContact)
}

/// Holds the contact until the end of the transaction, so that it is not deleted or merged before somebody signs in as it;
/// false where there is none such.
pub async fn hold_contact(tx: &mut TenantTx, contact: ContactRef) -> Result<bool, StoreError> {
    Ok(may_sign_in(contact.kind) && contact::hold(tx, contact).await?)
}

/// The one active contact that has this address, where it is a person: an address that several have names nobody.
pub async fn of_address(tx: &mut TenantTx, email: &str) -> Result<Option<ContactRef>, StoreError> {
    let rows = sqlx::query!(
        "SELECT e.individual_id, e.organization_contact_id
           FROM contact_emails e
           LEFT JOIN individuals i ON i.tenant_id = e.tenant_id AND i.id = e.individual_id
           LEFT JOIN organization_contacts c ON c.tenant_id = e.tenant_id AND c.id = e.organization_contact_id
           LEFT JOIN organizations o ON o.tenant_id = e.tenant_id AND o.id = e.organization_id
           LEFT JOIN email_contacts m ON m.tenant_id = e.tenant_id AND m.id = e.email_contact_id
          WHERE e.tenant_id = $1 AND e.folded = lower($2)
            AND coalesce(i.deleted_at, c.deleted_at, o.deleted_at, m.deleted_at) IS NULL
            AND coalesce(i.is_active, c.is_active, o.is_active, m.is_active)
          LIMIT 2",
        tx.tenant().0,
        email,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(match &rows[..] {
        [only] => reference(only.individual_id, only.organization_contact_id),
        _ => None,
    })
}

/// Makes a client the contact who has their proved address, if exactly one has it and they are none yet.
pub async fn link_by_address(
    tx: &mut TenantTx,
    user: UserId,
    email: &str,
) -> Result<Option<ContactRef>, StoreError> {
    let Some(contact) = of_address(tx, email).await? else { return Ok(None) };
    let unlinked = sqlx::query_scalar!(
        "SELECT id FROM memberships
          WHERE tenant_id = $1 AND user_id = $2 AND role = 'client' AND individual_id IS NULL AND organization_contact_id IS NULL
            FOR UPDATE",
        tx.tenant().0,
        user.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(membership) = unlinked else { return Ok(None) };
    if !hold_contact(tx, contact).await? {
        return Ok(None);
    }
    let (individual, organization_contact) = columns(Some(contact));
    sqlx::query!(
        "UPDATE memberships SET individual_id = $2, organization_contact_id = $3, version = version + 1 WHERE id = $1",
        membership,
        individual,
        organization_contact,
    )
    .execute(&mut **tx)
    .await?;
    Ok(Some(contact))
}

/// What a client's ticket says of who files it.
pub(crate) async fn requester(tx: &mut TenantTx, user: UserId) -> Result<Option<Requester>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT m.individual_id, m.organization_contact_id, u.name, u.email, o.name AS "organization?"
             FROM memberships m
             JOIN users u ON u.id = m.user_id
             LEFT JOIN organization_contacts c ON c.tenant_id = m.tenant_id AND c.id = m.organization_contact_id
             LEFT JOIN organizations o ON o.tenant_id = c.tenant_id AND o.id = c.organization_id
            WHERE m.tenant_id = $1 AND m.user_id = $2 AND m.role = 'client'"#,
        tx.tenant().0,
        user.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.and_then(|row| {
        Some(Requester {
            contact: reference(row.individual_id, row.organization_contact_id)?,
            name: row.name,
            email: row.email,
            organization: row.organization,
        })
    }))
}

const TABLES: [&str; 2] = ["invitations", "memberships"];

/// Holds whatever points to these contacts. Asked for before the contacts themselves are changed.
pub(crate) async fn hold(tx: &mut TenantTx, kind: ContactKind, contacts: &[Uuid]) -> Result<(), StoreError> {
    if !may_sign_in(kind) || contacts.is_empty() {
        return Ok(());
    }
    let column = owner_column(kind);
    for table in TABLES {
        sqlx::query(AssertSqlSafe(format!(
            "SELECT id FROM {table} WHERE tenant_id = $1 AND {column} = ANY($2) ORDER BY id FOR UPDATE"
        )))
        .bind(tx.tenant().0)
        .bind(contacts)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Nobody signs in as these contacts any more, nor is invited to.
pub(crate) async fn release(
    tx: &mut TenantTx,
    kind: ContactKind,
    contacts: &[Uuid],
) -> Result<(), StoreError> {
    if !may_sign_in(kind) || contacts.is_empty() {
        return Ok(());
    }
    let column = owner_column(kind);
    for table in TABLES {
        let counted = if table == "memberships" { ", version = version + 1" } else { "" };
        sqlx::query(AssertSqlSafe(format!(
            "UPDATE {table} SET {column} = NULL{counted} WHERE tenant_id = $1 AND {column} = ANY($2)"
        )))
        .bind(tx.tenant().0)
        .bind(contacts)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// What went over from one contact to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    /// Users' ids.
    pub members: Vec<Uuid>,
    pub invitations: Vec<Uuid>,
}

/// The accounts of `from` are those of `to`.
pub(crate) async fn follow(
    tx: &mut TenantTx,
    kind: ContactKind,
    from: Uuid,
    to: Uuid,
) -> Result<Moved, StoreError> {
    if !may_sign_in(kind) {
        return Ok(Moved::default());
    }
    let column = owner_column(kind);
    let members = sqlx::query_scalar(AssertSqlSafe(format!(
        "UPDATE memberships SET {column} = $3, version = version + 1 WHERE tenant_id = $1 AND {column} = $2 RETURNING user_id"
    )))
    .bind(tx.tenant().0)
    .bind(from)
    .bind(to)
    .fetch_all(&mut **tx)
    .await?;
    let invitations = sqlx::query_scalar(AssertSqlSafe(format!(
        "UPDATE invitations SET {column} = $3 WHERE tenant_id = $1 AND {column} = $2 RETURNING id"
    )))
    .bind(tx.tenant().0)
    .bind(from)
    .bind(to)
    .fetch_all(&mut **tx)
    .await?;
    Ok(Moved { members, invitations })
}

/// What went over from `from` to `to` goes back, where it is still there; and who accepted one of the invitations meanwhile
/// is whom they were invited as.
pub(crate) async fn give_back(
    tx: &mut TenantTx,
    kind: ContactKind,
    from: Uuid,
    to: Uuid,
    moved: &Moved,
) -> Result<(), StoreError> {
    if !may_sign_in(kind) {
        return Ok(());
    }
    let column = owner_column(kind);
    for (table, of_moved) in [
        ("invitations", "id = ANY($4)"),
        (
            "memberships",
            "(user_id = ANY($5) OR user_id IN (SELECT i.accepted_by FROM invitations i WHERE i.tenant_id = $1 AND i.id = ANY($4)))",
        ),
    ] {
        let counted = if table == "memberships" { ", version = version + 1" } else { "" };
        // Both lists are named in both, so that one set of values fits them.
        sqlx::query(AssertSqlSafe(format!(
            "UPDATE {table} SET {column} = $2{counted}
              WHERE tenant_id = $1 AND {column} = $3 AND {of_moved} AND cardinality($4::uuid[]) + cardinality($5::uuid[]) > 0"
        )))
        .bind(tx.tenant().0)
        .bind(from)
        .bind(to)
        .bind(&moved.invitations)
        .bind(&moved.members)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_one_of_two_columns_and_back() {
        for kind in ContactKind::ALL {
            let contact = ContactRef { kind, id: Uuid::from_u128(7) };
            let (individual, organization_contact) = columns(Some(contact));
            let expected = may_sign_in(kind).then_some(contact);
            assert_eq!(reference(individual, organization_contact), expected, "{kind:?}");
        }
        assert_eq!(columns(None), (None, None));
        assert_eq!(reference(None, None), None);
    }
}
