//! `ModRegistry.json`: modules by name, in the specification's structure. A convenience for discovery; a run never reads it.

use crate::manifest::{ConfigSchema, ModuleKind, ModuleManifest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file: module name → entry.
pub type RegistryFile = BTreeMap<String, RegistryEntry>;

/// One registered module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegistryEntry {
    /// `<library file name>::<module>`: which library to take when several hold the name.
    pub module_path: String,
    /// TYPE.
    #[serde(rename = "type")]
    pub kind: ModuleKind,
    /// VERSION.
    pub version: String,
    /// DESCRIPTION.
    pub description: String,
    /// CATEGORY.
    pub category: String,
    /// INPUT_PORTS.
    pub input_ports: Vec<String>,
    /// OUTPUT_PORTS.
    pub output_ports: Vec<String>,
    /// GLOBALS.
    pub globals: Vec<String>,
    /// PACKAGES.
    pub packages: Vec<String>,
    /// CONFIG_SCHEMA.
    pub config_schema: ConfigSchema,
}

impl RegistryEntry {
    /// The entry of a module that `library` (a file name) holds.
    pub fn new(library: &str, manifest: &ModuleManifest) -> Self {
        Self {
            module_path: format!("{library}::{}", manifest.name),
            kind: manifest.kind,
            version: manifest.version.clone(),
            description: manifest.description.clone(),
            category: manifest.category.clone(),
            input_ports: manifest.input_ports.clone(),
            output_ports: manifest.output_ports.clone(),
            globals: manifest.globals.clone(),
            packages: manifest.packages.clone(),
            config_schema: manifest.config_schema.clone(),
        }
    }

    /// File name of the library that holds the module.
    pub fn library(&self) -> &str {
        self.module_path.split_once("::").map_or(self.module_path.as_str(), |(library, _)| library)
    }
}
