//! What of the disk a run is writing: each target has one writer, and what dead or late writers leave goes.

use pypeline_disk::{by_umask, is_held, make_folders, remove_file, remove_leftover, remove_tree};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How the names of temporary files and folders end.
const SUFFIX: &str = ".pype-tmp";

/// What comes before that in the name of the file whose lock is that of a temporary folder.
pub(super) const LOCK: &str = ".lock";

/// Files and folders that are looked after at the end of a run, at most: the last ones, since a late writer is only so late.
const LOOKED_AFTER: usize = 256;

/// How late a writer may be.
const LATE: Duration = Duration::from_millis(20);

/// Targets of this run that are being written, with the node that writes each: two sinks of one file would undo each other.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct Claims(Arc<Mutex<Claimed>>);

#[derive(Debug, Default)]
struct Claimed {
    targets: BTreeMap<PathBuf, Holder>,
    /// Folders that this run has made on the way to a target.
    made: BTreeSet<PathBuf>,
    /// Per folder that was looked at: temporary files that were there before. Folders may be large: one look is enough.
    leftovers: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// What attempts that failed had staged: a writer of theirs that is late may make it again.
    removed: VecDeque<PathBuf>,
}

#[derive(Debug)]
struct Holder {
    node: String,
    is_folder: bool,
}

/// A target that nobody else in the run may write, until dropped.
#[derive(Debug)]
pub(super) struct Claim {
    claims: Claims,
    target: PathBuf,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.claimed().targets.remove(&self.target);
    }
}

impl Claims {
    /// The run has ended: what writers that were late have made again goes too.
    pub(in crate::run) fn sweep(&self) {
        let removed = std::mem::take(&mut self.claimed().removed);
        if !removed.is_empty() {
            std::thread::sleep(LATE);
            removed.iter().for_each(|path| discard(path));
        }
    }

    pub(super) fn look_after(&self, path: &Path) {
        let removed = &mut self.claimed().removed;
        if removed.len() >= LOOKED_AFTER {
            removed.pop_front();
        }
        removed.push_back(path.to_path_buf());
    }

    fn claimed(&self) -> MutexGuard<'_, Claimed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a target for a node; the node that has it already, if there is one. A folder is had with all that is in it.
    pub(super) fn take(&self, target: &Path, node: &str, is_folder: bool) -> Result<Claim, String> {
        let mut claimed = self.claimed();
        let meets = |(other, holder): &(&PathBuf, &Holder)| {
            *other == target
                || (holder.is_folder && target.starts_with(other))
                || (is_folder && other.starts_with(target))
        };
        // Looked up where only the very same path can meet: there may be many.
        let is_plain = !is_folder && !claimed.targets.values().any(|holder| holder.is_folder);
        let other = if is_plain {
            claimed.targets.get(target)
        } else {
            claimed.targets.iter().find(meets).map(|(_, holder)| holder)
        };
        if let Some(other) = other {
            return Err(other.node.clone());
        }
        claimed.targets.insert(target.to_path_buf(), Holder { node: node.to_owned(), is_folder });
        Ok(Claim { claims: self.clone(), target: target.to_path_buf() })
    }

    /// Makes the folder of an output; its true path.
    pub(super) fn make_folder(&self, folder: &Path) -> io::Result<PathBuf> {
        let missing: Vec<&Path> = folder.ancestors().take_while(|above| !above.exists()).collect();
        make_folders(folder, by_umask(0o777))?;
        let made = missing.iter().filter_map(|path| path.canonicalize().ok());
        self.claimed().made.extend(made);
        // Whatever way the path is written, the folder is one.
        folder.canonicalize()
    }

    /// The folders whose names have to be brought to disk for what is in `folder` to be found: it, and what holds those that this
    /// run has made.
    pub(super) fn folders_of(&self, folder: &Path) -> Vec<PathBuf> {
        let claimed = self.claimed();
        let made = folder.ancestors().take_while(|above| claimed.made.contains(*above)).filter_map(Path::parent);
        std::iter::once(folder).chain(made).map(Path::to_path_buf).collect()
    }

    /// Removes what killed runs left beside a target: temporary files and folders whose lock nobody holds.
    pub(super) fn remove_leftovers(&self, target: &Path) {
        let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else { return };
        let prefix = format!(".{}.", name.to_string_lossy());
        let mut claimed = self.claimed();
        let found = claimed.leftovers.entry(folder.to_path_buf()).or_insert_with(|| leftovers(folder));
        let is_of_target =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
        let (of_target, others): (Vec<PathBuf>, Vec<PathBuf>) =
            std::mem::take(found).into_iter().partition(is_of_target);
        *found = others;
        drop(claimed);
        for path in of_target {
            // What cannot be looked at or removed stays, and hurts nobody.
            let Ok(found) = std::fs::symlink_metadata(&path) else { continue };
            if found.is_file() {
                let _ = remove_leftover(&path);
            } else if found.is_dir() && !is_held(&lock_of(&path)) && super::folder::is_output(&path) {
                let _ = remove_tree(&path);
            }
        }
    }
}

/// Temporary files and folders in a folder.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_temporary = |entry: &std::fs::DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with('.') && name.ends_with(SUFFIX)
    };
    let mut found: Vec<PathBuf> = entries.filter(is_temporary).map(|entry| entry.path()).collect();
    // Where only a lock is left, nobody would know its folder: folders go first.
    found.sort_by_key(|path| path.as_os_str().to_string_lossy().ends_with(&format!("{LOCK}{SUFFIX}")));
    found
}

/// The file whose lock is a temporary folder's.
fn lock_of(folder: &Path) -> PathBuf {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    folder.with_file_name(format!("{}{LOCK}{SUFFIX}", name.strip_suffix(SUFFIX).unwrap_or(&name)))
}

/// The temporary folder whose lock is this file's.
pub(super) fn folder_of(lock: &Path) -> PathBuf {
    let name = lock.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.strip_suffix(SUFFIX).and_then(|name| name.strip_suffix(LOCK)).unwrap_or(&name);
    lock.with_file_name(format!("{stem}{SUFFIX}"))
}

/// Removes what is staged at a path, if anything is.
pub(in crate::run::execution) fn discard(path: &Path) {
    // As a rule it is not there; what cannot be removed is a leftover.
    let _ = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => remove_tree(path),
        Ok(_) => remove_file(path),
        Err(_) => Ok(()),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_claimed_with_all_in_it() {
        let claims = Claims::default();
        let take = |path: &str, is_folder| claims.take(Path::new(path), path, is_folder);
        let folder = take("/out", true).unwrap();
        assert_eq!(take("/out/x=1/a.csv", false).unwrap_err(), "/out");
        assert_eq!(take("/out", false).unwrap_err(), "/out");
        let beside = take("/outer.csv", false).unwrap();
        drop(folder);
        let inside = take("/out/x=1/a.csv", false).unwrap();
        assert_eq!(take("/out", true).unwrap_err(), "/out/x=1/a.csv");
        drop((beside, inside));
        take("/out", true).unwrap();
    }

    #[test]
    fn folders_that_were_made_are_found_after_a_power_loss_too() {
        let root = tempfile::tempdir().unwrap();
        let claims = Claims::default();
        let there = root.path().canonicalize().unwrap();
        let made = claims.make_folder(&there.join("a/b")).unwrap();
        assert_eq!(claims.folders_of(&made), [there.join("a/b"), there.join("a"), there.clone()]);
        assert_eq!(claims.folders_of(&there), [there]);
    }

    #[test]
    fn names_of_locks_and_their_folders_lead_to_each_other() {
        let folder = Path::new("/x/.out.run-1.pype-tmp");
        assert_eq!(lock_of(folder), Path::new("/x/.out.run-1.lock.pype-tmp"));
        assert_eq!(folder_of(&lock_of(folder)), folder);
    }
}
