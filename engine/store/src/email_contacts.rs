//! People known only from mail. A ticket from a call may promote one to an individual or an organization's contact
//! (see `tickets::file`); it is retired then.

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

/// An e-mail contact as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct EmailContact {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    pub phones: Vec<Phone>,
    pub is_active: bool,
    pub provenance: String,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

/// A new e-mail contact.
#[derive(Clone, Debug, Default)]
pub struct NewEmailContact {
    pub name: String,
    pub email: String,
    pub phones: Vec<Phone>,
    pub is_active: bool,
    /// `manual`, `mail` or `import`.
    pub provenance: &'static str,
}

/// What to change; `None` leaves the field as it is.
#[derive(Clone, Debug, Default)]
pub struct EmailContactPatch {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phones: Option<Vec<Phone>>,
    pub is_active: Option<bool>,
}

const fn reference(id: Uuid) -> ContactRef {
    ContactRef { kind: ContactKind::EmailContact, id }
}

pub async fn insert(
    tx: &mut TenantTx,
    new: &NewEmailContact,
    by: Option<UserId>,
) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO email_contacts (id, tenant_id, name, email, is_active, provenance, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id,
        tx.tenant().0,
        new.name,
        new.email,
        new.is_active,
        new.provenance,
        by.map(|user| user.0),
    )
    .execute(&mut **tx)
    .await?;
    phones::replace(tx, reference(id), &new.phones).await?;
    Ok(id)
}

pub async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Option<EmailContact>, StoreError> {
    Ok(load(tx, &[id]).await?.pop())
}

pub async fn list(
    tx: &mut TenantTx,
    filter: &ContactFilter,
    window: &Window<ContactSort>,
) -> Result<Slice<EmailContact>, StoreError> {
    let page = contact_list::page(tx, ContactKind::EmailContact, filter, window).await?;
    let items = load(tx, &page.items).await?;
    Ok(page.with(items))
}

/// Merges the patch. `expected` is the version the caller has seen, where they said so.
pub async fn update(
    tx: &mut TenantTx,
    id: Uuid,
    patch: &EmailContactPatch,
    expected: Option<i64>,
) -> Result<Changed<EmailContact>, StoreError> {
    let changed = sqlx::query_scalar!(
        "UPDATE email_contacts
            SET name = coalesce($3, name), email = coalesce($4, email), is_active = coalesce($5, is_active),
                version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)
        RETURNING id",
        id,
        expected,
        patch.name.as_deref(),
        patch.email.as_deref(),
        patch.is_active,
    )
    .fetch_optional(&mut **tx)
    .await?;
    if changed.is_none() {
        return Ok(Changed::refused(get(tx, id).await?.is_some()));
    }
    if let Some(phones) = &patch.phones {
        phones::replace(tx, reference(id), phones).await?;
    }
    Ok(get(tx, id).await?.map_or(Changed::Absent, Changed::Done))
}

/// Marks it deleted. Its numbers stay with it, out of the directory.
pub async fn delete(
    tx: &mut TenantTx,
    id: Uuid,
    expected: Option<i64>,
    by: UserId,
) -> Result<Changed<()>, StoreError> {
    let deleted = sqlx::query!(
        "UPDATE email_contacts SET deleted_at = now(), deleted_by = $3, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
        by.0,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    match deleted {
        0 => Ok(Changed::refused(get(tx, id).await?.is_some())),
        _ => Ok(Changed::Done(())),
    }
}

/// The living ones of these ids, in this order.
async fn load(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<EmailContact>, StoreError> {
    let rows = sqlx::query!(
        "SELECT e.id, name, email, is_active, provenance, created_by, created_at, updated_at, version
           FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place)
           JOIN email_contacts e ON e.id = wanted.id
          WHERE e.deleted_at IS NULL ORDER BY wanted.place",
        ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut phones = phones::of_many(tx, ContactKind::EmailContact, ids).await?;
    Ok(rows
        .into_iter()
        .map(|row| EmailContact {
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
