//! Walks over folders that these tests make.

use super::*;
use std::cell::RefCell;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;
use tempfile::TempDir;

/// A folder with these files, each of as many bytes as its place in the list, and each written later than the one before.
fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (at, name) in files.iter().enumerate() {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "x".repeat(at)).unwrap();
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(at as u64);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    }
    folder
}

fn walk(folder: &TempDir, masks: &[&str]) -> Walk {
    Walk {
        folder: folder.path().to_owned(),
        masks: masks.iter().map(|mask| Pattern::new(mask).unwrap()).collect(),
        recursive: true,
        kind: EntryKind::Files,
        order_by: Order::Path,
        descending: false,
        hidden: false,
    }
}

fn found(walk: &Walk) -> Vec<String> {
    let entries = walk.entries(&|| false, &|text| panic!("{text}")).unwrap();
    let below = |entry: &Entry| Path::new(&entry.path).strip_prefix(&walk.folder).unwrap().display().to_string();
    entries.iter().map(below).collect()
}

#[test]
fn masks_match_names_or_paths() {
    let folder = folder(&["a.csv", "B.CSV", "in/b.csv", "in/deep/c.csv", "in/d.txt", ".hidden.csv", ".git/e.csv"]);
    let of = |masks: &[&str]| found(&walk(&folder, masks));
    assert_eq!(of(&["*.csv"]), ["a.csv", "in/b.csv", "in/deep/c.csv"]);
    assert_eq!(of(&["in/*.csv"]), ["in/b.csv"]);
    assert_eq!(of(&["in/**/*.csv"]), ["in/b.csv", "in/deep/c.csv"]);
    assert_eq!(of(&["?.csv", "*.txt"]), ["a.csv", "in/b.csv", "in/d.txt", "in/deep/c.csv"]);
    assert_eq!(found(&Walk { recursive: false, ..walk(&folder, &["*"]) }), ["B.CSV", "a.csv"]);
    let hidden = found(&Walk { hidden: true, ..walk(&folder, &["*.csv"]) });
    assert_eq!(hidden, [".git/e.csv", ".hidden.csv", "a.csv", "in/b.csv", "in/deep/c.csv"]);
}

#[test]
fn folders_are_entries_where_they_are_asked_for() {
    let folder = folder(&["a/x", "b/c/y"]);
    assert_eq!(found(&Walk { kind: EntryKind::Folders, ..walk(&folder, &["*"]) }), ["a", "b", "b/c"]);
    let both = Walk { kind: EntryKind::Both, recursive: false, ..walk(&folder, &["*"]) };
    assert_eq!(found(&both), ["a", "b"]);
    assert!(both.entries(&|| false, &|_| ()).unwrap().iter().all(|entry| entry.size.is_none()));
}

#[test]
fn the_order_is_always_the_same() {
    let folder = folder(&["c/1", "b/2", "a/1", "a/2"]);
    let of = |order_by, descending| found(&Walk { order_by, descending, ..walk(&folder, &["*"]) });
    assert_eq!(of(Order::Path, true), ["c/1", "b/2", "a/2", "a/1"]);
    assert_eq!(of(Order::Name, false), ["a/1", "c/1", "a/2", "b/2"]);
    assert_eq!(of(Order::Name, true), ["a/2", "b/2", "a/1", "c/1"]);
    assert_eq!(of(Order::Size, false), ["c/1", "b/2", "a/1", "a/2"]);
    assert_eq!(of(Order::Modified, true), ["a/2", "a/1", "b/2", "c/1"]);
}

#[test]
fn links_are_followed_to_files_alone() {
    let folder = folder(&["data/a.csv"]);
    symlink(folder.path(), folder.path().join("data/back")).unwrap();
    symlink(folder.path().join("data/a.csv"), folder.path().join("link.csv")).unwrap();
    assert_eq!(found(&walk(&folder, &["*"])), ["data/a.csv", "link.csv"]);
    assert_eq!(found(&Walk { kind: EntryKind::Folders, ..walk(&folder, &["*"]) }), ["data", "data/back"]);
    symlink("nowhere", folder.path().join("data/dead")).unwrap();
    let warnings = RefCell::new(Vec::new());
    let entries =
        walk(&folder, &["*"]).entries(&|| false, &|text| warnings.borrow_mut().push(text.to_owned())).unwrap();
    assert_eq!((entries.len(), warnings.borrow().len()), (2, 1));
    assert!(warnings.borrow()[0].contains("data/dead"));
}

#[test]
fn a_folder_that_cannot_be_read_is_an_error() {
    let folder = folder(&["file"]);
    for name in ["missing", "file"] {
        let walk = Walk { folder: folder.path().join(name), ..walk(&folder, &["*"]) };
        let fault = walk.entries(&|| false, &|_| ()).expect_err(name).into_fault();
        assert_eq!(fault.context, [("path".to_owned(), walk.folder.display().to_string())]);
    }
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything.
    if std::fs::read_dir(&closed).is_err() {
        assert!(walk(&folder, &["*"]).entries(&|| false, &|_| ()).is_err());
        assert!(Walk { recursive: false, ..walk(&folder, &["*"]) }.entries(&|| false, &|_| ()).is_ok());
    }
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_walk_can_be_stopped() {
    assert!(walk(&folder(&["a"]), &["*"]).entries(&|| true, &|_| ()).is_err());
}
