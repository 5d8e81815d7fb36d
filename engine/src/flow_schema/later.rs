//! Values that are known later: a text with a template (or an environment variable) in it may stand wherever a value stands.

use serde_json::{Map, Value, json};

/// What says of a value what it is for, and not what it may be.
const ANNOTATIONS: [&str; 5] = ["title", "description", "default", "deprecated", "examples"];

/// What keeps a text from being any text.
const LIMITS: [&str; 10] =
    ["enum", "const", "pattern", "format", "minLength", "maxLength", "anyOf", "oneOf", "allOf", "$ref"];

/// The schema of a text whose value is known later.
pub(super) fn definition() -> Value {
    json!({
        "description": "A text with a template or an environment variable: its value is known later",
        "type": "string",
        "pattern": "\\{\\{|\\$\\{",
    })
}

/// Allows such texts for the values of these definitions.
pub(super) fn allow(schema: &mut Value, definitions: &[&str]) {
    for name in definitions {
        schema.get_mut("$defs").and_then(|all| all.get_mut(*name)).into_iter().for_each(allow_in);
    }
}

/// Allows such texts for all values within a schema. Its depth is bounded by the JSON reader's.
pub(super) fn allow_in(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    for (key, inner) in map {
        match (key.as_str(), inner) {
            ("properties" | "patternProperties", Value::Object(values)) => values.values_mut().for_each(allow_value),
            ("items" | "additionalProperties", value) => allow_value(value),
            ("prefixItems", Value::Array(values)) => values.iter_mut().for_each(allow_value),
            ("anyOf" | "oneOf" | "allOf", Value::Array(schemas)) => schemas.iter_mut().for_each(allow_in),
            ("$defs" | "definitions", Value::Object(schemas)) => schemas.values_mut().for_each(allow_in),
            _ => {}
        }
    }
}

fn allow_value(schema: &mut Value) {
    allow_in(schema);
    let Value::Object(map) = schema else { return };
    if takes_any_text(map) {
        return;
    }
    let (mut outer, mut inner) = (Map::new(), Map::new());
    for (key, value) in std::mem::take(map) {
        let side = if ANNOTATIONS.contains(&key.as_str()) { &mut outer } else { &mut inner };
        side.insert(key, value);
    }
    outer.insert("anyOf".to_owned(), json!([inner, {"$ref": "#/$defs/later"}]));
    *map = outer;
}

fn takes_any_text(schema: &Map<String, Value>) -> bool {
    let is_text = match schema.get("type") {
        Some(Value::String(word)) => word == "string",
        Some(Value::Array(words)) => words.iter().any(|word| word == "string"),
        _ => true,
    };
    is_text && !LIMITS.iter().any(|limit| schema.contains_key(*limit))
}
