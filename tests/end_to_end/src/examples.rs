//! The examples of `jobs/`, built and run as their pages say, and again with something broken in them.

use crate::support::Project;
use crate::support::run::Run;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Where the examples are, each in a folder of its own.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../jobs")
}

/// A copy of an example in a project of its own, not built yet.
fn copied(name: &str) -> Project {
    let project = Project::new();
    copy(&project, &folder().join(name), "");
    project
}

/// Copies an example into a project, or to a folder in it.
pub(crate) fn copy(project: &Project, from: &Path, to: &str) {
    for entry in std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        // What somebody has built and run there is no part of the example.
        if to.is_empty() && ["jobs", "out"].contains(&name.as_str()) {
            continue;
        }
        let to = if to.is_empty() { name } else { format!("{to}/{name}") };
        if entry.path().is_dir() {
            copy(project, &entry.path(), &to);
        } else {
            project.copy(&entry.path(), &to);
        }
    }
}

/// Builds it; nothing is found.
#[track_caller]
fn build(project: &Project) {
    let output = project.pype(&["build", "flow.yaml", "--output", "json"]);
    assert_eq!((output.code, &output.json()["diagnostics"]), (0, &json!([])), "{}", output.stdout);
}

/// A copy of an example, built.
#[track_caller]
fn example(name: &str) -> Project {
    let project = copied(name);
    build(&project);
    project
}

/// A copy of an example with another flow, built.
#[track_caller]
fn changed(name: &str, change: impl Fn(&str) -> String) -> Project {
    let project = copied(name);
    let flow = project.read("flow.yaml");
    let other = change(&flow);
    assert_ne!(other, flow, "nothing was changed");
    project.write("flow.yaml", other);
    build(&project);
    project
}

/// A flow without some nodes: their paragraphs, and the links that name them.
fn without(flow: &str, nodes: &[&str]) -> String {
    let is_kept = |paragraph: &&str| !nodes.iter().any(|node| paragraph.contains(&format!("- id: {node}\n")));
    let paragraphs: Vec<&str> = flow.split("\n\n").filter(is_kept).collect();
    let names = |line: &str, node: &str| line.contains(&format!(" {node}\"")) || line.contains(&format!("\"{node}."));
    let text = paragraphs.join("\n\n");
    let lines = text.lines().filter(|line| !nodes.iter().any(|node| names(line, node)));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Runs it with its event log beside it.
#[track_caller]
fn run(project: &Project, name: &str, code: i32) -> Run {
    let run = project.run_job(name, &["--events", "events.jsonl"], code);
    assert_eq!(project.leftovers(), [""; 0]);
    run
}

/// The events of one kind, in their order.
fn events(project: &Project, kind: &str) -> Vec<Value> {
    let log = project.read("events.jsonl");
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["event"] == kind).collect()
}

/// Sub flows in the order in which they began.
fn began(project: &Project) -> Vec<String> {
    let events = events(project, "sub_flow_started");
    events.iter().map(|event| event["sub_flow"].as_str().unwrap().to_owned()).collect()
}

fn states<const N: usize>(run: &Run, names: [&str; N]) -> [String; N] {
    names.map(|name| run.state(name).to_owned())
}

/// Why a sub flow was skipped.
fn skipped<'a>(run: &'a Run, name: &str) -> &'a Value {
    let sub_flows = run.result["sub_flows"].as_array().unwrap();
    &sub_flows.iter().find(|sub_flow| sub_flow["name"] == name).unwrap()["skipped"]
}

#[test]
fn every_example_has_its_page_and_its_line_in_the_list() {
    let list = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 7, "{names:?}");
    for name in names {
        assert!(list.contains(&format!("| [{name}]({name}/")), "jobs/README.md does not list {name}");
        let project = example(&name);
        assert!(project.exists(&format!("jobs/{name}")), "{name}: the flow has another name than its folder");
        // The demo has its lines in the list itself.
        let page = if name == "demo" { list.clone() } else { project.read("README.md") };
        for command in [format!("pype build jobs/{name}/flow.yaml"), format!("pype run jobs/{name}/jobs/{name}")] {
            assert!(page.contains(&command), "{name}: `{command}` is not on its page");
        }
    }
}

#[test]
fn demo() {
    let project = example("demo");
    let run = project.run_job("demo", &["--set", "orders=1000", "--set", "large=900"], 0);
    let (paid, open) = (run.rows("split.output", "write_paid.input"), run.rows("split.reject", "write_open.input"));
    assert_eq!(paid + open, 1000);
    let large = project.read(&format!("out/large-of-{paid}.csv"));
    assert_eq!(large.lines().count() as u64, run.rows("show.output", "write_large.input") + 1);
}

#[test]
fn prejob_postjob() {
    let project = example("prejob-postjob");
    run(&project, "prejob-postjob", 0);
    assert_eq!(began(&project), ["open", "orders", "stored", "close", "report"]);
    assert_eq!(project.read("out/large.csv"), "order_id,customer,amount,paid\n1,ann,120.5,true\n3,cid,990.0,true\n");
    assert_eq!(project.read("out/report.csv"), "outcome,paid,large,why\nloaded,4,2,-\n");
    assert!(!project.exists("out/work"), "the post-job has cleaned up");
}

#[test]
fn prejob_postjob_where_something_fails() {
    let steps = ["open", "orders", "stored", "close", "report"];
    let failed = |breaks: &dyn Fn(&Project), expected: [&str; 5], report: &str| {
        let project = example("prejob-postjob");
        breaks(&project);
        let run = run(&project, "prejob-postjob", 1);
        assert_eq!(states(&run, steps), expected);
        assert_eq!(project.read("out/report.csv"), format!("outcome,paid,large,why\n{report}\n"));
        assert!(!project.exists("out/work"), "the post-job has cleaned up");
    };
    let taken = |project: &Project| project.write("out/work", "a file where the folder is to be");
    let why = "failed,0,0,the command ended with exit code 1";
    failed(&taken, ["failed", "skipped", "skipped", "succeeded", "succeeded"], why);
    let missing = |project: &Project| std::fs::remove_file(project.path("data/orders.csv")).unwrap();
    let why = "failed,0,0,there is no such input file";
    failed(&missing, ["succeeded", "failed", "skipped", "succeeded", "succeeded"], why);
    let in_the_way = |project: &Project| project.write("out/large.csv/inside", "");
    let why = "failed,4,0,the output path is a folder";
    failed(&in_the_way, ["succeeded", "succeeded", "failed", "succeeded", "succeeded"], why);
}

#[test]
fn branch_else() {
    let project = example("branch-else");
    let run = run(&project, "branch-else", 0);
    assert_eq!(began(&project), ["orders", "publish", "decision"]);
    assert_eq!(skipped(&run, "hold"), "not_chosen");
    assert_eq!((run.rows("check.output", "write_good.input"), run.rows("check.reject", "write_bad.input")), (6, 2));
    assert_eq!(project.read("out/published.csv").lines().count(), 7);
    assert_eq!(project.read("out/decision.csv"), "outcome,bad,tolerated\npublished,2,2\n");
}

#[test]
fn branch_else_the_other_way() {
    let project = example("branch-else");
    let run = project.run_job("branch-else", &["--set", "tolerated=1"], 0);
    assert_eq!(states(&run, ["hold", "publish", "decision"]), ["succeeded", "skipped", "succeeded"]);
    assert_eq!(skipped(&run, "publish"), "not_chosen");
    assert!(run.output.stderr.contains("2 of 8 orders are bad: nothing is published"), "{}", run.output.stderr);
    assert_eq!(project.read("out/decision.csv"), "outcome,bad,tolerated\nheld back,2,1\n");
    assert!(!project.exists("out/published.csv"));
}

#[test]
fn branch_else_without_its_input() {
    let project = example("branch-else");
    std::fs::remove_file(project.path("data/orders.csv")).unwrap();
    let run = run(&project, "branch-else", 1);
    assert_eq!(["hold", "publish", "decision"].map(|name| skipped(&run, name)), ["blocked"; 3]);
    assert!(!project.exists("out/decision.csv"));
}

const NORTH: &str = "order_id,city,amount\n101,oslo,12.5\n102,bergen,40.0\n";

#[test]
fn error_handler() {
    let project = example("error-handler");
    let run = run(&project, "error-handler", 0);
    assert_eq!(began(&project), ["files", "load", "load", "note", "load", "report"]);
    assert_eq!(project.files("out/loaded"), ["1-north.csv", "3-west.csv"]);
    assert_eq!(project.read("out/loaded/1-north.csv"), NORTH);
    assert_eq!(project.files("out/refused"), ["2-south.csv"]);
    let note = project.read("out/refused/2-south.csv");
    assert!(note.starts_with("file,why\n2-south.csv,") && note.contains("twelve"), "{note}");
    assert_eq!(project.read("out/report.csv"), "loaded,rows,refused\n2,5,1\n");
    assert_eq!(run.result["state"], "succeeded");
    assert_eq!((&run.result["n_failures"], &run.result["n_handled"]), (&json!(1), &json!(1)));
    let failure = &run.result["failures"][0];
    assert_eq!((&failure["node"], &failure["iter"], &failure["handled"]), (&json!("load"), &json!([1]), &json!(true)));
    assert!(failure["item"].as_str().unwrap().contains("2-south.csv"), "{failure}");
    let shown = project.pype(&["run", "jobs/error-handler"]).expect_code(0);
    assert!(shown.stdout.contains("succeeded (1 failure handled)"), "{}", shown.stdout);
    assert!(shown.stderr.contains("handled: node `load`"), "{}", shown.stderr);
}

#[test]
fn error_handler_where_no_file_is_bad() {
    let project = example("error-handler");
    project.write("data/in/2-south.csv", NORTH);
    let run = run(&project, "error-handler", 0);
    assert_eq!((run.state("load"), skipped(&run, "note")), ("succeeded", &json!("not_chosen")));
    assert_eq!(run.result["n_failures"], 0);
    assert_eq!(project.read("out/report.csv"), "loaded,rows,refused\n3,7,0\n");
    assert!(!project.exists("out/refused"));
}

#[test]
fn error_handler_without_its_handler() {
    let no_handler = |flow: &str| without(flow, &["note", "write_note"]);
    let not_handled = |flow: &str| flow.replace("(1|error handled)", "(1|error)");
    for (change, handles) in [(&no_handler as &dyn Fn(&str) -> String, false), (&not_handled, true)] {
        let project = changed("error-handler", change);
        let run = run(&project, "error-handler", 1);
        assert_eq!((run.state("load"), run.state("report")), ("failed", "skipped"));
        assert_eq!(project.files("out/loaded"), ["1-north.csv"], "the loop stops at the bad file");
        assert_eq!(project.exists("out/refused/2-south.csv"), handles, "an `error` link opens all the same");
        assert_eq!(run.result["failures"][0]["handled"], false);
    }
}

#[test]
fn error_handler_whose_handler_fails() {
    let project = example("error-handler");
    project.write("out/refused", "a file where a folder is to be");
    let run = run(&project, "error-handler", 1);
    let failures = run.result["failures"].as_array().unwrap();
    let of: Vec<(&Value, &Value)> = failures.iter().map(|failure| (&failure["node"], &failure["handled"])).collect();
    assert_eq!(of, [(&json!("load"), &json!(false)), (&json!("write_note"), &json!(false))]);
    assert_eq!(project.files("out/loaded"), ["1-north.csv"]);
}

#[test]
fn nested_loops() {
    let project = example("nested-loops");
    let run = run(&project, "nested-loops", 0);
    let entered = events(&project, "iteration_started");
    let pairs: Vec<&Value> =
        entered.iter().filter(|event| event["to"] == "sales").map(|event| &event["iter"]).collect();
    assert_eq!(pairs, [&json!([0, 0]), &json!([0, 1]), &json!([1, 0])]);
    let files = ["north.csv", "north/bergen.csv", "north/oslo.csv", "south.csv", "south/rome.csv", "summary.csv"];
    assert_eq!(project.files("out"), files);
    let header = "branch,product,amount\n";
    for (file, rows) in [
        ("north/oslo", "oslo,tea,12\noslo,salt,5\noslo,rice,8\n"),
        ("north/bergen", "bergen,salt,3\n"),
        ("south/rome", "rome,tea,7\nrome,rice,20\n"),
    ] {
        assert_eq!(project.read(&format!("out/{file}.csv")), format!("{header}{rows}"));
    }
    assert_eq!(project.read("out/north.csv"), "region,branches,sales\nnorth,2,4\n");
    assert_eq!(project.read("out/south.csv"), "region,branches,sales\nsouth,1,2\n");
    assert_eq!(project.read("out/summary.csv"), "branches,sales\n3,6\n");
    assert_eq!(run.rows("of_branch.output", "write_pair.input"), 6, "over all pairs");
    assert_eq!(run.rows("sales.data", "of_branch.input"), 18);
}

#[test]
fn nested_loops_where_a_pair_fails() {
    let project = example("nested-loops");
    // The file of the second pair cannot be written.
    project.write("out/north/bergen.csv/inside", "");
    let run = run(&project, "nested-loops", 1);
    let failure = &run.result["failures"][0];
    assert_eq!((&failure["node"], &failure["iter"]), (&json!("write_pair"), &json!([0, 1])));
    assert!(failure["item"].as_str().unwrap().contains("bergen"), "{failure}");
    assert_eq!(states(&run, ["sales", "region", "summary"]), ["failed", "skipped", "skipped"]);
    assert!(project.exists("out/north/oslo.csv") && !project.exists("out/south"));
}

#[test]
fn parallel_loads() {
    let project = example("parallel-loads");
    run(&project, "parallel-loads", 0);
    let began = began(&project);
    assert_eq!((began.first().map(String::as_str), began.last().map(String::as_str)), (Some("begin"), Some("summary")));
    assert_eq!(began.len(), 5);
    assert_eq!(project.read("out/summary.csv"), "table,rows\ncustomers,3\nproducts,2\norders,4\n");
}

#[test]
fn parallel_loads_where_one_fails() {
    let project = example("parallel-loads");
    std::fs::remove_file(project.path("data/products.csv")).unwrap();
    let run = run(&project, "parallel-loads", 1);
    assert_eq!(states(&run, ["customers", "products", "orders"]), ["succeeded", "failed", "succeeded"]);
    assert_eq!(skipped(&run, "summary"), "blocked");
    assert_eq!(project.files("out"), ["customers.parquet", "orders.parquet"]);
}

#[test]
fn background_start() {
    let project = example("background-start");
    run(&project, "background-start", 0);
    assert_eq!(project.read("out/large.csv"), "order_id,customer,amount\n1,ann,120\n3,cid,990\n");
    assert!(project.read("out/clicks.cksum").ends_with(" out/clicks.parquet\n"), "the run has waited for it");
    assert_eq!(events(&project, "background_finished").len(), 1);
}

#[test]
fn background_start_really_runs_beside() {
    // A stamp that waits for what the load writes: it would wait in vain, were the load to begin after it.
    let waits = |flow: &str| {
        let command = "command: \"cksum out/clicks.parquet > out/clicks.cksum\"";
        let waiting = "command: \"until [ -e out/large.csv ]; do sleep 0.01; done; echo beside > out/stamped\"\n      timeout: 60";
        flow.replace(command, waiting)
    };
    let project = changed("background-start", waits);
    run(&project, "background-start", 0);
    assert_eq!(project.read("out/stamped"), "beside\n");
}

#[test]
fn background_start_where_the_archive_fails() {
    let project = example("background-start");
    std::fs::remove_file(project.path("data/clicks.csv")).unwrap();
    let run = run(&project, "background-start", 1);
    assert_eq!(states(&run, ["clicks", "stamp", "orders"]), ["failed", "skipped", "succeeded"]);
    assert!(project.exists("out/large.csv") && !project.exists("out/clicks.parquet"));
}
