//! Control links: where such links may stand, the list of an ITERATE link, and `Last` as a number.

mod list_port;
mod object;
mod read;

use super::ControlLink;
use super::data_order::DataOrder;
use super::links::node_of;
use super::subflows::SubFlows;
use super::subject::Subject;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics, Span};
use pypeline_schema::manifest::ModuleKind;
use pypeline_schema::valve::{Condition, Order};
use read::Written;
use std::collections::HashMap;

/// The links whose nodes are there; all others, and all that stand where they may not, are reported.
pub(super) fn links(
    subject: &Subject<'_>,
    rows: &DataOrder,
    flows: &SubFlows,
    diagnostics: &mut Diagnostics,
) -> Vec<ControlLink> {
    let mut parsed: Vec<(ControlLink, Order)> = Vec::new();
    for entry in &subject.document.control {
        let Some(Written { from, to, order, condition, expression }) = read::read(subject, entry, diagnostics) else {
            continue;
        };
        let pointer = entry.pointer.clone();
        let is_iterate = matches!(condition, Condition::Iterate { .. });
        let source = list_port::source(subject, &pointer, &from, is_iterate, diagnostics);
        let to = node_of(subject, &pointer, &to.0, &to.1, diagnostics);
        let (Some((source, port)), Some(to)) = (source, to) else { continue };
        let sub_flows = (flows.of(source), flows.of(to));
        let inner = sub_flows.0 == sub_flows.1;
        let mut link = ControlLink {
            from: source,
            to,
            sub_flows,
            order: 0,
            condition,
            expression,
            list_port: None,
            inner,
            pointer,
        };
        let span = subject.value(&entry.pointer);
        if inner {
            check_inner(&link, rows, &span, diagnostics);
        } else {
            check_kinds(subject, &link, &span, diagnostics);
            if is_iterate {
                let place = from.1.or(span);
                link.list_port = list_port::of(subject, &link, port, &place, diagnostics);
            }
        }
        parsed.push((link, order));
    }
    let links = resolve_last(parsed);
    check_company(subject, &links, diagnostics);
    links
}

/// Inside one sub flow the data links order the nodes: an unconditional link that agrees is superfluous, any other wrong.
fn check_inner(link: &ControlLink, rows: &DataOrder, span: &Option<Span>, diagnostics: &mut Diagnostics) {
    let agrees = rows.reaches(link.from, link.to);
    let finding = if matches!(link.condition, Condition::Iterate { .. } | Condition::Start) {
        Diagnostic::new(Code::InnerControlWrong, "what this link governs cannot be the sub flow that it leaves")
            .help("nodes joined by data links are one sub flow: let the link reach another one")
    } else if agrees && link.condition == Condition::Ok {
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

/// Control goes into sources and solos, and out of sources, sinks and solos (the specification's table); an ITERATE link may
/// leave whatever has a list.
fn check_kinds(subject: &Subject<'_>, link: &ControlLink, span: &Option<Span>, diagnostics: &mut Diagnostics) {
    let kind = |node: usize| subject.manifest(node).map(|manifest| manifest.kind);
    let mut report = |message: String, help: &str| {
        diagnostics.push(Diagnostic::new(Code::ControlKind, message).help(help).at(&link.pointer, span.clone()));
    };
    if kind(link.from) == Some(ModuleKind::Mod) && !matches!(link.condition, Condition::Iterate { .. }) {
        let message = format!("no control link may leave the mod `{}`", subject.id(link.from));
        report(message, "let it leave the source or a sink of the same sub flow");
    }
    if let Some(word @ (ModuleKind::Mod | ModuleKind::Sink)) = kind(link.to) {
        let message = format!("no control link may reach the {} `{}`", word.as_str(), subject.id(link.to));
        report(message, "let it reach the source of the same sub flow");
    }
}

/// All `Last` links of one sub flow get one more than the largest order of its others.
fn resolve_last(parsed: Vec<(ControlLink, Order)>) -> Vec<ControlLink> {
    let mut largest: HashMap<usize, u32> = HashMap::new();
    for (link, order) in parsed.iter().filter(|(link, _)| !link.inner) {
        if let Order::At(order) = order {
            let known = largest.entry(link.sub_flows.0).or_default();
            *known = (*known).max(*order);
        }
    }
    let resolve = |(link, order): (ControlLink, Order)| {
        let order = match order {
            Order::At(order) => order,
            Order::Last => largest.get(&link.sub_flows.0).copied().unwrap_or(0).saturating_add(1),
        };
        ControlLink { order, ..link }
    };
    parsed.into_iter().map(resolve).collect()
}

/// What a link is beside the others: an `else` needs a condition before it, and the same link twice is one too many.
fn check_company(subject: &Subject<'_>, links: &[ControlLink], diagnostics: &mut Diagnostics) {
    let mut first_expression: HashMap<usize, (u32, usize)> = HashMap::new();
    let mut known: HashMap<(usize, usize, String), &ControlLink> = HashMap::new();
    let outer = || links.iter().enumerate().filter(|(_, link)| !link.inner);
    for (at, link) in outer().filter(|(_, link)| matches!(link.condition, Condition::Expression(_))) {
        let first = first_expression.entry(link.sub_flows.0).or_insert((link.order, at));
        *first = (*first).min((link.order, at));
    }
    for (at, link) in outer() {
        let mut report = |code, message: String, help: &str, first: Option<&ControlLink>| {
            let span = subject.value(&link.pointer);
            let first = first.and_then(|first| subject.value(&first.pointer));
            let finding = Diagnostic::new(code, message).help(help).related(first, "the first");
            diagnostics.push(finding.at(&link.pointer, span));
        };
        let is_first = || first_expression.get(&link.sub_flows.0).is_none_or(|first| *first > (link.order, at));
        if link.condition == Condition::Else && is_first() {
            let message = format!("no condition of `{}` stands before this `else`", subject.id(link.from));
            report(
                Code::ElseAlone,
                message,
                "give a link of the same sub flow a condition and a lower order, or take `else` away",
                None,
            );
        }
        if matches!(link.condition, Condition::Iterate { .. } | Condition::Start) {
            continue;
        }
        if let Some(first) = known.get(&(link.from, link.to, link.condition.text())) {
            let message = format!("this link says what {} says already", subject.describe(first));
            report(Code::TwinLink, message, "one of the two can be removed", Some(first));
        } else {
            known.insert((link.from, link.to, link.condition.text()), link);
        }
    }
}
