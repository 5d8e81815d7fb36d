//! What is refused, where, and in which order things are worked out. What the SELECTs give is tried with rows, through the binary.

use super::*;
use pypeline_sdk::serde_json::{Value, from_value, json};

fn lowered(config: Value) -> Result<Lowering> {
    Map::lower(&from_value(config).unwrap(), &Ports::default())
}

fn key_and_message(config: Value) -> (String, String) {
    let fault = lowered(config).unwrap_err().into_fault();
    let key = fault.context.iter().find(|(key, _)| key == "key").map(|(_, key)| key.clone());
    assert!(fault.help.is_some(), "{}", fault.message);
    (key.unwrap_or_default(), fault.message)
}

#[test]
fn what_cannot_be_meant_is_refused_at_its_key() {
    let out = json!({"o": {"columns": "*"}});
    let on = json!({"id": "input.id"});
    for (config, key, message) in [
        (json!({"outputs": {}}), "outputs", "there are no outputs"),
        (json!({"outputs": {"a-b": {"columns": "*"}}}), "outputs.a-b", "cannot be called `a-b`"),
        (json!({"outputs": {"o": {"columns": []}}}), "outputs.o.columns", "is empty"),
        (json!({"outputs": {"o": {"columns": ["*", "*"]}}}), "outputs.o.columns", "stands twice"),
        (json!({"outputs": {"o": {"columns": [{"a": "x", "b": "y"}]}}}), "outputs.o.columns.0", "2 names"),
        (json!({"outputs": {"o": {"columns": [{"a": "x"}, {"a": "y"}]}}}), "outputs.o.columns", "`a` stands twice"),
        (json!({"outputs": {"o": {"columns": {"a": "x)"}}}}), "outputs.o.columns.a", "`)` without"),
        (json!({"outputs": {"o": {"columns": {"a": "var.x"}}}}), "outputs.o.columns.a", "no variable `x`"),
        (json!({"outputs": {"o": {"columns": "*", "catch": "rejected"}}}), "outputs.o.catch", "no output has a filter"),
        (json!({"outputs": {"o": {"columns": "*", "catch": "unmatched"}}}), "outputs.o.catch", "no lookup leaves"),
        (json!({"lookups": {"input": {"on": on}}, "outputs": out}), "lookups.input", "cannot be called `input`"),
        (json!({"lookups": {"c": {}}, "outputs": out}), "lookups.c", "has no `on`"),
        (json!({"lookups": {"c": {"on": on, "match": "cross"}}, "outputs": out}), "lookups.c.on", "takes every row"),
        (
            json!({"lookups": {"c": {"on": on, "filter": "c.x > input.y"}}, "outputs": out}),
            "lookups.c.filter",
            "names `input.y`",
        ),
        (
            json!({"variables": {"a": "var.b", "b": "var.a"}, "outputs": out}),
            "variables",
            "in a circle: `var.a`, `var.b`",
        ),
        (
            json!({"lookups": {"c": {"on": {"x": "d.x"}}, "d": {"on": {"x": "var.v"}}}, "variables": {"v": "c.x"}, "outputs": out}),
            "variables",
            "in a circle: `var.v`, `c`, `d`",
        ),
    ] {
        let (at, said) = key_and_message(config.clone());
        assert!(at == key && said.contains(message), "{config}: {at}: {said}");
    }
}

#[test]
fn what_others_use_is_worked_out_before_them() {
    let config = json!({
        "lookups": {"a": {"on": {"x": "z.y"}}, "z": {"on": {"x": "var.k"}}},
        "variables": {"k": "input.k + 1", "after": "a.name || var.k"},
        "outputs": {"o": {"columns": {"n": "var.after"}}},
    });
    let config: MapConfig = from_value(config).unwrap();
    let steps = Reader::new(&config).steps().unwrap();
    let names = steps.order.iter().map(|step| match step {
        steps::Step::Variables(made) => made.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(","),
        steps::Step::Lookup { name, .. } => (*name).to_owned(),
    });
    assert_eq!(names.collect::<Vec<_>>(), ["k", "z", "a", "after"]);
}
