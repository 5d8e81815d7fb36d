//! Files beside their targets until their sub flow has succeeded: then they take the name, and no reader ever sees a part.

#![allow(clippy::disallowed_methods)]

use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::{Destination, WriteFormat, WriteMode};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How the names of temporary files end.
const SUFFIX: &str = ".pype-tmp";

/// Targets of this run that are being written, with the node that writes each: two sinks of one file would undo each other.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct Claims(Arc<Mutex<Claimed>>);

#[derive(Debug, Default)]
struct Claimed {
    targets: BTreeMap<PathBuf, String>,
    /// Per folder that was looked at: temporary files that were there before. Folders may be large: one look is enough.
    leftovers: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// Temporary files of attempts that failed: a writer of theirs that is late may make one again.
    removed: VecDeque<PathBuf>,
}

/// Files that are looked after at the end of a run, at most: the last ones, since a late writer is only so late.
const LOOKED_AFTER: usize = 256;

/// How late a writer may be.
const LATE: Duration = Duration::from_millis(20);

impl Claims {
    /// The run has ended: what writers that were late have made again goes too.
    pub(in crate::run) fn sweep(&self) {
        let removed = std::mem::take(&mut self.claimed().removed);
        if !removed.is_empty() {
            std::thread::sleep(LATE);
            for path in removed {
                // As a rule it is not there.
                let _ = std::fs::remove_file(path);
            }
        }
    }

    fn look_after(&self, path: &Path) {
        let removed = &mut self.claimed().removed;
        if removed.len() >= LOOKED_AFTER {
            removed.pop_front();
        }
        removed.push_back(path.to_path_buf());
    }

    fn claimed(&self) -> MutexGuard<'_, Claimed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a target for a node; the node that has it already, if there is one.
    fn take(&self, target: &Path, node: &str) -> Result<(), String> {
        let mut claimed = self.claimed();
        match claimed.targets.get(target) {
            Some(other) => Err(other.clone()),
            None => {
                claimed.targets.insert(target.to_path_buf(), node.to_owned());
                Ok(())
            }
        }
    }

    fn give_back(&self, target: &Path) {
        self.claimed().targets.remove(target);
    }

    /// Removes what killed runs left of a target: temporary files whose lock nobody holds.
    fn remove_leftovers(&self, folder: &Path, name: &str) {
        let prefix = format!(".{name}.");
        let mut claimed = self.claimed();
        let found = claimed.leftovers.entry(folder.to_path_buf()).or_insert_with(|| leftovers(folder));
        let is_of_target =
            |path: &PathBuf| path.file_name().is_some_and(|file_name| file_name.to_string_lossy().starts_with(&prefix));
        let (of_target, others): (Vec<PathBuf>, Vec<PathBuf>) =
            std::mem::take(found).into_iter().partition(is_of_target);
        *found = others;
        drop(claimed);
        for path in of_target {
            let is_file = std::fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
            // One that cannot be opened or removed stays, and hurts nobody.
            if is_file && File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
                let _ = std::fs::remove_file(&path);
            }
        }
    }
}

/// Temporary files in a folder.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_temporary = |entry: &std::fs::DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with('.') && name.ends_with(SUFFIX)
    };
    entries.filter(is_temporary).map(|entry| entry.path()).collect()
}

/// A file to be. Dropped unpublished, its temporary file goes.
#[derive(Debug)]
pub(super) struct Publication {
    destination: Destination,
    target: PathBuf,
    temporary: PathBuf,
    /// Rows are to be added to what is there.
    appends: bool,
    claims: Claims,
    /// Holds the temporary file's lock: while it is held, the file is no leftover.
    _lock: File,
}

impl Publication {
    /// Tries the place: makes its folder, and the temporary file beside the target. `attempt` is unique in the run.
    pub(super) fn plan(
        destination: &Destination,
        node: &str,
        attempt: &str,
        claims: &Claims,
    ) -> Result<Self, Box<Fault>> {
        let written = PathBuf::from(&destination.path);
        let fail = |text: &str| Fault::new(FaultKind::Io, text).with("path", written.display());
        if destination.mode == WriteMode::Append && !matches!(destination.format, WriteFormat::Csv(_)) {
            return Err(Box::new(
                Fault::new(FaultKind::Config, "only delimited text can be added to").with("key", "mode"),
            ));
        }
        let Some(name) = written.file_name().map(ToOwned::to_owned) else {
            return Err(Box::new(fail("the output path names no file")));
        };
        let folder = written.parent().map_or_else(|| PathBuf::from("/"), Path::to_path_buf);
        std::fs::create_dir_all(&folder)
            .map_err(|error| Box::new(fail("the output's folder cannot be made").caused_by(&error)))?;
        // Whatever way the path is written, the file is one; and a link stays a link: what it points to is replaced.
        let folder = folder.canonicalize().unwrap_or(folder);
        let target = folder.join(&name);
        let target = target.canonicalize().unwrap_or(target);
        let found = std::fs::metadata(&target);
        if found.as_ref().is_ok_and(std::fs::Metadata::is_dir) {
            return Err(Box::new(fail("the output path is a folder").help("name a file in it")));
        }
        if destination.mode == WriteMode::Error && found.is_ok() {
            return Err(Box::new(fail("the output file is there already").help("remove it, or use `mode: overwrite`")));
        }
        claims.take(&target, node).map_err(|other| Box::new(fail(&format!("`{other}` writes the same file"))))?;
        let made = temporary(claims, &target, attempt, found.as_ref().ok());
        let (temporary, lock) = made.map_err(|error| {
            claims.give_back(&target);
            Box::new(fail("the output cannot be written").caused_by(&error))
        })?;
        let appends = destination.mode == WriteMode::Append && found.is_ok_and(|found| found.len() > 0);
        Ok(Self { destination: destination.clone(), target, temporary, appends, claims: claims.clone(), _lock: lock })
    }

    /// Where rows go until then.
    pub(super) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// The destination as the executor is to write it: rows that are added need no second header.
    pub(super) fn destination(&self) -> Destination {
        let mut destination = self.destination.clone();
        if let (true, WriteFormat::Csv(csv)) = (self.appends, &mut destination.format) {
            csv.header = false;
        }
        destination
    }

    /// Brings the whole file to disk, still beside its target: all that can fail for want of space.
    pub(super) fn complete(&self) -> Result<(), Box<Fault>> {
        let complete = || -> std::io::Result<()> {
            if self.appends {
                self.prepend_target()?;
            }
            File::open(&self.temporary)?.sync_all()
        };
        complete().map_err(|error| self.fault(&error))
    }

    /// Gives the file its name.
    pub(super) fn publish(&self) -> Result<(), Box<Fault>> {
        let publish = || -> std::io::Result<()> {
            if self.destination.mode == WriteMode::Error && self.target.exists() {
                return Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists));
            }
            std::fs::rename(&self.temporary, &self.target)?;
            match self.target.parent() {
                Some(folder) => File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        };
        publish().map_err(|error| self.fault(&error))
    }

    fn fault(&self, error: &std::io::Error) -> Box<Fault> {
        let fault =
            Fault::new(FaultKind::Io, "the output cannot be put in its place").with("path", self.target.display());
        Box::new(fault.caused_by(error))
    }

    /// Puts what the target holds before the new rows, so that adding too happens in one step.
    fn prepend_target(&self) -> std::io::Result<()> {
        let mut target = File::open(&self.target)?;
        let mut new_rows = tempfile::tempfile_in(self.temporary.parent().unwrap_or(&self.temporary))?;
        std::io::copy(&mut File::open(&self.temporary)?, &mut new_rows)?;
        new_rows.seek(SeekFrom::Start(0))?;
        // The same file, so that its lock stays ours.
        let mut out = std::fs::OpenOptions::new().write(true).truncate(true).open(&self.temporary)?;
        std::io::copy(&mut target, &mut out)?;
        if !ends_with_newline(&mut target)? {
            std::io::copy(&mut &b"\n"[..], &mut out)?;
        }
        std::io::copy(&mut new_rows, &mut out)?;
        Ok(())
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        // Published, there is nothing left to remove.
        if std::fs::remove_file(&self.temporary).is_ok() {
            self.claims.look_after(&self.temporary);
        }
        self.claims.give_back(&self.target);
    }
}

/// Makes the locked temporary file beside a target, readable by whoever could read the target.
fn temporary(
    claims: &Claims,
    target: &Path,
    attempt: &str,
    found: Option<&std::fs::Metadata>,
) -> std::io::Result<(PathBuf, File)> {
    let folder = target.parent().unwrap_or(target);
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    claims.remove_leftovers(folder, &name);
    let path = folder.join(format!(".{name}.{attempt}{SUFFIX}"));
    let file = File::create_new(&path)?;
    let prepared = file.try_lock().map_err(std::io::Error::from).and_then(|()| match found {
        Some(found) => file.set_permissions(found.permissions()),
        None => Ok(()),
    });
    match prepared {
        Ok(()) => Ok((path, file)),
        Err(error) => {
            let _ = std::fs::remove_file(&path);
            Err(error)
        }
    }
}

fn ends_with_newline(file: &mut File) -> std::io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pypeline_schema::lowering::CsvWrite;

    fn destination(path: &Path, mode: WriteMode) -> Destination {
        let csv = CsvWrite { delimiter: ',', quote: '"', header: true, null_value: String::new() };
        Destination { path: path.display().to_string(), format: WriteFormat::Csv(csv), mode }
    }

    fn publish(publication: &Publication, rows: &str) {
        std::fs::write(publication.temporary(), rows).unwrap();
        publication.complete().unwrap();
        publication.publish().unwrap();
    }

    #[test]
    fn a_target_has_one_writer_at_a_time_whatever_way_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let claims = Claims::default();
        let plan = |path: &str, attempt: &str| {
            let destination = destination(&folder.path().join(path), WriteMode::Overwrite);
            Publication::plan(&destination, "first", attempt, &claims)
        };
        let first = plan("out.csv", "1").unwrap();
        assert!(plan("./out.csv", "2").unwrap_err().message.contains("`first` writes the same file"));
        publish(&first, "a\n");
        drop(first);
        publish(&plan("./out.csv", "3").unwrap(), "b\n");
        assert_eq!(std::fs::read_to_string(folder.path().join("out.csv")).unwrap(), "b\n");
    }

    #[test]
    fn adding_keeps_what_is_there_and_needs_no_newline_at_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out.csv");
        std::fs::write(&target, "n\n1").unwrap();
        let publication =
            Publication::plan(&destination(&target, WriteMode::Append), "n", "1", &Claims::default()).unwrap();
        assert!(matches!(publication.destination().format, WriteFormat::Csv(csv) if !csv.header));
        publish(&publication, "2\n");
        drop(publication);
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "n\n1\n2\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn leftovers_of_the_dead_go_and_those_of_the_living_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (claims, target) = (Claims::default(), folder.path().join("out.csv"));
        std::fs::write(folder.path().join(".out.csv.dead.pype-tmp"), "half").unwrap();
        let living = File::create(folder.path().join(".out.csv.living.pype-tmp")).unwrap();
        living.lock().unwrap();
        drop(Publication::plan(&destination(&target, WriteMode::Overwrite), "n", "1", &claims).unwrap());
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [".out.csv.living.pype-tmp"]);
    }
}
