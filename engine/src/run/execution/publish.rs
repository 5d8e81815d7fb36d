//! Outputs beside their targets until their sub flow has succeeded: then they take the name, and no reader ever sees a part.

mod append;
mod claims;
mod file;
mod folder;

pub(super) use append::Intent;
use claims::Claim;
pub(in crate::run) use claims::Claims;
pub(super) use claims::discard;
use file::StagedFile;
use folder::StagedFolder;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::{Destination, WriteFormat, WriteMode};
use pypeline_schema::settings::Durability;
use std::io;
use std::path::{Path, PathBuf};

/// An output to be: a file, or a folder of partitions. Dropped unpublished, what is staged for it goes.
#[derive(Debug)]
pub(super) struct Publication {
    destination: Destination,
    target: PathBuf,
    durability: Durability,
    staged: Staged,
    is_published: bool,
    claims: Claims,
    /// Goes last: until then nobody else stages anything for the target.
    _claim: Claim,
}

#[derive(Debug)]
enum Staged {
    File(StagedFile),
    Folder(StagedFolder),
}

impl Publication {
    /// Tries the place: makes its folder, and what is staged beside the target. `attempt` is unique in the run; `earlier` is what
    /// attempts before this one, also of runs that were killed, meant to add to files.
    pub(super) fn plan(
        destination: &Destination,
        node: &str,
        attempt: &str,
        claims: &Claims,
        durability: Durability,
        earlier: &[Intent],
    ) -> Result<Self, Box<Fault>> {
        let written = PathBuf::from(&destination.path);
        let fail = |text: &str| Fault::new(FaultKind::Io, text).with("path", written.display());
        let (mode, is_folder) = (destination.mode, !destination.partition_by.is_empty());
        if mode == WriteMode::Append && (is_folder || !matches!(destination.format, WriteFormat::Csv(_))) {
            let fault = Fault::new(FaultKind::Config, "only a file of delimited text can be added to");
            return Err(Box::new(fault.with("key", "mode")));
        }
        let Some(name) = written.file_name().map(ToOwned::to_owned) else {
            return Err(Box::new(fail("the output path names no file")));
        };
        let folder = written.parent().map_or_else(|| PathBuf::from("/"), Path::to_path_buf);
        let folder = claims
            .make_folder(&folder)
            .map_err(|error| Box::new(fail("the output's folder cannot be made").caused_by(&error)))?;
        // A link stays a link: what it points to is replaced.
        let target = folder.join(&name);
        let target = target.canonicalize().unwrap_or(target);
        if is_folder {
            folder::check(&target, mode)?
        } else {
            file::check(&target, mode)?
        }
        let claim = claims
            .take(&target, node, is_folder)
            .map_err(|other| Box::new(fail(&format!("`{other}` writes the same file"))))?;
        claims.remove_leftovers(&target);
        let staged = if is_folder {
            StagedFolder::begin(&target, mode, attempt).map(Staged::Folder)
        } else {
            StagedFile::begin(&target, mode, attempt, earlier).map(Staged::File)
        };
        let staged = staged.map_err(|error| {
            Box::new(folder::explain(&error, fail("the output cannot be written").caused_by(&error)))
        })?;
        let (destination, claims) = (destination.clone(), claims.clone());
        Ok(Self { destination, target, durability, staged, is_published: false, claims, _claim: claim })
    }

    /// Where rows go until then.
    pub(super) fn temporary(&self) -> &Path {
        match &self.staged {
            Staged::File(file) => file.path(),
            Staged::Folder(folder) => folder.path(),
        }
    }

    /// The destination as the executor is to write it: rows that are added need no second header.
    pub(super) fn destination(&self) -> Destination {
        let mut destination = self.destination.clone();
        if let (Staged::File(file), WriteFormat::Csv(csv)) = (&self.staged, &mut destination.format)
            && file.has_base()
        {
            csv.header = false;
        }
        destination
    }

    /// Makes the output whole, still beside its target, and brings it to disk where it is to outlive a power loss: all that can fail for want
    /// of space.
    pub(super) fn complete(&mut self) -> Result<(), Box<Fault>> {
        let completed = match &mut self.staged {
            Staged::File(file) => file.complete(self.durability),
            Staged::Folder(folder) => folder.complete(self.durability),
        };
        completed.map_err(|error| self.fault(&error))
    }

    /// What the target is to be, where rows are added to it; known once it is complete.
    pub(super) fn intent(&self) -> Option<Intent> {
        match &self.staged {
            Staged::File(file) => file.intent(),
            Staged::Folder(_) => None,
        }
    }

    /// Where it is to be.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Gives the output its name. The name outlives a power loss once [`folders`](Self::folders) have been brought to disk.
    pub(super) fn publish(&mut self) -> Result<(), Box<Fault>> {
        let published = match &mut self.staged {
            Staged::File(file) => file.publish(),
            Staged::Folder(folder) => folder.publish(self.durability),
        };
        self.is_published = published.is_ok();
        published.map_err(|error| self.fault(&error))
    }

    /// The folder that holds the name, and those that hold folders which the run has made for it.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        self.target.parent().map_or_else(Vec::new, |folder| self.claims.folders_of(folder))
    }

    fn fault(&self, error: &io::Error) -> Box<Fault> {
        let fault = Fault::new(FaultKind::Io, "the output cannot be put in its place");
        Box::new(folder::explain(error, fault.with("path", self.target.display()).caused_by(error)))
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        if !self.is_published {
            self.claims.look_after(self.temporary());
        }
    }
}

#[cfg(test)]
mod tests;
