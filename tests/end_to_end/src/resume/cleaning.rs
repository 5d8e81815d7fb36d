//! `pype clean`: what it takes away, and that it never touches what is at work.

use super::{GATE, fails, killed, says, unfinished};
use crate::support::Project;
use serde_json::json;

fn stopped() -> Project {
    let project = Project::new();
    project.build(
        "job",
        &format!("modules:\n{}{GATE}connections: {{control: [\"a (1|) gate\"]}}\n", says("a", "said", "a")),
    );
    fails(&project, "job", &[]);
    project
}

#[test]
fn what_could_go_on_is_taken_away() {
    let project = stopped();
    let id = project.run_ids("job")[0].clone();
    let dry = project.pype(&["clean", "jobs/job", "--dry-run"]).expect_code(0);
    assert!(
        dry.stdout.contains(&format!("would remove the checkpoints of run {id}: 1 sub flow had landed")),
        "{}",
        dry.stdout
    );
    assert_eq!(unfinished(&project, "job").len(), 1);
    let json = project.pype(&["clean", "jobs/job", "--dry-run", "--output", "json"]).expect_code(0).json();
    assert_eq!(json["checkpoints"], json!([{"run_id": id, "called_by": null, "landed": 1}]));
    assert_eq!((&json["dry_run"], &json["records"], &json["temporary"]), (&true.into(), &json!([]), &json!([])));
    let done = project.pype(&["clean", "jobs/job"]).expect_code(0);
    assert!(done.stdout.contains(&format!("removed the checkpoints of run {id}")), "{}", done.stdout);
    assert!(!project.exists("jobs/job/checkpoints"));
    assert_eq!(project.run_ids("job"), [id.as_str()], "records stay");
    let again = project.pype(&["clean", "jobs/job"]).expect_code(0);
    assert!(again.stdout.contains("nothing to remove"), "{}", again.stdout);
    let nothing = project.pype(&["run", "jobs/job", "--resume"]).expect_code(0);
    assert!(nothing.stdout.contains("nothing to resume"));
}

#[test]
fn records_go_if_that_is_asked_for_and_the_history_knows_their_runs() {
    let project = stopped();
    project.write("open", "");
    for _ in 0..3 {
        project.run_job("job", &[], 0);
    }
    let ids = project.run_ids("job");
    project.pype(&["runs"]).expect_code(0);
    project.pype(&["clean", "jobs/job", "--keep-runs", "2", "--older-than", "1"]).expect_code(0);
    assert_eq!(project.run_ids("job"), ids, "they are young");
    let done = project.pype(&["clean", "jobs/job", "--keep-runs", "2", "--output", "json"]).expect_code(0).json();
    assert_eq!(done["records"], json!([ids[1], ids[0]]));
    assert_eq!(project.run_ids("job"), ids[2..]);
    let listed = project.pype(&["runs", "--output", "json"]).expect_code(0).json();
    let has_record = |run: &serde_json::Value| run["has_record"].as_bool().unwrap();
    assert_eq!(
        listed["runs"].as_array().unwrap().iter().map(has_record).collect::<Vec<_>>(),
        [true, true, false, false]
    );
    let shown = project.pype(&["status", &ids[0]]).expect_code(0).stdout;
    assert!(shown.contains("failed") && shown.contains("its record is gone"), "{shown}");
    project.pype(&["logs", &ids[0]]).expect_code(2);
    project.pype(&["stats", "job"]).expect_code(0);
    project.pype(&["clean", "jobs/job", "--older-than", "0"]).expect_code(0);
    assert_eq!(project.run_ids("job"), [""; 0]);
    project.run_job("job", &[], 0);
}

#[test]
fn young_checkpoints_stay_where_only_old_things_are_to_go() {
    let project = stopped();
    project.pype(&["clean", "jobs/job", "--older-than", "1"]).expect_code(0);
    project.write("open", "");
    super::resumed(&project, "job", &[]);
}

#[test]
fn temporary_files_of_the_dead_go() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: rows, name: generate_source, configs: {rows: 10, columns: [{name: n, kind: sequence}]}}
  - {id: out, name: csv_sink, configs: {output_path: out/a.csv}}
  - {id: more, name: generate_source, configs: {rows: 10, columns: [{name: n, kind: sequence}]}}
  - {id: next, name: csv_sink, configs: {output_path: out/b.csv}}
connections: {data: [rows.data - out.input, more.data - next.input]}
"#;
    project.build("job", body);
    // When the second file is whole, and has no name yet.
    killed(&project, "job", "path=b.csv#3:kill", &[]);
    assert!(!project.leftovers().is_empty());
    let done = project.pype(&["clean", "jobs/job"]).expect_code(0);
    assert!(done.stdout.contains("pype-tmp"), "{}", done.stdout);
    assert_eq!(project.leftovers(), [""; 0]);
    assert_eq!(project.files("out"), ["a.csv"]);
}

#[test]
fn a_job_at_work_is_left_alone() {
    let project = Project::new();
    let waits = "  - {id: wait, name: shell_solo, configs: {command: \"touch at; test -e open || sleep 60\"}}\n";
    project.build(
        "job",
        &format!("modules:\n{}{waits}connections: {{control: [\"a (1|) wait\"]}}\n", says("a", "said", "a")),
    );
    let mut run = project.start(&["run", "jobs/job"]);
    run.wait_for(&project.path("at"));
    let before = project.files("jobs/job");
    for args in [
        ["clean", "jobs/job"].as_slice(),
        &["clean", "jobs/job", "--dry-run"],
        &["clean", "jobs/job", "--keep-runs", "0"],
    ] {
        let refused = project.pype(args).expect_code(4);
        assert!(refused.stderr.contains("is held by pype run"), "{}", refused.stderr);
    }
    assert_eq!(project.files("jobs/job"), before);
    run.signal("TERM");
    run.end().expect_code(143);
    project.pype(&["clean", "jobs/job"]).expect_code(0);
    assert!(!project.exists("jobs/job/checkpoints"));
}

#[test]
fn what_is_no_job_is_refused() {
    let project = Project::new();
    for args in [["clean", "nowhere"].as_slice(), &["clean", "."]] {
        project.pype(args).expect_code(3);
    }
    for args in
        [["clean"].as_slice(), &["clean", "jobs/job", "--keep-runs", "-1"], &["clean", "jobs/job", "--older-than", "x"]]
    {
        project.pype(args).expect_code(2);
    }
}
