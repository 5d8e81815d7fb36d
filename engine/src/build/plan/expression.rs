//! A bare expression or a template, and where it stands, so that a single name of it can be underlined.

use super::subject::Subject;
use crate::diagnostics::Span;
use std::ops::Range;

/// An expression in a text of the flow.
#[derive(Debug, Clone)]
pub struct Expression {
    /// The expression.
    pub text: String,
    /// Place of the text that holds it.
    pub pointer: String,
    /// That text.
    pub whole: String,
    /// The expression's first byte in it.
    pub start: usize,
}

impl Expression {
    /// A text that is nothing else.
    pub(super) fn all_of(text: &str, pointer: String) -> Self {
        Self { text: text.to_owned(), pointer, whole: text.to_owned(), start: 0 }
    }

    /// Its place.
    pub(super) fn span(&self, subject: &Subject<'_>) -> Option<Span> {
        self.part(subject, 0..self.text.len())
    }

    /// The place of a name in it; of all of it, if the name stands there in another form.
    pub(super) fn span_of(&self, subject: &Subject<'_>, name: &str) -> Option<Span> {
        let is_word = |c: char| c == '_' || c.is_alphanumeric();
        // In a template names stand in braces only.
        let is_opening = |pair: &[u8]| pair == b"{{" || pair == b"{%";
        let code = self.text.as_bytes().windows(2).position(is_opening).unwrap_or(0);
        let stands_alone = |at: &usize| {
            let before = self.text.get(..*at).and_then(|before| before.chars().next_back());
            let after = self.text.get(at + name.len()..).and_then(|after| after.chars().next());
            *at >= code && !before.is_some_and(|c| is_word(c) || c == '.') && !after.is_some_and(is_word)
        };
        let found = self.text.match_indices(name).map(|(at, _)| at).find(stands_alone);
        found.map_or_else(|| self.span(subject), |at| self.part(subject, at..at + name.len()))
    }

    /// The place of some bytes of it.
    pub(super) fn part(&self, subject: &Subject<'_>, part: Range<usize>) -> Option<Span> {
        let range = self.start + part.start..self.start + part.end;
        subject.document.positions.inside(&self.pointer, &self.whole, range)
    }
}
