//! A control link as written, text or object, as its parts: both forms come to one condition.

use super::super::expression::Expression;
use super::super::links::{bad_text, inside};
use super::super::subject::Subject;
use super::object::{self, Parts};
use crate::build::load::document::LinkEntry;
use crate::diagnostics::{Diagnostics, Span};
use pypeline_schema::link::parse_control_link;
use pypeline_schema::valve::{Condition, Order};
use serde_json::Value;

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
        Value::Object(map) => {
            let Parts { from, to, order, condition, when } = object::read(subject, &entry.pointer, map, diagnostics)?;
            let start = when.len() - when.trim_start().len();
            let expression = expression(&condition, format!("{}/when", entry.pointer), when, start);
            Some(Written { from, to, order, condition, expression })
        }
        _ => None,
    }
}

fn expression(condition: &Condition, pointer: String, whole: &str, start: usize) -> Option<Expression> {
    match condition {
        Condition::Expression(text) => Some(Expression { text: text.clone(), pointer, whole: whole.to_owned(), start }),
        _ => None,
    }
}
