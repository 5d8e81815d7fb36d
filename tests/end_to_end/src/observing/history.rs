//! The history of runs: what is listed, what runs now, what died, and a store that is not as it should be.

use super::{built, run};
use crate::support::Project;
use crate::support::place;
use serde_json::Value;

const STORE: &str = ".pype/history.db";

#[track_caller]
fn runs(project: &Project, args: &[&str]) -> Vec<Value> {
    let all = [&["runs", "--output", "json"], args].concat();
    project.pype(&all).expect_code(0).json()["runs"].as_array().unwrap().clone()
}

fn ids(runs: &[Value]) -> Vec<&str> {
    runs.iter().map(|run| run["run_id"].as_str().unwrap()).collect()
}

#[test]
fn runs_are_listed_the_newest_first() {
    let project = built();
    assert!(runs(&project, &[]).is_empty());
    let (first, second) = (run(&project), run(&project));
    let listed = runs(&project, &[]);
    assert_eq!(ids(&listed), [second.as_str(), first.as_str()]);
    assert_eq!((&listed[0]["state"], &listed[0]["rows"]), (&"succeeded".into(), &2.into()));
    project.build("other", "modules: [{id: stop, name: die_solo, configs: {message: no}}]\n");
    project.run_job("other", &[], 1);
    assert_eq!(runs(&project, &["other"]).len(), 1);
    assert_eq!(runs(&project, &["--state", "failed"])[0]["failed_node"], "stop");
    assert_eq!(runs(&project, &["night", "--last", "1"]).len(), 1);
    let table = project.pype(&["runs"]).expect_code(0).stdout;
    assert!(table.contains(&second) && table.contains("succeeded"), "{table}");
    let unknown = project.pype(&["runs", "nihgt"]).expect_code(2);
    assert!(unknown.stderr.contains("`night`"), "{}", unknown.stderr);
}

#[test]
fn a_run_is_shown_in_detail() {
    let project = built();
    let id = run(&project);
    for subject in [id.as_str(), "night", "jobs/night", &id[..18]] {
        let shown = project.pype(&["status", subject, "--output", "json"]).expect_code(0).json();
        assert_eq!(shown["run"]["run_id"], id, "{subject}");
        assert!(shown["live"].is_null());
        let links = shown["run"]["links"].as_array().unwrap();
        assert!(links.iter().any(|link| link["from"] == "show.output" && link["rows"] == 2), "{links:?}");
    }
    let all = project.pype(&["status"]).expect_code(0).stdout;
    assert!(all.contains("night") && all.contains("succeeded"), "{all}");
    project.pype(&["status", "20200101T000000-000000"]).expect_code(2);
}

#[test]
fn what_runs_is_running_and_what_was_killed_has_died() {
    let project = Project::new();
    project.build("slow", "modules: [{id: pause, name: sleep_solo, configs: {seconds: 100}}]\n");
    let mut running = project.start(&["run", "jobs/slow"]);
    project.wait_for_event(&mut running, "slow", &["sub_flow_started"]);
    let shown = project.pype(&["status", "slow", "--output", "json"]).expect_code(0).json();
    assert_eq!(shown["run"]["state"], "running");
    assert_eq!(shown["live"]["running"][0]["name"], "pause");
    running.signal("KILL");
    drop(running);
    let shown = project.pype(&["status", "slow", "--output", "json"]).expect_code(0).json();
    assert_eq!(shown["run"]["state"], "died", "{shown}");
    // Also where the store is asked for the first time after it.
    std::fs::remove_dir_all(project.path(".pype")).unwrap();
    assert_eq!(runs(&project, &["slow"])[0]["state"], "died");
}

#[test]
fn a_store_that_is_lost_is_made_anew_from_the_records() {
    let project = built();
    let id = run(&project);
    std::fs::remove_dir_all(project.path(".pype")).unwrap();
    assert_eq!(ids(&runs(&project, &[])), [id.as_str()]);
    let links = project.pype(&["status", &id, "--output", "json"]).expect_code(0).json();
    assert_eq!(links["run"]["links"].as_array().unwrap().len(), 2);
}

#[test]
fn a_store_that_is_damaged_or_locked_costs_a_warning() {
    let project = built();
    let first = run(&project);
    // With its log of changes, from which it would be mended.
    std::fs::remove_dir_all(project.path(".pype")).unwrap();
    project.write(STORE, "this is no database, however one looks at it".repeat(200));
    let output = project.pype(&["run", "jobs/night"]).expect_code(0);
    assert!(output.stderr.contains("history"), "{}", output.stderr);
    // The records answer meanwhile.
    let listed = project.pype(&["runs", "--output", "json"]).expect_code(0);
    assert!(listed.stderr.contains("warning") && listed.json()["runs"].as_array().unwrap().len() == 2);
    let rebuilt = project.pype(&["runs", "--rebuild"]).expect_code(0);
    assert!(rebuilt.stdout.contains('2') && rebuilt.stderr.contains("broken"), "{rebuilt:?}");
    assert_eq!(ids(&runs(&project, &[])).last(), Some(&first.as_str()));
    // A folder in its place, and a folder that cannot be written.
    std::fs::remove_dir_all(project.path(".pype")).unwrap();
    std::fs::create_dir_all(project.path(STORE)).unwrap();
    let output = project.pype(&["run", "jobs/night"]).expect_code(0);
    assert!(output.stderr.contains("history"), "{}", output.stderr);
}

#[test]
fn another_place_may_be_named_or_none() {
    let project = built();
    project.pype_with(&[("PYPE_HISTORY", "off")], &["run", "jobs/night"]).expect_code(0);
    assert!(!project.exists(".pype"));
    project.pype_with(&[("PYPE_HISTORY", "elsewhere/h.db")], &["run", "jobs/night"]).expect_code(0);
    assert!(project.exists("elsewhere/h.db") && !project.exists(".pype"));
    let down = [("PYPE_HISTORY", "postgres://u:s3cret-of-it@127.0.0.1:9/db")];
    let output = project.pype_with(&down, &["run", "jobs/night"]).expect_code(0);
    assert!(output.stderr.contains("127.0.0.1") && !output.stderr.contains("s3cret"), "{}", output.stderr);
    let wrong = project.pype_with(&[("PYPE_HISTORY", "mysql://x")], &["run", "jobs/night"]).expect_code(0);
    assert!(wrong.stderr.contains("mysql"), "{}", wrong.stderr);
}

#[test]
fn what_is_unusual_is_shown() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: "{{ params.rows }}", columns: [{name: n, kind: sequence}]}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: ["src.data - out.input"]}
params: {rows: {type: int, default: 1000}}
"#;
    project.build("load", body);
    for rows in ["1000", "1010", "990", "1005", "1000", "3"] {
        project.run_job("load", &["--param", &format!("rows={rows}")], 0);
    }
    let stats = project.pype(&["stats", "load", "--output", "json"]).expect_code(0).json();
    let rows = &stats["links"][0]["rows"];
    assert_eq!((&rows["median"], &rows["last"], &rows["anomaly"]), (&1000.0.into(), &3.0.into(), &"far_below".into()));
    let table = project.pype(&["stats", "load"]).expect_code(0).stdout;
    assert!(table.contains("src.data") && table.contains("below"), "{table}");
}

#[test]
fn a_plugins_folder_is_no_matter_of_the_history() {
    // The commands load no plugin: they answer where the binary stands alone.
    let project = built();
    run(&project);
    let alone = tempfile::tempdir().unwrap();
    std::fs::copy(place("PYPE_BIN"), alone.path().join("pype")).unwrap();
    let mut command = std::process::Command::new(alone.path().join("pype"));
    let output = command.current_dir(project.path("")).args(["status", "night"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
