//! Data links: text to ports that are there.

use super::DataLink;
use super::subject::Subject;
use crate::build::load::document::LinkEntry;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics, Span, suggest};
use pypeline_schema::link::{PortRef, parse_data_link, parse_port};
use pypeline_schema::ports::PortNames;
use pypeline_schema::valve::TextError;
use serde_json::Value;
use std::ops::Range;

/// The links whose both ends are there; all others are reported.
pub(super) fn data(subject: &Subject<'_>, diagnostics: &mut Diagnostics) -> Vec<DataLink> {
    subject.document.data.iter().filter_map(|entry| data_link(subject, entry, diagnostics)).collect()
}

fn data_link(subject: &Subject<'_>, entry: &LinkEntry, diagnostics: &mut Diagnostics) -> Option<DataLink> {
    let text = match &entry.value {
        Value::String(text) => {
            let parsed = parse_data_link(text).map_err(|error| diagnostics.push(bad_text(subject, entry, text, error)));
            let parsed = parsed.ok()?;
            // A node's name may stand in its own link twice: the first half ends at the dash.
            let dash = text.find('-').unwrap_or_default();
            let (from, to) = (find_in(text, &parsed.from.to_string(), 0), find_in(text, &parsed.to.to_string(), dash));
            Ends {
                from: (parsed.from, inside(subject, entry, text, from)),
                to: (parsed.to, inside(subject, entry, text, to)),
            }
        }
        Value::Object(map) => {
            let mut end = |key: &str| {
                let pointer = format!("{}/{key}", entry.pointer);
                let text = map.get(key)?.as_str()?;
                let span = subject.value(&pointer);
                match parse_port(text, 0) {
                    Ok(port) => Some((port, span)),
                    Err(error) => {
                        diagnostics
                            .push(Diagnostic::new(Code::LinkSyntax, error.message).help(error.help).at(pointer, span));
                        None
                    }
                }
            };
            let (from, to) = (end("from"), end("to"));
            Ends { from: from?, to: to? }
        }
        _ => return None,
    };
    let from = node_of(subject, &entry.pointer, &text.from.0.node, &text.from.1, diagnostics);
    let to = node_of(subject, &entry.pointer, &text.to.0.node, &text.to.1, diagnostics);
    let (from, to) = (from?, to?);
    let from_known = port_of(subject, entry, from, &text.from, Side::Output, diagnostics);
    let to_known = port_of(subject, entry, to, &text.to, Side::Input, diagnostics);
    let (ports, pointer) = ((text.from.0, text.to.0), entry.pointer.clone());
    Some(DataLink { from, ports, to, pointer, is_sound: from_known && to_known })
}

struct Ends {
    from: (PortRef, Option<Span>),
    to: (PortRef, Option<Span>),
}

enum Side {
    Output,
    Input,
}

fn find_in(text: &str, part: &str, after: usize) -> Range<usize> {
    let start = text.get(after..).and_then(|rest| rest.find(part)).map_or(0, |at| at + after);
    start..start + part.len()
}

pub(super) fn inside(subject: &Subject<'_>, entry: &LinkEntry, text: &str, range: Range<usize>) -> Option<Span> {
    subject.document.positions.inside(&entry.pointer, text, range)
}

/// A link that cannot be parsed, its wrong part underlined.
pub(super) fn bad_text(subject: &Subject<'_>, entry: &LinkEntry, text: &str, error: TextError) -> Diagnostic {
    let span = inside(subject, entry, text, error.range);
    Diagnostic::new(Code::LinkSyntax, error.message).help(error.help).at(&entry.pointer, span)
}

/// Index of a node by its id, ignoring case; reported if there is none.
pub(super) fn node_of(
    subject: &Subject<'_>,
    pointer: &str,
    id: &str,
    span: &Option<Span>,
    diagnostics: &mut Diagnostics,
) -> Option<usize> {
    let found = subject.find(id);
    if found.is_none() {
        let finding = Diagnostic::new(Code::UnknownNode, format!("there is no node `{id}`"));
        diagnostics.push(finding.help(subject.advice(id)).at(pointer, span.clone()));
    }
    found
}

/// The port is one of the module's; nothing is said where the module is unknown.
fn port_of(
    subject: &Subject<'_>,
    entry: &LinkEntry,
    node: usize,
    (port, span): &(PortRef, Option<Span>),
    side: Side,
    diagnostics: &mut Diagnostics,
) -> bool {
    let (Some(manifest), Some(inputs), Some(outputs)) =
        (subject.manifest(node), subject.inputs(node), subject.outputs(node))
    else {
        return true;
    };
    let (ports, word, others, other) = match side {
        Side::Output => (outputs, "output", inputs, "input"),
        Side::Input => (inputs, "input", outputs, "output"),
    };
    if ports.has(&port.port) {
        return true;
    }
    let mut finding = unknown_port(port, &manifest.name, &ports, word);
    if others.names.contains(&port.port.as_str()) {
        finding.help = Some(format!("`{port}` is an {other} port: does the link run the wrong way?"));
    }
    diagnostics.push(finding.at(&entry.pointer, span.clone()));
    false
}

/// A port that its node does not have.
pub(super) fn unknown_port(port: &PortRef, module: &str, ports: &PortNames<'_>, word: &str) -> Diagnostic {
    if ports.is_open {
        let message = format!("`{}` cannot name an {word} port of `{}` ({module})", port.port, port.node);
        let help = "letters, digits and `_`, no digit first: such a port is a table in SQL";
        return Diagnostic::new(Code::UnknownPort, message).help(help);
    }
    let message = format!("`{}` ({module}) has no {word} port `{}`", port.node, port.port);
    let help = match suggest::nearest(&port.port, ports.names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {word} ports: {}", suggest::list(&ports.names)),
        None => suggest::help(&port.port, &format!("{word} ports"), &ports.names),
    };
    Diagnostic::new(Code::UnknownPort, message).help(help)
}
