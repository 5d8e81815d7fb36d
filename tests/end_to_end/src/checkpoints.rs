//! What checkpoints are as files: those of this version are read by every later one, and their memory does not grow with what
//! they hold.

use crate::support::Project;
use std::path::{Path, PathBuf};

/// Checkpoints of version 1: a flow, the folder of a run that failed at its gate, and what it wrote once it went on.
fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/checkpoints-1")
}

fn files(folder: &Path) -> Vec<String> {
    let names = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The flow in a project of its own, built.
fn project() -> Project {
    let project = Project::new();
    project.write("golden.yaml", std::fs::read_to_string(golden().join("flow.yaml")).unwrap());
    project.pype(&["build", "golden.yaml"]).expect_code(0);
    project
}

const OUTPUTS: [&str; 3] = ["all.csv", "items.csv", "told.csv"];

/// `UPDATE=1` makes the golden folder anew; only ever for a new version, in a folder of its own.
#[test]
fn checkpoints_of_version_1_go_on() {
    if std::env::var_os("UPDATE").is_some_and(|value| value == "golden") {
        make();
    }
    let project = project();
    let [run] = files(&golden().join("checkpoints")).try_into().unwrap();
    copy(&golden().join("checkpoints").join(&run), &project.path("jobs/golden/checkpoints").join(&run));
    project.write("may", "");
    // The plugins may be others by now.
    let resumed = project.run_job("golden", &["--resume", "--on-change", "accept"], 0);
    assert_eq!(resumed.result["resumes"], run.as_str());
    let state = |name: &str| {
        let sub_flows = resumed.result["sub_flows"].as_array().unwrap();
        sub_flows.iter().find(|sub_flow| sub_flow["name"] == name).unwrap()["state"].as_str().unwrap().to_owned()
    };
    for restored in ["numbers", "vars", "list", "one", "trouble", "calm"] {
        assert_eq!(state(restored), "restored", "{restored}");
    }
    for run in ["gate", "all", "items", "told"] {
        assert_eq!(state(run), "succeeded", "{run}");
    }
    for name in OUTPUTS {
        let expected = std::fs::read_to_string(golden().join("out").join(name)).unwrap();
        assert_eq!(project.read(&format!("out/{name}")), expected, "{name}");
    }
    assert!(!project.exists("jobs/golden/checkpoints"), "nothing is left of them");
}

/// Runs to the gate, keeps what stands there, and goes on.
fn make() {
    let project = project();
    project.run_job("golden", &["--param", "day=2026-11-20", "--set", "greeting=good morning"], 1);
    let checkpoints = project.path("jobs/golden/checkpoints");
    let [run] = files(&checkpoints).try_into().unwrap();
    assert!(files(&checkpoints.join(&run)).len() > 1, "a table is large enough for a file of its own");
    copy(&checkpoints.join(&run), &golden().join("checkpoints").join(&run));
    project.write("may", "");
    project.run_job("golden", &["--resume"], 0);
    copy(&project.path("out"), &golden().join("out"));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in files(from) {
        std::fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
}

/// A loop over so many items, and behind it a step that fails until it may succeed.
fn loop_over(items: u64) -> String {
    format!(
        r#"
settings: {{durability: process}}
modules:
  - {{id: list, name: inline_source, configs: {{rows: [{{k: 1}}, {{k: 1}}]}}}}
  - {{id: inner, name: loop_source, configs: {{from: 1, to: {items}}}}}
  - {{id: body, name: set_var_solo, configs: {{vars: {{n: "{{{{ iter.item }}}}"}}}}}}
  - {{id: gate, name: shell_solo, configs: {{command: "test -f may"}}}}
connections:
  control:
    - "list (1|iterate) inner"
    - "inner (1|iterate) body"
    - "list (2|) gate"
"#
    )
}

#[test]
fn memory_does_not_grow_with_what_has_landed() {
    let peak = |items: u64| {
        let project = Project::new();
        project.build("long", &loop_over(items));
        let first = project.run_job("long", &[], 1);
        project.write("may", "");
        let resumed = project.run_job("long", &["--resume"], 0);
        let body = &resumed.result["sub_flows"][2];
        assert_eq!((body["runs"].as_u64(), body["restored"].as_u64()), (Some(0), Some(2 * items)));
        [first, resumed].map(|run| run.result["peak_rss_bytes"].as_u64().unwrap() / (1 << 20))
    };
    let (few, many) = (peak(5_000), peak(100_000));
    for (few, many) in few.into_iter().zip(many) {
        // Kept in memory, 190,000 more records would be 40 MB and more.
        assert!(many < few + 16, "{few} MB with 10,000 sub flows, {many} MB with 200,000");
    }
}
