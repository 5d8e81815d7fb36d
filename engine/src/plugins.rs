//! Plugin libraries: found on a search path, checked, loaded once, and their modules handed out.
//!
//! The only place beside `sdk` where the boundary's types are named. Order: [`locate`] finds files, [`load`] opens one,
//! [`handle`] calls it.

mod call;
pub mod error;
pub mod handle;
mod load;
pub mod locate;

use crate::project::Project;
use error::PluginError;
use handle::{Functions, Plugin};
use locate::SearchPath;
use pypeline_schema::execution_metadata::PluginPin;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// All libraries that a project can see, loaded when first needed.
pub struct Plugins {
    search: SearchPath,
    loaded: BTreeMap<String, Arc<Plugin>>,
}

impl Plugins {
    /// The plugins of a project; nothing is loaded yet.
    pub fn of(project: &Project) -> Self {
        Self { search: SearchPath::of(project), loaded: BTreeMap::new() }
    }

    /// No plugins at all.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self { search: SearchPath::default(), loaded: BTreeMap::new() }
    }

    /// The folders that are searched, in order.
    pub fn search(&self) -> &SearchPath {
        &self.search
    }

    /// Loads every library on the search path. A broken one is reported beside the good ones, never instead of them.
    pub fn load_all(&mut self) -> (Vec<Arc<Plugin>>, Vec<PluginError>) {
        let (mut plugins, mut broken) = (Vec::new(), Vec::new());
        for file in self.search.libraries() {
            match self.load_file(&file.path) {
                Ok(plugin) => plugins.push(plugin),
                Err(PluginError::NotAPlugin { .. }) if !file.is_plugin_folder => {}
                Err(error) => broken.push(error),
            }
        }
        (plugins, broken)
    }

    /// Loads the library of this file name from the search path.
    pub fn load_named(&mut self, library: &str) -> Result<Arc<Plugin>, PluginError> {
        if let Some(plugin) = self.loaded.get(library) {
            return Ok(Arc::clone(plugin));
        }
        let path = self.search.find(library)?;
        self.load_file(&path)
    }

    /// Loads a library by its path; once per file name.
    pub fn load_file(&mut self, path: &Path) -> Result<Arc<Plugin>, PluginError> {
        let library = load::file_name(path);
        if let Some(plugin) = self.loaded.get(&library) {
            return Ok(Arc::clone(plugin));
        }
        let plugin = Arc::new(load::load(path)?);
        self.loaded.insert(library, Arc::clone(&plugin));
        Ok(plugin)
    }

    /// Loads the library that a job was built with, and refuses any other. The hash is compared before any of its code runs.
    pub fn load_pinned(&self, pin: &PluginPin) -> Result<Arc<Functions>, PluginError> {
        load::load_pinned(&self.search.find(&pin.library)?, pin)
    }
}
