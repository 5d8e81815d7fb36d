//! Folders of partitions: replaced in one step, and only if nothing else is in them.

use super::*;

fn plan(path: &Path, mode: WriteMode, attempt: &str) -> Result<Publication, Box<Fault>> {
    let destination = Destination { partition_by: vec!["day".to_owned()], ..destination(path, mode) };
    Publication::plan(&destination, "n", attempt, &Claims::default(), Durability::Power, &[])
}

/// Writes a partition for each day as the executor does, and publishes them.
fn publish(mut publication: Publication, days: &[&str]) {
    for day in days {
        let partition = publication.temporary().join(format!("day={day}"));
        std::fs::create_dir_all(&partition).unwrap();
        std::fs::write(partition.join("00000000.csv"), "n\n").unwrap();
    }
    publication.complete().unwrap();
    publication.publish().unwrap();
}

#[test]
fn a_folder_takes_its_name_whole_and_is_replaced_whole() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out");
    let publication = plan(&target, WriteMode::Overwrite, "run-1").unwrap();
    assert_eq!(mode(publication.temporary()), 0o700);
    assert_eq!(names(folder.path()), [".out.run-1.lock.pype-tmp", ".out.run-1.pype-tmp"]);
    publish(publication, &["1", "2"]);
    assert_eq!((names(&target), mode(&target)), (vec!["day=1".into(), "day=2".into()], pypeline_disk::by_umask(0o777)));
    std::fs::set_permissions(&target, Permissions::from_mode(0o750)).unwrap();
    publish(plan(&target, WriteMode::Overwrite, "run-2").unwrap(), &["3"]);
    assert_eq!((names(&target), mode(&target)), (vec!["day=3".to_owned()], 0o750));
    publish(plan(&target, WriteMode::Overwrite, "run-3").unwrap(), &[]);
    assert_eq!((names(&target), names(folder.path())), (vec![], vec!["out".to_owned()]), "no row, no partition");
}

#[test]
fn a_failed_attempt_leaves_the_folder_as_it_was() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out");
    publish(plan(&target, WriteMode::Overwrite, "1").unwrap(), &["1"]);
    let failed = plan(&target, WriteMode::Overwrite, "2").unwrap();
    std::fs::create_dir(failed.temporary().join("day=2")).unwrap();
    drop(failed);
    assert_eq!((names(&target), names(folder.path())), (vec!["day=1".to_owned()], vec!["out".to_owned()]));
}

#[test]
fn a_folder_that_must_be_new_may_be_there_empty() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out");
    std::fs::create_dir(&target).unwrap();
    publish(plan(&target, WriteMode::Error, "1").unwrap(), &["1"]);
    assert!(plan(&target, WriteMode::Error, "2").unwrap_err().message.contains("not empty"));
    std::fs::remove_dir_all(&target).unwrap();
    let mut late = plan(&target, WriteMode::Error, "3").unwrap();
    std::fs::create_dir_all(target.join("day=9")).unwrap();
    late.complete().unwrap();
    late.publish().unwrap_err();
    drop(late);
    assert_eq!((names(&target), names(folder.path())), (vec!["day=9".to_owned()], vec!["out".to_owned()]));
}

#[test]
fn what_no_sink_has_written_is_never_replaced() {
    let folder = TempDir::new().unwrap();
    let outside = folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    type Make = fn(&Path);
    let make: [(&str, Make); 6] = [
        ("notes.txt", |target| std::fs::write(target.join("notes.txt"), "mine").unwrap()),
        ("mine.csv", |target| std::fs::write(target.join("mine.csv"), "mine").unwrap()),
        ("photos", |target| std::fs::create_dir(target.join("photos")).unwrap()),
        ("day=1", |target| std::os::unix::fs::symlink(target.join("../outside"), target.join("day=1")).unwrap()),
        ("todo.md", |target| {
            std::fs::create_dir(target.join("day=1")).unwrap();
            std::fs::write(target.join("day=1/todo.md"), "mine").unwrap();
        }),
        ("=x", |target| std::fs::create_dir(target.join("=x")).unwrap()),
    ];
    for (found, make) in make {
        let target = folder.path().join("out");
        std::fs::create_dir(&target).unwrap();
        make(&target);
        let fault = plan(&target, WriteMode::Overwrite, "1").unwrap_err();
        assert!(fault.message.contains("is not replaced"), "{found}: {fault}");
        assert!(fault.context.iter().any(|(key, value)| key == "found" && value.ends_with(found)), "{fault}");
        assert_eq!(names(folder.path()), ["out", "outside"], "nothing is staged");
        std::fs::remove_dir_all(&target).unwrap();
    }
}

#[test]
fn what_comes_into_the_folder_meanwhile_is_kept() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out");
    publish(plan(&target, WriteMode::Overwrite, "1").unwrap(), &["1"]);
    let mut publication = plan(&target, WriteMode::Overwrite, "2").unwrap();
    std::fs::write(target.join("notes.txt"), "mine").unwrap();
    publication.complete().unwrap();
    assert!(publication.publish().unwrap_err().to_string().contains("notes.txt"));
    drop(publication);
    assert_eq!(names(&target), ["day=1", "notes.txt"]);
}

#[test]
fn a_folder_and_a_file_are_not_taken_for_each_other() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out");
    std::fs::write(&target, "a file").unwrap();
    assert!(plan(&target, WriteMode::Overwrite, "1").unwrap_err().message.contains("is a file"));
    std::fs::remove_file(&target).unwrap();
    publish(plan(&target, WriteMode::Overwrite, "1").unwrap(), &["1"]);
    assert!(super::plan(&target, WriteMode::Overwrite, "1").unwrap_err().message.contains("is a folder"));
}

#[test]
fn folders_of_the_dead_go_and_those_of_the_living_stay() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in
        [".out.dead.pype-tmp/day=1", ".out.unlocked.pype-tmp", ".out.living.pype-tmp/day=1", ".out.odd.pype-tmp/mine"]
    {
        std::fs::create_dir_all(path(name)).unwrap();
    }
    std::fs::write(path(".out.dead.lock.pype-tmp"), "").unwrap();
    let living = File::create(path(".out.living.lock.pype-tmp")).unwrap();
    living.lock().unwrap();
    drop(plan(&path("out"), WriteMode::Overwrite, "1").unwrap());
    // What is not of such a sink is not removed, whatever its name.
    assert_eq!(names(folder.path()), [".out.living.lock.pype-tmp", ".out.living.pype-tmp", ".out.odd.pype-tmp"]);
}

#[test]
fn a_file_system_that_cannot_exchange_folders_is_said_so() {
    let fault = |number| folder::explain(&io::Error::from_raw_os_error(number), Fault::new(FaultKind::Io, "as it was"));
    for number in [22, 38, 95] {
        assert!(fault(number).message.contains("in one step") && fault(number).help.is_some());
    }
    assert_eq!(fault(28).message, "as it was");
}

#[test]
fn rows_are_not_added_to_a_folder() {
    let folder = TempDir::new().unwrap();
    assert!(plan(&folder.path().join("out"), WriteMode::Append, "1").unwrap_err().message.contains("only a file"));
}
