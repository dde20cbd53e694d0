//! Organizations that call.
//!
//! Deleting an organization deletes its contacts with it, in one transaction: a contact of a company that is no more
//! would pop without its company's name.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::types::Json;
use switchroom_core::{
    UserId,
    directory::{ContactKind, ContactRef, standing::Standing},
};
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    changed::Changed,
    contact::{self, Common, Contact, EmailColumns, custom, entered, merged},
    emails::{Email, others},
    phones::Phone,
    places::{Place, PlacePatch, said},
    portal_accounts,
};

/// An organization as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Organization {
    pub id: Uuid,
    pub name: String,
    pub email: Option<String>,
    /// The number by which the tax office knows it.
    pub tax_id: Option<String>,
    pub place: Place,
    pub phones: Vec<Phone>,
    pub is_active: bool,
    pub provenance: String,
    pub common: Common,
    pub created_by: Option<UserId>,
    /// Who of the people changed it last.
    pub updated_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

/// A new organization.
#[derive(Clone, Debug, Default)]
pub struct NewOrganization {
    pub name: String,
    pub email: Option<String>,
    /// The number by which the tax office knows it.
    pub tax_id: Option<String>,
    pub place: Place,
    pub phones: Vec<Phone>,
    pub is_active: bool,
    /// Further addresses, or all of them.
    pub emails: Vec<Email>,
    /// Where left out, `is_active` tells.
    pub standing: Option<Standing>,
    /// Values of the tenant's own fields.
    pub custom: Map<String, Value>,
    /// `manual`, `auto_ticket`, `mail` or `import`.
    pub provenance: &'static str,
}

/// What to change; an outer `None` leaves the field as it is, an inner one empties it.
#[derive(Clone, Debug, Default)]
pub struct OrganizationPatch {
    pub name: Option<String>,
    pub email: Option<Option<String>>,
    pub tax_id: Option<Option<String>>,
    pub place: PlacePatch,
    pub phones: Option<Vec<Phone>>,
    pub is_active: Option<bool>,
    /// Replaces the whole list.
    pub emails: Option<Vec<Email>>,
    /// Merged into what is there; null takes a value away.
    pub custom: Map<String, Value>,
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
    let common = Common::of_new(new.email.as_deref(), &new.emails, new.standing, new.is_active, &new.custom);
    sqlx::query!(
        "INSERT INTO organizations (id, tenant_id, name, email, is_active, provenance, created_by, status, other_emails, custom,
                                    tax_id, address, city, state, country)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, lower($9::text), $10, $11, $12, $13, $14, $15)",
        id,
        tx.tenant().0,
        new.name,
        common.primary_email(),
        common.standing.is_active(),
        new.provenance,
        by.map(|user| user.0),
        common.standing.name(),
        others(&common.emails),
        Json(&common.custom) as _,
        new.tax_id.as_deref(),
        new.place.address.as_deref(),
        new.place.city.as_deref(),
        new.place.state.as_deref(),
        new.place.country.as_deref(),
    )
    .execute(&mut **tx)
    .await?;
    entered(tx, reference(id), &common, &new.phones).await?;
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

/// Names of these organizations, deleted ones among them.
pub async fn names(tx: &mut TenantTx, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, StoreError> {
    let rows = sqlx::query!("SELECT id, name FROM organizations WHERE id = ANY($1)", ids)
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Merges the patch. `expected` is the version the caller has seen, where they said so.
pub async fn update(
    tx: &mut TenantTx,
    id: Uuid,
    patch: &OrganizationPatch,
    expected: Option<i64>,
) -> Result<Changed<Organization>, StoreError> {
    let mail =
        EmailColumns::patched(tx, reference(id), patch.email.as_ref(), patch.emails.as_deref()).await?;
    let touched = sqlx::query!(
        "UPDATE organizations
            SET name = coalesce($3, name), email = CASE WHEN $4 THEN $5 ELSE email END,
                is_active = coalesce($6, is_active),
                status = CASE WHEN $6::bool IS NULL OR $6 = is_active THEN status WHEN $6 THEN 'active' ELSE 'inactive' END,
                other_emails = coalesce(lower($7::text), other_emails),
                custom = CASE WHEN $8::jsonb IS NULL THEN custom ELSE jsonb_strip_nulls(custom || $8) END,
                tax_id = CASE WHEN $9 THEN $10 ELSE tax_id END,
                address = CASE WHEN $11 THEN $12 ELSE address END,
                city = CASE WHEN $13 THEN $14 ELSE city END,
                state = CASE WHEN $15 THEN $16 ELSE state END,
                country = CASE WHEN $17 THEN $18 ELSE country END,
                version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
        patch.name.as_deref(),
        mail.emails.is_some(),
        mail.primary,
        patch.is_active,
        mail.others,
        custom(&patch.custom) as _,
        patch.tax_id.is_some(),
        said(&patch.tax_id),
        patch.place.address.is_some(),
        said(&patch.place.address),
        patch.place.city.is_some(),
        said(&patch.place.city),
        patch.place.state.is_some(),
        said(&patch.place.state),
        patch.place.country.is_some(),
        said(&patch.place.country),
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    merged(tx, id, touched, mail.emails.as_deref(), patch.phones.as_deref()).await
}

/// Marks it and its contacts deleted; who signed in as one of them is nobody's contact any more.
pub async fn delete(
    tx: &mut TenantTx,
    id: Uuid,
    expected: Option<i64>,
    by: UserId,
) -> Result<Changed<()>, StoreError> {
    let person = ContactKind::OrganizationContact;
    let people = sqlx::query_scalar!(
        "SELECT c.id FROM organization_contacts c
          WHERE c.tenant_id = $1 AND c.organization_id = $2 AND c.deleted_at IS NULL
            AND (EXISTS (SELECT FROM memberships m WHERE m.tenant_id = $1 AND m.organization_contact_id = c.id)
                 OR EXISTS (SELECT FROM invitations i WHERE i.tenant_id = $1 AND i.organization_contact_id = c.id))",
        tx.tenant().0,
        id,
    )
    .fetch_all(&mut **tx)
    .await?;
    portal_accounts::hold(tx, person, &people).await?;
    let deleted = contact::delete::<Organization>(tx, id, expected, by).await?;
    if deleted == Changed::Done(()) {
        let people = sqlx::query_scalar!(
            "UPDATE organization_contacts SET deleted_at = now(), deleted_by = $2, version = version + 1
              WHERE organization_id = $1 AND deleted_at IS NULL RETURNING id",
            id,
            by.0,
        )
        .fetch_all(&mut **tx)
        .await?;
        portal_accounts::release(tx, person, &people).await?;
    }
    Ok(deleted)
}

impl Contact for Organization {
    const KIND: ContactKind = ContactKind::Organization;

    async fn load(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Self>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT o.id, name, email, is_active, provenance, created_by, updated_by, created_at, updated_at, version, status, custom,
                      tax_id, address, city, state, country,
                      coalesce((SELECT json_agg(json_build_object('email', e.email, 'label', e.label, 'primary', e.is_primary)
                                                ORDER BY e.position, e.folded)
                                FROM contact_emails e WHERE e.organization_id = o.id), '[]') AS "emails!: Json<Vec<Email>>",
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
                tax_id: row.tax_id,
                place: Place { address: row.address, city: row.city, state: row.state, country: row.country },
                phones: row.phones.0,
                is_active: row.is_active,
                provenance: row.provenance,
                common: Common::read(row.emails.0, &row.status, row.custom),
                created_by: row.created_by.map(UserId),
                updated_by: row.updated_by.map(UserId),
                created_at: row.created_at,
                updated_at: row.updated_at,
                version: row.version,
            })
            .collect())
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn common(&self) -> &Common {
        &self.common
    }
}

/// Organizations of this name, letter case and spacing apart, oldest first; at most two, since more tell no more.
pub(crate) async fn namesakes(tx: &mut TenantTx, name: &str) -> Result<Vec<Uuid>, StoreError> {
    let spaced = name.split_whitespace().collect::<Vec<_>>().join(" ");
    crate::listing::plan_for_values(tx).await?;
    Ok(sqlx::query_scalar!(
        "SELECT id FROM organizations
          WHERE tenant_id = $1 AND deleted_at IS NULL AND sort_name = lower($2::text)
          ORDER BY created_at, id LIMIT 2",
        tx.tenant().0,
        spaced,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// How an organization is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Others may hold it too; nobody deletes, merges or changes it.
    Shared,
    /// By one who will change it.
    ToChange,
}

/// Holds the organization until the end of the transaction, so that it is not deleted meanwhile. False when there is none
/// such.
pub(crate) async fn hold(tx: &mut TenantTx, id: Uuid, how: Hold) -> Result<bool, StoreError> {
    let held = match how {
        Hold::Shared => {
            sqlx::query_scalar!(
                "SELECT id FROM organizations WHERE id = $1 AND deleted_at IS NULL FOR SHARE",
                id
            )
            .fetch_optional(&mut **tx)
            .await?
        }
        Hold::ToChange => {
            sqlx::query_scalar!(
                "SELECT id FROM organizations WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
                id
            )
            .fetch_optional(&mut **tx)
            .await?
        }
    };
    Ok(held.is_some())
}
