//! Text in an SVG: escaped, and about as wide as it will be.

/// Of a letter of 12 pixels in a font of fixed width.
const LETTER: f64 = 7.3;

/// Text that is nothing but text, and of letters that XML knows.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// About the width of a text.
pub(super) fn width(text: &str) -> f64 {
    // Letters of other scripts may be twice as wide.
    text.chars().map(|c| if c.is_ascii() { LETTER } else { 2.0 * LETTER }).sum()
}
