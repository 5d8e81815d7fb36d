//! Node ids: unique, speakable in templates, none in another's way.

use super::subject::Subject;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics};
use std::collections::HashMap;

/// Names that templates give a meaning of their own.
const RESERVED: [&str; 7] = ["context", "params", "iter", "each", "run", "env", "secret"];

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for node in &subject.document.nodes {
        let pointer = format!("{}/id", node.pointer);
        let place = |finding: Diagnostic| finding.at(&pointer, subject.value(&pointer));
        let lower = node.id.to_lowercase();
        if let Some(first) = seen.get(&lower) {
            let message = format!("the id `{}` is taken by `{first}`; ids are compared without case", node.id);
            let help = format!("rename one of them, e.g. `{}_2`", node.id);
            let place_of_first = subject.find(&lower).and_then(|first| subject.document.nodes.get(first));
            let place_of_first = place_of_first.and_then(|first| subject.value(&format!("{}/id", first.pointer)));
            let finding = Diagnostic::new(Code::DuplicateId, message).help(help).related(place_of_first, "the first");
            diagnostics.push(place(finding));
        }
        let head = lower.split('.').next().unwrap_or_default();
        if RESERVED.contains(&head) {
            let message = format!("an id cannot begin with `{head}`: templates give that word a meaning");
            let help = format!("rename it, e.g. `my_{}`", node.id);
            diagnostics.push(place(Diagnostic::new(Code::ReservedId, message).help(help)));
        }
        if lower.contains("__") {
            let message = format!("the id `{}` holds `__`, which parts a node from its variable in templates", node.id);
            diagnostics.push(place(Diagnostic::new(Code::ReservedId, message).help("use a single `_`")));
        }
        seen.entry(lower).or_insert(&node.id);
    }
    for node in &subject.document.nodes {
        let lower = node.id.to_lowercase();
        let parents = lower.match_indices('.').filter_map(|(at, _)| lower.get(..at));
        for parent in parents.filter_map(|parent| seen.get(parent)) {
            let pointer = format!("{}/id", node.pointer);
            let message = format!("the id `{}` begins with the id `{parent}` and a dot", node.id);
            let finding =
                Diagnostic::new(Code::ReservedId, message).help(format!("rename one of them, e.g. `{parent}.main`"));
            diagnostics.push(finding.at(&pointer, subject.value(&pointer)));
        }
    }
}
