//! What a tenant notes down about a member for its own programs (a number of the payroll, a cost centre): keys and values that
//! mean nothing to us.

use serde_json::{Map, Value};

/// Octets of all keys and values as JSON without blanks.
pub const MAX_BYTES: usize = 16 * 1024;
/// Characters of a key.
pub const MAX_KEY: usize = 64;

/// It would be more than [`MAX_BYTES`] in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("would be more than {MAX_BYTES} octets of JSON")]
pub struct TooLong;

/// Whether it can be a key: neither empty nor too long, and without control characters.
pub fn is_key(key: &str) -> bool {
    (1..=MAX_KEY).contains(&key.chars().count()) && !key.contains(char::is_control)
}

/// What is there with the change merged into it: keys are set one by one, each to the whole of its value, and null takes one
/// away.
pub fn merged(
    before: &Map<String, Value>,
    change: &Map<String, Value>,
) -> Result<Map<String, Value>, TooLong> {
    let mut merged = before.clone();
    for (key, value) in change {
        if value.is_null() {
            merged.remove(key);
        } else {
            merged.insert(key.clone(), value.clone());
        }
    }
    // What only takes away is never refused.
    let shorter = change.values().all(Value::is_null);
    if !shorter && length(&merged) > MAX_BYTES { Err(TooLong) } else { Ok(merged) }
}

fn length(metadata: &Map<String, Value>) -> usize {
    serde_json::to_vec(metadata).map_or(usize::MAX, |json| json.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else { panic!("an object") };
        object
    }

    #[test]
    fn keys_are_set_and_taken_away_one_by_one() {
        let before = object(json!({"payroll": "A1", "site": {"floor": 2, "room": "b"}}));
        let change = object(json!({"payroll": null, "site": {"floor": 3}, "shoe": [43, null], "gone": null}));
        let after = json!({"site": {"floor": 3}, "shoe": [43, null]});
        assert_eq!(merged(&before, &change), Ok(object(after)));
        assert_eq!(merged(&before, &Map::new()), Ok(before));
    }

    #[test]
    fn keys_are_short_and_all_together_is_bounded() {
        assert!(is_key(&"é".repeat(64)) && is_key("cost centre"));
        assert!(!is_key("") && !is_key(&"k".repeat(65)) && !is_key("a\nb"));
        let nothing = Map::new();
        // {"k":"…"} has eight octets around the text.
        let of = |octets: usize| object(json!({"k": "x".repeat(octets - 8)}));
        assert!(merged(&nothing, &of(MAX_BYTES)).is_ok());
        assert_eq!(merged(&nothing, &of(MAX_BYTES + 1)), Err(TooLong));
        // More than that is there, of whatever version wrote it: it can be made less.
        let mut before = of(MAX_BYTES + 1);
        before.insert("old".into(), json!(1));
        assert!(merged(&before, &object(json!({"old": null}))).is_ok());
    }
}
