//! Folders and files of the project, and where cargo puts what it builds.

use crate::steps::Failed;
use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};

/// Where things are.
pub struct Places {
    /// The repository.
    pub root: PathBuf,
    /// What cargo builds goes here.
    pub target: PathBuf,
}

impl Places {
    /// `CARGO_TARGET_DIR` moves the target folder, as it does for cargo itself.
    pub fn find() -> Result<Self, Failed> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.ancestors().nth(2).unwrap_or(here).to_path_buf();
        let target = match std::env::var_os("CARGO_TARGET_DIR").filter(|value| !value.is_empty()) {
            Some(named) => {
                std::path::absolute(named).map_err(|error| Failed::new(format!("CARGO_TARGET_DIR: {error}")))?
            }
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The folder of the tuned binary and its plugins.
    pub fn release(&self) -> PathBuf {
        self.target.join("release")
    }

    /// The tuned binary.
    pub fn pype(&self) -> PathBuf {
        self.release().join(format!("pype{EXE_SUFFIX}"))
    }

    /// The binary in which the tests of reliability switch bugs on.
    pub fn pype_with_planted_bugs(&self) -> PathBuf {
        self.release().join(format!("pype-planted{EXE_SUFFIX}"))
    }

    /// The folder of portable builds: a target folder of its own, so that neither build throws away the other's work.
    pub fn portable_target(&self) -> PathBuf {
        self.target.join("portable")
    }

    /// The target folder of the plugins among the tests.
    pub fn foreign_target(&self) -> PathBuf {
        self.target.join("foreign-plugins")
    }

    /// The Cargo.toml files of the plugins among the tests: workspaces of their own, as plugins of other people are.
    pub fn foreign_manifests(&self) -> Result<Vec<PathBuf>, Failed> {
        let folder = self.root.join("tests/plugins");
        let failed = |error| Failed::new(format!("cannot read {}: {error}", folder.display()));
        let mut manifests = Vec::new();
        if folder.is_dir() {
            for entry in folder.read_dir().map_err(failed)? {
                manifests.push(entry.map_err(failed)?.path().join("Cargo.toml"));
            }
        }
        manifests.retain(|manifest| manifest.is_file());
        manifests.sort();
        Ok(manifests)
    }

    /// A path as a person in the repository writes it.
    pub fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found() {
        let places = Places::find().unwrap_or_else(|failed| panic!("{}", failed.message));
        assert!(places.root.join("Cargo.toml").is_file() && places.root.join("engine").is_dir());
        assert_eq!(places.shown(&places.root.join("jobs/demo")).to_string(), "jobs/demo");
    }
}
