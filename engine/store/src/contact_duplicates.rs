//! Records that may be of one person or company: the same number, the same address, a name written alike.

use sqlx::AssertSqlSafe;
use switchroom_core::directory::{ContactKind, ContactRef};
use uuid::Uuid;

use crate::{StoreError, TenantTx, contact_list::table_name};

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
    pub reasons: Vec<Reason>,
    /// Of the names, 0 to 1.
    pub likeness: f32,
}

/// Records that have one thing in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The number, the address or the name.
    pub value: String,
    pub ids: Vec<Uuid>,
}

const fn owner(kind: ContactKind) -> &'static str {
    match kind {
        ContactKind::OrganizationContact => "organization_contact_id",
        ContactKind::Organization => "organization_id",
        ContactKind::Individual => "individual_id",
        ContactKind::EmailContact => "email_contact_id",
    }
}

/// Id, name, address, what is in common, likeness of the names.
type Alike = (Uuid, String, Option<String>, Vec<String>, f32);

/// The records of the same kind that may be the same as this one; at most 50, those with most in common first.
pub async fn of(tx: &mut TenantTx, contact: ContactRef) -> Result<Vec<Candidate>, StoreError> {
    let (table, owner) = (table_name(contact.kind), owner(contact.kind));
    let title = match contact.kind {
        ContactKind::Individual | ContactKind::OrganizationContact => "full_name",
        ContactKind::Organization | ContactKind::EmailContact => "name",
    };
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
         SELECT t.id, t.{title}, t.email, array_agg(a.reason ORDER BY a.reason), max(a.likeness)
           FROM alike a JOIN {table} t ON t.id = a.id AND t.deleted_at IS NULL
          GROUP BY t.id ORDER BY count(*) DESC, max(a.likeness) DESC, t.id LIMIT 50"
    );
    let rows: Vec<Alike> = sqlx::query_as(AssertSqlSafe(sql)).bind(contact.id).fetch_all(&mut **tx).await?;
    Ok(rows
        .into_iter()
        .map(|(id, name, email, reasons, likeness)| Candidate {
            id,
            name,
            email,
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
    let (table, owner) = (table_name(kind), owner(kind));
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
