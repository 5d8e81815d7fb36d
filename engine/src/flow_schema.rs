//! The flow format as an editor needs it: its JSON Schema with the configuration of every module that a project can see.
//!
//! Written in what draft 2020-12 and draft-07 share, which is what yaml-language-server reads: `enum`, `if`/`then`, `allOf`, `$ref`.
//! It says no more than the build does: a text with a template stands for any value, and a key may stand in any of its places.

mod later;
mod references;

use crate::plugins::Plugins;
use crate::plugins::error::PluginError;
use crate::project::Project;
use crate::registry::{Registry, RegistryError};
use pypeline_schema::flow::FlowFile;
use pypeline_schema::manifest::ModuleManifest;
use references::fragment;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where `pype init` puts the schema of a project, from its root.
pub const PLACE: &str = ".pype/flow.schema.json";

/// The first line of a flow in the project's root, by which editors find the schema.
pub const MODELINE: &str = "# yaml-language-server: $schema=.pype/flow.schema.json";

/// Places below `configs` where a key may stand, besides `configs` itself.
const GROUPS: [&str; 2] = ["required", "optional"];

/// The schema of a project's flows, and the libraries that could not be used for it.
pub struct FlowSchema {
    /// A JSON Schema, draft 2020-12.
    pub schema: Value,
    /// Names of the modules in it.
    pub modules: Vec<String>,
    /// Libraries on the search path that cannot be used.
    pub broken: Vec<PluginError>,
}

/// The schema of the flows of a project, with the modules of all plugins on its search path. Where two libraries hold a module of
/// one name, it is that of the registered one, else of the first.
///
/// # Errors
/// The registry cannot be read.
pub fn of_project(project: &Project) -> Result<FlowSchema, RegistryError> {
    let registry = Registry::open(project)?;
    let (plugins, broken) = Plugins::of(project).load_all();
    let mut modules: BTreeMap<&str, &ModuleManifest> = BTreeMap::new();
    for plugin in &plugins {
        for (name, manifest) in &plugin.modules {
            let is_chosen = registry.library(name) == Some(plugin.library.as_str());
            if is_chosen || !modules.contains_key(name.as_str()) {
                modules.insert(name, manifest);
            }
        }
    }
    let manifests: Vec<&ModuleManifest> = modules.into_values().collect();
    let modules = manifests.iter().map(|manifest| manifest.name.clone()).collect();
    Ok(FlowSchema { schema: of_modules(&manifests), modules, broken })
}

/// The schema of flows that use these modules; of any module if there are none.
pub fn of_modules(manifests: &[&ModuleManifest]) -> Value {
    let mut schema = schemars::schema_for!(FlowFile).to_value();
    later::allow(&mut schema, &["Settings"]);
    set(&mut schema, "description", json!("A flow of pype, with the modules that are installed"));
    if let Some(Value::Object(definitions)) = schema.get_mut("$defs") {
        definitions.insert("later".to_owned(), later::definition());
        for manifest in manifests {
            definitions.insert(definition(manifest), own_schema(manifest));
            definitions.insert(configs_name(manifest), configs(manifest));
        }
        if let Some(node) = definitions.get_mut("NodeSpec") {
            node_of(node, manifests);
        }
    }
    schema
}

/// Makes an entry of `modules:` one of these modules.
fn node_of(node: &mut Value, manifests: &[&ModuleManifest]) {
    if let Some(Value::Object(properties)) = node.get_mut("properties") {
        properties.insert("misc".to_owned(), misc());
        if let Some(name) = properties.get_mut("name").filter(|_| !manifests.is_empty()) {
            let names: Vec<&str> = manifests.iter().map(|manifest| manifest.name.as_str()).collect();
            let words: Vec<String> = manifests.iter().map(|manifest| in_words(manifest)).collect();
            set(name, "enum", json!(names));
            // Of editors; to all else it is an annotation.
            set(name, "enumDescriptions", json!(words));
        }
    }
    let rules: Vec<Value> = manifests.iter().map(|manifest| rule(manifest)).collect();
    if !rules.is_empty() {
        set(node, "allOf", Value::Array(rules));
    }
}

fn in_words(manifest: &ModuleManifest) -> String {
    let ports = |word: &str, ports: String| match ports.as_str() {
        "none" => String::new(),
        ports => format!("; {word} {ports}"),
    };
    let (into, out) = manifest.ports_in_words();
    let (into, out) = (ports("in:", into), ports("out:", out));
    format!("{} ({}{into}{out})", manifest.description, manifest.kind.as_str())
}

fn rule(manifest: &ModuleManifest) -> Value {
    let mut then =
        json!({"properties": {"configs": {"$ref": format!("#/$defs/{}", fragment(&configs_name(manifest)))}}});
    if !required(manifest).is_empty() {
        set(&mut then, "required", json!(["configs"]));
    }
    json!({"if": {"properties": {"name": {"const": manifest.name}}, "required": ["name"]}, "then": then})
}

/// `configs:` of a module: its keys straight there, or in the groups of the specification.
fn configs(manifest: &ModuleManifest) -> Value {
    let own = &manifest.config_json_schema;
    let base = format!("#/$defs/{}/properties", fragment(&definition(manifest)));
    let names = own.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let keys: Map<String, Value> =
        names.map(|name| (name.clone(), json!({"$ref": format!("{base}/{}", fragment(name))}))).collect();
    let others = own.get("additionalProperties").filter(|others| others.is_boolean()).cloned();
    let others = others.unwrap_or(Value::Bool(true));
    let mut all = keys.clone();
    for (group, what) in GROUPS.into_iter().zip(["Keys that the module needs", "Keys that may be left out"]) {
        let group_schema = json!({
            "description": what,
            "type": ["object", "null"],
            "properties": keys,
            "additionalProperties": others,
        });
        all.insert(group.to_owned(), group_schema);
    }
    let mut configs = json!({
        "title": format!("{} {}", manifest.name, manifest.version),
        "description": manifest.description,
        "type": "object",
        "properties": all,
        "additionalProperties": others,
    });
    let needed: Vec<Value> = required(manifest).into_iter().map(|key| somewhere(&key)).collect();
    if !needed.is_empty() {
        set(&mut configs, "allOf", Value::Array(needed));
    }
    configs
}

/// The key stands in one of its places.
fn somewhere(key: &str) -> Value {
    let within =
        |group: &str| json!({"required": [group], "properties": {group: {"type": "object", "required": [key]}}});
    let places = std::iter::once(json!({"required": [key]})).chain(GROUPS.into_iter().map(within));
    json!({"anyOf": places.collect::<Vec<_>>()})
}

fn required(manifest: &ModuleManifest) -> Vec<String> {
    let keys = manifest.config_json_schema.get("required").and_then(Value::as_array);
    keys.into_iter().flatten().filter_map(|key| key.as_str().map(str::to_owned)).collect()
}

/// What the module says of its configuration, fit to stand in another schema.
fn own_schema(manifest: &ModuleManifest) -> Value {
    let mut own = manifest.config_json_schema.clone();
    if let Value::Object(own) = &mut own {
        for key in ["$schema", "$id", "$anchor", "$dynamicAnchor", "$vocabulary"] {
            own.remove(key);
        }
    }
    references::rebase(&mut own, &format!("#/$defs/{}", fragment(&definition(manifest))));
    later::allow_in(&mut own);
    own
}

fn definition(manifest: &ModuleManifest) -> String {
    format!("module.{}", manifest.name)
}

fn configs_name(manifest: &ModuleManifest) -> String {
    format!("configs.{}", manifest.name)
}

/// `misc:` has free keys beside those that the engine knows.
fn misc() -> Value {
    json!({
        "description": "Per-node settings and free keys",
        "type": "object",
        "properties": {
            "retries": {"description": "Further attempts of the sub flow after a failure of this node", "type": ["integer", "null"], "minimum": 0},
            "timeout": {"description": "Seconds that one pass of the node may take", "type": ["number", "null"], "exclusiveMinimum": 0},
            "join": {
                "description": "How the node's sub flow decides where several control links reach it (default `clean`)",
                "enum": ["clean", "all", "any", null],
                "enumDescriptions": ["At least one link opened, none blocked", "Every link opened", "At least one link opened", ""],
            },
            "description": {"description": "What the node is for"},
            "tags": {"description": "Words to find it by"},
        },
        "additionalProperties": true,
        "default": {},
    })
}

fn set(schema: &mut Value, key: &str, value: Value) {
    if let Value::Object(map) = schema {
        map.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests;
