//! Organizations that call.
//!
//! Deleting an organization deletes its contacts with it, in one transaction: a contact of a company that is no more
//! would pop without its company's name.

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

const fn reference(id: Uuid) -> ContactRef {
    ContactRef { kind: ContactKind::Organization, id }
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
    phones::replace(tx, reference(id), &new.phones).await?;
    Ok(id)
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

/// Merges the patch. `expected` is the version the caller has seen, where they said so.
pub async fn update(
    tx: &mut TenantTx,
    id: Uuid,
    patch: &OrganizationPatch,
    expected: Option<i64>,
) -> Result<Changed<Organization>, StoreError> {
    let touched = sqlx::query!(
        "UPDATE organizations
            SET name = coalesce($3, name), email = CASE WHEN $4 THEN $5 ELSE email END,
                is_active = coalesce($6, is_active), version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
        patch.name.as_deref(),
        patch.email.is_some(),
        patch.email.as_ref().and_then(Option::as_deref),
        patch.is_active,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    merged(tx, id, touched, patch.phones.as_deref()).await
}

/// Marks it and its contacts deleted.
pub async fn delete(
    tx: &mut TenantTx,
    id: Uuid,
    expected: Option<i64>,
    by: UserId,
) -> Result<Changed<()>, StoreError> {
    let touched = sqlx::query!(
        "UPDATE organizations SET deleted_at = now(), deleted_by = $3, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
        by.0,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if touched > 0 {
        sqlx::query!(
            "UPDATE organization_contacts SET deleted_at = now(), deleted_by = $2, version = version + 1
              WHERE organization_id = $1 AND deleted_at IS NULL",
            id,
            by.0,
        )
        .execute(&mut **tx)
        .await?;
    }
    deleted::<Organization>(tx, id, touched).await
}

impl Contact for Organization {
    const KIND: ContactKind = ContactKind::Organization;

    async fn load(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Self>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT o.id, name, email, is_active, provenance, created_by, created_at, updated_at, version,
                      coalesce((SELECT json_agg(json_build_object('e164', p.e164, 'raw', p.raw, 'label', p.label,
                                                             'primary', p.is_primary) ORDER BY p.position, p.e164)
                                FROM contact_phones p WHERE p.organization_id = o.id), '[]') AS "phones!: Json<Vec<Phone>>"
               FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place)
               JOIN organizations o ON o.id = wanted.id
              WHERE o.deleted_at IS NULL ORDER BY wanted.place"#,
            ids,
        )
        .fetch_all(&mut **tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| Organization {
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

/// Organizations of this name, letter case and spacing apart, oldest first; at most two, since more tell no more.
pub(crate) async fn namesakes(tx: &mut TenantTx, name: &str) -> Result<Vec<Uuid>, StoreError> {
    // The trigram index narrows by containment of the words; equality is judged on what it finds.
    let pattern = format!(
        "%{}%",
        crate::listing::escape_like(&name.to_lowercase()).split_whitespace().collect::<Vec<_>>().join("%")
    );
    let spaced = name.split_whitespace().collect::<Vec<_>>().join(" ");
    crate::listing::plan_for_values(tx).await?;
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
