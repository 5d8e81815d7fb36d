//! The items of loops: a template that asks for a column which the loop's list does not have.

use super::{Finding, NodeView, Rows, Subject};
use crate::diagnostics::code::Code;
use crate::diagnostics::suggest;
use crate::template::names_by_place;
use pypeline_schema::execution_metadata::{ScopeKind, ScopeMetadata, SubFlowLink, SubFlowMetadata};
use serde_json::Value;
use std::collections::HashMap;

/// Findings about `iter.item.x` in a node's templates.
pub(super) fn check(
    subject: &Subject<'_>,
    at: usize,
    node: &NodeView<'_>,
    ports: &HashMap<(usize, String), Rows>,
) -> Vec<Finding> {
    let Some(rows) = subject.loops.get(&at).and_then(|list| ports.get(list)) else { return Vec::new() };
    let names: Vec<&str> = rows.fields.iter().map(|field| field.name.as_str()).collect();
    let mut found = Vec::new();
    for template in names_by_place(&Value::Object(node.config.clone())) {
        // Whoever asks whether it is there knows that it may not be.
        if template.text.contains("defined") || template.text.contains("default") {
            continue;
        }
        let asked = template.names.iter().filter_map(|name| name.strip_prefix("iter.item.")?.split('.').next());
        for column in asked.filter(|column| !names.contains(column)) {
            found.push(Finding {
                node: at,
                code: Code::UnknownColumn,
                pointer: template.pointer.clone(),
                inside: template.text.find(&format!("item.{column}")).map(|start| {
                    let start = start + "item.".len();
                    (template.text.clone(), start..start + column.len())
                }),
                message: format!("the items of the loop have no column `{column}`"),
                help: Some(suggest::help(column, "columns", &names)),
            });
        }
    }
    found
}

/// By node: the node and the port whose rows are the items of the innermost loop around it.
pub fn loops<'a>(
    ids: impl Iterator<Item = &'a str>,
    sub_flows: &[SubFlowMetadata],
    scopes: &[ScopeMetadata],
    links: &[SubFlowLink],
) -> HashMap<usize, (usize, String)> {
    let by_id: HashMap<&str, usize> = ids.enumerate().map(|(at, id)| (id, at)).collect();
    let list_of = |scope: usize| {
        let mut next = Some(scope);
        // A scope stands before those inside it: outwards there is an end.
        while let Some(scope) = next.and_then(|at| scopes.get(at)) {
            if scope.kind == ScopeKind::Iterate {
                let link = links.get(scope.link)?;
                return Some((*by_id.get(link.node.as_str())?, link.list_port.clone()?));
            }
            next = scope.parent;
        }
        None
    };
    let inside = sub_flows.iter().filter_map(|sub_flow| Some((sub_flow, list_of(sub_flow.scope?)?)));
    inside
        .flat_map(|(sub_flow, list)| {
            sub_flow.nodes.iter().filter_map(|id| by_id.get(id.as_str()).copied()).map(move |node| (node, list.clone()))
        })
        .collect()
}
