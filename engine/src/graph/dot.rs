//! A job for Graphviz: sub flows and scopes are clusters, control links go from cluster to cluster.

use super::arrange::Step;
use super::view::{Style, Unit, View};
use pypeline_schema::execution_metadata::ScopeKind;
use std::fmt::Write;

pub(super) fn draw(view: &View) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&view.title));
    let label = view.note.iter().fold(view.title.clone(), |title, note| format!("{title}\n{note}"));
    let _ = writeln!(out, "  label={}; labelloc=t; compound=true; rankdir=TB; newrank=true;", quoted(&label));
    out.push_str("  fontname=\"sans-serif\"; node [shape=box, fontname=\"sans-serif\", fontsize=11];\n");
    out.push_str("  edge [fontname=\"sans-serif\", fontsize=9];\n");
    let mut depth = 1;
    for step in &view.steps {
        let lead = "  ".repeat(depth.min(40));
        match step {
            Step::Open(scope) => {
                let found = view.scopes.get(*scope);
                let title = found.map_or("", |scope| scope.title.as_str());
                let style = if found.is_some_and(|scope| scope.kind == ScopeKind::Start) { "dotted" } else { "dashed" };
                let _ = writeln!(out, "{lead}subgraph cluster_scope{scope} {{ label={}; style={style};", quoted(title));
                depth += 1;
            }
            Step::Close(_) => {
                depth -= 1;
                let _ = writeln!(out, "{}}}", "  ".repeat(depth.min(40)));
            }
            Step::Thing(at) => {
                if let Some(unit) = view.boxes.get(*at) {
                    cluster(&mut out, &lead, *at, unit);
                }
            }
        }
    }
    for link in &view.links {
        let end = |at: usize| view.boxes.get(at).map_or(0, |unit| unit.nodes.len());
        let (last, head) = (end(link.from).saturating_sub(1), 0);
        let mut marks = format!("label={}", quoted(&link.label));
        if end(link.from) > 0 {
            let _ = write!(marks, ", ltail=cluster{}", link.from);
        }
        if end(link.to) > 0 {
            let _ = write!(marks, ", lhead=cluster{}", link.to);
        }
        marks.push_str(match link.style {
            Style::Normal => ", penwidth=1.5",
            Style::Failure => ", penwidth=1.5, style=dashed, color=\"#c0392b\"",
            Style::Scope => ", penwidth=1.5, style=dashed, color=\"#2471a3\"",
        });
        let _ = writeln!(out, "  n{}_{last} -> n{}_{head} [{marks}];", link.from, link.to);
    }
    out.push_str("}\n");
    out
}

fn cluster(out: &mut String, lead: &str, at: usize, unit: &Unit) {
    if unit.nodes.is_empty() {
        let label = std::iter::once(&unit.title).chain(&unit.summary).cloned().collect::<Vec<_>>().join("\n");
        let _ = writeln!(out, "{lead}n{at}_0 [label={}];", quoted(&label));
        return;
    }
    let _ = writeln!(out, "{lead}subgraph cluster{at} {{ label={}; style=solid;", quoted(&unit.title));
    for (number, node) in unit.nodes.iter().enumerate() {
        let _ = writeln!(out, "{lead}  n{at}_{number} [label={}];", quoted(&format!("{}\n{}", node.id, node.module)));
    }
    for link in &unit.links {
        let label = quoted(&format!("{} - {}", link.ports.0, link.ports.1));
        let _ = writeln!(out, "{lead}  n{at}_{} -> n{at}_{} [label={label}];", link.from, link.to);
    }
    let _ = writeln!(out, "{lead}}}");
}

/// A label: no text in it ends it, is an escape of Graphviz, or HTML.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;").replace('\n', "\\n");
    format!("\"{text}\"")
}
