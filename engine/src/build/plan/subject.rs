//! What the checks look at: the nodes as written, their modules where they are known, and both found by id.

use super::ControlLink;
use crate::build::load::document::Document;
use crate::build::load::resolved::Resolved;
use crate::build::load::yaml::escape;
use crate::diagnostics::{Span, suggest};
use pypeline_schema::manifest::ModuleManifest;
use pypeline_schema::ports::PortNames;
use pypeline_schema::valve::Condition;
use std::cell::RefCell;
use std::collections::HashMap;

/// A flow as loaded.
pub(super) struct Subject<'a> {
    pub document: &'a Document,
    modules: &'a [Option<Resolved>],
    by_id: HashMap<String, usize>,
    advice: RefCell<HashMap<String, String>>,
}

impl<'a> Subject<'a> {
    pub fn new(document: &'a Document, modules: &'a [Option<Resolved>]) -> Self {
        let mut by_id = HashMap::new();
        for (at, node) in document.nodes.iter().enumerate() {
            by_id.entry(node.id.to_ascii_lowercase()).or_insert(at);
        }
        Self { document, modules, by_id, advice: RefCell::default() }
    }

    pub fn n_nodes(&self) -> usize {
        self.document.nodes.len()
    }

    /// The node of an id, ignoring case; the first of several.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.by_id.get(&id.to_ascii_lowercase()).copied()
    }

    pub fn id(&self, node: usize) -> &'a str {
        self.document.nodes.get(node).map_or("", |node| node.id.as_str())
    }

    pub fn ids(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.document.nodes.iter().map(|node| node.id.as_str())
    }

    /// What to write for an id that is not there. A node that many places name is looked for once, and of many such nodes the first
    /// ones: to compare each with all takes too long in large flows.
    pub fn advice(&self, id: &str) -> String {
        const MOST_COMPARED: usize = 1_000_000;
        let mut known = self.advice.borrow_mut();
        if known.len() * self.n_nodes() > MOST_COMPARED && !known.contains_key(id) {
            return format!("there are {} nodes, and none of this name", self.n_nodes());
        }
        let advice = || match self.document.nodes.iter().find(|node| node.module.eq_ignore_ascii_case(id)) {
            Some(node) => format!("`{id}` is a module; its node here is `{}`", node.id),
            None => suggest::help(id, "nodes", &self.ids().collect::<Vec<_>>()),
        };
        known.entry(id.to_owned()).or_insert_with(advice).clone()
    }

    pub fn module(&self, node: usize) -> Option<&'a Resolved> {
        self.modules.get(node)?.as_ref()
    }

    pub fn manifest(&self, node: usize) -> Option<&'a ModuleManifest> {
        self.module(node).map(|module| &*module.manifest)
    }

    /// The input ports of a node, where its module is known.
    pub fn inputs(&self, node: usize) -> Option<PortNames<'a>> {
        self.module(node).map(|module| PortNames::inputs(&module.manifest, &module.config))
    }

    /// The output ports of a node, where its module is known.
    pub fn outputs(&self, node: usize) -> Option<PortNames<'a>> {
        self.module(node).map(|module| PortNames::outputs(&module.manifest, &module.config))
    }

    pub fn value(&self, pointer: &str) -> Option<Span> {
        self.document.positions.value(pointer)
    }

    /// Place of the configuration key of a node that has this text.
    pub fn place_of(&self, node: usize, text: &str) -> Option<String> {
        let node = self.document.nodes.get(node)?;
        let found = node.config.iter().find(|(_, value)| value.as_str() == Some(text));
        Some(node.locate(&found.map_or_else(String::new, |(key, _)| format!("/{}", escape(key)))))
    }

    /// A control link as messages name it, with its line.
    pub fn describe(&self, link: &ControlLink) -> String {
        let condition = if link.condition == Condition::Ok { String::new() } else { link.condition.text() };
        let is_one = |ports: PortNames<'_>| ports.names.len() == 1 && !ports.is_open;
        let port = link.list_port.as_ref().filter(|_| !self.outputs(link.from).is_none_or(is_one));
        let port = port.map(|port| format!(".{port}")).unwrap_or_default();
        let (from, to) = (self.id(link.from), self.id(link.to));
        let line = self.document.positions.line(&link.pointer);
        format!("`{from}{port} ({}|{condition}) {to}` (line {line})", link.order)
    }
}
