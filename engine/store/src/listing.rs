//! Pages of lists: keyset, never offset. A page starts behind the position (sort key, id) of the last row of the page
//! before it, so rows that come and go meanwhile shift nothing.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder, Row as _, postgres::PgRow};
use uuid::Uuid;

use crate::db::StoreError;

/// A count stops here; counting further would scan what nobody reads.
pub const COUNT_CAP: i64 = 10_000;

/// The value a list is sorted by, of one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    At(DateTime<Utc>),
    Text(String),
    Number(i64),
}

/// What kind of value a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    At,
    Text,
}

/// One way to sort a list. The table whose id tells rows apart is called `t` in the list's statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// As it is asked for.
    pub name: &'static str,
    pub kind: KeyKind,
    /// Of SQL; never null.
    expression: &'static str,
}

impl Order {
    pub(crate) const fn at(name: &'static str, expression: &'static str) -> Self {
        Self { name, kind: KeyKind::At, expression }
    }

    pub(crate) const fn text(name: &'static str, expression: &'static str) -> Self {
        Self { name, kind: KeyKind::Text, expression }
    }
}

/// Most lists are sorted by when their rows came to be.
pub const CREATED_AT: Order = Order::at("created_at", "t.created_at");

/// Where a page starts: behind this row.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    pub key: Key,
    pub id: Uuid,
}

/// Which part of a list is wanted, in what order.
#[derive(Clone, Debug)]
pub struct Window<S> {
    pub sort: S,
    pub descending: bool,
    pub after: Option<Position>,
    pub limit: u32,
    pub count: bool,
}

/// How many rows the filter selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub value: i64,
    /// False where there are more than [`COUNT_CAP`].
    pub exact: bool,
}

impl Count {
    /// From the number of rows a query limited to one above the cap has found.
    pub(crate) fn of(found: i64) -> Self {
        Self { value: found.min(COUNT_CAP), exact: found <= COUNT_CAP }
    }
}

/// One page.
#[derive(Clone, Debug)]
pub struct Slice<T> {
    pub items: Vec<T>,
    pub next: Option<Position>,
    pub count: Option<Count>,
}

impl<T> Slice<T> {
    /// The same page with its items replaced by what `items` holds for their ids.
    pub(crate) fn with<U>(self, items: Vec<U>) -> Slice<U> {
        Slice { items, next: self.next, count: self.count }
    }
}

/// Cuts the one row too many that was asked for, and notes where the next page starts.
pub(crate) fn slice(mut rows: Vec<Position>, limit: u32) -> Slice<Uuid> {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = if more { rows.last().cloned() } else { None };
    Slice { items: rows.into_iter().map(|row| row.id).collect(), next, count: None }
}

/// ` AND (expression, id) > (key, id)`, or `<` for a descending list. `expression` is ours, never input.
pub(crate) fn push_position(
    query: &mut QueryBuilder<Postgres>,
    expression: &str,
    descending: bool,
    after: Option<&Position>,
) {
    let Some(after) = after else { return };
    query.push(" AND (").push(expression).push(", t.id) ").push(if descending { "< (" } else { "> (" });
    match &after.key {
        Key::At(at) => query.push_bind(*at),
        Key::Text(text) => query.push_bind(text.clone()),
        Key::Number(number) => query.push_bind(*number),
    };
    query.push(", ").push_bind(after.id).push(")");
}

/// ` ORDER BY expression, id LIMIT limit + 1`.
pub(crate) fn push_order(query: &mut QueryBuilder<Postgres>, expression: &str, descending: bool, limit: u32) {
    let direction = if descending { " DESC" } else { "" };
    query.push(" ORDER BY ").push(expression).push(direction).push(", t.id").push(direction);
    // Written out, not bound: a plan for any number of rows would sort them all.
    query.push(format!(" LIMIT {}", u64::from(limit) + 1));
}

/// Statements of a search are planned for what is searched: a pattern says by which index it may be found, which a plan
/// for any pattern cannot know. Until the end of the transaction.
pub(crate) async fn plan_for_values(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::raw_sql("SET LOCAL plan_cache_mode = force_custom_plan").execute(connection).await?;
    Ok(())
}

/// A page of what `from` selects, beginning with ` FROM`; and how many there are, where that was asked for.
pub(crate) async fn read_page<T>(
    connection: &mut PgConnection,
    columns: &str,
    from: impl Fn(&mut QueryBuilder<Postgres>),
    window: &Window<Order>,
    read: impl Fn(&PgRow) -> Result<T, StoreError>,
) -> Result<Slice<T>, StoreError> {
    let by = window.sort;
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(columns).push(", ").push(by.expression).push(" AS sort_key, t.id AS sort_id");
    from(&mut query);
    push_position(&mut query, by.expression, window.descending, window.after.as_ref());
    push_order(&mut query, by.expression, window.descending, window.limit);
    let mut rows = query.build().fetch_all(&mut *connection).await?;
    let more = rows.len() > window.limit as usize;
    rows.truncate(window.limit as usize);
    let next = match rows.last().filter(|_| more) {
        Some(row) => {
            let key = match by.kind {
                KeyKind::At => Key::At(row.try_get("sort_key")?),
                KeyKind::Text => Key::Text(row.try_get("sort_key")?),
            };
            Some(Position { key, id: row.try_get("sort_id")? })
        }
        None => None,
    };
    let items = rows.iter().map(read).collect::<Result<_, _>>()?;
    let count = if window.count { Some(count(connection, from).await?) } else { None };
    Ok(Slice { items, next, count })
}

/// How many rows `from` selects.
pub(crate) async fn count(
    connection: &mut PgConnection,
    from: impl Fn(&mut QueryBuilder<Postgres>),
) -> Result<Count, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT count(*) FROM (SELECT 1");
    from(&mut query);
    query.push(format!(" LIMIT {}) found", COUNT_CAP + 1));
    Ok(Count::of(query.build_query_scalar().fetch_one(connection).await?))
}

/// A row by the names of its columns, for [`read_page`].
pub(crate) fn by_name<T: for<'r> FromRow<'r, PgRow>>(row: &PgRow) -> Result<T, StoreError> {
    Ok(T::from_row(row)?)
}

/// Input as a literal part of a LIKE pattern (W-03).
pub(crate) fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_of_input_are_letters() {
        assert_eq!(escape_like(r"50%_\x"), r"50\%\_\\x");
    }

    #[test]
    fn a_full_page_tells_where_the_next_begins() {
        let row = |n: u128| Position { key: Key::Number(1), id: Uuid::from_u128(n) };
        let page = slice(vec![row(1), row(2), row(3)], 2);
        assert_eq!(page.items, vec![Uuid::from_u128(1), Uuid::from_u128(2)]);
        assert_eq!(page.next, Some(row(2)));
        assert_eq!(slice(vec![row(1), row(2)], 2).next, None);
        assert_eq!(slice(Vec::new(), 2).next, None);
    }

    #[test]
    fn counts_are_capped() {
        assert_eq!(Count::of(10_000), Count { value: 10_000, exact: true });
        assert_eq!(Count::of(10_001), Count { value: 10_000, exact: false });
    }
}
