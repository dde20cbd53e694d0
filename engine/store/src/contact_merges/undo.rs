//! A merge undone: what a record had before, and what it has kept since.

use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, types::Json};
use switchroom_core::{
    UserId,
    directory::{ContactKind, ContactRef},
};
use uuid::Uuid;

use super::{MergeError, kind_of};
use crate::{
    StoreError, TenantTx,
    contact_list::{owner_column, table_name},
    emails::{self, Email},
    organizations::{self, Hold},
    phones::{self, Phone},
    portal_accounts::{self, Moved},
};

/// Columns that a merge may change, and an undo gives back; the lists and the tenant's own fields apart.
const fn fields(kind: ContactKind) -> &'static [&'static str] {
    match kind {
        ContactKind::Individual => &["gender", "dob", "social_media", "address", "city", "state", "country"],
        ContactKind::OrganizationContact => &["gender", "address", "city", "state", "country"],
        ContactKind::Organization => &["tax_id", "address", "city", "state", "country"],
        ContactKind::EmailContact => &[],
    }
}

/// The row with its numbers and addresses; none where it does not live.
pub(super) async fn snapshot(
    tx: &mut TenantTx,
    kind: ContactKind,
    id: Uuid,
) -> Result<Option<Value>, StoreError> {
    let column = owner_column(kind);
    let sql = format!(
        "SELECT jsonb_build_object(
             'row', to_jsonb(t),
             'phones', coalesce((SELECT jsonb_agg(jsonb_build_object('e164', p.e164, 'raw', p.raw, 'label', p.label, 'primary', p.is_primary)
                                                  ORDER BY p.position, p.e164) FROM contact_phones p WHERE p.{column} = t.id), '[]'),
             'emails', coalesce((SELECT jsonb_agg(jsonb_build_object('email', e.email, 'label', e.label, 'primary', e.is_primary)
                                                  ORDER BY e.position, e.folded) FROM contact_emails e WHERE e.{column} = t.id), '[]'))
           FROM {} t WHERE t.id = $1 AND t.deleted_at IS NULL",
        table_name(kind)
    );
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).bind(id).fetch_optional(&mut **tx).await?)
}

/// Makes two of them again.
pub async fn undo(tx: &mut TenantTx, id: Uuid, by: UserId) -> Result<(), MergeError> {
    let merge = sqlx::query!(
        r#"SELECT kind, kept_id, merged_id, before, after, moved_tickets, moved_notes, moved_contacts,
                  moved_members, moved_invitations, undone_at IS NOT NULL AS "undone!", undo_until <= now() AS "late!"
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
    let kind = kind_of(&merge.kind);
    let table = table_name(kind);
    let column = owner_column(kind);
    portal_accounts::hold(tx, kind, &[merge.kept_id]).await?;
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
    let accounts = Moved { members: merge.moved_members, invitations: merge.moved_invitations };
    portal_accounts::give_back(tx, kind, merge.merged_id, merge.kept_id, &accounts).await?;
    if kind == ContactKind::Organization {
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
    if kind == ContactKind::OrganizationContact {
        // Their organization may have become part of another meanwhile, or have been deleted.
        let organization = sqlx::query_scalar!(
            "UPDATE organization_contacts c
                SET organization_id = coalesce(
                        (SELECT o.id FROM organizations o WHERE o.id = surviving_contact(c.organization_id) AND o.deleted_at IS NULL),
                        (SELECT k.organization_id FROM organization_contacts k WHERE k.id = $2))
              WHERE c.id = $1 RETURNING organization_id",
            merge.merged_id,
            merge.kept_id,
        )
        .fetch_one(&mut **tx)
        .await?;
        if !organizations::hold(tx, organization, Hold::Shared).await? {
            return Err(MergeError::Race);
        }
    }
    sqlx::query!("UPDATE contact_merges SET undone_at = now(), undone_by = $2 WHERE id = $1", id, by.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The kept record as it was, except for what was changed since the merge.
async fn restore(
    tx: &mut TenantTx,
    kind: ContactKind,
    id: Uuid,
    before: &Value,
    after: &Value,
    now: &Value,
) -> Result<(), StoreError> {
    let mut given_back = Map::new();
    for field in fields(kind) {
        let [before, after, now] = [before, after, now].map(|snapshot| &snapshot["row"][*field]);
        if now == after && before != after {
            given_back.insert((*field).to_owned(), before.clone());
        }
    }
    let object = |snapshot: &Value| snapshot["row"]["custom"].as_object().cloned().unwrap_or_default();
    let (before_custom, after_custom, mut custom) = (object(before), object(after), object(now));
    custom.retain(|key, value| before_custom.contains_key(key) || after_custom.get(key) != Some(value));
    let phones = restored(&before["phones"], &after["phones"], &now["phones"], "e164");
    let addresses = restored(&before["emails"], &after["emails"], &now["emails"], "email");
    let owner = ContactRef { kind, id };
    let phones: Vec<Phone> = decode(phones)?;
    let mut addresses: Vec<Email> = decode(addresses)?;
    if addresses.is_empty() && kind == ContactKind::EmailContact {
        // Its own were taken away since, and one it must have.
        addresses = decode(before["emails"].clone())?;
    }
    phones::replace(tx, owner, &phones::settle(phones)).await?;
    let addresses = emails::settle(addresses);
    emails::replace(tx, owner, &addresses).await?;
    let table = table_name(kind);
    sqlx::query(AssertSqlSafe(format!(
        "UPDATE {table} SET email = $2, other_emails = lower($3), custom = $4, version = version + 1 WHERE id = $1"
    )))
    .bind(id)
    .bind(emails::primary(&addresses))
    .bind(emails::others(&addresses))
    .bind(Json(&custom))
    .execute(&mut **tx)
    .await?;
    if !given_back.is_empty() {
        // Of the names above, never of input.
        let columns: Vec<String> = fields(kind)
            .iter()
            .filter(|field| given_back.contains_key(**field))
            .map(|field| format!("{field} = was.{field}"))
            .collect();
        sqlx::query(AssertSqlSafe(format!(
            "UPDATE {table} t SET {} FROM jsonb_populate_record(NULL::{table}, $2) was WHERE t.id = $1",
            columns.join(", ")
        )))
        .bind(id)
        .bind(Json(&given_back))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

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
}
