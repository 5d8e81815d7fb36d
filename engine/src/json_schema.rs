//! JSON Schema violations in words: every one of them, each with the place and the cure.

use crate::diagnostics::suggest;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::Value;

/// Unknown keys of one mapping for which a known one is sought.
const MOST_GUESSED: usize = 200;

/// A compiled schema.
pub struct Checker {
    schema: Value,
    validator: Validator,
}

/// What kind of violation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViolationKind {
    /// A key that is not there in the schema.
    UnknownKey,
    /// A required key is missing.
    MissingKey,
    /// Another type.
    WrongType,
    /// The right type, a value that is not allowed.
    WrongValue,
}

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What kind.
    pub kind: ViolationKind,
    /// JSON pointer of the value; for an unknown key, of the key.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Checker {
    /// Compiles a schema; an error only for a schema that is none.
    pub fn new(schema: Value) -> Result<Self, String> {
        let validator =
            jsonschema::options().with_draft(Draft::Draft202012).build(&schema).map_err(|error| error.to_string())?;
        Ok(Self { schema, validator })
    }

    /// All violations of `value`. Texts that hold a template are taken for whatever the schema wants.
    pub fn check(&self, value: &Value) -> Vec<Violation> {
        // To know that all is well is cheaper than to collect what is not.
        if self.validator.is_valid(value) {
            return Vec::new();
        }
        let mut found: Vec<Violation> =
            self.validator.iter_errors(value).flat_map(|error| self.translate(&error, value)).collect();
        found.dedup();
        found
    }

    fn translate(&self, error: &ValidationError<'_>, root: &Value) -> Vec<Violation> {
        let at = error.instance_path().to_string();
        if error.instance().as_str().is_some_and(|text| text.contains("{{")) {
            return Vec::new();
        }
        let one =
            |kind, message: String, help: Option<String>| vec![Violation { kind, pointer: at.clone(), message, help }];
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let known = self.known_keys(&error.schema_path().to_string());
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                // Nobody writes so many by mistake; that they are unknown is enough.
                let (first, rest) = unexpected.split_at(unexpected.len().min(MOST_GUESSED));
                let first =
                    first.iter().map(|key| unknown_key(&at, key, Some(suggest::help(key, "known keys", &known))));
                first.chain(rest.iter().map(|key| unknown_key(&at, key, None))).collect()
            }
            // `additionalProperties: false` of an object that knows no key at all: the error names the object alone.
            ValidationErrorKind::FalseSchema => {
                let keys = root.pointer(&at).and_then(Value::as_object).map(|map| map.keys());
                keys.into_iter()
                    .flatten()
                    .map(|key| unknown_key(&at, key, Some("there are no known keys".to_owned())))
                    .collect()
            }
            ValidationErrorKind::Required { property } => {
                let key = property.as_str().unwrap_or_default();
                let help = self.description(&error.schema_path().to_string(), key);
                one(ViolationKind::MissingKey, format!("`{key}` is missing"), help)
            }
            ValidationErrorKind::Type { kind } => {
                let wanted = match kind {
                    TypeKind::Single(one) => vec![*one],
                    TypeKind::Multiple(set) => set.iter().collect(),
                };
                // That a value may be left out goes without saying.
                let wanted = wanted.iter().map(ToString::to_string).filter(|kind| kind != "null");
                let wanted: Vec<String> = wanted.map(|kind| speak(&kind).to_owned()).collect();
                let message = format!("expected {}, found {}", wanted.join(" or "), found(error.instance()));
                one(ViolationKind::WrongType, message, None)
            }
            ValidationErrorKind::Pattern { pattern } => {
                let message = format!("{} does not have the form that is asked for", found(error.instance()));
                one(ViolationKind::WrongValue, message, Some(form(pattern)))
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                let options = alternatives(context);
                let options: Vec<&str> = options.iter().map(String::as_str).collect();
                let message = format!("{} is not one of the allowed values", found(error.instance()));
                let help = match (options.is_empty(), error.instance().as_str()) {
                    (true, _) => "see the reference for the forms that this value may have".to_owned(),
                    (false, Some(text)) => suggest::help(text, "allowed", &options),
                    (false, None) => format!("allowed: {}", suggest::list(&options)),
                };
                one(ViolationKind::WrongValue, message, Some(help))
            }
            ValidationErrorKind::MaxLength { limit } => {
                let message = format!("{} is longer than {limit} characters", found(error.instance()));
                one(ViolationKind::WrongValue, message, None)
            }
            ValidationErrorKind::Enum { options } => {
                let options: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let message = format!("{} is not one of the allowed values", found(error.instance()));
                let help = suggest::help(error.instance().as_str().unwrap_or_default(), "allowed", &options);
                one(ViolationKind::WrongValue, message, Some(help))
            }
            _ => one(ViolationKind::WrongValue, error.to_string(), None),
        }
    }

    /// The keys that the object schema at this path knows.
    fn known_keys(&self, schema_path: &str) -> Vec<String> {
        let properties =
            self.around(schema_path).and_then(|schema| schema.get("properties")).and_then(Value::as_object);
        properties.map(|map| map.keys().cloned().collect()).unwrap_or_default()
    }

    fn description(&self, schema_path: &str, key: &str) -> Option<String> {
        let property = self.around(schema_path)?.get("properties")?.get(key)?;
        Some(format!("`{key}`: {}", property.get("description")?.as_str()?))
    }

    /// The schema that holds the keyword at the end of `path`; a path may lead through references.
    fn around(&self, path: &str) -> Option<&Value> {
        let mut at = &self.schema;
        let tokens: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        for token in tokens.get(..tokens.len().saturating_sub(1))? {
            at = match *token {
                "$ref" => self.schema.pointer(at.get("$ref")?.as_str()?.strip_prefix('#')?)?,
                token => {
                    let token = token.replace("~1", "/").replace("~0", "~");
                    at.get(&token).or_else(|| at.get(token.parse::<usize>().ok()?))?
                }
            };
        }
        Some(at)
    }
}

/// The texts that any of several schemas would have taken, however deep they are nested.
fn alternatives(context: &[Vec<ValidationError<'_>>]) -> Vec<String> {
    let texts = |value: &Value| value.as_str().map(str::to_owned);
    let of = |error: &ValidationError<'_>| match error.kind() {
        ValidationErrorKind::Constant { expected_value } => texts(expected_value).into_iter().collect(),
        ValidationErrorKind::Enum { options } => options.as_array().into_iter().flatten().filter_map(texts).collect(),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            alternatives(context)
        }
        _ => Vec::new(),
    };
    context.iter().flatten().flat_map(of).collect()
}

fn unknown_key(at: &str, key: &str, help: Option<String>) -> Violation {
    let token = key.replace('~', "~0").replace('/', "~1");
    Violation {
        kind: ViolationKind::UnknownKey,
        pointer: format!("{at}/{token}"),
        message: format!("unknown key `{key}`"),
        help,
    }
}

fn speak(json_type: &str) -> &str {
    match json_type {
        "string" => "a text",
        "integer" => "an integer",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        "array" => "a list",
        "object" => "a mapping",
        "null" => "nothing",
        other => other,
    }
}

/// A value as a message shows it, cut where it is long.
fn found(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        scalar => {
            let text = scalar.to_string();
            let cut: String = text.chars().take(60).collect();
            if cut.len() < text.len() { format!("`{cut}…`") } else { format!("`{cut}`") }
        }
    }
}

/// The forms that the flow format asks for, in words.
fn form(pattern: &str) -> String {
    match pattern {
        p if p.starts_with(r"^\d+\.\d+\.\d+") => "write a version as `1.0.0`".to_owned(),
        p if p.starts_with(r"^\d{4}") => "write a date as `2025-01-15`".to_owned(),
        p if p.starts_with("^[a-zA-Z][a-zA-Z0-9_-]*$") => {
            "letters, digits, `_` and `-`, beginning with a letter".to_owned()
        }
        p if p.starts_with("^[a-zA-Z][a-zA-Z0-9_]*(") => {
            "letters, digits and `_`, beginning with a letter; parts may be joined by dots".to_owned()
        }
        other => format!("it must match `{other}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(value: Value) -> Vec<Violation> {
        let schema = json!({
            "type": "object",
            "properties": {
                "mode": {"$ref": "#/$defs/Mode"},
                "rows": {"type": "integer", "description": "Rows to keep"},
                "inner": {"type": "object", "properties": {"a": {}}, "additionalProperties": false}
            },
            "required": ["rows"],
            "additionalProperties": false,
            "$defs": {"Mode": {"oneOf": [{"const": "append"}, {"const": "overwrite"}]}}
        });
        Checker::new(schema).unwrap().check(&value)
    }

    #[test]
    fn all_violations_come_at_once_with_help() {
        let found = check(json!({"mode": "apend", "row": 1, "inner": {"b": 1}}));
        let texts: Vec<String> =
            found.iter().map(|v| format!("{} {}", v.pointer, v.help.as_deref().unwrap_or(""))).collect();
        assert!(texts.contains(&"/mode did you mean `append`?".to_owned()), "{texts:?}");
        assert!(texts.contains(&"/row did you mean `rows`?".to_owned()), "{texts:?}");
        assert!(texts.contains(&"/inner/b known keys: `a`".to_owned()), "{texts:?}");
        assert!(texts.contains(&" `rows`: Rows to keep".to_owned()), "{texts:?}");
    }

    #[test]
    fn an_object_without_keys_takes_none() {
        let schema = json!({"type": "object", "additionalProperties": false});
        let found = Checker::new(schema).unwrap().check(&json!({"a/b": 1}));
        assert_eq!((found[0].kind, found[0].pointer.as_str()), (ViolationKind::UnknownKey, "/a~1b"));
        assert_eq!(found[0].help.as_deref(), Some("there are no known keys"));
    }

    #[test]
    fn types_are_named_and_templates_pass() {
        assert_eq!(check(json!({"rows": "many"}))[0].message, "expected an integer, found `\"many\"`");
        assert_eq!(check(json!({"rows": "{{ context.rows }}", "mode": "{{ context.mode }}"})), vec![]);
    }
}
