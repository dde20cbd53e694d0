//! Merges as they are told.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};
use switchroom_core::UserId;
use uuid::Uuid;

use super::{Merge, kind_of};
use crate::{
    StoreError, TenantTx,
    listing::{self, Order, Slice, Window},
};

pub const BY_MERGED_AT: Order = Order::at("merged_at", "t.merged_at");

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    kept_id: Uuid,
    merged_id: Uuid,
    tickets: i64,
    notes: i64,
    contacts: i64,
    accounts: i64,
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
            kind: kind_of(&row.kind),
            kept: row.kept_id,
            merged: row.merged_id,
            tickets: row.tickets,
            notes: row.notes,
            contacts: row.contacts,
            accounts: row.accounts,
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
                  cardinality(moved_members)::bigint AS "accounts!", merged_at, merged_by, undo_until, undone_at, undone_by
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
    window: &Window<Order>,
) -> Result<Slice<Merge>, StoreError> {
    let tenant = tx.tenant();
    let columns = "t.id, t.kind, t.kept_id, t.merged_id, cardinality(t.moved_tickets)::bigint AS tickets, \
                   cardinality(t.moved_notes)::bigint AS notes, cardinality(t.moved_contacts)::bigint AS contacts, \
                   cardinality(t.moved_members)::bigint AS accounts, \
                   t.merged_at, t.merged_by, t.undo_until, t.undone_at, t.undone_by";
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(" FROM contact_merges t WHERE t.tenant_id = ").push_bind(tenant.0);
        if let Some(contact) = contact {
            query.push(" AND (t.kept_id = ").push_bind(contact);
            query.push(" OR t.merged_id = ").push_bind(contact).push(")");
        }
    };
    let read = |row: &PgRow| Ok(Merge::from(listing::by_name::<Row>(row)?));
    listing::read_page(tx, columns, from, window, read).await
}
