//! `{{ … }}` in configuration values: which names a template uses (at build), and its value (at run).
//!
//! A template that is the whole value keeps its type. What comes out is data and is never evaluated again.

mod names;
mod root;

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
pub use names::{Names, names, names_by_place, names_of_expression};
use root::root;
use serde_json::{Map, Value};
use std::sync::{Arc, OnceLock};

/// Why a template cannot be parsed or has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// JSON pointer of the value within the configuration.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
}

/// The values that templates may use.
#[derive(Debug, Clone)]
pub struct Scope {
    /// `context.x`.
    pub context: Arc<Map<String, Value>>,
    /// `params.x`.
    pub params: Arc<Map<String, Value>>,
    /// `run.id`, `run.started_at`.
    pub run: Arc<Map<String, Value>>,
    /// Globals, and the loops around.
    pub variables: Arc<dyn Variables>,
}

/// What changes while a run goes on: globals as nodes set them, and the items of loops.
pub trait Variables: std::fmt::Debug + Send + Sync {
    /// The value of `node__Var`, given in lower case.
    fn global(&self, key: &str) -> Option<Value>;

    /// Some global's key begins so.
    fn leads_on(&self, prefix: &str) -> bool;

    /// The values of `node__Var`, given in lower case, of all items that succeeded, in their order.
    fn each(&self, key: &str) -> Vec<Value>;

    /// Item and index of the loop `levels` levels above the innermost.
    fn item(&self, levels: usize) -> Option<(Value, u64)>;
}

/// Nothing at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoVariables;

impl Variables for NoVariables {
    fn global(&self, _: &str) -> Option<Value> {
        None
    }

    fn leads_on(&self, _: &str) -> bool {
        false
    }

    fn each(&self, _: &str) -> Vec<Value> {
        Vec::new()
    }

    fn item(&self, _: usize) -> Option<(Value, u64)> {
        None
    }
}

/// A value holds a template.
pub fn is_template(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{") || text.contains("{%"),
        Value::Array(items) => items.iter().any(is_template),
        Value::Object(map) => map.values().any(is_template),
        _ => false,
    }
}

/// The configuration with every template replaced by its value.
pub fn resolve(value: &Value, scope: &Scope) -> Result<Value, TemplateError> {
    resolve_at(value, scope, String::new())
}

fn resolve_at(value: &Value, scope: &Scope, pointer: String) -> Result<Value, TemplateError> {
    match value {
        Value::String(text) if is_template(value) => {
            evaluate(text, scope).map_err(|error| TemplateError { pointer, ..told(text, &error) })
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.map(|(at, item)| resolve_at(item, scope, format!("{pointer}/{at}"))).collect()
        }
        Value::Object(map) => {
            let entries = map.iter();
            entries.map(|(key, item)| Ok((key.clone(), resolve_at(item, scope, format!("{pointer}/{key}"))?))).collect()
        }
        other => Ok(other.clone()),
    }
}

fn evaluate(text: &str, scope: &Scope) -> Result<Value, Error> {
    let environment = environment();
    if let Some(expression) = whole(text).and_then(|inner| environment.compile_expression(inner).ok()) {
        let value = expression.eval(root(scope))?;
        if value.is_undefined() {
            return Err(Error::new(ErrorKind::UndefinedError, format!("`{}` has no value", text.trim())));
        }
        return serde_json::to_value(&value)
            .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()));
    }
    environment.template_from_str(text)?.render(root(scope)).map(Value::String)
}

/// The inside of a text that is one `{{ … }}` and nothing else.
fn whole(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}")).then_some(inner)
}

/// The value of a bare expression, taken for true or false.
pub fn holds(expression: &str, scope: &Scope) -> Result<bool, TemplateError> {
    let value = environment().compile_expression(expression).and_then(|compiled| compiled.eval(root(scope)));
    match value {
        Ok(value) if value.is_undefined() => Err(told(expression, &Error::from(ErrorKind::UndefinedError))),
        Ok(value) => Ok(value.is_true()),
        Err(error) => Err(told(expression, &error)),
    }
}

fn told(text: &str, error: &Error) -> TemplateError {
    let message = match error.kind() {
        ErrorKind::UndefinedError => format!("`{text}` uses a name that has no value"),
        _ => format!("`{text}`: {}", speak(error)),
    };
    TemplateError { pointer: String::new(), message }
}

/// One for all: it never changes, and making it costs more than most templates.
fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment
    })
}

fn speak(error: &Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug)]
    struct OfTest;

    impl Variables for OfTest {
        fn global(&self, key: &str) -> Option<Value> {
            match key {
                "load__row_count" => Some(json!(7)),
                "a.b__x" => Some(json!("deep")),
                _ => None,
            }
        }

        fn leads_on(&self, prefix: &str) -> bool {
            "a.b__x".starts_with(prefix)
        }

        fn each(&self, key: &str) -> Vec<Value> {
            if key == "load__row_count" { vec![json!(1), json!(2)] } else { Vec::new() }
        }

        fn item(&self, levels: usize) -> Option<(Value, u64)> {
            [(json!({"path": "a.csv"}), 4), (json!("outer"), 1)].get(levels).cloned()
        }
    }

    fn scope() -> Scope {
        let map = |value: Value| Arc::new(value.as_object().unwrap().clone());
        Scope {
            context: map(json!({"rows": 3, "dir": "out", "evil": "{{ context.rows }}"})),
            params: Arc::default(),
            run: Arc::default(),
            variables: Arc::new(OfTest),
        }
    }

    #[test]
    fn loops_are_seen_from_the_innermost_out() {
        let text = json!("{{ iter.item.path }} {{ iter.index }} {{ iter.parent.item }} {{ iter.parent.index }}");
        assert_eq!(resolve(&text, &scope()).unwrap(), json!("a.csv 4 outer 1"));
        assert!(resolve(&json!("{{ iter.parent.parent.index }}"), &scope()).is_err());
        assert_eq!(resolve(&json!("{{ each('load', 'Row_Count') | sum }}"), &scope()).unwrap(), json!(3));
    }

    #[test]
    fn expressions_are_true_or_false_or_have_no_value() {
        assert!(holds("load__row_count > 6 and iter.index == 4", &scope()).unwrap());
        assert!(!holds("context.rows > 5", &scope()).unwrap());
        assert!(holds("nope__x", &scope()).is_err());
        assert!(holds("nope__x is defined", &scope()).is_ok_and(|holds| !holds));
    }

    #[test]
    fn a_whole_template_keeps_its_type_and_a_part_becomes_text() {
        let value =
            json!({"n": "{{ context.rows }}", "p": "{{context.dir}}/x-{{ load__ROW_COUNT }}.csv", "k": [1, "plain"]});
        assert_eq!(resolve(&value, &scope()).unwrap(), json!({"n": 3, "p": "out/x-7.csv", "k": [1, "plain"]}));
        assert_eq!(resolve(&json!("{{ A.B__X }}"), &scope()).unwrap(), json!("deep"));
    }

    #[test]
    fn values_are_never_evaluated_twice() {
        assert_eq!(resolve(&json!("{{ context.evil }}"), &scope()).unwrap(), json!("{{ context.rows }}"));
    }

    #[test]
    fn what_is_not_there_is_an_error_with_a_place() {
        let error = resolve(&json!({"a": ["{{ context.nope }}"]}), &scope()).unwrap_err();
        assert_eq!(error.pointer, "/a/0");
        assert!(resolve(&json!("x {{ nope__y }}"), &scope()).is_err());
        assert!(resolve(&json!("{{ 1 + }}"), &scope()).is_err());
    }

    #[test]
    fn names_are_found_in_every_corner() {
        let (found, errors) =
            names(&json!({"a": "{{ context.x }} {{ n.m__V }}", "b": [{"c": "{{ params.p + 1 }}"}], "d": "{{"}));
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(found, ["context.x", "n.m__V", "params.p"]);
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].pointer, "/d");
    }
}
