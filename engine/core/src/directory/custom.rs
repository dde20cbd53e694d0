//! Fields of a tenant's own: what a value must look like to be one of a field, and what a query means by a value.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Characters of a text or a choice.
pub const MAX_TEXT: usize = 1000;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    Text,
    Number,
    /// As `2026-11-21`.
    Date,
    Boolean,
    /// One of a list of texts.
    Choice,
}

impl FieldType {
    pub const ALL: [Self; 5] = [Self::Text, Self::Number, Self::Date, Self::Boolean, Self::Choice];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Date => "date",
            Self::Boolean => "boolean",
            Self::Choice => "choice",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == word)
    }
}

/// A field, as far as its values go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub key: String,
    pub kind: FieldType,
    /// Of a choice.
    pub choices: Vec<String>,
    pub required: bool,
}

/// What is wrong with the value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub key: String,
    pub detail: String,
}

impl Field {
    /// The value as it is stored, or why it is none of this field.
    pub fn check(&self, value: &Value) -> Result<Value, String> {
        match (self.kind, value) {
            (FieldType::Text, Value::String(text)) => {
                let text = text.trim();
                if text.chars().count() > MAX_TEXT {
                    return Err(format!("must have at most {MAX_TEXT} characters"));
                }
                Ok(text.into())
            }
            (FieldType::Number, Value::Number(_)) => Ok(value.clone()),
            (FieldType::Date, Value::String(text)) => {
                let date = text.parse::<NaiveDate>().map_err(|_| "must be a date such as 2026-11-21")?;
                Ok(date.to_string().into())
            }
            (FieldType::Boolean, Value::Bool(_)) => Ok(value.clone()),
            (FieldType::Choice, Value::String(text)) if self.choices.contains(text) => Ok(value.clone()),
            (FieldType::Text, _) => Err("must be a text".to_owned()),
            (FieldType::Number, _) => Err("must be a number".to_owned()),
            (FieldType::Date, _) => Err("must be a date such as 2026-11-21".to_owned()),
            (FieldType::Boolean, _) => Err("must be true or false".to_owned()),
            (FieldType::Choice, _) => Err(format!("must be one of {}", self.choices.join(", "))),
        }
    }

    /// The value that a text of a query or of a file means.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        let text = text.trim();
        let value = match self.kind {
            FieldType::Text | FieldType::Date => Value::String(text.to_owned()),
            FieldType::Choice => {
                let known = self.choices.iter().find(|choice| choice.to_lowercase() == text.to_lowercase());
                Value::String(known.cloned().unwrap_or_else(|| text.to_owned()))
            }
            FieldType::Number => serde_json::from_str::<serde_json::Number>(text)
                .map(Value::Number)
                .map_err(|_| "must be a number")?,
            FieldType::Boolean => match text.to_lowercase().as_str() {
                "true" | "yes" | "1" => Value::Bool(true),
                "false" | "no" | "0" => Value::Bool(false),
                _ => return Err("must be true or false".to_owned()),
            },
        };
        self.check(&value)
    }
}

/// The values to be stored: each checked by its field. `whole` when they are all there will be (a new record), else they
/// are merged into what is there, and null takes one away. A null for a key that is no field is allowed, so that what a
/// removed field has left can go.
pub fn check(
    fields: &[Field],
    values: &Map<String, Value>,
    whole: bool,
) -> Result<Map<String, Value>, Vec<Fault>> {
    let (mut fine, mut faults) = (Map::new(), Vec::new());
    for (key, value) in values {
        let mut fault = |detail: String| faults.push(Fault { key: key.clone(), detail });
        match (fields.iter().find(|field| field.key == *key), value) {
            (Some(field), Value::Null) if field.required && !whole => fault("is required".to_owned()),
            (_, Value::Null) => {
                if !whole {
                    fine.insert(key.clone(), Value::Null);
                }
            }
            (Some(field), value) => match field.check(value) {
                // A text of blanks is no value.
                Ok(value) if field.required && value == "" => fault("is required".to_owned()),
                Ok(value) => {
                    fine.insert(key.clone(), value);
                }
                Err(detail) => fault(detail),
            },
            (None, _) => fault("is no field of this kind of contact".to_owned()),
        }
    }
    if whole {
        for field in fields.iter().filter(|field| field.required) {
            if !fine.contains_key(&field.key) && !faults.iter().any(|fault| fault.key == field.key) {
                faults.push(Fault { key: field.key.clone(), detail: "is required".to_owned() });
            }
        }
    }
    if faults.is_empty() { Ok(fine) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(kind: FieldType, required: bool) -> Field {
        let choices =
            if kind == FieldType::Choice { vec!["Gold".into(), "Silver".into()] } else { Vec::new() };
        Field { key: kind.name().to_owned(), kind, choices, required }
    }

    #[test]
    fn a_value_is_one_of_its_field() {
        for (kind, good, bad) in [
            (
                FieldType::Text,
                vec![json!("x"), json!("")],
                vec![json!(1), json!(true), json!("x".repeat(1001))],
            ),
            (FieldType::Number, vec![json!(1), json!(-2.5)], vec![json!("1"), json!([1])]),
            (
                FieldType::Date,
                vec![json!("2026-02-28")],
                vec![json!("2026-02-30"), json!("28.02.2026"), json!(1)],
            ),
            (FieldType::Boolean, vec![json!(true)], vec![json!("true"), json!(0)]),
            (FieldType::Choice, vec![json!("Gold")], vec![json!("gold"), json!("Bronze"), json!(1)]),
        ] {
            let field = field(kind, false);
            for value in good {
                assert_eq!(field.check(&value), Ok(value.clone()), "{kind:?} {value}");
            }
            for value in bad {
                assert!(field.check(&value).is_err(), "{kind:?} {value}");
            }
        }
    }

    #[test]
    fn a_text_is_read_as_the_field_means_it() {
        for (kind, text, value) in [
            (FieldType::Text, " x ", Some(json!("x"))),
            (FieldType::Number, "2.50", Some(json!(2.50))),
            (FieldType::Number, "1e999", None),
            (FieldType::Number, "two", None),
            (FieldType::Date, "2026-02-28", Some(json!("2026-02-28"))),
            (FieldType::Date, "yesterday", None),
            (FieldType::Boolean, "Yes", Some(json!(true))),
            (FieldType::Boolean, "maybe", None),
            (FieldType::Choice, "gold", Some(json!("Gold"))),
            (FieldType::Choice, "lead", None),
        ] {
            assert_eq!(field(kind, false).read(text).ok(), value, "{kind:?} {text}");
        }
    }

    #[test]
    fn whole_records_and_merges() {
        let fields = [field(FieldType::Text, true), field(FieldType::Number, false)];
        let map = |value: Value| value.as_object().unwrap().clone();
        let faults = |value: Value, whole| {
            check(&fields, &map(value), whole)
                .unwrap_err()
                .into_iter()
                .map(|fault| fault.key)
                .collect::<Vec<_>>()
        };
        assert_eq!(faults(json!({}), true), ["text"]);
        assert_eq!(faults(json!({"text": null}), true), ["text"]);
        assert_eq!(faults(json!({"text": 1}), true), ["text"]);
        assert_eq!(faults(json!({"text": "x", "shoe": 1}), true), ["shoe"]);
        assert_eq!(faults(json!({"text": null}), false), ["text"]);
        for blank in ["", " \t"] {
            assert_eq!(faults(json!({"text": blank}), true), ["text"]);
            assert_eq!(faults(json!({"text": blank}), false), ["text"]);
        }
        assert_eq!(
            check(&fields, &map(json!({"text": "x", "number": null})), true),
            Ok(map(json!({"text": "x"})))
        );
        assert_eq!(check(&fields, &map(json!({"number": 2})), false), Ok(map(json!({"number": 2}))));
        // What a removed field has left can go.
        let gone = map(json!({"number": null, "shoe": null}));
        assert_eq!(check(&fields, &gone, false), Ok(gone.clone()));
    }
}
