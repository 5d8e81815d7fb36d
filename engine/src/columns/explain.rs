//! A refusal as findings with places: which text of the configuration names a column that is not there, or joins what does not go
//! together.

mod words;

use super::expression::{Expression, Name, without_templates, written_out};
use super::{Finding, NodeView, query};
use crate::config::leaves::{Leaf, Meaning, OwnTables, Pattern, keys, leaves, own_tables, patterns, texts};
use crate::diagnostics::code::Code;
use crate::diagnostics::suggest;
use crate::executor::{ColumnsFault, Executor, PortFields, Refusal, Work};
use crate::template::is_template;
use pypeline_schema::fields::{DataType, Field};
use pypeline_schema::lowering::Operation;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::ops::Range;
use words::{columns_help, is_open, names_of, no_column, of_inputs, short, there_are};

/// Explains refusals; what modules' schemas mark is worked out once.
pub(super) struct Explainer<'a> {
    executor: &'a dyn Executor,
    patterns: HashMap<String, Vec<Pattern>>,
}

/// Where in the configuration, and which bytes of the text there.
struct Place {
    pointer: String,
    inside: Option<(String, Range<usize>)>,
}

impl Place {
    fn node() -> Self {
        Self { pointer: String::new(), inside: None }
    }

    fn value(pointer: &str) -> Self {
        Self { pointer: pointer.to_owned(), inside: None }
    }

    fn within(leaf: &Leaf<'_>, bytes: &Range<usize>) -> Self {
        Self { pointer: leaf.pointer.clone(), inside: Some((leaf.text.to_owned(), bytes.clone())) }
    }

    fn finding(self, node: usize, code: Code, message: String, help: Option<String>) -> Finding {
        Finding { node, code, pointer: self.pointer, inside: self.inside, message, help }
    }
}

impl<'a> Explainer<'a> {
    pub fn new(executor: &'a dyn Executor) -> Self {
        Self { executor, patterns: HashMap::new() }
    }

    /// Why a source cannot be read, whose file is there.
    pub fn source(&self, node: usize, config: &Map<String, Value>, refused: ColumnsFault) -> Finding {
        let ColumnsFault { what, fault } = refused;
        let path = fault.context.iter().find(|(key, _)| key == "path").map(|(_, path)| path.clone());
        let place = texts(config).into_iter().find(|(_, text)| {
            path.as_ref().is_some_and(|path| !text.is_empty() && path.ends_with(text.trim_start_matches("./")))
        });
        let facts = fault.context.iter().filter(|(key, _)| key != "path").map(|(key, text)| format!("{key}: {text}"));
        let facts: Vec<String> = facts.collect();
        let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join("; ")) };
        let (code, place) = match what {
            Refusal::Header => (Code::HeaderDiffers, Place::value("/columns")),
            _ => (Code::SourceDoubtful, place.map_or_else(Place::node, |(pointer, _)| Place::value(&pointer))),
        };
        place.finding(node, code, format!("{}{facts}", fault.message), fault.help)
    }

    /// A column that a sink or the engine itself needs, by the configuration's text that names it.
    pub fn unknown_column(&self, node: usize, config: &Map<String, Value>, name: &str, there: &[Field]) -> Finding {
        let place = texts(config).into_iter().find(|(_, text)| *text == name);
        let place = place.map_or_else(Place::node, |(pointer, _)| Place::value(&pointer));
        let names: Vec<&str> = there.iter().map(|field| field.name.as_str()).collect();
        place.finding(node, Code::UnknownColumn, no_column(name), Some(columns_help(name, &names)))
    }

    /// Why a module that runs does not take its inputs.
    pub fn module(
        &mut self,
        at: usize,
        node: &NodeView<'_>,
        config: &Map<String, Value>,
        inputs: &PortFields,
        refused: ColumnsFault,
    ) -> Vec<Finding> {
        let wrong = self.names(at, node, config, inputs);
        if !wrong.is_empty() {
            return wrong;
        }
        let fault = refused.fault;
        let key = fault.context.iter().find(|(key, _)| key == "key").map_or("", |(_, key)| key.as_str());
        let place = if key.is_empty() { Place::node() } else { Place::value(&format!("/{}", key.replace('.', "/"))) };
        let first = key.split(['.', '/']).next().unwrap_or_default();
        let is_templated = match node.config.get(first) {
            Some(value) => is_template(value),
            None => node.config.values().any(is_template),
        };
        // What the context gives may be nobody's business: it stands in no message.
        if is_templated {
            let message = format!("`{}` ({}) does not take what its templates give here", node.id, node.manifest.name);
            let help = "see the values with `pype context`, once the job is built";
            return vec![place.finding(at, Code::ColumnsRefused, message, Some(help.to_owned()))];
        }
        let message = format!("`{}` ({}): {}", node.id, node.manifest.name, fault.message);
        let columns: Vec<&str> = names_of(inputs).collect();
        let help = fault.help.or_else(|| (!columns.is_empty()).then(|| there_are(&columns)));
        vec![place.finding(at, Code::ColumnsRefused, message, help)]
    }

    /// Why the SELECTs of a node cannot be planned over its inputs' columns.
    pub fn select(
        &mut self,
        at: usize,
        node: &NodeView<'_>,
        config: &Map<String, Value>,
        inputs: &PortFields,
        refused: ColumnsFault,
    ) -> Vec<Finding> {
        let wrong = self.names(at, node, config, inputs);
        if !wrong.is_empty() {
            return wrong;
        }
        let ColumnsFault { what, fault } = refused;
        match what {
            Refusal::UnknownColumn(name) => {
                let names: Vec<&str> = names_of(inputs).collect();
                let place = self.in_queries(node, config, &name).unwrap_or_else(|| naming(config, &name));
                let help = match of_inputs(&name, inputs).as_slice() {
                    [] => columns_help(&name, &names),
                    forms => format!("say of which input it is: {}", forms.join(" or ")),
                };
                vec![place.finding(at, Code::UnknownColumn, no_column(&name), Some(help))]
            }
            Refusal::Duplicate(name) => {
                let message = format!("two columns of its output would be called `{name}`");
                let help = "give one of them another name";
                vec![naming(config, &name).finding(at, Code::DuplicateColumn, message, Some(help.to_owned()))]
            }
            // Of columns whose types are not known it cannot be said that they do not fit.
            _ if is_open(inputs) => Vec::new(),
            what => {
                let found = self.narrow(at, node, config, inputs);
                if !found.is_empty() {
                    return found;
                }
                let code = if what == Refusal::Sql { Code::SqlRefused } else { Code::TypeMismatch };
                let message = match node.config.values().any(is_template) {
                    true => format!("`{}` cannot be planned with what its templates give", node.id),
                    false => format!("`{}`: {}", node.id, fault.message),
                };
                let place = self.refused_query(node, config, inputs).unwrap_or_else(Place::node);
                vec![place.finding(at, code, message, fault.help)]
            }
        }
    }

    /// The word in a query that names a column.
    fn in_queries(&mut self, node: &NodeView<'_>, config: &Map<String, Value>, name: &str) -> Option<Place> {
        let mut queries = self.leaves(node, config).into_iter().filter(|leaf| leaf.meaning == Meaning::Query);
        queries.find_map(|leaf| Some(Place::within(&leaf, &query::word(leaf.text, name)?)))
    }

    /// The first query that cannot be planned by itself.
    fn refused_query(
        &mut self,
        node: &NodeView<'_>,
        config: &Map<String, Value>,
        inputs: &PortFields,
    ) -> Option<Place> {
        let mut queries = self.leaves(node, config).into_iter().filter(|leaf| leaf.meaning == Meaning::Query);
        let refused = queries.find(|leaf| type_of(self.executor, leaf.text.to_owned(), inputs).is_err())?;
        Some(Place::value(&refused.pointer))
    }

    /// Tables of queries that are no input ports, and input ports that no query reads.
    pub fn tables(
        &mut self,
        at: usize,
        node: &NodeView<'_>,
        config: &Map<String, Value>,
        ports: &[&str],
    ) -> Vec<Finding> {
        let queries = self.leaves(node, config).into_iter().filter(|leaf| leaf.meaning == Meaning::Query);
        let read: Option<Vec<_>> = queries.map(|leaf| query::tables(leaf.text).map(|tables| (leaf, tables))).collect();
        let Some(read) = read.filter(|read| !read.is_empty()) else { return Vec::new() };
        let mut found = Vec::new();
        for (leaf, (name, bytes)) in
            read.iter().flat_map(|(leaf, tables)| tables.iter().map(move |table| (leaf, table)))
        {
            if !ports.contains(&name.as_str()) {
                let message = format!("there is no input `{name}`");
                let help = suggest::help(name, "inputs, as data links name them", ports);
                found.push(Place::within(leaf, bytes).finding(at, Code::SqlRefused, message, Some(help)));
            }
        }
        if found.is_empty() {
            let is_read = |port: &str| read.iter().any(|(_, tables)| tables.iter().any(|(name, _)| name == port));
            let place = || read.first().map_or_else(Place::node, |(leaf, _)| Place::value(&leaf.pointer));
            for port in ports.iter().filter(|port| !is_read(port)) {
                let message = format!("nothing reads the input `{port}` of `{}`", node.id);
                let help = format!("name it, e.g. `… FROM {port}`, or take the link out").to_owned();
                found.push(place().finding(at, Code::SqlRefused, message, Some(help)));
            }
        }
        found
    }

    fn leaves<'c>(&mut self, node: &NodeView<'_>, config: &'c Map<String, Value>) -> Vec<Leaf<'c>> {
        let known = self.patterns.entry(node.manifest.name.clone()).or_insert_with(|| patterns(node.manifest));
        leaves(known, config)
    }

    /// Every name that is not a column, or is one of two inputs. Where templates have no values, what stands between them is looked at.
    pub fn names(
        &mut self,
        at: usize,
        node: &NodeView<'_>,
        config: &Map<String, Value>,
        inputs: &PortFields,
    ) -> Vec<Finding> {
        let there: Vec<&str> = names_of(inputs).collect();
        let own = own_tables(node.manifest, config);
        let mut found = Vec::new();
        for leaf in self.leaves(node, config) {
            match leaf.meaning {
                Meaning::Column if !there.contains(&leaf.text) && !leaf.text.contains("{{") => {
                    let help = columns_help(leaf.text, &there);
                    let place = Place::value(&leaf.pointer);
                    found.push(place.finding(at, Code::UnknownColumn, no_column(leaf.text), Some(help)));
                }
                // What a query means by a name, the executor says.
                Meaning::Column | Meaning::Query => {}
                Meaning::Expression => {
                    let Some(text) = without_templates(leaf.text) else { continue };
                    let Some(expression) = Expression::parse(&text) else { continue };
                    let wrong = expression.names().into_iter().filter_map(|name| check(at, &leaf, &name, inputs, &own));
                    found.extend(wrong);
                }
            }
        }
        found
    }

    /// Names that are a column of several inputs: SQL would take the first.
    pub fn ambiguous(
        &mut self,
        at: usize,
        node: &NodeView<'_>,
        config: &Map<String, Value>,
        inputs: &PortFields,
    ) -> Vec<Finding> {
        let wrong = self.names(at, node, config, inputs);
        wrong.into_iter().filter(|finding| finding.code == Code::AmbiguousColumn).collect()
    }

    /// The smallest parts of expressions that cannot be planned by themselves.
    fn narrow(
        &mut self,
        at: usize,
        node: &NodeView<'_>,
        config: &Map<String, Value>,
        inputs: &PortFields,
    ) -> Vec<Finding> {
        let tables = inputs.keys().map(|port| format!("\"{port}\"")).collect::<Vec<_>>().join(" CROSS JOIN ");
        let own = own_tables(node.manifest, config);
        let plan = |sql: &str| {
            let sql = written_out(sql, &own);
            let select = format!("SELECT ({sql}\n) AS part FROM {tables}");
            type_of(self.executor, select, inputs)
        };
        let expressions: Vec<Leaf<'_>> =
            self.patterns_of(node, config).into_iter().filter(|leaf| leaf.meaning == Meaning::Expression).collect();
        let (mut found, mut no_conditions) = (Vec::new(), Vec::new());
        for leaf in &expressions {
            let Some(expression) = Expression::parse(leaf.text) else { continue };
            let refused = expression.parts().into_iter().find_map(|part| Some((plan(&part.sql).err()?, part)));
            match refused {
                Some((refused, part)) => {
                    let code = if refused.what == Refusal::Sql { Code::SqlRefused } else { Code::TypeMismatch };
                    let types = types_of(&expression, &part.bytes, inputs);
                    let help = refused.fault.help.or(types);
                    let message = match is_as_written(node, leaf) {
                        true => format!("`{}`: {}", short(&part.sql), refused.fault.message),
                        false => "it cannot be planned with what its templates give".to_owned(),
                    };
                    found.push(Place::within(leaf, &part.bytes).finding(at, code, message, help));
                }
                None => {
                    if let Ok(data_type) = plan(leaf.text)
                        && data_type != DataType::Bool
                    {
                        no_conditions.push((leaf, data_type));
                    }
                }
            }
        }
        // Each can be planned, and the whole cannot: a condition that is none.
        if let ([], [(leaf, data_type)]) = (found.as_slice(), no_conditions.as_slice()) {
            let what = if is_as_written(node, leaf) { format!("`{}`", short(leaf.text)) } else { "it".to_owned() };
            let message = format!("{what} gives {data_type}, where true or false is asked for");
            let help = "compare it, e.g. `… > 0` or `… IS NOT NULL`".to_owned();
            let place = Place::within(leaf, &(0..leaf.text.len()));
            found.push(place.finding(at, Code::TypeMismatch, message, Some(help)));
        }
        found
    }

    fn patterns_of<'c>(&self, node: &NodeView<'_>, config: &'c Map<String, Value>) -> Vec<Leaf<'c>> {
        self.patterns.get(&node.manifest.name).map(|known| leaves(known, config)).unwrap_or_default()
    }
}

/// No template has given anything to it: it can be quoted.
fn is_as_written(node: &NodeView<'_>, leaf: &Leaf<'_>) -> bool {
    let first = leaf.pointer.split('/').nth(1).unwrap_or_default().replace("~1", "/").replace("~0", "~");
    node.config.get(&first).is_some_and(|value| !is_template(value))
}

/// The type of one expression.
fn type_of(executor: &dyn Executor, select: String, inputs: &PortFields) -> Result<DataType, ColumnsFault> {
    let work = Work::Select([("output".to_owned(), Operation::Select(select))].into());
    let planned = executor.columns(&work, inputs)?;
    let field = planned.get("output").and_then(|fields| fields.first());
    Ok(field.map_or(DataType::Unknown, |field| field.data_type.clone()))
}

/// What is wrong with a name of an expression.
fn check(at: usize, leaf: &Leaf<'_>, name: &Name, inputs: &PortFields, own: &OwnTables<'_>) -> Option<Finding> {
    let holders = |name: &str| -> Vec<&str> {
        let holds = |fields: &[Field]| fields.iter().any(|field| field.name == name);
        inputs.iter().filter(|(_, fields)| holds(fields)).map(|(port, _)| port.as_str()).collect()
    };
    let (first, bytes) = name.parts.first()?;
    let unknown = |name: &str, bytes: &Range<usize>, there: &[&str]| {
        let place = Place::within(leaf, bytes);
        Some(place.finding(at, Code::UnknownColumn, no_column(name), Some(columns_help(name, there))))
    };
    match (inputs.get(first), name.parts.get(1)) {
        (Some(fields), Some((column, bytes))) => {
            let there: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            if there.contains(&column.as_str()) { None } else { unknown(column, bytes, &there) }
        }
        (None, Some((column, bytes))) if own.contains_key(first.as_str()) => {
            let there: Vec<&str> =
                own.get(first.as_str()).into_iter().flat_map(|columns| columns.keys().copied()).collect();
            if there.contains(&column.as_str()) { None } else { unknown(column, bytes, &there) }
        }
        _ => match holders(first).as_slice() {
            [] if name.parts.len() > 1 => {
                let message = format!("there is no input `{first}`, and no column of this name");
                let tables: Vec<&str> = inputs.keys().map(String::as_str).chain(own.keys().copied()).collect();
                let help = suggest::help(first, "inputs", &tables);
                Some(Place::within(leaf, bytes).finding(at, Code::UnknownColumn, message, Some(help)))
            }
            [] => unknown(first, bytes, &names_of(inputs).collect::<Vec<_>>()),
            [_] => None,
            ports => {
                let message = format!("`{first}` is a column of {}", suggest::list(ports));
                let help = format!("say which is meant: {}", of_inputs(first, inputs).join(" or "));
                Some(Place::within(leaf, bytes).finding(at, Code::AmbiguousColumn, message, Some(help)))
            }
        },
    }
}

/// The columns of a part of an expression, with their types.
fn types_of(expression: &Expression<'_>, bytes: &Range<usize>, inputs: &PortFields) -> Option<String> {
    let mut told: Vec<String> = Vec::new();
    for name in expression.names() {
        let Some((last, place)) = name.parts.last() else { continue };
        let field = inputs.values().flat_map(|fields| fields.iter()).find(|field| field.name == *last);
        if let (Some(field), true) = (field, bytes.start <= place.start && place.end <= bytes.end) {
            let text = format!("`{last}` is {}", field.data_type);
            if !told.contains(&text) {
                told.push(text);
            }
        }
    }
    (!told.is_empty()).then(|| told.join(", "))
}

/// The text of a configuration that must have brought a column's name in.
fn naming(config: &Map<String, Value>, name: &str) -> Place {
    let texts = texts(config);
    let found = texts.iter().find(|(_, text)| *text == name).map(|(pointer, _)| pointer.clone());
    let found = found.or_else(|| keys(config).into_iter().find(|(_, key)| *key == name).map(|(pointer, _)| pointer));
    let found =
        found.or_else(|| texts.iter().find(|(_, text)| text.contains(name)).map(|(pointer, _)| pointer.clone()));
    found.map_or_else(Place::node, |pointer| Place::value(&pointer))
}
