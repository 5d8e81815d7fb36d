//! `${VARIABLE}` in a node's configuration: kept as a template that the run evaluates, so that no value of one environment, and no
//! password, is written into the job.
//!
//! A line for a shell is left as it is: there the signs are the shell's.

use super::document::{Document, NodeEntry};
use super::expand::Text;
use super::modules::Found;
use super::yaml::escape;
use crate::diagnostics::Diagnostic;
use crate::json_schema::ViolationKind;
use crate::placeholder;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Puts templates in the place of variables; what is no variable is reported.
pub fn keep(node: &mut NodeEntry, found: &Found, document: &Document) -> Vec<Diagnostic> {
    if !node.config.values().any(has_variable) {
        return Vec::new();
    }
    let mut config = node.config.clone();
    let mut trial = config.clone();
    walk(&mut trial, found, |text, _| "a".clone_into(text));
    let refused = refused_texts(found, trial);
    let mut findings = Vec::new();
    walk(&mut config, found, |text, inner| {
        let pointer = node.locate(inner);
        let wrong = Text { text, pointer: &pointer, positions: &document.positions }.wrong();
        if wrong.is_empty() {
            *text = placeholder::as_template(text, refused.contains(inner)).unwrap_or_default();
        }
        findings.extend(wrong);
    });
    node.config = config;
    findings
}

/// Visits every text with a variable in it, with its pointer within the configuration.
fn walk(config: &mut Map<String, Value>, found: &Found, mut visit: impl FnMut(&mut String, &str)) {
    let is_command =
        |key: &str, value: &Value| value.is_string() && found.commands.iter().any(|command| command == key);
    let tops = config.iter_mut().filter(|(key, value)| !is_command(key, value));
    let mut open: Vec<(&mut Value, String)> = tops.map(|(key, value)| (value, format!("/{}", escape(key)))).collect();
    while let Some((value, inner)) = open.pop() {
        match value {
            Value::String(text) if placeholder::has_any(text) => visit(text, &inner),
            Value::Array(items) => {
                let items = items.iter_mut().enumerate();
                open.extend(items.map(|(at, item)| (item, format!("{inner}/{at}"))));
            }
            Value::Object(map) => {
                open.extend(map.iter_mut().map(|(key, item)| (item, format!("{inner}/{}", escape(key)))));
            }
            _ => {}
        }
    }
}

fn has_variable(value: &Value) -> bool {
    match value {
        Value::String(text) => placeholder::has_any(text),
        Value::Array(items) => items.iter().any(has_variable),
        Value::Object(map) => map.values().any(has_variable),
        _ => false,
    }
}

/// Where the schema takes no text: there the text of a variable is to be read as what it looks like.
fn refused_texts(found: &Found, trial: Map<String, Value>) -> HashSet<String> {
    let violations = found.checker.as_ref().map(|checker| checker.check(&Value::Object(trial))).unwrap_or_default();
    let refused = violations.into_iter().filter(|violation| violation.kind == ViolationKind::WrongType);
    refused.map(|violation| violation.pointer).collect()
}
