//! Two records of one person, or of one company, made one, and made two again.
//!
//! The kept record gets what it lacks: numbers, addresses, profiles, values of fields, and the other's tickets, notes
//! and (of companies) people. The other is deleted as it was. An undo gives each what it had: where the kept record was
//! not changed since, exactly that; where it was, whatever was changed since stays, and what the merge added goes.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sqlx::{AssertSqlSafe, types::Json};
use switchroom_core::{
    UserId,
    directory::{ContactKind, ContactRef},
};
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    changed::Changed,
    contact::{self, Contact},
    contact_list::table_name,
    emails::{self, Email},
    individuals::{self, Individual, IndividualPatch},
    listing::{Key, Position, Slice, Window},
    organizations::{self, Organization, OrganizationPatch},
    phones::{self, Phone},
};

/// What can be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mergeable {
    Individual,
    Organization,
}

impl Mergeable {
    pub const fn kind(self) -> ContactKind {
        match self {
            Self::Individual => ContactKind::Individual,
            Self::Organization => ContactKind::Organization,
        }
    }

    pub fn of(kind: ContactKind) -> Option<Self> {
        match kind {
            ContactKind::Individual => Some(Self::Individual),
            ContactKind::Organization => Some(Self::Organization),
            ContactKind::OrganizationContact | ContactKind::EmailContact => None,
        }
    }

    /// The column by which tickets and notes name it.
    const fn column(self) -> &'static str {
        match self {
            Self::Individual => "individual_id",
            Self::Organization => "organization_id",
        }
    }
}

/// A merge as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    pub id: Uuid,
    pub kind: ContactKind,
    pub kept: Uuid,
    pub merged: Uuid,
    pub tickets: i64,
    pub notes: i64,
    pub contacts: i64,
    pub merged_at: DateTime<Utc>,
    pub merged_by: Option<UserId>,
    pub undo_until: DateTime<Utc>,
    pub undone_at: Option<DateTime<Utc>>,
    pub undone_by: Option<UserId>,
}

/// Why two records were not made one, or one not two.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    #[error("no such contact to keep")]
    NoKept,
    #[error("no such contact to merge")]
    NoMerged,
    /// One of the two has become part of another meanwhile.
    #[error("merged already")]
    MergedAlready,
    #[error("somebody else changed it at the same moment")]
    Race,
    #[error("no such merge")]
    Absent,
    #[error("undone already")]
    Undone,
    #[error("too long ago, or erased since")]
    TooLate,
    /// The kept record was merged into another, or deleted, since.
    #[error("the kept contact is no more")]
    KeptGone,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for MergeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Makes them one.
pub async fn merge(
    tx: &mut TenantTx,
    kind: Mergeable,
    kept: Uuid,
    merged: Uuid,
    by: UserId,
) -> Result<Uuid, MergeError> {
    lock(tx, kind, kept, merged).await?;
    let before = snapshot(tx, kind, kept).await?.ok_or(MergeError::NoKept)?;
    match kind {
        Mergeable::Individual => join_individuals(tx, kept, merged).await?,
        Mergeable::Organization => join_organizations(tx, kept, merged).await?,
    }
    let after = snapshot(tx, kind, kept).await?.ok_or(MergeError::Race)?;
    let column = kind.column();
    let tickets: Vec<Uuid> = sqlx::query_scalar(AssertSqlSafe(format!(
        "UPDATE tickets SET {column} = $2, version = version + 1 WHERE {column} = $1 RETURNING id"
    )))
    .bind(merged)
    .bind(kept)
    .fetch_all(&mut **tx)
    .await?;
    let notes: Vec<Uuid> = sqlx::query_scalar(AssertSqlSafe(format!(
        "UPDATE contact_notes SET {column} = $2 WHERE {column} = $1 AND deleted_at IS NULL RETURNING id"
    )))
    .bind(merged)
    .bind(kept)
    .fetch_all(&mut **tx)
    .await?;
    let contacts = match kind {
        Mergeable::Individual => Vec::new(),
        Mergeable::Organization => {
            sqlx::query_scalar!(
                "UPDATE organization_contacts SET organization_id = $2, version = version + 1
                  WHERE organization_id = $1 AND deleted_at IS NULL RETURNING id",
                merged,
                kept,
            )
            .fetch_all(&mut **tx)
            .await?
        }
    };
    delete(tx, kind, merged, by).await?;
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO contact_merges (id, tenant_id, kind, kept_id, merged_id, before, after, moved_tickets, moved_notes,
                                     moved_contacts, merged_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        id,
        tx.tenant().0,
        kind.kind().name(),
        kept,
        merged,
        before,
        after,
        &tickets,
        &notes,
        &contacts,
        by.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(StoreError::from)
    .map_err(|error| match error {
        StoreError::Conflict { .. } => MergeError::MergedAlready,
        error => error.into(),
    })?;
    Ok(id)
}

/// Holds both rows, in one order whoever asks, until the end of the transaction; both must live.
async fn lock(tx: &mut TenantTx, kind: Mergeable, kept: Uuid, merged: Uuid) -> Result<(), MergeError> {
    let sql = format!(
        "SELECT id FROM {} WHERE id = ANY($1) AND deleted_at IS NULL ORDER BY id FOR UPDATE",
        table_name(kind.kind())
    );
    let living: Vec<Uuid> =
        sqlx::query_scalar(AssertSqlSafe(sql)).bind(vec![kept, merged]).fetch_all(&mut **tx).await?;
    for (id, absent) in [(kept, MergeError::NoKept), (merged, MergeError::NoMerged)] {
        if !living.contains(&id) {
            let gone = sqlx::query_scalar!(
                r#"SELECT EXISTS (SELECT FROM contact_merges WHERE merged_id = $1 AND undone_at IS NULL) AS "gone!""#,
                id
            )
            .fetch_one(&mut **tx)
            .await?;
            return Err(if gone { MergeError::MergedAlready } else { absent });
        }
    }
    Ok(())
}

async fn delete(tx: &mut TenantTx, kind: Mergeable, id: Uuid, by: UserId) -> Result<(), MergeError> {
    // The row alone: the people of a company have gone over before.
    let deleted = match kind {
        Mergeable::Individual => contact::delete::<Individual>(tx, id, None, by).await?,
        Mergeable::Organization => contact::delete::<Organization>(tx, id, None, by).await?,
    };
    if deleted == Changed::Done(()) { Ok(()) } else { Err(MergeError::Race) }
}

fn joined<T>(kept: &[T], merged: &[T]) -> Option<Vec<T>>
where
    T: Clone,
{
    (!merged.is_empty()).then(|| kept.iter().chain(merged).cloned().collect())
}

/// The kept one's first, and its primary one where it has one.
fn joined_phones(kept: &[Phone], merged: &[Phone]) -> Option<Vec<Phone>> {
    let has_primary = !kept.is_empty();
    let merged: Vec<Phone> = merged
        .iter()
        .cloned()
        .map(|phone| Phone { primary: phone.primary && !has_primary, ..phone })
        .collect();
    joined(kept, &merged).map(phones::settle)
}

fn joined_emails(kept: &[Email], merged: &[Email]) -> Option<Vec<Email>> {
    let has_primary = !kept.is_empty();
    let merged: Vec<Email> = merged
        .iter()
        .cloned()
        .map(|email| Email { primary: email.primary && !has_primary, ..email })
        .collect();
    joined(kept, &merged).map(emails::settle)
}

/// Values of fields that the kept one has none of.
fn joined_custom(kept: &Map<String, Value>, merged: &Map<String, Value>) -> Map<String, Value> {
    merged
        .iter()
        .filter(|(key, _)| !kept.contains_key(*key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

async fn both<C: Contact>(tx: &mut TenantTx, kept: Uuid, merged: Uuid) -> Result<(C, C), MergeError> {
    let kept = contact::get::<C>(tx, kept).await?.ok_or(MergeError::NoKept)?;
    let merged = contact::get::<C>(tx, merged).await?.ok_or(MergeError::NoMerged)?;
    Ok((kept, merged))
}

async fn join_individuals(tx: &mut TenantTx, kept: Uuid, merged: Uuid) -> Result<(), MergeError> {
    let (kept, merged) = both::<Individual>(tx, kept, merged).await?;
    let links = merged.social_media.iter().filter(|link| !kept.social_media.contains(link));
    let patch = IndividualPatch {
        gender: kept.gender.is_none().then(|| merged.gender.clone()),
        dob: kept.dob.is_none().then_some(merged.dob),
        address: kept.address.is_none().then(|| merged.address.clone()),
        social_media: Some(kept.social_media.iter().chain(links).cloned().collect()),
        phones: joined_phones(&kept.phones, &merged.phones),
        emails: joined_emails(&kept.common.emails, &merged.common.emails),
        custom: joined_custom(&kept.common.custom, &merged.common.custom),
        ..IndividualPatch::default()
    };
    match individuals::update(tx, kept.id, &patch, Some(kept.version)).await? {
        Changed::Done(_) => Ok(()),
        Changed::Absent | Changed::Stale => Err(MergeError::Race),
    }
}

async fn join_organizations(tx: &mut TenantTx, kept: Uuid, merged: Uuid) -> Result<(), MergeError> {
    let (kept, merged) = both::<Organization>(tx, kept, merged).await?;
    let patch = OrganizationPatch {
        phones: joined_phones(&kept.phones, &merged.phones),
        emails: joined_emails(&kept.common.emails, &merged.common.emails),
        custom: joined_custom(&kept.common.custom, &merged.common.custom),
        ..OrganizationPatch::default()
    };
    match organizations::update(tx, kept.id, &patch, Some(kept.version)).await? {
        Changed::Done(_) => Ok(()),
        Changed::Absent | Changed::Stale => Err(MergeError::Race),
    }
}

/// Columns that a merge may change, and an undo gives back.
const FIELDS: [&str; 4] = ["gender", "dob", "address", "social_media"];

/// The row with its numbers and addresses; none where it does not live.
async fn snapshot(tx: &mut TenantTx, kind: Mergeable, id: Uuid) -> Result<Option<Value>, StoreError> {
    let column = kind.column();
    let sql = format!(
        "SELECT jsonb_build_object(
             'row', to_jsonb(t),
             'phones', coalesce((SELECT jsonb_agg(jsonb_build_object('e164', p.e164, 'raw', p.raw, 'label', p.label, 'primary', p.is_primary)
                                                  ORDER BY p.position, p.e164) FROM contact_phones p WHERE p.{column} = t.id), '[]'),
             'emails', coalesce((SELECT jsonb_agg(jsonb_build_object('email', e.email, 'label', e.label, 'primary', e.is_primary)
                                                  ORDER BY e.position, e.folded) FROM contact_emails e WHERE e.{column} = t.id), '[]'))
           FROM {} t WHERE t.id = $1 AND t.deleted_at IS NULL",
        table_name(kind.kind())
    );
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).bind(id).fetch_optional(&mut **tx).await?)
}

/// Makes two of them again.
pub async fn undo(tx: &mut TenantTx, id: Uuid, by: UserId) -> Result<(), MergeError> {
    let merge = sqlx::query!(
        r#"SELECT kind, kept_id, merged_id, before, after, moved_tickets, moved_notes, moved_contacts,
                  undone_at IS NOT NULL AS "undone!", undo_until <= now() AS "late!"
             FROM contact_merges WHERE id = $1 FOR UPDATE"#,
        id
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(MergeError::Absent)?;
    if merge.undone {
        return Err(MergeError::Undone);
    }
    if merge.late {
        return Err(MergeError::TooLate);
    }
    let kind = if merge.kind == "individual" { Mergeable::Individual } else { Mergeable::Organization };
    let table = table_name(kind.kind());
    let column = kind.column();
    let held: Option<Uuid> = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT id FROM {table} WHERE id = $1 AND deleted_at IS NULL FOR UPDATE"
    )))
    .bind(merge.kept_id)
    .fetch_optional(&mut **tx)
    .await?;
    if held.is_none() {
        return Err(MergeError::KeptGone);
    }
    let now = snapshot(tx, kind, merge.kept_id).await?.ok_or(MergeError::KeptGone)?;
    restore(tx, kind, merge.kept_id, &merge.before, &merge.after, &now).await?;
    sqlx::query(AssertSqlSafe(format!(
        "UPDATE {table} SET deleted_at = NULL, deleted_by = NULL, version = version + 1 WHERE id = $1"
    )))
    .bind(merge.merged_id)
    .execute(&mut **tx)
    .await?;
    for (moved, rows) in [("contact_notes", &merge.moved_notes), ("tickets", &merge.moved_tickets)] {
        sqlx::query(AssertSqlSafe(format!(
            "UPDATE {moved} SET {column} = $2, version = version + 1 WHERE id = ANY($1) AND {column} = $3"
        )))
        .bind(rows)
        .bind(merge.merged_id)
        .bind(merge.kept_id)
        .execute(&mut **tx)
        .await?;
    }
    if kind == Mergeable::Organization {
        sqlx::query!(
            "UPDATE organization_contacts SET organization_id = $2, version = version + 1
              WHERE id = ANY($1) AND organization_id = $3",
            &merge.moved_contacts,
            merge.merged_id,
            merge.kept_id,
        )
        .execute(&mut **tx)
        .await?;
        // Tickets that came since about people who go back go with them.
        sqlx::query!(
            "UPDATE tickets SET organization_id = $2, version = version + 1
              WHERE organization_contact_id = ANY($1) AND organization_id = $3",
            &merge.moved_contacts,
            merge.merged_id,
            merge.kept_id,
        )
        .execute(&mut **tx)
        .await?;
    }
    sqlx::query!("UPDATE contact_merges SET undone_at = now(), undone_by = $2 WHERE id = $1", id, by.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The kept record as it was, except for what was changed since the merge.
async fn restore(
    tx: &mut TenantTx,
    kind: Mergeable,
    id: Uuid,
    before: &Value,
    after: &Value,
    now: &Value,
) -> Result<(), StoreError> {
    let mut fields = Map::new();
    for field in FIELDS {
        let [before, after, now] = [before, after, now].map(|snapshot| &snapshot["row"][field]);
        if now == after && before != after {
            fields.insert(field.to_owned(), before.clone());
        }
    }
    let object = |snapshot: &Value| snapshot["row"]["custom"].as_object().cloned().unwrap_or_default();
    let (before_custom, after_custom, mut custom) = (object(before), object(after), object(now));
    custom.retain(|key, value| before_custom.contains_key(key) || after_custom.get(key) != Some(value));
    let phones = restored(&before["phones"], &after["phones"], &now["phones"], "e164");
    let addresses = restored(&before["emails"], &after["emails"], &now["emails"], "email");
    let owner = ContactRef { kind: kind.kind(), id };
    let phones: Vec<Phone> = decode(phones)?;
    let addresses: Vec<Email> = decode(addresses)?;
    phones::replace(tx, owner, &phones::settle(phones)).await?;
    let addresses = emails::settle(addresses);
    emails::replace(tx, owner, &addresses).await?;
    let table = table_name(kind.kind());
    sqlx::query(AssertSqlSafe(format!(
        "UPDATE {table} SET email = $2, other_emails = $3, custom = $4, version = version + 1 WHERE id = $1"
    )))
    .bind(id)
    .bind(emails::primary(&addresses))
    .bind(emails::others(&addresses))
    .bind(Json(&custom))
    .execute(&mut **tx)
    .await?;
    if kind == Mergeable::Individual && !fields.is_empty() {
        sqlx::query!(
            "UPDATE individuals i
                SET gender = CASE WHEN $2 ? 'gender' THEN $2 ->> 'gender' ELSE gender END,
                    dob = CASE WHEN $2 ? 'dob' THEN ($2 ->> 'dob')::date ELSE dob END,
                    address = CASE WHEN $2 ? 'address' THEN $2 ->> 'address' ELSE address END,
                    social_media = CASE WHEN $2 ? 'social_media' THEN $2 -> 'social_media' ELSE social_media END
              WHERE id = $1",
            id,
            json!(fields),
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// The list as it was, where it is what the merge made of it; else as it is without what the merge added.
fn restored(before: &Value, after: &Value, now: &Value, key: &str) -> Value {
    if now == after {
        return before.clone();
    }
    let has = |list: &Value, item: &Value| {
        list.as_array().is_some_and(|list| list.iter().any(|other| other[key] == item[key]))
    };
    let kept: Vec<Value> = now
        .as_array()
        .into_iter()
        .flatten()
        .filter(|item| has(before, item) || !has(after, item))
        .cloned()
        .collect();
    Value::Array(kept)
}

fn decode<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|error| StoreError::Other(sqlx::Error::Decode(error.into())))
}

/// Lists are newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest;

struct Row {
    id: Uuid,
    kind: String,
    kept_id: Uuid,
    merged_id: Uuid,
    tickets: i64,
    notes: i64,
    contacts: i64,
    merged_at: DateTime<Utc>,
    merged_by: Option<Uuid>,
    undo_until: DateTime<Utc>,
    undone_at: Option<DateTime<Utc>>,
    undone_by: Option<Uuid>,
}

impl From<Row> for Merge {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            kind: if row.kind == "individual" { ContactKind::Individual } else { ContactKind::Organization },
            kept: row.kept_id,
            merged: row.merged_id,
            tickets: row.tickets,
            notes: row.notes,
            contacts: row.contacts,
            merged_at: row.merged_at,
            merged_by: row.merged_by.map(UserId),
            undo_until: row.undo_until,
            undone_at: row.undone_at,
            undone_by: row.undone_by.map(UserId),
        }
    }
}

pub async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Option<Merge>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, kind, kept_id, merged_id, cardinality(moved_tickets)::bigint AS "tickets!",
                  cardinality(moved_notes)::bigint AS "notes!", cardinality(moved_contacts)::bigint AS "contacts!",
                  merged_at, merged_by, undo_until, undone_at, undone_by
             FROM contact_merges WHERE id = $1"#,
        id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Merge::from))
}

/// A page of merges, of one contact or of all.
pub async fn list(
    tx: &mut TenantTx,
    contact: Option<Uuid>,
    window: &Window<Newest>,
) -> Result<Slice<Merge>, StoreError> {
    let after = match &window.after {
        Some(Position { key: Key::At(at), id }) => Some((*at, *id)),
        _ => None,
    };
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, kind, kept_id, merged_id, cardinality(moved_tickets)::bigint AS "tickets!",
                  cardinality(moved_notes)::bigint AS "notes!", cardinality(moved_contacts)::bigint AS "contacts!",
                  merged_at, merged_by, undo_until, undone_at, undone_by
             FROM contact_merges
            WHERE tenant_id = $1 AND ($2::uuid IS NULL OR kept_id = $2 OR merged_id = $2)
              AND ($3::timestamptz IS NULL OR (merged_at, id) < ($3, $4::uuid))
            ORDER BY merged_at DESC, id DESC LIMIT $5"#,
        tx.tenant().0,
        contact,
        after.map(|(at, _)| at),
        after.map(|(_, id)| id),
        i64::from(window.limit) + 1,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut items: Vec<Merge> = rows.into_iter().map(Merge::from).collect();
    let more = items.len() > window.limit as usize;
    items.truncate(window.limit as usize);
    let next =
        items.last().filter(|_| more).map(|merge| Position { key: Key::At(merge.merged_at), id: merge.id });
    Ok(Slice { items, next, count: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_since_stays_and_what_was_added_goes() {
        let list =
            |numbers: &[&str]| Value::Array(numbers.iter().map(|number| json!({"e164": number})).collect());
        let (before, after) = (list(&["1"]), list(&["1", "2"]));
        assert_eq!(restored(&before, &after, &after, "e164"), before);
        // One more since, the merge's gone; one of the first removed since.
        assert_eq!(restored(&before, &after, &list(&["1", "2", "3"]), "e164"), list(&["1", "3"]));
        assert_eq!(restored(&before, &after, &list(&["2"]), "e164"), list(&[]));
    }

    #[test]
    fn the_kept_ones_primary_number_stays() {
        let phone = |e164: &str, primary| Phone {
            e164: e164.parse().unwrap(),
            raw: e164.to_owned(),
            label: None,
            primary,
        };
        let joined = joined_phones(&[phone("+33639980001", true)], &[phone("+33639980002", true)]).unwrap();
        assert_eq!(joined, [phone("+33639980001", true), phone("+33639980002", false)]);
        assert_eq!(
            joined_phones(&[], &[phone("+33639980002", true)]).unwrap(),
            [phone("+33639980002", true)]
        );
        assert_eq!(joined_phones(&[phone("+33639980001", true)], &[]), None);
    }
}
