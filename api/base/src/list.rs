//! Lists: `?limit=&cursor=&sort=&q=&count=`, keyset pages, and the opaque cursor between them.
//!
//! A parameter that cannot be read is 400 with `errors[{pointer:"?name"}]`; `limit` above the maximum means the
//! maximum; parameters a list does not know are ignored.

use axum::{extract::FromRequestParts, http::request::Parts};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use switchroom_store::listing::{self, Key, KeyKind, Order, Position, Slice, Window};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::problem::Problem;

pub const DEFAULT_LIMIT: u32 = 50;
pub const MAX_LIMIT: u32 = 200;
/// Counting stops here; beyond it `exact` is false.
pub const COUNT_CAP: i64 = 10_000;

/// The parameters every list takes.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// How many items at most; more than 200 means 200.
    #[param(default = 50, minimum = 1, required = false)]
    pub limit: u32,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Field to sort by, `-` before it for descending.
    pub sort: Option<String>,
    /// Free text.
    pub q: Option<String>,
    /// Count the items as well.
    #[param(default = false, required = false)]
    pub count: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for ListQuery {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl ListQuery {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut list = Self { limit: DEFAULT_LIMIT, cursor: None, sort: None, q: None, count: false };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            refuse_nul(&name, &value)?;
            match &*name {
                "limit" => {
                    list.limit = match value.parse::<u64>() {
                        Ok(0) | Err(_) => {
                            return Err(Problem::bad_parameter("limit", "must be a number from 1 to 200"));
                        }
                        Ok(limit) => u32::try_from(limit).unwrap_or(MAX_LIMIT).min(MAX_LIMIT),
                    }
                }
                "count" => {
                    list.count = match &*value {
                        "true" | "1" => true,
                        "false" | "0" | "" => false,
                        _ => return Err(Problem::bad_parameter("count", "must be true or false")),
                    }
                }
                "cursor" => list.cursor = Some(value.into_owned()).filter(|text| !text.is_empty()),
                "sort" => list.sort = Some(value.into_owned()).filter(|text| !text.is_empty()),
                "q" => {
                    if value.chars().count() > 200 {
                        return Err(Problem::bad_parameter("q", "must have at most 200 characters"));
                    }
                    list.q = Some(value.trim().to_owned()).filter(|text| !text.is_empty());
                }
                _ => {}
            }
        }
        Ok(list)
    }

    /// The field and whether it is descending, out of those the list can sort by; the first is the default, with
    /// its `-` if it has one.
    pub fn sort_by<'a>(&self, allowed: &[&'a str]) -> Result<(&'a str, bool), Problem> {
        let default = allowed.first().copied().unwrap_or_default();
        let Some(asked) = &self.sort else {
            return Ok(split_direction(default));
        };
        let (name, descending) = split_direction(asked);
        allowed
            .iter()
            .map(|field| split_direction(field).0)
            .find(|field| *field == name)
            .map(|field| (field, descending))
            .ok_or_else(|| {
                let names: Vec<_> = allowed.iter().map(|field| split_direction(field).0).collect();
                Problem::bad_parameter("sort", format!("must be one of {}", names.join(", ")))
            })
    }

    /// The page that is asked for, in one of these orders; the first is the default, in that direction.
    pub fn window(&self, orders: &[Order], descending: bool) -> Result<Window<Order>, Problem> {
        let names: Vec<&str> = orders.iter().map(|order| order.name).collect();
        let (name, asked) = self.sort_by(&names)?;
        let sort = orders.iter().find(|order| order.name == name).copied().ok_or_else(Problem::internal)?;
        let descending = if self.sort.is_some() { asked } else { descending };
        let place = place(sort.name, descending);
        let after = match sort.kind {
            KeyKind::At => self.after(&place)?.map(|(at, id)| Position { key: Key::At(at), id }),
            KeyKind::Text => self.after(&place)?.map(|(text, id)| Position { key: Key::Text(text), id }),
        };
        Ok(Window { sort, descending, after, limit: self.limit, count: self.count })
    }

    /// Where the page before ended: the sort key and id of its last item. 400 for what we did not give out.
    pub fn after<K: DeserializeOwned>(&self, sort: &str) -> Result<Option<(K, Uuid)>, Problem> {
        self.cursor.as_deref().map(|text| decode_cursor(text, sort)).transpose()
    }

    /// One more than the page holds, to learn whether another follows.
    pub fn fetch(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Cuts the surplus item off and makes the cursor of the next page.
    pub fn page<T, K: Serialize>(
        &self,
        mut items: Vec<T>,
        sort: &str,
        key: impl Fn(&T) -> (K, Uuid),
    ) -> Page<T> {
        let more = items.len() > self.limit as usize;
        items.truncate(self.limit as usize);
        let next_cursor = items.last().filter(|_| more).map(|item| {
            let (key, id) = key(item);
            encode_cursor(sort, &key, id)
        });
        Page { items, next_cursor, count: None }
    }
}

/// The order as a cursor remembers it, direction included.
pub fn place(field: &str, descending: bool) -> String {
    if descending { format!("-{field}") } else { field.to_owned() }
}

/// The cursor of a place in a list.
pub fn cursor_at(position: &Position, place: &str) -> String {
    match &position.key {
        Key::At(at) => encode_cursor(place, at, position.id),
        Key::Text(text) => encode_cursor(place, text, position.id),
        Key::Number(number) => encode_cursor(place, number, position.id),
    }
}

fn split_direction(field: &str) -> (&str, bool) {
    field.strip_prefix('-').map_or((field, false), |name| (name, true))
}

#[derive(Serialize, Deserialize)]
struct CursorText<K>(String, K, Uuid);

/// `sort` is part of the cursor, so that a cursor of one order is not taken for a place in another.
pub fn encode_cursor<K: Serialize>(sort: &str, key: &K, id: Uuid) -> String {
    let text = serde_json::to_vec(&CursorText(sort.to_owned(), key, id)).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(text)
}

pub fn decode_cursor<K: DeserializeOwned>(text: &str, sort: &str) -> Result<(K, Uuid), Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Problem::bad_cursor())?;
    // A NUL that was slipped into a cursor must not reach the database either.
    if bytes.windows(6).any(|window| window == b"\\u0000") {
        return Err(Problem::bad_cursor());
    }
    let CursorText(of, key, id) = serde_json::from_slice(&bytes).map_err(|_| Problem::bad_cursor())?;
    if of == sort { Ok((key, id)) } else { Err(Problem::bad_cursor()) }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Send it as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// Only with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
}

impl<T> Page<T> {
    /// What the store found for the window.
    pub fn of(window: &Window<Order>, slice: Slice<T>) -> Self {
        let place = place(window.sort.name, window.descending);
        let next_cursor = slice.next.as_ref().map(|position| cursor_at(position, &place));
        Self { items: slice.items, next_cursor, count: slice.count.map(Count::from) }
    }

    pub fn map<U>(self, into: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(into).collect(),
            next_cursor: self.next_cursor,
            count: self.count,
        }
    }

    pub fn try_map<U, E>(self, into: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let items = self.items.into_iter().map(into).collect::<Result<_, E>>()?;
        Ok(Page { items, next_cursor: self.next_cursor, count: self.count })
    }
}

/// The parameter of lists that are whole on one page.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WholeList {
    /// Count the items as well.
    #[param(default = false, required = false)]
    pub count: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for WholeList {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        ListQuery::parse(parts.uri.query().unwrap_or_default()).map(|list| Self { count: list.count })
    }
}

impl WholeList {
    /// All of it.
    pub fn page<T>(self, items: Vec<T>) -> Page<T> {
        self.at_most(items, usize::MAX)
    }

    /// What there is of it, at most so many.
    pub fn at_most<T>(self, items: Vec<T>, most: usize) -> Page<T> {
        let value = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let count = self.count.then_some(Count { value, exact: items.len() < most });
        Page { items, next_cursor: None, count }
    }
}

/// The parameters of lists that go one way only, such as the log.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OneWay {
    /// How many items at most; more than 200 means 200.
    #[param(default = 50, minimum = 1, required = false)]
    pub limit: u32,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Count the items as well.
    #[param(default = false, required = false)]
    pub count: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for OneWay {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let ListQuery { limit, cursor, count, .. } = ListQuery::parse(parts.uri.query().unwrap_or_default())?;
        Ok(Self { limit, cursor, count })
    }
}

/// How many items match, regardless of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Count {
    pub value: i64,
    /// False when counting stopped at `value`.
    pub exact: bool,
}

impl From<listing::Count> for Count {
    fn from(count: listing::Count) -> Self {
        Self { value: count.value, exact: count.exact }
    }
}

impl Count {
    /// Of a count that stopped at [`COUNT_CAP`] + 1.
    pub fn capped(found: i64) -> Self {
        Self { value: found.min(COUNT_CAP), exact: found <= COUNT_CAP }
    }
}

/// A list's own filters, read from the query. Wrong values are 400 and name the parameter.
pub struct Filter<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Filter<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            refuse_nul(&name, &value)?;
        }
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        serde_path_to_error::deserialize(serde::de::value::MapDeserializer::new(
            pairs.map(|(k, v)| (k, Text(v))),
        ))
        .map(Self)
        .map_err(|error: serde_path_to_error::Error<serde::de::value::Error>| {
            let name = error.path().to_string();
            Problem::bad_parameter(if name == "." { "" } else { &name }, error.into_inner().to_string())
        })
    }
}

fn refuse_nul(name: &str, value: &str) -> Result<(), Problem> {
    if name.contains('\0') || value.contains('\0') {
        return Err(Problem::bad_parameter(&name.replace('\0', ""), "must not contain U+0000"));
    }
    Ok(())
}

/// A value of a query: text that becomes whatever the field is.
struct Text(String);

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty),+ $(,)?) => {$(
        fn $method<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            let value: $type = self.0.parse().map_err(|_| serde::de::Error::custom(concat!("is no ", stringify!($type))))?;
            visitor.$visit(value)
        }
    )+};
}

impl<'de> serde::Deserializer<'de> for Text {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_string(self.0)
    }

    /// An empty value is as good as none: `?state=` filters nothing.
    fn deserialize_option<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.0.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_enum<V: serde::de::Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        use serde::de::IntoDeserializer;
        let text: serde::de::value::StringDeserializer<Self::Error> = self.0.into_deserializer();
        serde::Deserializer::deserialize_enum(text, name, variants, visitor)
    }

    fn deserialize_newtype_struct<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    parsed! {
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64,
        deserialize_f32 visit_f32 f32, deserialize_f64 visit_f64 f64,
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> serde::de::IntoDeserializer<'de> for Text {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn limits() {
        for (query, limit) in [
            ("", Some(50)),
            ("limit=1", Some(1)),
            ("limit=200", Some(200)),
            ("limit=201", Some(200)),
            ("limit=99999999999", Some(200)),
            ("limit=0", None),
            ("limit=-1", None),
            ("limit=x", None),
            ("limit=", None),
        ] {
            assert_eq!(ListQuery::parse(query).ok().map(|list| list.limit), limit, "{query}");
        }
    }

    #[test]
    fn sorting_is_by_listed_fields_only() {
        let sort = |query: &str| ListQuery::parse(query).unwrap().sort_by(&["-created_at", "name"]).ok();
        assert_eq!(sort(""), Some(("created_at", true)));
        assert_eq!(sort("sort=created_at"), Some(("created_at", false)));
        assert_eq!(sort("sort=-name"), Some(("name", true)));
        assert_eq!(sort("sort=password_hash"), None);
        assert_eq!(sort("sort=name;drop"), None);
    }

    #[test]
    fn cursors_come_back_and_foreign_ones_do_not() {
        let id = Uuid::from_u128(7);
        let cursor = encode_cursor("name", &"Zoë", id);
        let (key, back): (String, Uuid) = decode_cursor(&cursor, "name").unwrap();
        assert_eq!((key.as_str(), back), ("Zoë", id));
        assert!(decode_cursor::<String>(&cursor, "-name").is_err());
        assert!(decode_cursor::<i64>(&cursor, "name").is_err());
        for bad in ["", "x", "0", "%%%", "AAAA", &encode_cursor("name", &"a\0b", id)] {
            assert_eq!(decode_cursor::<String>(bad, "name").unwrap_err().status().as_u16(), 400, "{bad}");
        }
    }

    #[test]
    fn a_page_knows_whether_another_follows() {
        let list = ListQuery::parse("limit=2").unwrap();
        let key = |n: &i64| (*n, Uuid::nil());
        let page = list.page(vec![1, 2, 3], "n", key);
        assert_eq!(page.items, [1, 2]);
        assert!(page.next_cursor.is_some());
        assert!(list.page(vec![1, 2], "n", key).next_cursor.is_none());
        assert!(list.page(Vec::<i64>::new(), "n", key).next_cursor.is_none());
        assert_eq!(Count::capped(10_001), Count { value: 10_000, exact: false });
        assert_eq!(Count::capped(10_000), Count { value: 10_000, exact: true });
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Sample {
        state: Option<State>,
        id: Option<Uuid>,
        n: Option<i64>,
        at: Option<chrono::DateTime<chrono::Utc>>,
        text: Option<String>,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum State {
        Ringing,
    }

    async fn filter(query: &str) -> Result<Sample, Problem> {
        let (mut parts, ()) = Request::builder().uri(format!("/?{query}")).body(()).unwrap().into_parts();
        Ok(Filter::<Sample>::from_request_parts(&mut parts, &()).await?.0)
    }

    #[tokio::test]
    async fn filters() {
        let fine = filter("state=ringing&id=00000000-0000-0000-0000-000000000001&n=-4&at=2026-01-02T03:04:05Z&text=a%20b&other=1").await.unwrap();
        assert_eq!(fine.state, Some(State::Ringing));
        assert_eq!(fine.id, Some(Uuid::from_u128(1)));
        assert_eq!((fine.n, fine.text.as_deref()), (Some(-4), Some("a b")));
        assert!(fine.at.is_some());
        assert_eq!(filter("state=&n=").await.unwrap(), filter("").await.unwrap());
        for bad in ["state=x", "id=1", "n=x", "at=yesterday", "text=%00", "n=1&n=2"] {
            assert_eq!(filter(bad).await.unwrap_err().status().as_u16(), 400, "{bad}");
        }
        assert!(format!("{:?}", filter("n=x").await.unwrap_err()).contains("?n"));
    }
}
