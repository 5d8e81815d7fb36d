//! A file beside its place: written by others, completed here, and given its name.

use super::append::{Append, Intent};
use pypeline_disk::{NewFile, Publish, by_umask};
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::WriteMode;
use pypeline_schema::settings::Durability;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A file that only its user may read until it is whole. Dropped unpublished, it goes.
#[derive(Debug)]
pub(super) struct StagedFile {
    target: PathBuf,
    file: NewFile,
    mode: WriteMode,
    /// Where rows are added to what is there.
    append: Option<Append>,
}

impl StagedFile {
    /// Makes it beside the target. `earlier` is what attempts before this one meant to add.
    pub(super) fn begin(target: &Path, mode: WriteMode, attempt: &str, earlier: &[Intent]) -> io::Result<Self> {
        let append = (mode == WriteMode::Append).then(|| Append::begin(target, attempt, earlier)).transpose()?;
        let tag = append.as_ref().map_or(attempt, Append::tag_of_rows);
        let file = NewFile::beside(target, tag, 0o600)?;
        Ok(Self { target: target.to_path_buf(), file, mode, append })
    }

    /// Where the rows go.
    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Rows follow others: there is a header already.
    pub(super) fn has_base(&self) -> bool {
        self.append.as_ref().is_some_and(Append::has_base)
    }

    /// What the target is to be; known once this is complete, where rows are added.
    pub(super) fn intent(&self) -> Option<Intent> {
        self.append.as_ref().and_then(|append| append.intent.clone())
    }

    /// The rows are there: puts others before them if need be, gives the file the permissions that it is to have, and brings it to
    /// disk. All that can fail for want of space has then been done.
    pub(super) fn complete(&mut self, durability: Durability) -> io::Result<()> {
        self.file.written_by_others()?;
        if let Some(append) = &mut self.append
            && let Some(whole) = append.join(&self.target, &self.file)?
        {
            self.file = whole;
        }
        // Readable by whoever could read the target.
        let found = std::fs::metadata(&self.target).map(|found| found.permissions().mode() & 0o7777);
        self.file.set_mode(found.unwrap_or_else(|_| by_umask(0o666)))?;
        if durability == Durability::Power {
            self.file.sync()?;
        }
        match &mut self.append {
            Some(append) => append.intend(&self.target, &self.file),
            None => Ok(()),
        }
    }

    /// Gives it the target's name.
    pub(super) fn publish(&mut self) -> io::Result<()> {
        let how = if self.mode == WriteMode::Error { Publish::New } else { Publish::Replace };
        self.file.publish(&self.target, how)
    }
}

/// What stands in the way of a file at the target, told before a row is read.
pub(super) fn check(target: &Path, mode: WriteMode) -> Result<(), Box<Fault>> {
    let fail = |text: &str| Fault::new(FaultKind::Io, text).with("path", target.display());
    match std::fs::metadata(target) {
        Ok(found) if found.is_dir() => Err(Box::new(fail("the output path is a folder").help("name a file in it"))),
        Ok(_) if mode == WriteMode::Error => {
            Err(Box::new(fail("the output file is there already").help("remove it, or use `mode: overwrite`")))
        }
        _ => Ok(()),
    }
}
