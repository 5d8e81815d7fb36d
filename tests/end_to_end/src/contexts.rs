//! Values from outside: where each comes from and which one wins, what is wrong told all at once, what `pype context` shows, and
//! that a value is data wherever it comes from.

mod command;
mod data;
mod precedence;
mod problems;
mod templates;

use crate::support::Project;
use serde_json::Value;

/// A flow that writes one line: its template's value between angle brackets.
fn tells(template: &str, sections: &str) -> String {
    let text = serde_json::to_string(&format!("<{template}>")).unwrap();
    format!(
        r#"
modules:
  - {{id: rows, name: inline_source, configs: {{columns: [{{name: w, type: string}}], rows: [[{text}]]}}}}
  - {{id: tell, name: csv_sink, configs: {{output_path: told, header: false}}}}
connections: {{data: [rows.data - tell.input]}}
{sections}"#
    )
}

/// What a run of `job` tells.
#[track_caller]
fn told(project: &Project, environment: &[(&str, &str)], args: &[&str]) -> String {
    project.run_job_with(environment, "job", args, 0);
    let line = project.read("told");
    // A line with quotes or commas is quoted.
    let line = line.trim_end_matches('\n');
    let line = line
        .strip_prefix('"')
        .and_then(|line| line.strip_suffix('"'))
        .map_or(line.to_owned(), |line| line.replace("\"\"", "\""));
    line.trim_start_matches('<').trim_end_matches('>').to_owned()
}

/// Builds `job` and tells what it tells.
#[track_caller]
fn made(template: &str, sections: &str) -> String {
    let project = Project::new();
    project.build("job", &tells(template, sections));
    told(&project, &[], &[])
}

/// The report of `pype context`.
#[track_caller]
fn report(project: &Project, environment: &[(&str, &str)], args: &[&str], code: i32) -> Value {
    let output = project.pype_with(environment, &[&["context", "jobs/job", "--output", "json"], args].concat());
    // What is wrong is part of the report.
    assert_eq!(output.code, code, "{output:?}");
    output.json()
}

/// What it says of one variable.
#[track_caller]
fn of<'a>(report: &'a Value, name: &str) -> &'a Value {
    let variables = report["variables"].as_array().unwrap();
    variables.iter().find(|variable| variable["name"] == name).unwrap_or_else(|| panic!("no {name}: {report:#}"))
}
