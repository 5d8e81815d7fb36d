//! Findings about a flow: collected all at once, each with code, place, text and cure.
//!
//! `Error` in this crate is a Rust error; a finding about what the user wrote is a [`Diagnostic`].

pub mod code;
pub mod level;
pub mod lines;
pub mod page;
pub mod record;
pub mod render;
mod source;
pub mod suggest;

use code::Code;
use level::Level;
use lines::Lines;
pub use pypeline_schema::check_result::Severity;
pub use source::Source;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Findings of one code that are kept; of more, only their number. Who has a thousand has one cause.
pub const MOST_OF_A_CODE: usize = 1_000;

/// Bytes of a message or a help line.
const LONGEST_MESSAGE: usize = 1_000;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Which of [`Diagnostics::sources`]: 0 is the flow itself, the others are what it includes.
    pub source: usize,
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
    /// Other places that belong to it, each with a few words.
    pub related: Vec<(Span, String)>,
}

impl Diagnostic {
    /// A finding without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let related = Vec::new();
        Self { code, message: message.into(), help: None, label: None, pointer: String::new(), span: None, related }
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

    /// The same with another place that belongs to it.
    #[must_use]
    pub fn related(mut self, span: Option<Span>, words: impl Into<String>) -> Self {
        self.related.extend(span.map(|span| (span, words.into())));
        self
    }

    /// Error or warning.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// All findings about one flow, in the order of their places.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    /// The flow, and behind it the files that it includes.
    sources: Vec<Arc<Source>>,
    /// The id of each entry of `modules:`, for places that people read; empty where there is none.
    pub ids: Vec<String>,
    items: Vec<Diagnostic>,
    counts: HashMap<Code, usize>,
}

impl Diagnostics {
    /// No findings yet about what stands in these files; the first is the flow itself.
    pub fn new(sources: Vec<Arc<Source>>) -> Self {
        Self { sources, ..Self::default() }
    }

    /// The flow's file as the user named it.
    pub fn file(&self) -> &str {
        self.sources.first().map_or("", |source| source.name())
    }

    /// The flow's text.
    pub fn text(&self) -> &str {
        self.sources.first().map_or("", |source| source.text())
    }

    /// The flow, and behind it the files that it includes.
    pub fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }

    /// The file that a finding is about.
    pub fn file_of(&self, diagnostic: &Diagnostic) -> &str {
        let source = diagnostic.span.as_ref().and_then(|span| self.sources.get(span.source));
        source.map_or_else(|| self.file(), |source| source.name())
    }

    /// Adds a finding; what it quotes of the file is cut where it is very long. Beyond [`MOST_OF_A_CODE`] of one code it is counted, and not kept.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let count = self.counts.entry(diagnostic.code).or_default();
        *count += 1;
        if *count <= MOST_OF_A_CODE {
            let help = diagnostic.help.map(cut);
            self.items.push(Diagnostic { message: cut(diagnostic.message), help, ..diagnostic });
        }
    }

    /// Findings of this code that were counted and not kept.
    pub fn left_out(&self, code: Code) -> usize {
        self.counts.get(&code).map_or(0, |count| count.saturating_sub(MOST_OF_A_CODE))
    }

    /// Keeps what the checks of a level and those before it find.
    pub fn keep(&mut self, level: Level) {
        self.items.retain(|item| Level::of(item.code) <= level);
        self.counts.retain(|code, _| Level::of(*code) <= level);
    }

    /// The flow cannot be built.
    pub fn has_errors(&self) -> bool {
        self.counts.keys().any(|code| code.severity() == Severity::Error)
    }

    /// Numbers of errors and warnings.
    pub fn counts(&self) -> (usize, usize) {
        let of = |severity: Severity| {
            let counts = self.counts.iter().filter(|(code, _)| code.severity() == severity);
            counts.map(|(_, count)| count).sum()
        };
        (of(Severity::Error), of(Severity::Warning))
    }

    /// Findings by place; the same finding twice is shown once.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut items: Vec<&Diagnostic> = self.items.iter().collect();
        let place = |item: &Diagnostic| item.span.as_ref().map(|span| (span.source, span.bytes.start));
        items.sort_by_key(|item| (place(item), item.severity(), item.code.as_str()));
        items.dedup();
        items
    }
}

/// A text as it is, or its beginning and its end.
fn cut(text: String) -> String {
    if text.len() <= LONGEST_MESSAGE {
        return text;
    }
    let half = LONGEST_MESSAGE / 2;
    let boundary = |at: usize| (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (first, last) = (text.get(..boundary(half)), text.get(boundary(text.len() - half)..));
    format!("{} … {}", first.unwrap_or_default(), last.unwrap_or_default())
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
