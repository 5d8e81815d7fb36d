//! Columns and types through a whole flow before it runs: what each port will carry, and what cannot go well with it.
//!
//! Nodes are looked at in the order in which they would run. A source tells by its declared columns or by the head of its file;
//! what lowers is planned by the executor over its inputs' columns, without rows; a module that runs is asked. Where nothing can be
//! known, nothing is said: all that lies behind is unknown from there.
//!
//! Order: [`look`] goes from node to node with the help of [`written`] (files that the flow itself writes); [`explain`] turns a
//! refusal into findings with places, by [`expression`] and [`query`] (what stands in
//! the texts of a configuration); [`lineage`] says which columns come from which.

mod context;
mod explain;
mod expression;
pub mod lineage;
mod look;
mod loops;
mod order;
mod query;
mod values;
mod written;

use crate::diagnostics::code::Code;
use crate::executor::Executor;
use crate::plugins::handle::Functions;
use crate::project::Project;
use crate::template::Scope;
use pypeline_schema::fields::Field;
use pypeline_schema::lowering::Lowering;
use pypeline_schema::manifest::ModuleManifest;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

pub use context::{ContextError, context_values};
pub use look::look;
pub use loops::loops;
pub use order::order;
pub use values::scope;

/// A flow, as its build or its job knows it.
pub struct Subject<'a> {
    /// The nodes; none for one that is wrong in itself, of which nothing can be said.
    pub nodes: Vec<Option<NodeView<'a>>>,
    /// The data links.
    pub links: Vec<LinkView<'a>>,
    /// The nodes in an order in which they could run.
    pub order: Vec<usize>,
    /// By node: the node and the port whose rows are the items of the innermost loop around it.
    pub loops: HashMap<usize, (usize, String)>,
    /// What relative paths start from.
    pub project: &'a Project,
    /// Values for templates, as far as they are known.
    pub scope: &'a Scope,
    /// Who plans what lowers.
    pub executor: &'a dyn Executor,
}

/// A node.
pub struct NodeView<'a> {
    /// Its id.
    pub id: &'a str,
    /// What its module says of itself.
    pub manifest: &'a ModuleManifest,
    /// What the library that holds it can be asked.
    pub functions: &'a Functions,
    /// Its configuration after defaults; templates unresolved.
    pub config: &'a Map<String, Value>,
}

/// A data link.
#[derive(Debug, Clone, Copy)]
pub struct LinkView<'a> {
    /// Index of the node that rows leave.
    pub from: usize,
    /// By this port.
    pub output: &'a str,
    /// Index of the node that they reach.
    pub to: usize,
    /// By this port.
    pub input: &'a str,
}

/// The columns of a port.
#[derive(Debug, Clone)]
pub struct Rows {
    /// In order.
    pub fields: Arc<[Field]>,
    /// The flow's own text says so: no file was looked at.
    pub is_declared: bool,
}

/// What is known of a flow.
#[derive(Default)]
pub struct Known {
    /// By node and output port; what is not there is not known.
    pub ports: HashMap<(usize, String), Rows>,
    /// What each node does, where that is known.
    pub lowerings: HashMap<usize, Lowering>,
    /// What cannot go well.
    pub findings: Vec<Finding>,
}

/// Something that cannot go well, laid at a node's door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Index of the node.
    pub node: usize,
    /// What kind of finding.
    pub code: Code,
    /// JSON pointer within the configuration; empty for the node itself.
    pub pointer: String,
    /// The text that the value has, and the bytes of it that are meant.
    pub inside: Option<(String, Range<usize>)>,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}
