//! Flows for the tests: written down as text, with the scopes worked out from the links by dominance.

use crate::scheduling::{Graph, Join, Link, LinkKind, Scope, ScopeKind, SubFlow, When};
use std::cmp::Reverse;

/// How many nodes of one sub flow links may leave.
const NODES: usize = 64;

/// A flow whose sub flows have names.
pub struct Flow {
    pub names: Vec<String>,
    pub graph: Graph,
}

impl Flow {
    /// Clauses between `;`: `a (1|ok) b` is a link, which leaves the second node of `a` if written `a.2 (1|ok) b`; `g: any` is
    /// a join; names alone declare sub flows, which are otherwise declared where they first appear.
    pub fn new(text: &str) -> Self {
        let mut flow = Self { names: Vec::new(), graph: Graph { background: 2, ..Graph::default() } };
        for clause in text.split(';').map(str::trim).filter(|clause| !clause.is_empty()) {
            if let Some((source, rest)) = clause.split_once('(') {
                let (valve, target) = rest.split_once(')').unwrap();
                flow.link(source.trim(), valve, target.trim());
            } else if let Some((name, join)) = clause.split_once(':') {
                let at = flow.sub_flow(name);
                flow.graph.sub_flows[at].join = match join.trim() {
                    "any" => Join::Any,
                    "all" => Join::All,
                    other => panic!("{other} is no join"),
                };
            } else {
                clause.split_whitespace().for_each(|name| {
                    flow.sub_flow(name);
                });
            }
        }
        find_scopes(&mut flow.graph);
        flow
    }

    pub fn sub_flow(&mut self, name: &str) -> usize {
        self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.graph.sub_flows.push(SubFlow::default());
            self.names.len() - 1
        })
    }

    fn link(&mut self, source: &str, valve: &str, target: &str) {
        let (name, node) = source.split_once('.').unwrap_or((source, "1"));
        let (from, to) = (self.sub_flow(name), self.sub_flow(target));
        let (order, condition) = valve.split_once('|').unwrap();
        let (when, kind) = match condition {
            "" | "ok" => (When::Ok, LinkKind::Normal),
            "error" => (When::Error { handled: false }, LinkKind::Normal),
            "error handled" => (When::Error { handled: true }, LinkKind::Normal),
            "always" => (When::Always, LinkKind::Normal),
            "else" => (When::Else, LinkKind::Normal),
            "start" => (When::Ok, LinkKind::Start),
            "iterate" => (When::Ok, LinkKind::Iterate { parallel: 1 }),
            "if" => (When::Expression, LinkKind::Normal),
            other => match other.strip_prefix("iterate parallel=") {
                Some(parallel) => (When::Ok, LinkKind::Iterate { parallel: parallel.parse().unwrap() }),
                None => panic!("{other} is no condition"),
            },
        };
        let node = from * NODES + node.parse::<usize>().unwrap();
        self.graph.links.push(Link { from, to, node, order: order.parse().unwrap(), when, kind });
    }
}

/// A graph as the text that makes it, its sub flows named by their numbers.
pub fn text(graph: &Graph) -> String {
    let mut clauses = vec![(0..graph.sub_flows.len()).map(|at| at.to_string()).collect::<Vec<_>>().join(" ")];
    for (at, sub_flow) in graph.sub_flows.iter().enumerate() {
        match sub_flow.join {
            Join::Clean => {}
            Join::All => clauses.push(format!("{at}: all")),
            Join::Any => clauses.push(format!("{at}: any")),
        }
    }
    for Link { from, to, node, order, when, kind } in &graph.links {
        let condition = match (kind, when) {
            (LinkKind::Iterate { parallel }, _) => format!("iterate parallel={parallel}"),
            (LinkKind::Start, _) => "start".to_owned(),
            (LinkKind::Normal, When::Ok) => String::new(),
            (LinkKind::Normal, When::Error { handled: true }) => "error handled".to_owned(),
            (LinkKind::Normal, When::Error { handled: false }) => "error".to_owned(),
            (LinkKind::Normal, When::Always) => "always".to_owned(),
            (LinkKind::Normal, When::Else) => "else".to_owned(),
            (LinkKind::Normal, When::Expression) => "if".to_owned(),
        };
        clauses.push(format!("{from}.{} ({order}|{condition}) {to}", node % NODES));
    }
    clauses.join("; ")
}

/// The node of a sub flow with this number.
pub fn node(sub_flow: usize, number: usize) -> usize {
    sub_flow * NODES + number
}

/// Makes a scope of each ITERATE and START link: the sub flows that its target dominates.
pub fn find_scopes(graph: &mut Graph) {
    let governs = |link: &Link| match link.kind {
        LinkKind::Normal => None,
        LinkKind::Iterate { .. } => Some(ScopeKind::Iterate),
        LinkKind::Start => Some(ScopeKind::Start),
    };
    let links = graph.links.iter().enumerate();
    let scopes = links.filter_map(|(at, link)| Some((dominated(graph, link.to), at, governs(link)?)));
    let mut scopes: Vec<(Vec<bool>, usize, ScopeKind)> = scopes.collect();
    scopes.sort_by_key(|(members, ..)| Reverse(members.iter().filter(|is_member| **is_member).count()));
    let innermost = |sub_flow: usize, among: &[(Vec<bool>, usize, ScopeKind)]| {
        among.iter().rposition(|(members, ..)| members[sub_flow])
    };
    for at in 0..graph.sub_flows.len() {
        graph.sub_flows[at].scope = innermost(at, &scopes);
    }
    graph.scopes = (0..scopes.len())
        .map(|at| {
            let (_, link, kind) = scopes[at];
            Scope { kind, link, parent: innermost(graph.links[link].to, &scopes[..at]) }
        })
        .collect();
}

/// What is not reached from the roots without a sub flow, itself included.
fn dominated(graph: &Graph, without: usize) -> Vec<bool> {
    let mut is_dominated = vec![true; graph.sub_flows.len()];
    let is_root = |at: &usize| graph.links.iter().all(|link| link.to != *at);
    let mut reached: Vec<usize> = (0..graph.sub_flows.len()).filter(is_root).collect();
    while let Some(at) = reached.pop() {
        if at != without && std::mem::replace(&mut is_dominated[at], false) {
            reached.extend(graph.links.iter().filter(|link| link.from == at).map(|link| link.to));
        }
    }
    is_dominated
}

/// Whether a sub flow lies in a scope, or in one inside it.
pub fn is_in(graph: &Graph, sub_flow: usize, scope: usize) -> bool {
    std::iter::successors(graph.sub_flows[sub_flow].scope, |at| graph.scopes[*at].parent).any(|at| at == scope)
}

/// The scope that a link makes.
pub fn scope_of(graph: &Graph, link: usize) -> usize {
    graph.scopes.iter().position(|scope| scope.link == link).unwrap()
}
