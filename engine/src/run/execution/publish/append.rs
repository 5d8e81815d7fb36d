//! Adding to a file so that it may be done again: what an attempt meant to write tells whether it has been written already.

use serde::{Deserialize, Serialize};
use std::fs::Metadata;
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

/// How many bytes of the file that is there count as what was there before: all, unless an earlier attempt has added to it.
pub(super) fn base(target: &Path, found: &Metadata, earlier: &[Intent]) -> u64 {
    // The latest word stands: numbers of files are used again.
    let done = earlier.iter().rev().find(|intent| intent.is_done(target, found));
    done.map_or(found.len(), |intent| intent.base)
}
