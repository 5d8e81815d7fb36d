//! Bytes to lines and columns: where the lines of a text begin is worked out once, for many places.

use super::Span;
use std::ops::Range;

/// Bytes between two notes: a place is told as fast at the end of a line of megabytes, or of millions of empty lines, as at the
/// beginning, and the notes are small beside the text.
const STEP: usize = 1024;

/// Where the lines of a text begin, as far as it is noted.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    steps: Vec<Step>,
}

/// What lies before a step of the text.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    characters: usize,
    line_ends: usize,
    /// Where the line begins in which the step does.
    line: usize,
}

impl Lines {
    /// The lines of `text`.
    pub fn of(text: &str) -> Self {
        let mut next = Step::default();
        let step = |(at, bytes): (usize, &[u8])| {
            let step = next;
            next.characters += characters(bytes);
            next.line_ends += line_ends(bytes);
            next.line = last_line(bytes).map_or(next.line, |inside| at * STEP + inside);
            step
        };
        Self { steps: text.as_bytes().chunks(STEP).enumerate().map(step).collect() }
    }

    /// The place of `bytes` in that same text; cut to what is there.
    pub fn span(&self, text: &str, bytes: Range<usize>) -> Span {
        let start = floor_boundary(text, bytes.start);
        let end = floor_boundary(text, bytes.end).max(start);
        let ((line, col), (end_line, end_col)) = (self.line_col(text, start), self.line_col(text, end));
        Span { source: 0, bytes: start..end, line, col, end_line, end_col }
    }

    /// The bytes of a line, without its end; nothing at the text's end where there are fewer.
    pub fn line(&self, text: &str, line: u32) -> Range<usize> {
        let before = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        let step = self.steps.partition_point(|step| step.line_ends < before).saturating_sub(1);
        let noted = self.steps.get(step).copied().unwrap_or_default();
        let from = step * STEP;
        let rest = text.as_bytes().get(from..).unwrap_or_default();
        let start = match before.checked_sub(noted.line_ends) {
            Some(0) | None => Some(noted.line),
            Some(missing) => {
                let ends = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
                ends.map(|(at, _)| from + at + 1).nth(missing - 1)
            }
        };
        let start = start.unwrap_or(text.len());
        let inside = text.get(start..).unwrap_or_default();
        let inside = inside.find('\n').and_then(|end| inside.get(..end)).unwrap_or(inside);
        start..start + inside.trim_end_matches('\r').len()
    }

    fn line_col(&self, text: &str, at: usize) -> (u32, u32) {
        let (noted, inside) = self.noted(text, at);
        let line = noted.line_ends + line_ends(inside) + 1;
        let start = last_line(inside).map_or(noted.line, |begin| at - inside.len() + begin);
        let col = self.characters_before(text, at).saturating_sub(self.characters_before(text, start)) + 1;
        (number(line), number(col))
    }

    fn characters_before(&self, text: &str, at: usize) -> usize {
        let (noted, inside) = self.noted(text, at);
        noted.characters + characters(inside)
    }

    /// The step that a byte is in, and what lies between its beginning and that byte.
    fn noted<'a>(&self, text: &'a str, at: usize) -> (Step, &'a [u8]) {
        let step = (at / STEP).min(self.steps.len().saturating_sub(1));
        let inside = text.as_bytes().get(step * STEP..at).unwrap_or_default();
        (self.steps.get(step).copied().unwrap_or_default(), inside)
    }
}

fn line_ends(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| begins_character(**byte)).count()
}

/// Where the last line begins that begins within these bytes.
fn last_line(bytes: &[u8]) -> Option<usize> {
    bytes.iter().rposition(|byte| *byte == b'\n').map(|end| end + 1)
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

    #[test]
    fn places_are_those_that_counting_from_the_beginning_gives() {
        let text: String = (0..700).map(|n| format!("{}\n{}ä", "é".repeat(n % 5), "x".repeat(n % 7))).collect();
        let lines = Lines::of(&text);
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            let before = &text[..at];
            let start = before.rfind('\n').map_or(0, |end| end + 1);
            let expected = (before.matches('\n').count() + 1, before[start..].chars().count() + 1);
            let span = lines.span(&text, at..at);
            assert_eq!((span.line as usize, span.col as usize), expected, "{at}");
            let end = text[start..].find('\n').map_or(text.len(), |end| start + end);
            assert_eq!(lines.line(&text, span.line), start..end, "{at}");
        }
        assert_eq!((Lines::of("").span("", 0..0).line, Lines::of("").line("", 1)), (1, 0..0));
    }
}
