//! Nodes to modules: which plugin holds each, and what it says to the node's configuration.

use super::document::{Document, LinkedPorts, NodeEntry};
use super::resolved::Resolved;
use super::yaml::escape;
use super::{ask, configs, homes, references};
use crate::config;
use crate::config::leaves::{Pattern, patterns};
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics, suggest};
use crate::json_schema::Checker;
use crate::plugins::Plugins;
use crate::plugins::handle::Plugin;
use crate::registry::Registry;
use pypeline_schema::manifest::ModuleManifest;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A module as it was found, for all its nodes.
#[derive(Clone)]
pub(super) struct Found {
    pub plugin: Arc<Plugin>,
    pub manifest: Arc<ModuleManifest>,
    /// None if the module's own schema is damaged, which is reported once.
    pub checker: Option<Arc<Checker>>,
    /// Where SQL and names of columns stand.
    pub patterns: Arc<[Pattern]>,
    /// Keys whose texts are lines for a shell.
    pub commands: Arc<[String]>,
}

/// Finds modules for names; loads all libraries once a name is not in the registry.
struct Catalog<'a> {
    plugins: &'a mut Plugins,
    registry: &'a Registry,
    all: Option<Vec<Arc<Plugin>>>,
    known: BTreeMap<String, Result<Found, Box<Diagnostic>>>,
}

/// The module of each node, in the nodes' order; none where there is none, which is reported. Variables of the environment become
/// templates in the nodes' configurations.
pub fn resolve(
    document: &mut Document,
    plugins: &mut Plugins,
    registry: &Registry,
    diagnostics: &mut Diagnostics,
) -> Vec<Option<Resolved>> {
    let mut catalog = Catalog { plugins, registry, all: None, known: BTreeMap::new() };
    let linked = document.linked_ports();
    let unlinked = LinkedPorts::default();
    let mut nodes = std::mem::take(&mut document.nodes);
    let mut resolve = |node: &mut NodeEntry| {
        let found = catalog.find(&node.module, diagnostics);
        let schema = found.as_ref().ok().map(|found| &found.manifest.config_json_schema);
        for key in &node.unknown {
            let pointer = format!("{}/{}", node.pointer, escape(key));
            let finding = homes::unknown_of_node(key, &pointer, schema);
            diagnostics.push(finding.at(&pointer, document.positions.key(&pointer)));
        }
        let found = match found {
            Ok(found) => found,
            Err(finding) => {
                let pointer = format!("{}/name", node.pointer);
                let span = document.positions.value(&pointer);
                diagnostics.push(finding.at(pointer, span));
                return None;
            }
        };
        let mut findings = references::keep(node, &found, document);
        findings.extend(configs::check(node, &found, document));
        let mut is_sound = found.checker.is_some() && findings.is_empty();
        findings.into_iter().for_each(|finding| diagnostics.push(finding));
        let Found { plugin, manifest, .. } = found;
        let config = config::with_defaults(&manifest, &node.config);
        let effect = manifest.effect;
        let mut resolved = Resolved { plugin, manifest, config, effect, answer: None, is_sound };
        if is_sound && resolved.manifest.lowers {
            let is_service = resolved.manifest.service;
            let linked = linked.get(&node.id.to_ascii_lowercase()).unwrap_or(&unlinked);
            let asked = if is_service {
                ask::service(node, &resolved, linked, document)
            } else {
                ask::plain(node, &resolved, linked, document)
            };
            match asked {
                Ok(answer) if is_service => resolved.answer = answer,
                Ok(answer) => resolved.effect = ask::effect(node, &resolved, answer),
                Err(finding) => {
                    is_sound = false;
                    diagnostics.push(*finding);
                }
            }
        }
        resolved.is_sound = is_sound;
        Some(resolved)
    };
    let modules = nodes.iter_mut().map(&mut resolve).collect();
    document.nodes = nodes;
    modules
}

impl Catalog<'_> {
    fn find(&mut self, module: &str, diagnostics: &mut Diagnostics) -> Result<Found, Box<Diagnostic>> {
        if let Some(known) = self.known.get(module) {
            return known.clone();
        }
        let found = self.look_up(module, diagnostics).and_then(|plugin| {
            let unknown = || Box::new(Diagnostic::new(Code::UnknownModule, format!("unknown module `{module}`")));
            let manifest = Arc::new(plugin.modules.get(module).ok_or_else(unknown)?.clone());
            let checker = config::checker(&manifest).map_err(|error| {
                let message = format!("the configuration schema of module `{module}` is damaged: {error}");
                diagnostics.push(Diagnostic::new(Code::BrokenPlugin, message));
            });
            let keys =
                |format: &str| config::keys_of_format(&manifest, format).into_iter().map(str::to_owned).collect();
            let (patterns, commands) = (patterns(&manifest).into(), keys(config::SHELL_COMMAND));
            let checker = checker.ok().map(Arc::new);
            Ok(Found { plugin, manifest, checker, patterns, commands })
        });
        self.known.insert(module.to_owned(), found.clone());
        found
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
