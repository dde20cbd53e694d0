//! Records that may be of one person or company: the same number, the same address, a name written alike.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use switchroom_core::directory::{ContactKind, ContactRef};
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    contact_list::{owner_column, table_name},
};

/// What two records have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Number,
    Email,
    Name,
}

impl Reason {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Email => "email",
            Self::Name => "name",
        }
    }
}

/// Another record that may be the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub id: Uuid,
    pub name: String,
    pub email: Option<String>,
    /// Of an organization's contact: whose.
    pub organization: Option<(Uuid, String)>,
    pub reasons: Vec<Reason>,
    /// Of the names, 0 to 1.
    pub likeness: f32,
}

/// A record as it is told from others like it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Alike {
    pub id: Uuid,
    pub name: String,
    pub email: Option<String>,
    /// The primary one first.
    pub numbers: Vec<String>,
    /// Of an organization's contact: whose.
    pub organization_id: Option<Uuid>,
    pub organization_name: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// Records that have one thing in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The number, the address or the name.
    pub value: String,
    pub ids: Vec<Uuid>,
}

const fn title_column(kind: ContactKind) -> &'static str {
    match kind {
        ContactKind::Individual | ContactKind::OrganizationContact => "full_name",
        ContactKind::Organization | ContactKind::EmailContact => "name",
    }
}

/// The columns that tell whose an organization's contact is, and where they come from.
const fn organization_of(kind: ContactKind) -> (&'static str, &'static str) {
    match kind {
        ContactKind::OrganizationContact => (
            "o.id AS organization_id, o.name AS organization_name",
            " JOIN organizations o ON o.id = t.organization_id",
        ),
        ContactKind::Individual | ContactKind::Organization | ContactKind::EmailContact => {
            ("NULL::uuid AS organization_id, NULL::text AS organization_name", "")
        }
    }
}

/// So many [`of`] gives at most.
pub const MOST: usize = 50;

/// The records of the same kind that may be the same as this one; at most 50, those with most in common first.
pub async fn of(tx: &mut TenantTx, contact: ContactRef) -> Result<Vec<Candidate>, StoreError> {
    let (table, owner) = (table_name(contact.kind), owner_column(contact.kind));
    let title = title_column(contact.kind);
    let (organization, join) = organization_of(contact.kind);
    let sql = format!(
        "WITH self AS (SELECT sort_name FROM {table} WHERE id = $1),
              alike AS (
           SELECT o.{owner} AS id, 'number' AS reason, 0::real AS likeness
             FROM contact_phones p JOIN contact_phones o ON o.tenant_id = p.tenant_id AND o.e164 = p.e164
            WHERE p.{owner} = $1 AND o.{owner} <> $1
           UNION
           SELECT o.{owner}, 'email', 0
             FROM contact_emails e JOIN contact_emails o ON o.tenant_id = e.tenant_id AND o.folded = e.folded
            WHERE e.{owner} = $1 AND o.{owner} <> $1
           UNION
           SELECT s.id, 'name', s.likeness FROM self, similar_contacts('{table}', self.sort_name, 50) s WHERE s.id <> $1)
         SELECT t.id, t.{title}, t.email, {organization}, array_agg(a.reason ORDER BY a.reason), max(a.likeness)
           FROM alike a JOIN {table} t ON t.id = a.id AND t.deleted_at IS NULL{join}
          GROUP BY t.id, 4, 5 ORDER BY count(*) DESC, max(a.likeness) DESC, t.id LIMIT 50"
    );
    /// Id, title, e-mail, whose it is, what it shares, how alike the names are.
    type Row = (Uuid, String, Option<String>, Option<Uuid>, Option<String>, Vec<String>, f32);
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql)).bind(contact.id).fetch_all(&mut **tx).await?;
    Ok(rows
        .into_iter()
        .map(|(id, name, email, organization, whose, reasons, likeness)| Candidate {
            id,
            name,
            email,
            organization: organization.zip(whose),
            reasons: reasons
                .iter()
                .filter_map(|word| {
                    [Reason::Number, Reason::Email, Reason::Name]
                        .into_iter()
                        .find(|reason| reason.name() == word)
                })
                .collect(),
            likeness,
        })
        .collect())
}

/// Records of the tenant that share a number, an address or a name, in the order of what they share, behind `after`.
pub async fn groups(
    tx: &mut TenantTx,
    kind: ContactKind,
    reason: Reason,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Group>, StoreError> {
    let (table, owner) = (table_name(kind), owner_column(kind));
    let sql = match reason {
        Reason::Name => format!(
            "SELECT t.sort_name, (array_agg(t.id ORDER BY t.id))[1:50] FROM {table} t
              WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND ($2::text IS NULL OR t.sort_name > $2)
              GROUP BY t.sort_name HAVING count(*) > 1 ORDER BY t.sort_name LIMIT $3"
        ),
        Reason::Number | Reason::Email => {
            let (shared, value) = if reason == Reason::Number {
                ("contact_phones", "e164")
            } else {
                ("contact_emails", "folded")
            };
            // What is shared comes first, by a hash; only of that are the records looked at.
            format!(
                "WITH shared AS MATERIALIZED (
                   SELECT s.{value} AS value FROM {shared} s
                    WHERE s.tenant_id = $1 AND s.{owner} IS NOT NULL AND ($2::text IS NULL OR s.{value} > $2)
                    GROUP BY s.{value} HAVING count(*) > 1)
                 SELECT w.value, (array_agg(t.id ORDER BY t.id))[1:50]
                   FROM shared w JOIN {shared} s ON s.tenant_id = $1 AND s.{value} = w.value
                   JOIN {table} t ON t.id = s.{owner} AND t.deleted_at IS NULL
                  GROUP BY w.value HAVING count(*) > 1 ORDER BY w.value LIMIT $3"
            )
        }
    };
    let rows: Vec<(String, Vec<Uuid>)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(tx.tenant().0)
        .bind(after)
        .bind(limit)
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows.into_iter().map(|(value, ids)| Group { value, ids }).collect())
}

/// The records of these ids that live.
pub async fn alike(
    tx: &mut TenantTx,
    kind: ContactKind,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Alike>, StoreError> {
    let (table, owner, title) = (table_name(kind), owner_column(kind), title_column(kind));
    let (organization, join) = organization_of(kind);
    let sql = format!(
        "SELECT t.id, t.{title} AS name, t.email, t.created_at, {organization},
                ARRAY(SELECT p.e164 FROM contact_phones p WHERE p.{owner} = t.id
                       ORDER BY p.is_primary DESC, p.position, p.e164) AS numbers
           FROM {table} t{join} WHERE t.id = ANY($1) AND t.deleted_at IS NULL"
    );
    let rows: Vec<Alike> = sqlx::query_as(AssertSqlSafe(sql)).bind(ids).fetch_all(&mut **tx).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}
