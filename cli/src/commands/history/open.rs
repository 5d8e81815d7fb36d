//! The history of the project at hand, brought up to date. Where it cannot be had, the records are read instead: they are the
//! truth, and only take longer.

use crate::args::Global;
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_engine::diagnostics::suggest;
use pypeline_engine::project::Project;
use pypeline_history::{Filter, History, HistoryError, JobRef, Place};
use std::path::{Path, PathBuf};

/// Warnings of one kind shown one by one.
const SHOWN: usize = 20;

/// The history, and the project that it was brought up to date with.
pub struct Opened {
    pub history: History,
    project: Project,
}

/// A question that the history could not answer.
pub fn failed(error: HistoryError) -> Failure {
    Failure::new(Exit::Failed, error)
}

/// Warnings, the first of them one by one.
pub fn warn(warnings: &[String]) {
    warnings.iter().take(SHOWN).for_each(|warning| render::warning(warning));
    if let Some(more) = warnings.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        render::warning(&format!("{} like these", render::count(more, "more warning")));
    }
}

/// The history that can be written, a damaged one put aside; with the new name of the damaged file.
pub fn renew(project: &Project) -> Result<(History, Option<PathBuf>), Failure> {
    let place = Place::of(project).map_err(|error| Failure::new(Exit::Usage, error))?;
    History::renew(&place).map_err(|error| match error {
        HistoryError::Off => Failure::new(Exit::Usage, error),
        _ => failed(error),
    })
}

/// The text may be meant as the id of a run.
pub fn may_be_run(text: &str) -> bool {
    text.len() >= 4 && text.bytes().take(8).all(|byte| byte.is_ascii_digit())
}

/// The folder that a text names, if it is a job folder.
fn job_folder(text: &str) -> Option<&Path> {
    let path = Path::new(text);
    let mut entries = std::fs::read_dir(path).ok()?.flatten();
    let is_job = |name: &str| name.ends_with("_dag.json") || name == "runs";
    entries.any(|entry| entry.file_name().to_str().is_some_and(is_job)).then_some(path)
}

impl Opened {
    /// Opens the history of the working folder's project; of the project of `subject`, if that is a job folder.
    pub fn of(global: &Global, subject: Option<&str>) -> Result<Self, Failure> {
        let folder = subject.and_then(job_folder);
        let project = match folder {
            Some(folder) => Project::locate_job(global.project.as_deref(), folder),
            None => super::super::project_here(global),
        };
        let mut opened = match Place::of(&project).and_then(|place| History::open(&place)) {
            Ok(history) => Self { history, project },
            Err(HistoryError::Off) => Self::without(project)?,
            Err(error) => {
                render::warning(&format!("{error}; reading the records instead"));
                Self::without(project)?
            }
        };
        if let Err(error) = opened.catch_up(folder) {
            // One that cannot be written may still be asked.
            if opened.history.all_jobs().is_ok() && !matches!(error, HistoryError::Corrupt { .. }) {
                render::warning(&format!("{error}; what it says may be old"));
            } else {
                render::warning(&format!("{error}; reading the records instead"));
                opened = Self::without(opened.project)?;
                opened.catch_up(folder).map_err(failed)?;
            }
        }
        Ok(opened)
    }

    /// The root of the project.
    pub fn root(&self) -> &Path {
        self.project.root()
    }

    fn without(project: Project) -> Result<Self, Failure> {
        Ok(Self { history: History::in_memory().map_err(failed)?, project })
    }

    fn catch_up(&mut self, folder: Option<&Path>) -> Result<(), HistoryError> {
        let mut warnings = self.history.sync(&self.project)?.warnings;
        if let Some(folder) = folder {
            warnings.extend(self.history.sync_job(&self.project, folder)?.warnings);
        }
        warn(&warnings);
        Ok(())
    }

    /// The job that a text names; none if it is built and has never run.
    pub fn job(&mut self, text: &str) -> Result<Option<JobRef>, Failure> {
        let mut found = self.history.jobs_named(text).map_err(failed)?;
        if found.len() > 1 {
            let own = self.project.jobs().join(text);
            let own = own.canonicalize().unwrap_or(own);
            if let Some(at) = found.iter().position(|job| job.folder == own) {
                return Ok(Some(found.swap_remove(at)));
            }
            let folders: Vec<String> = found.iter().map(|job| job.folder.display().to_string()).collect();
            let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
            let folders = suggest::list(&folders);
            return Err(Failure::new(
                Exit::Usage,
                format!("several jobs are named `{text}`; give a job folder: {folders}"),
            ));
        }
        if let Some(job) = found.pop() {
            return Ok(Some(job));
        }
        let built = self.built();
        if job_folder(text).is_some() || built.iter().any(|name| name == text) {
            return Ok(None);
        }
        let known = self.history.all_jobs().map_err(failed)?;
        let mut names: Vec<&str> =
            known.iter().map(|job| job.name.as_str()).chain(built.iter().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        let help = suggest::help(text, "known jobs", &names);
        Err(Failure::new(Exit::Usage, format!("unknown job `{text}`: {help}")))
    }

    /// Names of the job folders of the project, whether they have run or not.
    fn built(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.project.jobs()).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.path().to_str().and_then(job_folder).is_some());
        folders.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    /// No run has such an id.
    pub fn unknown_run(&mut self, text: &str) -> Result<Failure, Failure> {
        let newest = Filter { limit: 1_000, ..Filter::default() };
        let runs = self.history.runs(&newest).map_err(failed)?;
        let ids: Vec<&str> = runs.iter().map(|run| run.run_id.as_str()).collect();
        let help = suggest::nearest(text, ids.iter().copied()).map_or_else(
            || "`pype runs` lists those that there are".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        Ok(Failure::new(Exit::Usage, format!("unknown run `{text}`: {help}")))
    }
}
