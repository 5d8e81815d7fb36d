//! Locks that the system lets go when their holder dies, however it dies; and who holds them.

use crate::faults::{self, Op, Step, planted};
use crate::open::{SUFFIX, is_at, open_or_create, options};
use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(2);

/// Bytes that are read of what a holder says.
const LARGEST: u64 = 4096;

/// A file's lock, held until dropped.
#[derive(Debug)]
pub struct Lock(File);

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// Somebody else holds it, and has left this text in the file.
    #[error("the lock is held: {0}")]
    Held(String),
    /// The file cannot be opened or locked.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Lock {
    /// Takes the lock of the file at `path`, which is made (0600) if it is not there and may be no link; tries again until `patience` is over.
    pub fn take(path: &Path, patience: Duration) -> Result<Self, NotTaken> {
        let begun = Instant::now();
        let open = || open_or_create(options().write(true), path, 0o600);
        let mut file = faults::perform(&Step::new(Op::Lock, path), open)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file").into());
        }
        if planted("lock-by-pid") {
            return Ok(Self(file));
        }
        loop {
            match file.try_lock() {
                Ok(()) if is_at(&file, path)? => return Ok(Self(file)),
                // It was removed meanwhile, and holding it would mean nothing.
                Ok(()) => file = open()?,
                Err(TryLockError::Error(error)) => return Err(error.into()),
                Err(TryLockError::WouldBlock) if begun.elapsed() < patience => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(NotTaken::Held(text(&mut file).unwrap_or_default())),
            }
        }
    }

    /// The open file.
    pub fn file(&mut self) -> &mut File {
        &mut self.0
    }

    /// What is in the file: what its last holder has left, or this one.
    pub fn text(&mut self) -> io::Result<String> {
        text(&mut self.0)
    }

    /// Leaves a text for those who ask. It is a courtesy, and no more durable than the lock.
    pub fn tell(&mut self, text: &str) -> io::Result<()> {
        self.0.set_len(0)?;
        self.0.rewind()?;
        self.0.write_all(text.as_bytes())
    }
}

fn text(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Somebody holds the lock of this file. One that cannot be opened is held by nobody.
pub fn is_held(path: &Path) -> bool {
    // Shared: two that ask do not see each other.
    let is_held = |file: File| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    !planted("remove-living") && options().open(path).is_ok_and(is_held)
}

/// Removes a file whose writer is dead: nobody holds its lock. Says whether it did.
pub fn remove_leftover(path: &Path) -> io::Result<bool> {
    let file = options().open(path)?;
    // Its lock is held until it is gone: who has just made it waits for that, and makes another.
    let is_leftover = file.metadata()?.is_file() && is_dead(&file) && is_at(&file, path)?;
    if is_leftover {
        crate::remove_file(path)?;
    }
    Ok(is_leftover)
}

/// Removes from a folder the temporary files of writers that are dead.
pub fn sweep(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| is_temporary(&entry.file_name().to_string_lossy())) {
        // One that cannot be opened or removed stays, and hurts nobody.
        let _ = remove_leftover(&entry.path());
    }
}

/// The name is one that a [`NewFile`](crate::NewFile) goes by until it has its own.
fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(SUFFIX)
}

/// Takes the lock of what may be a leftover; held until the file is dropped.
pub(crate) fn is_dead(file: &File) -> bool {
    (file.try_lock().is_ok() || planted("remove-living")) && !planted("keep-temporaries")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_lock_has_one_holder_and_says_which() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert!(!is_held(&path));
        let mut lock = Lock::take(&path, Duration::ZERO).unwrap();
        lock.tell("a longer text than the next").unwrap();
        lock.tell("the first").unwrap();
        assert!(is_held(&path));
        let taken = Lock::take(&path, Duration::from_millis(5));
        assert!(matches!(taken, Err(NotTaken::Held(text)) if text == "the first"));
        drop(lock);
        assert!(!is_held(&path));
        let mut lock = Lock::take(&path, Duration::ZERO).unwrap();
        assert_eq!(lock.text().unwrap(), "the first");
        assert_eq!(lock.file().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn patience_waits_for_a_holder_that_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = Lock::take(&path, Duration::ZERO).unwrap();
        std::thread::scope(|scope| {
            let taken = scope.spawn(|| Lock::take(&path, Duration::from_secs(60)));
            drop(held);
            taken.join().unwrap().unwrap();
        });
    }

    #[test]
    fn the_lock_of_a_file_that_was_removed_holds_nobody_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let _old = Lock::take(&path, Duration::ZERO).unwrap();
        std::fs::remove_file(&path).unwrap();
        let _new = Lock::take(&path, Duration::ZERO).unwrap();
        assert!(is_held(&path));
    }

    #[test]
    fn what_is_no_file_of_ours_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, victim) = (folder.path().join("lock"), folder.path().join("victim"));
        std::fs::write(&victim, "safe").unwrap();
        for to in [&victim, &folder.path().join("nowhere")] {
            symlink(to, &path).unwrap();
            assert!(matches!(Lock::take(&path, Duration::ZERO), Err(NotTaken::Io(_))));
            assert!(!is_held(&path));
            std::fs::remove_file(&path).unwrap();
        }
        std::fs::create_dir(&path).unwrap();
        assert!(matches!(Lock::take(&path, Duration::ZERO), Err(NotTaken::Io(_))));
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "safe");
    }
}
