//! Defaults of context variables and parameters: their types, and where a secret is read from the environment.

use super::document::Document;
use super::yaml::escape;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics, suggest};
use crate::placeholder::{self, Part};
use crate::typed;
use pypeline_schema::flow::Variable;
use serde_json::Value;

/// Reports defaults that are not of the declared type. A secret's default that is one variable of the environment becomes the
/// place of a secret.
pub fn check(document: &mut Document, diagnostics: &mut Diagnostics) {
    for (section, variables) in [("context", &document.context), ("params", &document.params)] {
        for (name, variable) in variables {
            let Some(declared) = variable.type_name else { continue };
            let Some(default) = &variable.default else { continue };
            let is_later = section == "context" && reads_environment(default);
            if variable.secret || is_later || default.as_str().is_some_and(is_reference) {
                continue;
            }
            if typed::typed(Some(declared), default.clone()).is_none() {
                let pointer = format!("/{section}/{}/default", escape(name));
                let message = format!(
                    "the default of `{name}` is {}, and not of its declared type `{}`",
                    shown(default),
                    typed::word(declared)
                );
                let finding = Diagnostic::new(Code::DefaultType, message).help(typed::advice(declared));
                if !document.positions.is_broken(&pointer) {
                    diagnostics.push(finding.at(&pointer, document.positions.value(&pointer)));
                }
            }
        }
    }
    document.context.values_mut().filter(|variable| variable.secret).for_each(place_of_secret);
    let mut asked = Vec::new();
    for (name, variable) in document.context.iter().filter(|(_, variable)| !variable.secret) {
        let Some(default) = &variable.default else { continue };
        let mut open = vec![(default, format!("/context/{}/default", escape(name)))];
        while let Some((value, pointer)) = open.pop() {
            match value {
                Value::String(text) => asked.extend(asked_by(text, &pointer, document, diagnostics)),
                Value::Array(items) => {
                    open.extend(items.iter().enumerate().map(|(at, item)| (item, format!("{pointer}/{at}"))));
                }
                Value::Object(map) => {
                    open.extend(map.iter().map(|(key, item)| (item, format!("{pointer}/{}", escape(key)))));
                }
                _ => {}
            }
        }
    }
    document.context_env = asked;
}

/// The variables that a default asks the run for. What a flow reads of the environment stands in its settings.
fn asked_by(text: &str, pointer: &str, document: &Document, diagnostics: &mut Diagnostics) -> Vec<(String, bool)> {
    let mut asked = Vec::new();
    for part in placeholder::parts(text) {
        let Part::Variable { written, name, otherwise } = part else { continue };
        if let Some(finding) = not_allowed(name, document.settings.env.as_deref()) {
            diagnostics.push(finding.at(pointer, document.positions.occurrence(pointer, written, 0)));
        }
        asked.push((name.to_owned(), otherwise.is_some()));
    }
    asked
}

/// A variable that `settings.env` does not name.
pub fn not_allowed(name: &str, allowed: Option<&[String]>) -> Option<Diagnostic> {
    let allowed = allowed.unwrap_or_default();
    if allowed.iter().any(|known| known == name) {
        return None;
    }
    let message = format!("the environment variable `{name}` is not among `settings.env`");
    let help = match suggest::nearest(name, allowed.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            format!("allow it: `settings: {{env: [{name}]}}`; for a secret, use a context variable with `env://{name}`")
        }
    };
    Some(Diagnostic::new(Code::EnvNotAllowed, message).help(help))
}

/// `${NAME}` as the default of a secret says where it is.
fn place_of_secret(variable: &mut Variable) {
    if let Some(place) = variable.default.as_ref().and_then(Value::as_str).and_then(secret_place) {
        variable.default = Some(Value::String(place));
    }
}

/// The place that a default of one variable stands for, where a secret is asked for.
pub fn secret_place(default: &str) -> Option<String> {
    match placeholder::parts(default).as_slice() {
        [Part::Variable { name, otherwise: None, .. }] => Some(format!("env://{name}")),
        _ => None,
    }
}

/// A variable of the environment is in it.
pub fn reads_environment(default: &Value) -> bool {
    match default {
        Value::String(text) => placeholder::has_any(text),
        Value::Array(items) => items.iter().any(reads_environment),
        Value::Object(map) => map.values().any(reads_environment),
        _ => false,
    }
}

fn is_reference(text: &str) -> bool {
    crate::secrets::Reference::parse(text).is_some()
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    let cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() { format!("`{cut}…`") } else { format!("`{cut}`") }
}
