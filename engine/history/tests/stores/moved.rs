//! Projects that are renamed, moved and copied, with their records: each run is one run, wherever its record is.

use crate::etl::*;
use crate::suite::{all, begin, one, open};
use pypeline_engine::project::Project;
use pypeline_history::{Found, History, Place, Run};
use pypeline_schema::run_result::State;
use std::path::Path;
use std::process::Command;

/// A project in a folder of another one, where the history is.
fn below(etl: &Etl, name: &str) -> Etl {
    let root = etl.project.root().join(name);
    std::fs::create_dir_all(&root).unwrap();
    Etl { folder: tempfile::tempdir().unwrap(), project: Project::at(root) }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap().success());
}

/// Four runs of one job, of which the record of the first is gone, and one of another.
fn fill(etl: &Etl, history: &mut History) {
    let (daily, weekly) = (etl.job("daily"), etl.job("weekly"));
    for n in 1..=4 {
        write_record(&daily, n, n, State::Succeeded);
    }
    write_record(&weekly, 5, 5, State::Failed);
    history.sync(&etl.project).unwrap();
    std::fs::remove_dir_all(record(&daily, &id(1))).unwrap();
    assert_eq!(history.sync(&etl.project).unwrap().gone, 1);
}

/// Each of the first `n` runs once, the record of the first gone, and both jobs once: all below `root`.
#[track_caller]
fn assert_once(history: &mut History, root: &Path, n: usize) {
    let runs = all(history);
    let mut ids: Vec<String> = runs.iter().map(|run| run.run_id.clone()).collect();
    ids.sort();
    assert_eq!(ids, (1..=n as u64).map(id).collect::<Vec<_>>());
    let is_right = |run: &Run| run.job_folder.starts_with(root) && run.project == root;
    assert!(runs.iter().all(is_right), "{runs:?}");
    assert!(runs.iter().all(|run| run.has_record == (run.run_id != id(1))), "{runs:?}");
    let jobs: Vec<String> = history.jobs().unwrap().into_iter().map(|line| line.job.name).collect();
    assert_eq!(jobs, ["daily", "weekly"]);
    assert_eq!(one(history, 2).nodes.len(), 2, "with its parts");
    assert!(!one(history, 1).run.has_record);
}

pub fn a_project_that_moves(place: &Place, etl: &Etl) {
    let p1 = below(etl, "p1");
    let mut history = open(place);
    fill(&p1, &mut history);
    let p2 = below(etl, "new/p2");
    std::fs::remove_dir(p2.project.root()).unwrap();
    std::fs::rename(p1.project.root(), p2.project.root()).unwrap();
    let synced = history.sync(&p2.project).unwrap();
    assert_eq!((synced.indexed, synced.gone), (0, 0), "nothing is new, and nothing is gone");
    assert_once(&mut history, p2.project.root(), 5);
    assert_eq!(history.sync(&p2.project).unwrap().indexed, 0);
    history.rebuild(&p2.project).unwrap();
    assert_once(&mut history, p2.project.root(), 5);

    // A run in the new place is in the index before anybody looks.
    let p3 = below(etl, "p3");
    std::fs::remove_dir(p3.project.root()).unwrap();
    std::fs::rename(p2.project.root(), p3.project.root()).unwrap();
    let daily = p3.job("daily");
    history.begin(&begin(&daily, &p3, 6)).unwrap();
    let result = write_record(&daily, 6, 6, State::Succeeded);
    history.record(&daily, &result).unwrap();
    history.sync(&p3.project).unwrap();
    assert_once(&mut history, p3.project.root(), 6);
    // One job of it alone, and one record alone.
    let moved = p3.project.jobs().join("daily-2");
    std::fs::rename(daily.path(), &moved).unwrap();
    history.sync(&p3.project).unwrap();
    assert_once(&mut history, p3.project.root(), 6);
    let other = p3.job("daily");
    std::fs::rename(moved.join("runs").join(id(3)), record(&other, &id(3))).unwrap();
    history.sync(&p3.project).unwrap();
    assert_eq!(all(&mut history).len(), 6);
    assert_eq!(
        (one(&mut history, 3).run.job_folder.as_path(), one(&mut history, 3).run.has_record),
        (other.path(), true)
    );
    assert_eq!(one(&mut history, 4).run.job_folder, moved);
}

/// In a history of several projects a copy is another project; until there is only one of them.
pub fn a_project_that_is_copied(place: &Place, etl: &Etl) {
    let p1 = below(etl, "p1");
    let mut history = open(place);
    fill(&p1, &mut history);
    let p2 = etl.project.root().join("p2");
    copy(p1.project.root(), &p2);
    let p2 = Project::at(p2);
    assert_eq!(history.sync(&p2).unwrap().indexed, 4);
    assert_eq!((all(&mut history).len(), history.jobs().unwrap().len()), (9, 4));
    assert!(matches!(history.run(&id(2)).unwrap(), Found::One(_)));
    assert_eq!(history.run("20261101").unwrap(), Found::Several((1..=5).map(id).collect()), "each id once");
    // Where one of the two is gone, the other is meant.
    std::fs::remove_dir_all(p1.project.jobs().join("weekly")).unwrap();
    assert!(one(&mut history, 5).run.job_folder.starts_with(p2.root()));
    std::fs::remove_dir_all(p1.project.root()).unwrap();
    let synced = history.sync(&p2).unwrap();
    assert_eq!((synced.indexed, synced.gone), (0, 0));
    assert_once(&mut history, p2.root(), 5);
}

/// A project's own file goes with it.
#[test]
fn a_file_goes_with_its_project() {
    let etl = Etl::new();
    let p1 = below(&etl, "p1");
    let own = |project: &Project| Place::parse("", project).unwrap();
    fill(&p1, &mut open(&own(&p1.project)));
    let [p2, p3] = ["p2", "p3"].map(|name| Project::at(etl.project.root().join(name)));
    copy(p1.project.root(), p2.root());
    // Both go on for themselves.
    write_record(&p1.job("daily"), 6, 6, State::Succeeded);
    for again in [false, true] {
        let mut history = open(&own(&p2));
        if again {
            history.rebuild(&p2).unwrap()
        } else {
            history.sync(&p2).unwrap()
        };
        assert_once(&mut history, p2.root(), 5);
        let mut history = open(&own(&p1.project));
        if again {
            history.rebuild(&p1.project).unwrap()
        } else {
            history.sync(&p1.project).unwrap()
        };
        assert_once(&mut history, p1.project.root(), 6);
    }
    std::fs::rename(p1.project.root(), p3.root()).unwrap();
    let mut history = open(&own(&p3));
    history.sync(&p3).unwrap();
    assert_once(&mut history, p3.root(), 6);
}
