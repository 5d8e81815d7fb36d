//! The flow as far as it can be read: every part that is there and well formed, however broken the rest is, so that one
//! look finds everything.

use super::yaml::{Positions, escape};
use pypeline_schema::flow::{FlowInfo, Variable};
use pypeline_schema::link::{PortRef, parse_data_link, parse_port};
use pypeline_schema::settings::Settings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A flow's parts with the places of all of them.
pub struct Document {
    /// `flow:`; none if it is not well formed.
    pub flow: Option<FlowInfo>,
    /// `settings:`; the defaults if it is not well formed.
    pub settings: Settings,
    /// `context:`.
    pub context: BTreeMap<String, Variable>,
    /// `params:`.
    pub params: BTreeMap<String, Variable>,
    /// Entries of `modules:` that have an id and a name.
    pub nodes: Vec<NodeEntry>,
    /// Entries of `connections.data:`.
    pub data: Vec<LinkEntry>,
    /// Entries of `connections.control:`.
    pub control: Vec<LinkEntry>,
    /// Places.
    pub positions: Positions,
}

/// One node as written.
pub struct NodeEntry {
    /// Its id.
    pub id: String,
    /// The module's name.
    pub module: String,
    /// `configs`, from whichever of its three places.
    pub config: Map<String, Value>,
    /// Where each configuration key stands.
    pub config_pointers: BTreeMap<String, String>,
    /// Keys that stand twice, with the second place.
    pub config_twice: Vec<(String, String)>,
    /// `misc`.
    pub misc: Map<String, Value>,
    /// Of the whole entry.
    pub pointer: String,
}

/// One link as written.
pub struct LinkEntry {
    /// Of the whole entry.
    pub pointer: String,
    /// Text or object.
    pub value: Value,
}

impl Document {
    /// Takes a parsed flow apart.
    pub fn read(value: &Value, positions: Positions) -> Self {
        let nodes = value.get("modules").and_then(Value::as_array).into_iter().flatten().enumerate();
        Self {
            flow: part(value, "flow"),
            settings: part(value, "settings").unwrap_or_default(),
            context: part(value, "context").unwrap_or_default(),
            params: part(value, "params").unwrap_or_default(),
            nodes: nodes.filter_map(|(at, node)| NodeEntry::read(node, format!("/modules/{at}"))).collect(),
            data: links(value, "data"),
            control: links(value, "control"),
            positions,
        }
    }

    /// The output ports that a data link leaves, by their nodes' ids in lower case. Links that cannot be read are left out.
    pub fn linked_outputs(&self) -> HashMap<String, HashSet<String>> {
        let mut linked: HashMap<String, HashSet<String>> = HashMap::new();
        for port in self.data.iter().filter_map(LinkEntry::output) {
            linked.entry(port.node.to_ascii_lowercase()).or_default().insert(port.port);
        }
        linked
    }
}

impl LinkEntry {
    fn output(&self) -> Option<PortRef> {
        match &self.value {
            Value::String(text) => parse_data_link(text).ok().map(|link| link.from),
            other => parse_port(other.get("from")?.as_str()?, 0).ok(),
        }
    }
}

fn part<T: DeserializeOwned>(value: &Value, key: &str) -> Option<T> {
    serde_json::from_value(value.get(key)?.clone()).ok()
}

fn links(value: &Value, kind: &str) -> Vec<LinkEntry> {
    let entries = value.pointer(&format!("/connections/{kind}")).and_then(Value::as_array).into_iter().flatten();
    let entry =
        |(at, value): (usize, &Value)| LinkEntry { pointer: format!("/connections/{kind}/{at}"), value: value.clone() };
    entries.enumerate().map(entry).collect()
}

impl NodeEntry {
    fn read(node: &Value, pointer: String) -> Option<Self> {
        let mut entry = Self {
            id: node.get("id")?.as_str()?.to_owned(),
            module: node.get("name")?.as_str()?.to_owned(),
            config: Map::new(),
            config_pointers: BTreeMap::new(),
            config_twice: Vec::new(),
            misc: node.get("misc").and_then(Value::as_object).cloned().unwrap_or_default(),
            pointer,
        };
        let configs = node.get("configs").and_then(Value::as_object);
        for (key, value) in configs.into_iter().flatten() {
            let base = format!("{}/configs", entry.pointer);
            match (key.as_str(), value) {
                (group @ ("required" | "optional"), Value::Object(keys)) => {
                    for (key, value) in keys {
                        entry.add(key, value, format!("{base}/{group}/{}", escape(key)));
                    }
                }
                ("required" | "optional", Value::Null) => {}
                _ => entry.add(key, value, format!("{base}/{}", escape(key))),
            }
        }
        Some(entry)
    }

    fn add(&mut self, key: &str, value: &Value, pointer: String) {
        if self.config.contains_key(key) {
            self.config_twice.push((key.to_owned(), pointer));
        } else {
            self.config.insert(key.to_owned(), value.clone());
            self.config_pointers.insert(key.to_owned(), pointer);
        }
    }

    /// The pointer in the file of a pointer within the configuration.
    pub fn locate(&self, inner: &str) -> String {
        let (key, rest) = match inner.trim_start_matches('/').split_once('/') {
            Some((key, rest)) => (key, format!("/{rest}")),
            None => (inner.trim_start_matches('/'), String::new()),
        };
        let base = self.config_pointers.get(&key.replace("~1", "/").replace("~0", "~"));
        base.map_or_else(|| format!("{}/configs", self.pointer), |base| format!("{base}{rest}"))
    }
}
