//! Findings for programs: records whose places people can read too, nodes by their ids.

use super::{Diagnostic, Diagnostics, Span};
use pypeline_schema::check_result::{Finding, Related};
use serde_json::Value;
use std::fmt::Write;

impl Diagnostics {
    /// All findings by place, as `--output json` prints them.
    pub fn records(&self) -> Vec<Finding> {
        self.sorted().into_iter().map(|item| self.record(item)).collect()
    }

    fn record(&self, item: &Diagnostic) -> Finding {
        let span = item.span.as_ref();
        Finding {
            code: item.code.as_str().to_owned(),
            severity: item.severity(),
            message: item.message.clone(),
            help: item.help.clone(),
            file: self.file_of(item).to_owned(),
            pointer: item.pointer.clone(),
            path: path(&item.pointer, &self.ids),
            line: span.map(|span| span.line),
            col: span.map(|span| span.col),
            end_line: span.map(|span| span.end_line),
            end_col: span.map(|span| span.end_col),
            offset: span.map(|span| span.bytes.start),
            len: span.map(|span| span.bytes.len()),
            related: item.related.iter().map(|(span, words)| self.related(span, words)).collect(),
        }
    }

    fn related(&self, span: &Span, message: &str) -> Related {
        Related {
            message: message.to_owned(),
            file: self.sources().get(span.source).map_or("", |source| source.name()).to_owned(),
            line: span.line,
            col: span.col,
            end_line: span.end_line,
            end_col: span.end_col,
        }
    }
}

/// The id of each entry of `modules:`; empty where there is none.
pub fn ids(flow: &Value) -> Vec<String> {
    let nodes = flow.get("modules").and_then(Value::as_array).into_iter().flatten();
    nodes.map(|node| node.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()).collect()
}

/// A JSON pointer as people write it: `modules[clean].configs.condition`, `connections.control[2]`.
pub fn path(pointer: &str, ids: &[String]) -> String {
    let mut path = String::new();
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let index: Option<usize> = token.parse().ok().filter(|_| !path.is_empty());
        let id = index.filter(|_| path == "modules").and_then(|at| ids.get(at)).filter(|id| !id.is_empty());
        let is_plain = token.chars().all(|c| c == '_' || c == '-' || c.is_alphanumeric()) && !token.is_empty();
        // Writing to a text cannot fail.
        let _ = match (id, index) {
            (Some(id), _) => write!(path, "[{id}]"),
            (None, Some(at)) => write!(path, "[{at}]"),
            (None, None) if !is_plain => write!(path, "[{token:?}]"),
            (None, None) if path.is_empty() => write!(path, "{token}"),
            (None, None) => write!(path, ".{token}"),
        };
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_by_people() {
        let ids = ["read".to_owned(), String::new()];
        let of = |pointer: &str| path(pointer, &ids);
        assert_eq!(of(""), "");
        assert_eq!(of("/settings/retries"), "settings.retries");
        assert_eq!(of("/modules/0/configs/columns/1/name"), "modules[read].configs.columns[1].name");
        assert_eq!(of("/modules/1/id"), "modules[1].id");
        assert_eq!(of("/modules/7"), "modules[7]");
        assert_eq!(of("/connections/control/2"), "connections.control[2]");
        assert_eq!(of("/context/a~1b c"), "context[\"a/b c\"]");
        assert_eq!(ids_of("modules: not a list"), Vec::<String>::new());
    }

    fn ids_of(text: &str) -> Vec<String> {
        ids(&Value::from(text))
    }
}
