//! A line for people: time of day, level, message, and then node and fields; further lines of a message behind a bar, so that
//! no text of a module looks like a line of the log.

use super::escape::{is_foul, push_shown};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use pypeline_schema::log_line::{LogLevel, LogLine};
use serde_json::{Map, Value};
use std::fmt::Write;

/// What stands before all lines of a message but the first.
const BAR: &str = "  | ";

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// With the colours of a terminal.
    pub colour: bool,
    /// The day before the time of day.
    pub date: bool,
}

/// What is shown of a line.
pub(super) struct Shown<'a> {
    pub time: Timestamp,
    pub level: LogLevel,
    pub node_id: &'a str,
    pub iter: &'a [u64],
    pub message: &'a str,
    pub fields: &'a Map<String, Value>,
}

/// A line that was read, for people, with its end. In local time.
pub fn pretty(line: &LogLine, style: Style) -> String {
    let shown = Shown {
        time: line.time.parse().unwrap_or(Timestamp::UNIX_EPOCH),
        level: line.level,
        node_id: &line.node_id,
        iter: &line.iter,
        message: &line.message,
        fields: &line.fields,
    };
    let mut out = String::new();
    write(&shown, style, &mut out);
    out
}

/// Appends the line, with its end.
pub(super) fn write(line: &Shown<'_>, style: Style, out: &mut String) {
    let form = if style.date { "%Y-%m-%d %H:%M:%S%.3f" } else { "%H:%M:%S%.3f" };
    let time = line.time.to_zoned(TimeZone::system());
    let (dim, end) = if style.colour { ("\u{1b}[2m", "\u{1b}[0m") } else { ("", "") };
    let colour = if style.colour { colour(line.level) } else { "" };
    // Writing into a string does not fail.
    let _ = write!(out, "{dim}{}{end} {colour}{:>5}{end} ", time.strftime(form), line.level.as_str());
    // A line end at the end of a message says nothing.
    let mut parts = line.message.trim_end_matches(['\n', '\r']).split('\n').map(|part| part.trim_end_matches('\r'));
    push_shown(parts.next().unwrap_or_default(), out);
    push_facts(line, (dim, end), out);
    for part in parts {
        let _ = write!(out, "\n{dim}{BAR}{end}");
        push_shown(part, out);
    }
    out.push('\n');
}

fn push_facts(line: &Shown<'_>, (dim, end): (&str, &str), out: &mut String) {
    if line.node_id.is_empty() && line.iter.is_empty() && line.fields.is_empty() {
        return;
    }
    out.push_str(dim);
    if !line.node_id.is_empty() {
        out.push_str(" node=");
        push_value(line.node_id, out);
    }
    if !line.iter.is_empty() {
        let path: Vec<String> = line.iter.iter().map(u64::to_string).collect();
        let _ = write!(out, " iter={}", path.join("/"));
    }
    for (key, value) in line.fields {
        out.push(' ');
        push_shown(key, out);
        out.push('=');
        match value {
            Value::String(text) => push_value(text, out),
            other => push_shown(&other.to_string(), out),
        }
    }
    out.push_str(end);
}

/// In quotes where its end could not be told otherwise.
fn push_value(text: &str, out: &mut String) {
    let is_word = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || is_foul(c) || "\"=\\".contains(c));
    if is_word {
        out.push_str(text);
    } else {
        out.push('"');
        push_shown(&text.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t"), out);
        out.push('"');
    }
}

fn colour(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "\u{1b}[31m",
        LogLevel::Warn => "\u{1b}[33m",
        LogLevel::Info => "\u{1b}[32m",
        LogLevel::Debug => "\u{1b}[34m",
        LogLevel::Trace => "\u{1b}[35m",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(message: &str, fields: Value) -> LogLine {
        LogLine {
            time: "2026-11-21T09:42:01.123456Z".to_owned(),
            level: LogLevel::Warn,
            run: String::new(),
            sub_flow: "orders".to_owned(),
            node_id: "show".to_owned(),
            iter: vec![3, 0],
            target: "log_rows_mod".to_owned(),
            message: message.to_owned(),
            fields: fields.as_object().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn a_table_is_readable_and_no_line_can_be_forged() {
        let message = "5 rows\n+--+\n| 1|\r\n\n09:42:01.123 ERROR forged\r\u{1b}[31mred\u{85}\n";
        let text =
            pretty(&line(message, json!({"n": 5, "path": "a b", "x\u{1b}": "c\nd", "w": "w"})), Style::default());
        let (time, rest) = text.split_once(" ").unwrap();
        assert_eq!(time.len(), "09:42:01.123".len());
        assert_eq!(
            rest,
            " WARN 5 rows node=show iter=3/0 n=5 path=\"a b\" w=w x\\u{1b}=\"c\\nd\"\n  | +--+\n  | | 1|\n  | \n  | \
             09:42:01.123 ERROR forged\\r\\u{1b}[31mred\\u{85}\n"
        );
        let coloured = pretty(&line("m", json!({})), Style { colour: true, date: true });
        assert!(coloured.contains("\u{1b}[33m WARN\u{1b}[0m m\u{1b}[2m node=show iter=3/0\u{1b}[0m\n"), "{coloured:?}");
    }
}
