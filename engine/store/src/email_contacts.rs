//! People known only from mail. A ticket from a call may promote one to an individual or an organization's contact
//! (see `tickets::file`); it is retired then.

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
    contact::{Common, Contact, EmailColumns, custom, entered, merged},
    emails::{Email, others},
    phones::Phone,
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
    pub common: Common,
    pub created_by: Option<UserId>,
    /// Who of the people changed it last.
    pub updated_by: Option<UserId>,
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
    /// Further addresses, or all of them.
    pub emails: Vec<Email>,
    /// Where left out, `is_active` tells.
    pub standing: Option<Standing>,
    /// Values of the tenant's own fields.
    pub custom: Map<String, Value>,
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
    /// Replaces the whole list.
    pub emails: Option<Vec<Email>>,
    /// Merged into what is there; null takes a value away.
    pub custom: Map<String, Value>,
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
    let common = Common::of_new(Some(&new.email), &new.emails, new.standing, new.is_active, &new.custom);
    sqlx::query!(
        "INSERT INTO email_contacts (id, tenant_id, name, email, is_active, provenance, created_by, status, other_emails, custom)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, lower($9::text), $10)",
        id,
        tx.tenant().0,
        new.name,
        new.email,
        common.standing.is_active(),
        new.provenance,
        by.map(|user| user.0),
        common.standing.name(),
        others(&common.emails),
        Json(&common.custom) as _,
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
    patch: &EmailContactPatch,
    expected: Option<i64>,
) -> Result<Changed<EmailContact>, StoreError> {
    let email = patch.email.clone().map(Some);
    let mail = EmailColumns::patched(tx, reference(id), email.as_ref(), patch.emails.as_deref()).await?;
    let touched = sqlx::query!(
        "UPDATE email_contacts
            SET name = coalesce($3, name), email = coalesce($4, email),
                is_active = coalesce($5, is_active),
                status = CASE WHEN $5::bool IS NULL OR $5 = is_active THEN status WHEN $5 THEN 'active' ELSE 'inactive' END,
                other_emails = coalesce(lower($6::text), other_emails),
                custom = CASE WHEN $7::jsonb IS NULL THEN custom ELSE jsonb_strip_nulls(custom || $7) END,
                version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
        patch.name.as_deref(),
        mail.primary,
        patch.is_active,
        mail.others,
        custom(&patch.custom) as _,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    merged(tx, id, touched, mail.emails.as_deref(), patch.phones.as_deref()).await
}

impl Contact for EmailContact {
    const KIND: ContactKind = ContactKind::EmailContact;

    async fn load(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Self>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT e.id, name, email, is_active, provenance, created_by, updated_by, created_at, updated_at, version, status, custom,
                      coalesce((SELECT json_agg(json_build_object('email', m.email, 'label', m.label, 'primary', m.is_primary)
                                                ORDER BY m.position, m.folded)
                                FROM contact_emails m WHERE m.email_contact_id = e.id), '[]') AS "emails!: Json<Vec<Email>>",
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
