//! Names that templates and conditions use: declared variables, globals that some node has set by then, items of loops around.

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
        match template::names_of_expression(&condition.text) {
            Ok(used) => check(&used, &condition, true, Moment::Item(at)),
            Err(error) => broken.push((condition, error)),
        }
    }
    for (at, link) in outer.iter().enumerate() {
        let Some(condition) = &link.expression else { continue };
        match template::names_of_expression(&condition.text) {
            Ok(used) => check(&used, condition, true, Moment::Link(at)),
            Err(error) => broken.push((condition.clone(), error)),
        }
    }
    for (condition, error) in broken {
        let finding = Diagnostic::new(Code::ConditionSyntax, format!("`{}` is no condition: {error}", condition.text))
            .help(
                "write `ok`, `error`, `always`, `else`, `iterate`, `start`, or an expression as `load__row_count > 0`",
            );
        let span = condition.span(subject);
        diagnostics.push(finding.at(condition.pointer, span));
    }
    found.uses()
}

/// The condition of a loop that goes on as long as it holds.
fn asked_by(subject: &Subject<'_>, node: usize) -> Option<Expression> {
    let module = subject.module(node)?;
    let Some(Lowering::Service(Service::Items(Items::While { condition, .. }))) = &module.answer else { return None };
    Some(Expression::all_of(condition, subject.place_of(node, condition)?))
}
