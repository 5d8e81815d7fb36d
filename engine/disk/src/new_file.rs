//! A file that is written beside its place and takes its name when it is whole: no reader ever sees a part.

use crate::faults::{self, Op, Step, planted};
use crate::open::{SUFFIX, create_new, give_mode, is_at, options};
use crate::{hard_link, remove_file, sync_folder, talk};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How often a temporary file is made anew that somebody took for a leftover before it was locked.
const TRIES: usize = 10_000;

/// Bytes between two looks at whether a copy is to go on.
const COPIED_AT_ONCE: u64 = 64 << 20;

/// What happens to a file that has the name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publish {
    /// It is replaced.
    Replace,
    /// It stays, and publishing fails with `AlreadyExists`.
    New,
}

/// A file that is written beside its place and takes its name when it is whole. Dropped before, it goes.
#[derive(Debug)]
pub struct NewFile {
    path: PathBuf,
    file: File,
    /// Whoever opens the file finds it locked as long as its writer lives, also where others have put another in its place.
    _lock: Option<File>,
    /// Where the next bytes go.
    position: u64,
    /// What is in the file did not come through here.
    is_foreign: bool,
    is_published: bool,
}

impl NewFile {
    /// Makes `.{name}.{tag}.pype-tmp` in the target's folder, locked, with `mode` whatever the umask. Fails if it is there: `tag` is
    /// to be unique among those that write the target.
    pub fn beside(target: &Path, tag: &str, mode: u32) -> io::Result<Self> {
        let Some(name) = target.file_name() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
        };
        let tag = if planted("one-temporary-name") { "one" } else { tag };
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{tag}{SUFFIX}"));
        let path = target.with_file_name(temporary);
        let file = create_locked(&path, mode)?;
        Ok(Self { path, file, _lock: None, position: 0, is_foreign: false, is_published: false })
    }

    /// Where the temporary file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file: to read it, or to look at its metadata.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives it these permissions, whatever the umask.
    pub fn set_mode(&self, mode: u32) -> io::Result<()> {
        faults::perform(&Step::new(Op::SetMode, &self.path).mode(mode), || give_mode(&self.file, mode))
    }

    /// Empties it, to begin anew.
    pub fn rewind(&mut self) -> io::Result<()> {
        faults::perform(&Step::new(Op::Truncate, &self.path).len(0), || self.file.set_len(0))?;
        self.position = self.file.seek(SeekFrom::Start(0))?;
        self.is_foreign = false;
        Ok(())
    }

    /// Adds the next `length` bytes of another file: the system copies or shares them by itself where it can.
    pub fn copy_from(&mut self, from: &mut File, length: u64) -> io::Result<()> {
        let end = from.stream_position()? + length;
        loop {
            let left = end.saturating_sub(from.stream_position()?);
            if left == 0 {
                break;
            }
            let Self { path, file, .. } = self;
            let copied = faults::copy(path, left.min(COPIED_AT_ONCE), |length| {
                // What was copied before an interruption is not copied again.
                let left = end.saturating_sub(from.stream_position()?);
                io::copy(&mut (&mut *from).take(left.min(length)), file)
            })?;
            if copied == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
        }
        self.position = self.file.stream_position()?;
        Ok(())
    }

    /// Somebody else has written to `path()` by itself: what is there is the content from now on, whatever file it is by now.
    pub fn written_by_others(&mut self) -> io::Result<()> {
        if !is_at(&self.file, &self.path)? {
            let file = options().write(true).open(&self.path)?;
            file.lock()?;
            self._lock = Some(std::mem::replace(&mut self.file, file));
        }
        self.position = self.file.seek(SeekFrom::End(0))?;
        self.is_foreign = true;
        Ok(())
    }

    /// Brings the content to disk.
    pub fn sync(&self) -> io::Result<()> {
        self.show_content()?;
        if planted("no-file-sync") {
            return Ok(());
        }
        faults::sync(&Step::new(Op::Sync, &self.path), || self.file.sync_all())
    }

    /// Gives the file its name. What has not been synced may be lost behind the name when the machine fails, and the name itself as
    /// long as its folder has not been synced.
    pub fn publish(&mut self, target: &Path, how: Publish) -> io::Result<()> {
        self.show_content()?;
        if planted("rename-without-content") {
            return self.write_in_place(target);
        }
        match how {
            Publish::Replace => crate::rename(&self.path, target)?,
            Publish::New => self.rename_to_new(target)?,
        }
        self.is_published = true;
        Ok(())
    }

    /// Bytes in it.
    pub fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Nothing is in it.
    pub fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    fn rename_to_new(&mut self, target: &Path) -> io::Result<()> {
        let renamed = faults::perform(&Step::new(Op::Rename, &self.path).to(target), || {
            match renameat_with(CWD, &self.path, CWD, target, RenameFlags::NOREPLACE) {
                // Asked for below, in the way of file systems that do not know the flag.
                Err(Errno::INVAL | Errno::NOSYS) => Ok(false),
                renamed => renamed.map(|()| true).map_err(io::Error::from),
            }
        })?;
        if !renamed {
            hard_link(&self.path, target)?;
            // The file has its name; a second one that stays is a leftover.
            let _ = remove_file(&self.path);
        }
        Ok(())
    }

    fn show_content(&self) -> io::Result<()> {
        if self.is_foreign { faults::content(&self.path) } else { Ok(()) }
    }

    /// The planted bug: what every program does that knows no better.
    fn write_in_place(&mut self, target: &Path) -> io::Result<()> {
        let mut content = Vec::new();
        File::open(&self.path)?.read_to_end(&mut content)?;
        let mut file = faults::perform(&Step::new(Op::Create, target), || File::create(target))?;
        faults::write(target, 0, &content, |bytes| file.write_all(bytes).map(|()| bytes.len()))?;
        Ok(())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { path, file, position, .. } = self;
        let written = faults::write(path, *position, bytes, |bytes| file.write(bytes))?;
        *position += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_published {
            // One that cannot be removed is a leftover.
            let _ = remove_file(&self.path);
        }
    }
}

/// A file of ours that nobody can take for a leftover any more.
fn create_locked(path: &Path, mode: u32) -> io::Result<File> {
    for _ in 0..TRIES {
        let make = || match planted("one-temporary-name") {
            true => talk::create(path, mode),
            false => create_new(options().write(true), path, mode),
        };
        let file = faults::perform(&Step::new(Op::Create, path), make)?;
        if planted("one-temporary-name") {
            return Ok(file);
        }
        // Whoever takes it for a leftover holds the lock until it is gone.
        if let Err(error) = file.lock() {
            let _ = remove_file(path);
            return Err(error);
        }
        if is_at(&file, path)? {
            return Ok(file);
        }
    }
    Err(io::Error::other("temporary files are removed as fast as they are made"))
}

/// Writes a file beside its place with `mode`, and gives it its name; brought to disk with the name if `is_synced`.
pub fn replace(target: &Path, bytes: &[u8], mode: u32, is_synced: bool) -> io::Result<()> {
    let mut file = NewFile::beside(target, &unique(), mode)?;
    file.write_all(bytes)?;
    if is_synced {
        file.sync()?;
    }
    file.publish(target, Publish::Replace)?;
    match target.parent() {
        Some(folder) if is_synced => sync_folder(folder),
        _ => Ok(()),
    }
}

/// A tag that no other writer has.
fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{is_held, remove_leftover};
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_takes_its_name_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out.csv");
        std::fs::write(&target, "old").unwrap();
        let mut file = NewFile::beside(&target, "load-3", 0o640).unwrap();
        assert_eq!(file.path(), folder.path().join(".out.csv.load-3.pype-tmp"));
        file.write_all(b"rows of an attempt that failed").unwrap();
        file.rewind().unwrap();
        assert!(file.is_empty().unwrap());
        file.write_all(b"new").unwrap();
        file.sync().unwrap();
        assert_eq!((file.len().unwrap(), std::fs::read_to_string(&target).unwrap()), (3, "old".to_owned()));
        file.set_mode(0o604).unwrap();
        file.publish(&target, Publish::Replace).unwrap();
        drop(file);
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "new");
        assert_eq!(target.metadata().unwrap().permissions().mode() & 0o777, 0o604);
        assert_eq!(names(folder.path()), ["out.csv"]);
    }

    #[test]
    fn one_that_is_not_published_goes() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let mut file = NewFile::beside(&target, "1", 0o600).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn what_is_there_already_stays_where_a_new_file_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let publish = |tag: &str| {
            let mut file = NewFile::beside(&target, tag, 0o600).unwrap();
            file.write_all(tag.as_bytes()).unwrap();
            file.publish(&target, Publish::New)
        };
        publish("first").unwrap();
        assert_eq!(publish("second").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "first");
        assert_eq!(names(folder.path()), ["out"]);
        // A link counts, wherever it leads.
        std::fs::remove_file(&target).unwrap();
        symlink("nowhere", &target).unwrap();
        assert_eq!(publish("third").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(target.is_symlink());
    }

    #[test]
    fn planted_names_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (target, victim) = (folder.path().join("out"), folder.path().join("victim"));
        std::fs::write(&victim, "safe").unwrap();
        symlink(&victim, folder.path().join(".out.1.pype-tmp")).unwrap();
        assert_eq!(NewFile::beside(&target, "1", 0o600).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        symlink("nowhere", folder.path().join(".out.2.pype-tmp")).unwrap();
        assert_eq!(NewFile::beside(&target, "2", 0o600).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        // The same tag twice is a mistake that does not go unseen.
        let _first = NewFile::beside(&target, "3", 0o600).unwrap();
        assert_eq!(NewFile::beside(&target, "3", 0o600).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "safe");
        assert_eq!(NewFile::beside(Path::new("/"), "1", 0o600).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_link_at_the_target_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, victim) = (folder.path().join("out"), folder.path().join("victim"));
        std::fs::write(&victim, "safe").unwrap();
        symlink(&victim, &target).unwrap();
        replace(&target, b"new", 0o600, true).unwrap();
        assert!(!target.is_symlink());
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "safe");
    }

    #[test]
    fn a_file_that_others_have_put_in_its_place_is_the_one_that_is_published() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let mut file = NewFile::beside(&target, "1", 0o600).unwrap();
        std::fs::write(folder.path().join("other"), "of others").unwrap();
        std::fs::rename(folder.path().join("other"), file.path()).unwrap();
        file.written_by_others().unwrap();
        assert!(is_held(file.path()), "it is no leftover");
        file.write_all(b", and more").unwrap();
        file.sync().unwrap();
        file.publish(&target, Publish::Replace).unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "of others, and more");
    }

    #[test]
    fn leftovers_of_the_dead_go_and_those_of_the_living_stay() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let living = NewFile::beside(&target, "living", 0o600).unwrap();
        let dead = folder.path().join(".out.dead.pype-tmp");
        std::fs::write(&dead, "half").unwrap();
        assert!(is_held(living.path()) && !is_held(&dead));
        assert!(!remove_leftover(living.path()).unwrap());
        assert!(remove_leftover(&dead).unwrap());
        // Nothing but a file of that name is removed.
        symlink(&target, &dead).unwrap();
        assert!(remove_leftover(&dead).is_err());
        std::fs::remove_file(&dead).unwrap();
        std::fs::create_dir(&dead).unwrap();
        assert!(!remove_leftover(&dead).unwrap());
        assert_eq!(names(folder.path()), [".out.dead.pype-tmp", ".out.living.pype-tmp"]);
    }

    /// Makers and removers of the same names: no maker loses its file, and none meets another's.
    #[test]
    fn nobody_loses_a_file_to_those_who_clean_up() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let path = folder.path().join(".out.1.pype-tmp");
        std::thread::scope(|scope| {
            let maker = scope.spawn(|| {
                for _ in 0..1000 {
                    NewFile::beside(&target, "1", 0o600).unwrap().publish(&target, Publish::Replace).unwrap();
                }
            });
            // With pauses of many lengths: whoever only removes, without end, can win every time.
            for pause in (0..64).cycle() {
                if maker.is_finished() {
                    break;
                }
                let _ = remove_leftover(&path);
                (0..pause * 16).for_each(|_| std::hint::spin_loop());
            }
        });
    }
}
