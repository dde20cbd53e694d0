//! Erasing a person: the record and all that have become part of it (merged into it, promoted to it) lose every name, number
//! and address; calls, their events and tickets stay, with a pseudonym where the person was, so that figures do not change
//! (ADR 0018).

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder};
use switchroom_core::{
    UserId,
    directory::{ContactKind, ContactRef},
};
use uuid::Uuid;

use crate::{
    StoreError, TenantTx, contact,
    contact_list::table_name,
    emails,
    listing::{self, Order, Slice, Window},
    phones, portal_accounts,
};

/// What stands where a name was.
pub const ERASED: &str = "[erased]";

/// An erasure as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    pub id: Uuid,
    pub contact: ContactRef,
    pub reason: Option<String>,
    pub erased_at: DateTime<Utc>,
    pub erased_by: Option<UserId>,
    pub tickets: i32,
    pub calls: i32,
}

/// Why somebody was not erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    #[error("no such person")]
    Absent,
    #[error("erased already")]
    Erased,
    /// The record is part of this one: it is this one that the person is.
    #[error("merged into another record")]
    Merged(ContactRef),
    #[error("a call with them is going on")]
    OnCall,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for EraseError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A record of the person, before it is written over.
struct Held {
    contact: ContactRef,
    name: String,
    email: Option<String>,
    /// What searches find it by.
    found_by: String,
}

/// The columns of a kind of person: where the name is, and what else is personal.
const fn columns(kind: ContactKind) -> (&'static str, &'static str) {
    match kind {
        ContactKind::Individual => (
            "full_name",
            ", gender = NULL, dob = NULL, email = NULL, social_media = '[]', address = NULL, city = NULL, state = NULL, country = NULL",
        ),
        ContactKind::OrganizationContact => (
            "full_name",
            ", gender = NULL, email = NULL, address = NULL, city = NULL, state = NULL, country = NULL",
        ),
        // The column must have one.
        ContactKind::EmailContact => ("name", ", email = 'erased@invalid'"),
        ContactKind::Organization => (
            "name",
            ", email = NULL, tax_id = NULL, address = NULL, city = NULL, state = NULL, country = NULL",
        ),
    }
}

/// Erases the person. A deleted record can be erased too: deleting only hides it. `pseudonym` makes a number that nobody
/// has.
pub async fn erase(
    tx: &mut TenantTx,
    contact: ContactRef,
    reason: Option<&str>,
    by: UserId,
    mut pseudonym: impl FnMut() -> String,
) -> Result<Uuid, EraseError> {
    let survivor = contact::survivor(tx, contact).await?;
    if survivor != contact {
        return Err(EraseError::Merged(survivor));
    }
    let ids: Vec<Uuid> = sqlx::query_scalar!(r#"SELECT contact_and_merged($1) AS "id!""#, contact.id)
        .fetch_all(&mut **tx)
        .await?;
    // Records that are of another kind are e-mail contacts, promoted to what the person is now.
    let kinds = if contact.kind == ContactKind::EmailContact {
        vec![ContactKind::EmailContact]
    } else {
        vec![contact.kind, ContactKind::EmailContact]
    };
    portal_accounts::hold(tx, contact.kind, &ids).await?;
    // Held, so that nobody is changed or merged meanwhile.
    let mut records: Vec<Held> = Vec::new();
    for kind in &kinds {
        let (table, (title, _)) = (table_name(*kind), columns(*kind));
        let rows: Vec<(Uuid, String, Option<String>, String)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT id, {title}, email, search FROM {table} WHERE id = ANY($1) ORDER BY id FOR UPDATE"
        )))
        .bind(&ids)
        .fetch_all(&mut **tx)
        .await?;
        for (id, name, email, found_by) in rows {
            records.push(Held { contact: ContactRef { kind: *kind, id }, name, email, found_by });
        }
    }
    if !records.iter().any(|record| record.contact == contact) {
        return Err(EraseError::Absent);
    }
    let known = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM contact_erasures WHERE contact_id = $1) AS "known!""#,
        contact.id
    )
    .fetch_one(&mut **tx)
    .await?;
    if known {
        return Err(EraseError::Erased);
    }
    let on_call = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM calls WHERE tenant_id = $1 AND state <> 'ended' AND contact_id = ANY($2)) AS "on!""#,
        tx.tenant().0,
        &ids,
    )
    .fetch_one(&mut **tx)
    .await?;
    if on_call {
        return Err(EraseError::OnCall);
    }

    let (mut texts, mut instead): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut add = |text: String, by: String| {
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
            instead.push(by);
        }
    };
    for record in &records {
        let owner = record.contact;
        for phone in phones::of(tx, owner).await? {
            let number = pseudonym();
            add(phone.e164.to_string(), number.clone());
            add(phone.raw, number);
        }
        for email in emails::of(tx, owner).await? {
            add(email.email, ERASED.to_owned());
        }
        phones::remove_all(tx, owner).await?;
        emails::remove_all(tx, owner).await?;
    }
    let mut found_by = Vec::new();
    for record in records {
        add(record.name, ERASED.to_owned());
        add(record.email.unwrap_or_default(), ERASED.to_owned());
        found_by.push(record.found_by);
    }
    // Who signs in as them keeps their account, which is not the tenant's to erase, and is nobody's contact.
    portal_accounts::release(tx, contact.kind, &ids).await?;
    for kind in kinds {
        let (table, (title, cleared)) = (table_name(kind), columns(kind));
        sqlx::query(AssertSqlSafe(format!(
            "UPDATE {table} SET {title} = $2, other_emails = '', custom = '{{}}', deleted_at = coalesce(deleted_at, now()),
                                deleted_by = coalesce(deleted_by, $3), version = version + 1{cleared}
              WHERE id = ANY($1)"
        )))
        .bind(&ids)
        .bind(ERASED)
        .bind(by.0)
        .execute(&mut **tx)
        .await?;
        let column = match kind {
            ContactKind::Individual => "individual_id",
            ContactKind::OrganizationContact => "organization_contact_id",
            ContactKind::Organization => "organization_id",
            ContactKind::EmailContact => "email_contact_id",
        };
        sqlx::query(AssertSqlSafe(format!("DELETE FROM contact_notes WHERE {column} = ANY($1)")))
            .bind(&ids)
            .execute(&mut **tx)
            .await?;
    }
    // What an undo would bring back goes, and with it the undo.
    sqlx::query!(
        "UPDATE contact_merges SET before = '{}', after = '{}', moved_members = '{}', moved_invitations = '{}', undo_until = least(undo_until, now())
          WHERE kept_id = ANY($1) OR merged_id = ANY($1)",
        &ids,
    )
    .execute(&mut **tx)
    .await?;
    let counts = sqlx::query!(
        r#"SELECT tickets AS "tickets!", calls AS "calls!" FROM erase_person($1, $2, $3)"#,
        &ids,
        &texts,
        &instead,
    )
    .fetch_one(&mut **tx)
    .await?;
    forget(tx, &ids, &found_by, &texts).await?;
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO contact_erasures (id, tenant_id, kind, contact_id, reason, erased_by, tickets, calls)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        id,
        tx.tenant().0,
        contact.kind.name(),
        contact.id,
        reason,
        by.0,
        counts.tickets,
        counts.calls,
    )
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

/// Takes the person out of the audit log: what it says of their records and of their tickets, this erasure included, and
/// what somebody searched for who would have found them.
async fn forget(
    tx: &mut TenantTx,
    contacts: &[Uuid],
    found_by: &[String],
    texts: &[String],
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query(
        "SELECT audit_forget_all($2 || coalesce(array_agg(id), '{}')) FROM tickets
          WHERE tenant_id = $1 AND (individual_id = ANY($2) OR organization_contact_id = ANY($2) OR email_contact_id = ANY($2))",
    )
    .bind(tenant)
    .bind(contacts)
    .execute(&mut **tx)
    .await?;
    sqlx::query("SELECT audit_forget_searches($1, $2)").bind(found_by).bind(texts).execute(&mut **tx).await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    contact_id: Uuid,
    reason: Option<String>,
    erased_at: DateTime<Utc>,
    erased_by: Option<Uuid>,
    tickets: i32,
    calls: i32,
}

impl Row {
    /// The column's check lets no other kind in.
    fn into_erasure(self) -> Option<Erasure> {
        let kind = ContactKind::ALL.into_iter().find(|kind| kind.name() == self.kind)?;
        Some(Erasure {
            id: self.id,
            contact: ContactRef { kind, id: self.contact_id },
            reason: self.reason,
            erased_at: self.erased_at,
            erased_by: self.erased_by.map(UserId),
            tickets: self.tickets,
            calls: self.calls,
        })
    }
}

pub async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Option<Erasure>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, kind, contact_id, reason, erased_at, erased_by, tickets, calls FROM contact_erasures WHERE id = $1",
        id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.and_then(Row::into_erasure))
}

pub const BY_ERASED_AT: Order = Order::at("erased_at", "t.erased_at");

pub async fn list(tx: &mut TenantTx, window: &Window<Order>) -> Result<Slice<Erasure>, StoreError> {
    let tenant = tx.tenant();
    let columns = "t.id, t.kind, t.contact_id, t.reason, t.erased_at, t.erased_by, t.tickets, t.calls";
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(" FROM contact_erasures t WHERE t.tenant_id = ").push_bind(tenant.0);
    };
    let slice = listing::read_page(tx, columns, from, window, listing::by_name::<Row>).await?;
    let Slice { items, next, count } = slice;
    Ok(Slice { items: items.into_iter().filter_map(Row::into_erasure).collect(), next, count })
}
