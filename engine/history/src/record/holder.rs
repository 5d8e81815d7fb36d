//! Whether a run still goes on: it holds its job's lock to its last breath, and the system lets go of it however it dies.
//!
//! The lock is asked for in shared mode: nothing is written, and others who ask are not in the way.

use crate::time;
use std::fs::{File, TryLockError};
use std::io::Read;
use std::path::Path;

/// Who holds a job.
#[derive(Debug, PartialEq, Eq)]
enum Holder {
    Nobody,
    /// A run, by what it wrote into the lock file: its process, and its id if it told.
    Run {
        process: Option<u32>,
        run_id: Option<String>,
    },
    /// A build, or somebody of whom nothing is known.
    Another,
    /// It cannot be asked.
    Unseen,
}

/// Whether a run that has not told of its end goes on; none where the lock cannot be asked. `process` is the run's, if it is
/// known.
pub(crate) fn is_live(job_folder: &Path, run_id: &str, process: Option<u32>) -> Option<bool> {
    match holder(job_folder) {
        Holder::Nobody | Holder::Another => Some(false),
        Holder::Run { run_id: Some(holder), .. } => Some(holder == run_id),
        Holder::Run { process: holder, run_id: None } => match (holder, process) {
            (Some(holder), Some(process)) => Some(holder == process),
            // Who holds the job now began it last.
            _ => Some(is_newest(job_folder, run_id)),
        },
        Holder::Unseen => None,
    }
}

fn holder(job_folder: &Path) -> Holder {
    let mut file = match File::open(job_folder.join(".lock")) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Holder::Nobody,
        Err(_) => return Holder::Unseen,
    };
    match file.try_lock_shared() {
        // Let go of when the file is closed, which is now.
        Ok(()) => Holder::Nobody,
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Without the text the holder is just unknown.
            let _ = file.read_to_string(&mut text);
            of_text(&text)
        }
        Err(TryLockError::Error(_)) => Holder::Unseen,
    }
}

/// `pype run, process 4711, run 20261121T162446-54d905`; the last part may be missing.
fn of_text(text: &str) -> Holder {
    let mut parts = text.trim().split(", ");
    if parts.next() != Some("pype run") {
        return if text.trim().is_empty() { Holder::Run { process: None, run_id: None } } else { Holder::Another };
    }
    let (mut process, mut run_id) = (None, None);
    for part in parts {
        match part.split_once(' ') {
            Some(("process", number)) => process = number.parse().ok(),
            Some(("run", id)) => run_id = Some(id.to_owned()),
            _ => {}
        }
    }
    Holder::Run { process, run_id }
}

fn is_newest(job_folder: &Path, run_id: &str) -> bool {
    let entries = std::fs::read_dir(job_folder.join("runs")).into_iter().flatten().flatten();
    let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    !names.any(|name| name.as_str() > run_id && time::is_run_id(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pypeline_engine::job_folder::JobFolder;

    const OLD: &str = "20261121T162446-000001";
    const NEW: &str = "20261121T162447-000002";

    #[test]
    fn the_text_of_the_lock_names_its_holder() {
        let run = |process, run_id: Option<&str>| Holder::Run { process, run_id: run_id.map(str::to_owned) };
        assert_eq!(of_text("pype run, process 7"), run(Some(7), None));
        assert_eq!(of_text("pype run, process 7, run 2026-ab"), run(Some(7), Some("2026-ab")));
        assert_eq!(of_text("pype build, process 7"), Holder::Another);
        assert_eq!(of_text(""), run(None, None));
    }

    #[test]
    fn a_run_goes_on_while_it_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (path, job) = (folder.path(), JobFolder::new(folder.path(), "j"));
        for run in [OLD, NEW] {
            std::fs::create_dir_all(job.runs().join(run)).unwrap();
        }
        assert_eq!(is_live(path, NEW, None), Some(false), "there is no lock");
        let lock = job.lock("pype run").unwrap();
        assert_eq!(is_live(path, NEW, None), Some(true));
        assert_eq!(is_live(path, OLD, None), Some(false));
        assert_eq!(is_live(path, OLD, Some(std::process::id())), Some(true));
        assert_eq!(is_live(path, NEW, Some(1)), Some(false));
        drop(lock);
        assert_eq!(is_live(path, NEW, None), Some(false), "nobody holds it any more");
        let lock = job.lock("pype build").unwrap();
        assert_eq!(is_live(path, NEW, None), Some(false), "a build is no run");
        drop(lock);
        let text = std::fs::read_to_string(path.join(".lock")).unwrap();
        assert!(text.starts_with("pype build"), "asking writes nothing: {text}");
    }

    #[test]
    fn asking_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let job = JobFolder::new(folder.path(), "j");
        drop(job.lock("pype run").unwrap());
        let other = File::open(folder.path().join(".lock")).unwrap();
        other.try_lock_shared().unwrap();
        assert_eq!(is_live(folder.path(), NEW, None), Some(false));
    }
}
