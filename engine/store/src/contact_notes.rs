//! What colleagues write down about a contact. A note's text is its author's to change; whether it is pinned, anybody's
//! who writes notes.

use chrono::{DateTime, Utc};
use switchroom_core::{UserId, directory::ContactRef};
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    phones::{columns, owner_of},
};

/// A note as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub id: Uuid,
    pub contact: ContactRef,
    pub body: String,
    pub pinned: bool,
    pub author: UserId,
    /// As they are called now.
    pub author_name: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

struct Row {
    id: Uuid,
    body: String,
    pinned: bool,
    author_id: Uuid,
    author_name: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
    organization_contact_id: Option<Uuid>,
    organization_id: Option<Uuid>,
    individual_id: Option<Uuid>,
    email_contact_id: Option<Uuid>,
}

impl Row {
    /// The table's check sees to it that one owner is there.
    fn into_note(self) -> Option<Note> {
        Some(Note {
            contact: owner_of(
                self.organization_contact_id,
                self.organization_id,
                self.individual_id,
                self.email_contact_id,
            )?,
            id: self.id,
            body: self.body,
            pinned: self.pinned,
            author: UserId(self.author_id),
            author_name: self.author_name,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

/// So many [`list`] gives at most.
pub const MOST: usize = 500;

/// The notes of a contact, pinned ones first, then newest first; at most 500.
pub async fn list(tx: &mut TenantTx, contact: ContactRef) -> Result<Vec<Note>, StoreError> {
    let of = columns(contact);
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT n.id, body, pinned, author_id, u.name AS "author_name?", n.created_at, n.updated_at, n.version,
                  organization_contact_id, organization_id, individual_id, email_contact_id
             FROM contact_notes n LEFT JOIN users u ON u.id = n.author_id
            WHERE (organization_contact_id = $1 OR organization_id = $2 OR individual_id = $3 OR email_contact_id = $4)
              AND n.deleted_at IS NULL
            ORDER BY pinned DESC, n.created_at DESC, n.id DESC LIMIT 500"#,
        of.organization_contact,
        of.organization,
        of.individual,
        of.email_contact,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().filter_map(Row::into_note).collect())
}

pub async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Option<Note>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT n.id, body, pinned, author_id, u.name AS "author_name?", n.created_at, n.updated_at, n.version,
                  organization_contact_id, organization_id, individual_id, email_contact_id
             FROM contact_notes n LEFT JOIN users u ON u.id = n.author_id
            WHERE n.id = $1 AND n.deleted_at IS NULL"#,
        id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.and_then(Row::into_note))
}

pub async fn insert(
    tx: &mut TenantTx,
    contact: ContactRef,
    body: &str,
    pinned: bool,
    by: UserId,
) -> Result<Option<Note>, StoreError> {
    let of = columns(contact);
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO contact_notes (id, tenant_id, body, pinned, author_id,
                                    organization_contact_id, organization_id, individual_id, email_contact_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id,
        tx.tenant().0,
        body,
        pinned,
        by.0,
        of.organization_contact,
        of.organization,
        of.individual,
        of.email_contact,
    )
    .execute(&mut **tx)
    .await?;
    get(tx, id).await
}

/// Changes what is given. False when the version is no more the one expected, or the note is gone.
pub async fn update(
    tx: &mut TenantTx,
    id: Uuid,
    body: Option<&str>,
    pinned: Option<bool>,
    expected: Option<i64>,
) -> Result<bool, StoreError> {
    Ok(sqlx::query!(
        "UPDATE contact_notes SET body = coalesce($3, body), pinned = coalesce($4, pinned), version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
        body,
        pinned,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected()
        > 0)
}

pub async fn delete(
    tx: &mut TenantTx,
    id: Uuid,
    expected: Option<i64>,
    by: UserId,
) -> Result<bool, StoreError> {
    Ok(sqlx::query!(
        "UPDATE contact_notes SET deleted_at = now(), deleted_by = $3, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
        by.0,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected()
        > 0)
}
