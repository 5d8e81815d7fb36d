//! A file that findings are about: its name, its text, and where its lines are.

use super::Span;
use super::lines::Lines;
use std::ops::Range;

/// One file.
#[derive(Debug, Clone, Default)]
pub struct Source {
    name: String,
    text: String,
    lines: Lines,
}

impl Source {
    /// A file as the user named it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { name: name.into(), lines: Lines::of(&text), text }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where its lines are.
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The place of `bytes`; `source` is the file's number among those of the flow.
    pub fn span(&self, source: usize, bytes: Range<usize>) -> Span {
        Span { source, ..self.lines.span(&self.text, bytes) }
    }
}
