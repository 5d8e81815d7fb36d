//! Names that templates use: context variables and parameters that are declared, globals that some node sets.

use super::Subject;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics, suggest};
use crate::template;
use pypeline_schema::execution_metadata::TemplateUses;
use std::collections::BTreeSet;

/// Collects the names and reports those that can have no value.
pub(super) fn check(subject: &Subject<'_>, sub_flow_of: &[usize], diagnostics: &mut Diagnostics) -> TemplateUses {
    let (mut context, mut params, mut globals) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (at, node) in subject.document.nodes.iter().enumerate() {
        for (key, value) in &node.config {
            let (names, _) = template::names(value);
            for name in names {
                let pointer = node.locate(&format!("/{key}"));
                let place = |finding: Diagnostic| finding.at(&pointer, subject.document.positions.value(&pointer));
                let top = |prefix: &str| {
                    let rest = name.strip_prefix(prefix)?;
                    Some(rest.split('.').next().unwrap_or(rest).to_owned())
                };
                if let Some(variable) = top("context.") {
                    if !subject.document.context.contains_key(&variable) {
                        diagnostics.push(place(undeclared(subject, "context", &variable)));
                    }
                    context.insert(variable);
                } else if let Some(parameter) = top("params.") {
                    if !subject.document.params.contains_key(&parameter) {
                        diagnostics.push(place(undeclared(subject, "params", &parameter)));
                    }
                    params.insert(parameter);
                } else if let Some((owner, variable)) = name.split_once("__") {
                    let variable = variable.split('.').next().unwrap_or(variable);
                    if let Some(finding) = check_global(subject, at, owner, variable, sub_flow_of) {
                        diagnostics.push(place(finding));
                    }
                    globals.insert(format!("{owner}__{variable}").to_lowercase());
                } else if !["run", "run.id", "run.started_at"].contains(&name.as_str()) {
                    let message = format!("`{{{{ {name} }}}}` names nothing that a template knows");
                    let help = "templates know `context.x`, `params.x`, `run.id` and `node__variable`";
                    diagnostics.push(place(Diagnostic::new(Code::UnknownGlobal, message).help(help)));
                }
            }
        }
    }
    let list = |names: BTreeSet<String>| names.into_iter().collect();
    TemplateUses { context: list(context), params: list(params), globals: list(globals) }
}

fn undeclared(subject: &Subject<'_>, section: &str, name: &str) -> Diagnostic {
    let declared = if section == "context" { &subject.document.context } else { &subject.document.params };
    let names: Vec<&str> = declared.keys().map(String::as_str).collect();
    let help = match suggest::nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if section == "params" => format!("declare it: `params: {{{name}: {{default: …}}}}`"),
        None => format!("declare it: `context: {{{name}: {{default: …}}}}`, or give it at the run: `--set {name}=…`"),
    };
    Diagnostic::new(Code::UndeclaredContext, format!("`{section}.{name}` is declared nowhere")).help(help)
}

/// A global must be one that the node's module sets, and the node must be in another sub flow: configurations are
/// resolved when a sub flow begins.
fn check_global(
    subject: &Subject<'_>,
    user: usize,
    owner: &str,
    variable: &str,
    sub_flow_of: &[usize],
) -> Option<Diagnostic> {
    let nodes = &subject.document.nodes;
    let Some(at) = nodes.iter().position(|node| node.id.eq_ignore_ascii_case(owner)) else {
        let ids: Vec<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
        let message = format!("`{{{{ {owner}__{variable} }}}}`: there is no node `{owner}`");
        return Some(Diagnostic::new(Code::UnknownGlobal, message).help(suggest::help(owner, "nodes", &ids)));
    };
    let module = subject.modules.get(at)?.as_ref()?;
    let globals: Vec<&str> = module.manifest.globals.iter().map(String::as_str).collect();
    if !globals.iter().any(|global| global.eq_ignore_ascii_case(variable)) {
        let message = format!("`{owner}` ({}) sets no global `{variable}`", module.manifest.name);
        return Some(Diagnostic::new(Code::UnknownGlobal, message).help(suggest::help(variable, "globals", &globals)));
    }
    if sub_flow_of.get(at) == sub_flow_of.get(user) {
        let message = format!("`{owner}__{variable}` has no value yet: `{owner}` runs in the same sub flow");
        return Some(
            Diagnostic::new(Code::UnknownGlobal, message).help("use it in a sub flow that runs after this one"),
        );
    }
    None
}
