//! Lists of contacts, whichever kind: filter, search, order, page. Yields ids; each kind loads its own records.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow, types::Json};
use switchroom_core::directory::{ContactKind, standing::Standing};
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    listing::{
        COUNT_CAP, Count, Key, Position, Slice, Window, escape_like, plan_for_values, push_order,
        push_position, slice,
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
    pub standing: Option<Standing>,
    /// Values of the tenant's own fields, all of which it has.
    pub custom: Map<String, Value>,
    pub provenance: Option<String>,
    /// Contacts of these organizations (organization contacts only); empty = of any.
    pub organizations: Vec<Uuid>,
}

struct Table {
    name: &'static str,
    /// The column of numbers and addresses that names it.
    owner: &'static str,
}

const fn table(kind: ContactKind) -> Table {
    match kind {
        ContactKind::OrganizationContact => {
            Table { name: "organization_contacts", owner: "organization_contact_id" }
        }
        ContactKind::Organization => Table { name: "organizations", owner: "organization_id" },
        ContactKind::Individual => Table { name: "individuals", owner: "individual_id" },
        ContactKind::EmailContact => Table { name: "email_contacts", owner: "email_contact_id" },
    }
}

/// The table of a kind.
pub(crate) const fn table_name(kind: ContactKind) -> &'static str {
    table(kind).name
}

/// Rows that are looked through in the order of the list before the index of words is asked: a word of which a page is
/// among them is common, and of a common word the index would name too many.
const WINDOW: i64 = 10_000;
/// Contacts that the index of words may name; of more, the list is looked through.
const MOST_NAMED: i32 = 20_000;
/// Of so many it is quicker to look through the first rows than to look each of them up.
const MANY: usize = 4_000;

/// Which rows a statement looks at.
#[derive(Clone, Copy)]
enum Rows<'a> {
    /// Those of the tenant, by all of the conditions.
    All,
    /// The first of the list behind where the page begins, by all of the conditions.
    First,
    /// Those that the index of words named; words and values of fields are judged already.
    Worded(&'a [Uuid]),
    /// Those that have a number with these first digits; that is judged already.
    Numbered(&'a [Uuid]),
}

/// One page of ids.
pub(crate) async fn page(
    tx: &mut TenantTx,
    kind: ContactKind,
    filter: &ContactFilter,
    window: &Window<ContactSort>,
) -> Result<Slice<Uuid>, StoreError> {
    let by_words = filter.q.is_some() || !filter.custom.is_empty();
    let by_digits = matches!(filter.phone, Some(PhoneFilter::Prefix(_)));
    if by_words || by_digits {
        tx.ensure_transaction().await?;
        plan_for_values(tx).await?;
    }
    // First digits are sought in their own index: joined to the list, the planner would walk the list.
    if let Some(PhoneFilter::Prefix(digits)) = &filter.phone
        && let Some(ids) = numbered(tx, kind, digits).await?
    {
        if ids.len() > MANY && !window.count {
            let first = positions(tx, kind, filter, window, Rows::First).await?;
            if first.len() > window.limit as usize {
                return Ok(slice(first, window.limit));
            }
        }
        let rows = Rows::Numbered(&ids);
        let positions = positions(tx, kind, filter, window, rows).await?;
        return counted(tx, kind, filter, window, positions, rows).await;
    }
    if !by_words && !by_digits {
        let positions = positions(tx, kind, filter, window, Rows::All).await?;
        return counted(tx, kind, filter, window, positions, Rows::All).await;
    }
    // Behind row security no index serves words (ADR 0019), so they are sought in two ways: in the first rows, where
    // common ones are found at once, and by the index, where rare ones are.
    let first = positions(tx, kind, filter, window, Rows::First).await?;
    let full = first.len() > window.limit as usize;
    if full && !window.count {
        return Ok(slice(first, window.limit));
    }
    let worded = if by_words { worded(tx, kind, filter).await? } else { None };
    let rows = worded.as_deref().map_or(Rows::All, Rows::Worded);
    let positions = if full { first } else { positions(tx, kind, filter, window, rows).await? };
    counted(tx, kind, filter, window, positions, rows).await
}

async fn positions(
    tx: &mut TenantTx,
    kind: ContactKind,
    filter: &ContactFilter,
    window: &Window<ContactSort>,
    rows: Rows<'_>,
) -> Result<Vec<Position>, StoreError> {
    let expression = match window.sort {
        ContactSort::CreatedAt => "t.created_at",
        ContactSort::UpdatedAt => "t.updated_at",
        ContactSort::Name => "t.sort_name",
    };
    let mut query = QueryBuilder::new("SELECT t.id, ");
    query.push(expression).push(" AS key FROM ");
    if matches!(rows, Rows::First) {
        query
            .push("(SELECT * FROM ")
            .push(table(kind).name)
            .push(" t WHERE t.deleted_at IS NULL AND t.tenant_id = ");
        query.push_bind(tx.tenant().0);
        push_position(&mut query, expression, window.descending, window.after.as_ref());
        let direction = if window.descending { " DESC" } else { "" };
        query.push(" ORDER BY ").push(expression).push(direction).push(", t.id").push(direction);
        query.push(" LIMIT ").push_bind(WINDOW).push(") t");
    } else {
        query.push(table(kind).name).push(" t");
    }
    conditions(&mut query, tx, kind, filter, rows);
    push_position(&mut query, expression, window.descending, window.after.as_ref());
    push_order(&mut query, expression, window.descending, window.limit);
    let found = query.build().fetch_all(&mut **tx).await?;
    Ok(found.iter().map(|row| position(row, window.sort)).collect::<Result<Vec<_>, sqlx::Error>>()?)
}

/// The page, with the number of rows where it is asked for.
async fn counted(
    tx: &mut TenantTx,
    kind: ContactKind,
    filter: &ContactFilter,
    window: &Window<ContactSort>,
    positions: Vec<Position>,
    rows: Rows<'_>,
) -> Result<Slice<Uuid>, StoreError> {
    let mut page = slice(positions, window.limit);
    if window.count {
        let mut query = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM ");
        query.push(table(kind).name).push(" t");
        conditions(&mut query, tx, kind, filter, rows);
        query.push(" LIMIT ").push_bind(COUNT_CAP + 1).push(") counted");
        let found: i64 = query.build_query_scalar().fetch_one(&mut **tx).await?;
        page.count = Some(Count::of(found));
    }
    Ok(page)
}

/// The contacts that the indexes of words and values name; `None` where they are too many to be named.
async fn worded(
    tx: &mut TenantTx,
    kind: ContactKind,
    filter: &ContactFilter,
) -> Result<Option<Vec<Uuid>>, StoreError> {
    let patterns: Vec<String> = filter.q.iter().flat_map(|q| words(q)).collect();
    let ids = sqlx::query_scalar!(
        r#"SELECT find_contacts($1, $2, $3, $4) AS "id!""#,
        table(kind).name,
        &patterns,
        Json(&filter.custom) as _,
        MOST_NAMED + 1,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok((ids.len() <= MOST_NAMED as usize).then_some(ids))
}

/// The contacts that have a number with these first digits; `None` where they are too many to be named.
async fn numbered(
    tx: &mut TenantTx,
    kind: ContactKind,
    digits: &[String],
) -> Result<Option<Vec<Uuid>>, StoreError> {
    let owner = table(kind).owner;
    let mut query = QueryBuilder::new("SELECT p.");
    query.push(owner).push(" FROM contact_phones p WHERE p.tenant_id = ").push_bind(tx.tenant().0);
    query.push(" AND p.").push(owner).push(" IS NOT NULL");
    push_prefixes(&mut query, digits);
    query.push(" LIMIT ").push_bind(i64::from(MOST_NAMED) + 1);
    let ids: Vec<Uuid> = query.build_query_scalar().fetch_all(&mut **tx).await?;
    Ok((ids.len() <= MOST_NAMED as usize).then_some(ids))
}

fn position(row: &PgRow, sort: ContactSort) -> Result<Position, sqlx::Error> {
    let key = match sort {
        ContactSort::CreatedAt | ContactSort::UpdatedAt => Key::At(row.try_get::<DateTime<Utc>, _>("key")?),
        ContactSort::Name => Key::Text(row.try_get("key")?),
    };
    Ok(Position { key, id: row.try_get("id")? })
}

fn conditions(
    query: &mut QueryBuilder<Postgres>,
    tx: &TenantTx,
    kind: ContactKind,
    filter: &ContactFilter,
    rows: Rows<'_>,
) {
    let table = table(kind);
    query.push(" WHERE t.deleted_at IS NULL AND t.tenant_id = ").push_bind(tx.tenant().0);
    if let Rows::Worded(ids) | Rows::Numbered(ids) = rows {
        query.push(" AND t.id = ANY(").push_bind(ids.to_vec()).push(")");
    }
    if !matches!(rows, Rows::Worded(_)) {
        for word in filter.q.iter().flat_map(|q| words(q)) {
            query.push(" AND t.search LIKE ").push_bind(word);
        }
        if !filter.custom.is_empty() {
            query.push(" AND t.custom @> ").push_bind(Json(filter.custom.clone()));
        }
    }
    if let Some(email) = &filter.email {
        query.push(" AND t.id IN (SELECT e.").push(table.owner);
        query.push(" FROM contact_emails e WHERE e.tenant_id = ").push_bind(tx.tenant().0);
        query.push(" AND e.folded = lower(").push_bind(email.clone()).push("))");
    }
    if let Some(is_active) = filter.is_active {
        query.push(" AND t.is_active = ").push_bind(is_active);
    }
    if let Some(standing) = filter.standing {
        query.push(" AND t.status = ").push_bind(standing.name());
    }
    if let Some(provenance) = &filter.provenance {
        query.push(" AND t.provenance = ").push_bind(provenance.clone());
    }
    if !filter.organizations.is_empty() {
        query.push(" AND t.organization_id = ANY(").push_bind(filter.organizations.clone()).push(")");
    }
    let Some(phone) = &filter.phone else { return };
    if matches!(rows, Rows::Numbered(_)) {
        return;
    }
    if *phone == PhoneFilter::Nobody {
        query.push(" AND false");
        return;
    }
    query
        .push(" AND t.id IN (SELECT p.")
        .push(table.owner)
        .push(" FROM contact_phones p WHERE p.tenant_id = ");
    query.push_bind(tx.tenant().0);
    match phone {
        PhoneFilter::Exact(e164) => {
            query.push(" AND p.e164 = ").push_bind(e164.to_string());
        }
        PhoneFilter::Prefix(digits) => push_prefixes(query, digits),
        PhoneFilter::Nobody => {}
    }
    query.push(")");
}

/// Numbers that begin with one of these digits, as ranges: LIKE is not leakproof, so that behind row security no index
/// would serve it (migration 0052).
pub(crate) fn push_prefixes(query: &mut QueryBuilder<Postgres>, digits: &[String]) {
    query.push(" AND (false");
    for digits in digits {
        // Behind the digits nothing but digits comes, and ':' comes behind '9'.
        query.push(" OR (p.e164 ~>=~ ").push_bind(format!("+{digits}"));
        query.push(" AND p.e164 ~<~ ").push_bind(format!("+{digits}:")).push(")");
    }
    query.push(")");
}

/// The words of a search, each to be found somewhere in name or address; one of fewer than three letters at the
/// beginning of a word, because the index knows no shorter pieces. More than eight words are a text, not a search.
fn words(q: &str) -> impl Iterator<Item = String> + '_ {
    q.split_whitespace().take(8).map(|word| {
        let start = if word.chars().count() < 3 { " " } else { "" };
        format!("%{start}{}%", escape_like(&word.to_lowercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_of_input_are_letters() {
        assert_eq!(words(" Léa  % x").collect::<Vec<_>>(), vec!["%léa%", r"% \%%", "% x%"]);
    }
}
