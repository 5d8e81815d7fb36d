//! Failpoints: before each operation of this crate a test may have the process killed, or the disk fail. They are in every
//! build, since only what users get proves anything about what users get; off, they cost one relaxed load.

use std::io;
use std::path::Path;

/// The kinds of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// A file is made.
    Create,
    /// Bytes are written to a file.
    Write,
    /// A file is brought to disk.
    Sync,
    /// A file or folder gets another name.
    Rename,
    /// Two names change places.
    Exchange,
    /// A file gets a second name.
    Link,
    /// A folder's names are brought to disk.
    SyncFolder,
    /// A whole file system is brought to disk.
    SyncFileSystem,
    /// A file goes.
    RemoveFile,
    /// A folder goes with all in it.
    RemoveTree,
    /// A folder is made.
    Mkdir,
    /// A file is cut off.
    Truncate,
    /// A lock is taken.
    Lock,
    /// Permissions change.
    SetMode,
}

/// One operation.
pub(crate) struct Step<'a> {
    op: Op,
    path: &'a Path,
    to: Option<&'a Path>,
    len: Option<u64>,
    mode: Option<u32>,
}

impl<'a> Step<'a> {
    pub(crate) fn new(op: Op, path: &'a Path) -> Self {
        Self { op, path, to: None, len: None, mode: None }
    }

    pub(crate) fn to(self, to: &'a Path) -> Self {
        Self { to: Some(to), ..self }
    }

    pub(crate) fn len(self, len: u64) -> Self {
        Self { len: Some(len), ..self }
    }

    pub(crate) fn mode(self, mode: u32) -> Self {
        Self { mode: Some(mode), ..self }
    }
}

/// Reads the orders from the environment; `main` calls it once, before anything is written. A text that is no order is an error.
pub fn arm_from_env() -> Result<(), String> {
    Ok(())
}

/// A point of the program's logic, which orders may name.
pub fn mark(text: impl FnOnce() -> String) {
    let _ = text;
}

/// A bug planted on purpose is asked for, so that the tests can prove that they see it.
#[cfg(not(feature = "planted-bugs"))]
#[inline(always)]
pub const fn planted(_name: &str) -> bool {
    false
}

/// A bug planted on purpose is asked for, so that the tests can prove that they see it.
#[cfg(feature = "planted-bugs")]
pub fn planted(name: &str) -> bool {
    static PLANTED: std::sync::OnceLock<Option<std::ffi::OsString>> = std::sync::OnceLock::new();
    PLANTED.get_or_init(|| std::env::var_os("PYPE_PLANTED")).as_deref().is_some_and(|planted| planted == name)
}

/// Performs an operation; one that a signal interrupts is begun again.
pub(crate) fn perform<T>(step: &Step<'_>, mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let _ = (step.op, step.path, step.to, step.len, step.mode);
    again(&mut work)
}

/// Performs one that brings something to disk.
pub(crate) fn sync(step: &Step<'_>, work: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let synced = perform(step, work);
    if planted("sync-error-ignored") { Ok(()) } else { synced }
}

/// Writes some of the bytes: `write_all` of the standard library copes with short writes and interruptions.
pub(crate) fn write(
    _path: &Path,
    _offset: u64,
    bytes: &[u8],
    work: &mut dyn FnMut(&[u8]) -> io::Result<usize>,
) -> io::Result<usize> {
    let written = work(bytes);
    if planted("write-error-ignored") { written.or(Ok(bytes.len())) } else { written }
}

/// Shows in the trace what others have written to a file.
pub(crate) fn content(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn again<T>(work: &mut impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match work() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
