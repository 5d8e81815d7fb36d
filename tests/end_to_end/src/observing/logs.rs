//! Log lines: their form, where they go, and how they are read again.

use super::{built, lines, run};
use crate::support::Project;
use serde_json::{Value, json};

fn of_node<'a>(lines: &'a [Value], node: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["node_id"] == node).collect()
}

#[test]
fn a_run_has_a_log_of_its_own_beside_its_record() {
    let project = built();
    let id = run(&project);
    let log = lines(&project.read(&format!("jobs/night/runs/{id}/log.jsonl")));
    assert!(log.iter().all(|line| line["run"] == id));
    let notes = of_node(&log, "note");
    assert_eq!(notes.iter().map(|line| line["iter"].clone()).collect::<Vec<_>>(), [json!([0]), json!([1]), json!([2])]);
    let first = notes[0];
    assert_eq!((&first["level"], &first["message"]), (&json!("WARN"), &json!("item 1")));
    assert_eq!((&first["sub_flow"], &first["target"]), (&json!("note"), &json!("warn_solo")));
    assert!(first["time"].as_str().unwrap().ends_with('Z') && first["fields"]["code"] == 42);
}

#[test]
fn lines_go_where_they_are_asked_for() {
    let project = built();
    let output = project.pype(&["run", "jobs/night", "--log-file", "all.jsonl", "--log-level", "error"]).expect_code(0);
    assert!(!output.stderr.contains("item 1"), "{}", output.stderr);
    assert!(of_node(&lines(&project.read("all.jsonl")), "note").is_empty(), "the file has the same levels");
    project.pype(&["run", "jobs/night", "--log-file", "all.jsonl"]).expect_code(0);
    assert_eq!(of_node(&lines(&project.read("all.jsonl")), "note").len(), 3);
    // Off a terminal they are JSON on stderr too; pretty on demand.
    let json = project.pype(&["run", "jobs/night"]).expect_code(0);
    assert_eq!(of_node(&lines(&json.stderr), "note").len(), 3);
    let pretty = project.pype(&["run", "jobs/night", "--log-format", "pretty"]).expect_code(0);
    assert!(pretty.stderr.contains(" WARN item 1 ") && !pretty.stderr.contains('{'), "{}", pretty.stderr);
}

#[test]
fn levels_are_those_of_modules_and_nodes() {
    let project = built();
    let said = |levels: &str| {
        let output = project.pype(&["run", "jobs/night", "--log-level", levels]).expect_code(0);
        let lines = lines(&output.stderr);
        (of_node(&lines, "note").len(), of_node(&lines, "show").len())
    };
    assert_eq!(said("info"), (3, 1));
    assert_eq!(said("info,warn_solo=error"), (0, 1));
    assert_eq!(said("error,show=info"), (0, 1));
    assert_eq!(said("warn"), (3, 0));
    let wrong = project.pype(&["run", "jobs/night", "--log-level", "wran,show=loud"]).expect_code(2);
    assert!(wrong.stderr.contains("warn") && wrong.stderr.contains("loud"), "all that is wrong: {}", wrong.stderr);
}

#[test]
fn no_message_forges_a_line_or_colours_a_terminal() {
    let project = Project::new();
    let evil = "one\\n{\\\"level\\\":\\\"ERROR\\\"}\\u001b[31mred\\r\\u0007\\u2028x";
    project.build("evil", &format!("modules: [{{id: it, name: warn_solo, configs: {{message: \"{evil}\"}}}}]\n"));
    let output = project.pype(&["run", "jobs/evil"]).expect_code(0);
    assert_eq!(lines(&output.stderr).len(), 1, "{}", output.stderr);
    for format in ["json", "pretty"] {
        let output = project.pype(&["run", "jobs/evil", "--log-format", format]).expect_code(0);
        assert!(!output.stderr.contains(['\u{1b}', '\r', '\u{7}', '\u{2028}']), "{:?}", output.stderr);
        assert!(!output.stderr.lines().any(|line| line.starts_with("{\"level\":\"ERROR\"}")), "{}", output.stderr);
    }
}

#[test]
fn the_log_of_a_run_is_read_again() {
    let project = built();
    let (first, second) = (run(&project), run(&project));
    let shown = project.pype(&["logs", "night"]).expect_code(0).stdout;
    assert!(shown.contains("item 1") && shown.contains("show"), "{shown}");
    let of =
        |args: &[&str]| lines(&project.pype(&[&["logs", "--output", "json"], args].concat()).expect_code(0).stdout);
    assert!(of(&["night"]).iter().all(|line| line["run"] == second), "the newest run");
    assert!(of(&[&first]).iter().all(|line| line["run"] == first));
    assert_eq!(of(&["night", "--node", "note"]).len(), 3);
    assert_eq!(of(&["night", "--level", "error"]).len(), 0);
    let unknown = project.pype(&["logs", "nihgt"]).expect_code(2);
    assert!(unknown.stderr.contains("night"), "did you mean: {}", unknown.stderr);
}

#[test]
fn a_log_is_followed_to_the_end_of_its_run() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: begin, name: warn_solo, configs: {message: first}}
  - {id: pause, name: sleep_solo, configs: {seconds: 1.5}}
  - {id: end, name: warn_solo, configs: {message: last}}
connections: {control: ["begin (1|) pause", "pause (1|) end"]}
"#;
    project.build("slow", body);
    let mut running = project.start(&["run", "jobs/slow"]);
    project.wait_for_event(&mut running, "slow", &["sub_flow_started", "pause"]);
    let followed = project.pype(&["logs", "slow", "-f"]).expect_code(0).stdout;
    assert!(followed.contains("first") && followed.contains("last"), "{followed}");
    assert_eq!(running.end().code, 0);
}

#[test]
fn a_log_that_cannot_be_written_costs_a_warning() {
    let project = built();
    let output = project.pype(&["run", "jobs/night", "--log-file", "no/such/folder/all.jsonl"]).expect_code(0);
    assert!(output.stderr.contains("no/such/folder"), "{}", output.stderr);
    let output = project.pype(&["run", "jobs/night", "--log-file", "/dev/full"]).expect_code(0);
    assert!(output.stderr.contains("/dev/full") && project.exists("out.csv"), "{}", output.stderr);
}

#[test]
fn a_run_in_numbers_is_text_for_prometheus() {
    let project = built();
    project.pype(&["run", "jobs/night", "--metrics-file", "night.prom"]).expect_code(0);
    let text = project.read("night.prom");
    for line in [
        "pype_link_rows_total{",
        "pype_run_seconds{job=\"night\"}",
        "pype_run_last_success_timestamp_seconds{job=\"night\"}",
        "sub_flow=\"note\"",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(text.lines().all(|line| line.starts_with('#') || line.contains(' ')));
}
