//! A line as JSON: written in one go where nothing in it is secret or too long, else masked and cut first.

use super::escape::push_json;
use super::line::Line;
use crate::secrets::net;
use jiff::Timestamp;
use serde_json::Value;
use std::io::Write;

/// Bytes of a line, at most, with its end.
pub(super) const LONGEST: usize = 65_536;

/// Bytes of the message, escaped, where the line is too long.
const MESSAGE: usize = 40_960;

/// The same of all fields together.
const FIELDS: usize = 16_384;

/// The same of each name: run, sub flow, node and target.
const NAME: usize = 1_024;

/// Indices of a path, where the line is too long.
const DEPTH: usize = 64;

/// Room for the mark of a cut.
const MARK: usize = 40;

/// Writes the line into `out`, with its end, and masks and cuts the line itself if need be: then it can be shown, too.
pub(super) fn render(line: &mut Line, out: &mut Vec<u8>) {
    out.clear();
    write(line, out);
    let is_secret = line.is_foreign || !net::is_clean(out);
    let is_long = out.len() > LONGEST;
    if is_secret {
        // Before anything is cut: half a secret may not be known again.
        mask(line);
    }
    if is_long {
        cut(line);
    }
    if is_secret || is_long {
        out.clear();
        write(line, out);
    }
}

/// What was said; the names beside it are the engine's own, and the flow's.
fn mask(line: &mut Line) {
    net::mask_text(&mut line.message);
    if !line.fields.is_empty() {
        let mut fields = Value::Object(line.fields());
        net::mask_json(&mut fields);
        if let Value::Object(fields) = fields {
            line.set_fields(&fields);
        }
    }
}

fn cut(line: &mut Line) {
    for text in [&mut line.run, &mut line.sub_flow, &mut line.node_id, &mut line.target] {
        shorten(text, NAME);
    }
    line.iter.truncate(DEPTH);
    shorten(&mut line.message, MESSAGE);
    if line.fields.len() <= FIELDS {
        return;
    }
    let (mut fields, mut kept, mut left) = (line.fields(), serde_json::Map::new(), FIELDS - MARK);
    let n_bytes = line.fields.len();
    for (key, value) in &mut fields {
        let key_length = escaped(key) + 4;
        let length = key_length + value_length(value);
        if length > left && left > key_length + MARK {
            let mut text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            shorten(&mut text, left - key_length);
            kept.insert(key.clone(), Value::String(text));
            left = 0;
        } else if length <= left {
            kept.insert(key.clone(), value.take());
            left -= length;
        }
    }
    kept.insert("cut".to_owned(), Value::String(format!("[cut, {n_bytes} bytes in all]")));
    line.set_fields(&kept);
}

fn value_length(value: &Value) -> usize {
    match value {
        Value::String(text) => escaped(text) + 2,
        Value::Array(items) => items.iter().map(|item| value_length(item) + 1).sum::<usize>() + 2,
        Value::Object(members) => {
            members.iter().map(|(key, item)| escaped(key) + 4 + value_length(item)).sum::<usize>() + 2
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string().len(),
    }
}

/// Bytes of a text as JSON writes it.
fn escaped(text: &str) -> usize {
    let mut out = Vec::with_capacity(text.len());
    push_json(text, &mut out);
    out.len()
}

/// Cuts a text so that it takes at most `most` bytes as JSON, with a mark at its end.
fn shorten(text: &mut String, most: usize) {
    // No text gets shorter by being escaped.
    if text.len() <= most && escaped(text) <= most {
        return;
    }
    let (mut length, mut end, mut one) = (0, 0, Vec::new());
    for (at, character) in text.char_indices() {
        one.clear();
        push_json(character.encode_utf8(&mut [0; 4]), &mut one);
        length += one.len();
        if length > most.saturating_sub(MARK) {
            break;
        }
        end = at + character.len_utf8();
    }
    let n_bytes = text.len();
    text.truncate(end);
    text.push_str(&format!("[cut, {n_bytes} bytes in all]"));
}

fn write(line: &mut Line, out: &mut Vec<u8>) {
    let mut is_foreign = false;
    out.extend_from_slice(b"{\"time\":\"");
    push_time(line.time, out);
    out.extend_from_slice(b"\",\"level\":\"");
    out.extend_from_slice(line.level.as_str().as_bytes());
    out.push(b'"');
    for (key, text) in [("run", &line.run), ("sub_flow", &line.sub_flow), ("node_id", &line.node_id)] {
        if !text.is_empty() {
            is_foreign |= push_member(key, text, out);
        }
    }
    if !line.iter.is_empty() {
        out.extend_from_slice(b",\"iter\":[");
        for (at, index) in line.iter.iter().enumerate() {
            // Writing into a vector does not fail.
            let _ = write!(out, "{}{index}", if at > 0 { "," } else { "" });
        }
        out.push(b']');
    }
    if !line.target.is_empty() {
        is_foreign |= push_member("target", &line.target, out);
    }
    is_foreign |= push_member("message", &line.message, out);
    if !line.fields.is_empty() {
        out.extend_from_slice(b",\"fields\":{");
        out.extend_from_slice(&line.fields);
        out.push(b'}');
    }
    out.extend_from_slice(b"}\n");
    line.is_foreign |= is_foreign;
}

fn push_member(key: &str, text: &str, out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":\"");
    let is_foreign = push_json(text, out);
    out.push(b'"');
    is_foreign
}

/// `2026-11-21T09:42:01.123456Z`; the part down to the second is kept for the lines of the same second.
fn push_time(time: Timestamp, out: &mut Vec<u8>) {
    use std::cell::RefCell;
    thread_local! {
        static SECOND: RefCell<(i64, Vec<u8>)> = const { RefCell::new((i64::MIN, Vec::new())) };
    }
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != time.as_second() {
            *second = time.as_second();
            text.clear();
            let _ = write!(text, "{}", time.strftime("%Y-%m-%dT%H:%M:%S"));
        }
        out.extend_from_slice(text);
    });
    let (mut micros, mut digits) = (time.subsec_microsecond().unsigned_abs(), *b".000000Z");
    for digit in digits.iter_mut().rev().skip(1).take(6) {
        // Less than 10.
        *digit = b'0' + (micros % 10) as u8;
        micros /= 10;
    }
    out.extend_from_slice(&digits);
}
