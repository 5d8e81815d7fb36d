//! What Polars writes files with. Its own writer of text loses the error of the last chunk that it has handed over, so that a disk
//! which is full just then would leave a file cut off and a run that has succeeded; this one passes every error on.

use polars::io::utils::file::{Writable, WritableTrait};
use pypeline_disk::Filler;
use std::io::{Error, ErrorKind, Result, Write};
use std::path::{Path, PathBuf};

/// How an error of a file begins; its name and a backtick follow.
pub(crate) const CANNOT_WRITE: &str = "cannot write `";

/// A file, to Polars.
struct Ours {
    file: Filler,
    path: PathBuf,
}

/// An error of a file, which says which.
pub(crate) fn named(path: &Path, error: &Error) -> Error {
    Error::new(error.kind(), format!("{CANNOT_WRITE}{}`: {error}", path.display()))
}

/// The writer of a file.
pub(crate) fn writer(file: Filler, path: &Path) -> Writable {
    Writable::Dyn(Box::new(Ours { file, path: path.to_path_buf() }))
}

impl Write for Ours {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match self.file.write(bytes) {
            // It is tried again.
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            written => written.map_err(|error| named(&self.path, &error)),
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(|error| named(&self.path, &error))
    }
}

impl WritableTrait for Ours {
    fn close(&mut self) -> Result<()> {
        self.file.finish().map_err(|error| named(&self.path, &error))
    }

    // Syncing is the engine's, once the file is whole.
    fn sync_all(&self) -> Result<()> {
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        Ok(())
    }
}
