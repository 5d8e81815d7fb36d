//! Threads for blocking work: who says how many there are, and that there is one pool, whichever jobs a run runs.

use crate::support::Project;
use std::time::Duration;

/// The flow of docs/scheduler.md, section 5: with one thread, the second scope waits for the first. Here the first waits for the
/// second, so many looks long.
const STARTS: &str = r#"
modules:
  - {id: begin, name: noop_solo}
  - id: first
    name: shell_solo
    configs:
      command: "i=0; while ! test -e second_at && test $i -lt {{ context.looks }}; do sleep 0.05; i=$((i+1)); done"
  - {id: second, name: shell_solo, configs: {command: touch second_at}}
connections:
  control: ["begin (1|start) first", "begin (2|start) second"]
context: {looks: {type: int}}
"#;

/// What `background_started` and `background_finished` tell of, in the order in which it happened.
#[track_caller]
fn scopes(project: &Project, variable: Option<&str>, args: &[&str], looks: &str) -> Vec<String> {
    let environment: Vec<(&str, &str)> = variable.map(|value| ("PYPELINE_THREADS", value)).into_iter().collect();
    let run = project.run_job_with(&environment, "starts", &[args, &["--set", looks]].concat(), 0);
    let record = project.record("starts", &run);
    let told = record.events.iter().filter_map(|event| {
        let what = event["event"].as_str().unwrap().strip_prefix("background_")?;
        Some(format!("{} {what}", event["to"].as_str().unwrap()))
    });
    told.collect()
}

#[test]
fn the_command_line_stands_above_the_variable_and_the_variable_above_the_flow() {
    let in_turn = ["first started", "first finished", "second started", "second finished"];
    let cases: [(&str, Option<&str>, &[&str], bool); 7] = [
        ("", None, &[], true),
        ("threads: 1", None, &[], false),
        ("threads: 8", Some("1"), &[], false),
        ("threads: 1", Some("8"), &[], true),
        ("threads: 1", Some("1"), &["--threads", "2"], true),
        ("", Some("1"), &["--threads", "2"], true),
        ("threads: 8", Some("8"), &["--threads", "1"], false),
    ];
    for (setting, variable, args, is_beside) in cases {
        let project = Project::new();
        project.build("starts", &format!("settings: {{{setting}}}\n{STARTS}"));
        // Where the second runs beside the first, the first has all the time it needs to see it.
        let found = scopes(&project, variable, args, if is_beside { "looks=1200" } else { "looks=10" });
        let case = format!("{setting}, {variable:?}, {args:?}: {found:?}");
        assert_eq!(found == in_turn, !is_beside, "{case}");
        assert_eq!(found[1] == "second started", is_beside, "{case}");
    }
}

/// A run and the job that it runs share one thread: while the run's step works, that of the job waits for it, whatever
/// the job's own settings say.
#[test]
fn a_run_and_the_jobs_that_it_runs_have_one_pool() {
    let project = Project::with_foreign_plugins();
    // It holds a worker, and not a thread of the pool, until the run's step is at work.
    let child = r#"
settings: {threads: 8}
modules:
  - {id: gate, name: spin_solo, configs: {started_file: gate_at, until_file: outer_at}}
  - {id: inner, name: shell_solo, configs: {command: "touch inner_at; test -e outer_ended"}}
connections: {control: ["gate (1|) inner"]}
"#;
    project.build("child", child);
    let parent = r#"
settings: {threads: 1}
modules:
  - {id: begin, name: noop_solo}
  - {id: outer, name: shell_solo, configs: {command: "touch outer_at; while ! test -e go; do sleep 0.05; done; touch outer_ended"}}
  - {id: call, name: run_flow_solo, configs: {job: jobs/child}}
connections: {control: ["begin (1|) outer", "begin (1|) call"]}
"#;
    project.build("parent", parent);
    let mut run = project.start(&["run", "jobs/parent"]);
    project.wait_for_event(&mut run, "child", &["\"sub_flow_started\"", "\"inner\""]);
    // With a thread to be had it would begin at once.
    std::thread::sleep(Duration::from_millis(500));
    assert!(!project.exists("inner_at"), "both work at the same time");
    project.write("go", "");
    run.end().expect_code(0);
    assert!(project.exists("inner_at"));
}
