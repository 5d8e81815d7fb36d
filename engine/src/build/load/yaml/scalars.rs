//! Scalars: keys, values, and what tags make of them.

use super::mapping::{Key, KeyKind};
use super::places::{Bytes, Form, Place};
use super::reader::{Broken, Read, Reader};
use super::weight::Weight;
use super::words::{self, too_large, unfit_number, unknown_tag};
use crate::build::load::budget::{LONGEST_KEY, LONGEST_TEXT};
use crate::scalar;
use serde_json::Value;
use serde_saphyr::granit_parser::{ScalarStyle, Tag};
use std::borrow::Cow;

impl Reader<'_> {
    pub(super) fn key(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        bytes: Bytes,
        tag_bytes: Bytes,
    ) -> Result<Key, Broken> {
        if text.len() > LONGEST_KEY {
            return Err(self.fatal(too_large(format!("a key of more than {LONGEST_KEY} bytes")), bytes));
        }
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema_tag("str")) {
            self.push(unknown_tag(tag), tag_bytes);
        }
        let is_plain = style == ScalarStyle::Plain;
        let kind = match text {
            "<<" if is_plain => KeyKind::Merge,
            _ if is_plain && scalar::plain(text) == Ok(Value::Null) => KeyKind::Wrong,
            _ => KeyKind::Text,
        };
        let raw = self.raw(bytes);
        let lead = usize::from(!is_plain);
        let range = bytes.range();
        let is_raw = raw.and_then(|raw| raw.get(lead..lead + text.len())) == Some(text)
            && raw.is_some_and(|raw| raw.len() == text.len() + 2 * lead);
        // The place of a key in quotes is that of its text, so that it can be found by it.
        let bytes = if is_raw { Bytes::new(bytes.source(), range.start + lead..range.end - lead) } else { bytes };
        Ok(Key { text: text.to_owned(), bytes, is_raw, kind })
    }

    pub(super) fn scalar(
        &mut self,
        depth: usize,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        bytes: Bytes,
        tag_bytes: Bytes,
    ) -> Result<Read, Broken> {
        if text.len() > LONGEST_TEXT {
            let finding = too_large(format!("a text of more than {} MB", LONGEST_TEXT >> 20));
            return Err(self.fatal(finding.help("keep it in a file that a module reads"), bytes));
        }
        if tag.is_some_and(words::is_include) {
            return self.include(&text, bytes, tag_bytes, depth);
        }
        let is_plain = style == ScalarStyle::Plain;
        let weight = Weight::of_text(text.len());
        let place = Place { value: bytes, form: if is_plain { Form::Plain } else { Form::Text }, ..Place::default() };
        if is_plain && tag.is_none() && scalar::has_leading_zero(&text) {
            self.leading_zeros.push(bytes);
        }
        let value = match tag {
            None if is_plain => scalar::plain(&text),
            None => Ok(Value::String(text.into_owned())),
            Some(tag) => match words::tagged(tag, &text) {
                Some(value) => return Ok(Read { value, place: Place { form: Form::Text, ..place }, weight }),
                None => {
                    self.push(unknown_tag(tag), tag_bytes);
                    return Ok(Read::broken(bytes));
                }
            },
        };
        match value {
            Ok(value) => Ok(Read { value, place, weight }),
            Err(unfit) => {
                self.push(unfit_number(unfit), bytes);
                Ok(Read::broken(bytes))
            }
        }
    }

    pub(super) fn check_collection_tag(&mut self, tag: Option<&Tag>, own: &str, bytes: Bytes) {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema_tag(own) && tag.suffix() != "!") {
            self.push(unknown_tag(tag), bytes);
        }
    }
}
