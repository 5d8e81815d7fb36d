//! The flow against the format's JSON Schema: every violation, at its place.

mod sections;

use super::document::is_node;
use super::yaml::{Positions, escape};
use super::{defaults, homes, readings};
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::json_schema::{Violation, ViolationKind};
use crate::secrets::{Reference, net};
use pypeline_schema::secret::Secret;
use pypeline_schema::settings::ExecutionMode;
use sections::Found;
use serde_json::Value;

/// Reports all violations of the flow format.
pub fn check(value: &mut Value, positions: &Positions, diagnostics: &mut Diagnostics) {
    if !value.is_object() {
        if diagnostics.has_errors() {
            return;
        }
        let message = match (value.is_null(), positions.sources().first()) {
            (true, Some(source)) if source.text().trim().is_empty() => "the file is empty",
            (true, Some(source)) if source.text().contains('#') => "there are only comments in the file",
            _ => "a flow must be a mapping of sections",
        };
        let help = "a flow has the sections `flow`, `settings`, `modules` and `connections`";
        let finding = Diagnostic::new(Code::NotAMapping, message).help(help);
        diagnostics.push(finding.at("", positions.value("")));
        return;
    }
    let checked = sections::check(value, &mut |found| {
        let is_told = is_told_by_plan(&found) || is_told_by_module(&found);
        if !is_told && !positions.is_broken(&found.violation.pointer) {
            diagnostics.push(diagnose(found, positions));
        }
    });
    if let Err(error) = checked {
        diagnostics.push(Diagnostic::new(Code::WrongValue, format!("the flow format is damaged: {error}")));
    }
    check_secrets(value, positions, diagnostics);
    note_aliases(value, positions, diagnostics);
    note_kept_sections(value, positions, diagnostics);
}

/// A control link in named parts has two forms to the schema, which can only say that neither fits; the plan says what is wrong.
fn is_told_by_plan(found: &Found<'_>) -> bool {
    let is_link = |at: &str| !at.is_empty() && at.bytes().all(|byte| byte.is_ascii_digit());
    found.violation.pointer.strip_prefix("/connections/control/").is_some_and(is_link)
        && found.value().is_some_and(Value::is_object)
}

/// An unknown key of a node: whoever knows the module can say where it belongs.
fn is_told_by_module(found: &Found<'_>) -> bool {
    let node = found.violation.pointer.rsplit_once('/').and_then(|(node, _)| node.strip_prefix("/modules/"));
    found.violation.kind == ViolationKind::UnknownKey
        && node.is_some_and(|at| !at.contains('/'))
        && found.parent().is_some_and(is_node)
}

fn diagnose(found: Found<'_>, positions: &Positions) -> Diagnostic {
    let violation = &found.violation;
    let advice = match violation.kind {
        ViolationKind::UnknownKey => homes::advice(&violation.pointer),
        _ => readings::advice(violation, found.value(), positions.plain(&violation.pointer))
            .or_else(|| list_in_list(&found, positions))
            .or_else(|| variable_in_quotes(violation, positions)),
    };
    let violation = found.violation;
    let Violation { kind, pointer, message, help } = violation;
    let help = advice.or(help);
    let (code, span) = match kind {
        ViolationKind::UnknownKey => (Code::UnknownKey, positions.key(&pointer)),
        ViolationKind::MissingKey => (Code::MissingKey, positions.key(&pointer)),
        ViolationKind::WrongType => (Code::WrongType, positions.value(&pointer)),
        ViolationKind::WrongValue => (Code::WrongValue, positions.value(&pointer)),
    };
    let help = help.or_else(|| link_help(&pointer).map(str::to_owned));
    Diagnostic { help, ..Diagnostic::new(code, message) }.at(pointer, span)
}

/// A list that is included as an item stays a list within the list, which its author may not have meant.
fn list_in_list(found: &Found<'_>, positions: &Positions) -> Option<String> {
    let pointer = &found.violation.pointer;
    let is_item = pointer.rsplit('/').next().is_some_and(|last| last.parse::<usize>().is_ok());
    let is_list = found.value().is_some_and(Value::is_array);
    (is_item && is_list && positions.is_included(pointer)).then(|| {
        "the included file is a list, and stands here as one item: include it as the whole list, `modules: !include part.yaml`".to_owned()
    })
}

/// A variable in quotes is a text, whatever it holds.
fn variable_in_quotes(violation: &Violation, positions: &Positions) -> Option<String> {
    let written = positions.written_at(&violation.pointer)?;
    let inner = written.strip_prefix(['"', '\''])?;
    (violation.kind == ViolationKind::WrongType && inner.starts_with("${")).then(|| {
        let bare: String = inner.trim_end_matches(['"', '\'']).chars().take(60).collect();
        format!(
            "a variable in quotes is a text: write `{bare}` without quotes, in a line of its own and not within `{{ }}`"
        )
    })
}

fn link_help(pointer: &str) -> Option<&'static str> {
    match pointer {
        p if p.starts_with("/connections/data/") => Some("write a data link as `a.output - b.input`"),
        p if p.starts_with("/connections/control/") => Some("write a control link as `a (1|) b`"),
        _ => None,
    }
}

/// The YAML is copied into the job folder as it is: a secret's value must not stand in it, only where it is to be had.
fn check_secrets(value: &Value, positions: &Positions, diagnostics: &mut Diagnostics) {
    for section in ["context", "params"] {
        for (name, variable) in value.get(section).and_then(Value::as_object).into_iter().flatten() {
            let default = variable.get("default").filter(|default| !default.is_null());
            let pointer = format!("/{section}/{}/default", escape(name));
            let is_secret = variable.get("secret") == Some(&Value::Bool(true));
            let place = default.and_then(Value::as_str).and_then(defaults::secret_place);
            let is_kept = section == "context" && is_secret && place.is_some();
            match default.filter(|_| !is_kept).map(|default| default.as_str().and_then(Reference::parse)) {
                Some(Some(Err(error))) => {
                    let finding = Diagnostic::new(Code::SecretReference, error.to_string());
                    let finding = Diagnostic { help: error.help, ..finding };
                    diagnostics.push(finding.at(&pointer, positions.value(&pointer)));
                }
                Some(None) if is_secret => {
                    // The finding shows its line.
                    if let Some(text) = default.and_then(Value::as_str) {
                        net::add([&Secret::new(text)]);
                    }
                    let message = format!("the secret `{name}` has a default, which would be written down");
                    let help = format!(
                        "say where it is instead (`vault://mount/path#key`, `env://NAME`, `file://path`), or give it at the run: PYPE_CTX_{}=…",
                        name.to_uppercase()
                    );
                    let finding = Diagnostic::new(Code::SecretDefault, message).help(help);
                    diagnostics.push(finding.at(&pointer, positions.key(&pointer)));
                }
                _ => {}
            }
        }
    }
}

/// The specification's words for execution modes are understood, and said to be another's.
fn note_aliases(value: &Value, positions: &Positions, diagnostics: &mut Diagnostics) {
    let pointer = "/settings/execution_mode";
    let mode = value.pointer(pointer).and_then(|mode| serde_json::from_value::<ExecutionMode>(mode.clone()).ok());
    let (word, ours) = match mode {
        Some(ExecutionMode::Pandas) => ("pandas", "memory"),
        Some(ExecutionMode::Dask) => ("dask", "streaming"),
        _ => return,
    };
    let message = format!("`{word}` is taken as `{ours}`");
    let help = format!("write `execution_mode: {ours}`");
    diagnostics.push(Diagnostic::new(Code::Alias, message).help(help).at(pointer, positions.value(pointer)));
}

/// Sections and settings that this version checks and keeps, and does nothing with: said, so that nobody relies on them.
fn note_kept_sections(value: &Value, positions: &Positions, diagnostics: &mut Diagnostics) {
    let kept = ["/schedule", "/assets"];
    for pointer in kept.into_iter().filter(|pointer| value.pointer(pointer).is_some()) {
        let name = pointer.rsplit('/').next().unwrap_or_default();
        let message = format!("`{name}` is kept in the job, and this version does nothing with it");
        diagnostics.push(Diagnostic::new(Code::NotActedOn, message).at(pointer, positions.key(pointer)));
    }
}
