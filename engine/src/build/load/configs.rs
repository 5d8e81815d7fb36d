//! A node's configuration as written against its module's schema: keys, types, templates and SQL expressions.

use super::document::{Document, NodeEntry};
use super::modules::Found;
use super::{homes, readings};
use crate::config;
use crate::config::leaves::{Leaf, Meaning, leaves};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::code::Code;
use crate::json_schema::{Violation, ViolationKind};
use crate::template;
use pypeline_schema::manifest::ModuleManifest;
use serde_json::Value;

/// All that is wrong with it; the schema's own part is left out where there is no checker.
pub fn check(node: &NodeEntry, found: &Found, document: &Document) -> Vec<Diagnostic> {
    let Found { manifest, checker, patterns, .. } = found;
    let positions = &document.positions;
    let config = Value::Object(node.config.clone());
    let mut findings = Vec::new();
    for (key, pointer) in &node.config_twice {
        let message = format!("`{key}` of `{}` is given twice", node.id);
        findings.push(Diagnostic::new(Code::ConfigTwice, message).at(pointer.clone(), positions.key(pointer)));
    }
    let violations = checker.as_ref().map(|checker| checker.check(&config)).unwrap_or_default();
    let untold = violations.into_iter().filter(|violation| !positions.is_broken(&node.locate(&violation.pointer)));
    findings.extend(untold.map(|violation| diagnose(violation, &config, node, manifest, document)));
    let (_, broken) = template::names(&config);
    for error in broken {
        let pointer = node.locate(&error.pointer);
        let span = positions.value(&pointer);
        let message = format!("not a template: {}", error.message);
        findings.push(Diagnostic::new(Code::TemplateSyntax, message).at(pointer, span));
    }
    let leaves = leaves(patterns, &node.config);
    findings.extend(leaves.iter().filter_map(|leaf| check_sql(leaf, node, document)));
    findings
}

fn diagnose(
    violation: Violation,
    config: &Value,
    node: &NodeEntry,
    manifest: &ModuleManifest,
    document: &Document,
) -> Diagnostic {
    let pointer = node.locate(&violation.pointer);
    let positions = &document.positions;
    let help = match violation.kind {
        ViolationKind::UnknownKey => homes::advice_in_configs(violation.pointer.trim_start_matches('/')),
        _ => readings::advice(&violation, config.pointer(&violation.pointer), positions.plain(&pointer)),
    };
    let help = help.or(violation.help);
    let at_top = violation.pointer.matches('/').count() <= 1;
    let (code, message, span) = match violation.kind {
        ViolationKind::UnknownKey => {
            let message =
                if at_top { format!("{} for `{}`", violation.message, manifest.name) } else { violation.message };
            (Code::ConfigUnknownKey, message, positions.key(&pointer))
        }
        ViolationKind::MissingKey => {
            let span = if at_top { positions.value(&format!("{}/id", node.pointer)) } else { positions.key(&pointer) };
            (Code::ConfigMissingKey, format!("{} in the configuration of `{}`", violation.message, node.id), span)
        }
        ViolationKind::WrongType | ViolationKind::WrongValue => {
            let key = violation.pointer.trim_start_matches('/').to_owned();
            (Code::ConfigWrongValue, format!("`{key}`: {}", violation.message), positions.value(&pointer))
        }
    };
    Diagnostic { help, ..Diagnostic::new(code, message) }.at(pointer, span)
}

/// SQL that will stand inside a SELECT, or is one, must be that and nothing more.
fn check_sql(leaf: &Leaf<'_>, node: &NodeEntry, document: &Document) -> Option<Diagnostic> {
    if template::is_template(&Value::String(leaf.text.to_owned())) {
        return None;
    }
    let (what, parsed, help) = match leaf.meaning {
        Meaning::Expression => {
            ("an SQL expression", config::parse_expression(leaf.text), "e.g. `age > 18 AND city IS NOT NULL`")
        }
        Meaning::Query => {
            let help =
                "one SELECT over the input ports, e.g. `SELECT * FROM orders JOIN customers USING (customer_id)`";
            ("an SQL query", config::parse_query(leaf.text), help)
        }
        Meaning::Column => return None,
    };
    let message = parsed.err()?;
    let pointer = node.locate(&leaf.pointer);
    let key = leaf.pointer.trim_start_matches('/').replace('/', ".");
    let finding = Diagnostic::new(Code::ExpressionSyntax, format!("`{key}` is not {what}: {message}"));
    let span = document.positions.value(&pointer);
    Some(finding.help(help).at(pointer, span))
}
