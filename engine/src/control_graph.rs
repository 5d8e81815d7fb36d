//! The control flow of a built job as the scheduler's graph: the build asks it for the static order, the run runs it.

use crate::scheduling::{Graph, Link, LinkKind, Scope, SubFlow, When};
use pypeline_schema::dag::DagFile;
use pypeline_schema::execution_metadata::{ExecutionMetadata, ScopeMetadata, SubFlowLink, SubFlowMetadata};
use pypeline_schema::settings::{FailStrategy, Settings};
use pypeline_schema::valve::{Condition, parse_condition};
use std::collections::HashMap;

/// What the graph is made of: parts of the execution metadata, which the build has before the whole is there.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// In declaration order.
    pub sub_flows: &'a [SubFlowMetadata],
    /// In declaration order.
    pub control: &'a [SubFlowLink],
    /// An outer one before those inside it.
    pub scopes: &'a [ScopeMetadata],
    /// Of the flow.
    pub settings: &'a Settings,
}

/// The graph of a job. How many scopes may run in the background, the run alone knows: `background` is 0.
pub fn graph(metadata: &ExecutionMetadata, dag: &DagFile) -> Graph {
    let parts = Parts {
        sub_flows: &metadata.sub_flows,
        control: &metadata.control,
        scopes: &metadata.scopes,
        settings: &metadata.settings,
    };
    of_parts(parts, dag.nodes.iter().map(|node| node.id.as_str()))
}

/// The graph of a job that is being built; its nodes in declaration order.
pub fn of_parts<'a>(parts: Parts<'_>, nodes: impl Iterator<Item = &'a str>) -> Graph {
    let nodes: HashMap<&str, usize> = nodes.enumerate().map(|(at, id)| (id, at)).collect();
    let sub_flows = parts.sub_flows.iter().enumerate().map(|(at, sub_flow)| (sub_flow.name.as_str(), at));
    let sub_flows: HashMap<&str, usize> = sub_flows.collect();
    let link = |link: &SubFlowLink| {
        let (when, kind) = opening(&parse_condition(&link.condition).unwrap_or(Condition::Ok));
        // A name that is not there cannot be in a job that was built; the scheduler leaves such a link alone.
        let of = |name: &str| sub_flows.get(name).copied().unwrap_or(usize::MAX);
        let node = nodes.get(link.node.as_str()).copied().unwrap_or(usize::MAX);
        Link { from: of(&link.from), to: of(&link.to), node, order: link.order, when, kind }
    };
    let scope = |scope: &ScopeMetadata| Scope { kind: scope.kind, link: scope.link, parent: scope.parent };
    Graph {
        sub_flows: parts.sub_flows.iter().map(|known| SubFlow { join: known.join, scope: known.scope }).collect(),
        links: parts.control.iter().map(link).collect(),
        scopes: parts.scopes.iter().map(scope).collect(),
        parallel_roots: parts.settings.parallel_roots.unwrap_or(false),
        continue_on_failure: parts.settings.fail_strategy == Some(FailStrategy::Continue),
        background: 0,
    }
}

/// When a link of this condition opens, and what that does.
fn opening(condition: &Condition) -> (When, LinkKind) {
    match condition {
        Condition::Ok => (When::Ok, LinkKind::Normal),
        Condition::Error { handled } => (When::Error { handled: *handled }, LinkKind::Normal),
        Condition::Always => (When::Always, LinkKind::Normal),
        Condition::Else => (When::Else, LinkKind::Normal),
        Condition::Expression(_) => (When::Expression, LinkKind::Normal),
        Condition::Iterate { parallel } => (When::Ok, LinkKind::Iterate { parallel: *parallel }),
        Condition::Start => (When::Ok, LinkKind::Start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduling::{Join, ScopeKind};

    #[test]
    fn names_and_texts_become_indexes_and_kinds() {
        let sub_flow = |name: &str, scope: Option<usize>| SubFlowMetadata {
            name: name.to_owned(),
            nodes: vec![name.to_owned()],
            waves: Vec::new(),
            fusable: Vec::new(),
            join: Join::Any,
            scope,
        };
        let link = |from: &str, to: &str, condition: &str| SubFlowLink {
            from: from.to_owned(),
            to: to.to_owned(),
            node: from.to_owned(),
            order: 3,
            condition: condition.to_owned(),
            list_port: None,
            line: 1,
        };
        let texts = ["ok", "error handled", "iterate parallel=2", "start", "else", "n > 1"];
        let mut control: Vec<SubFlowLink> = texts.iter().map(|text| link("b", "a", text)).collect();
        control.push(link("b", "nobody", "always"));
        let scopes =
            [ScopeMetadata { kind: ScopeKind::Iterate, link: 2, parent: None, sub_flows: vec!["a".to_owned()] }];
        let sub_flows = [sub_flow("a", Some(0)), sub_flow("b", None)];
        let settings = Settings { fail_strategy: Some(FailStrategy::Continue), ..Settings::default() };
        let parts = Parts { sub_flows: &sub_flows, control: &control, scopes: &scopes, settings: &settings };
        let graph = of_parts(parts, ["x", "a", "b"].into_iter());
        assert!(graph.continue_on_failure && !graph.parallel_roots);
        let openings: Vec<(When, LinkKind)> = graph.links.iter().map(|link| (link.when, link.kind)).collect();
        let normal = |when| (when, LinkKind::Normal);
        let expected = [
            normal(When::Ok),
            normal(When::Error { handled: true }),
            (When::Ok, LinkKind::Iterate { parallel: 2 }),
            (When::Ok, LinkKind::Start),
            normal(When::Else),
            normal(When::Expression),
            normal(When::Always),
        ];
        assert_eq!(openings, expected);
        assert_eq!((graph.links[0].from, graph.links[0].to, graph.links[0].node, graph.links[0].order), (1, 0, 2, 3));
        assert_eq!((graph.sub_flows[0].scope, graph.sub_flows[0].join), (Some(0), Join::Any));
    }
}
