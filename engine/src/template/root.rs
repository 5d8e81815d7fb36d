//! What names at the top of a template mean.

use super::{Scope, Variables};
use minijinja::value::{Object, ObjectRepr, Serde, Value as Jinja};
use minijinja::{Error, ErrorKind, State};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The top of a template over these values.
pub(super) fn root(scope: &Scope) -> Jinja {
    Jinja::from_object(Root(scope.clone()))
}

#[derive(Debug)]
struct Root(Scope);

impl Object for Root {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let name = key.as_str()?;
        let variables = &self.0.variables;
        match name {
            "context" => Some(map(&self.0.context)),
            "params" => Some(map(&self.0.params)),
            "run" => Some(map(&self.0.run)),
            "iter" => Frame::at(variables, 0),
            "each" => Some(Jinja::from_object(Each(Arc::clone(variables)))),
            _ => node(variables, name.to_lowercase()),
        }
    }
}

fn map(map: &Map<String, Value>) -> Jinja {
    Jinja::from(Serde(map))
}

/// `a` of `a.b__Var`: a beginning of a dotted node id, on the way to a global.
#[derive(Debug)]
struct NodePath(Arc<dyn Variables>, String);

impl Object for NodePath {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        node(&self.0, format!("{}.{}", self.1, key.as_str()?.to_lowercase()))
    }
}

fn node(variables: &Arc<dyn Variables>, path: String) -> Option<Jinja> {
    if let Some(value) = variables.global(&path) {
        return Some(Jinja::from(Serde(value)));
    }
    variables.leads_on(&format!("{path}.")).then(|| Jinja::from_object(NodePath(Arc::clone(variables), path)))
}

/// `iter`, and by `parent` the loops around it.
#[derive(Debug)]
struct Frame(Arc<dyn Variables>, usize);

impl Frame {
    fn at(variables: &Arc<dyn Variables>, levels: usize) -> Option<Jinja> {
        variables.item(levels)?;
        Some(Jinja::from_object(Self(Arc::clone(variables), levels)))
    }
}

impl Object for Frame {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let (item, index) = self.0.item(self.1)?;
        match key.as_str()? {
            "item" => Some(Jinja::from(Serde(item))),
            "index" => Some(Jinja::from(index)),
            "parent" => Self::at(&self.0, self.1 + 1),
            _ => None,
        }
    }
}

/// `each('node', 'Var')`.
#[derive(Debug)]
struct Each(Arc<dyn Variables>);

impl Object for Each {
    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Jinja]) -> Result<Jinja, Error> {
        match args {
            [node, variable] if node.as_str().is_some() && variable.as_str().is_some() => {
                let key = format!("{node}__{variable}").to_lowercase();
                Ok(Jinja::from(Serde(self.0.each(&key))))
            }
            _ => Err(Error::new(ErrorKind::InvalidOperation, "write it as `each('node', 'Var')`")),
        }
    }
}
