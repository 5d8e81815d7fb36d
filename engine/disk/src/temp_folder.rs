//! A folder for the temporary files of one run: it goes with the run, and with the next run where this one was killed.

use crate::faults::{self, Op, Step};
use crate::folders::{make_folder, remove_tree};
use crate::lock::is_dead;
use crate::open::{create_new, is_at, options};
use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// How the names of such folders begin.
const PREFIX: &str = "pypeline_";

/// The file in such a folder whose lock its run holds.
const LOCK: &str = ".pype-run-lock";

/// How many names are tried.
const TRIES: u64 = 1000;

/// A folder that only its user may enter. It is removed when this is dropped.
#[derive(Debug)]
pub struct TempFolder {
    path: PathBuf,
    _lock: File,
}

impl TempFolder {
    /// Makes one in `parent`, which must be there.
    pub fn create(parent: &Path) -> io::Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
        for n in 0..TRIES {
            let path = parent.join(format!("{PREFIX}{:x}_{:x}", std::process::id(), now.wrapping_add(n)));
            match faults::perform(&Step::new(Op::Mkdir, &path).mode(0o700), || make_folder(&path, 0o700)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            }
            let lock = path.join(LOCK);
            match lock_in(&lock) {
                Ok(Some(lock)) => return Ok(Self { path, _lock: lock }),
                Ok(None) => {}
                Err(error) => {
                    let _ = remove_tree(&path);
                    return Err(error);
                }
            }
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it with all that is in it, though others still hold this.
    pub fn close(&self) -> io::Result<()> {
        remove_all(&self.path)
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // What cannot be removed now is a leftover for the next run.
        let _ = self.close();
    }
}

/// The lock of a folder; none if somebody has taken the folder for a leftover before it was locked.
fn lock_in(path: &Path) -> io::Result<Option<File>> {
    let make = || create_new(options().write(true), path, 0o600);
    let made = faults::perform(&Step::new(Op::Create, path), make).and_then(|lock| {
        // Whoever takes the folder for a leftover holds the lock until it is gone.
        lock.lock()?;
        Ok(is_at(&lock, path)?.then_some(lock))
    });
    match made {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        made => made,
    }
}

/// Removes what dead runs of this user left in `parent`: temporary folders whose lock nobody holds.
pub fn remove_leftovers(parent: &Path) {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let is_candidate = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with(PREFIX);
    for path in entries.filter(is_candidate).map(|entry| entry.path()) {
        let lock = path.join(LOCK);
        // Only an ordinary file of our own is opened: anybody may put anything else into a folder for temporary files.
        if !is_ours(&path, Metadata::is_dir) {
            continue;
        }
        if !is_ours(&lock, Metadata::is_file) {
            // Its maker died before it was locked; or is about to lock it, sees that it is gone, and makes another.
            if is_name(&path) {
                // It goes only if nothing is in it.
                let _ = std::fs::remove_dir(&path);
            }
            continue;
        }
        // The lock is held until the folder is gone: who has just made it waits for that, and makes another.
        if let Ok(lock) = options().open(&lock)
            && is_dead(&lock)
        {
            let _ = remove_all(&path);
        }
    }
}

/// The name is one that is made here.
fn is_name(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).and_then(|name| name.strip_prefix(PREFIX));
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.and_then(|name| name.split_once('_')).is_some_and(|(process, time)| is_hex(process) && is_hex(time))
}

fn is_ours(path: &Path, is_kind: fn(&Metadata) -> bool) -> bool {
    std::fs::symlink_metadata(path)
        .is_ok_and(|found| is_kind(&found) && found.uid() == rustix::process::getuid().as_raw())
}

/// The lock goes last: a folder without one would never be known as a leftover.
fn remove_all(folder: &Path) -> io::Result<()> {
    let mut ended = Ok(());
    for entry in std::fs::read_dir(folder)?.flatten().filter(|entry| entry.file_name() != OsStr::new(LOCK)) {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        ended = ended.and(if is_folder { remove_tree(&path) } else { crate::remove_file(&path) });
    }
    ended.and_then(|()| remove_tree(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_folder_is_private_and_goes_with_its_run() {
        let parent = tempfile::tempdir().unwrap();
        let (one, other) = (TempFolder::create(parent.path()).unwrap(), TempFolder::create(parent.path()).unwrap());
        assert_ne!(one.path(), other.path());
        assert_eq!(one.path().metadata().unwrap().permissions().mode() & 0o7777, 0o700);
        std::fs::create_dir(one.path().join("inner")).unwrap();
        std::fs::write(one.path().join("inner/rows"), "").unwrap();
        one.close().unwrap();
        assert!(!one.path().exists());
        drop((one, other));
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
        assert_eq!(TempFolder::create(&parent.path().join("nowhere")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn leftovers_of_dead_runs_go_and_the_rest_stays() {
        let parent = tempfile::tempdir().unwrap();
        let living = TempFolder::create(parent.path()).unwrap();
        let make = |name: &str, lock: bool| {
            let path = parent.path().join(name);
            std::fs::create_dir(&path).unwrap();
            std::fs::write(path.join("rows"), "").unwrap();
            if lock {
                std::fs::write(path.join(LOCK), "").unwrap();
            }
            path
        };
        let dead = make("pypeline_dead", true);
        let stays = [make("pypeline_foreign", false), make("other", true), make("pypeline_planted", false)];
        symlink(stays[1].join(LOCK), stays[2].join(LOCK)).unwrap();
        symlink(&stays[1], parent.path().join("pypeline_link")).unwrap();
        symlink(&stays[1], dead.join("link")).unwrap();
        let unlocked = ["pypeline_1f_a0", "pypeline_empty"].map(|name| parent.path().join(name));
        unlocked.iter().for_each(|path| std::fs::create_dir(path).unwrap());
        remove_leftovers(parent.path());
        assert_eq!(unlocked.map(|path| path.exists()), [false, true]);
        assert!(!dead.exists());
        for path in stays {
            assert!(path.join("rows").exists(), "{}", path.display());
        }
        assert!(living.path().exists());
    }
}
