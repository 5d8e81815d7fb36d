//! Findings for programs: they are what their JSON Schema says, and places in them can be read by people.

use crate::support::Project;
use crate::support::run::flow;
use serde_json::Value;

fn schema() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(include_str!("../../../../schema/diagnostics.schema.json")).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[track_caller]
fn is_as_the_schema_says(result: &Value) {
    let schema = schema();
    let wrong: Vec<String> = schema.iter_errors(result).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{result:#}");
}

const BODY: &str = r#"settings: {retires: 2}
modules:
  - {id: clean.rows, name: filter_mod, configs: {required: {conditon: "n > 1"}}}
  - {id: gen, name: generate_source, configs: {rows: 5, columns: [{name: n, kind: sequens}]}}
  - {name: noop_solo}
connections:
  data: ["gen.data - clean.rows.input", "gen.data - clean.row.input"]
  control: ["gen (0|) gen"]
"#;

#[test]
fn places_have_words() {
    let project = Project::new();
    project.write("wrong.yaml", flow("wrong", BODY));
    let result = project.pype(&["validate", "wrong.yaml", "--output", "json"]).json();
    is_as_the_schema_says(&result);
    let paths: Vec<&str> =
        result["diagnostics"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    let expected = [
        "settings.retires",
        "modules[clean.rows].configs",
        "modules[clean.rows].configs.required.conditon",
        "modules[gen].configs.columns[0].kind",
        "modules[2]",
        "connections.data[1]",
        "connections.control[0]",
    ];
    for path in expected {
        assert!(paths.contains(&path), "{path}: {paths:?}");
    }
    let shown = project.pype(&["validate", "wrong.yaml"]).expect_code(3);
    let line = "--> wrong.yaml:5:83  modules[gen].configs.columns[0].kind\n";
    assert!(shown.stderr.contains(line), "{}", shown.stderr);
    // One hint, at the end of all.
    assert_eq!(shown.stderr.matches("more on a code: pype explain ").count(), 1);
}

#[test]
fn what_was_built_is_as_the_schema_says() {
    let project = Project::new();
    project.write("right.yaml", flow("right", "modules: [{id: one, name: noop_solo}]\nschedule: {cron: daily}\n"));
    let result = project.pype(&["build", "right.yaml", "--output", "json"]).expect_code(0).json();
    is_as_the_schema_says(&result);
    assert_eq!(result["effects"]["one"], "pure");
    assert_eq!((&result["warnings"], &result["diagnostics"][0]["path"]), (&Value::from(1), &Value::from("schedule")));
    let result = project.pype(&["validate", "none.yaml", "--output", "json"]).json();
    is_as_the_schema_says(&result);
    assert!(result["diagnostics"][0]["line"].is_null() && result.get("effects").is_none());
    let mut other = result.clone();
    other["diagnostics"][0]["severity"] = Value::from("note");
    assert!(!schema().is_valid(&other), "a schema that allows everything");
}

#[test]
fn errors_stand_next_to_the_verdict() {
    let project = Project::new();
    project.write("both.yaml", flow("both", "modules: [{id: one, nam: noop_solo}]\nschedule: {cron: daily}\n"));
    let output = project.pype(&["validate", "both.yaml"]).expect_code(3);
    let at = |word: &str| output.stderr.find(word).unwrap_or_else(|| panic!("{word}\n{}", output.stderr));
    assert!(at("warning[L017]") < at("error[L004]"));
    assert!(
        output.stderr.contains("more on a code: pype explain L005 L004 L017\n")
            || output.stderr.contains("more on a code: pype explain L004 L005 L017\n"),
        "{}",
        output.stderr
    );
    assert_eq!(output.stdout, "both.yaml is not valid: 2 errors, 1 warning\n");
}
