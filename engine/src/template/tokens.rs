//! The words and signs of an expression, texts in quotes as one each: for checks that look at how something is written, which the
//! template library does not tell.

use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name or a number.
    Word,
    /// A text with its quotes.
    Text,
    /// One sign, or several that belong together.
    Sign,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// As written.
    pub text: &'a str,
    /// Its bytes.
    pub at: Range<usize>,
}

/// Signs of this and of other languages that are more than one character, the longest first.
const SIGNS: [&str; 16] =
    ["===", "!==", "==", "!=", "<=", ">=", "<>", "&&", "||", "=>", "->", "//", "**", "??", ":=", "::"];

/// All tokens of an expression; a text without its end reaches to the end.
pub fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut chars = code.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let (kind, end) = if c.is_whitespace() {
            continue;
        } else if is_word(c) {
            (Kind::Word, word(&mut chars).unwrap_or(at + c.len_utf8()))
        } else if matches!(c, '\'' | '"') {
            (Kind::Text, text(&mut chars, c).unwrap_or(code.len()))
        } else {
            let rest = code.get(at..).unwrap_or_default();
            let length = SIGNS.into_iter().find(|sign| rest.starts_with(sign)).map_or(c.len_utf8(), str::len);
            while chars.next_if(|(next, _)| *next < at + length).is_some() {}
            (Kind::Sign, at + length)
        };
        found.push(Token { kind, text: code.get(at..end).unwrap_or_default(), at: at..end });
    }
    found
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The end of a word that has begun; none if it is one character.
fn word(chars: &mut Peekable<CharIndices<'_>>) -> Option<usize> {
    let mut end = None;
    while let Some((at, c)) = chars.next_if(|(_, c)| is_word(*c)) {
        end = Some(at + c.len_utf8());
    }
    end
}

/// The end of a text that has begun.
fn text(chars: &mut Peekable<CharIndices<'_>>, quote: char) -> Option<usize> {
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return Some(at + c.len_utf8());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_texts_and_signs_are_told_apart() {
        let of = |code| tokens(code).iter().map(|token| token.text).collect::<Vec<_>>().join(" ");
        assert_eq!(of("a__b>=1&&!c"), "a__b >= 1 && ! c");
        assert_eq!(of("x=='a \\' && b'||\"é"), "x == 'a \\' && b' || \"é");
        assert_eq!(of("größe is  not defined"), "größe is not defined");
        assert_eq!(of("(a)===b.c|d"), "( a ) === b . c | d");
        assert_eq!(of(""), "");
        assert_eq!(tokens(" ab 'é'")[1].at, 4..8);
    }
}
