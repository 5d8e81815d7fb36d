//! The values that templates have before a run, as far as they are known: declared defaults and what a context says, and never a secret.

use crate::secrets::Reference;
use crate::template::{NoVariables, Scope};
use pypeline_schema::flow::Variable;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Values by their declarations; `context` goes before the declared defaults.
pub fn scope(
    declared: &BTreeMap<String, Variable>,
    context: &Map<String, Value>,
    params: &BTreeMap<String, Variable>,
) -> Scope {
    let mut known = defaults(declared);
    for (name, value) in context {
        let is_secret = declared.get(name).is_some_and(|variable| variable.secret);
        if !is_secret && is_plain(value) {
            known.insert(name.clone(), value.clone());
        } else {
            known.remove(name);
        }
    }
    Scope {
        context: Arc::new(known),
        params: Arc::new(defaults(params)),
        run: Arc::default(),
        env: Arc::default(),
        secrets: Arc::new(NoVariables),
        variables: Arc::new(NoVariables),
    }
}

fn defaults(declared: &BTreeMap<String, Variable>) -> Map<String, Value> {
    let known = declared.iter().filter(|(_, variable)| !variable.secret);
    let known = known.filter_map(|(name, variable)| Some((name.clone(), variable.default.clone()?)));
    known.filter(|(_, value)| is_plain(value)).collect()
}

/// There is a value, and it does not stand for one that lies elsewhere.
fn is_plain(value: &Value) -> bool {
    !value.is_null() && value.as_str().is_none_or(|text| Reference::parse(text).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_and_what_has_no_value_are_unknown() {
        let declared = json!({
            "a": {"type": "str", "default": "x"}, "b": {"type": "int", "default": 1}, "c": {"type": "str"},
            "d": {"type": "str", "default": "vault://kv/a#b"}, "e": {"type": "str", "secret": true}
        });
        let declared: BTreeMap<String, Variable> = serde_json::from_value(declared).unwrap();
        let context = json!({"b": 2, "e": "hidden", "f": "more", "a": "env://X"});
        let scope = scope(&declared, context.as_object().unwrap(), &declared);
        assert_eq!(Value::Object((*scope.context).clone()), json!({"b": 2, "f": "more"}));
        assert_eq!(Value::Object((*scope.params).clone()), json!({"a": "x", "b": 1}));
    }
}
