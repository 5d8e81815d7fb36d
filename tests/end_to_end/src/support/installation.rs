//! A copy of the binary with copies of its plugins beside it, which a test may damage.

use super::place;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The built-in plugins.
pub const BUILT_IN: [&str; 4] = ["libpype_control.so", "libpype_files.so", "libpype_relational.so", "libpype_rows.so"];

/// A folder with the binary and plugins.
pub struct Installation(TempDir);

impl Installation {
    /// The binary with all built-in plugins.
    pub fn new() -> Self {
        let installation = Self::without_plugins();
        for name in BUILT_IN {
            std::fs::copy(built_in(name), installation.path(name)).unwrap();
        }
        installation
    }

    /// The binary alone.
    pub fn without_plugins() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (place("PYPE_BIN"), folder.path().join("pype"));
        // A link is enough, and spares a large copy, where both folders are on one disk.
        if std::fs::hard_link(&from, &to).is_err() {
            std::fs::copy(&from, &to).unwrap();
        }
        Self(folder)
    }

    /// The binary.
    pub fn binary(&self) -> PathBuf {
        self.path("pype")
    }

    /// A file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// A built-in plugin as it was built: it lies in `modules/` beside the binary, or next to it.
pub fn built_in(name: &str) -> PathBuf {
    let binary = place("PYPE_BIN");
    let folder = binary.parent().unwrap_or(Path::new("."));
    let in_modules = folder.join("modules").join(name);
    if in_modules.is_file() { in_modules } else { folder.join(name) }
}
