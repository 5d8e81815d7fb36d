//! The flow as far as it can be read: every part that is there and well formed, however broken the rest is, so that one
//! look finds everything.

use super::budget::LONGEST_ID;
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
    /// Variables of the environment that the defaults of the context take their values from; true where they have another.
    pub context_env: Vec<(String, bool)>,
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
    /// The group that a configuration key stands in, where it is in one.
    pub config_groups: BTreeMap<String, &'static str>,
    /// Keys that stand twice, with the second place.
    pub config_twice: Vec<(String, String)>,
    /// Keys beside those of an entry.
    pub unknown: Vec<String>,
    /// `misc`.
    pub misc: Map<String, Value>,
    /// Of the whole entry.
    pub pointer: String,
}

/// The ports of a node that data links name.
#[derive(Debug, Clone, Default)]
pub struct LinkedPorts {
    /// Input ports, in the order of the links.
    pub inputs: Vec<String>,
    /// Output ports.
    pub outputs: HashSet<String>,
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
    pub fn read(mut value: Value, positions: Positions) -> Self {
        let mut connections = take(&mut value, "connections");
        let nodes = list(take(&mut value, "modules")).into_iter().enumerate();
        Self {
            flow: part(&mut value, "flow"),
            settings: part(&mut value, "settings").unwrap_or_default(),
            context: part(&mut value, "context").unwrap_or_default(),
            params: part(&mut value, "params").unwrap_or_default(),
            nodes: nodes.filter_map(|(at, node)| NodeEntry::read(node, format!("/modules/{at}"))).collect(),
            data: links(&mut connections, "data"),
            control: links(&mut connections, "control"),
            context_env: Vec::new(),
            positions,
        }
    }

    /// The ports that data links name, by their nodes' ids in lower case. Links that cannot be read are left out.
    pub fn linked_ports(&self) -> HashMap<String, LinkedPorts> {
        let mut linked: HashMap<String, LinkedPorts> = HashMap::new();
        let of = |port: &PortRef| port.node.to_ascii_lowercase();
        for (from, to) in self.data.iter().filter_map(LinkEntry::ports) {
            linked.entry(of(&from)).or_default().outputs.insert(from.port);
            let inputs = &mut linked.entry(of(&to)).or_default().inputs;
            if !inputs.contains(&to.port) {
                inputs.push(to.port);
            }
        }
        linked
    }
}

impl LinkEntry {
    fn ports(&self) -> Option<(PortRef, PortRef)> {
        match &self.value {
            Value::String(text) => parse_data_link(text).ok().map(|link| (link.from, link.to)),
            other => {
                let end = |key: &str| parse_port(other.get(key)?.as_str()?, 0).ok();
                Some((end("from")?, end("to")?))
            }
        }
    }
}

/// An entry of `modules` that will be a node: the format's check leaves its unknown keys to whoever knows its module.
pub fn is_node(entry: &Value) -> bool {
    ["id", "name"].iter().all(|key| entry.get(key).and_then(Value::as_str).is_some_and(|text| text.len() <= LONGEST_ID))
}

/// Takes a value out of a mapping.
fn take(value: &mut Value, key: &str) -> Value {
    value.get_mut(key).map(Value::take).unwrap_or_default()
}

fn list(value: Value) -> Vec<Value> {
    if let Value::Array(items) = value { items } else { Vec::new() }
}

fn map(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}

fn text(value: Value) -> Option<String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

fn part<T: DeserializeOwned>(value: &mut Value, key: &str) -> Option<T> {
    serde_json::from_value(take(value, key)).ok()
}

fn links(connections: &mut Value, kind: &str) -> Vec<LinkEntry> {
    let entries = list(take(connections, kind)).into_iter().enumerate();
    entries.map(|(at, value)| LinkEntry { pointer: format!("/connections/{kind}/{at}"), value }).collect()
}

impl NodeEntry {
    fn read(mut node: Value, pointer: String) -> Option<Self> {
        let mut entry = Self {
            // What is longer is told by the format's check.
            id: text(take(&mut node, "id")).filter(|id| id.len() <= LONGEST_ID)?,
            module: text(take(&mut node, "name")).filter(|name| name.len() <= LONGEST_ID)?,
            config: Map::new(),
            config_groups: BTreeMap::new(),
            config_twice: Vec::new(),
            misc: map(take(&mut node, "misc")),
            unknown: Vec::new(),
            pointer,
        };
        let configs = take(&mut node, "configs");
        let keys = map(node).into_iter().map(|(key, _)| key);
        entry.unknown = keys.filter(|key| !["id", "name", "configs", "misc"].contains(&key.as_str())).collect();
        for (key, value) in map(configs) {
            let group = ["required", "optional"].into_iter().find(|group| *group == key);
            match (group, value) {
                (Some(group), Value::Object(keys)) => {
                    for (key, value) in keys {
                        entry.add(key, value, Some(group));
                    }
                }
                (Some(_), Value::Null) => {}
                (_, value) => entry.add(key, value, None),
            }
        }
        Some(entry)
    }

    fn add(&mut self, key: String, value: Value, group: Option<&'static str>) {
        if self.config.contains_key(&key) {
            let pointer = format!("{}/configs{}/{}", self.pointer, below(group), escape(&key));
            self.config_twice.push((key, pointer));
            return;
        }
        if let Some(group) = group {
            self.config_groups.insert(key.clone(), group);
        }
        self.config.insert(key, value);
    }

    /// The pointer in the file of a pointer within the configuration.
    pub fn locate(&self, inner: &str) -> String {
        let (key, rest) = match inner.trim_start_matches('/').split_once('/') {
            Some((key, rest)) => (key, format!("/{rest}")),
            None => (inner.trim_start_matches('/'), String::new()),
        };
        let name = key.replace("~1", "/").replace("~0", "~");
        if !self.config.contains_key(&name) {
            return format!("{}/configs", self.pointer);
        }
        format!("{}/configs{}/{key}{rest}", self.pointer, below(self.config_groups.get(&name).copied()))
    }
}

fn below(group: Option<&str>) -> String {
    group.map_or_else(String::new, |group| format!("/{group}"))
}
