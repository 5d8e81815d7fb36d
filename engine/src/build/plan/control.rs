//! Control links: text to orders and conditions, `Last` to a number, and where such links may stand.

use super::links::{bad_text, node_of};
use super::{ControlLink, DataLink, Subject};
use crate::build::load::document::LinkEntry;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics, Span};
use pypeline_schema::link::{ControlLinkText, parse_control_link};
use pypeline_schema::manifest::ModuleKind;
use pypeline_schema::valve::{Condition, Order, Valve, parse_condition, parse_order};
use serde_json::Value;
use std::collections::HashMap;

/// The links whose nodes are there; all others, and all that stand where they may not, are reported.
pub(super) fn links(
    subject: &Subject<'_>,
    data: &[DataLink],
    sub_flow_of: &[usize],
    diagnostics: &mut Diagnostics,
) -> Vec<ControlLink> {
    let mut parsed: Vec<(ControlLink, Order)> = Vec::new();
    for entry in &subject.document.control {
        let Some(text) = read(subject, entry, diagnostics) else { continue };
        let span = subject.document.positions.value(&entry.pointer);
        let from = node_of(subject, entry, &text.from, &span, diagnostics);
        let to = node_of(subject, entry, &text.to, &span, diagnostics);
        let (Some(from), Some(to)) = (from, to) else { continue };
        let inner = sub_flow_of.get(from) == sub_flow_of.get(to);
        let condition = text.valve.condition;
        let link = ControlLink { from, to, order: 0, condition, inner, pointer: entry.pointer.clone() };
        if inner {
            check_inner(&link, data, &span, diagnostics);
        } else {
            check_kinds(subject, &link, &span, diagnostics);
            check_condition(&link, &span, diagnostics);
        }
        parsed.push((link, text.valve.order));
    }
    resolve_last(parsed, sub_flow_of)
}

fn read(subject: &Subject<'_>, entry: &LinkEntry, diagnostics: &mut Diagnostics) -> Option<ControlLinkText> {
    match &entry.value {
        Value::String(text) => {
            parse_control_link(text).map_err(|error| diagnostics.push(bad_text(subject, entry, text, error))).ok()
        }
        Value::Object(map) => {
            let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
            let mut report = |key: &str, (message, help): (String, String)| {
                let pointer = format!("{}/{key}", entry.pointer);
                let span = subject.document.positions.value(&pointer);
                diagnostics.push(Diagnostic::new(Code::LinkSyntax, message).help(help).at(pointer, span));
            };
            let order = map.get("order").map_or_else(
                || "1".to_owned(),
                |order| match order {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                },
            );
            let order = parse_order(&order).map_err(|error| report("order", error)).ok();
            let condition =
                parse_condition(&text("when").unwrap_or_default()).map_err(|error| report("when", error)).ok();
            Some(ControlLinkText {
                from: text("from")?,
                to: text("to")?,
                valve: Valve { order: order?, condition: condition? },
            })
        }
        _ => None,
    }
}

/// Inside one sub flow the data links order the nodes: an unconditional link that agrees is superfluous, any other wrong.
fn check_inner(link: &ControlLink, data: &[DataLink], span: &Option<Span>, diagnostics: &mut Diagnostics) {
    let agrees = reaches(data, link.from, link.to);
    let finding = if agrees && link.condition == Condition::Ok {
        Diagnostic::new(Code::InnerControlRedundant, "this control link says what the data links say already")
            .help("it can be removed: nodes joined by data links are one sub flow")
    } else if agrees {
        Diagnostic::new(Code::InnerControlWrong, "a condition between two nodes of one sub flow can never be asked")
            .help("nodes joined by data links run together; filter rows, or part the sub flow with a file or a cache")
    } else {
        Diagnostic::new(Code::InnerControlWrong, "this control link contradicts the data links of its sub flow")
            .help("nodes joined by data links are one sub flow and run in the order of the rows")
    };
    diagnostics.push(finding.at(&link.pointer, span.clone()));
}

fn reaches(data: &[DataLink], from: usize, to: usize) -> bool {
    let (mut seen, mut stack) = (Vec::new(), vec![from]);
    while let Some(node) = stack.pop() {
        if node == to {
            return true;
        }
        if !seen.contains(&node) {
            seen.push(node);
            stack.extend(data.iter().filter(|link| link.from == node).map(|link| link.to));
        }
    }
    false
}

/// Control goes into sources and solos, and out of sources, sinks and solos (the specification's table).
fn check_kinds(subject: &Subject<'_>, link: &ControlLink, span: &Option<Span>, diagnostics: &mut Diagnostics) {
    let kind = |node: usize| subject.modules.get(node)?.as_ref().map(|module| module.manifest.kind);
    let id = |node: usize| subject.document.nodes.get(node).map_or("", |node| node.id.as_str());
    let mut report = |message: String, help: &str| {
        diagnostics.push(Diagnostic::new(Code::ControlKind, message).help(help).at(&link.pointer, span.clone()));
    };
    if kind(link.from) == Some(ModuleKind::Mod) {
        let message = format!("no control link may leave the mod `{}`", id(link.from));
        report(message, "let it leave the source or a sink of the same sub flow");
    }
    if let Some(word @ (ModuleKind::Mod | ModuleKind::Sink)) = kind(link.to) {
        let message = format!("no control link may reach the {} `{}`", word.as_str(), id(link.to));
        report(message, "let it reach the source of the same sub flow");
    }
}

fn check_condition(link: &ControlLink, span: &Option<Span>, diagnostics: &mut Diagnostics) {
    if matches!(link.condition, Condition::Ok | Condition::Error { handled: false } | Condition::Always) {
        return;
    }
    let message = format!("this version runs no `{}` links", link.condition.text());
    let help = "conditions that run: empty or `ok`, `error`, `always`";
    diagnostics.push(Diagnostic::new(Code::ConditionUnsupported, message).help(help).at(&link.pointer, span.clone()));
}

/// All `Last` links of one sub flow get one more than the largest order of its others.
fn resolve_last(parsed: Vec<(ControlLink, Order)>, sub_flow_of: &[usize]) -> Vec<ControlLink> {
    let of = |link: &ControlLink| sub_flow_of.get(link.from).copied().unwrap_or_default();
    let mut largest: HashMap<usize, u32> = HashMap::new();
    for (link, order) in parsed.iter().filter(|(link, _)| !link.inner) {
        if let Order::At(order) = order {
            let known = largest.entry(of(link)).or_default();
            *known = (*known).max(*order);
        }
    }
    let resolve = |(link, order): (ControlLink, Order)| {
        let order = match order {
            Order::At(order) => order,
            Order::Last => largest.get(&of(&link)).copied().unwrap_or(0).saturating_add(1),
        };
        ControlLink { order, ..link }
    };
    parsed.into_iter().map(resolve).collect()
}
