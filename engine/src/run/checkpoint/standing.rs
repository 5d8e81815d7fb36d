//! Which run of a job could go on, for people who ask and do not hold the job.

use super::unfinished::{self, Beginning, Unfinished};
use crate::job_folder::JobFolder;
use pypeline_schema::checkpoint::Frozen;
use std::path::Path;

/// The run that `pype run --resume` would go on with.
#[derive(Debug)]
pub struct Resumable {
    frozen: Box<Frozen>,
    unfinished: Unfinished,
}

impl Resumable {
    /// Looks at a job's checkpoints. None where no run could go on, or somebody is at work.
    pub fn of(job: &JobFolder) -> Option<Self> {
        if !job.checkpoints().is_dir() || job.is_held() {
            return None;
        }
        // What cannot be read cannot go on.
        let unfinished = unfinished::list(job).ok()?.into_iter().find(|unfinished| !unfinished.is_called())?;
        match &unfinished.beginning {
            Beginning::Known(frozen) => Some(Self { frozen: frozen.clone(), unfinished }),
            _ => None,
        }
    }

    /// Id of the run: of the first, if it was resumed before.
    pub fn run_id(&self) -> &str {
        &self.frozen.run_id
    }

    /// Sub flows that have landed: the whole journal is read for it.
    pub fn landed(&self) -> u64 {
        self.unfinished.contents().landed
    }

    /// What to type for it to go on.
    pub fn command(&self, job: &JobFolder) -> String {
        command(job.path(), &self.frozen.given_secrets)
    }
}

/// What to type for a run of the job in a folder to go on, if it was given these secrets.
pub(in crate::run) fn command(folder: &Path, secrets: &[String]) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = match folder.strip_prefix(here).unwrap_or(folder) {
        path if path.as_os_str().is_empty() => ".".to_owned(),
        path => path.display().to_string(),
    };
    let is_plain = path.chars().all(|c| c.is_alphanumeric() || "/._-+=@:,".contains(c));
    let path = if is_plain { path } else { format!("'{}'", path.replace('\'', "'\\''")) };
    let secrets: String = secrets.iter().map(|secret| format!(" {secret}=…")).collect();
    format!("pype run {path} --resume{secrets}")
}
