//! The job folder on disk. Every file is whole or not there; the execution metadata, which names the fingerprint of all, comes last.

use super::Job;
use crate::job_files::{Form, write_dag, write_metadata};
use crate::job_folder::{JobFolder, LockError, canonical};
use pypeline_disk::{NewFile, Publish, by_umask, make_folders, sweep, sync_folder};
use serde::Serialize;
use serde_json::{Map, Value};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Why the job folder could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file system refused.
    #[error("cannot write `{}`: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A context file of the user's is not a JSON object.
    #[error("context file `{}` is not a JSON object: {why}", .path.display())]
    Context {
        /// The file.
        path: PathBuf,
        /// Where and why.
        why: String,
    },
    /// The folder is another job's.
    #[error("`{}` holds the job `{other}` already: choose another folder", .path.display())]
    OtherJob {
        /// The folder.
        path: PathBuf,
        /// The job in it.
        other: String,
    },
    /// A run or another build holds the folder.
    #[error(transparent)]
    Locked(#[from] LockError),
}

/// A job's values and records are its user's: nobody else reads them, whatever the umask.
const PRIVATE_FOLDER: u32 = 0o700;
const PRIVATE_FILE: u32 = 0o600;

/// The lock is held: there is one build at a time.
const TAG: &str = "build";

/// Writes a job into `folder`, beside whatever else is in it. Takes the run lock meanwhile.
pub fn write(folder: &JobFolder, yaml: &str, job: &Job) -> Result<(), WriteError> {
    let is_new = !folder.path().is_dir();
    if let Some(jobs) = folder.path().parent() {
        create_folder(jobs, by_umask(0o777))?;
    }
    create_folder(folder.path(), PRIVATE_FOLDER)?;
    let _lock = folder.lock("pype build")?;
    if let Some(other) = folder.other_job() {
        return Err(WriteError::OtherJob { path: folder.path().to_path_buf(), other });
    }
    create_folder(&folder.context_folder(), PRIVATE_FOLDER)?;
    // What builds left that were killed.
    sweep(folder.path());
    sweep(&folder.context_folder());
    replace(&folder.yaml(), |file| file.write_all(yaml.as_bytes()))?;
    write_context(&folder.context("default"), &job.context)?;
    replace(&folder.dag(), |file| write_dag(&job.dag, Form::Pretty, file))?;
    let fingerprint = &job.metadata.fingerprint;
    replace(&folder.metadata(), |file| write_metadata(&job.metadata, fingerprint, Form::Pretty, file))?;
    let around = folder.path().parent().filter(|_| is_new).map(Path::to_path_buf);
    for folder in [folder.context_folder(), folder.path().to_path_buf()].into_iter().chain(around) {
        sync_folder(&folder).map_err(|source| WriteError::Io { path: folder, source })?;
    }
    Ok(())
}

/// Adds variables that the file does not have yet; what a person has written stays.
fn write_context(path: &Path, declared: &Map<String, Value>) -> Result<(), WriteError> {
    let mut values = match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice::<Map<String, Value>>(&bytes)
            .map_err(|error| WriteError::Context { path: path.to_path_buf(), why: error.to_string() })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Map::new(),
        Err(source) => return Err(WriteError::Io { path: path.to_path_buf(), source }),
    };
    let known = values.len();
    for (name, value) in declared {
        values.entry(name.clone()).or_insert_with(|| value.clone());
    }
    if path.exists() && values.len() == known {
        return Ok(());
    }
    replace(path, |file| file.write_all(&pretty(&values)))
}

fn pretty(value: &impl Serialize) -> Vec<u8> {
    let value = serde_json::to_value(value).map(canonical).unwrap_or_default();
    let mut text = serde_json::to_vec_pretty(&value).unwrap_or_default();
    text.push(b'\n');
    text
}

fn create_folder(path: &Path, mode: u32) -> Result<(), WriteError> {
    make_folders(path, mode).map_err(|source| WriteError::Io { path: path.to_path_buf(), source })
}

/// Written beside, brought to disk, renamed.
fn replace(path: &Path, write: impl FnOnce(&mut NewFile) -> std::io::Result<()>) -> Result<(), WriteError> {
    let replace = || {
        let mut file = NewFile::beside(path, TAG, PRIVATE_FILE)?;
        write(&mut file)?;
        file.sync()?;
        file.publish(path, Publish::Replace)
    };
    replace().map_err(|source| WriteError::Io { path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::os::unix::fs::PermissionsExt;

    fn job() -> Job {
        let flow = json!({"name": "daily", "version": "1.0.0", "authors": ["A"], "created": "2026-01-01"});
        let dag = json!({"format_version": 1, "flow": flow, "nodes": [], "data_links": [], "control_links": []});
        let metadata = json!({
            "format_version": 1, "fingerprint": "", "settings": {}, "sub_flows": [], "control": [], "scopes": [], "caches": {},
            "roots": [], "static_order": [], "context": {}, "params": {}, "plugins": [],
            "uses": {"context": [], "params": [], "globals": [], "each": [], "env": [], "optional_env": [], "secrets": []}
        });
        Job {
            dag: serde_json::from_value(dag).unwrap(),
            metadata: serde_json::from_value(metadata).unwrap(),
            context: Map::from_iter([("database".to_owned(), json!("warehouse"))]),
        }
    }

    fn modes(folder: &Path, found: &mut Vec<(String, u32)>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o7777;
            found.push((entry.file_name().into_string().unwrap(), mode));
            if entry.path().is_dir() {
                modes(&entry.path(), found);
            }
        }
        found.sort();
    }

    #[test]
    fn a_job_is_its_users_alone_and_leaves_nothing_beside_its_files() {
        let root = tempfile::tempdir().unwrap();
        let jobs = root.path().join("jobs");
        let folder = JobFolder::new(jobs.join("daily"), "daily");
        write(&folder, "flow: {}", &job()).unwrap();
        std::fs::write(folder.path().join(".daily_dag.json.build.pype-tmp"), "of a build that was killed").unwrap();
        write(&folder, "flow: {}", &job()).unwrap();
        let mut found = Vec::new();
        modes(&jobs, &mut found);
        let expected = [
            (".lock", 0o600),
            ("context", 0o700),
            ("daily", 0o700),
            ("daily.yaml", 0o600),
            ("daily_dag.json", 0o600),
            ("daily_default.json", 0o600),
            ("daily_execution_metadata.json", 0o600),
        ];
        assert_eq!(
            jobs.metadata().unwrap().permissions().mode() & 0o777,
            by_umask(0o777),
            "others have theirs beside it"
        );
        assert_eq!(found, expected.map(|(name, mode)| (name.to_owned(), mode)));
    }

    #[test]
    fn a_folder_that_anybody_may_write_to_gets_no_job() {
        let root = tempfile::tempdir().unwrap();
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let written = write(&JobFolder::new(root.path(), "daily"), "flow: {}", &job());
        assert!(matches!(written, Err(WriteError::Locked(LockError::Unsafe { .. }))));
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
