//! One line on its way: what an event says, taken apart into the keys of a [`LogLine`].

use super::MODULE_TARGET;
use super::escape::push_json;
use jiff::Timestamp;
use pypeline_schema::log_line::LogLevel;
use serde_json::{Map, Value};
use std::fmt::{Debug, Write};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// A line; used again and again, so that no line asks for memory of its own.
#[derive(Debug)]
pub(super) struct Line {
    pub time: Timestamp,
    pub level: LogLevel,
    pub run: String,
    pub sub_flow: String,
    pub node_id: String,
    pub iter: Vec<u64>,
    pub target: String,
    pub message: String,
    /// The members of a JSON object, with commas and without braces.
    pub fields: Vec<u8>,
    /// Of a module: its `fields` are JSON.
    is_of_module: bool,
    /// Something was escaped in a way of our own, in which nobody looks for secrets.
    pub is_foreign: bool,
    scratch: String,
}

impl Line {
    /// An empty one.
    pub(super) fn new() -> Self {
        Self {
            time: Timestamp::UNIX_EPOCH,
            level: LogLevel::Info,
            run: String::new(),
            sub_flow: String::new(),
            node_id: String::new(),
            iter: Vec::new(),
            target: String::new(),
            message: String::new(),
            fields: Vec::new(),
            is_of_module: false,
            is_foreign: false,
            scratch: String::new(),
        }
    }

    /// Takes what an event says, in place of what it held.
    pub(super) fn take(&mut self, event: &Event<'_>) {
        for text in [&mut self.run, &mut self.sub_flow, &mut self.node_id, &mut self.target, &mut self.message] {
            text.clear();
        }
        self.iter.clear();
        self.fields.clear();
        self.is_foreign = false;
        let about = event.metadata();
        self.time = Timestamp::now();
        self.level = level(*about.level());
        self.is_of_module = about.target() == MODULE_TARGET;
        if !self.is_of_module {
            self.target.push_str(about.target());
        }
        event.record(self);
    }

    /// The members as an object.
    pub(super) fn fields(&self) -> Map<String, Value> {
        if self.fields.is_empty() {
            return Map::new();
        }
        let text = [b"{", self.fields.as_slice(), b"}"].concat();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Puts these in place of the fields.
    pub(super) fn set_fields(&mut self, fields: &Map<String, Value>) {
        self.fields.clear();
        for (key, value) in fields {
            self.push_key(key);
            self.push_value(value);
        }
    }

    fn push_key(&mut self, key: &str) {
        if !self.fields.is_empty() {
            self.fields.push(b',');
        }
        self.push_quoted(key);
        self.fields.push(b':');
    }

    fn push_quoted(&mut self, text: &str) {
        self.fields.push(b'"');
        self.is_foreign |= push_json(text, &mut self.fields);
        self.fields.push(b'"');
    }

    /// With our escapes in its texts, on one line.
    fn push_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.push_quoted(text),
            Value::Array(items) => {
                self.fields.push(b'[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.fields.push(b',');
                    }
                    self.push_value(item);
                }
                self.fields.push(b']');
            }
            Value::Object(members) => {
                self.fields.push(b'{');
                for (at, (key, item)) in members.iter().enumerate() {
                    if at > 0 {
                        self.fields.push(b',');
                    }
                    self.push_quoted(key);
                    self.fields.push(b':');
                    self.push_value(item);
                }
                self.fields.push(b'}');
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                self.fields.extend_from_slice(value.to_string().as_bytes())
            }
        }
    }

    /// What a module gives as its fields: a JSON object, whose members become the line's; anything else is kept under `fields`.
    fn merge(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => {
                for (key, value) in &members {
                    self.push_key(key);
                    self.push_value(value);
                }
            }
            Ok(value) => {
                self.push_key("fields");
                self.push_value(&value);
            }
            Err(_) => {
                self.push_key("fields");
                self.push_quoted(text);
            }
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        let known = match name {
            "message" => &mut self.message,
            "run" => &mut self.run,
            "sub_flow" => &mut self.sub_flow,
            "node_id" => &mut self.node_id,
            "module" if self.is_of_module => &mut self.target,
            "fields" if self.is_of_module => return self.merge(text),
            "iter" if text == "[]" => return,
            "iter" => {
                self.iter
                    .extend(text.split(|c: char| !c.is_ascii_digit()).filter_map(|index| index.parse::<u64>().ok()));
                return;
            }
            _ => {
                self.push_key(name);
                return self.push_quoted(text);
            }
        };
        known.push_str(text);
    }

    fn plain(&mut self, name: &str, value: impl std::fmt::Display) {
        self.push_key(name);
        // Writing into a vector does not fail.
        let _ = std::io::Write::write_fmt(&mut self.fields, format_args!("{value}"));
    }
}

fn level(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // A value whose text cannot be made is left out, and the line stays.
            let _ = write!(self.message, "{value:?}");
            return;
        }
        let mut text = std::mem::take(&mut self.scratch);
        let _ = write!(text, "{value:?}");
        self.text(field.name(), &text);
        text.clear();
        self.scratch = text;
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match serde_json::Number::from_f64(value) {
            Some(number) => self.plain(field.name(), number),
            None => self.text(field.name(), &value.to_string()),
        }
    }
}
