//! The people of organizations: those who call in an organization's name.

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
    contact::{self, Common, Contact, EmailColumns, custom, entered},
    emails::{Email, others},
    organizations::{self, Hold},
    phones::Phone,
    places::{Place, PlacePatch, said},
    portal_accounts,
};

/// A person of an organization as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganizationContact {
    pub id: Uuid,
    pub organization_id: Uuid,
    pub full_name: String,
    pub gender: Option<String>,
    pub email: Option<String>,
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

/// A new person of an organization.
#[derive(Clone, Debug, Default)]
pub struct NewOrganizationContact {
    pub full_name: String,
    pub gender: Option<String>,
    pub email: Option<String>,
    pub place: Place,
    pub phones: Vec<Phone>,
    pub is_active: bool,
    /// Further addresses, or all of them.
    pub emails: Vec<Email>,
    /// Where left out, `is_active` tells.
    pub standing: Option<Standing>,
    /// Values of the tenant's own fields.
    pub custom: Map<String, Value>,
    pub provenance: &'static str,
}

/// What to change; an outer `None` leaves the field as it is, an inner one empties it.
#[derive(Clone, Debug, Default)]
pub struct OrganizationContactPatch {
    pub full_name: Option<String>,
    pub gender: Option<Option<String>>,
    pub email: Option<Option<String>>,
    pub place: PlacePatch,
    pub phones: Option<Vec<Phone>>,
    pub is_active: Option<bool>,
    /// Replaces the whole list.
    pub emails: Option<Vec<Email>>,
    /// Merged into what is there; null takes a value away.
    pub custom: Map<String, Value>,
}

const fn reference(id: Uuid) -> ContactRef {
    ContactRef { kind: ContactKind::OrganizationContact, id }
}

/// Enters a person under an organization; `None` when there is no such organization.
pub async fn insert(
    tx: &mut TenantTx,
    organization: Uuid,
    new: &NewOrganizationContact,
    by: Option<UserId>,
) -> Result<Option<Uuid>, StoreError> {
    if !organizations::hold(tx, organization, Hold::Shared).await? {
        return Ok(None);
    }
    let id = Uuid::now_v7();
    let common = Common::of_new(new.email.as_deref(), &new.emails, new.standing, new.is_active, &new.custom);
    sqlx::query!(
        "INSERT INTO organization_contacts (id, tenant_id, organization_id, full_name, gender, email, is_active, provenance,
                                            created_by, status, other_emails, custom, address, city, state, country)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, lower($11::text), $12, $13, $14, $15, $16)",
        id,
        tx.tenant().0,
        organization,
        new.full_name,
        new.gender.as_deref(),
        common.primary_email(),
        common.standing.is_active(),
        new.provenance,
        by.map(|user| user.0),
        common.standing.name(),
        others(&common.emails),
        Json(&common.custom) as _,
        new.place.address.as_deref(),
        new.place.city.as_deref(),
        new.place.state.as_deref(),
        new.place.country.as_deref(),
    )
    .execute(&mut **tx)
    .await?;
    entered(tx, reference(id), &common, &new.phones).await?;
    Ok(Some(id))
}

pub async fn get(
    tx: &mut TenantTx,
    organization: Uuid,
    id: Uuid,
) -> Result<Option<OrganizationContact>, StoreError> {
    Ok(contact::get::<OrganizationContact>(tx, id)
        .await?
        .filter(|contact| contact.organization_id == organization))
}

/// Merges the patch. `expected` is the version the caller has seen, where they said so.
pub async fn update(
    tx: &mut TenantTx,
    organization: Uuid,
    id: Uuid,
    patch: &OrganizationContactPatch,
    expected: Option<i64>,
) -> Result<Changed<OrganizationContact>, StoreError> {
    let mail =
        EmailColumns::patched(tx, reference(id), patch.email.as_ref(), patch.emails.as_deref()).await?;
    let touched = sqlx::query!(
        "UPDATE organization_contacts
            SET full_name = coalesce($4, full_name),
                gender = CASE WHEN $5 THEN $6 ELSE gender END,
                email = CASE WHEN $7 THEN $8 ELSE email END,
                is_active = coalesce($9, is_active),
                status = CASE WHEN $9::bool IS NULL OR $9 = is_active THEN status WHEN $9 THEN 'active' ELSE 'inactive' END,
                other_emails = coalesce(lower($10::text), other_emails),
                custom = CASE WHEN $11::jsonb IS NULL THEN custom ELSE jsonb_strip_nulls(custom || $11) END,
                address = CASE WHEN $12 THEN $13 ELSE address END,
                city = CASE WHEN $14 THEN $15 ELSE city END,
                state = CASE WHEN $16 THEN $17 ELSE state END,
                country = CASE WHEN $18 THEN $19 ELSE country END,
                version = version + 1
          WHERE id = $1 AND organization_id = $2 AND deleted_at IS NULL AND ($3::bigint IS NULL OR version = $3)",
        id,
        organization,
        expected,
        patch.full_name.as_deref(),
        patch.gender.is_some(),
        patch.gender.as_ref().and_then(Option::as_deref),
        mail.emails.is_some(),
        mail.primary,
        patch.is_active,
        mail.others,
        custom(&patch.custom) as _,
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
    if touched == 0 {
        return Ok(Changed::refused(get(tx, organization, id).await?.is_some()));
    }
    contact::merged(tx, id, touched, mail.emails.as_deref(), patch.phones.as_deref()).await
}

/// Marks the person deleted.
pub async fn delete(
    tx: &mut TenantTx,
    organization: Uuid,
    id: Uuid,
    expected: Option<i64>,
    by: UserId,
) -> Result<Changed<()>, StoreError> {
    let kind = ContactKind::OrganizationContact;
    portal_accounts::hold(tx, kind, &[id]).await?;
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
        0 => Ok(Changed::refused(get(tx, organization, id).await?.is_some())),
        _ => {
            portal_accounts::release(tx, kind, &[id]).await?;
            Ok(Changed::Done(()))
        }
    }
}

impl Contact for OrganizationContact {
    const KIND: ContactKind = ContactKind::OrganizationContact;

    async fn load(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Self>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT c.id, organization_id, full_name, gender, email, is_active, provenance, created_by, updated_by, created_at,
                      updated_at, version, status, custom, address, city, state, country,
                      coalesce((SELECT json_agg(json_build_object('email', e.email, 'label', e.label, 'primary', e.is_primary)
                                                ORDER BY e.position, e.folded)
                                FROM contact_emails e WHERE e.organization_contact_id = c.id), '[]') AS "emails!: Json<Vec<Email>>",
                      coalesce((SELECT json_agg(json_build_object('e164', p.e164, 'raw', p.raw, 'label', p.label,
                                                             'primary', p.is_primary) ORDER BY p.position, p.e164)
                                FROM contact_phones p WHERE p.organization_contact_id = c.id), '[]') AS "phones!: Json<Vec<Phone>>"
               FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place)
               JOIN organization_contacts c ON c.id = wanted.id
              WHERE c.deleted_at IS NULL ORDER BY wanted.place"#,
            ids,
        )
        .fetch_all(&mut **tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| OrganizationContact {
                id: row.id,
                organization_id: row.organization_id,
                full_name: row.full_name,
                gender: row.gender,
                email: row.email,
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
