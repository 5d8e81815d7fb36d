//! Findings about a flow: collected all at once, each with code, place, text and cure.
//!
//! `Error` in this crate is a Rust error; a finding about what the user wrote is a [`Diagnostic`].

pub mod code;
pub mod level;
pub mod lines;
pub mod page;
pub mod record;
pub mod render;
pub mod suggest;

use code::Code;
use level::Level;
use lines::Lines;
pub use pypeline_schema::check_result::Severity;
use std::ops::Range;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Bytes in the file.
    pub bytes: Range<usize>,
    /// First line, from 1.
    pub line: u32,
    /// First column, from 1, in characters.
    pub col: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_col: u32,
}

impl Span {
    /// The place of `bytes` in `text`; cut to what is there.
    pub fn of(text: &str, bytes: Range<usize>) -> Self {
        Lines::of(text).span(text, bytes)
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable; see [`code`].
    pub code: Code,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// A few words under the caret.
    pub label: Option<String>,
    /// JSON pointer of the value, empty for the whole file.
    pub pointer: String,
    /// Where it is; none if the file could not be read.
    pub span: Option<Span>,
}

impl Diagnostic {
    /// A finding without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None, label: None, pointer: String::new(), span: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with words under the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The same at a place.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, span: Option<Span>) -> Self {
        self.pointer = pointer.into();
        self.span = span;
        self
    }

    /// Error or warning.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// All findings about one file, in the order of their places.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    /// The file as the user named it.
    pub file: String,
    /// Its text, for the source lines.
    pub text: String,
    /// The id of each entry of `modules:`, for places that people read; empty where there is none.
    pub ids: Vec<String>,
    items: Vec<Diagnostic>,
}

impl Diagnostics {
    /// No findings yet about `file`.
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: file.into(), text: text.into(), ids: Vec::new(), items: Vec::new() }
    }

    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }

    /// Keeps what the checks of a level and those before it find.
    pub fn keep(&mut self, level: Level) {
        self.items.retain(|item| Level::of(item.code) <= level);
    }

    /// The flow cannot be built.
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(|item| item.severity() == Severity::Error)
    }

    /// Numbers of errors and warnings.
    pub fn counts(&self) -> (usize, usize) {
        let errors = self.items.iter().filter(|item| item.severity() == Severity::Error).count();
        (errors, self.items.len() - errors)
    }

    /// Findings by place; the same finding twice is shown once.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut items: Vec<&Diagnostic> = self.items.iter().collect();
        items
            .sort_by_key(|item| (item.span.as_ref().map(|span| span.bytes.start), item.severity(), item.code.as_str()));
        items.dedup();
        items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_count_characters_and_survive_any_range() {
        let text = "ä: 1\nbö: 2\n";
        let span = Span::of(text, 6..9);
        assert_eq!((span.line, span.col, span.end_col), (2, 1, 3));
        assert_eq!(Span::of(text, 1..2).bytes, 0..2);
        assert_eq!(Span::of(text, 500..600).bytes, text.len()..text.len());
    }
}
