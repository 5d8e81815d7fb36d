//! What every test needs: a project in a temporary folder, the binary run in it, and its results read back.

pub mod built;
pub mod canary;
pub mod installation;
pub mod process;
pub mod record;
pub mod run;
pub mod tables;
pub mod trace;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use tempfile::TempDir;

/// Where `cargo xtask test` says that a thing is.
pub fn place(variable: &str) -> PathBuf {
    match std::env::var_os(variable).filter(|value| !value.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => panic!("{variable} is not set: run `cargo xtask test`"),
    }
}

/// A project folder that goes with the test, and the binary that is to be used in it.
pub struct Project {
    folder: TempDir,
    binary: PathBuf,
    /// All that commands have said.
    said: Mutex<String>,
}

/// What a command printed, and its exit code.
#[derive(Debug)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Project {
    /// An empty project.
    pub fn new() -> Self {
        Self::with_binary(place("PYPE_BIN"))
    }

    /// An empty project in which another copy of the binary is used.
    pub fn with_binary(binary: PathBuf) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap(), binary, said: Mutex::default() };
        // The project is a folder in the test's own: whatever is wrongly written beside it harms no other test.
        project.write("pype.toml", "");
        // Temporary files of runs go to a folder where a test can look for what is left.
        std::fs::create_dir(project.path("tmp")).unwrap();
        project
    }

    /// A project that has the plugins of other people in its `modules/`.
    pub fn with_foreign_plugins() -> Self {
        let project = Self::new();
        for name in ["libpype_demo_lowering.so", "libpype_demo_misbehaving.so"] {
            project.copy(&place("PYPE_FOREIGN_PLUGINS").join(name), &format!("modules/{name}"));
        }
        project
    }

    /// A path in the project.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("project").join(path)
    }

    /// Writes a file, and its folder if need be.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Copies a file into the project.
    pub fn copy(&self, from: &Path, to: &str) {
        self.write(to, std::fs::read(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())));
    }

    /// Reads a text file.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// There is such a file or folder.
    pub fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// Names of all files below a folder, relative to it, sorted.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let root = self.path(folder);
        let (mut found, mut left) = (Vec::new(), vec![root.clone()]);
        while let Some(folder) = left.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    left.push(path);
                } else {
                    found.push(path.strip_prefix(&root).unwrap().display().to_string());
                }
            }
        }
        found.sort();
        found
    }

    /// Files that runs make on the way and must not leave.
    pub fn leftovers(&self) -> Vec<String> {
        let is_temporary = |name: &String| name.contains(".pype-tmp") || name.contains(".pype-join");
        let mut found: Vec<String> = self.files(".").into_iter().filter(is_temporary).collect();
        found.extend(self.files("tmp"));
        found
    }

    /// A command in this project, without what the environment would tell pype.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os() {
            if ["PYPE", "VAULT_", "OTEL_"].iter().any(|ours| name.to_string_lossy().starts_with(ours)) {
                command.env_remove(name);
            }
        }
        command.envs(canary::ENVIRONMENT);
        command.current_dir(self.path("")).env("TMPDIR", self.path("tmp")).args(args);
        command
    }

    /// Runs pype.
    pub fn pype(&self, args: &[&str]) -> Output {
        self.pype_with(&[], args)
    }

    /// Runs pype with variables in its environment.
    pub fn pype_with(&self, environment: &[(&str, &str)], args: &[&str]) -> Output {
        let mut command = self.command(args);
        command.envs(environment.iter().copied());
        let output = Output::of(command.output().unwrap());
        self.note(&output);
        if args.contains(&"build") && !args.contains(&"--help") && output.code == 0 {
            built::check(&output.stdout, &self.path(""));
        }
        output
    }

    /// Keeps what a command has said, for the search at the test's end.
    pub fn note(&self, output: &Output) {
        let mut said = self.said.lock().unwrap();
        said.push_str(&output.stdout);
        said.push_str(&output.stderr);
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let mut found = canary::found_below(self.folder.path());
        found.extend(canary::found_in("the output", self.said.lock().unwrap().as_bytes()));
        assert!(found.is_empty(), "secrets were written: {found:#?}");
    }
}

impl Output {
    /// What a process left.
    pub fn of(output: std::process::Output) -> Self {
        Self {
            // A process that a signal ended has no code: no test expects that of pype.
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same, if the command ended with this code and did not crash.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        assert!(code == 0 || !self.stderr.trim().is_empty(), "a failure without a word on stderr");
        // The word of the standard library's own message; an error of pype says `panicked at` in a line of its own.
        assert!(!self.stderr.contains("thread '"), "a panic reached the user:\n{}", self.stderr);
        self
    }

    /// stdout as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.stdout, self.stderr))
    }
}
