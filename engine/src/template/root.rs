//! What names at the top of a template mean.

use super::Scope;
use crate::secrets::net;
use minijinja::value::{Enumerator, Object, ObjectRepr, Serde, Value as Jinja};
use minijinja::{Error, ErrorKind, State};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The values of one evaluation, which notes whether a secret was among those that were asked for.
pub(super) struct Root(Arc<Top>);

#[derive(Debug)]
struct Top {
    scope: Scope,
    has_met_a_secret: AtomicBool,
}

impl Root {
    pub(super) fn new(scope: &Scope) -> Self {
        Self(Arc::new(Top { scope: scope.clone(), has_met_a_secret: AtomicBool::new(false) }))
    }

    /// What the evaluation begins with.
    pub(super) fn value(&self) -> Jinja {
        Jinja::from_dyn_object(Arc::clone(&self.0))
    }

    /// Some secret was asked for.
    pub(super) fn has_met_a_secret(&self) -> bool {
        self.0.has_met_a_secret.load(Ordering::Relaxed)
    }
}

impl Top {
    /// A value that is no secret by its name, and may hold one all the same: a global that a module has set, a value handed on
    /// by another job, an item made of one.
    fn plain(&self, value: &Value) -> Jinja {
        if net::is_in_use() && !is_clean(value) {
            self.has_met_a_secret.store(true, Ordering::Relaxed);
        }
        Jinja::from(Serde(value))
    }

    fn secret(&self, found: Option<Value>) -> Option<Jinja> {
        let value = found?;
        self.has_met_a_secret.store(true, Ordering::Relaxed);
        Some(Jinja::from(Serde(value)))
    }
}

impl Object for Top {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let name = key.as_str()?;
        match name {
            "context" => Some(Jinja::from_object(Section { top: Arc::clone(self), is_context: true })),
            "params" => Some(Jinja::from_object(Section { top: Arc::clone(self), is_context: false })),
            "run" => Some(map(&self.scope.run)),
            "iter" => Frame::at(self, 0),
            "each" => Some(Jinja::from_object(Each(Arc::clone(self)))),
            "env" => Some(Jinja::from_object(Env(Arc::clone(self)))),
            "secret" => Some(Jinja::from_object(Stored(Arc::clone(self)))),
            _ => node(self, name.to_lowercase()),
        }
    }
}

fn map(map: &Map<String, Value>) -> Jinja {
    Jinja::from(Serde(map))
}

/// `context`, `params`: plain values, and secrets, which have to be asked for by their names.
#[derive(Debug)]
struct Section {
    top: Arc<Top>,
    is_context: bool,
}

impl Section {
    fn plain(&self) -> &Map<String, Value> {
        if self.is_context { &self.top.scope.context } else { &self.top.scope.params }
    }
}

impl Object for Section {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let (name, secrets) = (key.as_str()?, &self.top.scope.secrets);
        let secret = self.top.secret(if self.is_context { secrets.variable(name) } else { secrets.parameter(name) });
        secret.or_else(|| self.plain().get(name).map(|value| self.top.plain(value)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.plain().keys().map(|name| Jinja::from(name.as_str())).collect())
    }
}

/// `env('NAME')`, `env('NAME', 'otherwise')`.
#[derive(Debug)]
struct Env(Arc<Top>);

impl Object for Env {
    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Jinja]) -> Result<Jinja, Error> {
        let (name, otherwise) = match args {
            [name] => (name, None),
            [name, otherwise] => (name, Some(otherwise)),
            _ => return Err(Error::new(ErrorKind::InvalidOperation, "write it as `env('NAME')`")),
        };
        let found = name.as_str().and_then(|name| self.0.scope.env.get(name));
        found.map(|value| self.0.plain(value)).or(otherwise.cloned()).ok_or_else(|| {
            let text = format!("environment variable {name} is not set, or not among `settings.env`");
            Error::new(ErrorKind::InvalidOperation, text)
        })
    }
}

/// `secret('path', 'key')`.
#[derive(Debug)]
struct Stored(Arc<Top>);

impl Object for Stored {
    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Jinja]) -> Result<Jinja, Error> {
        let [path, key] = args else {
            return Err(Error::new(ErrorKind::InvalidOperation, "write it as `secret('mount/path', 'key')`"));
        };
        let (path, key) = (path.as_str().unwrap_or_default(), key.as_str().unwrap_or_default());
        self.0.secret(self.0.scope.secrets.stored(path, key)).ok_or_else(|| {
            Error::new(ErrorKind::InvalidOperation, format!("secret `vault://{path}#{key}` was not fetched"))
        })
    }
}

/// `a` of `a.b__Var`: a beginning of a dotted node id, on the way to a global.
#[derive(Debug)]
struct NodePath(Arc<Top>, String);

impl Object for NodePath {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        node(&self.0, format!("{}.{}", self.1, key.as_str()?.to_lowercase()))
    }
}

fn node(top: &Arc<Top>, path: String) -> Option<Jinja> {
    let variables = &top.scope.variables;
    if let Some(value) = variables.global(&path) {
        return Some(top.plain(&value));
    }
    variables.leads_on(&format!("{path}.")).then(|| Jinja::from_object(NodePath(Arc::clone(top), path)))
}

/// `iter`, and by `parent` the loops around it.
#[derive(Debug)]
struct Frame(Arc<Top>, usize);

impl Frame {
    fn at(top: &Arc<Top>, levels: usize) -> Option<Jinja> {
        top.scope.variables.item(levels)?;
        Some(Jinja::from_object(Self(Arc::clone(top), levels)))
    }
}

impl Object for Frame {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let (item, index) = self.0.scope.variables.item(self.1)?;
        match key.as_str()? {
            "item" => Some(self.0.plain(&item)),
            "index" => Some(Jinja::from(index)),
            "parent" => Self::at(&self.0, self.1 + 1),
            _ => None,
        }
    }
}

/// `each('node', 'Var')`.
#[derive(Debug)]
struct Each(Arc<Top>);

impl Object for Each {
    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Jinja]) -> Result<Jinja, Error> {
        match args {
            [node, variable] if node.as_str().is_some() && variable.as_str().is_some() => {
                let key = format!("{node}__{variable}").to_lowercase();
                Ok(self.0.plain(&Value::Array(self.0.scope.variables.each(&key))))
            }
            _ => Err(Error::new(ErrorKind::InvalidOperation, "write it as `each('node', 'Var')`")),
        }
    }
}

/// No text in it holds a secret.
fn is_clean(value: &Value) -> bool {
    match value {
        Value::String(text) => net::is_clean(text.as_bytes()),
        Value::Array(items) => items.iter().all(is_clean),
        Value::Object(map) => map.iter().all(|(key, value)| net::is_clean(key.as_bytes()) && is_clean(value)),
        Value::Number(number) => net::is_clean(number.to_string().as_bytes()),
        Value::Null | Value::Bool(_) => true,
    }
}
