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
    let valve = find_valve(text)?;
    let (from, to) = (text.get(..valve.start).unwrap_or_default(), text.get(valve.end..).unwrap_or_default());
    for (side, start) in [(from, 0), (to, valve.end)] {
        if side.trim().is_empty() {
            let range = start..(start + side.len()).max(start + 1);
            return Err(TextError::new(range, "a control link needs a node on both sides", "write it as `a (1|) b`"));
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
