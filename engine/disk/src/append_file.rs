//! A file to which records are added; synced from wherever it suits, while others are added.

use crate::faults::{self, Op, Step, planted};
use crate::open::{create_new, options};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file to which records are added.
#[derive(Debug)]
pub struct AppendFile {
    path: PathBuf,
    file: File,
    len: u64,
}

/// Brings to disk what has been added to a file, from any thread.
#[derive(Debug)]
pub struct Syncer {
    path: PathBuf,
    file: File,
}

impl AppendFile {
    /// Makes the file with `mode` whatever the umask; fails if anything has the name.
    pub fn create(path: &Path, mode: u32) -> io::Result<Self> {
        let make = || create_new(options().append(true), path, mode);
        let file = faults::perform(&Step::new(Op::Create, path), make)?;
        Ok(Self { path: path.to_path_buf(), file, len: 0 })
    }

    /// Opens one that is there, and is no link.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = options().append(true).open(path)?;
        let len = file.metadata()?.len();
        Ok(Self { path: path.to_path_buf(), file, len })
    }

    /// A handle that syncs.
    pub fn syncer(&self) -> io::Result<Syncer> {
        Ok(Syncer { path: self.path.clone(), file: self.file.try_clone()? })
    }

    /// Cuts it off after `len` bytes.
    pub fn truncate(&mut self, len: u64) -> io::Result<()> {
        faults::perform(&Step::new(Op::Truncate, &self.path).len(len), || self.file.set_len(len))?;
        self.len = len;
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

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for AppendFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { path, file, len } = self;
        let written = faults::write(path, *len, bytes, |bytes| file.write(bytes))?;
        *len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Syncer {
    /// Brings to disk what had been added when it was called.
    pub fn sync(&self) -> io::Result<()> {
        if planted("no-journal-sync") {
            return Ok(());
        }
        faults::sync(&Step::new(Op::Sync, &self.path), || self.file.sync_data())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn records_are_added_where_the_file_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records");
        let mut file = AppendFile::create(&path, 0o600).unwrap();
        file.write_all(b"one\ntwo\n").unwrap();
        file.truncate(4).unwrap();
        file.write_all(b"three\n").unwrap();
        let syncer = file.syncer().unwrap();
        std::thread::spawn(move || syncer.sync()).join().unwrap().unwrap();
        drop(file);
        let mut file = AppendFile::open(&path).unwrap();
        file.write_all(b"four\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\nthree\nfour\n");
        assert_eq!((file.len().unwrap(), file.path()), (15, &*path));
    }

    #[test]
    fn names_that_are_taken_or_lead_elsewhere_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, victim) = (folder.path().join("records"), folder.path().join("victim"));
        assert_eq!(AppendFile::open(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::fs::write(&victim, "safe").unwrap();
        assert_eq!(AppendFile::create(&victim, 0o600).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        symlink(&victim, &path).unwrap();
        assert!(AppendFile::open(&path).is_err());
        assert!(AppendFile::create(&path, 0o600).is_err());
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "safe");
    }
}
