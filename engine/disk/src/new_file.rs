//! A file that is written beside its place and takes its name when it is whole: no reader ever sees a part.

use crate::faults::{self, Op, Step, planted};
use crate::open::{create_new, give_mode, is_at, options};
use crate::{hard_link, remove_file, sync_folder, talk};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How the names of temporary files end.
const SUFFIX: &str = ".pype-tmp";

/// How often a temporary file is made anew that somebody took for a leftover before it was locked.
const TRIES: usize = 100;

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
