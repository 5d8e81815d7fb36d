//! A JSON object written field by field, and its lists item by item, in one of two layouts.

use super::Form;
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};
use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

/// Texts of shared values that are kept. Those read from a file are shared by nobody, and there may be any number of them.
const KEPT: usize = 256;

/// Bytes that are handed on together.
const CHUNK: usize = 1 << 20;

/// A file that is being written. Fields are given in the order of their names.
pub(super) struct Writer<'a, W: Write> {
    form: Form,
    out: &'a mut W,
    text: Vec<u8>,
    is_empty: bool,
}

impl<'a, W: Write> Writer<'a, W> {
    pub(super) fn begin(form: Form, out: &'a mut W) -> io::Result<Self> {
        Ok(Self { form, out, text: b"{".to_vec(), is_empty: true })
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        self.text.extend_from_slice(match (self.form, self.is_empty) {
            (Form::Compact, _) => b"}",
            (Form::Pretty, true) => b"}\n",
            (Form::Pretty, false) => b"\n}\n",
        });
        self.out.write_all(&self.text)
    }

    pub(super) fn field(&mut self, key: &str, value: impl Serialize) -> io::Result<()> {
        self.key(key)?;
        self.value(value, 1)
    }

    pub(super) fn list<T: Serialize>(&mut self, key: &str, items: &[T]) -> io::Result<()> {
        self.key(key)?;
        self.items(items, |writer, item| writer.value(item, 2))
    }

    /// A list of objects whose last field is shared by many of them, and as long as all the others.
    pub(super) fn list_with_tail<'i, T, Head: Serialize, Tail: Serialize + 'i>(
        &mut self,
        key: &str,
        items: &'i [T],
        parts: impl Fn(&'i T) -> (Head, &'static str, &'i Arc<Tail>),
    ) -> io::Result<()> {
        self.key(key)?;
        let mut known: HashMap<*const Tail, Vec<u8>> = HashMap::new();
        self.items(items, |writer, item| {
            let (head, key, tail) = parts(item);
            writer.value(head, 2)?;
            // The head's end: it goes on.
            let end = if writer.form == Form::Pretty { "\n    }".len() } else { "}".len() };
            writer.text.truncate(writer.text.len().saturating_sub(end));
            writer.separate(3, false);
            writer.name(key)?;
            match known.get(&Arc::as_ptr(tail)) {
                Some(text) => writer.text.extend_from_slice(text),
                None => {
                    let start = writer.text.len();
                    writer.value(tail, 3)?;
                    let text = writer.text.get(start..).unwrap_or_default().to_vec();
                    if known.len() >= KEPT {
                        known.clear();
                    }
                    known.insert(Arc::as_ptr(tail), text);
                }
            }
            writer.break_line(2);
            writer.text.push(b'}');
            Ok(())
        })
    }

    fn items<'i, T>(
        &mut self,
        items: &'i [T],
        mut each: impl FnMut(&mut Self, &'i T) -> io::Result<()>,
    ) -> io::Result<()> {
        self.text.push(b'[');
        for (at, item) in items.iter().enumerate() {
            self.separate(2, at == 0);
            each(self, item)?;
            if self.text.len() >= CHUNK {
                self.out.write_all(&self.text)?;
                self.text.clear();
            }
        }
        if !items.is_empty() {
            self.break_line(1);
        }
        self.text.push(b']');
        Ok(())
    }

    fn key(&mut self, key: &str) -> io::Result<()> {
        let is_first = std::mem::replace(&mut self.is_empty, false);
        self.separate(1, is_first);
        self.name(key)
    }

    fn name(&mut self, key: &str) -> io::Result<()> {
        serde_json::to_writer(&mut self.text, key)?;
        self.text.extend_from_slice(if self.form == Form::Pretty { b": " } else { b":" });
        Ok(())
    }

    fn separate(&mut self, depth: usize, is_first: bool) {
        if !is_first {
            self.text.push(b',');
        }
        self.break_line(depth);
    }

    fn break_line(&mut self, depth: usize) {
        if self.form == Form::Pretty {
            self.text.push(b'\n');
            self.text.resize(self.text.len() + 2 * depth, b' ');
        }
    }

    fn value(&mut self, value: impl Serialize, depth: usize) -> io::Result<()> {
        let mut value: Value = serde_json::to_value(value)?;
        value.sort_all_objects();
        match self.form {
            Form::Compact => serde_json::to_writer(&mut self.text, &value)?,
            Form::Pretty => {
                value
                    .serialize(&mut Serializer::with_formatter(&mut self.text, Indented { depth, has_value: false }))?;
            }
        }
        Ok(())
    }
}

/// The JSON library's own pretty layout, for a value that stands within others.
struct Indented {
    depth: usize,
    has_value: bool,
}

impl Indented {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_value = false;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.has_value {
            self.new_line(out)?;
        }
        out.write_all(bracket)
    }

    fn item<W: ?Sized + Write>(&mut self, out: &mut W, is_first: bool) -> io::Result<()> {
        if !is_first {
            out.write_all(b",")?;
        }
        self.new_line(out)
    }

    fn new_line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| out.write_all(b"  "))
    }
}

impl Formatter for Indented {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, is_first: bool) -> io::Result<()> {
        self.item(out, is_first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, is_first: bool) -> io::Result<()> {
        self.item(out, is_first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }
}
