//! Bytes to lines and columns: where the lines of a text begin is worked out once, for many places.

use super::Span;
use std::ops::Range;

/// Where the lines of a text begin.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of `text`.
    pub fn of(text: &str) -> Self {
        let after = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(after).collect() }
    }

    /// The place of `bytes` in that same text; cut to what is there.
    pub fn span(&self, text: &str, bytes: Range<usize>) -> Span {
        let start = floor_boundary(text, bytes.start);
        let end = floor_boundary(text, bytes.end).max(start);
        let ((line, col), (end_line, end_col)) = (self.line_col(text, start), self.line_col(text, end));
        Span { bytes: start..end, line, col, end_line, end_col }
    }

    fn line_col(&self, text: &str, at: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let cols = text.get(start..at).unwrap_or_default().chars().count();
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(cols + 1).unwrap_or(u32::MAX))
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
