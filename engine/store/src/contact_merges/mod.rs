//! Two records of one person, or of one company, made one, and made two again.
//!
//! The kept record gets what it lacks: numbers, addresses, profiles, values of fields, and the other's tickets, notes,
//! accounts of clients and (of companies) people. The other is deleted as it was. An undo gives each what it had: where the kept record was
//! not changed since, exactly that; where it was, whatever was changed since stays, and what the merge added goes.

mod join;
mod list;
mod undo;

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use switchroom_core::{UserId, directory::ContactKind};
use uuid::Uuid;

pub use list::{BY_MERGED_AT, get, list};
pub use undo::undo;

use self::{join::join, undo::snapshot};
use crate::{
    StoreError, TenantTx,
    changed::Changed,
    contact,
    contact_list::{owner_column, table_name},
    email_contacts::EmailContact,
    individuals::Individual,
    organization_contacts::OrganizationContact,
    organizations::Organization,
    portal_accounts,
};

/// The stored word; the column's check lets nothing else in.
fn kind_of(word: &str) -> ContactKind {
    ContactKind::ALL.into_iter().find(|kind| kind.name() == word).unwrap_or(ContactKind::Individual)
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
    /// Accounts that sign in as the kept one since.
    pub accounts: i64,
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
    kind: ContactKind,
    kept: Uuid,
    merged: Uuid,
    by: UserId,
) -> Result<Uuid, MergeError> {
    portal_accounts::hold(tx, kind, &[kept, merged]).await?;
    lock(tx, kind, kept, merged).await?;
    let before = snapshot(tx, kind, kept).await?.ok_or(MergeError::NoKept)?;
    join(tx, kind, kept, merged).await?;
    let after = snapshot(tx, kind, kept).await?.ok_or(MergeError::Race)?;
    let column = owner_column(kind);
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
        ContactKind::Individual | ContactKind::OrganizationContact | ContactKind::EmailContact => Vec::new(),
        ContactKind::Organization => {
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
    // Before the deletion, which would leave them without anybody.
    let accounts = portal_accounts::follow(tx, kind, merged, kept).await?;
    delete(tx, kind, merged, by).await?;
    let id = Uuid::now_v7();
    sqlx::query!(
        "INSERT INTO contact_merges (id, tenant_id, kind, kept_id, merged_id, before, after, moved_tickets, moved_notes,
                                     moved_contacts, moved_members, moved_invitations, merged_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        id,
        tx.tenant().0,
        kind.name(),
        kept,
        merged,
        before,
        after,
        &tickets,
        &notes,
        &contacts,
        &accounts.members,
        &accounts.invitations,
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
async fn lock(tx: &mut TenantTx, kind: ContactKind, kept: Uuid, merged: Uuid) -> Result<(), MergeError> {
    let sql = format!(
        "SELECT id FROM {} WHERE id = ANY($1) AND deleted_at IS NULL ORDER BY id FOR UPDATE",
        table_name(kind)
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

async fn delete(tx: &mut TenantTx, kind: ContactKind, id: Uuid, by: UserId) -> Result<(), MergeError> {
    // The row alone: the people of a company have gone over before.
    let deleted = match kind {
        ContactKind::Individual => contact::delete::<Individual>(tx, id, None, by).await?,
        ContactKind::Organization => contact::delete::<Organization>(tx, id, None, by).await?,
        ContactKind::OrganizationContact => contact::delete::<OrganizationContact>(tx, id, None, by).await?,
        ContactKind::EmailContact => contact::delete::<EmailContact>(tx, id, None, by).await?,
    };
    if deleted == Changed::Done(()) { Ok(()) } else { Err(MergeError::Race) }
}
