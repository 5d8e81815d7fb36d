//! Which columns of sources each column of a sink comes from, over all nodes between: read from the same SELECTs that will run.

mod relation;
mod select;

use super::{Known, Rows, Subject};
use pypeline_schema::fields::Field;
use pypeline_schema::lineage::{ColumnLineage, How, Origin, SinkLineage};
use pypeline_schema::lowering::{Lowering, Operation, Operator, Service};
use pypeline_schema::manifest::ModuleKind;
use pypeline_schema::ports::PortNames;
use relation::{Sources, Traced};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A column of a source: index of the node, name, and what it does.
type Root = (usize, Arc<str>, How);

/// The columns of a port with their roots, and what decides which rows are there.
#[derive(Debug, Clone, Default)]
struct Port {
    columns: Vec<(Arc<str>, BTreeSet<Root>)>,
    rows: BTreeSet<Root>,
}

/// The sinks whose columns are known. With `declared_only`, those of which the flow's own text says so.
pub fn trace(subject: &Subject<'_>, known: &Known, declared_only: bool) -> Vec<SinkLineage> {
    let mut tracer = Tracer { subject, known, ports: HashMap::new(), caches: HashMap::new() };
    let mut links_to: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, link) in subject.links.iter().enumerate() {
        links_to.entry(link.to).or_default().push(at);
    }
    let mut found = Vec::new();
    for &at in &subject.order {
        let inputs = tracer.inputs(links_to.get(&at).map_or(&[][..], Vec::as_slice));
        found.extend(tracer.node(at, &inputs, declared_only).map(|sink| (at, sink)));
    }
    // As declared, whatever runs first.
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, sink)| sink).collect()
}

struct Tracer<'a> {
    subject: &'a Subject<'a>,
    known: &'a Known,
    ports: HashMap<(usize, String), Arc<Port>>,
    caches: HashMap<String, Arc<Port>>,
}

/// The linked input ports, with rows and roots where both are known.
type Inputs<'a> = BTreeMap<&'a str, Option<(Rows, Arc<Port>)>>;

impl<'a> Tracer<'a> {
    fn inputs(&self, links: &[usize]) -> Inputs<'a> {
        let links = links.iter().filter_map(|link| self.subject.links.get(*link));
        let of = |from: usize, output: &str| {
            let key = (from, output.to_owned());
            Some((self.known.ports.get(&key)?.clone(), Arc::clone(self.ports.get(&key)?)))
        };
        links.map(|link| (link.input, of(link.from, link.output))).collect()
    }

    /// What a node does to the roots; of a sink, its lineage.
    fn node(&mut self, at: usize, inputs: &Inputs<'a>, declared_only: bool) -> Option<SinkLineage> {
        let node = self.subject.nodes.get(at)?.as_ref()?;
        let lowering = self.known.lowerings.get(&at);
        if let Some(Lowering::Service(Service::CacheWrite(write))) = lowering
            && let Some(Some((_, port))) = inputs.values().next()
        {
            self.caches.insert(write.cache.clone(), Arc::clone(port));
        }
        if node.manifest.kind == ModuleKind::Sink {
            let (rows, port) = inputs.values().next()?.as_ref()?;
            return (rows.is_declared || !declared_only).then(|| self.sink(node.id, rows, port));
        }
        let mut outputs = PortNames::outputs(node.manifest, node.config).names;
        if let Some(Lowering::Select(selects)) = lowering {
            outputs = selects.keys().map(String::as_str).collect();
        }
        for output in outputs {
            let key = (at, output.to_owned());
            let Some(rows) = self.known.ports.get(&key) else { continue };
            let port = match lowering {
                Some(Lowering::Service(Service::CacheRead { cache })) => self.caches.get(cache).cloned(),
                Some(Lowering::Select(selects)) => {
                    selects.get(output).map(|operation| Arc::new(operated(operation, inputs, &rows.fields)))
                }
                _ if inputs.is_empty() => Some(Arc::new(own(at, &rows.fields))),
                _ => Some(Arc::new(opaque(inputs, &rows.fields))),
            };
            if let Some(port) = port {
                self.ports.insert(key, port);
            }
        }
        None
    }

    fn sink(&self, id: &str, rows: &Rows, port: &Port) -> SinkLineage {
        let columns = rows.fields.iter().zip(&port.columns).map(|(field, (_, roots))| ColumnLineage {
            name: field.name.clone(),
            data_type: field.data_type.clone(),
            from: self.origins(roots),
        });
        SinkLineage { node: id.to_owned(), columns: columns.collect(), rows: self.origins(&port.rows) }
    }

    fn origins(&self, roots: &BTreeSet<Root>) -> Vec<Origin> {
        let id = |at: usize| self.subject.nodes.get(at).and_then(Option::as_ref).map_or("", |node| node.id);
        roots
            .iter()
            .map(|(node, column, how)| Origin { node: id(*node).to_owned(), column: column.to_string(), how: *how })
            .collect()
    }
}

/// A source's columns are roots themselves.
fn own(at: usize, fields: &[Field]) -> Port {
    let column = |field: &Field| {
        let name: Arc<str> = Arc::from(field.name.as_str());
        (Arc::clone(&name), BTreeSet::from([(at, name, How::Identity)]))
    };
    Port { columns: fields.iter().map(column).collect(), rows: BTreeSet::new() }
}

/// A module that does not say what it does: a column of a name that comes in is taken to come from there, any other from all.
fn opaque(inputs: &Inputs<'_>, fields: &[Field]) -> Port {
    let known = || inputs.values().flatten().flat_map(|(_, port)| port.columns.iter());
    let unknown = |roots: &BTreeSet<Root>| {
        roots.iter().map(|(at, name, _)| (*at, Arc::clone(name), How::Unknown)).collect::<Vec<_>>()
    };
    let all: BTreeSet<Root> = known().flat_map(|(_, roots)| unknown(roots)).collect();
    let column = |field: &Field| {
        let same = known().find(|(name, _)| **name == *field.name);
        (
            Arc::from(field.name.as_str()),
            same.map_or_else(|| all.clone(), |(_, roots)| unknown(roots).into_iter().collect()),
        )
    };
    let rows = inputs.values().flatten().flat_map(|(_, port)| port.rows.iter().cloned()).collect();
    Port { columns: fields.iter().map(column).collect(), rows }
}

/// What one output port of a mod carries.
fn operated(operation: &Operation, inputs: &Inputs<'_>, fields: &[Field]) -> Port {
    let table = inputs.iter().next().and_then(|(port, known)| Some((*port, known.as_ref()?)));
    match (operation, table) {
        (Operation::Select(sql), _) => through(sql, inputs, fields),
        (Operation::Operator(Operator::With(with)), Some((table, (rows, _)))) => {
            let columns: Vec<&str> = rows.fields.iter().map(|field| field.name.as_str()).collect();
            through(&with.to_select(table, &columns), inputs, fields)
        }
        (Operation::Operator(Operator::Join(join)), _) => {
            let columns = |port: &str| {
                let rows = inputs.get(port).and_then(Option::as_ref).map(|(rows, _)| rows);
                rows.map(|rows| rows.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>())
            };
            match (columns(&join.left), columns(&join.right)) {
                (Some(left), Some(right)) => through(&join.to_select(&left, &right), inputs, fields),
                _ => opaque(inputs, fields),
            }
        }
        (Operation::Operator(Operator::Sample(_)), Some((table, _))) => {
            through(&format!("SELECT * FROM {table}"), inputs, fields)
        }
        (Operation::Operator(_), _) => opaque(inputs, fields),
    }
}

/// One SELECT; as a module that does not say what it does where its SQL is more than can be followed.
fn through(sql: &str, inputs: &Inputs<'_>, fields: &[Field]) -> Port {
    let names = inputs.iter().map(|(port, known)| {
        let fields = known.as_ref().map_or(&[][..], |(rows, _)| &rows.fields);
        (*port, fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>())
    });
    let Some(Traced { columns, rows }) =
        select::trace(sql, &names.collect()).filter(|it| it.columns.len() == fields.len())
    else {
        return opaque(inputs, fields);
    };
    let resolve = |sources: &Sources| -> BTreeSet<Root> {
        let of = |(port, column, how): &(Arc<str>, Arc<str>, How)| {
            let port = inputs.get(&**port).and_then(Option::as_ref).map(|(_, port)| port);
            let roots = port.and_then(|port| port.columns.iter().find(|(name, _)| name == column));
            let how = *how;
            roots.into_iter().flat_map(move |(_, roots)| {
                roots.iter().map(move |(at, name, before)| (*at, Arc::clone(name), joined(*before, how)))
            })
        };
        sources.iter().flat_map(of).collect()
    };
    let mut all_rows: BTreeSet<Root> =
        inputs.values().flatten().flat_map(|(_, port)| port.rows.iter().cloned()).collect();
    all_rows.extend(resolve(&rows));
    let columns =
        fields.iter().zip(&columns).map(|(field, (_, sources))| (Arc::from(field.name.as_str()), resolve(sources)));
    Port { columns: columns.collect(), rows: all_rows }
}

/// What two steps do together: the later decides, but what was made of many rows stays so.
fn joined(before: How, how: How) -> How {
    match (before, how) {
        (How::Unknown, How::Identity | How::Transformation | How::Aggregation) => How::Unknown,
        (before, How::Identity) => before,
        (How::Aggregation, How::Transformation) => How::Aggregation,
        (_, how) => how,
    }
}
