//! The specification's sample flow, word for word: what it says must happen, happens.

use crate::support::tables::{parquet_columns, parquet_rows};
use crate::support::{Output, Project};
use serde_json::{Value, json};

const FLOW: &str = r#"flow:
  name: sample_etl
  version: 1.0.0
  authors: ["developer"]
  created: "2025-01-15"

settings:
  timeout: 3600
  retries: 1
  fail_strategy: halt
  execution_mode: pandas
  threads: 8

modules:
  - id: source_csv
    name: csv_source
    configs:
      required:
        file_path: data/people.csv
      optional:
        encoding: "utf-8"

  - id: transform_data
    name: filter_mod
    configs:
      required:
        condition: "age > 18"

  - id: output_parquet
    name: parquet_sink
    configs:
      required:
        output_path: out/adults.parquet

connections:
  data:
    - "source_csv.data - transform_data.input"
    - "transform_data.output - output_parquet.input"
  control:
    - "source_csv (1|) transform_data"
    - "transform_data (2|) output_parquet"
"#;

const PEOPLE: &str = "name,age,city\nAnn,34,Rome\nBob,12,Oslo\nCid,,Bonn\nDora,18,Kyiv\nEve,19,\n";

fn project() -> Project {
    let project = Project::new();
    project.write("sample_etl.yaml", FLOW);
    project.write("data/people.csv", PEOPLE);
    project
}

fn codes(output: &Output) -> Vec<(String, u64)> {
    let found = output.json();
    let found = found["diagnostics"].as_array().unwrap();
    found.iter().map(|one| (one["code"].as_str().unwrap().to_owned(), one["line"].as_u64().unwrap())).collect()
}

#[test]
fn it_is_valid_with_three_warnings() {
    let project = project();
    let output = project.pype(&["validate", "sample_etl.yaml", "--output", "json"]).expect_code(0);
    let result = output.json();
    assert_eq!((&result["ok"], &result["errors"], &result["warnings"]), (&json!(true), &json!(0), &json!(3)));
    let expected = [("L016", 11), ("P010", 40), ("P010", 41)];
    assert_eq!(codes(&output), expected.map(|(code, line)| (code.to_owned(), line)));
    assert!(!project.exists("jobs"), "validate writes nothing");
}

#[test]
fn a_build_makes_four_files() {
    let project = project();
    project.pype(&["build", "sample_etl.yaml"]).expect_code(0);
    let mut files = project.files("jobs/sample_etl");
    files.retain(|name| name != ".lock");
    let expected = [
        "context/sample_etl_default.json",
        "sample_etl.yaml",
        "sample_etl_dag.json",
        "sample_etl_execution_metadata.json",
    ];
    assert_eq!(files, expected);
    assert_eq!(project.read("jobs/sample_etl/sample_etl.yaml"), FLOW, "the YAML is kept as it was given");
}

/// So that whoever reads a job needs no plugin to know what its modules are.
#[test]
fn each_node_has_the_whole_manifest_of_its_module() {
    let project = project();
    project.pype(&["build", "sample_etl.yaml"]).expect_code(0);
    let dag: Value = serde_json::from_str(&project.read("jobs/sample_etl/sample_etl_dag.json")).unwrap();
    let nodes = dag["nodes"].as_array().unwrap();
    let names: Vec<&str> = nodes.iter().map(|node| node["module"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["csv_source", "filter_mod", "parquet_sink"]);
    for node in nodes {
        let name = node["module"]["name"].as_str().unwrap();
        let mut told = project.pype(&["describe-module", name, "--output", "json"]).expect_code(0).json();
        // Where the module was found stands beside its manifest.
        told.as_object_mut().unwrap().retain(|key, _| !["plugin", "registered"].contains(&key.as_str()));
        assert_eq!(node["module"], told, "{name}");
    }
}

#[test]
fn a_run_keeps_adults_only() {
    let project = project();
    project.pype(&["build", "sample_etl.yaml"]).expect_code(0);
    let run = project.run_job("sample_etl", &[], 0);
    let rows = parquet_rows(&project.path("out/adults.parquet"));
    assert_eq!(rows, [r#""Ann",34,"Rome""#, r#""Eve",19,null"#], "NULL is not above 18");
    assert_eq!(parquet_columns(&project.path("out/adults.parquet")), ["name", "age", "city"]);
    assert_eq!(run.rows("source_csv.data", "transform_data.input"), 5);
    assert_eq!(run.rows("transform_data.output", "output_parquet.input"), 2);
    assert_eq!(run.result["links"].as_array().unwrap().len(), 2);
    let counts = |id: &str| (run.node(id)["rows_in"].clone(), run.node(id)["rows_out"].clone());
    assert_eq!(counts("source_csv"), (json!(null), json!(5)));
    assert_eq!(counts("transform_data"), (json!(5), json!(2)));
    assert_eq!(counts("output_parquet"), (json!(2), json!(2)));
    assert_eq!(run.state("source_csv"), "succeeded");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_run_needs_the_job_folder_alone() {
    let project = project();
    project.pype(&["build", "sample_etl.yaml"]).expect_code(0);
    std::fs::remove_file(project.path("sample_etl.yaml")).unwrap();
    project.run_job("sample_etl", &[], 0);
    assert_eq!(parquet_rows(&project.path("out/adults.parquet")).len(), 2);
}

#[test]
fn a_run_also_tells_it_in_text() {
    let project = project();
    project.pype(&["build", "sample_etl.yaml"]).expect_code(0);
    let output = project.pype(&["run", "jobs/sample_etl"]).expect_code(0);
    for word in ["source_csv", "transform_data", "output_parquet", "succeeded"] {
        assert!(output.stdout.contains(word), "{}", output.stdout);
    }
    assert!(!output.stdout.contains('\u{1b}'), "no colour where nobody sees it");
}

#[test]
fn two_builds_are_the_same_bytes_wherever_they_are_made() {
    let (one, two) = (project(), project());
    let build = |project: &Project| -> Vec<(String, String)> {
        project.pype(&["build", "sample_etl.yaml"]).expect_code(0);
        let mut files = project.files("jobs/sample_etl");
        files.retain(|name| name != ".lock");
        files.into_iter().map(|name| (name.clone(), project.read(&format!("jobs/sample_etl/{name}")))).collect()
    };
    let first = build(&one);
    assert_eq!(first.len(), 4);
    assert_eq!(build(&one), first, "built twice");
    assert_eq!(build(&two), first, "built in another folder");
    assert!(!first.iter().any(|(_, text)| text.contains(&one.path("").display().to_string())));
}

#[test]
fn a_job_that_was_edited_is_refused() {
    let project = project();
    project.pype(&["build", "sample_etl.yaml"]).expect_code(0);
    let dag = project.read("jobs/sample_etl/sample_etl_dag.json");
    project.write("jobs/sample_etl/sample_etl_dag.json", dag.replace("age > 18", "age > 10"));
    let output = project.pype(&["run", "jobs/sample_etl"]).expect_code(3);
    assert!(output.stderr.contains("build the job again"), "{}", output.stderr);
    assert!(!project.exists("out"));
}
