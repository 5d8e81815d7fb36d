//! What a command writes to one of its pipes: lines as they come, and the end of the whole for a global.

/// A line that is longer is handed on in pieces, so that a command which writes no line ends cannot fill the memory.
const LONGEST_LINE: usize = 8192;
/// Characters of the last line that go into an error.
const LONGEST_QUOTE: usize = 500;

/// One pipe.
pub struct Captured {
    /// Bytes to keep.
    most: usize,
    /// The last bytes: at least `most` of them, if there were so many.
    tail: Vec<u8>,
    /// `tail` does not begin where the output began.
    is_cut: bool,
    /// The line that has not ended.
    line: Vec<u8>,
    last_line: String,
}

impl Captured {
    /// Keeps the last `most` bytes.
    pub fn new(most: usize) -> Self {
        Self { most, tail: Vec::new(), is_cut: false, line: Vec::new(), last_line: String::new() }
    }

    /// Takes what was written; `on_line` gets the lines that have ended.
    pub fn push(&mut self, bytes: &[u8], on_line: &mut dyn FnMut(&str)) {
        self.tail.extend_from_slice(bytes);
        // Cut at twice the length, not at each byte more: every byte is moved once at most, on average.
        if self.tail.len() > self.most.saturating_mul(2) {
            self.tail.drain(..self.tail.len() - self.most);
            self.is_cut = true;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.line.len() >= LONGEST_LINE {
                self.end_line(on_line);
            }
        }
    }

    /// Nothing more comes: the last line may lack its end.
    pub fn finish(&mut self, on_line: &mut dyn FnMut(&str)) {
        if !self.line.is_empty() {
            self.end_line(on_line);
        }
    }

    fn end_line(&mut self, on_line: &mut dyn FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.line);
        let line = line.trim_end_matches(['\n', '\r']);
        if !line.trim().is_empty() {
            self.last_line = line.trim().chars().take(LONGEST_QUOTE).collect();
        }
        on_line(line);
        self.line.clear();
    }

    /// The last line that is not blank, cut where it is long.
    pub fn last_line(&self) -> &str {
        &self.last_line
    }

    /// The last bytes as text, without line ends at its end.
    pub fn text(&self) -> String {
        let start = self.tail.len().saturating_sub(self.most);
        let mut kept = self.tail.get(start..).unwrap_or_default();
        if start > 0 || self.is_cut {
            // The rest of a character whose beginning is gone.
            while let [first, rest @ ..] = kept
                && first & 0b1100_0000 == 0b1000_0000
            {
                kept = rest;
            }
        }
        String::from_utf8_lossy(kept).trim_end_matches(['\n', '\r']).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(most: usize, pieces: &[&str]) -> (Captured, Vec<String>) {
        let (mut captured, mut lines) = (Captured::new(most), Vec::new());
        for piece in pieces {
            captured.push(piece.as_bytes(), &mut |line| lines.push(line.to_owned()));
        }
        captured.finish(&mut |line| lines.push(line.to_owned()));
        (captured, lines)
    }

    #[test]
    fn lines_are_whole_however_they_come() {
        let (captured, lines) = captured(100, &["on", "e\ntwo\r\n\nth", "ree"]);
        assert_eq!(lines, ["one", "two", "", "three"]);
        assert_eq!(captured.text(), "one\ntwo\r\n\nthree");
        assert_eq!(captured.last_line(), "three");
    }

    #[test]
    fn the_end_is_kept() {
        let (captured, _) = captured(4, &["12345678\n", "9012345678", "ab\n\n"]);
        assert_eq!(captured.text(), "ab");
        assert_eq!(captured.last_line(), "9012345678ab");
        assert_eq!(self::captured(3, &["aéé"]).0.text(), "é");
        assert_eq!(self::captured(0, &["some words\n"]).0.text(), "");
    }

    #[test]
    fn a_line_without_an_end_does_not_grow() {
        let (captured, lines) = captured(10, &["x".repeat(LONGEST_LINE).as_str(); 3]);
        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [LONGEST_LINE; 3]);
        assert_eq!(captured.last_line().len(), LONGEST_QUOTE);
    }
}
