//! `${VARIABLE}`: replaced by the build, but in configurations and context, where the run reads it.

use crate::support::Project;
use serde_json::Value;

/// Builds a flow with these variables in the environment.
#[track_caller]
fn build(project: &Project, environment: &[(&str, &str)], flow: &str, code: i32) -> Value {
    let head =
        "flow: {name: job, version: 1.0.0, authors: [ann], created: \"2026-01-01\", desc: \"of ${WHO:-nobody}\"}\n";
    project.write("flow.yaml", format!("{head}{flow}"));
    let output = project.pype_with(environment, &["build", "flow.yaml", "--output", "json"]);
    assert_eq!(output.code, code, "{output:?}");
    output.json()
}

fn json(project: &Project, path: &str) -> Value {
    serde_json::from_str(&project.read(path)).unwrap()
}

const TELLS: &str = "modules:
  - {id: rows, name: inline_source, configs: {columns: [{name: w, type: string}], rows: [[\"<${PASSWORD}>\"]]}}
  - {id: tell, name: csv_sink, configs: {output_path: \"${FOLDER:-out}/told\", header: false}, misc: {tags: \"${WHO:-nobody}\"}}
connections: {data: [\"rows.data - ${SINK:-tell}.input\"]}
";

#[test]
fn configurations_are_read_at_the_run_and_all_else_at_the_build() {
    let project = Project::new();
    let flow = format!("settings:\n  env: [PASSWORD, FOLDER]\n  retries: ${{RETRIES}}\n{TELLS}");
    let built =
        [("PASSWORD", "kept-out-of-the-job"), ("WHO", "ann"), ("RETRIES", "3"), ("FOLDER", "folder-of-the-build")];
    build(&project, &built, &flow, 0);
    for file in project.files("jobs/job").iter().filter(|file| !file.ends_with("job.yaml")) {
        let text = project.read(&format!("jobs/job/{file}"));
        assert!(!text.contains("kept-out") && !text.contains("folder-of-the-build"), "{file}");
    }
    let dag = json(&project, "jobs/job/job_dag.json");
    assert_eq!(dag["flow"]["desc"], "of ann");
    assert_eq!(dag["nodes"][1]["misc"]["tags"], "ann");
    assert_eq!(json(&project, "jobs/job/job_execution_metadata.json")["settings"]["retries"], 3);
    assert!(project.read("jobs/job/job.yaml").contains("${RETRIES}"), "the YAML stays as it was given");
    let run = project.pype_with(&[("PASSWORD", "of-the-run")], &["run", "jobs/job"]).expect_code(0);
    assert_eq!(project.read("out/told"), "<of-the-run>\n", "{run:?}");
    let run = project.pype_with(&[], &["run", "jobs/job"]);
    assert_ne!(run.code, 0);
    assert!(run.stderr.contains("environment variable `PASSWORD` is needed"), "{}", run.stderr);
}

#[test]
fn a_build_depends_on_what_it_replaced_and_on_nothing_else() {
    let project = Project::new();
    let flow = format!("settings: {{env: [PASSWORD, FOLDER]}}\n{TELLS}");
    let fingerprint = |environment: &[(&str, &str)]| {
        build(&project, environment, &flow, 0);
        json(&project, "jobs/job/job_execution_metadata.json")["fingerprint"].clone()
    };
    let ann = fingerprint(&[("WHO", "ann"), ("PASSWORD", "a")]);
    assert_eq!(ann, fingerprint(&[("WHO", "ann"), ("PASSWORD", "b")]));
    assert_ne!(ann, fingerprint(&[("WHO", "bob"), ("PASSWORD", "a")]));
}

#[test]
fn numbers_are_numbers_at_the_run_too() {
    let project = Project::new();
    let flow = "settings: {env: [ROWS, CODE]}
modules:
  - {id: rows, name: generate_source, configs: {rows: \"${ROWS:-2}\", columns: [{name: n, kind: sequence}]}}
  - {id: tell, name: csv_sink, configs: {output_path: told}}
connections: {data: [rows.data - tell.input]}
";
    build(&project, &[], flow, 0);
    project.pype_with(&[("ROWS", "5")], &["run", "jobs/job"]).expect_code(0);
    assert_eq!(project.read("told").lines().count(), 6);
    project.pype_with(&[], &["run", "jobs/job"]).expect_code(0);
    assert_eq!(project.read("told").lines().count(), 3);
    let run = project.pype_with(&[("ROWS", "many")], &["run", "jobs/job"]);
    assert_ne!(run.code, 0);
}

#[test]
fn a_number_in_quotes_is_told_to_be_a_text() {
    let project = Project::new();
    let found = build(&project, &[("N", "3")], "modules: []\nsettings: {retries: \"${N}\"}\n", 3);
    assert_eq!(found["diagnostics"][0]["code"], "L006");
    assert!(found["diagnostics"][0]["help"].as_str().unwrap().contains("without quotes"), "{found}");
}

#[test]
fn what_the_settings_do_not_allow_is_not_read() {
    let project = Project::new();
    let found = build(&project, &[], TELLS, 3);
    let codes: Vec<&str> =
        found["diagnostics"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["P032", "P032"]);
}

#[test]
fn the_shell_keeps_its_own() {
    let project = Project::new();
    let flow = "settings: {env: [WORD]}
modules:
  - id: line
    name: shell_solo
    configs: {command: \"X=own; printf '%s %s' \\\"${X}\\\" \\\"${WORD:-none}\\\" > told\"}
  - {id: list, name: shell_solo, configs: {command: [touch, \"${WORD}\"]}}
";
    build(&project, &[], flow, 0);
    project.pype_with(&[("WORD", "file-of-the-run")], &["run", "jobs/job"]).expect_code(0);
    assert_eq!(project.read("told"), "own file-of-the-run");
    assert!(project.exists("file-of-the-run"));
}

#[test]
fn defaults_of_the_context_are_read_at_the_run() {
    let project = Project::new();
    let flow = "settings: {env: [WHERE, PLACE]}
modules:
  - {id: rows, name: inline_source, configs: {columns: [{name: w, type: string}], rows: [[\"{{ context.port + 1 }} {{ context.host }} {{ context.raw }}\"]]}}
  - {id: tell, name: csv_sink, configs: {output_path: told, header: false}}
connections: {data: [rows.data - tell.input]}
context:
  host: {type: str, default: \"${WHERE:-localhost}:${PLACE}\"}
  port: {type: int, default: \"${PLACE}\"}
  raw: {default: \"$${PLACE}\"}
  password: {type: str, secret: true, default: \"${PASSWORD}\"}
";
    build(&project, &[("WHERE", "of-the-build")], flow, 0);
    assert!(!project.read("jobs/job/context/job_default.json").contains("host"));
    let metadata = json(&project, "jobs/job/job_execution_metadata.json");
    assert_eq!(metadata["context"]["host"]["default"], "${WHERE:-localhost}:${PLACE}");
    assert_eq!(metadata["context"]["password"]["default"], "env://PASSWORD");
    project.pype_with(&[("PLACE", "5")], &["run", "jobs/job"]).expect_code(0);
    assert_eq!(project.read("told"), "6 localhost:5 ${PLACE}\n");
    let run = project.pype_with(&[], &["run", "jobs/job"]);
    assert_ne!(run.code, 0);
    assert!(run.stderr.contains("environment variable `PLACE` is needed"), "{}", run.stderr);
    assert!(!run.stderr.contains("context variable"), "one finding for one mistake: {}", run.stderr);
    let args = ["run", "jobs/job", "--set", "host=h", "--set", "port=1"];
    project.pype_with(&[("PLACE", "5")], &args).expect_code(0);
    assert_eq!(project.read("told"), "2 h ${PLACE}\n");
}

#[test]
fn a_variable_that_is_not_set_is_told_at_its_own_place() {
    let project = Project::new();
    let found = build(&project, &[], "modules: []\nsettings:\n  timeout: ${NOT_SET_HERE}\n", 3);
    let findings = found["diagnostics"].as_array().unwrap();
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding["code"], "L035");
    assert_eq!((&finding["line"], &finding["col"], &finding["len"]), (&4.into(), &12.into(), &15.into()));
}
