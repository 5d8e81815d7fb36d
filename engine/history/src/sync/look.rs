//! A look at one job's records: what is new is read, what has moved here is taken over, what is gone is marked.

use super::verdict::{Examined, examine, keep};
use super::{Round, moved};
use crate::model::JobRef;
use crate::store::jobs::Scan;
use crate::store::{Outcome, bulk, jobs, read, write};
use crate::time;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Records that are written in one transaction.
const BLOCK: usize = 100;

/// Seconds after a change within which a folder may change again without a later time.
const SETTLING: f64 = 2.0;

/// Looks at one job's records; `scan` is what was seen of them the last time.
pub(super) fn look(round: &mut Round<'_>, job: &JobRef, scan: Option<&Scan>) -> Outcome<()> {
    let path = job.folder.join("runs");
    let mtime = match std::fs::metadata(&path).and_then(|found| found.modified()) {
        Ok(mtime) => mtime.duration_since(std::time::UNIX_EPOCH).map_or(Scan::UNSETTLED, |at| at.as_nanos() as i64),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Scan::GONE,
        Err(error) => {
            round.synced.warnings.push(format!("`{}` cannot be read: {error}", path.display()));
            return Ok(());
        }
    };
    let (anew, now) = (round.anew, round.now);
    // A folder that was never here may well be there on the machine that has it.
    let was_never_here = mtime == Scan::GONE && scan.is_none() && !round.history.is_local;
    let is_as_it_was = !anew && scan.is_some_and(|scan| scan.mtime == mtime && mtime != Scan::UNSETTLED);
    if was_never_here || is_as_it_was || round.dropped.contains(&job.key) {
        return Ok(());
    }
    let names = names(&path);
    let (watermark, digest_before) = scan.map_or(("", 0), |scan| (scan.watermark.as_str(), scan.digest));
    let old = names.partition_point(|name| name.as_str() <= watermark);
    let (old_names, new_names) = names.split_at(old);
    // Where nothing old has changed, only what is new is asked for.
    let is_old_as_it_was = scan.is_some() && digest(old_names) == digest_before && !anew;
    let (after, names_after) = if is_old_as_it_was { (watermark, new_names) } else { ("", names.as_slice()) };
    let store = &mut *round.history.store;
    let known = if job.key == 0 { Vec::new() } else { read::listed(store, job.key, after)? };
    let known_names: BTreeMap<&str, bool> = known.iter().map(|run| (run.run_id.as_str(), run.has_record)).collect();
    let there: BTreeSet<&str> = names_after.iter().map(String::as_str).collect();
    let missing = there.iter().copied().filter(|name| anew || !known_names.contains_key(name));
    let mut missing: Vec<&str> = missing.collect();
    let gone = known.iter().filter(|run| run.has_record && !there.contains(run.run_id.as_str()));
    let gone = gone.filter(|run| round.is_ours(run.host.as_deref()));
    let mut gone: Vec<&str> = gone.map(|run| run.run_id.as_str()).collect();
    let back: Vec<&str> =
        known_names.iter().filter(|(name, has)| !**has && there.contains(*name)).map(|(name, _)| *name).collect();
    let here = moved::here(round, job, &missing)?;
    // What the index has of a run stays as it is, wherever its record has gone.
    missing.retain(|name| anew || !here.contains(*name));
    let away = moved::away(round, job, &gone)?;
    gone.retain(|name| !away.contains(*name));
    if round.dropped.contains(&job.key) {
        return Ok(());
    }
    let is_settled = mtime == Scan::GONE || now - (mtime as f64) / 1e9 > SETTLING;
    let seen = Scan {
        mtime: if is_settled { mtime } else { Scan::UNSETTLED },
        watermark: names.last().cloned().unwrap_or_default(),
        digest: digest(&names),
    };
    let has_changed = scan != Some(&seen) || !missing.is_empty() || !gone.is_empty() || !back.is_empty();
    if !has_changed || (job.key == 0 && missing.is_empty() && here.is_empty()) {
        return Ok(());
    }
    let (host, seer) = (round.history.host.clone(), round.seer());
    for block in missing.chunks(BLOCK) {
        let warnings = &mut round.synced.warnings;
        let examined: Vec<Examined> = block.iter().map(|run_id| examine(job, run_id, None, warnings)).collect();
        bulk(&mut *round.history.store, |store| {
            let key = jobs::ensure(store, &job.name, &job.folder, &job.project)?;
            examined.into_iter().try_for_each(|examined| keep(store, key, examined, &host))
        })?;
    }
    bulk(&mut *round.history.store, |store| {
        let key = jobs::ensure(store, &job.name, &job.folder, &job.project)?;
        for (names, has_record) in [(&gone, false), (&back, true)] {
            names.iter().try_for_each(|run_id| write::set_record(store, key, run_id, has_record))?;
        }
        jobs::set_scan(store, key, &seer, &seen)
    })?;
    round.synced.jobs += 1;
    round.synced.indexed += missing.len();
    round.synced.gone += gone.len();
    Ok(())
}

/// The names of records, sorted. What is no run's id is none of ours.
fn names(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| time::is_run_id(name)).collect();
    names.sort_unstable();
    names
}

/// A number made of names, whatever their order: FNV-1a of each, stirred, and all added up.
fn digest(names: &[String]) -> i64 {
    let one = |name: &String| {
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        (hash ^ (hash >> 33)).cast_signed()
    };
    names.iter().map(one).fold(0, i64::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_knows_names_and_no_order() {
        let of = |names: &[&str]| digest(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["a", "b"]), of(&["b", "a"]));
        assert_ne!(of(&["a", "b"]), of(&["a", "c"]));
        assert_ne!(of(&["a"]), of(&[]));
    }
}
