//! Failures, timeouts and signals: what is tried again, what is given up and when, and that whatever ends a run leaves nothing
//! half done.

mod hard;
mod signals;

use crate::support::Project;
use crate::support::record::Record;
use crate::support::trace::{Show, assert_trace};
use serde_json::Value;
use std::time::{Duration, Instant};

const SHORT: Show = Show { starts: false, links: false };

/// What a limit may be late, in seconds.
const LATE: f64 = 0.5;

/// What a run that is asked to stop may take beyond its grace period.
const SLACK: Duration = Duration::from_secs(1);

/// Seconds between two events, each the only one of its kind with these keys.
#[track_caller]
fn between(record: &Record, first: (&str, &[(&str, &str)]), second: (&str, &[(&str, &str)])) -> f64 {
    record.time(second.0, second.1) - record.time(first.0, first.1)
}

#[track_caller]
fn assert_on_time(limit: f64, seconds: f64) {
    assert!((limit..limit + LATE).contains(&seconds), "{seconds} s, and the limit is {limit} s");
}

#[test]
fn a_transient_failure_is_tried_again_with_pauses_that_grow() {
    let project = Project::with_foreign_plugins();
    let body = r#"
settings: {retries: 2, retry_delay: 0.4}
modules:
  - {id: it, name: life_solo, configs: {failures: 2, attempts_file: attempts}}
"#;
    let (run, found) = project.traced("again", body, 0, SHORT);
    let life = r#""set up", "run", "torn down""#;
    let end = format!("it succeeded, attempt 3: {life}, {life}, {life}");
    let expected = ["retry of it after attempt 1", "retry of it after attempt 2", &end, "run succeeded, exit 0"];
    assert_trace(&found, &expected);
    assert_eq!((&run.result["sub_flows"][0]["retries"], &run.result["n_failures"]), (&2.into(), &0.into()));
    let record = project.record("again", &run);
    let retries: Vec<&Value> = record.all("retry").collect();
    let starts: Vec<&Value> = record.all("sub_flow_started").collect();
    for (at, whole) in [(0, 0.4), (1, 0.8)] {
        let delay = retries[at]["delay"].as_f64().unwrap();
        assert!((whole / 2.0..=whole).contains(&delay), "half of the pause is fixed: {delay} of {whole}");
        let pause = starts[at + 1]["t"].as_f64().unwrap() - retries[at]["t"].as_f64().unwrap();
        assert_on_time(delay - 0.01, pause);
    }
}

#[test]
fn only_what_may_go_away_is_tried_again_and_the_node_has_the_last_word() {
    let attempts = |flow_retries: u32, configs: &str, misc: &str| {
        let project = Project::new();
        let body = format!(
            "settings: {{retries: {flow_retries}, retry_delay: 0}}\nmodules:\n  - {{id: it, {configs}, misc: {{{misc}}}}}\n"
        );
        project.build("again", &body);
        let run = project.run_job("again", &[], 1);
        project.record("again", &run).one("sub_flow_finished", &[("sub_flow", "it")])["attempts"].as_u64().unwrap()
    };
    let transient = "name: die_solo, configs: {message: no answer, transient: true}";
    assert_eq!(attempts(3, "name: die_solo, configs: {message: no table}", ""), 1, "permanent");
    assert_eq!(attempts(3, transient, ""), 4);
    assert_eq!(attempts(3, transient, "retries: 0"), 1);
    assert_eq!(attempts(0, transient, "retries: 2"), 3);
    // A timeout is transient; but what a command has done, it would do twice.
    let command = "name: shell_solo, configs: {command: sleep 60}";
    assert_eq!(attempts(3, command, "timeout: 0.3"), 1);
    assert_eq!(attempts(3, command, "timeout: 0.3, retries: 1"), 2);
}

#[test]
fn an_attempt_of_a_sub_flow_has_its_time() {
    let project = Project::new();
    let body = r#"
settings: {sub_flow_timeout: 1, retries: 1, retry_delay: 0}
modules:
  - {id: slow, name: sleep_solo, configs: {seconds: 60}}
"#;
    let (run, found) = project.traced("slow", body, 1, SHORT);
    let timeout = "timeout of sub flow slow";
    let expected = [timeout, "retry of slow after attempt 1", timeout, "slow failed, attempt 2", "run failed, exit 1"];
    assert_trace(&found, &expected);
    let fault = &run.node("slow")["fault"];
    assert_eq!((&fault["kind"], &fault["transient"]), (&"timeout".into(), &true.into()), "{fault}");
    let record = project.record("slow", &run);
    let times = |kind: &str| record.all(kind).map(|event| event["t"].as_f64().unwrap()).collect::<Vec<_>>();
    for (start, timeout) in times("sub_flow_started").into_iter().zip(times("timeout")) {
        assert_on_time(1.0, timeout - start);
    }
}

/// A module that never awaits, with a limit of 1 s, a grace of 1 s, and a handler that lets it go, waits for its end, and
/// looks what has come of it.
const SPINNING: &str = r#"
settings: {grace: 1}
modules:
  - {id: spin, name: spin_solo, configs: {started_file: started, until_file: release, ended_file: ended}, misc: {timeout: 1, retries: 0}}
  - {id: release, name: shell_solo, configs: {command: "touch release; while ! test -e ended; do sleep 0.05; done; sleep 0.3", timeout: 50}}
  - {id: seen, name: noop_solo}
  - {id: unseen, name: noop_solo}
connections: {control: ["spin (1|error) release", "release (1|spin__ended is defined) seen", "release (2|else) unseen"]}
"#;

#[test]
fn a_module_that_never_awaits_is_given_up_and_publishes_nothing() {
    let project = Project::with_foreign_plugins();
    let (run, found) = project.traced("spin", SPINNING, 1, SHORT);
    let expected = [
        "timeout of node spin",
        "spin given up",
        "spin failed",
        "release succeeded",
        "seen skipped, not chosen",
        "unseen succeeded",
        "run failed, exit 1",
    ];
    assert_trace(&found, &expected);
    let fault = &run.failures()[0]["fault"];
    assert!(fault["message"].as_str().unwrap().contains("node `spin` took longer than its timeout of 1 s"), "{fault}");
    let record = project.record("spin", &run);
    let spin = [("sub_flow", "spin")];
    assert_on_time(1.0, between(&record, ("sub_flow_started", &spin), ("timeout", &[("name", "spin")])));
    assert_on_time(1.0, between(&record, ("timeout", &[("name", "spin")]), ("abandoned", &spin)));
}

#[test]
fn a_run_does_not_wait_for_what_it_has_given_up() {
    let project = Project::with_foreign_plugins();
    let body = r#"
settings: {grace: 1}
modules:
  - {id: spin, name: spin_solo, configs: {started_file: started}, misc: {timeout: 1, retries: 0}}
"#;
    project.build("spin", body);
    let begun = Instant::now();
    let run = project.run_job("spin", &[], 1);
    // Beside limit, grace and slack the process takes its time to begin.
    assert!(begun.elapsed() < Duration::from_secs(2) + 2 * SLACK, "{:?}", begun.elapsed());
    let record = project.record("spin", &run);
    let seconds = between(&record, ("timeout", &[]), ("run_finished", &[]));
    assert!(seconds < 1.0 + SLACK.as_secs_f64(), "{seconds}");
    assert!(project.leftovers().is_empty());
}

#[test]
fn files_of_an_attempt_that_was_given_up_are_never_published() {
    let project = Project::with_foreign_plugins();
    project.write("out.csv", "before\n");
    let body = r#"
settings: {grace: 1}
modules:
  - {id: rows, name: inline_source, configs: {rows: [{n: 1}]}}
  - {id: spin, name: spin_mod, configs: {started_file: started, until_file: release, ended_file: ended}, misc: {timeout: 1, retries: 0}}
  - {id: write, name: csv_sink, configs: {output_path: out.csv}}
  - {id: release, name: shell_solo, configs: {command: "ls -A | grep -c pype-tmp; touch release; while ! test -e ended; do sleep 0.05; done; sleep 0.3", timeout: 50}}
connections: {data: [rows.data - spin.input, spin.output - write.input], control: ["rows (1|error) release"]}
"#;
    let (_, found) = project.traced("fence", body, 1, SHORT);
    let expected =
        ["timeout of node spin", "rows given up", "rows failed", "release succeeded: \"0\"", "run failed, exit 1"];
    assert_trace(&found, &expected);
    assert_eq!(project.read("out.csv"), "before\n");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_module_that_never_awaits_holds_up_no_other_branch() {
    for (name, first, second) in [("group", "(1|)", "(1|)"), ("background", "(1|start)", "(2|)")] {
        let project = Project::with_foreign_plugins();
        let body = format!(
            r#"
settings: {{grace: 1}}
modules:
  - {{id: begin, name: noop_solo}}
  - {{id: spin, name: spin_solo, configs: {{started_file: started}}, misc: {{timeout: 2, retries: 0}}}}
  - {{id: other, name: noop_solo}}
  - {{id: more, name: noop_solo}}
connections: {{control: ["begin {first} spin", "begin {second} other", "other (1|) more"]}}
"#
        );
        project.build(name, &body);
        let job = format!("jobs/{name}");
        project.start(&["run", &job]).end().expect_code(1);
        let record = project.only_record(name);
        let more = record.time("sub_flow_finished", &[("sub_flow", "more")]);
        let timeout = record.time("timeout", &[("name", "spin")]);
        assert!(more < timeout, "{name}: `more` ended at {more} s, after `spin` was stopped at {timeout} s");
    }
}

#[test]
fn a_run_has_its_time_and_its_post_job_as_long_again() {
    let project = Project::with_foreign_plugins();
    for (module, configs) in [("noop_solo", ""), ("sleep_solo", "seconds: 60")] {
        let body = format!(
            r#"
settings: {{timeout: 2, grace: 0.5}}
modules:
  - {{id: begin, name: noop_solo}}
  - {{id: spin, name: spin_solo, configs: {{started_file: started}}}}
  - {{id: next, name: noop_solo}}
  - {{id: post, name: {module}, configs: {{{configs}}}}}
connections: {{control: ["begin (1|) spin", "spin (1|) next", "begin (Last|always) post"]}}
"#
        );
        let (run, found) = project.traced(&format!("limit_{module}"), &body, 1, SHORT);
        let begin = ["begin succeeded", "timeout of the run", "stopping, timeout", "spin given up", "spin cancelled"];
        let end: &[&str] = match module {
            "noop_solo" => &["post succeeded"],
            _ => &["timeout of the run", "stopping, timeout", "post cancelled"],
        };
        let expected = [&begin[..], &["next skipped, blocked"], end, &["run failed, exit 1"]].concat();
        assert_trace(&found, &expected);
        let fault = run.result["fault"]["message"].as_str().unwrap();
        assert!(fault.contains("timeout of 2 s"), "{fault}");
        let record = project.record(&format!("limit_{module}"), &run);
        for (timeout, limit) in record.all("timeout").zip([2.0, 4.0]) {
            assert_on_time(limit, timeout["t"].as_f64().unwrap());
        }
    }
}

/// Three files, the second of which no table can be made of.
fn with_a_bad_file(condition: &str, settings: &str) -> (Project, String) {
    let project = Project::new();
    for (name, content) in [("a", "n,m\n1,2\n"), ("b", "n,m\n1,2\n1,2,3\n"), ("c", "n,m\n5,6\n")] {
        project.write(&format!("in/{name}.csv"), content);
    }
    let body = format!(
        r#"
settings: {{{settings}}}
modules:
  - {{id: files, name: file_list_source, configs: {{folder: in, mask: "*.csv"}}}}
  - {{id: load, name: csv_source, configs: {{file_path: "{{{{ iter.item.path }}}}"}}}}
  - {{id: write, name: csv_sink, configs: {{output_path: "out/{{{{ iter.item.name }}}}"}}}}
  - {{id: note, name: warn_solo, configs: {{message: "no {{{{ iter.item.name }}}}"}}}}
  - {{id: done, name: noop_solo}}
connections:
  data: [load.data - write.input]
  control: ["files (1|iterate) load", "load (1|{condition}) note", "files (2|) done"]
"#
    );
    (project, body)
}

#[test]
fn a_bad_file_that_is_handled_is_listed_and_no_failure() {
    let (project, body) = with_a_bad_file("error handled", "");
    let (run, found) = project.traced("files", &body, 0, SHORT);
    assert!(found.contains(&"  note succeeded: \"no b.csv\"".to_owned()), "{}", found.join("\n"));
    assert_eq!(project.files("out"), ["a.csv", "c.csv"]);
    assert_eq!(
        (run.state("done"), &run.result["n_failures"], &run.result["n_handled"]),
        ("succeeded", &1.into(), &1.into())
    );
    let failure = &run.failures()[0];
    assert_eq!((&failure["node"], &failure["handled"], &failure["iter"][0]), (&"load".into(), &true.into(), &1.into()));
    assert!(failure["item"].as_str().unwrap().contains("b.csv"), "{failure}");
    let shown = project.pype(&["run", "jobs/files"]).expect_code(0);
    assert!(shown.stdout.contains("succeeded (1 failure handled)"), "{}", shown.stdout);
    assert!(shown.stderr.contains("handled: node `load`") && shown.stderr.contains("b.csv"), "{}", shown.stderr);
}

#[test]
fn a_bad_file_that_nobody_handles_fails_the_run() {
    for (settings, written) in [("", &["a.csv"][..]), ("fail_strategy: continue", &["a.csv", "c.csv"])] {
        let (project, body) = with_a_bad_file("error", settings);
        let (run, found) = project.traced("files", &body, 1, SHORT);
        assert!(found.contains(&"  note succeeded: \"no b.csv\"".to_owned()), "{}", found.join("\n"));
        assert_eq!(project.files("out"), written, "{settings}");
        assert_eq!((run.state("done"), &run.result["n_handled"]), ("skipped", &0.into()), "{settings}");
        assert_eq!(run.failures()[0]["handled"], false);
        let shown = project.pype(&["run", "jobs/files"]).expect_code(1);
        assert!(shown.stderr.contains("error: node `load`"), "{}", shown.stderr);
    }
}
