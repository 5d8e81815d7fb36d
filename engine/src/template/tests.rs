//! What templates give, and what they refuse.

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

#[test]
fn what_would_descend_without_end_is_refused() {
    let of = |before: &str, again: &str, after: &str, n: usize| format!("{before}{}{after}", again.repeat(n));
    let is_bounded = |text: &str| text.contains("operators") || text.contains("brackets");
    for (before, again, after) in [
        ("", "not ", "a"),
        ("", "-", "1"),
        ("a", ".b", ""),
        ("a", "[0]", ""),
        ("a", "()", ""),
        ("a", "|upper", ""),
        ("a", "+a", ""),
        ("a", "~a", ""),
        ("a", " or a", ""),
        ("a", " == a", ""),
        ("a", " if a else a", ""),
        ("a", " is defined", ""),
        ("", "(", "a"),
        ("", "[", "a"),
        ("", "{'a':", "a"),
        ("", "f(", "a"),
    ] {
        let nests = again.contains(['(', '[', '{']) && !again.contains([')', ']']);
        for n in [40, 200, 200_000] {
            let expression = of(before, again, after, n);
            let bounded = names_of_expression(&expression).is_err_and(|error| is_bounded(&error));
            assert_eq!(bounded, n > if nests { 50 } else { 200 }, "{before}{again}{after} {n}");
            let found = names(&Value::String(format!("x {{{{ {expression} }}}}"))).1;
            assert_eq!(found.iter().any(|error| is_bounded(&error.message)), bounded, "{before}{again}{after} {n}");
        }
    }
    for again in ["{% elif a %}b", "{% if a %}", "{% for a in b %}", "{% set a = b %}"] {
        for n in [200, 50_000] {
            let template = of("{% if a %}", again, "{% endif %}", n);
            let is_bounded = names(&Value::String(template)).1.iter().any(|error| error.message.contains("blocks"));
            assert_eq!(is_bounded, n > 500, "{again}");
        }
    }
    let many = "{{ a.b }} {{ env('A') }} ".repeat(20_000);
    assert!(names(&Value::String(many)).1.is_empty(), "many small ones are no depth");
}
