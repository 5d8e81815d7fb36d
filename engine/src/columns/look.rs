//! From node to node: each is told its inputs' columns and says its outputs'.

use super::explain::Explainer;
use super::loops;
use super::written::Written;
use super::{Finding, Known, NodeView, Rows, Subject};
use crate::diagnostics::code::Code;
use crate::executor::{ColumnsFault, PortFields, Work};
use crate::template;
use pypeline_schema::columns::ColumnsRequest;
use pypeline_schema::fields::{DataType, Field};
use pypeline_schema::lowering::{Destination, LowerRequest, Lowering, Operation, Scan, Service, WriteFormat};
use pypeline_schema::ports::PortNames;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

/// The linked input ports of a node, with what is known of their rows.
type Inputs<'a> = BTreeMap<&'a str, Option<Rows>>;

/// Looks at a whole flow.
pub fn look(subject: &Subject<'_>) -> Known {
    let mut looker = Looker {
        subject,
        explainer: Explainer::new(subject.executor),
        links_to: HashMap::new(),
        links_from: HashMap::new(),
        written: Written::default(),
        caches: HashMap::new(),
        planned: HashMap::new(),
        known: Known::default(),
    };
    for (at, link) in subject.links.iter().enumerate() {
        looker.links_to.entry(link.to).or_default().push(at);
        looker.links_from.entry(link.from).or_default().insert(link.output);
    }
    let configs: HashMap<usize, Map<String, Value>> =
        subject.order.iter().filter_map(|at| Some((*at, looker.config(*at)?))).collect();
    for (&at, config) in &configs {
        looker.lower(at, config);
    }
    looker.announce();
    for &at in &subject.order {
        looker.node(at, configs.get(&at));
    }
    looker.known
}

struct Looker<'a> {
    subject: &'a Subject<'a>,
    explainer: Explainer<'a>,
    /// Links by the node that they reach.
    links_to: HashMap<usize, Vec<usize>>,
    /// Output ports that somebody reads, by node.
    links_from: HashMap<usize, HashSet<&'a str>>,
    written: Written,
    /// Caches by name; none where more than one way leads to what they hold.
    caches: HashMap<String, Option<Rows>>,
    /// What the executor has said of a SELECT over these columns: many nodes are alike.
    planned: HashMap<(BTreeMap<String, Operation>, PortFields), PortFields>,
    known: Known,
}

impl<'a> Looker<'a> {
    fn view(&self, at: usize) -> Option<&'a NodeView<'a>> {
        self.subject.nodes.get(at)?.as_ref()
    }

    /// A node's configuration, where all of its templates have values.
    fn config(&self, at: usize) -> Option<Map<String, Value>> {
        let config = Value::Object(self.view(at)?.config.clone());
        let config = match template::is_template(&config) {
            true => template::resolve(&config, self.subject.scope).ok()?.value,
            false => config,
        };
        match config {
            Value::Object(map) => Some(map),
            _ => None,
        }
    }

    /// What a node does; a refusal is told by others.
    fn lower(&mut self, at: usize, config: &Map<String, Value>) {
        let Some(node) = self.view(at).filter(|node| node.manifest.lowers) else { return };
        let linked = self.links_from.get(&at);
        let mut linked_outputs: Vec<String> = linked.into_iter().flatten().map(|port| (*port).to_owned()).collect();
        linked_outputs.sort();
        let linked_inputs: Vec<String> = self.input_ports(at).into_iter().map(str::to_owned).collect();
        if node.manifest.any_inputs && linked_inputs.is_empty() {
            return;
        }
        let request = LowerRequest { config: Value::Object(config.clone()), linked_inputs, linked_outputs };
        if let Ok(lowering) = node.functions.lower(&node.manifest.name, &request) {
            self.known.lowerings.insert(at, lowering);
        }
    }

    /// Before anything is looked at, it is known what the flow itself writes.
    fn announce(&mut self) {
        let subject = self.subject;
        for (at, node) in subject.nodes.iter().enumerate() {
            match (self.known.lowerings.get(&at), node) {
                (Some(Lowering::Destination(destination)), _) => {
                    self.written.announce(&subject.project.resolve(&destination.path).display().to_string());
                }
                (None, Some(node)) if node.manifest.lowers && is_sink(node) => {
                    let path = beginning(node).map(|path| subject.project.resolve(&path).display().to_string());
                    self.written.announce_beginning(&path.unwrap_or_default());
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, at: usize, config: Option<&Map<String, Value>>) {
        let Some(node) = self.view(at) else { return };
        let inputs = self.inputs(at);
        self.known.findings.extend(loops::check(self.subject, at, node, &self.known.ports));
        let Some(config) = config else {
            if let Some((fields, _)) = all_known(&inputs) {
                self.known.findings.extend(self.explainer.names(at, node, node.config, &fields));
            }
            return;
        };
        // A port without a link is told of already; that no column comes through it follows from that.
        if PortNames::inputs(node.manifest, config).names.iter().any(|port| !inputs.contains_key(port)) {
            return;
        }
        let tables = self.explainer.tables(at, node, config, &self.input_ports(at));
        if !tables.is_empty() {
            return self.known.findings.extend(tables);
        }
        let lowering = self.known.lowerings.get(&at).cloned();
        match lowering {
            Some(Lowering::Scan(scan)) => self.scan(at, config, scan),
            Some(Lowering::Select(selects)) => self.select(at, config, selects, &inputs),
            Some(Lowering::Destination(destination)) => self.write(at, config, &destination, &inputs),
            Some(Lowering::Service(service)) => self.service(at, config, &service, &inputs),
            Some(Lowering::Run) => self.ask(at, node, config, &inputs),
            None if !node.manifest.lowers => self.ask(at, node, config, &inputs),
            None => {}
        }
    }

    /// The linked input ports, in the order of the links.
    fn input_ports(&self, at: usize) -> Vec<&'a str> {
        let links = self.links_to.get(&at).into_iter().flatten().filter_map(|link| self.subject.links.get(*link));
        let mut ports: Vec<&'a str> = Vec::new();
        for link in links {
            if !ports.contains(&link.input) {
                ports.push(link.input);
            }
        }
        ports
    }

    fn inputs(&self, at: usize) -> Inputs<'a> {
        let links = self.links_to.get(&at).into_iter().flatten().filter_map(|link| self.subject.links.get(*link));
        let rows = |from: usize, output: &str| self.known.ports.get(&(from, output.to_owned())).cloned();
        links.map(|link| (link.input, rows(link.from, link.output))).collect()
    }

    fn give(&mut self, at: usize, outputs: PortFields, is_declared: bool) {
        for (port, fields) in outputs {
            self.known.ports.insert((at, port), Rows { fields, is_declared });
        }
    }

    fn scan(&mut self, at: usize, config: &Map<String, Value>, mut scan: Scan) {
        let declared = scan.columns.as_ref().map(|columns| {
            let fields = columns.iter().map(|column| Field::new(column.name.as_str(), column.data_type.into()));
            Rows { fields: fields.collect(), is_declared: true }
        });
        for path in &mut scan.paths {
            *path = self.subject.project.resolve(path).display().to_string();
        }
        let written = scan.paths.first().and_then(|path| self.written.at(path).map(|rows| rows.cloned()));
        let is_there = scan.paths.iter().all(|path| is_at_hand(path));
        let found = match (written, is_there) {
            // The flow's own file: what lies there now says nothing.
            (Some(rows), _) => declared.or(rows),
            (None, false) => declared,
            (None, true) => match self.subject.executor.columns(&Work::Scan(scan), &PortFields::new()) {
                Ok(mut outputs) => {
                    let is_declared = declared.is_some();
                    let found = outputs.remove("data").map(|fields| Rows { fields, is_declared });
                    declared.or(found)
                }
                Err(fault) => {
                    self.known.findings.push(self.explainer.source(at, config, fault));
                    declared
                }
            },
        };
        if let Some(rows) = found {
            self.known.ports.insert((at, "data".to_owned()), rows);
        }
    }

    fn select(
        &mut self,
        at: usize,
        config: &Map<String, Value>,
        selects: BTreeMap<String, Operation>,
        inputs: &Inputs<'a>,
    ) {
        let Some((fields, is_declared)) = all_known(inputs) else { return };
        let linked = self.links_from.get(&at);
        let selects: BTreeMap<String, Operation> =
            selects.into_iter().filter(|(port, _)| linked.is_some_and(|ports| ports.contains(port.as_str()))).collect();
        if let (Some(node), true) = (self.view(at), fields.len() > 1) {
            let unclear = self.explainer.ambiguous(at, node, config, &fields);
            if !unclear.is_empty() {
                return self.known.findings.extend(unclear);
            }
        }
        let key = (selects, fields);
        if let Some(outputs) = self.planned.get(&key) {
            let outputs = outputs.clone();
            return self.give(at, outputs, is_declared);
        }
        match self.subject.executor.columns(&Work::Select(key.0.clone()), &key.1) {
            Ok(outputs) => {
                self.planned.insert(key, outputs.clone());
                self.give(at, outputs, is_declared);
            }
            Err(fault) => {
                let Some(node) = self.view(at) else { return };
                self.known.findings.extend(self.explainer.select(at, node, config, &key.1, fault));
            }
        }
    }

    fn write(&mut self, at: usize, config: &Map<String, Value>, destination: &Destination, inputs: &Inputs<'a>) {
        let path = self.subject.project.resolve(&destination.path).display().to_string();
        let Some(rows) = inputs.values().next().cloned().flatten() else { return };
        for column in &destination.partition_by {
            if !rows.fields.iter().any(|field| field.name == *column) {
                self.known.findings.push(self.explainer.unknown_column(at, config, column, &rows.fields));
            }
        }
        let is_text = matches!(destination.format, WriteFormat::Csv(_));
        let kept: Vec<Field> =
            rows.fields.iter().filter(|field| !destination.partition_by.contains(&field.name)).cloned().collect();
        for field in kept.iter().filter(|field| is_text && field.data_type.is_nested()) {
            let message = format!("column `{}` is a {}, which a CSV file cannot hold", field.name, field.data_type);
            let help = "write Parquet, or take the column apart before";
            self.known.findings.push(Finding {
                node: at,
                code: Code::CannotHold,
                pointer: String::new(),
                inside: None,
                message,
                help: Some(help.to_owned()),
            });
        }
        // A text file keeps the names of columns; their types are guessed again by whoever reads it.
        let of_type = |field: Field| if is_text { Field::new(field.name, DataType::Unknown) } else { field };
        let fields = kept.into_iter().map(of_type).collect();
        if destination.partition_by.is_empty() {
            self.written.note(&path, Rows { fields, is_declared: rows.is_declared });
        }
    }

    fn service(&mut self, at: usize, config: &Map<String, Value>, service: &Service, inputs: &Inputs<'a>) {
        let rows = inputs.values().next().cloned().flatten();
        match service {
            Service::CacheWrite(write) => {
                let is_first = !self.caches.contains_key(&write.cache);
                self.caches.insert(write.cache.clone(), rows.filter(|_| is_first));
            }
            Service::CacheRead { cache } => {
                if let Some(Some(rows)) = self.caches.get(cache).cloned() {
                    self.known.ports.insert((at, "data".to_owned()), rows);
                }
            }
            Service::ContextLoad(load) => {
                let Some(rows) = rows else { return };
                for column in [&load.key_column, &load.value_column] {
                    if !rows.fields.iter().any(|field| field.name == *column) {
                        self.known.findings.push(self.explainer.unknown_column(at, config, column, &rows.fields));
                    }
                }
            }
            Service::ReturnRows { .. } | Service::RunJob(_) | Service::Items(_) => {}
        }
    }

    /// A module that runs is asked.
    fn ask(&mut self, at: usize, node: &NodeView<'_>, config: &Map<String, Value>, inputs: &Inputs<'a>) {
        let of_port =
            |(port, rows): (&&str, &Option<Rows>)| ((*port).to_owned(), rows.as_ref().map(|rows| rows.fields.to_vec()));
        let request =
            ColumnsRequest { config: Value::Object(config.clone()), inputs: inputs.iter().map(of_port).collect() };
        let is_declared = inputs.values().flatten().all(|rows| rows.is_declared);
        match node.functions.columns(&node.manifest.name, &request) {
            Ok(outputs) => {
                let known = outputs.into_iter().filter_map(|(port, fields)| Some((port, Arc::from(fields?))));
                self.give(at, known.collect(), is_declared);
            }
            Err(fault) => {
                let known: PortFields = inputs
                    .iter()
                    .filter_map(|(port, rows)| Some(((*port).to_owned(), Arc::clone(&rows.as_ref()?.fields))))
                    .collect();
                let fault = ColumnsFault::of_module(*fault);
                self.known.findings.extend(self.explainer.module(at, node, config, &known, fault));
            }
        }
    }
}

/// What stands in the place of a template whose value only the run knows.
const STAND_IN: &str = "templated.value";

/// What the path of a sink begins with whose templates have no values; none where that cannot be told.
fn beginning(node: &NodeView<'_>) -> Option<String> {
    let mut config = Value::Object(node.config.clone());
    let mut left = vec![&mut config];
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) if text.contains("{{") => {
                let start = text.find("{{")?;
                *text = format!("{}{STAND_IN}", text.get(..start)?);
            }
            Value::Array(items) => left.extend(items),
            Value::Object(map) => left.extend(map.values_mut()),
            _ => {}
        }
    }
    let request = LowerRequest { config, linked_inputs: Vec::new(), linked_outputs: Vec::new() };
    match node.functions.lower(&node.manifest.name, &request) {
        Ok(Lowering::Destination(destination)) => {
            Some(destination.path.split(STAND_IN).next().unwrap_or_default().to_owned())
        }
        _ => None,
    }
}

fn is_sink(node: &NodeView<'_>) -> bool {
    node.manifest.kind == pypeline_schema::manifest::ModuleKind::Sink && !node.manifest.service
}

/// The columns of all inputs, if they are known; and whether the flow's own text says so.
fn all_known(inputs: &Inputs<'_>) -> Option<(PortFields, bool)> {
    let mut fields = PortFields::new();
    let mut is_declared = true;
    for (port, rows) in inputs {
        let rows = rows.as_ref()?;
        is_declared &= rows.is_declared;
        fields.insert((*port).to_owned(), Arc::clone(&rows.fields));
    }
    Some((fields, is_declared))
}

/// There is something to look at: a file that is not there yet may be there when the job runs.
fn is_at_hand(path: &str) -> bool {
    if Path::new(path).exists() {
        return true;
    }
    let is_pattern = path.contains(['*', '?', '[']);
    is_pattern && glob::glob(path).is_ok_and(|mut found: glob::Paths| found.any(|entry| entry.is_ok()))
}
