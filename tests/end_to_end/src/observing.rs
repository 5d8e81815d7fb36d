//! What an operator sees of runs, while they go on and later: log lines, the history, progress, numbers.

mod history;
mod logs;
mod progress;

use crate::support::Project;
use serde_json::Value;

/// Three sub flows: a loop whose items say something, rows into a file, and a word at the end.
const BODY: &str = r#"
modules:
  - {id: items, name: loop_source, configs: {from: 1, to: 3}}
  - {id: note, name: warn_solo, configs: {message: "item {{ iter.item }}"}}
  - {id: src, name: inline_source, configs: {rows: [{n: 1}, {n: 2}]}}
  - {id: show, name: log_rows_mod}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections:
  data: ["src.data - show.input", "show.output - out.input"]
  control: ["items (1|iterate) note", "items (2|) src"]
"#;

fn built() -> Project {
    let project = Project::new();
    project.build("night", BODY);
    project
}

/// Runs the job once more; the run's id.
#[track_caller]
fn run(project: &Project) -> String {
    project.run_job("night", &[], 0).result["run_id"].as_str().unwrap().to_owned()
}

/// Lines of JSON.
#[track_caller]
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}
