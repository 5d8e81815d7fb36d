//! `pype list-modules` and `pype describe-module`.

use super::project_here;
use crate::args::{Global, NameArgs, Output};
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_engine::diagnostics::suggest;
use pypeline_engine::plugins::Plugins;
use pypeline_engine::plugins::handle::Plugin;
use pypeline_engine::registry::Registry;
use pypeline_schema::manifest::{ConfigField, ModuleManifest};
use serde_json::{Value, json};
use std::sync::Arc;

/// Lists all modules on the search path.
pub fn list(global: &Global) -> Result<u8, Failure> {
    let project = project_here(global);
    let registry = Registry::open(&project)?;
    let plugins = load(&mut Plugins::of(&project));
    let registered = |plugin: &Plugin, name: &str| registry.library(name) == Some(plugin.library.as_str());
    if global.output == Output::Json {
        let modules: Vec<Value> = plugins
            .iter()
            .flat_map(|plugin| plugin.modules.values().map(move |manifest| (plugin, manifest)))
            .map(|(plugin, manifest)| record(plugin, manifest, registered(plugin, &manifest.name)))
            .collect();
        render::json(&modules);
        return Ok(Exit::Success as u8);
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for plugin in &plugins {
        for manifest in plugin.modules.values() {
            rows.push(vec![
                manifest.name.clone(),
                manifest.kind.as_str().to_owned(),
                manifest.version.clone(),
                manifest.category.clone(),
                manifest.description.clone(),
                plugin.library.clone(),
                if registered(plugin, &manifest.name) { "yes" } else { "" }.to_owned(),
            ]);
        }
    }
    rows.sort();
    if rows.is_empty() {
        render::line("no modules: no plugin library on the search path");
        return Ok(Exit::Success as u8);
    }
    render::table(&["module", "type", "version", "category", "description", "plugin", "registered"], rows);
    Ok(Exit::Success as u8)
}

/// Shows one module.
pub fn describe(global: &Global, args: &NameArgs) -> Result<u8, Failure> {
    let project = project_here(global);
    let registry = Registry::open(&project)?;
    let plugins = load(&mut Plugins::of(&project));
    let chosen = registry.library(&args.name);
    let holders = || plugins.iter().filter(|plugin| plugin.modules.contains_key(&args.name));
    let plugin = holders().find(|plugin| Some(plugin.library.as_str()) == chosen).or_else(|| holders().next());
    let found = plugin.and_then(|plugin| Some((plugin, plugin.modules.get(&args.name)?)));
    let Some((plugin, manifest)) = found else {
        let names: Vec<&str> = plugins.iter().flat_map(|plugin| plugin.modules.keys().map(String::as_str)).collect();
        let help = suggest::help(&args.name, "known modules", &names);
        return Err(Failure::new(Exit::Usage, format!("unknown module `{}`: {help}", args.name)));
    };
    if global.output == Output::Json {
        render::json(&record(plugin, manifest, chosen == Some(plugin.library.as_str())));
        return Ok(Exit::Success as u8);
    }
    render::line(&format!(
        "{} {} ({}, {})",
        manifest.name,
        manifest.version,
        manifest.kind.as_str(),
        manifest.category
    ));
    render::line(&manifest.description);
    let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let (inputs, outputs) = manifest.ports_in_words();
    render::line(&format!("inputs: {inputs}   outputs: {outputs}"));
    render::line(&format!("globals: {}   packages: {}", list(&manifest.globals), list(&manifest.packages)));
    let way = match (manifest.lowers, manifest.runs) {
        (true, false) => "lowers: fused with its neighbours",
        (true, true) => "lowers or runs, as its configuration needs",
        _ => "runs by itself",
    };
    render::line(&format!("{way}   plugin: {} {} (sdk {})", plugin.path.display(), plugin.version, plugin.sdk));
    let field = |required: &str, (name, field): (&String, &ConfigField)| {
        let default = field.default.as_ref().map_or_else(String::new, Value::to_string);
        vec![name.clone(), field.type_name.clone(), required.to_owned(), default, field.description.clone()]
    };
    let schema = &manifest.config_schema;
    let rows = schema.required.iter().map(|entry| field("yes", entry));
    let rows: Vec<_> = rows.chain(schema.optional.iter().map(|entry| field("", entry))).collect();
    if !rows.is_empty() {
        render::table(&["config", "type", "required", "default", "description"], rows);
    }
    Ok(Exit::Success as u8)
}

/// Everything on the search path; what cannot be used is said on stderr and is no end.
fn load(plugins: &mut Plugins) -> Vec<Arc<Plugin>> {
    let (loaded, broken) = plugins.load_all();
    for error in broken {
        render::warning(&error.to_string());
    }
    loaded
}

fn record(plugin: &Plugin, manifest: &ModuleManifest, registered: bool) -> Value {
    let mut record = serde_json::to_value(manifest).unwrap_or_default();
    if let Some(map) = record.as_object_mut() {
        map.insert("registered".to_owned(), Value::Bool(registered));
        let about =
            json!({"library": plugin.library, "path": plugin.path, "version": plugin.version, "sha256": plugin.sha256});
        map.insert("plugin".to_owned(), about);
    }
    record
}
