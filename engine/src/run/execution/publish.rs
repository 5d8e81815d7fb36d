//! Files beside their targets until their sub flow has succeeded: then they take the name, and no reader ever sees a part.

use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::{Destination, WriteFormat, WriteMode};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// How the names of temporary files end.
const SUFFIX: &str = ".pype-tmp";

/// A file to be. Dropped unpublished, its temporary file goes.
#[derive(Debug)]
pub(super) struct Publication {
    destination: Destination,
    target: PathBuf,
    temporary: PathBuf,
    /// Rows are to be added to what is there.
    appends: bool,
    /// Holds the temporary file's lock: while it is held, the file is no leftover.
    _lock: File,
}

impl Publication {
    /// Tries the place: makes its folder, and the temporary file beside the target.
    pub(super) fn plan(destination: &Destination, run_id: &str) -> Result<Self, Box<Fault>> {
        let target = PathBuf::from(&destination.path);
        // A link stays a link: what it points to is replaced.
        let target = std::fs::canonicalize(&target).unwrap_or(target);
        let fail = |text: &str| Fault::new(FaultKind::Io, text).with("path", target.display());
        let Some(name) = target.file_name().map(|name| name.to_string_lossy().into_owned()) else {
            return Err(Box::new(fail("the output path names no file")));
        };
        let found = std::fs::metadata(&target);
        if found.as_ref().is_ok_and(std::fs::Metadata::is_dir) {
            return Err(Box::new(fail("the output path is a folder").help("name a file in it")));
        }
        if destination.mode == WriteMode::Error && found.is_ok() {
            return Err(Box::new(fail("the output file is there already").help("remove it, or use `mode: overwrite`")));
        }
        let folder = target.parent().map_or_else(|| PathBuf::from("/"), Path::to_path_buf);
        std::fs::create_dir_all(&folder)
            .map_err(|error| Box::new(fail("the output's folder cannot be made").caused_by(&error)))?;
        remove_leftovers(&folder, &name);
        let temporary = folder.join(format!(".{name}.{run_id}{SUFFIX}"));
        let file = File::create(&temporary).and_then(|file| file.lock().map(|()| file));
        let lock = file.map_err(|error| Box::new(fail("the output cannot be written").caused_by(&error)))?;
        let appends = destination.mode == WriteMode::Append && found.is_ok_and(|found| found.len() > 0);
        Ok(Self { destination: destination.clone(), target, temporary, appends, _lock: lock })
    }

    /// Where the file will be, whatever way its path is written.
    pub(super) fn target(&self) -> PathBuf {
        let folder = self.target.parent().and_then(|folder| folder.canonicalize().ok());
        match (folder, self.target.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => self.target.clone(),
        }
    }

    /// Where rows go for now.
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

    /// Brings the file to disk and gives it its name.
    pub(super) fn publish(&self) -> Result<(), Box<Fault>> {
        let fail = |error: &std::io::Error| {
            let fault =
                Fault::new(FaultKind::Io, "the output cannot be put in its place").with("path", self.target.display());
            Box::new(fault.caused_by(error))
        };
        if self.appends {
            self.prepend_target().map_err(|error| fail(&error))?;
        }
        let sync = || -> std::io::Result<()> {
            File::open(&self.temporary)?.sync_all()?;
            std::fs::rename(&self.temporary, &self.target)?;
            match self.target.parent() {
                Some(folder) => File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        };
        sync().map_err(|error| fail(&error))
    }

    /// Puts what the target holds before the new rows, so that adding too happens in one step.
    fn prepend_target(&self) -> std::io::Result<()> {
        let joined = self.temporary.with_extension("pype-join");
        let mut target = File::open(&self.target)?;
        let mut out = File::create(&joined)?;
        std::io::copy(&mut target, &mut out)?;
        if !ends_with_newline(&mut target)? {
            std::io::copy(&mut &b"\n"[..], &mut out)?;
        }
        std::io::copy(&mut File::open(&self.temporary)?, &mut out)?;
        std::fs::rename(&joined, &self.temporary)
    }
}

/// Removes what killed runs left of this very target: temporary files whose lock nobody holds.
fn remove_leftovers(folder: &Path, name: &str) {
    let prefix = format!(".{name}.");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !file_name.starts_with(&prefix) || !file_name.ends_with(SUFFIX) {
            continue;
        }
        // One that cannot be opened or removed stays, and hurts nobody.
        if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = std::fs::remove_file(&path);
        }
    }
}

fn ends_with_newline(file: &mut File) -> std::io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

impl Drop for Publication {
    fn drop(&mut self) {
        // Published, there is nothing left to remove.
        let _ = std::fs::remove_file(&self.temporary);
    }
}
