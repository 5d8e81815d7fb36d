//! A node's configuration as written against its module's schema: keys, types, templates and SQL expressions.

use super::document::{Document, NodeEntry};
use super::modules::Found;
use super::{homes, readings};
use crate::config;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::code::Code;
use crate::json_schema::{Violation, ViolationKind};
use crate::template;
use pypeline_schema::manifest::ModuleManifest;
use serde_json::Value;

/// All that is wrong with it; the schema's own part is left out where there is no checker.
pub fn check(node: &NodeEntry, found: &Found, document: &Document) -> Vec<Diagnostic> {
    let Found { manifest, checker, expressions, .. } = found;
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
    let keys = expressions.iter();
    findings.extend(keys.filter_map(|key| check_expression(key, node, document)));
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

/// An SQL expression must be one expression and nothing more: it will stand inside a SELECT.
fn check_expression(key: &str, node: &NodeEntry, document: &Document) -> Option<Diagnostic> {
    let Some(Value::String(text)) = node.config.get(key) else { return None };
    if template::is_template(&Value::String(text.clone())) {
        return None;
    }
    let message = config::parse_expression(text).err()?;
    let pointer = node.locate(&format!("/{key}"));
    let finding = Diagnostic::new(Code::ExpressionSyntax, format!("`{key}` is not an SQL expression: {message}"));
    let span = document.positions.value(&pointer);
    Some(finding.help("e.g. `age > 18 AND city IS NOT NULL`").at(pointer, span))
}
