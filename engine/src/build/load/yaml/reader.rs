//! Events of the YAML parser to a value and its places, on a stack of our own: nothing in a file makes this recurse.
//!
//! What is wrong and leaves a meaning is noted, and reading goes on; what leaves none ends the file.

use super::include::Includes;
use super::mapping::{Entry, Key, KeyKind};
use super::places::{Bytes, Form, Place, Positions};
use super::weight::{Spent, Weight};
use super::words::{several_documents, too_deep, too_large};
use super::{Parsed, syntax};
use crate::build::load::budget::{LONGEST_KEY, MOST_DEPTH};
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Source, Span};
use serde_json::Value;
use serde_saphyr::granit_parser::{self, Event, Parser};
use std::collections::HashMap;
use std::ops::{Deref, DerefMut, Range};
use std::sync::Arc;

/// Why a file has no meaning.
pub type Broken = Box<Diagnostic>;

/// A value that was read.
#[derive(Debug, Clone)]
pub struct Read {
    pub value: Value,
    pub place: Place,
    pub weight: Weight,
}

impl Read {
    /// In the place of something wrong that is told.
    pub fn broken(bytes: Bytes) -> Self {
        let place = Place { value: bytes, form: Form::Broken, ..Place::default() };
        Self { value: Value::Null, place, weight: Weight::of_value() }
    }
}

/// Reads a flow and what it includes.
pub struct Reader<'a> {
    positions: Positions,
    pub(super) includes: &'a mut Includes,
    findings: Vec<Diagnostic>,
    pub(super) leading_zeros: Vec<Bytes>,
    pub(super) spent: Spent,
    /// Something could not be read: what hangs on it is not to be asked.
    pub(super) is_incomplete: bool,
}

/// A list or mapping whose end has not come.
struct Open {
    bytes: Bytes,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Read>),
    Mapping { entries: Vec<Entry>, key: Option<Key> },
}

/// One file while it is read.
struct OpenFile {
    source: usize,
    text: Arc<Source>,
    stack: Vec<Open>,
    anchors: HashMap<usize, Read>,
    root: Option<Read>,
    /// Lists and mappings around it, in the files that include it.
    depth: usize,
}

impl Deref for Reader<'_> {
    type Target = Positions;

    fn deref(&self) -> &Positions {
        &self.positions
    }
}

impl DerefMut for Reader<'_> {
    fn deref_mut(&mut self) -> &mut Positions {
        &mut self.positions
    }
}

/// Reads a flow; findings come with whatever could be understood.
pub fn read(source: Source, includes: &mut Includes) -> Parsed {
    let positions = Positions { sources: vec![Arc::new(source)], ..Positions::default() };
    let mut reader = Reader {
        positions,
        includes,
        findings: Vec::new(),
        leading_zeros: Vec::new(),
        spent: Spent::default(),
        is_incomplete: false,
    };
    let value = match reader.file(0, 0) {
        Ok(read) => {
            let Read { value, place, .. } = read.unwrap_or_else(|| Read::broken(Bytes::default()));
            reader.places.push(place);
            Some(value)
        }
        Err(finding) => {
            reader.push_of_syntax(*finding);
            None
        }
    };
    let Reader { positions, findings, leading_zeros, is_incomplete, .. } = reader;
    Parsed { value, positions, findings, leading_zeros, is_incomplete }
}

impl Reader<'_> {
    /// Reads one of the sources; none if there is nothing in it. Calls itself for what it includes, so deep as chains may be.
    pub(super) fn file(&mut self, source: usize, depth: usize) -> Result<Option<Read>, Broken> {
        let Some(text) = self.sources.get(source).map(Arc::clone) else { return Ok(None) };
        let mut file =
            OpenFile { source, text: Arc::clone(&text), stack: Vec::new(), anchors: HashMap::new(), root: None, depth };
        let options = granit_parser::options! {
            emit_comments: false,
            disallow_directives: true,
            emit_unresolved_aliases: true,
            flow_nesting_limit: MOST_DEPTH,
            block_nesting_limit: MOST_DEPTH,
            simple_key_max_lookahead: LONGEST_KEY,
        };
        let mut documents = 0;
        for event in Parser::new_from_str_with_options(text.text(), options) {
            let (event, span) = event.map_err(|error| Box::new(syntax::finding(&error, &text, source)))?;
            let range = span.byte_range().unwrap_or(0..0);
            if let Event::DocumentStart(..) = event {
                documents += 1;
                if documents > 1 {
                    return Err(self.fatal(several_documents(), Bytes::new(source, range)));
                }
            }
            let tag = span.tag_span().and_then(|tag| tag.byte_range());
            self.event(&mut file, event, range, tag)?;
        }
        Ok(file.root)
    }

    fn event(
        &mut self,
        file: &mut OpenFile,
        event: Event<'_>,
        range: Range<usize>,
        tag_range: Option<Range<usize>>,
    ) -> Result<(), Broken> {
        let bytes = Bytes::new(file.source, range);
        let tag_bytes = tag_range.map_or(bytes, |range| Bytes::new(file.source, range));
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if file.is_key() {
                    let key = self.key(&text, style, tag.as_deref(), bytes, tag_bytes)?;
                    let place = Place { value: bytes, form: Form::Text, ..Place::default() };
                    let weight = Weight::of_text(text.len());
                    self.keep(file, anchor, &Read { value: Value::String(text.into_owned()), place, weight })?;
                    file.take_key(key);
                    return Ok(());
                }
                let read = self.scalar(file.depth + file.stack.len(), text, style, tag.as_deref(), bytes, tag_bytes)?;
                self.keep(file, anchor, &read)?;
                self.take(file, read)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_collection_tag(tag.as_deref(), "seq", tag_bytes);
                self.open(file, Content::List(Vec::new()), anchor, bytes)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_collection_tag(tag.as_deref(), "map", tag_bytes);
                self.open(file, Content::Mapping { entries: Vec::new(), key: None }, anchor, bytes)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(file, bytes.range().end),
            Event::Alias(id) => self.alias(file, id, bytes),
            Event::UnresolvedAlias(name) => {
                let finding =
                    Diagnostic::new(Code::UnknownAnchor, format!("there is no anchor `&{name}` before this `*{name}`"));
                self.push(
                    finding.help(
                        "name an anchor above it in this file; quote the value to mean a text that begins with `*`",
                    ),
                    bytes,
                );
                self.put(file, Read::broken(bytes))
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, file: &mut OpenFile, content: Content, anchor: usize, bytes: Bytes) -> Result<(), Broken> {
        self.spent.value().map_err(|why| self.fatal(too_large(why), bytes))?;
        if file.depth + file.stack.len() >= MOST_DEPTH {
            return Err(self.fatal(too_deep(), bytes));
        }
        file.stack.push(Open { bytes, anchor, content });
        Ok(())
    }

    fn close(&mut self, file: &mut OpenFile, end: usize) -> Result<(), Broken> {
        let Some(Open { bytes, anchor, content }) = file.stack.pop() else { return Ok(()) };
        // A block ends where the next thing begins.
        let start = bytes.range().start;
        let length = file.text.text().get(start..end).unwrap_or_default().trim_end().len();
        let bytes = Bytes::new(file.source, start..start + length);
        let read = match content {
            Content::List(items) => self.list(items, bytes),
            Content::Mapping { entries, .. } => self.mapping(entries, bytes),
        };
        self.keep(file, anchor, &read)?;
        self.put(file, read)
    }

    fn list(&mut self, items: Vec<Read>, bytes: Bytes) -> Read {
        let mut weight = Weight::of_value();
        let first = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let mut values = Vec::with_capacity(items.len());
        for Read { value, place, weight: inner } in items {
            weight.hold(inner, 0);
            self.places.push(place);
            values.push(value);
        }
        let place = Place { value: bytes, first, count, form: Form::List, ..Place::default() };
        Read { value: Value::Array(values), place, weight }
    }

    /// What has an anchor is kept for its aliases, which costs what it is.
    fn keep(&mut self, file: &mut OpenFile, anchor: usize, read: &Read) -> Result<(), Broken> {
        if anchor > 0 {
            self.spent.again(read.weight).map_err(|why| self.fatal(too_large(why), read.place.value))?;
            file.anchors.insert(anchor, read.clone());
        }
        Ok(())
    }

    fn alias(&mut self, file: &mut OpenFile, id: usize, bytes: Bytes) -> Result<(), Broken> {
        let Some(known) = file.anchors.get(&id) else {
            let finding = Diagnostic::new(Code::UnknownAnchor, "an alias stands within what it names");
            self.push(finding.help("a value cannot hold itself"), bytes);
            return self.put(file, Read::broken(bytes));
        };
        self.spent.again(known.weight).map_err(|why| self.fatal(too_large(why), bytes))?;
        if file.depth + file.stack.len() + known.weight.depth() >= MOST_DEPTH {
            return Err(self.fatal(too_deep(), bytes));
        }
        let read = known.clone();
        self.put(file, read)
    }

    /// A value that is not a key by itself goes where the file is; a scalar that an alias repeats may be a key.
    fn put(&mut self, file: &mut OpenFile, read: Read) -> Result<(), Broken> {
        if !file.is_key() {
            return self.take(file, read);
        }
        let text = match read.value {
            Value::String(text) if read.place.form != Form::Broken => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(is) => Some(is.to_string()),
            _ => None,
        };
        let kind = if text.is_some() { KeyKind::Text } else { KeyKind::Wrong };
        file.take_key(Key { text: text.unwrap_or_default(), bytes: read.place.value, is_raw: false, kind });
        Ok(())
    }

    fn take(&mut self, file: &mut OpenFile, read: Read) -> Result<(), Broken> {
        self.spent.value().map_err(|why| self.fatal(too_large(why), read.place.value))?;
        if file.is_module() && is_module(&read.value) {
            self.spent.module();
        }
        match file.stack.last_mut().map(|open| &mut open.content) {
            Some(Content::List(items)) => items.push(read),
            Some(Content::Mapping { entries, key }) => entries.extend(key.take().map(|key| Entry { key, read })),
            None => file.root = Some(read),
        }
        Ok(())
    }

    /// Notes a finding.
    pub(super) fn push(&mut self, finding: Diagnostic, bytes: Bytes) {
        let span = self.first_line(bytes);
        self.findings.push(finding.at("", span));
    }

    /// The end of a file; of a template without quotes it is said already what is wrong.
    pub(super) fn push_of_syntax(&mut self, finding: Diagnostic) {
        let line = |span: Option<&Span>| span.map(|span| (span.source, span.line));
        let is_told = |told: &Diagnostic| {
            told.code == Code::UnquotedTemplate && line(told.span.as_ref()) == line(finding.span.as_ref())
        };
        if !self.findings.iter().any(is_told) {
            self.findings.push(finding);
        }
    }

    pub(super) fn fatal(&self, finding: Diagnostic, bytes: Bytes) -> Broken {
        Box::new(finding.at("", self.first_line(bytes)))
    }
}

impl OpenFile {
    /// What comes next is the key of a mapping.
    fn is_key(&self) -> bool {
        matches!(self.stack.last(), Some(Open { content: Content::Mapping { key: None, .. }, .. }))
    }

    fn take_key(&mut self, taken: Key) {
        if let Some(Open { content: Content::Mapping { key, .. }, .. }) = self.stack.last_mut() {
            *key = Some(taken);
        }
    }

    /// What comes next is an item of the list under `modules`, or of a file's own list.
    fn is_module(&self) -> bool {
        match self.stack.as_slice() {
            [Open { content: Content::Mapping { key: Some(key), .. }, .. }, Open { content: Content::List(_), .. }] => {
                key.text == "modules"
            }
            [Open { content: Content::List(_), .. }] => self.depth > 0,
            _ => false,
        }
    }
}

fn is_module(value: &Value) -> bool {
    ["id", "name"].iter().all(|key| value.get(key).is_some_and(Value::is_string))
}
