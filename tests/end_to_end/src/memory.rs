//! A budget of memory: what needs more is worked off in parts and gives the same rows; what cannot be ends with a message.

use crate::support::Project;
use crate::support::run::flow;

/// Four million rows of a number, a float and a text: some 250 MB.
const ROWS: u64 = 4_000_000;

/// Bytes of a run in which nothing need be kept, and of the largest that may be taken here.
const LIMIT: &str = "256MB";
const MOST: u64 = 500_000_000;

fn source(id: &str, seed: u64) -> String {
    format!(
        "  - {{id: {id}, name: generate_source, configs: {{rows: {ROWS}, seed: {seed}, columns: [
      {{name: id, kind: sequence}}, {{name: k, kind: int, max: 3000000}}, {{name: x, kind: float, nulls: 0.1}},
      {{name: t, kind: choice, values: [a text of some length that is not kept in a view, another one of them, third]}}]}}}}\n"
    )
}

/// The rows come from a file, as sizes of files are what a stage goes by.
fn prepared(project: &Project) {
    let body = format!(
        "modules:\n{}{}  - {{id: write_a, name: parquet_sink, configs: {{output_path: a.parquet}}}}
  - {{id: write_b, name: parquet_sink, configs: {{output_path: b.parquet}}}}
connections: {{data: [a.data - write_a.input, b.data - write_b.input]}}\n",
        source("a", 1),
        source("b", 2)
    );
    project.run_flow("prepare", &body);
}

/// The same flow with all the memory that there is, and within the limit.
fn agrees(project: &Project, name: &str, body: &str, counted: (&str, &str)) {
    project.build(name, body);
    let whole = project.run_job(name, &[], 0);
    let expected = project.read("out.csv");
    let within = project.run_job(name, &["--memory-limit", LIMIT], 0);
    assert!(within.output.stderr.contains("in parts"), "{}", within.output.stderr);
    assert_eq!(within.rows(counted.0, counted.1), whole.rows(counted.0, counted.1));
    assert!(project.read("out.csv") == expected, "{name}: other rows");
    let (took, took_within) = (peak(&whole.result), peak(&within.result));
    assert!(took_within < MOST, "{name}: {took_within} bytes within the limit, {took} without");
    assert_eq!(project.leftovers(), [""; 0]);
}

fn peak(result: &serde_json::Value) -> u64 {
    result["peak_rss_bytes"].as_u64().unwrap()
}

#[test]
fn a_sort_larger_than_the_budget_ends_within_it() {
    let project = Project::new();
    prepared(&project);
    let body = "modules:
  - {id: rows, name: parquet_source, configs: {file_path: a.parquet}}
  - {id: sorted, name: sort_mod, configs: {by: [{column: x, descending: true, nulls: last}, k, id]}}
  - {id: write, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [rows.data - sorted.input, sorted.output - write.input]}\n";
    agrees(&project, "sort", body, ("sorted.output", "write.input"));
}

/// Files of a run's own that have rows in them.
fn has_spilled(project: &Project) -> bool {
    let folders = project.path("tmp").read_dir().into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| folder.path().read_dir().into_iter().flatten().flatten());
    files.into_iter().any(|file| file.metadata().is_ok_and(|file| file.len() > 1_000_000))
}

#[test]
fn a_run_that_dies_while_it_works_in_parts_leaves_nothing_in_the_way() {
    let project = Project::new();
    prepared(&project);
    let body = "modules:
  - {id: rows, name: parquet_source, configs: {file_path: a.parquet}}
  - {id: sorted, name: sort_mod, configs: {by: [x, id]}}
  - {id: write, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [rows.data - sorted.input, sorted.output - write.input]}\n";
    project.build("sort", body);
    let mut run = project.start(&["run", "jobs/sort", "--memory-limit", LIMIT]);
    run.wait_until("rows on disk", || has_spilled(&project));
    run.signal("KILL");
    run.end();
    assert!(!project.exists("out.csv") && has_spilled(&project), "it was killed with its files there");
    project.run_job("sort", &["--memory-limit", LIMIT], 0);
    assert_eq!(project.read("out.csv").lines().count() as u64, ROWS + 1);
    assert_eq!(project.leftovers(), [""; 0]);
    assert_eq!(project.path("tmp").read_dir().unwrap().count(), 0, "what the dead run has left is gone too");
}

#[test]
fn groups_of_many_keys_end_within_it() {
    let project = Project::new();
    prepared(&project);
    let body = "modules:
  - {id: rows, name: parquet_source, configs: {file_path: a.parquet}}
  - {id: groups, name: aggregate_mod, configs: {group_by: [k], aggregates: {n: count(*), s: sum(id), t: max(t)}}}
  - {id: most, name: filter_mod, configs: {condition: n > 5}}
  - {id: sorted, name: sort_mod, configs: {by: [k]}}
  - {id: write, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [rows.data - groups.input, groups.output - most.input, most.output - sorted.input, sorted.output - write.input]}\n";
    agrees(&project, "groups", body, ("groups.output", "most.input"));
}

#[test]
fn a_join_of_two_tables_ends_within_it() {
    let project = Project::new();
    prepared(&project);
    let body = "modules:
  - {id: a, name: parquet_source, configs: {file_path: a.parquet}}
  - {id: b, name: parquet_source, configs: {file_path: b.parquet}}
  - {id: both, name: join_mod, configs: {how: inner, on: [id]}}
  - {id: some, name: filter_mod, configs: {condition: id % 1000 = 0}}
  - {id: sorted, name: sort_mod, configs: {by: [id]}}
  - {id: write, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [a.data - both.left, b.data - both.right, both.output - some.input, some.output - sorted.input, sorted.output - write.input]}\n";
    agrees(&project, "join", body, ("both.output", "some.input"));
    assert_eq!(project.read("out.csv").lines().count() as u64, ROWS / 1000 + 1);
}

#[test]
fn stages_that_do_not_fit_together_take_turns() {
    let project = Project::new();
    prepared(&project);
    let body = "modules:
  - {id: files, name: loop_source, configs: {items: [a, b]}}
  - {id: rows, name: parquet_source, configs: {file_path: \"{{ iter.item }}.parquet\"}}
  - {id: sorted, name: sort_mod, configs: {by: [{column: x, descending: true}, k, id]}}
  - {id: write, name: csv_sink, configs: {output_path: \"out_{{ iter.item }}.csv\"}}
connections:
  data: [rows.data - sorted.input, sorted.output - write.input]
  control: [files (1|iterate parallel=2) rows]\n";
    project.build("two", body);
    project.run_job("two", &[], 0);
    let files = ["out_a.csv", "out_b.csv"];
    let expected = files.map(|file| project.read(file));
    // One after the other, whatever the loop would let run at once.
    let within = project.run_job("two", &["--memory-limit", LIMIT], 0);
    assert_eq!(within.output.stderr.matches("in parts: a sort").count(), 2, "{}", within.output.stderr);
    assert!(files.map(|file| project.read(file)) == expected, "other rows");
    assert!(peak(&within.result) < MOST, "{} bytes within the limit", peak(&within.result));
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn what_one_stage_has_freed_is_there_for_the_next() {
    let project = Project::new();
    let sorts = |at: u64| {
        let source = source(&format!("rows{at}"), at);
        let sink = format!("{{id: write{at}, name: csv_sink, configs: {{output_path: out{at}.csv}}}}");
        format!("{source}  - {{id: sorted{at}, name: sort_mod, configs: {{by: [x, id]}}}}\n  - {sink}\n")
    };
    let data = |at: u64| format!("rows{at}.data - sorted{at}.input, sorted{at}.output - write{at}.input");
    let body = format!(
        "modules:\n{}{}{}connections:\n  data: [{}, {}, {}]\n  control: [rows1 (1|) rows2, rows2 (1|) rows3]\n",
        sorts(1),
        sorts(2),
        sorts(3),
        data(1),
        data(2),
        data(3)
    );
    project.build("three", &body);
    project.run_job("three", &[], 0);
    let files = ["out1.csv", "out2.csv", "out3.csv"];
    let expected = files.map(|file| project.read(file));
    let within = project.run_job("three", &["--memory-limit", LIMIT], 0);
    assert_eq!(within.output.stderr.matches("in parts: a sort").count(), 3, "{}", within.output.stderr);
    assert!(files.map(|file| project.read(file)) == expected, "other rows");
    assert!(peak(&within.result) < MOST, "{} bytes within the limit", peak(&within.result));
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn many_small_tables_go_to_disk_as_a_large_one_does() {
    let project = Project::new();
    let body = "modules:
  - {id: times, name: loop_source, configs: {from: 1, to: 40}}
  - {id: rows, name: generate_source, configs: {rows: 100000, columns: [{name: n, kind: sequence}, {name: x, kind: float}]}}
  - {id: keep, name: cache_sink, configs: {cache: all, mode: append}}
  - {id: all, name: cache_source, configs: {cache: all}}
  - {id: sums, name: aggregate_mod, configs: {aggregates: {n_rows: count(*), total: sum(n)}}}
  - {id: write, name: csv_sink, configs: {output_path: out.csv}}
connections:
  data: [rows.data - keep.input, all.data - sums.input, sums.output - write.input]
  control: [times (1|iterate) rows, times (2|) all]\n";
    project.build("kept", body);
    let in_memory = project.run_job("kept", &[], 0);
    assert!(!in_memory.output.stderr.contains("spill to parquet"), "{}", in_memory.output.stderr);
    let expected = project.read("out.csv");
    // Of some 64 MB a third of the limit stays in memory.
    let within = project.run_job("kept", &["--memory-limit", "64MiB"], 0);
    assert!(within.output.stderr.contains("spill to parquet"), "{}", within.output.stderr);
    assert_eq!(project.read("out.csv"), expected);
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_size_that_is_none_is_refused() {
    let project = Project::new();
    project.run_flow("one", "modules: [{id: one, name: noop_solo}]\n");
    for (size, word) in [("lots", "is no size"), ("1MB", "less than any run needs")] {
        let refused = project.pype(&["run", "jobs/one", "--memory-limit", size]).expect_code(2);
        assert!(refused.stderr.contains(word), "{}", refused.stderr);
    }
    project
        .write("wrong.yaml", flow("wrong", "settings: {memory_limit: lots}\nmodules: [{id: one, name: noop_solo}]\n"));
    let refused = project.pype(&["validate", "wrong.yaml"]).expect_code(3);
    assert!(refused.stderr.contains("memory_limit"), "{}", refused.stderr);
}

#[test]
fn what_cannot_be_parted_fails_with_a_message() {
    let project = Project::new();
    prepared(&project);
    let body = "modules:
  - {id: rows, name: parquet_source, configs: {file_path: a.parquet}}
  - {id: all, name: window_mod, configs: {columns: {n: rank() OVER (ORDER BY x)}}}
  - {id: write, name: parquet_sink, configs: {output_path: out.parquet}}
connections: {data: [rows.data - all.input, all.output - write.input]}\n";
    project.build("whole", body);
    let failed = project.run_job("whole", &["--memory-limit", "64MiB"], 1);
    let fault = &failed.failures()[0]["fault"];
    assert_eq!(fault["kind"], "memory", "{fault}");
    assert!(fault["help"].as_str().unwrap().contains("--memory-limit"));
    assert_eq!(failed.failures()[0]["node"], "all", "who holds the rows, not who reads them: {fault}");
    assert!(!project.exists("out.parquet"));
    assert_eq!(project.leftovers(), [""; 0]);
}
