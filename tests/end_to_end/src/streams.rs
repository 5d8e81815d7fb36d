//! Rows between a stage and a module stream: nothing is kept of them, and whoever fails is named alone.

use crate::support::Project;
use crate::support::run::flow;

/// More rows than fit into what may wait between two units, in many batches.
const ROWS: u64 = 1_000_000;

/// Made by a module, filtered by a stage, looked at by a module, written by a stage.
fn through(settings: &str, configs: &str) -> String {
    format!(
        "settings: {{retries: 0{settings}}}
modules:
  - {{id: rows, name: generate_source, configs: {{rows: {ROWS}, columns: [{{name: n, kind: sequence}}, {{name: k, kind: int, max: 9}}]}}}}
  - {{id: keep, name: filter_mod, configs: {{condition: \"n % 3 = 0\"}}}}
  - {{id: look, name: assert_mod, configs: {{{configs}}}}}
  - {{id: twice, name: derive_mod, configs: {{columns: {{m: n * 2}}}}}}
  - {{id: write, name: csv_sink, configs: {{output_path: out.csv}}}}
connections: {{data: [rows.data - keep.input, keep.output - look.input, look.output - twice.input, twice.output - write.input]}}\n"
    )
}

#[test]
fn rows_stream_through_stages_and_modules() {
    let project = Project::new();
    // Every table would be a file, and would say so.
    project.build("through", &through(", execution_mode: streaming", "not_null: [n]"));
    let streamed = project.run_job("through", &[], 0);
    assert!(!streamed.output.stderr.contains("spill to parquet"), "{}", streamed.output.stderr);
    let found = project.read("out.csv");
    let apart = project.run_job("through", &["--no-fuse"], 0);
    assert_eq!(apart.output.stderr.matches("spill to parquet").count(), 4, "{}", apart.output.stderr);
    assert!(project.read("out.csv") == found, "other rows, or another order");
    let links = [("rows.data", "keep.input"), ("keep.output", "look.input"), ("look.output", "twice.input")];
    for (from, to) in links {
        assert_eq!(streamed.rows(from, to), apart.rows(from, to), "{from}");
    }
    assert_eq!(streamed.rows("look.output", "twice.input"), 333_334);
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn the_memory_of_a_stream_is_that_of_a_few_batches() {
    let project = Project::new();
    let body = |rows: u64| {
        format!(
            "modules:
  - {{id: rows, name: generate_source, configs: {{rows: {rows}, columns: [{{name: n, kind: sequence}}, {{name: t, kind: choice, values: [a text that is not kept in its view]}}]}}}}
  - {{id: keep, name: filter_mod, configs: {{condition: n >= 0}}}}
  - {{id: look, name: log_rows_mod, configs: {{rows: 0}}}}
  - {{id: write, name: parquet_sink, configs: {{output_path: out.parquet}}}}
connections: {{data: [rows.data - keep.input, keep.output - look.input, look.output - write.input]}}\n"
        )
    };
    let peak = |name: &str, rows: u64| {
        project.build(name, &body(rows));
        let run = project.run_job(name, &["--memory-limit", "8GB"], 0);
        run.result["peak_rss_bytes"].as_u64().unwrap()
    };
    // As a table, so many rows would be more than two gigabytes.
    let many = peak("many", 50_000_000);
    assert!(many < 900_000_000, "{many} bytes with fifty million rows");
}

#[test]
fn explain_says_how_rows_travel_and_why() {
    let project = Project::new();
    project.build("through", &through("", "not_null: [n]"));
    let plan = project.pype(&["run", "jobs/through", "--explain"]).expect_code(0).stdout;
    for line in [
        "execution mode auto: tables stay in memory up to 10000000 rows",
        "<- rows.data - keep.input: a stream, as `rows` runs by itself",
        "<- keep.output - look.input: a stream, as `look` runs by itself",
        "<- look.output - twice.input: a stream, as `look` runs by itself",
    ] {
        assert!(plan.contains(line), "{line}\n{plan}");
    }
    let apart = project.pype(&["run", "jobs/through", "--explain", "--no-fuse"]).expect_code(0).stdout;
    assert!(apart.contains("<- twice.output - write.input: a table, as --no-fuse was asked for"), "{apart}");
    let several = "modules:
  - {id: rows, name: generate_source, configs: {rows: 5, columns: [{name: n, kind: sequence}]}}
  - {id: one, name: csv_sink, configs: {output_path: one.csv}}
  - {id: look, name: log_rows_mod, configs: {rows: 0}}
  - {id: two, name: csv_sink, configs: {output_path: two.csv}}
connections: {data: [rows.data - one.input, rows.data - look.input, look.output - two.input]}\n";
    project.write("several.yaml", flow("several", several));
    let dry = project.pype(&["dry-run", "several.yaml", "--explain"]).expect_code(0).stdout;
    assert!(dry.contains("<- rows.data - one.input: a table (several read it), as `rows` runs by itself"), "{dry}");
    assert!(dry.contains("<- look.output - two.input: a stream, as `look` runs by itself"), "{dry}");
}

#[test]
fn a_module_in_the_middle_that_fails_is_named_alone() {
    let project = Project::new();
    project.build("through", &through("", "max_rows: 10"));
    let run = project.run_job("through", &[], 1);
    let failed: Vec<&str> = run.failures().iter().map(|failure| failure["node"].as_str().unwrap()).collect();
    assert_eq!(failed, ["look"], "{}", run.output.stderr);
    assert!(!project.exists("out.csv"));
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_stage_behind_a_module_that_fails_is_named_alone() {
    let project = Project::new();
    let body = through("", "not_null: [n]").replace("m: n * 2", "m: CAST(CAST(n AS VARCHAR) || 'x' AS INTEGER)");
    project.build("through", &body);
    let run = project.run_job("through", &[], 1);
    let failed: Vec<&str> = run.failures().iter().map(|failure| failure["node"].as_str().unwrap()).collect();
    assert_eq!(failed, ["twice"], "{}", run.output.stderr);
    assert_eq!(run.failures()[0]["fault"]["kind"], "data");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_source_that_fails_after_some_rows_is_named_alone() {
    let project = Project::new();
    project.write("in.csv", format!("n,k\n{}oops,2\n", "1,2\n".repeat(300_000)));
    let body = through("", "not_null: [n]").replace(
        &format!("generate_source, configs: {{rows: {ROWS}, columns: [{{name: n, kind: sequence}}, {{name: k, kind: int, max: 9}}]}}"),
        "csv_source, configs: {file_path: in.csv, columns: [{name: n, type: int}, {name: k, type: int}]}",
    );
    let run = project.run_fails("through", &body, &["`rows`", "oops"]);
    assert_eq!(run.failures().len(), 1, "{}", run.output.stderr);
    assert!(!project.exists("out.csv"));
}

#[test]
fn a_reader_that_wants_the_first_rows_only_leaves_the_count_whole() {
    let project = Project::new();
    let body = through("", "not_null: [n]").replace(
        "derive_mod, configs: {columns: {m: n * 2}}",
        "sql_mod, configs: {query: SELECT n FROM input LIMIT 3}",
    );
    let run = project.run_flow("through", &body);
    assert_eq!(project.read("out.csv"), "n\n0\n3\n6\n");
    assert_eq!(run.rows("look.output", "twice.input"), 333_334);
}

#[test]
fn ways_that_meet_again_give_all_rows() {
    let project = Project::new();
    let body = format!(
        "settings: {{threads: 1}}
modules:
  - {{id: rows, name: generate_source, configs: {{rows: {ROWS}, columns: [{{name: n, kind: sequence}}]}}}}
  - {{id: split, name: filter_mod, configs: {{condition: \"n % 2 = 0\"}}}}
  - {{id: even, name: log_rows_mod, configs: {{rows: 0}}}}
  - {{id: odd, name: log_rows_mod, configs: {{rows: 0}}}}
  - {{id: all, name: union_mod}}
  - {{id: total, name: aggregate_mod, configs: {{aggregates: {{n: count(*), s: sum(n)}}}}}}
  - {{id: write, name: csv_sink, configs: {{output_path: out.csv}}}}
connections: {{data: [rows.data - split.input, split.output - even.input, split.reject - odd.input, even.output - all.a, odd.output - all.b, all.output - total.input, total.output - write.input]}}\n"
    );
    let run = project.run_flow("meet", &body);
    assert_eq!(project.read("out.csv"), format!("n,s\n{ROWS},{}\n", ROWS * (ROWS - 1) / 2));
    assert_eq!(run.rows("even.output", "all.a") + run.rows("odd.output", "all.b"), ROWS);
}
