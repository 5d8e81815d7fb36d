//! A node's configuration against its module's schema: checked at build, and again at run once templates are resolved.

use crate::json_schema::{Checker, Violation};
use pypeline_schema::manifest::ModuleManifest;
use serde_json::{Map, Value};

/// All violations of a configuration.
pub fn check(manifest: &ModuleManifest, config: &Map<String, Value>) -> Result<Vec<Violation>, String> {
    let checker = Checker::new(manifest.config_json_schema.clone())?;
    Ok(checker.check(&Value::Object(config.clone())))
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

/// The keys whose values are SQL expressions, by the schema's `format`.
pub fn expression_keys(manifest: &ModuleManifest) -> Vec<&str> {
    let properties = manifest.config_json_schema.get("properties").and_then(Value::as_object);
    let is_expression = |property: &Value| property.get("format").and_then(Value::as_str) == Some("sql-expression");
    properties
        .into_iter()
        .flatten()
        .filter(|(_, property)| is_expression(property))
        .map(|(name, _)| name.as_str())
        .collect()
}
