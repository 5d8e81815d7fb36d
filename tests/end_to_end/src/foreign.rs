//! Modules of other people: those that lower are fused like our own, and those that misbehave harm their own node alone.

use crate::support::Project;
use crate::support::run::flow;
use crate::support::trace::{Show, assert_trace};
use serde_json::json;

/// A flow in which `module` stands between a source and a sink.
fn between(module: &str, configs: &str) -> String {
    format!(
        r#"
settings: {{retry_delay: 0}}
modules:
  - {{id: src, name: csv_source, configs: {{file_path: in.csv}}}}
  - {{id: it, name: {module}, configs: {{{configs}}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
connections: {{data: [src.data - it.input, it.output - out.input]}}
"#
    )
}

/// A flow in which the source `module` is written to a file.
fn from(module: &str, configs: &str, settings: &str) -> String {
    format!(
        r#"
settings: {{retry_delay: 0{settings}}}
modules:
  - {{id: it, name: {module}, configs: {{{configs}}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
connections: {{data: [it.data - out.input]}}
"#
    )
}

fn project() -> Project {
    let project = Project::with_foreign_plugins();
    project.write("in.csv", "name,n\nann,1\nbob,2\n,3\n");
    project
}

#[test]
fn a_module_that_lowers_does_its_work() {
    let project = project();
    let run = project.run_flow("upper", &between("derive_upper_mod", "column: name, name: LOUD"));
    assert_eq!(project.read("out.csv"), "name,n,LOUD\nann,1,ANN\nbob,2,BOB\n,3,\n");
    assert_eq!(run.node("it")["library"], "libpype_demo_lowering.so");
}

#[test]
fn a_module_that_lowers_is_fused_into_one_stage() {
    let project = project();
    let body = between("derive_upper_mod", "column: name").replace("csv_sink", "parquet_sink");
    project.build("upper", &body);
    let plan = project.pype(&["run", "jobs/upper", "--explain"]).expect_code(0).stdout;
    assert!(plan.contains("1. stage [src, it, out]"), "{plan}");
    assert_eq!(plan.matches("stage [").count(), 1, "{plan}");
    assert!(!plan.contains("runs by itself") && !project.exists("out.csv"), "{plan}");
    let apart = project.pype(&["run", "jobs/upper", "--explain", "--no-fuse"]).expect_code(0).stdout;
    assert_eq!(apart.matches("stage [").count(), 3, "{apart}");
    let run = project.run_job("upper", &[], 0);
    assert_eq!(["src", "it", "out"].map(|id| run.node(id)["stage"].clone()), [1, 1, 1]);
}

#[test]
fn a_configured_name_cannot_break_out_of_its_quotes() {
    let project = project();
    project.run_flow("upper", &between("derive_upper_mod", r#"column: name, name: 'a" , 1 AS "b'"#));
    assert_eq!(project.read("out.csv").lines().count(), 4);
    assert_eq!(project.read("out.csv").lines().nth(1), Some("ann,1,ANN"));
}

#[test]
fn a_module_that_runs_on_its_own_tokio_does_its_work() {
    let project = project();
    let body = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: 200000, columns: [{name: n, kind: sequence}]}}
  - {id: it, name: pass_mod}
  - {id: out, name: csv_sink, configs: {output_path: "out.csv"}}
connections: {data: [src.data - it.input, it.output - out.input]}
"#;
    let run = project.run_flow("pass", body);
    assert_eq!([run.rows("src.data", "it.input"), run.rows("it.output", "out.input")], [200_000, 200_000]);
    let written = project.read("out.csv");
    assert_eq!((written.lines().count(), written.lines().last()), (200_001, Some("199999")));
}

#[test]
fn a_module_that_hands_on_blocking_streams_does_its_work() {
    let project = project();
    let body = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: 200000, columns: [{name: n, kind: sequence}]}}
  - {id: it, name: stream_mod}
  - {id: out, name: csv_sink, configs: {output_path: "out.csv"}}
  - {id: next, name: generate_source, configs: {rows: "{{ it__doubled }}", columns: [{name: n, kind: sequence}]}}
  - {id: last, name: csv_sink, configs: {output_path: "last.csv"}}
connections:
  data: [src.data - it.input, it.output - out.input, next.data - last.input]
  control: [src (1|) next]
"#;
    let run = project.run_flow("stream", body);
    assert_eq!(run.rows("it.output", "out.input"), 200_000);
    assert_eq!(project.read("out.csv").lines().count(), 200_001);
    assert_eq!(run.rows("next.data", "last.input"), 400_000);
}

#[test]
fn a_panic_in_run_is_an_error_with_its_place() {
    let project = project();
    let words = ["`it`", "panic_mod", "libpype_demo_misbehaving.so", "one batch is enough", "src/panics.rs:"];
    let run = project.run_fails("panic", &between("panic_mod", ""), &words);
    let fault = &run.node("it")["fault"];
    assert_eq!(fault["kind"], "panic");
    assert_eq!(fault["place"].as_str().unwrap().split(':').next().unwrap().rsplit('/').next(), Some("panics.rs"));
    // It had begun: rows stream.
    assert_eq!(run.node("out")["state"], "cancelled");
    assert!(!project.exists("out.csv"));
}

#[test]
fn a_module_that_panics_is_torn_down() {
    let project = project();
    let body = "modules: [{id: it, name: panic_solo, configs: {ended_file: ended}}]\n";
    let run = project.run_fails("panic", body, &["`it`", "panic_solo", "nothing to do", "src/panics.rs:"]);
    assert_eq!(run.node("it")["fault"]["kind"], "panic");
    assert_eq!(project.read("ended"), "ended");
}

#[test]
fn a_panic_in_setup_is_an_error_with_its_place() {
    let project = project();
    let words = ["`it`", "panic_setup_source", "libpype_demo_misbehaving.so", "not today", "src/panics.rs:"];
    let run = project.run_fails("panic", &from("panic_setup_source", "", ""), &words);
    assert_eq!(run.node("it")["fault"]["kind"], "panic");
    assert!(!project.exists("out.csv"));
}

#[test]
fn a_panic_in_lower_is_found_at_build_with_its_place() {
    let project = project();
    project.write("panic.yaml", flow("panic", &between("panic_lower_mod", "")));
    let output = project.pype(&["build", "panic.yaml"]).expect_code(3);
    for word in ["L012", "`it`", "panic_lower_mod", "libpype_demo_lowering.so", "no idea what I do", "src/lib.rs:"] {
        assert!(output.stderr.contains(word), "{word}\n{}", output.stderr);
    }
    assert!(!project.exists("jobs"));
}

#[test]
fn rows_that_were_not_declared_are_refused() {
    let project = project();
    let run = project.run_fails("bad", &from("bad_rows_source", "", ""), &["`it`", "declared", "sent"]);
    assert_eq!(run.node("it")["state"], "failed");
    assert!(!project.exists("out.csv"));
}

#[test]
fn what_fails_for_a_while_is_tried_again() {
    let project = project();
    let run = project.run_flow("retry", &from("transient_source", "attempts_file: attempts", ""));
    assert_eq!(project.read("attempts"), "2");
    assert_eq!(project.read("out.csv"), "n\n1\n2\n3\n", "rows of the attempt that failed are gone");
    assert_eq!(run.rows("it.data", "out.input"), 3);
    assert!(run.output.stderr.contains("the server hung up"), "the first failure is told: {}", run.output.stderr);
}

#[test]
fn retries_come_to_an_end() {
    for (settings, attempts) in [("", "2"), (", retries: 0", "1"), (", retries: 3", "4")] {
        let project = project();
        project.build("retry", &from("transient_source", "attempts_file: attempts, failures: 9", settings));
        let run = project.run_job("retry", &[], 1);
        assert_eq!(project.read("attempts"), attempts, "{settings}");
        assert_eq!(run.node("it")["fault"]["transient"], true);
        assert!(!project.exists("out.csv") && project.leftovers().is_empty());
    }
}

#[test]
fn a_node_may_have_retries_of_its_own() {
    let project = project();
    let body = from("transient_source", "attempts_file: attempts, failures: 3", ", retries: 0");
    let body = body.replace("failures: 3}", "failures: 3}, misc: {retries: 3}");
    project.run_flow("retry", &body);
    assert_eq!(project.read("attempts"), "4");
}

#[test]
fn a_failure_that_stays_is_not_tried_again() {
    let project = project();
    std::fs::create_dir(project.path("attempts")).unwrap();
    project.build("retry", &from("transient_source", "attempts_file: attempts", ", retries: 5"));
    let run = project.run_job("retry", &[], 1);
    assert_eq!(run.node("it")["fault"]["transient"], false);
    assert!(!run.output.stderr.contains("next attempt"), "{}", run.output.stderr);
}

/// A module asks for what is around it, in two loops and in none: items are values, or rows where there are several columns.
#[test]
fn a_module_sees_its_item_and_the_globals_of_others() {
    let project = project();
    let body = r#"
modules:
  - {id: rates, name: set_var_solo, configs: {vars: {Euro: 1.5}}}
  - {id: words, name: loop_source, configs: {items: [a, b]}}
  - {id: rows, name: inline_source, configs: {rows: [{n: 7, path: x.csv}]}}
  - {id: word, name: around_solo, configs: {node: RATES, name: euro}}
  - {id: row, name: around_solo, configs: {node: rates, name: dollar}}
  - {id: after, name: around_solo, configs: {node: rates, name: Euro}}
connections:
  control:
    - "rates (1|) words"
    - "words (1|iterate) word"
    - "word (1|) rows"
    - "rows.data (1|iterate) row"
    - "words (2|) after"
"#;
    let (_, found) = project.traced("around", body, 0, Show::default());
    let row = r#"    row succeeded: "global none, item {"n":7,"path":"x.csv"}, index 0""#;
    let expected = [
        "rates succeeded",
        "words succeeded",
        "item 0 of word: a",
        r#"  word succeeded: "global 1.5, item "a", index 0""#,
        "  rows succeeded",
        r#"  item 0 of row: {"n":7,"path":"x.csv"}"#,
        row,
        "  row: 1 item",
        "item 1 of word: b",
        r#"  word succeeded: "global 1.5, item "b", index 1""#,
        "  rows succeeded",
        r#"  item 0 of row: {"n":7,"path":"x.csv"}"#,
        row,
        "  row: 1 item",
        "word: 2 items",
        r#"after succeeded: "global 1.5, item none, index none""#,
        "run succeeded, exit 0",
    ];
    assert_trace(&found, &expected);
}

#[test]
fn they_are_listed_beside_our_own() {
    let project = project();
    let listed = project.pype(&["list-modules", "--output", "json"]).expect_code(0).json();
    let listed = listed.as_array().unwrap();
    let module = listed.iter().find(|module| module["name"] == "derive_upper_mod").unwrap();
    assert_eq!((&module["version"], &module["category"]), (&json!("0.3.0"), &json!("Demo")));
    assert!(listed.iter().any(|module| module["name"] == "filter_mod"));
}
