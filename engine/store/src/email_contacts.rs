//! People known only from mail. A ticket from a call may promote one to an individual or an organization's contact
//! (see `tickets::file`); it is retired then.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use switchroom_core::{
    UserId,
    directory::{ContactKind, ContactRef},
};
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    changed::Changed,
    contact::{Contact, deleted, merged},
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

/// Merges the patch. `expected` is the version the caller has seen, where they said so.
pub async fn update(
    tx: &mut TenantTx,
    id: Uuid,
    patch: &EmailContactPatch,
    expected: Option<i64>,
) -> Result<Changed<EmailContact>, StoreError> {
    let touched = sqlx::query!(
        "UPDATE email_contacts
            SET name = coalesce($3, name), email = coalesce($4, email), is_active = coalesce($5, is_active),
                version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
        patch.name.as_deref(),
        patch.email.as_deref(),
        patch.is_active,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    merged(tx, id, touched, patch.phones.as_deref()).await
}

/// Marks it deleted.
pub async fn delete(
    tx: &mut TenantTx,
    id: Uuid,
    expected: Option<i64>,
    by: UserId,
) -> Result<Changed<()>, StoreError> {
    let touched = sqlx::query!(
        "UPDATE email_contacts SET deleted_at = now(), deleted_by = $3, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
        by.0,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    deleted::<EmailContact>(tx, id, touched).await
}

impl Contact for EmailContact {
    const KIND: ContactKind = ContactKind::EmailContact;

    async fn load(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Self>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT e.id, name, email, is_active, provenance, created_by, created_at, updated_at, version,
                      coalesce((SELECT json_agg(json_build_object('e164', p.e164, 'raw', p.raw, 'label', p.label,
                                                             'primary', p.is_primary) ORDER BY p.position, p.e164)
                                FROM contact_phones p WHERE p.email_contact_id = e.id), '[]') AS "phones!: Json<Vec<Phone>>"
               FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place)
               JOIN email_contacts e ON e.id = wanted.id
              WHERE e.deleted_at IS NULL ORDER BY wanted.place"#,
            ids,
        )
        .fetch_all(&mut **tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| EmailContact {
                id: row.id,
                name: row.name,
                email: row.email,
                phones: row.phones.0,
                is_active: row.is_active,
                provenance: row.provenance,
                created_by: row.created_by.map(UserId),
                created_at: row.created_at,
                updated_at: row.updated_at,
                version: row.version,
            })
            .collect())
    }

    fn version(&self) -> i64 {
        self.version
    }
}
