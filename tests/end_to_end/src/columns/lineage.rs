//! Lineage: written where columns are declared, and shown by `pype lineage` where files tell the rest.

use super::{filtered, people};
use crate::support::Project;
use serde_json::{Value, json};

const DECLARED: &str = r#"
modules:
  - id: src
    name: csv_source
    configs: {file_path: later.csv, columns: [{name: id, type: int}, {name: name, type: string}, {name: age, type: int}]}
  - {id: keep, name: filter_mod, configs: {condition: age > 18}}
  - {id: up, name: derive_upper_mod, configs: {column: name, name: loud}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
  - {id: rest, name: csv_sink, configs: {output_path: rest.csv}}
connections: {data: [src.data - keep.input, keep.output - up.input, up.output - out.input, keep.reject - rest.input]}
"#;

fn column<'a>(sink: &'a Value, name: &str) -> &'a Value {
    sink["columns"].as_array().unwrap().iter().find(|column| column["name"] == name).unwrap()
}

#[test]
fn declared_columns_bring_their_lineage_into_the_job() {
    let project = Project::with_foreign_plugins();
    project.build("flow", DECLARED);
    let metadata: Value = serde_json::from_str(&project.read("jobs/flow/flow_execution_metadata.json")).unwrap();
    let [out, rest] = metadata["lineage"].as_array().unwrap().as_slice() else { panic!("{metadata}") };
    assert_eq!((&out["node"], &rest["node"]), (&json!("out"), &json!("rest")));
    let loud = column(out, "loud");
    assert_eq!(loud["type"], "string");
    assert_eq!(loud["from"], json!([{"node": "src", "column": "name", "how": "transformation"}]));
    assert_eq!(column(out, "id")["from"], json!([{"node": "src", "column": "id", "how": "identity"}]));
    assert_eq!(out["rows"], json!([{"node": "src", "column": "age", "how": "filter"}]));
    assert_eq!(rest["columns"].as_array().unwrap().len(), 3);
    // The same from the job folder alone, and from the flow.
    for subject in ["jobs/flow", "flow.yaml"] {
        let report = project.pype(&["lineage", subject, "--output", "json"]).expect_code(0).json();
        assert_eq!(report, json!({"sinks": metadata["lineage"], "unknown": []}), "{subject}");
    }
}

#[test]
fn heads_of_files_tell_what_the_flow_does_not() {
    let project = people();
    project.build("flow", &filtered("age > 18"));
    let shown = project.pype(&["lineage", "jobs/flow"]).expect_code(0).stdout;
    assert!(shown.contains("out.name") && shown.contains("src.name (identity)"), "{shown}");
    assert!(shown.contains("rows of out hang on: src.age (filter)"), "{shown}");
    let one = project.pype(&["lineage", "flow.yaml", "--column", "out.age", "--output", "json"]).expect_code(0).json();
    assert_eq!(one["sinks"][0]["columns"].as_array().unwrap().len(), 1);
    let wrong = project.pype(&["lineage", "jobs/flow", "--column", "out.agee"]).expect_code(2);
    assert!(wrong.stderr.contains("did you mean `age`?"), "{}", wrong.stderr);
    let wrong = project.pype(&["lineage", "jobs/flow", "--column", "outt.age"]).expect_code(2);
    assert!(wrong.stderr.contains("there is no sink `outt.age`"), "{}", wrong.stderr);
    std::fs::remove_file(project.path("people.csv")).unwrap();
    let report = project.pype(&["lineage", "jobs/flow", "--output", "json"]).expect_code(0).json();
    assert_eq!(report, json!({"sinks": [], "unknown": ["out"]}));
    let unknown = project.pype(&["lineage", "jobs/flow", "--column", "out.age"]).expect_code(3);
    assert!(unknown.stderr.contains("known only at run"), "{}", unknown.stderr);
}
