//! As much of JSON Schema as the AsyncAPI document uses, to hold every frame on the wire against it.

use serde_json::Value;

/// Checks a value against the document's schema for this message; answers where it does not fit.
pub fn check(document: &Value, message: &str, value: &Value) -> Result<(), String> {
    let payload = &document["components"]["messages"][message]["payload"];
    if payload.is_null() {
        return Err(format!("{message} is not in the document"));
    }
    fits(document, payload, value, message)
}

fn fits(document: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{place}: {what}: {value}"));
    if let Some(target) = schema["$ref"].as_str() {
        let part = document.pointer(&target[1..]).ok_or_else(|| format!("{target} leads nowhere"))?;
        return fits(document, part, value, place);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        fits(document, part, value, place)?;
    }
    if let Some(parts) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array())
        && !parts.iter().any(|part| fits(document, part, value, place).is_ok())
    {
        return wrong("fits none");
    }
    if !schema["const"].is_null() && schema["const"] != *value {
        return wrong("another constant");
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return wrong("not among the words");
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is = |type_: &str| match type_ {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("type {other}"),
    };
    if !types.is_empty() && !types.iter().any(|type_| is(type_)) {
        return wrong(&format!("not {types:?}"));
    }
    if let Some(text) = value.as_str() {
        match schema["format"].as_str() {
            Some("uuid") if text.parse::<uuid::Uuid>().is_err() => return wrong("no uuid"),
            Some("date-time") if chrono::DateTime::parse_from_rfc3339(text).is_err() => {
                return wrong("no time");
            }
            _ => {}
        }
    }
    if let Some(fields) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                return wrong(&format!("{name} is missing"));
            }
        }
        if let Some(properties) = schema["properties"].as_object() {
            for (name, field) in fields {
                let place = format!("{place}.{name}");
                match properties.get(name) {
                    Some(property) => fits(document, property, field, &place)?,
                    None => return Err(format!("{place} is not in the document")),
                }
            }
        }
    }
    if let (Some(items), Some(schema)) = (value.as_array(), schema.get("items")) {
        for item in items {
            fits(document, schema, item, place)?;
        }
    }
    Ok(())
}

mod tests {
    use serde_json::json;

    use super::check;

    #[test]
    fn the_checker_finds_what_does_not_fit() {
        let document = switchroom_ws::asyncapi();
        let at = "2026-01-01T00:00:00Z";
        let good = json!({"type": "committed", "event_id": null, "at": at, "data": {"cursor": "v1.1"}});
        assert_eq!(check(&document, "server_committed", &good), Ok(()));
        for (place, bad) in [
            ("/type", json!("resynced")),
            ("/event_id", json!("x")),
            ("/at", json!("yesterday")),
            ("/data", json!({})),
            ("/data", json!({"cursor": 1})),
            ("/data", json!({"cursor": "v1.1", "more": 1})),
        ] {
            let mut value = good.clone();
            *value.pointer_mut(place).unwrap() = bad;
            assert!(check(&document, "server_committed", &value).is_err(), "{value}");
        }
        assert!(check(&document, "server_nonsense", &good).is_err());
        let error =
            json!({"type": "error", "event_id": null, "at": at, "data": {"code": "nonsense", "detail": ""}});
        assert!(check(&document, "server_error", &error).is_err());
    }
}
