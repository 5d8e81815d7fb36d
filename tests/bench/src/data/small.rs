//! Many small files: a thousand rows each, with the columns of the large one.

use crate::Result;
use crate::data::random::SplitMix64;
use crate::data::rows::{GENERATOR, HEADER, push_row};
use std::path::{Path, PathBuf};

/// Rows of a file.
pub const ROWS: u64 = 1000;

/// The folder with so many files, made where it is not there. A folder that is there is whole: it took its name at its end.
pub fn prepare(work: &Path, files: u64) -> Result<PathBuf> {
    let folder = work.join(format!("small-{GENERATOR}-{files}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    eprintln!("writing {}", folder.display());
    let part = work.join(format!("small-{GENERATOR}-{files}.part"));
    if part.is_dir() {
        std::fs::remove_dir_all(&part)?;
    }
    std::fs::create_dir_all(&part)?;
    let mut random = SplitMix64(4);
    let mut buffer = Vec::new();
    for file in 0..files {
        buffer.clear();
        buffer.extend_from_slice(HEADER);
        for row in 1..=ROWS {
            push_row(&mut buffer, &mut random, file * ROWS + row);
        }
        std::fs::write(part.join(format!("{file:05}.csv")), &buffer)?;
    }
    std::fs::rename(&part, &folder)?;
    Ok(folder)
}
