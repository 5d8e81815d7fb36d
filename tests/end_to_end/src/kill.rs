//! Runs that are stopped, gently or not: the right exit code, nothing half done, nothing left in the way.

use crate::support::Project;
use crate::support::process::Running;

/// A step that goes on until it is stopped.
fn endless(settings: &str, configs: &str) -> String {
    format!(
        r#"
settings: {{{settings}}}
modules:
  - {{id: it, name: endless_solo, configs: {{started_file: started, ended_file: ended{configs}}}}}
  - {{id: next, name: noop_solo}}
connections: {{control: ["it (1|always) next"]}}
"#
    )
}

/// The endless step at work.
fn at_work<'a>(project: &'a Project, configs: &str) -> Running<'a> {
    project.build("endless", &endless("", configs));
    let mut run = project.start(&["run", "jobs/endless", "--output", "json"]);
    run.wait_for(&project.path("started"));
    run
}

/// The run's own folder for temporary files is there while it runs.
fn assert_has_temporary_folder(project: &Project) {
    let folder = project.read("started");
    assert!(folder.contains("pypeline_") && std::path::Path::new(&folder).is_dir(), "{folder}");
}

#[test]
fn a_signal_stops_a_run_gently() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let project = Project::with_foreign_plugins();
        let run = at_work(&project, "");
        assert_has_temporary_folder(&project);
        run.signal(signal);
        let output = run.end().expect_code(code);
        assert!(project.exists("ended"), "its teardown ran");
        assert_eq!(project.leftovers(), [""; 0]);
        assert_eq!(project.path("tmp").read_dir().unwrap().count(), 0, "the folder `pypeline_*` is gone");
        let result = output.json();
        assert_eq!((&result["state"], &result["exit_code"]), (&"cancelled".into(), &code.into()));
        assert_eq!(result["sub_flows"][0]["state"], "cancelled");
        assert_eq!(result["sub_flows"][1]["state"], "skipped", "nothing starts any more, `always` or not");
    }
}

#[test]
fn a_module_that_does_not_listen_is_dropped() {
    let project = Project::with_foreign_plugins();
    let run = at_work(&project, ", deaf: true");
    run.signal("TERM");
    let output = run.end().expect_code(143);
    assert!(project.exists("ended"), "its teardown ran all the same");
    assert_eq!(project.leftovers(), [""; 0]);
    assert!(output.stdout.contains("did not end in time"), "{}", output.stdout);
}

#[test]
fn a_second_signal_ends_at_once() {
    let project = Project::with_foreign_plugins();
    let mut run = at_work(&project, ", deaf: true");
    run.signal("TERM");
    // Only what has heard the first signal takes the next one for a second: it says so on stderr.
    run.wait_for_line("stopping");
    run.signal("INT");
    let output = run.end();
    assert_eq!(output.code, 130, "{}", output.stderr);
    assert!(!project.exists("ended"), "it did not wait for the teardown");
}

#[test]
fn a_timeout_is_a_failure() {
    let project = Project::with_foreign_plugins();
    project.build("endless", &endless("timeout: 1", ""));
    let run = project.run_job("endless", &[], 1);
    assert_eq!(run.result["state"], "failed");
    assert!(run.result["fault"]["message"].as_str().unwrap().contains("timeout of 1 s"));
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_job_is_held_by_one_run_at_a_time() {
    let project = Project::with_foreign_plugins();
    let run = at_work(&project, "");
    let holder = run.id().to_string();
    for args in [["run", "jobs/endless"], ["build", "endless.yaml"]] {
        let output = project.pype(&args).expect_code(4);
        assert!(output.stderr.contains(&holder), "{args:?}: {}", output.stderr);
    }
    let also_holds_another = project.pype(&["build", "endless.yaml", "--out", "jobs/other"]);
    also_holds_another.expect_code(0);
    run.signal("TERM");
    run.end().expect_code(143);
    project.pype(&["build", "endless.yaml"]).expect_code(0);
}

#[test]
fn a_killed_run_lets_go_of_its_job() {
    let project = Project::with_foreign_plugins();
    let run = at_work(&project, "");
    run.signal("KILL");
    run.end();
    project.pype(&["build", "endless.yaml"]).expect_code(0);
}

/// So many rows that the run is not over before it is killed.
const LONG: &str = r#"
settings: {execution_mode: streaming}
modules:
  - {id: src, name: generate_source, configs: {rows: "{{ context.rows }}", columns: [{name: n, kind: sequence}]}}
  - {id: out, name: csv_sink, configs: {output_path: out/out.csv}}
connections: {data: [src.data - out.input]}
context: {rows: {type: int, default: 1000000000}}
"#;

/// A run killed while its output is half written.
fn killed() -> Project {
    let project = Project::new();
    project.write("out/out.csv", "before\n");
    project.build("long", LONG);
    let mut run = project.start(&["run", "jobs/long"]);
    run.wait_until("the temporary file", || project.files("out").len() > 1);
    run.signal("KILL");
    run.end();
    project
}

#[test]
fn a_killed_run_leaves_the_old_file() {
    let project = killed();
    assert_eq!(project.read("out/out.csv"), "before\n");
}

#[test]
fn after_a_killed_run_the_next_one_succeeds() {
    let project = killed();
    project.run_job("long", &["--set", "rows=2"], 0);
    assert_eq!(project.read("out/out.csv"), "n\n0\n1\n");
}

#[test]
fn what_a_killed_run_left_goes_with_the_next_one() {
    let project = killed();
    assert!(!project.leftovers().is_empty());
    project.run_job("long", &["--set", "rows=2"], 0);
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_stopped_run_removes_its_half_written_file() {
    let project = Project::new();
    project.write("out/out.csv", "before\n");
    project.build("long", LONG);
    let mut run = project.start(&["run", "jobs/long"]);
    run.wait_until("the temporary file", || project.files("out").len() > 1);
    run.signal("TERM");
    run.end().expect_code(143);
    assert_eq!(project.read("out/out.csv"), "before\n");
    assert_eq!(project.leftovers(), [""; 0]);
}
