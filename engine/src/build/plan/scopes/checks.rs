//! Links that cross the border of a scope: which may, and what a person is told.

use super::super::ControlLink;
use super::super::control_order::ControlOrder;
use super::super::subject::Subject;
use super::{Heads, Scopes};
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics};
use pypeline_schema::execution_metadata::ScopeKind;
use pypeline_schema::valve::Condition;
use std::collections::HashSet;

/// Links that a message names one by one.
const SHOWN: usize = 3;

/// The target of an ITERATE or START link has that one link.
pub(super) fn entries(
    subject: &Subject<'_>,
    heads: &Heads,
    outer: &[&ControlLink],
    order: &ControlOrder,
    diagnostics: &mut Diagnostics,
) {
    for (target, (at, kind)) in heads {
        let others = order.incoming.get(*target).into_iter().flatten().filter(|other| *other != at);
        let others: Vec<&ControlLink> = others.filter_map(|other| outer.get(*other).copied()).collect();
        let Some(link) = outer.get(*at).filter(|_| !others.is_empty()) else { continue };
        let word = match kind {
            ScopeKind::Iterate => "iterate",
            ScopeKind::Start => "start",
        };
        let named: Vec<String> = others.iter().take(SHOWN).map(|link| subject.describe(link)).collect();
        let more = if others.len() > SHOWN { format!(" and {} more", others.len() - SHOWN) } else { String::new() };
        let (to, others) = (subject.id(link.to), named.join(", "));
        let message =
            format!("the sub flow of `{to}` has another control link beside this {word} link: {others}{more}");
        let help = format!("what {word} links govern is entered by them alone: give each link a target of its own");
        report(subject, link, Diagnostic::new(Code::ScopeEntry, message).help(help), diagnostics);
    }
}

/// Links that lead out: of a START link's scope none may, of a loop all may but those that handle failures.
pub(super) fn exits(
    subject: &Subject<'_>,
    scopes: &Scopes,
    outer: &[&ControlLink],
    order: &ControlOrder,
    diagnostics: &mut Diagnostics,
) {
    let mut told: HashSet<usize> = HashSet::new();
    for link in outer {
        let left = scopes.left_by(link.sub_flows.0, link.sub_flows.1);
        let maker = |scope: &usize| {
            let scope = scopes.list.get(*scope)?;
            Some((scope.kind, *outer.get(scope.link)?))
        };
        let makers: Vec<(ScopeKind, &ControlLink)> = left.iter().filter_map(maker).collect();
        if let Some((_, start)) = makers.iter().find(|(kind, _)| *kind == ScopeKind::Start) {
            let message = format!("this link leads out of what {} has started", subject.describe(start));
            let help = "nothing waits for what was started; to join branches, use equal orders and a gate";
            report(subject, link, Diagnostic::new(Code::StartExit, message).help(help), diagnostics);
            continue;
        }
        let (Some((_, around)), Some(scope)) = (makers.last(), left.last()) else { continue };
        if link.condition == (Condition::Error { handled: true }) {
            let message =
                format!("a failure in the loop of {} is handled in it, not outside", subject.describe(around));
            let source = subject.id(around.from);
            let help = format!(
                "let the handler have no link from outside the loop, or let a later link `error handled` leave `{source}`"
            );
            report(subject, link, Diagnostic::new(Code::HandlerOutside, message).help(help), diagnostics);
            continue;
        }
        let is_outside = |other: &&&ControlLink| !scopes.around(other.sub_flows.0).any(|around| around == *scope);
        let incoming = order.incoming.get(link.sub_flows.1).into_iter().flatten();
        let Some(outside) = incoming.filter_map(|other| outer.get(*other)).find(is_outside) else { continue };
        if told.insert(link.sub_flows.1) {
            let (to, around) = (subject.id(link.to), subject.describe(around));
            let message = format!(
                "the sub flow of `{to}` runs once, after the loop of {around}: {} comes from inside the loop, {} from outside",
                subject.describe(link),
                subject.describe(outside)
            );
            let help = "to run it once per item, let all its links come from inside the loop";
            let finding = Diagnostic::new(Code::InAndOutside, message).help(help);
            let finding = finding.related(subject.value(&outside.pointer), "from outside the loop");
            report(subject, link, finding, diagnostics);
        }
    }
}

fn report(subject: &Subject<'_>, link: &ControlLink, finding: Diagnostic, diagnostics: &mut Diagnostics) {
    diagnostics.push(finding.at(&link.pointer, subject.value(&link.pointer)));
}
