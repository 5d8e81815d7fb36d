//! `ModRegistry.json`: which modules a project knows, and from which library. Discovery only: a run never reads it.

use crate::plugins::Plugins;
use crate::plugins::error::PluginError;
use crate::plugins::handle::Plugin;
use crate::project::Project;
use pypeline_disk::{by_umask, make_folders, replace};
use pypeline_schema::registry::{RegistryEntry, RegistryFile};
use std::path::PathBuf;
use std::sync::Arc;

/// Why the registry cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file system refused.
    #[error("registry `{}`: {source}", .path.display())]
    Io {
        /// The registry file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what `pype` writes.
    #[error("registry `{}` is damaged: {source}; `pype auto-register` writes it anew", .path.display())]
    Damaged {
        /// The registry file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// No library holds such a module, and no file has this name.
    #[error("no module and no plugin library is called `{name}`{}", .hint.as_deref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// What the user wrote.
        name: String,
        /// The nearest module.
        hint: Option<String>,
    },
    /// Two libraries hold the module.
    #[error("module `{name}` is in {}: register one of these files by its path", .libraries.join(" and "))]
    Ambiguous {
        /// The module.
        name: String,
        /// The files.
        libraries: Vec<String>,
    },
    /// A plugin cannot be used.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}

/// The registry of a project.
pub struct Registry {
    path: PathBuf,
    entries: RegistryFile,
}

/// What `auto-register` found.
pub struct Registered {
    /// Modules in the registry now.
    pub modules: Vec<String>,
    /// Libraries that could not be used.
    pub broken: Vec<PluginError>,
    /// Modules that two libraries hold; the first on the search path was taken.
    pub shadowed: Vec<String>,
}

impl Registry {
    /// Reads it; empty where there is none.
    pub fn open(project: &Project) -> Result<Self, RegistryError> {
        let path = project.registry();
        let entries = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|source| RegistryError::Damaged { path: path.clone(), source })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => RegistryFile::new(),
            Err(source) => return Err(RegistryError::Io { path, source }),
        };
        Ok(Self { path, entries })
    }

    /// The registry to be written anew: what it held does not matter, not even whether it could be read.
    pub fn anew(project: &Project) -> Self {
        Self { path: project.registry(), entries: RegistryFile::new() }
    }

    /// The library that is to be taken for a module, if one was chosen.
    pub fn library(&self, module: &str) -> Option<&str> {
        self.entries.get(module).map(RegistryEntry::library)
    }

    /// Module name to entry.
    pub fn entries(&self) -> &RegistryFile {
        &self.entries
    }

    /// Registers one module by its name, or all modules of a library by its path or name. Gives the modules' names.
    pub fn register(&mut self, plugins: &mut Plugins, name: &str) -> Result<Vec<String>, RegistryError> {
        let is_path = name.contains(std::path::MAIN_SEPARATOR) || std::path::Path::new(name).is_file();
        if is_path {
            let path = plugins.search().find_spoken(name)?;
            let plugin = plugins.load_file(&path)?;
            return self.add(&plugin, plugin.modules.keys().cloned().collect());
        }
        let (loaded, _) = plugins.load_all();
        let holders: Vec<&Arc<Plugin>> = loaded.iter().filter(|plugin| plugin.modules.contains_key(name)).collect();
        match holders.as_slice() {
            [plugin] => self.add(plugin, vec![name.to_owned()]),
            [] => match plugins.search().find_spoken(name) {
                Ok(path) => {
                    let plugin = plugins.load_file(&path)?;
                    self.add(&plugin, plugin.modules.keys().cloned().collect())
                }
                Err(_) => {
                    let modules = loaded.iter().flat_map(|plugin| plugin.modules.keys().map(String::as_str));
                    let hint = crate::diagnostics::suggest::nearest(name, modules).map(str::to_owned);
                    Err(RegistryError::Unknown { name: name.to_owned(), hint })
                }
            },
            many => Err(RegistryError::Ambiguous {
                name: name.to_owned(),
                libraries: many.iter().map(|plugin| plugin.path.display().to_string()).collect(),
            }),
        }
    }

    /// Registers all modules of all libraries on the search path, and forgets the rest.
    pub fn auto_register(&mut self, plugins: &mut Plugins) -> Result<Registered, RegistryError> {
        let (loaded, broken) = plugins.load_all();
        let mut shadowed = Vec::new();
        self.entries.clear();
        for plugin in &loaded {
            for manifest in plugin.modules.values() {
                if self.entries.contains_key(&manifest.name) {
                    shadowed.push(manifest.name.clone());
                } else {
                    self.entries.insert(manifest.name.clone(), RegistryEntry::new(&plugin.library, manifest));
                }
            }
        }
        self.write()?;
        Ok(Registered { modules: self.entries.keys().cloned().collect(), broken, shadowed })
    }

    /// Forgets all modules, on disk too.
    pub fn clear(&mut self) -> Result<(), RegistryError> {
        self.entries.clear();
        self.write()
    }

    fn add(&mut self, plugin: &Plugin, modules: Vec<String>) -> Result<Vec<String>, RegistryError> {
        for name in &modules {
            if let Some(manifest) = plugin.modules.get(name) {
                self.entries.insert(name.clone(), RegistryEntry::new(&plugin.library, manifest));
            }
        }
        self.write()?;
        Ok(modules)
    }

    /// Written beside and renamed, so that no reader sees half of it.
    fn write(&self) -> Result<(), RegistryError> {
        let fail = |source| RegistryError::Io { path: self.path.clone(), source };
        let folder = self.path.parent().unwrap_or(&self.path);
        make_folders(folder, by_umask(0o777)).map_err(fail)?;
        let mut text = serde_json::to_vec_pretty(&self.entries)
            .map_err(|source| RegistryError::Damaged { path: self.path.clone(), source })?;
        text.push(b'\n');
        replace(&self.path, &text, by_umask(0o666), true).map_err(fail)
    }
}
