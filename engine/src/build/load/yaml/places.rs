//! Where every key and value stands: a tree beside the value, small enough for flows of a hundred thousand modules.

use crate::diagnostics::{Source, Span};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// A scalar without quotes.
    Plain,
    /// Any other scalar.
    #[default]
    Text,
    /// A list; its children stand in its order.
    List,
    /// A mapping; its children stand in the order of their keys.
    Mapping,
    /// Something was wrong with it, and is told: it stands for nothing, and nothing more is said of it.
    Broken,
}

/// Bytes of a file. Files are smaller than 4 GB.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bytes {
    start: u32,
    end: u32,
    source: u16,
}

impl Bytes {
    /// Bytes of one of the sources.
    pub fn new(source: usize, range: Range<usize>) -> Self {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { start: number(range.start), end: number(range.end), source: u16::try_from(source).unwrap_or(u16::MAX) }
    }

    /// The range.
    pub fn range(self) -> Range<usize> {
        let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        number(self.start)..number(self.end)
    }

    /// The number of its source.
    pub fn source(self) -> usize {
        usize::from(self.source)
    }
}

/// The place of one value, of its key if it has one, and where its children are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    pub value: Bytes,
    pub key: Bytes,
    pub first: u32,
    pub count: u32,
    pub form: Form,
}

/// The places of a value and all in it.
#[derive(Debug, Clone, Default)]
pub struct Positions {
    pub(super) sources: Vec<Arc<Source>>,
    /// The children of a value stand together, behind those of what is in it; the last is the root.
    pub(super) places: Vec<Place>,
    /// Keys that are not written as they are: in quotes with signs in them, or merged from elsewhere.
    pub(super) odd_keys: HashMap<u32, Box<str>>,
}

impl Positions {
    /// The files that the value comes from.
    pub fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }

    /// The place of a key, else of its value, else of the nearest value around it.
    pub fn key(&self, pointer: &str) -> Option<Span> {
        match self.find(pointer) {
            (Some(place), true) if !place.key.range().is_empty() => self.span(place.key),
            (place, _) => self.first_line(place?.value),
        }
    }

    /// The place of a value, else of the nearest value around it. Of a mapping or list only the first line is shown.
    pub fn value(&self, pointer: &str) -> Option<Span> {
        self.first_line(self.find(pointer).0?.value)
    }

    /// Bytes `inside` of a text value; the whole value where its YAML form is not the text itself. It is, as far as these bytes
    /// and the length tell: to compare all of a long text for each of its parts takes too long.
    pub fn inside(&self, pointer: &str, content: &str, inside: Range<usize>) -> Option<Span> {
        let (place, is_it) = self.find(pointer);
        let place = place?;
        let raw = self.raw(place.value)?;
        let lead = usize::from(raw.starts_with(['"', '\'']));
        let range = lead + inside.start..lead + inside.end;
        let is_same = raw.len() == content.len() + 2 * lead && raw.get(range.clone()) == content.get(inside);
        if is_it && is_same {
            let start = place.value.range().start;
            return self.span(Bytes::new(place.value.source(), start + range.start..start + range.end));
        }
        self.first_line(place.value)
    }

    /// First line of a value, from 1.
    pub fn line(&self, pointer: &str) -> u32 {
        self.key(pointer).map_or(1, |span| span.line)
    }

    /// A scalar without quotes as it is written.
    pub fn plain(&self, pointer: &str) -> Option<&str> {
        let (place, is_it) = self.find(pointer);
        place.filter(|place| is_it && place.form == Form::Plain).and_then(|place| self.raw(place.value))
    }

    /// A value as it is written.
    pub fn written_at(&self, pointer: &str) -> Option<&str> {
        let (place, is_it) = self.find(pointer);
        place.filter(|_| is_it).and_then(|place| self.raw(place.value))
    }

    /// Something was wrong with this value, or with one around it, and is told.
    pub fn is_broken(&self, pointer: &str) -> bool {
        self.find(pointer).0.is_some_and(|place| place.form == Form::Broken)
    }

    /// The value comes from another file than what is around it.
    pub fn is_included(&self, pointer: &str) -> bool {
        let (place, is_it) = self.find(pointer);
        let around = pointer.rsplit_once('/').and_then(|(around, _)| self.find(around).0);
        let source = |place: &Place| place.value.source();
        is_it && place.map(source) != around.map(source)
    }

    /// The numbers of what is directly in a list or mapping, in the order of the value's own.
    pub(super) fn children(&self, place: &Place) -> Range<usize> {
        let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        number(place.first)..number(place.first).saturating_add(number(place.count))
    }

    /// The place at a pointer; or that of the nearest value around it, and false.
    fn find(&self, pointer: &str) -> (Option<&Place>, bool) {
        let mut at = self.places.last();
        for token in pointer.split('/').skip(1) {
            match at.and_then(|place| self.child(place, token)) {
                Some(child) => at = Some(child),
                None => return (at, false),
            }
        }
        (at, true)
    }

    fn child(&self, place: &Place, token: &str) -> Option<&Place> {
        let range = self.children(place);
        let children = self.places.get(range.clone())?;
        match place.form {
            Form::List => children.get(token.parse::<usize>().ok()?),
            Form::Mapping if token.contains('~') => {
                let key = token.replace("~1", "/").replace("~0", "~");
                self.keyed(children, range.start, &key)
            }
            Form::Mapping => self.keyed(children, range.start, token),
            _ => None,
        }
    }

    fn keyed<'a>(&self, children: &'a [Place], first: usize, key: &str) -> Option<&'a Place> {
        let (mut low, mut high) = (0, children.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let place = children.get(middle)?;
            match self.key_of(first + middle, place).cmp(key) {
                std::cmp::Ordering::Equal => return Some(place),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn key_of(&self, at: usize, place: &Place) -> &str {
        let odd = u32::try_from(at).ok().and_then(|at| self.odd_keys.get(&at));
        odd.map_or_else(|| self.raw(place.key).unwrap_or_default(), AsRef::as_ref)
    }

    pub(super) fn raw(&self, bytes: Bytes) -> Option<&str> {
        self.sources.get(bytes.source())?.text().get(bytes.range())
    }

    pub(super) fn span(&self, bytes: Bytes) -> Option<Span> {
        Some(self.sources.get(bytes.source())?.span(bytes.source(), bytes.range()))
    }

    /// The place of the first line of some bytes.
    pub(super) fn first_line(&self, bytes: Bytes) -> Option<Span> {
        let text = self.raw(bytes)?;
        let range = bytes.range();
        let length = text.find('\n').unwrap_or(text.len());
        let line = text.get(..length).unwrap_or_default().trim_end();
        self.span(Bytes::new(bytes.source(), range.start..range.start + line.len()))
    }
}

/// The number of a place, for whoever walks through a value and its places side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written(usize);

impl Positions {
    /// The root.
    pub fn root(&self) -> Option<Written> {
        self.places.len().checked_sub(1).map(Written)
    }

    /// What is directly in a list or mapping, in the order of the value's own.
    pub fn children_of(&self, written: Written) -> impl Iterator<Item = Written> + use<> {
        let range = self.places.get(written.0).map_or(0..0, |place| self.children(place));
        range.map(Written)
    }

    /// A scalar without quotes.
    pub fn is_plain(&self, written: Written) -> bool {
        self.places.get(written.0).is_some_and(|place| place.form == Form::Plain)
    }

    /// Something is wrong there, and is told.
    pub fn break_at(&mut self, written: Written) {
        if let Some(place) = self.places.get_mut(written.0) {
            place.form = Form::Broken;
        }
    }

    /// The place of some bytes, and what stands there.
    pub fn written(&self, bytes: Bytes) -> Option<(Span, &str)> {
        Some((self.span(bytes)?, self.raw(bytes)?))
    }

    /// The place of the nth occurrence of `needle` in a text as it is written; the whole value where it is written otherwise.
    pub fn occurrence(&self, pointer: &str, needle: &str, nth: usize) -> Option<Span> {
        let place = self.find(pointer).0?;
        let range = place.value.range();
        let found = self.raw(place.value)?.match_indices(needle).nth(nth);
        match found {
            Some((at, _)) => {
                let start = range.start + at;
                self.span(Bytes::new(place.value.source(), start..start + needle.len()))
            }
            None => self.first_line(place.value),
        }
    }
}
