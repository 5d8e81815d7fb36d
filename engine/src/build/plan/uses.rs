//! Names that templates and conditions use: declared variables, globals that some node has set by then, items of loops around.

mod foreign;
mod globals;
mod place;
mod names;

use super::ControlLink;
use super::control_order::ControlOrder;
use super::expression::Expression;
use super::scopes::Scopes;
use super::subflows::SubFlows;
use super::subject::Subject;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::template::{self, Names};
use foreign::Misplaced;
use names::{Checker, Found};
use place::{Moment, Place};
use pypeline_schema::execution_metadata::TemplateUses;
use pypeline_schema::lowering::{Items, Lowering, Service};
use serde_json::Value;

/// Collects the names and reports those that can have no value. Without scopes, what hangs on them is not asked.
pub(super) fn check(
    subject: &Subject<'_>,
    flows: &SubFlows,
    outer: &[&ControlLink],
    order: &ControlOrder,
    scopes: Option<&Scopes>,
    diagnostics: &mut Diagnostics,
) -> TemplateUses {
    let mut found = Found::default();
    for (name, has_other) in &subject.document.context_env {
        found.environment(name.clone(), *has_other);
    }
    let mut check = |used: &Names, written: &Expression, is_expression: bool, moment: Moment| {
        let place = Place { subject, flows, outer, order, scopes, moment };
        let checker = Checker { place: &place, is_expression };
        let unknown = if is_expression { template::unknown_in_expression } else { template::unknown_in_template };
        for found in unknown(&written.text) {
            let finding = foreign::unknown(&found);
            diagnostics.push(finding.at(&written.pointer, written.part(subject, found.at)));
        }
        for (name, finding) in checker.check(used, &mut found) {
            diagnostics.push(finding.at(&written.pointer, written.span_of(subject, name)));
        }
    };
    let mut broken = Vec::new();
    for (at, node) in subject.document.nodes.iter().enumerate() {
        if node.config.values().any(template::is_template) {
            for used in template::names_by_place(&Value::Object(node.config.clone())) {
                let written = Expression::all_of(&used.text, node.locate(&used.pointer));
                check(&used, &written, false, Moment::Before(flows.of(at)));
            }
        }
        let Some(condition) = asked_by(subject, at) else { continue };
        match read(&condition) {
            Ok((used, words)) => {
                check(&used, &condition, true, Moment::Item(at));
                broken.extend(words.into_iter().map(|found| (condition.clone(), found)));
            }
            Err(wrong) => broken.extend(wrong.into_iter().map(|found| (condition.clone(), found))),
        }
    }
    for (at, link) in outer.iter().enumerate() {
        let Some(condition) = &link.expression else { continue };
        if let Some(found) = foreign::trigger(&condition.text) {
            broken.push((condition.clone(), found));
            continue;
        }
        match read(condition) {
            Ok((used, words)) => {
                check(&used, condition, true, Moment::Link(at));
                broken.extend(words.into_iter().map(|found| (condition.clone(), found)));
            }
            Err(wrong) => broken.extend(wrong.into_iter().map(|found| (condition.clone(), found))),
        }
    }
    for (condition, (at, finding)) in broken {
        let span = condition.part(subject, at);
        diagnostics.push(finding.at(condition.pointer, span));
    }
    found.uses()
}

/// The names that a condition uses, and words of other languages in it; else what stands in the way of reading it.
fn read(condition: &Expression) -> Result<(Names, Vec<Misplaced>), Vec<Misplaced>> {
    let text = &condition.text;
    let error = match template::names_of_expression(text) {
        Ok(mut used) => {
            let words = foreign::words(text);
            used.names.retain(|name| !words.iter().any(|(at, _)| text.get(at.clone()) == name.split('.').next()));
            return Ok((used, words));
        }
        Err(error) => error,
    };
    let operators = foreign::operators(text);
    if !operators.is_empty() {
        return Err(operators);
    }
    let finding = Diagnostic::new(Code::ConditionSyntax, format!("`{text}` is no condition: {error}"))
        .help("write `ok`, `error`, `always`, `else`, `iterate`, `start`, or an expression as `load__row_count > 0`");
    Err(vec![(0..text.len(), finding)])
}

/// The condition of a loop that goes on as long as it holds.
fn asked_by(subject: &Subject<'_>, node: usize) -> Option<Expression> {
    let module = subject.module(node)?;
    let Some(Lowering::Service(Service::Items(Items::While { condition, .. }))) = &module.answer else { return None };
    Some(Expression::all_of(condition, subject.place_of(node, condition)?))
}
