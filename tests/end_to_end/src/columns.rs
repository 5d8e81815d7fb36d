//! Columns and types through a flow before it runs: what is found, where, what stays unknown, and that runs agree.

mod agree;
mod lineage;
mod unknown;

use crate::support::Project;
use crate::support::run::flow;

/// Code, line, column and message of every finding.
fn found(project: &Project, body: &str, args: &[&str]) -> Vec<(String, u64, u64, String)> {
    project.write("flow.yaml", flow("flow", body));
    let mut all = vec!["validate", "flow.yaml", "--output", "json"];
    all.extend(args);
    let result = project.pype(&all).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let one = |one: &serde_json::Value| {
        (text(&one["code"]), one["line"].as_u64().unwrap(), one["col"].as_u64().unwrap(), text(&one["message"]))
    };
    result["diagnostics"].as_array().unwrap().iter().map(one).collect()
}

/// The codes alone.
fn codes(project: &Project, body: &str, args: &[&str]) -> Vec<String> {
    found(project, body, args).into_iter().map(|(code, ..)| code).collect()
}

/// A project with a file of people.
fn people() -> Project {
    let project = Project::new();
    project.write("people.csv", "id,name,age\n1,ann,20\n2,bob,30\n");
    project
}

/// A source, a filter, a sink.
fn filtered(condition: &str) -> String {
    format!(
        "modules:\n  - {{id: src, name: csv_source, configs: {{file_path: people.csv}}}}\n  - id: keep\n    name: filter_mod\n    configs:\n      condition: \"{condition}\"\n  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}\nconnections: {{data: [src.data - keep.input, keep.output - out.input]}}\n"
    )
}

#[test]
fn every_wrong_name_is_underlined_where_it_stands() {
    let project = people();
    let found = found(&project, &filtered("aeg > 18 AND nmae = 'x' AND id > 0"), &[]);
    let expected = [
        ("C001".to_owned(), 7, 19, "there is no column `aeg`".to_owned()),
        ("C001".to_owned(), 7, 32, "there is no column `nmae`".to_owned()),
    ];
    assert_eq!(found, expected);
    let shown = project.pype(&["validate", "flow.yaml"]).expect_code(3).stderr;
    assert!(shown.contains("did you mean `age`? columns: `id`, `name`, `age`"), "{shown}");
}

#[test]
fn the_smallest_part_that_cannot_be_is_underlined() {
    let found = found(&people(), &filtered("id > 0 AND age + 1 > 2 AND upper(age) = 'X'"), &[]);
    let [(code, line, col, message)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((code.as_str(), *line, *col), ("C002", 7, 46));
    assert!(message.starts_with("`upper(age)`: "), "{message}");
}

#[test]
fn findings_of_all_nodes_come_at_once_and_none_for_what_follows_from_them() {
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: people.csv}}
  - {id: one, name: filter_mod, configs: {condition: agee > 1}}
  - {id: two, name: filter_mod, configs: {condition: nosuch > 1}}
  - {id: three, name: filter_mod, configs: {condition: name > 1}}
  - {id: a, name: csv_sink, configs: {output_path: a.csv}}
  - {id: b, name: parquet_sink, configs: {output_path: b, partition_by: [nam]}}
connections:
  data: [src.data - one.input, one.output - two.input, two.output - a.input, src.data - three.input, three.output - b.input]
"#;
    // `two` follows `one`, whose output nobody knows; `b` follows `three`.
    assert_eq!(codes(&people(), body, &[]), ["C001", "C002"]);
}

#[test]
fn levels_take_in_those_before_them() {
    let project = people();
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: people.csv, headr: true}}
  - {id: src2, name: csv_source, configs: {file_path: people.csv}}
  - {id: keep, name: filter_mod, configs: {condition: agee > 1}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}, color: red}
connections:
  data: [src2.data - keep.input, keep.output - out.inptu]
"#;
    let at = |level: &str| {
        let mut codes = codes(&project, body, &["--level", level]);
        codes.sort();
        codes.join(" ")
    };
    assert_eq!(at("yaml"), "");
    assert_eq!(at("schema"), "L004");
    assert_eq!(at("graph"), "L004 P003 P007");
    assert_eq!(at("modules"), "L004 L010 P003 P007");
    assert_eq!(at("columns"), "C001 L004 L010 P003 P007");
    let refused = project.pype(&["build", "flow.yaml", "--level", "graph"]).expect_code(2);
    assert!(refused.stderr.contains("`modules` or `columns`"), "{}", refused.stderr);
}
