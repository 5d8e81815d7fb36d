//! YAML text to a JSON value, with the place of every key and value.
//!
//! The only file that knows which YAML library is used.

use crate::diagnostics::code::Code;
use crate::diagnostics::lines::Lines;
use crate::diagnostics::{Diagnostic, Span};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Location, Spanned};
use std::collections::HashMap;
use std::ops::Range;

/// Places by JSON pointer.
#[derive(Debug, Clone, Default)]
pub struct Positions {
    text: String,
    lines: Lines,
    keys: HashMap<String, Range<usize>>,
    values: HashMap<String, Range<usize>>,
}

impl Positions {
    /// The place of a key, else of its value, else of the nearest value around it.
    pub fn key(&self, pointer: &str) -> Option<Span> {
        let range = self.keys.get(pointer).or_else(|| self.values.get(pointer));
        range.map(|range| self.span(range.clone())).or_else(|| self.value(pointer))
    }

    /// The place of a value, else of the nearest value around it. Of a mapping or list only the first line is shown.
    pub fn value(&self, pointer: &str) -> Option<Span> {
        let mut pointer = pointer;
        loop {
            if let Some(range) = self.values.get(pointer) {
                return Some(self.span(self.first_line(range)));
            }
            pointer = pointer.rsplit_once('/')?.0;
        }
    }

    /// Bytes `inside` of a text value; the whole value where its YAML form is not the text itself.
    pub fn inside(&self, pointer: &str, content: &str, inside: Range<usize>) -> Option<Span> {
        let range = self.values.get(pointer)?;
        let raw = self.text.get(range.clone())?;
        let lead = usize::from(raw.starts_with(['"', '\'']));
        if raw.get(lead..lead + content.len()) == Some(content) {
            let start = range.start + lead;
            return Some(self.span(start + inside.start..start + inside.end));
        }
        self.value(pointer)
    }

    /// First line of a value, from 1.
    pub fn line(&self, pointer: &str) -> u32 {
        self.key(pointer).map_or(1, |span| span.line)
    }

    fn span(&self, bytes: Range<usize>) -> Span {
        self.lines.span(&self.text, bytes)
    }

    fn first_line(&self, range: &Range<usize>) -> Range<usize> {
        let text = self.text.get(range.clone()).unwrap_or_default();
        range.start..range.start + text.find('\n').unwrap_or(text.len())
    }
}

/// A value with the places of everything in it.
enum Node {
    Scalar(Value),
    List(Vec<Spanned<Node>>),
    Mapping(Vec<(Spanned<String>, Spanned<Node>)>),
}

/// Parses a file; the error is the first syntax error, after which no reader of YAML can go on.
pub fn parse(text: &str) -> Result<(Value, Positions), Box<Diagnostic>> {
    let parsed = on_large_stack(|| {
        // Literal nodes are bounded by the file's own size; what aliases make of them is bounded by the library's limits.
        let room = text.len().max(250_000);
        let options = serde_saphyr::options! {
            with_snippet: false,
            strict_booleans: true,
            budget: serde_saphyr::budget! { max_nodes: room, max_events: 2 * room },
        };
        serde_saphyr::from_str_with_options::<Spanned<Node>>(text, options)
            .map_err(|error| (error.to_string(), error.location().and_then(|location| bytes(&location))))
    });
    let root = parsed.map_err(|(message, range)| {
        let help = "indent with spaces, quote texts that hold `: ` or begin with `{`, `[`, `*`, `&`, `!` or `%`";
        let message = message.lines().next().unwrap_or_default();
        // Some errors tell their place in their text alone.
        let (message, place) = message.rsplit_once(" at line ").unwrap_or((message, ""));
        let range = range.or_else(|| spoken_place(text, place)).unwrap_or(0..0);
        let message = message.trim_end_matches('.').to_owned();
        let span = Span::of(text, widen(text, range));
        Box::new(Diagnostic::new(Code::YamlSyntax, message).help(help).at("", Some(span)))
    })?;
    let mut positions = Positions { text: text.to_owned(), lines: Lines::of(text), ..Positions::default() };
    let value = lower(root, String::new(), &mut positions);
    Ok((value, positions))
}

/// The library recurses up to its depth limit; a thread's ordinary stack is too small for that in an unoptimised build.
fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(64 << 20);
        match thread.spawn_scoped(scope, work) {
            Ok(handle) => handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // No thread to be had: the process has worse problems, and says so here.
            Err(error) => std::panic::resume_unwind(Box::new(error.to_string())),
        }
    })
}

/// The byte at `12, column 3`.
fn spoken_place(text: &str, place: &str) -> Option<Range<usize>> {
    let (line, column) = place.split_once(", column ")?;
    let (line, column): (usize, usize) = (line.parse().ok()?, column.trim_end_matches('.').parse().ok()?);
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let inside = text.get(start..)?.char_indices().nth(column.checked_sub(1)?).map(|(at, _)| at)?;
    Some(start + inside..start + inside)
}

/// An error's place is often a point: underline at least the character there.
fn widen(text: &str, range: Range<usize>) -> Range<usize> {
    let next = text.get(range.start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    range.start..range.end.max(range.start + next)
}

fn bytes(location: &Location) -> Option<Range<usize>> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    Some(start..start + usize::try_from(span.byte_len().unwrap_or(0)).ok()?)
}

fn lower(node: Spanned<Node>, pointer: String, positions: &mut Positions) -> Value {
    if let Some(range) = bytes(&node.referenced) {
        let range = trim(&positions.text, range);
        positions.values.insert(pointer.clone(), range);
    }
    match node.value {
        Node::Scalar(value) => value,
        Node::List(items) => {
            let items = items.into_iter().enumerate();
            Value::Array(items.map(|(at, item)| lower(item, format!("{pointer}/{at}"), positions)).collect())
        }
        Node::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let inner = format!("{pointer}/{}", escape(&key.value));
                if let Some(range) = bytes(&key.referenced) {
                    positions.keys.insert(inner.clone(), range);
                }
                map.insert(key.value, lower(value, inner, positions));
            }
            Value::Object(map)
        }
    }
}

/// Block values reach to the next token: without the white space there.
fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let inside = text.get(range.clone()).unwrap_or_default();
    range.start..range.start + inside.trim_end().len()
}

/// A key as a token of a JSON pointer (RFC 6901).
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("`.nan` and `.inf` have no meaning here"))?;
        Ok(Node::Scalar(Value::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(Value::String(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Mapping(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_at(text: &str, span: Option<Span>) -> &str {
        &text[span.unwrap().bytes]
    }

    #[test]
    fn every_value_knows_its_place() {
        let text = "flow:\n  name: 'a b'\nlist:\n  - x.y - z.w\n  - 12\n";
        let (value, positions) = parse(text).unwrap();
        assert_eq!(value.pointer("/list/1"), Some(&Value::from(12)));
        assert_eq!(text_at(text, positions.key("/flow/name")), "name");
        assert_eq!(text_at(text, positions.value("/list/0")), "x.y - z.w");
        assert_eq!(text_at(text, positions.inside("/list/0", "x.y - z.w", 6..9)), "z.w");
        assert_eq!(text_at(text, positions.inside("/flow/name", "a b", 2..3)), "b");
        assert_eq!(positions.line("/list/1"), 5);
    }

    #[test]
    fn words_stay_texts() {
        let (value, _) = parse("a: no\nb: on\nc: 12:30:45\nd: 1.0.0\ne: 2025-01-15\nf: ~\n").unwrap();
        for (key, text) in [("a", "no"), ("b", "on"), ("c", "12:30:45"), ("d", "1.0.0"), ("e", "2025-01-15")] {
            assert_eq!(value[key], Value::from(text), "{key}");
        }
        assert_eq!(value["f"], Value::Null);
    }

    #[test]
    fn broken_text_is_a_diagnostic_with_a_place() {
        for text in ["a: [1, 2", "a: 1\na: 2\n", "a:\n\tb: 1", "a: {{ context.x }}\n", "a: &x [*x]\n", "\u{0}"] {
            let diagnostic = parse(text).err().unwrap_or_else(|| panic!("accepted: {text:?}"));
            assert_eq!(diagnostic.code, Code::YamlSyntax);
            assert!(diagnostic.span.is_some(), "{text:?}");
        }
    }

    #[test]
    fn a_hundred_thousand_brackets_end_in_a_diagnostic() {
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&format!("a: {}", "{b: ".repeat(100_000))).is_err());
    }
}
