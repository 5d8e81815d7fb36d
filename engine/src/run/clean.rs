//! `pype clean`: takes away what runs have left in a job folder and nobody needs any more: checkpoints, temporary files, old
//! records. Nothing of a run at work is ever touched: the job is held meanwhile.

use super::checkpoint::unfinished::{self, Beginning, Unfinished};
use super::job::{self, JobError};
use super::last_words;
use crate::job_folder::{JobFolder, LockError};
use pypeline_disk::faults;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What is taken away besides temporary files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish {
    /// Records of runs, but for so many of the newest.
    pub keep_runs: Option<usize>,
    /// Records of runs that began longer ago; and checkpoints only of runs that have done nothing for so long.
    pub older_than: Option<Duration>,
    /// Nothing: only say what it would be.
    pub dry_run: bool,
}

/// What was taken away.
#[derive(Debug, Default, Serialize)]
pub struct Cleaned {
    /// The flow's name.
    pub job: String,
    /// Nothing was: it would be.
    pub dry_run: bool,
    /// Unfinished runs that can no longer be resumed, the newest first.
    pub checkpoints: Vec<Dropped>,
    /// Ids of the runs whose records are gone, the newest first.
    pub records: Vec<String>,
    /// Temporary files of runs that died.
    pub temporary: Vec<PathBuf>,
}

/// An unfinished run whose checkpoints are gone.
#[derive(Debug, Serialize)]
pub struct Dropped {
    /// Its id, or the name of its folder where that is all that is known.
    pub run_id: String,
    /// The run of another job that would have resumed it.
    pub called_by: Option<String>,
    /// Sub flows that had landed.
    pub landed: u64,
}

/// Why a job cannot be cleaned.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// There is no job.
    #[error(transparent)]
    Job(#[from] JobError),
    /// Somebody holds it.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// The file system refused.
    #[error("cannot clean `{}`: {source}", .path.display())]
    Io {
        /// What was to go.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Cleans the job in a folder, which must not be at work.
pub fn clean(folder: &Path, wish: Wish) -> Result<Cleaned, CleanError> {
    let job = job::find(folder)?;
    let lock = match job.lock("pype clean") {
        Err(LockError::Held { .. }) if faults::planted("clean-living-checkpoints") => None,
        lock => Some(lock?),
    };
    if !wish.dry_run {
        last_words::tell_of_death(&job, lock.as_ref().and_then(|lock| lock.last_run()));
    }
    let mut cleaned = Cleaned { job: job.name().to_owned(), dry_run: wish.dry_run, ..Cleaned::default() };
    let kept = checkpoints(&job, wish, &mut cleaned)?;
    records(&job, wish, &kept, &mut cleaned)?;
    if !wish.dry_run {
        pypeline_disk::remove_leftovers(&std::env::temp_dir());
        unfinished::remove_if_empty(Some(&job.checkpoints()));
    }
    Ok(cleaned)
}

/// Drops checkpoints; gives back the runs whose checkpoints stay.
fn checkpoints(job: &JobFolder, wish: Wish, cleaned: &mut Cleaned) -> Result<BTreeSet<String>, CleanError> {
    let folder = job.checkpoints();
    let found = unfinished::list(job).map_err(|source| CleanError::Io { path: folder.clone(), source })?;
    let mut kept = BTreeSet::new();
    for unfinished in found {
        let contents = unfinished.contents();
        // Where its outputs are, those may be that it was just writing.
        contents.folders.iter().try_for_each(|folder| temporary(folder, wish, cleaned))?;
        let (run_id, called_by) = match &unfinished.beginning {
            Beginning::Known(frozen) => (frozen.run_id.clone(), frozen.called_by.clone()),
            _ => (unfinished.run_id().to_owned(), None),
        };
        if wish.older_than.is_some_and(|age| !is_idle_for(&unfinished, age)) {
            temporary(&unfinished.folder, wish, cleaned)?;
            kept.insert(run_id);
            continue;
        }
        if !wish.dry_run {
            drop_folder(&unfinished.folder)?;
        }
        cleaned.checkpoints.push(Dropped { run_id, called_by, landed: contents.landed });
    }
    finish_dropping(&folder, wish)?;
    Ok(kept)
}

/// A run has written nothing for so long.
fn is_idle_for(unfinished: &Unfinished, age: Duration) -> bool {
    let paths = [unfinished.journal(), unfinished.folder.clone()];
    let changed = paths.iter().find_map(|path| path.metadata().ok()?.modified().ok());
    changed.and_then(|at| SystemTime::now().duration_since(at).ok()).is_some_and(|idle| idle > age)
}

/// Drops records that are to go, and temporary files from the others.
fn records(job: &JobFolder, wish: Wish, kept: &BTreeSet<String>, cleaned: &mut Cleaned) -> Result<(), CleanError> {
    let folder = job.runs();
    let mut names: Vec<String> = folders(&folder)?.into_iter().filter(|name| began(name).is_some()).collect();
    names.sort_unstable_by(|a, b| b.cmp(a));
    // Before all times there is nothing.
    let oldest = wish.older_than.map(|age| jiff::Timestamp::now().checked_sub(age).unwrap_or(jiff::Timestamp::MIN));
    for (at, name) in names.into_iter().enumerate() {
        let is_spare = wish.keep_runs.is_none_or(|keep| at >= keep);
        let is_old = oldest.is_none_or(|oldest| began(&name).is_some_and(|began| began < oldest));
        let goes = (wish.keep_runs.is_some() || wish.older_than.is_some()) && is_spare && is_old;
        if !goes || kept.contains(&name) {
            temporary(&folder.join(name), wish, cleaned)?;
            continue;
        }
        if !wish.dry_run {
            drop_folder(&folder.join(&name))?;
        }
        cleaned.records.push(name);
    }
    finish_dropping(&folder, wish)
}

/// When the run of this id began; none if it is none.
fn began(run_id: &str) -> Option<jiff::Timestamp> {
    let (time, _) = run_id.split_once('-')?;
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S", time).ok()?;
    time.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|time| time.timestamp())
}

/// Temporary files whose writers are dead.
fn temporary(folder: &Path, wish: Wish, cleaned: &mut Cleaned) -> Result<(), CleanError> {
    let io = |path: &Path, source| CleanError::Io { path: path.to_path_buf(), source };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|source| io(folder, source))?,
    };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let is_ours = is_file && name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(".pype-tmp"));
        if !is_ours || cleaned.temporary.contains(&path) {
            continue;
        }
        let is_dead = match wish.dry_run {
            true => !pypeline_disk::is_held(&path),
            false => match pypeline_disk::remove_leftover(&path) {
                // Whoever wrote it has just given it its name.
                Err(error) if error.kind() == ErrorKind::NotFound => false,
                removed => removed.map_err(|source| io(&path, source))?,
            },
        };
        if is_dead {
            cleaned.temporary.push(path);
        }
    }
    Ok(())
}

/// Takes a folder away in one step: it loses its name, and then what is in it.
fn drop_folder(folder: &Path) -> Result<(), CleanError> {
    unfinished::remove(folder).map_err(|source| CleanError::Io { path: folder.to_path_buf(), source })
}

/// Removes what has lost its name and is still there: somebody was killed over it.
fn finish_dropping(folder: &Path, wish: Wish) -> Result<(), CleanError> {
    for name in folders(folder)?.iter().filter(|name| name.starts_with(unfinished::GONE) && !wish.dry_run) {
        let path = folder.join(name);
        pypeline_disk::remove_tree(&path).map_err(|source| CleanError::Io { path, source })?;
    }
    Ok(())
}

/// Names of the folders in one; links are none.
fn folders(folder: &Path) -> Result<Vec<String>, CleanError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|source| CleanError::Io { path: folder.to_path_buf(), source })?,
    };
    let folders = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    Ok(folders.filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const RUNS: [&str; 3] = ["20200101T000000-000001", "20200102T000000-000002", "20200103T000000-000003"];

    fn job() -> (tempfile::TempDir, JobFolder) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("daily_dag.json"), "{}").unwrap();
        let job = JobFolder::new(folder.path(), "daily");
        for run in RUNS {
            fs::create_dir_all(job.runs().join(run)).unwrap();
            fs::write(job.runs().join(run).join("result.json"), "{}").unwrap();
        }
        fs::create_dir_all(job.checkpoints().join(RUNS[2])).unwrap();
        fs::write(job.checkpoints().join(RUNS[2]).join(".journal.next.pype-tmp"), "half").unwrap();
        (folder, job)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names = folders(folder).unwrap();
        names.sort();
        names
    }

    #[test]
    fn checkpoints_go_and_records_stay_unless_they_are_asked_for() {
        let (folder, job) = job();
        let leftover = job.runs().join(RUNS[0]).join(".result.json.1-0.pype-tmp");
        fs::write(&leftover, "{").unwrap();
        let dry = clean(folder.path(), Wish { dry_run: true, keep_runs: Some(1), ..Wish::default() }).unwrap();
        assert_eq!(
            (dry.checkpoints.len(), dry.records.as_slice()),
            (1, [RUNS[1], RUNS[0]].map(str::to_owned).as_slice())
        );
        assert!(leftover.exists() && job.checkpoints().join(RUNS[2]).exists(), "nothing was done");
        let done = clean(folder.path(), Wish::default()).unwrap();
        assert_eq!((done.checkpoints[0].run_id.as_str(), done.checkpoints[0].landed), (RUNS[2], 0));
        assert_eq!((done.records.len(), done.temporary), (0, vec![leftover.clone()]));
        assert!(!leftover.exists() && !job.checkpoints().exists());
        assert_eq!(names(&job.runs()), RUNS);
    }

    #[test]
    fn of_records_those_go_that_are_neither_new_nor_young() {
        let (folder, job) = job();
        fs::remove_dir_all(job.checkpoints()).unwrap();
        fs::create_dir(job.runs().join("no-run")).unwrap();
        let (old, ages) = (Duration::from_secs(24 * 60 * 60), Duration::from_secs(1_000_000 * 24 * 60 * 60));
        let asked = |keep_runs, older_than| Wish { keep_runs, older_than, dry_run: false };
        assert!(clean(folder.path(), asked(None, Some(ages))).unwrap().records.is_empty());
        assert!(clean(folder.path(), asked(Some(3), Some(old))).unwrap().records.is_empty());
        assert_eq!(clean(folder.path(), asked(Some(2), Some(old))).unwrap().records, [RUNS[0]]);
        assert_eq!(clean(folder.path(), asked(None, Some(old))).unwrap().records, [RUNS[2], RUNS[1]]);
        assert_eq!(names(&job.runs()), ["no-run"]);
    }

    #[test]
    fn checkpoints_that_are_young_stay_with_the_record_of_their_run() {
        let (folder, job) = job();
        let wish = Wish { older_than: Some(Duration::from_secs(24 * 60 * 60)), ..Wish::default() };
        let done = clean(folder.path(), wish).unwrap();
        assert_eq!((done.checkpoints.len(), done.temporary.len()), (0, 1));
        assert_eq!(
            (names(&job.checkpoints()), names(&job.runs())),
            (vec![RUNS[2].to_owned()], vec![RUNS[2].to_owned()])
        );
    }

    #[test]
    fn a_job_that_is_held_is_left_alone_and_links_lead_nowhere() {
        let (folder, job) = job();
        let lock = job.lock("pype run").unwrap();
        assert!(matches!(clean(folder.path(), Wish::default()), Err(CleanError::Locked(LockError::Held { .. }))));
        assert!(job.checkpoints().join(RUNS[2]).exists());
        drop(lock);
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("victim"), "safe").unwrap();
        std::os::unix::fs::symlink(outside.path(), job.runs().join("20190101T000000-000000")).unwrap();
        std::os::unix::fs::symlink(outside.path(), job.checkpoints().join("20190101T000000-000000")).unwrap();
        clean(folder.path(), Wish { keep_runs: Some(0), ..Wish::default() }).unwrap();
        assert!(outside.path().join("victim").exists());
        assert!(matches!(clean(outside.path(), Wish::default()), Err(CleanError::Job(JobError::NotAJob(_)))));
    }

    #[test]
    fn what_somebody_was_killed_over_is_finished() {
        let (folder, job) = job();
        let gone = format!("{}{}", unfinished::GONE, RUNS[1]);
        fs::create_dir_all(job.runs().join(&gone).join("inner")).unwrap();
        fs::create_dir_all(job.checkpoints().join(&gone)).unwrap();
        let done = clean(folder.path(), Wish::default()).unwrap();
        assert_eq!(done.checkpoints.len(), 1, "it is no run any more");
        assert!(!job.runs().join(gone).exists() && !job.checkpoints().exists());
    }
}
