//! `{{ … }}` in configuration values: which names a template uses (at build), and its value (at run).
//!
//! A template that is the whole value keeps its type. What comes out is data and is never evaluated again. Templates read
//! nothing but the [`Scope`]: no file, no server, and of the environment what the flow allows.

mod bounds;
mod filters;
mod known;
mod names;
mod root;
pub mod tokens;

pub use known::{Unknown, constant, unknown_in_expression, unknown_in_template};
use minijinja::{Environment, Error, ErrorKind, Expression, Template, UndefinedBehavior};
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
    if let Some(expression) = whole(text).and_then(|inner| expression(inner).ok()) {
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
    parsed(text)?
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
    let value = self::expression(expression).and_then(|compiled| compiled.eval(root.value()));
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

/// A template, if it is one and within bounds.
fn parsed<'a>(text: &'a str) -> Result<Template<'a, 'a>, Error> {
    bounds::check(text)?;
    environment().template_from_str(text)
}

/// An expression, if it is one and within bounds.
fn expression<'a>(text: &'a str) -> Result<Expression<'a, 'a>, Error> {
    bounds::check_expression(text)?;
    environment().compile_expression(text)
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
mod tests;
