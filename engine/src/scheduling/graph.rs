//! The graph that the machine runs over, and what is worked out of it once: groups of links, gates, scopes' members.

use super::gate::Gate;
use super::state::FrameState;
use pypeline_schema::execution_metadata::{Join, ScopeKind};

/// When a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The source succeeded.
    Ok,
    /// The source failed.
    Error {
        /// If what it opens succeeds, the failure neither halts nor fails the run.
        handled: bool,
    },
    /// The source ended in any way but not chosen.
    Always,
    /// The source succeeded, and no expression before it was true.
    Else,
    /// The source succeeded, and the driver finds the expression true.
    Expression,
}

impl When {
    /// Such links open even after a halt, and what is below them runs by the usual rules.
    pub(super) fn survives_halt(self) -> bool {
        matches!(self, Self::Error { .. } | Self::Always)
    }
}

/// What opening a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// The target runs.
    Normal,
    /// The target's scope runs once per item, so many at a time.
    Iterate {
        /// At least 1.
        parallel: u32,
    },
    /// The target's scope runs in the background.
    Start,
}

/// A control link between two sub flows.
#[derive(Debug, Clone)]
pub struct Link {
    /// The sub flow that ends.
    pub from: usize,
    /// The sub flow that may start.
    pub to: usize,
    /// The node it leaves: groups of one order follow one another by it.
    pub node: usize,
    /// Ascending.
    pub order: u32,
    /// Its condition.
    pub when: When,
    /// What opening it does; only a link of `When::Ok` may be other than normal.
    pub kind: LinkKind,
}

/// A sub flow.
#[derive(Debug, Clone, Default)]
pub struct SubFlow {
    /// How it decides where several links reach it.
    pub join: Join,
    /// The innermost scope that it is in.
    pub scope: Option<usize>,
}

/// The sub flows that an ITERATE or START link governs.
#[derive(Debug, Clone)]
pub struct Scope {
    /// What makes it.
    pub kind: ScopeKind,
    /// Its link.
    pub link: usize,
    /// The scope around it.
    pub parent: Option<usize>,
}

/// The sub flows of a flow and their links.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// In declaration order.
    pub sub_flows: Vec<SubFlow>,
    /// In declaration order.
    pub links: Vec<Link>,
    /// An outer one before those inside it.
    pub scopes: Vec<Scope>,
    /// Roots run at the same time.
    pub parallel_roots: bool,
    /// A failure leaves the rest alone.
    pub continue_on_failure: bool,
    /// Scopes that may run in the background at the same time.
    pub background: usize,
}

/// The graph with what is asked of it at every step worked out.
pub(super) struct Layout {
    pub graph: Graph,
    /// Groups of roots.
    pub roots: Vec<Vec<usize>>,
    /// Per sub flow its links in groups: by order, then by node.
    pub outgoing: Vec<Vec<Vec<usize>>>,
    /// Per link the scope that it makes.
    pub scope_of_link: Vec<Option<usize>>,
    /// Per sub flow, where several links reach it, its place among its scope's gates.
    gate_of: Vec<Option<usize>>,
    /// Per scope, and last for the flow itself, fresh gates for a frame.
    gates: Vec<Vec<Gate>>,
    /// Per scope its sub flows, those of inner scopes too.
    pub members: Vec<Vec<usize>>,
    /// Per scope the links that lead from inside out, in groups.
    pub exits: Vec<Vec<Vec<usize>>>,
    /// Per sub flow: links that handle its own failure.
    pub handlers: Vec<u32>,
    /// Per ITERATE link: links of its source after it that handle the failures of its items.
    pub catches: Vec<u32>,
}

impl Layout {
    pub(super) fn new(graph: Graph) -> Self {
        let n = graph.sub_flows.len();
        let (mut incoming, mut outgoing, mut handlers) = (vec![0_u32; n], vec![Vec::new(); n], vec![0_u32; n]);
        for (at, link) in graph.links.iter().enumerate() {
            if let (Some(incoming), Some(outgoing)) = (incoming.get_mut(link.to), outgoing.get_mut(link.from)) {
                *incoming += 1;
                outgoing.push(at);
            }
            if let (When::Error { handled: true }, Some(handlers)) = (link.when, handlers.get_mut(link.from)) {
                *handlers += 1;
            }
        }
        let outgoing: Vec<Vec<Vec<usize>>> = outgoing.into_iter().map(|links| groups(&graph, links)).collect();
        let roots = incoming.iter().enumerate().filter(|(_, links)| **links == 0).map(|(at, _)| at);
        let roots = if graph.parallel_roots { vec![roots.collect()] } else { roots.map(|root| vec![root]).collect() };
        let mut scope_of_link = vec![None; graph.links.len()];
        for (at, scope) in graph.scopes.iter().enumerate() {
            if let Some(made) = scope_of_link.get_mut(scope.link) {
                *made = Some(at);
            }
        }
        let (gate_of, gates) = gates(&graph, &incoming);
        let (members, exits) = inside(&graph);
        let catches = graph.links.iter().map(|link| catches(&graph, &outgoing, link)).collect();
        Self { graph, roots, outgoing, scope_of_link, gate_of, gates, members, exits, handlers, catches }
    }

    /// A fresh frame of a scope; of the flow itself, if none.
    pub(super) fn frame(&self, scope: Option<usize>, parent: Option<usize>, place: Option<usize>) -> FrameState {
        let gates = self.gates.get(scope.unwrap_or(self.graph.scopes.len())).cloned().unwrap_or_default();
        FrameState { scope, parent, place, gates, holds: 1 }
    }

    /// The place of a sub flow's gate in its frames.
    pub(super) fn gate_of(&self, sub_flow: usize) -> Option<usize> {
        self.gate_of.get(sub_flow).copied().flatten()
    }

    pub(super) fn link(&self, link: usize) -> Option<&Link> {
        self.graph.links.get(link)
    }

    pub(super) fn scope_of(&self, sub_flow: usize) -> Option<usize> {
        self.graph.sub_flows.get(sub_flow).and_then(|sub_flow| sub_flow.scope)
    }
}

/// Links in groups: by order, then by node.
fn groups(graph: &Graph, mut links: Vec<usize>) -> Vec<Vec<usize>> {
    let key = |link: &usize| graph.links.get(*link).map(|link| (link.order, link.node));
    links.sort_by_key(key);
    links.chunk_by(|a, b| key(a) == key(b)).map(<[usize]>::to_vec).collect()
}

fn gates(graph: &Graph, incoming: &[u32]) -> (Vec<Option<usize>>, Vec<Vec<Gate>>) {
    let mut gates: Vec<Vec<Gate>> = vec![Vec::new(); graph.scopes.len() + 1];
    let place = |(sub_flow, links): (&SubFlow, &u32)| {
        let of_scope = gates.get_mut(sub_flow.scope.unwrap_or(graph.scopes.len()))?;
        if *links < 2 {
            return None;
        }
        of_scope.push(Gate::new(sub_flow.join, *links));
        Some(of_scope.len() - 1)
    };
    (graph.sub_flows.iter().zip(incoming).map(place).collect(), gates)
}

/// Per scope the sub flows inside, and the links that lead out.
fn inside(graph: &Graph) -> (Vec<Vec<usize>>, Vec<Vec<Vec<usize>>>) {
    let n = graph.scopes.len();
    let around = |sub_flow: usize| {
        let first = graph.sub_flows.get(sub_flow).and_then(|sub_flow| sub_flow.scope);
        std::iter::successors(first, |scope| graph.scopes.get(*scope).and_then(|scope| scope.parent))
    };
    let (mut members, mut exits) = (vec![Vec::new(); n], vec![Vec::new(); n]);
    for sub_flow in 0..graph.sub_flows.len() {
        for scope in around(sub_flow) {
            if let Some(members) = members.get_mut(scope) {
                members.push(sub_flow);
            }
        }
    }
    for (at, link) in graph.links.iter().enumerate() {
        for scope in around(link.from).filter(|scope| !around(link.to).any(|other| other == *scope)) {
            if let Some(exits) = exits.get_mut(scope) {
                exits.push(at);
            }
        }
    }
    (members, exits.into_iter().map(|links| groups(graph, links)).collect())
}

fn catches(graph: &Graph, outgoing: &[Vec<Vec<usize>>], iterate: &Link) -> u32 {
    if !matches!(iterate.kind, LinkKind::Iterate { .. }) {
        return 0;
    }
    let later = |link: &&Link| (link.order, link.node) > (iterate.order, iterate.node);
    let links = outgoing.get(iterate.from).into_iter().flatten().flatten().filter_map(|link| graph.links.get(*link));
    let handlers = links.filter(later).filter(|link| link.when == When::Error { handled: true });
    u32::try_from(handlers.count()).unwrap_or(u32::MAX)
}
