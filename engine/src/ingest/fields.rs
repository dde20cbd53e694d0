//! Reading bodies: forms and JSON into named texts, and the small habits that providers share (numbers without a plus,
//! `client:` targets, words in any case). All bounds on what a provider may hand us are here.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;
use switchroom_core::{AgentHint, CallFact, ConnectionId, Direction, FactKind, Timestamp};

use super::{HookRequest, MediaType, ParseError};

/// The column takes 512 characters; no provider's id is half as long.
const CALL_ID_LIMIT: usize = 255;
/// Numbers, names, queue: longer is no number and no name.
const TEXT_LIMIT: usize = 200;
/// Timestamps, sequence numbers and event ids take part in an event's identity.
const KEY_LIMIT: usize = 200;
/// More agents in one event than any provider rings at once.
const AGENTS_LIMIT: usize = 100;

/// A body as named texts. A name may come several times (`user[]`).
pub(super) struct Fields<'a>(BTreeMap<Cow<'a, str>, Vec<Cow<'a, str>>>);

impl<'a> Fields<'a> {
    /// By the request's media type.
    pub(super) fn read(request: &HookRequest<'a>) -> Result<Self, ParseError> {
        match request.media_type() {
            MediaType::Json => Self::from_json(request.body),
            MediaType::Form | MediaType::Other => Self::from_form(request.body),
        }
    }

    pub(super) fn from_form(body: &'a [u8]) -> Result<Self, ParseError> {
        let mut fields: BTreeMap<Cow<'a, str>, Vec<Cow<'a, str>>> = BTreeMap::new();
        for (name, value) in form_pairs(body).ok_or(ParseError::Malformed("form in UTF-8"))? {
            fields.entry(name).or_default().push(value);
        }
        Ok(Self(fields))
    }

    /// A flat JSON object: texts, numbers and booleans as texts, lists of them as repeated names, null as absent.
    fn from_json(body: &[u8]) -> Result<Self, ParseError> {
        let Value::Object(object) = json(body)? else { return Err(ParseError::Malformed("JSON object")) };
        let scalar = |value: Value| match value {
            Value::String(text) => Some(Cow::Owned(text)),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            Value::Bool(truth) => Some(Cow::Borrowed(if truth { "true" } else { "false" })),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        let mut fields: BTreeMap<Cow<'a, str>, Vec<Cow<'a, str>>> = BTreeMap::new();
        for (name, value) in object {
            let values: Vec<_> = match value {
                Value::Array(items) => items.into_iter().filter_map(scalar).collect(),
                other => scalar(other).into_iter().collect(),
            };
            if !values.is_empty() {
                fields.entry(Cow::Owned(name)).or_default().extend(values);
            }
        }
        Ok(Self(fields))
    }

    /// The first value of a name; empty counts as given.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.first().map(Cow::as_ref)
    }

    /// The first value of a name, if it says anything.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|text| !text.is_empty())
    }

    pub(super) fn required(&self, name: &'static str) -> Result<&str, ParseError> {
        self.text(name).ok_or(ParseError::Missing(name))
    }

    /// All values of a name and of `name[]`, as PHP-minded senders write lists.
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        let bracketed = format!("{name}[]");
        let all = [self.0.get(name), self.0.get(bracketed.as_str())];
        all.into_iter().flatten().flatten().map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &[Cow<'a, str>])> {
        self.0.iter().map(|(name, values)| (name.as_ref(), values.as_slice()))
    }
}

/// Decodes a form strictly: what is no UTF-8 after percent-decoding is no form, rather than a form with U+FFFD in it.
fn form_pairs(body: &[u8]) -> Option<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let part = |bytes: &[u8]| -> Option<String> {
        let mut decoded = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((&first, tail)) = rest.split_first() {
            rest = tail;
            match (first, tail) {
                (b'+', _) => decoded.push(b' '),
                (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    decoded.push(hex_digit(*high) << 4 | hex_digit(*low));
                    rest = after;
                }
                _ => decoded.push(first),
            }
        }
        String::from_utf8(decoded).ok()
    };
    body.split(|&b| b == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = match pair.iter().position(|&b| b == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &b""[..]),
            };
            Some((Cow::Owned(part(name)?), Cow::Owned(part(value)?)))
        })
        .collect()
}

fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

/// The query of a URL as decoded pairs; what is malformed is left out.
pub(super) fn query_pairs(url: &str) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    url.split_once('?')
        .map(|(_, query)| query.split('#').next().unwrap_or_default())
        .and_then(|query| form_pairs(query.as_bytes()))
        .unwrap_or_default()
}

pub(super) fn json(body: &[u8]) -> Result<Value, ParseError> {
    serde_json::from_slice(body).map_err(|_| ParseError::Malformed("JSON"))
}

/// A text of a JSON object: absent and null are None; another type is an error, since it would be dropped silently.
pub(super) fn json_text<'a>(object: &'a Value, name: &'static str) -> Result<Option<&'a str>, ParseError> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ParseError::Invalid(name)),
    }
}

/// Providers that write E.164 without its plus (Vonage, Plivo, sipgate, Zammad's protocol): 7 to 15 digits that do not
/// start with a zero get it back; extensions, national and anonymous forms stay as they are.
pub(super) fn with_plus(number: &str) -> String {
    let digits = number.trim();
    if (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
    {
        format!("+{digits}")
    } else {
        digits.to_owned()
    }
}

/// An empty number is a hidden one: senders leave the field blank rather than out.
pub(super) fn number(raw: &str) -> String {
    let trimmed = raw.trim();
    if trimmed.is_empty() { "anonymous".to_owned() } else { trimmed.to_owned() }
}

/// `client:alice`, `sip:201@pbx.example`, `sips:…`: the name of who is meant, if the target is a person's endpoint.
pub(super) fn endpoint_user(target: &str) -> Option<&str> {
    let target = target.trim();
    let (scheme, rest) = target.split_once(':')?;
    let user = match scheme.to_ascii_lowercase().as_str() {
        "client" | "user" | "app" => rest.split(['?', ';']).next(),
        "sip" | "sips" => rest.split(['@', ';', '?']).next(),
        _ => None,
    }?;
    (!user.is_empty()).then_some(user)
}

/// RFC 3339, RFC 2822, and the bare `YYYY-MM-DD HH:MM:SS` in UTC, which is all that providers use.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    if let Ok(at) = chrono::DateTime::parse_from_rfc2822(text) {
        return Some(at.to_utc());
    }
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|format| chrono::NaiveDateTime::parse_from_str(text, format).ok())
        .map(|at| at.and_utc())
}

/// A fact under construction: providers fill in what they say; [`Draft::finish`] enforces the bounds and makes the key.
pub(super) struct Draft {
    pub connection: ConnectionId,
    pub received_at_us: i64,
    pub call_id: String,
    pub kind: FactKind,
    /// The provider's word for the event.
    pub word: String,
    /// What of the provider's tells this leg's events from another leg's of the same call.
    pub leg: String,
    /// The provider's order or time, as it wrote it.
    pub stamp: String,
    /// Set where the provider names each event; replaces the derived key.
    pub event_id: Option<String>,
    pub at: Option<Timestamp>,
    pub sequence: Option<i64>,
    pub direction: Option<Direction>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub agents: Vec<AgentHint>,
    pub queue: Option<String>,
}

impl Draft {
    pub(super) fn new(
        request: &HookRequest<'_>,
        connection: ConnectionId,
        call_id: &str,
        kind: FactKind,
    ) -> Self {
        Self {
            connection,
            received_at_us: request.received_at_us,
            call_id: call_id.to_owned(),
            kind,
            word: String::new(),
            leg: String::new(),
            stamp: String::new(),
            event_id: None,
            at: None,
            sequence: None,
            direction: None,
            from: None,
            to: None,
            agents: Vec::new(),
            queue: None,
        }
    }

    pub(super) fn finish(mut self) -> Result<CallFact, ParseError> {
        if self.call_id.trim().is_empty() {
            return Err(ParseError::Missing("call id"));
        }
        checked("call id", &self.call_id, CALL_ID_LIMIT)?;
        for (name, text) in [("from", &self.from), ("to", &self.to), ("queue", &self.queue)] {
            if let Some(text) = text {
                checked(name, text, TEXT_LIMIT)?;
            }
        }
        for (name, text) in [("event type", &self.word), ("leg id", &self.leg), ("timestamp", &self.stamp)] {
            checked(name, text, KEY_LIMIT)?;
        }
        if let Some(id) = &self.event_id {
            checked("event id", id, KEY_LIMIT)?;
        }
        self.agents.sort();
        self.agents.dedup();
        if self.agents.len() > AGENTS_LIMIT {
            return Err(ParseError::TooLong("list of agents"));
        }
        for hint in &self.agents {
            checked("agent", hint_text(hint), TEXT_LIMIT)?;
        }
        let key = match &self.event_id {
            Some(id) => id.clone(),
            None => {
                let agents: Vec<_> = self.agents.iter().map(hint_text).collect();
                // U+001F cannot be typed into any of the parts by accident.
                [self.word.as_str(), &self.stamp, &self.leg, &agents.join(",")].join("\u{1f}")
            }
        };
        Ok(CallFact {
            connection: self.connection,
            provider_call_id: self.call_id,
            kind: self.kind,
            key,
            provider_event_id: self.event_id,
            at: self.at,
            sequence: self.sequence,
            direction: self.direction,
            from: self.from,
            to: self.to,
            agents: self.agents,
            queue: self.queue,
            received_at_us: self.received_at_us,
        })
    }
}

fn hint_text(hint: &AgentHint) -> &str {
    match hint {
        AgentHint::Extension(text)
        | AgentHint::Email(text)
        | AgentHint::SipUser(text)
        | AgentHint::Name(text)
        | AgentHint::Any(text) => text,
        AgentHint::UserId(_) => "",
    }
}

fn checked(name: &'static str, text: &str, limit: usize) -> Result<(), ParseError> {
    if text.contains('\0') {
        return Err(ParseError::Nul(name));
    }
    if text.chars().count() > limit {
        return Err(ParseError::TooLong(name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded_strictly() {
        let fields =
            Fields::from_form(b"a=1%2B2&b=x+y&user[]=A&user%5B%5D=B&user=C&empty=&bad=%zz&&flag").unwrap();
        assert_eq!(fields.get("a"), Some("1+2"));
        assert_eq!(fields.get("b"), Some("x y"));
        assert_eq!(fields.list("user").collect::<Vec<_>>(), ["C", "A", "B"]);
        assert_eq!(fields.get("empty"), Some(""));
        assert_eq!(fields.text("empty"), None);
        assert_eq!(fields.get("bad"), Some("%zz"));
        assert_eq!(fields.get("flag"), Some(""));
        assert!(Fields::from_form(b"a=%ff").is_err());
        assert!(Fields::from_form(b"a=\xff").is_err());
    }

    #[test]
    fn plus_comes_back_only_where_it_was_left_out() {
        for (raw, expected) in [
            ("33612345678", "+33612345678"),
            ("+33612345678", "+33612345678"),
            ("0612345678", "0612345678"),
            ("0033612345678", "0033612345678"),
            ("201", "201"),
            ("anonymous", "anonymous"),
            ("1234567890123456", "1234567890123456"),
        ] {
            assert_eq!(with_plus(raw), expected);
        }
    }

    #[test]
    fn endpoints_name_people() {
        for (target, user) in [
            ("client:alice", Some("alice")),
            ("Client:alice?x=1", Some("alice")),
            ("sip:201@pbx.example;transport=tls", Some("201")),
            ("sips:bob@pbx", Some("bob")),
            ("tel:+33612345678", None),
            ("+33612345678", None),
            ("client:", None),
        ] {
            assert_eq!(endpoint_user(target), user, "{target}");
        }
    }

    #[test]
    fn times_in_the_three_forms() {
        let expected = time("2026-11-20T10:00:00Z");
        assert!(expected.is_some());
        assert_eq!(time("Fri, 20 Nov 2026 10:00:00 +0000"), expected);
        assert_eq!(time("2026-11-20 10:00:00"), expected);
        assert_eq!(time("2026-11-20T11:00:00+01:00"), expected);
        assert_eq!(time("yesterday"), None);
    }
}
