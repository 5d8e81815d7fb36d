//! Why a plugin cannot be used, each with the file's name and what to do.

use pypeline_schema::fault::Fault;
use std::path::PathBuf;

/// A plugin that cannot be found, read, trusted or opened.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// No folder of the search path holds it.
    #[error("plugin library `{library}` was not found; looked in {}", folders(.tried))]
    NotFound {
        /// File name.
        library: String,
        /// Folders, in order.
        tried: Vec<PathBuf>,
    },
    /// The file system refused.
    #[error("plugin `{}` cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not a shared library, or one without our section.
    #[error("`{}` is not a pype plugin: {why}", .path.display())]
    NotAPlugin {
        /// The file.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// Built for a boundary that this host does not speak.
    #[error("plugin `{}` was built for plugin ABI {found}, this pype speaks {expected}: rebuild it with pypeline-sdk {expected}.x", .path.display())]
    WrongAbi {
        /// The file.
        path: PathBuf,
        /// The plugin's major version.
        found: u16,
        /// Ours.
        expected: u16,
    },
    /// Built in a way that cannot be hosted.
    #[error("plugin `{}` cannot be hosted: {why}", .path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The system's loader refused it.
    #[error("plugin `{}` cannot be opened: {why}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The loader's text.
        why: String,
    },
    /// It does not say what it holds.
    #[error("plugin `{}` does not describe itself: {fault}", .path.display())]
    Describe {
        /// The file.
        path: PathBuf,
        /// What it said instead.
        fault: Box<Fault>,
    },
    /// Not the file that the job was built with.
    #[error("plugin library `{library}` changed since the job was built: built with version {built} (sha256 {built_hash:.12}…), found sha256 {found_hash:.12}… at {}", .path.display())]
    Changed {
        /// File name.
        library: String,
        /// The file found.
        path: PathBuf,
        /// Version at build.
        built: String,
        /// Hash at build.
        built_hash: String,
        /// Hash of the file found.
        found_hash: String,
    },
}

fn folders(tried: &[PathBuf]) -> String {
    tried.iter().map(|folder| format!("`{}`", folder.display())).collect::<Vec<_>>().join(", ")
}
