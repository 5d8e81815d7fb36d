//! Conditions beside one another: such as are never true, and such as say the opposite of one before.

mod opposite;

use super::ControlLink;
use super::subject::Subject;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::template;
use crate::template::tokens::{Kind, Token, tokens};
use opposite::Asked;
use pypeline_schema::valve::Condition;
use std::collections::HashMap;

/// Whether each link between sub flows can never open, whatever its source does; such links are reported, and so are conditions
/// in whose place `else` would do.
pub(super) fn check(subject: &Subject<'_>, outer: &[&ControlLink], diagnostics: &mut Diagnostics) -> Vec<bool> {
    let mut never = vec![false; outer.len()];
    for mut links in by_source(outer) {
        links.sort_by_key(|at| (outer.get(*at).map(|link| link.order), *at));
        let mut before: Vec<&ControlLink> = Vec::new();
        let mut always: Option<&ControlLink> = None;
        for at in links {
            let (Some(link), Some(never)) = (outer.get(at), never.get_mut(at)) else { continue };
            match &link.condition {
                Condition::Expression(text) => match answer(text) {
                    Some(Ok(false)) => {
                        *never = true;
                        report_false(subject, link, text, diagnostics);
                    }
                    Some(Ok(true)) => always = always.or(Some(link)),
                    Some(Err(why)) => report_failing(subject, link, &why, diagnostics),
                    None => {
                        if let [first] = before.as_slice() {
                            check_opposite(subject, first, link, diagnostics);
                        }
                        before.push(link);
                    }
                },
                Condition::Else => {
                    if let Some(always) = always {
                        *never = true;
                        let message =
                            format!("this `else` never opens: {} before it is always true", subject.describe(always));
                        let help = "take the link away, or give the one before it a condition that may be false";
                        let finding = Diagnostic::new(Code::NeverOpens, message).help(help);
                        diagnostics.push(finding.at(&link.pointer, subject.value(&link.pointer)));
                    }
                }
                _ => {}
            }
        }
    }
    never
}

/// The links that leave each sub flow with a condition that is asked.
fn by_source(outer: &[&ControlLink]) -> Vec<Vec<usize>> {
    let (mut numbers, mut found): (HashMap<usize, usize>, Vec<Vec<usize>>) = (HashMap::new(), Vec::new());
    for (at, link) in outer.iter().enumerate() {
        if matches!(link.condition, Condition::Expression(_) | Condition::Else) {
            let number = *numbers.entry(link.sub_flows.0).or_insert_with(|| {
                found.push(Vec::new());
                found.len() - 1
            });
            if let Some(links) = found.get_mut(number) {
                links.push(at);
            }
        }
    }
    found
}

/// The answer of a condition that hangs on nothing; a text alone is told of elsewhere.
fn answer(text: &str) -> Option<Result<bool, String>> {
    match tokens(text).as_slice() {
        [Token { kind: Kind::Text, .. }] => None,
        _ => template::constant(text),
    }
}

fn report_false(subject: &Subject<'_>, link: &ControlLink, text: &str, diagnostics: &mut Diagnostics) {
    let message = format!("`{text}` is never true: this link never opens");
    let help = format!(
        "ask for something that may change, e.g. `{}__error_kind is defined` or `context.mode == 'full'`, or remove the link",
        subject.id(link.from)
    );
    let span = link.expression.as_ref().and_then(|expression| expression.span(subject));
    let pointer = link.expression.as_ref().map_or(&link.pointer, |expression| &expression.pointer);
    diagnostics.push(Diagnostic::new(Code::NeverOpens, message).help(help).at(pointer, span));
}

fn report_failing(subject: &Subject<'_>, link: &ControlLink, why: &str, diagnostics: &mut Diagnostics) {
    let finding = Diagnostic::new(Code::ConditionSyntax, format!("the condition has no value: {why}"))
        .help("write an expression that is true or false, as `load__row_count > 0`");
    let span = link.expression.as_ref().and_then(|expression| expression.span(subject));
    let pointer = link.expression.as_ref().map_or(&link.pointer, |expression| &expression.pointer);
    diagnostics.push(finding.at(pointer, span));
}

/// The second of two conditions, if it is true whenever the first is not: `else` says that, and cannot come apart from it.
fn check_opposite(subject: &Subject<'_>, first: &ControlLink, second: &ControlLink, diagnostics: &mut Diagnostics) {
    let (Condition::Expression(one), Condition::Expression(other)) = (&first.condition, &second.condition) else {
        return;
    };
    if !Asked::of(one).is_opposite_of(&Asked::of(other)) {
        return;
    }
    let message = format!("this condition is the opposite of that of {}", subject.describe(first));
    let help = format!("write `({}|else)`: then one of the two opens, and never both", second.order);
    let span = second.expression.as_ref().and_then(|expression| expression.span(subject));
    let pointer = second.expression.as_ref().map_or(&second.pointer, |expression| &expression.pointer);
    let place = first.expression.as_ref().and_then(|expression| expression.span(subject));
    let finding = Diagnostic::new(Code::Opposite, message).help(help).related(place, "asked first");
    diagnostics.push(finding.at(pointer, span));
}
