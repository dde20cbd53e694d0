//! Reading a request body in the order of the contract: 413, 415, 400, 422.
//!
//! [`Body`] reads at once and suits operations on a collection. Operations on one record must answer 404 *before*
//! they look at the body; they take [`Incoming`], find the record, then call [`Incoming::read`].

use std::{fmt, marker::PhantomData, time::Duration};

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        DeserializeOwned, IntoDeserializer, MapAccess, Unexpected, Visitor,
        value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer},
    },
};
use serde_json::Value;

use crate::{
    intake,
    problem::{FieldError, Problem},
};

/// Largest API body; uploads have limits of their own.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// How long a body may take to arrive: the largest one at 300 kbit/s.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a request body must satisfy beyond its types.
pub trait Validate {
    fn validate(&self, errors: &mut Errors);
}

/// For bodies whose types say all.
impl Validate for Value {
    fn validate(&self, _: &mut Errors) {}
}

/// Everything wrong with a body, collected so that a client learns of all of it at once.
#[derive(Debug, Default)]
pub struct Errors(Vec<FieldError>);

impl Errors {
    pub fn push(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError { pointer: pointer.into(), detail: detail.into() });
    }

    /// `min` to `max` characters, not only blanks where `min` is above zero.
    pub fn text(&mut self, pointer: &str, text: &str, min: usize, max: usize) {
        let length = text.chars().count();
        if length > max || text.trim().chars().count() < min {
            self.push(
                pointer,
                if min == 0 {
                    format!("must have at most {max} characters")
                } else {
                    format!("must have {min} to {max} characters")
                },
            );
        }
    }

    /// As [`Errors::text`] where the field is there.
    pub fn optional_text(&mut self, pointer: &str, text: Option<&str>, min: usize, max: usize) {
        if let Some(text) = text {
            self.text(pointer, text, min, max);
        }
    }

    /// Something that a mail server would look at: one @ with something on both sides, no blanks. More than that
    /// only the mail itself can prove.
    pub fn email(&mut self, pointer: &str, email: &str) {
        let fine = email.len() <= 320
            && !email.chars().any(|c| c.is_whitespace() || c.is_control())
            && email.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && !domain.is_empty() && !domain.contains('@')
            });
        if !fine {
            self.push(pointer, "is not an e-mail address");
        }
    }

    /// A SIP address: `sip:` or `sips:` and something behind it, no blanks, at most 512 octets.
    pub fn optional_sip(&mut self, pointer: &str, uri: Option<&str>) {
        let fine = |uri: &str| {
            let lower = uri.to_ascii_lowercase();
            let rest = lower.strip_prefix("sip:").or_else(|| lower.strip_prefix("sips:")).unwrap_or_default();
            !rest.is_empty()
                && uri.len() <= 512
                && !uri.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        if uri.is_some_and(|uri| !fine(uri)) {
            self.push(pointer, "must be a SIP address such as sip:201@pbx.example");
        }
    }

    pub fn optional_email(&mut self, pointer: &str, email: Option<&str>) {
        if let Some(email) = email {
            self.email(pointer, email);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn into_result(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::validation(self.0)) }
    }
}

/// A body that was not looked at yet.
pub struct Incoming {
    headers: HeaderMap,
    body: axum::body::Body,
}

impl<S: Send + Sync> FromRequest<S> for Incoming {
    type Rejection = Problem;
    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        Ok(Self { headers: parts.headers, body })
    }
}

impl Incoming {
    /// Reads, checks and validates: 413, 415, 400, 422 in this order.
    pub async fn read<T: DeserializeOwned + Validate>(self) -> Result<T, Problem> {
        let bytes = collect(&self.headers, self.body, BODY_LIMIT).await?;
        require_json(&self.headers)?;
        parse(&bytes)
    }

    /// As [`Incoming::read`]; no body at all counts as `{}` (commands such as `…/take`).
    pub async fn read_or_empty<T: DeserializeOwned + Validate>(self) -> Result<T, Problem> {
        let bytes = collect(&self.headers, self.body, BODY_LIMIT).await?;
        if bytes.is_empty() {
            return parse(b"{}");
        }
        require_json(&self.headers)?;
        parse(&bytes)
    }
}

/// A body read and validated before the handler runs.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Validate> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Ok(Self(Incoming::from_request(request, state).await?.read().await?))
    }
}

/// The whole body, or 413 as soon as it is known to be longer than `limit`.
pub(crate) async fn collect(
    headers: &HeaderMap,
    body: axum::body::Body,
    limit: usize,
) -> Result<Bytes, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(Problem::too_large(limit));
    }
    let bytes = intake::read(body, limit, PATIENCE).await?;
    if bytes.len() > limit { Err(Problem::too_large(limit)) } else { Ok(bytes) }
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if json { Ok(()) } else { Err(Problem::unsupported_media_type()) }
}

/// Text → value → type → rules. The value in between is what lets us refuse U+0000 and point at what is wrong.
pub(crate) fn parse<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T, Problem> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| Problem::bad_request(format!("Not JSON: {error}.")))?;
    let mut nul = Errors::default();
    find_nul(&value, &mut String::new(), &mut nul);
    nul.into_result()?;
    let typed: T = serde_path_to_error::deserialize(Named(value)).map_err(|error| {
        let pointer = pointer_of(error.path());
        Problem::invalid(pointer, error.into_inner().to_string())
    })?;
    let mut errors = Errors::default();
    typed.validate(&mut errors);
    errors.into_result()?;
    Ok(typed)
}

/// Postgres cannot store U+0000, so it is refused at the edge wherever it stands.
fn find_nul(value: &Value, path: &mut String, errors: &mut Errors) {
    const DETAIL: &str = "must not contain U+0000";
    match value {
        Value::String(text) if text.contains('\0') => errors.push(path.clone(), DETAIL),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let length = path.len();
                path.push('/');
                path.push_str(&index.to_string());
                find_nul(item, path, errors);
                path.truncate(length);
            }
        }
        Value::Object(fields) => {
            for (name, item) in fields {
                let length = path.len();
                path.push('/');
                path.push_str(&escape(name));
                if name.contains('\0') {
                    errors.push(path.clone(), DETAIL);
                }
                find_nul(item, path, errors);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

/// JSON in which a record is an object. What serde derives takes a list for one as well, its fields by their order.
struct Named(Value);

impl<'de> Deserializer<'de> for Named {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Named))),
            Value::Object(fields) => visitor.visit_map(MapDeserializer::new(
                fields.into_iter().map(|(name, value)| (name, Named(value))),
            )),
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Array(_) => Err(serde::de::Error::invalid_type(Unexpected::Seq, &"an object")),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, serde_json::Error> for Named {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// The same where several shapes are tried (`untagged`): `#[serde(deserialize_with = "object")]`.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Fields<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
        type Value = T;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(fields))
        }
    }

    deserializer.deserialize_map(Fields(PhantomData))
}

/// RFC 6901 §3.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escape(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// A field of a PATCH body: absent leaves as is, null clears, a value sets (RFC 7396). Needs `#[serde(default)]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<T> Patch<T> {
    /// What the field becomes, given what it was.
    pub fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Absent => current,
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    pub fn value(&self) -> Option<&T> {
        if let Self::Value(value) = self { Some(value) } else { None }
    }

    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::deserialize(deserializer)? {
            Some(value) => Self::Value(value),
            None => Self::Null,
        })
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => serializer.serialize_some(value),
            Self::Absent | Self::Null => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Sample {
        name: String,
        #[serde(default)]
        phones: Vec<u32>,
        #[serde(default)]
        note: Patch<String>,
    }

    impl Validate for Sample {
        fn validate(&self, errors: &mut Errors) {
            errors.text("/name", &self.name, 1, 5);
        }
    }

    async fn read(content_type: Option<&str>, body: Vec<u8>) -> Result<Sample, Problem> {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
        }
        Incoming { headers, body: body.into() }.read().await
    }

    #[tokio::test]
    async fn refusals_come_in_the_order_of_the_contract() {
        let json = Some("application/json");
        let table: [(Option<&str>, Vec<u8>, u16); 15] = [
            (None, vec![b'x'; BODY_LIMIT + 1], 413),
            (None, vec![b'x'; 10], 415),
            (Some("text/plain"), b"{\"name\":\"a\"}".to_vec(), 415),
            (Some("application/jsonx"), b"{\"name\":\"a\"}".to_vec(), 415),
            (json, b"".to_vec(), 400),
            (json, b"{".to_vec(), 400),
            (json, vec![0xff, 0xfe], 400),
            (json, b"{\"name\":\"a\xff\"}".to_vec(), 400),
            (json, b"{\"name\":\"a\0\"}".to_vec(), 400),
            (json, format!("{}1{}", "[".repeat(5000), "]".repeat(5000)).into_bytes(), 400),
            (json, b"[]".to_vec(), 422),
            (json, b"{}".to_vec(), 422),
            (json, b"{\"name\":\"a\\u0000\"}".to_vec(), 422),
            (json, b"{\"name\":\"   \"}".to_vec(), 422),
            (Some("application/merge-patch+json; charset=utf-8"), b"{\"name\":\"toolong\"}".to_vec(), 422),
        ];
        for (content_type, body, status) in table {
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            let problem = read(content_type, body).await.unwrap_err();
            assert_eq!(problem.status().as_u16(), status, "{content_type:?} {shown}");
        }
        let fine = read(json, b"{\"name\":\"Ada\",\"unknown\":1}".to_vec()).await.unwrap();
        assert_eq!(fine, Sample { name: "Ada".into(), phones: vec![], note: Patch::Absent });
    }

    #[test]
    fn a_list_is_no_record() {
        #[derive(Debug, Deserialize)]
        struct Outer {
            #[serde(default)]
            inner: Option<Sample>,
            #[serde(default)]
            either: Option<Either>,
        }
        #[derive(Debug, Deserialize)]
        #[serde(untagged)]
        enum Either {
            Text(String),
            Full(#[serde(deserialize_with = "object")] Sample),
        }
        impl Validate for Outer {
            fn validate(&self, _: &mut Errors) {}
        }
        let read = |text: &str| parse::<Outer>(text.as_bytes());
        let fine = read("{\"inner\":{\"name\":\"a\",\"phones\":[1]},\"either\":{\"name\":\"b\"}}").unwrap();
        assert_eq!(fine.inner.unwrap().phones, [1]);
        assert!(matches!(fine.either, Some(Either::Full(sample)) if sample.name == "b"));
        assert!(
            matches!(read("{\"either\":\"x\"}").unwrap().either, Some(Either::Text(text)) if text == "x")
        );
        for bad in
            ["[]", "[null,null]", "null", "{\"inner\":[\"a\"]}", "{\"either\":[\"a\"]}", "{\"inner\":\"a\"}"]
        {
            assert_eq!(read(bad).unwrap_err().status().as_u16(), 422, "{bad}");
        }
    }

    #[test]
    fn pointers_name_the_place() {
        let pointer = |text: &str| format!("{:?}", parse::<Sample>(text.as_bytes()).unwrap_err());
        assert!(pointer("{\"name\":\"a\",\"phones\":[1,\"x\"]}").contains("\"/phones/1\""));
        assert!(pointer("{\"name\":\"a\",\"x\":[{\"a/b\":\"\\u0000\"}]}").contains("\"/x/0/a~1b\""));
        assert!(pointer("{\"name\":\"\"}").contains("\"/name\""));
    }

    #[test]
    fn patch_tells_absent_from_null() {
        let note = |text: &str| parse::<Sample>(text.as_bytes()).unwrap().note;
        assert_eq!(note("{\"name\":\"a\"}"), Patch::Absent);
        assert_eq!(note("{\"name\":\"a\",\"note\":null}"), Patch::Null);
        assert_eq!(note("{\"name\":\"a\",\"note\":\"n\"}"), Patch::Value("n".into()));
        assert_eq!(Patch::Absent.apply(Some(1)), Some(1));
        assert_eq!(Patch::Null.apply(Some(1)), None);
        assert_eq!(Patch::Value(2).apply(Some(1)), Some(2));
    }

    #[test]
    fn emails() {
        for (email, fine) in [
            ("a@b", true),
            ("a@b.example", true),
            ("a", false),
            ("@b", false),
            ("a@", false),
            ("a b@c", false),
            ("a@b@c", false),
            ("", false),
        ] {
            let mut errors = Errors::default();
            errors.email("/email", email);
            assert_eq!(errors.is_empty(), fine, "{email}");
        }
    }
}
