//! A flow with a mistake of every kind: all are told at once, each with its code and place.

use crate::support::run::flow;
use crate::support::{Output, Project};
use serde_json::Value;

/// Line 1 is the section `flow`.
const BODY: &str = r#"settings:
  retires: 2
  threads: many
  fail_strategy: hlat
modules:
  - id: src
    name: csv_sorce
  - id: gen
    name: generate_source
    configs:
      required: {rows: 5, colums: []}
  - id: keep
    name: filter_mod
    configs: {condition: "age >"}
  - id: keep
    name: filter_mod
    configs: {condition: "n > 1"}
  - id: sink
    name: csv_sink
    configs: {output_path: "{{ context. }}", mode: apend}
    color: red
connections:
  data:
    - gen.data - keep.inptu
    - gen.data - nobody.input
    - gen.data sink.input
  control:
    - gen (0|) sink
    - gen (1|n > 1) src
"#;

/// Code, line and column of every finding.
const EXPECTED: &[(&str, u64, u64)] = &[
    ("L004", 3, 3),   // retires
    ("L006", 4, 12),  // threads: many
    ("L007", 5, 18),  // fail_strategy: hlat
    ("L008", 8, 11),  // csv_sorce
    ("L011", 9, 9),   // gen has no columns
    ("L010", 12, 27), // colums
    ("L018", 15, 26), // age >
    ("P013", 16, 9),  // the second keep
    ("P006", 16, 9),  // the second keep
    ("P006", 19, 9),  // sink
    ("L014", 21, 28), // {{ context. }}
    ("L012", 21, 52), // apend
    ("L004", 22, 5),  // color
    ("P003", 25, 18), // keep.inptu
    ("P002", 26, 18), // nobody
    ("P001", 27, 7),  // no dash
    ("P001", 29, 12), // order 0
    ("P016", 30, 14), // a name that no condition knows
];

fn found(project: &Project) -> Vec<(String, u64, u64)> {
    let output = project.pype(&["build", "wrong.yaml", "--output", "json"]);
    assert_eq!(output.code, 3, "{}\n{}", output.stdout, output.stderr);
    let result = output.json();
    assert_eq!(result["ok"], false);
    assert!(result["diagnostics"].as_array().unwrap().iter().all(|one| one["file"] == "wrong.yaml"));
    places(&output)
}

/// Code, line and column of all findings, by place.
fn places(output: &Output) -> Vec<(String, u64, u64)> {
    let result = output.json();
    let found = result["diagnostics"].as_array().unwrap().iter().map(|one| {
        (one["code"].as_str().unwrap().to_owned(), one["line"].as_u64().unwrap(), one["col"].as_u64().unwrap())
    });
    let mut found: Vec<(String, u64, u64)> = found.collect();
    found.sort_by_key(|(code, line, col)| (*line, *col, code.clone()));
    found
}

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    let project = Project::new();
    project.write("wrong.yaml", flow("wrong", BODY));
    let mut expected: Vec<_> = EXPECTED.iter().map(|(code, line, col)| ((*code).to_owned(), *line, *col)).collect();
    expected.sort_by_key(|(code, line, col)| (*line, *col, code.clone()));
    assert_eq!(found(&project), expected);
    assert!(!project.exists("jobs"));
}

#[test]
fn people_see_the_line_and_the_nearest_right_word() {
    let project = Project::new();
    project.write("wrong.yaml", flow("wrong", BODY));
    let output = project.pype(&["validate", "wrong.yaml"]).expect_code(3);
    let helps = ["retries", "halt", "csv_source", "columns", "input", "append"];
    for help in helps {
        assert!(output.stderr.contains(&format!("did you mean `{help}`?")), "{help}\n{}", output.stderr);
    }
    assert!(output.stderr.contains("wrong.yaml:8:11"), "{}", output.stderr);
    assert!(output.stderr.contains("    name: csv_sorce"), "{}", output.stderr);
    assert!(!output.stderr.contains('\u{1b}'), "no colour where nobody sees it");
}

#[test]
fn an_unknown_module_is_one_finding_and_not_one_of_each_neighbour() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: in.csv}}
  - {id: keep, name: filter_mood, configs: {condition: a > 1}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - keep.input, keep.output - out.input]}
"#;
    project.write("wrong.yaml", flow("wrong", body));
    assert_eq!(found(&project), [("L008".to_owned(), 5, 22)]);
}

#[test]
fn cycles_are_found() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: a, name: filter_mod, configs: {condition: x > 1}}
  - {id: b, name: filter_mod, configs: {condition: x > 1}}
  - {id: one, name: noop_solo}
  - {id: two, name: noop_solo}
connections:
  data: [a.output - b.input, b.output - a.input]
  control: [one (1|) two, two (1|) one]
"#;
    project.write("wrong.yaml", flow("wrong", body));
    let codes: Vec<String> = found(&project).into_iter().map(|(code, _, _)| code).collect();
    assert_eq!(codes, ["P008", "P009"]);
}

/// Line 3 is the first node.
const PORTS: &str = r#"modules:
  - {id: src, name: csv_source, configs: {file_path: in.csv}}
  - {id: other, name: csv_source, configs: {file_path: in.csv}}
  - {id: keep, name: filter_mod, configs: {condition: n > 1}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections:
  data:
    - src.data - keep.input
    - keep.output - out.input
"#;

#[test]
fn every_input_has_one_link_and_every_source_a_reader() {
    let found = |body: &str| {
        let project = Project::new();
        project.write("ports.yaml", flow("ports", body));
        let output = project.pype(&["validate", "ports.yaml", "--output", "json"]);
        let found = places(&output);
        assert_eq!(output.code, if found.iter().all(|(code, ..)| code == "P007") { 0 } else { 3 });
        found
    };
    let of = |body: &str, expected: &[(&str, u64, u64)]| {
        let expected: Vec<_> = expected.iter().map(|(code, line, col)| ((*code).to_owned(), *line, *col)).collect();
        assert_eq!(found(body), expected, "{body}");
    };
    let linked = |link: &str| format!("{PORTS}    - {link}\n");
    of(PORTS, &[("P007", 4, 10)]);
    of(&linked("other.data - keep.input"), &[("P004", 11, 7)]);
    of(&linked("src.data - out.input"), &[("P007", 4, 10), ("P004", 11, 7)]);
    let keep_alone = PORTS.replace("    - src.data - keep.input\n", "");
    of(&keep_alone, &[("P007", 3, 10), ("P007", 4, 10), ("P005", 5, 10)]);
}

#[test]
fn ids_that_cannot_be_used_are_refused() {
    let of = |id: &str, expected: &[(&str, u64, u64)]| {
        let project = Project::new();
        let body = format!("modules:\n  - {{id: a, name: noop_solo}}\n  - {{id: {id}, name: noop_solo}}\n");
        project.write("wrong.yaml", flow("wrong", &body));
        let expected: Vec<_> = expected.iter().map(|(code, line, col)| ((*code).to_owned(), *line, *col)).collect();
        assert_eq!(found(&project), expected, "{id}");
    };
    for id in ["context", "Params", "iter.x", "each", "run", "ENV", "secret", "one__two", "A.b"] {
        of(id, &[("P014", 4, 10)]);
    }
    of("A", &[("P013", 4, 10)]);
}

#[test]
fn a_condition_cannot_smuggle_in_more_sql() {
    for condition in ["1=1) OR (1=1", "a > 1; DROP TABLE input", "a > 1 -- and more\\n) x"] {
        let project = Project::new();
        let body = format!(
            r#"
modules:
  - {{id: src, name: csv_source, configs: {{file_path: in.csv}}}}
  - {{id: keep, name: filter_mod, configs: {{condition: "{condition}"}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
connections: {{data: [src.data - keep.input, keep.output - out.input]}}
"#
        );
        project.write("wrong.yaml", flow("wrong", &body));
        assert_eq!(found(&project).first().map(|one| one.0.clone()).as_deref(), Some("L018"), "{condition}");
    }
}

#[test]
fn a_secret_may_not_stand_in_the_flow() {
    let project = Project::new();
    let body = r#"
modules: [{id: one, name: noop_solo}]
context: {password: {secret: true, default: hunter2}, other: {secret: true}}
"#;
    project.write("wrong.yaml", flow("wrong", body));
    let found = found(&project);
    assert_eq!((found.len(), found[0].0.as_str()), (1, "L019"));
    assert!(!project.exists("jobs"));
}

#[test]
fn what_is_only_kept_is_said() {
    let project = Project::new();
    let body = r#"
schedule: {cron: "0 3 * * *"}
settings: {memory_limit: 2GiB, checkpoint: on, durability: process, commit_delay: 0, sub_flow_timeout: 60}
modules: [{id: one, name: noop_solo, misc: {join: any, timeout: 5, retries: 2, note: mine}}]
"#;
    project.write("kept.yaml", flow("kept", body));
    let result = project.pype(&["validate", "kept.yaml", "--output", "json"]).expect_code(0).json();
    let found: Vec<_> =
        result["diagnostics"].as_array().unwrap().iter().map(|one| (&one["code"], &one["pointer"])).collect();
    assert_eq!(found, [(&Value::from("L017"), &Value::from("/schedule"))]);
}
