//! Where plugins are looked for: absolute folders in a documented order, never the working folder.

use super::error::PluginError;
use crate::project::Project;
use std::env::consts::{DLL_EXTENSION, DLL_PREFIX};
use std::path::{Path, PathBuf};

/// A shared library in one of the folders.
pub struct Candidate {
    /// The file.
    pub path: PathBuf,
    /// Its folder is for plugins alone: any other library in it is worth a word.
    pub is_plugin_folder: bool,
}

/// The folders, in order: `PYPE_MODULE_PATH`, the project's `modules/`, the binary's folder and its `modules/`.
#[derive(Debug, Clone, Default)]
pub struct SearchPath {
    folders: Vec<(PathBuf, bool)>,
}

impl SearchPath {
    /// The search path of a project.
    pub fn of(project: &Project) -> Self {
        let mut folders: Vec<(PathBuf, bool)> = Vec::new();
        let from_env = std::env::var_os("PYPE_MODULE_PATH").unwrap_or_default();
        folders.extend(std::env::split_paths(&from_env).filter(|path| !path.as_os_str().is_empty()).map(|p| (p, true)));
        folders.push((project.modules(), true));
        let binary = std::env::current_exe().ok().and_then(|path| path.canonicalize().ok());
        if let Some(folder) = binary.as_deref().and_then(Path::parent) {
            folders.push((folder.to_path_buf(), false));
            folders.push((folder.join("modules"), true));
        }
        let mut seen = Vec::new();
        for (folder, plugins_only) in folders {
            let folder = std::path::absolute(&folder).unwrap_or(folder);
            if !seen.iter().any(|(known, _)| *known == folder) {
                seen.push((folder, plugins_only));
            }
        }
        Self { folders: seen }
    }

    /// The folders.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.iter().map(|(folder, _)| folder.as_path())
    }

    /// All shared libraries, by folder and then by name; of one file name, the first.
    pub fn libraries(&self) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = Vec::new();
        for (folder, plugins_only) in &self.folders {
            let Ok(entries) = std::fs::read_dir(folder) else { continue };
            let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            paths.retain(|path| path.extension().is_some_and(|extension| extension == DLL_EXTENSION) && path.is_file());
            paths.sort();
            for path in paths {
                if !found.iter().any(|known| known.path.file_name() == path.file_name()) {
                    found.push(Candidate { path, is_plugin_folder: *plugins_only });
                }
            }
        }
        found
    }

    /// The first folder's file of this name.
    ///
    /// A name that is a path finds nothing: a job folder or registry from elsewhere must not lead out of the search path.
    pub fn find(&self, library: &str) -> Result<PathBuf, PluginError> {
        let is_name = Path::new(library).file_name() == Some(std::ffi::OsStr::new(library));
        let file = self.folders().map(|folder| folder.join(library)).find(|path| is_name && path.is_file());
        file.ok_or_else(|| PluginError::NotFound {
            library: library.to_owned(),
            tried: self.folders().map(Path::to_path_buf).collect(),
        })
    }

    /// The library that a user names: a path, a file name, or the bare name of `lib<name>.so`.
    pub fn find_spoken(&self, name: &str) -> Result<PathBuf, PluginError> {
        if name.contains(std::path::MAIN_SEPARATOR) || Path::new(name).is_file() {
            let path = PathBuf::from(name);
            return Ok(std::path::absolute(&path).unwrap_or(path));
        }
        let bare = format!("{DLL_PREFIX}{}.{DLL_EXTENSION}", name.replace('-', "_"));
        self.find(name).or_else(|_| self.find(&bare))
    }
}
