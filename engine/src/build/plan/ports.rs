//! Ports over all links: no input twice, none open, nobody alone.

use super::{DataLink, Subject};
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics};
use pypeline_schema::manifest::ModuleKind;
use std::collections::HashMap;

pub(super) fn check(subject: &Subject<'_>, links: &[DataLink], diagnostics: &mut Diagnostics) {
    let mut inputs: HashMap<(usize, &str), &DataLink> = HashMap::new();
    for link in links.iter().filter(|link| link.is_sound) {
        if let Some(first) = inputs.insert((link.to, &link.ports.1.port), link) {
            let message = format!("input `{}` has two links; the other comes from `{}`", link.ports.1, first.ports.0);
            let help = "join the rows before, or give each its own node";
            let span = subject.document.positions.value(&link.pointer);
            diagnostics.push(Diagnostic::new(Code::InputTwice, message).help(help).at(&link.pointer, span));
        }
    }
    for (at, (node, module)) in subject.document.nodes.iter().zip(subject.modules).enumerate() {
        let Some(module) = module else { continue };
        let manifest = &module.manifest;
        let mut report = |code, message: String, help: String| {
            let pointer = format!("{}/id", node.pointer);
            let span = subject.document.positions.value(&pointer);
            diagnostics.push(Diagnostic::new(code, message).help(help).at(pointer, span));
        };
        let has_input = links.iter().any(|link| link.to == at);
        let has_output = links.iter().any(|link| link.from == at);
        match manifest.kind {
            ModuleKind::Mod | ModuleKind::Sink if !has_input && !has_output => {
                let message = format!("`{}` has no data link", node.id);
                let input = manifest.input_ports.first().map_or("input", String::as_str);
                report(Code::Isolated, message, format!("link rows to it: `source.data - {}.{input}`", node.id));
                continue;
            }
            ModuleKind::Source if !has_output => {
                let output = manifest.output_ports.first().map_or("data", String::as_str);
                let help = format!("link it: `{}.{output} - target.input`", node.id);
                report(Code::SourceUnread, format!("nobody reads the rows of `{}`", node.id), help);
            }
            _ => {}
        }
        // A link to a wrong port is reported already: most likely it was meant for the port that is open.
        if links.iter().any(|link| link.to == at && !link.is_sound) {
            continue;
        }
        for port in manifest.input_ports.iter().filter(|port| !inputs.contains_key(&(at, port.as_str()))) {
            let help = format!("link rows to it: `source.data - {}.{port}`", node.id);
            report(Code::InputOpen, format!("input port `{port}` of `{}` has no link", node.id), help);
        }
    }
}
