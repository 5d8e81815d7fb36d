//! Runs that do not come to their end, and go on: what landed stays as it is, all else runs.

mod changes;
mod children;
mod cleaning;
mod control;
mod files;
mod guards;
mod handled;
mod keeping;
mod loops;
mod secrets;
mod shown;
mod tables;
mod values;
mod ways;

use crate::support::record::Record;
use crate::support::run::Run;
use crate::support::{Output, Project};
use serde_json::Value;
use std::os::unix::fs::MetadataExt;

/// A step that fails until there is a file `open`.
const GATE: &str = "  - {id: gate, name: shell_solo, configs: {command: test -e open}}\n";

/// A step that adds a line to a file.
fn says(id: &str, file: &str, text: &str) -> String {
    format!("  - {{id: {id}, name: shell_solo, configs: {{command: \"echo {text} >> {file}\"}}}}\n")
}

/// Runs a job to its failure.
#[track_caller]
fn fails(project: &Project, job: &str, args: &[&str]) -> Run {
    project.run_job(job, args, 1)
}

/// Runs a job that kills itself where it is told to.
#[track_caller]
fn killed(project: &Project, job: &str, order: &str, args: &[&str]) -> Output {
    let job = format!("jobs/{job}");
    let output = project.pype_with(&[("PYPE_FAULT", order)], &[&["run", &job], args].concat());
    assert_eq!(output.code, -1, "{order}: {}\n{}", output.stdout, output.stderr);
    output
}

/// Goes on with a job, to success.
#[track_caller]
fn resumed(project: &Project, job: &str, args: &[&str]) -> (Run, Record) {
    let run = project.run_job(job, &[&["--resume"], args].concat(), 0);
    assert_eq!(run.result["state"], "succeeded");
    assert_eq!(unfinished(project, job), [""; 0], "of a run that has succeeded nothing stays");
    let record = project.record(job, &run);
    (run, record)
}

/// What happened to sub flows: `load` of the flow, `load 2/0` of an item of an item.
fn told(record: &Record, kind: &str) -> Vec<String> {
    let name = |event: &Value| {
        let path: Vec<String> = event["iter"].as_array().into_iter().flatten().map(Value::to_string).collect();
        format!("{} {}", event["sub_flow"].as_str().unwrap(), path.join("/")).trim_end().to_owned()
    };
    record.all(kind).map(name).collect()
}

fn restored(record: &Record) -> Vec<String> {
    told(record, "restored")
}

fn ran(record: &Record) -> Vec<String> {
    told(record, "sub_flow_started")
}

/// Names of the folders of checkpoints of a job, sorted.
fn unfinished(project: &Project, job: &str) -> Vec<String> {
    let folders = std::fs::read_dir(project.path(&format!("jobs/{job}/checkpoints"))).into_iter().flatten();
    let mut names: Vec<String> = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A file as nobody can make it again: its inode, and when it was changed.
fn seen(project: &Project, path: &str) -> (u64, i64, i64) {
    let found = project.path(path).metadata().unwrap();
    (found.ino(), found.mtime(), found.mtime_nsec())
}

/// Lines of a file.
fn lines(project: &Project, path: &str) -> Vec<String> {
    project.read(path).lines().map(str::to_owned).collect()
}
