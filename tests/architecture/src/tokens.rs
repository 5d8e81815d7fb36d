//! Code as words and signs, each with its line.

use crate::code::{code, is_word};

/// A word, `::`, or one other sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its text.
    pub text: String,
    /// Its line, from 1.
    pub line: usize,
}

/// The tokens of a Rust text; comments and literals have none.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    for (line, text) in code(text).lines().enumerate() {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_word(first) {
                rest.find(|char| !is_word(char)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (token, after) = rest.split_at(length);
            found.push(Token { text: token.to_owned(), line: line + 1 });
            rest = after.trim_start();
        }
    }
    found
}

/// The text of the token at `at`; empty past the end.
pub fn text(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| &token.text)
}

/// These texts stand at `at`, one after another.
pub fn stands(tokens: &[Token], at: usize, texts: &[&str]) -> bool {
    texts.iter().enumerate().all(|(offset, wanted)| text(tokens, at + offset) == *wanted)
}

/// The tokens without what is compiled for tests only.
pub fn without_tests(tokens: &[Token]) -> Vec<Token> {
    const ATTRIBUTE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if stands(tokens, at, &ATTRIBUTE) {
            at = end_of_item(tokens, at + ATTRIBUTE.len());
        } else {
            kept.push(token.clone());
            at += 1;
        }
    }
    kept
}

/// Where an item ends: after its first `;`, or after the brace that closes its body.
fn end_of_item(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "}" if depth <= 1 => return at + 1,
            "}" => depth -= 1,
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(tokens: &[Token]) -> Vec<&str> {
        tokens.iter().map(|token| token.text.as_str()).collect()
    }

    #[test]
    fn words_and_signs_have_lines() {
        let found = tokens("use a::b;\n\nfn c() {}");
        assert_eq!(texts(&found), ["use", "a", "::", "b", ";", "fn", "c", "(", ")", "{", "}"]);
        assert_eq!(found[5].line, 3);
    }

    #[test]
    fn tests_are_left_out_and_what_follows_is_not() {
        let found = tokens("#[cfg(test)]\nmod tests { fn a(b: [u8; 2]) { c } }\n#[cfg(test)] mod more;\nfn kept() {}");
        assert_eq!(texts(&without_tests(&found)), ["fn", "kept", "(", ")", "{", "}"]);
    }
}
