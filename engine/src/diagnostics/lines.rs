//! Bytes to lines and columns: where the lines of a text begin is worked out once, for many places.

use super::Span;
use std::ops::Range;

/// Bytes between two counts of characters: a column is told as fast at the end of a line of megabytes as at its beginning.
const STEP: usize = 1024;

/// Where the lines of a text begin, and how many characters there are up to each step of it.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    starts: Vec<u32>,
    characters: Vec<u32>,
}

impl Lines {
    /// The lines of `text`.
    pub fn of(text: &str) -> Self {
        let after = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| number(at + 1));
        let starts = std::iter::once(0).chain(after).collect();
        let mut count = 0;
        let mut counted = |step: &[u8]| {
            let before = count;
            count += number(step.iter().filter(|byte| begins_character(**byte)).count());
            before
        };
        Self { starts, characters: text.as_bytes().chunks(STEP).map(&mut counted).collect() }
    }

    /// The place of `bytes` in that same text; cut to what is there.
    pub fn span(&self, text: &str, bytes: Range<usize>) -> Span {
        let start = floor_boundary(text, bytes.start);
        let end = floor_boundary(text, bytes.end).max(start);
        let ((line, col), (end_line, end_col)) = (self.line_col(text, start), self.line_col(text, end));
        Span { source: 0, bytes: start..end, line, col, end_line, end_col }
    }

    /// The bytes of a line, without its end.
    pub fn line(&self, text: &str, line: u32) -> Range<usize> {
        let at = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        let bound =
            |at: usize| self.starts.get(at).map_or(text.len(), |start| usize::try_from(*start).unwrap_or(usize::MAX));
        let range = bound(at)..bound(at.saturating_add(1));
        let inside = text.get(range.clone()).unwrap_or_default();
        range.start..range.start + inside.trim_end_matches(['\n', '\r']).len()
    }

    fn line_col(&self, text: &str, at: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= number(at)).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let cols = self.characters_before(text, at).saturating_sub(self.characters_before(text, start));
        (number(line), cols.saturating_add(1))
    }

    fn characters_before(&self, text: &str, at: usize) -> u32 {
        let step = at / STEP;
        let counted = self.characters.get(step).copied().unwrap_or_default();
        let rest = text.as_bytes().get(step * STEP..at).unwrap_or_default();
        counted + number(rest.iter().filter(|byte| begins_character(**byte)).count())
    }
}

/// Any byte of UTF-8 but those that continue a character.
fn begins_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_long_lines_are_counted_in_characters() {
        let text = format!("{}b\n{}c", "ä".repeat(5_000), "x".repeat(3_000));
        let lines = Lines::of(&text);
        let b = lines.span(&text, 10_000..10_001);
        assert_eq!((b.line, b.col, b.end_col), (1, 5_001, 5_002));
        let c = lines.span(&text, text.len() - 1..text.len());
        assert_eq!((c.line, c.col, c.end_col), (2, 3_001, 3_002));
        assert_eq!(&text[lines.line(&text, 2)], format!("{}c", "x".repeat(3_000)));
        assert_eq!(lines.line(&text, 7), text.len()..text.len());
    }
}
