//! A copy of a template in which the binary is run, with faults and without; kept with the command lines if it went wrong.

use super::Check;
use super::attempt::Attempt;
use super::log::Log;
use super::process::{self, End};
use super::template::{Template, folder};
use super::tree::Tree;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tempfile::TempDir;

/// A project that may be broken.
pub struct Trial<'a> {
    pub template: &'a Template,
    root: PathBuf,
    /// None where the folder is not the trial's own.
    owned: RefCell<Option<TempDir>>,
    /// Where the project is to be seen from here, if it lies on a disk that only its processes see.
    seen: Option<PathBuf>,
}

/// Numbers the processes, so that what they say has files of its own.
static RUNS: AtomicUsize = AtomicUsize::new(1);

impl<'a> Trial<'a> {
    /// A fresh copy.
    pub fn new(template: &'a Template) -> Self {
        let trial = Self::empty(template);
        copy(template.root(), &trial.root);
        trial
    }

    /// A folder to be filled by the test.
    pub fn empty(template: &'a Template) -> Self {
        let owned = folder(&template.job);
        Self { template, root: owned.path().to_path_buf(), owned: RefCell::new(Some(owned)), seen: None }
    }

    /// A folder that belongs to somebody else.
    pub fn within(template: &'a Template, root: &Path) -> Self {
        Self { template, root: root.to_path_buf(), owned: RefCell::new(None), seen: None }
    }

    /// The folder of the trial; the project is in `project/`, temporary files in `tmp/`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The same trial, with its project on a disk that its processes see and that is seen from here elsewhere.
    pub fn seen_at(mut self, project: PathBuf) -> Self {
        self.seen = Some(project);
        self
    }

    /// A path in the project, as it is seen from here.
    pub fn path(&self, path: &str) -> PathBuf {
        self.seen.clone().unwrap_or_else(|| self.project()).join(path)
    }

    /// The project, as its processes see it.
    pub fn project(&self) -> PathBuf {
        self.root.join("project")
    }

    /// A path in the job folder.
    pub fn job(&self, path: &str) -> PathBuf {
        self.path(&format!("jobs/{}", self.template.job)).join(path)
    }

    /// What lies in `out/`.
    pub fn outputs(&self) -> Tree {
        Tree::read(&self.path("out"))
    }

    /// They are those of an undisturbed run; some files may be left out.
    pub fn is_golden_but(&self, is_left_out: impl Fn(&Path) -> bool) -> Check {
        self.outputs().without(&is_left_out).same_as(&self.template.golden.clone().without(&is_left_out))
    }

    /// Runs of the job that are not finished: the folders in `checkpoints/`.
    pub fn unfinished(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.job("checkpoints")).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    }

    /// `pype run JOB` with faults.
    pub fn run(&self, faults: &str) -> Attempt {
        self.pype(faults, &["run", &format!("jobs/{}", self.template.job)])
    }

    /// `pype run JOB --resume` with faults and more options.
    pub fn resume(&self, faults: &str, options: &[&str]) -> Attempt {
        let job = format!("jobs/{}", self.template.job);
        let mut args = vec!["run", &job, "--resume"];
        args.extend(options);
        self.pype(faults, &args)
    }

    /// Any command of pype.
    pub fn pype(&self, faults: &str, args: &[&str]) -> Attempt {
        self.attempt(faults, &[], args)
    }

    /// Any command, with variables in its environment.
    pub fn attempt(&self, faults: &str, environment: &[(&str, &str)], args: &[&str]) -> Attempt {
        let (mut command, files) = self.command(faults, args);
        command.envs(environment.iter().copied());
        let begun = Instant::now();
        let end = process::run(&mut command);
        self.ended(&files, faults, args, end, begun)
    }

    /// A command that is not started, and the files that it will write.
    pub fn command(&self, faults: &str, args: &[&str]) -> (Command, Files) {
        self.prefixed(&[], faults, args)
    }

    /// The same, started by another program, as `sh -c 'ulimit … && exec "$@"' sh`.
    pub fn prefixed(&self, prefix: &[&str], faults: &str, args: &[&str]) -> (Command, Files) {
        let files = self.files();
        let pype = &self.template.pype;
        let mut command = match prefix {
            [] => Command::new(&pype.binary),
            [program, rest @ ..] => {
                let mut command = Command::new(program);
                command.args(rest).arg(&pype.binary);
                command
            }
        };
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PYPE")) {
            command.env_remove(name);
        }
        if !faults.is_empty() {
            command.env("PYPE_FAULT", faults);
        }
        if let Some(bug) = &pype.bug {
            command.env("PYPE_PLANTED", bug);
        }
        let create = |path: &Path| std::fs::File::create(path).unwrap();
        command.env("PYPE_FAULT_LOG", &files.log).env("TMPDIR", self.root.join("tmp"));
        command.current_dir(self.project()).args(args).stdin(Stdio::null());
        command.stdout(create(&files.stdout)).stderr(create(&files.stderr));
        (command, files)
    }

    fn files(&self) -> Files {
        let number = RUNS.fetch_add(1, Ordering::Relaxed);
        let logs = self.root.join("said");
        std::fs::create_dir_all(&logs).unwrap();
        let of = |what: &str| logs.join(format!("{number}.{what}"));
        Files { log: of("log"), stdout: of("stdout"), stderr: of("stderr") }
    }

    /// What a process has left that has ended.
    pub fn ended(&self, files: &Files, faults: &str, args: &[&str], end: End, begun: Instant) -> Attempt {
        let text = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
        let pype = &self.template.pype;
        let variable =
            |name: &str, value: &str| if value.is_empty() { String::new() } else { format!("{name}='{value}' ") };
        Attempt {
            shown: format!(
                "{}{}{} {}",
                variable("PYPE_FAULT", faults),
                variable("PYPE_PLANTED", pype.bug.as_deref().unwrap_or_default()),
                pype.binary.display(),
                args.join(" ")
            ),
            end,
            stdout: text(&files.stdout),
            stderr: text(&files.stderr),
            log: Log::read(&files.log),
            took: begun.elapsed(),
            survives: "written",
        }
    }

    /// Keeps the folder for a person to look at, and says where it is and how it came about.
    pub fn kept(&self, wrong: String, attempts: &[&Attempt]) -> String {
        let lines: Vec<String> =
            attempts.iter().map(|attempt| format!("  {} -> {:?}", attempt.shown, attempt.end)).collect();
        let story = format!(
            "{wrong}\n  in {} (TMPDIR={}):\n{}",
            self.project().display(),
            self.root.join("tmp").display(),
            lines.join("\n")
        );
        if let Some(owned) = self.owned.take() {
            let kept = owned.keep();
            // A story that cannot be written down is still told.
            let _ = std::fs::write(kept.join("story.txt"), &story);
        }
        story
    }
}

/// What a process of a trial writes.
pub struct Files {
    pub log: PathBuf,
    pub stdout: PathBuf,
    pub stderr: PathBuf,
}

/// Copies a folder with all that is in it, and the times of its files; what vanishes meanwhile is left out.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            copy(&entry.path(), &target);
        } else if let Err(error) = copy_file(&entry.path(), &target) {
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{}: {error}", entry.path().display());
        }
    }
}

fn copy_file(from: &Path, to: &Path) -> std::io::Result<()> {
    let time = from.metadata()?.modified()?;
    std::fs::copy(from, to)?;
    std::fs::File::options().append(true).open(to)?.set_modified(time)
}
