//! Whether two conditions say the opposite of each other, as far as one can tell by how they are written.

use crate::template::tokens::{Token, tokens};

/// A condition without its negations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// What is asked, in one way of writing.
    core: String,
    /// It is asked whether that is not so.
    is_negated: bool,
}

/// Comparisons, each with what it is the negation of.
const NEGATIONS: [(&str, &str); 3] = [("!=", "=="), ("<=", ">"), (">=", "<")];

impl Asked {
    pub fn of(text: &str) -> Self {
        let tokens = tokens(text);
        let (mut part, mut is_negated) = (tokens.as_slice(), false);
        loop {
            if let [first, rest @ ..] = part
                && first.text == "not"
                && is_one_question(rest)
            {
                (part, is_negated) = (rest, !is_negated);
            } else if let Some(inside) = without_brackets(part) {
                part = inside;
            } else {
                break;
            }
        }
        let mut words: Vec<&str> = part.iter().map(|token| token.text).collect();
        if is_one_question(part) {
            is_negated ^= take_negation(&mut words, part);
        }
        Self { core: words.join(" "), is_negated }
    }

    pub fn is_opposite_of(&self, other: &Self) -> bool {
        self.core == other.core && self.is_negated != other.is_negated
    }
}

/// Puts the negation inside a comparison or test out of it; true if there was one.
fn take_negation(words: &mut Vec<&str>, part: &[Token<'_>]) -> bool {
    let depths = depths(part);
    let outer = |at: usize| depths.get(at) == Some(&0);
    for at in (0..words.len()).filter(|at| outer(*at)) {
        let (word, next) = (words.get(at).copied().unwrap_or_default(), words.get(at + 1).copied());
        match (word, next) {
            ("not", Some("in")) => {
                words.remove(at);
                return true;
            }
            ("is", Some("not")) => {
                words.remove(at + 1);
                return true;
            }
            ("is", Some("undefined")) => {
                words.splice(at + 1..at + 2, ["defined"]);
                return true;
            }
            _ => {}
        }
        if let Some((_, ours)) = NEGATIONS.iter().find(|(sign, _)| *sign == word) {
            words.splice(at..at + 1, [*ours]);
            return true;
        }
    }
    false
}

/// How many brackets are around each token.
fn depths(part: &[Token<'_>]) -> Vec<u32> {
    let mut depth = 0_u32;
    let mut count = |token: &Token<'_>| match token.text {
        "(" | "[" | "{" => {
            depth += 1;
            depth
        }
        ")" | "]" | "}" => {
            depth = depth.saturating_sub(1);
            depth + 1
        }
        _ => depth,
    };
    part.iter().map(&mut count).collect()
}

/// One comparison or test, which a `not` before it takes whole.
fn is_one_question(part: &[Token<'_>]) -> bool {
    const SIGNS: [&str; 8] = ["==", "!=", "<", ">", "<=", ">=", "in", "is"];
    let depths = depths(part);
    let outer = || part.iter().zip(&depths).filter(|(_, depth)| **depth == 0).map(|(token, _)| token.text);
    let is_joined = outer().any(|word| ["and", "or", "if", "else"].contains(&word));
    !part.is_empty() && !is_joined && outer().filter(|word| SIGNS.contains(word)).count() <= 1
}

/// The inside of brackets that are around all of it.
fn without_brackets<'a, 'b>(part: &'a [Token<'b>]) -> Option<&'a [Token<'b>]> {
    let [first, inside @ .., last] = part else { return None };
    let is_around = first.text == "(" && last.text == ")" && depths(part).iter().all(|depth| *depth > 0);
    is_around.then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_opposite(one: &str, other: &str) -> bool {
        let (one, other) = (Asked::of(one), Asked::of(other));
        assert_eq!(one.is_opposite_of(&other), other.is_opposite_of(&one));
        one.is_opposite_of(&other)
    }

    #[test]
    fn opposites_are_seen_through_their_forms() {
        for (one, other) in [
            ("x > 1", "x<=1"),
            ("x > 1", "not (x > 1)"),
            ("x > 1", "not x > 1"),
            ("(x < 1)", "x >= 1"),
            ("x == 'a'", "x != 'a'"),
            ("a__ok", "not a__ok"),
            ("not (a and b)", "a and b"),
            ("(a or b)", "not ((a or b))"),
            ("x in [1, 2]", "x not in [1, 2]"),
            ("x is defined", "x is undefined"),
            ("x is defined", "x is not defined"),
            ("f(a != 1) == 2", "f(a != 1) != 2"),
        ] {
            assert!(are_opposite(one, other), "{one} | {other}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_no_opposite() {
        for (one, other) in [
            ("x > 1", "x > 1"),
            ("x > 1", "x < 1"),
            ("x > 1", "x <= 2"),
            ("x > 1", "y <= 1"),
            ("a and b", "not a and b"),
            ("not a or b", "a or b"),
            ("x > 1 and y", "x <= 1 and y"),
            ("x == 'not'", "x == 'a'"),
            ("x == 'a b'", "x != 'a  b'"),
            ("(a) and (b)", "not (a) and (b)"),
            ("f(x != 1)", "f(x == 1)"),
            ("not not a", "a"),
            ("", "not"),
        ] {
            assert!(!are_opposite(one, other), "{one} | {other}");
        }
    }
}
