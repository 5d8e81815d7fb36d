//! A folder of partitions beside its place: it takes the name in one step, whatever was there before.

use super::claims::{LOCK, discard, folder_of};
use pypeline_disk::{
    NewFile, by_umask, exchange, filled_by_others, make_folders, remove_tree, rename, set_mode, sync_file_system,
    sync_folder,
};
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::WriteMode;
use pypeline_schema::settings::Durability;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// New files of a folder belong to its group.
const OF_GROUP: u32 = 0o2000;

/// A folder that nobody else may look into until it is whole. Dropped unpublished, it goes.
#[derive(Debug)]
pub(super) struct StagedFolder {
    target: PathBuf,
    path: PathBuf,
    mode: WriteMode,
    /// While it is held, the folder is no leftover.
    _lock: NewFile,
}

impl StagedFolder {
    /// Makes it beside the target.
    pub(super) fn begin(target: &Path, mode: WriteMode, attempt: &str) -> io::Result<Self> {
        let lock = NewFile::beside(target, &format!("{attempt}{LOCK}"), 0o600)?;
        let path = folder_of(lock.path());
        let staged = Self { target: target.to_path_buf(), path, mode, _lock: lock };
        make_folders(&staged.path, 0o700 | staged.group())?;
        if mode == WriteMode::Overwrite && !is_empty(target) {
            staged.try_exchange()?;
        }
        Ok(staged)
    }

    /// Where the rows go.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it the permissions that it is to have, and brings it to disk.
    pub(super) fn complete(&self, durability: Durability) -> io::Result<()> {
        filled_by_others(&self.path)?;
        let found = std::fs::metadata(&self.target).map(|found| found.permissions().mode() & 0o7777);
        set_mode(&self.path, found.unwrap_or_else(|_| by_umask(0o777) | self.group()))?;
        match durability {
            // Files in folders in folders: one wait for all of them.
            Durability::Power => sync_file_system(&self.path),
            Durability::Process | Durability::Off => Ok(()),
        }
    }

    /// Gives it the target's name.
    pub(super) fn publish(&self, durability: Durability) -> io::Result<()> {
        match rename(&self.path, &self.target) {
            Err(error) if is_taken(&error) && self.mode == WriteMode::Overwrite => {}
            renamed => return renamed,
        }
        // Who has put something of his own there meanwhile keeps it.
        if let Some(stranger) = stranger(&self.target)? {
            return Err(io::Error::other(format!("`{}` has come into the folder meanwhile", stranger.display())));
        }
        exchange(&self.path, &self.target)?;
        if let (Durability::Power, Some(folder)) = (durability, self.target.parent()) {
            // The old one may only go once the new one is there after a power loss too.
            sync_folder(folder)?;
        }
        // What cannot be removed is a leftover.
        let _ = remove_tree(&self.path);
        Ok(())
    }

    /// The file system can do what is asked of it at the end: found out before a row is read.
    fn try_exchange(&self) -> io::Result<()> {
        let probe = self.path.with_extension("probe.pype-tmp");
        make_folders(&probe, 0o700)?;
        let exchanged = exchange(&self.path, &probe);
        let removed = remove_tree(&probe);
        exchanged.and(removed)
    }

    fn group(&self) -> u32 {
        let found = self.target.parent().and_then(|folder| std::fs::metadata(folder).ok());
        found.map_or(0, |found| found.permissions().mode() & OF_GROUP)
    }
}

impl Drop for StagedFolder {
    fn drop(&mut self) {
        // Published, there is nothing left to remove. The lock goes after it.
        discard(&self.path);
    }
}

/// What stands in the way of a folder at the target, told before a row is read.
pub(super) fn check(target: &Path, mode: WriteMode) -> Result<(), Box<Fault>> {
    let fail = |text: &str| Fault::new(FaultKind::Io, text).with("path", target.display());
    match std::fs::metadata(target) {
        Ok(found) if !found.is_dir() => {
            let fault = fail("the output path is a file, and `partition_by` writes a folder");
            return Err(Box::new(fault.help("name a folder, or remove the file")));
        }
        Ok(_) => {}
        Err(_) => return Ok(()),
    }
    if mode == WriteMode::Error && !is_empty(target) {
        let fault = fail("the output folder is there already, and not empty");
        return Err(Box::new(fault.help("remove it, or use `mode: overwrite`")));
    }
    match stranger(target) {
        Ok(None) => Ok(()),
        Ok(Some(found)) => {
            let fault = fail("the output folder holds what no sink of partitions has written, and is not replaced");
            let help = "name another folder; or, if nothing in this one is needed, remove it";
            Err(Box::new(fault.with("found", found.display()).help(help)))
        }
        Err(error) => Err(Box::new(fail("the output folder cannot be looked at").caused_by(&error))),
    }
}

/// An error of exchanging two folders in words that say how to go on.
pub(super) fn explain(error: &io::Error, fault: Fault) -> Fault {
    // EINVAL, ENOSYS and EOPNOTSUPP: the file system, or the kernel, does not know how.
    match error.raw_os_error() {
        Some(22 | 38 | 95) => Fault {
            message: "this file system cannot replace a folder in one step".to_owned(),
            help: Some("remove the folder before the run, or give each run a folder of its own".to_owned()),
            ..fault
        },
        _ => fault,
    }
}

/// A folder that holds nothing but what a sink of partitions writes.
pub(super) fn is_output(folder: &Path) -> bool {
    stranger(folder).is_ok_and(|found| found.is_none())
}

/// The first thing in a folder that no sink of partitions can have put there: its own entries are folders `column=value`, and
/// those hold more of them, and files of rows.
fn stranger(folder: &Path) -> io::Result<Option<PathBuf>> {
    let mut left = vec![(folder.to_path_buf(), true)];
    while let Some((folder, is_top)) = left.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let (entry, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
            // A link is no folder, wherever it leads.
            let kind = std::fs::symlink_metadata(&entry)?.file_type();
            let is_partition = name.as_encoded_bytes().iter().skip(1).any(|byte| *byte == b'=');
            let is_rows = entry.extension().is_some_and(|extension| extension == "csv" || extension == "parquet");
            if kind.is_dir() && is_partition {
                left.push((entry, false));
            } else if is_top || !kind.is_file() || !is_rows {
                return Ok(Some(entry));
            }
        }
    }
    Ok(None)
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}

/// Something is in the folder that is to be replaced.
fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists)
}
