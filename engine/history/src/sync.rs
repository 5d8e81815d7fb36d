//! Catching up with the records: what is there and not in the index is read; what was running is looked after.
//!
//! A job's folder of records is listed only if it has changed since this machine last looked. Of the names that were there then,
//! a number made of all of them tells whether they still are, so that 100,000 old records cost a listing and no questions.

mod verdict;

pub(crate) use verdict::{Verdict, index, judge};

use crate::history::{History, absolute, job_of_run};
use crate::model::{JobRef, RunState};
use crate::record;
use crate::store::jobs::Scan;
use crate::store::read::{self, Which};
use crate::store::{Outcome, bulk, jobs, write};
use crate::time;
use pypeline_engine::project::Project;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use verdict::{Examined, examine, keep};

/// Records that are written in one transaction.
const BLOCK: usize = 100;

/// Runs that are looked after because they have not told of their end.
const OPEN: usize = 10_000;

/// Seconds after a change within which a folder may change again without a later time.
const SETTLING: f64 = 2.0;

/// What catching up came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Synced {
    /// Jobs whose records were looked at.
    pub jobs: usize,
    /// Records that were read.
    pub indexed: usize,
    /// Runs whose records are gone since the last time.
    pub gone: usize,
    /// What is broken, in a sentence each.
    pub warnings: Vec<String>,
}

/// Looks after the runs that have not told of their end. Where the index cannot be written, it stays as it is.
pub(crate) fn settle(history: &mut History, warnings: &mut Vec<String>) -> Outcome<()> {
    let running = Which { state: Some(RunState::Running), ..Which::default() };
    let open = read::runs(&mut *history.store, &running, OPEN)?;
    let mut over = Vec::new();
    for known in open {
        if judge(history, &known.run) == Verdict::Over {
            let job = job_of_run(&known.run);
            let has_record = record::folder(&job, &known.run.run_id).is_dir();
            let examined = has_record.then(|| examine(&job, &known.run.run_id, known.run.pid, warnings));
            over.push((known, examined));
        }
    }
    if over.is_empty() {
        return Ok(());
    }
    let host = history.host.clone();
    let written = bulk(&mut *history.store, |store| {
        for (known, examined) in over {
            match examined {
                Some(examined) => keep(store, known.job_key, examined, &host)?,
                None => write::set_died(store, known.key)?,
            }
        }
        Ok(())
    });
    if let Err(error) = written {
        warnings.push(error.to_string());
    }
    Ok(())
}

/// Brings the index up to date.
pub(crate) fn sync(history: &mut History, project: &Project, now: f64) -> Outcome<Synced> {
    catch_up(history, project, now, false)
}

/// Brings the index up to date with one job.
pub(crate) fn sync_job(history: &mut History, project: &Project, folder: &Path, now: f64) -> Outcome<Synced> {
    let mut synced = Synced::default();
    let folder = absolute(folder);
    let known = jobs::at(&mut *history.store, &folder)?;
    let new = || Some(JobRef { key: 0, name: job_name(&folder)?, folder, project: project.root().to_path_buf() });
    let Some(job) = known.or_else(new) else { return Ok(synced) };
    let seer = seer(history);
    let scans = jobs::scans(&mut *history.store, &seer)?;
    let scan = scans.iter().find(|(key, _)| *key == job.key).map(|(_, scan)| scan);
    look(history, &job, scan, now, false, &mut synced)?;
    settle(history, &mut synced.warnings)?;
    Ok(synced)
}

/// The same as [`sync`], but reads every record.
pub(crate) fn rebuild(history: &mut History, project: &Project, now: f64) -> Outcome<Synced> {
    let seer = seer(history);
    bulk(&mut *history.store, |store| jobs::forget_scans(store, &seer))?;
    catch_up(history, project, now, true)
}

/// Whose eyes see the folders: in an index of several machines, each has its own.
fn seer(history: &History) -> String {
    if history.is_local { String::new() } else { history.host.clone() }
}

fn catch_up(history: &mut History, project: &Project, now: f64, anew: bool) -> Outcome<Synced> {
    let mut synced = Synced::default();
    let known = jobs::all(&mut *history.store)?;
    let seer = seer(history);
    let scans: BTreeMap<i64, Scan> = jobs::scans(&mut *history.store, &seer)?.into_iter().collect();
    let folders: BTreeSet<PathBuf> = known.iter().map(|job| job.folder.clone()).collect();
    let new = built(project).into_iter().filter(|job| !folders.contains(&job.folder));
    for job in known.iter().cloned().chain(new) {
        let scan = scans.get(&job.key);
        look(history, &job, scan, now, anew, &mut synced)?;
    }
    settle(history, &mut synced.warnings)?;
    Ok(synced)
}

/// The jobs in a project's folder of jobs.
fn built(project: &Project) -> Vec<JobRef> {
    let entries = std::fs::read_dir(project.jobs()).into_iter().flatten().flatten();
    let folders = entries.map(|entry| entry.path()).filter(|path| path.join("runs").is_dir());
    let job = |folder: PathBuf| {
        let folder = absolute(&folder);
        let name = job_name(&folder)?;
        Some(JobRef { key: 0, name, folder, project: project.root().to_path_buf() })
    };
    let mut jobs: Vec<JobRef> = folders.filter_map(job).collect();
    jobs.sort_by(|a, b| a.folder.cmp(&b.folder));
    jobs
}

/// The job whose files are in a folder; where they are gone, the folder's own name.
fn job_name(folder: &Path) -> Option<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let built = names.filter_map(|name| name.strip_suffix("_dag.json").map(str::to_owned)).min();
    built.or_else(|| folder.file_name()?.to_str().map(str::to_owned))
}

/// Looks at one job's records.
fn look(
    history: &mut History,
    job: &JobRef,
    scan: Option<&Scan>,
    now: f64,
    anew: bool,
    synced: &mut Synced,
) -> Outcome<()> {
    let path = job.folder.join("runs");
    let mtime = match std::fs::metadata(&path).and_then(|found| found.modified()) {
        Ok(mtime) => mtime.duration_since(std::time::UNIX_EPOCH).map_or(Scan::UNSETTLED, |at| at.as_nanos() as i64),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Scan::GONE,
        Err(error) => {
            synced.warnings.push(format!("`{}` cannot be read: {error}", path.display()));
            return Ok(());
        }
    };
    // A folder that was never here may well be there on the machine that has it.
    let was_never_here = mtime == Scan::GONE && scan.is_none() && !history.is_local;
    if was_never_here || (!anew && scan.is_some_and(|scan| scan.mtime == mtime && mtime != Scan::UNSETTLED)) {
        return Ok(());
    }
    let (watermark, digest_before) = scan.map_or(("", 0), |scan| (scan.watermark.as_str(), scan.digest));
    // Where nothing old has changed, only what is new is asked for.
    let newer = Listing::of(&path, watermark);
    let is_old_as_it_was = scan.is_some() && newer.digest_of_old == digest_before && !anew;
    let (after, listing) = if is_old_as_it_was { (watermark, newer) } else { ("", Listing::of(&path, "")) };
    let known = if job.key == 0 { Vec::new() } else { read::listed(&mut *history.store, job.key, after)? };
    let known_names: BTreeMap<&str, bool> = known.iter().map(|run| (run.run_id.as_str(), run.has_record)).collect();
    let there: BTreeSet<&str> = listing.new.iter().map(String::as_str).collect();
    let missing: Vec<&String> =
        listing.new.iter().filter(|name| anew || !known_names.contains_key(name.as_str())).collect();
    let is_ours = |host: &Option<String>| history.is_local || host.as_ref() == Some(&history.host);
    let gone = known.iter().filter(|run| run.has_record && !there.contains(run.run_id.as_str()) && is_ours(&run.host));
    let gone: Vec<&str> = gone.map(|run| run.run_id.as_str()).collect();
    let back: Vec<&str> =
        known_names.iter().filter(|(name, has)| !**has && there.contains(*name)).map(|(name, _)| *name).collect();
    let is_settled = mtime == Scan::GONE || now - (mtime as f64) / 1e9 > SETTLING;
    let seen = Scan {
        mtime: if is_settled { mtime } else { Scan::UNSETTLED },
        watermark: listing.new.last().map_or(after, String::as_str).to_owned(),
        digest: listing.digest(),
    };
    let has_changed = scan != Some(&seen) || !missing.is_empty() || !gone.is_empty() || !back.is_empty();
    if !has_changed || (job.key == 0 && missing.is_empty()) {
        return Ok(());
    }
    let (host, seer) = (history.host.clone(), seer(history));
    for block in missing.chunks(BLOCK) {
        let examined: Vec<Examined> =
            block.iter().map(|run_id| examine(job, run_id, None, &mut synced.warnings)).collect();
        bulk(&mut *history.store, |store| {
            let key = jobs::ensure(store, &job.name, &job.folder, &job.project)?;
            examined.into_iter().try_for_each(|examined| keep(store, key, examined, &host))
        })?;
    }
    bulk(&mut *history.store, |store| {
        let key = jobs::ensure(store, &job.name, &job.folder, &job.project)?;
        for (names, has_record) in [(&gone, false), (&back, true)] {
            names.iter().try_for_each(|run_id| write::set_record(store, key, run_id, has_record))?;
        }
        jobs::set_scan(store, key, &seer, &seen)
    })?;
    synced.jobs += 1;
    synced.indexed += missing.len();
    synced.gone += gone.len();
    Ok(())
}

/// The names of a job's records. What is no run's id is none of ours.
struct Listing {
    /// Of the names up to the watermark, which are many and not kept.
    digest_of_old: i64,
    /// The names after it, sorted.
    new: Vec<String>,
}

impl Listing {
    fn of(path: &Path, watermark: &str) -> Self {
        let mut listing = Self { digest_of_old: 0, new: Vec::new() };
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            match entry.file_name().into_string() {
                Ok(name) if !time::is_run_id(&name) => {}
                Ok(name) if name.as_str() <= watermark => {
                    listing.digest_of_old = listing.digest_of_old.wrapping_add(digest(&name));
                }
                Ok(name) => listing.new.push(name),
                Err(_) => {}
            }
        }
        listing.new.sort_unstable();
        listing
    }

    /// A number made of all names, whatever their order.
    fn digest(&self) -> i64 {
        self.new.iter().map(|name| digest(name)).fold(self.digest_of_old, i64::wrapping_add)
    }
}

/// A number made of a name: FNV-1a, stirred.
fn digest(name: &str) -> i64 {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (hash ^ (hash >> 33)).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_knows_names_and_no_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["20261101T000002-b", "20261101T000001-a", "notes", "20261101T000003-c"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("20261101T000004-file"), "").unwrap();
        let all = Listing::of(folder.path(), "");
        assert_eq!(all.new, ["20261101T000001-a", "20261101T000002-b", "20261101T000003-c"]);
        let newer = Listing::of(folder.path(), "20261101T000002-b");
        assert_eq!(newer.new, ["20261101T000003-c"]);
        assert_eq!(newer.digest(), all.digest());
        std::fs::remove_dir(folder.path().join("20261101T000001-a")).unwrap();
        std::fs::create_dir(folder.path().join("20261101T000001-b")).unwrap();
        let changed = Listing::of(folder.path(), "20261101T000002-b");
        assert_ne!(changed.digest_of_old, newer.digest_of_old);
    }
}
