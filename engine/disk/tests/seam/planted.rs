//! Every planted bug does what it says: tests of crashes that miss one see nothing.

use crate::child::Child;
use pypeline_disk::{Lock, NewFile};
use std::time::Duration;

fn has_operation(child: &Child, name: &str) -> bool {
    child.log().iter().any(|line| line.contains(&format!(" {name} ")))
}

#[test]
fn syncs_are_left_out() {
    for (bug, act, operation) in [
        ("no-file-sync", "publish", "sync"),
        ("no-folder-sync", "publish", "sync_folder"),
        ("no-journal-sync", "append", "sync"),
    ] {
        for (bug, is_there) in [(bug, false), ("", true)] {
            let child = Child::new();
            assert!(child.run_planted(act, "", bug).success());
            assert_eq!(has_operation(&child, operation), is_there, "{bug}");
        }
    }
}

#[test]
fn errors_are_passed_over() {
    for (bug, orders) in [("sync-error-ignored", "op=sync:eio"), ("write-error-ignored", "op=write#2:enospc")] {
        let child = Child::new();
        child.run_planted("publish", orders, "");
        assert_ne!(child.said(), "");
        child.run_planted("publish", orders, bug);
        assert_eq!(child.said(), "", "{bug}");
    }
    let child = Child::new();
    child.run_planted("publish", "op=write#2:enospc", "write-error-ignored");
    assert_eq!(child.read("out"), "hello ");
}

#[test]
fn a_target_is_written_in_its_place() {
    let child = Child::with_old_file();
    child.run_planted("publish", "path=/out#2:torn", "rename-without-content");
    assert_eq!(child.read("out"), "hello");
    let child = Child::with_old_file();
    child.run_planted("publish", "", "rename-without-content");
    assert_eq!(child.read("out"), "hello world");
}

#[test]
fn temporary_files_have_one_name() {
    let child = Child::new();
    let file = NewFile::beside(&child.path("out"), "one", 0o600).unwrap();
    child.run_planted("beside", "", "one-temporary-name");
    assert_eq!(child.said(), "");
    assert!(!file.path().exists(), "the other has taken it for its own");
}

#[test]
fn locks_hold_nobody_off() {
    let child = Child::new();
    let _lock = Lock::take(&child.path("lock"), Duration::ZERO).unwrap();
    child.run_planted("lock", "", "");
    assert_ne!(child.said(), "");
    child.run_planted("lock", "", "lock-by-pid");
    assert_eq!(child.said(), "");
}

#[test]
fn what_the_living_hold_is_removed() {
    let child = Child::new();
    let _lock = Lock::take(&child.path("leftover"), Duration::ZERO).unwrap();
    child.run_planted("leftover", "", "");
    assert!(child.path("leftover").exists());
    child.run_planted("leftover", "", "remove-living");
    assert!(!child.path("leftover").exists());
}
