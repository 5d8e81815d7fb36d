//! However a run ends before its end, it goes on where it was.

use super::{GATE, fails, killed, lines, ran, restored, resumed, says, seen, unfinished};
use crate::support::Project;

/// Two files, a step in the way, and a last file made of the first.
fn flow(gate: &str) -> String {
    format!(
        r#"
modules:
  - {{id: rows, name: generate_source, configs: {{rows: 5, columns: [{{name: n, kind: sequence}}]}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
  - {{id: more, name: generate_source, configs: {{rows: 3, columns: [{{name: n, kind: sequence}}]}}}}
  - {{id: parts, name: parquet_sink, configs: {{output_path: parts.parquet}}}}
{gate}
  - {{id: again, name: csv_source, configs: {{file_path: out.csv}}}}
  - {{id: last, name: csv_sink, configs: {{output_path: "last-{{{{ out__row_count }}}}.csv"}}}}
connections:
  data: [rows.data - out.input, more.data - parts.input, again.data - last.input]
  control: ["rows (1|) more", "more (1|) gate", "gate (1|) again"]
"#
    )
}

/// What holds however the first part ended.
#[track_caller]
fn goes_on(project: &Project, state: &str) {
    assert!(!project.exists("last-5.csv"));
    let files = ["out.csv", "parts.parquet"];
    let before = files.map(|file| seen(project, file));
    let first = project.run_ids("job").pop().unwrap();
    assert_eq!(unfinished(project, "job"), [first.as_str()]);
    project.write("open", "");
    let (run, record) = resumed(project, "job", &[]);
    assert_eq!(
        (restored(&record), ran(&record)),
        (vec!["rows".to_owned(), "more".to_owned()], vec!["gate".to_owned(), "again".to_owned()])
    );
    assert_eq!(files.map(|file| seen(project, file)), before, "{state}: what has landed is not touched");
    assert_eq!(project.read("last-5.csv"), "n\n0\n1\n2\n3\n4\n");
    assert_eq!(
        ["rows", "more", "gate", "again"].map(|name| run.state(name)),
        ["restored", "restored", "succeeded", "succeeded"]
    );
    // The report is that of the whole run.
    assert_eq!((run.rows("rows.data", "out.input"), run.rows("again.data", "last.input")), (5, 5));
    assert_eq!((&run.node("out")["rows_out"], &run.node("parts")["state"]), (&5.into(), &"restored".into()));
    assert_eq!(
        (&run.result["resumes"], &record.one("run_started", &[])["resumes"]),
        (&first.as_str().into(), &first.as_str().into())
    );
    assert_ne!(run.result["run_id"], first.as_str(), "each part has a record of its own");
    assert_eq!(project.leftovers(), [""; 0]);
    let nothing = project.pype(&["run", "jobs/job", "--resume"]).expect_code(0);
    assert!(nothing.stdout.contains("nothing to resume"), "{}", nothing.stdout);
}

#[test]
fn after_a_failure() {
    let project = Project::new();
    project.build("job", &flow(GATE));
    let run = fails(&project, "job", &[]);
    assert_eq!(run.result["resume"], "pype run jobs/job --resume");
    assert!(run.output.stderr.contains("gate"), "{}", run.output.stderr);
    goes_on(&project, "failed");
}

#[test]
fn a_failure_says_how_to_go_on() {
    let project = Project::new();
    project.build("job", &flow(GATE));
    let output = project.pype(&["run", "jobs/job"]).expect_code(1);
    assert!(output.stderr.contains("pype run jobs/job --resume"), "{}", output.stderr);
}

#[test]
fn after_sigkill() {
    // When a step begins; when a record is in the journal, and perhaps nowhere else.
    for order in ["mark=begin gate#1:kill", "mark=written more#1:kill"] {
        let project = Project::new();
        project.build("job", &flow(GATE));
        killed(&project, "job", order, &[]);
        goes_on(&project, order);
        let first = &project.run_ids("job")[0];
        let log = lines(&project, &format!("jobs/job/runs/{first}/events.jsonl"));
        assert!(log.last().unwrap().contains("\"run_died\""), "{log:?}");
        assert_eq!(log.iter().filter(|line| line.contains("run_died")).count(), 1);
    }
}

#[test]
fn after_sigterm() {
    let project = Project::new();
    let waits = "  - {id: gate, name: shell_solo, configs: {command: \"touch at; test -e open || sleep 60\"}}\n";
    project.build("job", &flow(waits));
    let mut run = project.start(&["run", "jobs/job", "--output", "json"]);
    run.wait_for(&project.path("at"));
    run.signal("TERM");
    let output = run.end().expect_code(143);
    assert_eq!(output.json()["resume"], "pype run jobs/job --resume");
    goes_on(&project, "cancelled");
}

#[test]
fn as_often_as_it_takes() {
    let project = Project::new();
    let steps: String = (0..4).map(|n| says(&format!("s{n}"), "said", &n.to_string())).collect();
    let links = "\"s0 (1|) s1\", \"s1 (1|) s2\", \"s2 (1|) s3\"";
    project.build("job", &format!("modules:\n{steps}connections: {{control: [{links}]}}\n"));
    killed(&project, "job", "mark=begin s1#1:kill", &[]);
    let first = project.run_ids("job").pop().unwrap();
    killed(&project, "job", "mark=begin s2#1:kill", &["--resume"]);
    killed(&project, "job", "mark=begin s3#1:kill", &["--resume"]);
    assert_eq!(unfinished(&project, "job"), [first.as_str()], "all parts are one run");
    let (run, record) = resumed(&project, "job", &[]);
    assert_eq!(restored(&record), ["s0", "s1", "s2"]);
    assert_eq!(run.result["resumes"], first.as_str());
    assert_eq!(project.read("said"), "0\n1\n2\n3\n");
}

#[test]
fn where_nothing_is_unfinished_nothing_runs() {
    let project = Project::new();
    project.build("job", "modules: [{id: it, name: noop_solo}]\n");
    for _ in 0..2 {
        let before = project.run_ids("job");
        let text = project.pype(&["run", "jobs/job", "--resume"]).expect_code(0);
        assert!(text.stdout.contains("nothing to resume"), "{}", text.stdout);
        let json = project.pype(&["run", "jobs/job", "--resume", "--output", "json"]).expect_code(0).json();
        assert_eq!(json, serde_json::json!({"nothing_to_resume": true}));
        assert_eq!(project.run_ids("job"), before, "it leaves no record");
        project.run_job("job", &[], 0);
    }
}

/// What only a run that goes on can be asked.
#[test]
fn its_options_belong_together() {
    let project = Project::new();
    project.build("job", "modules: [{id: it, name: noop_solo}]\n");
    for args in [["--force"].as_slice(), &["--on-change", "accept"], &["--resume", "--on-change", "guess"]] {
        project.pype(&[&["run", "jobs/job"], args].concat()).expect_code(2);
    }
}
