//! The calls of a text whose arguments the build has to know, as `each('node', 'Var')`, found by reading it: the template library
//! does not tell the arguments of calls.

use std::iter::Peekable;
use std::str::CharIndices;

/// Functions whose arguments are texts, so that the build knows what they ask for.
pub(super) const FUNCTIONS: [&str; 3] = ["each", "env", "secret"];

/// One place where the name of such a function stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    /// All its arguments are texts.
    Of(&'static str, Vec<String>),
    /// Anything else.
    Odd(&'static str),
}

/// All places in the parts of a template that are code.
pub(super) fn in_template(text: &str) -> Vec<Call> {
    code(text).into_iter().flat_map(|(_, code)| in_expression(code)).collect()
}

/// The parts of a template that are code, each with its first byte.
pub(in crate::template) fn code(text: &str) -> Vec<(usize, &str)> {
    let (mut found, mut start) = (Vec::new(), 0);
    while let Some((at, end)) = text.get(start..).and_then(opening) {
        start += at + 2;
        let inside = text.get(start..).unwrap_or_default();
        let length = closing(inside, end);
        if end != "#}" {
            found.push((start, inside.get(..length).unwrap_or_default()));
        }
        start += length;
    }
    found
}

/// Where code or a comment begins, and what ends it; one look at each byte, however many there are.
pub(in crate::template) fn opening(text: &str) -> Option<(usize, &'static str)> {
    let bytes = text.as_bytes();
    bytes.windows(2).enumerate().find_map(|(at, pair)| match pair {
        b"{{" => Some((at, "}}")),
        b"{%" => Some((at, "%}")),
        b"{#" => Some((at, "#}")),
        _ => None,
    })
}

/// Bytes up to the end; quoted ends do not count, but in a comment there are no quotes.
pub(in crate::template) fn closing(text: &str, end: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if text.get(at..).is_some_and(|rest| rest.starts_with(end)) => return at,
            None if end != "#}" && matches!(c, '\'' | '"') => quote = Some(c),
            None => {}
        }
    }
    text.len()
}

/// All places in an expression.
pub(super) fn in_expression(code: &str) -> Vec<Call> {
    let (mut found, mut before) = (Vec::new(), ' ');
    let mut chars = code.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if matches!(c, '\'' | '"') {
            text(&mut chars, c);
        } else if is_word(c) {
            let mut end = at + c.len_utf8();
            while let Some((next, c)) = chars.next_if(|(_, c)| is_word(*c)) {
                end = next + c.len_utf8();
            }
            let name = FUNCTIONS.into_iter().find(|name| code.get(at..end) == Some(name));
            if let Some(name) = name.filter(|_| before != '.') {
                found.extend(call(name, code.get(end..).unwrap_or_default()));
            }
        }
        if !c.is_whitespace() {
            before = c;
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// What follows the name; none if it is the name of an argument.
fn call(name: &'static str, after: &str) -> Option<Call> {
    let mut chars = after.char_indices().peekable();
    if after.trim_start().starts_with('=') && !after.trim_start().starts_with("==") {
        return None;
    }
    let mut arguments = || {
        expect(&mut chars, '(')?;
        let mut found = Vec::new();
        while expect(&mut chars, ')').is_none() {
            found.push(argument(&mut chars)?);
            if expect(&mut chars, ',').is_none() {
                expect(&mut chars, ')')?;
                break;
            }
        }
        Some(Call::Of(name, found))
    };
    Some(arguments().unwrap_or(Call::Odd(name)))
}

fn expect(chars: &mut Peekable<CharIndices<'_>>, wanted: char) -> Option<()> {
    skip_space(chars);
    chars.next_if(|(_, c)| *c == wanted).map(drop)
}

fn argument(chars: &mut Peekable<CharIndices<'_>>) -> Option<String> {
    skip_space(chars);
    let (_, quote) = chars.next_if(|(_, c)| matches!(c, '\'' | '"'))?;
    text(chars, quote)
}

fn skip_space(chars: &mut Peekable<CharIndices<'_>>) {
    while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
}

/// The rest of a quoted text; none if it holds an escape, which none of these arguments needs.
fn text(chars: &mut Peekable<CharIndices<'_>>, quote: char) -> Option<String> {
    let (mut inside, mut is_plain) = (String::new(), true);
    while let Some((_, c)) = chars.next() {
        match c {
            '\\' => {
                is_plain = false;
                chars.next();
            }
            c if c == quote => return is_plain.then_some(inside),
            c => inside.push(c),
        }
    }
    None
}
