//! Reading what a client sent. Nothing a client can write panics here or costs more than its size.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    protocol::{ClientMessage, ErrorCode, client::SetPresence},
    settings::MAX_DEPTH,
};

/// Longest reason of a presence, in characters.
const MAX_REASON: usize = 200;

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No JSON object, or nested too deep: the socket is closed (4400).
    NotAnObject,
    /// Said in an `error` frame; the socket stays.
    Error(ErrorCode, Cow<'static, str>),
}

/// Reads one text message.
pub fn read(text: &str) -> Result<ClientMessage, Refused> {
    if too_deep(text) {
        return Err(Refused::NotAnObject);
    }
    let fields: Map<String, Value> = serde_json::from_str(text).map_err(|_| Refused::NotAnObject)?;
    let type_ = match fields.get("type") {
        Some(Value::String(type_)) => type_.clone(),
        _ => return Err(Refused::Error(ErrorCode::UnknownType, "the message has no type".into())),
    };
    match type_.as_str() {
        "resume" => match fields.get("cursor") {
            // A cursor that is no text is as bad as a text that is no cursor.
            Some(Value::String(_)) => Ok(ClientMessage::Resume(payload(fields)?)),
            _ => Err(Refused::Error(ErrorCode::BadCursor, "the cursor is not one of ours".into())),
        },
        "ack" => Ok(ClientMessage::Ack(payload(fields)?)),
        "subscribe" => Ok(ClientMessage::Subscribe(payload(fields)?)),
        "unsubscribe" => Ok(ClientMessage::Unsubscribe(payload(fields)?)),
        "presence" => Ok(ClientMessage::Presence(presence(payload(fields)?)?)),
        "pong" => Ok(ClientMessage::Pong),
        other => {
            Err(Refused::Error(ErrorCode::UnknownType, format!("no such type: {}", shortened(other)).into()))
        }
    }
}

fn payload<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, Refused> {
    serde_json::from_value(Value::Object(fields)).map_err(|fault| {
        Refused::Error(ErrorCode::BadMessage, shortened(&fault.to_string()).into_owned().into())
    })
}

fn presence(mut wish: SetPresence) -> Result<SetPresence, Refused> {
    let reason = wish.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.contains('\0') || reason.chars().count() > MAX_REASON) {
        return Err(Refused::Error(ErrorCode::BadMessage, "the reason is too long or holds U+0000".into()));
    }
    wish.reason = reason.map(str::to_owned);
    Ok(wish)
}

/// What a client wrote, cut to what is worth saying back.
pub fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(80) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

/// Whether brackets outside of strings nest deeper than allowed. Looks at text that need not be JSON.
fn too_deep(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::client::{Ack, ChosenPresence, Resume, Subscribe, Unsubscribe};

    fn code(text: &str) -> ErrorCode {
        match read(text) {
            Err(Refused::Error(code, _)) => code,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn every_message_reads() {
        let topics = vec!["calls".to_owned(), "wallboard".to_owned()];
        let id = uuid::Uuid::from_u128(3);
        let presence = |reason: Option<&str>| {
            ClientMessage::Presence(SetPresence {
                state: ChosenPresence::Break,
                reason: reason.map(Into::into),
            })
        };
        for (text, message) in [
            (
                r#"{"type":"resume","cursor":"v1.7"}"#.to_owned(),
                ClientMessage::Resume(Resume { cursor: "v1.7".into() }),
            ),
            (format!(r#"{{"event_id":"{id}","type":"ack"}}"#), ClientMessage::Ack(Ack { event_id: id })),
            (
                r#"{"type":"subscribe","topics":["calls","wallboard"]}"#.into(),
                ClientMessage::Subscribe(Subscribe { topics: topics.clone() }),
            ),
            (
                r#"{"type":"unsubscribe","topics":["calls","wallboard"]}"#.into(),
                ClientMessage::Unsubscribe(Unsubscribe { topics }),
            ),
            (r#"{"type":"presence","state":"break","reason":" lunch "}"#.into(), presence(Some("lunch"))),
            (r#"{"type":"presence","state":"break","reason":null}"#.into(), presence(None)),
            (r#"{"type":"presence","state":"break"}"#.into(), presence(None)),
            (r#" {"type":"pong","and":"more"} "#.into(), ClientMessage::Pong),
        ] {
            assert_eq!(read(&text), Ok(message), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_ends_the_socket() {
        for text in [
            "",
            " ",
            "x",
            "[]",
            "7",
            "null",
            "\"pong\"",
            "{",
            "{}x",
            "{\"type\":\"pong\"",
            "{'type':'pong'}",
            "{\"type\":\"\u{1}\"}",
            r#"{"a":"\ud800"}"#,
            "{\"type\":\"pong\"}{}",
        ] {
            assert_eq!(read(text), Err(Refused::NotAnObject), "{text:?}");
        }
    }

    #[test]
    fn what_is_an_object_gets_an_error() {
        for text in [
            "{}",
            r#"{"type":7}"#,
            r#"{"type":null}"#,
            r#"{"type":"nonsense"}"#,
            r#"{"type":"Pong"}"#,
            r#"{"type":"hello"}"#,
        ] {
            assert_eq!(code(text), ErrorCode::UnknownType, "{text}");
        }
        for text in
            [r#"{"type":"resume"}"#, r#"{"type":"resume","cursor":7}"#, r#"{"type":"resume","cursor":null}"#]
        {
            assert_eq!(code(text), ErrorCode::BadCursor, "{text}");
        }
        let long = format!(r#"{{"type":"presence","state":"break","reason":"{}"}}"#, "x".repeat(201));
        for text in [
            r#"{"type":"ack"}"#,
            r#"{"type":"ack","event_id":"x"}"#,
            r#"{"type":"subscribe"}"#,
            r#"{"type":"subscribe","topics":"calls"}"#,
            r#"{"type":"subscribe","topics":[7]}"#,
            r#"{"type":"presence"}"#,
            r#"{"type":"presence","state":"on_call"}"#,
            r#"{"type":"presence","state":"break","reason":"\u0000"}"#,
            &long,
        ] {
            assert_eq!(code(text), ErrorCode::BadMessage, "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded_outside_of_strings() {
        let nested = |levels: usize| {
            format!(r#"{{"type":"pong","x":{}0{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1))
        };
        assert_eq!(read(&nested(64)), Ok(ClientMessage::Pong));
        assert_eq!(read(&nested(65)), Err(Refused::NotAnObject));
        assert_eq!(read(&nested(30_000)), Err(Refused::NotAnObject));
        let quoted = format!(r#"{{"type":"pong","x":"\"{}"}}"#, "[".repeat(1000));
        assert_eq!(read(&quoted), Ok(ClientMessage::Pong));
        let wide = format!(r#"{{"type":"pong","x":[{}[]]}}"#, "[],".repeat(1000));
        assert_eq!(read(&wide), Ok(ClientMessage::Pong));
    }

    #[test]
    fn what_is_said_back_is_short_and_cut_between_characters() {
        let Err(Refused::Error(_, detail)) = read(&format!(r#"{{"type":"{}"}}"#, "é".repeat(5000))) else {
            panic!()
        };
        assert!(detail.chars().count() < 120, "{detail}");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}") {
            let _ = read(&text);
        }

        #[test]
        fn no_json_panics(text in r#"[\{\}\[\]":,a-z0-9\\\\u ]{0,80}"#) {
            let _ = read(&text);
        }
    }
}
