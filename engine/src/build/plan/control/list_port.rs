//! Where an ITERATE link takes its items: the left side names a node or one of its ports, the manifest marks a list, or there
//! is only one port.

use super::super::ControlLink;
use super::super::links::{node_of, unknown_port};
use super::super::subject::Subject;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics, Span, suggest};
use pypeline_schema::link::PortRef;

/// The node that a control link leaves, and the port if one is named: a full id wins, else the last part is a port, which
/// only an ITERATE link may have.
pub(super) fn source(
    subject: &Subject<'_>,
    pointer: &str,
    (id, span): &(String, Option<Span>),
    is_iterate: bool,
    diagnostics: &mut Diagnostics,
) -> Option<(usize, Option<String>)> {
    if let Some(node) = subject.find(id) {
        return Some((node, None));
    }
    let with_port = id.rsplit_once('.').and_then(|(head, port)| Some((subject.find(head)?, head, port)));
    match with_port {
        Some((node, _, port)) if is_iterate => Some((node, Some(port.to_owned()))),
        Some((_, head, _)) => {
            let finding = Diagnostic::new(Code::UnknownNode, format!("there is no node `{id}`"));
            let help = format!("only an iterate link names a port: write `{head}`");
            diagnostics.push(finding.help(help).at(pointer, span.clone()));
            None
        }
        None => node_of(subject, pointer, id, span, diagnostics).map(|node| (node, None)),
    }
}

/// The output port whose rows are the items; reported if there is none, or no one knows which. Of an unknown module the
/// named port is taken as it is.
pub(super) fn of(
    subject: &Subject<'_>,
    link: &ControlLink,
    named: Option<String>,
    span: &Option<Span>,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let (Some(manifest), Some(ports)) = (subject.manifest(link.from), subject.outputs(link.from)) else { return named };
    let id = subject.id(link.from);
    let finding = match (named, &manifest.list_port, ports.names.as_slice()) {
        (Some(port), ..) if ports.has(&port) => return Some(port),
        (_, _, []) => {
            let message = format!("`{id}` ({}) has no output port, and so no list", manifest.name);
            Diagnostic::new(Code::NoList, message).help("let the link leave a node whose rows are to be the items")
        }
        (Some(port), ..) => unknown_port(&PortRef { node: id.to_owned(), port }, &manifest.name, &ports, "output"),
        (None, Some(port), _) => return Some(port.clone()),
        (None, None, [port]) => return Some((*port).to_owned()),
        (None, None, [first, ..]) => {
            let message = format!("`{id}` ({}) has several output ports: which one is the list?", manifest.name);
            let help = format!("name it, e.g. `{id}.{first}`; output ports: {}", suggest::list(&ports.names));
            Diagnostic::new(Code::NoList, message).help(help)
        }
    };
    diagnostics.push(finding.at(&link.pointer, span.clone()));
    None
}
