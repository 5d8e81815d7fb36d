//! A job folder: where its files are, who holds it, and whether they belong together. Shared by build and run.

use crate::job_files::{Form, write_dag, write_metadata};
use pypeline_disk::{Lock, NotTaken};
use pypeline_schema::dag::DagFile;
use pypeline_schema::execution_metadata::ExecutionMetadata;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longer than anybody holds a job's lock only to look at it.
const GLANCE: Duration = Duration::from_millis(20);

/// Names of its own in a job folder.
const LOCK: &str = ".lock";
const RUNS: &str = "runs";
const CHECKPOINTS: &str = "checkpoints";

/// The folder of one job, `<root>/jobs/<name>`.
#[derive(Debug, Clone)]
pub struct JobFolder {
    path: PathBuf,
    name: String,
}

/// Somebody else holds the job, or the lock cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("job `{job}` is held by {holder}")]
    Held {
        /// The job's name.
        job: String,
        /// What the holder wrote: command and process id.
        holder: String,
    },
    /// The lock file cannot be made.
    #[error("cannot lock `{}`: {source}", .path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others may have put anything into the folder.
    #[error("`{}` {why}", .path.display())]
    Unsafe {
        /// The folder, or what is in it.
        path: PathBuf,
        /// What is wrong with it, and the cure.
        why: String,
    },
}

/// Held until dropped; the system lets go when the process dies, however it dies.
#[derive(Debug)]
pub struct JobLock {
    /// Held for as long as this is.
    _lock: Lock,
    last_run: Option<String>,
}

impl JobLock {
    /// The run that held the job last, before this holder and all those that were no runs.
    pub fn last_run(&self) -> Option<&str> {
        self.last_run.as_deref()
    }
}

impl JobFolder {
    /// The folder at `path` of the job `name`.
    pub fn new(path: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        Self { path: path.into(), name: name.into() }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The job's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The YAML as it was given.
    pub fn yaml(&self) -> PathBuf {
        self.path.join(format!("{}.yaml", self.name))
    }

    /// Nodes and links.
    pub fn dag(&self) -> PathBuf {
        self.path.join(format!("{}_dag.json", self.name))
    }

    /// What the scheduler needs.
    pub fn metadata(&self) -> PathBuf {
        self.path.join(format!("{}_execution_metadata.json", self.name))
    }

    /// The folder of the records of runs.
    pub fn runs(&self) -> PathBuf {
        self.path.join(RUNS)
    }

    /// The folder of the checkpoints of runs.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join(CHECKPOINTS)
    }

    /// The folder of context files.
    pub fn context_folder(&self) -> PathBuf {
        self.path.join("context")
    }

    /// One context's variables.
    pub fn context(&self, context: &str) -> PathBuf {
        self.context_folder().join(format!("{}_{context}.json", self.name))
    }

    /// Name of another job whose files are in the folder.
    pub fn other_job(&self) -> Option<String> {
        let entries = std::fs::read_dir(&self.path).ok()?.flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter_map(|name| name.strip_suffix("_dag.json").map(str::to_owned)).find(|name| *name != self.name)
    }

    /// Takes the job for this process; `what` tells others who holds it, as `pype build`.
    ///
    /// # Errors
    /// Somebody else holds it, the lock cannot be taken, or others may have put anything into the folder.
    pub fn lock(&self, what: &str) -> Result<JobLock, LockError> {
        // A run that died is told of by the next one, whoever has held the job meanwhile.
        let after = |last_run: Option<&str>| last_run.map_or_else(String::new, |run| format!(", after run {run}"));
        self.take(|last_run| format!("{what}, process {}{}", std::process::id(), after(last_run)))
    }

    /// The same for a run, which others can ask for by its id.
    ///
    /// # Errors
    /// As [`JobFolder::lock`].
    pub fn lock_for_run(&self, run_id: &str) -> Result<JobLock, LockError> {
        self.take(|_| format!("pype run, process {}, run {run_id}", std::process::id()))
    }

    fn take(&self, holder: impl Fn(Option<&str>) -> String) -> Result<JobLock, LockError> {
        self.check_owner()?;
        let path = self.path.join(LOCK);
        let fail = |source| LockError::Io { path: path.clone(), source };
        // Whoever asks whether a run is alive holds the lock for an instant.
        let mut lock = Lock::take(&path, GLANCE).map_err(|error| match error {
            NotTaken::Held(holder) => {
                let holder = if holder.is_empty() { "another process".to_owned() } else { holder };
                LockError::Held { job: self.name.clone(), holder }
            }
            NotTaken::Io(source) => fail(source),
        })?;
        let last_run = lock.text().ok().as_deref().and_then(run_in).map(str::to_owned);
        lock.tell(&holder(last_run.as_deref())).map_err(fail)?;
        Ok(JobLock { _lock: lock, last_run })
    }

    /// Somebody holds the job.
    pub fn is_held(&self) -> bool {
        pypeline_disk::is_held(&self.path.join(LOCK))
    }

    /// A job runs what its folder says, and writes where it leads: nobody else may have a say in that.
    fn check_owner(&self) -> Result<(), LockError> {
        let path = self.path.as_path();
        let refuse = |path: &Path, why: String| Err(LockError::Unsafe { path: path.to_path_buf(), why });
        let found = std::fs::metadata(path).map_err(|source| LockError::Io { path: path.to_path_buf(), source })?;
        if let Some(why) = refusal(found.uid(), found.mode(), rustix::process::geteuid().as_raw()) {
            return refuse(path, why);
        }
        if found.mode() & 0o020 != 0 {
            tracing::warn!("the job folder `{}` may be written by its group", path.display());
        }
        match [LOCK, RUNS, CHECKPOINTS].map(|name| path.join(name)).iter().find(|path| path.is_symlink()) {
            Some(link) => refuse(link, "is a link, and pype makes none there: remove it".to_owned()),
            None => Ok(()),
        }
    }
}

/// The run that the text of a lock names: its holder, or the last one before it.
fn run_in(text: &str) -> Option<&str> {
    text.trim().split(", ").find_map(|part| part.strip_prefix("after ").unwrap_or(part).strip_prefix("run "))
}

/// Why a folder of this owner and mode is none for the jobs of `user`, if so. To root all folders are the same.
fn refusal(owner: u32, mode: u32, user: u32) -> Option<String> {
    if user != 0 && owner != user {
        let why = format!("belongs to another user ({owner}), who may change the job at any time");
        return Some(why + ": build it into a folder of your own");
    }
    (mode & 0o002 != 0).then(|| "may be written by anybody: take that away with `chmod o-w`".to_owned())
}

/// SHA-256 of a built flow: everything in both files but the fingerprint itself.
pub fn fingerprint(dag: &DagFile, metadata: &ExecutionMetadata) -> String {
    let mut hash = Hash(Sha256::new());
    // A hash takes whatever it is given.
    let _ = write_dag(dag, Form::Compact, &mut hash);
    let _ = write_metadata(metadata, "", Form::Compact, &mut hash);
    hash.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes on their way into a hash.
struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The same value with sorted keys, whatever order this build of the JSON library keeps.
pub fn canonical(mut value: Value) -> Value {
    value.sort_all_objects();
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_lock_tells_who_holds_it_and_who_did_before() {
        let folder = tempfile::tempdir().unwrap();
        let job = JobFolder::new(folder.path(), "daily");
        let lock = job.lock_for_run("2026-ab").unwrap();
        assert_eq!(lock.last_run(), None);
        let text = format!("pype run, process {}, run 2026-ab", std::process::id());
        let refused = job.lock("pype build").unwrap_err().to_string();
        assert_eq!(refused, format!("job `daily` is held by {text}"));
        drop(lock);
        for who in ["pype build", "pype run", "pype clean"] {
            let lock = job.lock(who).unwrap();
            assert_eq!(lock.last_run(), Some("2026-ab"), "it is not forgotten over those that run nothing");
            assert!(job.is_held());
        }
        assert!(!job.is_held());
        assert_eq!(folder.path().join(LOCK).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_folder_that_anybody_may_write_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let job = JobFolder::new(folder.path(), "daily");
        let lock = |mode| {
            std::fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
            job.lock("pype run").map(drop)
        };
        assert!(matches!(lock(0o702), Err(LockError::Unsafe { path, .. }) if path == folder.path()));
        assert!(!folder.path().join(LOCK).exists(), "it was not touched");
        // Working copies of people who share a group.
        lock(0o775).unwrap();
        lock(0o700).unwrap();
    }

    #[test]
    fn a_folder_of_another_user_is_refused_but_by_root() {
        assert!(refusal(1000, 0o755, 1001).unwrap().contains("belongs to another user (1000)"));
        assert!(refusal(0, 0o755, 1001).is_some());
        assert_eq!(refusal(1000, 0o775, 1000), None);
        assert_eq!(refusal(1000, 0o700, 0), None);
        assert!(refusal(1000, 0o707, 0).is_some());
    }

    #[test]
    fn links_at_the_names_of_its_own_files_are_refused() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let job = JobFolder::new(folder.path(), "daily");
        let victim = outside.path().join("victim");
        std::fs::write(&victim, "safe").unwrap();
        for (link, to) in [
            (folder.path().join(LOCK), victim.clone()),
            (folder.path().join(LOCK), outside.path().join("nowhere")),
            (job.runs(), outside.path().to_path_buf()),
            (job.checkpoints(), outside.path().to_path_buf()),
        ] {
            symlink(&to, &link).unwrap();
            assert!(matches!(job.lock("pype run"), Err(LockError::Unsafe { path, .. }) if path == link));
            std::fs::remove_file(&link).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "safe");
        job.lock("pype run").unwrap();
    }
}
