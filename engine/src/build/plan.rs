//! Nodes and links to a plan: the checks of the graph, then sub flows, orders, scopes, waves. A list that one can read.

mod caches;
mod conditions;
mod control;
mod control_order;
mod cycles;
mod data_order;
mod describe;
mod expression;
mod ids;
mod links;
mod misc;
mod never;
mod ports;
mod scopes;
mod subflows;
mod subject;
mod uses;

use crate::build::load::Loaded;
use crate::control_graph::{self, Parts};
use crate::diagnostics::Diagnostics;
use crate::scheduling::static_order;
use control_order::ControlOrder;
use data_order::DataOrder;
use expression::Expression;
use pypeline_schema::execution_metadata::{ScopeMetadata, SubFlowLink, SubFlowMetadata, TemplateUses};
use pypeline_schema::link::PortRef;
use pypeline_schema::valve::Condition;
use std::collections::BTreeMap;
use subject::Subject;

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
    /// The sub flows of both.
    pub sub_flows: (usize, usize),
    /// A number, also for `Last`.
    pub order: u32,
    /// When.
    pub condition: Condition,
    /// Where the condition stands, if it is an expression.
    pub expression: Option<Expression>,
    /// The output port whose rows are the items of an ITERATE link.
    pub list_port: Option<String>,
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
    /// Sub flows in the order of their first declared node.
    pub sub_flows: Vec<SubFlowMetadata>,
    /// Control links between sub flows in declaration order.
    pub links: Vec<SubFlowLink>,
    /// What ITERATE and START links govern.
    pub scopes: Vec<ScopeMetadata>,
    /// The scope whose frames hold each cache.
    pub caches: BTreeMap<String, Option<usize>>,
    /// Sub flows without an incoming control link.
    pub roots: Vec<usize>,
    /// The order in which sub flows start if all goes well.
    pub static_order: Vec<usize>,
    /// Names that templates and conditions use.
    pub uses: TemplateUses,
}

/// Checks the graph and plans it; the plan holds only if no error was reported.
pub fn plan(loaded: &Loaded, diagnostics: &mut Diagnostics) -> Plan {
    let subject = Subject::new(&loaded.document, &loaded.modules);
    ids::check(&subject, diagnostics);
    let data = links::data(&subject, diagnostics);
    cycles::check_data(&subject, &data, diagnostics);
    let rows = DataOrder::new(subject.n_nodes(), &data);
    let flows = subflows::assign(subject.n_nodes(), &data, &rows);
    let control = control::links(&subject, &rows, &flows, diagnostics);
    ports::check(&subject, &data, &control, diagnostics);
    let joins = misc::check(&subject, &flows, diagnostics);
    let outer: Vec<&ControlLink> = control.iter().filter(|link| !link.inner).collect();
    let is_cyclic = cycles::check_control(&subject, &flows, &outer, diagnostics);
    let order = ControlOrder::new(flows.members.len(), &outer);
    // In a circle nothing is before anything: what hangs on that is not asked.
    let scopes = (!is_cyclic).then(|| scopes::find(&subject, &flows, &outer, &order, diagnostics));
    let never = conditions::check(&subject, &outer, diagnostics);
    if let Some(scopes) = scopes.as_ref().filter(|scopes| scopes.is_sound) {
        let control = never::Control { outer: &outer, order: &order, scopes, joins: &joins, never: &never };
        never::check(&subject, &control, diagnostics);
    }
    let uses = uses::check(&subject, &flows, &outer, &order, scopes.as_ref(), diagnostics);
    let sub_flows = describe::sub_flows(&subject, &data, &rows, &flows, &joins, scopes.as_ref());
    let links = describe::links(&subject, &flows, &outer);
    let static_order = scopes.as_ref().filter(|scopes| scopes.is_sound).map_or_else(Vec::new, |scopes| {
        let settings = &subject.document.settings;
        let parts = Parts { sub_flows: &sub_flows, control: &links, scopes: &scopes.list, settings };
        static_order(control_graph::of_parts(parts, subject.ids()))
    });
    let caches = caches::check(&subject, &flows, &order, scopes.as_ref(), &static_order, &outer, diagnostics);
    let scopes = scopes.map(|scopes| scopes.list).unwrap_or_default();
    Plan { data, sub_flows, links, scopes, caches, roots: order.roots(), static_order, uses, control }
}

#[cfg(test)]
impl ControlLink {
    /// A link between sub flows of one node each.
    fn of_test(from: usize, to: usize, condition: Condition) -> Self {
        Self {
            from,
            to,
            sub_flows: (from, to),
            order: 1,
            condition,
            expression: None,
            list_port: None,
            inner: false,
            pointer: String::new(),
        }
    }
}
