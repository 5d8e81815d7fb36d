//! Which texts of a configuration are SQL expressions, queries or names of columns, however deep they stand: the module's schema says so
//! by `format`.

use pypeline_schema::manifest::ModuleManifest;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Schemas in schemas that are looked into: deep enough for any form.
const DEEPEST: usize = 16;

/// Schemas that are looked into in all: one that holds itself in several ways has no end.
const MOST_VISITS: usize = 10_000;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// `format: sql-expression`.
    Expression,
    /// `format: sql-query`: a SELECT over the input ports.
    Query,
    /// `format: column`: a column of an input.
    Column,
}

/// Where in a configuration a text of some meaning may stand; none in a path stands for every item or key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    path: Vec<Option<String>>,
    meaning: Meaning,
}

/// A text of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf<'a> {
    /// JSON pointer within the configuration.
    pub pointer: String,
    pub text: &'a str,
    pub meaning: Meaning,
}

/// All places that a module's schema marks.
pub(crate) fn patterns(manifest: &ModuleManifest) -> Vec<Pattern> {
    of_schema(&manifest.config_json_schema)
}

fn of_schema(root: &Value) -> Vec<Pattern> {
    let mut walk = Walk { root, path: Vec::new(), visits: 0, found: Vec::new() };
    walk.visit(root, DEEPEST);
    walk.found
}

struct Walk<'a> {
    root: &'a Value,
    path: Vec<Option<String>>,
    visits: usize,
    found: Vec<Pattern>,
}

impl Walk<'_> {
    /// `room`: a schema may hold itself.
    fn visit(&mut self, schema: &Value, room: usize) {
        let Some(room) = room.checked_sub(1).filter(|_| self.visits < MOST_VISITS) else { return };
        self.visits += 1;
        let meaning = match schema.get("format").and_then(Value::as_str) {
            Some("sql-expression") => Some(Meaning::Expression),
            Some("sql-query") => Some(Meaning::Query),
            Some("column") => Some(Meaning::Column),
            _ => None,
        };
        self.found.extend(meaning.map(|meaning| Pattern { path: self.path.clone(), meaning }));
        let referred = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        if let Some(target) = referred.and_then(|target| self.root.pointer(target)) {
            self.visit(target, room);
        }
        for of_all in ["anyOf", "oneOf", "allOf"] {
            for inner in schema.get(of_all).and_then(Value::as_array).into_iter().flatten() {
                self.visit(inner, room);
            }
        }
        for (key, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.path.push(Some(key.clone()));
            self.visit(inner, room);
            self.path.pop();
        }
        for every in ["items", "additionalProperties"] {
            if let Some(inner) = schema.get(every).filter(|inner| inner.is_object()) {
                self.path.push(None);
                self.visit(inner, room);
                self.path.pop();
            }
        }
    }
}

/// The texts of a configuration that a pattern meets.
pub(crate) fn leaves<'a>(patterns: &[Pattern], config: &'a Map<String, Value>) -> Vec<Leaf<'a>> {
    let mut found: Vec<Leaf<'a>> = Vec::new();
    for pattern in patterns {
        let Some((Some(first), rest)) = pattern.path.split_first() else { continue };
        let Some(value) = config.get(first) else { continue };
        let mut here = vec![(format!("/{}", escape(first)), value)];
        for step in rest {
            here = here.into_iter().flat_map(|(pointer, value)| inside(&pointer, value, step.as_deref())).collect();
        }
        for (pointer, value) in here {
            if let Value::String(text) = value
                && !found.iter().any(|leaf| leaf.pointer == pointer)
            {
                found.push(Leaf { pointer, text, meaning: pattern.meaning });
            }
        }
    }
    found
}

fn inside<'a>(pointer: &str, value: &'a Value, step: Option<&str>) -> Vec<(String, &'a Value)> {
    match (value, step) {
        (Value::Object(map), Some(key)) => {
            map.get(key).map(|value| (format!("{pointer}/{}", escape(key)), value)).into_iter().collect()
        }
        (Value::Object(map), None) => {
            map.iter().map(|(key, value)| (format!("{pointer}/{}", escape(key)), value)).collect()
        }
        (Value::Array(items), None) => {
            items.iter().enumerate().map(|(at, value)| (format!("{pointer}/{at}"), value)).collect()
        }
        _ => Vec::new(),
    }
}

/// Every text of a configuration with its pointer, in an order that is always the same.
pub(crate) fn texts(config: &Map<String, Value>) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let mut left: Vec<(String, &Value)> =
        config.iter().map(|(key, value)| (format!("/{}", escape(key)), value)).collect();
    while let Some((pointer, value)) = left.pop() {
        match value {
            Value::String(text) => found.push((pointer, text.as_str())),
            Value::Array(_) | Value::Object(_) => left.extend(inside(&pointer, value, None)),
            _ => {}
        }
    }
    found.sort();
    found
}

/// Tables that a configuration makes itself, by name: the keys of a mapping are their columns, and its values the expressions.
pub(crate) type OwnTables<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>;

/// The own tables of a configuration: its module's schema marks the key of one by `x-table`, the table's name.
pub(crate) fn own_tables<'a>(manifest: &'a ModuleManifest, config: &'a Map<String, Value>) -> OwnTables<'a> {
    let properties = manifest.config_json_schema.get("properties").and_then(Value::as_object);
    let named =
        properties.into_iter().flatten().filter_map(|(key, schema)| Some((key, schema.get("x-table")?.as_str()?)));
    let columns = |key: &String| {
        let mapping = config.get(key).and_then(Value::as_object);
        mapping.into_iter().flatten().filter_map(|(name, made)| Some((name.as_str(), made.as_str()?))).collect()
    };
    named.map(|(key, table)| (table, columns(key))).collect()
}

/// Every key of mappings within a configuration, with the pointer of its value, in an order that is always the same.
pub(crate) fn keys(config: &Map<String, Value>) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let top = |key: &String| format!("/{}", escape(key));
    let mut left: Vec<(String, &Value)> = config.iter().map(|(key, value)| (top(key), value)).collect();
    while let Some((pointer, value)) = left.pop() {
        if let Value::Object(map) = value {
            found.extend(map.keys().map(|key| (format!("{pointer}/{}", escape(key)), key.as_str())));
        }
        left.extend(inside(&pointer, value, None));
    }
    found.sort();
    found
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(schema: Value, config: Value) -> Vec<(String, String)> {
        let patterns = of_schema(&schema);
        let config = config.as_object().cloned().unwrap_or_default();
        let found = leaves(&patterns, &config);
        found.into_iter().map(|leaf| (leaf.pointer, leaf.text.to_owned())).collect()
    }

    #[test]
    fn marked_texts_are_found_however_deep_they_stand() {
        let schema = json!({
            "properties": {
                "condition": {"type": "string", "format": "sql-expression"},
                "by": {"type": "array", "items": {"type": "string", "format": "column"}},
                "columns": {"additionalProperties": {"$ref": "#/$defs/Made"}},
                "tree": {"$ref": "#/$defs/Tree"}
            },
            "$defs": {
                "Made": {"properties": {"from": {"anyOf": [{"type": "null"}, {"format": "sql-expression"}]}}},
                "Tree": {"properties": {"inner": {"anyOf": [{"$ref": "#/$defs/Tree"}]}, "of": {"format": "column"}}}
            }
        });
        let config = json!({
            "condition": "a > 1", "by": ["b", 3], "columns": {"x/y": {"from": "c + 1"}, "z": {"from": null}},
            "tree": {"of": "d", "inner": {"of": "e"}}
        });
        let mut found = found(schema, config);
        found.sort();
        let expected = [
            ("/by/0", "b"),
            ("/columns/x~1y/from", "c + 1"),
            ("/condition", "a > 1"),
            ("/tree/inner/of", "e"),
            ("/tree/of", "d"),
        ];
        assert_eq!(found, expected.map(|(pointer, text)| (pointer.to_owned(), text.to_owned())));
    }
}
