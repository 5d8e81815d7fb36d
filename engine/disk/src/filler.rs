//! A file whose bytes come from somebody else's writer (the query engine's): it writes, errors and failpoints are ours.

use crate::faults::{self, Op, Step};
use crate::folders::make_folders;
use crate::open::{by_umask, create_new, options};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that is opened with its first byte.
#[derive(Debug)]
pub struct Filler {
    path: PathBuf,
    is_new: bool,
    file: Option<File>,
    len: u64,
}

impl Filler {
    /// Fills a file that is there. One that has been removed meanwhile is not made again: whoever wanted it has given it up.
    pub fn of(path: &Path) -> Self {
        Self { path: path.to_path_buf(), is_new: false, file: None, len: 0 }
    }

    /// Makes the file, and folders that it needs, as anything that the user makes.
    pub fn new(path: &Path) -> Self {
        Self { is_new: true, ..Self::of(path) }
    }

    /// It has all its bytes; without any, it is there and empty.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn finish(&mut self) -> io::Result<()> {
        self.opened().map(drop)
    }

    fn opened(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            let file = if self.is_new {
                if let Some(folder) = self.path.parent() {
                    make_folders(folder, by_umask(0o777))?;
                }
                let make = || create_new(options().write(true), &self.path, by_umask(0o666));
                faults::perform(&Step::new(Op::Create, &self.path), make)?
            } else {
                options().write(true).truncate(true).open(&self.path)?
            };
            self.file = Some(file);
        }
        self.file.as_mut().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl Write for Filler {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.opened()?;
        let Self { path, file, len, .. } = self;
        let write = |bytes: &[u8]| match file {
            Some(file) => file.write(bytes),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        let written = faults::write(path, *len, bytes, write)?;
        *len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_filled_and_what_is_gone_stays_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        std::fs::write(&path, "longer than what comes").unwrap();
        let mut filler = Filler::of(&path);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "longer than what comes", "nothing before the first byte");
        filler.write_all(b"a,b\n").unwrap();
        filler.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a,b\n");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(Filler::of(&path).write_all(b"late").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!path.exists());
        let inner = folder.path().join("a=1/b=2/rows");
        Filler::new(&inner).finish().unwrap();
        assert_eq!(std::fs::read(&inner).unwrap(), b"");
        assert!(Filler::new(&inner).finish().is_err(), "another has the name");
    }
}
