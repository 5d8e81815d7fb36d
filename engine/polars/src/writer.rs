//! What Polars writes files with. Its own writer of text loses the error of the last chunk that it has handed over, so that a disk
//! which is full just then would leave a file cut off and a run that has succeeded; this one passes every error on.

use polars::io::utils::file::{Writable, WritableTrait};
use pypeline_disk::Filler;
use std::io::{Result, Write};

/// A file, to Polars.
struct Ours(Filler);

/// The writer of a file.
pub(crate) fn writer(file: Filler) -> Writable {
    Writable::Dyn(Box::new(Ours(file)))
}

impl Write for Ours {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }
}

impl WritableTrait for Ours {
    fn close(&mut self) -> Result<()> {
        self.0.finish()
    }

    // Syncing is the engine's, once the file is whole.
    fn sync_all(&self) -> Result<()> {
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        Ok(())
    }
}
