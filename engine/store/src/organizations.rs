//! Organizations that call, and the people of theirs who do.
//!
//! Deleting an organization deletes its contacts with it, in one transaction: a contact of a company that is no more
//! would pop without its company's name.

use chrono::{DateTime, Utc};
use switchroom_core::{
    UserId,
    directory::{ContactKind, ContactRef},
};
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    changed::Changed,
    contact_list::{self, ContactFilter, ContactSort},
    listing::{Slice, Window},
    phones::{self, Phone},
};

/// An organization as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Organization {
    pub id: Uuid,
    pub name: String,
    pub email: Option<String>,
    pub phones: Vec<Phone>,
    pub is_active: bool,
    pub provenance: String,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

/// A new organization.
#[derive(Clone, Debug, Default)]
pub struct NewOrganization {
    pub name: String,
    pub email: Option<String>,
    pub phones: Vec<Phone>,
    pub is_active: bool,
    /// `manual`, `auto_ticket`, `mail` or `import`.
    pub provenance: &'static str,
}

/// What to change; an outer `None` leaves the field as it is, an inner one empties it.
#[derive(Clone, Debug, Default)]
pub struct OrganizationPatch {
    pub name: Option<String>,
    pub email: Option<Option<String>>,
    pub phones: Option<Vec<Phone>>,
    pub is_active: Option<bool>,
}

/// A person of an organization as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganizationContact {
    pub id: Uuid,
    pub organization_id: Uuid,
    pub full_name: String,
    pub gender: Option<String>,
    pub email: Option<String>,
    pub phones: Vec<Phone>,
    pub is_active: bool,
    pub provenance: String,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

/// A new person of an organization.
#[derive(Clone, Debug, Default)]
pub struct NewOrganizationContact {
    pub full_name: String,
    pub gender: Option<String>,
    pub email: Option<String>,
    pub phones: Vec<Phone>,
    pub is_active: bool,
    pub provenance: &'static str,
}

/// What to change; an outer `None` leaves the field as it is, an inner one empties it.
#[derive(Clone, Debug, Default)]
pub struct OrganizationContactPatch {
    pub full_name: Option<String>,
    pub gender: Option<Option<String>>,
    pub email: Option<Option<String>>,
    pub phones: Option<Vec<Phone>>,
    pub is_active: Option<bool>,
}

const fn organization(id: Uuid) -> ContactRef {
    ContactRef { kind: ContactKind::Organization, id }
}

const fn person(id: Uuid) -> ContactRef {
    ContactRef { kind: ContactKind::OrganizationContact, id }
}

pub async fn insert(
    tx: &mut TenantTx,
    new: &NewOrganization,
    by: Option<UserId>,
) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO organizations (id, tenant_id, name, email, is_active, provenance, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id,
        tx.tenant().0,
        new.name,
        new.email.as_deref(),
        new.is_active,
        new.provenance,
        by.map(|user| user.0),
    )
    .execute(&mut **tx)
    .await?;
    phones::replace(tx, organization(id), &new.phones).await?;
    Ok(id)
}

pub async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Option<Organization>, StoreError> {
    Ok(load(tx, &[id]).await?.pop())
}

/// Whether there is such an organization.
pub async fn exists(tx: &mut TenantTx, id: Uuid) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM organizations WHERE id = $1 AND deleted_at IS NULL) AS "exists!""#,
        id
    )
    .fetch_one(&mut **tx)
    .await?)
}

pub async fn list(
    tx: &mut TenantTx,
    filter: &ContactFilter,
    window: &Window<ContactSort>,
) -> Result<Slice<Organization>, StoreError> {
    let page = contact_list::page(tx, ContactKind::Organization, filter, window).await?;
    let items = load(tx, &page.items).await?;
    Ok(page.with(items))
}

/// Merges the patch. `expected` is the version the caller has seen, where they said so.
pub async fn update(
    tx: &mut TenantTx,
    id: Uuid,
    patch: &OrganizationPatch,
    expected: Option<i64>,
) -> Result<Changed<Organization>, StoreError> {
    let changed = sqlx::query_scalar!(
        "UPDATE organizations
            SET name = coalesce($3, name), email = CASE WHEN $4 THEN $5 ELSE email END,
                is_active = coalesce($6, is_active), version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)
        RETURNING id",
        id,
        expected,
        patch.name.as_deref(),
        patch.email.is_some(),
        patch.email.as_ref().and_then(Option::as_deref),
        patch.is_active,
    )
    .fetch_optional(&mut **tx)
    .await?;
    if changed.is_none() {
        return Ok(Changed::refused(exists(tx, id).await?));
    }
    if let Some(phones) = &patch.phones {
        phones::replace(tx, organization(id), phones).await?;
    }
    Ok(get(tx, id).await?.map_or(Changed::Absent, Changed::Done))
}

/// Marks it and its contacts deleted.
pub async fn delete(
    tx: &mut TenantTx,
    id: Uuid,
    expected: Option<i64>,
    by: UserId,
) -> Result<Changed<()>, StoreError> {
    let deleted = sqlx::query!(
        "UPDATE organizations SET deleted_at = now(), deleted_by = $3, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
        by.0,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if deleted == 0 {
        return Ok(Changed::refused(exists(tx, id).await?));
    }
    sqlx::query!(
        "UPDATE organization_contacts SET deleted_at = now(), deleted_by = $2, version = version + 1
          WHERE organization_id = $1 AND deleted_at IS NULL",
        id,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(Changed::Done(()))
}

/// The living ones of these ids, in this order.
async fn load(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Organization>, StoreError> {
    let rows = sqlx::query!(
        "SELECT o.id, name, email, is_active, provenance, created_by, created_at, updated_at, version
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place)
           JOIN organizations o ON o.id = wanted.id
          WHERE o.deleted_at IS NULL ORDER BY wanted.place",
        ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut phones = phones::of_many(tx, ContactKind::Organization, ids).await?;
    Ok(rows
        .into_iter()
        .map(|row| Organization {
            id: row.id,
            name: row.name,
            email: row.email,
            phones: phones.remove(&row.id).unwrap_or_default(),
            is_active: row.is_active,
            provenance: row.provenance,
            created_by: row.created_by.map(UserId),
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        })
        .collect())
}

/// Organizations of this name, letter case and spacing apart, oldest first; at most two, since more tell no more.
pub(crate) async fn namesakes(tx: &mut TenantTx, name: &str) -> Result<Vec<Uuid>, StoreError> {
    // The trigram index narrows by containment of the words; equality is judged on what it finds.
    let pattern = format!(
        "%{}%",
        crate::listing::escape_like(&name.to_lowercase()).split_whitespace().collect::<Vec<_>>().join("%")
    );
    let spaced = name.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(sqlx::query_scalar!(
        "SELECT id FROM organizations
          WHERE tenant_id = $1 AND deleted_at IS NULL
            AND (lower(name) || ' ' || lower(coalesce(email, ''))) LIKE $2
            AND lower(regexp_replace(btrim(name), '\\s+', ' ', 'g')) = lower($3)
          ORDER BY created_at, id LIMIT 2",
        tx.tenant().0,
        pattern,
        spaced,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// Takes a share of the organization until the end of the transaction, so that it is not deleted meanwhile.
/// False when there is none such.
pub(crate) async fn hold(tx: &mut TenantTx, id: Uuid) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!("SELECT id FROM organizations WHERE id = $1 AND deleted_at IS NULL FOR SHARE", id)
        .fetch_optional(&mut **tx)
        .await?
        .is_some())
}

/// Enters a person under an organization; `None` when there is no such organization.
pub async fn insert_contact(
    tx: &mut TenantTx,
    organization: Uuid,
    new: &NewOrganizationContact,
    by: Option<UserId>,
) -> Result<Option<Uuid>, StoreError> {
    if !hold(tx, organization).await? {
        return Ok(None);
    }
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO organization_contacts (id, tenant_id, organization_id, full_name, gender, email, is_active, provenance, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id,
        tx.tenant().0,
        organization,
        new.full_name,
        new.gender.as_deref(),
        new.email.as_deref(),
        new.is_active,
        new.provenance,
        by.map(|user| user.0),
    )
    .execute(&mut **tx)
    .await?;
    phones::replace(tx, person(id), &new.phones).await?;
    Ok(Some(id))
}

pub async fn get_contact(
    tx: &mut TenantTx,
    organization: Uuid,
    id: Uuid,
) -> Result<Option<OrganizationContact>, StoreError> {
    Ok(load_contacts(tx, &[id]).await?.pop().filter(|contact| contact.organization_id == organization))
}

pub async fn list_contacts(
    tx: &mut TenantTx,
    filter: &ContactFilter,
    window: &Window<ContactSort>,
) -> Result<Slice<OrganizationContact>, StoreError> {
    let page = contact_list::page(tx, ContactKind::OrganizationContact, filter, window).await?;
    let items = load_contacts(tx, &page.items).await?;
    Ok(page.with(items))
}

/// Merges the patch. `expected` is the version the caller has seen, where they said so.
pub async fn update_contact(
    tx: &mut TenantTx,
    organization: Uuid,
    id: Uuid,
    patch: &OrganizationContactPatch,
    expected: Option<i64>,
) -> Result<Changed<OrganizationContact>, StoreError> {
    let changed = sqlx::query_scalar!(
        "UPDATE organization_contacts
            SET full_name = coalesce($4, full_name),
                gender = CASE WHEN $5 THEN $6 ELSE gender END,
                email = CASE WHEN $7 THEN $8 ELSE email END,
                is_active = coalesce($9, is_active), version = version + 1
          WHERE id = $1 AND organization_id = $2 AND deleted_at IS NULL AND ($3::bigint IS NULL OR version = $3)
        RETURNING id",
        id,
        organization,
        expected,
        patch.full_name.as_deref(),
        patch.gender.is_some(),
        patch.gender.as_ref().and_then(Option::as_deref),
        patch.email.is_some(),
        patch.email.as_ref().and_then(Option::as_deref),
        patch.is_active,
    )
    .fetch_optional(&mut **tx)
    .await?;
    if changed.is_none() {
        return Ok(Changed::refused(get_contact(tx, organization, id).await?.is_some()));
    }
    if let Some(phones) = &patch.phones {
        phones::replace(tx, person(id), phones).await?;
    }
    Ok(get_contact(tx, organization, id).await?.map_or(Changed::Absent, Changed::Done))
}

/// Marks the person deleted.
pub async fn delete_contact(
    tx: &mut TenantTx,
    organization: Uuid,
    id: Uuid,
    expected: Option<i64>,
    by: UserId,
) -> Result<Changed<()>, StoreError> {
    let deleted = sqlx::query!(
        "UPDATE organization_contacts SET deleted_at = now(), deleted_by = $4, version = version + 1
          WHERE id = $1 AND organization_id = $2 AND deleted_at IS NULL AND ($3::bigint IS NULL OR version = $3)",
        id,
        organization,
        expected,
        by.0,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    match deleted {
        0 => Ok(Changed::refused(get_contact(tx, organization, id).await?.is_some())),
        _ => Ok(Changed::Done(())),
    }
}

/// The living ones of these ids, in this order.
async fn load_contacts(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<OrganizationContact>, StoreError> {
    let rows = sqlx::query!(
        "SELECT c.id, organization_id, full_name, gender, email, is_active, provenance, created_by, created_at,
                updated_at, version
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place)
           JOIN organization_contacts c ON c.id = wanted.id
          WHERE c.deleted_at IS NULL ORDER BY wanted.place",
        ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut phones = phones::of_many(tx, ContactKind::OrganizationContact, ids).await?;
    Ok(rows
        .into_iter()
        .map(|row| OrganizationContact {
            id: row.id,
            organization_id: row.organization_id,
            full_name: row.full_name,
            gender: row.gender,
            email: row.email,
            phones: phones.remove(&row.id).unwrap_or_default(),
            is_active: row.is_active,
            provenance: row.provenance,
            created_by: row.created_by.map(UserId),
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        })
        .collect())
}
