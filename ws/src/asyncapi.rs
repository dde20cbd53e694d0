//! The AsyncAPI 3.0 document of the socket, made from the lists of messages in [`crate::protocol`].

use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};

use crate::{
    protocol::{
        Close, client,
        server::{self, Described, Direction},
    },
    settings::{MAX_DEPTH, MAX_MESSAGE, SUBPROTOCOL},
};

/// The document, as `GET /asyncapi.json` and `switchroom asyncapi` give it.
pub fn asyncapi() -> Value {
    let mut schemas = Map::new();
    let mut messages = Map::new();
    for message in server::MESSAGES.iter().chain(client::MESSAGES) {
        let mut parts = vec![((message.name)().into_owned(), (message.schema)())];
        (message.parts)(&mut parts);
        for (name, schema) in parts {
            let mut schema = as_json(&schema);
            if message.direction == Direction::Send {
                always_there(&mut schema);
            }
            schemas.insert(name, schema);
        }
        messages.insert(
            key(message),
            json!({
                "name": message.type_,
                "title": message.type_,
                "summary": message.summary,
                "contentType": "application/json",
                "payload": payload(message),
            }),
        );
    }
    let of = |direction: Direction| -> Vec<Value> {
        server::MESSAGES
            .iter()
            .chain(client::MESSAGES)
            .filter(|message| message.direction == direction)
            .map(|message| json!({"$ref": format!("#/channels/socket/messages/{}", key(message))}))
            .collect()
    };
    let in_channel: Map<String, Value> = messages
        .keys()
        .map(|name| (name.clone(), json!({"$ref": format!("#/components/messages/{name}")})))
        .collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Switchroom socket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": description(),
        },
        "defaultContentType": "application/json",
        "servers": {
            "switchroom": {"host": "127.0.0.1:8080", "protocol": "ws", "description": "The address of `--http`."}
        },
        "channels": {
            "socket": {
                "address": "/ws",
                "title": SUBPROTOCOL,
                "messages": in_channel,
                "bindings": {"ws": {"method": "GET", "headers": {
                    "type": "object",
                    "required": ["Sec-WebSocket-Protocol"],
                    "properties": {
                        "Sec-WebSocket-Protocol": {
                            "type": "string",
                            "description": "`switchroom.v1`, and from browsers a second one, `ticket.TICKET`.",
                        },
                        "Authorization": {"type": "string", "description": "`Bearer TOKEN`, where there is no ticket."},
                    },
                }}},
            }
        },
        "operations": {
            "send": {
                "action": "send",
                "channel": {"$ref": "#/channels/socket"},
                "summary": "What the server sends.",
                "messages": of(Direction::Send),
            },
            "receive": {
                "action": "receive",
                "channel": {"$ref": "#/channels/socket"},
                "summary": "What clients send.",
                "messages": of(Direction::Receive),
            },
        },
        "components": {"messages": messages, "schemas": schemas},
        "x-close-codes": Close::ALL
            .iter()
            .map(|close| (close.code().to_string(), close.reason().into()))
            .collect::<Map<String, Value>>(),
    })
}

/// A message's name among all: `presence` goes both ways.
fn key(message: &Described) -> String {
    match message.direction {
        Direction::Send => format!("server_{}", message.type_),
        Direction::Receive => format!("client_{}", message.type_),
    }
}

fn payload(message: &Described) -> Value {
    let data = json!({"$ref": format!("#/components/schemas/{}", (message.name)())});
    match message.direction {
        Direction::Send => json!({
            "type": "object",
            "required": ["type", "event_id", "at", "data"],
            "properties": {
                "type": {"type": "string", "const": message.type_},
                "event_id": {
                    "type": ["string", "null"],
                    "format": "uuid",
                    "description": "The same whenever the frame is sent again; null for control and wallboard frames.",
                },
                "at": {"type": "string", "format": "date-time"},
                "data": data,
            },
        }),
        Direction::Receive => json!({
            "allOf": [
                {
                    "type": "object",
                    "required": ["type"],
                    "properties": {"type": {"type": "string", "const": message.type_}},
                },
                data,
            ],
        }),
    }
}

fn as_json(schema: &RefOr<Schema>) -> Value {
    // A schema that did not serialise would be missed by the test that resolves every reference.
    serde_json::to_value(schema).unwrap_or(Value::Null)
}

/// What may be null is still always there in what we send; what may be absent is never null.
fn always_there(schema: &mut Value) {
    let nullable = |property: &Value| {
        let says_null = |schema: &Value| match &schema["type"] {
            Value::Array(types) => types.iter().any(|type_| type_ == "null"),
            type_ => type_ == "null",
        };
        says_null(property) || property["oneOf"].as_array().is_some_and(|parts| parts.iter().any(says_null))
    };
    let Some(properties) = schema["properties"].as_object() else { return };
    let mut required: Vec<Value> = schema["required"].as_array().cloned().unwrap_or_default();
    for (name, property) in properties {
        if nullable(property) && !required.iter().any(|other| other == name) {
            required.push(name.as_str().into());
        }
    }
    if !required.is_empty() {
        schema["required"] = required.into();
    }
}

fn description() -> String {
    format!(
        "JSON text frames. From clients at most {MAX_MESSAGE} bytes and {MAX_DEPTH} levels of nesting. After `hello` \
         the user's open pops follow. Frames are delivered at least once, with an `event_id` that stays the same; they \
         are provisional until a `committed` or `resynced` cursor covers them. A client that resumes keeps the cursor it \
         resumed from until `resynced`."
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(target) if name == "$ref" => {
                            found.insert(target.clone());
                        }
                        other => references(other, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = asyncapi();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 40);
        for target in found {
            let place = document.pointer(target.strip_prefix('#').unwrap());
            assert!(place.is_some_and(Value::is_object), "{target}");
        }
    }

    #[test]
    fn names_are_unique() {
        let all = || server::MESSAGES.iter().chain(client::MESSAGES);
        let keys: BTreeSet<_> = all().map(key).collect();
        assert_eq!(keys.len(), all().count());
    }

    /// Contract §4: the words of both directions.
    #[test]
    fn every_message_of_the_contract_is_there() {
        let document = asyncapi();
        let messages = document["components"]["messages"].as_object().unwrap();
        for type_ in [
            "hello",
            "screen_pop",
            "pop_withdrawn",
            "call_updated",
            "call_ended",
            "presence",
            "queue",
            "ticket_updated",
            "notification",
            "wallboard",
            "committed",
            "resynced",
            "error",
            "ping",
        ] {
            let message = &messages[&format!("server_{type_}")];
            assert_eq!(message["payload"]["properties"]["type"]["const"], type_);
        }
        for type_ in ["resume", "ack", "subscribe", "unsubscribe", "presence", "pong"] {
            assert_eq!(messages[&format!("client_{type_}")]["name"], type_);
        }
        for code in ["4401", "4408", "4409", "4400", "1001"] {
            assert!(document["x-close-codes"][code].is_string(), "{code}");
        }
    }

    #[test]
    fn fields_that_may_be_null_say_so() {
        let document = asyncapi();
        let call = &document["components"]["schemas"]["PopCall"];
        assert!(call["required"].as_array().unwrap().contains(&json!("from")), "{call}");
        assert_eq!(call["properties"]["from"]["type"], json!(["string", "null"]));
        let caller = &document["components"]["schemas"]["CallerContext"];
        assert!(caller["required"].as_array().unwrap().contains(&json!("contact")), "{caller}");
        // What may be absent is not asked for.
        let board = &document["components"]["schemas"]["WallboardData"];
        assert!(!board["required"].as_array().unwrap().contains(&json!("base")), "{board}");
        let presence = &document["components"]["schemas"]["SetPresence"];
        assert_eq!(presence["required"], json!(["state"]));
    }
}
