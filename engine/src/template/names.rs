//! Which names templates and expressions use: what the build checks, and what the run has to have.

mod each;

use super::{TemplateError, environment, is_template, speak};
use each::Each;
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};

/// What one template or expression uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// JSON pointer of the template within the configuration; empty for an expression.
    pub pointer: String,
    /// The template or expression.
    pub text: String,
    /// As written: `context.x`, `a.b__Var`, `iter.item.path`; without `each`.
    pub names: BTreeSet<String>,
    /// Node and variable of every `each('node', 'Var')`.
    pub each: Vec<(String, String)>,
    /// `each` stands somewhere in another way.
    pub has_odd_each: bool,
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

/// The names of each template of a configuration; those that cannot be parsed are left out.
pub fn names_by_place(value: &Value) -> Vec<Names> {
    let mut found = Vec::new();
    walk(value, String::new(), &mut |text, pointer| {
        if let Ok(template) = environment().template_from_str(text) {
            found.push(Names::of(pointer, text, template.undeclared_variables(true), each::in_template));
        }
    });
    found
}

/// The names of a bare expression; the error is what stands in the way of parsing it.
pub fn names_of_expression(text: &str) -> Result<Names, String> {
    let expression = environment().compile_expression(text).map_err(|error| speak(&error))?;
    Ok(Names::of(String::new(), text, expression.undeclared_variables(true), each::in_expression))
}

impl Names {
    fn of(pointer: String, text: &str, mut names: HashSet<String>, calls: fn(&str) -> Vec<Each>) -> Self {
        // A name that the template itself gives to something else is none of ours.
        let calls = if names.remove("each") { calls(text) } else { Vec::new() };
        let has_odd_each = calls.contains(&Each::Odd);
        let call = |each| match each {
            Each::Call(node, variable) => Some((node, variable)),
            Each::Odd => None,
        };
        Self {
            pointer,
            text: text.to_owned(),
            names: names.into_iter().collect(),
            each: calls.into_iter().filter_map(call).collect(),
            has_odd_each,
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
        assert!(!names.has_odd_each);
        assert!(names_of_expression("n >").is_err());
        assert!(names_of_expression("a b").is_err());
    }

    #[test]
    fn each_is_found_where_it_is_code() {
        let of = |text: &str| {
            let found = names_by_place(&json!(text)).pop().unwrap();
            (found.each.len(), found.has_odd_each)
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
