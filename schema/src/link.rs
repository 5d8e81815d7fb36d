//! The two kinds of links as text: `a.out - b.in` (rows) and `a (1|) b` (control).

use crate::valve::{TextError, Valve, find_valve, parse_valve};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A port of a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PortRef {
    /// The node's id.
    pub node: String,
    /// The port's name.
    pub port: String,
}

impl std::fmt::Display for PortRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.node, self.port)
    }
}

/// A data link as parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataLinkText {
    /// Where rows come from.
    pub from: PortRef,
    /// Where they go.
    pub to: PortRef,
}

/// A control link as parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlLinkText {
    /// The node whose sub flow ends.
    pub from: String,
    /// The node whose sub flow may start.
    pub to: String,
    /// When.
    pub valve: Valve,
    /// The bytes of the first node.
    pub from_at: Range<usize>,
    /// The bytes of the second node.
    pub to_at: Range<usize>,
    /// The bytes of the condition.
    pub condition_at: Range<usize>,
}

/// Parses `a.out - b.in` or `a.out -> b.in`.
pub fn parse_data_link(text: &str) -> Result<DataLinkText, TextError> {
    let help = "write it as `source_node.output_port - target_node.input_port`";
    if text.contains('(') && find_valve(text).is_ok() {
        let help =
            "it belongs under `connections.control`; rows flow by `source_node.output_port - target_node.input_port`";
        return Err(TextError::new(0..text.len(), "this is a control link among the data links", help));
    }
    check_arrow(text, text, &["->", "-"], "write `-` or `->` between the two ports")?;
    let Some((left, right)) = text.split_once("->").or_else(|| text.split_once('-')) else {
        return Err(TextError::new(0..text.len().max(1), "a data link needs `-` between two ports", help));
    };
    let right_start = text.len() - right.len();
    Ok(DataLinkText { from: parse_port(left, 0)?, to: parse_port(right, right_start)? })
}

/// Parses `node.port`, where the text after the last dot is the port; `offset` is its place in the link.
pub fn parse_port(text: &str, offset: usize) -> Result<PortRef, TextError> {
    let trimmed = text.trim();
    let start = offset + text.len() - text.trim_start().len();
    match trimmed.rsplit_once('.') {
        Some((node, port)) if !node.is_empty() && !port.is_empty() => {
            Ok(PortRef { node: node.to_owned(), port: port.to_owned() })
        }
        _ => Err(TextError::new(
            start..start + trimmed.len().max(1),
            format!("`{trimmed}` names no port"),
            "write a node and its port, as in `clean.output`",
        )),
    }
}

/// Parses `a (1|condition) b`.
pub fn parse_control_link(text: &str) -> Result<ControlLinkText, TextError> {
    let Ok(valve) = find_valve(text) else { return Err(without_valve(text)) };
    let (from, to) = (text.get(..valve.start).unwrap_or_default(), text.get(valve.end..).unwrap_or_default());
    for (side, start) in [(from, 0), (to, valve.end)] {
        if side.trim().is_empty() {
            let range = start..(start + side.len()).max(start + 1);
            return Err(TextError::new(range, "a control link needs a node on both sides", "write it as `a (1|) b`"));
        }
    }
    for (side, start) in [(from, 0), (to, valve.end)] {
        check_arrow(text, side, &[], "write it as `a (1|) b`, with nothing but the valve between the nodes")
            .map_err(|error| TextError { range: error.range.start + start..error.range.end + start, ..error })?;
        if let Some(at) = side.find([')', '(', '|']) {
            let help = "its brackets do not pair: write it as `a (1|condition) b`";
            return Err(TextError::new(start + at..start + at + 1, "the valve ends before this", help));
        }
    }
    let inner = text.get(valve.start + 1..valve.end - 1).unwrap_or_default();
    let condition = inner.split_once('|').map_or("", |(_, condition)| condition);
    Ok(ControlLinkText {
        from: from.trim().to_owned(),
        to: to.trim().to_owned(),
        valve: parse_valve(inner, valve.start + 1)?,
        from_at: trimmed(from, 0),
        to_at: trimmed(to, valve.end),
        condition_at: trimmed(condition, valve.end - 1 - condition.len()),
    })
}

/// Arrows that people draw, the longest first.
const ARROWS: [&str; 16] =
    ["<-->", "-->>", "-->", "<--", "==>", "->>", "--", "->", "=>", ">>", "<-", "<<", "→", "⇒", "–", "—"];

/// No arrow but those that are `allowed` stands in a part of a link.
fn check_arrow(link: &str, part: &str, allowed: &[&str], help: &str) -> Result<(), TextError> {
    let first =
        ARROWS.iter().filter_map(|arrow| Some((part.find(arrow)?, std::cmp::Reverse(arrow.len()), *arrow))).min();
    match first {
        Some((at, _, arrow)) if !allowed.contains(&arrow) => {
            let kind = if link.contains('(') { "control" } else { "data" };
            Err(TextError::new(at..at + arrow.len(), format!("`{arrow}` is no part of a {kind} link"), help))
        }
        _ => Ok(()),
    }
}

/// What is wrong with a control link in which no valve can be found.
fn without_valve(text: &str) -> TextError {
    let error = match find_valve(text) {
        Err(error) => error,
        Ok(range) => TextError::new(range, "a control link that cannot be read", "write it as `a (1|) b`"),
    };
    if text.contains('(') {
        return error;
    }
    let is_data = parse_data_link(text).is_ok_and(|link| !link.from.node.is_empty());
    let arrow = ARROWS.iter().find(|arrow| text.contains(**arrow));
    let help = match (is_data, arrow.or(Some(&"-")).and_then(|arrow| text.split_once(*arrow))) {
        (true, _) => {
            format!("a data link belongs under `connections.data`; a control link is written `{}`", "a (1|) b")
        }
        (false, Some((from, to))) if !from.trim().is_empty() && !to.trim().is_empty() => {
            format!("write it as `{} (1|) {}`", from.trim(), to.trim())
        }
        _ => "write it as `a (1|) b`".to_owned(),
    };
    TextError { help, ..error }
}

/// The bytes of a part without the white space around it; the part begins at byte `offset`.
fn trimmed(part: &str, offset: usize) -> Range<usize> {
    let start = offset + part.len() - part.trim_start().len();
    start..start + part.trim().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::valve::{Condition, Order};

    #[test]
    fn data_links_take_the_last_dot_as_the_port() {
        let link = parse_data_link("scraping.web.fetch.data -> clean.input").unwrap();
        assert_eq!(link.from, PortRef { node: "scraping.web.fetch".into(), port: "data".into() });
        assert_eq!(link.to.to_string(), "clean.input");
        assert_eq!(parse_data_link("a.out-b.in").unwrap().to.node, "b");
    }

    #[test]
    fn a_port_without_a_node_is_underlined() {
        let error = parse_data_link("a.out - b").unwrap_err();
        assert_eq!(error.range, 8..9);
        assert!(parse_data_link("a.out b.in").is_err());
        assert!(parse_data_link("").is_err());
    }

    #[test]
    fn valves_respect_quotes_and_nested_parentheses() {
        let link = parse_control_link("a (2|name == ')' and (x or y)) b").unwrap();
        assert_eq!(link.valve.order, Order::At(2));
        assert_eq!(link.valve.condition, Condition::Expression("name == ')' and (x or y)".into()));
        assert_eq!((link.from.as_str(), link.to.as_str()), ("a", "b"));
    }

    #[test]
    fn the_parts_of_a_control_link_know_their_bytes() {
        let text = " a.x  (1| n > 1 )b ";
        let link = parse_control_link(text).unwrap();
        let parts = [link.from_at, link.condition_at, link.to_at].map(|range| &text[range]);
        assert_eq!(parts, ["a.x", "n > 1", "b"]);
        assert_eq!(parse_control_link("a (1| ) b").unwrap().condition_at.len(), 0);
    }

    #[test]
    fn valve_words() {
        let condition = |text: &str| parse_control_link(&format!("a (LAST|{text}) b")).unwrap().valve.condition;
        assert_eq!(condition(""), Condition::Ok);
        assert_eq!(condition(" OK "), Condition::Ok);
        assert_eq!(condition("error handled"), Condition::Error { handled: true });
        assert_eq!(condition("iterate parallel=4"), Condition::Iterate { parallel: 4 });
        assert_eq!(condition("start"), Condition::Start);
        for text in
            ["", "ok", "error", "error handled", "always", "else", "iterate", "iterate parallel=4", "start", "x > 1"]
        {
            assert_eq!(condition(&condition(text).text()), condition(text));
        }
    }

    #[test]
    fn arrows_get_the_right_form() {
        let data = |text: &str| parse_data_link(text).unwrap_err();
        for arrow in ["-->", "=>", "→", ">>", "–", "--"] {
            let error = data(&format!("a.out {arrow} b.in"));
            assert_eq!(
                (error.message, error.range),
                (format!("`{arrow}` is no part of a data link"), 6..6 + arrow.len())
            );
        }
        assert!(data("a (1|) b").message.contains("control link among"));
        let control = |text: &str| parse_control_link(text).unwrap_err();
        for arrow in ["-->", "->", "=>", "→", ">>", "-"] {
            let error = control(&format!("load {arrow} report"));
            assert!(error.message.contains("without a valve"), "{arrow}");
            assert_eq!(error.help, "write it as `load (1|) report`", "{arrow}");
        }
        assert!(control("a.data - b.input").help.contains("connections.data"));
        assert_eq!(control("a (1|) -> b").range, 7..9);
        assert_eq!(control("a -> (1|) b").message, "`->` is no part of a control link");
    }

    #[test]
    fn brackets_that_do_not_pair_are_found() {
        let bad = |text: &str| parse_control_link(text).unwrap_err();
        assert_eq!((bad("a (1|x > 1)) b").range, bad("a (1|x > 1) b (2|)").range), (11..12, 14..15));
        assert!(bad("a (1|(x > 1) b").message.contains("never closed"));
        assert_eq!(bad("a (1) b").help, "write it as `(1|)`");
        assert_eq!(bad("a (ok) b").help, "write it as `(1|ok)`");
        assert_eq!(bad("a (|ok) b").message, "a valve begins with an order");
        assert!(bad("a (first|) b").help.contains("(1|)"));
        assert!(bad("a 1|) b").message.contains("without a valve"));
    }

    #[test]
    fn bad_valves_say_where() {
        let bad = |text: &str| parse_control_link(text).unwrap_err();
        assert!(bad("a (0|) b").message.contains("reserved"));
        assert!(bad("a (1) b").message.contains('|'));
        assert!(bad("a (1| b").message.contains("never closed"));
        assert!(bad("a b").message.contains("without a valve"));
        assert!(bad("(1|) b").message.contains("both sides"));
        assert!(bad("a (1|) ").message.contains("both sides"));
        assert!(bad("a (1|iterate fast) b").message.contains("fast"));
        assert_eq!(bad("a (1|{{ x > 1 }}) b").help, "write it without braces: `x > 1`");
        assert_eq!(bad("a (first|) b").range, 3..8);
    }
}
