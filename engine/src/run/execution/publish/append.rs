//! Adding to a file so that it may be done again: what an attempt meant to write tells whether it has been written already.

use pypeline_disk::NewFile;
use serde::{Deserialize, Serialize};
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What a target is once rows have been added to it: kept before it takes its name, so that who does the same again after a kill
/// can tell that it has been done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::run) struct Intent {
    /// The file, by its one true path.
    pub target: PathBuf,
    /// Bytes of the file before, which the new one begins with; 0 where there was none.
    pub base: u64,
    /// Number of the new file.
    pub inode: u64,
    /// Bytes of the new file.
    pub length: u64,
}

impl Intent {
    /// The file that is there is the one that was meant: its name was given before whoever meant it could say so.
    fn is_done(&self, target: &Path, found: &Metadata) -> bool {
        self.target == target && self.inode == found.ino() && self.length == found.len() && self.base <= self.length
    }
}

/// Rows that are to follow those of a file.
#[derive(Debug)]
pub(super) struct Append {
    attempt: String,
    tag_of_rows: String,
    earlier: Vec<Intent>,
    /// Bytes of the file that count as what was there before, as it was when the attempt began.
    base: u64,
    /// Known once the rows are there.
    pub intent: Option<Intent>,
}

impl Append {
    /// Looks at the target. `earlier` is what attempts before this one meant to add.
    pub(super) fn begin(target: &Path, attempt: &str, earlier: &[Intent]) -> io::Result<Self> {
        let base = match std::fs::metadata(target) {
            Ok(found) => base(target, &found, earlier),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        let tag_of_rows = if base > 0 { format!("{attempt}-rows") } else { attempt.to_owned() };
        Ok(Self { attempt: attempt.to_owned(), tag_of_rows, earlier: earlier.to_vec(), base, intent: None })
    }

    /// There is something that the rows follow.
    pub(super) fn has_base(&self) -> bool {
        self.base > 0
    }

    /// The tag of the temporary file that the rows go to: it is not always the one that takes the target's name.
    pub(super) fn tag_of_rows(&self) -> &str {
        &self.tag_of_rows
    }

    /// What was there and the rows as one new file; none where nothing was there, and the rows are all.
    pub(super) fn join(&mut self, target: &Path, rows: &NewFile) -> io::Result<Option<NewFile>> {
        if self.base == 0 {
            return match std::fs::metadata(target) {
                // The rows begin with a header, and would take the place of somebody's.
                Ok(found) if base(target, &found, &self.earlier) > 0 => {
                    Err(io::Error::other("somebody else has written the file meanwhile"))
                }
                _ => Ok(None),
            };
        }
        let mut old = File::open(target)?;
        // Looked at again, since others may have added to it or replaced it meanwhile.
        self.base = base(target, &old.metadata()?, &self.earlier);
        if self.base == 0 {
            return Err(io::Error::other("somebody else has emptied the file meanwhile"));
        }
        let mut whole = NewFile::beside(target, &self.attempt, 0o600)?;
        whole.copy_from(&mut old, self.base)?;
        if !ends_with_newline(&mut old, self.base)? {
            whole.write_all(b"\n")?;
        }
        whole.copy_from(&mut File::open(rows.path())?, rows.len()?)?;
        Ok(Some(whole))
    }

    /// The file is whole: this is what the target is to be.
    pub(super) fn intend(&mut self, target: &Path, whole: &NewFile) -> io::Result<()> {
        let found = whole.file().metadata()?;
        let (target, base) = (target.to_path_buf(), self.base);
        self.intent = Some(Intent { target, base, inode: found.ino(), length: found.len() });
        Ok(())
    }
}

fn ends_with_newline(file: &mut File, length: u64) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::Start(length.saturating_sub(1)))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// How many bytes of the file that is there count as what was there before: all, unless an earlier attempt has added to it.
fn base(target: &Path, found: &Metadata, earlier: &[Intent]) -> u64 {
    // The latest word stands: numbers of files are used again.
    let done = earlier.iter().rev().find(|intent| intent.is_done(target, found));
    done.map_or(found.len(), |intent| intent.base)
}
