//! Where a suite works, how large its inputs are, and who takes part.

use crate::Result;
use crate::contenders::Kind;
use std::path::{Path, PathBuf};

/// Sizes of the inputs.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Of the large file, in GB (1,000,000,000 bytes).
    pub gb: f64,
    /// Number of small files.
    pub files: u64,
    /// Scale factor of TPC-H.
    pub scale: f64,
    /// MB that what keeps rows may take, if it was said.
    pub memory: Option<u64>,
}

/// The setting of a suite.
pub struct Setting {
    /// What is kept from suite to suite: inputs, the Python environment.
    pub work: PathBuf,
    /// What is made anew each time.
    pub scratch: PathBuf,
    /// Who takes part.
    pub kinds: Vec<Kind>,
    /// How large the inputs are.
    pub sizes: Sizes,
    /// The binary of [`Kind::Other`].
    pub other: Option<PathBuf>,
}

impl Setting {
    /// The project of the flows: `in/` has links to the inputs, `out/` what they write.
    pub fn project(&self) -> PathBuf {
        self.scratch.join("project")
    }

    /// The same for another binary.
    pub fn other_project(&self) -> PathBuf {
        self.scratch.join("other")
    }

    /// Gives an input the name by which the flows know it.
    pub fn link(&self, name: &str, input: &Path) -> Result<()> {
        link(&self.project(), name, input)?;
        self.other.as_ref().map_or(Ok(()), |_| link(&self.other_project(), name, input))
    }
}

fn link(project: &Path, name: &str, input: &Path) -> Result<()> {
    let folder = project.join("in");
    std::fs::create_dir_all(&folder)?;
    let link = folder.join(name);
    match std::fs::remove_file(&link) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    std::os::unix::fs::symlink(input, link)?;
    Ok(())
}
