//! The valve of a control link, `(order|condition)`: when its target may start.

use std::ops::Range;

/// The place of a link among those of its source sub flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// 1, 2, 3, …; equal orders form a group.
    At(u32),
    /// After all others; becomes a number at build.
    Last,
}

/// When the valve opens, once its source sub flow has ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// It succeeded.
    Ok,
    /// It failed; `handled` takes the failure as dealt with.
    Error {
        /// The failure neither halts nor fails the run if the handler succeeds.
        handled: bool,
    },
    /// It ended in any way but "not chosen".
    Always,
    /// No expression of the same source was true.
    Else,
    /// Once per item of the source's list, up to `parallel` at a time.
    Iterate {
        /// Items that run at the same time.
        parallel: u32,
    },
    /// The target is spawned, the link resolves at once.
    Start,
    /// It succeeded and the expression is true.
    Expression(String),
}

impl Condition {
    /// The canonical text, as written into `dag.json`.
    pub fn text(&self) -> String {
        match self {
            Self::Ok => "ok".to_owned(),
            Self::Error { handled: false } => "error".to_owned(),
            Self::Error { handled: true } => "error handled".to_owned(),
            Self::Always => "always".to_owned(),
            Self::Else => "else".to_owned(),
            Self::Iterate { parallel: 1 } => "iterate".to_owned(),
            Self::Iterate { parallel } => format!("iterate parallel={parallel}"),
            Self::Start => "start".to_owned(),
            Self::Expression(text) => text.clone(),
        }
    }
}

/// A valve as parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Valve {
    /// Its order.
    pub order: Order,
    /// Its condition.
    pub condition: Condition,
}

/// Why a link's text cannot be read, and which of its bytes are to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextError {
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// The bytes to underline.
    pub range: Range<usize>,
}

impl TextError {
    /// An error over `range` of the link's text.
    pub fn new(range: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), range }
    }
}

/// The bytes from the first `(` to its balancing `)`, both included; quoted parentheses do not count.
pub fn find_valve(text: &str) -> Result<Range<usize>, TextError> {
    let all = 0..text.len();
    let Some(start) = text.find('(') else {
        return Err(TextError::new(all, "a control link without a valve", "write it as `a (1|) b`"));
    };
    let (mut depth, mut quote) = (0_u32, None);
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < start) {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth -= 1;
                if depth == 0 {
                    return Ok(start..at + 1);
                }
            }
            _ => {}
        }
    }
    Err(TextError::new(start..text.len(), "the valve's `(` is never closed", "close it: `a (1|condition) b`"))
}

/// Parses `order|condition`, the text between the parentheses, which begins at byte `offset` of the link.
pub fn parse_valve(inner: &str, offset: usize) -> Result<Valve, TextError> {
    let Some((order, condition)) = inner.split_once('|') else {
        let range = offset..offset + inner.len().max(1);
        let inner = inner.trim();
        let help = match parse_order(inner) {
            Ok(_) => format!("write it as `({inner}|)`"),
            Err(_) if inner.is_empty() => "write it as `(1|)`".to_owned(),
            Err(_) => format!("write it as `(1|{inner})`"),
        };
        return Err(TextError::new(range, "a valve needs `|` between order and condition", help));
    };
    let order = parse_order(order)
        .map_err(|(message, help)| TextError::new(offset..offset + order.len().max(1), message, help))?;
    let start = offset + inner.len() - condition.len();
    let condition = parse_condition(condition)
        .map_err(|(message, help)| TextError::new(start..start + condition.len().max(1), message, help))?;
    Ok(Valve { order, condition })
}

/// Parses an order: an integer from 1, or `Last` in any case.
pub fn parse_order(text: &str) -> Result<Order, (String, String)> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("last") {
        return Ok(Order::Last);
    }
    let help = "orders are 1, 2, 3, … or `Last`".to_owned();
    match text.parse::<u32>() {
        Err(_) if text.is_empty() => Err(("a valve begins with an order".to_owned(), "write it as `(1|)`".to_owned())),
        Err(_) if text.eq_ignore_ascii_case("first") => {
            Err((format!("`{text}` is not an order"), "the first order is 1: write `(1|)`".to_owned()))
        }
        Ok(0) => Err((
            "order 0 is reserved for data links".to_owned(),
            "orders begin at 1; give links the same order to run their targets at the same time, or use `(1|start)`"
                .to_owned(),
        )),
        Ok(order) => Ok(Order::At(order)),
        Err(_) => Err((format!("`{text}` is not an order"), help)),
    }
}

/// Parses a condition, the text after the first `|`.
pub fn parse_condition(text: &str) -> Result<Condition, (String, String)> {
    let text = text.trim();
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(match words.as_slice() {
        [] | ["ok"] => Condition::Ok,
        ["error"] => Condition::Error { handled: false },
        ["error", "handled"] => Condition::Error { handled: true },
        ["always"] => Condition::Always,
        ["else"] => Condition::Else,
        ["start"] => Condition::Start,
        ["iterate"] => Condition::Iterate { parallel: 1 },
        ["iterate", option] => match option.strip_prefix("parallel=").and_then(|n| n.parse().ok()) {
            Some(parallel) if parallel > 0 => Condition::Iterate { parallel },
            _ => {
                return Err((
                    format!("`{option}` is not an option of `iterate`"),
                    "write `iterate parallel=4`".to_owned(),
                ));
            }
        },
        _ if text.contains("{{") => {
            return Err((
                "a condition is a bare expression".to_owned(),
                format!("write it without braces: `{}`", text.replace("{{", "").replace("}}", "").trim()),
            ));
        }
        _ => Condition::Expression(text.to_owned()),
    })
}
