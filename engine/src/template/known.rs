//! What of a template or expression the build knows without any value: filters and tests that are not there, and expressions
//! whose answer is always the same.

use super::names::{calls, names_of_expression};
use super::tokens::{Kind, tokens};
use super::{NoVariables, Scope, environment, holds};
use minijinja::ErrorKind;
use minijinja::value::Value as Any;
use serde_json::Map;
use std::ops::Range;
use std::sync::Arc;

/// A filter (`x | name`) or test (`x is name`) that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// `filter` or `test`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// Its bytes in the text.
    pub at: Range<usize>,
    /// Names of this kind that are there.
    pub known: &'static [&'static str],
}

/// Those that people use, for advice.
const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "basename",
    "batch",
    "bool",
    "capitalize",
    "date",
    "date_add",
    "default",
    "dictsort",
    "dirname",
    "escape",
    "extension",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "path_join",
    "pprint",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "stem",
    "string",
    "sum",
    "timestamp",
    "title",
    "trim",
    "typed",
    "unique",
    "upper",
    "zip",
];
const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "even",
    "false",
    "filter",
    "float",
    "in",
    "integer",
    "iterable",
    "lower",
    "mapping",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];

/// All unknown ones in a bare expression.
pub fn unknown_in_expression(code: &str) -> Vec<Unknown> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Word) {
        let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at)).map_or("", |token| token.text);
        let is_attribute = |back: usize| before(back) == ".";
        let is_name = token.text.starts_with(|c: char| c == '_' || c.is_alphabetic());
        let is_test = before(1) == "is" && !is_attribute(2) && token.text != "not"
            || before(1) == "not" && before(2) == "is" && !is_attribute(3);
        let what = match before(1) {
            "|" if is_name => "filter",
            _ if is_name && is_test => "test",
            _ => continue,
        };
        if !is_there(what, token.text) {
            let known = if what == "filter" { FILTERS } else { TESTS };
            found.push(Unknown { what, name: token.text.to_owned(), at: token.at.clone(), known });
        }
    }
    found
}

/// All unknown ones in the code of a template.
pub fn unknown_in_template(text: &str) -> Vec<Unknown> {
    let moved = |start: usize, found: Unknown| Unknown { at: found.at.start + start..found.at.end + start, ..found };
    let parts = calls::code(text).into_iter();
    parts
        .flat_map(|(start, code)| unknown_in_expression(code).into_iter().map(move |found| moved(start, found)))
        .collect()
}

fn is_there(what: &str, name: &str) -> bool {
    let mut state = environment().empty_state();
    let nothing: &[Any] = &[];
    match what {
        "filter" => {
            !matches!(state.apply_filter(name, nothing), Err(error) if error.kind() == ErrorKind::UnknownFilter)
        }
        _ => !matches!(state.perform_test(name, nothing), Err(error) if error.kind() == ErrorKind::UnknownTest),
    }
}

/// The answer of an expression that uses no name, or why it has none; none if it hangs on something.
pub fn constant(expression: &str) -> Option<Result<bool, String>> {
    let used = names_of_expression(expression).ok()?;
    let is_fixed = used.names.is_empty()
        && used.each.is_empty()
        && used.env.is_empty()
        && used.secrets.is_empty()
        && used.odd.is_empty();
    let empty = || Arc::new(Map::new());
    let scope = Scope {
        context: empty(),
        params: empty(),
        run: empty(),
        env: empty(),
        secrets: Arc::new(NoVariables),
        variables: Arc::new(NoVariables),
    };
    is_fixed.then(|| holds(expression, &scope).map_err(|error| error.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(code: &str) -> Vec<(&'static str, String)> {
        unknown_in_expression(code).into_iter().map(|found| (found.what, found.name)).collect()
    }

    #[test]
    fn filters_and_tests_are_known_or_not() {
        assert_eq!(unknown("a | upper | join(',') | date('%Y') is defined and b is not none"), []);
        assert_eq!(unknown("'x | nope is never' ~ a.is.x"), []);
        assert_eq!(unknown("a | uper is nul"), [("filter", "uper".to_owned()), ("test", "nul".to_owned())]);
        assert_eq!(unknown("a is not nul"), [("test", "nul".to_owned())]);
        let found = unknown_in_template("a | b {{ x | uper }} {# y | z #} {% if x is od %}");
        let names: Vec<(&str, Range<usize>)> = found.iter().map(|one| (one.name.as_str(), one.at.clone())).collect();
        assert_eq!(names, [("uper", 13..17), ("od", 44..46)]);
    }

    #[test]
    fn advice_names_nothing_that_is_not_there() {
        let missing = |what: &str, names: &[&'static str]| -> Vec<&str> {
            names.iter().copied().filter(|name| !is_there(what, name)).collect()
        };
        assert_eq!((missing("filter", FILTERS), missing("test", TESTS)), (vec![], vec![]));
    }

    #[test]
    fn what_hangs_on_nothing_has_its_answer() {
        for (text, answer) in
            [("false", false), ("1 == 2", false), ("not true", false), ("'a' in ['a']", true), ("0", false)]
        {
            assert_eq!(constant(text), Some(Ok(answer)), "{text}");
        }
        for text in ["a__b", "context.x == 1", "each('a', 'b')", "env('X')", "run.id", "a b"] {
            assert_eq!(constant(text), None, "{text}");
        }
        assert!(constant("1 / 'a'").unwrap().is_err());
    }
}
