//! What variables become, by where they stand and how they are written.

use super::*;
use crate::build::load::yaml::{self, Includes};
use crate::diagnostics::Source;
use serde_json::json;
use std::path::Path;

fn expanded(text: &str) -> (Value, Diagnostics) {
    let mut includes = Includes::new(Path::new("/none"), Path::new("/none/f.yaml"), "f.yaml", text.len());
    let parsed = yaml::parse(Source::new("f.yaml", text), &mut includes);
    let (mut value, mut positions) = (parsed.value.unwrap(), parsed.positions);
    let mut diagnostics = Diagnostics::new(positions.sources().to_vec());
    let environment = |name: &str| {
        let known =
            [("N", "3"), ("NAME", "daily"), ("EMPTY", ""), ("STRUCTURE", "{a: [1]}"), ("NO", "no"), ("BIG", "9e999")];
        known.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    expand(&mut value, &mut positions, &environment, &mut diagnostics);
    (value, diagnostics)
}

#[test]
fn values_are_text_within_their_scalar() {
    let text = "a: ${N}\nb: '${N}'\nc: x${N}\nd: ${STRUCTURE}\ne: ${NO}\nf: ${EMPTY}\ng: [\"${NAME}_${NONE:-1}\"]\nh: $${N}\ni: ${BIG}\n${N}: k\n\
                j: |\n  ${NAME}\n";
    let (value, diagnostics) = expanded(text);
    assert_eq!(diagnostics.counts(), (0, 0));
    let expected = json!({
        "a": 3, "b": "3", "c": "x3", "d": "{a: [1]}", "e": "no", "f": "", "g": ["daily_1"], "h": "${N}", "i": "9e999",
        "${N}": "k", "j": "daily\n"
    });
    assert_eq!(value, expected);
}

#[test]
fn configurations_and_context_are_left_to_the_run() {
    let text = "flow: {name: \"${NAME}\"}\nmodules:\n  - id: a_${NAME}\n    configs: {path: \"${PASSWORD}\", deep: [{x: \"${N}\"}]}\n    misc: {tags: \"${NAME}\"}\n\
                context: {x: {default: \"${PASSWORD}\"}}\nparams: {y: {default: \"${N}\"}}\n";
    let (value, diagnostics) = expanded(text);
    assert_eq!(diagnostics.counts(), (0, 0));
    let expected = json!({
        "flow": {"name": "daily"},
        "modules": [{
            "id": "a_daily", "configs": {"path": "${PASSWORD}", "deep": [{"x": "${N}"}]}, "misc": {"tags": "daily"}
        }],
        "context": {"x": {"default": "${PASSWORD}"}},
        "params": {"y": {"default": "3"}},
    });
    assert_eq!(value, expected);
}

#[test]
fn what_is_not_set_is_told_at_its_own_place() {
    let text = "a: \"x ${NOT_THERE} ${NOT_THERE}\"\nb: ${1}\ncontext: {c: {default: \"${\"}}\n";
    let (_, diagnostics) = expanded(text);
    let found: Vec<_> = diagnostics
        .sorted()
        .iter()
        .map(|finding| {
            let span = finding.span.as_ref().unwrap();
            (finding.code, span.line, span.col, &text[span.bytes.clone()])
        })
        .collect();
    let expected = [
        (Code::VariableUnset, 1, 7, "${NOT_THERE}"),
        (Code::VariableUnset, 1, 20, "${NOT_THERE}"),
        (Code::VariableSyntax, 2, 4, "${1}"),
        (Code::VariableSyntax, 3, 25, "${"),
    ];
    assert_eq!(found, expected);
}
