//! Nodes and links to a plan: the checks of the graph, then sub flows, orders, waves. A list that one can read.

mod control;
mod cycles;
mod ids;
mod links;
mod ports;
mod subflows;
mod uses;

use crate::build::load::Loaded;
use crate::build::load::document::Document;
use crate::build::load::modules::Resolved;
use crate::diagnostics::Diagnostics;
use pypeline_schema::execution_metadata::{SubFlowMetadata, TemplateUses};
use pypeline_schema::link::PortRef;
use pypeline_schema::valve::Condition;

/// A data link between known ports.
#[derive(Debug, Clone)]
pub struct DataLink {
    /// Index of the node that rows leave.
    pub from: usize,
    /// The ports by name.
    pub ports: (PortRef, PortRef),
    /// Index of the node that they reach.
    pub to: usize,
    /// Place of the link.
    pub pointer: String,
    /// Both ports are there; a link that is not sound is reported, and kept so that it is not missed elsewhere.
    pub is_sound: bool,
}

/// A control link between known nodes, its order resolved.
#[derive(Debug, Clone)]
pub struct ControlLink {
    /// Index of the node that control leaves.
    pub from: usize,
    /// Index of the node that it reaches.
    pub to: usize,
    /// A number, also for `Last`.
    pub order: u32,
    /// When.
    pub condition: Condition,
    /// Both nodes are in one sub flow.
    pub inner: bool,
    /// Place of the link.
    pub pointer: String,
}

/// A flow that can be run.
pub struct Plan {
    /// Data links in declaration order.
    pub data: Vec<DataLink>,
    /// Control links in declaration order.
    pub control: Vec<ControlLink>,
    /// Sub flow of each node.
    pub sub_flow_of: Vec<usize>,
    /// Sub flows in the order of their first declared node.
    pub sub_flows: Vec<SubFlowMetadata>,
    /// Names that templates use.
    pub uses: TemplateUses,
}

/// What the checks look at: the nodes as written, and their modules where they are known.
struct Subject<'a> {
    document: &'a Document,
    modules: &'a [Option<Resolved>],
}

/// Checks the graph and plans it; the plan holds only if no error was reported.
pub fn plan(loaded: &Loaded, diagnostics: &mut Diagnostics) -> Plan {
    let subject = Subject { document: &loaded.document, modules: &loaded.modules };
    ids::check(&subject, diagnostics);
    let data = links::data(&subject, diagnostics);
    ports::check(&subject, &data, diagnostics);
    cycles::check_data(&subject, &data, diagnostics);
    let sub_flow_of = subflows::assign(subject.document.nodes.len(), &data);
    let control = control::links(&subject, &data, &sub_flow_of, diagnostics);
    cycles::check_control(&subject, &control, &sub_flow_of, diagnostics);
    let uses = uses::check(&subject, &sub_flow_of, diagnostics);
    let sub_flows = subflows::describe(&subject, &data, &sub_flow_of);
    Plan { data, control, sub_flow_of, sub_flows, uses }
}
