//! Jobs that run jobs: what the inner one is given, what comes back, and whose failure it is.

use super::{tell, wait_until_gone};
use crate::support::Project;
use serde_json::json;

/// Writes two of its context variables to `child.csv`.
const CHILD: &str = r#"
modules:
  - id: src
    name: inline_source
    configs:
      columns: [{name: day, type: string}, {name: n, type: int}]
      rows: [["{{ context.day }}", "{{ context.n }}"]]
  - {id: out, name: csv_sink, configs: {output_path: child.csv, header: false}}
connections: {data: [src.data - out.input]}
context: {day: {type: str, default: monday}, n: {type: int, default: 1}}
"#;

/// Runs `jobs/child` with more keys in its configuration, then `tell`.
fn calls(configs: &str, template: &str) -> String {
    let tell = tell(template);
    format!(
        r#"
modules:
  - {{id: call, name: run_flow_solo, configs: {{job: jobs/child{configs}}}}}
{tell}
connections: {{control: [call (1|) tell]}}
context: {{n: {{type: int, default: 9}}, word: {{type: str, default: tuesday}}}}
"#
    )
}

/// A project with a job to call.
fn with_child(body: &str) -> Project {
    let project = Project::new();
    project.build("child", body);
    project
}

#[test]
fn a_job_has_its_own_context_and_what_it_is_given() {
    let project = with_child(CHILD);
    project.write("jobs/child/context/child_prod.json", r#"{"n": 2}"#);
    for (configs, expected) in [
        ("", "monday,1"),
        (", context: prod", "monday,2"),
        (", context: prod, set: {n: 5, day: friday}", "friday,5"),
        (", set: {n: '7', day: \"the {{ context.word }}\"}", "the tuesday,7"),
        (", pass_context: true", "monday,9"),
        (", pass_context: true, set: {n: 5}", "monday,5"),
        (", pass_context: true, context: prod", "monday,9"),
    ] {
        project.run_flow("parent", &calls(configs, "x"));
        assert_eq!(project.read("child.csv"), format!("{expected}\n"), "{configs}");
    }
}

#[test]
fn a_text_stays_a_text_where_the_job_declares_one() {
    let project = with_child(CHILD);
    project.run_flow("parent", &calls(", set: {day: 12}", "x"));
    assert_eq!(project.read("child.csv"), "12,1\n");
}

#[test]
fn a_job_tells_how_it_ended() {
    let project = with_child(CHILD);
    let template = "{{ call__state }} {{ call__exit_code }} {{ call__error_message }} {{ call__run_id }}";
    project.run_flow("parent", &calls("", template));
    let told = project.read("told");
    let run_id = told.strip_prefix("<succeeded 0 None ").unwrap_or_else(|| panic!("{told}")).trim_end_matches('>');
    for file in ["result.json", "events.jsonl"] {
        assert!(project.exists(&format!("jobs/child/runs/{run_id}/{file}")), "{run_id}: a run has a record of its own");
    }
}

const DIES: &str = "modules:\n  - {id: stop, name: die_solo, configs: {message: no rate for today, code: 7}}\n";

#[test]
fn a_failed_job_fails_its_step() {
    let project = with_child(DIES);
    let words = ["`call`", "run_flow_solo", "job `child` failed", "= node: stop", "no rate for today"];
    let run = project.run_fails("parent", &calls("", "x"), &words);
    assert_eq!((run.state("call"), run.state("tell")), ("failed", "skipped"));
    let causes = run.node("call")["fault"]["causes"].to_string();
    assert!(causes.contains("no rate for today; code: 7"), "{causes}");
}

#[test]
fn a_failed_job_may_be_a_result_like_another() {
    let project = with_child(DIES);
    let template = "{{ call__state }} {{ call__exit_code }} {{ call__error_message }}";
    let run = project.run_flow("parent", &calls(", ignore_failure: true", template));
    assert_eq!(project.read("told"), "<failed 1 no rate for today>");
    assert_eq!(run.result["n_failures"], 0);
}

#[test]
fn a_job_that_cannot_begin_fails_its_step_whatever_is_ignored() {
    for ignore in ["", ", ignore_failure: true"] {
        let words = ["`call`", "job `jobs/child` cannot be run", "jobs/child"];
        Project::new().run_fails("parent", &calls(ignore, "x"), &words);
        let project = with_child(CHILD);
        let unknown = format!(", set: {{dya: monday}}{ignore}");
        project.run_fails("parent", &calls(&unknown, "x"), &["`call`", "cannot be run", "`dya`"]);
        let no_context = format!(", context: prdo{ignore}");
        project.run_fails("parent", &calls(&no_context, "x"), &["`call`", "cannot be run", "child_prdo.json"]);
        let wrong = format!(", set: {{n: canary}}{ignore}");
        let run = project.run_fails("parent", &calls(&wrong, "x"), &["`call`", "`n` is not of its declared type"]);
        assert!(!format!("{:?}", run.output).contains("canary"), "it may be a secret: {:?}", run.output);
        assert!(!project.exists("child.csv"));
    }
}

#[test]
fn a_job_that_runs_itself_is_refused_by_its_lock() {
    let project = Project::new();
    let body = "modules: [{id: call, name: run_flow_solo, configs: {job: jobs/ring}}]\n";
    let words = ["`call`", "job `jobs/ring` cannot be run", "job `ring` is held by pype run, process"];
    let run = project.run_fails("ring", body, &words);
    assert_eq!(run.node("call")["fault"]["kind"], "config");
    // By way of another job too.
    project.build("child", body);
    let words = ["`call`", "job `child` failed", "job `ring` is held by pype run, process"];
    project.run_fails("ring", &body.replace("jobs/ring", "jobs/child"), &words);
}

#[test]
fn jobs_in_jobs_hand_on_what_they_are_given() {
    let project = with_child(CHILD);
    let middle = "modules: [{id: call, name: run_flow_solo, configs: {job: jobs/child, pass_context: true}}]\ncontext: {n: {type: int, default: 3}}\n";
    project.build("middle", middle);
    project.run_flow("parent", &calls(", pass_context: true", "x").replace("jobs/child", "jobs/middle"));
    assert_eq!(project.read("child.csv"), "monday,9\n");
}

#[test]
fn a_job_is_run_once_per_item_of_a_loop() {
    let project = with_child(&CHILD.replace("child.csv", "\"{{ context.day }}.csv\""));
    let body = r#"
modules:
  - {id: days, name: loop_source, configs: {items: [mon, tue]}}
  - {id: call, name: run_flow_solo, configs: {job: jobs/child, set: {day: "{{ iter.item }}", n: "{{ iter.index }}"}}}
connections: {control: ["days (1|iterate) call"]}
"#;
    project.run_flow("parent", body);
    assert_eq!((project.read("mon.csv"), project.read("tue.csv")), ("mon,0\n".to_owned(), "tue,1\n".to_owned()));
}

/// Plugins are never closed: opened anew for each item, they would pile up.
#[cfg(target_os = "linux")]
#[test]
fn a_job_that_a_loop_runs_opens_its_plugins_once() {
    let project = Project::new();
    let command = "ls -l /proc/$PPID/fd | grep -c memfd >> open";
    project.build("child", &format!("modules: [{{id: it, name: shell_solo, configs: {{command: '{command}'}}}}]\n"));
    let body = r#"
modules:
  - {id: list, name: loop_source, configs: {items: [1, 2, 3, 4]}}
  - {id: call, name: run_flow_solo, configs: {job: jobs/child}}
connections: {control: ["list (1|iterate) call"]}
"#;
    project.run_flow("parent", body);
    let open = project.read("open");
    let counts: Vec<&str> = open.lines().collect();
    assert!(counts.len() == 4 && counts[0] != "0" && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}

#[test]
fn a_stopped_run_stops_the_jobs_that_it_runs() {
    let project = Project::new();
    let endless = "modules: [{id: it, name: shell_solo, configs: {command: 'echo $$ > pid.new; mv pid.new pid; exec sleep 100000'}}]\n";
    project.build("child", endless);
    project.build("parent", &calls("", "x"));
    let mut run = project.start(&["run", "jobs/parent", "--output", "json"]);
    run.wait_for(&project.path("pid"));
    run.signal("TERM");
    let output = run.end().expect_code(143);
    let result = output.json();
    assert_eq!((&result["state"], &result["sub_flows"][0]["state"]), (&json!("cancelled"), &json!("cancelled")));
    wait_until_gone(&project, "pid");
    project.pype(&["build", "child.yaml"]).expect_code(0);
}

#[test]
fn configurations_that_cannot_work_are_refused_at_build() {
    for (configs, words) in [
        (", rows: a b", ["`call`", "`a b` is no name of a cache"]),
        (", set: [n]", ["`set`", "expected a mapping"]),
        (", pass_context: maybe", ["`pass_context`", "`true` or `false`"]),
    ] {
        Project::new().refuses(&calls(configs, "x"), "L012", &words);
    }
    let empty = calls("", "x").replace("jobs/child", "' '");
    Project::new().refuses(&empty, "L012", &["`call`", "`job` is empty", "`jobs/load`"]);
}
