//! SIGINT and SIGTERM, whatever the run is doing: the right exit code within the grace period, every teardown run, and nothing
//! half done.

use super::{LATE, SLACK};
use crate::support::Project;
use crate::support::process::Running;
use crate::support::record::Record;
use std::time::{Duration, Instant};

/// What all flows here give to what is asked to stop.
const GRACE: Duration = Duration::from_secs(2);

const SIGNALS: [(&str, i32, &str); 2] = [("TERM", 143, "terminated"), ("INT", 130, "interrupted")];

/// A run that was stopped.
struct Stopped {
    project: Project,
    record: Record,
    /// From the signal to the end of the process.
    took: Duration,
}

/// Runs a flow, once per signal: waits until it is at work, sends the signal, and checks what must hold of every stopped run.
#[track_caller]
fn stopped(
    settings: &str,
    prepare: impl Fn(&Project),
    body: &str,
    at_work: impl Fn(&Project, &mut Running),
) -> Vec<Stopped> {
    let stop = |(signal, code, reason)| {
        let project = Project::with_foreign_plugins();
        prepare(&project);
        project.build("job", &format!("settings: {{grace: {}{settings}}}\n{body}", GRACE.as_secs()));
        // Few threads, so that a stage takes its time on any machine.
        let environment = [("POLARS_MAX_THREADS", "2")];
        let mut run = project.start_with(&environment, &["run", "jobs/job", "--output", "json"]);
        at_work(&project, &mut run);
        let asked = Instant::now();
        run.signal(signal);
        let output = run.end().expect_code(code);
        let took = asked.elapsed();
        assert!(took < GRACE + SLACK, "it took {took:?}\n{}", output.stderr);
        let record = project.only_record("job");
        assert_eq!(record.result["state"], "cancelled");
        assert_eq!(record.result["run_id"], output.json()["run_id"], "the result is printed all the same");
        assert_eq!(record.all("stopping").count(), 1);
        record.one("stopping", &[("reason", reason)]);
        assert_eq!(project.leftovers(), [""; 0], "{signal}");
        assert_eq!(project.path("tmp").read_dir().unwrap().count(), 0, "the folder of the run is gone");
        Stopped { project, record, took }
    };
    SIGNALS.into_iter().map(stop).collect()
}

fn is_started(project: &Project, run: &mut Running) {
    run.wait_for(&project.path("started"));
}

/// One step, and another that `always` follows.
fn step(step: &str) -> String {
    format!(
        "modules:\n  - {{id: it, {step}}}\n  - {{id: next, name: noop_solo}}\nconnections: {{control: [it (1|always) next]}}\n"
    )
}

#[test]
fn a_module_that_sleeps_is_stopped() {
    let body = step("name: sleep_solo, configs: {seconds: 60}");
    let at_work = |project: &Project, run: &mut Running| {
        project.wait_for_event(run, "job", &["\"sub_flow_started\"", "\"it\""]);
    };
    for stopped in stopped("", |_| {}, &body, at_work) {
        assert!(stopped.took < SLACK, "it listens: {:?}", stopped.took);
        stopped.record.one("sub_flow_finished", &[("sub_flow", "it"), ("state", "cancelled")]);
        assert_eq!(stopped.record.all("sub_flow_started").count(), 1, "nothing begins any more");
    }
}

#[test]
fn a_module_that_does_not_look_is_dropped_and_torn_down() {
    let body = step("name: endless_solo, configs: {started_file: started, ended_file: ended, deaf: true}");
    for stopped in stopped("", |_| {}, &body, is_started) {
        assert!(stopped.project.exists("ended"), "its teardown ran");
        assert!(stopped.took >= GRACE / 2, "it had its time: {:?}", stopped.took);
        assert_eq!(stopped.record.all("abandoned").count(), 0);
        stopped.record.one("sub_flow_finished", &[("sub_flow", "it"), ("state", "cancelled")]);
    }
}

#[test]
fn a_module_that_never_awaits_is_given_up() {
    let body = step("name: spin_solo, configs: {started_file: started}");
    for stopped in stopped("", |_| {}, &body, is_started) {
        let seconds = stopped.record.time("abandoned", &[("sub_flow", "it")]) - stopped.record.time("stopping", &[]);
        let grace = GRACE.as_secs_f64();
        assert!((grace..grace + LATE).contains(&seconds), "{seconds}");
        stopped.record.one("sub_flow_finished", &[("sub_flow", "it"), ("state", "cancelled")]);
    }
}

#[test]
fn files_of_a_parallel_loop_are_whole_or_not_there() {
    // Two items are quick, the others as good as endless.
    let body = r#"
modules:
  - {id: items, name: loop_source, configs: {from: 0, to: 7}}
  - {id: rows, name: generate_source, configs: {rows: "{{ 1000 if iter.index < 2 else 4000000000 }}", columns: [{name: n, kind: sequence}]}}
  - {id: write, name: csv_sink, configs: {output_path: "out/{{ iter.index }}.csv"}}
connections: {data: [rows.data - write.input], control: ["items (1|iterate parallel=4) rows"]}
"#;
    let at_work = |project: &Project, run: &mut Running| {
        run.wait_until("two files and four that are begun", || {
            let files = project.files("out");
            let begun = files.iter().filter(|name| name.contains(".pype-tmp")).count();
            (files.len() - begun, begun) == (2, 4)
        });
    };
    for stopped in stopped(", execution_mode: streaming", |_| {}, body, at_work) {
        assert_eq!(stopped.project.files("out"), ["0.csv", "1.csv"]);
        for file in ["out/0.csv", "out/1.csv"] {
            assert_eq!(stopped.project.read(file).lines().count(), 1001, "{file}");
        }
        assert_eq!(stopped.record.all("iteration_started").count(), 6, "no further item began");
        let ends = stopped.record.all("sub_flow_finished").filter(|end| end["state"] == "cancelled");
        assert_eq!(ends.count(), 4);
    }
}

#[test]
fn a_pause_before_a_retry_is_cut_short() {
    // The first pause is so long that nobody would wait for it.
    let body = step("name: life_solo, configs: {failures: 9, attempts_file: attempts}");
    let at_work = |project: &Project, run: &mut Running| project.wait_for_event(run, "job", &["\"retry\""]);
    for stopped in stopped(", retry_delay: 300", |_| {}, &body, at_work) {
        assert!(stopped.took < SLACK, "{:?}", stopped.took);
        assert_eq!(stopped.project.read("attempts"), "1");
        stopped.record.one("sub_flow_finished", &[("sub_flow", "it"), ("state", "cancelled")]);
    }
}

#[test]
fn what_runs_in_the_background_is_stopped_too() {
    let body = r#"
modules:
  - {id: begin, name: noop_solo}
  - {id: it, name: endless_solo, configs: {started_file: started, ended_file: ended}}
  - {id: more, name: noop_solo}
  - {id: other, name: noop_solo}
connections: {control: ["begin (1|start) it", "it (1|always) more", "begin (2|) other"]}
"#;
    for stopped in stopped("", |_| {}, body, is_started) {
        assert!(stopped.project.exists("ended"), "its teardown ran");
        assert!(stopped.took < SLACK, "it listens: {:?}", stopped.took);
        let names = ["begin", "it", "other"].map(|name| stopped.record.one("sub_flow_started", &[("sub_flow", name)]));
        assert_eq!(stopped.record.all("sub_flow_started").count(), names.len());
    }
}

#[test]
fn a_stage_is_stopped_at_its_next_batch() {
    let prepare = |project: &Project| {
        project.write("in.csv", "x\n".to_owned() + &"0.5\n".repeat(3_000_000));
        project.write("out.csv", "before\n");
    };
    // Costly for every row, and true for none.
    let terms: Vec<String> = (0..40).map(|n| format!("SIN(COS(SIN(COS(x + {n}))))")).collect();
    let body = format!(
        r#"
modules:
  - {{id: rows, name: csv_source, configs: {{file_path: in.csv}}}}
  - {{id: costly, name: filter_mod, configs: {{condition: "{} > 100"}}}}
  - {{id: write, name: csv_sink, configs: {{output_path: out.csv}}}}
connections: {{data: [rows.data - costly.input, costly.output - write.input]}}
"#,
        terms.join(" + ")
    );
    let at_work = |project: &Project, run: &mut Running| {
        project.wait_for_event(run, "job", &["\"sub_flow_started\"", "\"rows\""]);
    };
    for stopped in stopped("", prepare, &body, at_work) {
        assert_eq!(stopped.project.read("out.csv"), "before\n");
        assert_eq!(stopped.record.all("abandoned").count(), 0, "it ended by itself");
        stopped.record.one("sub_flow_finished", &[("sub_flow", "rows"), ("state", "cancelled")]);
    }
}

#[test]
fn a_second_signal_ends_at_once_even_what_never_awaits() {
    let project = Project::with_foreign_plugins();
    let body = step("name: spin_solo, configs: {started_file: started}");
    project.build("job", &format!("settings: {{grace: 60}}\n{body}"));
    let mut run = project.start(&["run", "jobs/job"]);
    is_started(&project, &mut run);
    run.signal("INT");
    // Only what has heard the first signal takes the next one for a second: it says so on stderr.
    run.wait_for_line("stopping");
    let asked = Instant::now();
    run.signal("TERM");
    let output = run.end();
    assert!(asked.elapsed() < SLACK, "{:?}", asked.elapsed());
    assert_eq!(output.code, 143, "{}", output.stderr);
}
