//! Individuals: people who call on their own account.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
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
    contact::{Common, Contact, EmailColumns, custom, entered, merged},
    emails::{Email, others},
    phones::Phone,
    places::{Place, PlacePatch, said},
};

/// A profile on a social platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocialLink {
    pub platform: String,
    pub url: String,
}

/// An individual as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Individual {
    pub id: Uuid,
    pub full_name: String,
    pub gender: Option<String>,
    pub dob: Option<NaiveDate>,
    pub place: Place,
    pub email: Option<String>,
    pub social_media: Vec<SocialLink>,
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

/// A new individual.
#[derive(Clone, Debug, Default)]
pub struct NewIndividual {
    pub full_name: String,
    pub gender: Option<String>,
    pub dob: Option<NaiveDate>,
    pub place: Place,
    pub email: Option<String>,
    pub social_media: Vec<SocialLink>,
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
pub struct IndividualPatch {
    pub full_name: Option<String>,
    pub gender: Option<Option<String>>,
    pub dob: Option<Option<NaiveDate>>,
    pub place: PlacePatch,
    pub email: Option<Option<String>>,
    pub social_media: Option<Vec<SocialLink>>,
    pub phones: Option<Vec<Phone>>,
    pub is_active: Option<bool>,
    /// Replaces the whole list.
    pub emails: Option<Vec<Email>>,
    /// Merged into what is there; null takes a value away.
    pub custom: Map<String, Value>,
}

const fn reference(id: Uuid) -> ContactRef {
    ContactRef { kind: ContactKind::Individual, id }
}

pub async fn insert(tx: &mut TenantTx, new: &NewIndividual, by: Option<UserId>) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    let common = Common::of_new(new.email.as_deref(), &new.emails, new.standing, new.is_active, &new.custom);
    sqlx::query!(
        "INSERT INTO individuals (id, tenant_id, full_name, gender, dob, address, email, social_media, is_active, provenance,
                                  created_by, status, other_emails, custom, city, state, country)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, lower($13::text), $14, $15, $16, $17)",
        id,
        tx.tenant().0,
        new.full_name,
        new.gender.as_deref(),
        new.dob,
        new.place.address.as_deref(),
        common.primary_email(),
        Json(&new.social_media) as _,
        common.standing.is_active(),
        new.provenance,
        by.map(|user| user.0),
        common.standing.name(),
        others(&common.emails),
        Json(&common.custom) as _,
        new.place.city.as_deref(),
        new.place.state.as_deref(),
        new.place.country.as_deref(),
    )
    .execute(&mut **tx)
    .await?;
    entered(tx, reference(id), &common, &new.phones).await?;
    Ok(id)
}

/// Merges the patch. `expected` is the version the caller has seen, where they said so.
pub async fn update(
    tx: &mut TenantTx,
    id: Uuid,
    patch: &IndividualPatch,
    expected: Option<i64>,
) -> Result<Changed<Individual>, StoreError> {
    let mail =
        EmailColumns::patched(tx, reference(id), patch.email.as_ref(), patch.emails.as_deref()).await?;
    let touched = sqlx::query!(
        "UPDATE individuals
            SET full_name = coalesce($3, full_name),
                gender = CASE WHEN $4 THEN $5 ELSE gender END,
                dob = CASE WHEN $6 THEN $7 ELSE dob END,
                address = CASE WHEN $8 THEN $9 ELSE address END,
                email = CASE WHEN $10 THEN $11 ELSE email END,
                social_media = coalesce($12, social_media),
                is_active = coalesce($13, is_active),
                status = CASE WHEN $13::bool IS NULL OR $13 = is_active THEN status WHEN $13 THEN 'active' ELSE 'inactive' END,
                other_emails = coalesce(lower($14::text), other_emails),
                custom = CASE WHEN $15::jsonb IS NULL THEN custom ELSE jsonb_strip_nulls(custom || $15) END,
                city = CASE WHEN $16 THEN $17 ELSE city END,
                state = CASE WHEN $18 THEN $19 ELSE state END,
                country = CASE WHEN $20 THEN $21 ELSE country END,
                version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
        patch.full_name.as_deref(),
        patch.gender.is_some(),
        patch.gender.as_ref().and_then(Option::as_deref),
        patch.dob.is_some(),
        patch.dob.flatten(),
        patch.place.address.is_some(),
        said(&patch.place.address),
        mail.emails.is_some(),
        mail.primary,
        patch.social_media.as_ref().map(Json) as _,
        patch.is_active,
        mail.others,
        custom(&patch.custom) as _,
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

impl Contact for Individual {
    const KIND: ContactKind = ContactKind::Individual;

    async fn load(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Self>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT i.id, full_name, gender, dob, address, city, state, country, email, social_media AS "social_media: Json<Vec<SocialLink>>",
                      is_active, provenance, created_by, updated_by, created_at, updated_at, version, status, custom,
                      coalesce((SELECT json_agg(json_build_object('email', e.email, 'label', e.label, 'primary', e.is_primary)
                                                ORDER BY e.position, e.folded)
                                FROM contact_emails e WHERE e.individual_id = i.id), '[]') AS "emails!: Json<Vec<Email>>",
                      coalesce((SELECT json_agg(json_build_object('e164', p.e164, 'raw', p.raw, 'label', p.label,
                                                             'primary', p.is_primary) ORDER BY p.position, p.e164)
                                FROM contact_phones p WHERE p.individual_id = i.id), '[]') AS "phones!: Json<Vec<Phone>>"
                 FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place)
                 JOIN individuals i ON i.id = wanted.id
                WHERE i.deleted_at IS NULL ORDER BY wanted.place"#,
            ids,
        )
        .fetch_all(&mut **tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| Individual {
                id: row.id,
                full_name: row.full_name,
                gender: row.gender,
                dob: row.dob,
                place: Place { address: row.address, city: row.city, state: row.state, country: row.country },
                email: row.email,
                social_media: row.social_media.0,
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
