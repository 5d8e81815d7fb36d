//! Who may have a say in a job: its folder is its user's alone, and a disk that fails is ordered by nobody by mistake.

use crate::support::Project;
use std::os::unix::fs::{PermissionsExt, symlink};

const SOLO: &str = "modules: [{id: it, name: noop_solo}]\n";

fn mode(project: &Project, path: &str) -> u32 {
    project.path(path).metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_job_and_its_records_are_their_users_alone() {
    let project = Project::new();
    project.build("job", SOLO);
    project.pype(&["run", "jobs/job"]).expect_code(0);
    let run = project.path("jobs/job/runs").read_dir().unwrap().next().unwrap().unwrap().file_name();
    let record = format!("jobs/job/runs/{}", run.to_string_lossy());
    for folder in ["jobs/job", "jobs/job/context", "jobs/job/runs", &record] {
        assert_eq!(mode(&project, folder), 0o700, "{folder}");
    }
    for file in ["jobs/job/.lock", "jobs/job/job.yaml", "jobs/job/job_dag.json", "jobs/job/context/job_default.json"] {
        assert_eq!(mode(&project, file), 0o600, "{file}");
    }
    assert_eq!(mode(&project, &format!("{record}/events.jsonl")), 0o600);
    assert_eq!(mode(&project, &format!("{record}/log.jsonl")), 0o600);
}

#[test]
fn a_folder_that_others_may_write_to_or_that_leads_elsewhere_is_refused() {
    let project = Project::new();
    project.build("job", SOLO);
    let set = |mode| std::fs::set_permissions(project.path("jobs/job"), PermissionsExt::from_mode(mode)).unwrap();
    set(0o702);
    for args in [["run", "jobs/job"], ["build", "job.yaml"]] {
        let output = project.pype(&args).expect_code(3);
        assert!(output.stderr.contains("may be written by anybody"), "{}", output.stderr);
    }
    set(0o770);
    let output = project.pype(&["run", "jobs/job"]).expect_code(0);
    assert!(output.stderr.contains("may be written by its group"), "{}", output.stderr);
    std::fs::remove_dir_all(project.path("jobs/job/runs")).unwrap();
    std::fs::create_dir(project.path("elsewhere")).unwrap();
    symlink(project.path("elsewhere"), project.path("jobs/job/runs")).unwrap();
    let output = project.pype(&["run", "jobs/job"]).expect_code(3);
    assert!(output.stderr.contains("is a link"), "{}", output.stderr);
    assert_eq!(project.path("elsewhere").read_dir().unwrap().count(), 0);
}

#[test]
fn a_disk_fails_only_by_an_order_that_is_one() {
    let project = Project::new();
    project.build("job", SOLO);
    let output = project.pype_with(&[("PYPE_FAULT", "at=soon:kill")], &["run", "jobs/job"]).expect_code(2);
    assert!(output.stderr.contains("PYPE_FAULT: `at=soon:kill`"), "{}", output.stderr);
    let log = project.path("faults.log").display().to_string();
    project.pype_with(&[("PYPE_FAULT_LOG", &log)], &["build", "job.yaml"]).expect_code(0);
    let operations = project.read("faults.log");
    assert!(operations.lines().any(|line| line.contains(" rename ") && line.ends_with("job_dag.json")), "{operations}");
}
