//! What only the job folder knows of runs that are shown: which run each went on with, what it took over, and which could go on.

use super::{has_record, job_of_run};
use crate::model::{Detail, Run, RunState};
use crate::record::{self, Reading, Told};
use pypeline_engine::job_folder::JobFolder;
use pypeline_engine::run::checkpoint::standing::Resumable;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

/// Completes runs, the newest first. Each job's checkpoints are looked at once, and only where a run did not come to its end.
pub(super) fn complete<'a>(runs: impl Iterator<Item = &'a mut Run>) {
    let mut unfinished: HashMap<PathBuf, Option<String>> = HashMap::new();
    let mut told = BTreeSet::new();
    for run in runs {
        if has_record(run) {
            Told::begin_of(&record::folder(&job_of_run(run), &run.run_id)).complete_resumes(run);
        }
        if !matches!(run.state, RunState::Failed | RunState::Cancelled | RunState::Died) {
            continue;
        }
        let job = || JobFolder::new(&run.job_folder, &run.job);
        let look = || Resumable::of(&job()).map(|found| found.run_id().to_owned());
        let found = unfinished.entry(run.job_folder.clone()).or_insert_with(look);
        // Of a run that was resumed before, the last part stands for all.
        let whole = run.resumes.as_ref().unwrap_or(&run.run_id);
        run.resumable = found.as_ref() == Some(whole) && told.insert(whole.clone());
    }
}

/// How often each sub flow was taken over.
pub(super) fn complete_restored(detail: &mut Detail) {
    if detail.run.resumes.is_none() {
        return;
    }
    let (job, run_id) = (job_of_run(&detail.run), &detail.run.run_id);
    let counts: HashMap<String, u64> = match record::read(&job, run_id, &mut Vec::new()) {
        Reading::Ended(known) => known.sub_flows.into_iter().map(|part| (part.name, part.restored)).collect(),
        Reading::Open(told) => told.parts.into_iter().map(|part| (part.name, part.restored)).collect(),
    };
    for part in &mut detail.sub_flows {
        part.restored = counts.get(&part.name).copied().unwrap_or_default();
    }
}
