//! Fields of a tenant's own: their definitions.

use chrono::{DateTime, Utc};
use switchroom_core::{
    UserId,
    directory::{
        ContactKind,
        custom::{Field, FieldType},
        import::OwnFields,
    },
};
use uuid::Uuid;

use crate::{StoreError, TenantTx, changed::Changed};

/// Fields of one kind of contact; more would be a table of their own.
pub const MOST: i64 = 50;

/// A definition as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldDefinition {
    pub id: Uuid,
    pub of: ContactKind,
    pub field: Field,
    pub label: String,
    pub position: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

#[derive(Clone, Debug)]
pub struct NewField {
    pub of: ContactKind,
    pub field: Field,
    pub label: String,
    pub position: i32,
}

/// What to change; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct FieldPatch {
    pub label: Option<String>,
    pub choices: Option<Vec<String>>,
    pub required: Option<bool>,
    pub position: Option<i32>,
}

/// Why a field was not made.
#[derive(Debug, thiserror::Error)]
pub enum FieldError {
    #[error("the kind of contact has a field of this key")]
    Taken,
    #[error("a field of this key had another type")]
    OtherType,
    #[error("the kind of contact has as many fields as it may")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for FieldError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

struct Row {
    id: Uuid,
    kind: String,
    key: String,
    label: String,
    r#type: String,
    choices: Vec<String>,
    required: bool,
    position: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_definition(self) -> Result<FieldDefinition, StoreError> {
        let odd =
            || StoreError::Other(sqlx::Error::Decode("a stored field of a kind or type that is none".into()));
        Ok(FieldDefinition {
            id: self.id,
            of: ContactKind::ALL.into_iter().find(|kind| kind.name() == self.kind).ok_or_else(odd)?,
            field: Field {
                key: self.key,
                kind: FieldType::parse(&self.r#type).ok_or_else(odd)?,
                choices: self.choices,
                required: self.required,
            },
            label: self.label,
            position: self.position,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

/// The fields of the tenant, or of one kind of contact, in the order they are shown.
pub async fn list(tx: &mut TenantTx, of: Option<ContactKind>) -> Result<Vec<FieldDefinition>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, kind, key, label, type AS "type", choices, required, position, created_at, updated_at, version
             FROM contact_fields
            WHERE tenant_id = $1 AND deleted_at IS NULL AND ($2::text IS NULL OR kind = $2)
            ORDER BY kind, position, label, id"#,
        tx.tenant().0,
        of.map(ContactKind::name),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::into_definition).collect()
}

/// Those of every kind, for whoever reads contacts of several.
pub async fn by_kind(tx: &mut TenantTx) -> Result<OwnFields, StoreError> {
    let mut own = OwnFields::new();
    for definition in list(tx, None).await? {
        own.entry(definition.of).or_default().push(definition.field);
    }
    Ok(own)
}

/// What values of a kind of contact are checked by.
pub async fn of(tx: &mut TenantTx, kind: ContactKind) -> Result<Vec<Field>, StoreError> {
    Ok(list(tx, Some(kind)).await?.into_iter().map(|definition| definition.field).collect())
}

pub async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Option<FieldDefinition>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"SELECT id, kind, key, label, type AS "type", choices, required, position, created_at, updated_at, version
             FROM contact_fields WHERE id = $1 AND deleted_at IS NULL"#,
        id,
    )
    .fetch_optional(&mut **tx)
    .await?
    .map(Row::into_definition)
    .transpose()
}

/// Makes a field. One that was removed comes back if it is of the same type: its values may still be there.
pub async fn insert(tx: &mut TenantTx, new: &NewField, by: UserId) -> Result<FieldDefinition, FieldError> {
    let tenant = tx.tenant().0;
    let present = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM contact_fields WHERE tenant_id = $1 AND kind = $2 AND deleted_at IS NULL"#,
        tenant,
        new.of.name(),
    )
    .fetch_one(&mut **tx)
    .await?;
    if present >= MOST {
        return Err(FieldError::TooMany);
    }
    let id = sqlx::query_scalar!(
        "INSERT INTO contact_fields (id, tenant_id, kind, key, label, type, choices, required, position, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (tenant_id, kind, key) DO UPDATE
            SET label = EXCLUDED.label, choices = EXCLUDED.choices, required = EXCLUDED.required,
                position = EXCLUDED.position, deleted_at = NULL, version = contact_fields.version + 1
          WHERE contact_fields.deleted_at IS NOT NULL AND contact_fields.type = EXCLUDED.type
         RETURNING id",
        Uuid::now_v7(),
        tenant,
        new.of.name(),
        new.field.key,
        new.label,
        new.field.kind.name(),
        &new.field.choices,
        new.field.required,
        new.position,
        by.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(id) = id else {
        let lives = sqlx::query_scalar!(
            r#"SELECT deleted_at IS NULL AS "lives!" FROM contact_fields WHERE tenant_id = $1 AND kind = $2 AND key = $3"#,
            tenant,
            new.of.name(),
            new.field.key,
        )
        .fetch_optional(&mut **tx)
        .await?;
        return Err(if lives == Some(false) { FieldError::OtherType } else { FieldError::Taken });
    };
    get(tx, id).await?.ok_or(FieldError::Taken)
}

pub async fn update(
    tx: &mut TenantTx,
    id: Uuid,
    patch: &FieldPatch,
    expected: Option<i64>,
) -> Result<Changed<FieldDefinition>, StoreError> {
    let touched = sqlx::query!(
        "UPDATE contact_fields
            SET label = coalesce($3, label), choices = coalesce($4, choices), required = coalesce($5, required),
                position = coalesce($6, position), version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
        patch.label.as_deref(),
        patch.choices.as_deref(),
        patch.required,
        patch.position,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(match get(tx, id).await? {
        Some(definition) if touched > 0 => Changed::Done(definition),
        present => Changed::refused(present.is_some()),
    })
}

/// Removes a field. Values that contacts have of it stay with them, until they are set to null.
pub async fn delete(tx: &mut TenantTx, id: Uuid, expected: Option<i64>) -> Result<Changed<()>, StoreError> {
    let touched = sqlx::query!(
        "UPDATE contact_fields SET deleted_at = now(), version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        id,
        expected,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if touched > 0 {
        return Ok(Changed::Done(()));
    }
    Ok(Changed::refused(get(tx, id).await?.is_some()))
}
