//! What is kept, for whom, and how long: permissions, plain runs beside an unfinished one, `checkpoint`, `durability`.

use super::{GATE, fails, killed, lines, resumed, says, unfinished};
use crate::support::Project;
use std::os::unix::fs::PermissionsExt;

fn mode(project: &Project, path: &str) -> u32 {
    project.path(path).metadata().unwrap().permissions().mode() & 0o7777
}

/// A step, a table beside the journal, and the gate.
fn flow(settings: &str) -> String {
    format!(
        r#"
settings: {{{settings}}}
modules:
{}  - {{id: rows, name: generate_source, configs: {{rows: 100000, columns: [{{name: n, kind: sequence}}]}}}}
  - {{id: keep, name: cache_sink, configs: {{cache: c}}}}
{GATE}
connections: {{data: [rows.data - keep.input], control: ["a (1|) rows", "rows (1|) gate"]}}
"#,
        says("a", "said", "a")
    )
}

#[test]
fn checkpoints_are_their_users_alone_whatever_the_umask() {
    let project = Project::new();
    project.build("job", &flow(""));
    let mut command = std::process::Command::new("sh");
    let binary = project.command(&[]).get_program().to_owned();
    command.args(["-c", "umask 0; exec \"$0\" run jobs/job"]).arg(binary).current_dir(project.path(""));
    command.env("TMPDIR", project.path("tmp"));
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    let run = format!("jobs/job/checkpoints/{}", unfinished(&project, "job")[0]);
    for folder in ["jobs/job/checkpoints", &run] {
        assert_eq!(mode(&project, folder), 0o700, "{folder}");
    }
    let files = project.files(&run);
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(mode(&project, &format!("{run}/{file}")), 0o600, "{file}");
    }
}

#[test]
fn a_run_that_succeeds_leaves_none() {
    let project = Project::new();
    project.build("job", &flow(""));
    project.write("open", "");
    project.run_job("job", &[], 0);
    assert!(!project.exists("jobs/job/checkpoints"));
}

/// A plain run begins anew, and says that another could go on; when it has succeeded, there is nothing to go on with.
#[test]
fn a_plain_run_supersedes_an_unfinished_one() {
    let project = Project::new();
    project.build("job", &flow(""));
    let first = fails(&project, "job", &[]);
    let id = first.result["run_id"].as_str().unwrap();
    let second = fails(&project, "job", &[]);
    let said = &second.output.stderr;
    assert!(said.contains(id) && said.contains("--resume") && said.contains("supersedes"), "{said}");
    assert_eq!(unfinished(&project, "job").len(), 2, "it has not succeeded");
    assert_eq!(lines(&project, "said"), ["a", "a"]);
    project.write("open", "");
    project.run_job("job", &[], 0);
    assert_eq!(unfinished(&project, "job"), [""; 0]);
    assert_eq!(lines(&project, "said"), ["a", "a", "a"]);
}

#[test]
fn the_newest_goes_on_and_takes_the_others_with_it() {
    let project = Project::new();
    project.build("job", &flow(""));
    fails(&project, "job", &[]);
    let second = fails(&project, "job", &[]);
    project.write("open", "");
    let (run, _) = resumed(&project, "job", &[]);
    assert_eq!(run.result["resumes"], second.result["run_id"]);
    assert_eq!(lines(&project, "said"), ["a", "a"]);
}

#[test]
fn checkpoints_may_be_turned_off() {
    for settings in ["checkpoint: off", "durability: off"] {
        let project = Project::new();
        project.build("job", &flow(settings));
        let run = fails(&project, "job", &[]);
        assert!(run.result["resume"].is_null(), "{settings}");
        assert!(!project.exists("jobs/job/checkpoints"), "{settings}");
        let output = project.pype(&["run", "jobs/job", "--resume"]).expect_code(0);
        assert!(output.stdout.contains("nothing to resume"), "{}", output.stdout);
        project.write("open", "");
        project.run_job("job", &[], 0);
        assert_eq!(lines(&project, "said"), ["a", "a"], "{settings}: all of it again");
    }
}

/// However little is waited for, a killed process loses nothing.
#[test]
fn in_every_word_of_durability_but_off() {
    for settings in [
        "durability: power",
        "durability: power, commit_delay: 0",
        "durability: power, commit_delay: 30",
        "durability: process",
    ] {
        let project = Project::new();
        project.build("job", &flow(settings));
        project.write("open", "");
        killed(&project, "job", "mark=begin gate@#1:kill", &[]);
        resumed(&project, "job", &[]);
        assert_eq!(lines(&project, "said"), ["a"], "{settings}");
    }
}

/// `power` brings to disk what `process` leaves to the system; a delay of 0 does so for each sub flow.
#[test]
fn durability_is_what_is_synced() {
    let syncs = |settings: &str| {
        let project = Project::new();
        let steps: String =
            (0..8).map(|n| format!("  - {{id: s{n}, name: set_var_solo, configs: {{vars: {{n: 1}}}}}}\n")).collect();
        project.build("job", &format!("settings: {{{settings}}}\nmodules:\n{steps}"));
        let log = project.path("ops.log").display().to_string();
        project.run_job_with(&[("PYPE_FAULT_LOG", &log)], "job", &[], 0);
        let ops = project.read("ops.log");
        ops.lines().filter(|line| line.contains(" sync") && line.contains("/checkpoints/")).count()
    };
    let (each, together, none) = (syncs("commit_delay: 0"), syncs("commit_delay: 60"), syncs("durability: process"));
    assert!(each >= 8 && together < 8 && together < each, "{each} {together}");
    assert_eq!(none, 0);
}

#[test]
fn words_that_mean_nothing_are_refused() {
    let project = Project::new();
    for settings in ["checkpoint: sometimes", "durability: much", "commit_delay: -1", "commit_delay: 61"] {
        project.write(
            "job.yaml",
            crate::support::run::flow(
                "job",
                &format!("settings: {{{settings}}}\nmodules: [{{id: a, name: noop_solo}}]\n"),
            ),
        );
        project.pype(&["build", "job.yaml"]).expect_code(3);
    }
}

/// A run that died is told of by whoever runs the job next, also where a build came between them.
#[test]
fn the_log_of_a_run_that_died_gets_its_end() {
    let project = Project::new();
    let body = flow("");
    project.build("job", &body);
    project.write("open", "");
    killed(&project, "job", "mark=begin gate@#1:kill", &[]);
    let first = project.run_ids("job")[0].clone();
    let leftover = format!("jobs/job/runs/{first}/.result.json.1-0.pype-tmp");
    project.write(&leftover, "{");
    project.build("job", &body);
    // The second begins anew, and says of the first what that could not.
    project.run_job("job", &[], 0);
    let log = lines(&project, &format!("jobs/job/runs/{first}/events.jsonl"));
    assert!(log.last().unwrap().contains("\"run_died\""), "{log:?}");
    assert!(!project.exists(&leftover), "nobody writes it any more");
    let shown = project.pype(&["status", &first, "--output", "json"]).expect_code(0).json();
    assert_eq!(shown["run"]["state"], "died");
}
