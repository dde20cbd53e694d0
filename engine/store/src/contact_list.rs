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
    /// Letter case and spacing apart; of kinds that are somewhere.
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2 in capitals; of kinds that are somewhere.
    pub country: Option<String>,
    /// To the letter; of organizations only.
    pub tax_id: Option<String>,
    /// Contacts of these organizations (organization contacts only); empty = of any.
    pub organizations: Vec<Uuid>,
}

impl ContactFilter {
    /// Whether an index has those that are wanted, be they few or many.
    const fn is_of_few(&self) -> bool {
        self.city.is_some() || self.country.is_some() || self.tax_id.is_some()
    }
}

struct Table {
    name: &'static str,
    /// The column by which other tables name one of it.
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

/// The column by which numbers, addresses, notes and tickets name a contact of a kind.
pub(crate) const fn owner_column(kind: ContactKind) -> &'static str {
    table(kind).owner
}

/// Rows that are looked through in the order of the list before the index of words is asked: a word of which a page is
/// among them is common, and of a common word the index would name too many.
const WINDOW: i64 = 10_000;
/// A word that so many of the window have is counted by looking through the list: the index would take longer to name
/// them than the list to come to the end of what is counted.
const COMMON: i64 = WINDOW / 10;
/// Contacts that an index may name; of more, the list is looked through.
const MOST_NAMED: i64 = 20_000;

/// Which rows a statement looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// Those of the tenant, by all of the conditions.
    All,
    /// Those that an index named by words and values of fields, which are judged by that.
    Worded,
    /// Those that an index named by the first digits of a number, which are judged by that.
    Numbered,
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
    if !by_words && !by_digits {
        if filter.is_of_few() && window.sort != ContactSort::CreatedAt {
            // The order that the indexes of these have is another: how many there are decides which to walk.
            tx.ensure_transaction().await?;
            plan_for_values(tx).await?;
        }
        let mut page = slice(all(tx, kind, filter, window).await?, window.limit);
        if window.count {
            page.count = Some(count_all(tx, kind, filter).await?);
        }
        return Ok(page);
    }
    tx.ensure_transaction().await?;
    plan_for_values(tx).await?;
    if by_digits {
        let named = named(tx, kind, filter, window, Rows::Numbered).await?;
        if named.all {
            return Ok(named.page(window));
        }
    }
    // Behind row security no index serves words (ADR 0019), so they are sought in two ways: in the first rows, where
    // common ones are found at once, and by the index, where rare ones are.
    let (first, found) = first(tx, kind, filter, window).await?;
    let full = first.len() > window.limit as usize;
    if full && (!window.count || found >= COMMON) {
        let mut page = slice(first, window.limit);
        if window.count {
            page.count = Some(count_all(tx, kind, filter).await?);
        }
        return Ok(page);
    }
    if by_words {
        let named = named(tx, kind, filter, window, Rows::Worded).await?;
        if named.all {
            return Ok(named.page(window));
        }
    }
    let mut page = slice(if full { first } else { all(tx, kind, filter, window).await? }, window.limit);
    if window.count {
        page.count = Some(count_all(tx, kind, filter).await?);
    }
    Ok(page)
}

const fn expression(sort: ContactSort) -> &'static str {
    match sort {
        ContactSort::CreatedAt => "t.created_at",
        ContactSort::UpdatedAt => "t.updated_at",
        ContactSort::Name => "t.sort_name",
    }
}

fn read(rows: &[PgRow], sort: ContactSort) -> Result<Vec<Position>, StoreError> {
    Ok(rows.iter().map(|row| position(row, sort)).collect::<Result<_, sqlx::Error>>()?)
}

/// The page by looking through the list.
async fn all(
    tx: &mut TenantTx,
    kind: ContactKind,
    filter: &ContactFilter,
    window: &Window<ContactSort>,
) -> Result<Vec<Position>, StoreError> {
    let key = expression(window.sort);
    let mut query = QueryBuilder::new("SELECT t.id, ");
    query.push(key).push(" AS key FROM ").push(table(kind).name).push(" t");
    conditions(&mut query, tx, kind, filter, Rows::All);
    push_position(&mut query, key, window.descending, window.after.as_ref());
    push_order(&mut query, key, window.descending, window.limit);
    read(&query.build().fetch_all(&mut **tx).await?, window.sort)
}

async fn count_all(
    tx: &mut TenantTx,
    kind: ContactKind,
    filter: &ContactFilter,
) -> Result<Count, StoreError> {
    let mut query = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM ");
    query.push(table(kind).name).push(" t");
    conditions(&mut query, tx, kind, filter, Rows::All);
    query.push(" LIMIT ").push_bind(COUNT_CAP + 1).push(") counted");
    Ok(Count::of(query.build_query_scalar().fetch_one(&mut **tx).await?))
}

/// The page as far as it is among the first rows of the list, and how many of those are meant, where they are counted.
async fn first(
    tx: &mut TenantTx,
    kind: ContactKind,
    filter: &ContactFilter,
    window: &Window<ContactSort>,
) -> Result<(Vec<Position>, i64), StoreError> {
    let key = expression(window.sort);
    let mut query = QueryBuilder::new("SELECT t.id, ");
    // Counting them keeps the statement from ending with the page.
    let found = if window.count { "count(*) OVER ()" } else { "0::bigint" };
    query.push(key).push(format!(" AS key, {found} AS found FROM (SELECT * FROM ")).push(table(kind).name);
    query.push(" t WHERE t.deleted_at IS NULL AND t.tenant_id = ").push_bind(tx.tenant().0);
    push_position(&mut query, key, window.descending, window.after.as_ref());
    let direction = if window.descending { " DESC" } else { "" };
    query.push(" ORDER BY ").push(key).push(direction).push(", t.id").push(direction);
    query.push(" LIMIT ").push_bind(WINDOW).push(") t");
    conditions(&mut query, tx, kind, filter, Rows::All);
    push_order(&mut query, key, window.descending, window.limit);
    let rows = query.build().fetch_all(&mut **tx).await?;
    let found = rows.first().map(|row| row.try_get("found")).transpose()?.unwrap_or(0);
    Ok((read(&rows, window.sort)?, found))
}

/// What an index named.
struct Named {
    /// False where there are more than [`MOST_NAMED`]; nothing else is told then.
    all: bool,
    positions: Vec<Position>,
    count: i64,
}

impl Named {
    fn page(self, window: &Window<ContactSort>) -> Slice<Uuid> {
        let mut page = slice(self.positions, window.limit);
        page.count = window.count.then(|| Count::of(self.count));
        page
    }
}

/// The page and the count by the index of words or of first digits.
///
/// The rows are gathered before they are put in order: asked for the first fifty of a few thousand, the planner would
/// walk the list until it has met them, and of a million contacts they may be the last.
async fn named(
    tx: &mut TenantTx,
    kind: ContactKind,
    filter: &ContactFilter,
    window: &Window<ContactSort>,
    rows: Rows,
) -> Result<Named, StoreError> {
    let table = table(kind);
    let mut query = QueryBuilder::new("WITH named AS MATERIALIZED (SELECT ");
    match (&filter.phone, rows) {
        (Some(PhoneFilter::Prefix(digits)), Rows::Numbered) => {
            query.push("p.").push(table.owner).push(" AS id FROM contact_phones p WHERE p.tenant_id = ");
            query.push_bind(tx.tenant().0).push(" AND p.").push(table.owner).push(" IS NOT NULL");
            push_prefixes(&mut query, digits);
            query.push(" LIMIT ").push_bind(MOST_NAMED + 1);
        }
        _ => {
            let patterns: Vec<String> = filter.q.iter().flat_map(|q| words(q)).collect();
            query.push("f.id FROM find_contacts(").push_bind(table.name);
            query.push(", ARRAY(SELECT lower(pattern) FROM unnest(").push_bind(patterns);
            query.push("::text[]) AS pattern), ").push_bind(Json(filter.custom.clone()));
            query.push(format!(", {}) AS f(id)", MOST_NAMED + 1));
        }
    }
    let key = expression(window.sort);
    query.push("), lot AS MATERIALIZED (SELECT t.id, ").push(key).push(" AS key FROM ").push(table.name);
    query.push(" t");
    conditions(&mut query, tx, kind, filter, rows);
    query.push(" AND t.id = ANY(ARRAY(SELECT named.id FROM named)) AND (SELECT count(*) FROM named) <= ");
    query.push_bind(MOST_NAMED).push("), counts AS (SELECT (SELECT count(*) FROM named) AS named,");
    query.push(" (SELECT count(*) FROM lot) AS count) SELECT c.named, c.count, t.id, t.key FROM counts c LEFT JOIN (");
    query.push("SELECT t.id, t.key FROM lot t WHERE true");
    push_position(&mut query, "t.key", window.descending, window.after.as_ref());
    push_order(&mut query, "t.key", window.descending, window.limit);
    let direction = if window.descending { " DESC" } else { "" };
    query.push(") t ON true ORDER BY t.key").push(direction).push(", t.id").push(direction);
    let found = query.build().fetch_all(&mut **tx).await?;
    // The counts stand on a row of their own where the page is empty.
    let counts = found.first().ok_or(sqlx::Error::RowNotFound)?;
    let (all, count) = (counts.try_get::<i64, _>("named")? <= MOST_NAMED, counts.try_get("count")?);
    let empty = counts.try_get::<Option<Uuid>, _>("id")?.is_none();
    let positions = if empty { Vec::new() } else { read(&found, window.sort)? };
    Ok(Named { all, positions, count })
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
    rows: Rows,
) {
    let table = table(kind);
    query.push(" WHERE t.deleted_at IS NULL AND t.tenant_id = ").push_bind(tx.tenant().0);
    if rows != Rows::Worded {
        for word in filter.q.iter().flat_map(|q| words(q)) {
            query.push(" AND t.search LIKE lower(").push_bind(word).push(")");
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
    if let Some(city) = &filter.city {
        query.push(" AND t.folded_city = lower(regexp_replace(btrim(").push_bind(city.clone());
        query.push("::text), '\\s+', ' ', 'g'))");
    }
    if let Some(country) = &filter.country {
        query.push(" AND t.country = ").push_bind(country.clone());
    }
    if let Some(tax_id) = &filter.tax_id {
        query.push(" AND t.tax_id = ").push_bind(tax_id.clone());
    }
    if !filter.organizations.is_empty() {
        query.push(" AND t.organization_id = ANY(").push_bind(filter.organizations.clone()).push(")");
    }
    let Some(phone) = &filter.phone else { return };
    if rows == Rows::Numbered {
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
///
/// Letter case is the database's to fold, here as in what is stored: its rules and Rust's differ.
fn words(q: &str) -> impl Iterator<Item = String> + '_ {
    q.split_whitespace().take(8).map(|word| {
        let start = if word.chars().count() < 3 { " " } else { "" };
        format!("%{start}{}%", escape_like(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_of_input_are_letters() {
        assert_eq!(words(" Léa  % x").collect::<Vec<_>>(), vec!["%Léa%", r"% \%%", "% x%"]);
    }
}
