//! The text of a frame: `{"type":…,"event_id":…,"at":…,"data":{…}}`, written around data that is JSON text already.

use std::{
    fmt::Write,
    time::{SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use switchroom_core::{FrameId, Grants, UserId, frame::Frame};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Room for the envelope and `pushed_at_us`, so that the text is allocated once.
const OVERHEAD: usize = 176;

/// Now, in Unix microseconds.
pub fn now_us() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A frame of the engine, as this user gets it with these permissions. `pushed_at_us` goes in where the frame wants it.
pub fn of_frame(frame: &Frame, user: UserId, grants: Grants, pushed_at_us: i64) -> Utf8Bytes {
    let id = frame.event_id.unwrap_or_else(|| frame.id_for(user));
    let limited = frame.data_limited_to(grants);
    let data = limited.as_deref().unwrap_or(&frame.data);
    let mut text = head(frame.type_, Some(id), frame.at, data.len());
    if frame.wants_push_time() {
        let fields = data.strip_suffix('}').unwrap_or(data);
        text.push_str(fields);
        if !fields.ends_with('{') {
            text.push(',');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "\"pushed_at_us\":{pushed_at_us}}}");
    } else {
        text.push_str(data);
    }
    text.push('}');
    text.into()
}

/// A control or wallboard frame: these have no id.
pub fn of_data(type_: &str, data: &impl Serialize) -> Utf8Bytes {
    match serde_json::to_string(data) {
        Ok(data) => {
            let mut text = head(type_, None, Utc::now(), data.len());
            text.push_str(&data);
            text.push('}');
            text.into()
        }
        Err(failure) => {
            // Our own types serialise; were one not to, the client is told rather than left waiting.
            tracing::error!(%failure, type_, "a frame could not be written");
            Utf8Bytes::from_static(
                r#"{"type":"error","event_id":null,"at":"1970-01-01T00:00:00.000000Z","data":{"code":"internal","detail":"a frame could not be written"}}"#,
            )
        }
    }
}

fn head(type_: &str, id: Option<FrameId>, at: DateTime<Utc>, data: usize) -> String {
    let mut text = String::with_capacity(data + OVERHEAD);
    text.push_str("{\"type\":\"");
    text.push_str(type_);
    match id {
        Some(id) => {
            let mut buffer = [0_u8; uuid::fmt::Hyphenated::LENGTH];
            text.push_str("\",\"event_id\":\"");
            text.push_str(id.0.hyphenated().encode_lower(&mut buffer));
            text.push_str("\",\"at\":\"");
        }
        None => text.push_str("\",\"event_id\":null,\"at\":\""),
    }
    text.push_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true));
    text.push_str("\",\"data\":");
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use switchroom_core::{EventId, frame::Audience};
    use uuid::Uuid;

    use super::*;

    fn frame(type_: &'static str, data: &str) -> Frame {
        let user = UserId(Uuid::from_u128(7));
        let source = EventId(Uuid::from_u128(9));
        Frame {
            to: Audience::User(user),
            type_,
            source,
            event_id: Some(FrameId::derive(source, type_, user)),
            at: DateTime::from_timestamp(1_700_000_000, 123_456_000).unwrap(),
            data: data.into(),
        }
    }

    fn read(text: &Utf8Bytes) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_frame_keeps_its_data_and_gets_an_envelope() {
        let user = UserId(Uuid::from_u128(7));
        let frame = frame("call_ended", r#"{"call":{"from":"\"é\""}}"#);
        let value = read(&of_frame(&frame, user, Grants::ALL, 5));
        assert_eq!(
            value,
            json!({"type": "call_ended", "event_id": frame.event_id.unwrap().to_string(),
                   "at": "2023-11-14T22:13:20.123456Z", "data": {"call": {"from": "\"é\""}}})
        );
    }

    #[test]
    fn only_a_pop_gets_the_push_time_as_its_last_field() {
        let user = UserId(Uuid::from_u128(7));
        let pop = read(&of_frame(&frame("screen_pop", r#"{"received_at_us":1}"#), user, Grants::ALL, 5));
        assert_eq!(pop["data"], json!({"received_at_us": 1, "pushed_at_us": 5}));
        let empty = read(&of_frame(&frame("screen_pop", "{}"), user, Grants::ALL, 5));
        assert_eq!(empty["data"], json!({"pushed_at_us": 5}));
        assert_eq!(read(&of_frame(&frame("presence", "{}"), user, Grants::ALL, 5))["data"], json!({}));
    }

    #[test]
    fn a_topic_frame_has_the_id_the_user_would_have_got() {
        let user = UserId(Uuid::from_u128(8));
        let mut frame = frame("call_updated", "{}");
        frame.to = Audience::Topic("calls");
        frame.event_id = None;
        let value = read(&of_frame(&frame, user, Grants::ALL, 0));
        assert_eq!(value["event_id"], FrameId::derive(frame.source, "call_updated", user).to_string());
    }

    #[test]
    fn control_frames_have_no_id() {
        let value = read(&of_data("ping", &json!({})));
        assert_eq!(
            (&value["type"], &value["event_id"], &value["data"]),
            (&json!("ping"), &Value::Null, &json!({}))
        );
        assert!(DateTime::parse_from_rfc3339(value["at"].as_str().unwrap()).is_ok());
    }
}
