//! A node's configuration against its module's schema: checked at build, and again at run once templates are resolved.

pub(crate) mod leaves;
mod sql;

pub(crate) use sql::{parse_expression, parse_query};

use crate::json_schema::Checker;
use pypeline_schema::manifest::ModuleManifest;
use serde_json::{Map, Value};

/// What checks the configurations of a module: it takes longer to make than to use.
pub fn checker(manifest: &ModuleManifest) -> Result<Checker, String> {
    Checker::new(manifest.config_json_schema.clone())
}

/// The configuration with the defaults of the schema for what is not given.
pub fn with_defaults(manifest: &ModuleManifest, config: &Map<String, Value>) -> Map<String, Value> {
    let mut full = config.clone();
    for (name, field) in &manifest.config_schema.optional {
        if let Some(default) = &field.default {
            full.entry(name.clone()).or_insert_with(|| default.clone());
        }
    }
    full
}

/// The `format` of keys whose texts are lines for a shell: `${…}` in them is the shell's.
pub const SHELL_COMMAND: &str = "shell-command";

/// The keys of a `format` in the schema.
pub fn keys_of_format<'a>(manifest: &'a ModuleManifest, format: &str) -> Vec<&'a str> {
    let properties = manifest.config_json_schema.get("properties").and_then(Value::as_object);
    let is_it = |property: &Value| property.get("format").and_then(Value::as_str) == Some(format);
    let keys = properties.into_iter().flatten().filter(|(_, property)| is_it(property));
    keys.map(|(name, _)| name.as_str()).collect()
}
