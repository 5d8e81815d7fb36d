//! Publications from plan to name, as a run drives them, and with what kills and others leave between.

use super::*;
use pypeline_schema::lowering::CsvWrite;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

mod adding;
mod partitions;

fn destination(path: &Path, mode: WriteMode) -> Destination {
    let csv = CsvWrite { delimiter: ',', quote: '"', header: true, null_value: String::new() };
    Destination { path: path.display().to_string(), format: WriteFormat::Csv(csv), mode, partition_by: Vec::new() }
}

fn plan(path: &Path, mode: WriteMode, attempt: &str) -> Result<Publication, Box<Fault>> {
    Publication::plan(&destination(path, mode), "n", attempt, &Claims::default(), Durability::Power, &[])
}

/// Writes rows as the executor does, and publishes them.
fn publish(mut publication: Publication, rows: &str) {
    std::fs::write(publication.temporary(), rows).unwrap();
    publication.complete().unwrap();
    publication.publish().unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_target_has_one_writer_at_a_time_whatever_way_it_is_written() {
    let folder = TempDir::new().unwrap();
    let claims = Claims::default();
    let plan = |path: &str, attempt: &str| {
        let destination = destination(&folder.path().join(path), WriteMode::Overwrite);
        Publication::plan(&destination, "first", attempt, &claims, Durability::Off, &[])
    };
    let first = plan("out.csv", "1").unwrap();
    assert!(plan("./out.csv", "2").unwrap_err().message.contains("`first` writes the same file"));
    publish(first, "a\n");
    publish(plan("./out.csv", "3").unwrap(), "b\n");
    assert_eq!(std::fs::read_to_string(folder.path().join("out.csv")).unwrap(), "b\n");
}

#[test]
fn nobody_else_may_read_a_file_until_it_is_whole() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out.csv");
    let publication = plan(&target, WriteMode::Overwrite, "run-1").unwrap();
    assert_eq!(mode(publication.temporary()), 0o600);
    assert_eq!(publication.temporary(), folder.path().canonicalize().unwrap().join(".out.csv.run-1.pype-tmp"));
    publish(publication, "a\n");
    assert_eq!(mode(&target), pypeline_disk::by_umask(0o666));
    std::fs::set_permissions(&target, Permissions::from_mode(0o440)).unwrap();
    publish(plan(&target, WriteMode::Overwrite, "run-2").unwrap(), "b\n");
    assert_eq!((mode(&target), names(folder.path())), (0o440, vec!["out.csv".to_owned()]));
}

#[test]
fn a_file_that_has_come_meanwhile_is_not_replaced_by_one_that_must_be_new() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("out.csv");
    let mut publication = plan(&target, WriteMode::Error, "1").unwrap();
    std::fs::write(&target, "theirs").unwrap();
    publication.complete().unwrap();
    assert!(publication.publish().unwrap_err().to_string().contains("exists"));
    drop(publication);
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "theirs");
    assert_eq!(names(folder.path()), ["out.csv"]);
    assert!(plan(&target, WriteMode::Error, "2").unwrap_err().message.contains("there already"));
}

#[test]
fn leftovers_of_the_dead_go_and_those_of_the_living_stay() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path(".out.csv.dead.pype-tmp"), "half").unwrap();
    let living = File::create(path(".out.csv.living.pype-tmp")).unwrap();
    living.lock().unwrap();
    drop(plan(&path("out.csv"), WriteMode::Overwrite, "1").unwrap());
    assert_eq!(names(folder.path()), [".out.csv.living.pype-tmp"]);
}

#[test]
fn what_a_late_writer_makes_again_goes_at_the_end() {
    let folder = TempDir::new().unwrap();
    let claims = Claims::default();
    let target = folder.path().join("out.csv");
    let publication =
        Publication::plan(&destination(&target, WriteMode::Overwrite), "n", "1", &claims, Durability::Off, &[])
            .unwrap();
    let temporary = publication.temporary().to_path_buf();
    drop(publication);
    assert_eq!(names(folder.path()), [""; 0]);
    std::fs::write(&temporary, "late").unwrap();
    claims.sweep();
    assert_eq!(names(folder.path()), [""; 0]);
}
