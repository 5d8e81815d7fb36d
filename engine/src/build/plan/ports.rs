//! Ports over all links: no input twice, none open, nobody alone.

use super::subject::Subject;
use super::{ControlLink, DataLink};
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics};
use pypeline_schema::manifest::ModuleKind;
use pypeline_schema::valve::Condition;
use std::collections::HashMap;

/// What is linked to a node.
#[derive(Clone, Copy, Default)]
struct Linked {
    has_input: bool,
    has_output: bool,
    /// A link names a port of it that is not there.
    has_unsound_input: bool,
    /// An ITERATE link takes its rows.
    is_list: bool,
}

pub(super) fn check(subject: &Subject<'_>, links: &[DataLink], control: &[ControlLink], diagnostics: &mut Diagnostics) {
    let inputs = inputs(subject, links, diagnostics);
    let linked = linked(subject.n_nodes(), links, control);
    for (at, (node, linked)) in subject.document.nodes.iter().zip(linked).enumerate() {
        let Some(manifest) = subject.manifest(at) else { continue };
        let (into, out) = (subject.inputs(at).unwrap_or_default(), subject.outputs(at).unwrap_or_default());
        let first_input = || into.names.first().copied().unwrap_or("input");
        let mut report = |code, message: String, help: String| {
            let pointer = format!("{}/id", node.pointer);
            let span = subject.value(&pointer);
            diagnostics.push(Diagnostic::new(code, message).help(help).at(pointer, span));
        };
        match manifest.kind {
            ModuleKind::Mod | ModuleKind::Sink if !linked.has_input && !linked.has_output => {
                let message = format!("`{}` has no data link", node.id);
                let help = format!("link rows to it: `source.data - {}.{}`", node.id, first_input());
                report(Code::Isolated, message, help);
                continue;
            }
            ModuleKind::Source if !linked.has_output && !linked.is_list => {
                let output = out.names.first().copied().unwrap_or("data");
                let help = format!("link it: `{}.{output} - target.input`", node.id);
                report(Code::SourceUnread, format!("nobody reads the rows of `{}`", node.id), help);
            }
            _ => {}
        }
        // A link to a wrong port is reported already: most likely it was meant for the port that is open.
        if linked.has_unsound_input {
            continue;
        }
        if manifest.any_inputs && !linked.has_input {
            let message = format!("`{}` has no input", node.id);
            let help = format!("link rows to it, by any name: `source.data - {}.{}`", node.id, first_input());
            report(Code::InputOpen, message, help);
        }
        for port in into.names.iter().filter(|port| !inputs.contains_key(&(at, **port))) {
            let help = format!("link rows to it: `source.data - {}.{port}`", node.id);
            report(Code::InputOpen, format!("input port `{port}` of `{}` has no link", node.id), help);
        }
    }
}

/// The link to each input port; a second one is reported.
fn inputs<'a>(
    subject: &Subject<'_>,
    links: &'a [DataLink],
    diagnostics: &mut Diagnostics,
) -> HashMap<(usize, &'a str), &'a DataLink> {
    let mut inputs: HashMap<(usize, &str), &DataLink> = HashMap::new();
    for link in links.iter().filter(|link| link.is_sound) {
        if let Some(first) = inputs.insert((link.to, &link.ports.1.port), link) {
            let message = format!("input `{}` has two links; the other comes from `{}`", link.ports.1, first.ports.0);
            let help = "join the rows before, or give each its own node";
            let span = subject.value(&link.pointer);
            let finding = Diagnostic::new(Code::InputTwice, message).help(help);
            let finding = finding.related(subject.value(&first.pointer), "the other link");
            diagnostics.push(finding.at(&link.pointer, span));
        }
    }
    inputs
}

fn linked(n_nodes: usize, links: &[DataLink], control: &[ControlLink]) -> Vec<Linked> {
    let mut linked = vec![Linked::default(); n_nodes];
    for link in links {
        if let Some(from) = linked.get_mut(link.from) {
            from.has_output = true;
        }
        if let Some(to) = linked.get_mut(link.to) {
            to.has_input = true;
            to.has_unsound_input |= !link.is_sound;
        }
    }
    for link in control.iter().filter(|link| matches!(link.condition, Condition::Iterate { .. })) {
        if let Some(from) = linked.get_mut(link.from) {
            from.is_list = true;
        }
    }
    linked
}
