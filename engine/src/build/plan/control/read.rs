//! A control link as written, text or object, as its parts: both forms come to one condition.

use super::super::expression::Expression;
use super::super::links::{bad_text, inside};
use super::super::subject::Subject;
use crate::build::load::document::LinkEntry;
use crate::build::load::yaml::escape;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics, Span, suggest};
use pypeline_schema::link::parse_control_link;
use pypeline_schema::valve::{Condition, Order, parse_condition, parse_order};
use serde_json::{Map, Value};

/// The parts of a link, and their places.
pub(super) struct Written {
    pub from: (String, Option<Span>),
    pub to: (String, Option<Span>),
    pub order: Order,
    pub condition: Condition,
    pub expression: Option<Expression>,
}

/// None if it cannot be read, which is reported.
pub(super) fn read(subject: &Subject<'_>, entry: &LinkEntry, diagnostics: &mut Diagnostics) -> Option<Written> {
    match &entry.value {
        Value::String(text) => {
            let link =
                parse_control_link(text).map_err(|error| diagnostics.push(bad_text(subject, entry, text, error)));
            let link = link.ok()?;
            let condition = link.valve.condition;
            Some(Written {
                from: (link.from, inside(subject, entry, text, link.from_at)),
                to: (link.to, inside(subject, entry, text, link.to_at)),
                order: link.valve.order,
                expression: expression(&condition, entry.pointer.clone(), text, link.condition_at.start),
                condition,
            })
        }
        Value::Object(map) => Object { subject, entry, map }.read(diagnostics),
        _ => None,
    }
}

fn expression(condition: &Condition, pointer: String, whole: &str, start: usize) -> Option<Expression> {
    match condition {
        Condition::Expression(text) => Some(Expression { text: text.clone(), pointer, whole: whole.to_owned(), start }),
        _ => None,
    }
}

const KEYS: [&str; 7] = ["from", "to", "order", "when", "type", "parallel", "handled"];

/// A link in named parts. Values of a wrong type are reported by the format's schema, and taken as not there.
struct Object<'a> {
    subject: &'a Subject<'a>,
    entry: &'a LinkEntry,
    map: &'a Map<String, Value>,
}

impl Object<'_> {
    fn read(&self, diagnostics: &mut Diagnostics) -> Option<Written> {
        for key in self.map.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            let pointer = format!("{}/{}", self.entry.pointer, escape(key));
            let finding = Diagnostic::new(Code::UnknownKey, format!("unknown key `{key}`"));
            let span = self.subject.document.positions.key(&pointer);
            diagnostics.push(finding.help(suggest::help(key, "known keys", &KEYS)).at(pointer, span));
        }
        let mut wrong = |key: &str, (message, help): (String, String)| {
            let pointer = format!("{}/{key}", self.entry.pointer);
            let span = self.subject.value(&pointer);
            diagnostics.push(Diagnostic::new(Code::LinkSyntax, message).help(help).at(pointer, span));
        };
        let order = match self.map.get("order") {
            None => "1".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let order = parse_order(&order).map_err(|error| wrong("order", error)).ok();
        let when = self.text("when").unwrap_or_default();
        let condition = parse_condition(when).map_err(|error| wrong("when", error)).ok();
        let condition = condition.map(|condition| self.with_type(condition, &mut wrong));
        let condition = condition.map(|condition| self.with_options(condition, &mut wrong));
        let end = |key: &str| {
            let span = self.subject.value(&format!("{}/{key}", self.entry.pointer));
            Some((self.text(key)?.trim().to_owned(), span))
        };
        let condition = condition?;
        let pointer = format!("{}/when", self.entry.pointer);
        Some(Written {
            from: end("from")?,
            to: end("to")?,
            order: order?,
            expression: expression(&condition, pointer, when, when.len() - when.trim_start().len()),
            condition,
        })
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.map.get(key).and_then(Value::as_str)
    }

    /// `type` beside `when`; where they contradict each other, `type` is taken.
    fn with_type(&self, condition: Condition, wrong: &mut impl FnMut(&str, (String, String))) -> Condition {
        use Condition::{Iterate, Ok, Start};
        let mut contradicts = |word: &str, help: &str| {
            let message = format!("`when: {}` contradicts `type: {word}`", condition.text());
            wrong("when", (message, help.to_owned()));
        };
        let help = "such a link opens when its source succeeded: let a solo before it have the condition";
        match (self.text("type"), &condition) {
            (Some("iterate"), Iterate { .. }) | (Some("start"), Start) => condition,
            (Some("iterate"), Ok) => Iterate { parallel: 1 },
            (Some("start"), Ok) => Start,
            (Some("iterate"), _) => {
                contradicts("iterate", help);
                Iterate { parallel: 1 }
            }
            (Some("start"), _) => {
                contradicts("start", help);
                Start
            }
            (Some("normal"), Iterate { .. } | Start) => {
                contradicts("normal", "take one of the two away");
                Ok
            }
            _ => condition,
        }
    }

    /// `parallel` and `handled` beside what the link is by now.
    fn with_options(&self, condition: Condition, wrong: &mut impl FnMut(&str, (String, String))) -> Condition {
        let mut condition = condition;
        let parallel = self.map.get("parallel").and_then(Value::as_u64).filter(|parallel| *parallel > 0);
        // Nobody runs so many at the same time as do not fit.
        let parallel = parallel.map(|parallel| u32::try_from(parallel).unwrap_or(u32::MAX));
        match (parallel, &mut condition) {
            (Some(wanted), Condition::Iterate { parallel }) if *parallel == 1 || *parallel == wanted => {
                *parallel = wanted;
            }
            (Some(wanted), Condition::Iterate { parallel }) => {
                let message = format!("`parallel: {wanted}` contradicts `parallel={parallel}` in `when`");
                wrong("parallel", (message, "take one of the two away".to_owned()));
            }
            (Some(_), _) => {
                let help = "write `type: iterate`, or take `parallel` away".to_owned();
                wrong("parallel", ("`parallel` belongs to an iterate link".to_owned(), help));
            }
            (None, _) => {}
        }
        match (self.map.get("handled").and_then(Value::as_bool), &mut condition) {
            (Some(true), Condition::Error { handled }) => *handled = true,
            (Some(true), _) => {
                let help = "write `when: error`, or take `handled` away".to_owned();
                wrong("handled", ("`handled` belongs to a link `when: error`".to_owned(), help));
            }
            (Some(false), Condition::Error { handled: true }) => {
                let message = "`handled: false` contradicts `error handled` in `when`".to_owned();
                wrong("handled", (message, "take one of the two away".to_owned()));
            }
            _ => {}
        }
        condition
    }
}
