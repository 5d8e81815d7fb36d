//! What keeps a resumed run from doing harm: crash loops, other versions, damage, and effects that may happen twice.

use super::{GATE, fails, killed, lines, restored, resumed, says, unfinished};
use crate::support::Project;

/// A plugin that takes the process with it is not started for ever.
#[test]
fn a_run_that_brings_down_one_process_after_another_is_not_resumed() {
    let project = Project::with_foreign_plugins();
    let body = format!(
        "modules:\n{}  - {{id: boom, name: abort_solo, configs: {{unless_file: open}}}}\nconnections: {{control: [\"first (1|) boom\"]}}\n",
        says("first", "said", "first")
    );
    project.build("job", &body);
    // The first part has landed something, and its death counts for nothing.
    for args in [["run", "jobs/job"].as_slice(), &["run", "jobs/job", "--resume"], &["run", "jobs/job", "--resume"]] {
        assert_eq!(project.pype(args).code, -1);
    }
    let mut more = 0;
    let refused = loop {
        let output = project.pype(&["run", "jobs/job", "--resume"]);
        if output.code != -1 {
            break output.expect_code(1);
        }
        more += 1;
        assert!(more < 3, "nobody stops it");
    };
    for word in ["3 processes", "`boom`", "libpype_demo_misbehaving.so", "--force"] {
        assert!(refused.stderr.contains(word), "`{word}`: {}", refused.stderr);
    }
    assert_eq!(lines(&project, "said").len(), 1);
    assert_eq!(project.pype(&["run", "jobs/job", "--resume", "--force"]).code, -1, "it is tried once more");
    project.pype(&["run", "jobs/job", "--resume"]).expect_code(1);
    project.write("open", "");
    let (_, record) = resumed(&project, "job", &["--force"]);
    assert_eq!(restored(&record), ["first"]);
}

/// A run that gets somewhere each time may die as often as it likes.
#[test]
fn a_run_that_gets_somewhere_is_no_crash_loop() {
    let project = Project::new();
    let body = "modules:\n  - {id: list, name: loop_source, configs: {from: 1, to: 7}}\n  - {id: step, name: set_var_solo, configs: {vars: {n: 1}}}\nconnections: {control: [\"list (1|iterate) step\"]}\n";
    project.build("job", body);
    killed(&project, "job", "mark=begin step@1#1:kill", &[]);
    for n in 2..7 {
        killed(&project, "job", &format!("mark=begin step@{n}#1:kill"), &["--resume"]);
    }
    resumed(&project, "job", &[]);
}

/// What has its record has happened, and is told of no more.
#[test]
fn a_step_whose_record_is_written_does_not_begin_again() {
    let project = Project::new();
    let steps = [says("a", "said", "a"), says("b", "said", "b")].concat();
    project.build("job", &format!("modules:\n{steps}connections: {{control: [\"a (1|) b\"]}}\n"));
    killed(&project, "job", "mark=written b@#1:kill", &[]);
    let (_, record) = resumed(&project, "job", &[]);
    assert_eq!(lines(&project, "said"), ["a", "b"]);
    assert_eq!(record.all("effect_repeated").count(), 0);
}

/// The step does its work, and the process dies before that is noted.
#[test]
fn a_step_that_had_begun_is_told_of_when_it_begins_again() {
    let project = Project::new();
    let step = "  - {id: b, name: shell_solo, configs: {command: \"echo b >> said; test -e open || kill -9 $PPID\"}}\n";
    project
        .build("job", &format!("modules:\n{}{step}connections: {{control: [\"a (1|) b\"]}}\n", says("a", "said", "a")));
    assert_eq!(project.pype(&["run", "jobs/job"]).code, -1);
    project.write("open", "");
    let (run, record) = resumed(&project, "job", &[]);
    assert_eq!(lines(&project, "said"), ["a", "b", "b"], "nobody can know whether it was done");
    let told = record.one("effect_repeated", &[("sub_flow", "b")]);
    assert_eq!(told["nodes"], serde_json::json!(["b"]));
    assert!(
        run.output.stderr.contains("may do twice") && run.output.stderr.contains("replayed_effect"),
        "{}",
        run.output.stderr
    );
}

#[test]
fn what_a_later_pype_has_written_is_refused() {
    let project = Project::new();
    project.build("job", &format!("modules:\n{}{GATE}", says("a", "said", "a")));
    fails(&project, "job", &[]);
    let folder = format!("jobs/job/checkpoints/{}", unfinished(&project, "job")[0]);
    let journal = project.read(&format!("{folder}/journal"));
    // The checksum does not fit either: nobody but a later pype knows how it is made there.
    project
        .write(&format!("{folder}/journal"), journal.replace("\"checkpoint_version\":1,", "\"checkpoint_version\":9,"));
    let refused = project.pype(&["run", "jobs/job", "--resume"]).expect_code(3);
    assert!(refused.stderr.contains("a later pype") && refused.stderr.contains("version 9"), "{}", refused.stderr);
    // The job may begin anew all the same.
    project.write("open", "");
    project.run_job("job", &[], 0);
    assert_eq!(unfinished(&project, "job"), [""; 0]);
}

/// One record is damaged: that one is missing, and what is damaged is kept.
#[test]
fn damage_costs_what_it_touches() {
    let project = Project::new();
    let vars = |id: &str| format!("  - {{id: {id}, name: set_var_solo, configs: {{vars: {{n: {id}}}}}}}\n");
    let body = format!(
        "modules:\n{}{}{}  - {{id: gate, name: csv_source, configs: {{file_path: open.csv}}}}\n  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}\nconnections: {{data: [gate.data - out.input], control: [\"a (1|) gate\", \"b (1|) gate\", \"c (1|) gate\"]}}\n",
        vars("a"),
        vars("b"),
        vars("c")
    );
    project.build("job", &body);
    fails(&project, "job", &[]);
    let path = format!("jobs/job/checkpoints/{}/journal", unfinished(&project, "job")[0]);
    let journal = project.read(&path);
    project.write(&path, journal.replace("\"b__n\":\"b\"", "\"b__n\":\"x\""));
    project.write("open.csv", "n\n1\n");
    let (run, record) = resumed(&project, "job", &[]);
    assert!(run.output.stderr.contains("is damaged"), "{}", run.output.stderr);
    assert_eq!(restored(&record), ["a", "c"]);
}

/// A journal without its beginning is of no use, and says so.
#[test]
fn a_journal_that_says_nothing_is_refused() {
    let project = Project::new();
    project.build("job", &format!("modules:\n{}{GATE}", says("a", "said", "a")));
    fails(&project, "job", &[]);
    project.write(&format!("jobs/job/checkpoints/{}/journal", unfinished(&project, "job")[0]), "rubbish\n".repeat(10));
    let refused = project.pype(&["run", "jobs/job", "--resume"]).expect_code(3);
    assert!(refused.stderr.contains("cannot be used") && refused.stderr.contains("pype clean"), "{}", refused.stderr);
}
