//! The columns of a flow that has been loaded and planned: findings get their places in the YAML.

use super::load::Loaded;
use super::load::document::NodeEntry;
use super::plan::Plan;
use crate::columns::lineage::trace;
use crate::columns::{Finding, LinkView, NodeView, Subject, look, loops, order};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::executor::Executor;
use crate::project::Project;
use crate::template::Scope;
use pypeline_schema::lineage::SinkLineage;

/// Looks at the columns of all nodes and reports what cannot go well with them. Gives the lineage of the sinks whose columns follow from
/// the flow's own text.
pub(super) fn check(
    loaded: &Loaded,
    plan: &Plan,
    project: &Project,
    scope: &Scope,
    executor: &dyn Executor,
    diagnostics: &mut Diagnostics,
) -> Vec<SinkLineage> {
    let document = &loaded.document;
    let nodes = document.nodes.iter().zip(&loaded.modules).map(|(node, module)| {
        let module = module.as_ref().filter(|module| module.is_sound)?;
        let (manifest, functions) = (&*module.manifest, &*module.plugin.functions);
        Some(NodeView { id: &node.id, manifest, functions, config: &module.config })
    });
    let links = plan.data.iter().map(|link| LinkView {
        from: link.from,
        output: &link.ports.0.port,
        to: link.to,
        input: &link.ports.1.port,
    });
    let ids = || document.nodes.iter().map(|node| node.id.as_str());
    let subject = Subject {
        nodes: nodes.collect(),
        links: links.collect(),
        loops: loops(ids(), &plan.sub_flows, &plan.scopes, &plan.links),
        order: order(ids(), &plan.sub_flows, plan.static_order.iter().copied()),
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
    trace(&subject, &known, true)
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
