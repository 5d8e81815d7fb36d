//! Which run is meant: by its id or the beginning of it, or the newest run of a job.

use crate::diagnostics::suggest;
use crate::project::Project;
use std::path::{Path, PathBuf};

/// A run, by its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRun {
    /// Its id.
    pub run_id: String,
    /// The folder of its record.
    pub folder: PathBuf,
    /// The job's folder.
    pub job: PathBuf,
}

/// Nothing is meant that is there, or too much.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// Neither a job nor a run.
    #[error("there is no run and no job `{what}` in `{}`; {help}", .jobs.display())]
    Unknown {
        /// What was asked for.
        what: String,
        /// The folder of the project's jobs.
        jobs: PathBuf,
        /// What there is.
        help: String,
    },
    /// Several runs begin so.
    #[error("`{what}` is the beginning of {n} runs: {shown}")]
    Ambiguous {
        /// What was asked for.
        what: String,
        /// How many.
        n: usize,
        /// Some of them.
        shown: String,
    },
    /// The job never ran.
    #[error("job `{}` has no runs", .0.display())]
    NoRuns(PathBuf),
}

/// The run that is meant by a run's id or the beginning of one, the path of its record, or a job's name or folder: then its
/// newest run.
pub fn find(project: &Project, what: &str) -> Result<FoundRun, FindError> {
    let jobs = project.jobs();
    let is_name = !what.is_empty() && !what.contains('/') && what != "." && what != "..";
    let path = std::path::absolute(what).unwrap_or_else(|_| PathBuf::from(what));
    let named = is_name.then(|| jobs.join(what)).filter(|job| job.is_dir());
    if let Some(job) = named.or_else(|| is_job(&path).then(|| path.clone())) {
        let newest = runs_of(&job).into_iter().max_by(|one, other| one.run_id.cmp(&other.run_id));
        return newest.ok_or(FindError::NoRuns(job));
    }
    if let Some(found) = record(&path) {
        return Ok(found);
    }
    let all = if is_name { subfolders(&jobs) } else { Vec::new() };
    let mut found: Vec<FoundRun> = all.iter().flat_map(|(_, job)| runs_of(job)).collect();
    found.retain(|run| run.run_id.starts_with(what));
    found.sort_by(|one, other| one.run_id.cmp(&other.run_id));
    if let Some(exact) = found.iter().find(|run| run.run_id == what) {
        return Ok(exact.clone());
    }
    let n = found.len();
    match found.pop() {
        Some(run) if n == 1 => Ok(run),
        Some(last) => {
            found.push(last);
            let names: Vec<&str> = found.iter().map(|run| run.run_id.as_str()).collect();
            Err(FindError::Ambiguous { what: what.to_owned(), n, shown: suggest::list(&names) })
        }
        None => {
            let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
            let help = suggest::help(what, "jobs", &names);
            Err(FindError::Unknown { what: what.to_owned(), jobs, help })
        }
    }
}

/// It has files of a build, or records of runs.
fn is_job(path: &Path) -> bool {
    path.join("runs").is_dir() || {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).any(|name| name.ends_with("_dag.json"))
    }
}

/// The record of a run, by its path.
fn record(path: &Path) -> Option<FoundRun> {
    let runs = path.parent().filter(|runs| path.is_dir() && runs.file_name().is_some_and(|name| name == "runs"))?;
    let (run_id, job) = (path.file_name()?.to_str()?.to_owned(), runs.parent()?.to_path_buf());
    Some(FoundRun { run_id, folder: path.to_path_buf(), job })
}

pub(super) fn runs_of(job: &Path) -> Vec<FoundRun> {
    let of = |(run_id, folder)| FoundRun { run_id, folder, job: job.to_path_buf() };
    subfolders(&job.join("runs")).into_iter().map(of).collect()
}

/// Name and path of each, sorted. What cannot be read has none.
fn subfolders(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut found: Vec<(String, PathBuf)> =
        folders.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path()))).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_jobs_are_found_by_what_people_type() {
        let folder = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(folder.path()).unwrap();
        let project = Project::at(&root);
        for run in [
            "daily/runs/20261121T094201-e38459",
            "daily/runs/20261121T094202-aaaaaa",
            "weekly/runs/20261122T000000-bbbbbb",
            "never",
        ] {
            std::fs::create_dir_all(root.join("jobs").join(run)).unwrap();
        }
        let id = |what: &str| find(&project, what).map(|run| run.run_id).map_err(|error| error.to_string());
        let path = root.join("jobs/daily").display().to_string();
        for (what, run) in [
            ("daily", "20261121T094202-aaaaaa"),
            (path.as_str(), "20261121T094202-aaaaaa"),
            (&format!("{path}/runs/20261121T094201-e38459"), "20261121T094201-e38459"),
            ("20261121T094201-e38459", "20261121T094201-e38459"),
            ("20261121T094201", "20261121T094201-e38459"),
            ("20261122", "20261122T000000-bbbbbb"),
        ] {
            assert_eq!(id(what).as_deref(), Ok(run), "{what}");
        }
        for (what, why) in [
            ("20261121", "is the beginning of 2 runs: `20261121T094201-e38459`, `20261121T094202-aaaaaa`"),
            ("dialy", "did you mean `daily`?"),
            ("never", "has no runs"),
            ("", "there is no run"),
            ("../jobs", "there is no run"),
        ] {
            let error = id(what).unwrap_err();
            assert!(error.contains(why), "{what}: {error}");
        }
    }
}
