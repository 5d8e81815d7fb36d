//! What `pype status` and `pype runs` say of runs that could go on, and of those that did.

use super::{GATE, fails, killed, resumed, says};
use crate::support::Project;
use serde_json::Value;

fn stopped() -> Project {
    let project = Project::new();
    project.build(
        "job",
        &format!("modules:\n{}{GATE}connections: {{control: [\"a (1|) gate\"]}}\n", says("a", "said", "a")),
    );
    fails(&project, "job", &[]);
    project
}

fn runs(project: &Project) -> Vec<Value> {
    project.pype(&["runs", "--output", "json"]).expect_code(0).json()["runs"].as_array().unwrap().clone()
}

fn status(project: &Project, subject: &str) -> Value {
    project.pype(&["status", subject, "--output", "json"]).expect_code(0).json()
}

#[test]
fn a_run_that_could_go_on_says_so() {
    let project = stopped();
    let id = project.run_ids("job")[0].clone();
    assert_eq!(runs(&project)[0]["resumable"], true);
    for subject in ["job", id.as_str()] {
        let shown = status(&project, subject);
        assert_eq!((&shown["resume"]["landed"], &shown["resume"]["run_id"]), (&1.into(), &id.as_str().into()));
        let command = shown["resume"]["command"].as_str().unwrap();
        assert!(command.starts_with("pype run ") && command.ends_with("jobs/job --resume"), "{command}");
        let text = project.pype(&["status", subject]).expect_code(0).stdout;
        assert!(text.contains("resumable: 1 sub flow has landed") && text.contains(command), "{text}");
    }
    for args in [["status"].as_slice(), &["runs"]] {
        let table = project.pype(args).expect_code(0).stdout;
        assert!(table.contains("resumable") && table.contains("failed"), "{table}");
    }
}

/// The index says that it failed; the folder, which is the truth, that nothing is there to go on with.
#[test]
fn the_folder_is_the_truth() {
    let project = stopped();
    assert_eq!(runs(&project)[0]["resumable"], true);
    std::fs::remove_dir_all(project.path("jobs/job/checkpoints")).unwrap();
    assert_eq!(runs(&project)[0]["resumable"], false);
    assert!(status(&project, "job")["resume"].is_null());
    for args in [["status"].as_slice(), &["runs"], &["status", "job"]] {
        let table = project.pype(args).expect_code(0).stdout;
        assert!(!table.contains("resum"), "{table}");
    }
}

#[test]
fn a_run_that_went_on_names_the_one_before() {
    let project = stopped();
    let first = project.run_ids("job")[0].clone();
    project.write("open", "");
    let (run, _) = resumed(&project, "job", &[]);
    let second = run.result["run_id"].as_str().unwrap();
    let listed = runs(&project);
    assert_eq!((&listed[0]["resumes"], &listed[0]["resumable"]), (&first.as_str().into(), &false.into()));
    assert!(listed[1]["resumes"].is_null() && listed[1]["resumable"] == false);
    let shown = status(&project, second);
    let counts: Vec<(u64, u64)> = shown["run"]["sub_flows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| (part["runs"].as_u64().unwrap(), part["restored"].as_u64().unwrap()))
        .collect();
    assert_eq!(counts, [(0, 1), (1, 0)]);
    assert_eq!(shown["run"]["sub_flows"][0]["state"], "restored");
    let text = project.pype(&["status", second]).expect_code(0).stdout;
    assert!(text.contains(&format!("going on with run {first}")) && text.contains("restored"), "{text}");
    let table = project.pype(&["runs"]).expect_code(0).stdout;
    assert!(table.contains(&format!("resumes {first}")), "{table}");
}

/// Of a run in several parts the last one stands for all.
#[test]
fn one_row_says_so() {
    let project = stopped();
    let first = project.run_ids("job")[0].clone();
    project.run_job("job", &["--resume"], 1);
    killed(&project, "job", "mark=begin gate@#1:kill", &["--resume"]);
    let listed = runs(&project);
    let states: Vec<(&str, bool)> =
        listed.iter().map(|run| (run["state"].as_str().unwrap(), run["resumable"].as_bool().unwrap())).collect();
    assert_eq!(states, [("died", true), ("failed", false), ("failed", false)]);
    assert!(listed[..2].iter().all(|run| run["resumes"] == first.as_str()));
    let shown = status(&project, listed[0]["run_id"].as_str().unwrap());
    assert_eq!(shown["resume"]["landed"], 1);
}

/// What was refused is no part of the run; the job could go on all the same.
#[test]
fn a_job_says_so_though_its_last_run_is_another() {
    let project = stopped();
    let first = project.run_ids("job")[0].clone();
    let body = format!("modules:\n{}{GATE}connections: {{control: [\"a (1|) gate\"]}}\n", says("a", "said", "changed"));
    project.build("job", &body);
    project.pype(&["run", "jobs/job", "--resume"]).expect_code(3);
    let shown = status(&project, "job");
    assert_ne!(shown["run"]["run_id"], first.as_str());
    assert_eq!(shown["resume"]["run_id"], first.as_str());
    let text = project.pype(&["status", "job"]).expect_code(0).stdout;
    assert!(text.contains(&format!("run {first} is resumable")), "{text}");
}

/// Somebody is at work with the checkpoints: nothing is to be resumed.
#[test]
fn what_goes_on_is_not_resumable() {
    let project = Project::new();
    let waits =
        "  - {id: wait, name: shell_solo, configs: {command: \"test -e open || exit 1; touch at; sleep 60\"}}\n";
    project.build(
        "job",
        &format!("modules:\n{}{waits}connections: {{control: [\"a (1|) wait\"]}}\n", says("a", "said", "a")),
    );
    fails(&project, "job", &[]);
    project.write("open", "");
    let mut run = project.start(&["run", "jobs/job", "--resume"]);
    run.wait_for(&project.path("at"));
    let listed = runs(&project);
    assert_eq!((&listed[0]["state"], &listed[0]["resumes"]), (&"running".into(), &listed[1]["run_id"]));
    assert!(listed.iter().all(|run| run["resumable"] == false), "{listed:?}");
    run.signal("TERM");
    run.end().expect_code(143);
    assert_eq!(runs(&project)[0]["resumable"], true);
}

/// A secret that was given is to be given again, and is not shown.
#[test]
fn the_command_names_secrets_and_not_what_they_are() {
    let project = Project::new();
    project.build("job", &format!("context: {{password: {{type: str, secret: true}}}}\nmodules:\n{GATE}"));
    fails(&project, "job", &["--set", &format!("password={}", crate::support::canary::CANARY)]);
    let shown = status(&project, "job");
    assert!(shown["resume"]["command"].as_str().unwrap().ends_with("--resume --set password=…"), "{shown}");
}
