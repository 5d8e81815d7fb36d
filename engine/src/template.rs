//! `{{ … }}` in configuration values: which names a template uses (at build), and its value (at run).
//!
//! A template that is the whole value keeps its type. What comes out is data and is never evaluated again. Templates read
//! nothing but the [`Scope`]: no file, no server, and of the environment what the flow allows.

mod filters;
mod names;
mod root;

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
pub use names::{Names, names, names_by_place, names_of_expression};
use root::Root;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// Steps that the evaluation of one template may take: a loop without end is an error, and no hang.
const FUEL: u64 = 1_000_000;

/// Bytes that one template may become.
const LONGEST: usize = 1 << 20;

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
    /// `env('NAME')`: of the environment, what the flow allows.
    pub env: Arc<Map<String, Value>>,
    /// `secret('path', 'key')`, and context variables whose values are secrets.
    pub secrets: Arc<dyn Secrets>,
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

/// Secrets that were fetched before: asking for one waits for nobody.
pub trait Secrets: std::fmt::Debug + Send + Sync {
    /// The value of a context variable that is a secret, as its declared type.
    fn variable(&self, name: &str) -> Option<Value>;

    /// The same of a parameter.
    fn parameter(&self, name: &str) -> Option<Value>;

    /// What lies under a key at a path of a vault.
    fn stored(&self, path: &str, key: &str) -> Option<Value>;
}

/// Nothing at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoVariables;

impl Secrets for NoVariables {
    fn variable(&self, _: &str) -> Option<Value> {
        None
    }

    fn parameter(&self, _: &str) -> Option<Value> {
        None
    }

    fn stored(&self, _: &str, _: &str) -> Option<Value> {
        None
    }
}

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

/// A configuration with its values.
#[derive(Debug)]
pub struct Resolved {
    /// Every template replaced by its value.
    pub value: Value,
    /// JSON pointers of the values that were made with a secret, however it was turned about: they stand in no message.
    pub tainted: BTreeSet<String>,
}

/// The configuration with every template replaced by its value.
pub fn resolve(value: &Value, scope: &Scope) -> Result<Resolved, TemplateError> {
    let mut tainted = BTreeSet::new();
    let value = resolve_at(value, scope, String::new(), &mut tainted)?;
    Ok(Resolved { value, tainted })
}

fn resolve_at(
    value: &Value,
    scope: &Scope,
    pointer: String,
    tainted: &mut BTreeSet<String>,
) -> Result<Value, TemplateError> {
    match value {
        Value::String(text) if is_template(value) => {
            let root = Root::new(scope);
            let evaluated = evaluate(text, &root);
            match evaluated {
                Ok(value) => {
                    if root.has_met_a_secret() {
                        tainted.insert(pointer);
                    }
                    Ok(value)
                }
                Err(error) => Err(TemplateError { pointer, ..told(text, &error, root.has_met_a_secret()) }),
            }
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.map(|(at, item)| resolve_at(item, scope, format!("{pointer}/{at}"), tainted)).collect()
        }
        Value::Object(map) => {
            let mut resolved = Map::new();
            for (key, item) in map {
                let at = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                resolved.insert(key.clone(), resolve_at(item, scope, at, tainted)?);
            }
            Ok(Value::Object(resolved))
        }
        other => Ok(other.clone()),
    }
}

fn evaluate(text: &str, root: &Root) -> Result<Value, Error> {
    let environment = environment();
    if let Some(expression) = whole(text).and_then(|inner| environment.compile_expression(inner).ok()) {
        let value = expression.eval(root.value())?;
        if value.is_undefined() {
            return Err(Error::new(ErrorKind::UndefinedError, format!("`{}` has no value", text.trim())));
        }
        let value =
            serde_json::to_value(&value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
        return match &value {
            Value::String(text) if text.len() > LONGEST => Err(too_long()),
            _ => Ok(value),
        };
    }
    let mut out = Limited(Vec::new());
    environment
        .template_from_str(text)?
        .render_captured_to(root.value(), &mut out)
        .map_err(|error| if error.kind() == ErrorKind::WriteFailure { too_long() } else { error })?;
    String::from_utf8(out.0)
        .map(Value::String)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

fn too_long() -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("it becomes longer than {LONGEST} bytes"))
}

/// Takes no more than a template may become.
struct Limited(Vec<u8>);

impl std::io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The inside of a text that is one `{{ … }}` and nothing else.
fn whole(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}")).then_some(inner)
}

/// The value of a bare expression, taken for true or false.
pub fn holds(expression: &str, scope: &Scope) -> Result<bool, TemplateError> {
    let root = Root::new(scope);
    let value = environment().compile_expression(expression).and_then(|compiled| compiled.eval(root.value()));
    let failed = |error: &Error| told(expression, error, root.has_met_a_secret());
    match value {
        Ok(value) if value.is_undefined() => Err(failed(&Error::from(ErrorKind::UndefinedError))),
        Ok(value) => Ok(value.is_true()),
        Err(error) => Err(failed(&error)),
    }
}

/// What the library says may quote a value: not where a secret was among them.
fn told(text: &str, error: &Error, has_secret: bool) -> TemplateError {
    let message = match error.kind() {
        ErrorKind::UndefinedError => format!("`{text}` uses a name that has no value"),
        kind if has_secret => format!("`{text}`: {kind}"),
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
        environment.set_fuel(Some(FUEL));
        filters::add_to(&mut environment);
        environment
    })
}

fn speak(error: &Error) -> String {
    if error.kind() == ErrorKind::OutOfFuel {
        return format!("it takes more than {FUEL} steps");
    }
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

    impl Secrets for OfTest {
        fn variable(&self, name: &str) -> Option<Value> {
            (name == "password").then(|| json!("hush-hush-1"))
        }

        fn parameter(&self, _: &str) -> Option<Value> {
            None
        }

        fn stored(&self, path: &str, key: &str) -> Option<Value> {
            ((path, key) == ("kv/db", "port")).then(|| json!("5432"))
        }
    }

    fn valued(text: Value, scope: &Scope) -> Result<Value, TemplateError> {
        resolve(&text, scope).map(|resolved| resolved.value)
    }

    fn scope() -> Scope {
        let map = |value: Value| Arc::new(value.as_object().unwrap().clone());
        Scope {
            context: map(json!({"rows": 3, "dir": "out", "evil": "{{ context.rows }}"})),
            params: Arc::default(),
            run: map(json!({"started_at": "2026-11-21T09:41:05Z"})),
            env: map(json!({"REGION": "eu"})),
            secrets: Arc::new(OfTest),
            variables: Arc::new(OfTest),
        }
    }

    #[test]
    fn loops_are_seen_from_the_innermost_out() {
        let text = json!("{{ iter.item.path }} {{ iter.index }} {{ iter.parent.item }} {{ iter.parent.index }}");
        assert_eq!(resolve(&text, &scope()).unwrap().value, json!("a.csv 4 outer 1"));
        assert!(resolve(&json!("{{ iter.parent.parent.index }}"), &scope()).is_err());
        assert_eq!(valued(json!("{{ each('load', 'Row_Count') | sum }}"), &scope()).unwrap(), json!(3));
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
        assert_eq!(resolve(&value, &scope()).unwrap().value, json!({"n": 3, "p": "out/x-7.csv", "k": [1, "plain"]}));
        assert_eq!(valued(json!("{{ A.B__X }}"), &scope()).unwrap(), json!("deep"));
    }

    #[test]
    fn values_are_never_evaluated_twice() {
        assert_eq!(valued(json!("{{ context.evil }}"), &scope()).unwrap(), json!("{{ context.rows }}"));
    }

    #[test]
    fn what_is_not_there_is_an_error_with_a_place() {
        let error = resolve(&json!({"a": ["{{ context.nope }}"]}), &scope()).unwrap_err();
        assert_eq!(error.pointer, "/a/0");
        assert!(resolve(&json!("x {{ nope__y }}"), &scope()).is_err());
        assert!(resolve(&json!("{{ 1 + }}"), &scope()).is_err());
    }

    #[test]
    fn what_a_secret_has_touched_is_known_however_it_was_turned_about() {
        let written = json!({
            "plain": "{{ context.dir }}", "whole": "{{ context.password }}", "up": ["{{ context.password | upper }}"],
            "dsn": "db://u:{{ secret('kv/db', 'port') }}@h", "asked": "{{ 'y' if context.password else 'n' }}",
            "all": "{{ context | list | length }}",
        });
        let resolved = resolve(&written, &scope()).unwrap();
        let tainted: Vec<&str> = resolved.tainted.iter().map(String::as_str).collect();
        assert_eq!(tainted, ["/asked", "/dsn", "/up/0", "/whole"]);
        assert_eq!(resolved.value["up"][0], "HUSH-HUSH-1");
        assert_eq!(resolved.value["all"], 3, "secrets are not among what can be listed");
        let error = resolve(&json!("{{ context.password | int }}"), &scope()).unwrap_err();
        assert!(!error.message.contains("hush"), "{error}");
        assert!(resolve(&json!("{{ secret('kv/db', 'user') }}"), &scope()).is_err());
    }

    #[test]
    fn of_the_environment_there_is_what_is_allowed() {
        let text = json!("{{ env('REGION') }} {{ env('NOPE', 'none') }}");
        assert_eq!(valued(text, &scope()).unwrap(), json!("eu none"));
        assert!(valued(json!("{{ env('HOME') }}"), &scope()).is_err());
    }

    #[test]
    fn templates_have_bounds() {
        for endless in
            ["{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}", "{{ 'x' * 99999999 }}"]
        {
            let error = valued(json!(endless), &scope()).unwrap_err();
            assert!(error.message.contains("more than") || error.message.contains("longer than"), "{error}");
        }
        assert!(valued(json!("{% include '/etc/passwd' %}"), &scope()).is_err());
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
