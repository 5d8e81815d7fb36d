//! Control links between sub flows: in which order they run, and what runs after a failure.

use crate::support::Project;
use std::fmt::Write;

/// Steps that each add their name to `order.csv`: the file tells the order in which they ran.
fn steps(names: &[&str], links: &[&str], settings: &str) -> String {
    let mut body = format!("settings: {{{settings}}}\nmodules:\n");
    let mut data = Vec::new();
    for name in names {
        let column = format!("{{name: step, kind: choice, values: [{name}]}}");
        writeln!(body, "  - {{id: {name}, name: generate_source, configs: {{rows: 1, columns: [{column}]}}}}").unwrap();
        let sink = "configs: {output_path: order.csv, mode: append, header: false}";
        writeln!(body, "  - {{id: {name}_out, name: csv_sink, {sink}}}").unwrap();
        data.push(format!("{name}.data - {name}_out.input"));
    }
    let quoted: Vec<String> = links.iter().map(|link| format!("\"{link}\"")).collect();
    writeln!(body, "connections: {{data: [{}], control: [{}]}}", data.join(", "), quoted.join(", ")).unwrap();
    body
}

/// A step that fails: its file is not there.
const BROKEN: &str = r#"
  - {id: broken, name: csv_source, configs: {file_path: not-there.csv}}
  - {id: broken_out, name: csv_sink, configs: {output_path: broken.csv}}
"#;

/// The same steps and a broken one; each link may name `broken`.
fn with_broken(names: &[&str], links: &[&str], settings: &str) -> String {
    let body = steps(names, links, settings);
    let body = body
        .replace("\nconnections: {data: [", &format!("{BROKEN}connections: {{data: [broken.data - broken_out.input, "));
    body.replace("\n\n", "\n")
}

fn order(project: &Project) -> Vec<String> {
    project.read("order.csv").lines().map(str::to_owned).collect()
}

#[test]
fn orders_are_followed_depth_first_and_last_is_last() {
    let project = Project::new();
    // Declared in another order than they run, so that the order of the file helps nobody.
    let names = ["z", "b", "a2", "a", "r", "a1"];
    let links = ["r_out (Last|) z", "r_out (2|) b", "r_out (1|) a", "a_out (2|) a2", "a_out (1|) a1"];
    let run = project.run_flow("tree", &steps(&names, &links, ""));
    assert_eq!(order(&project), ["r", "a", "a1", "a2", "b", "z"]);
    assert!(names.iter().all(|name| run.state(name) == "succeeded"));
    let metadata = project.read("jobs/tree/tree_execution_metadata.json");
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    assert_eq!(metadata["static_order"], serde_json::json!(["r", "a", "a1", "a2", "b", "z"]));
}

#[test]
fn roots_run_in_declaration_order() {
    let project = Project::new();
    project.run_flow("roots", &steps(&["c", "a", "b"], &[], ""));
    assert_eq!(order(&project), ["c", "a", "b"]);
}

#[test]
fn a_join_waits_for_all_its_links() {
    let project = Project::new();
    let links = ["a_out (1|) join", "b_out (1|) join"];
    project.run_flow("join", &steps(&["join", "a", "b"], &links, ""));
    assert_eq!(order(&project), ["a", "b", "join"]);
}

#[test]
fn a_solo_stands_between_sub_flows() {
    let project = Project::new();
    let links = ["b_out (1|) meet", "meet (1|) a"];
    let body =
        steps(&["a", "b"], &links, "").replace("\nconnections", "\n  - {id: meet, name: noop_solo}\nconnections");
    let run = project.run_flow("solo", &body);
    assert_eq!(order(&project), ["b", "a"]);
    assert_eq!(run.state("meet"), "succeeded");
}

#[test]
fn a_later_sub_flow_reads_what_an_earlier_one_wrote() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: again, name: csv_source, configs: {file_path: mid.csv}}
  - {id: last, name: csv_sink, configs: {output_path: last.csv}}
  - {id: first, name: generate_source, configs: {rows: 3, columns: [{name: n, kind: sequence}]}}
  - {id: mid, name: csv_sink, configs: {output_path: mid.csv}}
connections: {data: [again.data - last.input, first.data - mid.input], control: [mid (1|) again]}
"#;
    let run = project.run_flow("chain", body);
    assert_eq!(project.read("last.csv"), "n\n0\n1\n2\n");
    assert_eq!(run.rows("again.data", "last.input"), 3);
}

#[test]
fn after_a_failure_handlers_run_and_the_rest_does_not() {
    let project = Project::new();
    let links = ["broken_out (1|) next", "broken_out (2|error) handler", "broken_out (3|always) cleanup"];
    let body = with_broken(&["next", "handler", "cleanup"], &links, "");
    let run = project.run_fails("handled", &body, &["`broken`", "not-there.csv"]);
    let state = ["broken", "next", "handler", "cleanup"].map(|name| run.state(name));
    assert_eq!(state, ["failed", "skipped", "succeeded", "succeeded"]);
    // `run_fails` runs it twice.
    assert_eq!(order(&project), ["handler", "cleanup", "handler", "cleanup"]);
    assert!(!project.exists("broken.csv"));
}

#[test]
fn after_a_success_only_the_error_link_stays_shut() {
    let project = Project::new();
    let links = ["a_out (1|error) handler", "a_out (2|always) cleanup", "a_out (3|ok) next"];
    let run = project.run_flow("fine", &steps(&["a", "handler", "cleanup", "next"], &links, ""));
    assert_eq!(order(&project), ["a", "cleanup", "next"]);
    assert_eq!(run.state("handler"), "skipped");
}

#[test]
fn halt_stops_the_other_root_and_continue_does_not() {
    for (strategy, expected) in
        [("", "skipped"), ("fail_strategy: halt", "skipped"), ("fail_strategy: continue", "succeeded")]
    {
        let project = Project::new();
        let body = steps(&["other"], &[], strategy);
        // The broken root is declared first, so that it runs first.
        let body = body.replace("modules:", &format!("modules:{}", BROKEN.trim_end()));
        let body = body.replace("{data: [", "{data: [broken.data - broken_out.input, ");
        project.build("roots", &body);
        let run = project.run_job("roots", &[], 1);
        assert_eq!((run.state("broken"), run.state("other")), ("failed", expected), "{strategy}");
        assert_eq!(project.exists("order.csv"), expected == "succeeded", "{strategy}");
    }
}

#[test]
fn continue_does_not_open_the_links_of_what_failed() {
    let project = Project::new();
    let body = with_broken(&["next", "other"], &["broken_out (1|) next"], "fail_strategy: continue");
    project.build("blocked", &body);
    let run = project.run_job("blocked", &[], 1);
    assert_eq!((run.state("next"), run.state("other")), ("skipped", "succeeded"));
    assert_eq!(order(&project), ["other"]);
}

#[test]
fn a_failure_publishes_no_file_of_its_sub_flow() {
    let project = Project::new();
    project.write("good.csv", "a\n1\n");
    project.write("out.csv", "before\n");
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: good.csv}}
  - {id: show, name: log_rows_mod}
  - {id: wrong, name: filter_mod, configs: {condition: b > 1}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
  - {id: never, name: csv_sink, configs: {output_path: never.csv}}
connections: {data: [src.data - show.input, src.data - out.input, show.output - wrong.input, wrong.output - never.input]}
"#;
    project.run_fails("half", body, &["`wrong`", "there is no column `b`"]);
    assert_eq!(project.read("out.csv"), "before\n", "its stage was done, its sub flow was not");
    assert!(!project.exists("never.csv"));
}
