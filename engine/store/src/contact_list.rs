//! Lists of contacts, whichever kind: filter, search, order, page. Yields ids; each kind loads its own records.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow};
use switchroom_core::directory::ContactKind;
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    listing::{
        COUNT_CAP, Count, Key, Position, Slice, Window, escape_like, plan_for_values, push_order,
        push_position, slice, words,
    },
    phones::PhoneFilter,
};

/// What a list of contacts may be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactSort {
    CreatedAt,
    UpdatedAt,
    /// The name, letter case apart.
    Name,
}

/// Which contacts are wanted.
#[derive(Clone, Debug, Default)]
pub struct ContactFilter {
    /// Each word is found somewhere in name or e-mail.
    pub q: Option<String>,
    pub phone: Option<PhoneFilter>,
    pub email: Option<String>,
    pub is_active: Option<bool>,
    pub provenance: Option<String>,
    /// Contacts of this organization (organization contacts only).
    pub organization: Option<Uuid>,
}

struct Table {
    name: &'static str,
    /// The column that holds the name.
    title: &'static str,
    /// The column of `contact_phones`.
    owner: &'static str,
    /// The very expression the trigram index is made of.
    search: &'static str,
}

const fn table(kind: ContactKind) -> Table {
    match kind {
        ContactKind::OrganizationContact => Table {
            name: "organization_contacts",
            title: "lower(t.full_name)",
            owner: "organization_contact_id",
            search: "(lower(t.full_name) || ' ' || lower(coalesce(t.email, '')))",
        },
        ContactKind::Organization => Table {
            name: "organizations",
            title: "lower(t.name)",
            owner: "organization_id",
            search: "(lower(t.name) || ' ' || lower(coalesce(t.email, '')))",
        },
        ContactKind::Individual => Table {
            name: "individuals",
            title: "lower(t.full_name)",
            owner: "individual_id",
            search: "(lower(t.full_name) || ' ' || lower(coalesce(t.email, '')))",
        },
        ContactKind::EmailContact => Table {
            name: "email_contacts",
            title: "lower(t.name)",
            owner: "email_contact_id",
            search: "(lower(t.name) || ' ' || lower(t.email))",
        },
    }
}

/// One page of ids.
pub(crate) async fn page(
    tx: &mut TenantTx,
    kind: ContactKind,
    filter: &ContactFilter,
    window: &Window<ContactSort>,
) -> Result<Slice<Uuid>, StoreError> {
    if filter.q.is_some() || matches!(filter.phone, Some(PhoneFilter::Prefix(_))) {
        plan_for_values(tx).await?;
    }
    let table = table(kind);
    let expression = match window.sort {
        ContactSort::CreatedAt => "t.created_at",
        ContactSort::UpdatedAt => "t.updated_at",
        ContactSort::Name => table.title,
    };
    let mut query = QueryBuilder::new("SELECT t.id, ");
    query.push(expression).push(" AS key");
    conditions(&mut query, tx, &table, filter);
    push_position(&mut query, expression, window.descending, window.after.as_ref());
    push_order(&mut query, expression, window.descending, window.limit);
    let rows = query.build().fetch_all(&mut **tx).await?;
    let positions =
        rows.iter().map(|row| position(row, window.sort)).collect::<Result<Vec<_>, sqlx::Error>>()?;
    let mut page = slice(positions, window.limit);
    if window.count {
        let mut query = QueryBuilder::new("SELECT count(*) FROM (SELECT 1");
        conditions(&mut query, tx, &table, filter);
        query.push(" LIMIT ").push_bind(COUNT_CAP + 1).push(") counted");
        let found: i64 = query.build_query_scalar().fetch_one(&mut **tx).await?;
        page.count = Some(Count::of(found));
    }
    Ok(page)
}

fn position(row: &PgRow, sort: ContactSort) -> Result<Position, sqlx::Error> {
    let key = match sort {
        ContactSort::CreatedAt | ContactSort::UpdatedAt => Key::At(row.try_get::<DateTime<Utc>, _>("key")?),
        ContactSort::Name => Key::Text(row.try_get("key")?),
    };
    Ok(Position { key, id: row.try_get("id")? })
}

fn conditions(query: &mut QueryBuilder<Postgres>, tx: &TenantTx, table: &Table, filter: &ContactFilter) {
    query.push(" FROM ").push(table.name).push(" t WHERE t.deleted_at IS NULL AND t.tenant_id = ");
    query.push_bind(tx.tenant().0);
    for word in filter.q.iter().flat_map(|q| words(q)) {
        query.push(" AND ").push(table.search).push(" LIKE ").push_bind(word);
    }
    if let Some(email) = &filter.email {
        query.push(" AND lower(t.email) = ").push_bind(email.to_lowercase());
    }
    if let Some(is_active) = filter.is_active {
        query.push(" AND t.is_active = ").push_bind(is_active);
    }
    if let Some(provenance) = &filter.provenance {
        query.push(" AND t.provenance = ").push_bind(provenance.clone());
    }
    if let Some(organization) = filter.organization {
        query.push(" AND t.organization_id = ").push_bind(organization);
    }
    let Some(phone) = &filter.phone else { return };
    if *phone == PhoneFilter::Nobody {
        query.push(" AND false");
        return;
    }
    query
        .push(" AND t.id IN (SELECT p.")
        .push(table.owner)
        .push(" FROM contact_phones p WHERE p.tenant_id = ");
    query.push_bind(tx.tenant().0).push(" AND p.e164 ");
    match phone {
        PhoneFilter::Exact(e164) => query.push("= ").push_bind(e164.to_string()),
        PhoneFilter::Prefix(digits) => {
            let patterns: Vec<String> =
                digits.iter().map(|digits| format!("+{}%", escape_like(digits))).collect();
            query.push("LIKE ANY (").push_bind(patterns).push(")")
        }
        PhoneFilter::Nobody => query,
    };
    query.push(")");
}
