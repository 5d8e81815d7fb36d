//! `{{ … }}` in configuration values: which names a template uses (at build), and its value (at run).
//!
//! A template that is the whole value keeps its type. What comes out is data and is never evaluated again.

use minijinja::value::{Object, ObjectRepr, Serde, Value as Jinja};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// `context.x`.
    pub context: Map<String, Value>,
    /// `params.x`.
    pub params: Map<String, Value>,
    /// `run.id`, `run.started_at`.
    pub run: Map<String, Value>,
    /// `node__Var`, keys in lower case.
    pub globals: BTreeMap<String, Value>,
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

/// All names that the templates of a configuration use, as written: `context.x`, `a.b__Var`. Errors by place.
pub fn names(value: &Value) -> (BTreeSet<String>, Vec<TemplateError>) {
    let (mut names, mut errors) = (BTreeSet::new(), Vec::new());
    walk(value, String::new(), &mut |text, pointer| {
        match environment().template_from_str(text) {
            Ok(template) => names.extend(template.undeclared_variables(true)),
            Err(error) => errors.push(TemplateError { pointer, message: speak(&error) }),
        };
    });
    (names, errors)
}

fn walk(value: &Value, pointer: String, visit: &mut impl FnMut(&str, String)) {
    match value {
        Value::String(text) if is_template(value) => visit(text, pointer),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, format!("{pointer}/{at}"), visit);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                walk(item, format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), visit);
            }
        }
        _ => {}
    }
}

/// The configuration with every template replaced by its value.
pub fn resolve(value: &Value, scope: &Arc<Scope>) -> Result<Value, TemplateError> {
    resolve_at(value, scope, String::new())
}

fn resolve_at(value: &Value, scope: &Arc<Scope>, pointer: String) -> Result<Value, TemplateError> {
    match value {
        Value::String(text) if is_template(value) => evaluate(text, scope).map_err(|error| {
            let message = match error.kind() {
                ErrorKind::UndefinedError => format!("`{text}` uses a name that has no value"),
                _ => format!("`{text}`: {}", speak(&error)),
            };
            TemplateError { pointer, message }
        }),
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

fn evaluate(text: &str, scope: &Arc<Scope>) -> Result<Value, minijinja::Error> {
    let environment = environment();
    let root = Jinja::from_object(Root(Arc::clone(scope)));
    if let Some(expression) = whole(text).and_then(|inner| environment.compile_expression(inner).ok()) {
        let value = expression.eval(root)?;
        if value.is_undefined() {
            return Err(minijinja::Error::new(ErrorKind::UndefinedError, format!("`{}` has no value", text.trim())));
        }
        return serde_json::to_value(&value)
            .map_err(|error| minijinja::Error::new(ErrorKind::BadSerialization, error.to_string()));
    }
    environment.template_from_str(text)?.render(root).map(Value::String)
}

/// The inside of a text that is one `{{ … }}` and nothing else.
fn whole(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}")).then_some(inner)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
}

fn speak(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

/// What names at the top of a template mean.
#[derive(Debug)]
struct Root(Arc<Scope>);

impl Object for Root {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let name = key.as_str()?;
        match name {
            "context" => Some(variables(&self.0.context)),
            "params" => Some(variables(&self.0.params)),
            "run" => Some(variables(&self.0.run)),
            _ => node(&self.0, name.to_lowercase()),
        }
    }
}

fn variables(map: &Map<String, Value>) -> Jinja {
    Jinja::from(Serde(map))
}

/// `a` of `a.b__Var`: a beginning of a dotted node id, on the way to a global.
#[derive(Debug)]
struct NodePath(Arc<Scope>, String);

impl Object for NodePath {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        node(&self.0, format!("{}.{}", self.1, key.as_str()?.to_lowercase()))
    }
}

fn node(scope: &Arc<Scope>, path: String) -> Option<Jinja> {
    if let Some(value) = scope.globals.get(&path) {
        return Some(Jinja::from(Serde(value)));
    }
    let prefix = format!("{path}.");
    let leads_on = scope.globals.range(prefix.clone()..).next().is_some_and(|(key, _)| key.starts_with(&prefix));
    leads_on.then(|| Jinja::from_object(NodePath(Arc::clone(scope), path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scope() -> Arc<Scope> {
        let map = |value: Value| value.as_object().unwrap().clone();
        Arc::new(Scope {
            context: map(json!({"rows": 3, "dir": "out", "evil": "{{ context.rows }}"})),
            globals: [("load__row_count".to_owned(), json!(7)), ("a.b__x".to_owned(), json!("deep"))].into(),
            ..Scope::default()
        })
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
