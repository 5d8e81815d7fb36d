//! Text of a flow's author in a picture: nothing that moves a cursor, breaks a line, or goes on for ever.

/// The text in one line, without control characters, and at most so long.
pub(super) fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::new();
    let mut room = longest;
    for word in
        text.split(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c)).filter(|word| !word.is_empty())
    {
        for c in (!line.is_empty()).then_some(' ').into_iter().chain(word.chars()) {
            if room == 0 {
                let keep = line.chars().count().saturating_sub(3);
                return line.chars().take(keep).chain("...".chars()).collect();
            }
            line.push(c);
            room -= 1;
        }
    }
    line
}

/// What changes the direction of text, or cannot be seen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// `1 node`, `2,000 nodes`.
pub(super) fn count(n: usize, word: &str) -> String {
    format!("{} {word}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// `1234567` as `1,234,567`.
pub(super) fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_in_its_line() {
        assert_eq!(one_line("a\n\tb\u{1b}[31m \u{202e}c", 80), "a b [31m c");
        assert_eq!(one_line("abcdefgh", 8), "abcdefgh");
        assert_eq!(one_line("abcdefghi", 8), "abcde...");
        assert_eq!(one_line("ü€ü€ü€ü€", 6), "ü€ü...");
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
