//! A job as a flowchart of Mermaid: sub flows and scopes are subgraphs.

use super::arrange::Step;
use super::view::{Style, Unit, View};
use std::fmt::Write;

pub(super) fn draw(view: &View) -> String {
    let mut out = format!("%% {}\n", comment(&view.title));
    if let Some(note) = &view.note {
        let _ = writeln!(out, "%% {}", comment(note));
    }
    out.push_str("flowchart TB\n");
    let mut depth = 1;
    for step in &view.steps {
        let lead = "  ".repeat(depth.min(40));
        match step {
            Step::Open(scope) => {
                let title = view.scopes.get(*scope).map_or("", |scope| scope.title.as_str());
                let _ = writeln!(out, "{lead}subgraph scope{scope}[{}]", quoted(title));
                depth += 1;
            }
            Step::Close(_) => {
                depth -= 1;
                let _ = writeln!(out, "{}end", "  ".repeat(depth.min(40)));
            }
            Step::Thing(at) => {
                if let Some(unit) = view.boxes.get(*at) {
                    subgraph(&mut out, &lead, *at, unit);
                }
            }
        }
    }
    for link in &view.links {
        let arrow = if link.style == Style::Normal { "==>" } else { "-.->" };
        let _ = writeln!(out, "  b{} {arrow}|{}| b{}", link.from, quoted(&link.label), link.to);
    }
    // A style that reads well on light and dark pages alike.
    for at in 0..view.scopes.len() {
        let _ = writeln!(out, "  style scope{at} fill:none,stroke-dasharray:6 4");
    }
    out
}

fn subgraph(out: &mut String, lead: &str, at: usize, unit: &Unit) {
    if unit.nodes.is_empty() {
        let lines: Vec<String> = std::iter::once(&unit.title).chain(&unit.summary).map(|line| escaped(line)).collect();
        let _ = writeln!(out, "{lead}b{at}[\"{}\"]", lines.join("<br/>"));
        return;
    }
    let _ = writeln!(out, "{lead}subgraph b{at}[{}]", quoted(&unit.title));
    let _ = writeln!(out, "{lead}  direction LR");
    for (number, node) in unit.nodes.iter().enumerate() {
        let _ = writeln!(out, "{lead}  n{at}_{number}[\"{}<br/>{}\"]", escaped(&node.id), escaped(&node.module));
    }
    for link in &unit.links {
        let label = quoted(&format!("{} - {}", link.ports.0, link.ports.1));
        let _ = writeln!(out, "{lead}  n{at}_{} -->|{label}| n{at}_{}", link.from, link.to);
    }
    let _ = writeln!(out, "{lead}end");
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Whatever Mermaid, its Markdown or HTML would read, by its number.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || " ._-,:()/+=!?'".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

/// A comment ends with its line, and begins no directive.
fn comment(text: &str) -> String {
    text.replace(['{', '}'], "")
}
