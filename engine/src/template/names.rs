//! Which names templates and expressions use: what the build checks, and what the run has to have.

pub(super) mod calls;

pub(super) use calls::{closing, opening};

use super::{TemplateError, expression, is_template, parsed, speak};
use calls::{Call, FUNCTIONS};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};

/// What one template or expression uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// JSON pointer of the template within the configuration; empty for an expression.
    pub pointer: String,
    /// The template or expression.
    pub text: String,
    /// As written: `context.x`, `a.b__Var`, `iter.item.path`; without the functions below.
    pub names: BTreeSet<String>,
    /// Node and variable of every `each('node', 'Var')`.
    pub each: Vec<(String, String)>,
    /// Name of every `env('NAME')`; true if it has a value for where that is not set.
    pub env: Vec<(String, bool)>,
    /// Path and key of every `secret('path', 'key')`.
    pub secrets: Vec<(String, String)>,
    /// Of these functions, those that stand somewhere in another way.
    pub odd: BTreeSet<&'static str>,
}

/// All names that the templates of a configuration use, as written: `context.x`, `a.b__Var`. Errors by place.
pub fn names(value: &Value) -> (BTreeSet<String>, Vec<TemplateError>) {
    let (mut names, mut errors) = (BTreeSet::new(), Vec::new());
    walk(value, String::new(), &mut |text, pointer| {
        match parsed(text) {
            Ok(template) => names.extend(template.undeclared_variables(true)),
            Err(error) => errors.push(TemplateError { pointer, message: speak(&error) }),
        };
    });
    (names, errors)
}

/// The names of each template of a configuration; those that cannot be parsed are left out.
pub fn names_by_place(value: &Value) -> Vec<Names> {
    let mut found = Vec::new();
    walk(value, String::new(), &mut |text, pointer| {
        if let Ok(template) = parsed(text) {
            found.push(Names::of(pointer, text, template.undeclared_variables(true), calls::in_template));
        }
    });
    found
}

/// The names of a bare expression; the error is what stands in the way of parsing it.
pub fn names_of_expression(text: &str) -> Result<Names, String> {
    let expression = expression(text).map_err(|error| speak(&error))?;
    Ok(Names::of(String::new(), text, expression.undeclared_variables(true), calls::in_expression))
}

impl Names {
    fn of(pointer: String, text: &str, mut names: HashSet<String>, calls: fn(&str) -> Vec<Call>) -> Self {
        // A name that the template itself gives to something else is none of ours.
        let ours = FUNCTIONS.map(|name| names.remove(name).then_some(name));
        let mut found = Self { pointer, text: text.to_owned(), ..Self::default() };
        if ours.iter().any(Option::is_some) {
            calls(text).into_iter().for_each(|call| found.take(call, &ours));
        }
        found.names = names.into_iter().collect();
        found
    }

    fn take(&mut self, call: Call, ours: &[Option<&'static str>]) {
        let (name, arguments) = match call {
            Call::Of(name, arguments) => (name, arguments),
            Call::Odd(name) => (name, Vec::new()),
        };
        if !ours.contains(&Some(name)) {
            return;
        }
        match (name, arguments.as_slice()) {
            ("each", [node, variable]) => self.each.push((node.clone(), variable.clone())),
            ("env", [variable]) => self.env.push((variable.clone(), false)),
            ("env", [variable, _]) => self.env.push((variable.clone(), true)),
            ("secret", [path, key]) => self.secrets.push((path.clone(), key.clone())),
            _ => {
                self.odd.insert(name);
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_template_has_its_place_and_its_names() {
        let found = names_by_place(&json!({"a/b": ["x", "{{ iter.item.path }} {{ context.x }}"], "c": "{{", "d": 1}));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].pointer, "/a~1b/1");
        assert_eq!(found[0].names, ["context.x", "iter.item.path"].map(str::to_owned).into());
    }

    #[test]
    fn expressions_have_names_or_do_not_parse() {
        let names =
            names_of_expression("a.b__X > 1 and each('n', \"V\") | sum > 2 and 'context.y' != params.p").unwrap();
        assert_eq!(names.names, ["a.b__X", "params.p"].map(str::to_owned).into());
        assert_eq!(names.each, [("n".to_owned(), "V".to_owned())]);
        assert!(names.odd.is_empty());
        assert!(names_of_expression("n >").is_err());
        assert!(names_of_expression("a b").is_err());
    }

    #[test]
    fn what_is_asked_of_the_environment_and_of_vaults_is_known() {
        let found = names_by_place(&json!("{{ env('A') }}{{ env('B', 'x') }}{{ secret('kv/a', \"k\") | upper }}"));
        assert_eq!(found[0].env, [("A".to_owned(), false), ("B".to_owned(), true)]);
        assert_eq!(found[0].secrets, [("kv/a".to_owned(), "k".to_owned())]);
        assert!(found[0].odd.is_empty() && found[0].names.is_empty());
        let found = names_by_place(&json!("{{ env(context.name) }} {% set s = secret %}"));
        assert_eq!(found[0].odd.iter().copied().collect::<Vec<_>>(), ["env", "secret"]);
    }

    #[test]
    fn each_is_found_where_it_is_code() {
        let of = |text: &str| {
            let found = names_by_place(&json!(text)).pop().unwrap();
            (found.each.len(), found.odd.contains("each"))
        };
        assert_eq!(of("each(x) {{ each('a', 'B') }} each(y) {# each(z) #}"), (1, false));
        assert_eq!(of("{{ each ( 'a.b' , 'B', ) | length }}{{each('c','D')}}"), (2, false));
        assert_eq!(of("{{ 'each(x)' ~ each('a', 'it') ~ a.each(3) }}"), (1, false));
        assert_eq!(of("{% for each in [1] %}{{ each }}{% endfor %}"), (0, false));
        for odd in ["{{ each(context.n, 'B') }}", "{{ each('a') }}", "{{ each }}", "{{ each('a', 'B', 'C') }}"] {
            assert_eq!(of(odd), (0, true), "{odd}");
        }
    }
}
