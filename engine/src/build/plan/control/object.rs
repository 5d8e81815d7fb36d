//! A control link in named parts: each part's own mistakes, and parts that contradict each other.
//!
//! The flow's JSON Schema says the same of the parts, but of a link in two forms it can only say that neither fits.

use super::super::subject::Subject;
use crate::build::load::yaml::escape;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics, Span, suggest};
use pypeline_schema::valve::{Condition, Order, parse_condition, parse_order};
use serde_json::{Map, Value};

/// The parts of a link.
pub(super) struct Parts<'a> {
    pub from: (String, Option<Span>),
    pub to: (String, Option<Span>),
    pub order: Order,
    pub condition: Condition,
    /// The text of the condition.
    pub when: &'a str,
}

const KEYS: [&str; 7] = ["from", "to", "order", "when", "type", "parallel", "handled"];
const TYPES: [&str; 3] = ["normal", "iterate", "start"];

/// None if a node, the order or the condition cannot be read.
pub(super) fn read<'a>(
    subject: &Subject<'_>,
    pointer: &str,
    map: &'a Map<String, Value>,
    diagnostics: &mut Diagnostics,
) -> Option<Parts<'a>> {
    let mut link = Link { subject, pointer, map, diagnostics };
    for key in map.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        let help = suggest::help(key, "known keys", &KEYS);
        link.report(Code::UnknownKey, key, format!("unknown key `{key}`"), &help);
    }
    let (from, to) = (link.end("from"), link.end("to"));
    let order = match map.get("order") {
        None | Some(Value::Null) => "1".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let order = parse_order(&order).map_err(|(message, help)| link.report(Code::LinkSyntax, "order", message, &help));
    let when = link.text("when").unwrap_or_default();
    let condition =
        parse_condition(when).map_err(|(message, help)| link.report(Code::LinkSyntax, "when", message, &help));
    let condition = condition.map(|condition| link.with_type(condition)).map(|condition| link.with_options(condition));
    Some(Parts { from: from?, to: to?, order: order.ok()?, condition: condition.ok()?, when })
}

struct Link<'a, 'd> {
    subject: &'d Subject<'d>,
    pointer: &'d str,
    map: &'a Map<String, Value>,
    diagnostics: &'d mut Diagnostics,
}

impl<'a> Link<'a, '_> {
    fn report(&mut self, code: Code, key: &str, message: String, help: &str) {
        let pointer = format!("{}/{}", self.pointer, escape(key));
        let positions = &self.subject.document.positions;
        let span = if code == Code::UnknownKey { positions.key(&pointer) } else { positions.value(&pointer) };
        self.diagnostics.push(Diagnostic::new(code, message).help(help).at(pointer, span));
    }

    /// The value of a key that is given.
    fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    fn wrong_type(&mut self, key: &str, wanted: &str) {
        self.report(
            Code::WrongType,
            key,
            format!("`{key}` of a control link must be {wanted}"),
            "write a control link as `a (1|) b`, or `{from: a, to: b, order: 1, when: ok}`",
        );
    }

    fn text(&mut self, key: &str) -> Option<&'a str> {
        let value = self.value(key)?;
        if !value.is_string() {
            self.wrong_type(key, "a text");
        }
        value.as_str()
    }

    fn end(&mut self, key: &str) -> Option<(String, Option<Span>)> {
        if self.value(key).is_none() {
            self.report(Code::MissingKey, key, format!("`{key}` of a control link is missing"), "name a node");
        }
        let text = self.text(key)?;
        Some((text.trim().to_owned(), self.subject.value(&format!("{}/{key}", self.pointer))))
    }

    /// `type` beside `when`; where they contradict each other, `type` is taken.
    fn with_type(&mut self, condition: Condition) -> Condition {
        let Some(word) = self.text("type") else { return condition };
        let Some(word) = TYPES.into_iter().find(|known| *known == word).or_else(|| {
            let help = suggest::help(word, "types", &TYPES);
            self.report(Code::WrongValue, "type", format!("`{word}` is no type of control links"), &help);
            suggest::nearest(word, TYPES)
        }) else {
            return condition;
        };
        let help = "such a link opens when its source succeeded: let a solo before it have the condition";
        let (taken, help) = match (word, &condition) {
            ("iterate", Condition::Iterate { .. }) | ("start", Condition::Start) => return condition,
            ("iterate", Condition::Ok) => return Condition::Iterate { parallel: 1 },
            ("start", Condition::Ok) => return Condition::Start,
            ("iterate", _) => (Condition::Iterate { parallel: 1 }, help),
            ("start", _) => (Condition::Start, help),
            (_, Condition::Iterate { .. } | Condition::Start) => (Condition::Ok, "take one of the two away"),
            _ => return condition,
        };
        let message = format!("`when: {}` contradicts `type: {word}`", condition.text());
        self.report(Code::LinkSyntax, "when", message, help);
        taken
    }

    /// `parallel` and `handled` beside what the link is by now.
    fn with_options(&mut self, mut condition: Condition) -> Condition {
        match (self.parallel(), &mut condition) {
            (Some(wanted), Condition::Iterate { parallel }) if *parallel == 1 || *parallel == wanted => {
                *parallel = wanted;
            }
            (Some(wanted), Condition::Iterate { parallel }) => {
                let message = format!("`parallel: {wanted}` contradicts `parallel={parallel}` in `when`");
                self.report(Code::LinkSyntax, "parallel", message, "take one of the two away");
            }
            (Some(_), _) => {
                let help = "write `type: iterate`, or take `parallel` away";
                self.report(Code::LinkSyntax, "parallel", "`parallel` belongs to an iterate link".to_owned(), help);
            }
            (None, _) => {}
        }
        let handled = self.value("handled");
        if handled.is_some_and(|handled| !handled.is_boolean()) {
            self.wrong_type("handled", "`true` or `false`");
        }
        match (handled.and_then(Value::as_bool), &mut condition) {
            (Some(true), Condition::Error { handled }) => *handled = true,
            (Some(true), _) => {
                let help = "write `when: error`, or take `handled` away";
                self.report(Code::LinkSyntax, "handled", "`handled` belongs to a link `when: error`".to_owned(), help);
            }
            (Some(false), Condition::Error { handled: true }) => {
                let message = "`handled: false` contradicts `error handled` in `when`".to_owned();
                self.report(Code::LinkSyntax, "handled", message, "take one of the two away");
            }
            _ => {}
        }
        condition
    }

    fn parallel(&mut self) -> Option<u32> {
        let value = self.value("parallel")?;
        match value.as_u64() {
            // Nobody runs so many at the same time as do not fit.
            Some(parallel @ 1..) => Some(u32::try_from(parallel).unwrap_or(u32::MAX)),
            _ => {
                self.wrong_type("parallel", "a whole number, 1 or more");
                None
            }
        }
    }
}
