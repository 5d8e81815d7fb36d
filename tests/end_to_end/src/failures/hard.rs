//! What a long night brings: modules that never let go of their thread, several at a time; stops while something blocks;
//! background work that outlives its item; values that must not be told.

use crate::support::Project;

/// All workers are kept by modules that never await, and all of them are given up; the run ends by itself.
#[test]
fn workers_that_are_lost_are_replaced() {
    let project = Project::with_foreign_plugins();
    let body = r#"
settings: {grace: 0.5, fail_strategy: continue}
modules:
  - {id: n, name: loop_source, configs: {from: 1, to: 20}}
  - {id: spin, name: spin_solo, configs: {started_file: "at_{{ iter.item }}"}, misc: {timeout: 0.5, retries: 0}}
  - {id: after, name: warn_solo, configs: {message: all is over}}
connections: {control: ["n (1|iterate parallel=20) spin", "n (2|always) after"]}
"#;
    project.build("lost", body);
    let run = project.run_job("lost", &[], 1);
    assert_eq!((run.state("spin"), run.state("after")), ("failed", "succeeded"));
    let record = project.record("lost", &run);
    assert_eq!((record.all("timeout").count(), record.all("abandoned").count()), (20, 20));
}

/// A job within a job finds workers, too, where its caller has lost some.
#[test]
fn a_job_within_a_job_has_its_callers_workers() {
    let project = Project::with_foreign_plugins();
    project.build("child", "modules:\n  - {id: spin, name: spin_solo, configs: {started_file: child_at}, misc: {timeout: 0.3, retries: 0}}\n");
    let body = r#"
settings: {grace: 0.3, fail_strategy: continue}
modules:
  - {id: n, name: loop_source, configs: {from: 1, to: 9}}
  - {id: spin, name: spin_solo, configs: {started_file: "at_{{ iter.item }}"}, misc: {timeout: 0.3, retries: 0}}
  - {id: call, name: run_flow_solo, configs: {job: jobs/child}}
connections: {control: ["n (1|iterate parallel=9) spin", "n (2|always) call"]}
"#;
    project.build("parent", body);
    let run = project.run_job("parent", &[], 1);
    assert_eq!(run.state("call"), "failed");
    assert_eq!(project.only_record("child").result["state"], "failed");
}

/// What is asked to stop hears of it, also where the lane that asks goes on with something that blocks.
#[test]
fn a_wish_to_stop_is_heard_beside_a_handler_that_blocks() {
    let project = Project::with_foreign_plugins();
    let body = r#"
settings: {grace: 2}
modules:
  - {id: split, name: noop_solo}
  - {id: bad, name: shell_solo, configs: {command: "while ! test -e slow_at; do sleep 0.01; done; exit 3"}}
  - {id: slow, name: endless_solo, configs: {started_file: slow_at, ended_file: slow_ended}}
  - {id: handler, name: spin_solo, configs: {started_file: handler_at}, misc: {timeout: 3, retries: 0}}
connections: {control: ["split (1|) bad", "split (1|) slow", "bad (1|error) handler"]}
"#;
    project.build("wish", body);
    let run = project.run_job("wish", &[], 1);
    assert_eq!((run.state("slow"), run.state("handler")), ("cancelled", "failed"));
    assert!(project.exists("slow_ended"), "its teardown ran");
    let record = project.record("wish", &run);
    let abandoned: Vec<&str> = record.all("abandoned").map(|event| event["sub_flow"].as_str().unwrap()).collect();
    assert_eq!(abandoned, ["handler"]);
}

/// A scope in the background keeps the frame that it was started in, also when the item's turn is over.
#[test]
fn background_work_keeps_the_globals_of_its_item() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: letters, name: loop_source, configs: {items: [a, b]}}
  - {id: s, name: set_var_solo, configs: {vars: {n: "{{ iter.item }}{{ iter.index }}"}}}
  - {id: wait, name: shell_solo, configs: {command: "while ! test -e go; do sleep 0.01; done"}}
  - {id: say, name: shell_solo, configs: {command: "echo {{ iter.item }} {{ s__n }} >> said"}}
  - {id: go, name: shell_solo, configs: {command: "touch go"}}
connections: {control: ["letters (1|iterate) s", "s (1|start) wait", "wait (1|) say", "letters (2|) go"]}
"#;
    project.run_flow("kept", body);
    let said = project.read("said");
    let mut lines: Vec<&str> = said.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["a a0", "b b1"]);
}

/// Every one of many failures that were handled is told, not only those that the result lists.
#[test]
fn all_handled_failures_are_told() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: n, name: loop_source, configs: {from: 1, to: 1500}}
  - {id: bad, name: die_solo, configs: {message: no}}
  - {id: handler, name: noop_solo}
connections: {control: ["n (1|iterate) bad", "bad (1|error handled) handler"]}
"#;
    let run = project.run_flow("many", body);
    assert_eq!((run.failures().len(), &run.result["n_handled"]), (1000, &1500.into()));
    let record = project.record("many", &run);
    let items: Vec<u64> = record.all("failure_handled").map(|event| event["iter"][0].as_u64().unwrap()).collect();
    assert_eq!(items, (0..1500).collect::<Vec<_>>());
}

/// A value of the context that does not fit is a failure that tells its kind, never the value.
#[test]
fn a_value_of_the_context_stands_in_no_message() {
    let project = Project::new();
    let body = r#"
context: {password: {type: str, default: hunter2}}
settings: {fail_strategy: continue}
modules:
  - {id: s, name: sleep_solo, configs: {seconds: "{{ context.password }}"}}
  - {id: g, name: generate_source, configs: {rows: "{{ context.password }}", columns: [{name: n, kind: sequence}]}}
  - {id: f, name: filter_mod, configs: {condition: "{{ context.password }} ("}}
  - {id: o, name: csv_sink, configs: {output_path: o.csv}}
  - {id: w, name: warn_solo, configs: {message: x, level: "{{ context.password }}"}}
connections: {data: [g.data - f.input, f.output - o.input]}
"#;
    project.build_unseen("secret", body);
    let found = project.pype(&["validate", "secret.yaml"]).expect_code(3).stderr;
    assert!(found.contains("C008") && !found.contains("hunter2"), "{found}");
    let shown = project.pype(&["run", "jobs/secret"]).expect_code(1);
    let record = project.only_record("secret");
    let told = format!("{:?} {} {} {}", record.events, record.result, shown.stdout, shown.stderr);
    assert!(!told.contains("hunter2"), "{told}");
    assert!(shown.stderr.contains("gives a text that the module does not accept"), "{}", shown.stderr);
}

/// Of two items at the same time, one fails and the other is stopped for it: the log tells them apart.
#[test]
fn an_item_that_was_stopped_is_not_one_that_failed() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: n, name: loop_source, configs: {items: [bad, slow]}}
  - {id: step, name: shell_solo, configs: {command: "if test {{ iter.item }} = bad; then while ! test -e at; do sleep 0.01; done; exit 3; fi; touch at; sleep 60"}}
connections: {control: ["n (1|iterate parallel=2) step"]}
"#;
    project.build("two", body);
    let run = project.run_job("two", &[], 1);
    let record = project.record("two", &run);
    let mut ends: Vec<(u64, &str)> = record
        .all("iteration_finished")
        .map(|event| (event["iter"][0].as_u64().unwrap(), event["state"].as_str().unwrap()))
        .collect();
    ends.sort_unstable();
    assert_eq!(ends, [(0, "failed"), (1, "cancelled")]);
    let end = record.all("loop_finished").next().unwrap();
    assert_eq!((&end["items"], &end["failed"]), (&2.into(), &1.into()));
}
