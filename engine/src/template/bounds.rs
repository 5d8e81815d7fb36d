//! How much there may be in one template: the template library descends once for each operator of an expression and each branch of a
//! condition, and a file must not decide how deep.

use super::names::{closing, opening};
use minijinja::{Error, ErrorKind};

/// Operators of one expression: of those that make it deeper.
const MOST_OPERATORS: usize = 500;

/// Brackets within each other.
const MOST_NESTED: usize = 50;

/// Blocks (`{% … %}`) of one template.
const MOST_BLOCKS: usize = 500;

/// A template is none that descends too deep.
pub fn check(text: &str) -> Result<(), Error> {
    let (mut rest, mut blocks) = (text, 0);
    while let Some((at, end)) = opening(rest) {
        let inside = rest.get(at + 2..).unwrap_or_default();
        let length = closing(inside, end);
        if end != "#}" {
            check_expression(inside.get(..length).unwrap_or_default())?;
        }
        blocks += usize::from(end == "%}");
        if blocks > MOST_BLOCKS {
            return Err(too_much(format!("it has more than {MOST_BLOCKS} blocks")));
        }
        rest = inside.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// The same for an expression.
pub fn check_expression(code: &str) -> Result<(), Error> {
    let (operators, nested) = operators(code);
    if nested > MOST_NESTED {
        return Err(too_much(format!("it has more than {MOST_NESTED} brackets within each other")));
    }
    if operators > MOST_OPERATORS {
        return Err(too_much(format!("it has more than {MOST_OPERATORS} operators in one expression")));
    }
    Ok(())
}

fn too_much(text: String) -> Error {
    Error::new(ErrorKind::SyntaxError, text)
}

/// Signs and words that something follows or that follow something, outside quotes; and brackets within each other.
fn operators(code: &str) -> (usize, usize) {
    let (mut open, mut nested) = (0_usize, 0);
    let (mut count, mut quote, mut is_escaped) = (0, None, false);
    let mut word = String::new();
    for sign in code.chars().chain([' ']) {
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if sign == '\\' => is_escaped = true,
            Some(begun) if sign == begun => quote = None,
            Some(_) => {}
            None if sign == '_' || sign.is_alphanumeric() => {
                if word.len() < 8 {
                    word.push(sign);
                }
            }
            None => {
                count += usize::from(matches!(word.as_str(), "not" | "and" | "or" | "in" | "is" | "if" | "elif"));
                word.clear();
                match sign {
                    '(' | '[' | '{' => open += 1,
                    ')' | ']' | '}' => open = open.saturating_sub(1),
                    _ => {}
                }
                nested = nested.max(open);
                count += usize::from("+-*/%~|.<>=![(:".contains(sign));
                quote = Some(sign).filter(|sign| matches!(sign, '"' | '\''));
            }
        }
    }
    (count, nested)
}
