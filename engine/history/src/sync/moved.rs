//! Records that have moved: a project that is renamed, moved or copied brings the same runs, which are known by their ids under
//! folders that are another's or none any more. They are taken over, so that no job and no run is there twice.

use super::Round;
use crate::history::absolute;
use crate::model::JobRef;
use crate::store::moves::{self, Twin};
use crate::store::{Outcome, bulk, jobs};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Runs that are taken over in one transaction.
const BLOCK: usize = 1_000;

fn record(twin: &Twin) -> PathBuf {
    twin.folder.join("runs").join(&twin.run_id)
}

/// Of records that are in a job's folder and not in the index, those that it has under a folder in which they are no more. They are
/// this job's from now on, and so is what else the other job has left, if its folder is gone. Their ids are given back.
pub(super) fn here(round: &mut Round<'_>, job: &JobRef, run_ids: &[&str]) -> Outcome<BTreeSet<String>> {
    let mut twins = moves::twins(&mut *round.history.store, job.key, run_ids)?;
    let mut others = BTreeMap::new();
    for twin in &twins {
        let other = || (twin.folder.clone(), is_copy(round, job, twin));
        others.entry(twin.job_key).or_insert_with(other);
    }
    let is_copied = |twin: &Twin| others.get(&twin.job_key).is_some_and(|(_, is_copy)| *is_copy);
    twins.retain(|twin| is_copied(twin) || (round.is_ours(twin.host.as_deref()) && !record(twin).is_dir()));
    let mut heir = job.key;
    for block in twins.chunks(BLOCK) {
        heir = bulk(&mut *round.history.store, |store| {
            let key = jobs::ensure(store, &job.name, &job.folder, &job.project)?;
            block.iter().try_for_each(|twin| moves::take(store, twin, key)).map(|()| key)
        })?;
    }
    let left: BTreeSet<i64> = twins.iter().map(|twin| twin.job_key).collect();
    for (other, (folder, is_copy)) in others.into_iter().filter(|(other, _)| left.contains(other)) {
        leave(round, heir, other, &folder, is_copy)?;
    }
    Ok(twins.into_iter().map(|twin| twin.run_id).collect())
}

/// Of a job's runs whose records are gone, those that the index has under a folder in which they are: they are forgotten here. Their
/// ids are given back.
pub(super) fn away(round: &mut Round<'_>, job: &JobRef, run_ids: &[&str]) -> Outcome<BTreeSet<String>> {
    let mut twins = moves::twins(&mut *round.history.store, job.key, run_ids)?;
    twins.retain(|twin| record(twin).is_dir());
    let Some(heir) = twins.first().map(|twin| twin.job_key) else { return Ok(BTreeSet::new()) };
    let ids: BTreeSet<String> = twins.into_iter().map(|twin| twin.run_id).collect();
    bulk(&mut *round.history.store, |store| {
        ids.iter().try_for_each(|run_id| moves::drop_run_of(store, job.key, run_id))
    })?;
    leave(round, heir, job.key, &job.folder, false)?;
    Ok(ids)
}

/// What is left of a job whose records are another's now: nothing, where its folder is gone or is the one that was copied.
fn leave(round: &mut Round<'_>, heir: i64, other: i64, folder: &Path, is_copy: bool) -> Outcome<()> {
    let seer = round.seer();
    let is_gone = bulk(&mut *round.history.store, |store| {
        if is_copy {
            // The project that was copied has a history of its own.
            moves::drop_recorded(store, other)?;
        }
        if is_copy || !folder.exists() {
            moves::absorb(store, other, heir, &seer)?;
        }
        moves::forget(store, other, &seer)
    })?;
    if is_gone {
        round.dropped.insert(other);
    }
    Ok(())
}

/// In a project's own file, a run that one of its jobs has, and a job of another project too: the file has been copied with the
/// project.
fn is_copy(round: &Round<'_>, job: &JobRef, twin: &Twin) -> bool {
    let is_in_it = |folder: &Path| folder.starts_with(&round.root);
    let is_of_it = |project: &Path| absolute(project) == round.root;
    round.history.is_own_of(&round.root)
        && is_in_it(&job.folder)
        && is_of_it(&job.project)
        && !is_in_it(&twin.folder)
        && !is_of_it(&twin.project)
}
