//! The journal as it is written: whole lines, each handed to the system at once.

use super::Broken;
use pypeline_disk::AppendFile;
use std::io::Write;

/// The file, and whether it can still be written.
#[derive(Debug)]
pub(super) struct Journal {
    file: AppendFile,
    length: u64,
    broken: Option<Broken>,
}

impl Journal {
    /// A journal that holds so many bytes.
    pub(super) fn new(file: AppendFile, length: u64) -> Self {
        Self { file, length, broken: None }
    }

    /// Adds a line. One that cannot be written whole is taken off again: behind it, the next would be lost too.
    pub(super) fn add(&mut self, line: &[u8]) -> Result<(), Broken> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        match self.file.write_all(line) {
            Ok(()) => {
                self.length += line.len() as u64;
                Ok(())
            }
            Err(error) => {
                let broken = Broken::new(self.file.path(), &error);
                if self.file.truncate(self.length).is_err() {
                    self.broken = Some(broken.clone());
                }
                Err(broken)
            }
        }
    }
}
