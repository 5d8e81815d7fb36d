//! This test binary once more, as a process that may die: with an act to perform, and orders in its environment.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use tempfile::TempDir;

/// A folder to act in.
pub struct Child(TempDir);

impl Child {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The same with a file `out` that is there already.
    pub fn with_old_file() -> Self {
        let child = Self::new();
        std::fs::write(child.path("out"), "old").unwrap();
        child
    }

    /// Performs an act under orders, logged and traced.
    pub fn run(&self, act: &str, orders: &str) -> ExitStatus {
        self.run_planted(act, orders, "")
    }

    /// The same with a planted bug.
    pub fn run_planted(&self, act: &str, orders: &str, bug: &str) -> ExitStatus {
        Command::new(std::env::current_exe().unwrap())
            .args(["acts::child", "--exact", "--nocapture"])
            .env("DISK_ACT", act)
            .env("DISK_FOLDER", self.0.path())
            .env("PYPE_FAULT", orders)
            .env("PYPE_FAULT_LOG", self.path("faults.log"))
            .env("PYPE_FAULT_TRACE", self.path("trace"))
            .env("PYPE_PLANTED", bug)
            .output()
            .unwrap()
            .status
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The error that the act ended with, or nothing.
    pub fn said(&self) -> String {
        self.read("said")
    }

    /// Lines of the log.
    pub fn log(&self) -> Vec<String> {
        self.read("faults.log").lines().map(str::to_owned).collect()
    }
}

/// The signal that ended a process.
pub fn signal(ended: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&ended)
}
