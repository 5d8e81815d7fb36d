//! Values from outside and from other nodes: where each comes from, which one wins, and what is said when one is missing.

use crate::support::Project;

/// As many rows as the context says: a number must stay one on its way.
const ROWS: &str = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: "{{ context.rows }}", columns: [{name: n, kind: sequence}]}}
  - {id: out, name: csv_sink, configs: {output_path: "out/{{ context.name }}-{{context.rows}}.csv"}}
connections: {data: [src.data - out.input]}
context:
  rows: {type: int, default: 1}
  name: {type: str, default: file}
"#;

#[track_caller]
fn rows(project: &Project, environment: &[(&str, &str)], args: &[&str]) -> u64 {
    project.run_job_with(environment, "ctx", args, 0).rows("src.data", "out.input")
}

#[test]
fn each_place_stands_above_the_one_before() {
    let project = Project::new();
    project.build("ctx", ROWS);
    let default = "jobs/ctx/context/ctx_default.json";
    std::fs::remove_file(project.path(default)).unwrap();
    assert_eq!(rows(&project, &[], &[]), 1, "the declared default");
    project.write(default, r#"{"rows": 2, "name": "file"}"#);
    assert_eq!(rows(&project, &[], &[]), 2, "the default file");
    project.write("jobs/ctx/context/ctx_prod.json", r#"{"rows": 3}"#);
    assert_eq!(rows(&project, &[], &[]), 2, "a context that is not named is not read");
    assert_eq!(rows(&project, &[], &["--context", "prod"]), 3, "the named context");
    let environment = [("PYPE_CTX_ROWS", "4")];
    assert_eq!(rows(&project, &environment, &["--context", "prod"]), 4, "the environment");
    let set = ["--context", "prod", "--set", "rows=5"];
    assert_eq!(rows(&project, &environment, &set), 5, "the command line");
    let written: Vec<String> = project.files("out");
    assert_eq!(written, ["file-1.csv", "file-2.csv", "file-3.csv", "file-4.csv", "file-5.csv"]);
}

#[test]
fn a_rebuild_keeps_the_context_that_was_edited() {
    let project = Project::new();
    project.build("ctx", ROWS);
    project.write("jobs/ctx/context/ctx_default.json", r#"{"rows": 7, "name": "mine"}"#);
    project.build("ctx", ROWS);
    assert_eq!(rows(&project, &[], &[]), 7);
}

#[test]
fn a_text_that_looks_like_a_number_stays_a_text_where_one_is_declared() {
    let project = Project::new();
    project.build("ctx", ROWS);
    project.run_job("ctx", &["--set", "name=007"], 0);
    assert_eq!(project.files("out"), ["007-1.csv"]);
}

#[test]
fn a_value_of_the_wrong_type_is_told_before_anything_starts() {
    let project = Project::new();
    project.build("ctx", ROWS);
    project.write("jobs/ctx/context/ctx_default.json", r#"{"rows": "many", "name": "file"}"#);
    let output = project.pype(&["run", "jobs/ctx"]).expect_code(3);
    for word in ["`rows`", "`int`", "ctx_default.json"] {
        assert!(output.stderr.contains(word), "{}", output.stderr);
    }
    assert!(!project.exists("out") && project.nothing_ran("ctx"));
}

#[test]
fn a_named_context_must_be_there() {
    let project = Project::new();
    project.build("ctx", ROWS);
    let output = project.pype(&["run", "jobs/ctx", "--context", "prdo"]).expect_code(3);
    assert!(output.stderr.contains("ctx_prdo.json"), "{}", output.stderr);
}

#[test]
fn a_broken_context_file_is_named() {
    let project = Project::new();
    project.build("ctx", ROWS);
    project.write("jobs/ctx/context/ctx_default.json", "{rows: 2}");
    let output = project.pype(&["run", "jobs/ctx"]).expect_code(3);
    assert!(output.stderr.contains("ctx_default.json"), "{}", output.stderr);
}

#[test]
fn everything_that_is_missing_is_told_at_once() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: "{{ context.folder }}/{{ context.file }}"}}
  - {id: out, name: csv_sink, configs: {output_path: "{{ context.target }}", delimiter: "{{ context.known }}"}}
connections: {data: [src.data - out.input]}
context: {target: {}, known: {default: ";"}}
"#;
    project.build("missing", body);
    let output = project.pype(&["run", "jobs/missing"]).expect_code(3);
    for name in ["`folder`", "`file`", "`target`"] {
        assert!(output.stderr.contains(name), "{}", output.stderr);
    }
    assert!(!output.stderr.contains("known`"), "{}", output.stderr);
}

#[test]
fn an_undeclared_variable_is_a_warning_and_can_be_given() {
    let project = Project::new();
    let body = ROWS.replace("  rows: {type: int, default: 1}\n", "");
    project.build("ctx", &body);
    let found = project.pype(&["validate", "ctx.yaml", "--output", "json"]).expect_code(0).json();
    assert!(found["diagnostics"].as_array().unwrap().iter().all(|one| one["code"] == "P017"));
    assert_eq!(found["warnings"], 2);
    assert_eq!(rows(&project, &[], &["--set", "rows=6"]), 6);
}

#[test]
fn counts_of_an_earlier_sub_flow_are_known_whatever_their_case() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: First.Load, name: csv_source, configs: {file_path: in.csv}}
  - {id: keep, name: filter_mod, configs: {condition: a > 1}}
  - {id: mid, name: parquet_sink, configs: {output_path: mid.parquet}}
  - {id: rest, name: csv_sink, configs: {output_path: rest.csv}}
  - {id: more, name: generate_source, configs: {rows: "{{ KEEP__Reject_Count }}", columns: [{name: n, kind: sequence}]}}
  - {id: out, name: csv_sink, configs: {output_path: "out-{{first.load__ROW_COUNT}}-{{ Keep__row_count }}-{{mid__row_count}}.csv"}}
connections:
  data:
    - First.Load.data - keep.input
    - keep.output - mid.input
    - keep.reject - rest.input
    - more.data - out.input
  control: [mid (1|) more]
"#;
    project.write("in.csv", "a\n1\n2\n3\n4\n5\n");
    let run = project.run_flow("globals", body);
    assert!(project.exists("out-5-4-4.csv"), "{:?}", project.files("."));
    assert_eq!(run.rows("more.data", "out.input"), 1, "the reject count, as a number");
}

#[test]
fn a_global_of_the_same_sub_flow_is_an_error_at_build() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: 1, columns: [{name: n, kind: sequence}]}}
  - {id: out, name: csv_sink, configs: {output_path: "{{ src__row_count }}.csv"}}
connections: {data: [src.data - out.input]}
"#;
    project.write("same.yaml", crate::support::run::flow("same", body));
    let output = project.pype(&["validate", "same.yaml"]).expect_code(3);
    assert!(output.stderr.contains("error[P016]") && output.stderr.contains("same sub flow"), "{}", output.stderr);
}

#[test]
fn a_secret_is_written_nowhere() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: 1, columns: [{name: n, kind: choice, values: ["{{ context.key }}"]}]}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - out.input]}
context: {key: {type: str, secret: true}}
"#;
    project.build("secret", body);
    let run = project.run_job_with(&[("PYPE_CTX_KEY", "hunter2")], "secret", &["-vv"], 0);
    assert_eq!(project.read("out.csv"), "n\nhunter2\n");
    assert!(!run.output.stdout.contains("hunter2") && !run.output.stderr.contains("hunter2"));
    for file in project.files("jobs") {
        assert!(!project.read(&format!("jobs/{file}")).contains("hunter2"), "{file}");
    }
}

#[test]
fn a_value_cannot_lead_out_of_the_expression_it_stands_in() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: 9, columns: [{name: n, kind: sequence}]}}
  - {id: keep, name: filter_mod, configs: {condition: "n > {{ context.least }}"}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - keep.input, keep.output - out.input]}
context: {least: {default: 5}}
"#;
    project.build("ctx", body);
    assert_eq!(rows_kept(&project, &[]), 3);
    for evil in ["least=5) OR (1=1", "least=5; DROP TABLE input", "least=5 OR"] {
        let output = project.pype(&["run", "jobs/ctx", "--set", evil]).expect_code(1);
        assert!(output.stderr.contains("not an SQL expression"), "{evil}: {}", output.stderr);
    }
}

fn rows_kept(project: &Project, args: &[&str]) -> u64 {
    project.run_job("ctx", args, 0).rows("keep.output", "out.input")
}

#[test]
fn a_value_of_another_type_than_declared_is_refused_unseen() {
    let project = Project::new();
    project.build("ctx", ROWS);
    let output = project.pype(&["run", "jobs/ctx", "--set", "rows=canary"]).expect_code(2);
    assert!(output.stderr.contains("`rows` is not of its declared type"), "{}", output.stderr);
    assert!(!output.stderr.contains("canary"), "it may be a secret: {}", output.stderr);
    assert_eq!(rows(&project, &[], &["--set", "rows=3", "--set", "name=12"]), 3);
    assert!(project.exists("out/12-3.csv"), "a text that looks like a number stays a text");
}
