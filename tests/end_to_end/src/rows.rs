//! Rows on their way: rejects, fan-outs and diamonds lose none and make none up, however the flow is parted into stages.

use crate::support::Project;
use crate::support::tables::parquet_rows;

const PEOPLE: &str = "id,name,score\n1,Ann,50.5\n2,Bob,\n3,,12.0\n4,\"\",NaN\n5,Eve,7.25\n6,Fay,99\n";

/// A source, a filter with a reject port, and a sink for each of its outputs.
fn reject_flow(condition: &str) -> String {
    format!(
        r#"
modules:
  - {{id: src, name: csv_source, configs: {{file_path: people.csv}}}}
  - {{id: keep, name: filter_mod, configs: {{condition: "{condition}"}}}}
  - {{id: kept, name: csv_sink, configs: {{output_path: kept.csv}}}}
  - {{id: rest, name: csv_sink, configs: {{output_path: rest.csv}}}}
connections:
  data: [src.data - keep.input, keep.output - kept.input, keep.reject - rest.input]
"#
    )
}

fn first_column(text: &str) -> Vec<&str> {
    text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect()
}

#[test]
fn null_is_rejected_and_counts_add_up() {
    let project = Project::new();
    project.write("people.csv", PEOPLE);
    let run = project.run_flow("reject", &reject_flow("score < 60"));
    assert_eq!(first_column(&project.read("kept.csv")), ["1", "3", "5"]);
    assert_eq!(first_column(&project.read("rest.csv")), ["2", "4", "6"], "NULL and NaN are not below 60");
    assert_eq!(run.rows("src.data", "keep.input"), 6);
    assert_eq!((run.rows("keep.output", "kept.input"), run.rows("keep.reject", "rest.input")), (3, 3));
    let node = run.node("keep");
    assert_eq!([&node["rows_in"], &node["rows_out"], &node["rows_rejected"]], [6, 3, 3]);
}

#[test]
fn rows_from_nowhere_fail_their_node() {
    let project = Project::with_foreign_plugins();
    project.write("people.csv", PEOPLE);
    let body = "modules:
  - {id: src, name: csv_source, configs: {file_path: people.csv}}
  - {id: it, name: twice_mod}
  - {id: write, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - it.input, it.output - write.input]}\n";
    project.build("twice", body);
    let failed = project.run_job("twice", &[], 1);
    let failure = &failed.failures()[0];
    assert_eq!((&failure["node"], &failure["fault"]["kind"]), (&"it".into(), &"contract".into()), "{failure}");
    assert!(failure.to_string().contains("more rows than it has taken"), "{failure}");
    assert!(!project.exists("out.csv"), "nothing is published");
}

#[test]
fn missing_texts_are_rejected() {
    let project = Project::new();
    project.write("people.csv", PEOPLE);
    project.run_flow("reject", &reject_flow("name <> ''"));
    assert_eq!(first_column(&project.read("kept.csv")), ["1", "2", "5", "6"]);
    assert_eq!(first_column(&project.read("rest.csv")), ["3", "4"]);
}

#[test]
fn every_row_goes_one_way_whatever_the_condition() {
    for condition in
        ["score IS NULL", "score IS NOT NULL AND score > 10", "score > 10 OR name = 'Bob'", "1 = 0", "true"]
    {
        let project = Project::new();
        project.write("people.csv", PEOPLE);
        project.run_flow("reject", &reject_flow(condition));
        let (kept, rest) = (project.read("kept.csv"), project.read("rest.csv"));
        let mut all: Vec<&str> = first_column(&kept).into_iter().chain(first_column(&rest)).collect();
        all.sort_unstable();
        assert_eq!(all, ["1", "2", "3", "4", "5", "6"], "{condition}");
    }
}

#[test]
fn a_reject_port_that_nobody_reads_is_no_error() {
    let project = Project::new();
    project.write("people.csv", PEOPLE);
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: people.csv}}
  - {id: keep, name: filter_mod, configs: {condition: score < 60}}
  - {id: kept, name: csv_sink, configs: {output_path: kept.csv}}
connections: {data: [src.data - keep.input, keep.output - kept.input]}
"#;
    let run = project.run_flow("no_reject", body);
    assert_eq!(first_column(&project.read("kept.csv")), ["1", "3", "5"]);
    assert!(run.node("keep")["rows_rejected"].is_null(), "what nobody counts is not told");
}

#[test]
fn each_reader_of_a_port_gets_all_rows() {
    let project = Project::new();
    project.write("people.csv", PEOPLE);
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: people.csv}}
  - {id: a, name: csv_sink, configs: {output_path: a.csv}}
  - {id: b, name: parquet_sink, configs: {output_path: b.parquet}}
  - {id: low, name: filter_mod, configs: {condition: id < 3}}
  - {id: c, name: csv_sink, configs: {output_path: c.csv}}
connections:
  data: [src.data - a.input, src.data - b.input, src.data - low.input, low.output - c.input]
"#;
    let run = project.run_flow("fan_out", body);
    assert_eq!(first_column(&project.read("a.csv")).len(), 6);
    assert_eq!(parquet_rows(&project.path("b.parquet")).len(), 6);
    assert_eq!(first_column(&project.read("c.csv")), ["1", "2"]);
    let passed = [("src.data", "a.input"), ("src.data", "b.input"), ("src.data", "low.input")];
    assert_eq!(passed.map(|(from, to)| run.rows(from, to)), [6, 6, 6]);
    assert_eq!(run.node("src")["rows_out"], 6, "rows are counted once, not once per reader");
}

/// A source that goes straight and through a module that runs, to two sinks.
const DIAMOND: &str = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: 150000, seed: 7, columns: [{name: n, kind: sequence}, {name: v, kind: int, max: 9}]}}
  - {id: show, name: log_rows_mod, configs: {rows: 2}}
  - {id: pick, name: filter_mod, configs: {condition: v < 3}}
  - {id: shown, name: csv_sink, configs: {output_path: "{{ context.out }}/shown.csv"}}
  - {id: picked, name: csv_sink, configs: {output_path: "{{ context.out }}/picked.csv"}}
  - {id: left, name: csv_sink, configs: {output_path: "{{ context.out }}/left.csv"}}
connections:
  data:
    - src.data - show.input
    - src.data - pick.input
    - show.output - shown.input
    - pick.output - picked.input
    - pick.reject - left.input
context: {out: {default: out}}
"#;

#[test]
fn a_diamond_gives_both_sides_all_rows() {
    let project = Project::new();
    let run = project.run_flow("diamond", DIAMOND);
    assert_eq!(run.rows("show.output", "shown.input"), 150_000);
    let (picked, left) = (run.rows("pick.output", "picked.input"), run.rows("pick.reject", "left.input"));
    assert!(picked > 0 && left > 0);
    assert_eq!(picked + left, 150_000);
    assert_eq!(project.read("out/shown.csv").lines().count(), 150_001);
    assert_eq!(project.read("out/picked.csv").lines().count() as u64, picked + 1);
    assert!(run.output.stderr.contains("show: 2 of 150000 rows"), "{}", run.output.stderr);
}

/// Two modules that each wait for the other to begin: one after the other, they would wait for ever.
#[test]
fn what_has_its_rows_runs_at_the_same_time() {
    let project = Project::with_foreign_plugins();
    let body = r#"
settings: {timeout: 60, grace: 1}
modules:
  - {id: src, name: inline_source, configs: {rows: [{n: 1}, {n: 2}]}}
  - {id: left, name: spin_mod, configs: {started_file: left_at, until_file: right_at}}
  - {id: right, name: spin_mod, configs: {started_file: right_at, until_file: left_at}}
  - {id: left_out, name: csv_sink, configs: {output_path: left.csv}}
  - {id: right_out, name: csv_sink, configs: {output_path: right.csv}}
connections:
  data: [src.data - left.input, src.data - right.input, left.output - left_out.input, right.output - right_out.input]
"#;
    let run = project.run_flow("wave", body);
    assert_eq!(run.result["sub_flows"].as_array().unwrap().len(), 1, "it is one sub flow");
    assert_eq!(["left.csv", "right.csv"].map(|name| project.read(name)), ["n\n1\n2\n", "n\n1\n2\n"]);
}

/// Filters one after another, with a module that runs between two of them, and rejects that are filtered again.
const CHAIN: &str = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: people.csv}}
  - {id: first, name: filter_mod, configs: {condition: "score > 1"}}
  - {id: show, name: log_rows_mod, configs: {rows: 1}}
  - {id: second, name: filter_mod, configs: {condition: "name IS NOT NULL"}}
  - {id: again, name: filter_mod, configs: {condition: "id > 2"}}
  - {id: shown, name: csv_sink, configs: {output_path: "{{ context.out }}/shown.csv"}}
  - {id: picked, name: csv_sink, configs: {output_path: "{{ context.out }}/picked.csv"}}
  - {id: left, name: csv_sink, configs: {output_path: "{{ context.out }}/left.csv"}}
connections:
  data:
    - src.data - first.input
    - first.output - show.input
    - show.output - second.input
    - second.output - shown.input
    - second.reject - left.input
    - first.reject - again.input
    - again.output - picked.input
context: {out: {default: out}}
"#;

fn outputs(project: &Project, folder: &str) -> Vec<(String, String)> {
    project.files(folder).into_iter().map(|name| (name.clone(), project.read(&format!("{folder}/{name}")))).collect()
}

#[test]
fn fusing_changes_no_byte_of_the_output() {
    for (name, body) in [("diamond", DIAMOND), ("chain", CHAIN)] {
        let project = Project::new();
        project.write("people.csv", PEOPLE);
        project.build(name, body);
        let fused = project.run_job(name, &["--set", "out=fused"], 0);
        let apart = project.run_job(name, &["--no-fuse", "--set", "out=apart"], 0);
        let expected = outputs(&project, "fused");
        assert_eq!(expected.len(), 3, "{name}");
        assert!(outputs(&project, "apart") == expected, "{name}: the files differ");
        assert_eq!(apart.result["links"], fused.result["links"], "{name}");
        assert_eq!(project.leftovers(), [""; 0]);
    }
}

#[test]
fn where_rows_live_changes_no_byte_of_the_output() {
    for (name, body) in [("diamond", DIAMOND), ("chain", CHAIN)] {
        let project = Project::new();
        project.write("people.csv", PEOPLE);
        for mode in ["memory", "streaming", "auto"] {
            project.build(name, &format!("settings: {{execution_mode: {mode}}}\n{body}"));
            project.run_job(name, &["--set", &format!("out={mode}")], 0);
        }
        let expected = outputs(&project, "memory");
        assert_eq!(expected.len(), 3, "{name}");
        for mode in ["streaming", "auto"] {
            assert!(outputs(&project, mode) == expected, "{name}: {mode} gives other files");
        }
        assert_eq!(project.leftovers(), [""; 0]);
    }
}

#[test]
fn rows_that_are_spilled_come_back() {
    let project = Project::new();
    let spills = |args: &[&str]| {
        let log = project.run_job("diamond", &[&["--log-format", "json"], args].concat(), 0).output.stderr;
        let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let is_spill = |line: &serde_json::Value| {
            line["level"] == "INFO" && line["message"].as_str().unwrap().starts_with("spill to parquet at ")
        };
        lines.filter(is_spill).count()
    };
    project.build("diamond", &format!("settings: {{spill_threshold_rows: 1000}}\n{DIAMOND}"));
    assert!(spills(&["--set", "out=spilled"]) > 0);
    project.build("diamond", DIAMOND);
    assert_eq!(spills(&["--set", "out=kept"]), 0);
    assert!(outputs(&project, "spilled") == outputs(&project, "kept"));
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn the_same_seed_gives_the_same_rows() {
    let body = r#"
modules:
  - id: src
    name: generate_source
    configs:
      rows: 1000
      seed: "{{ context.seed }}"
      columns:
        - {name: n, kind: sequence, min: 10}
        - {name: i, kind: int, min: -5, max: 5, nulls: 0.1}
        - {name: f, kind: float, max: 1}
        - {name: b, kind: bool}
        - {name: d, kind: date, max: 20000}
        - {name: c, kind: choice, values: [red, green]}
  - {id: out, name: csv_sink, configs: {output_path: "{{ context.out }}.csv"}}
connections: {data: [src.data - out.input]}
context: {seed: {type: int}, out: {}}
"#;
    let project = Project::new();
    project.build("generate", body);
    for (seed, out) in [("1", "a"), ("1", "b"), ("2", "c")] {
        project.run_job("generate", &["--set", &format!("seed={seed}"), "--set", &format!("out={out}")], 0);
    }
    let (a, b, c) = (project.read("a.csv"), project.read("b.csv"), project.read("c.csv"));
    assert_eq!(a.lines().count(), 1001);
    assert!(a == b && a != c);
    assert!(a.starts_with("n,i,f,b,d,c\n10,"), "{}", a.lines().take(2).collect::<String>());
    assert!(a.lines().last().unwrap().starts_with("1009,"));
}

#[test]
fn log_lines_are_json_tagged_with_their_node() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: 2, columns: [{name: n, kind: sequence}]}}
  - {id: show, name: log_rows_mod}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - show.input, show.output - out.input]}
"#;
    project.build("logs", body);
    // Where nobody looks at a terminal, they are so without being asked for.
    for form in [&["--log-format", "json"][..], &[]] {
        let output = project.pype(&[&["run", "jobs/logs", "-v"], form].concat()).expect_code(0);
        let lines: Vec<serde_json::Value> = output
            .stderr
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect();
        let shown = lines.iter().find(|line| line["node_id"] == "show").unwrap();
        let tags = ["level", "sub_flow", "target"].map(|key| shown[key].as_str().unwrap());
        assert_eq!(tags, ["INFO", "src", "log_rows_mod"]);
        assert!(project.run_ids("logs").iter().any(|run| shown["run"] == **run), "{shown}");
        assert!(shown["message"].as_str().unwrap().starts_with("show: 2 of 2 rows\n"), "{shown}");
        assert!(lines.iter().any(|line| line["level"] == "DEBUG"), "-v tells more");
    }
}
