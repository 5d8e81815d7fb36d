//! Rows that a job returns to the one that runs it, by `return_sink`, and the cache in which they arrive.

use crate::support::Project;
use crate::support::run::Run;

/// Returns two rows; `configs` is that of its `return_sink`.
fn returning(configs: &str) -> String {
    format!(
        r#"
modules:
  - {{id: src, name: inline_source, configs: {{rows: [{{n: 1}}, {{n: 2}}]}}}}
  - {{id: back, name: return_sink, configs: {{{configs}}}}}
connections: {{data: [src.data - back.input]}}
"#
    )
}

/// Runs `jobs/child` and writes a cache to `got.csv`.
fn getting(configs: &str, cache: &str) -> String {
    format!(
        r#"
modules:
  - {{id: call, name: run_flow_solo, configs: {{job: jobs/child{configs}}}}}
  - {{id: got, name: cache_source, configs: {{cache: {cache}}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: got.csv}}}}
connections: {{data: [got.data - out.input], control: [call (1|) got]}}
"#
    )
}

#[track_caller]
fn got(returns: &str, configs: &str, cache: &str) -> (Run, String) {
    let project = Project::new();
    project.build("child", &returning(returns));
    let run = project.run_flow("parent", &getting(configs, cache));
    (run, project.read("got.csv"))
}

#[test]
fn rows_come_back_under_the_name_that_one_of_the_two_jobs_gives() {
    for (returns, configs, cache) in [
        ("", "", "rows"),
        ("name: orders", "", "orders"),
        ("", ", rows: mine", "mine"),
        ("name: orders", ", rows: mine", "mine"),
    ] {
        let (run, rows) = got(returns, configs, cache);
        assert_eq!(rows, "n\n1\n2\n", "{returns} {configs}");
        assert_eq!(run.rows("got.data", "out.input"), 2);
    }
}

#[test]
fn several_tables_come_back_each_under_its_name() {
    let project = Project::new();
    let child = r#"
modules:
  - {id: a, name: inline_source, configs: {rows: [{n: 1}]}}
  - {id: a_back, name: return_sink, configs: {name: a}}
  - {id: b, name: inline_source, configs: {rows: [{t: x}]}}
  - {id: b_back, name: return_sink, configs: {name: b}}
  - {id: more, name: inline_source, configs: {rows: [{n: 2}]}}
  - {id: more_back, name: return_sink, configs: {name: a}}
connections: {data: [a.data - a_back.input, b.data - b_back.input, more.data - more_back.input]}
"#;
    project.build("child", child);
    for (cache, expected) in [("a", "n\n1\n2\n"), ("b", "t\nx\n")] {
        project.run_flow("parent", &getting("", cache));
        assert_eq!(project.read("got.csv"), expected);
    }
}

#[test]
fn a_job_that_returns_rows_can_be_run_by_itself() {
    let project = Project::new();
    let run = project.run_flow("child", &returning(""));
    assert_eq!(run.node("back")["rows_out"], 2);
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_job_without_rows_leaves_the_cache_empty() {
    let project = Project::new();
    project.build("child", "modules: [{id: it, name: noop_solo}]\n");
    project.run_fails("parent", &getting(", rows: mine", "mine"), &["`got`", "nothing was kept in the cache `mine`"]);
}

#[test]
fn rows_of_a_sub_flow_that_fails_do_not_come_back() {
    let project = Project::new();
    let failing = r#"
modules:
  - {id: src, name: inline_source, configs: {rows: [{n: 1}]}}
  - {id: back, name: return_sink}
  - {id: show, name: log_rows_mod}
  - {id: bad, name: filter_mod, configs: {condition: nope > 1}}
  - {id: never, name: csv_sink, configs: {output_path: never.csv}}
connections: {data: [src.data - back.input, src.data - show.input, show.output - bad.input, bad.output - never.input]}
"#;
    project.build_unseen("child", failing);
    let words = ["`got`", "nothing was kept in the cache `mine`"];
    project.run_fails("parent", &getting(", rows: mine, ignore_failure: true", "mine"), &words);
}

#[test]
fn large_tables_come_back_from_wherever_they_were_kept() {
    let project = Project::new();
    let source = "generate_source, configs: {rows: 100000, columns: [{name: n, kind: sequence}]}";
    let child = returning("").replace("inline_source, configs: {rows: [{n: 1}, {n: 2}]}", source);
    project.build("child", &child);
    for mode in ["memory", "streaming"] {
        project.run_flow("parent", &format!("settings: {{execution_mode: {mode}}}\n{}", getting("", "rows")));
        let rows = project.read("got.csv");
        assert_eq!((rows.lines().count(), rows.lines().last()), (100_001, Some("99999")), "{mode}");
        assert_eq!(project.leftovers(), [""; 0]);
    }
}

#[test]
fn a_name_that_cannot_be_one_is_refused() {
    let words = ["`back`", "`../rows` is no name of a cache"];
    Project::new().refuses(&returning("name: ../rows"), "L012", &words);
}
