//! A mapping at its end: merged keys, keys that stand twice, keys that are none, templates that were meant to be texts.

use super::places::{Bytes, Form, Place};
use super::reader::{Read, Reader};
use super::weight::Weight;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::code::Code;
use serde_json::{Map, Value};

/// A key with its value.
pub struct Entry {
    pub key: Key,
    pub read: Read,
}

/// A key as it stands there.
pub struct Key {
    pub text: String,
    pub bytes: Bytes,
    /// The text stands in the file as it is.
    pub is_raw: bool,
    pub kind: KeyKind,
}

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A key.
    Text,
    /// `<<` without quotes.
    Merge,
    /// Nothing, a list or a mapping.
    Wrong,
}

impl Reader<'_> {
    /// The mapping of these entries.
    pub(super) fn mapping(&mut self, entries: Vec<Entry>, bytes: Bytes) -> Read {
        let has = |kind: KeyKind| entries.iter().any(|entry| entry.key.kind == kind);
        let (has_wrong, has_merge) = (has(KeyKind::Wrong), has(KeyKind::Merge));
        let entries = match has_wrong {
            true => match self.without_wrong_keys(entries, bytes) {
                Ok(entries) => entries,
                Err(template) => return template,
            },
            false => entries,
        };
        let mut entries = if has_merge { self.merged(entries) } else { entries };
        entries.sort_by(|a, b| a.key.text.cmp(&b.key.text));
        self.drop_twins(&mut entries);
        let mut weight = Weight::of_value();
        let first = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let mut values = Vec::with_capacity(entries.len());
        for Entry { key, read } in entries {
            if !key.is_raw {
                let at = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
                self.odd_keys.insert(at, key.text.as_str().into());
            }
            weight.hold(read.weight, key.text.len());
            self.places.push(Place { key: key.bytes, ..read.place });
            values.push((key.text, read.value));
        }
        let place = Place { value: bytes, first, count, form: Form::Mapping, ..Place::default() };
        Read { value: Value::Object(Map::from_iter(values)), place, weight }
    }

    /// `{{ x }}` without quotes is a mapping whose key is a mapping: told as what it was meant to be, and taken for that.
    fn without_wrong_keys(&mut self, entries: Vec<Entry>, bytes: Bytes) -> Result<Vec<Entry>, Read> {
        let raw = self.raw(bytes).unwrap_or_default();
        if raw.starts_with("{{") || raw.starts_with("{%") {
            let text = raw.to_owned();
            self.push(unquoted_template(&text), bytes);
            let place = Place { value: bytes, form: Form::Broken, ..Place::default() };
            return Err(Read { value: Value::String(text), place, weight: Weight::of_value() });
        }
        let (wrong, right): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.key.kind == KeyKind::Wrong);
        for entry in wrong {
            let finding = Diagnostic::new(Code::KeyNoText, "a key must be a text, and this one is none");
            self.push(
                finding.help("write a name before the colon; quote it if it is `null`, `~` or empty"),
                entry.key.bytes,
            );
        }
        Ok(right)
    }

    /// `<<: *base`, `<<: [*base, *other]`: what stands in the mapping itself is stronger, then the earlier.
    fn merged(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let (merges, mut own): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.key.kind == KeyKind::Merge);
        let mut known: std::collections::HashSet<String> = own.iter().map(|entry| entry.key.text.clone()).collect();
        for Entry { key, read } in merges {
            let Some(mappings) = self.mappings_of(read) else {
                let finding = Diagnostic::new(Code::MergeKey, "`<<` merges mappings, and this is none");
                self.push(
                    finding.help("write `<<: *anchor` or `<<: [*one, *other]`; quote the key to mean itself"),
                    key.bytes,
                );
                continue;
            };
            for entry in mappings.into_iter().flatten() {
                if known.insert(entry.key.text.clone()) {
                    own.push(entry);
                }
            }
        }
        own
    }

    /// The entries of a mapping, or of each of a list's; none if it is something else.
    fn mappings_of(&self, read: Read) -> Option<Vec<Vec<Entry>>> {
        let mut weight = read.weight;
        match (read.place.form, read.value) {
            (Form::Mapping, Value::Object(map)) => Some(vec![self.entries_of(map, &read.place, &mut weight)]),
            (Form::List, Value::Array(items)) => {
                let places = self.places.get(self.children(&read.place)).unwrap_or_default();
                let entries = items.into_iter().zip(places).map(|(item, place)| match (place.form, item) {
                    (Form::Mapping, Value::Object(map)) => Some(self.entries_of(map, place, &mut weight)),
                    _ => None,
                });
                entries.collect()
            }
            // It is told already.
            (Form::Broken, _) => Some(Vec::new()),
            _ => None,
        }
    }

    /// What each weighs is not known any more: the first is taken for all of them, and none for less deep than all.
    fn entries_of(&self, map: Map<String, Value>, place: &Place, weight: &mut Weight) -> Vec<Entry> {
        let entry = |((text, value), place): ((String, Value), &Place)| {
            let weight = std::mem::replace(weight, weight.of_another());
            let key = Key { text, bytes: place.key, is_raw: false, kind: KeyKind::Text };
            Entry { key, read: Read { value, place: *place, weight } }
        };
        let places = self.places.get(self.children(place)).unwrap_or_default();
        map.into_iter().zip(places).map(entry).collect()
    }

    /// Of equal keys the first stays; entries are sorted by key, equal ones in the order of the file.
    fn drop_twins(&mut self, entries: &mut Vec<Entry>) {
        let is_twin = |pair: &[Entry]| matches!(pair, [a, b] if a.key.text == b.key.text);
        if !entries.windows(2).any(is_twin) {
            return;
        }
        let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
        for entry in std::mem::take(entries) {
            match kept.last() {
                Some(first) if first.key.text == entry.key.text => {
                    let first = first.key.bytes;
                    let line = self.span(first).map_or(0, |span| span.line);
                    let message = format!(
                        "the key `{}` stands twice in one mapping; the first is in line {line}",
                        entry.key.text
                    );
                    let finding = Diagnostic::new(Code::DuplicateKey, message)
                        .help("take one of them out, or join what is under them");
                    let finding = finding.related(self.span(first), "the first");
                    self.push(finding, entry.key.bytes);
                }
                _ => kept.push(entry),
            }
        }
        *entries = kept;
    }
}

/// The finding about a template that YAML reads as a mapping.
pub fn unquoted_template(text: &str) -> Diagnostic {
    let line: String = text.lines().next().unwrap_or_default().chars().take(60).collect();
    let quote = if line.contains('"') { '\'' } else { '"' };
    Diagnostic::new(Code::UnquotedTemplate, "a template without quotes: YAML reads `{` as the beginning of a mapping")
        .help(format!("put the whole value in quotes: {quote}{line}{quote}"))
}
