//! The columns of a flow that has been loaded and planned: findings get their places in the YAML.

use super::load::Loaded;
use super::load::document::NodeEntry;
use super::plan::Plan;
use crate::columns::{Finding, Known, LinkView, NodeView, Subject, look};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::executor::Executor;
use crate::project::Project;
use crate::template::Scope;
use std::collections::{HashMap, HashSet};

/// Looks at the columns of all nodes and reports what cannot go well with them.
pub(super) fn check(
    loaded: &Loaded,
    plan: &Plan,
    project: &Project,
    scope: &Scope,
    executor: &dyn Executor,
    diagnostics: &mut Diagnostics,
) -> Known {
    let document = &loaded.document;
    let nodes = document.nodes.iter().zip(&loaded.modules).map(|(node, module)| {
        let module = module.as_ref().filter(|module| module.is_sound)?;
        let (manifest, plugin) = (&*module.manifest, &*module.plugin);
        Some(NodeView { id: &node.id, manifest, plugin, config: &module.config })
    });
    let links = plan.data.iter().map(|link| LinkView {
        from: link.from,
        output: &link.ports.0.port,
        to: link.to,
        input: &link.ports.1.port,
    });
    let subject = Subject {
        nodes: nodes.collect(),
        links: links.collect(),
        order: order(loaded, plan),
        project,
        scope,
        executor,
    };
    let known = look(&subject);
    for finding in &known.findings {
        if let Some(node) = document.nodes.get(finding.node) {
            diagnostics.push(placed(finding, node, loaded));
        }
    }
    known
}

/// Sub flows in their static order, nodes in their waves. What no order holds comes last: it will not run.
fn order(loaded: &Loaded, plan: &Plan) -> Vec<usize> {
    let nodes = &loaded.document.nodes;
    let by_id: HashMap<&str, usize> = nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
    let first = plan.static_order.iter().copied();
    let mut seen = HashSet::new();
    let sub_flows = first.chain(0..plan.sub_flows.len()).filter(|sub_flow| seen.insert(*sub_flow));
    sub_flows
        .filter_map(|sub_flow| plan.sub_flows.get(sub_flow))
        .flat_map(|sub_flow| sub_flow.waves.iter().flatten())
        .filter_map(|id| by_id.get(id.as_str()).copied())
        .collect()
}

fn placed(finding: &Finding, node: &NodeEntry, loaded: &Loaded) -> Diagnostic {
    let positions = &loaded.document.positions;
    let pointer = match finding.pointer.as_str() {
        "" => format!("{}/id", node.pointer),
        inner => node.locate(inner),
    };
    let span = match &finding.inside {
        Some((text, bytes)) => positions.inside(&pointer, text, bytes.clone()),
        None => positions.value(&pointer),
    };
    let diagnostic = Diagnostic::new(finding.code, finding.message.clone());
    Diagnostic { help: finding.help.clone(), ..diagnostic }.at(pointer, span)
}
