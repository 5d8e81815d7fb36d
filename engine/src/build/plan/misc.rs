//! What `misc:` of a node tells the engine: how its sub flow joins, its time, its further attempts.

use super::subflows::SubFlows;
use super::subject::Subject;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics, suggest};
use pypeline_schema::execution_metadata::Join;
use serde_json::Value;

const JOINS: [(&str, Join); 3] = [("clean", Join::Clean), ("all", Join::All), ("any", Join::Any)];

/// How each sub flow joins; what the engine cannot use is reported.
pub(super) fn check(subject: &Subject<'_>, flows: &SubFlows, diagnostics: &mut Diagnostics) -> Vec<Join> {
    let mut joins: Vec<Option<(Join, usize)>> = vec![None; flows.members.len()];
    for (at, node) in subject.document.nodes.iter().enumerate() {
        let mut report = |key: &str, message: String, help: String| {
            let pointer = format!("{}/misc/{key}", node.pointer);
            let span = subject.value(&pointer);
            diagnostics.push(Diagnostic::new(Code::MiscValue, message).help(help).at(pointer, span));
        };
        let of = |key: &str| node.misc.get(key).filter(|value| !value.is_null());
        if let Some(value) = of("timeout").filter(|value| !value.as_f64().is_some_and(|seconds| seconds > 0.0)) {
            let message = format!("`timeout` of `{}` is {}: it must be a number above 0", node.id, shown(value));
            report("timeout", message, "it is the time in seconds that one pass of the node may take".to_owned());
        }
        if let Some(value) = of("retries").filter(|value| value.as_u64().is_none_or(|n| n > u64::from(u32::MAX))) {
            let message =
                format!("`retries` of `{}` is {}: it must be a whole number, 0 or more", node.id, shown(value));
            report(
                "retries",
                message,
                "it is how often the sub flow is begun anew after a failure of the node".to_owned(),
            );
        }
        let Some(value) = of("join") else { continue };
        let text = value.as_str().unwrap_or_default().trim().to_lowercase();
        let Some((word, join)) = JOINS.into_iter().find(|(word, _)| *word == text) else {
            let message = format!("`join` of `{}` is {}, which is no way to join", node.id, shown(value));
            report("join", message, suggest::help(&text, "ways", &JOINS.map(|(word, _)| word)));
            continue;
        };
        let Some(known) = joins.get_mut(flows.of(at)) else { continue };
        match known {
            Some((other, node_of_other)) if *other != join => {
                let other_id = subject.id(*node_of_other);
                let message =
                    format!("`join: {word}` of `{}` contradicts that of `{other_id}` in one sub flow", node.id);
                report("join", message, "a sub flow joins in one way: say it at one of its nodes".to_owned());
            }
            Some(_) => {}
            None => *known = Some((join, at)),
        }
    }
    joins.into_iter().map(|join| join.map_or(Join::Clean, |(join, _)| join)).collect()
}

/// A value in backticks, cut where it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    let cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() { format!("`{cut}…`") } else { format!("`{cut}`") }
}
