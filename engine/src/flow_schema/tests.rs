//! The merged schema against modules of odd forms: what it takes, and what not.

use super::*;
use jsonschema::Draft;

fn module(name: &str, schema: Value) -> ModuleManifest {
    let manifest = json!({
        "name": name, "type": "source", "version": "1.0.0", "description": "Reads", "category": "Files",
        "input_ports": [], "output_ports": ["data"], "globals": [], "packages": [],
        "config_schema": {"required": {}, "optional": {}}, "config_json_schema": schema,
    });
    serde_json::from_value(manifest).unwrap()
}

fn modules() -> Vec<ModuleManifest> {
    let file = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.org/file",
        "type": "object", "additionalProperties": false, "required": ["path"],
        "properties": {
            "path": {"type": "string"},
            "rows": {"type": "integer", "minimum": 1, "description": "Rows to keep"},
            "mode": {"$ref": "#/$defs/Mode", "default": "fast"},
            "odd %/~ name": {"type": "boolean"},
            "columns": {"type": "array", "items": {"$ref": "#/$defs/Column"}},
        },
        "$defs": {
            "Mode": {"enum": ["fast", "slow"]},
            "Column": {
                "type": "object", "required": ["name"], "additionalProperties": false,
                "properties": {"name": {"type": "string"}, "width": {"type": "integer"}, "of": {"$ref": "#/$defs/Column"}},
            },
        },
    });
    let mode =
        json!({"type": "object", "properties": {"mode": {"$ref": "#/$defs/Mode"}}, "$defs": {"Mode": {"enum": [1]}}});
    vec![module("file_source", file), module("other_source", mode), module("any_source", json!(true))]
}

fn accepts(node: Value) -> bool {
    let modules = modules();
    let schema = of_modules(&modules.iter().collect::<Vec<_>>());
    jsonschema::meta::options().validate(&schema).unwrap();
    let flow = json!({
        "flow": {"name": "a", "version": "1.0.0", "authors": ["x"], "created": "2026-01-01"}, "modules": [node],
    });
    let validator = jsonschema::options().with_draft(Draft::Draft202012).build(&schema).unwrap();
    let drafts: Vec<bool> = [validator, jsonschema::options().with_draft(Draft::Draft7).build(&schema).unwrap()]
        .iter()
        .map(|validator| validator.is_valid(&flow))
        .collect();
    assert_eq!(drafts[0], drafts[1], "the drafts that editors know read it alike: {flow}");
    drafts[0]
}

fn node(module: &str, configs: Value) -> Value {
    json!({"id": "a", "name": module, "configs": configs})
}

#[test]
fn keys_may_stand_in_any_of_their_places() {
    for good in [
        json!({"path": "x"}),
        json!({"required": {"path": "x"}, "optional": {"rows": 1}}),
        json!({"required": {"path": "x"}, "rows": 1}),
        json!({"optional": {"path": "x"}, "required": null}),
        json!({"path": "x", "mode": "slow", "odd %/~ name": true}),
        json!({"path": "x", "columns": [{"name": "a", "of": {"name": "b", "width": 3}}]}),
    ] {
        assert!(accepts(node("file_source", good.clone())), "{good}");
    }
    for bad in [
        json!({}),
        json!({"optional": {"rows": 1}}),
        json!({"path": "x", "row": 1}),
        json!({"required": {"path": "x", "row": 1}}),
        json!({"path": 1}),
        json!({"path": "x", "rows": 0}),
        json!({"path": "x", "rows": "many"}),
        json!({"path": "x", "optional": {"rows": "many"}}),
        json!({"path": "x", "mode": "quick"}),
        json!({"path": "x", "odd %/~ name": "yes"}),
        json!({"path": "x", "columns": [{"width": 3}]}),
        json!({"path": "x", "columns": [{"name": "a", "of": {"width": 3}}]}),
    ] {
        assert!(!accepts(node("file_source", bad.clone())), "{bad}");
    }
    assert!(!accepts(json!({"id": "a", "name": "file_source"})), "what needs a key needs `configs`");
}

#[test]
fn what_is_known_later_may_stand_anywhere() {
    for later in ["{{ context.rows }}", "${ROWS}", "${ROWS:-7}"] {
        assert!(accepts(node("file_source", json!({"path": later, "rows": later, "mode": later, "columns": later}))));
        assert!(accepts(node(
            "file_source",
            json!({"path": "x", "columns": [{"name": "a", "width": later, "of": later}]})
        )));
    }
}

#[test]
fn names_of_two_modules_are_kept_apart() {
    assert!(accepts(node("other_source", json!({"mode": 1, "free": true}))));
    assert!(!accepts(node("other_source", json!({"mode": "fast"}))));
    assert!(accepts(node("any_source", json!({"anything": [1]}))));
    assert!(accepts(json!({"id": "a", "name": "other_source"})));
    assert!(!accepts(node("no_source", json!({}))), "there is no such module");
}

#[test]
fn misc_is_free_but_for_what_the_engine_knows() {
    let with = |misc: Value| accepts(json!({"id": "a", "name": "any_source", "misc": misc}));
    assert!(with(json!({"retries": 2, "timeout": 0.5, "join": "any", "mine": {"free": [1]}})));
    for bad in [json!({"retries": -1}), json!({"timeout": 0}), json!({"join": "some"})] {
        assert!(!with(bad.clone()), "{bad}");
    }
}

#[test]
fn without_modules_any_name_goes() {
    let schema = of_modules(&[]);
    let validator = jsonschema::options().build(&schema).unwrap();
    let flow = |name: &str| {
        json!({
            "flow": {"name": "a", "version": "1.0.0", "authors": ["x"], "created": "2026-01-01"},
            "modules": [{"id": "a", "name": name}],
        })
    };
    assert!(validator.is_valid(&flow("what_source")));
}
