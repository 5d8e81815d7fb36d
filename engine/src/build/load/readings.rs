//! Scalars that YAML reads otherwise than they look: a hint where something is wrong with them, a warning where nothing else would
//! tell.

use super::document::Document;
use super::yaml::{Bytes, Positions, escape, missing_blank};
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::json_schema::{Violation, ViolationKind};
use serde_json::Value;
use std::collections::HashSet;

/// Texts that YAML 1.1 took for true or false.
fn boolean_of_yaml_1_1(text: &str) -> Option<bool> {
    let is = |word: &&str| text.eq_ignore_ascii_case(word);
    if ["yes", "on", "y"].iter().any(is) {
        return Some(true);
    }
    ["no", "off", "n"].iter().any(is).then_some(false)
}

/// What to do about a value of a wrong type that is as it is by its notation alone.
pub fn advice(violation: &Violation, value: Option<&Value>, written: Option<&str>) -> Option<String> {
    let written = written?.trim();
    let short: String = written.chars().take(40).collect();
    if violation.kind != ViolationKind::WrongType {
        return None;
    }
    let wants = |word: &str| violation.message.split(", found").next().is_some_and(|wanted| wanted.contains(word));
    match value? {
        Value::String(_) if wants("`true`") => {
            let is = boolean_of_yaml_1_1(written)?;
            Some(format!("YAML 1.2 reads `{short}` as a text: write `{is}`"))
        }
        Value::String(_) if wants("number") || wants("integer") => {
            let signs = written.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'_' | b',' | b'.'));
            let begins = written.starts_with(|c: char| c.is_ascii_digit());
            let of_clock = if written.contains(':') { "; a time is given in seconds" } else { "" };
            (signs && begins).then(|| format!("YAML 1.2 reads `{short}` as a text: write digits alone{of_clock}"))
        }
        Value::String(_) if wants("mapping") => {
            let range = missing_blank(written)?;
            let (key, rest) = written.get(range)?.split_once(':')?;
            let rest: String = rest.lines().next().unwrap_or_default().chars().take(40).collect();
            Some(format!("write a blank behind the colon: `{key}: {rest}`"))
        }
        Value::Number(_) | Value::Bool(_) if wants("a text") => Some(format!("quote it: `\"{short}\"`")),
        _ => None,
    }
}

/// Warns of what is read otherwise than it looks, where no finding tells it already.
pub fn check(document: &Document, leading_zeros: &[Bytes], diagnostics: &mut Diagnostics) {
    let mut found = Vec::new();
    for bytes in leading_zeros {
        let Some((span, written)) = document.positions.written(*bytes) else { continue };
        let digits = written.trim_start_matches(['+', '-']);
        let number = digits.trim_start_matches('0');
        let number = if number.is_empty() { "0" } else { number };
        let octal = i64::from_str_radix(digits, 8).ok().filter(|octal| octal.to_string() != number);
        let other = octal.map_or_else(String::new, |octal| format!(" (and {octal} by YAML 1.1)"));
        let message = format!("`{written}` is the number {number}{other}: the zeros in front are lost");
        let help = format!("quote it if it is a text, write `0o{number}` for octal digits, else `{number}`");
        found.push(Diagnostic::new(Code::ReadAs, message).help(help).at("", Some(span)));
    }
    let words = |pointer: String, value: &Value| as_boolean(&pointer, value, &document.positions);
    for node in &document.nodes {
        let misc = node
            .misc
            .iter()
            .filter(|(_, value)| value.as_str().is_some_and(|text| boolean_of_yaml_1_1(text).is_some()));
        found.extend(misc.filter_map(|(key, value)| words(format!("{}/misc/{}", node.pointer, escape(key)), value)));
    }
    for (section, variables) in [("context", &document.context), ("params", &document.params)] {
        let untyped = variables.iter().filter(|(_, variable)| variable.type_name.is_none());
        let defaults = untyped.filter_map(|(name, variable)| Some((name, variable.default.as_ref()?)));
        found.extend(defaults.filter_map(|(name, value)| words(format!("/{section}/{}/default", escape(name)), value)));
    }
    if found.is_empty() {
        return;
    }
    let place = |finding: &Diagnostic| finding.span.as_ref().map(|span| (span.source, span.bytes.start));
    let told: HashSet<_> = diagnostics.sorted().into_iter().filter_map(place).collect();
    let untold = found.into_iter().filter(|finding| place(finding).is_none_or(|place| !told.contains(&place)));
    untold.for_each(|finding| diagnostics.push(finding));
}

/// A word for true or false where no schema says what is wanted.
fn as_boolean(pointer: &str, value: &Value, positions: &Positions) -> Option<Diagnostic> {
    let word = value.as_str()?;
    let is = boolean_of_yaml_1_1(word).filter(|_| word.len() > 1)?;
    positions.plain(pointer)?;
    let message = format!("`{word}` is a text, and not {is}");
    let help = format!("write `{is}`, or quote it: `\"{word}\"`");
    Some(Diagnostic::new(Code::ReadAs, message).help(help).at(pointer, positions.value(pointer)))
}
