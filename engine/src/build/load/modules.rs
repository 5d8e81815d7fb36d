//! Nodes to modules: which plugin holds each, and whether the configuration is what the module asks for.

use super::document::{Document, NodeEntry};
use crate::config;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics, suggest};
use crate::json_schema::{Violation, ViolationKind};
use crate::plugins::Plugins;
use crate::plugins::handle::Plugin;
use crate::registry::Registry;
use crate::template;
use pypeline_schema::lowering::LowerRequest;
use pypeline_schema::manifest::ModuleManifest;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The module of a node.
#[derive(Clone)]
pub struct Resolved {
    /// The library that holds it.
    pub plugin: Arc<Plugin>,
    /// What it says of itself.
    pub manifest: ModuleManifest,
    /// The node's configuration after defaults.
    pub config: Map<String, Value>,
}

/// Finds modules for names; loads all libraries once a name is not in the registry.
struct Catalog<'a> {
    plugins: &'a mut Plugins,
    registry: &'a Registry,
    all: Option<Vec<Arc<Plugin>>>,
    known: BTreeMap<String, Result<Arc<Plugin>, Box<Diagnostic>>>,
}

/// The module of each node, in the nodes' order; none where there is none, which is reported.
pub fn resolve(
    document: &Document,
    plugins: &mut Plugins,
    registry: &Registry,
    diagnostics: &mut Diagnostics,
) -> Vec<Option<Resolved>> {
    let mut catalog = Catalog { plugins, registry, all: None, known: BTreeMap::new() };
    document
        .nodes
        .iter()
        .map(|node| {
            let plugin = match catalog.find(&node.module, diagnostics) {
                Ok(plugin) => plugin,
                Err(finding) => {
                    let pointer = format!("{}/name", node.pointer);
                    let span = document.positions.value(&pointer);
                    diagnostics.push(finding.at(pointer, span));
                    return None;
                }
            };
            let manifest = plugin.modules.get(&node.module)?.clone();
            let is_sound = check_config(node, &manifest, document, diagnostics);
            let config = config::with_defaults(&manifest, &node.config);
            if is_sound && manifest.lowers {
                ask_module(node, &plugin, &manifest, &config, document, diagnostics);
            }
            Some(Resolved { plugin, manifest, config })
        })
        .collect()
}

impl Catalog<'_> {
    fn find(&mut self, module: &str, diagnostics: &mut Diagnostics) -> Result<Arc<Plugin>, Box<Diagnostic>> {
        if !self.known.contains_key(module) {
            let found = self.look_up(module, diagnostics);
            self.known.insert(module.to_owned(), found);
        }
        match self.known.get(module) {
            Some(Ok(plugin)) => Ok(Arc::clone(plugin)),
            Some(Err(finding)) => Err(finding.clone()),
            None => Err(Box::new(Diagnostic::new(Code::UnknownModule, format!("unknown module `{module}`")))),
        }
    }

    fn look_up(&mut self, module: &str, diagnostics: &mut Diagnostics) -> Result<Arc<Plugin>, Box<Diagnostic>> {
        if let Some(library) = self.registry.library(module) {
            let plugin = self.plugins.load_named(library).map_err(|error| {
                let message = format!("module `{module}` is registered, and {error}");
                let help = "put the library back, or write the registry anew with `pype auto-register`";
                Box::new(Diagnostic::new(Code::UnknownModule, message).help(help))
            })?;
            if plugin.modules.contains_key(module) {
                return Ok(plugin);
            }
        }
        let all = self.load_all(diagnostics);
        let holders: Vec<&Arc<Plugin>> = all.iter().filter(|plugin| plugin.modules.contains_key(module)).collect();
        match holders.as_slice() {
            [plugin] => Ok(Arc::clone(plugin)),
            [] => {
                let names: Vec<&str> =
                    all.iter().flat_map(|plugin| plugin.modules.keys().map(String::as_str)).collect();
                let help = if names.is_empty() {
                    let folders: Vec<String> =
                        self.plugins.search().folders().map(|folder| format!("`{}`", folder.display())).collect();
                    format!("no plugin library was found in {}", folders.join(", "))
                } else {
                    suggest::help(module, "known modules", &names)
                };
                Err(Box::new(Diagnostic::new(Code::UnknownModule, format!("unknown module `{module}`")).help(help)))
            }
            many => {
                let files: Vec<String> = many.iter().map(|plugin| format!("`{}`", plugin.path.display())).collect();
                let message = format!("module `{module}` is in {}", files.join(" and "));
                Err(Box::new(
                    Diagnostic::new(Code::AmbiguousModule, message).help("choose one: `pype register-module PATH`"),
                ))
            }
        }
    }

    fn load_all(&mut self, diagnostics: &mut Diagnostics) -> Vec<Arc<Plugin>> {
        if self.all.is_none() {
            let (loaded, broken) = self.plugins.load_all();
            for error in broken {
                diagnostics.push(Diagnostic::new(Code::BrokenPlugin, error.to_string()));
            }
            self.all = Some(loaded);
        }
        self.all.clone().unwrap_or_default()
    }
}

/// True if nothing was found.
fn check_config(
    node: &NodeEntry,
    manifest: &ModuleManifest,
    document: &Document,
    diagnostics: &mut Diagnostics,
) -> bool {
    let before = diagnostics.counts();
    let positions = &document.positions;
    for (key, pointer) in &node.config_twice {
        let message = format!("`{key}` of `{}` is given twice", node.id);
        diagnostics.push(Diagnostic::new(Code::ConfigTwice, message).at(pointer.clone(), positions.key(pointer)));
    }
    let violations = config::check(manifest, &node.config).unwrap_or_else(|error| {
        let message = format!("the configuration schema of module `{}` is damaged: {error}", manifest.name);
        diagnostics.push(Diagnostic::new(Code::BrokenPlugin, message));
        Vec::new()
    });
    for violation in violations {
        diagnostics.push(diagnose(violation, node, manifest, document));
    }
    let (_, broken) = template::names(&Value::Object(node.config.clone()));
    for error in broken {
        let pointer = node.locate(&error.pointer);
        let span = positions.value(&pointer);
        diagnostics.push(
            Diagnostic::new(Code::TemplateSyntax, format!("not a template: {}", error.message)).at(pointer, span),
        );
    }
    for key in config::expression_keys(manifest) {
        check_expression(key, node, document, diagnostics);
    }
    diagnostics.counts() == before
}

/// A module that lowers knows more of its configuration than its schema says: it is asked, where no value hides in a template.
fn ask_module(
    node: &NodeEntry,
    plugin: &Plugin,
    manifest: &ModuleManifest,
    config: &Map<String, Value>,
    document: &Document,
    diagnostics: &mut Diagnostics,
) {
    let config = Value::Object(config.clone());
    if template::is_template(&config) {
        return;
    }
    let request = LowerRequest { config, linked_outputs: manifest.output_ports.clone() };
    let Err(fault) = plugin.lower(&manifest.name, &request) else { return };
    let key = fault.context.iter().find(|(key, _)| key == "key").map_or("", |(_, value)| value.as_str());
    let pointer = node.locate(&format!("/{key}"));
    let place = fault.place.as_deref().map(|place| format!(" (at {place})")).unwrap_or_default();
    let whose = format!("`{}` ({} in {})", node.id, manifest.name, plugin.library);
    let message = format!("{whose} does not accept its configuration: {}{place}", fault.message);
    let finding = Diagnostic { help: fault.help.clone(), ..Diagnostic::new(Code::ConfigWrongValue, message) };
    let span = document.positions.value(&pointer);
    diagnostics.push(finding.at(pointer, span));
}

fn diagnose(violation: Violation, node: &NodeEntry, manifest: &ModuleManifest, document: &Document) -> Diagnostic {
    let pointer = node.locate(&violation.pointer);
    let positions = &document.positions;
    let at_top = violation.pointer.matches('/').count() <= 1;
    let (code, message, span) = match violation.kind {
        ViolationKind::UnknownKey => {
            let message =
                if at_top { format!("{} for `{}`", violation.message, manifest.name) } else { violation.message };
            (Code::ConfigUnknownKey, message, positions.key(&pointer))
        }
        ViolationKind::MissingKey => {
            let span = if at_top { positions.value(&format!("{}/id", node.pointer)) } else { positions.key(&pointer) };
            (Code::ConfigMissingKey, format!("{} in the configuration of `{}`", violation.message, node.id), span)
        }
        ViolationKind::WrongType | ViolationKind::WrongValue => {
            let key = violation.pointer.trim_start_matches('/').to_owned();
            (Code::ConfigWrongValue, format!("`{key}`: {}", violation.message), positions.value(&pointer))
        }
    };
    Diagnostic { help: violation.help, ..Diagnostic::new(code, message) }.at(pointer, span)
}

/// An SQL expression must be one expression and nothing more: it will stand inside a SELECT.
fn check_expression(key: &str, node: &NodeEntry, document: &Document, diagnostics: &mut Diagnostics) {
    let Some(Value::String(text)) = node.config.get(key) else { return };
    if template::is_template(&Value::String(text.clone())) {
        return;
    }
    let Err(message) = config::parse_expression(text) else { return };
    let pointer = node.locate(&format!("/{key}"));
    let finding = Diagnostic::new(Code::ExpressionSyntax, format!("`{key}` is not an SQL expression: {message}"));
    let span = document.positions.value(&pointer);
    diagnostics.push(finding.help("e.g. `age > 18 AND city IS NOT NULL`").at(pointer, span));
}
