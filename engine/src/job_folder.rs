//! A job folder: where its files are, who holds it, and whether they belong together. Shared by build and run.

use pypeline_schema::dag::DagFile;
use pypeline_schema::execution_metadata::ExecutionMetadata;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longer than anybody holds a job's lock only to look at it.
const GLANCE: Duration = Duration::from_millis(20);

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
}

/// Held until dropped; the system lets go when the process dies, however it dies.
#[derive(Debug)]
pub struct JobLock(File);

impl JobLock {
    /// Tells others that ask which run holds the job. The text is a courtesy: without it the holder is just less well known.
    pub fn tell_run(&mut self, run_id: &str) {
        let _ = self.tell(&format!("pype run, process {}, run {run_id}", std::process::id()));
    }

    fn tell(&mut self, text: &str) -> std::io::Result<()> {
        self.0.set_len(0)?;
        self.0.rewind()?;
        self.0.write_all(text.as_bytes())
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
        self.path.join("runs")
    }

    /// The folder of what runs that did not come to their end have left.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
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
    pub fn lock(&self, what: &str) -> Result<JobLock, LockError> {
        let path = self.path.join(".lock");
        let fail = |source| LockError::Io { path: path.clone(), source };
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(&path).map_err(fail)?;
        // Whoever asks whether a run is alive holds the lock for an instant.
        let begun = Instant::now();
        let mut locked = file.try_lock();
        while matches!(locked, Err(TryLockError::WouldBlock)) && begun.elapsed() < GLANCE {
            std::thread::sleep(Duration::from_millis(2));
            locked = file.try_lock();
        }
        match locked {
            Ok(()) => {
                let mut lock = JobLock(file);
                lock.tell(&format!("{what}, process {}", std::process::id())).map_err(fail)?;
                Ok(lock)
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The text is a courtesy: without it the holder is just unknown.
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.is_empty() { "another process".to_owned() } else { holder };
                Err(LockError::Held { job: self.name.clone(), holder })
            }
            Err(TryLockError::Error(source)) => Err(fail(source)),
        }
    }
}

/// SHA-256 of a built flow: everything in both files but the fingerprint itself.
pub fn fingerprint(dag: &DagFile, metadata: &ExecutionMetadata) -> String {
    let mut metadata = metadata.clone();
    metadata.fingerprint = String::new();
    let parts = [serde_json::to_value(dag), serde_json::to_value(metadata)];
    let mut hasher = Sha256::new();
    for part in parts.into_iter().flatten() {
        hasher.update(canonical(part).to_string());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The same value with sorted keys, whatever order this build of the JSON library keeps.
pub fn canonical(mut value: Value) -> Value {
    value.sort_all_objects();
    value
}
